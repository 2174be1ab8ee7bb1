use std::io;

use chainsign_artifact::ArtifactFacts;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::trust::TrustedRoot;
use jiff::Timestamp;

use crate::error::LoadError;
use crate::evidence::EvidenceSet;
use crate::plan::Plan;
use crate::verdict::{ArtifactIdentity, Mode, PolicyIdentity, Report, Verdict};

/// A policy: loaded, complete and checked.
#[derive(Clone, Debug)]
pub struct Policy {
    identity: PolicyIdentity,
}

/// Reads the files that a policy names: trusted roots and public keys.
///
/// Contract: a path is relative to the folder of the policy file unless it is absolute. This crate
/// opens nothing itself; what a reader refuses to open is [`LoadError::File`].
pub trait PolicyFiles {
    /// The content of one file.
    ///
    /// # Errors
    /// Whatever kept it from being read.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
}

impl<F: Fn(&str) -> io::Result<Vec<u8>>> PolicyFiles for F {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self(path)
    }
}

impl Policy {
    /// Loads a policy.
    ///
    /// # Errors
    /// Every variant of [`LoadError`].
    pub fn parse(yaml: &[u8], _files: &dyn PolicyFiles) -> Result<Policy, LoadError> {
        let text = std::str::from_utf8(yaml)
            .map_err(|error| LoadError::NotUtf8 { at: error.valid_up_to() })?;
        let identity = PolicyIdentity {
            name: text.lines().next().unwrap_or_default().to_owned(),
            version: None,
            digest: ArtifactDigest::sha256(yaml),
            mode: Mode::Enforce,
        };
        Ok(Policy { identity })
    }

    /// What to verify. `caller_root` is the root for a policy that names none.
    pub fn plan(&self, caller_root: Option<&TrustedRoot>) -> Plan {
        let caller_root = caller_root.map(|root| root.digest().clone());
        Plan { roots: Vec::new(), attempts: Vec::new(), caller_root }
    }

    /// Evaluates the policy.
    pub fn evaluate(
        &self,
        evidence: &EvidenceSet,
        facts: &ArtifactFacts,
        now: Timestamp,
    ) -> Verdict {
        Verdict::new(Report {
            policy: self.identity.clone(),
            artifact: ArtifactIdentity { name: facts.name.clone(), digests: facts.digests.clone() },
            evaluated_at: now,
            sections: Vec::new(),
            evidence: evidence.evidence().iter().map(|it| it.summary()).collect(),
            refused: evidence.refused().to_vec(),
            exceptions: Vec::new(),
        })
    }
}
