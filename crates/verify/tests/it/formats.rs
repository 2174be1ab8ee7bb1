//! What must be accepted: every format, log, algorithm, entry and kind of signer.

use aws_lc_rs::rsa::KeySize;
use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::encoding::{base64_decode, base64_encode, hex_encode, pem_encode};
use chainsign_core::formats;
use chainsign_core::formats::cosign::{Annotations, Layer, parse_layer, write_layer};
use chainsign_core::formats::detached::{self, Detached, DetachedSignature};
use chainsign_core::formats::simple_signing::SimpleSigning;
use chainsign_core::identity::{IdentityMatcher, SubjectAlternativeName};
use chainsign_core::material::{Format, SignedContent, SignedMaterial};
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::TrustedRoot;
use chainsign_core::verifier::BundleVerifier;
use chainsign_verify::{
    Check, CheckId, Refusal, TimeAuthority, VerifiedBundle, VerifiedSigner, Verifier,
};
use serde_json::{Value, json};

use crate::forge::key::Key;
use crate::forge::log::{self, Log, Verifier as LoggedBy, canonical};
use crate::forge::tsa::{Ess, Tsa};
use crate::forge::x509;
use crate::forge::{
    self, ARTIFACT, IDENTITY, ISSUER, Instance, NOW, SIGNED, Signed, V0_1, V0_2, V0_3, sha256, time,
};

pub(crate) fn verifier(root: &Value) -> Verifier {
    let root = serde_json::to_vec(root).unwrap();
    Verifier::new(&TrustedRoot::parse(&root, &Limits::default()).unwrap())
}

pub(crate) fn keyless() -> Requirements {
    let matcher = IdentityMatcher::exact(IDENTITY, ISSUER);
    Requirements::keyless(SignerRequirement::Identity(vec![matcher]))
}

pub(crate) fn parse(document: &Value) -> SignedMaterial {
    let document = serde_json::to_vec(document).unwrap();
    formats::parse(&document, &Limits::default()).unwrap()
}

pub(crate) fn verify(
    root: &Value,
    bundle: &Value,
    requirements: &Requirements,
) -> Result<VerifiedBundle, Refusal> {
    verify_material(root, &parse(bundle), requirements)
}

pub(crate) fn verify_material(
    root: &Value,
    material: &SignedMaterial,
    requirements: &Requirements,
) -> Result<VerifiedBundle, Refusal> {
    verifier(root).verify(material, Artifact::Bytes(ARTIFACT), requirements, time(NOW))
}

fn checks(verified: &VerifiedBundle) -> Vec<&'static str> {
    verified.checks().iter().map(|check| check.id().as_str()).collect()
}

#[test]
fn a_file_signed_with_rekor_v1() {
    let instance = Instance::new("example.com");
    let signed = instance.sign();
    let verified = verify(&instance.root(), &instance.bundle(&signed), &keyless()).unwrap();
    assert_eq!(
        checks(&verified),
        [
            "signature",
            "signed-entry-timestamp",
            "certificate-path",
            "certificate-validity",
            "certificate-eku",
            "sct",
            "log-entry-binding",
            "inclusion-proof",
            "checkpoint",
            "subject",
            "identity",
        ]
    );
    assert_eq!(verified.identity().unwrap().subject.as_str(), IDENTITY);
    assert_eq!(verified.statement(), None);
    assert_eq!(verified.earliest(), Some(time(SIGNED)));
    assert_eq!(verified.latest(), Some(time(SIGNED)));
    assert_eq!(verified.format(), Format::BundleV0_3);
    let [entry] = verified.log_entries() else { panic!("one entry") };
    assert_eq!((entry.kind(), entry.version(), entry.log_index()), ("hashedrekord", "0.0.1", 1004));
    assert_eq!(entry.integrated_time(), Some(time(SIGNED)));
    assert_eq!(entry.inclusion().unwrap().leaf_index(), 4);
    let wanted = DigestAlgorithm::Sha256.digest(ARTIFACT);
    assert_eq!(verified.subject().iter().collect::<Vec<_>>(), [&wanted]);
    let VerifiedSigner::Certificate(certificate) = verified.signer() else { panic!() };
    assert_eq!(certificate.der(), signed.leaf);
    assert_eq!(certificate.authority(), "https://fulcio.example.com");
    assert!(verified.unused().is_empty());
}

