//! The embedded SCT: services.md section 4.

use der::{Decode as _, Encode as _};
use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::DecodePublicKey as _;

use crate::client::{
    EMAIL, NOW, certificate_request, chain, decode, email_token, key, parsed, post_json, sha256,
    start, trust_config,
};

#[tokio::test]
async fn the_embedded_sct_is_the_logs_signature_over_the_precertificate() {
    let sandbox = start().await;
    let request = certificate_request(&email_token(&sandbox), EMAIL, &key());
    let chain = chain(&post_json(&sandbox, "/api/v2/signingCert", &request).await);
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
}
