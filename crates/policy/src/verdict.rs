//! What an evaluation says: a tree of policy, section and rule, with the evidence behind each.
//!
//! Everything here is plain data for whoever renders it. Only [`Policy::evaluate`] makes a
//! [`Verdict`], so that a program which acts on one acts on an evaluation of verified evidence.
//!
//! [`Policy::evaluate`]: crate::Policy::evaluate

use std::fmt;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_slsa::vsa::TrackLevel;
use jiff::Timestamp;

use crate::evidence::{EvidenceSummary, Refused};

/// The outcome of evaluating a policy on verified evidence.
///
/// There is no way to make one but [`Policy::evaluate`](crate::Policy::evaluate); in particular
/// not from the [`TestVerdict`](crate::testing::TestVerdict) of an evaluation that saw fixtures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    report: Box<Report>,
}

impl Verdict {
    pub(crate) fn new(report: Report) -> Self {
        Verdict { report: Box::new(report) }
    }

    /// Everything that was evaluated.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The worst outcome of all sections.
    pub fn outcome(&self) -> Outcome {
        self.report.outcome()
    }

    /// What follows from the outcome under the policy's mode.
    pub fn decision(&self) -> Decision {
        match (self.outcome(), self.report.policy.mode) {
            (Outcome::Pass, _) => Decision::Allow,
            (Outcome::Error | Outcome::Skipped, _) => Decision::Undecided,
            (Outcome::Fail, Mode::Enforce) => Decision::Deny,
            (Outcome::Fail, Mode::Warn | Mode::Audit) => Decision::Warn,
        }
    }
}

/// What to do with the artifact. Ordered: the later is the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// Every rule passed.
    Allow,
    /// A rule failed, under a policy that only warns or records.
    Warn,
    /// A rule failed.
    Deny,
    /// It could not be found out. Never to be read as [`Allow`](Self::Allow), in any mode.
    Undecided,
}

/// How the policy wants its failures taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A failure denies.
    #[default]
    Enforce,
    /// A failure is shown, and does not deny.
    Warn,
    /// A failure is recorded, and does not deny.
    Audit,
}

impl Mode {
    /// The word used in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
            Self::Audit => "audit",
        }
    }
}

/// What a rule, a section or a policy came to. Ordered: the later is the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Not evaluated, because an explicit condition of the policy said so.
    Skipped,
    /// The evidence says yes.
    Pass,
    /// The evidence says no.
    Fail,
    /// It could not be found out.
    Error,
}

impl Outcome {
    /// `skipped`, `pass`, `fail` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A whole evaluation: which policy, which artifact, when, on which evidence, with which results.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The policy.
    pub policy: PolicyIdentity,
    /// The artifact.
    pub artifact: ArtifactIdentity,
    /// The time for which it was evaluated.
    pub evaluated_at: Timestamp,
    /// The sections in the order of evaluation. Never empty.
    pub sections: Vec<Section>,
    /// The trusted roots that the policy names.
    pub roots: Vec<RootIdentity>,
    /// The evidence that was verified, in the order of its digests.
    pub evidence: Vec<EvidenceSummary>,
    /// The candidates that were refused. They count as absent.
    pub refused: Vec<Refused>,
    /// Every exception of the policy, used or not.
    pub exceptions: Vec<ExceptionUse>,
    /// The SLSA build level that was proven: the one that the policy gives to builder and signer of an
    /// accepted provenance, where a rule asks for a level, or that of a summary which stands in for such a
    /// provenance. Means nothing unless the outcome is a pass.
    pub build_level: TrackLevel,
}

impl Report {
    /// The worst outcome of all sections. [`Outcome::Error`] when nothing was evaluated.
    pub fn outcome(&self) -> Outcome {
        let worst = self.sections.iter().map(Section::outcome).max().unwrap_or(Outcome::Error);
        if worst == Outcome::Skipped { Outcome::Error } else { worst }
    }

    /// All rules in the order of evaluation.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.sections.iter().flat_map(|section| &section.rules)
    }

    /// The rule with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules().find(|rule| rule.id.as_str() == id)
    }

    /// The rules that failed or could not be decided, without the excepted ones. Those that only
    /// follow from another one name it in [`Rule::because`].
    pub fn violations(&self) -> impl Iterator<Item = &Rule> {
        self.rules().filter(|rule| rule.effective() >= Outcome::Fail)
    }
}

/// Which policy was evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyIdentity {
    /// Its name.
    pub name: String,
    /// Its version, where it has one.
    pub version: Option<u64>,
    /// SHA-256 of the file.
    pub digest: ArtifactDigest,
    /// Its mode.
    pub mode: Mode,
}

/// A trusted root that a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RootIdentity {
    /// The name that the policy gives it.
    pub name: String,
    /// Its digest.
    pub digest: ArtifactDigest,
}

/// Which artifact was evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArtifactIdentity {
    /// The caller's name for it.
    pub name: String,
    /// Its digests.
    pub digests: ArtifactDigests,
    /// The digest of the image in it, by which evidence may name it as well, where that is another
    /// one.
    pub image: Option<ArtifactDigest>,
}

