//! Merkle trees: RFC 6962 section 2.1, with the verification steps as RFC 9162 section 2.1.3.2
//! spells them out.

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};

/// A node of the tree.
pub(crate) type Hash = [u8; 32];

/// `MTH({d(0)}) = SHA-256(0x00 || d(0))`
pub(crate) fn leaf_hash(entry: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0x00]);
    context.update(entry);
    hash(&context.finish())
}

/// `SHA-256(0x01 || left || right)`
fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let node = [&[0x01], left.as_slice(), right].concat();
    hash(&digest(&SHA256, &node))
}

/// The root to which an inclusion proof leads from a leaf.
///
/// # Errors
/// When the proof has not the shape of one for this index and size.
pub(crate) fn root_of_inclusion_proof(
    leaf: Hash,
    index: u64,
    tree_size: u64,
    proof: &[Hash],
) -> Result<Hash, String> {
    if index >= tree_size {
        return Err(format!("found the leaf index {index}, wanted one below {tree_size}"));
    }
    let (mut node, mut last) = (index, tree_size - 1);
    let mut root = leaf;
    for (used, sibling) in proof.iter().enumerate() {
        if last == 0 {
            return Err(format!("found {} hashes, wanted {used}", proof.len()));
        }
        if node & 1 == 1 || node == last {
            root = node_hash(sibling, &root);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            root = node_hash(&root, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(format!("found {} hashes, wanted more", proof.len()));
    }
    Ok(root)
}

fn hash(digest: &Digest) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest.as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962 section 2.1, by its own recursion.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => hash(&digest(&SHA256, &[])),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len()));
                node_hash(&root(left), &root(right))
            }
        }
    }

    /// RFC 6962 section 2.1.1, by its own recursion.
    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            let mut path = path(index, left);
            path.push(root(right));
            path
        } else {
            let mut path = path(index - left.len(), right);
            path.push(root(left));
            path
        }
    }

    /// The largest power of two below a size.
    fn split(size: usize) -> usize {
        size.next_power_of_two() / 2
    }

    #[test]
    fn every_leaf_of_every_small_tree_leads_to_the_root_and_to_no_other() {
        let leaves: Vec<Hash> = (0..70u8).map(|byte| leaf_hash(&[byte])).collect();
        for size in 1..=leaves.len() {
            let tree = &leaves[..size];
            let wanted = root(tree);
            for index in 0..size {
                let proof = path(index, tree);
                let lead = |index: usize, proof: &[Hash]| {
                    root_of_inclusion_proof(tree[index], index as u64, size as u64, proof)
                };
                assert_eq!(lead(index, &proof), Ok(wanted));

                let mut longer = proof.clone();
                longer.push([0; 32]);
                assert!(lead(index, &longer).unwrap_err().ends_with(&format!("{}", proof.len())));
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(lead(index, shorter).unwrap_err().ends_with("wanted more"));
                    let mut swapped = proof.clone();
                    swapped[0][0] ^= 1;
                    assert_ne!(lead(index, &swapped), Ok(wanted));
                    let other = if index == 0 { 1 } else { index - 1 };
                    assert_ne!(lead(other, &proof), Ok(wanted));
                }
            }
        }
    }

    #[test]
    fn indices_beyond_the_tree_and_the_largest_tree_do_not_overflow() {
        let error = root_of_inclusion_proof([0; 32], 1, 1, &[]).unwrap_err();
        assert_eq!(error, "found the leaf index 1, wanted one below 1");
        let error = root_of_inclusion_proof([0; 32], 0, 0, &[]).unwrap_err();
        assert_eq!(error, "found the leaf index 0, wanted one below 0");
        let proof = [[1; 32]; 64];
        root_of_inclusion_proof([0; 32], 0, u64::MAX, &proof).unwrap();
        root_of_inclusion_proof([0; 32], u64::MAX - 1, u64::MAX, &proof[..63]).unwrap();
        let error = root_of_inclusion_proof([0; 32], u64::MAX - 1, u64::MAX, &proof).unwrap_err();
        assert_eq!(error, "found 64 hashes, wanted 63");
    }
}
