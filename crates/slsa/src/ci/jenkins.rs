//! Jenkins, with a build type of our own: Jenkins has published none.
//!
//! Variables are those on every Jenkins at `/env-vars.html`; those that begin with `GIT_` are set by
//! the Git plugin. Nothing names the Jenkins as a builder: the caller does.

use serde_json::{Map, Value};

use super::field::FieldKind;
use super::lookup::{Found, FoundSource, Lookup, Names};
use crate::source::{GitCommit, GitRef, Repository};
use crate::{BuildFacts, BuildType, Error};

pub(super) fn describe(lookup: &mut Lookup<'_>) -> Result<BuildFacts, Error> {
    let mut facts = lookup.facts(BuildType::JENKINS, None)?;
    let found = FoundSource {
        repository: repository(lookup)?,
        reference: reference(lookup)?.map(Found::parse::<GitRef>).transpose()?,
        commit: lookup.find(COMMIT)?.map(Found::parse::<GitCommit>).transpose()?,
    };
    lookup.own_source(&mut facts, found);
    let job = lookup.find(JOB)?;
    lookup.entry_point(&mut facts, job);
    lookup.variables_go_to("parameters");
    let build = lookup.find(BUILD_URL)?;
    lookup.run(&mut facts, build, None);

    let mut jenkins = Map::new();
    for (name, names) in INTERNAL {
        let found = lookup.find(names)?;
        lookup.put(&mut jenkins, FieldKind::Internal, ("internalParameters.jenkins", name), found);
    }
    if !jenkins.is_empty() {
        facts.internal_parameters.insert("jenkins".to_owned(), Value::Object(jenkins));
    }
    Ok(facts)
}

/// An address with a password in it would be refused. If one is stated, this one is not looked at.
fn repository(lookup: &Lookup<'_>) -> Result<Option<Found<Repository>>, Error> {
    if lookup.stated.repository.is_some() {
        return Ok(None);
    }
    lookup.find(REPOSITORY)?.map(Found::parse::<Repository>).transpose()
}

/// The whole name of the ref, where it is certain. A build of a change request has a branch name
/// that Jenkins made up.
fn reference(lookup: &Lookup<'_>) -> Result<Option<Found>, Error> {
    if let Some(tag) = lookup.find(TAG)? {
        return Ok(Some(tag.map(|tag| format!("refs/tags/{tag}"))));
    }
    if lookup.find(CHANGE)?.is_some() {
        return Ok(None);
    }
    if let Some(branch) = lookup.find(BRANCH)? {
        return Ok(Some(branch.map(|branch| format!("refs/heads/{branch}"))));
    }
    let whole = |found: Found| match found.value.strip_prefix("origin/").map(str::to_owned) {
        Some(branch) => Some(found.map(|_| format!("refs/heads/{branch}"))),
        None => Some(found).filter(|found| found.value.starts_with("refs/")),
    };
    Ok(lookup.find(GIT_BRANCH)?.and_then(whole))
}

const REPOSITORY: Names = Names::variable("GIT_URL");
const COMMIT: Names = Names::variable("GIT_COMMIT");
const TAG: Names = Names::variable("TAG_NAME");
const CHANGE: Names = Names::variable("CHANGE_ID");
const BRANCH: Names = Names::variable("BRANCH_NAME");
const GIT_BRANCH: Names = Names::variable("GIT_BRANCH");
const JOB: Names = Names::variable("JOB_NAME");
const BUILD_URL: Names = Names::variable("BUILD_URL");
const INTERNAL: [(&str, Names); 3] = [
    ("buildNumber", Names::variable("BUILD_NUMBER")),
    ("executor", Names::variable("EXECUTOR_NUMBER")),
    ("node", Names::variable("NODE_NAME")),
];
pub(super) const VARIABLES: &[&str] = &[
    "GIT_URL",
    "GIT_COMMIT",
    "TAG_NAME",
    "CHANGE_ID",
    "BRANCH_NAME",
    "GIT_BRANCH",
    "JOB_NAME",
    "BUILD_URL",
    "BUILD_NUMBER",
    "EXECUTOR_NUMBER",
    "NODE_NAME",
];
