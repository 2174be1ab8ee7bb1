//! The verification itself: [`Verification::run`] is the specification, step by step.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::material::{Credential, Format, LogEntry, SignedContent, SignedMaterial};
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::{DisabledInstance, TrustedRoot};
use chainsign_core::verifier::BundleVerifier;
use jiff::Timestamp;

use crate::Refusal;
use crate::artifact::Digested;
use crate::certificate::path::Path;
use crate::certificate::x509::X509;
use crate::certificate::{self, CODE_SIGNING, Certified, Leaf};
use crate::confusion::{Confusion, Instance};
use crate::content::{self, AboutArtifact, Said, SignatureUsed};
use crate::evidence::{
    Check, TimeAuthority, UnusedEvidence, UnusedReason, VerifiedBundle, VerifiedContent,
    VerifiedKey, VerifiedLogEntry, VerifiedSigner, VerifiedTime,
};
use crate::key::VerificationKey;
use crate::log::{self, Claim, EntryVerifier, Proven};
use crate::root::PreparedRoot;
use crate::timestamp::{self, Stamped};

/// Verifies signed material under one trusted root. Prepared once, shared between threads.
pub struct Verifier {
    root: Option<PreparedRoot>,
    limits: Limits,
}

impl Verifier {
    /// Prepares a trusted root: parses its keys and certificates. An instance that cannot be used
    /// disables itself, see [`disabled`](Self::disabled).
    pub fn new(root: &TrustedRoot) -> Self {
        Verifier { root: Some(PreparedRoot::new(root)), limits: Limits::default() }
    }

    /// A verifier without a trusted root. It can verify only what a key signed, without logs and
    /// proven times.
    pub fn keys_only() -> Self {
        Verifier { root: None, limits: Limits::default() }
    }

    /// The digest of the trusted root.
    pub fn root_digest(&self) -> Option<&ArtifactDigest> {
        self.root.as_ref().map(|root| &root.digest)
    }

    /// The instances of the trusted root that cannot be used, with the reasons.
    pub fn disabled(&self) -> &[DisabledInstance] {
        self.root.as_ref().map_or(&[], |root| &root.disabled)
    }
}

impl BundleVerifier for Verifier {
    type Verified = VerifiedBundle;
    type Refusal = Refusal;

    /// Verifies.
    ///
    /// On `Ok` all of this holds:
    /// - the signature is over this artifact, or over a statement of which it is a subject;
    /// - it was made by the required key, or by the holder of a certificate with a required
    ///   identity, which an authority of the trusted root issued;
    /// - as many distinct logs, certificate transparency logs and time authorities of the trusted
    ///   root as required vouch for it, each by its own key and within that key's validity;
    /// - certificate, issuers and authority were valid at every proven time;
    /// - no proven time is after `now`.
    ///
    /// Evidence by a log or an authority that the trusted root does not have counts for nothing.
    /// Entries and timestamps by one that it has must hold, wanted or not. An SCT that does not hold
    /// beside enough that do is listed as unused: the certificate authority has signed them all.
    ///
    /// # Errors
    /// The [`Refusal`] of the first check that failed.
    fn verify(
        &self,
        material: &SignedMaterial,
        artifact: Artifact<'_>,
        requirements: &Requirements,
        now: Timestamp,
    ) -> Result<VerifiedBundle, Refusal> {
        Verification {
            root: self.root.as_ref(),
            limits: &self.limits,
            material,
            artifact: &Digested::new(artifact),
            requirements,
            now,
            checks: Vec::with_capacity(USUAL_CHECKS),
            unused: Vec::new(),
        }
        .run()
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("root", &self.root_digest()).finish_non_exhaustive()
    }
}

/// One verification, with what it has found so far.
struct Verification<'a> {
    root: Option<&'a PreparedRoot>,
    limits: &'a Limits,
    material: &'a SignedMaterial,
    artifact: &'a Digested<'a>,
    requirements: &'a Requirements,
    now: Timestamp,
    checks: Vec<Check>,
    unused: Vec<UnusedEvidence>,
}

