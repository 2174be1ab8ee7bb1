//! The signer's certificate: who issued it, when it is valid, which certificate transparency logs
//! have seen it, and whom it names (client-spec section 4.3).

mod cache;
mod identity;
mod links;
pub(crate) mod path;
pub(crate) mod sct;
pub(crate) mod x509;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::encoding::pem_encode;
use chainsign_core::identity::CertificateIdentity;
use chainsign_core::material::{Format, LogId};
use chainsign_core::trust::ValidFor;
use const_oid::db::rfc5280::ID_KP_CODE_SIGNING;
use jiff::Timestamp;

use crate::Refusal;
use crate::confusion::{Confusion, Instance};
use crate::evidence::{UnusedEvidence, UnusedReason, VerifiedCertificate};
use crate::key::{Scheme, VerificationKey};
use crate::log::{LogKey, first};
use crate::root::PreparedRoot;

pub(crate) use cache::CertificateCache;
use path::{Authority, Path, PathFailure, Purpose};
use sct::{LoggedCertificate, Sct};
use x509::{X509, usages};

/// Whom a certificate claims to name, for showing it. Nothing is verified: anybody can write a
/// certificate that claims anything.
///
/// # Errors
/// What was found and wanted, where the certificate cannot be read or names nobody.
pub fn claimed_identity(certificate: &[u8]) -> Result<CertificateIdentity, String> {
    identity::read(&X509::parse(certificate)?)
}

/// A signer's certificate, parsed. Nothing about it is verified.
pub(crate) struct Leaf {
    pub(crate) x509: X509,
    pub(crate) key: VerificationKey,
    pub(crate) identity: CertificateIdentity,
    pem: OnceLock<String>,
}

/// A signer's certificate with a path to an authority of the trusted root. At which times it is
/// valid is still to be compared with proven times.
pub(crate) struct Certified {
    pub(crate) leaf: Arc<Leaf>,
    pub(crate) path: Path,
    /// For the evidence of every bundle that it has signed.
    pub(crate) verified: Arc<VerifiedCertificate>,
    valid_for: ValidFor,
    pub(crate) scts: Scts,
}

/// What the embedded SCTs of a certificate prove.
#[derive(Default)]
pub(crate) struct Scts {
    pub(crate) seen: Vec<Seen>,
    pub(crate) unused: Vec<UnusedEvidence>,
    pub(crate) failures: Vec<Refusal>,
}

/// A certificate transparency log has seen a certificate.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) log_id: LogId,
    pub(crate) log: String,
    pub(crate) time: Timestamp,
}

impl Leaf {
    /// Parses a signer's certificate: that of someone who signs code, with one identity.
    ///
    /// # Errors
    /// [`Refusal::CertificateMalformed`], [`Refusal::NotForCodeSigning`],
    /// [`Refusal::KeyUnusable`], [`Refusal::IdentityMalformed`].
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Refusal> {
        let malformed = |reason| Refusal::CertificateMalformed { which: "the certificate", reason };
        let x509 = X509::parse(der).map_err(malformed)?;
        x509.check_may_sign_documents().map_err(malformed)?;
        let usage = x509.extended_key_usage().map_err(malformed)?.map(|(_, usage)| usage);
        if !usage.as_ref().is_some_and(|usage| usage.0.contains(&ID_KP_CODE_SIGNING)) {
            let found = usages(usage.as_ref());
            return Err(Refusal::NotForCodeSigning { found, wanted: CODE_SIGNING });
        }
        let key = VerificationKey::parse(&x509.public_key)
            .map_err(|reason| Refusal::KeyUnusable { reason })?;
        let identity =
            identity::read(&x509).map_err(|reason| Refusal::IdentityMalformed { reason })?;
        Ok(Leaf { x509, key, identity, pem: OnceLock::new() })
    }

    fn verified_by(&self, authority: &Authority) -> VerifiedCertificate {
        VerifiedCertificate {
            der: self.x509.der.clone(),
            identity: self.identity.clone(),
            public_key: self.key.public().clone(),
            authority: authority.name.clone(),
            not_before: self.x509.validity.not_before,
            not_after: self.x509.validity.not_after,
        }
    }

    /// As the entries of Rekor v1 have it.
    pub(crate) fn pem(&self) -> &str {
        self.pem.get_or_init(|| pem_encode("CERTIFICATE", &self.x509.der))
    }
}

