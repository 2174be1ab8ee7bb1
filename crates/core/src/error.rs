use std::error::Error as StdError;
use std::{io, iter};

use crate::digest::DigestAlgorithm;

/// Why a document, or a value in one, is not what it has to be.
///
/// `what` names the place in the field's own words, e.g. `inclusionProof.rootHash`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A bound of [`Limits`](crate::Limits) was reached.
    #[error("{what} exceeds the limit: wanted at most {limit}, found {found}")]
    LimitReached {
        /// What was counted or measured.
        what: &'static str,
        /// The bound.
        limit: usize,
        /// What was found: the number, or the first number over the bound.
        found: usize,
    },
    /// The text is not JSON, or not the JSON this document must be.
    #[error("{document} is not valid: {reason} (line {line}, column {column})")]
    Json {
        /// Which document.
        document: &'static str,
        /// The parser's words.
        reason: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 where the parser knows none.
        column: usize,
    },
    /// A JSON object has the same key twice, so that two readers could read two documents.
    #[error("{document} has the key {key:?} twice in one object (line {line}, column {column})")]
    DuplicateKey {
        /// Which document.
        document: &'static str,
        /// The key.
        key: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The document says it is of a type or version that is not known here.
    #[error("unsupported media type of {document}: found {found:?}, wanted {wanted}")]
    MediaType {
        /// Which document.
        document: &'static str,
        /// What the document says; empty when it says nothing.
        found: String,
        /// What is understood.
        wanted: &'static str,
    },
    /// Bytes that must be standard, padded, canonical base64 are not.
    #[error("{what} is not canonical base64")]
    Base64 {
        /// Which value.
        what: &'static str,
    },
    /// A value that must be lower-case hexadecimal is not.
    #[error("{what} is not lower-case hexadecimal: found {found:?}")]
    Hex {
        /// Which value.
        what: &'static str,
        /// The text found, at most 80 characters of it.
        found: String,
    },
    /// Text that must be PEM of a certain kind is not.
    #[error("{what} is not PEM of {wanted}: {reason}")]
    Pem {
        /// Which value.
        what: &'static str,
        /// The label wanted.
        wanted: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Bytes that must be DER are not.
    #[error("{what} is not valid DER: {reason}")]
    Der {
        /// Which value.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A digest has not the length of its algorithm.
    #[error("a {algorithm} digest has {wanted} bytes, found {found}")]
    DigestLength {
        /// The algorithm.
        algorithm: DigestAlgorithm,
        /// Bytes wanted.
        wanted: usize,
        /// Bytes found.
        found: usize,
    },
    /// A digest algorithm that is not accepted for artifacts.
    #[error("unsupported digest algorithm: found {found:?}, wanted sha256, sha384 or sha512")]
    DigestAlgorithm {
        /// The name found.
        found: String,
    },
    /// A required value is missing.
    #[error("{document} has no {what}")]
    Missing {
        /// Which document.
        document: &'static str,
        /// Which value.
        what: &'static str,
    },
    /// A value is there that must not be, or not together with another.
    #[error("{document}: {reason}")]
    Invalid {
        /// Which document.
        document: &'static str,
        /// What was found and what was wanted.
        reason: String,
    },
    /// The document is none of the signature formats that are known here.
    #[error("not a known signature format: {found}")]
    UnknownFormat {
        /// What it looks like.
        found: String,
    },
    /// A pattern is not a valid regular expression, or larger than allowed.
    #[error("invalid pattern {pattern:?}: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// A text is not an image reference.
    #[error("found {found:?}, wanted an image reference such as ghcr.io/acme/app:v1")]
    ImageReference {
        /// The text, at most 200 characters of it.
        found: String,
    },
    /// A predicate type is neither an alias nor an absolute URI.
    #[error(
        "unknown predicate type {found:?}: wanted one of the aliases {aliases} or an absolute URI"
    )]
    PredicateType {
        /// The text found.
        found: String,
        /// The aliases, separated by commas.
        aliases: String,
    },
}

impl Error {
    /// Makes an [`Error::Json`] of serde_json's error.
    pub fn json(document: &'static str, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = match text.rfind(" at line ") {
            Some(end) => text[..end].to_owned(),
            None => text,
        };
        Error::Json { document, reason, line: error.line(), column: error.column() }
    }
}

/// An error and what caused it, one after the other.
///
/// Also what is within an I/O error, whose `source` is the cause of that already.
pub fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|within| within as &(dyn StdError + 'static)),
        None => error.source(),
    })
}

/// Returns an error when `found` is more than `limit`.
pub(crate) fn at_most(what: &'static str, limit: usize, found: usize) -> Result<(), Error> {
    if found > limit { Err(Error::LimitReached { what, limit, found }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_an_io_error_is_among_its_causes() {
        let within = io::Error::other(io::Error::other(std::fmt::Error));
        assert_eq!(causes(&within).count(), 3);
        assert!(causes(&within).last().unwrap().is::<std::fmt::Error>());
        // Of the system, with nothing within.
        assert_eq!(causes(&io::Error::from(io::ErrorKind::NotFound)).count(), 1);
    }
}
