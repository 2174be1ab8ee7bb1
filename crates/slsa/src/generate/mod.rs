//! From facts to a predicate. What is not known is left out; nothing is guessed, and nothing is
//! read from the environment.

mod go;

use std::collections::BTreeMap;

use chainsign_core::digest::DigestSet;
use chainsign_core::predicate::PredicateType;
use chainsign_gosbom::BuildInfo;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::predicate::{
    BuildDefinition, BuildMetadata, Builder, Predicate, ResourceDescriptor, RunDetails,
};
use crate::read::Source;
use crate::source::{GitCommit, SourceUri};
use crate::{BuildType, BuilderId, Error, Producer, StampedCommit};

/// What is known about a build from outside its results.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BuildFacts {
    /// Who ran the build: an absolute URI.
    pub builder_id: BuilderId,
    /// Versions of the builder's parts.
    pub builder_version: BTreeMap<String, String>,
    /// The kind of build: an absolute URI.
    pub build_type: BuildType,
    /// What was built. Goes into the dependencies, and for the build types of this crate
    /// ([`Producer::Chainsign`](crate::Producer::Chainsign)) into the external parameters.
    pub source: Source,
    /// The commit that the build platform reports. Where the source's is another, both are
    /// recorded.
    pub reported_commit: Option<GitCommit>,
    /// What whoever started the build could choose. For the build types of this crate without
    /// `source`.
    pub external_parameters: BTreeMap<String, Value>,
    /// What the build platform chose, without `go`.
    pub internal_parameters: BTreeMap<String, Value>,
    /// What else was fetched.
    pub dependencies: Vec<ResourceDescriptor>,
    /// The run.
    pub invocation_id: Option<String>,
    /// When it began.
    pub started_on: Option<Timestamp>,
    /// When it ended.
    pub finished_on: Option<Timestamp>,
    /// Further files of the run.
    pub byproducts: Vec<ResourceDescriptor>,
}

impl BuildFacts {
    /// Facts that say only who ran what kind of build.
    pub fn new(builder_id: BuilderId, build_type: BuildType) -> Self {
        BuildFacts {
            builder_id,
            builder_version: BTreeMap::new(),
            build_type,
            source: Source::default(),
            reported_commit: None,
            external_parameters: BTreeMap::new(),
            internal_parameters: BTreeMap::new(),
            dependencies: Vec::new(),
            invocation_id: None,
            started_on: None,
            finished_on: None,
            byproducts: Vec::new(),
        }
    }
}

/// What to do when a binary was stamped with another commit than the one that was stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnCommitMismatch {
    /// Refuse.
    Refuse,
    /// Write the stated commit, and record both under `internalParameters.commitOverride`. For
    /// builds of a merge commit that exists nowhere else, as for pull requests.
    Record,
}

/// Writes provenance from what is known about a build and from what its Go binaries say.
///
/// The source is the first dependency: `git+<repository>@<ref>` with its commit, which is the
/// stated one, else the stamped one. Every module that is linked into a binary is a dependency
/// `pkg:golang/…`, with its sum as `dirHash`; a module that was replaced by a folder has no name
/// and is left out (and named in the internal parameters). A main module with a sum was downloaded,
/// and so is a dependency too. Settings go to `internalParameters.go`. The crate's documentation
/// describes every field.
///
/// The same arguments give the same predicate: dependencies are sorted, keys too.
///
/// # Errors
/// [`Error::Uri`] for builder id or build type; [`Error::ReservedParameter`];
/// [`Error::CommitMismatch`] unless `on_mismatch` says otherwise; [`Error::StampsDiffer`] and
/// [`Error::ModuleSumsDiffer`] when the binaries contradict each other.
pub fn generate(
    facts: &BuildFacts,
    binaries: &[&BuildInfo],
    on_mismatch: OnCommitMismatch,
) -> Result<Predicate, Error> {
    absolute_uri("builder id", &facts.builder_id.0)?;
    absolute_uri("build type", &facts.build_type.0)?;
    let go = go::Summary::of(binaries)?;
    let (commit, commit_override) = commit(facts, go.stamp.as_ref(), on_mismatch)?;

    let mut resolved_dependencies = Vec::new();
    resolved_dependencies.extend(source_dependency(facts, commit, go.modified));
    resolved_dependencies.extend(facts.dependencies.iter().cloned());
    resolved_dependencies.extend(go.dependencies);

    let mut internal_parameters = facts.internal_parameters.clone();
    if let Some(go) = go::parameters(go.builds) {
        reserve("internalParameters", &mut internal_parameters, GO, go)?;
    }
    if let Some(both) = commit_override {
        reserve("internalParameters", &mut internal_parameters, COMMIT_OVERRIDE, both)?;
    }
    let mut external_parameters = facts.external_parameters.clone();
    if is_own(facts) {
        let source = source_parameter(&facts.source);
        reserve("externalParameters", &mut external_parameters, SOURCE, source)?;
    }
    for value in internal_parameters.values_mut().chain(external_parameters.values_mut()) {
        // serde_json's maps keep their order or sort it, as some crate of the build asks for.
        value.sort_all_objects();
    }
    Ok(Predicate {
        build_definition: BuildDefinition {
            build_type: facts.build_type.clone(),
            external_parameters,
            internal_parameters,
            resolved_dependencies,
        },
        run_details: RunDetails {
            builder: Builder {
                id: facts.builder_id.clone(),
                version: facts.builder_version.clone(),
            },
            metadata: BuildMetadata {
                invocation_id: facts.invocation_id.clone(),
                started_on: facts.started_on,
                finished_on: facts.finished_on,
            },
            byproducts: facts.byproducts.clone(),
        },
    })
}

