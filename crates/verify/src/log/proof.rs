//! The proof that a log includes an entry: a Merkle path from the entry to a root, and the log's
//! signature on that root.
//!
//! Whose signature counts: the log is the one that the entry names by its log id, and the key is
//! one that the trusted root has under that id. The line of the checkpoint must be that log's,
//! by its key hint (the first four bytes of the log id) and by its name: the name is the origin,
//! or for Rekor v1 the origin without its tree id; where the log id is made from the name, as
//! C2SP `signed-note.md` does, it must be that name.

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::material::{InclusionProof, LogEntry};
use jiff::Timestamp;

use super::checkpoint::{Checkpoint, NoteSignature};
use super::merkle::{self, Hash};
use super::{LogKey, first};
use crate::Refusal;
use crate::evidence::Inclusion;
use crate::key::KeyKind;

/// What an inclusion proof and its checkpoint prove.
pub(crate) enum Proven {
    /// The entry is in the tree that the log signed.
    Included {
        inclusion: Inclusion,
        /// Signatures on the checkpoint that are not the log's.
        other_signatures: usize,
    },
    /// Nothing: there is no proof, or nobody signed the root to which it leads.
    Nothing,
}

/// Verifies the inclusion proof and the checkpoint of an entry (rekor-v2-spec section 7.2). The
/// log's key must have been valid at every proven time.
///
/// A proof that does not lead to the root that it names itself is refused, with or without a
/// checkpoint.
///
/// # Errors
/// [`Refusal::InclusionProofInvalid`]; [`Refusal::CheckpointMalformed`],
/// [`Refusal::CheckpointMismatch`], [`Refusal::CheckpointNotSigned`],
/// [`Refusal::CheckpointInvalid`]; [`Refusal::LogKeyNotValid`],
/// [`Refusal::LogKeyValidityUnknown`].
pub(crate) fn prove_inclusion(
    entry: &LogEntry,
    keys: &[&LogKey],
    times: &[Timestamp],
) -> Result<Proven, Refusal> {
    let log_index = entry.log_index;
    let Some(proof) = &entry.inclusion_proof else { return Ok(Proven::Nothing) };
    leads_to_root(entry, proof)?;
    let Some(note) = &proof.checkpoint else { return Ok(Proven::Nothing) };
    let malformed = |reason| Refusal::CheckpointMalformed { log_index, reason };
    let checkpoint = Checkpoint::parse(note).map_err(malformed)?;
    same_tree(log_index, proof, &checkpoint)?;
    let unsigned = || malformed("found no key for the log".to_owned());
    let signed = first(keys, unsigned, |key| {
        let signed = signed_by(log_index, &checkpoint, key)?;
        valid_at(key, times)?;
        Ok(signed)
    })?;
    Ok(Proven::Included {
        inclusion: Inclusion {
            origin: checkpoint.origin.to_owned(),
            tree_size: proof.tree_size,
            leaf_index: proof.log_index,
            root_hash: digest(&proof.root_hash),
        },
        other_signatures: checkpoint.signatures.len() - signed,
    })
}

/// Whether the checkpoint of an entry has a line of this log: then the entry is the log's,
/// whatever log it names.
pub(crate) fn checkpoint_is_of(entry: &LogEntry, key: &LogKey) -> bool {
    let note = entry.inclusion_proof.as_ref().and_then(|proof| proof.checkpoint.as_deref());
    note.and_then(|note| Checkpoint::parse(note).ok()).is_some_and(|checkpoint| {
        checkpoint.signatures.iter().any(|line| is_of(line, &checkpoint, key))
    })
}

/// RFC 6962 section 2.1.1.
fn leads_to_root(entry: &LogEntry, proof: &InclusionProof) -> Result<(), Refusal> {
    let invalid = |reason| Refusal::InclusionProofInvalid { log_index: entry.log_index, reason };
    let leaf = merkle::leaf_hash(&entry.canonicalized_body);
    let root =
        merkle::root_of_inclusion_proof(leaf, proof.log_index, proof.tree_size, &proof.hashes);
    let root = root.map_err(invalid)?;
    if root != proof.root_hash {
        let (found, wanted) = (digest(&root), digest(&proof.root_hash));
        return Err(invalid(format!("found the root {found}, wanted {wanted}")));
    }
    Ok(())
}

