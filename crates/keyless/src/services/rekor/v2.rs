//! Rekor v2: `POST /api/v2/log/entries` (sigstore/rekor-tiles `api/proto/rekor/v2`).
//!
//! There is one kind of entry, `hashedrekord` 0.0.2. An envelope is logged by the digest of its
//! pre-authentication encoding.

use chainsign_core::encoding::{Base64Bytes, base64_encode};
use chainsign_core::formats::bundle::hash_name;
use chainsign_core::material::{InclusionProof, LogEntry, LogId};
use reqwest::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{ANSWER_BYTES, Proposal, Verifier, compare};
use crate::error::Error;
use crate::services::{Body, Remote, Request, Services};

pub(super) async fn log(
    services: &Services,
    log: &Remote,
    proposal: &Proposal<'_>,
) -> Result<LogEntry, Error> {
    let signature = signature(proposal);
    let algorithm = hash_name(proposal.digest()?.algorithm());
    let digest = base64_encode(proposal.digest()?.bytes());
    let proposed =
        json!({ "hashedRekordRequestV002": { "digest": digest, "signature": signature } });
    let stored = json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {
            "hashedRekordV002": {
                "data": { "algorithm": algorithm, "digest": digest },
                "signature": signature,
            },
        },
    });
    let body = serde_json::to_vec(&proposed).map_err(|error| log.malformed(error))?;
    let request = Request {
        endpoint: &log.endpoint,
        url: log.at("/api/v2/log/entries"),
        timeout: services.options().timeouts.log,
        limit: ANSWER_BYTES,
        body: Body::Bytes { content_type: "application/json", bytes: &body },
        accept: "application/json",
        header: None,
        secret: None,
        also: &[StatusCode::CONFLICT],
    };
    let answer = services.http().send(request).await?;
    if answer.status == StatusCode::CONFLICT {
        let index = answer.headers.get(INDEX).and_then(|value| value.to_str().ok()?.parse().ok());
        return Err(Error::AlreadyLogged { endpoint: log.endpoint.clone(), index });
    }
    entry(log, answer.json(&log.endpoint)?, &stored)
}

fn signature(proposal: &Proposal<'_>) -> Value {
    let raw = |bytes: &[u8]| json!({ "rawBytes": base64_encode(bytes) });
    let mut verifier = json!({ "keyDetails": proposal.algorithm.name() });
    match proposal.verifier {
        Verifier::Certificate(der) => verifier["x509Certificate"] = raw(der),
        Verifier::Key(key) => verifier["publicKey"] = raw(key.spki()),
    }
    json!({ "content": base64_encode(proposal.signature), "verifier": verifier })
}

fn entry(log: &Remote, wire: WireEntry, stored: &Value) -> Result<LogEntry, Error> {
    let (kind, version) = compare(log, &wire.canonicalized_body.0, stored)?;
    let named = (wire.kind_version.kind.as_str(), wire.kind_version.version.as_str());
    if named != (kind.as_str(), version.as_str()) {
        return Err(log.malformed(format!("found {named:?} for an entry of {kind} {version}")));
    }
    let proof = wire.inclusion_proof;
    if proof.hashes.len() > MOST_HASHES {
        return Err(log.malformed("found an inclusion proof of more hashes than any tree needs"));
    }
    let hash = |what: &str, bytes: &Base64Bytes| {
        let found = bytes.0.len();
        let wrong = |_| log.malformed(format!("{what} has {found} bytes, wanted 32"));
        <[u8; 32]>::try_from(bytes.0.as_slice()).map_err(wrong)
    };
    let hashes = proof.hashes.iter().map(|bytes| hash("inclusionProof.hashes", bytes));
    Ok(LogEntry {
        log_index: wire.log_index.0,
        log_id: LogId(hash("logId.keyId", &wire.log_id.key_id)?),
        kind,
        version,
        // This log promises nothing and knows no time; a bundle has neither.
        integrated_time: None,
        signed_entry_timestamp: None,
        inclusion_proof: Some(InclusionProof {
            log_index: proof.log_index.0,
            root_hash: hash("inclusionProof.rootHash", &proof.root_hash)?,
            tree_size: proof.tree_size.0,
            hashes: hashes.collect::<Result<_, _>>()?,
            checkpoint: Some(proof.checkpoint.envelope),
        }),
        canonicalized_body: wire.canonicalized_body.0,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    #[serde(default)]
    log_index: Int64,
    log_id: WireLogId,
    kind_version: WireKind,
    inclusion_proof: WireProof,
    canonicalized_body: Base64Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLogId {
    key_id: Base64Bytes,
}

#[derive(Deserialize)]
struct WireKind {
    kind: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProof {
    #[serde(default)]
    log_index: Int64,
    root_hash: Base64Bytes,
    tree_size: Int64,
    #[serde(default)]
    hashes: Vec<Base64Bytes>,
    checkpoint: WireCheckpoint,
}

#[derive(Deserialize)]
struct WireCheckpoint {
    envelope: String,
}

/// A 64-bit integer as protocol buffers write it in JSON: text.
#[derive(Clone, Copy, Default)]
struct Int64(u64);

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Number(u64),
            Text(String),
        }
        match Wire::deserialize(deserializer)? {
            Wire::Number(number) => Ok(Int64(number)),
            Wire::Text(text) => text.parse().map(Int64).map_err(serde::de::Error::custom),
        }
    }
}

/// Where a conflict names the entry (rekor-tiles `internal/server/service.go`).
const INDEX: &str = "x-log-index";

/// A tree of 2^64 leaves needs no more.
const MOST_HASHES: usize = 64;
