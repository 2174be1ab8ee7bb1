//! Merkle trees as RFC 6962 section 2.1 defines them, and logs on top of them.

mod log;
mod tree;

pub(crate) use log::{Contents, Log, Record};
pub(crate) use tree::{Hash, Tree, leaf_hash};
