//! in-toto statements: <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::digest::{ArtifactDigests, DigestSet};
use crate::error::at_most;
use crate::predicate::PredicateType;
use crate::{Error, Limits, json};

/// The version of a statement: its `_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatementVersion {
    /// What cosign and older producers write. Read, never written here.
    #[serde(rename = "https://in-toto.io/Statement/v0.1")]
    V0_1,
    /// The current version.
    #[serde(rename = "https://in-toto.io/Statement/v1")]
    V1,
}

/// A statement: a predicate about subjects.
///
/// Unknown fields are ignored, as the specification asks. The predicate keeps its bytes: nothing
/// is re-marshalled, so nothing is lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Statement {
    /// The version.
    #[serde(rename = "_type")]
    pub version: StatementVersion,
    /// What the predicate is about. Matched by digest alone.
    pub subject: Vec<Subject>,
    /// What the predicate is.
    #[serde(rename = "predicateType")]
    pub predicate_type: PredicateType,
    /// The predicate's own JSON, verbatim. The specification allows it to be absent.
    #[serde(default = "null")]
    pub predicate: Box<RawValue>,
}

/// One subject of a [`Statement`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The producer's name for it. Not authoritative: matching is by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The digests.
    pub digest: DigestSet,
    /// What else its producer says about it. Rare, and there may be very many subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Box<Map<String, Value>>>,
}

impl Subject {
    /// A subject with the artifact's digests.
    pub fn new(name: impl Into<String>, digests: &ArtifactDigests) -> Self {
        Subject { name: Some(name.into()), digest: digests.into(), annotations: None }
    }
}

impl Statement {
    /// A statement of the current version.
    pub fn new(
        subject: Vec<Subject>,
        predicate_type: PredicateType,
        predicate: Box<RawValue>,
    ) -> Self {
        Statement { version: StatementVersion::V1, subject, predicate_type, predicate }
    }

    /// Parses a statement.
    ///
    /// # Errors
    /// As [`json::parse`]; [`Error::Missing`] without a subject; [`Error::LimitReached`] for too
    /// many; [`Error::Invalid`] for a subject with an empty digest set; [`Error::Hex`] and
    /// [`Error::DigestLength`] for a subject digest of an acceptable algorithm that is not one.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let statement: Statement = json::parse("in-toto statement", bytes, limits)?;
        if statement.subject.is_empty() {
            return Err(Error::Missing { document: "in-toto statement", what: "subject" });
        }
        at_most("subjects of one statement", limits.subjects, statement.subject.len())?;
        for subject in &statement.subject {
            if subject.digest.0.is_empty() {
                let name = subject.name.as_deref().unwrap_or_default();
                let reason = format!("the subject {name:?} has no digest");
                return Err(Error::Invalid { document: "in-toto statement", reason });
            }
            subject.digest.acceptable()?;
        }
        Ok(statement)
    }

    /// The statement as JSON, for signing. The predicate's bytes go in verbatim.
    ///
    /// # Errors
    /// [`Error::Json`] when the predicate's raw text cannot be written as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|error| Error::json("in-toto statement", &error))
    }
}

impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version
            && self.subject == other.subject
            && self.predicate_type == other.predicate_type
            && self.predicate.get() == other.predicate.get()
    }
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(subject: &str) -> Result<Statement, Error> {
        let text = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":{subject},
                "predicateType":"https://example.com/p","predicate":{{"b": 1,  "a":2}},"new":1}}"#
        );
        Statement::parse(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn the_predicate_keeps_its_bytes() {
        let digest = "a".repeat(64);
        let parsed = statement(&format!(r#"[{{"name":"x","digest":{{"sha256":"{digest}"}}}}]"#));
        let parsed = parsed.unwrap();
        assert_eq!(parsed.predicate.get(), r#"{"b": 1,  "a":2}"#);
        let written = String::from_utf8(parsed.to_json().unwrap()).unwrap();
        assert!(written.ends_with(r#""predicate":{"b": 1,  "a":2}}"#), "{written}");
        assert_eq!(Statement::parse(written.as_bytes(), &Limits::default()).unwrap(), parsed);
    }

    #[test]
    fn subjects_are_strict() {
        let missing = Error::Missing { document: "in-toto statement", what: "subject" };
        assert_eq!(statement("[]").unwrap_err(), missing);
        let error = statement(r#"[{"name":"x","digest":{}}]"#).unwrap_err();
        assert_eq!(error.to_string(), r#"in-toto statement: the subject "x" has no digest"#);
        let upper = "A".repeat(64);
        let error = statement(&format!(r#"[{{"digest":{{"sha256":"{upper}"}}}}]"#)).unwrap_err();
        assert!(matches!(error, Error::Hex { .. }), "{error}");
        let error = statement(r#"[{"digest":{"sha512":"00"}}]"#).unwrap_err();
        assert!(matches!(error, Error::DigestLength { found: 1, .. }), "{error}");
    }

    #[test]
    fn other_statement_types_are_refused() {
        let text =
            br#"{"_type":"https://in-toto.io/Statement/v2","subject":[],"predicateType":"x:y"}"#;
        let error = Statement::parse(text, &Limits::default()).unwrap_err();
        assert!(error.to_string().contains("unknown variant"), "{error}");
    }
}
