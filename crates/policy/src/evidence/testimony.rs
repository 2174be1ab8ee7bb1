//! What is known about one signed document, wherever it came from.

use std::fmt;
use std::sync::{Arc, OnceLock};

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::identity::CertificateIdentity;
use chainsign_core::material::LogId;
use chainsign_core::statement::Statement;
use chainsign_slsa::Provenance;
use chainsign_verify::{TimeAuthority, VerifiedBundle, VerifiedSigner, VerifiedTime};
use jiff::Timestamp;

use super::sbom::Sbom;
use super::scan::Scan;
use super::vex::Vex;
use super::{EvidenceSummary, Origin};
use crate::expression::{Measured, of_json};

/// One signed document, its signer and what was proven about it.
///
/// Made here from a verified bundle, and by [`crate::testing`] from a fixture: which of the two is
/// kept by the types around it ([`Evidence`](super::Evidence) and
/// [`Fixture`](crate::testing::Fixture)), so that the rules cannot tell them apart and nothing
/// else can mix them up.
#[derive(Debug)]
pub(crate) struct Testimony {
    pub(crate) origin: Origin,
    pub(crate) document: Option<ArtifactDigest>,
    pub(crate) format: String,
    pub(crate) root: Option<ArtifactDigest>,
    pub(crate) signer: Signer,
    pub(crate) subject: ArtifactDigests,
    /// The list by which a signature is about the artifact; `None` for one over the artifact itself.
    pub(crate) via: Option<Via>,
    pub(crate) times: Vec<ProvenTime>,
    pub(crate) log_entries: Vec<LogReference>,
    pub(crate) checks: Vec<(String, String)>,
    pub(crate) content: Content,
    pub(crate) parsed: Parsed,
}

/// The predicate, parsed when a rule first asks, once however many rules and policies look at it.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    provenance: OnceLock<Result<Provenance, String>>,
    sbom: OnceLock<Result<Sbom, String>>,
    scan: OnceLock<Result<Scan, String>>,
    vex: OnceLock<Result<Vex, String>>,
    value: OnceLock<Result<Measured, String>>,
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The holder of a certificate.
    Certificate {
        identity: Box<CertificateIdentity>,
        /// SHA-256 of the certificate.
        certificate: ArtifactDigest,
        /// SHA-256 of its key.
        key: ArtifactDigest,
    },
    /// The holder of a key that the policy names.
    Key { key: ArtifactDigest },
}

/// A moment at which the signature existed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProvenTime {
    pub(crate) time: Timestamp,
    pub(crate) authority: String,
    pub(crate) kind: TimeKind,
}

/// What kind of authority proves a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeKind {
    Log,
    TimestampAuthority,
}

/// A proven log entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LogReference {
    pub(crate) log: LogId,
    /// `None` where the log does not vouch for it.
    pub(crate) index: Option<u64>,
    pub(crate) inclusion: Inclusion,
}

/// Whether an inclusion proof with a checkpoint was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Inclusion {
    Proven,
    Promised,
}

/// A signed list that names the artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Via {
    /// The checksum file.
    pub(crate) file: String,
    /// Under which name it lists the artifact.
    pub(crate) name: String,
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, which lists {}", self.file, self.name)
    }
}

/// What was signed.
#[derive(Debug)]
pub(crate) enum Content {
    /// A bundle, which keeps its own statement. Reports share it.
    Bundle(Arc<VerifiedBundle>),
    /// A fixture's statement; `None` for a signature over the artifact itself.
    Fixture(Option<Statement>),
}

impl Testimony {
    pub(crate) fn of_bundle(origin: Origin, bundle: VerifiedBundle) -> Self {
        let signer = match bundle.signer() {
            VerifiedSigner::Certificate(certificate) => Signer::Certificate {
                identity: Box::new(certificate.identity().clone()),
                certificate: certificate.fingerprint(),
                key: certificate.public_key().fingerprint(),
            },
            VerifiedSigner::Key(key) => Signer::Key { key: key.fingerprint() },
        };
        let time = |proven: &VerifiedTime| ProvenTime {
            time: proven.time(),
            authority: proven.authority().to_string(),
            kind: match proven.authority() {
                TimeAuthority::TimestampAuthority { .. } => TimeKind::TimestampAuthority,
                _ => TimeKind::Log,
            },
        };
        Testimony {
            origin,
            document: bundle.document().cloned(),
            format: bundle.format().to_string(),
            root: bundle.root_digest().cloned(),
            signer,
            subject: bundle.subject().clone(),
            via: None,
            times: bundle.times().iter().map(time).collect(),
            log_entries: bundle
                .log_entries()
                .iter()
                .map(|entry| LogReference {
                    log: entry.log_id(),
                    index: entry.index_is_proven().then(|| entry.log_index()),
                    inclusion: match entry.inclusion() {
                        Some(_) => Inclusion::Proven,
                        None => Inclusion::Promised,
                    },
                })
                .collect(),
            checks: bundle
                .checks()
                .iter()
                .map(|check| (check.id().as_str().to_owned(), check.to_string()))
                .collect(),
            content: Content::Bundle(Arc::new(bundle)),
            parsed: Parsed::default(),
        }
    }

    /// The same signature, over a list, as one about an artifact that is listed.
    pub(crate) fn via(self, via: Via, subject: ArtifactDigest) -> Self {
        Testimony { subject: subject.into(), via: Some(via), ..self }
    }

