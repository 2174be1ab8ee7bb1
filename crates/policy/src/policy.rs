use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use chainsign_artifact::ArtifactFacts;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::TrustedRoot;
use chainsign_gosbom::Depth;
use jiff::Timestamp;

use crate::error::LoadError;
use crate::evaluate::{self, Case, Target};
use crate::evidence::EvidenceSet;
use crate::explain::{self, Explanation, Lint};
use crate::language::{Instance, KeyLog};
use crate::load;
use crate::model::{Authority, Model, TimestampProof, Who};
use crate::plan::{Attempt, Plan};
use crate::target::{TargetError, TargetName};
use crate::verdict::{PolicyIdentity, RuleId, Verdict};

/// A policy: loaded, complete and checked.
///
/// Names are resolved, files read and pinned, and every authority fixes who it is. It holds
/// everything it needs: evaluating it opens nothing and asks nobody.
#[derive(Clone, Debug)]
pub struct Policy {
    source: Arc<load::Source>,
    model: Arc<Model>,
}

/// Reads the files that a policy names: trusted roots and public keys.
///
/// Contract: a path is relative to the folder of the policy file unless it is absolute. This crate
/// opens nothing itself; what a reader refuses to open is [`LoadError::File`]. A reader bounds what
/// it reads.
pub trait PolicyFiles {
    /// The content of one file.
    ///
    /// # Errors
    /// Whatever kept it from being read.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
}

impl<F: Fn(&str) -> io::Result<Vec<u8>>> PolicyFiles for F {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self(path)
    }
}

impl Policy {
    /// Loads a policy from YAML; the language is described in this crate's documentation.
    ///
    /// The file may have 1 MiB and nest 32 levels.
    ///
    /// # Errors
    /// Each variant of [`LoadError`] is a reason. A policy that loads can be evaluated.
    pub fn parse(yaml: &[u8], files: &dyn PolicyFiles) -> Result<Policy, LoadError> {
        let (source, model) = load::load(yaml, files)?;
        Ok(Policy { source: Arc::new(source), model: Arc::new(model) })
    }

    /// What the policy says about a target: `match` is evaluated, and what it captured from the
    /// target's name filled in.
    ///
    /// A policy without `match` is about every target. One with `match` that was not asked about a
    /// target cannot be decided: its `policy.match` is an error.
    ///
    /// # Errors
    /// [`TargetError::NotMatched`] when the policy is about other targets; [`TargetError::Load`]
    /// when it cannot be loaded with what was captured.
    pub fn for_target(&self, target: &TargetName) -> Result<Policy, TargetError> {
        match load::bind(&self.source, target)? {
            Some(model) => Ok(Policy { source: self.source.clone(), model: Arc::new(model) }),
            None => Err(TargetError::NotMatched {
                policy: self.model.identity.name.clone(),
                target: target.to_string(),
                wanted: load::globs(&self.source),
            }),
        }
    }

    /// Name, version, digest and mode.
    pub fn identity(&self) -> &PolicyIdentity {
        &self.model.identity
    }

    /// The ids of all its rules, in the order of evaluation. Every evaluation has exactly these.
    pub fn rule_ids(&self) -> Vec<RuleId> {
        evaluate::rule_ids(&self.model)
    }

    /// What the policy asks for, one sentence for each of its rules, in the order of evaluation.
    pub fn explain(&self) -> Vec<Explanation> {
        explain::explain(&self.model)
    }

    /// What is odd about the policy at a time although it loads.
    pub fn lints(&self, now: Timestamp) -> Vec<Lint> {
        explain::lints(&self.model, now)
    }

    /// How much of a Go binary must be read for the rules of this policy. Where less was read, the
    /// rules that need it are errors.
    pub fn depth(&self) -> Depth {
        match self.model.go.as_ref().and_then(|go| go.records.0) {
            Some(_) => Depth::SecondRecords,
            None => Depth::BuildInfo,
        }
    }

