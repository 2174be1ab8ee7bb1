//! What a successful verification leaves behind.
//!
//! Nothing in this module can be made outside this crate: every field is private and every value
//! is written by the check that it speaks of. There is no `Default`, no `Deserialize`, no `From`.

use std::fmt;
use std::sync::Arc;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::dsse::Envelope;
use chainsign_core::formats::simple_signing::SimpleSigning;
use chainsign_core::identity::CertificateIdentity;
use chainsign_core::key::PublicKey;
use chainsign_core::material::{Format, LogId};
use chainsign_core::statement::Statement;
use jiff::Timestamp;
use serde::Serialize;

use crate::CheckId;

/// Signed material of which every requirement held, for one artifact, at proven times.
///
/// Only [`Verifier::verify`](chainsign_core::verifier::BundleVerifier::verify) makes one. Two are
/// equal when the same was proven about the same signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedBundle {
    pub(crate) signer: VerifiedSigner,
    pub(crate) content: VerifiedContent,
    pub(crate) subject: ArtifactDigests,
    pub(crate) root_digest: Option<ArtifactDigest>,
    pub(crate) document: Option<ArtifactDigest>,
    pub(crate) format: Format,
    pub(crate) times: Vec<VerifiedTime>,
    pub(crate) log_entries: Vec<VerifiedLogEntry>,
    pub(crate) checks: Vec<Check>,
    pub(crate) unused: Vec<UnusedEvidence>,
}

/// What was signed. An envelope is kept whole, so that its payload is not copied.
#[derive(Clone, Debug)]
pub(crate) enum VerifiedContent {
    Message,
    Statement { envelope: Envelope, statement: Statement },
    SimpleSigning { payload: Vec<u8>, said: SimpleSigning },
}

impl PartialEq for VerifiedContent {
    /// The statement is what the envelope's payload says, and nothing more.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Message, Self::Message) => true,
            (Self::Statement { envelope, .. }, Self::Statement { envelope: other, .. }) => {
                envelope == other
            }
            (Self::SimpleSigning { payload, .. }, Self::SimpleSigning { payload: other, .. }) => {
                payload == other
            }
            _ => false,
        }
    }
}

impl Eq for VerifiedContent {}

impl VerifiedBundle {
    /// Who signed.
    pub fn signer(&self) -> &VerifiedSigner {
        &self.signer
    }

    /// The identity in the signer's certificate; `None` for a key.
    pub fn identity(&self) -> Option<&CertificateIdentity> {
        match &self.signer {
            VerifiedSigner::Certificate(certificate) => Some(&certificate.identity),
            VerifiedSigner::Key(_) => None,
        }
    }

    /// The statement that was signed, as it was checked; `None` when the artifact itself was
    /// signed.
    pub fn statement(&self) -> Option<&Statement> {
        match &self.content {
            VerifiedContent::Statement { statement, .. } => Some(statement),
            VerifiedContent::Message | VerifiedContent::SimpleSigning { .. } => None,
        }
    }

    /// cosign's payload that was signed, as it was checked; `None` for other signatures.
    pub fn simple_signing(&self) -> Option<&SimpleSigning> {
        match &self.content {
            VerifiedContent::SimpleSigning { said, .. } => Some(said),
            VerifiedContent::Message | VerifiedContent::Statement { .. } => None,
        }
    }

    /// The envelope that was signed; `None` for other signatures.
    pub fn envelope(&self) -> Option<&Envelope> {
        match &self.content {
            VerifiedContent::Statement { envelope, .. } => Some(envelope),
            VerifiedContent::Message | VerifiedContent::SimpleSigning { .. } => None,
        }
    }

    /// The exact bytes of [`statement`](Self::statement) or
    /// [`simple_signing`](Self::simple_signing) that the signature covers.
    pub fn payload(&self) -> Option<&[u8]> {
        match &self.content {
            VerifiedContent::Statement { envelope, .. } => Some(&envelope.payload.0),
            VerifiedContent::SimpleSigning { payload, .. } => Some(payload),
            VerifiedContent::Message => None,
        }
    }

    /// The digests on which the artifact and the signed content agreed; at least one.
    pub fn subject(&self) -> &ArtifactDigests {
        &self.subject
    }

    /// The digest of the trusted root that all of this was verified under; `None` when only a key
    /// was trusted.
    pub fn root_digest(&self) -> Option<&ArtifactDigest> {
        self.root_digest.as_ref()
    }

    /// SHA-256 of the document that carried the signature, where there was one document.
    pub fn document(&self) -> Option<&ArtifactDigest> {
        self.document.as_ref()
    }

