//! What the caller gives: the root, the artifact, what is required. And what a refusal says about
//! common confusions.

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm};
use chainsign_core::encoding::{base64_encode, hex_encode};
use chainsign_core::formats::detached::{self, Detached, DetachedSignature};
use chainsign_core::identity::{IdentityMatcher, TextMatcher};
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::verifier::BundleVerifier;
use chainsign_verify::{CheckId, Confusion, Refusal, Verifier};
use serde_json::json;

use crate::forge::key::Key;
use crate::forge::log::canonical;
use crate::forge::x509;
use crate::forge::{ARTIFACT, ISSUER, Instance, NOW, SIGNED, V0_3, statement_about, time};
use crate::formats::{keyless, parse, verifier, verify, verify_material};

#[test]
fn without_a_trusted_root_only_a_key_can_verify() {
    let instance = Instance::new("example.com");
    let verifier = Verifier::keys_only();
    let material = parse(&instance.bundle(&instance.sign()));
    let refusal = verifier.verify(&material, Artifact::Bytes(ARTIFACT), &keyless(), time(NOW));
    assert!(matches!(refusal, Err(Refusal::NoTrustedRoot { .. })), "{refusal:?}");

    let key = Key::p256();
    let logged = Requirements::logged_key(key.public());
    let signed = instance.sign_with(key, ARTIFACT);
    let material = parse(&signed.key_bundle(&[instance.entry_v1(&signed)], &[]));
    let refusal = verifier.verify(&material, Artifact::Bytes(ARTIFACT), &logged, time(NOW));
    assert!(matches!(refusal, Err(Refusal::TooFewLogs { found: 0, wanted: 1, .. })), "{refusal:?}");
}

/// Two subjects of one statement contradict each other, whichever stands first.
#[test]
fn a_subject_that_disagrees_is_not_hidden_by_one_that_agrees() {
    let instance = Instance::new("example.com");
    let sha256 = DigestAlgorithm::Sha256.digest(ARTIFACT).hex();
    let good = json!({"name": "good", "digest": {"sha256": sha256}});
    let bad = json!({"name": "bad", "digest": {"sha256": sha256, "sha512": "a".repeat(128)}});
    for subjects in [json!([good, bad]), json!([bad, good])] {
        let signed = instance.attest_with(Key::p256(), &statement_about(&subjects));
        let refusal = verify(&instance.root(), &instance.bundle(&signed), &keyless());
        assert!(
            matches!(&refusal, Err(Refusal::SubjectDisagrees { name, .. }) if name == "bad"),
            "{refusal:?}"
        );
    }
}

/// Only a signed entry timestamp covers the index of an entry of Rekor v1.
#[test]
fn it_is_said_whether_the_log_vouches_for_an_index() {
    let instance = Instance::new("example.com");
    let signed = instance.sign();
    let mut without = instance.entry_v1(&signed);
    without.as_object_mut().unwrap().remove("inclusionPromise");
    without["logIndex"] = json!("77");
    let entries = [instance.entry_v1(&signed), instance.entry_v2(&signed), without];
    let proven = entries.map(|entry| {
        let bundle = signed.bundle(V0_3, &[entry], &[instance.stamp(&signed)]);
        let verified = verify(&instance.root(), &bundle, &keyless()).unwrap();
        verified.log_entries()[0].index_is_proven()
    });
    assert_eq!(proven, [true, true, false]);
}

#[test]
fn the_artifact_must_be_given_in_the_form_that_was_signed() {
    let instance = Instance::new("example.com");
    let verifier = verifier(&instance.root());
    let sha256 = ArtifactDigests::from(DigestAlgorithm::Sha256.digest(ARTIFACT));

    let signed = instance.sign_with(Key::p384(), ARTIFACT);
    let mut bundle = instance.bundle(&signed);
    let material = parse(&bundle);
    let refusal = verifier.verify(&material, Artifact::Digests(&sha256), &keyless(), time(NOW));
    let wanted =
        Refusal::DigestNeeded { algorithm: DigestAlgorithm::Sha384, found: sha256.clone() };
    assert_eq!(refusal.unwrap_err(), wanted);
    bundle["messageSignature"].as_object_mut().unwrap().remove("messageDigest");
    let material = parse(&bundle);
    assert_eq!(material.digest_algorithms(&Limits::default()), [DigestAlgorithm::Sha384]);
    let refusal = verifier.verify(&material, Artifact::Digests(&sha256), &keyless(), time(NOW));
    assert_eq!(refusal.unwrap_err(), wanted);

    let signed = instance.sign_with(Key::ed25519(), ARTIFACT);
    let material = parse(&instance.bundle(&signed));
    let refusal = verifier.verify(&material, Artifact::Digests(&sha256), &keyless(), time(NOW));
    assert!(matches!(refusal, Err(Refusal::MessageNeeded { .. })), "{refusal:?}");

    let mut bundle = instance.bundle(&signed);
    bundle["messageSignature"].as_object_mut().unwrap().remove("messageDigest");
    let large = vec![0; (128 << 20) + 1];
    let refusal = verifier.verify(&parse(&bundle), Artifact::Bytes(&large), &keyless(), time(NOW));
    assert!(
        matches!(refusal, Err(Refusal::MessageTooLarge { found: 134_217_729, .. })),
        "{refusal:?}"
    );

    let sha512 = json!([{"digest": {"sha512": DigestAlgorithm::Sha512.digest(ARTIFACT).hex()}}]);
    let statement = crate::forge::statement_about(&sha512);
    let material = parse(&instance.bundle(&instance.attest_with(Key::p256(), &statement)));
    let refusal = verifier.verify(&material, Artifact::Digests(&sha256), &keyless(), time(NOW));
    assert!(
        matches!(&refusal, Err(Refusal::DigestNeeded { algorithm: DigestAlgorithm::Sha512, .. })),
        "{refusal:?}"
    );
}

