//! Why a verification did not succeed.

use std::fmt;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::identity::{CertificateIdentity, IdentityMatcher};
use chainsign_core::material::LogId;
use chainsign_core::trust::ValidFor;
use jiff::Timestamp;
use serde::Serialize;

use crate::confusion::Confusion;
use crate::evidence::UnusedEvidence;

/// The checks of a verification. Their names are stable: reports and policies carry them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "`Check` documents each")]
pub enum CheckId {
    CertificatePath,
    CertificateValidity,
    CertificateEku,
    Sct,
    LogEntryBinding,
    SignedEntryTimestamp,
    InclusionProof,
    Checkpoint,
    Timestamp,
    Signature,
    Subject,
    Identity,
    Key,
}

impl CheckId {
    /// The stable name, e.g. `log-entry-binding`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CertificatePath => "certificate-path",
            Self::CertificateValidity => "certificate-validity",
            Self::CertificateEku => "certificate-eku",
            Self::Sct => "sct",
            Self::LogEntryBinding => "log-entry-binding",
            Self::SignedEntryTimestamp => "signed-entry-timestamp",
            Self::InclusionProof => "inclusion-proof",
            Self::Checkpoint => "checkpoint",
            Self::Timestamp => "timestamp",
            Self::Signature => "signature",
            Self::Subject => "subject",
            Self::Identity => "identity",
            Self::Key => "key",
        }
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! refusals {
    ($(
        $(#[doc = $doc:literal])*
        #[error($($error:tt)*)]
        $variant:ident {$(
            $(#[doc = $field_doc:literal])*
            $field:ident: $type:ty,
        )*} => $check:ident, $reason:literal;
    )*) => {
        /// Why a verification did not succeed: the first check that failed, with what it found and
        /// what it wanted.
        ///
        /// Where several candidates were tried (certificate authorities, SCTs, signatures of an
        /// envelope), [`Refusal::Candidates`] keeps all of them, the most specific first.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum Refusal {
            $(
                $(#[doc = $doc])*
                #[error($($error)*)]
                $variant {$(
                    $(#[doc = $field_doc])*
                    $field: $type,
                )*},
            )*
            /// Several candidates were tried and none held.
            #[error("{most_specific}")]
            Candidates {
                /// The failure that says most.
                most_specific: Box<Refusal>,
                /// The failures of the other candidates.
                others: Vec<Refusal>,
            },
        }

        impl Refusal {
            /// The check that failed.
            pub fn check(&self) -> CheckId {
                match self {
                    $(Self::$variant { .. } => CheckId::$check,)*
                    Self::Candidates { most_specific, .. } => most_specific.check(),
                }
            }

            /// The stable name of the reason, e.g. `signature-invalid`.
            pub fn reason(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $reason,)*
                    Self::Candidates { most_specific, .. } => most_specific.reason(),
                }
            }

            /// Every reason that a refusal can have, with the check that gives it.
            pub const REASONS: &'static [(CheckId, &'static str)] =
                &[$((CheckId::$check, $reason),)*];
        }
    };
}