#[test]
fn a_statement_signed_with_rekor_v2() {
    let instance = Instance::new("example.com");
    let signed = instance.attest();
    let verified = verify(&instance.root(), &instance.bundle_v2(&signed), &keyless()).unwrap();
    assert_eq!(
        checks(&verified),
        [
            "signature",
            "timestamp",
            "certificate-path",
            "certificate-validity",
            "certificate-eku",
            "sct",
            "log-entry-binding",
            "inclusion-proof",
            "checkpoint",
            "subject",
            "identity",
        ]
    );
    assert_eq!(verified.payload(), Some(signed.payload.as_ref().unwrap().1.as_slice()));
    assert_eq!(verified.statement().unwrap().predicate_type, "https://example.com/predicate");
    let [at] = verified.times() else { panic!("one time") };
    assert!(matches!(at.authority(), TimeAuthority::TimestampAuthority { .. }), "{at:?}");
    assert_eq!(verified.log_entries()[0].integrated_time(), None);
}

#[test]
fn every_version_of_the_bundle() {
    let instance = Instance::new("example.com");
    let spaced = "application/vnd.dev.sigstore.bundle+json;version=0.3";
    for (media_type, format) in
        [(V0_1, Format::BundleV0_1), (V0_2, Format::BundleV0_2), (V0_3, Format::BundleV0_3)]
    {
        for signed in [instance.sign(), instance.attest()] {
            let bundle = signed.bundle(media_type, &[instance.entry_v1(&signed)], &[]);
            assert_eq!(verify(&instance.root(), &bundle, &keyless()).unwrap().format(), format);
        }
    }
    let mut bundle = instance.bundle(&instance.sign());
    bundle["mediaType"] = json!(spaced);
    assert_eq!(verify(&instance.root(), &bundle, &keyless()).unwrap().format(), Format::BundleV0_3);
}

/// Real CPython releases of 2022 look like this: a promise, and a proof whose root nobody signed.
#[test]
fn a_proof_without_a_checkpoint_takes_nothing_from_a_promise() {
    let instance = Instance::new("example.com");
    let signed = instance.sign();
    let mut entry = instance.entry_v1(&signed);
    entry["inclusionProof"].as_object_mut().unwrap().remove("checkpoint");
    let bundle = signed.bundle(V0_1, &[entry.clone()], &[]);
    let verified = verify(&instance.root(), &bundle, &keyless()).unwrap();
    assert_eq!(verified.log_entries()[0].inclusion(), None);
    assert_eq!(
        verified.unused()[0].to_string(),
        "inclusion proof of log entry 0: the inclusion proof has no checkpoint"
    );
    entry.as_object_mut().unwrap().remove("inclusionProof");
    let bundle = signed.bundle(V0_1, &[entry], &[]);
    verify(&instance.root(), &bundle, &keyless()).unwrap();
}

fn every_key() -> Vec<Key> {
    vec![
        Key::p256(),
        Key::p384(),
        Key::p384_sha256(),
        Key::p521(),
        Key::rsa_pkcs1(KeySize::Rsa2048),
        Key::rsa_pkcs1(KeySize::Rsa3072),
        Key::rsa_pkcs1(KeySize::Rsa4096),
        Key::rsa_pss(KeySize::Rsa2048),
        Key::ed25519(),
        Key::ed25519_ph(),
    ]
}

#[test]
fn every_algorithm_in_a_certificate() {
    let instance = Instance::new("example.com");
    let root = instance.root();
    for key in every_key() {
        let details = key.details();
        let signed = instance.sign_with(key, ARTIFACT);
        for bundle in [instance.bundle(&signed), instance.bundle_v2(&signed)] {
            let verified = verify(&root, &bundle, &keyless()).unwrap();
            assert!(
                matches!(&verified.checks()[0], Check::Signature { algorithm, .. } if *algorithm == details),
                "{details}: {:?}",
                verified.checks()[0]
            );
        }
    }
    for key in every_key() {
        let details = key.details();
        let signed = instance.attest_with(key, &forge::statement(ARTIFACT));
        for bundle in [instance.bundle(&signed), instance.bundle_v2(&signed)] {
            verify(&root, &bundle, &keyless()).unwrap_or_else(|error| panic!("{details}: {error}"));
        }
    }
}

