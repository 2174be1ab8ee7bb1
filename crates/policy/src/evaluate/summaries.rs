//! Summaries of trusted verifiers, in place of evidence that the policy asks for.
//!
//! A summary is looked at only where the evidence it stands in for does not do by itself, and then it
//! stands in for all of that: whether evidence is missing or says the wrong thing makes no difference,
//! because otherwise deleting it would turn a denial into a permission. What it cannot stand in for is
//! what compares: rules over the artifact, and over the artifact and a document.

use chainsign_core::predicate::VSA;
use chainsign_slsa::vsa::{self, Expected, Signature, StepError, Summary, Track, TrackLevel};
use jiff::Timestamp;

use super::case::Case;
use super::exceptions::Waivers;
use super::line;
use super::missing::Missing;
use crate::evidence::{Claim, Testimony};
use crate::language::spoken;
use crate::model::{AcceptedSummary, Attestation, Model};
use crate::verdict::{Outcome, Reason, Rule, Section};

/// What the summaries came to.
pub(super) struct Judged {
    /// One rule for each verifier that the policy names, in the order of the policy.
    pub(super) rules: Vec<Rule>,
    /// The best build level of those that stand in for a provenance of which the policy asks one.
    pub(super) build_level: TrackLevel,
}

/// Lets summaries stand in for evidence that did not do.
///
/// Of several verifiers one is enough: those whose summary is not accepted fail only where evidence is
/// still not met that they could have stood in for.
pub(super) fn judge<'a>(
    model: &'a Model,
    sections: &mut [Section],
    case: &Case<'a>,
    denied: &[&'a Testimony],
    waivers: &Waivers<'_>,
) -> Judged {
    let mut build_level = TrackLevel::Unevaluated;
    let mut judged = Vec::new();
    for wanted in &model.summaries {
        if met(wanted, sections, waivers) {
            judged.push((wanted, not_needed(wanted)));
            continue;
        }
        let rule = match find(wanted, case, denied) {
            Ok((testimony, summary)) => {
                stand_in(wanted, sections, &summary, case.place(testimony));
                if asks_for_level(model, wanted) {
                    build_level = build_level.max(level(&summary));
                }
                accepted(wanted, testimony, &summary).relying_on(case.place(testimony))
            }
            Err(rule) => *rule,
        };
        judged.push((wanted, rule));
    }
    let decided = |(wanted, rule): (&AcceptedSummary, Rule)| {
        let settled = rule.outcome >= Outcome::Fail && met(wanted, sections, waivers);
        if settled { not_needed(wanted) } else { rule }
    };
    Judged { rules: judged.into_iter().map(decided).collect(), build_level }
}

/// Whether everything that a summary could stand in for is met.
fn met(wanted: &AcceptedSummary, sections: &[Section], waivers: &Waivers<'_>) -> bool {
    let sections = sections.iter().filter(|section| wanted.in_place_of.contains(&section.id));
    let mut rules = sections.flat_map(|section| &section.rules);
    rules.all(|rule| rule.outcome < Outcome::Fail || waivers.cover(&rule.id))
}

fn stand_in(
    wanted: &AcceptedSummary,
    sections: &mut [Section],
    summary: &Summary,
    place: Option<usize>,
) {
    let sections = sections.iter_mut().filter(|section| wanted.in_place_of.contains(&section.id));
    let rules = sections.flat_map(|section| &mut section.rules);
    for rule in rules.filter(|rule| rule.outcome >= Outcome::Fail) {
        let message = format!("accepted on the summary of {}", summary.verifier);
        let without = format!("without it: {}", rule.message);
        *rule = Rule::new(rule.id.clone(), Outcome::Pass, Reason::OnSummary, message)
            .with([without])
            .relying_on(place);
    }
}

fn not_needed(wanted: &AcceptedSummary) -> Rule {
    let message = format!("no summary is needed in place of {}", listed(wanted));
    Rule::new(wanted.id.clone(), Outcome::Skipped, Reason::ConditionNotMet, message)
}

