//! What must be accepted: one document of each format, and each log.

use chainsign_core::encoding::{base64_encode, hex_encode, pem_encode};
use serde_json::{Value, json};

use super::{Case, Forge};
use crate::forge::key::Key;
use crate::forge::log::{Verifier, canonical};
use crate::forge::{ARTIFACT, SIGNED, V0_1, V0_2, V0_3, time};

pub(super) fn cases(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let at = time(SIGNED).as_second();
    let mut good = |name, why, bundle: &Value| {
        cases.push(forge.case(name, why, "accepted", bundle));
    };
    good("file-in-rekor-v1", "a file, logged in Rekor v1", &instance.bundle(&instance.sign()));
    good("file-in-rekor-v2", "a file, logged in Rekor v2", &instance.bundle_v2(&instance.sign()));
    let (v1, v2) = (instance.bundle(&instance.attest()), instance.bundle_v2(&instance.attest()));
    good("statement-in-rekor-v1", "a statement, logged in Rekor v1", &v1);
    good("statement-in-rekor-v2", "a statement, logged in Rekor v2", &v2);

    let signed = instance.sign();
    let entries = [instance.entry_v1(&signed), instance.entry_v2(&signed)];
    let both = signed.bundle(V0_3, &entries, &[instance.stamp(&signed)]);
    good("file-in-both-logs", "a file, logged twice and stamped", &both);
    let old = signed.bundle(V0_1, &[instance.entry_v1(&signed)], &[]);
    good("file-in-bundle-0.1", "a file, in the first version of the bundle", &old);
    let mut old = signed.bundle(V0_2, &[instance.entry_v1(&signed)], &[]);
    let chain = &mut old["verificationMaterial"]["x509CertificateChain"]["certificates"];
    let intermediate = json!({"rawBytes": base64_encode(&instance.intermediate)});
    chain.as_array_mut().unwrap().push(intermediate);
    good("file-in-bundle-0.2", "a file, with the intermediate certificate", &old);

    let body = canonical(&signed.body_v1());
    let cosign = json!({
        "base64Signature": base64_encode(&signed.signature),
        "cert": base64_encode(pem_encode("CERTIFICATE", &signed.leaf)),
        "rekorBundle": {
            "SignedEntryTimestamp": base64_encode(instance.rekor_v1.promise(&body, at, 9)),
            "Payload": {
                "body": base64_encode(&body), "integratedTime": at, "logIndex": 9,
                "logID": hex_encode(instance.rekor_v1.id)},
        },
    });
    good("file-in-cosign-bundle", "a file, in cosign's own bundle", &cosign);
    let signed = instance.attest();
    let attestation = json!({
        "version": 1,
        "verification_material": {
            "certificate": base64_encode(&signed.leaf),
            "transparency_entries": [instance.entry_v1(&signed)]},
        "envelope": {
            "statement": base64_encode(&signed.payload.as_ref().unwrap().1),
            "signature": base64_encode(&signed.signature)},
    });
    good("statement-on-pypi", "a statement, as PyPI has it (PEP 740)", &attestation);

    let key = Key::p256();
    let pem = key.public().to_pem();
    let signed = instance.sign_with(key, ARTIFACT);
    let spki = signed.key.spki();
    let body = signed.body_v1_by(&Verifier::Key(&spki));
    let bundle = signed.key_bundle(&[instance.rekor_v1.entry_v1(&body, at, 4)], &[]);
    let case = forge.case("file-by-key", "a file, signed by a key", "accepted", &bundle);
    cases.push(case.key(&pem, "logged-key"));
    let key = Key::p256();
    let pem = key.public().to_pem();
    let statement = crate::forge::statement(ARTIFACT);
    let envelope = instance.attest_with(key, &statement).content.1;
    let why = "a statement, in an envelope by itself, signed by a key";
    let case = forge.case("statement-in-envelope", why, "accepted", &envelope);
    cases.push(case.key(&pem, "key"));
}