#[test]
fn every_algorithm_in_a_key_with_and_without_a_log() {
    let instance = Instance::new("example.com");
    let root = instance.root();
    for key in every_key() {
        let details = key.details();
        let public = key.public();
        let signed = instance.sign_with(key, ARTIFACT);
        let spki = signed.key.spki();
        let by = LoggedBy::Key(&spki);
        let v1 = instance.rekor_v1.entry_v1(&signed.body_v1_by(&by), time(SIGNED).as_second(), 2);
        let v2 = instance.rekor_v2.entry_v2(&signed.body_v2_by(&by), 2);
        let stamp = instance.stamp(&signed);
        let logged = Requirements::logged_key(public.clone());
        for bundle in [signed.key_bundle(&[v1], &[]), signed.key_bundle(&[v2], &[stamp])] {
            let verified =
                verify(&root, &bundle, &logged).unwrap_or_else(|e| panic!("{details}: {e}"));
            assert!(verified.checks().iter().any(|check| check.id() == CheckId::Key));
            assert_eq!(verified.identity(), None);
        }
        let alone = parse(&signed.key_bundle(&[], &[]));
        let verified = Verifier::keys_only()
            .verify(&alone, Artifact::Bytes(ARTIFACT), &Requirements::key(public), time(NOW))
            .unwrap_or_else(|error| panic!("{details}: {error}"));
        assert_eq!(verified.root_digest(), None);
        assert!(verified.times().is_empty());
    }
}

#[test]
fn digests_are_enough_for_every_algorithm_with_a_prehash() {
    let instance = Instance::new("example.com");
    let verifier = verifier(&instance.root());
    for key in every_key() {
        let details = key.details();
        let signed = instance.sign_with(key, ARTIFACT);
        let material = parse(&instance.bundle(&signed));
        let mut digests = ArtifactDigests::default();
        for algorithm in material.digest_algorithms(&Limits::default()) {
            digests.insert(algorithm.digest(ARTIFACT)).unwrap();
        }
        let verified =
            verifier.verify(&material, Artifact::Digests(&digests), &keyless(), time(NOW));
        match details {
            "PKIX_ED25519" => assert!(
                matches!(verified, Err(Refusal::MessageNeeded { algorithm: "PKIX_ED25519" })),
                "{verified:?}"
            ),
            _ => assert_eq!(verified.unwrap().subject(), &digests, "{details}"),
        }
    }
}

#[test]
fn every_kind_of_entry_for_a_statement() {
    let instance = Instance::new("example.com");
    let signed = instance.attest();
    let (kind, payload) = signed.payload.clone().unwrap();
    let by = signed.verifier();
    let both: &[(&[u8], _)] = &[(&signed.signature, &by)];
    let intoto = log::intoto_0_0_2(&kind, &payload, both);
    let entry = instance.rekor_v1.entry_v1(&intoto, time(SIGNED).as_second(), 1);
    let bundle = signed.bundle(V0_3, &[entry], &[]);
    let verified = verify(&instance.root(), &bundle, &keyless()).unwrap();
    let [entry] = verified.log_entries() else { panic!("one entry") };
    assert_eq!((entry.kind(), entry.version()), ("intoto", "0.0.2"));
    assert_eq!(entry.envelope_hash().unwrap().bytes(), sha256(b"as it was sent"));

    let dsse = json!({"apiVersion": "0.0.2", "kind": "dsse", "spec": {"dsseV002": {
        "payloadHash": {"algorithm": "SHA2_256", "digest": base64_encode(sha256(&payload))},
        "signatures": [signed.body_v2()["spec"]["hashedRekordV002"]["signature"]],
    }}});
    let entry = instance.rekor_v2.entry_v2(&dsse, 1);
    let bundle = signed.bundle(V0_3, &[entry], &[instance.stamp(&signed)]);
    verify(&instance.root(), &bundle, &keyless()).unwrap();
}

#[test]
fn every_kind_of_log_and_authority_key() {
    let mut instance = Instance::new("example.com");
    for key in [Key::p256(), Key::p384(), Key::rsa_pkcs1(KeySize::Rsa2048), Key::ed25519()] {
        let details = key.details();
        instance.rekor_v2 = Log::v2("log2.example.com", key);
        let bundle = instance.bundle_v2(&instance.sign());
        verify(&instance.root(), &bundle, &keyless()).unwrap_or_else(|e| panic!("{details}: {e}"));
    }
    for key in [Key::p384(), Key::p521(), Key::rsa_pkcs1(KeySize::Rsa3072), Key::ed25519()] {
        let details = key.details();
        instance.rekor_v1 = Log::v1("rekor.example.com", key);
        let bundle = instance.bundle(&instance.sign());
        verify(&instance.root(), &bundle, &keyless()).unwrap_or_else(|e| panic!("{details}: {e}"));
    }
    for key in [
        Key::p256(),
        Key::p384(),
        Key::p521(),
        Key::rsa_pkcs1(KeySize::Rsa4096),
        Key::rsa_pss(KeySize::Rsa2048),
        Key::ed25519(),
    ] {
        let details = key.details();
        instance.tsa = Tsa::new("https://tsa.example.com", key);
        let bundle = instance.bundle_v2(&instance.sign());
        verify(&instance.root(), &bundle, &keyless()).unwrap_or_else(|e| panic!("{details}: {e}"));
    }
    for key in [Key::p384(), Key::rsa_pkcs1(KeySize::Rsa2048)] {
        let details = key.details();
        instance.ct.key = key;
        let bundle = instance.bundle(&instance.sign());
        verify(&instance.root(), &bundle, &keyless()).unwrap_or_else(|e| panic!("{details}: {e}"));
    }
}

