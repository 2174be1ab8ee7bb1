use std::fmt;

use crate::Predicate;

/// A value of a predicate, and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// What it says.
    pub kind: FieldKind,
    /// Its place: a path in the predicate without `buildDefinition` and `runDetails`.
    pub path: String,
    /// The value.
    pub value: String,
    /// What it was made of.
    pub origins: Vec<Origin>,
    /// What said otherwise and did not count.
    pub overruled: Vec<Overruled>,
}

/// What a value says, whatever its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FieldKind {
    /// The kind of build.
    BuildType,
    /// Who ran it.
    BuilderId,
    /// Versions of its parts.
    BuilderVersion,
    /// The repository.
    Repository,
    /// The branch or tag.
    Reference,
    /// The commit.
    Commit,
    /// The file or job that defined the build.
    EntryPoint,
    /// Another external parameter.
    Parameter,
    /// An internal parameter.
    Internal,
    /// The run.
    Invocation,
    /// When it began.
    Started,
    /// When it ended.
    Finished,
    /// What was linked.
    Dependencies,
}

/// Where a value is from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Origin {
    /// The caller stated it.
    Stated,
    /// A claim of the job's identity token.
    Claim(&'static str),
    /// A variable of the environment.
    Variable(String),
    /// A Go binary says so.
    Binary,
    /// It is always so for this CI system.
    Fixed,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Stated => f.write_str("stated"),
            Origin::Claim(name) => write!(f, "claim {name}"),
            Origin::Variable(name) => write!(f, "variable {name}"),
            Origin::Binary => f.write_str("binary"),
            Origin::Fixed => f.write_str("fixed"),
        }
    }
}

/// A value that did not count, because a better source says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overruled {
    /// Where it is from.
    pub origin: Origin,
    /// The value.
    pub value: String,
}

/// The fields, and what a predicate has beyond them: what binaries said.
pub(super) fn with_binaries(fields: &[Field], predicate: &Predicate) -> Vec<Field> {
    let definition = &predicate.build_definition;
    let dependencies = &definition.resolved_dependencies;
    let binary = |kind, path: &str, value: String| Field {
        kind,
        path: path.to_owned(),
        value,
        origins: vec![Origin::Binary],
        overruled: Vec::new(),
    };
    let mut fields = fields.to_vec();
    let commit = dependencies.first().and_then(|it| it.digest.commit());
    if let Some(commit) = commit
        && !fields.iter().any(|field| field.kind == FieldKind::Commit)
    {
        fields.push(binary(FieldKind::Commit, COMMIT_PATH, commit.to_owned()));
    }
    let builds = definition.internal_parameters.get("go").and_then(|go| go["builds"].as_array());
    if let Some(builds) = builds {
        let value = format!("{} of Go", counted(builds.len(), "build"));
        fields.push(binary(FieldKind::Internal, "internalParameters.go.builds", value));
    }
    let of_go = |uri: &&str| uri.starts_with("pkg:golang/");
    let modules = dependencies.iter().filter_map(|it| it.uri.as_deref()).filter(of_go).count();
    if modules > 0 {
        let value = counted(modules, "Go module");
        fields.push(binary(FieldKind::Dependencies, "resolvedDependencies[pkg:golang/…]", value));
    }
    fields
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Where the commit is in every build type.
pub(super) const COMMIT_PATH: &str = "resolvedDependencies[0].digest.gitCommit";
