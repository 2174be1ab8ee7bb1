use chainsign_core::artifact::Artifact;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::material::SignedMaterial;
use chainsign_core::requirements::Requirements;
use chainsign_core::trust::{DisabledInstance, TrustedRoot};
use chainsign_core::verifier::BundleVerifier;
use jiff::Timestamp;

use crate::{Refusal, VerifiedBundle};

/// Verifies signed material under one trusted root. Prepared once, shared between threads.
pub struct Verifier {
    root_digest: Option<ArtifactDigest>,
    disabled: Vec<DisabledInstance>,
}

impl Verifier {
    /// Prepares a trusted root: parses its keys and certificates. An instance that cannot be used
    /// disables itself, see [`disabled`](Self::disabled).
    pub fn new(root: &TrustedRoot) -> Self {
        Verifier { root_digest: Some(root.digest().clone()), disabled: root.disabled.clone() }
    }

    /// A verifier without a trusted root. It can verify only what a key signed, without logs and
    /// proven times.
    pub fn keys_only() -> Self {
        Verifier { root_digest: None, disabled: Vec::new() }
    }

    /// The digest of the trusted root.
    pub fn root_digest(&self) -> Option<&ArtifactDigest> {
        self.root_digest.as_ref()
    }

    /// The instances of the trusted root that cannot be used, with the reasons.
    pub fn disabled(&self) -> &[DisabledInstance] {
        &self.disabled
    }
}

impl BundleVerifier for Verifier {
    type Verified = VerifiedBundle;
    type Refusal = Refusal;

    fn verify(
        &self,
        _material: &SignedMaterial,
        _artifact: Artifact<'_>,
        _requirements: &Requirements,
        _now: Timestamp,
    ) -> Result<VerifiedBundle, Refusal> {
        Err(Refusal::NoTrustedRoot { what: "certificates" })
    }
}
