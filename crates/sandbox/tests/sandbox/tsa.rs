//! The timestamp authority: services.md section 7.

use chainsign_core::encoding::{base64_encode, pem_encode};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{SignedData, SignerIdentifier};
use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _};
use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::DecodePublicKey as _;
use serde_json::json;
use x509_cert::ext::pkix::name::GeneralName;
use x509_tsp::{TimeStampReq, TimeStampResp, TspVersion, TstInfo};

use crate::client::{
    Answer, NOW, decode, get, parsed, post, post_json, sha256, start, timestamp, timestamp_query,
    trust_config,
};

const PATH: &str = "/api/v1/timestamp";

/// The signed data of a granted response.
fn signed_data(answer: &Answer) -> SignedData {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/timestamp-reply");
    // INTEGER 0, and nothing else, is the status.
    let status = answer.body.windows(5).position(|bytes| bytes == [0x30, 3, 2, 1, 0]);
    assert_eq!(status, Some(4));
    let response = TimeStampResp::from_der(&answer.body).unwrap();
    let ContentInfo { content_type, content } = response.time_stamp_token.unwrap();
    assert_eq!(content_type.to_string(), "1.2.840.113549.1.7.2");
    content.decode_as().unwrap()
}

fn info_der(data: &SignedData) -> Vec<u8> {
    assert_eq!(data.encap_content_info.econtent_type.to_string(), "1.2.840.113549.1.9.16.1.4");
    let content = data.encap_content_info.econtent.as_ref().unwrap();
    content.decode_as::<OctetString>().unwrap().into_bytes()
}

fn signer(sandbox: &chainsign_sandbox::Sandbox, place: usize) -> Vec<u8> {
    let authority = &trust_config(sandbox)["trustedRoot"]["timestampAuthorities"][0];
    decode(&authority["certChain"]["certificates"][place]["rawBytes"])
}

#[tokio::test]
async fn a_token_says_what_was_asked_and_when() {
    let sandbox = start().await;
    let data = signed_data(&timestamp(&sandbox, b"message").await);
    let info = TstInfo::from_der(&info_der(&data)).unwrap();
    let asked = TimeStampReq::from_der(&timestamp_query(b"message")).unwrap();
    assert_eq!(info.version, TspVersion::V1);
    assert_eq!(info.policy.to_string(), "1.3.6.1.4.1.57264.2");
    assert_eq!(info.message_imprint, asked.message_imprint);
    assert_eq!(info.nonce, asked.nonce);
    assert_eq!(info.gen_time.to_unix_duration().as_secs(), NOW as u64);
    let accuracy = info.accuracy.unwrap();
    assert_eq!((accuracy.seconds, accuracy.millis, accuracy.micros), (Some(1), None, None));
    assert!(!info.ordering && info.extensions.is_none());
    let serial = info.serial_number.as_bytes();
    assert!(serial.len() == 20 && (1..0x80).contains(&serial[0]));
    let subject = parsed(&signer(&sandbox, 0)).tbs_certificate.subject;
    assert_eq!(info.tsa, Some(GeneralName::DirectoryName(subject)));
    // YYYYMMDDHHMMSSZ
    let der = info_der(&data);
    assert!(der.windows(15).any(|bytes| bytes == b"20260102030405Z"));
}