#[test]
fn every_shape_of_timestamp() {
    let instance = Instance::new("example.com");
    let signed = instance.sign();
    let accepted = |instance: &Instance, token: Vec<u8>| {
        let bundle = signed.bundle(V0_3, &[instance.entry_v2(&signed)], &[token]);
        verify(&instance.root(), &bundle, &keyless()).unwrap().times()[0].time()
    };
    let spec = || instance.tsa.token(&signed.signature, time(SIGNED));
    // a token without the response around it, and one without certificates
    assert_eq!(accepted(&instance, spec().sign(&instance.tsa)), time(SIGNED));
    let mut token = spec();
    token.certificates.clear();
    assert_eq!(accepted(&instance, token.response(&instance.tsa)), time(SIGNED));
    // granted with modifications, no name, SHA-1 in the ESS attribute (RFC 2634)
    let mut token = spec();
    (token.status, token.tsa) = (1, None);
    token.ess = Some(Ess::V1(instance.tsa.leaf.clone()));
    assert_eq!(accepted(&instance, token.response(&instance.tsa)), time(SIGNED));
    // fractions of a second
    let mut token = spec();
    token.time = forge::der::value(0x18, b"20260101120005.25Z");
    let wanted = time("2026-01-01T12:00:05.25Z");
    assert_eq!(accepted(&instance, token.response(&instance.tsa)), wanted);
    // the root lists no signer: the one in the token has a path to it
    let token = spec().response(&instance.tsa);
    let mut root = instance.root();
    let certificates = &mut root["timestampAuthorities"][0]["certChain"]["certificates"];
    certificates.as_array_mut().unwrap().remove(0);
    let bundle = signed.bundle(V0_3, &[instance.entry_v2(&signed)], &[token]);
    verify(&root, &bundle, &keyless()).unwrap();
    // a signer named by its key identifier
    let key_id = forge::der::value(0x80, &sha256(&instance.tsa.key.spki())[..20]);
    let mut token = instance.tsa.token(&signed.signature, time(SIGNED));
    token.signer = key_id;
    assert_eq!(accepted(&instance, token.response(&instance.tsa)), time(SIGNED));
}

#[test]
fn every_kind_of_name() {
    let instance = Instance::new("example.com");
    let workflow = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1";
    for (name, text, kind) in [
        (x509::email(IDENTITY), IDENTITY, SubjectAlternativeName::Email as fn(String) -> _),
        (x509::uri(workflow), workflow, SubjectAlternativeName::Uri),
        (x509::user_name("dev!example.com"), "dev!example.com", SubjectAlternativeName::OtherName),
    ] {
        let key = Key::p256();
        let mut leaf = instance.leaf(&key);
        leaf.alternative_name(name);
        leaf.remove("1.3.6.1.4.1.57264.1.1");
        leaf.fulcio_raw(2, "push").fulcio(20, "push").fulcio(14, "refs/tags/v1");
        leaf.fulcio_raw(5, "acme/app").fulcio(12, "https://github.com/acme/app");
        let leaf = instance.issue(&leaf);
        let bundle = instance.bundle(&instance.sign_as(key, leaf, ARTIFACT));
        let wanted = IdentityMatcher::exact(text, ISSUER);
        let wanted = Requirements::keyless(SignerRequirement::Identity(vec![wanted]));
        let verified = verify(&instance.root(), &bundle, &wanted).unwrap();
        let identity = verified.identity().unwrap();
        assert_eq!(identity.subject, kind(text.to_owned()));
        assert_eq!(identity.extensions.build_trigger.as_deref(), Some("push"));
        assert_eq!(identity.extensions.source_repository_ref.as_deref(), Some("refs/tags/v1"));
    }
    // a certificate of 2021 has the issuer in the first extension only
    let key = Key::p256();
    let mut leaf = instance.leaf(&key);
    leaf.remove("1.3.6.1.4.1.57264.1.8");
    let leaf = instance.issue(&leaf);
    let bundle = instance.bundle(&instance.sign_as(key, leaf, ARTIFACT));
    verify(&instance.root(), &bundle, &keyless()).unwrap();
}

