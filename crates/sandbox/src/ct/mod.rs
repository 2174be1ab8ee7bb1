//! The certificate transparency log: RFC 6962 section 3.
//!
//! Only Fulcio submits to it, in process. What leaves it is the SCT that Fulcio embeds; who wants
//! to know whether the promise was kept asks for tree head and proofs.

mod routes;
mod sct;

use std::sync::Arc;

use chainsign_core::encoding::Base64Bytes;
use serde::{Deserialize, Serialize};

pub(crate) use routes::routes;
pub(crate) use sct::sct_list_extension;

use crate::Error;
use crate::keys::{Curve, EcdsaKey};
use crate::merkle::{Log, Record};
use crate::misbehaviour::{Behaviour, Misbehaviour, Service};
use crate::state::Store;

/// The log.
#[derive(Debug)]
pub(crate) struct CtLog {
    key: EcdsaKey,
    /// Signs for a log that nobody knows.
    unknown_key: EcdsaKey,
    entries: Log<Entry>,
    behaviour: Arc<Behaviour>,
}

/// A certificate without its SCT, and who will sign it.
pub(crate) struct Precertificate<'a> {
    /// SHA-256 of the issuer's SubjectPublicKeyInfo.
    pub(crate) issuer_key_hash: [u8; 32],
    /// TBSCertificate without the poison and without the SCT list, DER.
    pub(crate) tbs: &'a [u8],
}

impl CtLog {
    pub(crate) fn open(store: &Store, behaviour: Arc<Behaviour>) -> Result<Self, Error> {
        Ok(CtLog {
            key: EcdsaKey::load(store, "ct", Curve::P256)?,
            unknown_key: EcdsaKey::load(&Store::none(), "ct-unknown", Curve::P256)?,
            entries: Log::open(store, "ct.log")?,
            behaviour,
        })
    }

    /// SubjectPublicKeyInfo of its key, DER. Its SHA-256 is the log's id.
    pub(crate) fn spki(&self) -> &[u8] {
        self.key.spki()
    }

    /// Logs a precertificate; the SCT in TLS encoding, or none when told to give none.
    pub(crate) fn submit(
        &self,
        precertificate: &Precertificate<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let timestamp = self.behaviour.now(Service::CtLog).as_millisecond().unsigned_abs();
        let leaf = sct::merkle_tree_leaf(timestamp, precertificate)?;
        self.entries.contents().append(Entry { leaf: Base64Bytes(leaf) })?;
        if self.behaviour.is(&Misbehaviour::NoSct) {
            return Ok(None);
        }
        let key = match self.behaviour.is(&Misbehaviour::SctByUnknownLog) {
            true => &self.unknown_key,
            false => &self.key,
        };
        let mut signed = Precertificate { ..*precertificate };
        if self.behaviour.is(&Misbehaviour::SctOfAnotherCertificate) {
            signed.issuer_key_hash = [0; 32];
        }
        sct::signed_timestamp(key, timestamp, &signed).map(Some)
    }

    fn tree_head(&self) -> Result<TreeHead, Error> {
        let timestamp = self.behaviour.now(Service::CtLog).as_millisecond().unsigned_abs();
        let (size, root) = self.entries.contents().tree().head();
        let signature = sct::tree_head_signature(&self.key, timestamp, size as u64, &root)?;
        Ok(TreeHead { timestamp, size, root, signature })
    }
}

/// A signed tree head.
struct TreeHead {
    /// Milliseconds since 1970.
    timestamp: u64,
    size: usize,
    root: [u8; 32],
    /// DigitallySigned, in TLS encoding.
    signature: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    leaf: Base64Bytes,
}

impl Record for Entry {
    fn leaf(&self) -> &[u8] {
        &self.leaf.0
    }
}