/// Who has signed: by a certificate that the material brings, or by a key that the caller requires.
enum Signer {
    Certificate { leaf: Arc<Leaf>, others: Vec<X509>, cached: Option<Arc<Certified>> },
    Key(VerificationKey),
}

/// The times that are proven.
struct ProvenTimes {
    all: Vec<VerifiedTime>,
    /// For each log entry, the time of its signed entry timestamp.
    promised: Vec<Option<Timestamp>>,
}

impl<'a> Verification<'a> {
    /// Sigstore client-spec section 4.
    fn run(mut self) -> Result<VerifiedBundle, Refusal> {
        let signer = self.claimed_signer()?; //                      section 4.1
        let signature = self.signature(&signer)?; //                 section 4.5; DSSE protocol
        let times = self.proven_times(&signature)?; //               section 4.2; RFC 3161
        let certified = self.certificate(&signer, &times)?; //       section 4.3; RFC 5280, RFC 6962
        let entries = self.log_entries(&signer, &signature, &times)?; // 4.4; rekor-v2-spec 7.2
        self.enough_logs(&entries)?; //                              section 4.6
        self.enough_times(&times)?; //                               section 4.6
        let about = self.subject(&signature)?; //                    in-toto statement v1
        self.required_signer(&signer)?; //                           section 4.3
        Ok(self.verified(&signer, certified.as_deref(), times, entries, about))
    }

    /// The certificate that the material brings, or the key that the caller requires. Material
    /// never brings the key that verifies it (GHSA-fx35-mq7g-6g98).
    fn claimed_signer(&self) -> Result<Signer, Refusal> {
        match (&self.requirements.signer, &self.material.credential) {
            (SignerRequirement::Key(key), Credential::Key { .. }) => {
                let key = VerificationKey::parse(key);
                Ok(Signer::Key(key.map_err(|reason| Refusal::KeyUnusable { reason })?))
            }
            (SignerRequirement::Key(key), Credential::Certificate { .. }) => {
                Err(Refusal::CertificateInsteadOfKey { wanted: key.fingerprint() })
            }
            (_, Credential::Key { hint }) => {
                Err(Refusal::KeyInsteadOfCertificate { hint: hint.clone() })
            }
            (_, Credential::Certificate { leaf, others }) => {
                let root = self.root_for("certificates")?;
                let others = certificate::intermediates(others, self.material.format)?;
                let cached = root.certificates.get(&ArtifactDigest::sha256(leaf));
                let leaf = match &cached {
                    Some(certified) => Arc::clone(&certified.leaf),
                    None => Arc::new(Leaf::parse(leaf)?),
                };
                Ok(Signer::Certificate { leaf, others, cached })
            }
        }
    }

