//! What a policy asks to be verified, and verifying it.

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::material::{Credential, Format, SignedContent, SignedMaterial};
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::TrustedRoot;
use chainsign_policy::{Candidate, Claim, Origin};

use crate::common::*;

fn trusted(name: &str) -> TrustedRoot {
    TrustedRoot::parse(root(name).as_bytes(), &Limits::default()).unwrap()
}

#[test]
fn each_way_to_verify_is_there_once() {
    let plan = parse(BASELINE).unwrap().plan(Some(&trusted("caller")));
    let attempts: Vec<_> = plan
        .attempts()
        .iter()
        .map(|it| (it.root.clone(), it.requirements.clone(), it.authorities.join(" ")))
        .collect();
    let one = Some(root_digest("one"));
    let mut offline = Requirements::logged_key(key());
    offline.time_authorities = offline.transparency_logs;
    let keyless = Requirements::keyless(SignerRequirement::AnyIdentity);
    assert_eq!(
        attempts,
        [
            (one.clone(), keyless, "builder release scanner".to_owned()),
            (one.clone(), Requirements::key(other_key()), "nobody".to_owned()),
            (one, offline, "offline".to_owned()),
        ]
    );
    // The caller's root is not for a policy that names its own.
    let roots: Vec<_> = plan.roots().iter().map(|root| root.digest().clone()).collect();
    assert_eq!(roots, [root_digest("one")]);
}

#[test]
fn a_policy_without_roots_gets_the_callers() {
    let yaml = format!(
        "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: x}}\nauthorities:\n  \
         a: {{keyless: {{issuer: '{ISSUER}', subject: x}}}}\n  b: {{key: {{file: key.pub}}}}\n  \
         c: {{key: {{file: key.pub, log: require}}}}\nsignatures: {{require: a}}\n"
    );
    let policy = parse(&yaml).unwrap();
    let plan = policy.plan(Some(&trusted("caller")));
    let caller = Some(root_digest("caller"));
    assert!(plan.attempts().iter().all(|attempt| attempt.root == caller));
    assert_eq!(plan.attempts().len(), 3);
    // Without one, only what needs none can verify.
    let plan = policy.plan(None);
    let attempts: Vec<_> = plan.attempts().iter().map(|it| it.authorities.join(" ")).collect();
    assert_eq!(attempts, ["b"]);
    assert_eq!(plan.roots().len(), 0);
}

#[test]
fn githubs_instance_promises_something_else() {
    let plan = parse(&changed("instance: sigstore", "instance: github")).unwrap().plan(None);
    let github = Requirements::github(SignerRequirement::AnyIdentity);
    assert_eq!(plan.attempts()[0].requirements, github);
}

fn material(credential: Credential) -> SignedMaterial {
    SignedMaterial {
        format: Format::BundleV0_3,
        document: Some(ArtifactDigest::sha256(b"document")),
        content: SignedContent::Message { digest: None, signature: vec![1] },
        credential,
        log_entries: Vec::new(),
        timestamps: Vec::new(),
        detached_scts: Vec::new(),
    }
}

#[track_caller]
fn refused(candidate: Candidate, check: &str, reason: &str) {
    let Candidate::Refused(refused) = candidate else { panic!("{candidate:?}") };
    assert_eq!((refused.check.as_str(), refused.reason.as_str()), (check, reason));
    assert_eq!(refused.document, Some(ArtifactDigest::sha256(b"document")));
    assert_eq!(refused.claim, Claim::Signature);
}

#[test]
fn what_does_not_verify_is_refused_with_the_reason_that_got_furthest() {
    let policy = parse(BASELINE).unwrap();
    let plan = policy.plan(None);
    let verifiers = plan.verifiers();
    let digests = Release::good().digests();
    let check = |credential| {
        let origin = Origin::new("bundle.json");
        verifiers.check(&origin, &material(credential), Artifact::Digests(&digests), at(NOW))
    };
    let certificate = Credential::Certificate { leaf: vec![0], others: Vec::new() };
    refused(check(certificate.clone()), "certificate-path", "certificate-malformed");
    refused(check(Credential::Key { hint: "x".to_owned() }), "key", "key-unusable");
    // Nobody in the policy signs with a certificate.
    let keys_only = parse(
        "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {name: x}\n\
         authorities: {b: {key: {file: key.pub}}}\nsignatures: {require: b}\n",
    )
    .unwrap();
    let plan = keys_only.plan(None);
    let origin = Origin::new("bundle.json");
    let artifact = Artifact::Digests(&digests);
    let candidate = plan.verifiers().check(&origin, &material(certificate), artifact, at(NOW));
    refused(candidate, "identity", "no-such-authority");
}
