//! `dsse` 0.0.1: an envelope, of which hashes and signatures are logged
//! (rekor `pkg/types/dsse/v0.0.1/dsse_v0_0_1_schema.json`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chainsign_core::encoding::base64_encode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::entry::CanonicalSpec;
use super::routes::Refusal;
use super::verifier::Verifier;
use super::{index, sha256_hex};

/// Checks that every signature verifies with one of the verifiers.
pub(super) fn canonicalize(spec: Spec) -> Result<CanonicalSpec, Refusal> {
    if spec.envelope_hash.or(spec.payload_hash).or(spec.signatures).is_some() {
        let reason = "found envelopeHash, payloadHash or signatures beside proposedContent";
        return Err(Refusal::Entry(reason.to_owned()));
    }
    let Proposed { envelope: text, verifiers } = spec.proposed_content;
    let envelope: Envelope = serde_json::from_str(&text)
        .map_err(|error| Refusal::Entry(format!("the envelope is none: {error}")))?;
    let payload = STANDARD
        .decode(&envelope.payload)
        .map_err(|_| Refusal::Entry("the payload is not base64".to_owned()))?;
    if envelope.signatures.is_empty() || verifiers.is_empty() {
        return Err(Refusal::Entry("wanted at least one signature and one verifier".to_owned()));
    }
    let verifiers: Vec<Verifier> =
        verifiers.iter().map(|content| Verifier::parse(content)).collect::<Result<_, _>>()?;
    let signed = pre_authentication_encoding(&envelope.payload_type, &payload);
    let mut signatures: Vec<(String, String)> = Vec::new();
    for Signature { sig } in &envelope.signatures {
        let signature = STANDARD
            .decode(sig)
            .map_err(|_| Refusal::Entry("a signature is not base64".to_owned()))?;
        let verifies = |verifier: &&Verifier| verifier.verify_envelope(&signed, &signature).is_ok();
        let verifier = verifiers.iter().find(verifies);
        let verifier = verifier
            .ok_or_else(|| Refusal::Entry("could not verify envelope: invalid signature".into()))?;
        signatures.push((base64_encode(signature), verifier.encoded()));
    }
    signatures.sort();
    let hash = |value: &str| json!({ "algorithm": "sha256", "value": value });
    let (envelope_hash, payload_hash) = (sha256_hex(text.as_bytes()), sha256_hex(&payload));
    let mut keys: Vec<String> = verifiers.iter().flat_map(Verifier::index_keys).collect();
    keys.extend([format!("sha256:{envelope_hash}"), format!("sha256:{payload_hash}")]);
    keys.extend(index::subject_keys(&envelope.payload_type, &payload));
    let signatures: Vec<Value> = signatures
        .into_iter()
        .map(|(signature, verifier)| json!({ "signature": signature, "verifier": verifier }))
        .collect();
    let spec = json!({
        "envelopeHash": hash(&envelope_hash),
        "payloadHash": hash(&payload_hash),
        "signatures": signatures,
    });
    Ok(CanonicalSpec { spec, keys })
}

/// `PAE(type, payload)` of the DSSE protocol.
pub(super) fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let (type_length, length) = (payload_type.len(), payload.len());
    let start = format!("DSSEv1 {type_length} {payload_type} {length} ");
    [start.as_bytes(), payload].concat()
}

/// The log computes the hashes and signatures itself; sigstore-python sends them as `null`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    proposed_content: Proposed,
    envelope_hash: Option<Value>,
    payload_hash: Option<Value>,
    signatures: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Proposed {
    envelope: String,
    verifiers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Deserialize)]
struct Signature {
    sig: String,
}

#[cfg(test)]
mod tests {
    #[test]
    fn encoding_of_the_protocols_own_example() {
        let encoded =
            super::pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