#[test]
fn an_entry_without_promise_and_without_proof_proves_nothing() {
    let instance = Instance::new("example.com");
    let signed = instance.sign();
    let entry = json!({"uuid": {
        "body": base64_encode(canonical(&signed.body_v1())),
        "integratedTime": time(SIGNED).as_second(), "logIndex": 9,
        "logID": hex_encode(instance.rekor_v1.id)}});
    let entry = serde_json::to_vec(&entry).unwrap();
    let stamp = instance.stamp(&signed);
    let files = Detached {
        signature: DetachedSignature::Raw(&signed.signature),
        certificate: Some(base64_encode(&signed.leaf).leak().as_bytes()),
        chain: None,
        log_entry: Some(&entry),
        timestamp: Some(&stamp),
        sct: None,
    };
    let material = detached::parse(&files, &Limits::default()).unwrap();
    let refusal = verify_material(&instance.root(), &material, &keyless()).unwrap_err();
    assert!(matches!(refusal, Refusal::InclusionProofMissing { log_index: 9, .. }), "{refusal}");
    assert_eq!(refusal.check(), CheckId::InclusionProof);
}

#[test]
fn an_unusable_instance_disables_itself_and_is_named() {
    let instance = Instance::new("example.com");
    let mut root = instance.root();
    let good = root["tlogs"][0].clone();
    let mut bad = good.clone();
    bad["publicKey"]["rawBytes"] = json!("AAAA");
    root["tlogs"] = json!([bad, good, root["tlogs"][1]]);
    let mut authority = root["certificateAuthorities"][0].clone();
    authority["certChain"]["certificates"][0]["rawBytes"] = json!("AAAA");
    root["certificateAuthorities"].as_array_mut().unwrap().push(authority);
    let verifier = verifier(&root);
    let disabled: Vec<_> = verifier.disabled().iter().map(|d| d.place.as_str()).collect();
    assert_eq!(disabled.len(), 2);
    assert!(disabled[0].starts_with("tlogs: https://rekor.example.com"), "{disabled:?}");
    assert!(disabled[1].starts_with("certificateAuthorities: https://fulcio.example.com"));
    let material = parse(&instance.bundle(&instance.sign()));
    verifier.verify(&material, Artifact::Bytes(ARTIFACT), &keyless(), time(NOW)).unwrap();
}

/// Two instances with equal names share nothing: their keys decide.
#[test]
fn the_same_identity_under_another_root_is_refused() {
    let (one, two) = (Instance::new("example.com"), Instance::new("example.com"));
    for bundle in [one.bundle(&one.sign()), one.bundle_v2(&one.sign())] {
        verify(&one.root(), &bundle, &keyless()).unwrap();
        let refusal = verify(&two.root(), &bundle, &keyless()).unwrap_err();
        assert!(matches!(refusal, Refusal::IssuerNotTrusted { .. }), "{refusal}");
    }
}

/// An authority that changed its keys is listed for each of them, and told once.
#[test]
fn authorities_that_are_trusted_are_told_once() {
    let instances = ["example.com", "example.org", "example.com"].map(Instance::new);
    let mut root = instances[0].root();
    for other in &instances[1..] {
        let authority = other.root()["certificateAuthorities"][0].clone();
        root["certificateAuthorities"].as_array_mut().unwrap().push(authority);
    }
    let signer = Instance::new("example.net");
    match verify(&root, &signer.bundle(&signer.sign()), &keyless()).unwrap_err() {
        Refusal::IssuerNotTrusted { trusted, .. } => {
            assert_eq!(trusted, ["https://fulcio.example.com", "https://fulcio.example.org"]);
        }
        other => panic!("{other}"),
    }
}

