//! Where each build type keeps its source.
//!
//! The rules are those of the producers' own documents (see `build_type.rs`). A value that is not
//! of the form they describe is not interpreted, and so stays in the list of parameters that are
//! not.

use std::collections::{BTreeMap, BTreeSet};

use chainsign_core::digest::DigestSet;
use serde_json::Value;

use crate::generate::SOURCE;
use crate::read::{Dependency, Provenance, ProvenanceVersion, Source, parameters};
use crate::source::{GitCommit, GitRef, Repository, SourceUri};
use crate::{BuildType, Error, Producer};

/// What a document says before it is understood.
pub(super) struct Claims {
    pub(super) version: ProvenanceVersion,
    pub(super) build_type: Option<BuildType>,
    pub(super) external_parameters: BTreeMap<String, Value>,
    pub(super) dependencies: Vec<Dependency>,
}

/// The view, without the fields that need no understanding.
pub(super) fn view(claims: Claims) -> Result<Provenance, Error> {
    let producer = claims.build_type.as_ref().map_or(Producer::Other, BuildType::producer);
    let mut reading = Reading::new(&claims);
    match (claims.version, producer) {
        (_, Producer::TektonChains) => reading.tekton_inputs(),
        (ProvenanceVersion::V0_2, Producer::BuildKit) => {
            reading.buildkit("/configSource/entryPoint")
        }
        (ProvenanceVersion::V1, Producer::BuildKit) => reading.buildkit("/configSource/path"),
        (ProvenanceVersion::V0_2, _) => reading.config_source(producer),
        (ProvenanceVersion::V1, Producer::GitHubActions) => reading.github_workflow(),
        (ProvenanceVersion::V1, Producer::SlsaGitHubGenerator) => reading.github_generator(),
        (ProvenanceVersion::V1, Producer::GitLab) => reading.gitlab_job(),
        (ProvenanceVersion::V1, Producer::GoogleCloudBuild) => reading.cloud_build(),
        (ProvenanceVersion::V1, Producer::Chainsign) => reading.chainsign(),
        (ProvenanceVersion::V1, Producer::Other) => {}
    }
    let Reading { repository, reference, commits, entry_point, interpreted, .. } = reading;
    let source = Source { repository, reference, commit: only(commits)? };
    Ok(Provenance {
        version: claims.version,
        builder_id: None,
        source,
        entry_point,
        uninterpreted_parameters: parameters::uninterpreted(
            &claims.external_parameters,
            &interpreted,
        ),
        build_type: claims.build_type,
        external_parameters: claims.external_parameters,
        internal_parameters: BTreeMap::new(),
        dependencies: claims.dependencies,
        invocation_id: None,
        started_on: None,
        finished_on: None,
    })
}

/// What has been understood so far.
struct Reading<'a> {
    parameters: &'a BTreeMap<String, Value>,
    dependencies: &'a [Dependency],
    repository: Option<Repository>,
    reference: Option<GitRef>,
    commits: BTreeSet<GitCommit>,
    entry_point: Option<String>,
    interpreted: Vec<&'static str>,
}

impl<'a> Reading<'a> {
    fn new(claims: &'a Claims) -> Self {
        Reading {
            parameters: &claims.external_parameters,
            dependencies: &claims.dependencies,
            repository: None,
            reference: None,
            commits: BTreeSet::new(),
            entry_point: None,
            interpreted: Vec::new(),
        }
    }

    /// `workflow.{repository,ref,path}`; the commit is that of the dependency of the same
    /// repository and ref.
    fn github_workflow(&mut self) {
        self.repository("/workflow/repository");
        self.reference("/workflow/ref");
        self.entry_point("/workflow/path");
        self.commits_of_dependencies(Dependency::commit);
    }

    /// The delegating builders describe a workflow, the container-based one a `source` with a digest
    /// and the file that says what to run in the container.
    fn github_generator(&mut self) {
        let Some(uri) = self.parsed::<SourceUri>("/source/uri") else {
            return self.github_workflow();
        };
        self.repository = Some(uri.repository);
        self.reference = uri.reference;
        self.entry_point("/configPath");
        self.commit_of_descriptor("source", "/source/digest", Dependency::commit);
        self.commits_of_dependencies(Dependency::commit);
    }

