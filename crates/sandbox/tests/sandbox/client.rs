//! A small Sigstore client.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::encoding::base64_encode;
use chainsign_core::formats::bundle;
use chainsign_core::material::{
    Credential, Format, InclusionProof, LogEntry, LogId, SignedContent, SignedMaterial,
};
use chainsign_sandbox::{Clock, Options, Sandbox, TokenRequest};
use der::{Decode as _, Encode as _};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::{Signer as _, hazmat::PrehashSigner as _};
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const EMAIL: &str = "dev@sandbox.invalid";

/// 2026-01-02T03:04:05Z, for tests that no wall clock may disturb.
pub(crate) const NOW: i64 = 1_767_323_045;

/// The identity of most tests' workflow.
pub(crate) const WORKFLOW: &str = "acme/app/.github/workflows/release.yml@refs/tags/v1.2.3";
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

pub(crate) fn at_fixed_time() -> Options {
    let moment = jiff::Timestamp::from_second(NOW).unwrap();
    Options { clock: Clock::Fixed(moment), ..Options::default() }
}

/// A sandbox whose clock stands still.
pub(crate) async fn start() -> Sandbox {
    Sandbox::start(at_fixed_time()).await.unwrap()
}

/// A sandbox for verifiers that look at the wall clock.
pub(crate) async fn start_now() -> Sandbox {
    Sandbox::start(Options::default()).await.unwrap()
}

pub(crate) fn email_token(sandbox: &Sandbox) -> String {
    sandbox.token(TokenRequest::email(EMAIL).unwrap()).unwrap()
}

/// The key of most tests: always the same, so that its signatures are too.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

pub(crate) fn spki(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_public_key_der().unwrap().into_vec()
}

pub(crate) fn key_pem(key: &SigningKey) -> String {
    key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap()
}

/// ECDSA over the SHA-256 of the message, DER.
pub(crate) fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: p256::ecdsa::Signature = key.sign(message);
    signature.to_der().as_bytes().to_vec()
}

pub(crate) fn sign_digest(key: &SigningKey, digest: &[u8]) -> Vec<u8> {
    let signature: p256::ecdsa::Signature = key.sign_prehash(digest).unwrap();
    signature.to_der().as_bytes().to_vec()
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) fn decode(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap()).unwrap()
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// What a service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and body of a refusal.
    pub(crate) fn refusal(&self) -> (u16, Value) {
        (self.status.as_u16(), self.json())
    }

    async fn of(response: Response) -> Self {
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }
}

/// No proxy, no redirects: what is asked is the sandbox.
static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let redirect = reqwest::redirect::Policy::none();
    // A connection is bound to the runtime of the test that opened it.
    reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect)
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
});

pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> Answer {
    Answer::of(HTTP.get(format!("{}{path}", sandbox.url())).send().await.unwrap()).await
}

pub(crate) async fn get_as(sandbox: &Sandbox, path: &str, bearer: &str) -> Answer {
    let request = HTTP.get(format!("{}{path}", sandbox.url())).bearer_auth(bearer);
    Answer::of(request.send().await.unwrap()).await
}

pub(crate) async fn post(
    sandbox: &Sandbox,
    path: &str,
    content_type: &str,
    body: impl Into<Vec<u8>>,
) -> Answer {
    let request = HTTP.post(format!("{}{path}", sandbox.url()));
    let request = request.header(CONTENT_TYPE, content_type).body(body.into());
    Answer::of(request.send().await.unwrap()).await
}

pub(crate) async fn post_json(sandbox: &Sandbox, path: &str, body: &Value) -> Answer {
    post(sandbox, path, "application/json", body.to_string()).await
}

pub(crate) async fn post_form(sandbox: &Sandbox, path: &str, form: &[(&str, &str)]) -> Answer {
    let request = HTTP.post(format!("{}{path}", sandbox.url())).form(form);
    Answer::of(request.send().await.unwrap()).await
}

pub(crate) async fn post_as(sandbox: &Sandbox, path: &str, bearer: &str, body: &Value) -> Answer {
    let request = HTTP.post(format!("{}{path}", sandbox.url())).bearer_auth(bearer);
    Answer::of(request.json(body).send().await.unwrap()).await
}

/// A request for a certificate for the key.
pub(crate) fn certificate_request(token: &str, challenge: &str, key: &SigningKey) -> Value {
    json!({
        "credentials": { "oidcIdentityToken": token },
        "publicKeyRequest": {
            "publicKey": { "algorithm": "ECDSA", "content": key_pem(key) },
            "proofOfPossession": base64_encode(sign(key, challenge.as_bytes())),
        },
    })
}

