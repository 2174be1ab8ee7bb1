//! Rekor v2: services.md section 6.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use chainsign_core::encoding::base64_encode;
use chainsign_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::client::{
    certificate, decode, get, hashedrekord_v2, key, log_entry_v2, note, post, post_json, root_of,
    sha256, sign, spki, start, trust_config,
};

const ENTRIES: &str = "/api/v2/log/entries";

/// The root and size that a checkpoint of the log says, once its signature is checked.
fn check_checkpoint(sandbox: &Sandbox, checkpoint: &str) -> (u64, Vec<u8>) {
    let log = &trust_config(sandbox)["trustedRoot"]["tlogs"][1];
    let id = decode(&log["logId"]["keyId"]);
    let spki = decode(&log["publicKey"]["rawBytes"]);
    let key = UnparsedPublicKey::new(&ED25519, spki);
    let (text, signatures) = note(checkpoint);
    let [(name, bytes)] = &signatures[..] else { panic!("{checkpoint}") };
    assert_eq!((*name, &bytes[..4]), ("localhost", &id[..4]));
    key.verify(text.as_bytes(), &bytes[4..]).unwrap();
    let [origin, size, root] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    assert_eq!(origin, "localhost");
    (size.parse().unwrap(), decode(&json!(root)))
}

fn with_key(message: &[u8]) -> Value {
    json!({ "hashedRekordRequestV002": {
        "digest": base64_encode(sha256(message)),
        "signature": {
            "content": base64_encode(sign(&key(), message)),
            "verifier": {
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "publicKey": { "rawBytes": base64_encode(spki(&key())) },
            },
        },
    } })
}

#[tokio::test]
async fn entries_come_with_proof_and_checkpoint_and_nothing_else() {
    let sandbox = start().await;
    // The sandbox itself has taken index 0.
    for index in 1..10u8 {
        let answer = post_json(&sandbox, ENTRIES, &with_key(&[index])).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let json = answer.json();
        assert_eq!(json["logIndex"], index.to_string());
        assert_eq!(
            (&json["integratedTime"], &json["inclusionPromise"]),
            (&json!("0"), &json!(null))
        );
        assert_eq!(json["kindVersion"], json!({ "kind": "hashedrekord", "version": "0.0.2" }));
        let entry = log_entry_v2(&answer);
        let proof = entry.inclusion_proof.as_ref().unwrap();
        assert_eq!(root_of(&entry), Some(proof.root_hash));
        let head = check_checkpoint(&sandbox, proof.checkpoint.as_ref().unwrap());
        assert_eq!(head, (u64::from(index) + 1, proof.root_hash.to_vec()));
    }
}

/// sigstore-go computes the leaf from the bundle: not one byte may differ.
#[tokio::test]
async fn bodies_have_one_spelling() {
    let sandbox = start().await;
    let (digest, signature) = (sha256(b"message"), sign(&key(), b"message"));
    let leaf = certificate(&sandbox, &key()).await;
    let verifiers = [
        (
            with_key(b"message"),
            format!(r#""publicKey":{{"rawBytes":"{}"}}"#, base64_encode(spki(&key()))),
        ),
        (
            hashedrekord_v2(&digest, &signature, &leaf),
            format!(r#""x509Certificate":{{"rawBytes":"{}"}}"#, base64_encode(&leaf)),
        ),
    ];
    for (request, verifier) in verifiers {
        let wanted = format!(
            r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"data":{{"algorithm":"SHA2_256","digest":"{}"}},"signature":{{"content":"{}","verifier":{{"keyDetails":"PKIX_ECDSA_P256_SHA_256",{verifier}}}}}}}}}}}"#,
            base64_encode(digest),
            base64_encode(&signature),
        );
        let answer = post_json(&sandbox, ENTRIES, &request).await;
        let entry = log_entry_v2(&answer);
        assert_eq!(String::from_utf8(entry.canonicalized_body).unwrap(), wanted);
    }
}

