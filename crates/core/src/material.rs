//! Signed material: what a signature comes with, whatever format carried it.
//!
//! Nothing here is verified. Every format of [`crate::formats`] is parsed into one
//! [`SignedMaterial`], so that there is one verifier.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::digest::{ArtifactDigest, DigestAlgorithm};
use crate::dsse::Envelope;
use crate::encoding::{Hex, base64_encode, hex_encode};
use crate::predicate::PredicateType;

/// A signature with everything that is offered to verify it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMaterial {
    /// The format it was read from.
    pub format: Format,
    /// SHA-256 of the document it was read from, where there is one.
    pub document: Option<ArtifactDigest>,
    /// What was signed, and the signature.
    pub content: SignedContent,
    /// The certificate, or a hint at the key.
    pub credential: Credential,
    /// Entries of transparency logs.
    pub log_entries: Vec<LogEntry>,
    /// RFC 3161 timestamp responses or tokens, DER.
    pub timestamps: Vec<Vec<u8>>,
    /// Signed certificate timestamps that came beside the certificate instead of in it, as RFC
    /// 6962 section 3.2 encodes them. No bundle carries any.
    pub detached_scts: Vec<Vec<u8>>,
}

impl SignedMaterial {
    /// Refuses log entries, timestamps and certificates that are there twice: whoever counts them
    /// would count one as two, and no tool writes them.
    pub(crate) fn without_duplicates(self, document: &'static str) -> Result<Self, Error> {
        let entries: Vec<_> =
            self.log_entries.iter().map(|entry| (entry.log_id, entry.log_index)).collect();
        let certificates: Vec<_> = match &self.credential {
            Credential::Certificate { leaf, others } => {
                std::iter::once(leaf).chain(others).collect()
            }
            Credential::Key { .. } => Vec::new(),
        };
        let twice = if has_duplicates(&entries) {
            "log entry"
        } else if has_duplicates(&self.timestamps) {
            "timestamp"
        } else if has_duplicates(&certificates) {
            "certificate"
        } else {
            return Ok(self);
        };
        Err(Error::Invalid { document, reason: format!("found the same {twice} twice") })
    }

    /// What an envelope says the type of its predicate is. `None` for a signature over the artifact, and
    /// for a payload that is no statement. A claim: for choosing what to verify.
    pub fn predicate_type(&self, limits: &crate::Limits) -> Option<PredicateType> {
        let SignedContent::Envelope(envelope) = &self.content else { return None };
        let statement = crate::statement::Statement::parse(&envelope.payload.0, limits);
        statement.ok().map(|statement| statement.predicate_type)
    }

    /// The digest algorithms of the artifact that a verifier of this material may ask for, from
    /// the material alone: what to compute in the one pass over the artifact.
    ///
    /// For a signature over the artifact these are the algorithms that the material and its log
    /// entries name, or all where none does. For statements they are the acceptable algorithms
    /// that the subjects use; a payload that does not parse needs none, because it will be refused.
    pub fn digest_algorithms(&self, limits: &crate::Limits) -> Vec<DigestAlgorithm> {
        match &self.content {
            SignedContent::Message { digest, .. } => {
                let named = digest.as_ref().map(ArtifactDigest::algorithm);
                let logged = self.log_entries.iter().filter_map(LogEntry::digest_algorithm);
                let mut algorithms: Vec<_> = named.into_iter().chain(logged).collect();
                algorithms.sort();
                algorithms.dedup();
                if algorithms.is_empty() { DigestAlgorithm::ALL.to_vec() } else { algorithms }
            }
            SignedContent::Envelope(envelope) => {
                let Ok(statement) = crate::statement::Statement::parse(&envelope.payload.0, limits)
                else {
                    return Vec::new();
                };
                let used = |algorithm: &DigestAlgorithm| {
                    statement.subject.iter().any(|s| s.digest.0.contains_key(algorithm.name()))
                };
                DigestAlgorithm::ALL.into_iter().filter(used).collect()
            }
            SignedContent::SimpleSigning { payload, .. } => {
                let named = crate::formats::simple_signing::SimpleSigning::parse(payload, limits);
                named.map(|named| named.digest.algorithm()).into_iter().collect()
            }
        }
    }
}

/// For the few items that limits allow.
fn has_duplicates<T: PartialEq>(items: &[T]) -> bool {
    items.iter().enumerate().any(|(index, item)| items[..index].contains(item))
}

