//! `intoto` 0.0.2: an envelope whose payload and signatures are base64 twice
//! (rekor `pkg/types/intoto/v0.0.2/intoto_v0_0_2_schema.json`). npm and older sigstore-js log it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::dsse::pre_authentication_encoding;
use super::entry::CanonicalSpec;
use super::routes::Refusal;
use super::verifier::Verifier;
use super::{index, sha256_hex};

/// Checks every signature with its own key; the payload's hash takes its place. The signatures
/// are logged as they were sent.
pub(super) fn canonicalize(spec: Spec) -> Result<CanonicalSpec, Refusal> {
    let Content { envelope, hash } = spec.content;
    let payload = twice_decoded("the payload", &envelope.payload)?;
    if envelope.signatures.is_empty() {
        return Err(Refusal::Entry("wanted at least one signature".to_owned()));
    }
    let signed = pre_authentication_encoding(&envelope.payload_type, &payload);
    let payload_hash = sha256_hex(&payload);
    let mut keys = vec![format!("sha256:{payload_hash}")];
    let mut signatures = Vec::new();
    for Signature { keyid, sig, public_key } in envelope.signatures {
        let verifier = Verifier::parse(&public_key)?;
        verifier
            .verify_envelope(&signed, &twice_decoded("a signature", &sig)?)
            .map_err(|_| Refusal::Entry("could not verify envelope: invalid signature".into()))?;
        keys.extend(verifier.index_keys());
        let mut signature = json!({ "sig": sig, "publicKey": public_key });
        if let (Some(keyid), Value::Object(fields)) = (keyid, &mut signature)
            && !keyid.is_empty()
        {
            fields.insert("keyid".to_owned(), keyid.into());
        }
        signatures.push(signature);
    }
    keys.extend(index::subject_keys(&envelope.payload_type, &payload));
    let mut content = json!({
        "envelope": { "payloadType": envelope.payload_type, "signatures": signatures },
        "payloadHash": { "algorithm": "sha256", "value": payload_hash },
    });
    if let (Some(Hash { algorithm, value }), Value::Object(fields)) = (hash, &mut content) {
        keys.push(format!("{algorithm}:{value}"));
        fields.insert("hash".to_owned(), json!({ "algorithm": algorithm, "value": value }));
    }
    Ok(CanonicalSpec { spec: json!({ "content": content }), keys })
}

fn twice_decoded(what: &str, text: &str) -> Result<Vec<u8>, Refusal> {
    let once = STANDARD.decode(text).ok();
    once.and_then(|text| STANDARD.decode(text).ok())
        .ok_or_else(|| Refusal::Entry(format!("{what} is not base64 of base64")))
}

#[derive(Debug, Deserialize)]
pub(super) struct Spec {
    content: Content,
}

#[derive(Debug, Deserialize)]
struct Content {
    envelope: Envelope,
    hash: Option<Hash>,
}

#[derive(Debug, Deserialize)]
struct Hash {
    algorithm: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature {
    keyid: Option<String>,
    sig: String,
    public_key: String,
}