#[test]
fn intermediates_may_come_with_a_bundle() {
    let instance = Instance::new("example.com");
    let signed = instance.sign();
    let mut root = instance.root();
    let certificates = &mut root["certificateAuthorities"][0]["certChain"]["certificates"];
    certificates.as_array_mut().unwrap().remove(0);
    let mut bundle = signed.bundle(V0_2, &[instance.entry_v1(&signed)], &[]);
    let chain = &mut bundle["verificationMaterial"]["x509CertificateChain"]["certificates"];
    let intermediate = json!({"rawBytes": base64_encode(&instance.intermediate)});
    chain.as_array_mut().unwrap().push(intermediate);
    let verified = verify(&root, &bundle, &keyless()).unwrap();
    let Some(Check::CertificatePath { certificates, .. }) = verified.checks().get(2) else {
        panic!()
    };
    assert_eq!(certificates.len(), 3);
}

#[test]
fn scts_with_extensions_from_two_logs_and_detached() {
    let instance = Instance::new("example.com");
    let second = x509::CtLog { url: "https://ct2.example.com".to_owned(), key: Key::p256() };
    let mut root = instance.root();
    let mut entry = root["ctlogs"][0].clone();
    entry["baseUrl"] = json!(second.url);
    entry["publicKey"]["rawBytes"] = json!(base64_encode(second.key.spki()));
    entry["logId"]["keyId"] = json!(base64_encode(second.id()));
    root["ctlogs"].as_array_mut().unwrap().push(entry);

    let key = Key::p256();
    let spec = instance.leaf(&key);
    let tbs = spec.tbs(&instance.intermediate_key.signature_algorithm());
    let spki = instance.intermediate_key.spki();
    let at = time(forge::ISSUED);
    // static-ct: one extension, the index of the leaf
    let extension = [0, 0, 5, 0, 0, 0, 0, 9];
    let scts =
        [instance.ct.embedded(&tbs, &spki, at, &extension), second.embedded(&tbs, &spki, at, &[])];
    let leaf = instance.issue_with(&spec, &scts);
    let signed = instance.sign_as(key, leaf, ARTIFACT);
    let mut two = keyless();
    two.certificate_transparency_logs = std::num::NonZeroUsize::new(2);
    verify(&root, &instance.bundle(&signed), &two).unwrap();

    let key = Key::p256();
    let leaf = instance.issue_with(&instance.leaf(&key), &[]);
    let mut material = parse(&instance.bundle(&instance.sign_as(key, leaf.clone(), ARTIFACT)));
    material.detached_scts = vec![instance.ct.detached(&leaf, at)];
    verify_material(&root, &material, &keyless()).unwrap();
}

#[test]
fn checkpoints_with_signatures_of_others_in_any_order() {
    let instance = Instance::new("example.com");
    let signed = instance.sign();
    let stranger = Log::v2("witness.example", Key::ed25519());
    let impostor = Log { key: Key::p256(), ..Log::v2(&instance.rekor_v2.name, Key::p256()) };
    let mut entry = instance.entry_v2(&signed);
    let note = entry["inclusionProof"]["checkpoint"]["envelope"].as_str().unwrap().to_owned();
    let (text, line) = note.split_once("\n\n").unwrap();
    let text = format!("{text}\n");
    let others = [stranger.signature_line(&text), impostor.signature_line(&text)];
    for lines in [format!("{}{line}{}", others[0], others[1]), format!("{line}{}", others.concat())]
    {
        let note = format!("{text}\n{lines}");
        entry["inclusionProof"]["checkpoint"]["envelope"] = json!(note);
        let bundle = signed.bundle(V0_3, &[entry.clone()], &[instance.stamp(&signed)]);
        let verified = verify(&instance.root(), &bundle, &keyless()).unwrap();
        let other = verified.checks().iter().find_map(|check| match check {
            Check::Checkpoint { other_signatures, .. } => Some(*other_signatures),
            _ => None,
        });
        assert_eq!(other, Some(2));
    }
}