    /// The signature that is the signer's. Every later check is about this one.
    fn signature(&mut self, signer: &Signer) -> Result<SignatureUsed<'a>, Refusal> {
        let key = signer.key();
        let signature = content::verify_signature(&self.material.content, self.artifact, key)?;
        self.checks.push(Check::Signature {
            algorithm: signature.scheme.name(key.kind()),
            key: key.fingerprint().clone(),
            index: signature.index,
        });
        Ok(signature)
    }

    /// The times at which the signature is proven to have existed: by signed entry timestamps of
    /// Rekor v1, and by RFC 3161 tokens. No other time exists here.
    fn proven_times(&mut self, signature: &SignatureUsed<'_>) -> Result<ProvenTimes, Refusal> {
        let mut times = ProvenTimes { all: Vec::new(), promised: Vec::new() };
        for entry in &self.material.log_entries {
            let keys = self.root.map_or_else(Vec::new, |root| root.log_keys(entry.log_id));
            let promised = match keys.is_empty() {
                true => None,
                false => log::promised_time(entry, &keys, self.now)?,
            };
            if let Some(time) = promised {
                let (log_id, log_index) = (entry.log_id, entry.log_index);
                self.checks.push(Check::SignedEntryTimestamp { log_id, log_index, time });
                let authority = TimeAuthority::TransparencyLog { log_id };
                times.all.push(VerifiedTime { time, authority });
            }
            times.promised.push(promised);
        }
        let authorities = self.root.map_or(&[][..], |root| root.timestamp_authorities.as_slice());
        for (index, token) in self.material.timestamps.iter().enumerate() {
            match timestamp::stamped(index, token, signature.bytes, authorities, self.now)? {
                Stamped::At { time, authority, certificate } => {
                    let name = authority.clone();
                    let proven = TimeAuthority::TimestampAuthority {
                        name,
                        certificate: certificate.clone(),
                    };
                    times.all.push(VerifiedTime { time, authority: proven });
                    self.checks.push(Check::Timestamp { authority, certificate, time });
                }
                Stamped::ByNobodyKnown { signer } => {
                    let reason = UnusedReason::AuthorityNotInTrustedRoot { signer };
                    self.leave_unused(format!("timestamp {index}"), reason);
                }
            }
        }
        Ok(times)
    }

    /// The certificate has a path to an authority of the trusted root, all of it valid at every
    /// proven time, and enough certificate transparency logs have seen it.
    fn certificate(
        &mut self,
        signer: &Signer,
        times: &ProvenTimes,
    ) -> Result<Option<Arc<Certified>>, Refusal> {
        let Signer::Certificate { leaf, others, cached } = signer else { return Ok(None) };
        let root = self.root_for("certificates")?;
        if cached.is_none() {
            certificate::issuer_is_known(leaf, others, root)?;
        }
        let times: Vec<_> = times.all.iter().map(VerifiedTime::time).collect();
        if times.is_empty() {
            let (found, wanted, unused) = (0, 1, self.all_unused());
            return Err(Refusal::TooFewTimes { found, wanted, unused });
        }
        let certified = match cached {
            Some(certified) if certified.is_valid_at(&times) => Arc::clone(certified),
            _ => {
                let certified = Arc::new(certificate::certify(leaf, others, root, &times)?);
                root.certificates.keep(&certified);
                certified
            }
        };
        self.path_has_all(others, &certified.path)?;
        self.checks.push(Check::CertificatePath {
            authority: certified.verified.authority.clone(),
            certificates: certified.path.certificates.clone(),
        });
        self.checks.push(Check::CertificateValidity {
            not_before: certified.path.validity.not_before,
            not_after: certified.path.validity.not_after,
            times,
        });
        self.checks.push(Check::CertificateEku { usage: CODE_SIGNING });
        self.certificate_transparency(&certified, root)?;
        Ok(Some(certified))
    }

    /// The certificates of a bundle are a chain (protobuf-specs `sigstore_common.proto`,
    /// `X509CertificateChain`): one that is not on the path is none of the signer's.
    fn path_has_all(&self, others: &[X509], path: &Path) -> Result<(), Refusal> {
        let is_bundle = matches!(
            self.material.format,
            Format::BundleV0_1 | Format::BundleV0_2 | Format::BundleV0_3
        );
        let stray =
            |other: &&X509| !path.certificates.contains(&ArtifactDigest::sha256(&other.der));
        match others.iter().find(stray) {
            Some(stray) if is_bundle => {
                Err(Refusal::CertificateNotOnPath { subject: stray.subject() })
            }
            _ => Ok(()),
        }
    }

    /// RFC 6962 section 3.2. Several SCTs of one log count once (GHSA-9vcr-p3rj-q5q6).
    fn certificate_transparency(
        &mut self,
        certified: &Certified,
        root: &PreparedRoot,
    ) -> Result<(), Refusal> {
        let detached = certificate::detached_scts(
            &certified.leaf.x509,
            &self.material.detached_scts,
            &root.ct_logs,
        );
        let mut logs = BTreeSet::new();
        for seen in certified.scts.seen.iter().chain(&detached.seen) {
            if logs.insert(seen.log_id) {
                let (log_id, log, time) = (seen.log_id, seen.log.clone(), seen.time);
                self.checks.push(Check::Sct { log_id, log, time });
            }
        }
        let unused = certified.scts.unused.iter().chain(&detached.unused).cloned();
        let unused: Vec<_> = unused.collect();
        let (found, wanted) = (logs.len(), number(self.requirements.certificate_transparency_logs));
        if found < wanted {
            let failures = certified.scts.failures.iter().chain(&detached.failures).cloned();
            let few = Refusal::TooFewScts { found, wanted, unused };
            return Err(Refusal::of_candidates(failures.collect(), few));
        }
        self.unused.extend(unused);
        Ok(())
    }

    /// Every entry of a log that the trusted root has is about this signature, and the log has
    /// proven to hold it.
    fn log_entries(
        &mut self,
        signer: &Signer,
        signature: &SignatureUsed<'_>,
        times: &ProvenTimes,
    ) -> Result<Vec<VerifiedLogEntry>, Refusal> {
        let payload;
        let claim = Claim {
            content: &self.material.content,
            signature: signature.bytes,
            signer: signer.as_entry_verifier(),
            artifact: match &self.material.content {
                // The log knows the payload, which names the artifact.
                SignedContent::SimpleSigning { payload: bytes, .. } => {
                    payload = Digested::new(Artifact::Bytes(bytes));
                    &payload
                }
                _ => self.artifact,
            },
            envelope_digest: self.envelope_digest(),
            limits: self.limits,
        };
        let proven: Vec<_> = times.all.iter().map(VerifiedTime::time).collect();
        let mut entries = Vec::new();
        for (index, (entry, promised)) in
            self.material.log_entries.iter().zip(&times.promised).enumerate()
        {
            let keys = self.root.map_or_else(Vec::new, |root| root.log_keys(entry.log_id));
            let Some(key) = keys.first() else {
                self.is_of_no_known_log(entry)?;
                let reason = self.unknown_log(entry);
                self.leave_unused(format!("log entry {index}"), reason);
                continue;
            };
            let bound = log::bind(entry, &claim)?;
            let inclusion = match log::prove_inclusion(entry, &keys, &proven)? {
                Proven::Included { inclusion, other_signatures } => {
                    Some((inclusion, other_signatures))
                }
                Proven::Nothing => {
                    self.inclusion_may_be_missing(entry, *promised)?;
                    if entry.inclusion_proof.is_some() {
                        let place = format!("inclusion proof of log entry {index}");
                        self.leave_unused(place, UnusedReason::NoCheckpoint);
                    }
                    None
                }
            };
            let (log_id, log_index) = (entry.log_id, entry.log_index);
            let kind = format!("{} {}", entry.kind, entry.version);
            let compared = bound.compared;
            self.checks.push(Check::LogEntryBinding { log_id, log_index, kind, compared });
            if let Some((inclusion, other_signatures)) = &inclusion {
                self.checks.push(Check::InclusionProof {
                    log_id,
                    leaf_index: inclusion.leaf_index,
                    tree_size: inclusion.tree_size,
                    root_hash: inclusion.root_hash.clone(),
                });
                self.checks.push(Check::Checkpoint {
                    log_id,
                    origin: inclusion.origin.clone(),
                    tree_size: inclusion.tree_size,
                    other_signatures: *other_signatures,
                });
            }
            entries.push(VerifiedLogEntry {
                log_id,
                log: key.name.clone(),
                log_index,
                kind: entry.kind.clone(),
                version: entry.version.clone(),
                integrated_time: *promised,
                inclusion: inclusion.map(|(inclusion, _)| inclusion),
                envelope_hash: bound.envelope_hash,
            });
        }
        Ok(entries)
    }

    /// An entry that names a stranger and brings a checkpoint of a log that is trusted has been
    /// changed: it is not left aside as the stranger's.
    fn is_of_no_known_log(&self, entry: &LogEntry) -> Result<(), Refusal> {
        let mut keys = self.root.iter().flat_map(|root| &root.logs);
        match keys.find(|key| log::checkpoint_is_of(entry, key)) {
            None => Ok(()),
            Some(key) => Err(Refusal::EntryMismatch {
                log_index: entry.log_index,
                field: "log id",
                found: entry.log_id.to_string(),
                wanted: key.id.to_string(),
            }),
        }
    }

    /// Whether a log's promise is enough for an entry.
    ///
    /// Since bundle 0.2 an entry comes with a proof (protobuf-specs `sigstore_bundle.proto`), and
    /// Rekor v2 makes no promises. Before, the promise was the proof, and a proof without a
    /// checkpoint could lie beside it: it says nothing, since nobody signed the root to which it
    /// leads, and so takes nothing from the promise either.
    fn inclusion_may_be_missing(
        &self,
        entry: &LogEntry,
        promised: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        let before_0_2 = !matches!(
            self.material.format,
            Format::BundleV0_2 | Format::BundleV0_3 | Format::Pep740
        );
        if before_0_2 && promised.is_some() {
            return Ok(());
        }
        let log_index = entry.log_index;
        match entry.inclusion_proof {
            Some(_) => Err(Refusal::CheckpointMissing { log_index }),
            None => Err(Refusal::InclusionProofMissing {
                log_index,
                format: self.material.format.to_string(),
                kind: format!("{} {}", entry.kind, entry.version),
            }),
        }
    }

    /// Several entries of one log count once (GHSA-9vcr-p3rj-q5q6).
    fn enough_logs(&self, entries: &[VerifiedLogEntry]) -> Result<(), Refusal> {
        let logs: BTreeSet<_> = entries.iter().map(VerifiedLogEntry::log_id).collect();
        let (found, wanted) = (logs.len(), number(self.requirements.transparency_logs));
        if found < wanted {
            return Err(Refusal::TooFewLogs { found, wanted, unused: self.all_unused() });
        }
        Ok(())
    }

    /// Several times by one authority count once.
    fn enough_times(&self, times: &ProvenTimes) -> Result<(), Refusal> {
        let mut authorities = BTreeSet::new();
        let mut timestamp_authorities = BTreeSet::new();
        for time in &times.all {
            match time.authority() {
                TimeAuthority::TransparencyLog { log_id } => {
                    authorities.insert(log_id.to_string());
                }
                TimeAuthority::TimestampAuthority { name, .. } => {
                    authorities.insert(name.clone());
                    timestamp_authorities.insert(name);
                }
            }
        }
        let (found, wanted) = (authorities.len(), number(self.requirements.time_authorities));
        if found < wanted {
            return Err(Refusal::TooFewTimes { found, wanted, unused: self.all_unused() });
        }
        let found = timestamp_authorities.len();
        let wanted = number(self.requirements.timestamp_authorities);
        if found < wanted {
            return Err(Refusal::TooFewTimestamps { found, wanted, unused: self.all_unused() });
        }
        Ok(())
    }

    /// What was signed is about this artifact.
    fn subject(&mut self, signature: &SignatureUsed<'_>) -> Result<AboutArtifact, Refusal> {
        let about = content::about_artifact(
            &self.material.content,
            self.artifact,
            signature.scheme,
            self.limits,
        )?;
        let (digests, name) = (about.digests.clone(), about.name.clone());
        self.checks.push(Check::Subject { digests, name });
        Ok(about)
    }

    /// The signer is one of those required.
    fn required_signer(&mut self, signer: &Signer) -> Result<(), Refusal> {
        let leaf = match signer {
            Signer::Key(key) => {
                self.checks.push(Check::Key { fingerprint: key.fingerprint().clone() });
                return Ok(());
            }
            Signer::Certificate { leaf, .. } => leaf,
        };
        let matched = match &self.requirements.signer {
            SignerRequirement::Identity(wanted) => {
                let matched = wanted.iter().find(|matcher| matcher.matches(&leaf.identity));
                let matched = matched.ok_or_else(|| Refusal::IdentityMismatch {
                    found: Box::new(leaf.identity.clone()),
                    wanted: wanted.clone(),
                    confusion: Confusion::of_identity(&leaf.identity, wanted),
                })?;
                Some(format!("{} (issuer {})", matched.subject, matched.issuer))
            }
            SignerRequirement::AnyIdentity | SignerRequirement::Key(_) => None,
        };
        let (subject, issuer) = (&leaf.identity.subject, &leaf.identity.issuer);
        let (subject, issuer) = (subject.to_string(), issuer.to_string());
        self.checks.push(Check::Identity { subject, issuer, matched });
        Ok(())
    }

    fn verified(
        self,
        signer: &Signer,
        certified: Option<&Certified>,
        times: ProvenTimes,
        log_entries: Vec<VerifiedLogEntry>,
        about: AboutArtifact,
    ) -> VerifiedBundle {
        VerifiedBundle {
            signer: match certified {
                Some(certified) => VerifiedSigner::Certificate(Arc::clone(&certified.verified)),
                None => {
                    VerifiedSigner::Key(VerifiedKey { public_key: signer.key().public().clone() })
                }
            },
            content: match (&self.material.content, about.said) {
                (SignedContent::Envelope(envelope), Said::Statement(statement)) => {
                    VerifiedContent::Statement { envelope: envelope.clone(), statement }
                }
                (SignedContent::SimpleSigning { payload, .. }, Said::SimpleSigning(said)) => {
                    VerifiedContent::SimpleSigning { payload: payload.clone(), said }
                }
                _ => VerifiedContent::Message,
            },
            subject: about.digests,
            root_digest: self.root.map(|root| root.digest.clone()),
            document: self.material.document.clone(),
            format: self.material.format,
            times: times.all,
            log_entries,
            checks: self.checks,
            unused: self.unused,
        }
    }

    fn root_for(&self, what: &'static str) -> Result<&'a PreparedRoot, Refusal> {
        self.root.ok_or(Refusal::NoTrustedRoot { what })
    }

    /// The digest of the document, where the document is the envelope as it was sent to the log.
    fn envelope_digest(&self) -> Option<&'a ArtifactDigest> {
        match self.material.format {
            Format::Dsse | Format::CosignAnnotations => self.material.document.as_ref(),
            _ => None,
        }
    }

    fn unknown_log(&self, entry: &LogEntry) -> UnusedReason {
        let log_id = entry.log_id;
        UnusedReason::LogNotInTrustedRoot { log_id, note: Instance::note_of_log(log_id) }
    }

    fn leave_unused(&mut self, place: String, reason: UnusedReason) {
        self.unused.push(UnusedEvidence { place, reason });
    }

    /// What proved nothing, for a refusal: with the instances of the trusted root that might have
    /// made a difference, and with log entries that have not been looked at yet.
    fn all_unused(&self) -> Vec<UnusedEvidence> {
        let mut unused = self.unused.clone();
        for (index, entry) in self.material.log_entries.iter().enumerate() {
            let place = format!("log entry {index}");
            let unknown = self.root.is_none_or(|root| root.log_keys(entry.log_id).is_empty());
            if unknown && unused.iter().all(|known| known.place != place) {
                unused.push(UnusedEvidence { place, reason: self.unknown_log(entry) });
            }
        }
        for disabled in self.root.map_or(&[][..], |root| root.disabled.as_slice()) {
            let place = format!("{} of the trusted root", disabled.place);
            let reason = UnusedReason::NotValid { detail: disabled.reason.clone() };
            unused.push(UnusedEvidence { place, reason });
        }
        unused
    }
}

impl Signer {
    fn key(&self) -> &VerificationKey {
        match self {
            Self::Certificate { leaf, .. } => &leaf.key,
            Self::Key(key) => key,
        }
    }

    fn as_entry_verifier(&self) -> EntryVerifier<'_> {
        match self {
            Self::Certificate { leaf, .. } => EntryVerifier::Certificate(leaf),
            Self::Key(key) => EntryVerifier::Key(key),
        }
    }
}

/// Of a bundle with one entry and one timestamp.
const USUAL_CHECKS: usize = 12;

/// How many are required; none when nothing is.
fn number(required: Option<NonZeroUsize>) -> usize {
    required.map_or(0, NonZeroUsize::get)
}