    /// The statement; `None` for a signature over the artifact itself.
    pub(crate) fn statement(&self) -> Option<&Statement> {
        match &self.content {
            Content::Bundle(bundle) => bundle.statement(),
            Content::Fixture(statement) => statement.as_ref(),
        }
    }

    /// The predicate as SLSA provenance.
    pub(crate) fn provenance(&self) -> Result<&Provenance, &str> {
        self.parsed(&self.parsed.provenance, |statement| {
            chainsign_slsa::read(statement).map_err(|error| error.to_string())
        })
    }

    /// The predicate as an SBOM.
    pub(crate) fn sbom(&self) -> Result<&Sbom, &str> {
        let parse = |statement: &Statement| Sbom::parse(statement.predicate.get().as_bytes());
        self.parsed(&self.parsed.sbom, parse)
    }

    /// The predicate as the record of a vulnerability scan.
    pub(crate) fn scan(&self) -> Result<&Scan, &str> {
        self.parsed(&self.parsed.scan, Scan::read)
    }

    /// The predicate as an OpenVEX document.
    pub(crate) fn vex(&self) -> Result<&Vex, &str> {
        self.parsed(&self.parsed.vex, Vex::read)
    }

    /// The predicate as expressions look at it.
    pub(crate) fn value(&self) -> Result<&Measured, &str> {
        self.parsed(&self.parsed.value, |statement| {
            let json: Result<serde_json::Value, _> =
                serde_json::from_str(statement.predicate.get());
            json.map(|json| of_json(&json)).map_err(|error| error.to_string())
        })
    }

    fn parsed<'a, T>(
        &self,
        cell: &'a OnceLock<Result<T, String>>,
        parse: impl Fn(&Statement) -> Result<T, String>,
    ) -> Result<&'a T, &'a str> {
        let read = || match self.statement() {
            Some(statement) => parse(statement),
            None => Err(NO_STATEMENT.to_owned()),
        };
        cell.get_or_init(read).as_ref().map_err(String::as_str)
    }

    /// The earliest proven time. The earliest, because anybody can have an old signature
    /// timestamped anew and nobody can have it timestamped earlier.
    pub(crate) fn signed_at(&self) -> Option<Timestamp> {
        self.times.iter().map(|proven| proven.time).min()
    }

    /// What makes two pieces of evidence the same, and orders them whatever their order of
    /// arrival.
    pub(crate) fn order(&self) -> impl Ord {
        let times = self.times.iter().map(|it| (it.time, it.authority.clone()));
        (
            self.document.clone(),
            self.root.clone(),
            self.signer.to_string(),
            times.collect::<Vec<_>>(),
            self.log_entries.clone(),
            self.origin.clone(),
        )
    }

    /// Whether it says and proves the same as another, wherever each was found. Layers of cosign's have
    /// one document, their payload, and may come with other entries and times.
    pub(crate) fn is_same(&self, other: &Testimony) -> bool {
        self.document.is_some()
            && self.document == other.document
            && self.root == other.root
            && self.signer == other.signer
            && self.via == other.via
            && self.times == other.times
            && self.log_entries == other.log_entries
    }

    /// How reports name it.
    pub(crate) fn name(&self) -> String {
        match self.statement() {
            Some(statement) => format!("{} ({})", self.origin, short(statement)),
            None => match &self.via {
                Some(via) => format!("{} (signature over {via})", self.origin),
                None => format!("{} (signature)", self.origin),
            },
        }
    }

    pub(crate) fn summary(&self) -> EvidenceSummary {
        EvidenceSummary {
            origin: self.origin.clone(),
            document: self.document.clone(),
            format: self.format.clone(),
            root: self.root.clone(),
            signer: self.signer.to_string(),
            predicate_type: self.statement().map(|it| it.predicate_type.to_string()),
            via: self.via.as_ref().map(ToString::to_string),
            signed_at: self.signed_at(),
            checks: self.checks.clone(),
            bundle: match &self.content {
                Content::Bundle(bundle) => Some(bundle.clone()),
                Content::Fixture(_) => None,
            },
        }
    }
}

impl Signer {
    /// What the signer counts as where distinct signers are counted: a key, or issuer and subject
    /// without the ref or commit behind the `@` of a workflow's URI.
    pub(crate) fn counted(&self) -> String {
        match self {
            Self::Key { key } => key.to_string(),
            Self::Certificate { identity, .. } => {
                use chainsign_core::identity::SubjectAlternativeName::Uri;
                let subject = match &identity.subject {
                    Uri(uri) => match uri.rsplit_once('@') {
                        Some((path, commit)) if is_commit(commit) => path,
                        _ => uri.split_once("@refs/").map_or(uri.as_str(), |(path, _)| path),
                    },
                    other => other.as_str(),
                };
                format!("{} {subject}", identity.issuer)
            }
        }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate { identity, .. } => {
                write!(f, "{} (issuer {})", identity.subject, identity.issuer)
            }
            Self::Key { key } => write!(f, "the key {key}"),
        }
    }
}

/// Of SHA-1 or SHA-256, as git writes it.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn short(statement: &Statement) -> &str {
    statement.predicate_type.alias().unwrap_or(statement.predicate_type.as_str())
}

const NO_STATEMENT: &str = "it is a signature over the artifact, not an attestation";