fn asks_for_level(model: &Model, wanted: &AcceptedSummary) -> bool {
    let asks = |it: &Attestation| it.slsa.as_ref().is_some_and(|slsa| slsa.level.is_some());
    model.attestations.iter().any(|it| asks(it) && wanted.in_place_of.contains(&it.id))
}

/// The first summary, in the order of the evidence, that passes all steps; else the answer that helps
/// most.
fn find<'a>(
    wanted: &'a AcceptedSummary,
    case: &Case<'a>,
    denied: &[&'a Testimony],
) -> Result<(&'a Testimony, Summary), Box<Rule>> {
    let mut mismatches = Vec::new();
    let mut refused: Option<(u8, Rule)> = None;
    for testimony in case.evidence.iter().copied().filter(|it| is_summary(it)) {
        let met = wanted.by.iter().map(|authority| authority.meets(testimony, case));
        let (met, not): (Vec<_>, Vec<_>) = met.partition(Result::is_ok);
        let not: Vec<_> = not.into_iter().filter_map(Result::err).collect();
        let signature = match (met.is_empty(), not.first()) {
            (false, _) => Signature::Expected,
            (true, Some(mismatch)) => Signature::Other(mismatch.message.clone()),
            (true, None) => Signature::Other("nobody may sign it".to_owned()),
        };
        let failed = match steps(wanted, testimony, &signature, case) {
            Ok(summary) => match further(wanted, testimony, &summary, case.now) {
                Ok(()) => return Ok((testimony, summary)),
                Err(rule) => (FURTHER, *rule),
            },
            Err(StepError::Signature { .. }) => {
                mismatches.extend(not);
                continue;
            }
            Err(error) => (error.step(), of_step(wanted, testimony, error)),
        };
        let failed = (failed.0, failed.1.with([line(testimony)]).relying_on(case.place(testimony)));
        match &refused {
            Some((step, _)) if *step >= failed.0 => {}
            _ => refused = Some(failed),
        }
    }
    // Whoever may sign says more than whoever may not.
    Err(Box::new(match refused {
        Some((_, rule)) => rule.hint(format!("it would stand in for {}", listed(wanted))),
        None => missing(wanted, case, denied, mismatches),
    }))
}

/// The seven steps of the specification.
fn steps(
    wanted: &AcceptedSummary,
    testimony: &Testimony,
    signature: &Signature,
    case: &Case<'_>,
) -> Result<Summary, StepError> {
    let Some(statement) = testimony.statement() else {
        return Err(StepError::Signature { reason: "it is no attestation".to_owned() });
    };
    let expected = Expected {
        artifact: case.target.identities.sets(),
        verifier: &wanted.verifier,
        resource_uri: &wanted.resource_uri,
        levels: &wanted.levels,
    };
    vsa::verify(signature, statement, &expected)
}

fn of_step(wanted: &AcceptedSummary, testimony: &Testimony, error: StepError) -> Rule {
    let message = format!("{}: {error}", testimony.name());
    let fail = |reason| Rule::fail(wanted.id.clone(), reason, &message);
    match error {
        StepError::Verifier { found, wanted } => {
            fail(Reason::OtherVerifier).compared(found, wanted)
        }
        StepError::Resource { found, wanted } => {
            fail(Reason::OtherResource).compared(found, wanted)
        }
        StepError::Failed => fail(Reason::SummaryFailed).compared("FAILED", "PASSED"),
        StepError::Levels { found, wanted } => fail(Reason::LevelTooLow).compared(found, wanted),
        _ => fail(Reason::Unreadable),
    }
}