    /// The format of that document.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The proven times, in the order of the document. Each is a moment at which the signature
    /// existed. Empty only for a key of which no time was required.
    pub fn times(&self) -> &[VerifiedTime] {
        &self.times
    }

    /// The earliest of the proven times.
    pub fn earliest(&self) -> Option<Timestamp> {
        self.times.iter().map(|proven| proven.time).min()
    }

    /// The latest of the proven times.
    pub fn latest(&self) -> Option<Timestamp> {
        self.times.iter().map(|proven| proven.time).max()
    }

    /// The log entries that were proven and that are about this signature.
    pub fn log_entries(&self) -> &[VerifiedLogEntry] {
        &self.log_entries
    }

    /// Every check that held, in the order in which they were made.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Evidence that came with the signature and proved nothing, with the reason. It was not
    /// needed and is not evidence against the signature.
    pub fn unused(&self) -> &[UnusedEvidence] {
        &self.unused
    }
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifiedSigner {
    /// The holder of a certificate under the trusted root.
    Certificate(Arc<VerifiedCertificate>),
    /// The holder of a key that the caller named.
    Key(VerifiedKey),
}

/// A certificate with a path to a certificate authority of the trusted root, valid at every
/// proven time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCertificate {
    pub(crate) der: Vec<u8>,
    pub(crate) identity: CertificateIdentity,
    pub(crate) public_key: PublicKey,
    pub(crate) authority: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

impl VerifiedCertificate {
    /// The certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint(&self) -> ArtifactDigest {
        ArtifactDigest::sha256(&self.der)
    }

    /// Who the certificate authority says the holder is.
    pub fn identity(&self) -> &CertificateIdentity {
        &self.identity
    }

    /// The certified key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The certificate authority, as the trusted root names it.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The first moment of the certificate's validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last moment of the certificate's validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

/// The key that the caller named and that made the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedKey {
    pub(crate) public_key: PublicKey,
}

impl VerifiedKey {
    /// The key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// SHA-256 of its SubjectPublicKeyInfo.
    pub fn fingerprint(&self) -> ArtifactDigest {
        self.public_key.fingerprint()
    }
}

/// A moment at which the signature existed, and who proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedTime {
    pub(crate) time: Timestamp,
    pub(crate) authority: TimeAuthority,
}

impl VerifiedTime {
    /// The moment.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Who proves it.
    pub fn authority(&self) -> &TimeAuthority {
        &self.authority
    }
}

/// Who proves a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum TimeAuthority {
    /// A Rekor v1 log, by its signed entry timestamp.
    TransparencyLog {
        /// The log.
        log_id: LogId,
    },
    /// An RFC 3161 timestamp authority, by its token.
    TimestampAuthority {
        /// The authority as the trusted root names it.
        name: String,
        /// SHA-256 of the certificate that signed the token.
        certificate: ArtifactDigest,
    },
}

impl fmt::Display for TimeAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TransparencyLog { log_id } => write!(f, "transparency log {log_id}"),
            Self::TimestampAuthority { name, .. } => write!(f, "timestamp authority {name}"),
        }
    }
}

/// A log entry that is about this signature and that its log has proven to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedLogEntry {
    pub(crate) log_id: LogId,
    pub(crate) log: String,
    pub(crate) log_index: u64,
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) integrated_time: Option<Timestamp>,
    pub(crate) inclusion: Option<Inclusion>,
    pub(crate) envelope_hash: Option<ArtifactDigest>,
}

impl VerifiedLogEntry {
    /// The log.
    pub fn log_id(&self) -> LogId {
        self.log_id
    }

    /// Where the log is, as the trusted root says.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// The entry's index over all shards of the log. Rekor v1 signs it in the signed entry
    /// timestamp, and without one it is not proven; in Rekor v2 it is the index in the tree, which
    /// the inclusion proof proves.
    pub fn log_index(&self) -> u64 {
        self.log_index
    }

    /// The kind of the entry, e.g. `hashedrekord`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The version of the kind, e.g. `0.0.1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the log vouches for [`log_index`](Self::log_index): its signed entry timestamp covers it, and in
    /// Rekor v2 it is the place in the tree. An inclusion proof of Rekor v1 proves a place in one shard, and
    /// whoever leaves the timestamp out can write any index beside it.
    pub fn index_is_proven(&self) -> bool {
        let is_v2 =
            matches!(self.kind.as_str(), "hashedrekord" | "dsse") && self.version == "0.0.2";
        self.integrated_time.is_some() || is_v2
    }

    /// When the log took the entry, under its signed entry timestamp. `Some` exactly when that
    /// timestamp was there and verified.
    pub fn integrated_time(&self) -> Option<Timestamp> {
        self.integrated_time
    }

