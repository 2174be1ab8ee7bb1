//! Rekor v2: tiles, no time of its own, hashedrekord entries only
//! (rekor-tiles `api/proto/rekor/v2`).

mod entry;
mod routes;
mod tiles;

use std::sync::Arc;

use chainsign_core::encoding::{Base64Bytes, base64_encode};
use chainsign_core::key::KeyAlgorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{FirstEntry, NoteKey, Views, checkpoint, sha256};
use crate::Error;
use crate::keys::Ed25519Key;
use crate::merkle::{Log, Record};
use crate::misbehaviour::Behaviour;
use crate::state::Store;
use crate::trust::LogKey;
use routes::Refusal;

pub(crate) use routes::routes;

/// The log.
#[derive(Debug)]
pub(crate) struct RekorV2 {
    key: Ed25519Key,
    id: [u8; 32],
    /// The host name of the log's URL, without the port: sigstore-go derives origin, key name and
    /// id from it.
    origin: String,
    entries: Log<Entry>,
    behaviour: Arc<Behaviour>,
}

/// What the log keeps.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// Canonical JSON: what the leaf hash covers.
    body: Base64Bytes,
}

impl Record for Entry {
    fn leaf(&self) -> &[u8] {
        &self.body.0
    }
}

impl RekorV2 {
    pub(crate) fn open(
        store: &Store,
        host: &str,
        behaviour: Arc<Behaviour>,
    ) -> Result<Self, Error> {
        let key = Ed25519Key::load(store, "rekor-v2")?;
        let rekor = RekorV2 {
            id: key_id(host, key.raw()),
            key,
            origin: host.to_owned(),
            entries: Log::open(store, "rekor-v2.log")?,
            behaviour,
        };
        if rekor.entries.contents().records().is_empty() {
            rekor.take_first_entry()?;
        }
        Ok(rekor)
    }

    fn take_first_entry(&self) -> Result<(), Error> {
        let entry = entry::propose(&FirstEntry::sign()?);
        let taken = self.create(entry.to_string().as_bytes());
        taken.map(|_| ()).map_err(|refusal| Error::FirstEntry { reason: format!("{refusal:?}") })
    }

    pub(crate) fn log_key(&self) -> LogKey<'_> {
        LogKey { spki: self.key.spki(), algorithm: KeyAlgorithm::Ed25519, id: self.id }
    }

    /// Takes an entry and answers a `TransparencyLogEntry`.
    fn create(&self, request: &[u8]) -> Result<Value, Refusal> {
        let body = entry::canonicalize(request)?;
        let mut contents = self.entries.contents();
        let index = contents.append(Entry { body: Base64Bytes(body) })?;
        let views = Views::new(contents.tree(), index, self.behaviour.fork());
        let (size, root) = views.proof.head();
        let hashes = views.proof.inclusion_proof(index, size).unwrap_or_default();
        let checkpoint = checkpoint(&views.checkpoint, self, &self.behaviour)?;
        Ok(json!({
            "logIndex": index.to_string(),
            "logId": { "keyId": base64_encode(self.id) },
            "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
            "integratedTime": "0",
            "inclusionPromise": null,
            "inclusionProof": {
                "logIndex": index.to_string(),
                "rootHash": base64_encode(root),
                "treeSize": size.to_string(),
                "hashes": hashes.iter().map(base64_encode).collect::<Vec<_>>(),
                "checkpoint": { "envelope": checkpoint },
            },
            "canonicalizedBody": base64_encode(contents.records()[index].leaf()),
        }))
    }
}

impl NoteKey for RekorV2 {
    fn origin(&self) -> String {
        self.origin.clone()
    }

    fn name(&self) -> &str {
        &self.origin
    }

    fn id(&self) -> &[u8; 32] {
        &self.id
    }

    fn sign_note(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.key.sign(text))
    }
}

/// SHA-256 of name, line end, the byte 1 for Ed25519, and key: C2SP signed-note, "Signatures";
/// all 32 bytes are the log's id.
fn key_id(name: &str, key: &[u8]) -> [u8; 32] {
    sha256(&[name.as_bytes(), b"\n\x01", key].concat())
}
