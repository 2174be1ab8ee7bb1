//! The predicate as it is read. Unknown fields are ignored, as in-toto asks; unset, null and empty are
//! the same, except for `dependencyLevels`, where the specification gives empty a meaning.

use std::collections::BTreeMap;

use chainsign_core::digest::DigestSet;
use chainsign_core::predicate::VSA;
use chainsign_core::statement::Statement;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::level::FAILED;
use super::summary::PASSED;
use super::{Outcome, Property, Summary, VerifiedLevels};
use crate::read::{bounded, present, time};
use crate::{Error, ResourceDescriptor};

/// Reads the verification summary in a statement.
///
/// It says what is claimed: signature, subject and signer are not looked at. [`verify`](super::verify)
/// does the rest.
///
/// # Errors
/// [`Error::PredicateType`] for a statement about anything else; [`Error::Shape`] and
/// [`Error::Time`] when a field has not the type that the format gives it; [`Error::Missing`] when a
/// required one is not there, also the digest of an input attestation; [`Error::Uri`];
/// [`Error::VerificationResult`] for a result that is neither of the two; [`Error::VerifiedLevel`];
/// [`Error::Ambiguous`] for two levels of one track, and for a passed summary with the level `FAILED`;
/// [`Error::LimitReached`] for more than 4,096 input attestations, 64 levels, or 256 parts or counts.
pub fn read(statement: &Statement) -> Result<Summary, Error> {
    if statement.predicate_type != VSA {
        return Err(Error::PredicateType { found: statement.predicate_type.clone(), wanted: VSA });
    }
    let predicate: Predicate<'_> = serde_json::from_str(statement.predicate.get())
        .map_err(|error| Error::shape("verification summary", &error))?;
    let verifier = predicate.verifier.unwrap_or_default();
    let policy = predicate.policy.map(ResourceDescriptor::from).unwrap_or_default();
    let inputs: Vec<Descriptor> =
        bounded::list("inputAttestations", predicate.input_attestations, INPUTS)?;
    let inputs: Vec<_> = inputs.into_iter().map(ResourceDescriptor::from).collect();
    if inputs.iter().any(|input| input.digest.0.is_empty()) {
        return Err(Error::Missing { what: "inputAttestations[].digest" });
    }
    let resource_uri = required("resourceUri", predicate.resource_uri)?;
    let outcome = outcome(predicate.verification_result, predicate.verified_levels)?;
    let verifier_id = required("verifier.id", verifier.id)?.parse()?;
    Ok(Summary {
        verifier_version: bounded::map("verifier.version", verifier.version, MEMBERS)?,
        time_verified: time("timeVerified", predicate.time_verified)?,
        input_attestations: inputs,
        dependency_levels: dependency_levels(predicate.dependency_levels)?,
        slsa_version: present(predicate.slsa_version),
        ..Summary::new(verifier_id, resource_uri, policy, outcome)?
    })
}

fn outcome(result: Option<String>, levels: Option<&RawValue>) -> Result<Outcome, Error> {
    let levels: Vec<String> = bounded::list("verifiedLevels", levels, LEVELS)?;
    match required("verificationResult", result)?.as_str() {
        // What is verified of an artifact that failed is nothing.
        FAILED => Ok(Outcome::Failed),
        PASSED if levels.iter().any(|level| level == FAILED) => Err(Error::Ambiguous {
            what: "the result",
            first: PASSED.to_owned(),
            second: FAILED.to_owned(),
        }),
        PASSED => {
            let levels: Vec<Property> =
                levels.iter().map(|level| level.parse()).collect::<Result<_, _>>()?;
            Ok(Outcome::Passed(VerifiedLevels::new(levels)?))
        }
        other => Err(Error::VerificationResult { found: other.chars().take(80).collect() }),
    }
}

fn dependency_levels(raw: Option<&RawValue>) -> Result<Option<BTreeMap<Property, u64>>, Error> {
    if raw.is_none_or(|raw| raw.get() == "null") {
        return Ok(None);
    }
    let counts: BTreeMap<String, u64> = bounded::map("dependencyLevels", raw, MEMBERS)?;
    // Dependencies that failed have no level.
    let counts = counts.into_iter().filter(|(level, _)| level != FAILED);
    counts.map(|(level, count)| Ok((level.parse()?, count))).collect::<Result<_, _>>().map(Some)
}

fn required(what: &'static str, text: Option<String>) -> Result<String, Error> {
    present(text).ok_or(Error::Missing { what })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    #[serde(borrow)]
    verifier: Option<Verifier<'a>>,
    time_verified: Option<String>,
    resource_uri: Option<String>,
    policy: Option<Descriptor>,
    #[serde(borrow)]
    input_attestations: Option<&'a RawValue>,
    verification_result: Option<String>,
    #[serde(borrow)]
    verified_levels: Option<&'a RawValue>,
    #[serde(borrow)]
    dependency_levels: Option<&'a RawValue>,
    slsa_version: Option<String>,
}

#[derive(Default, Deserialize)]
struct Verifier<'a> {
    id: Option<String>,
    #[serde(borrow)]
    version: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    name: Option<String>,
    uri: Option<String>,
    digest: Option<DigestSet>,
    download_location: Option<String>,
    media_type: Option<String>,
}

impl From<Descriptor> for ResourceDescriptor {
    fn from(read: Descriptor) -> Self {
        ResourceDescriptor {
            name: present(read.name),
            uri: present(read.uri),
            digest: read.digest.unwrap_or_default(),
            download_location: present(read.download_location),
            media_type: present(read.media_type),
            annotations: BTreeMap::new(),
        }
    }
}

/// Far more than a verifier looks at for one artifact; chainsign itself looks at 1,000.
const INPUTS: usize = 4096;
/// There are two tracks and two further properties in SLSA 1.2.
const LEVELS: usize = 64;
/// Parts of a verifier, and levels with a count.
const MEMBERS: usize = 256;