    /// Whether some rule looks into the artifact: at the Go programs in it, at its image, or at both by
    /// an expression. Facts without content are enough for the others.
    pub fn looks_inside(&self) -> bool {
        let Model { go, image, rules, .. } = &*self.model;
        go.is_some() || image.is_some() || rules.iter().any(|rule| rule.expression.uses_go)
    }

    /// Whether some evidence can only be verified under the root of the caller: the policy trusts
    /// somebody who needs a root, and names none.
    pub fn needs_caller_root(&self) -> bool {
        self.model.authorities.iter().any(|authority| attempt(authority, None).is_none())
    }

    /// Which trusted roots are used, and how each candidate document is to be verified.
    ///
    /// `caller_root` is the root that a policy gets which names none; a policy that names its own
    /// never uses it. Without any, rules that need one are errors.
    pub fn plan(&self, caller_root: Option<&TrustedRoot>) -> Plan {
        let own = self.model.roots.iter().map(|named| &named.root);
        let mut plan = Plan {
            roots: Vec::new(),
            attempts: Vec::new(),
            caller_root: caller_root.map(|root| root.digest().clone()),
        };
        for authority in &self.model.authorities {
            if let Some(attempt) = attempt(authority, plan.caller_root.as_ref()) {
                plan.add(attempt);
            }
        }
        let used = |root: &&TrustedRoot| {
            plan.attempts.iter().any(|attempt| attempt.root.as_ref() == Some(root.digest()))
        };
        let mut roots: Vec<TrustedRoot> = own.chain(caller_root).filter(used).cloned().collect();
        roots.sort_by(|left, right| left.digest().cmp(right.digest()));
        roots.dedup_by(|left, right| left.digest() == right.digest());
        plan.roots = roots;
        plan
    }

    /// Evaluates every rule on the evidence and the facts, for the time `now`.
    ///
    /// Evidence is what [`Verifiers::check`](crate::Verifiers::check) left; evidence about another
    /// artifact than `facts` does not count. The result is the same for the same arguments,
    /// whatever the order of the evidence.
    pub fn evaluate(
        &self,
        evidence: &EvidenceSet,
        facts: &ArtifactFacts,
        now: Timestamp,
    ) -> Verdict {
        let case = Case::new(
            Target::of(facts),
            evidence.caller_root.as_ref(),
            evidence.evidence.iter().map(|it| &it.0),
            &evidence.refused,
            &evidence.unavailable,
            now,
        );
        Verdict::new(evaluate::evaluate(&self.model, case))
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }
}

/// How evidence for an authority must verify. `None` when it needs a root and there is none.
fn attempt(authority: &Authority, caller_root: Option<&ArtifactDigest>) -> Option<Attempt> {
    let proof = &authority.proof;
    let (root, mut requirements) = match &authority.who {
        Who::Identity(identity) => {
            // The identity is matched by the rules, which can then say which part differs.
            let signer = SignerRequirement::AnyIdentity;
            let requirements = match identity.instance {
                Instance::Sigstore => Requirements::keyless(signer),
                Instance::Github => Requirements::github(signer),
            };
            (identity.root.digest(caller_root), requirements)
        }
        Who::Key(key) => {
            let mut requirements = Requirements::key(key.key.clone());
            if key.log == KeyLog::Require {
                requirements.transparency_logs = Some(NonZeroUsize::MIN);
            }
            if key.has_window() || proof.not_before.is_some() || proof.within.is_some() {
                requirements.time_authorities = Some(NonZeroUsize::MIN);
            }
            (key.root.as_ref().and_then(|root| root.digest(caller_root)), requirements)
        }
    };
    if authority.needs_root() && root.is_none() {
        return None;
    }
    if proof.wants_log() {
        let logs = NonZeroUsize::new(proof.min_logs.into()).unwrap_or(NonZeroUsize::MIN);
        requirements.transparency_logs = requirements.transparency_logs.max(Some(logs));
    }
    if proof.timestamp == TimestampProof::Required {
        requirements.timestamp_authorities = Some(NonZeroUsize::MIN);
    }
    Some(Attempt { root: root.cloned(), requirements, authorities: vec![authority.name.clone()] })
}
