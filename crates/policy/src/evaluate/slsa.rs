//! What a SLSA provenance must say (SLSA "Verifying artifacts", step 2: expectations).

use std::collections::BTreeMap;

use chainsign_core::identity::TextMatcher;
use chainsign_slsa::Provenance;
use chainsign_slsa::vsa::TrackLevel;
use serde_json::Value;

use super::case::Case;
use crate::evidence::Testimony;
use crate::language::{Level, UnknownParameters};
use crate::model::{Builder, Slsa};
use crate::verdict::{Reason, Rule, RuleId};

/// Every rule, in the order of [`rule_ids`].
pub(super) fn rules(
    id: &RuleId,
    wanted: &Slsa,
    candidate: &Testimony,
    case: &Case<'_>,
) -> Vec<Rule> {
    let provenance = match candidate.provenance() {
        Ok(provenance) => provenance,
        Err(reason) => {
            let rule = |id| Rule::fail(id, Reason::Unreadable, reason);
            return rule_ids(id, wanted).into_iter().map(rule).collect();
        }
    };
    let mut rules = Vec::new();
    let builders = builders(wanted, provenance, candidate, case);
    rules.push(builder(id.below(BUILDER), wanted, provenance, &builders));
    if let Some(level) = wanted.level {
        rules.push(self::level(id.below(LEVEL), level, provenance, &builders));
    }
    if let Some(build_type) = &wanted.build_type {
        let found = provenance.build_type.as_ref().map(ToString::to_string);
        rules.push(text(id.below(BUILD_TYPE), "build type", found, build_type));
    }
    let source = &provenance.source;
    if let Some(repository) = &wanted.repository {
        let id = id.below(SOURCE).below("repository");
        rules.push(compared(
            id,
            "source repository",
            source.repository.as_ref(),
            repository,
            |it| repository.matches(it),
        ));
    }
    for (name, what, found, wanted) in [
        (
            "ref",
            "source ref",
            source.reference.as_ref().map(ToString::to_string),
            &wanted.reference,
        ),
        (
            "commit",
            "source commit",
            source.commit.as_ref().map(ToString::to_string),
            &wanted.commit,
        ),
        ("entryPoint", "entry point", provenance.entry_point.clone(), &wanted.entry_point),
    ] {
        if let Some(wanted) = wanted {
            rules.push(text(id.below(SOURCE).below(name), what, found, wanted));
        }
    }
    rules.extend(parameters(&id.below(PARAMETERS), wanted, provenance));
    rules
}

/// The ids of the rules that are written.
pub(super) fn rule_ids(id: &RuleId, wanted: &Slsa) -> Vec<RuleId> {
    let mut ids = vec![id.below(BUILDER)];
    let source = id.below(SOURCE);
    let parameters = id.below(PARAMETERS);
    let written = [
        (wanted.level.is_some(), id.below(LEVEL)),
        (wanted.build_type.is_some(), id.below(BUILD_TYPE)),
        (wanted.repository.is_some(), source.below("repository")),
        (wanted.reference.is_some(), source.below("ref")),
        (wanted.commit.is_some(), source.below("commit")),
        (wanted.entry_point.is_some(), source.below("entryPoint")),
    ];
    ids.extend(written.into_iter().filter(|(written, _)| *written).map(|(_, id)| id));
    ids.extend(wanted.parameters.values.keys().map(|name| parameters.below(name)));
    if wanted.parameters.unknown == UnknownParameters::Deny {
        ids.push(parameters);
    }
    ids
}

/// The level that the policy gives to the builder that a provenance names and who signed it.
pub(super) fn build_level(wanted: &Slsa, candidate: &Testimony, case: &Case<'_>) -> TrackLevel {
    let Ok(provenance) = candidate.provenance() else { return TrackLevel::Unevaluated };
    let trusted = builders(wanted, provenance, candidate, case).trusted;
    let level = trusted.iter().map(|builder| TrackLevel::Number(builder.level.0)).max();
    level.unwrap_or(TrackLevel::Unevaluated)
}

/// The entries of the policy's list that name this builder and whose signer signed this.
struct Builders<'a> {
    named: Vec<&'a Builder>,
    trusted: Vec<&'a Builder>,
}

fn builders<'a>(
    wanted: &'a Slsa,
    provenance: &Provenance,
    candidate: &Testimony,
    case: &Case<'_>,
) -> Builders<'a> {
    let names = |builder: &&Builder| {
        provenance.builder_id.as_ref().is_some_and(|found| builder.id.matches(&found.0))
    };
    let named: Vec<_> = wanted.builders.iter().filter(names).collect();
    let speaks = |builder: &&Builder| builder.signer.meets(candidate, case).is_ok();
    Builders { trusted: named.iter().copied().filter(speaks).collect(), named }
}