/// The formats that signed material comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Format {
    /// Sigstore bundle, media type version 0.1.
    #[serde(rename = "sigstore bundle 0.1")]
    BundleV0_1,
    /// Sigstore bundle, media type version 0.2.
    #[serde(rename = "sigstore bundle 0.2")]
    BundleV0_2,
    /// Sigstore bundle, media type version 0.3.
    #[serde(rename = "sigstore bundle 0.3")]
    BundleV0_3,
    /// cosign's own local bundle of before the Sigstore bundle.
    #[serde(rename = "cosign bundle")]
    CosignBundle,
    /// A signature file, with or without a certificate file.
    #[serde(rename = "detached signature")]
    Detached,
    /// A DSSE envelope by itself.
    #[serde(rename = "dsse envelope")]
    Dsse,
    /// A PEP 740 attestation of PyPI.
    #[serde(rename = "pep 740 attestation")]
    Pep740,
    /// The annotations of a cosign signature layer in a registry.
    #[serde(rename = "cosign annotations")]
    CosignAnnotations,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BundleV0_1 => "sigstore bundle 0.1",
            Self::BundleV0_2 => "sigstore bundle 0.2",
            Self::BundleV0_3 => "sigstore bundle 0.3",
            Self::CosignBundle => "cosign bundle",
            Self::Detached => "detached signature",
            Self::Dsse => "dsse envelope",
            Self::Pep740 => "pep 740 attestation",
            Self::CosignAnnotations => "cosign annotations",
        })
    }
}

/// What was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedContent {
    /// The artifact's own bytes.
    Message {
        /// The digest that the signer says the message has. Not authoritative.
        digest: Option<ArtifactDigest>,
        /// The signature.
        signature: Vec<u8>,
    },
    /// A statement about the artifact.
    Envelope(Envelope),
    /// A payload of cosign's that names the image it is about
    /// ([`SimpleSigning`](crate::formats::simple_signing::SimpleSigning)).
    SimpleSigning {
        /// What was signed.
        payload: Vec<u8>,
        /// The signature.
        signature: Vec<u8>,
    },
}

/// What the material says about its signer. Not authoritative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// X.509 certificates, DER.
    Certificate {
        /// The signer's.
        leaf: Vec<u8>,
        /// What came with it: possible intermediates, never trust anchors.
        others: Vec<Vec<u8>>,
    },
    /// A hint at a key that the verifier must have already; empty when there is none.
    Key {
        /// Any text.
        hint: String,
    },
}

/// The id of a log: 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId(pub [u8; 32]);

impl LogId {
    /// As lower-case hexadecimal, the way Rekor v1 spells it.
    pub fn hex(&self) -> String {
        hex_encode(self.0)
    }
}

impl Serialize for LogId {
    /// As lower-case hexadecimal.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogId({})", base64_encode(self.0))
    }
}

/// An entry of a transparency log: `TransparencyLogEntry` of sigstore/protobuf-specs
/// `sigstore_rekor.proto`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The index over all shards of the log.
    pub log_index: u64,
    /// The log.
    pub log_id: LogId,
    /// The kind, e.g. `hashedrekord`.
    pub kind: String,
    /// The kind's version, e.g. `0.0.1`.
    pub version: String,
    /// Seconds since 1970 when the log took the entry. Authentic only under the SET. `None` in
    /// Rekor v2, which knows no time.
    pub integrated_time: Option<i64>,
    /// Rekor v1's signed entry timestamp (inclusion promise).
    pub signed_entry_timestamp: Option<Vec<u8>>,
    /// The Merkle inclusion proof.
    pub inclusion_proof: Option<InclusionProof>,
    /// The entry: what the leaf hash covers.
    pub canonicalized_body: Vec<u8>,
}

impl LogEntry {
    /// The algorithm in which a hashedrekord entry names the artifact; `None` for other kinds and
    /// for bodies that cannot be read.
    fn digest_algorithm(&self) -> Option<DigestAlgorithm> {
        let Body { spec } = serde_json::from_slice(&self.canonicalized_body).ok()?;
        let v1 = spec.data.and_then(|data| data.hash).map(|hash| hash.algorithm);
        let v2 = spec.hashed_rekord_v002.map(|record| record.data.algorithm);
        let hash_name = crate::formats::bundle::hash_name;
        let named = |algorithm: &DigestAlgorithm| {
            v1.as_deref() == Some(algorithm.name()) || v2.as_deref() == Some(hash_name(*algorithm))
        };
        DigestAlgorithm::ALL.into_iter().find(named)
    }
}

/// Of an entry's body, what names a digest algorithm: hashedrekord 0.0.1 and 0.0.2.
#[derive(Deserialize)]
struct Body {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    data: Option<Data>,
    #[serde(rename = "hashedRekordV002")]
    hashed_rekord_v002: Option<HashedRekordV002>,
}

#[derive(Deserialize)]
struct Data {
    hash: Option<Named>,
}

#[derive(Deserialize)]
struct HashedRekordV002 {
    data: Named,
}

#[derive(Deserialize)]
struct Named {
    algorithm: String,
}

/// A Merkle inclusion proof (RFC 6962 section 2.1.1) with its checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The index in this tree.
    pub log_index: u64,
    /// The root.
    pub root_hash: [u8; 32],
    /// Leaves of the tree.
    pub tree_size: u64,
    /// Sibling hashes, leaf to root.
    pub hashes: Vec<[u8; 32]>,
    /// The signed checkpoint (C2SP signed-note, tlog-checkpoint).
    pub checkpoint: Option<String>,
}
