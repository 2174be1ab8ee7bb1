//! What must be accepted: every format, log, algorithm and kind of signer.

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::formats;
use chainsign_core::identity::IdentityMatcher;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::TrustedRoot;
use chainsign_core::verifier::BundleVerifier;
use chainsign_verify::{Refusal, VerifiedBundle, Verifier};
use serde_json::Value;

use crate::forge::{self, ARTIFACT, IDENTITY, ISSUER, Instance, NOW};

pub(crate) fn verifier(root: &Value) -> Verifier {
    let root = serde_json::to_vec(root).unwrap();
    Verifier::new(&TrustedRoot::parse(&root, &Limits::default()).unwrap())
}

pub(crate) fn keyless() -> Requirements {
    let matcher = IdentityMatcher::exact(IDENTITY, ISSUER);
    Requirements::keyless(SignerRequirement::Identity(vec![matcher]))
}

pub(crate) fn verify(
    root: &Value,
    bundle: &Value,
    requirements: &Requirements,
) -> Result<VerifiedBundle, Refusal> {
    let bundle = serde_json::to_vec(bundle).unwrap();
    let material = formats::parse(&bundle, &Limits::default()).unwrap();
    verifier(root).verify(&material, Artifact::Bytes(ARTIFACT), requirements, forge::time(NOW))
}

#[test]
fn rekor_v1() {
    let instance = Instance::new("example.com");
    let verified =
        verify(&instance.root(), &instance.bundle(&instance.sign()), &keyless()).unwrap();
    let checks: Vec<_> = verified.checks().iter().map(|check| check.id().as_str()).collect();
    assert_eq!(checks, [""]);
}

#[test]
fn rekor_v2() {
    let instance = Instance::new("example.com");
    verify(&instance.root(), &instance.bundle_v2(&instance.sign()), &keyless()).unwrap();
    verify(&instance.root(), &instance.bundle_v2(&instance.attest()), &keyless()).unwrap();
    verify(&instance.root(), &instance.bundle(&instance.attest()), &keyless()).unwrap();
}