refusals! {
    // Who signed

    /// A key was required and the material has a certificate.
    #[error("found a certificate, wanted a signature by the key {wanted}")]
    CertificateInsteadOfKey {
        /// The fingerprint of the key required.
        wanted: ArtifactDigest,
    } => Key, "certificate-instead-of-key";

    /// A certificate was required and the material has none.
    #[error("found no certificate (key hint {hint:?}), wanted a certificate with an identity")]
    KeyInsteadOfCertificate {
        /// The hint at a key that the material has instead.
        hint: String,
    } => Identity, "key-instead-of-certificate";

    /// A certificate is not one that RFC 5280 and Fulcio's certificate specification describe.
    #[error("{which} is malformed: {reason}")]
    CertificateMalformed {
        /// Which certificate.
        which: &'static str,
        /// What was found and wanted.
        reason: String,
    } => CertificatePath, "certificate-malformed";

    /// A public key is malformed, or of an algorithm that is not accepted here.
    #[error("the public key cannot be used: {reason}")]
    KeyUnusable {
        /// What was found and wanted.
        reason: String,
    } => Key, "key-unusable";

    /// Certificates or identities are required and the verifier has no trusted root.
    #[error("found no trusted root, wanted one for {what}")]
    NoTrustedRoot {
        /// What needs it.
        what: &'static str,
    } => CertificatePath, "no-trusted-root";

    /// The material brings a self-signed certificate: a trust anchor comes from the trusted root
    /// only.
    #[error("found the root certificate {subject:?} in the material, wanted intermediates only")]
    RootInMaterial {
        /// Its subject.
        subject: String,
    } => CertificatePath, "root-in-material";

    /// A bundle brings a certificate that is not on the path from the signer to the authority.
    #[error("found the certificate {subject:?} in the bundle, wanted only those of the signer's path")]
    CertificateNotOnPath {
        /// Its subject.
        subject: String,
    } => CertificatePath, "certificate-not-on-path";

    /// No certificate authority of the trusted root issued the certificate.
    #[error(
        "the certificate was issued by {issuer:?}, wanted one of {}{}",
        list(.trusted), told(.confusion.as_ref())
    )]
    IssuerNotTrusted {
        /// The issuer's name in the certificate.
        issuer: String,
        /// The certificate authorities of the trusted root.
        trusted: Vec<String>,
        /// The instance that is known to have this issuer.
        confusion: Option<Confusion>,
    } => CertificatePath, "issuer-not-trusted";

    /// The path to one certificate authority does not hold.
    #[error("no certificate path to {authority}: {reason}")]
    PathInvalid {
        /// The authority as the trusted root names it.
        authority: String,
        /// What was found and wanted.
        reason: String,
    } => CertificatePath, "path-invalid";

    /// A certificate of the path was not valid at a proven time.
    #[error(
        "the certificate {subject:?} is valid from {not_before} to {not_after}, wanted {time} within"
    )]
    CertificateNotValid {
        /// The certificate's subject; for the signer's, its subject alternative name.
        subject: String,
        /// The proven time.
        time: Timestamp,
        /// The first moment.
        not_before: Timestamp,
        /// The last moment.
        not_after: Timestamp,
    } => CertificateValidity, "certificate-not-valid";

    /// The trusted root did not trust the certificate authority at a proven time.
    #[error("{authority} is trusted {}, wanted {time} within", range(.valid_for))]
    AuthorityNotValid {
        /// The authority as the trusted root names it.
        authority: String,
        /// The proven time.
        time: Timestamp,
        /// When it was trusted.
        valid_for: ValidFor,
    } => CertificateValidity, "authority-not-valid";

    /// The certificate is not for code signing.
    #[error("the certificate is for {found}, wanted {wanted}")]
    NotForCodeSigning {
        /// Its usages.
        found: String,
        /// The usage wanted.
        wanted: &'static str,
    } => CertificateEku, "not-for-code-signing";

    // Certificate transparency

    /// The list of SCTs in the certificate cannot be read.
    #[error("the list of SCTs is malformed: {reason}")]
    SctMalformed {
        /// What was found and wanted.
        reason: String,
    } => Sct, "sct-malformed";

    /// An SCT of a known log is not that log's.
    #[error("the signature of the SCT by {log} ({log_id}) is not valid")]
    SctInvalid {
        /// The log.
        log_id: LogId,
        /// Where the log is.
        log: String,
    } => Sct, "sct-invalid";

    /// An SCT was issued when the log's key was not valid.
    #[error("the key of {log} is valid {}, wanted the SCT's time {time} within", range(.valid_for))]
    SctOutsideKeyValidity {
        /// Where the log is.
        log: String,
        /// The SCT's time.
        time: Timestamp,
        /// When the key was valid.
        valid_for: ValidFor,
    } => Sct, "sct-outside-key-validity";

    /// Fewer distinct certificate transparency logs than required.
    #[error("found SCTs of {found} trusted logs, wanted {wanted}{}", unused_list(.unused))]
    TooFewScts {
        /// Distinct logs with a valid SCT.
        found: usize,
        /// Distinct logs required.
        wanted: usize,
        /// SCTs that proved nothing.
        unused: Vec<UnusedEvidence>,
    } => Sct, "too-few-scts";

    // Log entries

    /// A kind of log entry that is not understood here.
    #[error("found a log entry of kind {kind} {version}, wanted {wanted}")]
    EntryKind {
        /// The kind found.
        kind: String,
        /// Its version.
        version: String,
        /// Kinds that can stand for what was signed.
        wanted: &'static str,
    } => LogEntryBinding, "entry-kind";

    /// The body of a log entry cannot be read.
    #[error("the body of log entry {log_index} is malformed: {reason}")]
    EntryMalformed {
        /// The index of the entry.
        log_index: u64,
        /// What was found and wanted.
        reason: String,
    } => LogEntryBinding, "entry-malformed";

    /// A log entry is about something else than what was signed.
    #[error("log entry {log_index} has the {field} {found}, wanted {wanted}")]
    EntryMismatch {
        /// The index of the entry.
        log_index: u64,
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
        /// The value that it must have.
        wanted: String,
    } => LogEntryBinding, "entry-mismatch";

    /// An entry of kind intoto 0.0.1 has only the hash of the envelope as it was sent to the log,
    /// and the envelope is at hand in another encoding.
    #[error(
        "log entry {log_index} (intoto 0.0.1) has only a hash of the envelope as it was sent, \
         which this format does not keep"
    )]
    EntryBindsNothing {
        /// The index of the entry.
        log_index: u64,
    } => LogEntryBinding, "entry-binds-nothing";

    /// A log's entry was made, or can only have been made, when its key was not valid.
    #[error("the key of {log} is valid {}, wanted {time} within", range(.valid_for))]
    LogKeyNotValid {
        /// Where the log is.
        log: String,
        /// The proven time.
        time: Timestamp,
        /// When the key was valid.
        valid_for: ValidFor,
    } => Checkpoint, "log-key-not-valid";

    /// Nothing proves a time at which the log's key must have been valid.
    #[error("nothing proves when {log} signed, wanted a proven time within its key's validity")]
    LogKeyValidityUnknown {
        /// Where the log is.
        log: String,
    } => Checkpoint, "log-key-validity-unknown";

    /// A signed entry timestamp of a known log is not that log's over this entry.
    #[error("the signed entry timestamp of log entry {log_index} is not valid under the key of {log}")]
    SetInvalid {
        /// The index of the entry.
        log_index: u64,
        /// Where the log is.
        log: String,
    } => SignedEntryTimestamp, "set-invalid";

    /// A signed entry timestamp without a time, or with one that no calendar has.
    #[error("log entry {log_index} has a signed entry timestamp and the time {found:?}, wanted seconds since 1970")]
    SetTime {
        /// The index of the entry.
        log_index: u64,
        /// The integrated time found.
        found: Option<i64>,
    } => SignedEntryTimestamp, "set-time";

    /// The log's key was not valid when it took the entry.
    #[error("the key of {log} is valid {}, wanted the integrated time {time} within", range(.valid_for))]
    SetOutsideKeyValidity {
        /// Where the log is.
        log: String,
        /// The integrated time.
        time: Timestamp,
        /// When the key was valid.
        valid_for: ValidFor,
    } => SignedEntryTimestamp, "set-outside-key-validity";

    /// A log entry took place after `now`.
    #[error("log entry {log_index} was taken {time}, wanted a time not after {now}")]
    SetInFuture {
        /// The index of the entry.
        log_index: u64,
        /// The integrated time.
        time: Timestamp,
        /// What the caller says the time is.
        now: Timestamp,
    } => SignedEntryTimestamp, "set-in-future";

    /// An inclusion proof does not lead from the entry to the root.
    #[error("the inclusion proof of log entry {log_index} does not hold: {reason}")]
    InclusionProofInvalid {
        /// The index of the entry.
        log_index: u64,
        /// What was found and wanted.
        reason: String,
    } => InclusionProof, "inclusion-proof-invalid";

    /// An entry has no inclusion proof where one is required.
    #[error("log entry {log_index} has no inclusion proof, wanted one in a {format} with a {kind} entry")]
    InclusionProofMissing {
        /// The index of the entry.
        log_index: u64,
        /// The format of the document.
        format: String,
        /// Kind and version of the entry.
        kind: String,
    } => InclusionProof, "inclusion-proof-missing";

    /// An inclusion proof has no checkpoint where one is required.
    #[error("the inclusion proof of log entry {log_index} has no checkpoint")]
    CheckpointMissing {
        /// The index of the entry.
        log_index: u64,
    } => Checkpoint, "checkpoint-missing";

    /// A checkpoint is not a C2SP signed note with a checkpoint in it.
    #[error("the checkpoint of log entry {log_index} is malformed: {reason}")]
    CheckpointMalformed {
        /// The index of the entry.
        log_index: u64,
        /// What was found and wanted.
        reason: String,
    } => Checkpoint, "checkpoint-malformed";

    /// A checkpoint has no signature by the entry's log.
    #[error(
        "the checkpoint {origin:?} of log entry {log_index} has signatures named {}, wanted one by {log}",
        list(.found)
    )]
    CheckpointNotSigned {
        /// The index of the entry.
        log_index: u64,
        /// The first line of the checkpoint.
        origin: String,
        /// The names of its signatures.
        found: Vec<String>,
        /// Where the log is.
        log: String,
    } => Checkpoint, "checkpoint-not-signed";

    /// The log's signature on a checkpoint is not valid.
    #[error("the signature on the checkpoint {origin:?} of log entry {log_index} is not valid under the key of {log}")]
    CheckpointInvalid {
        /// The index of the entry.
        log_index: u64,
        /// The first line of the checkpoint.
        origin: String,
        /// Where the log is.
        log: String,
    } => Checkpoint, "checkpoint-invalid";

    /// A checkpoint is about another tree than the inclusion proof.
    #[error("the checkpoint of log entry {log_index} has the {field} {found}, wanted {wanted}")]
    CheckpointMismatch {
        /// The index of the entry.
        log_index: u64,
        /// `root hash` or `tree size`.
        field: &'static str,
        /// Its value.
        found: String,
        /// The inclusion proof's value.
        wanted: String,
    } => Checkpoint, "checkpoint-mismatch";

    /// Fewer distinct logs than required.
    #[error("found proven entries of {found} trusted logs, wanted {wanted}{}", unused_list(.unused))]
    TooFewLogs {
        /// Distinct logs with a proven entry.
        found: usize,
        /// Distinct logs required.
        wanted: usize,
        /// Evidence that proved nothing.
        unused: Vec<UnusedEvidence>,
    } => InclusionProof, "too-few-logs";

    // Times

    /// A timestamp is not an RFC 3161 response or token.
    #[error("timestamp {index} is malformed: {reason}")]
    TimestampMalformed {
        /// Its place in the material.
        index: usize,
        /// What was found and wanted.
        reason: String,
    } => Timestamp, "timestamp-malformed";

    /// A timestamp is about other bytes than the signature.
    #[error("timestamp {index} is over {found}, wanted the signature's digest {wanted}")]
    TimestampImprint {
        /// Its place in the material.
        index: usize,
        /// The digest in the token.
        found: ArtifactDigest,
        /// The digest of the signature.
        wanted: ArtifactDigest,
    } => Timestamp, "timestamp-imprint";

    /// A timestamp names an authority of the trusted root and is not that authority's.
    #[error("timestamp {index} is not by {authority}: {reason}")]
    TimestampInvalid {
        /// Its place in the material.
        index: usize,
        /// The authority as the trusted root names it.
        authority: String,
        /// What was found and wanted.
        reason: String,
    } => Timestamp, "timestamp-invalid";

    /// A timestamp was made when the authority, or a certificate of it, was not valid.
    #[error("{what} of {authority} is valid {}, wanted the time {time} of timestamp {index} within", range(.valid_for))]
    TimestampOutsideValidity {
        /// Its place in the material.
        index: usize,
        /// The authority as the trusted root names it.
        authority: String,
        /// The certificate, or the trusted root's range.
        what: &'static str,
        /// The time in the token.
        time: Timestamp,
        /// The range.
        valid_for: ValidFor,
    } => Timestamp, "timestamp-outside-validity";

    /// A timestamp was made after `now`.
    #[error("timestamp {index} was made {time}, wanted a time not after {now}")]
    TimestampInFuture {
        /// Its place in the material.
        index: usize,
        /// The time in the token.
        time: Timestamp,
        /// What the caller says the time is.
        now: Timestamp,
    } => Timestamp, "timestamp-in-future";

    /// Fewer distinct authorities have proved a time than required. A certificate needs at least
    /// one, whatever is required.
    #[error("found a time proven by {found} trusted authorities, wanted {wanted}{}", unused_list(.unused))]
    TooFewTimes {
        /// Distinct authorities that proved a time.
        found: usize,
        /// Distinct authorities required.
        wanted: usize,
        /// Evidence that proved nothing.
        unused: Vec<UnusedEvidence>,
    } => Timestamp, "too-few-times";

    /// Fewer distinct RFC 3161 authorities than required.
    #[error("found timestamps of {found} trusted authorities, wanted {wanted}{}", unused_list(.unused))]
    TooFewTimestamps {
        /// Distinct timestamp authorities.
        found: usize,
        /// Distinct timestamp authorities required.
        wanted: usize,
        /// Evidence that proved nothing.
        unused: Vec<UnusedEvidence>,
    } => Timestamp, "too-few-timestamps";

    // Signature and subject

    /// The signature is not the signer's over this content.
    #[error("the signature is not valid for {content} under the key {key} ({algorithms})")]
    SignatureInvalid {
        /// The artifact, or the envelope.
        content: &'static str,
        /// The fingerprint of the key.
        key: ArtifactDigest,
        /// The algorithms tried.
        algorithms: String,
    } => Signature, "signature-invalid";

    /// A signature over the message itself, and only digests of the message are at hand.
    #[error("the signature is over the artifact itself ({algorithm}), wanted its bytes, found digests")]
    MessageNeeded {
        /// The algorithm.
        algorithm: &'static str,
    } => Signature, "message-needed";

    /// A signature over the message itself, and the message is larger than is accepted for that.
    #[error("the artifact has {found} bytes, wanted at most {limit} for {algorithm}")]
    MessageTooLarge {
        /// The algorithm.
        algorithm: &'static str,
        /// Its size.
        found: usize,
        /// The limit.
        limit: usize,
    } => Signature, "message-too-large";

    /// A digest of the artifact is needed that the caller did not give.
    #[error("the {algorithm} digest of the artifact is needed, found {}", digest_list(.found))]
    DigestNeeded {
        /// The algorithm.
        algorithm: DigestAlgorithm,
        /// The digests given.
        found: ArtifactDigests,
    } => Subject, "digest-needed";

    /// The digest that the material gives for the message is not the artifact's.
    #[error("the material is for an artifact with {found}, wanted {wanted}")]
    MessageDigestMismatch {
        /// The digest in the material.
        found: ArtifactDigest,
        /// The artifact's.
        wanted: ArtifactDigest,
    } => Subject, "message-digest-mismatch";

    /// The envelope's payload is not an in-toto statement.
    #[error("the envelope has a payload of type {found:?}, wanted {wanted:?}")]
    PayloadType {
        /// The type found.
        found: String,
        /// The type wanted.
        wanted: &'static str,
    } => Subject, "payload-type";

    /// The payload is signed and cannot be read as a statement.
    #[error("the statement cannot be read: {error}")]
    StatementMalformed {
        /// What is wrong with it.
        error: chainsign_core::Error,
    } => Subject, "statement-malformed";

    /// cosign's payload is signed and cannot be read.
    #[error("the signed payload cannot be read: {error}")]
    PayloadMalformed {
        /// What is wrong with it.
        error: chainsign_core::Error,
    } => Subject, "payload-malformed";

    /// No subject of the statement is the artifact.
    #[error("the statement is about {}, wanted {}", list(.found), digest_list(.wanted))]
    SubjectMismatch {
        /// The digests of the first subjects.
        found: Vec<String>,
        /// The artifact's.
        wanted: ArtifactDigests,
    } => Subject, "subject-mismatch";

    /// A subject agrees with the artifact in one digest and disagrees in another.
    #[error("the subject {name:?} has {found}, wanted {wanted}, and agrees in another digest")]
    SubjectDisagrees {
        /// The subject's name.
        name: String,
        /// The digest that disagrees.
        found: ArtifactDigest,
        /// The artifact's.
        wanted: ArtifactDigest,
    } => Subject, "subject-disagrees";

    // Identity

    /// The certificate's identity cannot be read, or contradicts itself.
    #[error("the certificate's identity is malformed: {reason}")]
    IdentityMalformed {
        /// What was found and wanted.
        reason: String,
    } => Identity, "identity-malformed";

    /// The certificate's identity is none of those required.
    #[error(
        "signed by {} (issuer {}), wanted {}{}",
        .found.subject, .found.issuer, matchers(.wanted), told(.confusion.as_ref())
    )]
    IdentityMismatch {
        /// The identity found.
        found: Box<CertificateIdentity>,
        /// The matchers.
        wanted: Vec<IdentityMatcher>,
        /// What was probably confused.
        confusion: Option<Confusion>,
    } => Identity, "identity-mismatch";
}