/// A bundle may have evidence by strangers beside enough evidence by those who are trusted.
#[test]
fn evidence_by_strangers_is_left_aside_and_named() {
    let (instance, stranger) = (Instance::new("example.com"), Instance::new("example.org"));
    let signed = instance.sign();
    let entries = [stranger.entry_v1(&signed), instance.entry_v1(&signed)];
    let stamps = [stranger.stamp(&signed), instance.stamp(&signed)];
    let bundle = signed.bundle(V0_3, &entries, &stamps);
    let verified = verify(&instance.root(), &bundle, &keyless()).unwrap();
    assert_eq!(verified.log_entries().len(), 1);
    assert_eq!(verified.times().len(), 2);
    let places: Vec<_> = verified.unused().iter().map(|unused| unused.place()).collect();
    assert_eq!(places, ["timestamp 0", "log entry 0"]);
}

#[test]
fn thresholds_are_met_by_distinct_logs_and_authorities() {
    let instance = Instance::new("example.com");
    let signed = instance.sign();
    let entries = [instance.entry_v1(&signed), instance.entry_v2(&signed)];
    let bundle = signed.bundle(V0_3, &entries, &[instance.stamp(&signed)]);
    let mut two = keyless();
    two.transparency_logs = std::num::NonZeroUsize::new(2);
    two.time_authorities = std::num::NonZeroUsize::new(2);
    two.timestamp_authorities = std::num::NonZeroUsize::new(1);
    verify(&instance.root(), &bundle, &two).unwrap();
}

#[test]
fn github_has_timestamps_and_neither_log_nor_scts() {
    let instance = Instance::new("example.com");
    let key = Key::p256();
    let leaf = instance.issue_with(&instance.leaf(&key), &[]);
    let statement = forge::statement(ARTIFACT);
    let signed = instance.attest_as(key, leaf, forge::IN_TOTO, &statement);
    let bundle = signed.bundle(V0_3, &[], &[instance.stamp(&signed)]);
    let matcher = IdentityMatcher::exact(IDENTITY, ISSUER);
    let github = Requirements::github(SignerRequirement::Identity(vec![matcher]));
    let verified = verify(&instance.root(), &bundle, &github).unwrap();
    assert!(verified.log_entries().is_empty());
    let refusal = verify(&instance.root(), &bundle, &keyless()).unwrap_err();
    assert_eq!(refusal.reason(), "too-few-scts");
}

#[test]
fn subjects_of_other_algorithms_and_among_many() {
    let instance = Instance::new("example.com");
    let sha512 = DigestAlgorithm::Sha512.digest(ARTIFACT).hex();
    let other = "a".repeat(64);
    let subject = json!([
        {"name": "other", "digest": {"sha256": other}},
        {"name": "pkg:npm/app@1.0.0", "digest": {"sha512": sha512, "gitCommit": "x"}},
    ]);
    let signed = instance.attest_with(Key::p256(), &forge::statement_about(&subject));
    let verified = verify(&instance.root(), &instance.bundle(&signed), &keyless()).unwrap();
    let wanted = DigestAlgorithm::Sha512.digest(ARTIFACT);
    assert_eq!(verified.subject().iter().collect::<Vec<_>>(), [&wanted]);
}

#[test]
fn cosigns_local_bundle() {
    let instance = Instance::new("example.com");
    let pem = |signed: &Signed| pem_encode("CERTIFICATE", &signed.leaf);
    let rekor = |signed: &Signed, body: &Value| {
        let body = canonical(body);
        let at = time(SIGNED).as_second();
        json!({
            "SignedEntryTimestamp": base64_encode(instance.rekor_v1.promise(&body, at, 9)),
            "Payload": {
                "body": base64_encode(&body), "integratedTime": at, "logIndex": 9,
                "logID": hex_encode(instance.rekor_v1.id)},
            "_": signed.algorithm,
        })
    };
    let signed = instance.sign();
    let mut bundle = rekor(&signed, &signed.body_v1());
    bundle.as_object_mut().unwrap().remove("_");
    for certificate in [pem(&signed), base64_encode(pem(&signed)), base64_encode(&signed.leaf)] {
        let document = json!({
            "base64Signature": base64_encode(&signed.signature),
            "cert": certificate, "rekorBundle": bundle});
        let verified = verify(&instance.root(), &document, &keyless()).unwrap();
        assert_eq!(verified.format(), Format::CosignBundle);
        assert_eq!(verified.log_entries()[0].inclusion(), None);
    }
    // attest-blob: the signature is the envelope
    let signed = instance.attest();
    let mut bundle = rekor(&signed, &signed.body_v1());
    bundle.as_object_mut().unwrap().remove("_");
    let envelope = serde_json::to_vec(&signed.content.1).unwrap();
    let document = json!({
        "base64Signature": base64_encode(envelope),
        "cert": base64_encode(pem(&signed)), "rekorBundle": bundle});
    assert!(verify(&instance.root(), &document, &keyless()).unwrap().statement().is_some());
}

