use std::ops::Range;

use aws_lc_rs::digest::{Context, SHA256};

/// A SHA-256 hash.
pub(crate) type Hash = [u8; 32];

/// The hash of a leaf: SHA-256 of a zero byte and the entry (RFC 6962 section 2.1).
pub(crate) fn leaf_hash(entry: &[u8]) -> Hash {
    hash(&[&[0], entry])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A Merkle tree that only grows, with every complete subtree's hash kept, so that proofs of any
/// size it ever had take logarithmic time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// `levels[l][i]` is the hash of the `2^l` leaves from `i * 2^l` on.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Adds a leaf by its hash.
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let nodes = &mut self.levels[level];
            nodes.push(hash);
            if nodes.len() % 2 == 1 {
                return;
            }
            hash = node_hash(&nodes[nodes.len() - 2], &nodes[nodes.len() - 1]);
        }
    }

    /// The number of leaves.
    pub(crate) fn size(&self) -> usize {
        self.levels.first().map_or(0, Vec::len)
    }

    /// The hashes of all leaves.
    pub(crate) fn leaves(&self) -> &[Hash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// The number of leaves, and the root over them.
    pub(crate) fn head(&self) -> (usize, Hash) {
        (self.size(), self.subtree(0..self.size()))
    }

    /// The hash of `2^level` leaves from `index * 2^level` on, where the tree has them all.
    pub(crate) fn node(&self, level: usize, index: usize) -> Option<&Hash> {
        self.levels.get(level)?.get(index)
    }

    /// The root of the first `size` leaves: `MTH(D[size])`. `None` beyond the tree.
    pub(crate) fn root(&self, size: usize) -> Option<Hash> {
        (size <= self.size()).then(|| self.subtree(0..size))
    }

    /// The inclusion proof of a leaf in the first `size` leaves, leaf to root:
    /// `PATH(index, D[size])`. `None` when the leaf is not in it, or the tree is not as large.
    pub(crate) fn inclusion_proof(&self, index: usize, size: usize) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let mut path = Vec::new();
        let mut range = 0..size;
        while range.len() > 1 {
            let (left, right) = split(range);
            let (inside, sibling) =
                if left.contains(&index) { (left, right) } else { (right, left) };
            path.push(self.subtree(sibling));
            range = inside;
        }
        path.reverse();
        Some(path)
    }

    /// The consistency proof from the first `old` to the first `new` leaves: `PROOF(old, D[new])`.
    /// `None` unless `0 < old <= new <= size`.
    pub(crate) fn consistency_proof(&self, old: usize, new: usize) -> Option<Vec<Hash>> {
        if old == 0 || old > new || new > self.size() {
            return None;
        }
        let mut path = Vec::new();
        let mut range = 0..new;
        // `SUBPROOF`: descend towards the end of the old tree.
        while range.end != old {
            let (left, right) = split(range);
            let (inside, sibling) = if old <= left.end { (left, right) } else { (right, left) };
            path.push(self.subtree(sibling));
            range = inside;
        }
        if range.start != 0 {
            path.push(self.subtree(range));
        }
        path.reverse();
        Some(path)
    }

    /// The hash of a range that [`split`] makes: its start is a multiple of the next power of two.
    fn subtree(&self, range: Range<usize>) -> Hash {
        if range.is_empty() {
            return hash(&[]);
        }
        if range.len().is_power_of_two() {
            let level = range.len().trailing_zeros() as usize;
            return self.levels[level][range.start >> level];
        }
        // At most as deep as the tree.
        let (left, right) = split(range);
        node_hash(&self.subtree(left), &self.subtree(right))
    }
}

