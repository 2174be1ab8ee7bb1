//! The entry with which the sandbox itself starts a log.
//!
//! Index 0 is a trap: protobuf's JSON leaves zeros out, so that cosign and sigstore-go write
//! bundles without `logIndex`, which sigstore-python refuses. No public log meets it again.

use super::sha256;
use crate::Error;
use crate::keys::{Curve, EcdsaKey};
use crate::state::Store;

/// A signed digest, by a P-256 key that is then thrown away.
pub(super) struct FirstEntry {
    pub(super) digest: [u8; 32],
    /// DER.
    pub(super) signature: Vec<u8>,
    /// SubjectPublicKeyInfo, DER.
    pub(super) spki: Vec<u8>,
}

impl FirstEntry {
    pub(super) fn sign() -> Result<Self, Error> {
        let key = EcdsaKey::load(&Store::none(), "first-entry", Curve::P256)?;
        let signature = key.sign(MESSAGE)?;
        Ok(FirstEntry { digest: sha256(MESSAGE), signature, spki: key.spki().to_vec() })
    }
}

const MESSAGE: &[u8] = b"chainsign sandbox: what is logged here means nothing\n";
