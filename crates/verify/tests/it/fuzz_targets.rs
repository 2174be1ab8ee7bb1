//! What is fuzzed of the verifier, each with what must hold of an accepted input. libFuzzer
//! (`fuzz/`) and `cargo test` run the same.
//!
//! Most parsers stand behind a signature, where a fuzzer would never get. So the input is signed
//! by the forge, and the parser reads it as an authority's or a log's own words.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::sync::LazyLock;

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::encoding::{base64_encode, pem_encode};
use chainsign_core::formats::{self, bundle};
use chainsign_core::identity::IdentityMatcher;
use chainsign_core::key::PublicKey;
use chainsign_core::material::{Credential, SignedMaterial};
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::TrustedRoot;
use chainsign_core::verifier::BundleVerifier;
use chainsign_verify::{VerifiedBundle, Verifier};
use serde_json::{Value, json};

use crate::target::Target;

use super::forge::der::{bits, sequence};
use super::forge::key::Key;
use super::forge::log::{Verifier as LoggedBy, canonical};
use super::forge::x509::{SCT_LIST, sct_list};
use super::forge::{
    ARTIFACT, IDENTITY, ISSUED, ISSUER, Instance, NOW, SIGNED, Signed, V0_1, V0_2, V0_3, sha256,
    time,
};

pub(crate) const TARGETS: [Target; 10] = [
    Target { name: "verify_document", run: document, seeds: document_seeds },
    Target { name: "verify_trusted_root", run: trusted_root, seeds: trusted_root_seeds },
    Target { name: "verify_key", run: key, seeds: key_seeds },
    Target { name: "verify_certificate", run: certificate, seeds: certificate_seeds },
    Target { name: "verify_extension", run: extension, seeds: extension_seeds },
    Target { name: "verify_entry_body", run: entry_body, seeds: entry_body_seeds },
    Target { name: "verify_checkpoint", run: checkpoint, seeds: checkpoint_seeds },
    Target { name: "verify_cosignatures", run: cosignatures, seeds: cosignatures_seeds },
    Target { name: "verify_timestamp", run: timestamp, seeds: timestamp_seeds },
    Target { name: "verify_timestamp_info", run: timestamp_info, seeds: timestamp_info_seeds },
];

struct World {
    instance: Instance,
    verifier: Verifier,
    signed: Signed,
    attested: Signed,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let instance = Instance::new("example.com");
    let verifier = verifier(&serde_json::to_vec(&instance.root()).unwrap()).unwrap();
    World { verifier, signed: instance.sign(), attested: instance.attest(), instance }
});

fn verifier(root: &[u8]) -> Option<Verifier> {
    TrustedRoot::parse(root, &Limits::default()).ok().map(|root| Verifier::new(&root))
}

fn keyless() -> Requirements {
    let matcher = IdentityMatcher::exact(IDENTITY, ISSUER);
    Requirements::keyless(SignerRequirement::Identity(vec![matcher]))
}

fn material(bundle: &Value) -> SignedMaterial {
    bundle::parse(&serde_json::to_vec(bundle).unwrap(), &Limits::default()).unwrap()
}

impl World {
    fn verify(&self, material: &SignedMaterial) -> Option<VerifiedBundle> {
        self.verifier.verify(material, Artifact::Bytes(ARTIFACT), &keyless(), time(NOW)).ok()
    }

    /// The file's bundle with another certificate for its key, and an entry that has it.
    fn accepts_leaf(&self, leaf: &[u8]) -> bool {
        let body = self.signed.body_v1_by(&LoggedBy::Certificate(leaf));
        let entry = self.instance.rekor_v1.entry_v1(&body, time(SIGNED).as_second(), 4);
        let mut material = material(&self.signed.bundle(V0_3, &[entry], &[]));
        material.credential = Credential::Certificate { leaf: leaf.to_vec(), others: Vec::new() };
        self.verify(&material).is_some()
    }

    /// The file's bundle with another token, in Rekor v2, which has no other time.
    fn accepts_token(&self, token: Vec<u8>) -> bool {
        let entry = self.instance.entry_v2(&self.signed);
        self.verify(&material(&self.signed.bundle(V0_3, &[entry], &[token]))).is_some()
    }

    /// The file's bundle with a Rekor v2 entry under another checkpoint.
    fn accepts_checkpoint(&self, envelope: &str) -> bool {
        let mut entry = self.instance.entry_v2(&self.signed);
        entry["inclusionProof"]["checkpoint"]["envelope"] = json!(envelope);
        let stamp = self.instance.stamp(&self.signed);
        self.verify(&material(&self.signed.bundle(V0_3, &[entry], &[stamp]))).is_some()
    }