/// Splits at the largest power of two smaller than the length, which is more than one.
fn split(range: Range<usize>) -> (Range<usize>, Range<usize>) {
    let middle = range.start + range.len().next_power_of_two() / 2;
    (range.start..middle, middle..range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves and roots that the first implementation of RFC 6962 tests with
    /// (google/certificate-transparency `merkle_tree_test.cc`, transparency-dev/merkle
    /// `testonly/reference.go`).
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn tree(size: usize) -> Tree {
        let mut tree = Tree::default();
        for leaf in LEAVES.iter().cycle().take(size) {
            tree.push(leaf_hash(&hex::decode(leaf).unwrap()));
        }
        tree
    }

    fn proof(hashes: &[&str]) -> Option<Vec<Hash>> {
        let hash = |text: &&str| hex::decode(text).unwrap().try_into().unwrap();
        Some(hashes.iter().map(hash).collect())
    }

    #[test]
    fn roots_of_every_size_are_those_of_the_reference() {
        for (size, root) in ROOTS.iter().enumerate() {
            assert_eq!(hex::encode(tree(size).root(size).unwrap()), *root, "{size}");
            assert_eq!(hex::encode(tree(8).root(size).unwrap()), *root, "{size} of 8");
        }
        assert_eq!(tree(8).root(9), None);
    }

    #[test]
    fn inclusion_proofs_are_those_of_the_reference() {
        let tree = tree(8);
        assert_eq!(tree.inclusion_proof(0, 1), proof(&[]));
        let wanted = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        assert_eq!(tree.inclusion_proof(0, 8), proof(&wanted));
        let wanted = [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        assert_eq!(tree.inclusion_proof(5, 8), proof(&wanted));
        let wanted = ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"];
        assert_eq!(tree.inclusion_proof(2, 3), proof(&wanted));
        let wanted = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ];
        assert_eq!(tree.inclusion_proof(1, 5), proof(&wanted));
        assert_eq!(tree.inclusion_proof(5, 5), None);
        assert_eq!(tree.inclusion_proof(0, 9), None);
    }

    #[test]
    fn consistency_proofs_are_those_of_the_reference() {
        let tree = tree(8);
        assert_eq!(tree.consistency_proof(1, 1), proof(&[]));
        let wanted = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        assert_eq!(tree.consistency_proof(1, 8), proof(&wanted));
        let wanted = [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        assert_eq!(tree.consistency_proof(6, 8), proof(&wanted));
        let wanted = [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ];
        assert_eq!(tree.consistency_proof(2, 5), proof(&wanted));
        assert_eq!(tree.consistency_proof(0, 5), None);
        assert_eq!(tree.consistency_proof(6, 5), None);
        assert_eq!(tree.consistency_proof(1, 9), None);
    }

    /// Every proof of every tree up to 70 leaves, folded back as RFC 9162 sections 2.1.3.2 and
    /// 2.1.4.2 describe: another derivation than the one above.
    #[test]
    fn every_proof_leads_to_the_root() {
        let tree = tree(70);
        for size in 1..=70 {
            let root = tree.root(size).unwrap();
            for index in 0..size {
                let proof = tree.inclusion_proof(index, size).unwrap();
                let leaf = *tree.node(0, index).unwrap();
                assert_eq!(fold_inclusion(index, size, leaf, &proof), Some(root));
            }
            for old in 1..=size {
                let proof = tree.consistency_proof(old, size).unwrap();
                let first = tree.root(old).unwrap();
                assert!(consistent(old, size, first, root, &proof), "{old} {size}");
            }
        }
    }

    fn fold_inclusion(index: usize, size: usize, leaf: Hash, proof: &[Hash]) -> Option<Hash> {
        let (mut node, mut last, mut hash) = (index, size - 1, leaf);
        for sibling in proof {
            if last == 0 {
                return None;
            }
            if node % 2 == 1 || node == last {
                hash = node_hash(sibling, &hash);
                while node % 2 == 0 && node != 0 {
                    (node, last) = (node >> 1, last >> 1);
                }
            } else {
                hash = node_hash(&hash, sibling);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        (last == 0).then_some(hash)
    }

    fn consistent(old: usize, new: usize, first: Hash, second: Hash, proof: &[Hash]) -> bool {
        if old == new {
            return proof.is_empty() && first == second;
        }
        let mut path = proof.to_vec();
        if old.is_power_of_two() {
            path.insert(0, first);
        }
        let (mut node, mut last) = (old - 1, new - 1);
        while node % 2 == 1 {
            (node, last) = (node >> 1, last >> 1);
        }
        let Some((start, rest)) = path.split_first() else { return false };
        let (mut from_old, mut from_new) = (*start, *start);
        for sibling in rest {
            if last == 0 {
                return false;
            }
            if node % 2 == 1 || node == last {
                from_old = node_hash(sibling, &from_old);
                from_new = node_hash(sibling, &from_new);
                while node % 2 == 0 && node != 0 {
                    (node, last) = (node >> 1, last >> 1);
                }
            } else {
                from_new = node_hash(&from_new, sibling);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        last == 0 && from_old == first && from_new == second
    }
}
