//! Which trees an answer speaks of: the log's own, unless it is told to lie.

use std::borrow::Cow;

use crate::merkle::{Tree, leaf_hash};
use crate::misbehaviour::Fork;

/// The trees of one answer.
#[derive(Debug)]
pub(crate) struct Views<'a> {
    /// The tree of the inclusion proof.
    pub(crate) proof: Cow<'a, Tree>,
    /// The tree of the checkpoint.
    pub(crate) checkpoint: Cow<'a, Tree>,
}

impl<'a> Views<'a> {
    /// One tree for both, unless there is a fork at the leaf of this index.
    pub(crate) fn new(tree: &'a Tree, index: usize, fork: Option<Fork>) -> Self {
        let (proof, checkpoint) = match fork {
            None => (Cow::Borrowed(tree), Cow::Borrowed(tree)),
            Some(Fork::OtherLeaves) => {
                let mut other = altered(tree, |place| place != index);
                // Even a log of one entry then has a fork.
                other.push(leaf_hash(b"fork"));
                (Cow::Owned(other.clone()), Cow::Owned(other))
            }
            Some(Fork::WithoutTheEntry) => {
                let other = altered(tree, |place| place == index);
                (Cow::Owned(other.clone()), Cow::Owned(other))
            }
            Some(Fork::OnlyTheCheckpoint) => {
                (Cow::Borrowed(tree), Cow::Owned(altered(tree, |place| place == index)))
            }
        };
        Views { proof, checkpoint }
    }
}

/// The tree with other leaves where it is told so.
fn altered(tree: &Tree, other: impl Fn(usize) -> bool) -> Tree {
    let mut altered = Tree::default();
    for (place, leaf) in tree.leaves().iter().enumerate() {
        altered.push(if other(place) { leaf_hash(leaf) } else { *leaf });
    }
    altered
}
