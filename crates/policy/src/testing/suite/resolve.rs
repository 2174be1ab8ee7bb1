//! Cases as they are written, made complete from the cases that they come `from`.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::{CaseArtifact, CaseVerdict};
use crate::error::LoadError;
use crate::language::{At, Case, CaseEvidence, CaseTarget, Change, Expected, Name, SuiteDocument};
use crate::verdict::{Outcome, Rule};

/// A case with everything that it needs.
#[derive(Clone, Debug)]
pub(in crate::testing) struct Resolved {
    pub(in crate::testing) name: String,
    pub(in crate::testing) artifact: At<CaseArtifact>,
    pub(in crate::testing) target: Option<At<CaseTarget>>,
    pub(in crate::testing) now: Timestamp,
    pub(in crate::testing) evidence: BTreeMap<Name, Piece>,
    pub(in crate::testing) expected: Expectation,
}

/// A piece of evidence, and how its predicate is changed: in this order.
#[derive(Clone, Debug)]
pub(in crate::testing) struct Piece {
    pub(in crate::testing) evidence: At<CaseEvidence>,
    pub(in crate::testing) changes: Vec<At<Change>>,
}

/// What must come of a case.
#[derive(Clone, Debug)]
pub(in crate::testing) struct Expectation(pub(in crate::testing) Expected);

/// Completes every case from those before it.
///
/// # Errors
/// [`LoadError::NoCase`], [`LoadError::DuplicateKey`], [`LoadError::MissingKey`] for a case without
/// an artifact, and [`LoadError::Value`] for a name that is not there.
pub(super) fn resolve(document: &SuiteDocument) -> Result<Vec<Resolved>, LoadError> {
    let mut cases: Vec<Resolved> = Vec::new();
    for written in &document.cases {
        if cases.iter().any(|other| other.name == written.name.as_str()) {
            let key = written.name.to_string();
            return Err(LoadError::DuplicateKey { at: written.at, key });
        }
        if cases.len() == CASES {
            let reason = format!("found more than {CASES} cases, wanted at most that");
            return Err(LoadError::Value { at: written.at, reason });
        }
        cases.push(complete(written, &cases, document.at.0)?);
    }
    if cases.is_empty() {
        return Err(LoadError::NoCase);
    }
    Ok(cases)
}

fn complete(
    written: &At<Case>,
    earlier: &[Resolved],
    now: Timestamp,
) -> Result<Resolved, LoadError> {
    let missing = |at, what: &str, name: &Name| {
        let reason = format!("found {:?}, wanted the name of {what}", name.as_str());
        LoadError::Value { at, reason }
    };
    let from = written.from.as_ref().map(|from| {
        let found = earlier.iter().find(|case| case.name == from.as_str());
        found.ok_or_else(|| missing(from.at, "an earlier case", from))
    });
    let from = from.transpose()?;
    let artifact = artifact(written, from)?;
    let mut evidence = from.map_or_else(BTreeMap::new, |from| from.evidence.clone());
    for name in &written.without {
        let taken = evidence.remove(&name.value);
        taken.ok_or_else(|| missing(name.at, "evidence of the earlier case", name))?;
    }
    let own = written.evidence.iter();
    evidence.extend(own.map(|(name, evidence)| {
        (name.clone(), Piece { evidence: evidence.clone(), changes: Vec::new() })
    }));
    for (name, change) in &written.change {
        let piece = evidence.get_mut(name);
        let piece = piece.ok_or_else(|| missing(change.at, "evidence of this case", name))?;
        if !matches!(piece.evidence.value, CaseEvidence::Attestation(_)) {
            let reason = format!("found a change of {name}, wanted one of an assumed attestation");
            return Err(LoadError::Value { at: change.at, reason });
        }
        piece.changes.push(change.clone());
    }
    Ok(Resolved {
        name: written.name.to_string(),
        artifact,
        target: written.target.as_ref().or(from.and_then(|it| it.target.as_ref())).cloned(),
        now: match (written.at_time(), from) {
            (Some(time), _) => time,
            (None, Some(from)) => from.now,
            (None, None) => now,
        },
        evidence,
        expected: Expectation(written.expect.clone()),
    })
}

