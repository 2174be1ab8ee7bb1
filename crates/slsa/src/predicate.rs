//! The provenance predicate, version 1, as it is written.
//!
//! <https://slsa.dev/provenance/v1>. Fields that are empty or unknown are left out: the
//! specification says that unset, null and empty mean the same.

use std::collections::BTreeMap;

use chainsign_core::digest::DigestSet;
use chainsign_core::predicate::{PredicateType, SLSA_PROVENANCE_V1};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{BuildType, BuilderId, Error};

/// SLSA provenance v1.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Predicate {
    /// What went into the build.
    pub build_definition: BuildDefinition,
    /// What is special to this run of it.
    pub run_details: RunDetails,
}

impl Predicate {
    /// `https://slsa.dev/provenance/v1`.
    pub fn predicate_type() -> PredicateType {
        // It is an absolute URI, so that this cannot fail.
        PredicateType::from_alias_or_uri(SLSA_PROVENANCE_V1).expect("an absolute URI")
    }

    /// The predicate as JSON for a statement. The same facts give the same bytes.
    ///
    /// # Errors
    /// [`Error::Shape`] when a parameter cannot be written as JSON; the values of `serde_json`
    /// always can.
    pub fn to_json(&self) -> Result<Box<RawValue>, Error> {
        serde_json::value::to_raw_value(self).map_err(|error| Error::shape("provenance", &error))
    }
}

/// The inputs of a build.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BuildDefinition {
    /// The kind of build.
    pub build_type: BuildType,
    /// What whoever started the build could choose. Always written, even if empty.
    pub external_parameters: BTreeMap<String, Value>,
    /// What the build platform chose.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub internal_parameters: BTreeMap<String, Value>,
    /// What was fetched: the source first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resolved_dependencies: Vec<ResourceDescriptor>,
}

/// What is special to one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunDetails {
    /// Who ran it.
    pub builder: Builder,
    /// Which run it was, and when.
    #[serde(skip_serializing_if = "BuildMetadata::is_empty")]
    pub metadata: BuildMetadata,
    /// Further files of the run: logs, the evaluated configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub byproducts: Vec<ResourceDescriptor>,
}

/// Who ran a build.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Builder {
    /// The builder, with everything that it trusts.
    pub id: BuilderId,
    /// Versions of its parts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub version: BTreeMap<String, String>,
}

/// Which run it was, and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BuildMetadata {
    /// The run, for the builder's own logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation_id: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_on: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<Timestamp>,
}

impl BuildMetadata {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A file or other resource: in-toto/attestation `spec/v1/resource_descriptor.md`. At least one of
/// `uri`, `digest` and `content` must be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceDescriptor {
    /// A name within this predicate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its digests.
    #[serde(skip_serializing_if = "is_empty")]
    pub digest: DigestSet,
    /// Where to get it, if not at `uri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download_location: Option<String>,
    /// Its media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Anything else that is worth knowing about it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Value>,
}

fn is_empty(digest: &DigestSet) -> bool {
    digest.0.is_empty()
}