/// The checkpoint is about the proof's own tree.
fn same_tree(
    log_index: u64,
    proof: &InclusionProof,
    checkpoint: &Checkpoint<'_>,
) -> Result<(), Refusal> {
    let mismatch = |field, found: String, wanted: String| {
        Err(Refusal::CheckpointMismatch { log_index, field, found, wanted })
    };
    if checkpoint.root_hash != proof.root_hash {
        let (found, wanted) = (digest(&checkpoint.root_hash), digest(&proof.root_hash));
        return mismatch("root hash", found.to_string(), wanted.to_string());
    }
    if checkpoint.tree_size != proof.tree_size {
        let (found, wanted) = (checkpoint.tree_size, proof.tree_size);
        return mismatch("tree size", found.to_string(), wanted.to_string());
    }
    Ok(())
}

/// C2SP `signed-note.md`, "Signatures". Returns how many lines are the log's.
fn signed_by(log_index: u64, checkpoint: &Checkpoint<'_>, key: &LogKey) -> Result<usize, Refusal> {
    let lines: Vec<_> =
        checkpoint.signatures.iter().filter(|line| is_of(line, checkpoint, key)).collect();
    let text = checkpoint.text.as_bytes();
    if lines.iter().any(|line| key.verify(text, &line.signature)) {
        return Ok(lines.len());
    }
    let (origin, log) = (checkpoint.origin.to_owned(), key.name.clone());
    if lines.is_empty() {
        let found = checkpoint.signatures.iter().map(|line| line.name.to_owned()).collect();
        return Err(Refusal::CheckpointNotSigned { log_index, origin, found, log });
    }
    Err(Refusal::CheckpointInvalid { log_index, origin, log })
}

/// Whether a line is the log's own, by its hint and by its name.
fn is_of(line: &NoteSignature<'_>, checkpoint: &Checkpoint<'_>, key: &LogKey) -> bool {
    key.id.0.starts_with(&line.key_hint)
        && names_tree(line.name, checkpoint.origin)
        && names_log(line.name, key)
}

/// C2SP `tlog-checkpoint.md`: the key name is the origin. Rekor v1 (`pkg/util/checkpoint.go`) adds
/// the id of the tree to the origin: `<name> - <decimal>`.
fn names_tree(name: &str, origin: &str) -> bool {
    let tree_id = |rest: &str| {
        rest.strip_prefix(" - ")
            .is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
    };
    origin.strip_prefix(name).is_some_and(|rest| rest.is_empty() || tree_id(rest))
}

/// C2SP `signed-note.md`, "Signatures": a key id is made from the name and the key. Rekor v1, and
/// Rekor v2 for ECDSA keys, make it from the key alone, as RFC 6962 does.
fn names_log(name: &str, key: &LogKey) -> bool {
    let from_key = key.fingerprint();
    let type_and_key: &[&[u8]] = match key.kind() {
        KeyKind::Ed25519 => &[&[0x01], key.raw()],
        KeyKind::Rsa { .. } => &[&[0xff], b"PKIX-RSA-PKCS#1v1.5", key.raw()],
        _ => return from_key.bytes() == key.id.0,
    };
    let from_name =
        ArtifactDigest::sha256(&[name.as_bytes(), b"\n", &type_and_key.concat()].concat());
    [&from_name, from_key].iter().any(|id| id.bytes() == key.id.0)
}

/// The key was valid whenever the signature is proven to have existed. An entry of Rekor v2 has no
/// time of its own; the times of its signature are the only ones that anybody vouches for.
fn valid_at(key: &LogKey, times: &[Timestamp]) -> Result<(), Refusal> {
    let (log, valid_for) = (|| key.name.clone(), key.valid_for);
    if times.is_empty() {
        return Err(Refusal::LogKeyValidityUnknown { log: log() });
    }
    match times.iter().find(|time| !valid_for.contains(**time)) {
        Some(time) => Err(Refusal::LogKeyNotValid { log: log(), time: *time, valid_for }),
        None => Ok(()),
    }
}

fn digest(hash: &Hash) -> ArtifactDigest {
    // SHA-256 has 32 bytes, and so has the array.
    ArtifactDigest::new(DigestAlgorithm::Sha256, hash).expect("32 bytes")
}