#[test]
fn detached_files() {
    let instance = Instance::new("example.com");
    let signed = instance.sign();
    let body = canonical(&signed.body_v1());
    let at = time(SIGNED).as_second();
    let entry = json!({"uuid": {
        "body": base64_encode(&body), "integratedTime": at, "logIndex": 9,
        "logID": hex_encode(instance.rekor_v1.id),
        "verification": {
            "signedEntryTimestamp": base64_encode(instance.rekor_v1.promise(&body, at, 9))},
    }});
    let signature = format!("{}\n", base64_encode(&signed.signature));
    let certificate = pem_encode("CERTIFICATE", &signed.leaf);
    let chain = pem_encode("CERTIFICATE", &instance.intermediate)
        + &pem_encode("CERTIFICATE", &instance.root);
    let entry = serde_json::to_vec(&entry).unwrap();
    let stamp = json!({"SignedRFC3161Timestamp": base64_encode(instance.stamp(&signed))});
    let stamp = serde_json::to_vec(&stamp).unwrap();
    let files = Detached {
        signature: DetachedSignature::Base64(signature.as_bytes()),
        certificate: Some(certificate.as_bytes()),
        chain: Some(chain.as_bytes()),
        log_entry: Some(&entry),
        timestamp: Some(&stamp),
        sct: None,
    };
    let material = detached::parse(&files, &Limits::default()).unwrap();
    let verified = verify_material(&instance.root(), &material, &keyless()).unwrap();
    assert_eq!(verified.times().len(), 2);
    assert_eq!(verified.document(), None);
}

#[test]
fn raw_envelopes() {
    let instance = Instance::new("example.com");
    let key = Key::p256();
    let public = key.public();
    let signed = instance.attest_with(key, &forge::statement(ARTIFACT));
    let mut envelope = signed.content.1.clone();
    let stranger = json!({"sig": base64_encode(b"of somebody else"), "keyid": "x"});
    envelope["signatures"].as_array_mut().unwrap().insert(0, stranger);
    let material = parse(&envelope);
    let verified = Verifier::keys_only()
        .verify(&material, Artifact::Bytes(ARTIFACT), &Requirements::key(public), time(NOW))
        .unwrap();
    assert!(matches!(verified.checks()[0], Check::Signature { index: 1, .. }));
    assert_eq!(verified.format(), Format::Dsse);
    assert_eq!(
        verified.document().unwrap().bytes(),
        sha256(&serde_json::to_vec(&envelope).unwrap())
    );
}

#[test]
fn pypis_attestations() {
    let instance = Instance::new("example.com");
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
    let verified = verify(&instance.root(), &attestation, &keyless()).unwrap();
    assert_eq!(verified.format(), Format::Pep740);
    let provenance = json!({"version": 1, "attestation_bundles": [
        {"publisher": {"kind": "GitHub"}, "attestations": [attestation]}]});
    let provenance = serde_json::to_vec(&provenance).unwrap();
    let many = formats::parse_many(&provenance, &Limits::default()).unwrap();
    let [Ok(material)] = many.as_slice() else { panic!("{many:?}") };
    verify_material(&instance.root(), material, &keyless()).unwrap();
}