#[tokio::test]
async fn a_token_is_signed_as_rfc_3161_demands() {
    let sandbox = start().await;
    let data = signed_data(&timestamp(&sandbox, b"message").await);
    let certificate = signer(&sandbox, 0);
    let tbs = parsed(&certificate).tbs_certificate;
    assert_eq!(data.version, CmsVersion::V3);
    assert_eq!(data.certificates.as_ref().unwrap().0.len(), 1);
    assert_eq!(
        data.certificates.as_ref().unwrap().0.get(0).unwrap().to_der().unwrap(),
        certificate
    );
    let [signer_info] = data.signer_infos.0.as_slice() else { panic!("{data:?}") };
    assert_eq!(signer_info.version, CmsVersion::V1);
    let SignerIdentifier::IssuerAndSerialNumber(id) = &signer_info.sid else { panic!() };
    assert_eq!((&id.issuer, &id.serial_number), (&tbs.issuer, &tbs.serial_number));
    assert_eq!(signer_info.digest_alg.oid.to_string(), "2.16.840.1.101.3.4.2.1");
    assert_eq!(signer_info.signature_algorithm.oid.to_string(), "1.2.840.10045.4.3.2");

    let attributes = signer_info.signed_attrs.as_ref().unwrap();
    let value = |oid: &str| {
        let oid = ObjectIdentifier::new(oid).unwrap();
        let attribute = attributes.iter().find(|attribute| attribute.oid == oid).unwrap();
        assert_eq!(attribute.values.len(), 1);
        attribute.values.get(0).unwrap().to_der().unwrap()
    };
    assert_eq!(attributes.len(), 4);
    let content_type = ObjectIdentifier::new("1.2.840.113549.1.9.16.1.4").unwrap();
    assert_eq!(value("1.2.840.113549.1.9.3"), content_type.to_der().unwrap());
    let digest = OctetString::new(sha256(&info_der(&data))).unwrap();
    assert_eq!(value("1.2.840.113549.1.9.4"), digest.to_der().unwrap());
    assert_eq!(value("1.2.840.113549.1.9.5"), b"\x17\x0d260102030405Z");
    // SEQUENCE { SEQUENCE { SEQUENCE { hash, SEQUENCE { SEQUENCE { [4] issuer }, serial } } } }
    let sequence = |parts: &[Vec<u8>]| {
        let any = der::Any::new(der::Tag::Sequence, parts.concat()).unwrap();
        any.to_der().unwrap()
    };
    let issuer = GeneralName::DirectoryName(tbs.issuer.clone()).to_der().unwrap();
    let issuer_serial = sequence(&[sequence(&[issuer]), tbs.serial_number.to_der().unwrap()]);
    let hash = OctetString::new(sha256(&certificate)).unwrap().to_der().unwrap();
    let wanted = sequence(&[sequence(&[sequence(&[hash, issuer_serial])])]);
    assert_eq!(value("1.2.840.113549.1.9.16.2.47"), wanted);

    let signed = attributes.to_der().unwrap();
    assert_eq!(signed[0], 0x31);
    let spki = tbs.subject_public_key_info.to_der().unwrap();
    let key = p256::ecdsa::VerifyingKey::from_public_key_der(&spki).unwrap();
    let signature = p256::ecdsa::DerSignature::from_bytes(signer_info.signature.as_bytes());
    key.verify(&signed, &signature.unwrap()).unwrap();
}

#[tokio::test]
async fn the_signer_may_stamp_time_and_nothing_else() {
    let sandbox = start().await;
    let (signer, root) = (parsed(&signer(&sandbox, 0)), parsed(&signer(&sandbox, 1)));
    let extensions = |certificate: &x509_cert::Certificate| -> Vec<_> {
        let extensions = certificate.tbs_certificate.extensions.clone().unwrap().into_iter();
        extensions
            .filter(|e| !["2.5.29.14", "2.5.29.35"].contains(&e.extn_id.to_string().as_str()))
            .map(|e| (e.extn_id.to_string(), e.critical, hex::encode(e.extn_value.as_bytes())))
            .collect()
    };
    let extension = |oid: &str, value: &str| (oid.to_owned(), true, value.to_owned());
    let purpose = extension("2.5.29.37", "300a06082b06010505070308");
    assert_eq!(extensions(&signer), [extension("2.5.29.15", "03020780"), purpose]);
    let constraints = extension("2.5.29.19", "30060101ff020100");
    assert_eq!(extensions(&root), [extension("2.5.29.15", "03020106"), constraints]);
    for certificate in [&signer, &root] {
        let spki = root.tbs_certificate.subject_public_key_info.to_der().unwrap();
        let key = p256::ecdsa::VerifyingKey::from_public_key_der(&spki).unwrap();
        let signature =
            p256::ecdsa::DerSignature::from_bytes(certificate.signature.raw_bytes()).unwrap();
        key.verify(&certificate.tbs_certificate.to_der().unwrap(), &signature).unwrap();
    }
    let chain = get(&sandbox, "/api/v1/timestamp/certchain").await;
    assert_eq!(chain.header("content-type"), "application/pem-certificate-chain");
    let pem = [&signer, &root].map(|c| pem_encode("CERTIFICATE", &c.to_der().unwrap())).concat();
    assert_eq!(chain.text(), pem);
}