    /// `source` is the project's URL, `entryPoint` the job's name. GitLab's own provenance does not
    /// say which ref was built: among `variables` are names that a user can set. Ours says it in
    /// the dependency that is the source, as `git+` URIs do.
    fn gitlab_job(&mut self) {
        self.repository("/source");
        self.entry_point("/entryPoint");
        self.reference = self.only_ref_of_dependencies();
        self.commits_of_dependencies(Dependency::gitlab_commit);
    }

    /// `sourceToBuild` where it differs from `buildConfigSource`; a ref can be a commit.
    fn cloud_build(&mut self) {
        let apart = parameters::text(self.parameters, "/sourceToBuild/repository").is_some();
        let (repository, reference) = match apart {
            true => ("/sourceToBuild/repository", "/sourceToBuild/ref"),
            false => ("/buildConfigSource/repository", "/buildConfigSource/ref"),
        };
        self.repository(repository);
        if let Some(commit) = self.parsed::<GitCommit>(reference) {
            self.commits.insert(commit);
        } else {
            self.reference(reference);
        }
        self.entry_point("/buildConfigSource/path");
        self.commits_of_dependencies(Dependency::commit);
    }

    /// `source.{repository,ref}`; the commit is that of the dependency that is named so, if it is
    /// not of another repository or ref.
    fn chainsign(&mut self) {
        self.repository("/source/repository");
        self.reference("/source/ref");
        self.entry_point("/entryPoint");
        let named = |it: &&Dependency| it.name.as_deref() == Some(SOURCE);
        let same = |it: &&Dependency| match (&it.uri, &self.repository) {
            (Some(_), Some(_)) => it.address().is_some_and(|uri| self.is_source(&uri)),
            (uri, repository) => uri.is_none() && repository.is_none(),
        };
        let sources: Vec<_> = self.dependencies.iter().filter(named).filter(same).collect();
        self.commits.extend(sources.into_iter().filter_map(Dependency::commit));
    }

    /// v0.2 itself defines `invocation.configSource`: where the build's configuration came from,
    /// which for the builders that write it is the source too (slsa-verifier takes it as such).
    fn config_source(&mut self, producer: Producer) {
        let commit = match producer {
            Producer::GitLab => Dependency::gitlab_commit,
            _ => Dependency::commit,
        };
        self.entry_point("/configSource/entryPoint");
        let Some(uri) = self.parsed::<SourceUri>("/configSource/uri") else { return };
        self.repository = Some(uri.repository);
        self.reference = uri.reference;
        self.commit_of_descriptor(CONFIG_SOURCE, "/configSource/digest", commit);
        self.commits_of_dependencies(commit);
    }

    /// `configSource.uri` is a git address with `#ref:folder`, or not git at all.
    fn buildkit(&mut self, entry_point: &'static str) {
        self.entry_point(entry_point);
        let Some(uri) = self.parsed::<SourceUri>("/configSource/uri") else { return };
        let fragment = uri.subpath.as_deref().unwrap_or_default();
        let reference = fragment.split_once(':').map_or(fragment, |(reference, _)| reference);
        self.repository = Some(uri.repository);
        self.reference = reference.parse().ok();
        self.commit_of_descriptor(CONFIG_SOURCE, "/configSource/digest", Dependency::commit);
    }

    /// Tekton's parameters say where the pipeline came from, not what it built. What it built is
    /// among the type-hinted inputs; where there is not exactly one from git, nothing says which.
    fn tekton_inputs(&mut self) {
        let config = self.descriptor(CONFIG_SOURCE);
        let named =
            |it: &&Dependency| it.name.as_deref().is_some_and(|name| TEKTON_INPUTS.contains(&name));
        let any_named = self.dependencies.iter().any(|it| named(&it));
        let from_git = |it: &&Dependency| it.source().is_some();
        let inputs: BTreeSet<_> = self
            .dependencies
            .iter()
            .filter(|it| if any_named { named(it) } else { it.name.is_none() })
            .filter(from_git)
            .filter_map(|it| Some((it.source()?.repository, it.commit())))
            .collect();
        let of_config = config.and_then(|it| Some((it.address()?.repository, it.commit())));
        let mut inputs = inputs.into_iter().filter(|input| Some(input) != of_config.as_ref());
        if let (Some((repository, commit)), None) = (inputs.next(), inputs.next()) {
            self.repository = Some(repository);
            self.commits.extend(commit);
        }
    }