    /// The tree that holds the entry. `Some` exactly when an inclusion proof and its checkpoint
    /// were there and verified.
    pub fn inclusion(&self) -> Option<&Inclusion> {
        self.inclusion.as_ref()
    }

    /// The hash over the envelope as it was sent to the log. Reported, not checked: those bytes
    /// are not in the bundle. The payload and every signature in it were checked instead.
    pub fn envelope_hash(&self) -> Option<&ArtifactDigest> {
        self.envelope_hash.as_ref()
    }
}

/// A Merkle tree head, signed by its log, that holds an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inclusion {
    pub(crate) origin: String,
    pub(crate) tree_size: u64,
    pub(crate) leaf_index: u64,
    pub(crate) root_hash: ArtifactDigest,
}

impl Inclusion {
    /// The first line of the checkpoint: which tree this is.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Leaves of the tree.
    pub fn tree_size(&self) -> u64 {
        self.tree_size
    }

    /// The entry's index in this tree.
    pub fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    /// The root of the tree.
    pub fn root_hash(&self) -> &ArtifactDigest {
        &self.root_hash
    }
}

/// A check that held, with what it looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "check", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Check {
    /// The certificate has a path to a certificate authority of the trusted root (RFC 5280
    /// section 6.1).
    CertificatePath {
        /// The authority as the trusted root names it.
        authority: String,
        /// SHA-256 of the certificates, the signer's first, the anchor's last.
        certificates: Vec<ArtifactDigest>,
    },
    /// Every certificate of the path, and the authority, were valid at every proven time.
    CertificateValidity {
        /// The first moment at which the whole path is valid.
        not_before: Timestamp,
        /// The last moment at which the whole path is valid.
        not_after: Timestamp,
        /// The proven times.
        times: Vec<Timestamp>,
    },
    /// The certificate is for code signing (RFC 5280 section 4.2.1.12).
    CertificateEku {
        /// The extended key usage.
        usage: &'static str,
    },
    /// A certificate transparency log has seen the certificate (RFC 6962 section 3.2).
    Sct {
        /// The log.
        log_id: LogId,
        /// Where the log is, as the trusted root says.
        log: String,
        /// When the log saw it.
        time: Timestamp,
    },
    /// A log entry says what was signed, by whom, and with which signature.
    LogEntryBinding {
        /// The log.
        log_id: LogId,
        /// The index over all shards.
        log_index: u64,
        /// Kind and version, e.g. `hashedrekord 0.0.1`.
        kind: String,
        /// The fields of the entry that were compared.
        compared: &'static [&'static str],
    },
    /// A Rekor v1 log signed that it took the entry at a time.
    SignedEntryTimestamp {
        /// The log.
        log_id: LogId,
        /// The index over all shards.
        log_index: u64,
        /// The time.
        time: Timestamp,
    },
    /// The entry is a leaf of a tree (RFC 6962 section 2.1.1).
    InclusionProof {
        /// The log.
        log_id: LogId,
        /// The index in the tree.
        leaf_index: u64,
        /// Leaves of the tree.
        tree_size: u64,
        /// Its root.
        root_hash: ArtifactDigest,
    },
    /// The log signed that tree's head (C2SP tlog-checkpoint).
    Checkpoint {
        /// The log.
        log_id: LogId,
        /// Which tree.
        origin: String,
        /// Leaves of the tree.
        tree_size: u64,
        /// Signatures of others on the checkpoint, which were not looked at.
        other_signatures: usize,
    },
    /// A timestamp authority signed that the signature existed at a time (RFC 3161).
    Timestamp {
        /// The authority as the trusted root names it.
        authority: String,
        /// SHA-256 of the certificate that signed.
        certificate: ArtifactDigest,
        /// The time.
        time: Timestamp,
    },
    /// The signature is the signer's, over this content.
    Signature {
        /// The algorithm, in the words of Sigstore's registry.
        algorithm: &'static str,
        /// The fingerprint of the key.
        key: ArtifactDigest,
        /// Its place in the envelope; 0 for a message signature.
        index: usize,
    },
    /// What was signed is about this artifact.
    Subject {
        /// The digests that agreed.
        #[serde(serialize_with = "as_list")]
        digests: ArtifactDigests,
        /// The subject's name in the statement. Not authoritative.
        name: Option<String>,
    },
    /// The certificate's identity is one of those required.
    Identity {
        /// The subject alternative name.
        subject: String,
        /// The issuer.
        issuer: String,
        /// The matcher; `None` when any identity under the trusted root was asked for.
        matched: Option<String>,
    },
    /// The signer's key is the one required.
    Key {
        /// Its fingerprint.
        fingerprint: ArtifactDigest,
    },
}