#[track_caller]
fn confused(name: &str, wanted_subject: &str, wanted_issuer: &str) -> Option<Confusion> {
    let instance = Instance::new("example.com");
    let key = Key::p256();
    let mut leaf = instance.leaf(&key);
    leaf.alternative_name(x509::uri(name));
    let leaf = instance.issue(&leaf);
    let bundle = instance.bundle(&instance.sign_as(key, leaf, ARTIFACT));
    let wanted = IdentityMatcher::exact(wanted_subject, wanted_issuer);
    let wanted = Requirements::keyless(SignerRequirement::Identity(vec![wanted]));
    let refusal = verify(&instance.root(), &bundle, &wanted).unwrap_err();
    assert!(matches!(refusal, Refusal::IdentityMismatch { .. }), "{refusal}");
    refusal.confusion().cloned()
}

#[test]
fn confusions_are_recognised() {
    let workflow = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1";
    let main = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main";
    let other_ref = Confusion::OtherRef {
        found: "refs/tags/v1".to_owned(),
        wanted: "refs/heads/main".to_owned(),
    };
    assert_eq!(confused(workflow, main, ISSUER), Some(other_ref));
    let upper = workflow.replace("acme", "Acme");
    assert_eq!(confused(workflow, &upper, ISSUER), Some(Confusion::Case));
    let slash = format!("{workflow}/");
    assert_eq!(confused(workflow, &slash, ISSUER), Some(Confusion::TrailingSlash));
    let slash = format!("{ISSUER}/");
    assert_eq!(confused(workflow, workflow, &slash), Some(Confusion::TrailingSlash));
    let other = "https://accounts.example.com";
    assert_eq!(confused(workflow, workflow, other), Some(Confusion::OtherIssuer));
    assert_eq!(confused(workflow, ISSUER, workflow), Some(Confusion::Swapped));
    assert_eq!(confused(workflow, "https://github.com/evil/app", ISSUER), None);
}

#[test]
fn a_refusal_says_what_was_found_and_wanted() {
    let instance = Instance::new("example.com");
    let matchers = vec![
        IdentityMatcher::exact("a@example.com", ISSUER),
        IdentityMatcher {
            subject: TextMatcher::Pattern(".*@example.org".parse().unwrap()),
            issuer: TextMatcher::Exact(ISSUER.to_owned()),
        },
    ];
    let wanted = Requirements::keyless(SignerRequirement::Identity(matchers));
    let bundle = instance.bundle(&instance.sign());
    let refusal = verify(&instance.root(), &bundle, &wanted).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "signed by dev@example.com (issuer https://issuer.example.com), wanted a@example.com \
         (issuer https://issuer.example.com), pattern .*@example.org \
         (issuer https://issuer.example.com)"
    );
    let nobody = Requirements::keyless(SignerRequirement::Identity(Vec::new()));
    let refusal = verify(&instance.root(), &bundle, &nobody).unwrap_err();
    assert_eq!(refusal.reason(), "identity-mismatch");
    let anybody = Requirements::keyless(SignerRequirement::AnyIdentity);
    verify(&instance.root(), &bundle, &anybody).unwrap();
}

/// Two authorities with one name: both are tried, both failures are kept.
#[test]
fn failures_of_all_candidates_are_kept() {
    let instance = Instance::with("example.com", |intermediate| {
        intermediate.not_after = time("2026-01-01T12:00:04Z");
        intermediate.remove("2.5.29.14");
    });
    let twin = Instance::with("example.com", |intermediate| {
        intermediate.remove("2.5.29.14");
    });
    let mut root = instance.root();
    let other = twin.root()["certificateAuthorities"][0].clone();
    root["certificateAuthorities"].as_array_mut().unwrap().insert(0, other);
    let refusal = verify(&root, &instance.bundle(&instance.sign()), &keyless()).unwrap_err();
    let reasons: Vec<_> = refusal.all().map(Refusal::reason).collect();
    assert_eq!(reasons, ["certificate-not-valid", "path-invalid"], "{refusal:?}");
    assert_eq!(refusal.check(), CheckId::CertificateValidity);
}

#[test]
fn a_verifier_is_shared_between_threads() {
    let instance = Instance::new("example.com");
    let verifier = verifier(&instance.root());
    let materials: Vec<_> = (0..8).map(|_| parse(&instance.bundle_v2(&instance.sign()))).collect();
    std::thread::scope(|scope| {
        for material in &materials {
            scope.spawn(|| {
                for _ in 0..4 {
                    let artifact = Artifact::Bytes(ARTIFACT);
                    verifier.verify(material, artifact, &keyless(), time(NOW)).unwrap();
                }
            });
        }
    });
}
