//! What a statement says: the predicate, its type, and the statement about one file.

use std::path::Path;

use chainsign_core::digest::ArtifactDigests;
use chainsign_core::predicate::{COSIGN_CUSTOM, PredicateType};
use chainsign_core::statement::{Statement, Subject};
use chainsign_core::{Limits, json};
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::failure::Failure;

/// A predicate, byte for byte.
#[derive(Debug)]
pub struct Predicate {
    /// Its type.
    pub predicate_type: PredicateType,
    /// Its JSON.
    pub json: Box<RawValue>,
}

/// A predicate from a file's bytes: with the type given, else recognised.
///
/// # Errors
/// `bad-predicate` when it is not strict JSON; `unknown-predicate-type` when no type is given and
/// none is recognised.
pub fn predicate(
    bytes: Vec<u8>,
    predicate_type: Option<PredicateType>,
    now: Timestamp,
) -> Result<Predicate, Failure> {
    let bad = |error: &dyn std::error::Error| {
        Failure::because("bad-predicate", "the predicate cannot be attested", error)
    };
    let limits = Limits::default();
    if predicate_type.as_ref().is_some_and(|given| *given == COSIGN_CUSTOM) {
        return cosign_custom(bytes, now);
    }
    json::check("predicate", &bytes, &limits).map_err(|error| bad(&error))?;
    let predicate_type = match predicate_type {
        Some(given) => given,
        None => match PredicateType::recognise(&bytes, &limits).map_err(|error| bad(&error))? {
            Some(recognised) => recognised,
            None => {
                let message = "the predicate's type cannot be recognised from its content";
                return Err(Failure::undecided("unknown-predicate-type", message).hint(
                    "say it with --type: cyclonedx, spdxjson, slsaprovenance1, openvex, vuln, or a URI",
                ));
            }
        },
    };
    let text = String::from_utf8(bytes).map_err(|error| bad(&error))?;
    let json = RawValue::from_string(text).map_err(|error| bad(&error))?;
    Ok(Predicate { predicate_type, json })
}

/// cosign's wrapper for `--type custom`: the file as a string, with the time.
fn cosign_custom(bytes: Vec<u8>, now: Timestamp) -> Result<Predicate, Failure> {
    let bad = |error: &dyn std::error::Error| {
        Failure::because("bad-predicate", "the predicate cannot be attested", error)
    };
    let text = String::from_utf8(bytes).map_err(|error| bad(&error))?;
    let timestamp = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let wrapper = serde_json::json!({ "Data": text, "Timestamp": timestamp });
    let json = serde_json::value::to_raw_value(&wrapper).map_err(|error| bad(&error))?;
    let predicate_type =
        PredicateType::from_alias_or_uri(COSIGN_CUSTOM).map_err(|error| bad(&error))?;
    Ok(Predicate { predicate_type, json })
}

/// A statement with the predicate about one file.
pub(super) fn statement(
    path: &Path,
    digests: &ArtifactDigests,
    predicate: &Predicate,
) -> Result<Vec<u8>, Failure> {
    let name = path.file_name().map_or_else(|| "-".into(), |name| name.to_string_lossy());
    let subject = Subject::new(name, digests);
    let statement =
        Statement::new(vec![subject], predicate.predicate_type.clone(), predicate.json.clone());
    statement.to_json().map_err(|error| {
        Failure::because("bad-predicate", "the statement cannot be written", &error)
    })
}

/// What a fresh signature over a statement is verified for: the first of its subjects.
pub(super) fn first_subject(statement: &[u8]) -> Result<ArtifactDigests, Failure> {
    let digests = Statement::parse(statement, &Limits::default()).and_then(|statement| {
        statement
            .subject
            .first()
            .map(|subject| subject.digest.acceptable())
            .unwrap_or_else(|| Ok(ArtifactDigests::default()))
    });
    digests.map_err(|error| {
        Failure::because("bad-predicate", "the statement cannot be signed", &error)
    })
}