/// The certificates of an answer of Fulcio, DER.
pub(crate) fn chain(answer: &Answer) -> Vec<Vec<u8>> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let chain = answer.json()["signedCertificateEmbeddedSct"]["chain"]["certificates"].clone();
    let der = |pem: &Value| {
        let pem = pem.as_str().unwrap();
        assert_eq!(pem.trim(), pem);
        chainsign_core::encoding::pem_decode("certificate", "CERTIFICATE", pem.as_bytes()).unwrap()
    };
    chain.as_array().unwrap().iter().map(der).collect()
}

/// A certificate of the sandbox for an e-mail identity.
pub(crate) async fn certificate(sandbox: &Sandbox, key: &SigningKey) -> Vec<u8> {
    let request = certificate_request(&email_token(sandbox), EMAIL, key);
    chain(&post_json(sandbox, "/api/v2/signingCert", &request).await).swap_remove(0)
}

pub(crate) fn certificate_pem(der: &[u8]) -> String {
    chainsign_core::encoding::pem_encode("CERTIFICATE", der)
}

/// Proposes a hashedrekord entry, as clients do for messages.
pub(crate) fn hashedrekord(digest: &[u8], signature: &[u8], verifier_pem: &str) -> Value {
    json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": { "hash": { "algorithm": "sha256", "value": hex::encode(digest) } },
            "signature": {
                "content": base64_encode(signature),
                "publicKey": { "content": base64_encode(verifier_pem) },
            },
        },
    })
}

/// The same for Rekor v2, with a certificate.
pub(crate) fn hashedrekord_v2(digest: &[u8], signature: &[u8], certificate: &[u8]) -> Value {
    json!({ "hashedRekordRequestV002": {
        "digest": base64_encode(digest),
        "signature": {
            "content": base64_encode(signature),
            "verifier": {
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "x509Certificate": { "rawBytes": base64_encode(certificate) },
            },
        },
    } })
}

/// A `TimeStampReq` over the SHA-256 of a message, DER, the way sigstore-python asks.
pub(crate) fn timestamp_query(message: &[u8]) -> Vec<u8> {
    x509_tsp::TimeStampReq {
        version: x509_tsp::TspVersion::V1,
        message_imprint: x509_tsp::MessageImprint {
            hash_algorithm: x509_cert::spki::AlgorithmIdentifierOwned {
                oid: der::oid::db::rfc5912::ID_SHA_256,
                parameters: Some(der::asn1::Null.into()),
            },
            hashed_message: der::asn1::OctetString::new(sha256(message)).unwrap(),
        },
        req_policy: None,
        nonce: Some(der::asn1::Int::new(&[0x5a, 1, 2, 3, 4, 5, 6, 7, 8]).unwrap()),
        cert_req: true,
        extensions: None,
    }
    .to_der()
    .unwrap()
}

pub(crate) async fn timestamp(sandbox: &Sandbox, message: &[u8]) -> Answer {
    let query = timestamp_query(message);
    post(sandbox, "/api/v1/timestamp", "application/timestamp-query", query).await
}

/// Which log to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    V1,
    V2,
}

/// Signs a message keyless as [`EMAIL`] and returns the bundle.
pub(crate) async fn sign_message(sandbox: &Sandbox, message: &[u8], log: Log) -> Vec<u8> {
    let leaf = certificate(sandbox, &key()).await;
    sign_with(sandbox, leaf, message, log).await
}

/// Signs a message with the certified key and returns the bundle.
pub(crate) async fn sign_with(
    sandbox: &Sandbox,
    leaf: Vec<u8>,
    message: &[u8],
    log: Log,
) -> Vec<u8> {
    let key = key();
    let signature = sign(&key, message);
    let log_entry = match log {
        Log::V1 => {
            let entry = hashedrekord(&sha256(message), &signature, &certificate_pem(&leaf));
            let answer = post_json(sandbox, "/api/v1/log/entries", &entry).await;
            assert_eq!(answer.status, 201, "{}", answer.text());
            log_entry_v1(&answer, "hashedrekord")
        }
        Log::V2 => {
            let entry = hashedrekord_v2(&sha256(message), &signature, &leaf);
            let answer = post_json(sandbox, "/api/v2/log/entries", &entry).await;
            assert_eq!(answer.status, 201, "{}", answer.text());
            log_entry_v2(&answer)
        }
    };
    let timestamp = timestamp(sandbox, &signature).await;
    assert_eq!(timestamp.status, 200, "{}", timestamp.text());
    let material = SignedMaterial {
        format: Format::BundleV0_3,
        document: None,
        content: SignedContent::Message {
            digest: Some(ArtifactDigest::sha256(message)),
            signature,
        },
        credential: Credential::Certificate { leaf, others: Vec::new() },
        detached_scts: Vec::new(),
        log_entries: vec![log_entry],
        timestamps: vec![timestamp.body],
    };
    bundle::write(&material).unwrap()
}

