//! Whose verification counts in place of what.

use std::collections::BTreeSet;

use chainsign_core::glob::Captures;
use chainsign_core::identity::TextMatcher;
use chainsign_slsa::vsa::VerifierId;

use super::{Authorities, text};
use crate::error::LoadError;

use crate::language::{self, At, Document, ModulesJoin, Name};
use crate::model::{AcceptedSummary, CelRule};
use crate::verdict::RuleId;

/// Resolves every verifier.
///
/// # Errors
/// [`LoadError::UnknownName`] for an authority or an input that the policy does not have;
/// [`LoadError::Value`] for a verifier that is no absolute URI, a resource that could be any, an input that
/// is named twice, and one that another rule compares with something: a summary of it is not it.
pub(super) fn summaries(
    document: &Document,
    rules: &[CelRule],
    known: &Authorities<'_>,
    captures: &Captures,
) -> Result<Vec<AcceptedSummary>, LoadError> {
    let compared = compared(document, rules);
    let summary = |(name, written): (&Name, &At<language::AcceptedSummary>)| {
        let by = written.by.iter().map(|name| known.named(name, written.by.at));
        Ok(AcceptedSummary {
            id: RuleId::new(SECTION).below(name.as_str()),
            by: by.collect::<Result<_, _>>()?,
            verifier: verifier(&written.verifier)?,
            resource_uri: resource(&written.resource_uri, captures)?,
            levels: written.levels.iter().map(|level| level.0.clone()).collect(),
            policies: written
                .policies
                .as_ref()
                .map(|policies| policies.iter().map(|digest| digest.0.clone()).collect()),
            max_age: written.max_age.as_ref().map(|age| age.0),
            in_place_of: inputs(&written.in_place_of, document, &compared)?,
        })
    };
    document.accept_summaries.iter().map(summary).collect()
}

fn verifier(written: &At<String>) -> Result<TextMatcher, LoadError> {
    match written.value.parse::<VerifierId>() {
        Ok(verifier) => Ok(TextMatcher::Exact(verifier.as_str().to_owned())),
        Err(error) => Err(LoadError::Value { at: written.at, reason: error.to_string() }),
    }
}

/// The same digest can be verified as many things. Which of them is wanted must be said.
fn resource(written: &At<language::Text>, captures: &Captures) -> Result<TextMatcher, LoadError> {
    let resource = text::resolve(written, captures)?;
    match ANYTHING.iter().find(|anything| resource.matches(anything)) {
        None => Ok(resource),
        Some(anything) => {
            let reason = format!(
                "found {:?}, which also matches {anything}, wanted one that names a resource",
                written.as_str()
            );
            Err(LoadError::Value { at: written.at, reason })
        }
    }
}

fn inputs(
    written: &At<language::OneOrMany<language::Input>>,
    document: &Document,
    compared: &[(String, &'static str)],
) -> Result<Vec<RuleId>, LoadError> {
    let signatures = document.signatures.as_ref().map(|_| "signatures".to_owned());
    let attestations = document.attestations.keys().map(|name| format!("attestations.{name}"));
    let wanted: Vec<String> = signatures.into_iter().chain(attestations).collect();
    let mut seen = BTreeSet::new();
    for input in written.iter() {
        let refused = |reason| Err(LoadError::Value { at: written.at, reason });
        if !wanted.contains(&input.0) {
            let (at, kind, name) = (written.at, "evidence", input.0.clone());
            return Err(LoadError::UnknownName { at, kind, name, wanted });
        }
        if !seen.insert(&input.0) {
            return refused(format!("found {} twice, wanted each once", input.0));
        }
        if let Some((_, by)) = compared.iter().find(|(name, _)| *name == input.0) {
            return refused(format!(
                "found {}, which {by} compares with something else, wanted evidence that is looked at \
                 by itself: a summary of it cannot be compared",
                input.0
            ));
        }
    }
    Ok(written.iter().map(|input| RuleId::new(&input.0)).collect())
}

/// The attestations that are needed themselves, each with the rule that compares it.
fn compared(document: &Document, rules: &[CelRule]) -> Vec<(String, &'static str)> {
    let mut compared: Vec<(&str, &'static str)> = Vec::new();
    if let Some(go) = document.go.as_ref() {
        if let Some(ModulesJoin::Equal(name) | ModulesJoin::Covers(name)) = go.modules.as_ref() {
            compared.push((name.as_str(), "go.modules"));
        }
        if let Some(listed) = go.listed.as_ref() {
            compared.push((listed.sbom.as_str(), "go.listed"));
        }
        if let Some(commit) = go.commit.as_ref() {
            compared.push((commit.equals.as_str(), "go.commit"));
        }
        if let Some(parameters) = go.parameters.as_ref() {
            compared.push((parameters.of.as_str(), "go.parameters"));
        }
    }
    for rule in rules {
        compared.extend(
            rule.expression.attestations.iter().map(|name| (name.as_str(), "a rule in `rules`")),
        );
    }
    compared.into_iter().map(|(name, by)| (format!("attestations.{name}"), by)).collect()
}

/// The section of the report.
pub(crate) const SECTION: &str = "acceptSummaries";
/// Resources that nobody means. Whoever writes a pattern that matches one has named none.
const ANYTHING: [&str; 2] = ["https://any-host.invalid/any", "pkg:any/any@any"];
