//! Bundles that cannot be read: protobuf-specs `sigstore_bundle.proto`.

use serde_json::{Value, json};

use super::{Case, Forge};
use crate::forge::{V0_1, V0_2, V0_3};

pub(super) fn cases(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let signed = instance.sign();
    let good = instance.bundle(&signed);
    let mut case = |name, why, expect, edit: &dyn Fn(&mut Value)| {
        let mut bundle = good.clone();
        edit(&mut bundle);
        cases.push(forge.case(name, why, expect, &bundle));
    };
    case(
        "bundle-without-media-type",
        "a reader must not guess the version",
        "error: unsupported media type of sigstore bundle: found \"\"",
        &|bundle| drop(bundle.as_object_mut().unwrap().remove("mediaType")),
    );
    case(
        "bundle-of-unknown-version",
        "a newer version may mean something else by the same fields",
        "error: unsupported media type",
        &|bundle| bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.4+json"),
    );
    case(
        "bundle-with-unknown-field",
        "the JSON mapping of protocol buffers refuses unknown fields",
        "error: unknown field `annotations`",
        &|bundle| bundle["annotations"] = json!({}),
    );
    case(
        "bundle-with-two-contents",
        "content is a oneof",
        "error: found both a messageSignature and a dsseEnvelope",
        &|bundle| {
            bundle["dsseEnvelope"] =
                json!({"payload": "", "payloadType": "x", "signatures": [{"sig": "AA=="}]});
        },
    );
    case(
        "bundle-without-content",
        "content is required",
        "error: no messageSignature or dsseEnvelope",
        &|bundle| drop(bundle.as_object_mut().unwrap().remove("messageSignature")),
    );
    case(
        "bundle-with-certificate-and-key",
        "the signer is a oneof",
        "error: more than one of certificate",
        &|bundle| bundle["verificationMaterial"]["publicKey"] = json!({"hint": "x"}),
    );
    case(
        "bundle-0.3-with-chain",
        "since 0.3 a bundle has a single certificate",
        "error: wanted a single certificate",
        &|bundle| {
            let certificate = bundle["verificationMaterial"]["certificate"].take();
            let chain = json!({"certificates": [certificate]});
            bundle["verificationMaterial"] = json!({
                "x509CertificateChain": chain,
                "tlogEntries": bundle["verificationMaterial"]["tlogEntries"]});
        },
    );
    case(
        "bundle-base64-without-padding",
        "one spelling of the same bytes",
        "error: not canonical base64",
        &|bundle| {
            let key_id = &mut bundle["verificationMaterial"]["tlogEntries"][0]["logId"]["keyId"];
            *key_id = json!(key_id.as_str().unwrap().trim_end_matches('='));
        },
    );
    case(
        "bundle-log-index-negative",
        "an index is never negative",
        "error: expected a whole number",
        &|bundle| bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"] = json!("-1"),
    );
    case(
        "bundle-log-index-beyond-63-bits",
        "indices are int64",
        "error: expected a whole number",
        &|bundle| {
            bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"] =
                json!("9223372036854775808");
        },
    );
    case(
        "bundle-log-index-with-leading-zero",
        "one spelling of the same number",
        "error: expected a whole number",
        &|bundle| bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"] = json!("07"),
    );
    case(
        "bundle-log-id-of-4-bytes",
        "a short id could match more than one log",
        "error: logId.keyId has 4 bytes, wanted 32",
        &|bundle| {
            bundle["verificationMaterial"]["tlogEntries"][0]["logId"]["keyId"] = json!("AQIDBA==");
        },
    );
    case(
        "bundle-with-33-entries",
        "GHSA-cq38-jh5f-37mq: work must be bounded",
        "error: log entries of one bundle exceeds the limit: wanted at most 32, found 33",
        &|bundle| {
            let entry = bundle["verificationMaterial"]["tlogEntries"][0].clone();
            bundle["verificationMaterial"]["tlogEntries"] = json!(vec![entry; 33]);
        },
    );
    case(
        "bundle-with-33-timestamps",
        "GHSA-cq38-jh5f-37mq: work must be bounded",
        "error: timestamps of one bundle exceeds the limit: wanted at most 32, found 33",
        &|bundle| {
            bundle["verificationMaterial"]["timestampVerificationData"] =
                json!({"rfc3161Timestamps": vec![json!({"signedTimestamp": "MAA="}); 33]});
        },
    );
    case(
        "bundle-with-65-hashes",
        "a tree of 2^64 leaves needs 64",
        "error: hashes of one inclusion proof exceeds the limit",
        &|bundle| {
            let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
            bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["hashes"] =
                json!(vec![hash; 65]);
        },
    );
    case(
        "bundle-nested-too-deep",
        "recursion must not be controlled by input",
        "error: nesting of JSON exceeds the limit",
        &|bundle| {
            let mut deep = json!(null);
            (0..70).for_each(|_| deep = json!([deep]));
            bundle["verificationMaterial"]["deep"] = deep;
        },
    );
    let without = |version: &str, field: &str| {
        let mut entry = instance.entry_v1(&signed);
        entry.as_object_mut().unwrap().remove(field);
        signed.bundle(version, &[entry], &[])
    };
    cases.push(forge.case(
        "bundle-0.1-without-promise",
        "0.1 has an inclusion promise with every entry",
        "error: no inclusionPromise",
        &without(V0_1, "inclusionPromise"),
    ));
    cases.push(forge.case(
        "bundle-0.2-without-proof",
        "since 0.2 an entry has an inclusion proof",
        "error: no inclusionProof",
        &without(V0_2, "inclusionProof"),
    ));
    cases.push(forge.case(
        "bundle-0.3-without-proof",
        "since 0.2 an entry has an inclusion proof",
        "error: no inclusionProof",
        &without(V0_3, "inclusionProof"),
    ));
    let mut chain = signed.bundle(V0_2, &[instance.entry_v1(&signed)], &[]);
    let certificates = &mut chain["verificationMaterial"]["x509CertificateChain"]["certificates"];
    *certificates = json!([]);
    cases.push(forge.case(
        "bundle-with-empty-chain",
        "GHSA-7c37-gx6w-8vc5: no certificate is no signer, and no panic",
        "error: no certificate in its chain",
        &chain,
    ));
    let mut chain = signed.bundle(V0_2, &[instance.entry_v1(&signed)], &[]);
    let certificates = &mut chain["verificationMaterial"]["x509CertificateChain"]["certificates"];
    *certificates = json!(vec![certificates[0].clone(); 17]);
    cases.push(forge.case(
        "bundle-with-17-certificates",
        "work must be bounded",
        "error: certificates of one bundle exceeds the limit",
        &chain,
    ));
    let mut envelope = instance.bundle(&instance.attest());
    let signature = envelope["dsseEnvelope"]["signatures"][0].clone();
    envelope["dsseEnvelope"]["signatures"] = json!([signature, signature]);
    cases.push(forge.case(
        "bundle-with-two-signatures",
        "TOB-SIGSTORE-9: different checks could use different signatures",
        "error: found 2 signatures in the envelope, wanted exactly one",
        &envelope,
    ));
    envelope["dsseEnvelope"]["signatures"] = json!([]);
    cases.push(forge.case(
        "bundle-without-signature",
        "an unsigned envelope says nothing",
        "error: found 0 signatures in the envelope, wanted exactly one",
        &envelope,
    ));
    let text = serde_json::to_string_pretty(&good).unwrap();
    let twice = text.replacen("\"logIndex\":", "\"logIndex\": \"0\",\n          \"logIndex\":", 1);
    cases.push(forge.case_of(
        "bundle-with-duplicate-key",
        "GHSA-7rmh-48mx-2vwc: two readers would read two bundles",
        "error: has the key \"logIndex\" twice",
        twice.into_bytes(),
    ));
    let escaped = text.replacen("\"mediaType\":", "\"media\\u0054ype\": \"x\", \"mediaType\":", 1);
    cases.push(forge.case_of(
        "bundle-with-duplicate-key-escaped",
        "keys are equal after unescaping",
        "error: has the key \"mediaType\" twice",
        escaped.into_bytes(),
    ));
    cases.push(forge.case_of(
        "bundle-truncated",
        "half a bundle is none",
        "error: EOF while parsing",
        text.as_bytes()[..text.len() / 2].to_vec(),
    ));
    let mut invalid = text.clone().into_bytes();
    let at = text.find("bundle.v0.3").unwrap();
    invalid[at] = 0xff;
    cases.push(forge.case_of(
        "bundle-not-utf-8",
        "JSON is UTF-8",
        "error: found bytes that are not UTF-8",
        invalid,
    ));
    cases.push(forge.case_of(
        "bundle-with-trailing-data",
        "one document, and nothing after it",
        "error: trailing characters",
        format!("{text}{{}}").into_bytes(),
    ));
}
