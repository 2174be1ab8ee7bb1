//! What is attested: which attestation counts, and what it must say.

use chainsign_slsa::vsa::TrackLevel;

use super::authority::Mismatch;
use super::case::Case;
use super::exceptions::Waivers;
use super::go::{GoRules, Joined};
use super::missing::Missing;
use super::rules::{self, Accepted};
use super::{line, sbom, slsa, vulnerabilities};
use crate::evidence::{Claim, Testimony};
use crate::language::Select;
use crate::model::Attestation;
use crate::verdict::{Outcome, Reason, Rule};

/// What one attestation came to.
pub(super) struct Judged<'a> {
    /// The rules of the attestation itself.
    pub(super) rules: Vec<Rule>,
    /// The rules of other sections that join it.
    pub(super) joined: Vec<Rule>,
    /// The evidence that expressions across attestations look at.
    pub(super) accepted: Accepted<'a>,
    /// The build level that the policy gives to what was accepted, where a rule asks for one.
    pub(super) build_level: TrackLevel,
}

/// One candidate, or several together, held against every rule.
struct Held {
    rules: Vec<Rule>,
    joined: Vec<Rule>,
}

/// Finds the attestation and evaluates its rules, and the joins that look at it.
///
/// With `select: any` one candidate that meets every rule is enough, so that no evidence that is
/// added can turn a pass into a fail, and none that is removed a fail into a pass. Where none does,
/// the one that meets most is reported.
pub(super) fn judge<'a>(
    attestation: &'a Attestation,
    go: Option<&GoRules<'_>>,
    case: &Case<'a>,
    denied: &[&Testimony],
    waivers: &Waivers<'_>,
) -> Judged<'a> {
    let (candidates, mismatches) = candidates(attestation, case);
    let chosen: Vec<&Testimony> = match attestation.select {
        Select::Any | Select::All => candidates,
        Select::Newest => newest(candidates),
    };
    let number = chosen.len();
    let held = chosen.into_iter().map(|it| (it, one(attestation, it, go, case)));
    let held: Vec<(&Testimony, Held)> = held.collect();
    let good = |held: &Held| held.cost(waivers).0 == 0;
    let all_good = held.iter().all(|(_, held)| good(held));
    let accepted = held.iter().filter(|(_, held)| match attestation.select {
        Select::Any => good(held),
        Select::Newest | Select::All => all_good,
    });
    let accepted: Vec<_> = accepted.map(|(testimony, _)| *testimony).collect();
    let build_level = build_level(attestation, &accepted, case);
    let held = held.into_iter().map(|(_, held)| held);
    let told = match attestation.select {
        // The first of the best, in the order of the evidence.
        Select::Any => held.min_by_key(|held| held.cost(waivers)).map(|held| held.among(number)),
        // Whoever signs one more must not be able to hide one that fails.
        Select::Newest | Select::All => held.reduce(Held::worst),
    };
    let told = told.unwrap_or_else(|| {
        nothing(attestation, missing(attestation, case, denied, mismatches), go)
    });
    let failed = |rule: &&Rule| rule.outcome >= Outcome::Fail && !waivers.cover(&rule.id);
    let cause = match accepted.is_empty() {
        true => told.rules.iter().chain(&told.joined).find(failed).or(told.rules.first()).cloned(),
        false => None,
    };
    Judged {
        rules: told.rules,
        joined: told.joined,
        accepted: Accepted {
            name: &attestation.name,
            select: attestation.select,
            candidates: accepted,
            cause,
        },
        build_level,
    }
}

/// Where one candidate is enough, the best; else what holds for every one.
fn build_level(attestation: &Attestation, accepted: &[&Testimony], case: &Case<'_>) -> TrackLevel {
    let Some(wanted) = attestation.slsa.as_ref().filter(|it| it.level.is_some()) else {
        return TrackLevel::Unevaluated;
    };
    let levels = accepted.iter().map(|candidate| slsa::build_level(wanted, candidate, case));
    let level = match attestation.select {
        Select::Any => levels.max(),
        Select::Newest | Select::All => levels.min(),
    };
    level.unwrap_or(TrackLevel::Unevaluated)
}