#[tokio::test]
async fn what_is_wrong_is_not_logged() {
    let sandbox = start().await;
    let altered = |pointer: &str, value: Value| {
        let mut entry = with_key(b"message");
        *entry.pointer_mut(pointer).unwrap() = value;
        entry
    };
    let verifier = "/hashedRekordRequestV002/signature/verifier";
    let both = json!({
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "publicKey": { "rawBytes": "" },
        "x509Certificate": { "rawBytes": "" },
    });
    let hashedrekord = "invalid hashedrekord request";
    let cases = [
        (json!({ "dsseRequestV002": {} }), "invalid type, must be hashedrekord".to_owned()),
        (json!({}), format!("{hashedrekord}: wanted a hashedRekordRequestV002")),
        (
            altered("/hashedRekordRequestV002/digest", json!(base64_encode([0; 32]))),
            format!("{hashedrekord}: the signature is not of this key over this digest"),
        ),
        (
            altered("/hashedRekordRequestV002/digest", json!(base64_encode([0; 48]))),
            format!("{hashedrekord}: the digest has not the length of the key's hash"),
        ),
        (
            altered(&format!("{verifier}/keyDetails"), json!("PKIX_ECDSA_P384_SHA_384")),
            format!("{hashedrekord}: the keyDetails are not those of the key"),
        ),
        (
            altered(&format!("{verifier}/publicKey/rawBytes"), json!("AAAA")),
            format!("{hashedrekord}: the key is none that is logged"),
        ),
        (
            altered(verifier, both),
            format!("{hashedrekord}: wanted either a publicKey or an x509Certificate"),
        ),
    ];
    for (request, message) in cases {
        let wanted = json!({ "code": 3, "message": message, "details": [] });
        assert_eq!(post_json(&sandbox, ENTRIES, &request).await.refusal(), (400, wanted));
    }
    for malformed in ["{", r#"{"hashedRekordRequestV002":{"unknown":1}}"#, r#"{"unknown":1}"#] {
        let answer = post(&sandbox, ENTRIES, "application/json", malformed).await;
        let (status, refusal) = answer.refusal();
        assert_eq!((status, &refusal["code"]), (400, &json!(3)), "{malformed}");
    }
    assert_eq!(check_checkpoint(&sandbox, get(&sandbox, "/checkpoint").await.text()).0, 1);
}

/// Builds the tree anew from what a monitor reads: entry bundles, then tiles of hashes.
#[tokio::test]
async fn tiles_hold_the_whole_log() {
    let sandbox = start().await;
    let first = get(&sandbox, "/tile/entries/000.p/1").await.body;
    let mut bodies = vec![first[2..].to_vec()];
    for number in 1..260u32 {
        let answer = post_json(&sandbox, ENTRIES, &with_key(&number.to_be_bytes())).await;
        bodies.push(log_entry_v2(&answer).canonicalized_body);
    }
    let mut entries = get(&sandbox, "/tile/entries/000").await.body;
    entries.extend(get(&sandbox, "/tile/entries/001.p/4").await.body);
    let mut rest = entries.as_slice();
    for body in &bodies {
        let (length, after) = rest.split_at(2);
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        assert_eq!((length, &after[..length]), (body.len(), body.as_slice()));
        rest = &after[length..];
    }
    assert_eq!(rest, b"");

    let leaves: Vec<u8> =
        bodies.iter().flat_map(|body| sha256(&[&[0], body.as_slice()].concat())).collect();
    let full = get(&sandbox, "/api/v2/tile/0/000").await;
    assert_eq!(full.header("content-type"), "application/octet-stream");
    assert_eq!(full.body, leaves[..256 * 32]);
    assert_eq!(get(&sandbox, "/tile/0/001.p/4").await.body, leaves[256 * 32..]);
    let above = get(&sandbox, "/tile/1/000.p/1").await.body;
    assert_eq!(above, merkle_root(&leaves[..256 * 32]));

    for path in ["/checkpoint", "/api/v2/checkpoint"] {
        let checkpoint = get(&sandbox, path).await;
        assert!(checkpoint.header("content-type").starts_with("text/plain"));
        let (size, root) = check_checkpoint(&sandbox, checkpoint.text());
        assert_eq!((size, root), (260, merkle_root(&leaves)));
    }
    for missing in [
        "/tile/0/001",
        "/tile/0/001.p/5",
        "/tile/0/002.p/1",
        "/tile/1/000",
        "/tile/2/000.p/1",
        "/tile/entries/001",
        "/tile/0/0",
    ] {
        let answer = get(&sandbox, missing).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (404, ""), "{missing}");
    }
}

/// RFC 6962 section 2.1, by its words.
fn merkle_root(leaves: &[u8]) -> Vec<u8> {
    match leaves.len() / 32 {
        1 => leaves.to_vec(),
        size => {
            let middle = 32 * size.next_power_of_two() / 2;
            let (left, right) = leaves.split_at(middle);
            sha256(&[&[1], merkle_root(left).as_slice(), &merkle_root(right)].concat()).to_vec()
        }
    }
}
