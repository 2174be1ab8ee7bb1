//! The artifact of one verification.

use std::cell::OnceCell;

use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};

use crate::Refusal;

/// An artifact that is digested at most once with each algorithm, however many checks ask.
pub(crate) struct Digested<'a> {
    pub(crate) artifact: Artifact<'a>,
    digests: [(DigestAlgorithm, OnceCell<ArtifactDigest>); 3],
}

impl<'a> Digested<'a> {
    pub(crate) fn new(artifact: Artifact<'a>) -> Self {
        let digests = DigestAlgorithm::ALL.map(|algorithm| (algorithm, OnceCell::new()));
        Digested { artifact, digests }
    }

    /// The digest of an algorithm.
    ///
    /// # Errors
    /// [`Refusal::DigestNeeded`] when only digests are given, and not this one.
    pub(crate) fn digest(&self, algorithm: DigestAlgorithm) -> Result<&ArtifactDigest, Refusal> {
        let known = match self.artifact {
            Artifact::Digests(given) => given.get(algorithm),
            Artifact::Bytes(bytes) => {
                let mut digests = self.digests.iter();
                let digest = digests.find(|(known, _)| *known == algorithm);
                digest.map(|(_, digest)| digest.get_or_init(|| algorithm.digest(bytes)))
            }
        };
        known.ok_or_else(|| Refusal::DigestNeeded {
            algorithm,
            found: match self.artifact {
                Artifact::Digests(given) => given.clone(),
                Artifact::Bytes(_) => Default::default(),
            },
        })
    }

    /// The artifact's own bytes, for an algorithm that signs those.
    ///
    /// # Errors
    /// [`Refusal::MessageNeeded`], [`Refusal::MessageTooLarge`].
    pub(crate) fn whole(&self, algorithm: &'static str) -> Result<&'a [u8], Refusal> {
        match self.artifact {
            Artifact::Digests(_) => Err(Refusal::MessageNeeded { algorithm }),
            Artifact::Bytes(bytes) if bytes.len() > MAX_MESSAGE => {
                Err(Refusal::MessageTooLarge { algorithm, found: bytes.len(), limit: MAX_MESSAGE })
            }
            Artifact::Bytes(bytes) => Ok(bytes),
        }
    }
}

/// Pure Ed25519 signs the message itself, which must then be in memory.
const MAX_MESSAGE: usize = 128 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_digested_once() {
        let artifact = Digested::new(Artifact::Bytes(b"artifact"));
        for algorithm in DigestAlgorithm::ALL {
            let [first, second] = [(); 2].map(|()| artifact.digest(algorithm).unwrap());
            assert_eq!(*first, algorithm.digest(b"artifact"));
            assert!(std::ptr::eq(first, second));
        }
    }
}
