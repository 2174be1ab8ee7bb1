//! What a verifier is told about the artifact.

use crate::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};

/// The artifact that signed material must be about.
#[derive(Clone, Copy, Debug)]
pub enum Artifact<'a> {
    /// Its digests: enough for everything but a pure Ed25519 message signature.
    Digests(&'a ArtifactDigests),
    /// Its bytes.
    Bytes(&'a [u8]),
}

impl Artifact<'_> {
    /// The digest of one algorithm: known, computed from the bytes, or neither.
    pub fn digest(&self, algorithm: DigestAlgorithm) -> Option<ArtifactDigest> {
        match self {
            Artifact::Digests(digests) => digests.get(algorithm).cloned(),
            Artifact::Bytes(bytes) => Some(algorithm.digest(bytes)),
        }
    }
}