/// Signer and builder id are looked up as a pair: an authority must not speak for a builder that
/// is another's.
fn builder(id: RuleId, wanted: &Slsa, provenance: &Provenance, builders: &Builders<'_>) -> Rule {
    let ids: Vec<_> = wanted.builders.iter().map(|builder| builder.id.to_string()).collect();
    let ids = ids.join(" or ");
    let Some(found) = &provenance.builder_id else {
        let message = format!("the provenance names no builder, wanted {ids}");
        return Rule::fail(id, Reason::ValueMissing, message).compared("no builder", ids);
    };
    if let Some(builder) = builders.trusted.first() {
        let message = format!("built by {found}, for which {} speaks", builder.signer.name);
        return Rule::pass(id, message).compared(found, ids);
    }
    if builders.named.is_empty() {
        let message = format!("found the builder {found}, wanted {ids}");
        return Rule::fail(id, Reason::ValueMismatch, message).compared(found, ids);
    }
    let signers: Vec<_> = builders.named.iter().map(|it| it.signer.name.as_str()).collect();
    let signers = signers.join(" or ");
    let message = format!("the builder {found} is named by a signer that may not speak for it");
    Rule::fail(id, Reason::BuilderNotTrusted, message).compared("another signer", signers)
}

/// The level comes from the policy's list, never from what the provenance says of itself.
fn level(id: RuleId, wanted: Level, provenance: &Provenance, builders: &Builders<'_>) -> Rule {
    let wanted_text = format!("level {} or more", wanted.0);
    match builders.trusted.iter().map(|builder| builder.level).max() {
        Some(found) if found >= wanted => {
            let message = format!("the policy gives this builder and signer level {}", found.0);
            Rule::pass(id, message).compared(format!("level {}", found.0), wanted_text)
        }
        Some(found) => {
            let message = format!(
                "the policy gives this builder and signer level {}, wanted {wanted_text}",
                found.0
            );
            Rule::fail(id, Reason::LevelTooLow, message)
                .compared(format!("level {}", found.0), wanted_text)
                .hint("build with a builder of that level; a level in `builders` is your own word")
        }
        None => {
            let found = provenance.builder_id.as_ref();
            let found = found.map_or("no builder".to_owned(), |found| format!("builder {found}"));
            let message = format!("found {found}, to which the policy gives no level");
            Rule::fail(id, Reason::BuilderNotTrusted, message).compared("no level", wanted_text)
        }
    }
}

fn text(id: RuleId, what: &str, found: Option<String>, wanted: &TextMatcher) -> Rule {
    compared(id, what, found.as_ref(), wanted, |found| wanted.matches(found))
}

fn compared<T: std::fmt::Display>(
    id: RuleId,
    what: &str,
    found: Option<&T>,
    wanted: &impl std::fmt::Display,
    matches: impl Fn(&T) -> bool,
) -> Rule {
    match found {
        None => {
            let message = format!("the provenance does not say the {what}, wanted {wanted}");
            Rule::fail(id, Reason::ValueMissing, message).compared("nothing", wanted)
        }
        Some(found) if matches(found) => {
            Rule::pass(id, format!("the {what} is {found}")).compared(found, wanted)
        }
        Some(found) => Rule::fail(
            id,
            Reason::ValueMismatch,
            format!("found the {what} {found}, wanted {wanted}"),
        )
        .compared(found, wanted),
    }
}

/// SLSA build-provenance.md: unrecognised external parameters are to be rejected, because whoever
/// starts the build chooses them.
fn parameters(id: &RuleId, wanted: &Slsa, provenance: &Provenance) -> Vec<Rule> {
    let parameters = &wanted.parameters;
    let mut rules = Vec::new();
    for (name, wanted) in &parameters.values {
        let found = parameter_value(&provenance.external_parameters, name);
        let what = format!("external parameter {name}");
        rules.push(text(id.below(name), &what, found, wanted));
    }
    if parameters.unknown == UnknownParameters::DangerousAllow {
        return rules;
    }
    let known: Vec<_> =
        parameters.allow.iter().chain(parameters.values.keys()).map(|name| pointer(name)).collect();
    let is_known = |found: &&String| {
        known.iter().any(|known| {
            found
                .strip_prefix(known.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let unknown: Vec<_> =
        provenance.uninterpreted_parameters.iter().filter(|it| !is_known(it)).collect();
    rules.push(match unknown.first() {
        None => Rule::pass(id.clone(), "every external parameter is known to the policy"),
        Some(first) => {
            let more = match unknown.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let shown = parameter_value(&provenance.external_parameters, first).unwrap_or_default();
            let message = format!(
                "found the external parameter {first}{more}, which the policy does not know"
            );
            Rule::fail(id.clone(), Reason::UnknownParameter, message)
                .compared(first, "parameters that the policy allows")
                .with(unknown.iter().map(|it| {
                    format!(
                        "{it} = {}",
                        parameter_value(&provenance.external_parameters, it).unwrap_or_default()
                    )
                }))
                .hint(format!(
                    "if {shown:?} may be chosen freely by whoever starts the build, add {first} to \
                     `externalParameters.allow`, else its wanted value to `values`"
                ))
        }
    });
    rules
}

/// A name is a top-level parameter; a JSON pointer (RFC 6901) is taken as it is.
fn pointer(name: &str) -> String {
    match name.starts_with('/') {
        true => name.to_owned(),
        false => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
    }
}

/// A parameter by its name or JSON pointer: text as it is, anything else as JSON.
pub(super) fn parameter_value(parameters: &BTreeMap<String, Value>, name: &str) -> Option<String> {
    let pointer = pointer(name);
    let rest = pointer.strip_prefix('/')?;
    let (name, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let name = name.replace("~1", "/").replace("~0", "~");
    match parameters.get(&name)?.pointer(rest)? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

const BUILDER: &str = "builder";
const LEVEL: &str = "level";
const BUILD_TYPE: &str = "buildType";
const SOURCE: &str = "source";
const PARAMETERS: &str = "externalParameters";
