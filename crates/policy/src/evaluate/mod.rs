//! Evaluating a policy: one pass, every written rule once, nothing skipped in silence.
//!
//! Security lives in four habits. A rule that is written always comes to an outcome: where the
//! facts it needs are missing it fails or is an error, and says because of which other rule
//! ([`Rule::because`]). What is refused, denied or about another artifact is taken out before the
//! first rule looks. Evidence is put in an order of its own, so that the order of arrival changes
//! nothing. And exceptions are applied at the very end, to results, so that they never change what
//! is evaluated.

mod attestations;
mod authority;
mod case;
mod deny;
mod exceptions;
mod go;
mod image;
mod missing;
mod rules;
mod sbom;
mod signatures;
mod slsa;
mod summaries;
mod vulnerabilities;

use chainsign_slsa::vsa::TrackLevel;
use jiff::Timestamp;

pub(crate) use case::{Case, Target};

use crate::evidence::Testimony;
use crate::load::SUMMARIES;
use crate::model::{Model, NamedRoot, Scope};
use crate::verdict::{
    ArtifactIdentity, Outcome, Reason, Report, RootIdentity, Rule, RuleId, Section,
};

/// Evaluates a policy. `case` is what is known about one artifact.
pub(crate) fn evaluate(model: &Model, case: Case<'_>) -> Report {
    let evidence = case.evidence.iter().map(|testimony| testimony.summary()).collect();
    let (case, denied) = deny::apply(&model.deny, case);
    let waivers = exceptions::Waivers::new(&model.exceptions, &case);
    let go = model.go.as_ref().map(|rules| go::GoRules::new(rules, &case.target));

    let mut sections = Vec::new();
    section(&mut sections, "policy", scope(model).chain(expiry(model, case.now)).collect());
    section(&mut sections, "deny", denied.rules);
    if let Some(tree) = &model.signatures {
        let rule = signatures::rule(tree, &case, &denied.evidence);
        section(&mut sections, SIGNATURES, vec![rule]);
    }
    let (mut joined, mut accepted) = (Vec::new(), Vec::new());
    let mut build_level = TrackLevel::Unevaluated;
    for attestation in &model.attestations {
        let judged =
            attestations::judge(attestation, go.as_ref(), &case, &denied.evidence, &waivers);
        section(&mut sections, attestation.id.as_str(), judged.rules);
        joined.extend(judged.joined);
        accepted.push(judged.accepted);
        build_level = build_level.max(judged.build_level);
    }
    let summaries = summaries::judge(model, &mut sections, &case, &denied.evidence, &waivers);
    section(&mut sections, SUMMARIES, summaries.rules);
    if let Some(go) = &go {
        let mut rules = go.rules();
        rules.extend(joined);
        section(&mut sections, "go", rules);
    }
    if let Some(wanted) = &model.image {
        section(&mut sections, "image", image::rules(wanted, &case.target));
    }
    let across = |rule| rules::across(rule, &accepted, go.as_ref(), &case);
    section(&mut sections, "rules", model.rules.iter().map(across).collect());
    let exceptions = waivers.apply(&mut sections);
    Report {
        policy: model.identity.clone(),
        artifact: ArtifactIdentity {
            name: case.target.name.to_owned(),
            digests: case.target.identities.own(),
            image: case.target.identities.image(),
        },
        evaluated_at: case.now,
        sections,
        roots: model.roots.iter().map(root).collect(),
        evidence,
        refused: case.refused.to_vec(),
        exceptions,
        build_level: build_level.max(summaries.build_level),
    }
}

fn root(named: &NamedRoot) -> RootIdentity {
    RootIdentity { name: named.name.clone(), digest: named.root.digest().clone() }
}

/// The ids of all rules of a policy. Evaluating it on nothing gives them, because every written
/// rule is evaluated whatever the evidence.
pub(crate) fn rule_ids(model: &Model) -> Vec<RuleId> {
    let nothing = Case {
        target: Target::nothing(),
        caller_root: None,
        all: Vec::new(),
        evidence: Vec::new(),
        refused: &[],
        unavailable: &[],
        now: Timestamp::UNIX_EPOCH,
    };
    evaluate(model, nothing).rules().map(|rule| rule.id.clone()).collect()
}

/// The rules of a policy that ask who signed.
pub(crate) fn identity_rules(model: &Model) -> Vec<RuleId> {
    let signatures = model.signatures.iter().map(|_| RuleId::new(SIGNATURES));
    let attestations = model.attestations.iter().map(|it| it.id.clone());
    let summaries = model.summaries.iter().map(|it| it.id.clone());
    signatures.chain(attestations).chain(summaries).collect()
}

/// Whether the id is this one or below it.
pub(crate) fn covers(prefix: &str, id: &RuleId) -> bool {
    let rest = id.as_str().strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn section(sections: &mut Vec<Section>, id: &str, rules: Vec<Rule>) {
    if !rules.is_empty() {
        sections.push(Section { id: RuleId::new(id), rules });
    }
}

/// A policy for some targets that was not asked about one cannot be decided.
fn scope(model: &Model) -> impl Iterator<Item = Rule> {
    let rule = |scope: &Scope| {
        let id = RuleId::new("policy.match");
        match scope {
            Scope::Unbound => {
                let message = "the policy is for some targets only, and was not asked about one";
                Rule::error(id, Reason::NoTarget, message)
            }
            Scope::Bound { target, by, captures } => {
                let captured = captures.iter().map(|(name, text)| format!("{name} is {text}"));
                Rule::pass(id, format!("{target} is matched by {by}")).with(captured)
            }
        }
    };
    model.scope.iter().map(rule)
}

fn expiry(model: &Model, now: Timestamp) -> Option<Rule> {
    let expires = model.expires?;
    let id = RuleId::new("policy.expires");
    if now < expires {
        return Some(Rule::pass(id, format!("the policy is in force until {expires}")));
    }
    let message = format!("the policy expired {expires}; it is now {now}");
    Some(
        Rule::error(id, Reason::PolicyExpired, message)
            .compared(now, format!("a time before {expires}"))
            .hint("use the policy's successor, or review it and move `metadata.expires`"),
    )
}

/// The worst of several results of one rule: the first of equals. What else is not met is told with
/// it.
fn worst(results: impl Iterator<Item = Rule>) -> Option<Rule> {
    let (mut worst, mut others): (Option<Rule>, Vec<String>) = (None, Vec::new());
    for next in results {
        let better = match &worst {
            Some(worst) if next.outcome <= worst.outcome => next,
            _ => match worst.replace(next) {
                Some(better) => better,
                None => continue,
            },
        };
        if better.outcome >= Outcome::Fail {
            others.push(better.message);
        }
    }
    worst.map(|worst| worst.with(others))
}

/// One line that names a piece of evidence, its signer and its time.
fn line(testimony: &Testimony) -> String {
    let time = testimony.signed_at().map_or(String::new(), |time| format!(", signed {time}"));
    let document = testimony.document.as_ref();
    let document = document.map_or(String::new(), |digest| format!(", document {digest}"));
    format!("{} by {}{time}{document}", testimony.name(), testimony.signer)
}

const SIGNATURES: &str = "signatures";