impl Check {
    /// Which check it is.
    pub fn id(&self) -> CheckId {
        match self {
            Self::CertificatePath { .. } => CheckId::CertificatePath,
            Self::CertificateValidity { .. } => CheckId::CertificateValidity,
            Self::CertificateEku { .. } => CheckId::CertificateEku,
            Self::Sct { .. } => CheckId::Sct,
            Self::LogEntryBinding { .. } => CheckId::LogEntryBinding,
            Self::SignedEntryTimestamp { .. } => CheckId::SignedEntryTimestamp,
            Self::InclusionProof { .. } => CheckId::InclusionProof,
            Self::Checkpoint { .. } => CheckId::Checkpoint,
            Self::Timestamp { .. } => CheckId::Timestamp,
            Self::Signature { .. } => CheckId::Signature,
            Self::Subject { .. } => CheckId::Subject,
            Self::Identity { .. } => CheckId::Identity,
            Self::Key { .. } => CheckId::Key,
        }
    }
}

impl fmt::Display for Check {
    /// What was looked at, on one line, without the check's id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificatePath { authority, certificates } => {
                write!(f, "{} certificates, issued under {authority}", certificates.len())
            }
            Self::CertificateValidity { not_before, not_after, times } => {
                write!(f, "valid {not_before} to {not_after}, at")?;
                times.iter().try_for_each(|time| write!(f, " {time}"))
            }
            Self::CertificateEku { usage } => f.write_str(usage),
            Self::Sct { log_id, log, time } => write!(f, "seen {time} by {log} ({log_id})"),
            Self::LogEntryBinding { log_id, log_index, kind, compared } => {
                write!(f, "{kind} entry {log_index} of {log_id}: {}", compared.join(", "))
            }
            Self::SignedEntryTimestamp { log_id, log_index, time } => {
                write!(f, "entry {log_index} taken {time} by {log_id}")
            }
            Self::InclusionProof { leaf_index, tree_size, root_hash, .. } => {
                write!(f, "leaf {leaf_index} of {tree_size} under {root_hash}")
            }
            Self::Checkpoint { origin, tree_size, .. } => {
                write!(f, "{origin} at size {tree_size}")
            }
            Self::Timestamp { authority, time, .. } => write!(f, "{time} by {authority}"),
            Self::Signature { algorithm, key, .. } => write!(f, "{algorithm} by the key {key}"),
            Self::Subject { digests, .. } => {
                let digests: Vec<_> = digests.iter().map(ToString::to_string).collect();
                f.write_str(&digests.join(", "))
            }
            Self::Identity { subject, issuer, .. } => write!(f, "{subject} by {issuer}"),
            Self::Key { fingerprint } => write!(f, "{fingerprint}"),
        }
    }
}

/// Evidence that came with the signature and proved nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnusedEvidence {
    pub(crate) place: String,
    pub(crate) reason: UnusedReason,
}

impl UnusedEvidence {
    /// Its place in the material, e.g. `log entry 0` or `timestamp 1`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Why it proved nothing.
    pub fn reason(&self) -> &UnusedReason {
        &self.reason
    }
}

impl fmt::Display for UnusedEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Why a piece of evidence proved nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum UnusedReason {
    /// The log is not in the trusted root, or not usable there.
    LogNotInTrustedRoot {
        /// The log.
        log_id: LogId,
        /// The instances of Sigstore known to have such a log, or the reason why the trusted
        /// root's instance is disabled.
        note: Option<String>,
    },
    /// No timestamp authority of the trusted root is named by the token.
    AuthorityNotInTrustedRoot {
        /// What the token says about its signer.
        signer: String,
    },
    /// An inclusion proof without a checkpoint: nobody has signed its root.
    NoCheckpoint,
    /// It does not hold, and enough others do.
    NotValid {
        /// What was found and wanted.
        detail: String,
    },
    /// A signature of an envelope that another signer made.
    OtherSigner,
}

impl fmt::Display for UnusedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogNotInTrustedRoot { log_id, note } => {
                write!(f, "the log {log_id} is not in the trusted root")?;
                note.as_ref().map_or(Ok(()), |note| write!(f, " ({note})"))
            }
            Self::AuthorityNotInTrustedRoot { signer } => {
                write!(f, "its signer {signer} is not in the trusted root")
            }
            Self::NotValid { detail } => f.write_str(detail),
            Self::NoCheckpoint => f.write_str("the inclusion proof has no checkpoint"),
            Self::OtherSigner => f.write_str("another signer made the signature"),
        }
    }
}

fn as_list<S: serde::Serializer>(
    digests: &ArtifactDigests,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(digests)
}