/// The verified evidence of the type by the authority, and why the rest of that type will not do.
fn candidates<'a>(
    attestation: &Attestation,
    case: &Case<'a>,
) -> (Vec<&'a Testimony>, Vec<Mismatch>) {
    let (mut candidates, mut mismatches) = (Vec::new(), Vec::new());
    for testimony in case.evidence.iter().filter(|it| is_of_type(attestation, it)) {
        let met = attestation.by.iter().map(|it| it.meets(testimony, case));
        let (met, not): (Vec<_>, Vec<_>) = met.partition(Result::is_ok);
        match met.is_empty() {
            false => candidates.push(*testimony),
            true => mismatches.extend(not.into_iter().filter_map(Result::err)),
        }
    }
    (candidates, mismatches)
}

/// One candidate held against every rule.
fn one(
    attestation: &Attestation,
    candidate: &Testimony,
    go: Option<&GoRules<'_>>,
    case: &Case<'_>,
) -> Held {
    if let Err(reason) = readable(attestation, candidate, go) {
        let message = format!("{} cannot be read: {reason}", candidate.name());
        let unreadable =
            Rule::fail(attestation.id.clone(), Reason::Unreadable, message).with([line(candidate)]);
        return nothing(attestation, unreadable, go).decided_on(candidate, case);
    }
    let mut rules = vec![presence(attestation, &[candidate])];
    rules.extend(age(attestation, candidate, case));
    if let Some(wanted) = &attestation.slsa {
        rules.extend(slsa::rules(&attestation.id, wanted, candidate, case));
    }
    if let Some(wanted) = &attestation.sbom {
        rules.extend(sbom::rules(&attestation.id, wanted, candidate, case));
    }
    if let Some(wanted) = &attestation.vulnerabilities {
        rules.extend(vulnerabilities::rules(&attestation.id, wanted, candidate, case));
    }
    rules.extend(attestation.rules.iter().map(|rule| rules::of_predicate(rule, candidate, case)));
    let joined = go.map_or(Vec::new(), |go| go.joins(&attestation.name, candidate));
    Held { rules, joined }.decided_on(candidate, case)
}

/// Whether the predicate can be understood, where a rule has to. One that is signed and cannot be
/// understood meets nothing.
fn readable<'a>(
    attestation: &Attestation,
    candidate: &'a Testimony,
    go: Option<&GoRules<'_>>,
) -> Result<(), &'a str> {
    let joins = |wanted| go.is_some_and(|go| go.joins_as(&attestation.name, wanted));
    if attestation.slsa.is_some() || joins(Joined::Provenance) {
        candidate.provenance()?;
    }
    if attestation.sbom.is_some() || joins(Joined::Sbom) {
        candidate.sbom()?;
    }
    if attestation.vulnerabilities.is_some() {
        candidate.scan()?;
    }
    Ok(())
}

/// All rules when there is nothing to evaluate them on: each fails, or is an error, because of
/// that.
fn nothing(attestation: &Attestation, presence: Rule, go: Option<&GoRules<'_>>) -> Held {
    let blocked = |id| Rule::blocked(id, &presence);
    let mut ids = Vec::new();
    if attestation.max_age.is_some() {
        ids.push(attestation.id.below(MAX_AGE));
    }
    if let Some(wanted) = &attestation.slsa {
        ids.extend(slsa::rule_ids(&attestation.id, wanted));
    }
    if let Some(wanted) = &attestation.sbom {
        ids.extend(sbom::rule_ids(&attestation.id, wanted));
    }
    if let Some(wanted) = &attestation.vulnerabilities {
        ids.extend(vulnerabilities::rule_ids(&attestation.id, wanted));
    }
    ids.extend(attestation.rules.iter().map(|rule| rule.id.clone()));
    let joined = go.map_or(Vec::new(), |go| go.joins_without(&attestation.name, &presence));
    let blocked: Vec<_> = ids.into_iter().map(blocked).collect();
    Held { rules: std::iter::once(presence).chain(blocked).collect(), joined }
}