/// Rules that belong together: `policy`, `deny`, `signatures`, `attestations.<name>`,
/// `acceptSummaries`, `go`, `image`, `rules`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// The section's place in the policy.
    pub id: RuleId,
    /// Its rules. Never empty.
    pub rules: Vec<Rule>,
}

impl Section {
    /// The worst outcome of its rules, where an excepted rule counts as passed.
    pub fn outcome(&self) -> Outcome {
        self.rules.iter().map(Rule::effective).max().unwrap_or(Outcome::Error)
    }
}

/// One rule with what it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// Its stable id: the place in the policy, e.g. `attestations.provenance.source.ref`.
    pub id: RuleId,
    /// What it came to, whether or not an exception applies.
    pub outcome: Outcome,
    /// Why, as a stable word.
    pub reason: Reason,
    /// Why, as a sentence that says what was found and what was wanted.
    pub message: String,
    /// What was found, where that is one value.
    pub found: Option<String>,
    /// What was wanted, where that is one value.
    pub wanted: Option<String>,
    /// The evidence, one fact a line.
    pub evidence: Vec<String>,
    /// The documents that it was decided on, as places in [`Report::evidence`]. Empty where it looks
    /// at the artifact only, or found no document to look at.
    pub relies_on: Vec<usize>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The rule whose failure is the cause, when this one could not be met only because of it.
    pub because: Option<RuleId>,
    /// The exception that silences it.
    pub exception: Option<String>,
}

impl Rule {
    /// What it counts as: an excepted rule as passed.
    pub fn effective(&self) -> Outcome {
        if self.exception.is_some() && self.outcome >= Outcome::Fail {
            Outcome::Pass
        } else {
            self.outcome
        }
    }
}

/// The stable id of a rule or a section: names joined by dots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(String);

