//! The embedded SCT: services.md section 4.

use chainsign_core::encoding::base64_encode;
use chainsign_sandbox::Sandbox;
use der::{Decode as _, Encode as _};
use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::DecodePublicKey as _;
use serde_json::json;

use crate::client::{
    EMAIL, NOW, certificate, certificate_request, chain, decode, email_token, get, key, parsed,
    post_json, sha256, start, trust_config,
};

#[tokio::test]
async fn the_embedded_sct_is_the_logs_signature_over_the_precertificate() {
    let sandbox = start().await;
    let request = certificate_request(&email_token(&sandbox), EMAIL, &key());
    certificate(&sandbox, &key()).await;
    let chain = chain(&post_json(&sandbox, "/api/v2/signingCert", &request).await);
    certificate(&sandbox, &key()).await;
    let mut tbs = parsed(&chain[0]).tbs_certificate;
    let extension = tbs.extensions.as_mut().unwrap().pop().unwrap();
    assert_eq!(extension.extn_id.to_string(), "1.3.6.1.4.1.11129.2.4.2");
    let list = der::asn1::OctetString::from_der(extension.extn_value.as_bytes()).unwrap();
    let list = list.as_bytes();

    // One SCT, and the lengths around it.
    let length = |bytes: &[u8]| usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    assert_eq!((length(list), length(&list[2..])), (list.len() - 2, list.len() - 4));
    let sct = &list[4..];
    let (version, log_id, timestamp, rest) = (sct[0], &sct[1..33], &sct[33..41], &sct[41..]);
    let log = &trust_config(&sandbox)["trustedRoot"]["ctlogs"][0];
    let spki = decode(&log["publicKey"]["rawBytes"]);
    assert_eq!(version, 0);
    assert_eq!(log_id, sha256(&spki));
    assert_eq!(log_id, decode(&log["logId"]["keyId"]));
    assert_eq!(u64::from_be_bytes(timestamp.try_into().unwrap()), NOW as u64 * 1000);
    // No extensions; ECDSA with SHA-256.
    assert_eq!(rest[..4], [0, 0, 4, 3]);
    assert_eq!(length(&rest[4..]), rest.len() - 6);

    let tbs = tbs.to_der().unwrap();
    let issuer = parsed(&chain[1]).tbs_certificate.subject_public_key_info.to_der().unwrap();
    let mut signed = vec![0, 0];
    signed.extend_from_slice(timestamp);
    signed.extend_from_slice(&[0, 1]);
    signed.extend_from_slice(&sha256(&issuer));
    signed.extend_from_slice(&u32::try_from(tbs.len()).unwrap().to_be_bytes()[1..]);
    signed.extend_from_slice(&tbs);
    signed.extend_from_slice(&[0, 0]);
    let key = p256::ecdsa::VerifyingKey::from_public_key_der(&spki).unwrap();
    let signature = p256::ecdsa::DerSignature::from_bytes(&rest[6..]).unwrap();
    key.verify(&signed, &signature).unwrap();

    check_promise(&sandbox, &key, &signed).await;
}

/// Checks that the log has what its SCT promised: the leaf differs from the signed bytes only in
/// the second one, which says what the bytes are (both are 0 here).
async fn check_promise(sandbox: &Sandbox, key: &p256::ecdsa::VerifyingKey, signed: &[u8]) {
    let head = get(sandbox, "/ct/ct/v1/get-sth").await.json();
    let (size, root) = (head["tree_size"].as_u64().unwrap(), decode(&head["sha256_root_hash"]));
    let timestamp = NOW as u64 * 1000;
    assert_eq!(head["timestamp"], timestamp);
    let signature = decode(&head["tree_head_signature"]);
    let mut head = vec![0, 1];
    head.extend_from_slice(&timestamp.to_be_bytes());
    head.extend_from_slice(&size.to_be_bytes());
    head.extend_from_slice(&root);
    assert_eq!(signature[..2], [4, 3]);
    key.verify(&head, &p256::ecdsa::DerSignature::from_bytes(&signature[4..]).unwrap()).unwrap();

    // One certificate before it, one after.
    assert_eq!(size, 3);
    let leaf = sha256(&[&[0], signed].concat());
    let hash = base64_encode(leaf).replace('+', "%2B");
    let path = format!("/ct/ct/v1/get-proof-by-hash?tree_size={size}&hash={hash}");
    let proof = get(sandbox, &path).await.json();
    assert_eq!(proof["leaf_index"], 1);
    let [left, right] = &proof["audit_path"].as_array().unwrap()[..] else { panic!("{proof}") };
    let both = sha256(&[&[1], decode(left).as_slice(), &leaf].concat());
    assert_eq!(sha256(&[&[1], both.as_slice(), &decode(right)].concat()), root[..]);
    let grown = get(sandbox, "/ct/ct/v1/get-sth-consistency?first=2&second=3").await.json();
    assert_eq!(grown, json!({ "consistency": [right] }));

    for (query, status, message) in [
        ("get-proof-by-hash?tree_size=3&hash=x", 400, "wanted base64 of 32 bytes".to_owned()),
        (
            "get-sth-consistency?first=3&second=4",
            400,
            "found the sizes 3 and 4, wanted 1 to 3".to_owned(),
        ),
        (
            &format!("get-proof-by-hash?tree_size=1&hash={hash}"),
            400,
            "found the size 1, wanted 2 to 3".to_owned(),
        ),
        (
            &format!("get-proof-by-hash?tree_size=3&hash={}", base64_encode([0; 32])),
            404,
            String::new(),
        ),
    ] {
        let answer = get(sandbox, &format!("/ct/ct/v1/{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (status, message.as_str()));
    }
}
