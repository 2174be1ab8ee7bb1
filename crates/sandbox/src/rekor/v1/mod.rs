//! Rekor v1: what is logged is checked first, and each entry comes with the log's signature over
//! its time (SET), an inclusion proof, and a checkpoint.

mod dsse;
mod entry;
mod hashedrekord;
mod index;
mod intoto;
mod proof;
mod routes;
mod verifier;

use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::encoding::Base64Bytes;
use chainsign_core::key::KeyAlgorithm;
use serde::{Deserialize, Serialize};

use super::{FirstEntry, NoteKey, sha256};
use crate::Error;
use crate::keys::{Curve, EcdsaKey};
use crate::merkle::{Log, Record, leaf_hash};
use crate::misbehaviour::{Behaviour, Service};
use crate::state::Store;
use crate::trust::LogKey;
use entry::ProposedEntry;
use proof::EntryAnswer;
use routes::Refusal;

pub(crate) use routes::routes;

/// The log.
#[derive(Debug)]
pub(crate) struct RekorV1 {
    key: EcdsaKey,
    id: [u8; 32],
    /// The host name of the log's URL: the name of its key in checkpoints.
    host: String,
    entries: Log<Entry>,
    behaviour: Arc<Behaviour>,
}

/// What the log keeps.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// Canonical JSON: what the leaf hash covers.
    body: Base64Bytes,
    /// Seconds since 1970.
    integrated_time: i64,
    /// What it can be found by.
    keys: Vec<String>,
}

impl Record for Entry {
    fn leaf(&self) -> &[u8] {
        &self.body.0
    }
}

impl RekorV1 {
    pub(crate) fn open(
        store: &Store,
        host: &str,
        behaviour: Arc<Behaviour>,
    ) -> Result<Self, Error> {
        let key = EcdsaKey::load(store, "rekor-v1", Curve::P256)?;
        let rekor = RekorV1 {
            id: sha256(key.spki()),
            key,
            host: host.to_owned(),
            entries: Log::open(store, "rekor-v1.log")?,
            behaviour,
        };
        if rekor.entries.contents().records().is_empty() {
            rekor.take_first_entry()?;
        }
        Ok(rekor)
    }

    fn take_first_entry(&self) -> Result<(), Error> {
        let entry = hashedrekord::propose(&FirstEntry::sign()?);
        let taken = self.create(entry.to_string().as_bytes());
        taken.map(|_| ()).map_err(|refusal| Error::FirstEntry { reason: format!("{refusal:?}") })
    }

    pub(crate) fn log_key(&self) -> LogKey<'_> {
        let algorithm = KeyAlgorithm::EcdsaP256Sha256;
        LogKey { spki: self.key.spki(), algorithm, id: self.id }
    }

    /// Takes an entry.
    fn create(&self, proposed: &[u8]) -> Result<EntryAnswer, Refusal> {
        let entry = ProposedEntry::parse(proposed)?.canonicalize()?;
        let record = Entry {
            body: Base64Bytes(entry.body),
            integrated_time: self.behaviour.now(Service::RekorV1).as_second(),
            keys: entry.keys,
        };
        let leaf = leaf_hash(record.leaf());
        let mut contents = self.entries.contents();
        if contents.index_of(&leaf).is_some() {
            return Err(Refusal::Duplicate(self.entry_id(&leaf)));
        }
        let index = contents.append(record)?;
        Ok(self.answer_new(&contents, index)?)
    }

    /// The id of the one tree: a positive number that follows from the key.
    fn tree_id(&self) -> u64 {
        let (first, _) = self.id.split_at(8);
        first.iter().fold(0, |id, byte| id << 8 | u64::from(*byte)) >> 1
    }

    /// Tree id and leaf hash, hexadecimal: rekor `pkg/sharding/sharding.go`.
    fn entry_id(&self, leaf: &[u8; 32]) -> String {
        format!("{:016x}{}", self.tree_id(), hex::encode(leaf))
    }
}

impl NoteKey for RekorV1 {
    /// sigstore-go knows a checkpoint of v1 by this form.
    fn origin(&self) -> String {
        format!("{} - {}", self.host, self.tree_id())
    }

    fn name(&self) -> &str {
        &self.host
    }

    fn id(&self) -> &[u8; 32] {
        &self.id
    }

    fn sign_note(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        self.key.sign(text)
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    ArtifactDigest::sha256(bytes).hex()
}
