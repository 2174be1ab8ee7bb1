use chainsign_artifact::ArtifactFacts;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::trust::TrustedRoot;
use chainsign_gosbom::Depth;
use jiff::Timestamp;

use crate::error::LoadError;
use crate::evidence::EvidenceSet;
use crate::language::OnNoMatch;
use crate::load;
use crate::plan::Plan;
use crate::policy::{Policy, PolicyFiles};
use crate::target::{TargetError, TargetName, Workload};
use crate::verdict::{Decision, Outcome, Verdict};

/// Policies, and which of them are about a target.
///
/// Every policy that is about a target must pass: there is no order and no "most specific one", so
/// that adding a policy never allows more.
#[derive(Clone, Debug)]
pub struct PolicySet {
    pub(crate) policies: Vec<Policy>,
    pub(crate) on_no_match: OnNoMatch,
    pub(crate) mirrors: Vec<(String, String)>,
    pub(crate) always_allow: Vec<ArtifactDigest>,
    pub(crate) digest: ArtifactDigest,
}

impl PolicySet {
    /// Loads a `PolicySet` with the policies that it names, or a `Policy`, as a set of that one.
    ///
    /// # Errors
    /// Each variant of [`LoadError`]; [`LoadError::InPolicy`] says in which policy.
    pub fn parse(yaml: &[u8], files: &dyn PolicyFiles) -> Result<PolicySet, LoadError> {
        load::load_set(yaml, files)
    }

    /// The policies, in the order of the file.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The digests of artifacts that pass whatever the policies say, unless one denies them.
    pub fn always_allow(&self) -> &[ArtifactDigest] {
        &self.always_allow
    }

    /// Whether a target passes that no policy is about: `onNoMatch: dangerousAllow`.
    pub fn allows_without_policy(&self) -> bool {
        self.on_no_match == OnNoMatch::DangerousAllow
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> &ArtifactDigest {
        &self.digest
    }

    /// The policies that are about a target, asked about it.
    ///
    /// The name of a copy in a mirror is read as the original's: the first mirror of the file that
    /// holds it counts.
    ///
    /// # Errors
    /// [`TargetError::Load`] when one of them cannot be loaded with what was captured;
    /// [`TargetError::NotAnImage`] when a mirror makes something else of an image's name.
    pub fn select(&self, target: &TargetName) -> Result<Selection, TargetError> {
        let target = self.original(target)?;
        let mut policies = Vec::new();
        for policy in &self.policies {
            match policy.for_target(&target) {
                Ok(policy) => policies.push(policy),
                Err(TargetError::NotMatched { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let always_allow = self.always_allow.clone();
        Ok(Selection { target, policies, on_no_match: self.on_no_match, always_allow })
    }

    fn original(&self, target: &TargetName) -> Result<TargetName, TargetError> {
        let image = match target {
            TargetName::Image(image) => image,
            TargetName::Workload(workload) => &workload.image,
            TargetName::File(_) => return Ok(target.clone()),
        };
        let below = |from: &str| image.as_str().strip_prefix(from)?.strip_prefix('/');
        for (from, to) in &self.mirrors {
            if let Some(rest) = below(from) {
                let image = format!("{to}/{rest}").parse()?;
                return Ok(match target {
                    TargetName::Workload(workload) => {
                        TargetName::Workload(Workload { image, ..workload.clone() })
                    }
                    _ => TargetName::Image(image),
                });
            }
        }
        Ok(target.clone())
    }
}

/// The policies that are about one target.
#[derive(Clone, Debug)]
pub struct Selection {
    target: TargetName,
    policies: Vec<Policy>,
    on_no_match: OnNoMatch,
    always_allow: Vec<ArtifactDigest>,
}

impl Selection {
    /// The target, by its original's name.
    pub fn target(&self) -> &TargetName {
        &self.target
    }

    /// The policies.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// How much of a Go binary must be read for any of them. See [`Policy::depth`].
    pub fn depth(&self) -> Depth {
        let deep = |policy: &Policy| policy.depth() == Depth::SecondRecords;
        if self.policies.iter().any(deep) { Depth::SecondRecords } else { Depth::BuildInfo }
    }

    /// Whether some rule of any of them looks into the artifact. See [`Policy::looks_inside`].
    pub fn looks_inside(&self) -> bool {
        self.policies.iter().any(Policy::looks_inside)
    }

    /// What to verify for all of them, each way once. See [`Policy::plan`].
    pub fn plan(&self, caller_root: Option<&TrustedRoot>) -> Plan {
        Plan::of(self.policies.iter().map(|policy| policy.plan(caller_root)), caller_root)
    }

    /// Evaluates all of them on the same evidence.
    pub fn evaluate(
        &self,
        evidence: &EvidenceSet,
        facts: &ArtifactFacts,
        now: Timestamp,
    ) -> SetVerdict {
        let evaluate = |policy: &Policy| policy.evaluate(evidence, facts, now);
        let allowed = |digest: &&ArtifactDigest| {
            let algorithm = digest.algorithm();
            facts.identities().any(|known| known.get(algorithm) == Some(*digest))
        };
        SetVerdict {
            verdicts: self.policies.iter().map(evaluate).collect(),
            always_allowed: self.always_allow.iter().find(allowed).cloned(),
            on_no_match: self.on_no_match,
        }
    }
}

/// What the policies that are about a target say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetVerdict {
    verdicts: Vec<Verdict>,
    always_allowed: Option<ArtifactDigest>,
    on_no_match: OnNoMatch,
}

impl SetVerdict {
    /// One verdict for each policy, in the order of the set's file. Empty where no policy is about
    /// the target.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// The same, to keep.
    pub fn into_verdicts(self) -> Vec<Verdict> {
        self.verdicts
    }

    /// The artifact's digest, if the set always allows it.
    pub fn always_allowed(&self) -> Option<&ArtifactDigest> {
        self.always_allowed.as_ref()
    }

    /// The worst decision of all policies. [`Decision::Undecided`] where no policy is about the
    /// target, unless the set says `onNoMatch: dangerousAllow`.
    ///
    /// An artifact that the set always allows is allowed, unless a policy denies its digest.
    pub fn decision(&self) -> Decision {
        let worst = self.verdicts.iter().map(Verdict::decision).max();
        if self.always_allowed.is_some() && !self.digest_denied() {
            return Decision::Allow;
        }
        match (worst, self.on_no_match) {
            (Some(worst), _) => worst,
            (None, OnNoMatch::DangerousAllow) => Decision::Allow,
            (None, OnNoMatch::Deny) => Decision::Undecided,
        }
    }

    fn digest_denied(&self) -> bool {
        let rules =
            self.verdicts.iter().filter_map(|verdict| verdict.report().rule("deny.digests"));
        rules.into_iter().any(|rule| rule.outcome >= Outcome::Fail)
    }
}
