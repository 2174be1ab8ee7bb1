//! `hashedrekord` 0.0.2: requests, and the form in which they are logged
//! (rekor-tiles `pkg/types/hashedrekord`).

use chainsign_core::digest::DigestAlgorithm;
use chainsign_core::encoding::{Base64Bytes, base64_encode};
use chainsign_core::formats::bundle::hash_name;
use chainsign_core::key::KeyAlgorithm;
use der::{Decode as _, Encode as _};
use serde::Deserialize;
use serde_json::{Value, json};
use x509_cert::Certificate;

use super::routes::Refusal;
use crate::keys::{ClientKey, KeyKind};
use crate::rekor::FirstEntry;

/// Checks a request, its signature included, and brings it into the form that is logged:
/// canonical JSON (RFC 8785).
pub(super) fn canonicalize(request: &[u8]) -> Result<Vec<u8>, Refusal> {
    let request: Request =
        serde_json::from_slice(request).map_err(|error| Refusal::Malformed(error.to_string()))?;
    let request = match request {
        Request { hashed_rekord_request_v002: Some(request), dsse_request_v002: None } => request,
        Request { dsse_request_v002: Some(_), .. } => return Err(Refusal::Kind),
        _ => return Err(Refusal::Entry("wanted a hashedRekordRequestV002")),
    };
    let Verifier { key_details, public_key, x509_certificate } = request.signature.verifier;
    let (field, named, key) = match (public_key, x509_certificate) {
        (Some(named), None) => {
            let key = client_key(&named.raw_bytes.0)?;
            ("publicKey", named.raw_bytes, key)
        }
        (None, Some(named)) => {
            let key = certified_key(&named.raw_bytes.0)?;
            ("x509Certificate", named.raw_bytes, key)
        }
        _ => return Err(Refusal::Entry("wanted either a publicKey or an x509Certificate")),
    };
    let (algorithm, hash) = algorithm(&key_details, key.kind())?;
    if request.digest.0.len() != hash.length() {
        return Err(Refusal::Entry("the digest has not the length of the key's hash"));
    }
    key.verify_digest(hash, &request.digest.0, &request.signature.content.0)
        .map_err(|_| Refusal::Entry("the signature is not of this key over this digest"))?;
    let entry = json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": { "hashedRekordV002": {
            "data": { "algorithm": hash_name(hash), "digest": base64_encode(&request.digest.0) },
            "signature": {
                "content": base64_encode(&request.signature.content.0),
                "verifier": { "keyDetails": algorithm.name(), field: { "rawBytes": named } },
            },
        } },
    });
    let body = serde_json_canonicalizer::to_vec(&entry)
        .map_err(|error| Refusal::Failed(error.to_string()))?;
    if body.len() > MAX_BODY {
        return Err(Refusal::Entry("the entry is larger than 65535 bytes"));
    }
    Ok(body)
}

/// The request for the entry with which the sandbox starts the log.
pub(super) fn propose(entry: &FirstEntry) -> Value {
    json!({ "hashedRekordRequestV002": {
        "digest": base64_encode(entry.digest),
        "signature": {
            "content": base64_encode(&entry.signature),
            "verifier": {
                "keyDetails": KeyAlgorithm::EcdsaP256Sha256.name(),
                "publicKey": { "rawBytes": base64_encode(&entry.spki) },
            },
        },
    } })
}

/// The algorithm that the request names, if it is the key's, and its hash.
fn algorithm(name: &str, kind: KeyKind) -> Result<(KeyAlgorithm, DigestAlgorithm), Refusal> {
    let wanted = match kind {
        KeyKind::P256 => KeyAlgorithm::EcdsaP256Sha256,
        KeyKind::P384 => KeyAlgorithm::EcdsaP384Sha384,
        KeyKind::P521 => KeyAlgorithm::EcdsaP521Sha512,
        KeyKind::Rsa2048 => KeyAlgorithm::RsaPkcs1v15_2048Sha256,
        KeyKind::Rsa3072 => KeyAlgorithm::RsaPkcs1v15_3072Sha256,
        KeyKind::Rsa4096 => KeyAlgorithm::RsaPkcs1v15_4096Sha256,
        KeyKind::Ed25519 => return Err(Refusal::Entry("the sandbox does not take Ed25519 keys")),
    };
    let hash = wanted.prehash().filter(|_| KeyAlgorithm::from_name(name) == Some(wanted));
    hash.map(|hash| (wanted, hash)).ok_or(Refusal::Entry("the keyDetails are not those of the key"))
}

fn certified_key(der: &[u8]) -> Result<ClientKey, Refusal> {
    let spki = Certificate::from_der(der)
        .and_then(|certificate| certificate.tbs_certificate.subject_public_key_info.to_der());
    client_key(&spki.map_err(|_| Refusal::Entry("the certificate is none"))?)
}

fn client_key(spki: &[u8]) -> Result<ClientKey, Refusal> {
    ClientKey::from_spki(spki).map_err(|_| Refusal::Entry("the key is none that is logged"))
}

// `CreateEntryRequest` as JSON. Unknown fields are refused, as the real server does.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[serde(rename = "hashedRekordRequestV002")]
    hashed_rekord_request_v002: Option<HashedRekord>,
    #[serde(rename = "dsseRequestV002")]
    dsse_request_v002: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekord {
    digest: Base64Bytes,
    signature: Signature,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    content: Base64Bytes,
    verifier: Verifier,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Verifier {
    key_details: String,
    public_key: Option<RawBytes>,
    x509_certificate: Option<RawBytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawBytes {
    raw_bytes: Base64Bytes,
}

/// Entry bundles count an entry's bytes with 16 bits (C2SP tlog-tiles).
const MAX_BODY: usize = u16::MAX as usize;
