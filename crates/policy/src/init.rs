//! A first policy for artifacts, from the evidence that they come with.
//!
//! Trust on first use: whoever signed what is looked at is who may sign from then on. What is drafted
//! passes on those artifacts, asks for everything that is true of them and that a policy can ask
//! for, and says in comments what is not true. Whether the signer is the right one, nobody but its
//! reader can say.

mod observe;
mod write;

use std::collections::BTreeSet;

use chainsign_artifact::ArtifactFacts;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::TrustedRoot;
use jiff::Timestamp;

use crate::error::LoadError;
use crate::evidence::EvidenceSet;
use crate::explain::Lint;
use crate::language::Instance;
use crate::plan::{Attempt, Plan};
use crate::policy::{Policy, PolicyFiles};
use crate::verdict::{Decision, Rule};
use observe::Findings;

/// An artifact and the evidence that verified for it, by whomever.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// What verified under [`plan`].
    pub evidence: &'a EvidenceSet,
    /// What is true of the artifact, to the depth of [`Depth::SecondRecords`](chainsign_gosbom::Depth)
    /// if the policy shall ask for agreeing records.
    pub facts: &'a ArtifactFacts,
}

/// What a policy is drafted with.
pub struct Options<'a> {
    /// Its name: letters, digits, `-` and `_`.
    pub name: &'a str,
    /// The trusted root that it pins; `None` leaves the choice to whoever verifies.
    pub root: Option<PinnedRoot<'a>>,
    /// The files that the draft names: of a pinned root, that root.
    pub files: &'a dyn PolicyFiles,
    /// The time for which it must pass.
    pub now: Timestamp,
}

/// A trusted root in a file beside the policy.
#[derive(Clone, Debug)]
pub struct PinnedRoot<'a> {
    /// The file, relative to the policy.
    pub file: &'a str,
    /// Its SHA-256.
    pub sha256: ArtifactDigest,
    /// What the instance promises.
    pub instance: RootInstance,
}

/// What a Sigstore instance promises for every signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootInstance {
    /// A log entry and a certificate transparency log.
    Sigstore,
    /// A signed timestamp, and no log.
    Github,
}

impl RootInstance {
    /// A root without any log promises timestamps instead, as GitHub's own instance does.
    pub fn of(root: &TrustedRoot) -> Self {
        match root.tlogs.is_empty() && root.ctlogs.is_empty() {
            true => Self::Github,
            false => Self::Sigstore,
        }
    }
}

/// A drafted policy. It loads, has no lint, and passes on the artifacts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Draft {
    /// The file.
    pub yaml: String,
    /// The policy in it.
    pub policy: Policy,
    /// What its reader has to look at: who is trusted from now on, and what it does not ask for.
    pub notes: Vec<String>,
}

/// Why no policy can be drafted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// There is nothing to look at.
    #[error("found no artifact, wanted at least one")]
    NoArtifact,
    /// Nobody whose evidence verified vouches for an artifact.
    #[error(
        "found no evidence about {artifact} that verified, wanted a signature or an attestation"
    )]
    NoEvidence {
        /// The artifact.
        artifact: String,
        /// What there is, and why it did not verify.
        refused: Vec<String>,
    },
    /// The artifacts have no kind of evidence in common.
    #[error("found no kind of evidence that all artifacts have, wanted one to ask for")]
    NothingInCommon,
    /// What must be asked for does not hold.
    #[error("the drafted policy does not pass on {artifact}: {rule}: {message}")]
    NotMet {
        /// The artifact.
        artifact: String,
        /// The rule.
        rule: String,
        /// Why.
        message: String,
    },
    /// The draft is odd: a fault of this module, or of the name.
    #[error("the drafted policy is odd: {0}")]
    Odd(Lint),
    /// The draft does not load: a fault of this module, or of the name.
    #[error("the drafted policy does not load: {0}")]
    NotLoaded(#[from] LoadError),
}

/// How to verify whatever there is, to see who signed: any identity under this root.
pub fn plan(root: &TrustedRoot) -> Plan {
    let anybody = SignerRequirement::AnyIdentity;
    let requirements = match RootInstance::of(root) {
        RootInstance::Sigstore => Requirements::keyless(anybody),
        RootInstance::Github => Requirements::github(anybody),
    };
    let digest = root.digest().clone();
    Plan {
        attempts: vec![Attempt {
            root: Some(digest.clone()),
            requirements,
            authorities: Vec::new(),
        }],
        caller_root: Some(digest),
        roots: vec![root.clone()],
    }
}

/// Text as a YAML scalar that the language reads as this text: single-quoted where that says
/// everything, else as JSON writes it.
pub fn quoted(text: &str) -> String {
    match text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        true => format!("'{}'", text.replace('\'', "''")),
        false => serde_json::Value::from(text).to_string(),
    }
}

/// Drafts a policy that the artifacts pass.
///
/// First it asks for everything that may be true; what turns out not to be is taken out again and
/// said in a comment and in [`Draft::notes`]. Who signed is never taken out.
///
/// # Errors
/// Each variant of [`InitError`] is a reason.
pub fn draft(observed: &[Observed<'_>], options: &Options<'_>) -> Result<Draft, InitError> {
    let findings = Findings::of(observed)?;
    let unfit = findings.go.iter().flat_map(|go| &go.unfit);
    let unfit =
        unfit.map(|(name, found)| (format!("go.settings.{name}"), format!("it is {found}")));
    let mut left_out: Vec<(String, String)> = unfit.collect();
    loop {
        let not_asked: BTreeSet<&str> = left_out.iter().map(|(rule, _)| rule.as_str()).collect();
        let yaml = write::policy(&findings, &not_asked, &left_out, options);
        let policy = Policy::parse(yaml.as_bytes(), options.files)?;
        match first_unmet(&policy, observed, options.now) {
            None => return finished(yaml, policy, &findings, &left_out, options.now),
            Some((artifact, rule)) => {
                let id = rule.id.to_string();
                if !write::may_leave_out(&id) || not_asked.contains(id.as_str()) {
                    return Err(InitError::NotMet { artifact, rule: id, message: rule.message });
                }
                left_out.push((id, rule.message));
            }
        }
    }
}

fn finished(
    yaml: String,
    policy: Policy,
    findings: &Findings,
    left_out: &[(String, String)],
    now: Timestamp,
) -> Result<Draft, InitError> {
    if let Some(lint) = policy.lints(now).into_iter().next() {
        return Err(InitError::Odd(lint));
    }
    let mut notes = findings.notes();
    let text = |(rule, message): &(String, String)| format!("not asked for: {rule}: {message}");
    notes.extend(left_out.iter().map(text));
    Ok(Draft { yaml, policy, notes })
}

/// The first rule that an artifact does not meet and that is a cause itself.
fn first_unmet(
    policy: &Policy,
    observed: &[Observed<'_>],
    now: Timestamp,
) -> Option<(String, Rule)> {
    observed.iter().find_map(|it| {
        let verdict = policy.evaluate(it.evidence, it.facts, now);
        if verdict.decision() == Decision::Allow {
            return None;
        }
        let rule = verdict.report().violations().find(|rule| rule.because.is_none())?;
        Some((it.facts.name.clone(), rule.clone()))
    })
}

impl From<RootInstance> for Instance {
    fn from(instance: RootInstance) -> Self {
        match instance {
            RootInstance::Sigstore => Instance::Sigstore,
            RootInstance::Github => Instance::Github,
        }
    }
}