#[test]
fn cosigns_annotations() {
    let instance = Instance::new("example.com");
    let at = time(SIGNED).as_second();
    let bundle = |body: &Value| {
        let body = canonical(body);
        json!({
            "SignedEntryTimestamp": base64_encode(instance.rekor_v1.promise(&body, at, 9)),
            "Payload": {
                "body": base64_encode(&body), "integratedTime": at, "logIndex": 9,
                "logID": hex_encode(instance.rekor_v1.id)},
        })
        .to_string()
    };
    let chain = pem_encode("CERTIFICATE", &instance.intermediate)
        + &pem_encode("CERTIFICATE", &instance.root);

    let said = SimpleSigning {
        docker_reference: "ghcr.io/acme/app".to_owned(),
        digest: ArtifactDigest::sha256(ARTIFACT),
        annotations: serde_json::Map::new(),
    };
    let payload = said.to_payload();
    let key = Key::p256();
    let leaf = instance.issue(&instance.leaf(&key));
    let signed = instance.sign_as(key, leaf, &payload);
    let (signature, certificate) =
        (base64_encode(&signed.signature), pem_encode("CERTIFICATE", &signed.leaf));
    let entry = bundle(&signed.body_v1());
    let annotations = Annotations {
        signature: Some(&signature),
        certificate: Some(&certificate),
        chain: Some(&chain),
        bundle: Some(&entry),
        timestamp: None,
    };
    let layer = Layer::SimpleSigning(&payload);
    let material = parse_layer(layer, &annotations, &Limits::default()).unwrap();
    let verified = verify_material(&instance.root(), &material, &keyless()).unwrap();
    assert_eq!(verified.format(), Format::CosignAnnotations);
    assert_eq!(verified.simple_signing(), Some(&said));
    assert_eq!(verified.payload(), Some(payload.as_slice()));
    assert_eq!(verified.subject(), &ArtifactDigest::sha256(ARTIFACT).into());

    // kept outside the registry, it is the same
    let named = [
        ("dev.cosignproject.cosign/signature", signature.as_str()),
        ("dev.sigstore.cosign/certificate", &certificate),
        ("dev.sigstore.cosign/chain", &chain),
        ("dev.sigstore.cosign/bundle", &entry),
        ("org.example/unknown", "ignored"),
    ];
    let kept = write_layer(layer, named);
    assert_eq!(formats::parse(&kept, &Limits::default()).as_ref(), Ok(&material));

    // it names another image
    let other = ArtifactDigests::from(ArtifactDigest::sha256(b"another"));
    let refusal = verifier(&instance.root())
        .verify(&material, Artifact::Digests(&other), &keyless(), time(NOW))
        .unwrap_err();
    assert_eq!(refusal.reason(), "subject-mismatch");
    // it is another payload than the one that was signed
    let mut changed = material.clone();
    let signature = base64_decode("signature", &signature).unwrap();
    let payload = SimpleSigning { docker_reference: "other".to_owned(), ..said.clone() };
    changed.content = SignedContent::SimpleSigning { payload: payload.to_payload(), signature };
    let refusal = verify_material(&instance.root(), &changed, &keyless()).unwrap_err();
    assert_eq!(refusal.reason(), "signature-invalid");
    // what is signed is no payload
    let signed_file = instance.sign();
    let signature = base64_encode(&signed_file.signature);
    let certificate = pem_encode("CERTIFICATE", &signed_file.leaf);
    let entry = bundle(&signed_file.body_v1());
    let annotations = Annotations {
        signature: Some(&signature),
        certificate: Some(&certificate),
        chain: Some(&chain),
        bundle: Some(&entry),
        timestamp: None,
    };
    let layer = Layer::SimpleSigning(ARTIFACT);
    let material = parse_layer(layer, &annotations, &Limits::default()).unwrap();
    let refusal = verify_material(&instance.root(), &material, &keyless()).unwrap_err();
    assert_eq!(refusal.reason(), "payload-malformed");

    // an attestation: intoto 0.0.1 has the digest of the layer
    let signed = instance.attest();
    let blob = serde_json::to_vec(&signed.content.1).unwrap();
    let payload = &signed.payload.as_ref().unwrap().1;
    let entry = bundle(&log::intoto_0_0_1(&blob, payload, &signed.verifier()));
    let certificate = pem_encode("CERTIFICATE", &signed.leaf);
    let annotations = Annotations {
        signature: Some(""),
        certificate: Some(&certificate),
        bundle: Some(&entry),
        ..Annotations::default()
    };
    let material = parse_layer(Layer::Envelope(&blob), &annotations, &Limits::default()).unwrap();
    let verified = verify_material(&instance.root(), &material, &keyless()).unwrap();
    assert_eq!(verified.log_entries()[0].kind(), "intoto");
}

#[test]
fn a_certificate_is_verified_once_and_its_times_every_time() {
    let instance = Instance::new("example.com");
    let verifier = verifier(&instance.root());
    let key = Key::p256();
    let leaf = instance.issue(&instance.leaf(&key));
    let signed = instance.sign_as(key, leaf, ARTIFACT);
    let now = time("2026-01-02T00:00:00Z");
    let at = |seconds: i64| {
        let entry =
            instance.rekor_v1.entry_v1(&signed.body_v1(), time(SIGNED).as_second() + seconds, 4);
        let material = parse(&signed.bundle(V0_3, &[entry], &[]));
        verifier.verify(&material, Artifact::Bytes(ARTIFACT), &keyless(), now)
    };
    let first = at(0).unwrap();
    let again = at(1).unwrap();
    assert_eq!(checks(&first), checks(&again));
    assert!(matches!(at(600), Err(Refusal::CertificateNotValid { .. })));
    at(2).unwrap();
}