/// The specification's optional step: policy and age.
fn further(
    wanted: &AcceptedSummary,
    testimony: &Testimony,
    summary: &Summary,
    now: Timestamp,
) -> Result<(), Box<Rule>> {
    let fail = |reason, message: String| {
        let message = format!("{}: {message}", testimony.name());
        Rule::fail(wanted.id.clone(), reason, message)
    };
    if let Some(policies) = &wanted.policies {
        let stated = summary.policy.digest.acceptable().unwrap_or_default();
        if !stated.iter().any(|digest| policies.contains(digest)) {
            let found: Vec<_> = stated.iter().map(ToString::to_string).collect();
            let found = if found.is_empty() { "no digest".to_owned() } else { found.join(", ") };
            let policies: Vec<_> = policies.iter().map(ToString::to_string).collect();
            let policies = policies.join(" or ");
            let message = format!("found a summary by the policy {found}, wanted {policies}");
            return Err(Box::new(fail(Reason::OtherPolicy, message).compared(found, policies)));
        }
    }
    let Some(limit) = wanted.max_age else { return Ok(()) };
    let Some(signed) = testimony.signed_at() else {
        let message = "nothing proves when it was signed".to_owned();
        return Err(Box::new(fail(Reason::TimeNotProven, message)));
    };
    // A verifier may sign today what it verified last year.
    let verified = summary.time_verified.map_or(signed, |verified| verified.min(signed));
    if now.duration_since(verified) > limit {
        let limit = spoken(limit);
        let message = format!("verified {verified}, wanted at most {limit} before {now}");
        let rule = fail(Reason::TooOld, message).compared(verified, format!("{limit} ago or less"));
        return Err(Box::new(rule));
    }
    Ok(())
}

fn missing<'a>(
    wanted: &'a AcceptedSummary,
    case: &Case<'a>,
    denied: &[&'a Testimony],
    mismatches: Vec<super::authority::Mismatch>,
) -> Rule {
    let names: Vec<_> = wanted.by.iter().map(|it| it.name.as_str()).collect();
    let otherwise = format!("found neither {} nor a summary in its place", listed(wanted));
    Missing {
        id: wanted.id.clone(),
        what: format!("a verification summary by {}", names.join(" or ")),
        by: &wanted.by,
        mismatches,
        claimed: &|claim| match claim {
            Claim::Attestation(predicate_type) => *predicate_type == VSA,
            Claim::Unknown => true,
            Claim::Signature => false,
        },
        denied: denied.iter().copied().filter(|it| is_summary(it)).collect(),
        otherwise: (Reason::NoAttestation, otherwise),
    }
    .rule(case)
}

fn accepted(wanted: &AcceptedSummary, testimony: &Testimony, summary: &Summary) -> Rule {
    let message = format!("the summary of {} stands in for {}", summary.verifier, listed(wanted));
    let levels = match &summary.outcome {
        vsa::Outcome::Passed(levels) => levels.to_string(),
        vsa::Outcome::Failed => summary.outcome.as_str().to_owned(),
    };
    let policy = summary.policy.uri.as_deref().unwrap_or_default();
    let verified = summary.time_verified.map(|time| format!("verified {time}"));
    let digest = summary.policy.digest.acceptable().unwrap_or_default();
    let digest = digest.iter().map(|digest| format!("policy digest {digest}"));
    Rule::pass(wanted.id.clone(), message)
        .with([line(testimony), format!("resource {}", summary.resource_uri), levels])
        .with([format!("policy {policy}")])
        .with(digest)
        .with(verified)
}

fn level(summary: &Summary) -> TrackLevel {
    let level = match &summary.outcome {
        vsa::Outcome::Passed(levels) => levels.level(&Track::build()),
        vsa::Outcome::Failed => None,
    };
    level.unwrap_or(TrackLevel::Unevaluated)
}

fn is_summary(testimony: &Testimony) -> bool {
    testimony.statement().is_some_and(|it| it.predicate_type == VSA)
}

fn listed(wanted: &AcceptedSummary) -> String {
    let inputs: Vec<_> = wanted.in_place_of.iter().map(|input| input.as_str()).collect();
    inputs.join(", ")
}

/// Where a rule of the policy stops a summary that passed all seven steps.
const FURTHER: u8 = 8;
