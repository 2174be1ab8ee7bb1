//! Transparency logs: entries, the promise to include one, and the proof that one is included.

mod body;
mod checkpoint;
mod merkle;
mod promise;
mod proof;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::material::LogId;
use chainsign_core::trust::{LogInstance, ValidFor};

pub(crate) use body::{Claim, EntryVerifier, bind};
pub(crate) use promise::promised_time;
pub(crate) use proof::{Proven, checkpoint_is_of, prove_inclusion};

use crate::Refusal;
use crate::key::{KeyKind, Scheme, Signed, VerificationKey};

/// A key of a log of the trusted root: a transparency log's or a certificate transparency log's.
pub(crate) struct LogKey {
    pub(crate) id: LogId,
    /// Where the log is.
    pub(crate) name: String,
    pub(crate) valid_for: ValidFor,
    key: VerificationKey,
    scheme: Scheme,
}

impl LogKey {
    /// Parses the key of a log.
    ///
    /// # Errors
    /// What was found and wanted.
    pub(crate) fn new(log: &LogInstance) -> Result<Self, String> {
        let (key, scheme) = VerificationKey::parse_as(&log.public_key, log.algorithm)?;
        Ok(LogKey {
            id: log.log_id,
            name: log.base_url.clone(),
            valid_for: log.valid_for,
            key,
            scheme,
        })
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify(self.scheme, Signed::Message(message), signature).is_ok()
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn kind(&self) -> KeyKind {
        self.key.kind()
    }

    pub(crate) fn fingerprint(&self) -> &ArtifactDigest {
        self.key.fingerprint()
    }

    /// The 32 bytes of an Ed25519 key.
    pub(crate) fn raw(&self) -> &[u8] {
        self.key.raw()
    }
}

/// Tries every key that a trusted root has for one log id: the first that does is the one.
pub(crate) fn first<'a, T>(
    keys: &[&'a LogKey],
    none: impl FnOnce() -> Refusal,
    attempt: impl Fn(&'a LogKey) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut failures = Vec::new();
    for key in keys {
        match attempt(key) {
            Ok(proven) => return Ok(proven),
            Err(failure) => failures.push(failure),
        }
    }
    Err(Refusal::of_candidates(failures, none()))
}
