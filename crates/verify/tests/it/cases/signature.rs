//! Signatures, statements, subjects and keys.

use chainsign_core::encoding::{base64_encode, hex_encode, pem_encode};
use serde_json::{Value, json};

use super::{Case, Forge};
use crate::forge::key::Key;
use crate::forge::log::{Verifier, canonical};
use crate::forge::{ARTIFACT, SIGNED, sha256, statement, statement_about, time};

pub(super) fn cases(forge: &Forge, cases: &mut Vec<Case>) {
    signatures(forge, cases);
    statements(forge, cases);
    keys(forge, cases);
}

fn signatures(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let invalid = "signature/signature-invalid";
    let other = instance.sign();
    let mut case = |name, why, expect, signature: Vec<u8>| {
        let mut signed = instance.sign();
        signed.signature = signature;
        signed.content.1["signature"] = json!(base64_encode(&signed.signature));
        cases.push(forge.case(name, why, expect, &instance.bundle(&signed)));
    };
    case("signature-by-another-key", "somebody else signed", invalid, other.signature.clone());
    case("signature-empty", "nobody signed", invalid, Vec::new());
    case("signature-of-fixed-width", "ECDSA signatures are DER", invalid, vec![7; 64]);

    let signed = instance.sign();
    let mismatch = "subject/message-digest-mismatch";
    let bundle = instance.bundle(&signed);
    let case = forge.case("artifact-changed", "it is another artifact", mismatch, &bundle);
    cases.push(case.artifact(b"another artifact\n"));
    let mut wrong = bundle.clone();
    wrong["messageSignature"]["messageDigest"]["digest"] = json!(base64_encode([7; 32]));
    cases.push(forge.case("digest-of-another-artifact", "it must agree", mismatch, &wrong));
    let mut without = bundle.clone();
    without["messageSignature"].as_object_mut().unwrap().remove("messageDigest");
    let case =
        forge.case("artifact-changed-without-digest", "the signature says", invalid, &without);
    cases.push(case.artifact(b"another artifact\n"));

    let mut envelope = instance.bundle(&instance.attest());
    let payload = statement(b"something else");
    envelope["dsseEnvelope"]["payload"] = json!(base64_encode(payload));
    cases.push(forge.case("payload-changed", "the payload is signed", invalid, &envelope));
    let mut envelope = instance.bundle(&instance.attest());
    envelope["dsseEnvelope"]["payloadType"] = json!("application/json");
    cases.push(forge.case("payload-type-changed", "the type is signed", invalid, &envelope));
}

fn statements(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let malformed = "subject/statement-malformed";
    let mismatch = "subject/subject-mismatch";
    let mut case = |name, why, expect, payload: &[u8]| {
        let signed = instance.attest_with(Key::p256(), payload);
        cases.push(forge.case(name, why, expect, &instance.bundle(&signed)));
    };
    case(
        "statement-garbage",
        "GHSA-w6c6-c85g-mmv6: a signature over garbage is no attestation",
        malformed,
        b"not a statement",
    );
    let good = String::from_utf8(statement(ARTIFACT)).unwrap();
    let twice = good.replacen("\"subject\":", "\"subject\":[],\"subject\":", 1);
    case(
        "statement-with-duplicate-key",
        "two readers, two statements",
        malformed,
        twice.as_bytes(),
    );
    let other = good.replace("Statement/v1", "Statement/v2");
    case("statement-of-unknown-version", "it may mean something else", malformed, other.as_bytes());
    let sha = hex_encode(sha256(ARTIFACT));
    let mut about = |name, why, expect, subject: Value| {
        case(name, why, expect, &statement_about(&subject));
    };
    about("statement-without-subject", "it is about nothing", malformed, json!([]));
    about(
        "subject-without-digest",
        "it is about nothing",
        malformed,
        json!([{"name": "artifact", "digest": {}}]),
    );
    about(
        "subject-with-upper-case-digest",
        "one spelling of a digest",
        malformed,
        json!([{"name": "artifact", "digest": {"sha256": sha.to_uppercase()}}]),
    );
    about(
        "subject-with-short-digest",
        "a digest has its length",
        malformed,
        json!([{"name": "artifact", "digest": {"sha256": "00"}}]),
    );
    about(
        "subject-of-another-artifact",
        "it is about another artifact",
        mismatch,
        json!([{"name": "artifact", "digest": {"sha256": "a".repeat(64)}}]),
    );
    about(
        "subject-with-the-right-name-only",
        "subjects are matched by digest, not by name",
        mismatch,
        json!([{"name": "artifact", "digest": {"sha512": "a".repeat(128)}}]),
    );
    about(
        "subject-by-sha1",
        "SHA-1 names no artifact",
        mismatch,
        json!([{"name": "artifact", "digest": {"sha1": "a".repeat(40), "gitCommit": "b"}}]),
    );
    about(
        "subject-that-disagrees",
        "one digest agrees and another does not",
        "subject/subject-disagrees",
        json!([{"name": "artifact", "digest": {"sha256": sha, "sha512": "a".repeat(128)}}]),
    );
    let key = Key::p256();
    let leaf = instance.issue(&instance.leaf(&key));
    let signed = instance.attest_as(key, leaf, "application/json", &statement(ARTIFACT));
    cases.push(forge.case(
        "payload-of-another-type",
        "verifiers must know the payload type (DSSE protocol)",
        "subject/payload-type",
        &instance.bundle(&signed),
    ));
}