/// Parses what came with a signer's certificate. A trust anchor comes from the trusted root only:
/// a bundle must not bring one (protobuf-specs `sigstore_common.proto`, `X509CertificateChain`);
/// what cosign wrote before always does, and there it is left out.
///
/// # Errors
/// [`Refusal::CertificateMalformed`], [`Refusal::RootInMaterial`].
pub(crate) fn intermediates(others: &[Vec<u8>], format: Format) -> Result<Vec<X509>, Refusal> {
    let before_bundles = matches!(format, Format::Detached | Format::CosignAnnotations);
    let mut intermediates = Vec::new();
    for der in others {
        let which = "an intermediate certificate";
        let x509 =
            X509::parse(der).map_err(|reason| Refusal::CertificateMalformed { which, reason })?;
        match x509.is_self_issued() {
            true if before_bundles => {}
            true => return Err(Refusal::RootInMaterial { subject: x509.subject() }),
            false => intermediates.push(x509),
        }
    }
    Ok(intermediates)
}

/// Whether some authority of the trusted root can have issued a certificate, by the names that
/// the certificates give. Says more than that no time is proven, which is how a certificate of
/// another instance fails otherwise.
///
/// # Errors
/// [`Refusal::IssuerNotTrusted`].
pub(crate) fn issuer_is_known(
    leaf: &Leaf,
    others: &[X509],
    root: &PreparedRoot,
) -> Result<(), Refusal> {
    let known = |authority: &Authority| {
        authority.is_named_by(&leaf.x509) || others.iter().any(|o| authority.is_named_by(o))
    };
    if root.certificate_authorities.iter().any(known) {
        return Ok(());
    }
    let instance = Instance::of_issuer(&leaf.x509);
    // An authority that changed its keys is there twice, under one name.
    let trusted: BTreeSet<_> = root.certificate_authorities.iter().map(|a| &a.name).collect();
    Err(Refusal::IssuerNotTrusted {
        issuer: leaf.x509.issuer(),
        trusted: trusted.into_iter().cloned().collect(),
        confusion: instance.map(|instance| Confusion::OtherInstance { instance }),
    })
}

/// Finds the authority of the trusted root that issued a certificate, with a path that is valid at
/// every proven time.
///
/// # Errors
/// [`Refusal::PathInvalid`], [`Refusal::CertificateNotValid`], [`Refusal::AuthorityNotValid`], of
/// every authority that was tried; [`Refusal::IssuerNotTrusted`].
pub(crate) fn certify(
    leaf: &Arc<Leaf>,
    others: &[X509],
    root: &PreparedRoot,
    times: &[Timestamp],
) -> Result<Certified, Refusal> {
    issuer_is_known(leaf, others, root)?;
    let mut failures = Vec::new();
    for authority in &root.certificate_authorities {
        match certify_by(leaf, others, authority, times) {
            Ok(path) => {
                let scts = embedded_scts(&leaf.x509, &path, &root.ct_logs);
                return Ok(Certified {
                    leaf: Arc::clone(leaf),
                    path,
                    verified: Arc::new(leaf.verified_by(authority)),
                    valid_for: authority.valid_for,
                    scts,
                });
            }
            Err(failure) => failures.push(failure),
        }
    }
    let reason = "found no authority".to_owned();
    let none = Refusal::PathInvalid { authority: "the trusted root".to_owned(), reason };
    Err(Refusal::of_candidates(failures, none))
}

fn certify_by(
    leaf: &Leaf,
    others: &[X509],
    authority: &Authority,
    times: &[Timestamp],
) -> Result<Path, Refusal> {
    // The path is built at one of the times, and compared with the others.
    let time = times.first().copied().unwrap_or(leaf.x509.validity.not_before);
    let path = authority.path(&leaf.x509, others, Purpose::CodeSigning, time);
    let path = path.map_err(|failure| match failure {
        PathFailure::Invalid(reason) => {
            Refusal::PathInvalid { authority: authority.name.clone(), reason }
        }
        PathFailure::NotValid { subject, validity } => {
            let subject = name(leaf, &subject);
            let (not_before, not_after) = (validity.not_before, validity.not_after);
            Refusal::CertificateNotValid { subject, time, not_before, not_after }
        }
    })?;
    for time in times {
        if !path.validity.contains(*time) {
            let found = authority.not_valid(&leaf.x509, others, *time).unwrap_or(&leaf.x509);
            return Err(Refusal::CertificateNotValid {
                subject: name(leaf, &found.subject()),
                time: *time,
                not_before: found.validity.not_before,
                not_after: found.validity.not_after,
            });
        }
    }
    is_trusted_at(&authority.name, authority.valid_for, times)?;
    Ok(path)
}

/// The trusted root trusted the authority at every proven time.
fn is_trusted_at(name: &str, valid_for: ValidFor, times: &[Timestamp]) -> Result<(), Refusal> {
    match times.iter().find(|time| !valid_for.contains(**time)) {
        None => Ok(()),
        Some(time) => {
            let (authority, time) = (name.to_owned(), *time);
            Err(Refusal::AuthorityNotValid { authority, time, valid_for })
        }
    }
}

