//! The transparency logs. Both versions are Merkle trees with signed checkpoints; they differ in
//! what an entry looks like and in what else is signed.

mod checkpoint;
mod first;
pub(crate) mod v1;
pub(crate) mod v2;
mod views;

use checkpoint::{NoteKey, checkpoint};
use first::FirstEntry;
use views::Views;

use crate::x509::sha256;
