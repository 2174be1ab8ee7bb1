//! The one way from signed material to something that may be believed.

use jiff::Timestamp;

use crate::artifact::Artifact;
use crate::material::SignedMaterial;
use crate::requirements::Requirements;

/// Verifies signed material under the trusted root that the verifier was made with.
///
/// Contract: `Ok` only when every one of the requirements holds at a proven time not after `now`,
/// and the content is about this artifact. No I/O and no clock.
pub trait BundleVerifier {
    /// Proof of the verification, with its evidence. Nothing else can make one.
    type Verified;
    /// Why not.
    type Refusal: std::error::Error + Send + Sync + 'static;

    /// Verifies.
    ///
    /// # Errors
    /// The refusal, naming the check that failed with what it found and wanted.
    fn verify(
        &self,
        material: &SignedMaterial,
        artifact: Artifact<'_>,
        requirements: &Requirements,
        now: Timestamp,
    ) -> Result<Self::Verified, Self::Refusal>;
}
