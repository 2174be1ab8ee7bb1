use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Hash, Tree, leaf_hash};
use crate::Error;
use crate::state::{Journal, Store};

/// What a log keeps of an entry.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// The bytes that the leaf hash covers.
    fn leaf(&self) -> &[u8];
}

/// An append-only log: records, the Merkle tree over them, and their journal.
#[derive(Debug)]
pub(crate) struct Log<R>(Mutex<Contents<R>>);

/// A log at one moment.
#[derive(Debug)]
pub(crate) struct Contents<R> {
    records: Vec<R>,
    tree: Tree,
    /// The first record of each leaf hash.
    index_of: HashMap<Hash, usize>,
    journal: Journal,
}

impl<R: Record> Log<R> {
    /// Opens the log, with what the state folder has of it.
    pub(crate) fn open(store: &Store, name: &'static str) -> Result<Self, Error> {
        let (journal, lines) = store.journal(name)?;
        let mut contents = Contents {
            records: Vec::new(),
            tree: Tree::default(),
            index_of: HashMap::new(),
            journal,
        };
        for (index, line) in lines.iter().enumerate() {
            let record: R = serde_json::from_slice(line).map_err(|error| {
                store.invalid(name, format!("line {} is no record: {error}", index + 1))
            })?;
            contents.push(record);
        }
        Ok(Log(Mutex::new(contents)))
    }

    /// The log now. Nothing is appended while the answer is held.
    pub(crate) fn contents(&self) -> MutexGuard<'_, Contents<R>> {
        // A panic while it was held cannot leave it half changed: `push` comes last.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Record> Contents<R> {
    /// Appends a record and returns its index; on return it is kept.
    pub(crate) fn append(&mut self, record: R) -> Result<usize, Error> {
        let line = serde_json::to_vec(&record).map_err(Error::encoding("a record of a log"))?;
        self.journal.append(&line)?;
        Ok(self.push(record))
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(crate) fn records(&self) -> &[R] {
        &self.records
    }

    /// The first record with this leaf hash.
    pub(crate) fn index_of(&self, leaf: &Hash) -> Option<usize> {
        self.index_of.get(leaf).copied()
    }

    fn push(&mut self, record: R) -> usize {
        let (leaf, index) = (leaf_hash(record.leaf()), self.records.len());
        self.tree.push(leaf);
        self.index_of.entry(leaf).or_insert(index);
        self.records.push(record);
        index
    }
}