/// The commit to name, and what it overrides.
fn commit(
    facts: &BuildFacts,
    stamp: Option<&StampedCommit>,
    on_mismatch: OnCommitMismatch,
) -> Result<(Option<GitCommit>, Option<Value>), Error> {
    let Some(stated) = &facts.source.commit else {
        return Ok((stamp.and_then(StampedCommit::commit).cloned(), None));
    };
    let stamped = stamp.filter(|stamp| !stamp.names(stated));
    if let (Some(stamped), OnCommitMismatch::Refuse) = (stamped, on_mismatch) {
        let (stated, stamped) = (stated.clone(), stamped.clone());
        return Err(Error::CommitMismatch { stated, stamped });
    }
    let reported = facts.reported_commit.as_ref().filter(|reported| *reported != stated);
    let mut overrides = serde_json::Map::new();
    overrides.extend(reported.map(|it| ("reported".to_owned(), json!(it))));
    overrides.extend(stamped.map(|it| ("stamped".to_owned(), json!(it.to_string()))));
    if overrides.is_empty() {
        return Ok((Some(stated.clone()), None));
    }
    overrides.insert("stated".to_owned(), json!(stated));
    Ok((Some(stated.clone()), Some(Value::Object(overrides))))
}

/// Whether the build type is of this crate, and so names its source as this crate does.
fn is_own(facts: &BuildFacts) -> bool {
    facts.build_type.producer() == Producer::Chainsign
}

fn source_dependency(
    facts: &BuildFacts,
    commit: Option<GitCommit>,
    modified: bool,
) -> Option<ResourceDescriptor> {
    let Source { repository, reference, .. } = &facts.source;
    if repository.is_none() && commit.is_none() {
        return None;
    }
    let uri = |repository| SourceUri::new(repository, reference.clone()).to_string();
    let digest = commit.map(|commit| ("gitCommit".to_owned(), commit.as_str().to_owned()));
    let annotation = modified.then(|| ("vcsModified".to_owned(), Value::Bool(true)));
    Some(ResourceDescriptor {
        name: is_own(facts).then(|| SOURCE.to_owned()),
        uri: repository.clone().map(uri),
        digest: DigestSet(digest.into_iter().collect()),
        annotations: annotation.into_iter().collect(),
        ..ResourceDescriptor::default()
    })
}

/// `null` when nothing is known.
fn source_parameter(source: &Source) -> Value {
    let mut value = serde_json::Map::new();
    if let Some(reference) = &source.reference {
        value.insert("ref".to_owned(), json!(reference));
    }
    if let Some(repository) = &source.repository {
        value.insert("repository".to_owned(), json!(repository));
    }
    if value.is_empty() { Value::Null } else { Value::Object(value) }
}

/// Sets a parameter that belongs to the generator.
fn reserve(
    parameters: &'static str,
    into: &mut BTreeMap<String, Value>,
    name: &str,
    value: Value,
) -> Result<(), Error> {
    if into.contains_key(name) {
        return Err(Error::ReservedParameter { parameters, name: name.to_owned() });
    }
    if !value.is_null() {
        into.insert(name.to_owned(), value);
    }
    Ok(())
}

pub(crate) fn absolute_uri(what: &'static str, text: &str) -> Result<(), Error> {
    // A predicate type is an absolute URI or an alias; an alias has no colon.
    let good = text.contains(':') && PredicateType::from_alias_or_uri(text).is_ok();
    let uri = || Error::Uri { what, found: text.chars().take(80).collect() };
    good.then_some(()).ok_or_else(uri)
}

/// The external parameter and the dependency that name the source, for the build types of this
/// crate.
pub(crate) const SOURCE: &str = "source";
/// The internal parameter for what Go binaries say.
const GO: &str = "go";
/// The internal parameter for what a stated commit overrides.
const COMMIT_OVERRIDE: &str = "commitOverride";
