//! GitLab CI/CD: the build type of GitLab's own provenance (docs.gitlab.com, "SLSA provenance
//! specification").
//!
//! Claims are those of docs.gitlab.com, "OpenID Connect (OIDC) Authentication Using ID Tokens",
//! variables those of "Predefined CI/CD variables reference". GitLab's own provenance names the
//! runner as the builder, because the runner wrote it. This one is written by the job, and so names
//! what defined the job: the CI configuration, as the certificate of a GitLab job does too. The
//! runner goes to the internal parameters.
//!
//! The executor is not told to a job, and so is left out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::field::FieldKind;
use super::lookup::{Found, FoundSource, Lookup, Names, prefer};
use crate::source::{GitCommit, GitRef, Repository};
use crate::{BuildFacts, Error};

pub(super) fn describe(lookup: &mut Lookup<'_>) -> Result<BuildFacts, Error> {
    let project = project(lookup)?;
    let reference = reference(lookup)?;
    let builder = configuration(lookup, &project, reference.as_ref())?;
    let mut facts = lookup.facts(BUILD_TYPE, builder)?;

    let commit = lookup.require_unless_stated(&lookup.stated.commit, "commit", COMMIT)?;
    let found = FoundSource {
        repository: Some(project.clone().parse::<Repository>()?),
        reference: reference.map(Found::parse::<GitRef>).transpose()?,
        commit: commit.map(Found::parse::<GitCommit>).transpose()?,
    };
    let paths = ("externalParameters.source", "resolvedDependencies[0].uri, behind @");
    lookup.source(&mut facts, paths, found);
    if let Some(repository) = &facts.source.repository {
        let source = Value::String(repository.to_string());
        facts.external_parameters.insert("source".to_owned(), source);
    }
    let job_name = lookup.require("job name", JOB_NAME)?;
    lookup.entry_point(&mut facts, Some(job_name));
    lookup.variables_go_to("variables");

    let job = lookup.require("job id", JOB)?;
    let url = project.with(&job, |project, job| format!("{project}/-/jobs/{job}"));
    let started = lookup.find(STARTED)?.map(Found::parse::<Timestamp>).transpose()?;
    lookup.run(&mut facts, Some(url), started);

    let mut internal = Map::new();
    for (name, names) in INTERNAL {
        let found = lookup.find(names)?;
        lookup.put(&mut internal, FieldKind::Internal, ("internalParameters", name), found);
    }
    facts.internal_parameters = internal.into_iter().collect();
    if let Some(version) = lookup.find(RUNNER_VERSION)? {
        lookup.say(FieldKind::BuilderVersion, "builder.version.gitlab-runner", &version);
        facts.builder_version = BTreeMap::from([("gitlab-runner".to_owned(), version.value)]);
    }
    Ok(facts)
}

/// The project's address. The issuer of a token is the instance.
fn project(lookup: &Lookup<'_>) -> Result<Found, Error> {
    let instance = lookup.find(Names::claim("iss"))?;
    let path = lookup.find(Names::claim("project_path"))?;
    let claimed = instance.zip(path).map(|(instance, path)| {
        instance.with(&path, |instance, path| format!("{}/{path}", instance.trim_end_matches('/')))
    });
    let said = lookup.find(PROJECT)?;
    prefer(claimed, said).ok_or_else(|| lookup.not_said("project", PROJECT))
}

/// The whole name of the ref: of a tag, a branch, or a merge request.
fn reference(lookup: &Lookup<'_>) -> Result<Option<Found>, Error> {
    let claimed = lookup.find(Names::claim("ref_path"))?;
    let mut said = None;
    for (variable, prefix) in REFERENCES {
        if said.is_none() {
            let found = lookup.variable(variable)?;
            said = found.map(|found| found.map(|name| format!("{prefix}{name}")));
        }
    }
    Ok(prefer(claimed, said))
}

/// The configuration that defined the job, as Fulcio names a job of GitLab
/// (sigstore/fulcio `docs/oidc.md`, claim `ci_config_ref_uri`). From the variables it can be told
/// only where it is a file of the project.
fn configuration(
    lookup: &Lookup<'_>,
    project: &Found,
    reference: Option<&Found>,
) -> Result<Option<Found>, Error> {
    if let Some(claimed) = lookup.find(Names::claim("ci_config_ref_uri"))? {
        return Ok(Some(claimed.map(|uri| format!("https://{uri}"))));
    }
    let path = lookup.find(CONFIG_PATH)?.filter(|path| !path.value.contains(['@', ':']));
    let Some((path, reference)) = path.zip(reference) else { return Ok(None) };
    let file = project.with(&path, |project, path| format!("{project}//{path}"));
    Ok(Some(file.with(reference, |file, reference| format!("{file}@{reference}"))))
}

const BUILD_TYPE: &str = "https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1";
const PROJECT: Names = Names::variable("CI_PROJECT_URL");
const COMMIT: Names = Names::both("sha", "CI_COMMIT_SHA");
const JOB: Names = Names::both("job_id", "CI_JOB_ID");
const JOB_NAME: Names = Names::variable("CI_JOB_NAME");
const STARTED: Names = Names::variable("CI_JOB_STARTED_AT");
const CONFIG_PATH: Names = Names::variable("CI_CONFIG_PATH");
const RUNNER_VERSION: Names = Names::variable("CI_RUNNER_VERSION");
/// Each with what it is below. The first that is set counts: a pipeline is of one kind.
const REFERENCES: [(&str, &str); 3] = [
    ("CI_COMMIT_TAG", "refs/tags/"),
    ("CI_COMMIT_BRANCH", "refs/heads/"),
    ("CI_MERGE_REQUEST_REF_PATH", ""),
];
const INTERNAL: [(&str, Names); 5] = [
    ("architecture", Names::variable("CI_RUNNER_EXECUTABLE_ARCH")),
    ("job", JOB),
    ("name", Names::variable("CI_RUNNER_DESCRIPTION")),
    ("runnerEnvironment", Names::claim("runner_environment")),
    ("runnerId", Names::both("runner_id", "CI_RUNNER_ID")),
];
pub(super) const CLAIMS: &[&str] = &[
    "iss",
    "project_path",
    "ref_path",
    "sha",
    "ci_config_ref_uri",
    "job_id",
    "runner_id",
    "runner_environment",
];
pub(super) const VARIABLES: &[&str] = &[
    "CI_PROJECT_URL",
    "CI_COMMIT_TAG",
    "CI_COMMIT_BRANCH",
    "CI_MERGE_REQUEST_REF_PATH",
    "CI_COMMIT_SHA",
    "CI_CONFIG_PATH",
    "CI_JOB_NAME",
    "CI_JOB_ID",
    "CI_JOB_STARTED_AT",
    "CI_RUNNER_ID",
    "CI_RUNNER_DESCRIPTION",
    "CI_RUNNER_EXECUTABLE_ARCH",
    "CI_RUNNER_VERSION",
];