/// The one entry of an answer of Rekor v1, with its id.
pub(crate) fn only_entry(answer: &Value) -> (String, Value) {
    let entries = answer.as_object().unwrap();
    assert_eq!(entries.len(), 1);
    let (id, entry) = entries.iter().next().unwrap();
    (id.clone(), entry.clone())
}

pub(crate) fn log_entry_v1(answer: &Answer, kind: &str) -> LogEntry {
    let (_, entry) = only_entry(&answer.json());
    let proof = &entry["verification"]["inclusionProof"];
    let hash = |text: &Value| -> [u8; 32] {
        hex::decode(text.as_str().unwrap()).unwrap().try_into().unwrap()
    };
    LogEntry {
        log_index: entry["logIndex"].as_u64().unwrap(),
        log_id: LogId(hash(&entry["logID"])),
        kind: kind.to_owned(),
        version: "0.0.1".to_owned(),
        integrated_time: entry["integratedTime"].as_i64(),
        signed_entry_timestamp: Some(decode(&entry["verification"]["signedEntryTimestamp"])),
        inclusion_proof: Some(InclusionProof {
            log_index: proof["logIndex"].as_u64().unwrap(),
            root_hash: hash(&proof["rootHash"]),
            tree_size: proof["treeSize"].as_u64().unwrap(),
            hashes: proof["hashes"].as_array().unwrap().iter().map(hash).collect(),
            checkpoint: Some(proof["checkpoint"].as_str().unwrap().to_owned()),
        }),
        canonicalized_body: decode(&entry["body"]),
    }
}

pub(crate) fn log_entry_v2(answer: &Answer) -> LogEntry {
    let entry = answer.json();
    let proof = &entry["inclusionProof"];
    let number = |text: &Value| text.as_str().unwrap().parse().unwrap();
    let hash = |text: &Value| -> [u8; 32] { decode(text).try_into().unwrap() };
    LogEntry {
        log_index: number(&entry["logIndex"]),
        log_id: LogId(hash(&entry["logId"]["keyId"])),
        kind: entry["kindVersion"]["kind"].as_str().unwrap().to_owned(),
        version: entry["kindVersion"]["version"].as_str().unwrap().to_owned(),
        integrated_time: None,
        signed_entry_timestamp: None,
        inclusion_proof: Some(InclusionProof {
            log_index: number(&proof["logIndex"]),
            root_hash: hash(&proof["rootHash"]),
            tree_size: number(&proof["treeSize"]),
            hashes: proof["hashes"].as_array().unwrap().iter().map(hash).collect(),
            checkpoint: Some(proof["checkpoint"]["envelope"].as_str().unwrap().to_owned()),
        }),
        canonicalized_body: decode(&entry["canonicalizedBody"]),
    }
}

/// The parts of a signed note: text, and the signature lines' names and bytes.
pub(crate) fn note(note: &str) -> (&str, Vec<(&str, Vec<u8>)>) {
    let (text, lines) = note.split_once("\n\n").unwrap();
    assert!(lines.ends_with('\n') && !lines.contains("\n\n"), "{note:?}");
    let signatures = lines.lines().map(|line| {
        let mut parts = line.strip_prefix("\u{2014} ").unwrap().split(' ');
        let name = parts.next().unwrap();
        let bytes = STANDARD.decode(parts.next().unwrap()).unwrap();
        assert_eq!(parts.next(), None);
        (name, bytes)
    });
    (&note[..text.len() + 1], signatures.collect())
}

/// The root that a proof leads to: RFC 9162 section 2.1.3.2.
pub(crate) fn root_of(entry: &LogEntry) -> Option<[u8; 32]> {
    let proof = entry.inclusion_proof.as_ref().unwrap();
    let (mut node, mut last) = (proof.log_index, proof.tree_size - 1);
    let mut hash = sha256(&[&[0], entry.canonicalized_body.as_slice()].concat());
    for sibling in &proof.hashes {
        if last == 0 {
            return None;
        }
        if node % 2 == 1 || node == last {
            hash = sha256(&[&[1], sibling.as_slice(), &hash].concat());
            while node % 2 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = sha256(&[&[1], hash.as_slice(), sibling].concat());
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// A parsed certificate.
pub(crate) fn parsed(der: &[u8]) -> x509_cert::Certificate {
    x509_cert::Certificate::from_der(der).unwrap()
}

/// The trust config, as JSON.
pub(crate) fn trust_config(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(sandbox.trust_config()).unwrap()
}
