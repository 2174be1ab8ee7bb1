//! Rekor v1: services.md section 5.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use chainsign_core::encoding::{base64_encode, pem_encode};
use chainsign_core::material::LogEntry;
use chainsign_sandbox::Sandbox;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _, LineEnding};
use serde_json::{Value, json};

use crate::client::{
    Answer, EMAIL, NOW, certificate, certificate_pem, decode, get, hashedrekord, key, key_pem,
    log_entry_v1, note, only_entry, post, post_json, root_of, sha256, sign, sign_digest, start,
    trust_config,
};

const ENTRIES: &str = "/api/v1/log/entries";

fn log_key(sandbox: &Sandbox) -> (p256::ecdsa::VerifyingKey, [u8; 32]) {
    let log = &trust_config(sandbox)["trustedRoot"]["tlogs"][0];
    let spki = decode(&log["publicKey"]["rawBytes"]);
    let id = decode(&log["logId"]["keyId"]);
    assert_eq!(id, sha256(&spki));
    let key = p256::ecdsa::VerifyingKey::from_public_key_der(&spki).unwrap();
    (key, id.try_into().unwrap())
}

fn verify(key: &p256::ecdsa::VerifyingKey, message: &[u8], signature: &[u8]) {
    let signature = p256::ecdsa::DerSignature::from_bytes(signature).unwrap();
    key.verify(message, &signature).unwrap();
}

/// Checks everything that the log says of an entry.
fn check_entry(sandbox: &Sandbox, entry: &LogEntry) {
    let (key, id) = log_key(sandbox);
    assert_eq!(entry.log_id.0, id);
    assert_eq!(entry.integrated_time, Some(NOW));
    let promised = format!(
        r#"{{"body":"{}","integratedTime":{NOW},"logID":"{}","logIndex":{}}}"#,
        base64_encode(&entry.canonicalized_body),
        hex::encode(id),
        entry.log_index,
    );
    verify(&key, promised.as_bytes(), entry.signed_entry_timestamp.as_ref().unwrap());
    let proof = entry.inclusion_proof.as_ref().unwrap();
    assert_eq!(proof.log_index, entry.log_index);
    assert_eq!(root_of(entry), Some(proof.root_hash));
    check_checkpoint(sandbox, proof.checkpoint.as_ref().unwrap(), proof.tree_size, proof.root_hash);
}

fn check_checkpoint(sandbox: &Sandbox, checkpoint: &str, size: u64, root: [u8; 32]) {
    let (key, id) = log_key(sandbox);
    let (text, signatures) = note(checkpoint);
    let origin = text.lines().next().unwrap();
    // sigstore-go knows version 1 by this form.
    let tree: u64 = origin.strip_prefix("localhost - ").unwrap().parse().unwrap();
    assert!(tree > 0 && tree < 1 << 63);
    assert_eq!(text, format!("{origin}\n{size}\n{}\n", base64_encode(root)));
    let [(name, bytes)] = &signatures[..] else { panic!("{checkpoint}") };
    assert_eq!((*name, &bytes[..4]), ("localhost", &id[..4]));
    verify(&key, text.as_bytes(), &bytes[4..]);
}

fn message_entry(message: &[u8]) -> Value {
    let digest = sha256(message);
    hashedrekord(&digest, &sign(&key(), message), &key_pem(&key()))
}

