//! Rekor v1: `POST /api/v1/log/entries` (sigstore/rekor `openapi.yaml`).

use std::collections::BTreeMap;

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::dsse::Envelope;
use chainsign_core::encoding::{Base64Bytes, base64_encode, hex_decode};
use chainsign_core::material::{InclusionProof, LogEntry, LogId};
use reqwest::StatusCode;
use reqwest::header::LOCATION;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ANSWER_BYTES, Proposal, ProposedContent, compare};
use crate::error::Error;
use crate::services::http::Answer;
use crate::services::{Body, Remote, Request, Services};

pub(super) async fn log(
    services: &Services,
    log: &Remote,
    proposal: &Proposal<'_>,
) -> Result<LogEntry, Error> {
    let Entry { proposed, stored } = match proposal.content {
        ProposedContent::Message => hashedrekord(proposal)?,
        ProposedContent::Envelope(envelope) => dsse(proposal, envelope)?,
    };
    let body = serde_json::to_vec(&proposed).map_err(|error| log.malformed(error))?;
    let body = Body::Bytes { content_type: "application/json", bytes: &body };
    let answer = ask(services, log, "", body, &[StatusCode::CONFLICT]).await?;
    let answer = match answer.status {
        // The log has the very same entry, because an earlier attempt reached it or because the
        // signature is deterministic and was logged before.
        StatusCode::CONFLICT => {
            let id = existing(&answer).ok_or_else(|| {
                log.malformed("found a conflict that names no entry, wanted a Location")
            })?;
            ask(services, log, &format!("/{id}"), Body::None, &[]).await?
        }
        _ => answer,
    };
    entry(log, &answer, &stored)
}

async fn ask(
    services: &Services,
    log: &Remote,
    path: &str,
    body: Body<'_>,
    also: &[StatusCode],
) -> Result<Answer, Error> {
    let request = Request {
        endpoint: &log.endpoint,
        url: log.at(&format!("/api/v1/log/entries{path}")),
        timeout: services.options().timeouts.log,
        limit: ANSWER_BYTES,
        body,
        accept: "application/json",
        header: None,
        secret: None,
        also,
    };
    services.http().send(request).await
}

/// What is sent, and what the log stores.
struct Entry {
    proposed: Value,
    stored: Value,
}

/// `pkg/types/hashedrekord/v0.0.1`: stored as it is proposed, in the spelling used here.
fn hashedrekord(proposal: &Proposal<'_>) -> Result<Entry, Error> {
    let digest = proposal.digest()?;
    let entry = json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": { "hash": { "algorithm": digest.algorithm().name(), "value": digest.hex() } },
            "signature": {
                "content": base64_encode(proposal.signature),
                "publicKey": { "content": base64_encode(proposal.verifier.pem()) },
            },
        },
    });
    Ok(Entry { stored: entry.clone(), proposed: entry })
}

/// `pkg/types/dsse/v0.0.1`: the log stores hashes instead of the envelope.
fn dsse(proposal: &Proposal<'_>, envelope: &Envelope) -> Result<Entry, Error> {
    // It would decline the entry: `LoadVerifier(…, crypto.SHA256)`, whatever the curve. Ed25519 hashes
    // on its own.
    if proposal.algorithm.prehash().is_some_and(|digest| digest != DigestAlgorithm::Sha256) {
        let what = "a statement for Rekor v1, which verifies statements with SHA-256";
        return Err(Error::Unsupported { signer: proposal.algorithm, what });
    }
    let text = serde_json::to_string(envelope)
        .map_err(|error| chainsign_core::Error::json("DSSE envelope", &error))?;
    let verifier = base64_encode(proposal.verifier.pem());
    let sha256 = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": ArtifactDigest::sha256(bytes).hex() });
    let stored = json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": sha256(text.as_bytes()),
            "payloadHash": sha256(&envelope.payload.0),
            "signatures": [{
                "signature": base64_encode(proposal.signature),
                "verifier": verifier,
            }],
        },
    });
    let proposed = json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": { "proposedContent": { "envelope": text, "verifiers": [verifier] } },
    });
    Ok(Entry { proposed, stored })
}

/// The id of the entry that a conflict names, from the last segment of `Location` alone: whatever
/// host that names, it is this log that is asked.
fn existing(answer: &Answer) -> Option<String> {
    let location = answer.headers.get(LOCATION)?.to_str().ok()?;
    let id = location.rsplit('/').next()?;
    let hex = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (hex && matches!(id.len(), 64 | 80)).then(|| id.to_owned())
}

fn entry(log: &Remote, answer: &Answer, stored: &Value) -> Result<LogEntry, Error> {
    let mut entries: BTreeMap<String, WireEntry> = answer.json(&log.endpoint)?;
    let (1, Some((_, wire))) = (entries.len(), entries.pop_first()) else {
        return Err(log.malformed("found none or several entries, wanted one"));
    };
    let (kind, version) = compare(log, &wire.body.0, stored)?;
    let proof = wire
        .verification
        .inclusion_proof
        .ok_or_else(|| log.malformed("its entry has no inclusionProof"))?;
    let set = wire
        .verification
        .signed_entry_timestamp
        .ok_or_else(|| log.malformed("its entry has no signedEntryTimestamp"))?;
    if proof.hashes.len() > MOST_HASHES {
        return Err(log.malformed("found an inclusion proof of more hashes than any tree needs"));
    }
    let hash = |what, text: &str| hash(log, what, text);
    let hashes = proof.hashes.iter().map(|text| hash("inclusionProof.hashes", text));
    Ok(LogEntry {
        log_index: wire.log_index,
        log_id: LogId(hash("logID", &wire.log_id)?),
        kind,
        version,
        integrated_time: Some(wire.integrated_time),
        signed_entry_timestamp: Some(set.0),
        inclusion_proof: Some(InclusionProof {
            log_index: proof.log_index,
            root_hash: hash("inclusionProof.rootHash", &proof.root_hash)?,
            tree_size: proof.tree_size,
            hashes: hashes.collect::<Result<_, _>>()?,
            checkpoint: Some(proof.checkpoint),
        }),
        canonicalized_body: wire.body.0,
    })
}

fn hash(log: &Remote, what: &'static str, text: &str) -> Result<[u8; 32], Error> {
    let bytes = hex_decode(what, text).map_err(|error| log.malformed(error))?;
    let found = bytes.len();
    bytes.try_into().map_err(|_| log.malformed(format!("{what} has {found} bytes, wanted 32")))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    body: Base64Bytes,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: WireVerification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVerification {
    inclusion_proof: Option<WireProof>,
    signed_entry_timestamp: Option<Base64Bytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProof {
    checkpoint: String,
    #[serde(default)]
    hashes: Vec<String>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

/// A tree of 2^64 leaves needs no more.
const MOST_HASHES: usize = 64;
