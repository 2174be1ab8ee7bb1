//! Why nothing was found: the answer that helps most.

use std::sync::Arc;

use super::authority::Mismatch;
use super::case::Case;
use super::line;
use crate::evidence::{Claim, Refused, Testimony};
use crate::model::Authority;
use crate::verdict::{Reason, Rule, RuleId};

/// Evidence that a rule looked for and did not find.
pub(super) struct Missing<'a> {
    /// The rule.
    pub(super) id: RuleId,
    /// What it looked for, in words: `a signature by release`.
    pub(super) what: String,
    /// Who should have signed.
    pub(super) by: &'a [Arc<Authority>],
    /// Why the verified evidence of this kind did not do.
    pub(super) mismatches: Vec<Mismatch>,
    /// Whether a refused document says that it is of this kind.
    pub(super) claimed: &'a dyn Fn(&Claim) -> bool,
    /// The evidence of this kind that is on a deny list.
    pub(super) denied: Vec<&'a Testimony>,
    /// Reason and message when there is nothing of the kind at all.
    pub(super) otherwise: (Reason, String),
}

impl Missing<'_> {
    /// The result: an error when it could not be found out, else a failure with the reason that
    /// says most.
    pub(super) fn rule(self, case: &Case<'_>) -> Rule {
        let Missing { id, what, .. } = self;
        if let Some(first) = case.unavailable.first() {
            let message = format!("{what} was not found: {}: {}", first.origin, first.message);
            let more = case.unavailable.iter().skip(1);
            return Rule::error(id, Reason::EvidenceUnavailable, message)
                .with(more.map(|it| format!("{}: {}", it.origin, it.message)))
                .hint("try again when it can be reached; nothing is known until then");
        }
        if let Some(authority) = self.by.iter().find(|it| it.lacks_root(case.caller_root)) {
            let authority = &authority.name;
            let message =
                format!("{what} was not found: the authority {authority} has no trusted root");
            return Rule::error(id, Reason::NoTrustedRoot, message)
                .hint("name a root in the policy's `trust.roots`, or give one to the verifier");
        }
        let refused = refusals(case.refused, self.claimed);
        let refused_lines = |skipped| refused.iter().skip(skipped).map(|it| it.line());
        if let Some(best) = Mismatch::best(&self.mismatches) {
            let message = format!("{what} was not found: {}", best.message);
            let others = Mismatch::lines(&self.mismatches).into_iter();
            let rule = Rule::fail(id, best.reason, message)
                .compared(&best.found, &best.wanted)
                .with(others.filter(|line| *line != best.message))
                .with(refused_lines(0));
            return match best.reason {
                Reason::OtherIdentity | Reason::OtherKey => rule.hint(
                    "if this signer may sign, the policy needs an authority for it; if not, find \
                     out how it came to sign this",
                ),
                _ => rule,
            };
        }
        if !self.denied.is_empty() {
            let message = format!("{what} was not found: what there is, is on a deny list");
            return Rule::fail(id, Reason::EvidenceDenied, message)
                .with(self.denied.iter().map(|it| line(it)));
        }
        if let Some(furthest) = refused.first() {
            let message = format!("{what} was not found: {}", furthest.line());
            return Rule::fail(id, Reason::EvidenceRefused, message).with(refused_lines(1));
        }
        let (reason, message) = self.otherwise;
        Rule::fail(id, reason, message)
            .hint("if it was made, give the verifier the place where it is; if not, make it")
    }
}

/// The refused documents that say they are of this kind, or do not say what they are; the one that
/// got furthest first.
fn refusals<'a>(refused: &'a [Refused], claimed: &dyn Fn(&Claim) -> bool) -> Vec<&'a Refused> {
    let relevant = |it: &&Refused| it.claim == Claim::Unknown || claimed(&it.claim);
    let mut refused: Vec<_> = refused.iter().filter(relevant).collect();
    refused.sort_by(|left, right| {
        let furthest_first = right.reached.cmp(&left.reached);
        furthest_first
            .then_with(|| (&left.origin, &left.document).cmp(&(&right.origin, &right.document)))
    });
    refused
}

impl Refused {
    fn line(&self) -> String {
        format!("{} was refused ({}): {}", self.origin, self.check, self.message)
    }
}