fn keys(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let signed = instance.sign();
    let spki = signed.key.spki();
    let pem = signed.key.public().to_pem();
    let other = Key::p256();
    let other_spki = other.spki();
    let at = time(SIGNED).as_second();
    let logged = |by: &Verifier<'_>| {
        let entry = instance.rekor_v1.entry_v1(&signed.body_v1_by(by), at, 4);
        signed.key_bundle(&[entry], &[])
    };
    let good = logged(&Verifier::Key(&spki));
    cases.push(
        forge
            .case("key-wrong", "another key was required", "signature/signature-invalid", &good)
            .key(&other.public().to_pem(), "logged-key"),
    );
    cases.push(
        forge
            .case(
                "key-entry-of-another-key",
                "the entry must name this key",
                "log-entry-binding/entry-mismatch",
                &logged(&Verifier::Key(&other_spki)),
            )
            .key(&pem, "logged-key"),
    );
    cases.push(
        forge
            .case(
                "key-without-entry",
                "a log was required",
                "inclusion-proof/too-few-logs",
                &signed.key_bundle(&[], &[]),
            )
            .key(&pem, "logged-key"),
    );
    cases.push(forge.case(
        "key-instead-of-certificate",
        "a hint at a key is no identity",
        "identity/key-instead-of-certificate",
        &good,
    ));
    cases.push(
        forge
            .case(
                "key-required-certificate-found",
                "a certificate is not the key that was required",
                "key/certificate-instead-of-key",
                &instance.bundle(&signed),
            )
            .key(&pem, "logged-key"),
    );
    let weak = pem_encode("PUBLIC KEY", RSA_1024_BITS.as_slice());
    cases.push(
        forge
            .case("key-of-1024-bits", "RSA keys have 2048 bits at least", "key/key-unusable", &good)
            .key(&weak, "logged-key"),
    );

    // GHSA-fx35-mq7g-6g98: cosign's bundle with a public key where the certificate belongs
    let body = canonical(&signed.body_v1_by(&Verifier::Key(&spki)));
    let bundle = json!({
        "base64Signature": base64_encode(&signed.signature),
        "cert": base64_encode(&pem),
        "rekorBundle": {
            "SignedEntryTimestamp": base64_encode(instance.rekor_v1.promise(&body, at, 9)),
            "Payload": {
                "body": base64_encode(&body), "integratedTime": at, "logIndex": 9,
                "logID": hex_encode(instance.rekor_v1.id)},
        },
    });
    let why = "GHSA-fx35-mq7g-6g98: the bundle's own key became the verifier";
    cases.push(forge.case(
        "cosign-bundle-with-key-for-an-identity",
        why,
        "identity/key-instead-of-certificate",
        &bundle,
    ));
    cases.push(
        forge
            .case("cosign-bundle-with-key-for-another", why, "signature/signature-invalid", &bundle)
            .key(&other.public().to_pem(), "logged-key"),
    );
    let mut other_entry = bundle.clone();
    let unrelated = canonical(&instance.sign_with(Key::p256(), b"something else").body_v1());
    let certified = instance.sign();
    other_entry["base64Signature"] = json!(base64_encode(&certified.signature));
    other_entry["cert"] = json!(pem_encode("CERTIFICATE", &certified.leaf));
    other_entry["rekorBundle"]["Payload"]["body"] = json!(base64_encode(&unrelated));
    other_entry["rekorBundle"]["SignedEntryTimestamp"] =
        json!(base64_encode(instance.rekor_v1.promise(&unrelated, at, 9)));
    cases.push(forge.case(
        "cosign-bundle-of-another-entry",
        "GHSA-8gw7-4j42-w388: the entry was for another signature",
        "log-entry-binding/entry-mismatch",
        &other_entry,
    ));
}

/// A SubjectPublicKeyInfo of an RSA key with 1024 bits: modulus 2^1023 + 1, exponent 65537.
static RSA_1024_BITS: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
    use crate::forge::der::{bits, integer, null, oid, sequence};
    let mut modulus = vec![0; 128];
    (modulus[0], modulus[127]) = (0x80, 1);
    let key = sequence(&[integer(&modulus), integer(&[1, 0, 1])]);
    sequence(&[sequence(&[oid("1.2.840.113549.1.1.1"), null()]), bits(key)])
});