    fn repository(&mut self, pointer: &'static str) {
        self.repository = self.parsed(pointer);
    }

    fn reference(&mut self, pointer: &'static str) {
        self.reference = self.parsed(pointer);
    }

    fn entry_point(&mut self, pointer: &'static str) {
        self.entry_point = self.parsed(pointer);
    }

    /// A parameter that parses is interpreted, any other is not.
    fn parsed<T: std::str::FromStr>(&mut self, pointer: &'static str) -> Option<T> {
        let value = parameters::text(self.parameters, pointer)?.parse().ok()?;
        self.interpreted.push(pointer);
        Some(value)
    }

    /// The commits of the dependencies that are the source.
    fn commits_of_dependencies(&mut self, commit: fn(&Dependency) -> Option<GitCommit>) {
        let of_source = |it: &&Dependency| it.address().is_some_and(|uri| self.is_source(&uri));
        let sources: Vec<_> = self.dependencies.iter().filter(of_source).collect();
        self.commits.extend(sources.into_iter().filter_map(commit));
    }

    /// The ref of the dependencies that are the source, if they name one and no other.
    fn only_ref_of_dependencies(&self) -> Option<GitRef> {
        let sources = self.dependencies.iter().filter_map(Dependency::source);
        let sources = sources.filter(|uri| Some(&uri.repository) == self.repository.as_ref());
        let refs: BTreeSet<_> = sources.filter_map(|uri| uri.reference).collect();
        let mut refs = refs.into_iter();
        refs.next().filter(|_| refs.next().is_none())
    }

    /// The same repository, and not another ref.
    fn is_source(&self, uri: &SourceUri) -> bool {
        let same_ref = match (&uri.reference, &self.reference) {
            (Some(left), Some(right)) => left == right,
            _ => true,
        };
        self.repository.as_ref() == Some(&uri.repository) && same_ref
    }

    fn commit_of_descriptor(
        &mut self,
        name: &str,
        pointer: &'static str,
        commit: fn(&Dependency) -> Option<GitCommit>,
    ) {
        if let Some(commit) = self.descriptor(name).as_ref().and_then(commit) {
            self.commits.insert(commit);
            self.interpreted.push(pointer);
        }
    }

    /// A parameter that is a resource descriptor.
    fn descriptor(&self, name: &str) -> Option<Dependency> {
        let value = self.parameters.get(name)?;
        let digest = value.get("digest").and_then(Value::as_object);
        let text =
            |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        let digest = DigestSet(digest.into_iter().flatten().filter_map(text).collect());
        let uri = value.get("uri").and_then(Value::as_str).map(str::to_owned);
        Some(Dependency { name: None, uri, digest })
    }
}

impl Dependency {
    /// The commit in its digests.
    fn commit(&self) -> Option<GitCommit> {
        self.digest.commit()?.parse().ok()
    }

    /// GitLab's runner writes the commit under `sha256`.
    fn gitlab_commit(&self) -> Option<GitCommit> {
        self.commit().or_else(|| self.digest.0.get("sha256")?.parse().ok())
    }

    /// The place in a repository, also where `git+` is not written.
    fn address(&self) -> Option<SourceUri> {
        self.uri.as_deref()?.parse().ok()
    }
}

/// The one commit, if there is one.
fn only(commits: BTreeSet<GitCommit>) -> Result<Option<GitCommit>, Error> {
    let mut commits = commits.into_iter();
    match (commits.next(), commits.next()) {
        (Some(first), Some(second)) => Err(Error::Ambiguous {
            what: "the commit of the source",
            first: first.to_string(),
            second: second.to_string(),
        }),
        (first, _) => Ok(first),
    }
}

/// What v0.2 and BuildKit call the place of the configuration.
const CONFIG_SOURCE: &str = "configSource";
/// Tekton Chains `docs/predicate/slsa/v2.md`, which has several spellings.
const TEKTON_INPUTS: [&str; 4] =
    ["inputs/result", "input/result", "inputs/results", "input/results"];