/// The subject of Fulcio's certificates is empty: they are named by their identity.
fn name(leaf: &Leaf, subject: &str) -> String {
    if subject.is_empty() { leaf.identity.subject.to_string() } else { subject.to_owned() }
}

impl Certified {
    /// Whether certificates and authority are valid at all of these times.
    pub(crate) fn is_valid_at(&self, times: &[Timestamp]) -> bool {
        let within =
            |time: &Timestamp| self.path.validity.contains(*time) && self.valid_for.contains(*time);
        times.iter().all(within)
    }
}

/// Verifies the SCTs in a certificate.
fn embedded_scts(certificate: &X509, path: &Path, logs: &[LogKey]) -> Scts {
    let malformed =
        |reason| Scts { failures: vec![Refusal::SctMalformed { reason }], ..Scts::default() };
    let scts = match sct::embedded(certificate) {
        Ok(scts) => scts,
        Err(reason) => return malformed(reason),
    };
    match LoggedCertificate::precertificate(certificate, &path.issuer_spki) {
        Ok(logged) => verify_scts(&scts, &logged, logs),
        Err(reason) => malformed(reason),
    }
}

/// Verifies the SCTs that came beside a certificate.
pub(crate) fn detached_scts(certificate: &X509, scts: &[Vec<u8>], logs: &[LogKey]) -> Scts {
    let parsed: Result<Vec<_>, _> = scts.iter().map(|sct| Sct::parse(sct)).collect();
    let logged = LoggedCertificate::Certificate { der: &certificate.der };
    match parsed {
        Ok(scts) => verify_scts(&scts, &logged, logs),
        Err(reason) => Scts { failures: vec![Refusal::SctMalformed { reason }], ..Scts::default() },
    }
}

/// RFC 6962 section 3.2. One that does not hold counts for nothing; it does not spoil another.
fn verify_scts(scts: &[Sct<'_>], certificate: &LoggedCertificate<'_>, logs: &[LogKey]) -> Scts {
    let mut outcome = Scts::default();
    for (index, sct) in scts.iter().enumerate() {
        let place = format!("SCT {index}");
        let keys: Vec<_> = logs.iter().filter(|key| key.id == sct.log_id).collect();
        if keys.is_empty() {
            let (log_id, note) = (sct.log_id, Instance::note_of_log(sct.log_id));
            let reason = UnusedReason::LogNotInTrustedRoot { log_id, note };
            outcome.unused.push(UnusedEvidence { place, reason });
            continue;
        }
        let none = || Refusal::SctMalformed { reason: "found no key".to_owned() };
        match first(&keys, none, |key| verify_sct(sct, certificate, key)) {
            Ok(seen) => outcome.seen.push(seen),
            Err(failure) => {
                let reason = UnusedReason::NotValid { detail: failure.to_string() };
                outcome.unused.push(UnusedEvidence { place, reason });
                outcome.failures.push(failure);
            }
        }
    }
    outcome
}

fn verify_sct(
    sct: &Sct<'_>,
    certificate: &LoggedCertificate<'_>,
    key: &LogKey,
) -> Result<Seen, Refusal> {
    let (log_id, log) = (key.id, key.name.clone());
    let signed = sct.signed_bytes(certificate);
    if sct.algorithm != tls_algorithm(key) || !key.verify(&signed, sct.signature) {
        return Err(Refusal::SctInvalid { log_id, log });
    }
    let time = sct.time().map_err(|reason| Refusal::SctMalformed { reason })?;
    let valid_for = key.valid_for;
    if !valid_for.contains(time) {
        return Err(Refusal::SctOutsideKeyValidity { log, time, valid_for });
    }
    Ok(Seen { log_id, log, time })
}

/// `SignatureAndHashAlgorithm` (RFC 5246 section 7.4.1.4.1, RFC 8422 section 5.1.3) of a log's key.
fn tls_algorithm(key: &LogKey) -> [u8; 2] {
    let hash = |digest| match digest {
        DigestAlgorithm::Sha256 => 4,
        DigestAlgorithm::Sha384 => 5,
        _ => 6,
    };
    match (key.scheme(), key.kind()) {
        (Scheme::RsaPkcs1v15(digest) | Scheme::RsaPss(digest), _) => [hash(digest), 1],
        (Scheme::Ecdsa(digest), _) => [hash(digest), 3],
        (Scheme::Ed25519 | Scheme::Ed25519Ph, _) => [8, 7],
    }
}

impl Certified {
    /// SHA-256 of the certificate: what the cache knows it by.
    pub(crate) fn fingerprint(&self) -> ArtifactDigest {
        ArtifactDigest::sha256(&self.leaf.x509.der)
    }
}

/// The usage that a signer's certificate must have.
pub(crate) const CODE_SIGNING: &str = "codeSigning";
