//! Rules in CEL: over one attestation, and across attestations and the binary.

use super::case::Case;
use super::go::GoRules;
use crate::evidence::Testimony;
use crate::expression::{Measured, NoAnswer, Variables, of_json};
use crate::language::Select;
use crate::model::CelRule;
use crate::verdict::{Reason, Rule, RuleId};

/// What was accepted of one attestation.
pub(super) struct Accepted<'a> {
    pub(super) name: &'a str,
    pub(super) select: Select,
    /// The candidates that meet every rule of their own.
    pub(super) candidates: Vec<&'a Testimony>,
    /// What was not met, where there is none.
    pub(super) cause: Option<Rule>,
}

/// A rule over one attestation's predicate.
pub(super) fn of_predicate(rule: &CelRule, candidate: &Testimony, case: &Case<'_>) -> Rule {
    let mut variables = Variables::new(case.now);
    match candidate.value() {
        Ok(value) => variables.predicate(value),
        Err(reason) => {
            let message = format!("{}: the predicate cannot be read: {reason}", rule.message);
            return Rule::error(rule.id.clone(), Reason::ExpressionError, message);
        }
    }
    result(rule, rule.expression.evaluate(&variables))
}

/// A rule across attestations.
///
/// Of attestations with `select: any` some combination must meet it, so that adding evidence never
/// turns a pass into a fail; of the others every one.
pub(super) fn across(
    rule: &CelRule,
    accepted: &[Accepted<'_>],
    go: Option<&GoRules<'_>>,
    case: &Case<'_>,
) -> Rule {
    let used = |name: &String| accepted.iter().find(|it| it.name == name);
    let used: Vec<_> = rule.expression.attestations.iter().filter_map(used).collect();
    if let Some(cause) = used.iter().find_map(|it| it.cause.as_ref()) {
        return Rule::blocked(rule.id.clone(), cause);
    }
    let images = match go.filter(|_| rule.expression.uses_go) {
        None => vec![None],
        Some(go) => match go.values(&rule.id) {
            Ok(values) => values.iter().map(of_json).map(Some).collect(),
            Err(blocked) => return *blocked,
        },
    };
    let (some, every): (Vec<_>, Vec<_>) = used.into_iter().partition(|it| it.select == Select::Any);
    let (Some(some), Some(every)) = (combinations(&some), combinations(&every)) else {
        let message = format!("{}: there are too many combinations of evidence", rule.message);
        return Rule::error(rule.id.clone(), Reason::ExpressionError, message);
    };
    let holds = |combination: &[(&str, &Testimony)]| {
        for rest in &every {
            for image in &images {
                let all = combination.iter().chain(rest).copied();
                match one(rule, all, image.as_ref(), case) {
                    Ok(true) => {}
                    other => return other,
                }
            }
        }
        Ok(true)
    };
    let mut worst = Ok(false);
    for combination in &some {
        match holds(combination) {
            Ok(true) => return result(rule, Ok(true)),
            Ok(false) => {}
            error => worst = error,
        }
    }
    result(rule, worst)
}

fn one<'a>(
    rule: &CelRule,
    evidence: impl Iterator<Item = (&'a str, &'a Testimony)>,
    image: Option<&Measured>,
    case: &Case<'_>,
) -> Result<bool, NoAnswer> {
    let mut variables = Variables::new(case.now);
    for (name, testimony) in evidence {
        let value = testimony.value().map_err(|reason| NoAnswer::Error(reason.to_owned()))?;
        let signed = testimony.signed_at().map(|time| time.as_second());
        variables.attestation(name, value, &testimony.signer.to_string(), signed);
    }
    if let Some(image) = image {
        variables.go(image);
    }
    rule.expression.evaluate(&variables)
}

/// Every way to take one candidate of each. `None` when there are too many.
fn combinations<'a>(accepted: &[&Accepted<'a>]) -> Option<Vec<Vec<(&'a str, &'a Testimony)>>> {
    let mut all = vec![Vec::new()];
    for it in accepted {
        if all.len().saturating_mul(it.candidates.len()) > COMBINATIONS {
            return None;
        }
        let with = |combination: Vec<_>| {
            it.candidates.iter().map(move |candidate| {
                let mut combination = combination.clone();
                combination.push((it.name, *candidate));
                combination
            })
        };
        all = all.into_iter().flat_map(with).collect();
    }
    Some(all)
}

fn result(rule: &CelRule, answer: Result<bool, NoAnswer>) -> Rule {
    let id: RuleId = rule.id.clone();
    let source = rule.expression.source();
    match answer {
        Ok(true) => Rule::pass(id, rule.message.clone()).with([source]),
        Ok(false) => {
            let message = format!("{}: the expression is false", rule.message);
            Rule::fail(id, Reason::ExpressionFalse, message).with([source])
        }
        Err(error) => {
            let message = format!("{}: no answer: {error}", rule.message);
            Rule::error(id, Reason::ExpressionError, message).with([source])
        }
    }
}

const COMBINATIONS: usize = 256;