async fn log(sandbox: &Sandbox, message: &[u8]) -> Answer {
    let answer = post_json(sandbox, ENTRIES, &message_entry(message)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer
}

#[tokio::test]
async fn entries_come_with_promise_proof_and_checkpoint() {
    let sandbox = start().await;
    // The sandbox itself has taken index 0.
    for index in 1..10u8 {
        let answer = log(&sandbox, &[index]).await;
        let (id, _) = only_entry(&answer.json());
        let entry = log_entry_v1(&answer, "hashedrekord");
        assert_eq!(entry.log_index, u64::from(index));
        check_entry(&sandbox, &entry);
        let leaf = sha256(&[&[0], entry.canonicalized_body.as_slice()].concat());
        assert_eq!((id.len(), &id[16..]), (80, hex::encode(leaf).as_str()));
        // sigstore-go looks the entry up by the ETag as it stands.
        assert_eq!(answer.header("etag"), id);
        assert_eq!(answer.header("location"), format!("{ENTRIES}/{id}"));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn hashedrekord_is_logged_in_one_spelling() {
    let sandbox = start().await;
    let leaf = certificate(&sandbox, &key()).await;
    let signature = sign(&key(), b"message");
    let digest = sha256(b"message");
    // CRLF line ends, as sigstore-rust sends them, and fields that are not logged.
    let pem = certificate_pem(&leaf);
    let mut proposed = hashedrekord(&digest, &signature, &pem.replace('\n', "\r\n"));
    proposed["spec"]["data"]["url"] = json!("http://example.com");
    proposed["spec"]["signature"]["publicKey"]["url"] = json!("http://example.com");
    let answer = post_json(&sandbox, ENTRIES, &proposed).await;
    let wanted = format!(
        r#"{{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{{"data":{{"hash":{{"algorithm":"sha256","value":"{}"}}}},"signature":{{"content":"{}","publicKey":{{"content":"{}"}}}}}}}}"#,
        hex::encode(digest),
        base64_encode(&signature),
        base64_encode(pem),
    );
    let entry = log_entry_v1(&answer, "hashedrekord");
    assert_eq!(String::from_utf8(entry.canonicalized_body.clone()).unwrap(), wanted);
    check_entry(&sandbox, &entry);
}

/// A payload, and its envelope signed by the usual key, as text.
fn envelope(payload: &[u8]) -> String {
    envelope_with(payload, &sign(&key(), &signed_of(payload)))
}

fn envelope_with(payload: &[u8], signature: &[u8]) -> String {
    format!(
        // Blanks: the hash is over the text as it was sent.
        r#"{{ "payload": "{}", "payloadType": "{PAYLOAD_TYPE}", "signatures": [{{"sig": "{}"}}] }}"#,
        base64_encode(payload),
        base64_encode(signature),
    )
}

/// What a signature of an envelope is over.
fn signed_of(payload: &[u8]) -> Vec<u8> {
    let start = format!("DSSEv1 28 {PAYLOAD_TYPE} {} ", payload.len());
    [start.as_bytes(), payload].concat()
}

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

fn dsse(envelope: &str, verifier_pem: &str) -> Value {
    json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "proposedContent": { "envelope": envelope, "verifiers": [base64_encode(verifier_pem)] },
            // As sigstore-python sends them.
            "envelopeHash": null,
            "payloadHash": null,
            "signatures": null,
        },
    })
}

