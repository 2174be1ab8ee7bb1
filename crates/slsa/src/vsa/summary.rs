use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chainsign_core::predicate::{PredicateType, VSA};
use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::value::RawValue;

use super::level::FAILED;
use super::{Property, VerifiedLevels};
use crate::generate::absolute_uri;
use crate::{Error, ResourceDescriptor};

/// What a verifier says about the subject of the statement that carries it.
///
/// A claim, as [`read`](super::read) gives it, until [`verify`](super::verify) has held it against what
/// was expected.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Who verified.
    pub verifier: VerifierId,
    /// The parts that the verifier is made of, and their versions.
    pub verifier_version: BTreeMap<String, String>,
    /// When.
    pub time_verified: Option<Timestamp>,
    /// As what the artifact was verified: an absolute URI, most often of the place it is fetched from.
    pub resource_uri: String,
    /// The policy that it was verified against. It has a `uri`.
    pub policy: ResourceDescriptor,
    /// The attestations that were used: all of them, each with a digest, or none where the verifier
    /// does not say.
    pub input_attestations: Vec<ResourceDescriptor>,
    /// What came of it.
    pub outcome: Outcome,
    /// How many of the artifact's transitive dependencies were verified at which level. Empty: there
    /// are no dependencies. `None`: the verifier makes no claim.
    pub dependency_levels: Option<BTreeMap<Property, u64>>,
    /// The version of SLSA that the verifier used, such as `1.2`.
    pub slsa_version: Option<String>,
}

/// Who verified: `verifier.id`, an absolute URI. Compared byte for byte. A claim until the signer of the
/// summary is known to speak for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VerifierId(String);

/// What came of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The artifact met the policy, and this was verified of it.
    Passed(VerifiedLevels),
    /// It did not.
    Failed,
}

impl Summary {
    /// A summary of one verification, with nothing said that need not be.
    ///
    /// # Errors
    /// [`Error::Uri`] when `resource_uri` or the policy's `uri` is not an absolute URI;
    /// [`Error::Missing`] when the policy has no `uri`.
    pub fn new(
        verifier: VerifierId,
        resource_uri: impl Into<String>,
        policy: ResourceDescriptor,
        outcome: Outcome,
    ) -> Result<Self, Error> {
        let resource_uri = resource_uri.into();
        absolute_uri("resourceUri", &resource_uri)?;
        let uri = policy.uri.as_deref().ok_or(Error::Missing { what: "policy.uri" })?;
        absolute_uri("policy.uri", uri)?;
        Ok(Summary {
            verifier,
            verifier_version: BTreeMap::new(),
            time_verified: None,
            resource_uri,
            policy,
            input_attestations: Vec::new(),
            outcome,
            dependency_levels: None,
            slsa_version: None,
        })
    }

    /// `https://slsa.dev/verification_summary/v1`.
    pub fn predicate_type() -> PredicateType {
        // It is an absolute URI, so that this cannot fail.
        PredicateType::from_alias_or_uri(VSA).expect("an absolute URI")
    }

    /// The predicate as JSON for a statement. The same summary gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Missing`] when an input attestation has no digest, without which the specification
    /// does not allow it; [`Error::Shape`] when an annotation cannot be written as JSON.
    pub fn to_json(&self) -> Result<Box<RawValue>, Error> {
        if self.input_attestations.iter().any(|input| input.digest.0.is_empty()) {
            return Err(Error::Missing { what: "inputAttestations[].digest" });
        }
        serde_json::value::to_raw_value(&Written::of(self))
            .map_err(|error| Error::shape("verification summary", &error))
    }
}

impl VerifierId {
    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VerifierId {
    type Err = Error;

    /// # Errors
    /// [`Error::Uri`] when it is not an absolute URI.
    fn from_str(text: &str) -> Result<Self, Error> {
        absolute_uri("verifier.id", text)?;
        Ok(VerifierId(text.to_owned()))
    }
}

impl fmt::Display for VerifierId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Outcome {
    /// `PASSED` or `FAILED`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed(_) => PASSED,
            Self::Failed => FAILED,
        }
    }
}

/// The predicate, field by field in the specification's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    verifier: Verifier<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_verified: Option<Timestamp>,
    resource_uri: &'a str,
    policy: &'a ResourceDescriptor,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    input_attestations: &'a [ResourceDescriptor],
    verification_result: &'static str,
    verified_levels: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "levels")]
    dependency_levels: Option<&'a BTreeMap<Property, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slsa_version: Option<&'a str>,
}

#[derive(Serialize)]
struct Verifier<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    version: &'a BTreeMap<String, String>,
}

impl<'a> Written<'a> {
    fn of(summary: &'a Summary) -> Self {
        Written {
            verifier: Verifier { id: &summary.verifier.0, version: &summary.verifier_version },
            time_verified: summary.time_verified,
            resource_uri: &summary.resource_uri,
            policy: &summary.policy,
            input_attestations: &summary.input_attestations,
            verification_result: summary.outcome.as_str(),
            verified_levels: match &summary.outcome {
                Outcome::Passed(levels) => levels.iter().map(|it| it.to_string()).collect(),
                Outcome::Failed => vec![FAILED.to_owned()],
            },
            dependency_levels: summary.dependency_levels.as_ref(),
            slsa_version: summary.slsa_version.as_deref(),
        }
    }
}

fn levels<S: Serializer>(
    levels: &Option<&BTreeMap<Property, u64>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let levels: Vec<_> = levels.iter().flat_map(|levels| levels.iter()).collect();
    let mut map = serializer.serialize_map(Some(levels.len()))?;
    for (level, count) in levels {
        map.serialize_entry(&level.to_string(), count)?;
    }
    map.end()
}

pub(super) const PASSED: &str = "PASSED";
