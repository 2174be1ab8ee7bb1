//! Proposed entries, and the canonical form in which they are logged.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::routes::Refusal;
use super::{dsse, hashedrekord, intoto};

/// An entry that a client proposes: rekor `openapi.yaml`, `ProposedEntry`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProposedEntry {
    kind: String,
    api_version: String,
    spec: Value,
}

/// What is logged.
#[derive(Debug)]
pub(super) struct CanonicalEntry {
    /// Canonical JSON (RFC 8785).
    pub(super) body: Vec<u8>,
    /// What it can be found by.
    pub(super) keys: Vec<String>,
}

/// The logged `spec` of one kind.
pub(super) struct CanonicalSpec {
    pub(super) spec: Value,
    pub(super) keys: Vec<String>,
}

impl ProposedEntry {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(body).map_err(|error| Refusal::Unprocessable(error.to_string()))
    }

    /// Checks the entry, signatures included, and brings it into the form in which it is logged.
    pub(super) fn canonicalize(self) -> Result<CanonicalEntry, Refusal> {
        let ProposedEntry { kind, api_version, spec } = self;
        let canonical = match (kind.as_str(), api_version.as_str()) {
            ("hashedrekord", "0.0.1") => hashedrekord::canonicalize(parse_spec(spec)?)?,
            ("dsse", "0.0.1") => dsse::canonicalize(parse_spec(spec)?)?,
            ("intoto", "0.0.2") => intoto::canonicalize(parse_spec(spec)?)?,
            ("hashedrekord" | "dsse" | "intoto", found) => {
                return Err(Refusal::Entry(format!(
                    "the sandbox does not log {kind} entries of version {found:?}"
                )));
            }
            (found, _) => {
                return Err(Refusal::Entry(format!(
                    "the sandbox logs hashedrekord 0.0.1, dsse 0.0.1 and intoto 0.0.2, found the kind {found:?}"
                )));
            }
        };
        let entry = json!({ "apiVersion": api_version, "kind": kind, "spec": canonical.spec });
        let body = serde_json_canonicalizer::to_vec(&entry)
            .map_err(|error| Refusal::Failed(error.to_string()))?;
        Ok(CanonicalEntry { body, keys: canonical.keys })
    }
}

fn parse_spec<T: DeserializeOwned>(spec: Value) -> Result<T, Refusal> {
    serde_json::from_value(spec).map_err(|error| Refusal::Unprocessable(error.to_string()))
}
