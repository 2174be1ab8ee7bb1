//! Trying a policy out on evidence that nobody signed.
//!
//! A policy's tests need evidence that says this or that. Here it is made up, and so is what comes
//! out: a [`TestVerdict`], which is no [`Verdict`](crate::Verdict) and cannot become one.
//!
//! ```compile_fail,E0308
//! fn decide(verdict: &chainsign_policy::Verdict) {}
//! fn test(verdict: &chainsign_policy::testing::TestVerdict) {
//!     decide(verdict);
//! }
//! ```
//!
//! Nor is there a verification summary of it.
//!
//! ```compile_fail,E0599
//! use chainsign_policy::{SummaryDetails, testing::TestVerdict};
//! fn vouch(verdict: &TestVerdict, details: &SummaryDetails) {
//!     drop(verdict.summary(details));
//! }
//! ```
//!
//! Nor can a fixture become evidence.
//!
//! ```compile_fail,E0423
//! use chainsign_policy::{Candidate, Evidence, testing::Fixture};
//! fn smuggle(fixture: Fixture) -> Candidate {
//!     Candidate::Verified(vec![Evidence(fixture)])
//! }
//! ```

mod assume;
mod mutation;
mod sample;
mod suite;

pub use mutation::{FieldChange, Mutation, MutationResult};
pub use suite::{
    CaseArtifact, CaseOutcome, CaseResult, CaseVerdict, SignedDocument, Suite, SuiteFiles, SuiteRun,
};

use chainsign_artifact::ArtifactFacts;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::identity::CertificateIdentity;
use chainsign_core::key::PublicKey;
use chainsign_core::material::LogId;
use chainsign_core::statement::Statement;
use jiff::Timestamp;

use crate::evaluate::{self, Case, Target};
use crate::evidence::{
    Content, EvidenceSet, Inclusion, LogReference, Origin, Parsed, ProvenTime, Signer, Testimony,
    TimeKind, Via,
};
use crate::policy::Policy;
use crate::verdict::{Outcome, Report};

/// Evidence as it would be if somebody had signed it.
///
/// It claims everything that a keyless signature under a Sigstore instance proves: a proven time
/// and a log entry. Take them away to see what a rule says.
#[derive(Debug)]
pub struct Fixture(Testimony);

/// Who is said to have signed.
#[derive(Clone, Debug)]
pub enum FixtureSigner {
    /// The holder of a certificate, under the trusted root with this digest.
    Identity {
        /// Who.
        identity: Box<CertificateIdentity>,
        /// Under which root.
        root: ArtifactDigest,
    },
    /// The holder of a key.
    Key(PublicKey),
}

impl Fixture {
    /// A signature over an artifact with these digests, or (with a statement) an attestation about
    /// it, made at this time.
    pub fn new(
        origin: Origin,
        signer: FixtureSigner,
        subject: ArtifactDigests,
        statement: Option<Statement>,
        signed_at: Timestamp,
    ) -> Self {
        // Stands for a certificate, a document: different for every fixture.
        let stand_in = |what: &str| ArtifactDigest::sha256(format!("{what} {origin}").as_bytes());
        let (root, signer) = match signer {
            FixtureSigner::Identity { identity, root } => {
                let certificate = stand_in("certificate");
                let key = stand_in("key");
                (Some(root), Signer::Certificate { identity, certificate, key })
            }
            FixtureSigner::Key(key) => (None, Signer::Key { key: key.fingerprint() }),
        };
        let authority = "a fixture".to_owned();
        Fixture(Testimony {
            document: Some(stand_in("document")),
            origin,
            format: "fixture".to_owned(),
            root,
            signer,
            subject,
            via: None,
            times: vec![ProvenTime { time: signed_at, authority, kind: TimeKind::Log }],
            log_entries: vec![proven(LogId([0; 32]), 0)],
            checks: Vec::new(),
            content: Content::Fixture(statement),
            parsed: Parsed::default(),
        })
    }

    /// As a signature over a checksum file that lists the artifact under a name.
    #[must_use]
    pub fn via_checksums(mut self, file: impl Into<String>, name: impl Into<String>) -> Self {
        self.0.via = Some(Via { file: file.into(), name: name.into() });
        self
    }

    /// With these proven times instead, by a timestamp authority; none at all if it is empty.
    #[must_use]
    pub fn with_times(mut self, times: impl IntoIterator<Item = Timestamp>) -> Self {
        let authority = "a fixture".to_owned();
        let kind = TimeKind::TimestampAuthority;
        let proven = |time| ProvenTime { time, authority: authority.clone(), kind };
        self.0.times = times.into_iter().map(proven).collect();
        self
    }

    /// With these log entries instead: the id of the log and the index. None if it is empty.
    #[must_use]
    pub fn with_log_entries(mut self, entries: impl IntoIterator<Item = (LogId, u64)>) -> Self {
        self.0.log_entries = entries.into_iter().map(|(log, index)| proven(log, index)).collect();
        self
    }

    /// With log entries that are only promised: signed entry timestamps without inclusion proofs.
    #[must_use]
    pub fn without_inclusion_proofs(mut self) -> Self {
        for entry in &mut self.0.log_entries {
            entry.inclusion = Inclusion::Promised;
        }
        self
    }

    /// With log entries for whose indexes nobody vouches: of Rekor v1, without signed entry timestamps.
    #[must_use]
    pub fn without_proven_indexes(mut self) -> Self {
        for entry in &mut self.0.log_entries {
            entry.index = None;
        }
        self
    }

    /// Verified under this root: for keys, whose log entries and times are under one.
    #[must_use]
    pub fn under_root(mut self, root: ArtifactDigest) -> Self {
        self.0.root = Some(root);
        self
    }
}

fn proven(log: LogId, index: u64) -> LogReference {
    LogReference { log, index: Some(index), inclusion: Inclusion::Proven }
}

/// What a policy says about evidence of which some was made up. It decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestVerdict {
    report: Report,
}

impl TestVerdict {
    /// Everything that was evaluated.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The worst outcome of all sections.
    pub fn outcome(&self) -> Outcome {
        self.report.outcome()
    }
}

/// Evaluates a policy as [`Policy::evaluate`] does, on verified evidence and fixtures together.
pub fn evaluate(
    policy: &Policy,
    evidence: &EvidenceSet,
    fixtures: &[Fixture],
    facts: &ArtifactFacts,
    now: Timestamp,
) -> TestVerdict {
    let verified = evidence.evidence.iter().map(|it| &it.0);
    let case = Case::new(
        Target::of(facts),
        evidence.caller_root.as_ref(),
        verified.chain(fixtures.iter().map(|it| &it.0)),
        &evidence.refused,
        &evidence.unavailable,
        now,
    );
    TestVerdict { report: evaluate::evaluate(policy.model(), case) }
}
