//! `hashedrekord` 0.0.1: a signature over a digest
//! (rekor `pkg/types/hashedrekord/v0.0.1/hashedrekord_v0_0_1_schema.json`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::encoding::{base64_encode, pem_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::entry::CanonicalSpec;
use super::routes::Refusal;
use super::verifier::Verifier;
use crate::keys::KeyError;
use crate::rekor::FirstEntry;

/// Checks that the signature is over the digest; drops what is not logged.
pub(super) fn canonicalize(spec: Spec) -> Result<CanonicalSpec, Refusal> {
    let Hash { algorithm, value } = spec.data.hash;
    let hash = DigestAlgorithm::from_name(&algorithm)
        .ok_or_else(|| Refusal::Unprocessable(format!("unknown hash algorithm {algorithm:?}")))?;
    let digest = ArtifactDigest::from_hex(hash, &value)
        .map_err(|error| Refusal::Entry(error.to_string()))?;
    let signature = STANDARD
        .decode(&spec.signature.content)
        .map_err(|_| Refusal::Entry("the signature is not base64".to_owned()))?;
    let verifier = Verifier::parse(&spec.signature.public_key.content)?;
    verifier.key.verify_digest(hash, digest.bytes(), &signature).map_err(|error| match error {
        KeyError::Unsupported => Refusal::Entry(format!(
            "the sandbox cannot verify a {hash} signature of this kind of key"
        )),
        _ => Refusal::Entry("verifying signature: invalid signature".to_owned()),
    })?;
    let mut keys = verifier.index_keys();
    keys.push(format!("{algorithm}:{value}"));
    let spec = json!({
        "data": { "hash": { "algorithm": algorithm, "value": value } },
        "signature": {
            "content": base64_encode(signature),
            "publicKey": { "content": verifier.encoded() },
        },
    });
    Ok(CanonicalSpec { spec, keys })
}

/// The request for the entry with which the sandbox starts the log.
pub(super) fn propose(entry: &FirstEntry) -> Value {
    let verifier = base64_encode(pem_encode("PUBLIC KEY", &entry.spki));
    json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": { "hash": { "algorithm": "sha256", "value": hex::encode(entry.digest) } },
            "signature": {
                "content": base64_encode(&entry.signature),
                "publicKey": { "content": verifier },
            },
        },
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Spec {
    data: Data,
    signature: Signature,
}

#[derive(Debug, Deserialize)]
struct Data {
    hash: Hash,
}

#[derive(Debug, Deserialize)]
struct Hash {
    algorithm: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature {
    content: String,
    public_key: PublicKey,
}

#[derive(Debug, Deserialize)]
struct PublicKey {
    content: String,
}