#[tokio::test]
async fn dsse_is_logged_as_hashes_and_signatures() {
    let sandbox = start().await;
    let (payload, pem) = (br#"{"subject":[]}"#, key_pem(&key()));
    let envelope = envelope(payload);
    let answer = post_json(&sandbox, ENTRIES, &dsse(&envelope, &pem)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let sent: Value = serde_json::from_str(&envelope).unwrap();
    let wanted = format!(
        r#"{{"apiVersion":"0.0.1","kind":"dsse","spec":{{"envelopeHash":{{"algorithm":"sha256","value":"{}"}},"payloadHash":{{"algorithm":"sha256","value":"{}"}},"signatures":[{{"signature":"{}","verifier":"{}"}}]}}}}"#,
        hex::encode(sha256(envelope.as_bytes())),
        hex::encode(sha256(payload)),
        sent["signatures"][0]["sig"].as_str().unwrap(),
        base64_encode(pem),
    );
    let entry = log_entry_v1(&answer, "dsse");
    assert_eq!(String::from_utf8(entry.canonicalized_body.clone()).unwrap(), wanted);
    check_entry(&sandbox, &entry);
}

/// As the real log, seen with rekor 1.5.4.
#[tokio::test]
async fn envelopes_are_verified_with_sha256_whatever_the_curve() {
    let sandbox = start().await;
    let key = p384::ecdsa::SigningKey::from_slice(&[7; 48]).unwrap();
    let pem = key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    let signed = signed_of(b"{}");
    let own: p384::ecdsa::DerSignature = key.sign(&signed);
    let other: p384::ecdsa::DerSignature = key.sign_prehash(&sha256(&signed)).unwrap();
    for entry in [dsse, intoto] {
        let entry = |signature: &[u8]| entry(&envelope_with(b"{}", signature), &pem);
        let refused = post_json(&sandbox, ENTRIES, &entry(own.as_bytes())).await.refusal();
        let message = "error processing entry: could not verify envelope: invalid signature";
        assert_eq!(refused, (400, json!({ "code": 400, "message": message })));
        assert_eq!(post_json(&sandbox, ENTRIES, &entry(other.as_bytes())).await.status, 201);
    }
}

fn intoto(envelope: &str, verifier_pem: &str) -> Value {
    let sent: Value = serde_json::from_str(envelope).unwrap();
    let twice = |text: &Value| base64_encode(text.as_str().unwrap());
    json!({
        "apiVersion": "0.0.2",
        "kind": "intoto",
        "spec": { "content": {
            "envelope": {
                "payloadType": sent["payloadType"],
                "payload": twice(&sent["payload"]),
                "signatures": [{
                    "keyid": "",
                    "sig": twice(&sent["signatures"][0]["sig"]),
                    "publicKey": base64_encode(verifier_pem),
                }],
            },
            "hash": { "algorithm": "sha256", "value": "00" },
        } },
    })
}

#[tokio::test]
async fn intoto_is_logged_without_its_payload() {
    let sandbox = start().await;
    let (payload, pem) = (b"a payload", key_pem(&key()));
    let envelope = envelope(payload);
    let answer = post_json(&sandbox, ENTRIES, &intoto(&envelope, &pem)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let sent: Value = serde_json::from_str(&envelope).unwrap();
    let wanted = format!(
        r#"{{"apiVersion":"0.0.2","kind":"intoto","spec":{{"content":{{"envelope":{{"payloadType":"application/vnd.in-toto+json","signatures":[{{"publicKey":"{}","sig":"{}"}}]}},"hash":{{"algorithm":"sha256","value":"00"}},"payloadHash":{{"algorithm":"sha256","value":"{}"}}}}}}}}"#,
        base64_encode(pem),
        base64_encode(sent["signatures"][0]["sig"].as_str().unwrap()),
        hex::encode(sha256(payload)),
    );
    let entry = log_entry_v1(&answer, "intoto");
    assert_eq!(String::from_utf8(entry.canonicalized_body.clone()).unwrap(), wanted);
    check_entry(&sandbox, &entry);
}

#[tokio::test]
async fn the_same_entry_is_taken_once() {
    let sandbox = start().await;
    let (id, _) = only_entry(&log(&sandbox, b"message").await.json());
    let again = post_json(&sandbox, ENTRIES, &message_entry(b"message")).await;
    assert_eq!(again.header("location"), format!("{ENTRIES}/{id}"));
    let message =
        format!("an equivalent entry already exists in the transparency log with UUID {id}");
    assert_eq!(again.refusal(), (409, json!({ "code": 409, "message": message })));
}

#[tokio::test]
async fn what_is_wrong_is_not_logged() {
    let sandbox = start().await;
    let altered = |pointer: &str, value: Value| {
        let mut entry = message_entry(b"message");
        *entry.pointer_mut(pointer).unwrap() = value;
        entry
    };
    let ed25519 = {
        let pair = Ed25519KeyPair::generate().unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let pem = pem_encode("PUBLIC KEY", spki.as_ref());
        hashedrekord(&sha256(b"x"), pair.sign(b"x").as_ref(), &pem)
    };
    let other_payload = {
        let mut other: Value = serde_json::from_str(&envelope(b"payload")).unwrap();
        other["payload"] = json!(base64_encode("another"));
        other.to_string()
    };
    let mut with_server_fields = dsse(&envelope(b"x"), &key_pem(&key()));
    with_server_fields["spec"]["payloadHash"] = json!({ "algorithm": "sha256", "value": "00" });
    let short = json!(hex::encode([0; 20]));
    let cases = [
        (
            altered("/spec/data/hash/value", json!(hex::encode([0; 32]))),
            "verifying signature: invalid signature",
        ),
        (altered("/spec/data/hash/value", short), "a sha256 digest has 32 bytes, found 20"),
        (altered("/spec/signature/content", json!("!")), "the signature is not base64"),
        (altered("/spec/signature/publicKey/content", json!("!")), "the public key is not base64"),
        (
            altered("/spec/signature/publicKey/content", json!("AAAA")),
            "the public key is neither a PEM key nor PEM certificates",
        ),
        (ed25519, "the sandbox cannot verify a sha256 signature of this kind of key"),
        (
            altered("/apiVersion", json!("0.0.9")),
            r#"the sandbox does not log hashedrekord entries of version "0.0.9""#,
        ),
        (
            altered("/kind", json!("rpm")),
            r#"the sandbox logs hashedrekord 0.0.1, dsse 0.0.1 and intoto 0.0.2, found the kind "rpm""#,
        ),
        (dsse(&other_payload, &key_pem(&key())), "could not verify envelope: invalid signature"),
        (intoto(&other_payload, &key_pem(&key())), "could not verify envelope: invalid signature"),
        (
            with_server_fields,
            "found envelopeHash, payloadHash or signatures beside proposedContent",
        ),
    ];
    for (entry, reason) in cases {
        let message = format!("error processing entry: {reason}");
        let wanted = (400, json!({ "code": 400, "message": message }));
        assert_eq!(post_json(&sandbox, ENTRIES, &entry).await.refusal(), wanted);
    }
    let (status, refusal) = post(&sandbox, ENTRIES, "application/json", "{}").await.refusal();
    let message = "missing field `kind` at line 1 column 2";
    assert_eq!((status, refusal), (422, json!({ "code": 602, "message": message })));
    let log = get(&sandbox, "/api/v1/log").await.json();
    assert_eq!(log["treeSize"], 1);
}

#[tokio::test]
async fn entries_are_read_by_id_and_index_with_a_proof_of_today() {
    let sandbox = start().await;
    let first = log(&sandbox, b"first").await;
    let (id, _) = only_entry(&first.json());
    log(&sandbox, b"second").await;
    log(&sandbox, b"third").await;
    for path in [
        format!("{ENTRIES}/{id}"),
        format!("{ENTRIES}/{}", &id[16..]),
        format!("{ENTRIES}?logIndex=1"),
    ] {
        let answer = get(&sandbox, &path).await;
        assert_eq!((answer.status.as_u16(), only_entry(&answer.json()).0), (200, id.clone()));
        let entry = log_entry_v1(&answer, "hashedrekord");
        assert_eq!(entry.inclusion_proof.as_ref().unwrap().tree_size, 4);
        check_entry(&sandbox, &entry);
    }
    let mut other_tree = id.clone();
    other_tree.replace_range(..16, "0000000000000001");
    for missing in [
        format!("{ENTRIES}/{}", "0".repeat(64)),
        format!("{ENTRIES}/{other_tree}"),
        format!("{ENTRIES}?logIndex=4"),
    ] {
        let answer = get(&sandbox, &missing).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (404, ""));
    }
    let answer = get(&sandbox, &format!("{ENTRIES}/abc")).await;
    let message = r#"found the entry id "abc", wanted 64 or 80 hexadecimal digits"#;
    assert_eq!(answer.refusal(), (400, json!({ "code": 400, "message": message })));
    assert_eq!(get(&sandbox, &format!("{ENTRIES}?logIndex=-1")).await.status, 400);
}

#[tokio::test]
async fn several_entries_are_retrieved_at_once() {
    let sandbox = start().await;
    let mut ids = Vec::new();
    for message in [b"a", b"b", b"c"] {
        ids.push(only_entry(&log(&sandbox, message).await.json()).0);
    }
    let query = json!({
        "entryUUIDs": [ids[0], "0".repeat(64)],
        "logIndexes": [2, 7],
        "entries": [message_entry(b"c"), message_entry(b"d")],
    });
    // sigstore-python's spelling has a slash at the end.
    for path in ["/api/v1/log/entries/retrieve", "/api/v1/log/entries/retrieve/"] {
        let answer = post_json(&sandbox, path, &query).await;
        assert_eq!(answer.status, 200);
        let found: Vec<_> =
            answer.json().as_array().unwrap().iter().map(|entry| only_entry(entry).0).collect();
        assert_eq!(found, ids);
    }
    for (query, asked) in [(json!({}), 0), (json!({ "logIndexes": vec![0; 11] }), 11)] {
        let message = format!("found {asked} entries asked for, wanted 1 to 10");
        let answer = post_json(&sandbox, "/api/v1/log/entries/retrieve", &query).await;
        assert_eq!(answer.refusal(), (422, json!({ "code": 602, "message": message })));
    }
}

#[tokio::test]
async fn entries_are_found_by_hash_address_and_key() {
    let sandbox = start().await;
    let leaf = certificate(&sandbox, &key()).await;
    let digest = sha256(b"certified");
    let signature = sign_digest(&key(), &digest);
    let entry = hashedrekord(&digest, &signature, &certificate_pem(&leaf));
    let (certified, _) = only_entry(&post_json(&sandbox, ENTRIES, &entry).await.json());
    let (plain, _) = only_entry(&log(&sandbox, b"plain").await.json());
    let statement =
        format!(r#"{{"subject":[{{"name":"x","digest":{{"sha256":"{}"}}}}]}}"#, "ab".repeat(32));
    let statement = dsse(&envelope(statement.as_bytes()), &key_pem(&key()));
    let (stated, _) = only_entry(&post_json(&sandbox, ENTRIES, &statement).await.json());

    let hash = |digest: [u8; 32]| hex::encode(digest);
    let key_query = json!({ "format": "x509", "content": base64_encode(key_pem(&key())) });
    let cases = [
        (json!({ "hash": format!("sha256:{}", hash(digest)) }), vec![&certified]),
        (json!({ "hash": hash(sha256(b"plain")) }), vec![&plain]),
        (json!({ "hash": format!("sha256:{}", "ab".repeat(32)) }), vec![&stated]),
        (json!({ "email": EMAIL.to_uppercase() }), vec![&certified]),
        (json!({ "publicKey": key_query }), vec![&plain, &stated]),
        (json!({ "publicKey": key_query, "email": EMAIL }), vec![&certified, &plain, &stated]),
        (json!({ "publicKey": key_query, "email": EMAIL, "operator": "and" }), vec![]),
        (json!({ "email": "eve@sandbox.invalid" }), vec![]),
    ];
    for (query, wanted) in cases {
        let found = post_json(&sandbox, "/api/v1/index/retrieve", &query).await;
        assert_eq!(found.json(), json!(wanted), "{query}");
    }
    let answer = post_json(&sandbox, "/api/v1/index/retrieve", &json!({})).await;
    let message = "wanted a hash, an email or a publicKey";
    assert_eq!(answer.refusal(), (400, json!({ "code": 400, "message": message })));
}

#[tokio::test]
async fn the_log_proves_that_it_only_grew() {
    let sandbox = start().await;
    let first = log_entry_v1(&log(&sandbox, b"first").await, "hashedrekord");
    let second = log_entry_v1(&log(&sandbox, b"second").await, "hashedrekord");
    let head = get(&sandbox, "/api/v1/log").await.json();
    let root: [u8; 32] =
        hex::decode(head["rootHash"].as_str().unwrap()).unwrap().try_into().unwrap();
    check_checkpoint(&sandbox, head["signedTreeHead"].as_str().unwrap(), 3, root);
    assert_eq!((&head["inactiveShards"], &head["treeSize"]), (&json!([]), &json!(3)));
    let origin = format!("localhost - {}", head["treeID"].as_str().unwrap());
    assert_eq!(head["signedTreeHead"].as_str().unwrap().lines().next().unwrap(), origin);

    let proof = get(&sandbox, "/api/v1/log/proof?firstSize=2&lastSize=3").await.json();
    let leaf = |entry: &LogEntry| sha256(&[&[0], entry.canonicalized_body.as_slice()].concat());
    assert_eq!(
        proof,
        json!({
            "hashes": [hex::encode(leaf(&second))],
            "rootHash": hex::encode(root),
        })
    );
    let before = first.inclusion_proof.unwrap().root_hash;
    assert_eq!(sha256(&[&[1], before.as_slice(), &leaf(&second)].concat()), root);
    for (query, message) in [
        ("firstSize=2&lastSize=2", "firstSize(2) must be less than lastSize(2)"),
        ("lastSize=4", "found the sizes 1 and 4, wanted 1 to 3"),
    ] {
        let answer = get(&sandbox, &format!("/api/v1/log/proof?{query}")).await;
        assert_eq!(answer.refusal(), (400, json!({ "code": 400, "message": message })));
    }
}

#[tokio::test]
async fn the_key_is_served_as_pem() {
    let sandbox = start().await;
    let answer = get(&sandbox, "/api/v1/log/publicKey").await;
    assert_eq!(answer.header("content-type"), "application/x-pem-file");
    let log = &trust_config(&sandbox)["trustedRoot"]["tlogs"][0];
    assert_eq!(answer.text(), pem_encode("PUBLIC KEY", &decode(&log["publicKey"]["rawBytes"])));
}