impl RuleId {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        RuleId(text.into())
    }

    /// The id of a rule below this one.
    pub(crate) fn below(&self, name: &str) -> Self {
        RuleId(format!("{}.{name}", self.0))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an exception of the policy was used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExceptionUse {
    /// Its id.
    pub id: String,
    /// When it ends.
    pub expires: Timestamp,
    /// Why it was granted.
    pub reason: String,
    /// Who granted it.
    pub approved_by: String,
    /// When the emergency began that it is for, where it is for one.
    pub break_glass: Option<Timestamp>,
    /// What became of it.
    pub state: ExceptionState,
}

/// What became of an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExceptionState {
    /// It silenced these rules.
    Used(Vec<RuleId>),
    /// It is about this artifact, but none of its rules failed.
    NotNeeded,
    /// It is about other artifacts.
    OtherArtifact,
    /// It is for an emergency that has not begun, and was ignored.
    NotYet,
    /// It has expired and was ignored.
    Expired,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $text:literal,)*) => {
        /// Why a rule came to its outcome, as a word that does not change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// All reasons.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The word, in kebab-case.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

reasons! {
    /// The rule is met.
    Satisfied "satisfied",
    /// The rule's condition says that it is not to be evaluated here.
    ConditionNotMet "condition-not-met",
    /// The policy is for some targets only, and was not asked about one.
    NoTarget "no-target",
    /// The policy has expired.
    PolicyExpired "policy-expired",
    /// The artifact's digest is on the deny list.
    DigestDenied "digest-denied",
    /// The evidence uses a key, certificate or log entry on the deny list.
    EvidenceDenied "evidence-denied",
    /// There is no signature at all.
    NoSignature "no-signature",
    /// There is no attestation at all.
    NoAttestation "no-attestation",
    /// There are attestations, but none of the wanted type.
    OtherPredicateType "other-predicate-type",
    /// There is evidence, but the verifier refused it.
    EvidenceRefused "evidence-refused",
    /// There is evidence, but another identity signed it.
    OtherIdentity "other-identity",
    /// There is evidence of the wanted identity, but under another trusted root.
    OtherRoot "other-root",
    /// There is evidence, but another key signed it.
    OtherKey "other-key",
    /// Fewer distinct signers than wanted.
    TooFewSigners "too-few-signers",
    /// The key was used outside the time the policy allows, or at an unproven time.
    KeyNotValid "key-not-valid",
    /// The evidence shows less than the authority demands: log entry, signed timestamp.
    TooLittleProof "too-little-proof",
    /// No trusted root was given for an authority.
    NoTrustedRoot "no-trusted-root",
    /// Evidence could not be fetched, or a limit was reached.
    EvidenceUnavailable "evidence-unavailable",
    /// The evidence that this rule looks at is missing or was not accepted.
    EvidenceMissing "evidence-missing",
    /// The evidence is older than allowed.
    TooOld "too-old",
    /// Nothing proves when the evidence was signed.
    TimeNotProven "time-not-proven",
    /// The attestation's content cannot be read.
    Unreadable "unreadable",
    /// The attestation does not say what this rule asks for.
    ValueMissing "value-missing",
    /// The value is not the one wanted.
    ValueMismatch "value-mismatch",
    /// The builder is not one that this signer may speak for.
    BuilderNotTrusted "builder-not-trusted",
    /// The level that the policy gives to signer and builder, or that a summary states, is lower than
    /// wanted.
    LevelTooLow "level-too-low",
    /// A parameter that the policy does not know.
    UnknownParameter "unknown-parameter",
    /// A summary of a trusted verifier stands in for the evidence.
    OnSummary "on-summary",
    /// The summary is by another verifier than the one for which its signer speaks.
    OtherVerifier "other-verifier",
    /// The summary is about the artifact as something else.
    OtherResource "other-resource",
    /// The summary says that verification failed.
    SummaryFailed "summary-failed",
    /// The summary is by a policy that this one does not name.
    OtherPolicy "other-policy",
    /// An expression is false.
    ExpressionFalse "expression-false",
    /// An expression gave no answer: an absent field, a wrong type, too much work.
    ExpressionError "expression-error",
    /// The SBOM lists what the policy forbids.
    Forbidden "forbidden",
    /// A vulnerability that is worse than the policy allows.
    Vulnerable "vulnerable",
    /// A licence that the policy does not allow.
    LicenceNotAllowed "licence-not-allowed",
    /// Fewer components than wanted.
    TooFewComponents "too-few-components",
    /// The archive or image is one that two readers could read in two ways.
    ContentNotBelieved "content-not-believed",
    /// A limit on what may be inside was reached.
    LimitReached "limit-reached",
    /// A part of a multi-platform image is not there.
    ImageIncomplete "image-incomplete",
    /// The artifact is no container image.
    NoImage "no-image",
    /// The image runs as root.
    RunsAsRoot "runs-as-root",
    /// The image has a file of a kind that it must not have.
    FileNotAllowed "file-not-allowed",
    /// The image lacks a file.
    FileMissing "file-missing",
    /// The artifact is no archive and no image.
    NothingInside "nothing-inside",
    /// The archive or image holds a program that it must not hold.
    ProgramNotAllowed "program-not-allowed",
    /// The archive or image lacks a program.
    ProgramMissing "program-missing",
    /// The SBOM does not list a program of the archive or image.
    ProgramNotListed "program-not-listed",
    /// The artifact is not a Go binary, and has none in it.
    NotGo "not-go",
    /// A Go binary whose build information is missing.
    NoBuildInfo "no-build-info",
    /// The build information cannot be read: packed, obfuscated, malformed, too large.
    BuildInfoUnreadable "build-info-unreadable",
    /// The Go release cannot be told from the binary.
    GoVersionUnknown "go-version-unknown",
    /// The Go release is older than wanted.
    GoVersionTooOld "go-version-too-old",
    /// Go did not record the setting in this binary.
    NotRecorded "not-recorded",
    /// The binary has no version control stamp.
    NotStamped "not-stamped",
    /// A module was replaced.
    ModuleReplaced "module-replaced",
    /// The binary needs a loader or libraries.
    NotStatic "not-static",
    /// The headers do not tell what the rule asks for.
    NotKnowable "not-knowable",
    /// Something else in the binary contradicts its build information.
    RecordsDiffer "records-differ",
    /// The SBOM and the binary name different modules, versions or sums.
    ModulesDiffer "modules-differ",
    /// The provenance and the binary name different commits.
    CommitDiffers "commit-differs",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Rule {
    /// A rule that is met.
    pub(crate) fn pass(id: RuleId, message: impl Into<String>) -> Self {
        Self::new(id, Outcome::Pass, Reason::Satisfied, message)
    }

    /// A rule that the evidence contradicts.
    pub(crate) fn fail(id: RuleId, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(id, Outcome::Fail, reason, message)
    }

    /// A rule that cannot be decided.
    pub(crate) fn error(id: RuleId, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(id, Outcome::Error, reason, message)
    }

    pub(crate) fn new(
        id: RuleId,
        outcome: Outcome,
        reason: Reason,
        message: impl Into<String>,
    ) -> Self {
        Rule {
            id,
            outcome,
            reason,
            message: message.into(),
            found: None,
            wanted: None,
            evidence: Vec::new(),
            relies_on: Vec::new(),
            hint: None,
            because: None,
            exception: None,
        }
    }

    /// A rule that could not be met because of another one.
    pub(crate) fn blocked(id: RuleId, cause: &Rule) -> Self {
        let because = cause.because.clone().unwrap_or_else(|| cause.id.clone());
        let message = format!("needs {because}, which is not met");
        let mut rule = Self::new(id, cause.outcome, Reason::EvidenceMissing, message);
        rule.because = Some(because);
        rule
    }

    /// What was found and what was wanted, as values.
    pub(crate) fn compared(mut self, found: impl fmt::Display, wanted: impl fmt::Display) -> Self {
        self.found = Some(found.to_string());
        self.wanted = Some(wanted.to_string());
        self
    }

    /// More evidence, one fact a line.
    pub(crate) fn with(mut self, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.evidence.extend(lines.into_iter().map(Into::into));
        self
    }

    /// The documents that it was decided on, as places in [`Report::evidence`].
    pub(crate) fn relying_on(mut self, places: impl IntoIterator<Item = usize>) -> Self {
        self.relies_on.extend(places);
        self.relies_on.sort_unstable();
        self.relies_on.dedup();
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