fn artifact(written: &At<Case>, from: Option<&Resolved>) -> Result<At<CaseArtifact>, LoadError> {
    let earlier = from.map(|from| &from.artifact);
    let (path, at) = match (written.artifact.as_ref(), earlier) {
        (Some(path), _) => (path.value.clone(), path.at),
        (None, Some(earlier)) => (earlier.path.clone(), earlier.at),
        (None, None) => {
            let key = "artifact".to_owned();
            return Err(LoadError::MissingKey { at: written.at, key });
        }
    };
    for (text, by) in &written.alter {
        if text.is_empty() || text.len() != by.len() {
            let (found, wanted) = (by.len(), text.len());
            let reason =
                format!("found {found} bytes for {text:?}, wanted {wanted}, and at least one");
            return Err(LoadError::Value { at: written.at, reason });
        }
    }
    let alterations = match (written.alter.is_empty(), earlier) {
        (true, Some(earlier)) if written.artifact.is_none() => earlier.alterations.clone(),
        _ => written.alter.clone().into_iter().collect(),
    };
    Ok(At { value: CaseArtifact { path, alterations }, at })
}

impl Case {
    fn at_time(&self) -> Option<Timestamp> {
        self.at.as_ref().map(|time| time.0)
    }
}

impl Expectation {
    /// The rules that it names.
    pub(super) fn rules(&self) -> &[At<String>] {
        match &self.0 {
            Expected::Pass | Expected::NotMatched => &[],
            Expected::Fail(rules) | Expected::Error(rules) => rules,
        }
    }

    /// The first rule that is a cause and is not expected to be: `fail of go.static (not-static)`.
    pub(in crate::testing) fn unexpected(&self, verdict: &CaseVerdict) -> Option<String> {
        let rule = verdict.causes().find(|rule| !self.names(rule))?;
        Some(format!("{} of {} ({})", rule.outcome, rule.id, rule.reason))
    }

    fn names(&self, rule: &Rule) -> bool {
        self.rules().iter().any(|named| named.value == rule.id.as_str())
    }

    /// What came out otherwise, in words; empty if nothing did.
    pub(in crate::testing) fn differences(&self, verdict: &CaseVerdict) -> Vec<String> {
        let wanted = match &self.0 {
            Expected::Pass => Some(Outcome::Pass),
            Expected::Fail(_) => Some(Outcome::Fail),
            Expected::Error(_) => Some(Outcome::Error),
            Expected::NotMatched => None,
        };
        let mut differences = Vec::new();
        if verdict.outcome() != wanted {
            let wanted = wanted.map_or("not-matched", Outcome::as_str);
            let why = match verdict {
                CaseVerdict::NotMatched(why) => format!(": {why}"),
                CaseVerdict::Evaluated(_) => String::new(),
            };
            differences.push(format!("found {}, wanted {wanted}{why}", verdict.word()));
        }
        for rule in verdict.causes().filter(|rule| !self.names(rule)) {
            let (id, outcome) = (&rule.id, rule.outcome);
            differences.push(format!("{outcome} of {id}, which is not expected: {}", rule.message));
        }
        for rule in self.rules() {
            if !verdict.causes().any(|cause| cause.id.as_str() == rule.value) {
                differences.push(format!("{} is expected as a cause, and is none", rule.value));
            }
        }
        differences
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Expected::Pass => "pass",
            Expected::NotMatched => "not-matched",
            Expected::Fail(_) => "fail",
            Expected::Error(_) => "error",
        })?;
        let mut before = " of ";
        for rule in self.rules() {
            write!(f, "{before}{}", rule.value)?;
            before = ", ";
        }
        Ok(())
    }
}

/// Each is evaluated for each mutation of the policy.
const CASES: usize = 1000;