    /// The text that the checkpoint of [`Self::accepts_checkpoint`] signs.
    fn checkpoint(&self) -> (String, String) {
        let entry = self.instance.entry_v2(&self.signed);
        let note = entry["inclusionProof"]["checkpoint"]["envelope"].as_str().unwrap();
        let (text, lines) = note.split_once("\n\n").unwrap();
        (format!("{text}\n"), lines.to_owned())
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}

/// A document of any format. A bundle is written as it was read; what is accepted is about the
/// artifact, was signed before now, and is accepted again.
fn document(bytes: &[u8]) -> bool {
    let limits = Limits::default();
    let many = formats::parse_many(bytes, &limits).unwrap_or_default();
    let mut accepted = false;
    let materials = many.into_iter().flatten().chain(formats::parse(bytes, &limits));
    for material in &materials.collect::<Vec<_>>() {
        if let Ok(written) = bundle::write(material) {
            let again = bundle::parse(&written, &limits).unwrap();
            assert_eq!(bundle::write(&again).unwrap(), written, "a bundle changed on its way");
        }
        if WORLD.verify(material).is_some() {
            accepted = true;
            assert!(WORLD.verify(material).is_some(), "accepted once");
            let verify = |artifact, now| {
                WORLD.verifier.verify(material, Artifact::Bytes(artifact), &keyless(), time(now))
            };
            assert!(verify(b"another artifact", NOW).is_err(), "accepted for any artifact");
            assert!(verify(ARTIFACT, ISSUED).is_err(), "accepted before it was signed");
        }
    }
    accepted
}

fn document_seeds() -> Vec<Vec<u8>> {
    let World { instance, signed, attested, .. } = &*WORLD;
    let attestation = instance.bundle_v2(attested);
    let both = [instance.entry_v1(signed), instance.entry_v2(signed)];
    let bundles = [
        instance.bundle(signed),
        instance.bundle_v2(signed),
        instance.bundle(attested),
        signed.bundle(V0_1, &both, &[]),
        signed.bundle(V0_2, &both, &[instance.stamp(signed)]),
        signed.key_bundle(&both, &[]),
        attestation["dsseEnvelope"].clone(),
        json!({"attestations": [{"bundle": attestation, "repository_id": 1}]}),
    ];
    bundles.iter().map(|bundle| serde_json::to_vec(bundle).unwrap()).collect()
}

/// A trusted root: read, and prepared for verifying. One that a bundle is accepted under has the
/// keys that signed it.
fn trusted_root(bytes: &[u8]) -> bool {
    let Some(verifier) = verifier(bytes) else { return false };
    let World { instance, signed, .. } = &*WORLD;
    let material = material(&instance.bundle(signed));
    let verified = verifier.verify(&material, Artifact::Bytes(ARTIFACT), &keyless(), time(NOW));
    if verified.is_ok() {
        let text = bytes.iter().filter(|byte| **byte != b'\\').copied().collect::<Vec<_>>();
        for key in [instance.ct.key.spki(), instance.rekor_v1.key.spki()] {
            assert!(contains(&text, base64_encode(key).as_bytes()), "accepted under other keys");
        }
    }
    verified.is_ok()
}

fn trusted_root_seeds() -> Vec<Vec<u8>> {
    vec![serde_json::to_vec(&WORLD.instance.root()).unwrap()]
}

/// A public key: only the one that signed verifies.
fn key(bytes: &[u8]) -> bool {
    let World { instance, signed, verifier, .. } = &*WORLD;
    let spki = signed.key.spki();
    let body = signed.body_v1_by(&LoggedBy::Key(&spki));
    let entry = instance.rekor_v1.entry_v1(&body, time(SIGNED).as_second(), 4);
    let material = material(&signed.key_bundle(&[entry], &[]));
    let keys = [Some(PublicKey::from_spki(bytes)), PublicKey::from_pem(bytes).ok()];
    let mut accepted = false;
    for key in keys.into_iter().flatten() {
        let is_ours = key.spki() == spki;
        let requirements = Requirements::logged_key(key);
        let verified =
            verifier.verify(&material, Artifact::Bytes(ARTIFACT), &requirements, time(NOW));
        assert_eq!(verified.is_ok(), is_ours, "{verified:?}");
        accepted |= is_ours;
    }
    accepted
}

fn key_seeds() -> Vec<Vec<u8>> {
    let spki = WORLD.signed.key.spki();
    let pem = pem_encode("PUBLIC KEY", &spki).into_bytes();
    vec![spki, pem, Key::p384().spki(), Key::ed25519().spki()]
}

/// A TBSCertificate, which the authority signs.
fn certificate(bytes: &[u8]) -> bool {
    let issuer = &WORLD.instance.intermediate_key;
    let leaf = sequence(&[bytes.to_vec(), issuer.signature_algorithm(), bits(issuer.sign(bytes))]);
    let accepted = WORLD.accepts_leaf(&leaf);
    if accepted {
        let parts = [&WORLD.signed.key.spki(), IDENTITY.as_bytes(), ISSUER.as_bytes()];
        assert!(parts.iter().all(|part| contains(bytes, part)), "accepted without its contents");
    }
    accepted
}

fn certificate_seeds() -> Vec<Vec<u8>> {
    let World { instance, signed, .. } = &*WORLD;
    let algorithm = instance.intermediate_key.signature_algorithm();
    let mut spec = instance.leaf(&signed.key);
    let spki = instance.intermediate_key.spki();
    let sct = instance.ct.embedded(&spec.tbs(&algorithm), &spki, time(ISSUED), &[]);
    spec.set(SCT_LIST, false, sct_list(&[sct]));
    vec![spec.tbs(&algorithm)]
}

/// The extensions that are read, and what each must contain to be accepted.
const EXTENSIONS: [(&str, &[u8]); 11] = [
    ("2.5.29.15", b"\x03\x02"),
    ("2.5.29.17", IDENTITY.as_bytes()),
    ("2.5.29.19", b""),
    ("2.5.29.37", b"\x2b\x06\x01\x05\x05\x07\x03\x03"),
    ("1.3.6.1.4.1.57264.1.1", ISSUER.as_bytes()),
    ("1.3.6.1.4.1.57264.1.8", ISSUER.as_bytes()),
    ("1.3.6.1.4.1.57264.1.2", b""),
    ("1.3.6.1.4.1.57264.1.9", b""),
    ("1.3.6.1.4.1.57264.1.22", b""),
    ("2.5.29.32", b""),
    (SCT_LIST, b"\x04\x03"),
];

/// The number of an extension, then its value, in a certificate that has all else.
fn extension(bytes: &[u8]) -> bool {
    let Some((number, value)) = bytes.split_first() else { return false };
    let World { instance, signed, .. } = &*WORLD;
    let (oid, wanted) = EXTENSIONS[usize::from(*number) % EXTENSIONS.len()];
    let mut spec = instance.leaf(&signed.key);
    spec.set(oid, number & 0x80 != 0, value.to_vec());
    let leaf = match oid {
        SCT_LIST => instance.issue_with(&spec, &[]),
        _ => instance.issue(&spec),
    };
    let accepted = WORLD.accepts_leaf(&leaf);
    if accepted {
        assert!(contains(value, wanted), "accepted {oid} without its content");
    }
    accepted
}

fn extension_seeds() -> Vec<Vec<u8>> {
    let World { instance, signed, .. } = &*WORLD;
    let mut spec = instance.leaf(&signed.key);
    let algorithm = instance.intermediate_key.signature_algorithm();
    let spki = instance.intermediate_key.spki();
    let sct = instance.ct.embedded(&spec.tbs(&algorithm), &spki, time(ISSUED), &[]);
    spec.set(SCT_LIST, false, sct_list(&[sct]));
    spec.fulcio_raw(2, "push").fulcio(9, "https://example.com/signer").fulcio(22, "public");
    let seed = |(number, (oid, _)): (usize, &(&str, &[u8]))| {
        let extension = spec.extensions.iter().find(|extension| extension.oid == *oid)?;
        Some([&[number as u8][..], &extension.value].concat())
    };
    EXTENSIONS.iter().enumerate().filter_map(seed).collect()
}

/// An entry's body, which both logs have: one that is accepted is JSON with the signature.
fn entry_body(bytes: &[u8]) -> bool {
    let World { instance, .. } = &*WORLD;
    let at = time(SIGNED).as_second();
    let mut accepted = false;
    for signed in [&WORLD.signed, &WORLD.attested] {
        for (kind, version) in
            [("hashedrekord", "0.0.1"), ("dsse", "0.0.1"), ("hashedrekord", "0.0.2")]
        {
            let placeholder = json!({"kind": kind, "apiVersion": version});
            let is_v2 = version == "0.0.2";
            let log = if is_v2 { &instance.rekor_v2 } else { &instance.rekor_v1 };
            let mut entry = match is_v2 {
                true => log.entry_v2(&placeholder, 4),
                false => log.entry_v1(&placeholder, at, 4),
            };
            entry["canonicalizedBody"] = json!(base64_encode(bytes));
            entry["inclusionProof"] = log.proof(bytes, 4, 7);
            if !is_v2 {
                let promise = log.promise(bytes, at, 1004);
                entry["inclusionPromise"]["signedEntryTimestamp"] = json!(base64_encode(promise));
            }
            let stamps = if is_v2 { vec![instance.stamp(signed)] } else { Vec::new() };
            // an empty body is no bundle
            let bundle = serde_json::to_vec(&signed.bundle(V0_3, &[entry], &stamps)).unwrap();
            let Ok(material) = bundle::parse(&bundle, &Limits::default()) else { continue };
            if WORLD.verify(&material).is_some() {
                accepted = true;
                let body: Value = serde_json::from_slice(bytes).unwrap();
                let signature = json!(base64_encode(&signed.signature));
                assert_eq!((&body["kind"], &body["apiVersion"]), (&json!(kind), &json!(version)));
                let spec = &body["spec"];
                let places = [
                    &spec["signature"]["content"],
                    &spec["signatures"][0]["signature"],
                    &spec["hashedRekordV002"]["signature"]["content"],
                ];
                assert!(places.contains(&&signature), "accepted an entry of another signature");
            }
        }
    }
    accepted
}

fn entry_body_seeds() -> Vec<Vec<u8>> {
    let World { signed, attested, .. } = &*WORLD;
    let bodies = [signed.body_v1(), signed.body_v2(), attested.body_v1(), attested.body_v2()];
    bodies.iter().map(canonical).collect()
}

/// A checkpoint's text, which the log signs: one that is accepted has the size and the root.
fn checkpoint(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let envelope = format!("{text}\n{}", WORLD.instance.rekor_v2.signature_line(text));
    let accepted = WORLD.accepts_checkpoint(&envelope);
    if accepted {
        let (good, _) = WORLD.checkpoint();
        let head = |text: &str| text.lines().take(3).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(head(text), head(&good), "accepted another tree");
    }
    accepted
}

fn checkpoint_seeds() -> Vec<Vec<u8>> {
    let (text, _) = WORLD.checkpoint();
    vec![format!("{text}extension\n").into_bytes(), text.into_bytes()]
}

/// The lines below a checkpoint's text: of those that are accepted, one is the log's.
fn cosignatures(bytes: &[u8]) -> bool {
    let Ok(lines) = std::str::from_utf8(bytes) else { return false };
    let (text, _) = WORLD.checkpoint();
    let accepted = WORLD.accepts_checkpoint(&format!("{text}\n{lines}"));
    if accepted {
        let log = &WORLD.instance.rekor_v2;
        let own = format!("\u{2014} {} {}", log.name, base64_encode(&log.id[..3]));
        assert!(lines.lines().any(|line| line.starts_with(&own)), "accepted without a signature");
    }
    accepted
}

fn cosignatures_seeds() -> Vec<Vec<u8>> {
    let (_, lines) = WORLD.checkpoint();
    let witness = format!("\u{2014} witness.example.com {}\n", base64_encode([7; 76]));
    vec![format!("{lines}{witness}").into_bytes(), lines.into_bytes()]
}

/// A timestamp response: one that is accepted has the signed imprint.
fn timestamp(bytes: &[u8]) -> bool {
    let accepted = !bytes.is_empty() && WORLD.accepts_token(bytes.to_vec());
    if accepted {
        let imprint = sha256(&WORLD.signed.signature);
        assert!(contains(bytes, &imprint), "accepted a timestamp of something else");
    }
    accepted
}

fn timestamp_seeds() -> Vec<Vec<u8>> {
    let World { instance, signed, .. } = &*WORLD;
    let token = instance.tsa.token(&signed.signature, time(SIGNED));
    vec![token.response(&instance.tsa), token.sign(&instance.tsa)]
}

/// A TSTInfo, which the authority signs.
fn timestamp_info(bytes: &[u8]) -> bool {
    let World { instance, signed, .. } = &*WORLD;
    let token = instance.tsa.token(&signed.signature, time(SIGNED));
    let accepted = WORLD.accepts_token(token.sign_info(&instance.tsa, bytes));
    if accepted {
        let imprint = sha256(&signed.signature);
        assert!(contains(bytes, &imprint), "accepted a timestamp of something else");
        assert!(contains(bytes, b"20260101120"), "accepted a time at which nothing is valid");
    }
    accepted
}

fn timestamp_info_seeds() -> Vec<Vec<u8>> {
    let World { instance, signed, .. } = &*WORLD;
    vec![instance.tsa.token(&signed.signature, time(SIGNED)).info()]
}
