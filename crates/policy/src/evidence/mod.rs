//! Evidence: what a policy is evaluated on.
//!
//! Security lives in the types. An [`Evidence`] is made from a
//! [`VerifiedBundle`](chainsign_verify::VerifiedBundle) and from nothing else; a fixture is a
//! type of [`crate::testing`] and leads to a verdict type that nothing accepts as a
//! [`Verdict`](crate::Verdict). What failed verification is a [`Refused`]: it is listed and
//! explains a denial, and no rule can be met by it.

mod sbom;
mod scan;
mod testimony;
mod vex;

use std::fmt;
use std::sync::Arc;

use chainsign_core::Limits;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::material::{SignedContent, SignedMaterial};
use chainsign_core::predicate::PredicateType;
use chainsign_core::statement::Statement;
use chainsign_verify::VerifiedBundle;
use jiff::Timestamp;

pub(crate) use sbom::{Component, Sbom};
pub(crate) use scan::{Finding, Scan, Severity};
pub(crate) use testimony::{
    Content, Inclusion, LogReference, Parsed, ProvenTime, Signer, Testimony, TimeKind, Via,
};
pub(crate) use vex::{About, Status, VexStatement};

/// Where a candidate was found, in the caller's words: a file name, a line of a file, a reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// Takes the caller's words.
    pub fn new(text: impl Into<String>) -> Self {
        Origin(text.into())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One piece of verified evidence.
#[derive(Debug)]
pub struct Evidence(pub(crate) Testimony);

impl Evidence {
    /// What reports say about it.
    pub fn summary(&self) -> EvidenceSummary {
        self.0.summary()
    }
}

/// What became of one candidate document.
#[derive(Debug)]
#[non_exhaustive]
pub enum Candidate {
    /// It verified, under each of these trusted roots or keys.
    Verified(Vec<Evidence>),
    /// It did not.
    Refused(Refused),
    /// It could not be looked at.
    Unavailable(Unavailable),
}

/// A candidate that was not accepted, with the reason that got furthest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Where it was found.
    pub origin: Origin,
    /// SHA-256 of the document, where there is one.
    pub document: Option<ArtifactDigest>,
    /// The check that refused it: a check id of the verifier, or `format` when the document could
    /// not be read at all.
    pub check: String,
    /// Why, as the verifier's stable word.
    pub reason: String,
    /// Why, with what was found and wanted.
    pub message: String,
    /// What the document says it is. Not authoritative: it explains a denial, nothing else.
    pub claim: Claim,
    /// How far verification came before it stopped: the higher, the further.
    pub(crate) reached: u8,
}

/// What a refused document says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// A signature over the artifact itself.
    Signature,
    /// An attestation of this type.
    Attestation(PredicateType),
    /// It cannot be told.
    Unknown,
}

impl Claim {
    pub(crate) fn of(material: &SignedMaterial) -> Self {
        match &material.content {
            SignedContent::Message { .. } | SignedContent::SimpleSigning { .. } => Claim::Signature,
            SignedContent::Envelope(envelope) => {
                Statement::parse(&envelope.payload.0, &Limits::default())
                    .map_or(Claim::Unknown, |it| Claim::Attestation(it.predicate_type))
            }
        }
    }
}

/// Evidence that could not be fetched or looked at, so that its absence means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// Where it was to be found.
    pub origin: Origin,
    /// What happened.
    pub message: String,
}

/// The evidence about one artifact: what [`Policy::evaluate`](crate::Policy::evaluate) takes.
///
/// Made by [`Plan::evidence`](crate::Plan::evidence), so that it knows which root the caller
/// trusts.
#[derive(Debug)]
pub struct EvidenceSet {
    pub(crate) caller_root: Option<ArtifactDigest>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) unavailable: Vec<Unavailable>,
}

impl EvidenceSet {
    pub(crate) fn new(
        caller_root: Option<ArtifactDigest>,
        candidates: impl IntoIterator<Item = Candidate>,
    ) -> Self {
        let (mut evidence, mut refused, mut unavailable) = (Vec::new(), Vec::new(), Vec::new());
        for candidate in candidates {
            match candidate {
                Candidate::Verified(verified) => evidence.extend(verified),
                Candidate::Refused(candidate) => refused.push(candidate),
                Candidate::Unavailable(candidate) => unavailable.push(candidate),
            }
        }
        EvidenceSet { caller_root, evidence, refused, unavailable }
    }

    /// The verified evidence.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// The refused candidates.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// What could not be looked at.
    pub fn unavailable(&self) -> &[Unavailable] {
        &self.unavailable
    }
}

/// What a report says about one piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvidenceSummary {
    /// Where it was found.
    pub origin: Origin,
    /// SHA-256 of the document, where there is one.
    pub document: Option<ArtifactDigest>,
    /// The format of the document.
    pub format: String,
    /// Digest of the trusted root that verified it; `None` when only a key was trusted.
    pub root: Option<ArtifactDigest>,
    /// Who signed.
    pub signer: String,
    /// The type of its predicate; `None` for a signature over the artifact itself.
    pub predicate_type: Option<String>,
    /// The signed list by which it is about the artifact, and under which name it is listed; `None` for
    /// evidence about the artifact itself.
    pub via: Option<String>,
    /// The earliest proven time of the signature.
    pub signed_at: Option<Timestamp>,
    /// The checks that held: the id of each, and what it looked at.
    pub checks: Vec<(String, String)>,
    /// Everything that was proven, from the signature to the trusted root; `None` for a fixture.
    pub bundle: Option<Arc<VerifiedBundle>>,
}
