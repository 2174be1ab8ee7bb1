//! Entries of Rekor v1 as cosign and Rekor's own API write them.

use serde::{Deserialize, Serialize};

use crate::encoding::{Base64Bytes, hex_decode};
use crate::error::at_most;
use crate::material::{InclusionProof, LogEntry, LogId};
use crate::{Error, Limits, json};

/// cosign `pkg/cosign/bundle/rekor.go`: the entry and the log's promise, without a proof.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RekorBundle {
    signed_entry_timestamp: Base64Bytes,
    payload: Payload,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Payload {
    body: Base64Bytes,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

/// An entry as Rekor v1's API answers with it (rekor `openapi.yaml`, `LogEntry`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApiEntry {
    body: Base64Bytes,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
    verification: Option<ApiVerification>,
    #[serde(rename = "attestation")]
    _attestation: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ApiVerification {
    signed_entry_timestamp: Option<Base64Bytes>,
    inclusion_proof: Option<ApiProof>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ApiProof {
    log_index: u64,
    root_hash: String,
    tree_size: u64,
    hashes: Vec<String>,
    checkpoint: Option<String>,
}

impl RekorBundle {
    /// Of an entry that has what this format has a place for: a promise, and a time.
    pub(super) fn of(entry: &LogEntry) -> Option<Self> {
        Some(RekorBundle {
            signed_entry_timestamp: Base64Bytes(entry.signed_entry_timestamp.clone()?),
            payload: Payload {
                body: Base64Bytes(entry.canonicalized_body.clone()),
                integrated_time: entry.integrated_time?,
                log_index: entry.log_index,
                log_id: entry.log_id.hex(),
            },
        })
    }

    pub(super) fn log_entry(self, limits: &Limits) -> Result<LogEntry, Error> {
        let Payload { body, integrated_time, log_index, log_id } = self.payload;
        let (kind, version) = kind(&body.0, limits)?;
        Ok(LogEntry {
            log_index,
            log_id: LogId(hash("logID", &log_id)?),
            kind,
            version,
            integrated_time: Some(integrated_time),
            signed_entry_timestamp: Some(self.signed_entry_timestamp.0),
            inclusion_proof: None,
            canonicalized_body: body.0,
        })
    }
}

impl ApiEntry {
    pub(super) fn log_entry(self, limits: &Limits) -> Result<LogEntry, Error> {
        let (kind, version) = kind(&self.body.0, limits)?;
        let (promise, proof) = match self.verification {
            Some(verification) => {
                (verification.signed_entry_timestamp, verification.inclusion_proof)
            }
            None => (None, None),
        };
        Ok(LogEntry {
            log_index: self.log_index,
            log_id: LogId(hash("logID", &self.log_id)?),
            kind,
            version,
            integrated_time: Some(self.integrated_time),
            signed_entry_timestamp: promise.map(|promise| promise.0),
            inclusion_proof: proof.map(|proof| proof.proof(limits)).transpose()?,
            canonicalized_body: self.body.0,
        })
    }
}

impl ApiProof {
    fn proof(self, limits: &Limits) -> Result<InclusionProof, Error> {
        let found = self.hashes.len();
        at_most("hashes of one inclusion proof", limits.inclusion_proof_hashes, found)?;
        let hashes: Result<Vec<_>, _> =
            self.hashes.iter().map(|text| hash("inclusionProof.hashes", text)).collect();
        Ok(InclusionProof {
            log_index: self.log_index,
            root_hash: hash("inclusionProof.rootHash", &self.root_hash)?,
            tree_size: self.tree_size,
            hashes: hashes?,
            checkpoint: self.checkpoint,
        })
    }
}

/// Kind and version of an entry, which these documents give in its body only.
fn kind(body: &[u8], limits: &Limits) -> Result<(String, String), Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        kind: String,
        api_version: String,
    }
    let head: Head = json::parse("log entry body", body, limits)?;
    Ok((head.kind, head.api_version))
}

fn hash(what: &'static str, text: &str) -> Result<[u8; 32], Error> {
    let bytes = hex_decode(what, text)?;
    let found = bytes.len();
    bytes.try_into().map_err(|_| Error::Invalid {
        document: "log entry",
        reason: format!("{what} has {found} bytes, wanted 32"),
    })
}