impl Refusal {
    /// What was probably confused, where it is recognised.
    pub fn confusion(&self) -> Option<&Confusion> {
        match self {
            Self::IssuerNotTrusted { confusion, .. } | Self::IdentityMismatch { confusion, .. } => {
                confusion.as_ref()
            }
            Self::Candidates { most_specific, .. } => most_specific.confusion(),
            _ => None,
        }
    }

    /// All failures: of one candidate, or of each.
    pub fn all(&self) -> impl Iterator<Item = &Refusal> {
        let (first, others) = match self {
            Self::Candidates { most_specific, others } => (&**most_specific, others.as_slice()),
            one => (one, [].as_slice()),
        };
        std::iter::once(first).chain(others)
    }

    /// Joins the failures of several candidates; `none` when there was no candidate.
    pub(crate) fn of_candidates(mut failures: Vec<Refusal>, none: Refusal) -> Refusal {
        // `max_by_key` takes the last of equals: reversed, the document's first.
        let best = (0..failures.len()).rev().max_by_key(|index| failures[*index].specificity());
        match best {
            None => none,
            Some(best) => {
                let best = failures.remove(best);
                if failures.is_empty() {
                    return best;
                }
                Refusal::Candidates { most_specific: Box::new(best), others: failures }
            }
        }
    }