#[tokio::test]
async fn json_is_answered_too() {
    let sandbox = start().await;
    for (name, length) in [("sha256", 32), ("SHA384", 48), ("sha512", 64)] {
        let request = json!({
            "artifactHash": base64_encode(vec![9; length]),
            "hashAlgorithm": name,
            "nonce": 0x80u64,
            "tsaPolicyOID": "1.3.6.1.4.1.57264.2",
        });
        let data = signed_data(&post_json(&sandbox, PATH, &request).await);
        assert!(data.certificates.is_none());
        let info = TstInfo::from_der(&info_der(&data)).unwrap();
        assert_eq!(info.message_imprint.hashed_message.as_bytes(), vec![9; length]);
        assert_eq!(info.nonce, Some(Int::new(&[0, 0x80]).unwrap()));
    }
    let request = json!({
        "artifactHash": base64_encode([9; 32]), "hashAlgorithm": "sha256", "certificates": true,
    });
    assert!(signed_data(&post_json(&sandbox, PATH, &request).await).certificates.is_some());
}

#[tokio::test]
async fn refusals_are_the_authoritys() {
    let sandbox = start().await;
    let query = |change: fn(&mut TimeStampReq)| {
        let mut request = TimeStampReq::from_der(&timestamp_query(b"message")).unwrap();
        change(&mut request);
        request.to_der().unwrap()
    };
    let sha1 = query(|request| {
        request.message_imprint.hash_algorithm.oid = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
    });
    let short = query(|request| {
        request.message_imprint.hashed_message = OctetString::new([0; 20]).unwrap();
    });
    let policy =
        query(|request| request.req_policy = Some(ObjectIdentifier::new_unwrap("1.2.840.1")));
    let extension = query(|request| {
        request.extensions = Some(vec![x509_cert::ext::Extension {
            extn_id: ObjectIdentifier::new_unwrap("1.2.840.1"),
            critical: false,
            extn_value: OctetString::new([0; 1]).unwrap(),
        }]);
    });
    let json = |hash: &str, policy: &str| {
        json!({
            "artifactHash": base64_encode([9; 32]),
            "hashAlgorithm": hash,
            "tsaPolicyOID": policy,
        })
        .to_string()
        .into_bytes()
    };
    const WEAK: &str = "Weak hash algorithm in timestamp request";
    const LENGTH: &str = "Message digest has incorrect length for specified algorithm";
    const POLICY: &str = "unaccepted policy: requested TSA policy is not supported by the TSA";
    let (der, js) = ("application/timestamp-query", "application/json");
    let cases = [
        (der, sha1, 400, WEAK),
        (der, short, 400, LENGTH),
        (der, policy, 400, POLICY),
        (der, extension, 400, "unaccepted extension: 1.2.840.1"),
        (js, json("md5", ""), 400, WEAK),
        (js, json("sha512", ""), 400, LENGTH),
        (js, json("sha256", "1.2.840.1"), 400, POLICY),
        (js, json("sha256", "x"), 400, POLICY),
        (js, vec![b' '; 1025], 400, "found a request of more than 1024 bytes"),
        ("text/plain", Vec::new(), 415, r#"unsupported media type: found "text/plain""#),
    ];
    for (media_type, request, status, message) in cases {
        let wanted = (status, json!({ "code": status, "message": message }));
        assert_eq!(post(&sandbox, PATH, media_type, request).await.refusal(), wanted);
    }
    for (media_type, request) in [(der, &b"x"[..]), (js, b"{")] {
        let (status, refusal) = post(&sandbox, PATH, media_type, request).await.refusal();
        assert_eq!(status, 400);
        let message = refusal["message"].as_str().unwrap();
        assert!(message.starts_with("Error parsing timestamp request: "), "{message}");
    }
}
