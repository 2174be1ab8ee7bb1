//! Exceptions: results that do not count for some artifacts for some time.
//!
//! They are applied to results, never to evaluation: the rule is evaluated, its outcome stays in
//! the report, and the exception is named beside it.

use super::case::Case;
use super::covers;
use crate::language::Exception;
use crate::verdict::{ExceptionState, ExceptionUse, Outcome, RuleId, Section};

/// The exceptions of a policy, for one artifact at one time.
pub(super) struct Waivers<'a> {
    exceptions: Vec<(&'a Exception, Standing)>,
}

/// Whether an exception applies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    InForce,
    OtherArtifact,
    NotYet,
    Expired,
}

impl Standing {
    fn of(exception: &Exception, case: &Case<'_>) -> Self {
        let names_target = exception.digests.iter().any(|it| case.target.identities.holds(&it.0));
        if case.now >= exception.expires.0 {
            Self::Expired
        } else if exception.break_glass.as_ref().is_some_and(|it| case.now < it.from.0) {
            Self::NotYet
        } else if names_target {
            Self::InForce
        } else {
            Self::OtherArtifact
        }
    }
}

impl<'a> Waivers<'a> {
    pub(super) fn new(exceptions: &'a [Exception], case: &Case<'_>) -> Self {
        let with_standing = |it: &'a Exception| (it, Standing::of(it, case));
        Waivers { exceptions: exceptions.iter().map(with_standing).collect() }
    }

    /// Whether a failure of this rule would not count.
    pub(super) fn cover(&self, id: &RuleId) -> bool {
        self.covering(id).is_some()
    }

    /// Marks the failures that do not count, and says what became of each exception.
    pub(super) fn apply(&self, sections: &mut [Section]) -> Vec<ExceptionUse> {
        let mut used: Vec<Vec<RuleId>> = vec![Vec::new(); self.exceptions.len()];
        for rule in sections.iter_mut().flat_map(|section| &mut section.rules) {
            if rule.outcome < Outcome::Fail {
                continue;
            }
            if let Some(index) = self.covering(&rule.id) {
                rule.exception = Some(self.exceptions[index].0.id.to_string());
                used[index].push(rule.id.clone());
            }
        }
        let state = |standing, used: Vec<RuleId>| match standing {
            Standing::Expired => ExceptionState::Expired,
            Standing::NotYet => ExceptionState::NotYet,
            Standing::OtherArtifact => ExceptionState::OtherArtifact,
            Standing::InForce if used.is_empty() => ExceptionState::NotNeeded,
            Standing::InForce => ExceptionState::Used(used),
        };
        let exceptions = self.exceptions.iter().zip(used);
        exceptions
            .map(|((exception, standing), used)| ExceptionUse {
                id: exception.id.to_string(),
                expires: exception.expires.0,
                reason: exception.reason.clone(),
                approved_by: exception.approved_by.clone(),
                break_glass: exception.break_glass.as_ref().map(|it| it.from.0),
                state: state(*standing, used),
            })
            .collect()
    }

    fn covering(&self, id: &RuleId) -> Option<usize> {
        self.exceptions.iter().position(|(exception, standing)| {
            *standing == Standing::InForce
                && exception.rules.iter().any(|rule| covers(&rule.value, id))
        })
    }
}
