//! Google Cloud Build: the build type of Google's own provenance
//! (docs.cloud.google.com/build/gcb-buildtypes/google-worker/v1).
//!
//! A step sees what the build hands it: with `options: automapSubstitutions: true` every
//! substitution is a variable (docs.cloud.google.com, "Substitute variable values"). Their names are
//! the ones below. Not among them is the repository's address: `REPO_FULL_NAME` has no host, so the
//! caller states it.
//!
//! Google's own provenance names Google's worker as the builder. This one is written by a step,
//! which the trigger's owner chose, and so names the trigger.

use serde_json::{Map, Value};

use super::field::FieldKind;
use super::lookup::{Found, FoundSource, Lookup, Names, prefer};
use crate::source::{GitCommit, GitRef};
use crate::{BuildFacts, Error};

pub(super) fn describe(lookup: &mut Lookup<'_>) -> Result<BuildFacts, Error> {
    let location = location(lookup)?;
    let trigger = lookup.find(TRIGGER)?;
    let builder = trigger.map(|trigger| {
        location.with(&trigger, |location, trigger| format!("{location}/triggers/{trigger}"))
    });
    let mut facts = lookup.facts(BUILD_TYPE, builder)?;

    if lookup.stated.repository.is_none() {
        return Err(lookup.not_said("repository with its host", Names::NONE));
    }
    let commit = prefer(lookup.find(COMMIT)?, lookup.find(REVISION)?);
    let found = FoundSource {
        repository: None,
        reference: reference(lookup)?.map(Found::parse::<GitRef>).transpose()?,
        commit: commit.map(Found::parse::<GitCommit>).transpose()?,
    };
    let config = lookup.find(CONFIG)?;
    let parameter = if config.is_some() { "buildConfigSource" } else { "sourceToBuild" };
    let path = |name: &str| format!("externalParameters.{parameter}.{name}");
    lookup.source(&mut facts, (&path("repository"), &path("ref")), found);
    let source = source_parameter(lookup, &facts, config);
    facts.external_parameters.insert(parameter.to_owned(), source);
    lookup.variables_go_to("substitutions");

    let build = lookup.require("build", BUILD)?;
    let invocation = location.with(&build, |location, build| format!("{location}/builds/{build}"));
    lookup.run(&mut facts, Some(invocation), None);

    let mut substitutions = Map::new();
    for name in VARIABLES {
        let found = lookup.variable(name)?;
        let place = ("internalParameters.systemSubstitutions", *name);
        lookup.put(&mut substitutions, FieldKind::Internal, place, found);
    }
    let substitutions = Value::Object(substitutions);
    facts.internal_parameters.insert("systemSubstitutions".to_owned(), substitutions);
    Ok(facts)
}

/// The address of the project's builds and triggers in Cloud Build's API.
fn location(lookup: &Lookup<'_>) -> Result<Found, Error> {
    let project = lookup.require("project", PROJECT)?;
    let location = lookup.require("location", LOCATION)?;
    Ok(project.with(&location, |project, location| {
        format!("https://cloudbuild.googleapis.com/v1/projects/{project}/locations/{location}")
    }))
}

fn reference(lookup: &Lookup<'_>) -> Result<Option<Found>, Error> {
    if let Some(tag) = lookup.find(TAG)? {
        return Ok(Some(tag.map(|tag| format!("refs/tags/{tag}"))));
    }
    let branch = lookup.find(BRANCH)?;
    Ok(branch.map(|branch| branch.map(|branch| format!("refs/heads/{branch}"))))
}

/// `buildConfigSource`, or `sourceToBuild` where the configuration is inline. A ref is a commit
/// where nothing else is known, as Google has it.
fn source_parameter(lookup: &mut Lookup<'_>, facts: &BuildFacts, config: Option<Found>) -> Value {
    let mut parameter = Map::new();
    let place = ("externalParameters.buildConfigSource", "path");
    lookup.put(&mut parameter, FieldKind::EntryPoint, place, config);
    let source = &facts.source;
    let commit = source.commit.as_ref().map(ToString::to_string);
    if let Some(reference) = source.reference.as_ref().map(ToString::to_string).or(commit) {
        parameter.insert("ref".to_owned(), Value::String(reference));
    }
    if let Some(repository) = &source.repository {
        parameter.insert("repository".to_owned(), Value::String(format!("git+{repository}")));
    }
    Value::Object(parameter)
}

const BUILD_TYPE: &str = "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1";
const PROJECT: Names = Names::variable("PROJECT_ID");
const LOCATION: Names = Names::variable("LOCATION");
const BUILD: Names = Names::variable("BUILD_ID");
const TRIGGER: Names = Names::variable("TRIGGER_NAME");
const COMMIT: Names = Names::variable("COMMIT_SHA");
const REVISION: Names = Names::variable("REVISION_ID");
const TAG: Names = Names::variable("TAG_NAME");
const BRANCH: Names = Names::variable("BRANCH_NAME");
const CONFIG: Names = Names::variable("TRIGGER_BUILD_CONFIG_PATH");
pub(super) const VARIABLES: &[&str] = &[
    "PROJECT_ID",
    "PROJECT_NUMBER",
    "LOCATION",
    "BUILD_ID",
    "TRIGGER_NAME",
    "TRIGGER_BUILD_CONFIG_PATH",
    "REPO_NAME",
    "REPO_FULL_NAME",
    "COMMIT_SHA",
    "REVISION_ID",
    "SHORT_SHA",
    "BRANCH_NAME",
    "TAG_NAME",
    "REF_NAME",
];
