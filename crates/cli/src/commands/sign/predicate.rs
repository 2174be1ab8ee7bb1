//! What a statement says: the predicate, its type, and the statement about one file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::predicate::{COSIGN_CUSTOM, COSIGN_SIGN, PredicateType};
use chainsign_core::statement::{Statement, Subject};
use chainsign_core::{Limits, json};
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::commands::artifact;
use crate::failure::Failure;
use crate::parallel;

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
            None if Statement::parse(&bytes, &limits).is_ok() => {
                let message = "found a whole in-toto statement, wanted a predicate";
                return Err(Failure::undecided("bad-predicate", message)
                    .hint("sign it as it is: --statement instead of --predicate"));
            }
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

/// The name of a file in statements.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| "-".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A statement with the predicate about one artifact.
///
/// # Errors
/// `bad-predicate`
pub(in crate::commands) fn statement(
    name: &str,
    digests: &ArtifactDigests,
    predicate: &Predicate,
) -> Result<Vec<u8>, Failure> {
    let subject = Subject::new(name, digests);
    let statement =
        Statement::new(vec![subject], predicate.predicate_type.clone(), predicate.json.clone());
    statement.to_json().map_err(|error| {
        Failure::because("bad-predicate", "the statement cannot be written", &error)
    })
}

/// A statement that is signed as it is.
///
/// # Errors
/// `bad-predicate`.
pub(super) fn whole_statement(json: &[u8]) -> Result<Statement, Failure> {
    Statement::parse(json, &Limits::default()).map_err(|error| unsignable(&error))
}

/// One statement about several files: that they are signed. Each is a subject, named by its file name.
///
/// # Errors
/// `bad-subjects` for two files of one name; as [`artifact::open`].
pub fn one_statement(paths: &[PathBuf]) -> Result<Vec<u8>, Failure> {
    let digested = parallel::map(paths, |path| {
        let digests = artifact::open(path)?.digests([DigestAlgorithm::Sha256]);
        digests.map_err(|error| artifact::failure(&error))
    });
    let (mut subjects, mut names) = (Vec::new(), BTreeSet::new());
    for (path, digests) in paths.iter().zip(digested) {
        let name = name_of(path);
        if !names.insert(name.clone()) {
            let message = format!("found two files of the name {name:?}, wanted names that differ");
            return Err(Failure::undecided("bad-subjects", message)
                .hint("sign them one by one, without --one-statement"));
        }
        subjects.push(Subject::new(name, &digests?));
    }
    signing_statement(subjects)
}

/// The statement in which cosign 3 signs (cosign `sign.go`, `signDigestBundle`): an empty predicate.
///
/// # Errors
/// `bad-subjects`
pub(in crate::commands) fn signing_statement(subjects: Vec<Subject>) -> Result<Vec<u8>, Failure> {
    let bad = |error: &dyn std::error::Error| {
        Failure::because("bad-subjects", "the statement cannot be written", error)
    };
    let predicate_type =
        PredicateType::from_alias_or_uri(COSIGN_SIGN).map_err(|error| bad(&error))?;
    let predicate = RawValue::from_string("{}".to_owned()).map_err(|error| bad(&error))?;
    let statement = Statement::new(subjects, predicate_type, predicate);
    statement.to_json().map_err(|error| bad(&error))
}

/// What a fresh signature over a statement is verified for: the first of its subjects.
pub(super) fn first_subject(statement: &Statement) -> Result<ArtifactDigests, Failure> {
    let first = statement.subject.first().map(|subject| subject.digest.acceptable());
    first.unwrap_or_else(|| Ok(ArtifactDigests::default())).map_err(|error| unsignable(&error))
}

/// The digests of a file that the statement is about.
///
/// # Errors
/// `not-a-subject` (exit 1) when it is about others; as [`artifact::open`].
pub(super) fn subject(statement: &Statement, path: &Path) -> Result<ArtifactDigests, Failure> {
    let subjects = statement.subject.iter().map(|subject| subject.digest.acceptable());
    let subjects: Vec<_> =
        subjects.collect::<Result<_, _>>().map_err(|error| unsignable(&error))?;
    let listed = subjects.iter().flat_map(ArtifactDigests::iter).map(ArtifactDigest::algorithm);
    let digests =
        artifact::open(path)?.digests([DigestAlgorithm::Sha256].into_iter().chain(listed));
    let digests = digests.map_err(|error| artifact::failure(&error))?;
    // Two digests of one subject that disagree about the file are not about it.
    let is = |subject: &&ArtifactDigests| {
        let same = |it: &ArtifactDigest| digests.get(it.algorithm()) == Some(it);
        subject.iter().next().is_some() && subject.iter().all(same)
    };
    if let Some(subject) = subjects.iter().find(is) {
        return Ok(subject.clone());
    }
    let sha256 = digests.get(DigestAlgorithm::Sha256).map(ToString::to_string).unwrap_or_default();
    let message = format!("the statement is not about {} ({sha256})", path.display());
    Err(Failure::no("not-a-subject", message)
        .hint("make the statement anew from the files as they are, or leave this one out"))
}

fn unsignable(error: &dyn std::error::Error) -> Failure {
    Failure::because("bad-predicate", "the statement cannot be signed", error)
}