    /// How far a candidate came before it failed: the further, the more its failure says.
    fn specificity(&self) -> u8 {
        match self.check() {
            CheckId::CertificatePath => 0,
            CheckId::CertificateEku => 1,
            CheckId::CertificateValidity => 2,
            _ => 1,
        }
    }
}

fn told(confusion: Option<&Confusion>) -> String {
    confusion.map_or(String::new(), |confusion| format!(" ({confusion})"))
}

fn range(valid_for: &ValidFor) -> String {
    match valid_for.end {
        Some(end) => format!("from {} to {end}", valid_for.start),
        None => format!("from {}", valid_for.start),
    }
}

/// The first few, so that a message stays readable whatever the material holds.
fn list(texts: &[String]) -> String {
    const SHOWN: usize = 4;
    if texts.is_empty() {
        return "nothing".to_owned();
    }
    let mut text = texts.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if texts.len() > SHOWN {
        text.push_str(&format!(" and {} more", texts.len() - SHOWN));
    }
    text
}

fn digest_list(digests: &ArtifactDigests) -> String {
    list(&digests.iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn matchers(matchers: &[IdentityMatcher]) -> String {
    let text = |m: &IdentityMatcher| format!("{} (issuer {})", m.subject, m.issuer);
    list(&matchers.iter().map(text).collect::<Vec<_>>())
}

fn unused_list(unused: &[UnusedEvidence]) -> String {
    if unused.is_empty() {
        return String::new();
    }
    format!(" ({})", list(&unused.iter().map(ToString::to_string).collect::<Vec<_>>()))
}
