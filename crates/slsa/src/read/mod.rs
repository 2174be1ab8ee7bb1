//! Provenance of any producer in one view.
//!
//! The view says what a document claims, in one vocabulary. What a document does not say is `None`;
//! what is said in a place or form that is not known here stays visible as a parameter that was not
//! interpreted. Nothing is looked up, and no value is derived from another.

pub(crate) mod bounded;
mod interpret;
mod parameters;
mod wire;

pub(crate) use wire::{present, time};

use std::collections::BTreeMap;

use chainsign_core::digest::DigestSet;
use chainsign_core::predicate::{SLSA_PROVENANCE_V0_2, SLSA_PROVENANCE_V1};
use chainsign_core::statement::Statement;
use jiff::Timestamp;
use serde_json::Value;

use crate::source::{GitCommit, GitRef, Repository, SourceUri};
use crate::{BuildType, BuilderId, Error, Producer};

/// What a provenance document claims.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Provenance {
    /// The version of its format.
    pub version: ProvenanceVersion,
    /// Who ran the build.
    pub builder_id: Option<BuilderId>,
    /// The kind of build.
    pub build_type: Option<BuildType>,
    /// What was built, where the build type is known here (see [`Producer`]).
    pub source: Source,
    /// The file or job that defined the build: a workflow's path, a job's name, a config file.
    pub entry_point: Option<String>,
    /// What whoever started the build could choose, as written. For v0.2 the members of
    /// `invocation` other than `environment`.
    pub external_parameters: BTreeMap<String, Value>,
    /// The external parameters that [`source`](Self::source) and
    /// [`entry_point`](Self::entry_point) do not tell, as JSON pointers (RFC 6901) into
    /// [`external_parameters`](Self::external_parameters), sorted. SLSA says that a verifier should
    /// reject those that it does not expect. Empty values are not listed.
    pub uninterpreted_parameters: Vec<String>,
    /// What the build platform chose, as written. For v0.2 `invocation.environment`.
    pub internal_parameters: BTreeMap<String, Value>,
    /// `resolvedDependencies`, for v0.2 `materials`, in the order of the document.
    pub dependencies: Vec<Dependency>,
    /// The run.
    pub invocation_id: Option<String>,
    /// When it began.
    pub started_on: Option<Timestamp>,
    /// When it ended.
    pub finished_on: Option<Timestamp>,
}

impl Provenance {
    /// Whose build type it is.
    pub fn producer(&self) -> Producer {
        self.build_type.as_ref().map_or(Producer::Other, BuildType::producer)
    }
}

/// The version of a provenance document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProvenanceVersion {
    /// `https://slsa.dev/provenance/v0.2`
    V0_2,
    /// `https://slsa.dev/provenance/v1`
    V1,
}

/// What was built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The repository.
    pub repository: Option<Repository>,
    /// The branch or tag.
    pub reference: Option<GitRef>,
    /// The commit.
    pub commit: Option<GitCommit>,
}

/// Something that went into a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dependency {
    /// The producer's name for it.
    pub name: Option<String>,
    /// Where it is, or its package URL.
    pub uri: Option<String>,
    /// Its digests, as written.
    pub digest: DigestSet,
}

impl Dependency {
    /// The place in a repository, if `uri` is one that begins with `git+`.
    pub fn source(&self) -> Option<SourceUri> {
        self.uri.as_deref().filter(|uri| uri.starts_with("git+"))?.parse().ok()
    }

    /// The sum of a Go module, in hexadecimal: `dirHash`, or `dirHash1` as an example of the
    /// specification has it.
    pub fn dir_hash(&self) -> Option<&str> {
        let names = ["dirHash", "dirHash1"];
        names.into_iter().find_map(|name| self.digest.0.get(name)).map(String::as_str)
    }
}

/// Bounds on one provenance document, beside those that its statement was parsed under.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Entries of `resolvedDependencies` or `materials`. Builds of large programs have some
    /// thousands.
    pub dependencies: usize,
    /// JSON values in the external, and again in the internal parameters. A whole GitHub event has
    /// some hundreds, an inline Tekton pipeline some thousands.
    pub parameter_values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { dependencies: 20_000, parameter_values: 10_000 }
    }
}

/// Reads the provenance in a statement, under the default [`Limits`].
///
/// It says what is claimed: the statement's signature, subject and signer are not looked at.
///
/// # Errors
/// [`Error::PredicateType`] for a statement about anything else; [`Error::Shape`] and
/// [`Error::Time`] when a field has not the type that the format gives it;
/// [`Error::LimitReached`]; [`Error::Ambiguous`] when the source has two commits, or one field is
/// written twice under two spellings.
pub fn read(statement: &Statement) -> Result<Provenance, Error> {
    read_within(statement, &Limits::default())
}

/// [`read`] under other limits.
///
/// # Errors
/// As [`read`].
pub fn read_within(statement: &Statement, limits: &Limits) -> Result<Provenance, Error> {
    match statement.predicate_type.as_str() {
        SLSA_PROVENANCE_V1 => wire::read_v1(statement.predicate.get(), limits),
        SLSA_PROVENANCE_V0_2 => wire::read_v0_2(statement.predicate.get(), limits),
        _ => Err(Error::PredicateType { found: statement.predicate_type.clone(), wanted: READ }),
    }
}

const READ: &str = "https://slsa.dev/provenance/v1 or https://slsa.dev/provenance/v0.2";
