//! What the log says of an entry: rekor `openapi.yaml`, `LogEntry`.

use chainsign_core::encoding::base64_encode;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Entry, RekorV1};
use crate::Error;
use crate::merkle::{Contents, Record as _, leaf_hash};
use crate::misbehaviour::Misbehaviour;
use crate::rekor::{Views, checkpoint};

/// An entry with its id, as one JSON object.
#[derive(Debug)]
pub(super) struct EntryAnswer {
    pub(super) id: String,
    pub(super) json: Value,
}

impl RekorV1 {
    /// The answer for an entry that was just taken: here the log may be told to lie.
    pub(super) fn answer_new(
        &self,
        contents: &Contents<Entry>,
        index: usize,
    ) -> Result<EntryAnswer, Error> {
        let views = Views::new(contents.tree(), index, self.behaviour.fork());
        let promised = match self.behaviour.is(&Misbehaviour::EntryTimestampOfAnotherEntry) {
            true => b"another entry",
            false => contents.records()[index].leaf(),
        };
        self.answer_from(contents, index, &views, promised)
    }

    /// The answer for an entry of the log, with proof and checkpoint of its present size.
    pub(super) fn answer(
        &self,
        contents: &Contents<Entry>,
        index: usize,
    ) -> Result<EntryAnswer, Error> {
        let promised = contents.records()[index].leaf();
        self.answer_from(contents, index, &Views::new(contents.tree(), index, None), promised)
    }

    fn answer_from(
        &self,
        contents: &Contents<Entry>,
        index: usize,
        views: &Views<'_>,
        promised: &[u8],
    ) -> Result<EntryAnswer, Error> {
        let entry = &contents.records()[index];
        let log_id = hex::encode(self.id);
        let (tree_size, root_hash) = views.proof.head();
        let hashes = views.proof.inclusion_proof(index, tree_size).unwrap_or_default();
        let promise = Promise {
            body: base64_encode(promised),
            integrated_time: entry.integrated_time,
            log_id: &log_id,
            log_index: index,
        };
        let json = json!({
            "body": base64_encode(entry.leaf()),
            "integratedTime": entry.integrated_time,
            "logID": log_id,
            "logIndex": index,
            "verification": {
                "inclusionProof": {
                    "checkpoint": checkpoint(&views.checkpoint, self, &self.behaviour)?,
                    "hashes": hashes.iter().map(hex::encode).collect::<Vec<_>>(),
                    "logIndex": index,
                    "rootHash": hex::encode(root_hash),
                    "treeSize": tree_size,
                },
                "signedEntryTimestamp": base64_encode(self.key.sign(&promise.canonical()?)?),
            },
        });
        Ok(EntryAnswer { id: self.entry_id(&leaf_hash(entry.leaf())), json })
    }
}

/// What the signed entry timestamp is over.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Promise<'a> {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: &'a str,
    log_index: usize,
}

impl Promise<'_> {
    /// RFC 8785.
    fn canonical(&self) -> Result<Vec<u8>, Error> {
        serde_json_canonicalizer::to_vec(self).map_err(Error::encoding("a signed entry timestamp"))
    }
}