fn missing(
    attestation: &Attestation,
    case: &Case<'_>,
    denied: &[&Testimony],
    mismatches: Vec<Mismatch>,
) -> Rule {
    let types = types(attestation);
    let names: Vec<_> = attestation.by.iter().map(|it| it.name.as_str()).collect();
    let mut others: Vec<_> = case.evidence.iter().filter_map(|it| it.statement()).collect();
    others.sort_by(|left, right| left.predicate_type.cmp(&right.predicate_type));
    others.dedup_by(|left, right| left.predicate_type == right.predicate_type);
    let others: Vec<_> = others.iter().map(|it| it.predicate_type.to_string()).collect();
    let otherwise = match others.is_empty() {
        true => (Reason::NoAttestation, format!("found no attestation, wanted {types}")),
        false => (
            Reason::OtherPredicateType,
            format!("found attestations of type {}, wanted {types}", others.join(", ")),
        ),
    };
    Missing {
        id: attestation.id.clone(),
        what: format!("an attestation of type {types} by {}", names.join(" or ")),
        by: &attestation.by,
        mismatches,
        claimed: &|claim| match claim {
            Claim::Attestation(it) => attestation.types.contains(it),
            Claim::Unknown => true,
            Claim::Signature => false,
        },
        denied: denied.iter().copied().filter(|it| is_of_type(attestation, it)).collect(),
        otherwise,
    }
    .rule(case)
}

fn presence(attestation: &Attestation, found: &[&Testimony]) -> Rule {
    let types = types(attestation);
    let by: Vec<_> = attestation.by.iter().map(|it| it.name.as_str()).collect();
    Rule::pass(attestation.id.clone(), format!("attested by {}: {types}", by.join(" or ")))
        .with(found.iter().map(|it| line(it)))
}

fn age(attestation: &Attestation, candidate: &Testimony, case: &Case<'_>) -> Option<Rule> {
    let limit = attestation.max_age?;
    let id = attestation.id.below(MAX_AGE);
    let wanted = crate::language::spoken(limit);
    let Some(signed) = candidate.signed_at() else {
        let message = format!("nothing proves when {} was signed", candidate.name());
        return Some(
            Rule::fail(id, Reason::TimeNotProven, message)
                .compared("no proven time", format!("at most {wanted} ago")),
        );
    };
    let found = case.now.duration_since(signed);
    if found > limit {
        let message = format!("signed {signed}, wanted at most {wanted} before {}", case.now);
        return Some(
            Rule::fail(id, Reason::TooOld, message)
                .compared(signed, format!("{wanted} ago or less")),
        );
    }
    Some(Rule::pass(id, format!("signed {signed}, at most {wanted} before {}", case.now)))
}

/// Those signed last: several when their times are equal.
fn newest(mut candidates: Vec<&Testimony>) -> Vec<&Testimony> {
    let last = candidates.iter().filter_map(|it| it.signed_at()).max();
    candidates.retain(|it| it.signed_at() == last);
    candidates
}

fn is_of_type(attestation: &Attestation, testimony: &Testimony) -> bool {
    testimony.statement().is_some_and(|it| attestation.types.contains(&it.predicate_type))
}

fn types(attestation: &Attestation) -> String {
    let types: Vec<_> = attestation.types.iter().map(ToString::to_string).collect();
    types.join(" or ")
}

impl Held {
    /// How far a candidate is from meeting every rule: the failures that count, then all of them.
    fn cost(&self, waivers: &Waivers<'_>) -> (usize, usize) {
        let failed =
            || self.rules.iter().chain(&self.joined).filter(|it| it.outcome >= Outcome::Fail);
        (failed().filter(|it| !waivers.cover(&it.id)).count(), failed().count())
    }

    fn decided_on(mut self, candidate: &Testimony, case: &Case<'_>) -> Held {
        for rule in self.rules.iter_mut().chain(&mut self.joined) {
            rule.relies_on.extend(case.place(candidate));
        }
        self
    }

    /// Rule by rule the worse of two candidates, which have the same rules in the same order.
    fn worst(self, other: Held) -> Held {
        let worse = |(left, right): (Rule, Rule)| {
            if left.outcome >= right.outcome { left } else { right }
        };
        Held {
            rules: self.rules.into_iter().zip(other.rules).map(worse).collect(),
            joined: self.joined.into_iter().zip(other.joined).map(worse).collect(),
        }
    }

    /// Says among how many candidates this one was chosen.
    fn among(mut self, number: usize) -> Held {
        if let (Some(presence), 2..) = (self.rules.first_mut(), number) {
            let more = format!("the one of {number} that meets most of the rules");
            presence.evidence.push(more);
        }
        self
    }
}

const MAX_AGE: &str = "maxAge";
