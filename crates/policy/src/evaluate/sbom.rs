//! What an SBOM must say.

use chainsign_core::digest::DigestMatch;
use jiff::SignedDuration;

use super::case::Case;
use crate::evidence::{Component, Sbom, Testimony};
use crate::language::{self, Forbidden, MissingLicence, spoken};
use crate::licence;
use crate::purl::Purl;
use crate::verdict::{Reason, Rule, RuleId};

/// Every rule, in the order of [`rule_ids`].
pub(super) fn rules(
    id: &RuleId,
    wanted: &language::Sbom,
    candidate: &Testimony,
    case: &Case<'_>,
) -> Vec<Rule> {
    let sbom = match candidate.sbom() {
        Ok(sbom) => sbom,
        Err(reason) => {
            let rule = |id| Rule::fail(id, Reason::Unreadable, reason);
            return rule_ids(id, wanted).into_iter().map(rule).collect();
        }
    };
    let mut rules = vec![components(id.below(COMPONENTS), wanted, sbom)];
    if let Some(limit) = wanted.created_within.as_ref() {
        rules.push(created(id.below(CREATED), limit.0, sbom, case));
    }
    if wanted.describes.is_some() {
        rules.push(describes(id.below(DESCRIBES), sbom, case));
    }
    if !wanted.forbid.is_empty() {
        rules.push(forbidden(id.below(FORBID), &wanted.forbid, sbom));
    }
    if let Some(wanted) = wanted.licences.as_ref() {
        rules.push(licences(id.below(LICENCES), wanted, sbom));
    }
    rules
}

/// The ids of the rules that are written.
pub(super) fn rule_ids(id: &RuleId, wanted: &language::Sbom) -> Vec<RuleId> {
    let written = [
        (true, COMPONENTS),
        (wanted.created_within.is_some(), CREATED),
        (wanted.describes.is_some(), DESCRIBES),
        (!wanted.forbid.is_empty(), FORBID),
        (wanted.licences.is_some(), LICENCES),
    ];
    written.into_iter().filter(|(written, _)| *written).map(|(_, name)| id.below(name)).collect()
}

/// Written or not, one component at least: an empty SBOM is no SBOM.
fn components(id: RuleId, wanted: &language::Sbom, sbom: &Sbom) -> Rule {
    let wanted = wanted.min_components.map_or(1, |least| least.get());
    let found = sbom.components.len();
    let wanted_text = format!("{wanted} or more");
    if u32::try_from(found).is_ok_and(|found| found < wanted) {
        let message = format!("found {found} components, wanted {wanted_text}");
        return Rule::fail(id, Reason::TooFewComponents, message).compared(found, wanted_text);
    }
    Rule::pass(id, format!("lists {found} components")).compared(found, wanted_text)
}

fn created(id: RuleId, limit: SignedDuration, sbom: &Sbom, case: &Case<'_>) -> Rule {
    let wanted = format!("at most {} before {}", spoken(limit), case.now);
    let Some(created) = sbom.created else {
        let message = format!("the SBOM does not say when it was made, wanted {wanted}");
        return Rule::fail(id, Reason::ValueMissing, message).compared("no time", wanted);
    };
    if created > case.now {
        let message = format!("the SBOM says that it was made {created}, which is not yet");
        return Rule::fail(id, Reason::ValueMismatch, message).compared(created, wanted);
    }
    if case.now.duration_since(created) > limit {
        let message = format!("the SBOM was made {created}, wanted {wanted}");
        return Rule::fail(id, Reason::TooOld, message).compared(created, wanted);
    }
    Rule::pass(id, format!("the SBOM was made {created}, {wanted}"))
}

/// The statement is about the artifact; this asks the document itself.
fn describes(id: RuleId, sbom: &Sbom, case: &Case<'_>) -> Rule {
    let digests = |digests: &chainsign_core::digest::ArtifactDigests| {
        let texts: Vec<_> = digests.iter().map(ToString::to_string).collect();
        texts.join(", ")
    };
    let wanted = case.target.identities.listed();
    match case.target.identities.compare(&sbom.described) {
        DigestMatch::Match(shared) => {
            Rule::pass(id, format!("the SBOM describes {}", digests(&shared)))
        }
        DigestMatch::Disagree { left, right } => {
            let message = format!("the SBOM describes {left}, wanted {right}");
            Rule::fail(id, Reason::ValueMismatch, message).compared(left, right)
        }
        DigestMatch::NothingShared => {
            let message = format!("the SBOM gives no digest of what it describes, wanted {wanted}");
            Rule::fail(id, Reason::ValueMissing, message).compared("no digest", wanted)
        }
    }
}

/// A component whose version cannot be compared might be a forbidden one: that is an error. What the
/// document describes is looked at as well: it says itself which packages those are.
fn forbidden(id: RuleId, list: &[Forbidden], sbom: &Sbom) -> Rule {
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for component in sbom.subjects.iter().chain(&sbom.components) {
        for text in component.purl.iter().chain(&component.other_purls) {
            let Ok(purl) = text.parse::<Purl>() else {
                unknown.push(format!("{text} is no package URL"));
                continue;
            };
            for forbidden in list.iter().filter(|it| it.purl.0.same_package(&purl)) {
                let version = purl.version().or(component.version.as_deref()).unwrap_or_default();
                let range = forbidden.versions.as_ref().map(|range| &range.0);
                match range.map_or(Some(true), |range| range.contains(version)) {
                    Some(true) => found.push(format!("{purl}: {}", forbidden.reason)),
                    Some(false) => {}
                    None => {
                        unknown.push(format!("{purl}: version {version:?} cannot be compared"));
                    }
                }
            }
        }
    }
    let wanted = "none of the forbidden packages";
    if let Some(first) = found.first() {
        let more =
            if found.len() > 1 { format!(" and {} more", found.len() - 1) } else { String::new() };
        return Rule::fail(id, Reason::Forbidden, format!("lists {first}{more}, wanted {wanted}"))
            .compared(first, wanted)
            .with(found.iter().chain(&unknown).skip(1));
    }
    if let Some(first) = unknown.first() {
        return Rule::error(id, Reason::NotKnowable, format!("{first}, wanted {wanted}"))
            .with(unknown.iter().skip(1));
    }
    Rule::pass(id, format!("lists {wanted}: {} looked for", list.len()))
}

fn licences(id: RuleId, wanted: &language::Licences, sbom: &Sbom) -> Rule {
    let allowed = &wanted.allow;
    let mut refused = Vec::new();
    let mut missing = Vec::new();
    for component in &sbom.components {
        match component.licences.iter().find(|text| !licence::is_allowed(text, allowed)) {
            Some(text) => refused.push(format!("{}: {text}", named(component))),
            None if component.licences.is_empty() => missing.push(named(component)),
            None => {}
        }
    }
    let list: Vec<_> = allowed.iter().map(String::as_str).collect();
    let list = format!("one of {}", list.join(", "));
    if let Some(first) = refused.first() {
        let message = format!("found {first}, wanted {list}");
        return Rule::fail(id, Reason::LicenceNotAllowed, message)
            .compared(first, list)
            .with(refused.iter().skip(1));
    }
    match (missing.first(), wanted.missing) {
        (Some(first), MissingLicence::Deny) => {
            let message = format!("{first} has no licence, wanted {list}");
            Rule::fail(id, Reason::ValueMissing, message)
                .compared("no licence", list)
                .with(missing.iter().skip(1).map(|name| format!("{name} has no licence")))
        }
        _ => {
            let stated = sbom.components.len() - missing.len();
            let message = format!(
                "{stated} components have an allowed licence, {} state none",
                missing.len()
            );
            Rule::pass(id, message)
        }
    }
}

fn named(component: &Component) -> String {
    match (&component.purl, &component.version) {
        (Some(purl), _) => purl.clone(),
        (None, Some(version)) => format!("{} {version}", component.name),
        (None, None) => component.name.clone(),
    }
}

const COMPONENTS: &str = "minComponents";
const CREATED: &str = "createdWithin";
const DESCRIBES: &str = "describes";
const FORBID: &str = "forbid";
const LICENCES: &str = "licences";
