//! GitHub Actions: the build type and the shape of GitHub's own action
//! (github.com/actions/toolkit `packages/attest/src/provenance.ts`).
//!
//! The claims are those in GitHub's documentation, "OpenID Connect reference"; the variables those
//! in "Default environment variables". Without a token nothing tells which workflow runs the job
//! where it is a reusable one: the builder is then the workflow that was triggered.

use serde_json::{Map, Value};

use super::field::FieldKind;
use super::lookup::{Found, FoundSource, Lookup, Names, prefer};
use crate::source::{GitCommit, GitRef, Repository};
use crate::{BuildFacts, Error};

pub(super) fn describe(lookup: &mut Lookup<'_>) -> Result<BuildFacts, Error> {
    let server = server(lookup)?;
    let repository = lookup.require("repository", REPOSITORY)?;
    let workflow = lookup.require("workflow", WORKFLOW)?;
    let job_workflow = lookup.find(JOB_WORKFLOW)?.unwrap_or_else(|| workflow.clone());
    let at = |found: &Found| server.with(found, |server, path| format!("{server}/{path}"));

    let builder = overruled(at(&job_workflow), &server);
    let mut facts = lookup.facts(BUILD_TYPE, Some(builder))?;
    let url = at(&repository);
    let stated = lookup.stated;
    let reference = lookup.require_unless_stated(&stated.reference, "ref", REFERENCE)?;
    let commit = lookup.require_unless_stated(&stated.commit, "commit", COMMIT)?;
    let found = FoundSource {
        repository: Some(overruled(url.clone(), &repository).parse::<Repository>()?),
        reference: reference.map(Found::parse::<GitRef>).transpose()?,
        commit: commit.map(Found::parse::<GitCommit>).transpose()?,
    };
    let paths = ("externalParameters.workflow.repository", "resolvedDependencies[0].uri, behind @");
    lookup.source(&mut facts, paths, found);

    let path = workflow_parameter(lookup, &mut facts, &repository.value, &workflow)?;
    lookup.say(FieldKind::EntryPoint, "externalParameters.workflow.path", &path);

    let mut github = Map::new();
    for (name, names) in INTERNAL {
        let found = lookup.require(name, names)?;
        let place = ("internalParameters.github", name);
        lookup.put(&mut github, FieldKind::Internal, place, Some(found));
    }
    facts.internal_parameters.insert("github".to_owned(), Value::Object(github));

    let (run, attempt) = (lookup.require("run", RUN)?, lookup.require("attempt", ATTEMPT)?);
    let of_run = url.with(&run, |url, run| format!("{url}/actions/runs/{run}"));
    let invocation =
        of_run.with(&attempt, |of_run, attempt| format!("{of_run}/attempts/{attempt}"));
    lookup.run(&mut facts, Some(overruled(invocation, &run)), None);
    Ok(facts)
}

/// The server: that of the token's issuer, where it tells, else what the environment says.
fn server(lookup: &Lookup<'_>) -> Result<Found, Error> {
    let issuer = lookup.find(Names::claim("iss"))?;
    let told = issuer.and_then(|issuer| {
        let value = server_of(&issuer.value)?;
        Some(Found { value, ..issuer })
    });
    let said = lookup.find(SERVER)?;
    prefer(told, said).ok_or_else(|| lookup.not_said("server", SERVER))
}

/// GitHub's documentation, "OpenID Connect reference": the issuers of github.com (with the name of
/// an enterprise behind it, if that is so configured), of a subdomain of ghe.com, and of GitHub
/// Enterprise Server.
fn server_of(issuer: &str) -> Option<String> {
    let rest = issuer.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host == "token.actions.githubusercontent.com" {
        return Some("https://github.com".to_owned());
    }
    let of_enterprise = host.strip_prefix("token.actions.").filter(|it| it.ends_with(".ghe.com"));
    let of_server = (path == "_services/token").then_some(host);
    of_enterprise.or(of_server).map(|host| format!("https://{host}"))
}

/// `workflow`: where the workflow is that was triggered. Gives its path.
fn workflow_parameter(
    lookup: &mut Lookup<'_>,
    facts: &mut BuildFacts,
    repository: &str,
    workflow: &Found,
) -> Result<Found, Error> {
    let wrong =
        || workflow.wrong(format!("found {:?}, wanted {repository}/PATH@REF", workflow.value));
    let rest = workflow.value.strip_prefix(repository).and_then(|rest| rest.strip_prefix('/'));
    // A tag may have an @ in its name, a path cannot: so it is split at the first.
    let (path, reference) = rest.and_then(|rest| rest.split_once('@')).ok_or_else(wrong)?;
    let found = Some(workflow.clone().map(|_| reference.to_owned()));
    let stated = lookup.stated.reference.as_ref().map(ToString::to_string);
    let mut parameter = Map::new();
    parameter.insert("path".to_owned(), Value::String(path.to_owned()));
    let place = ("externalParameters.workflow", "ref");
    let reference = lookup.or_stated(&stated, found);
    lookup.put(&mut parameter, FieldKind::Reference, place, reference);
    if let Some(repository) = &facts.source.repository {
        parameter.insert("repository".to_owned(), Value::String(repository.to_string()));
    }
    facts.external_parameters.insert("workflow".to_owned(), Value::Object(parameter));
    Ok(workflow.clone().map(|_| path.to_owned()))
}

/// A value with what was overruled of the one part that makes it.
fn overruled<T>(found: Found<T>, part: &Found) -> Found<T> {
    Found { overruled: part.overruled.clone(), ..found }
}

const BUILD_TYPE: &str = "https://actions.github.io/buildtypes/workflow/v1";
const SERVER: Names = Names::variable("GITHUB_SERVER_URL");
const REPOSITORY: Names = Names::both("repository", "GITHUB_REPOSITORY");
const WORKFLOW: Names = Names::both("workflow_ref", "GITHUB_WORKFLOW_REF");
const JOB_WORKFLOW: Names = Names::claim("job_workflow_ref");
const REFERENCE: Names = Names::both("ref", "GITHUB_REF");
const COMMIT: Names = Names::both("sha", "GITHUB_SHA");
const RUN: Names = Names::both("run_id", "GITHUB_RUN_ID");
const ATTEMPT: Names = Names::both("run_attempt", "GITHUB_RUN_ATTEMPT");
const INTERNAL: [(&str, Names); 4] = [
    ("event_name", Names::both("event_name", "GITHUB_EVENT_NAME")),
    ("repository_id", Names::both("repository_id", "GITHUB_REPOSITORY_ID")),
    ("repository_owner_id", Names::both("repository_owner_id", "GITHUB_REPOSITORY_OWNER_ID")),
    ("runner_environment", Names::both("runner_environment", "RUNNER_ENVIRONMENT")),
];
pub(super) const CLAIMS: &[&str] = &[
    "iss",
    "repository",
    "workflow_ref",
    "job_workflow_ref",
    "ref",
    "sha",
    "run_id",
    "run_attempt",
    "event_name",
    "repository_id",
    "repository_owner_id",
    "runner_environment",
];
pub(super) const VARIABLES: &[&str] = &[
    "GITHUB_SERVER_URL",
    "GITHUB_REPOSITORY",
    "GITHUB_WORKFLOW_REF",
    "GITHUB_REF",
    "GITHUB_SHA",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_EVENT_NAME",
    "GITHUB_REPOSITORY_ID",
    "GITHUB_REPOSITORY_OWNER_ID",
    "RUNNER_ENVIRONMENT",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_tell_their_server() {
        let check = |issuer: &str, wanted: Option<&str>| {
            assert_eq!(server_of(issuer).as_deref(), wanted, "{issuer}");
        };
        let github = Some("https://github.com");
        check("https://token.actions.githubusercontent.com", github);
        check("https://token.actions.githubusercontent.com/acme", github);
        check("https://token.actions.acme.ghe.com", Some("https://acme.ghe.com"));
        check("https://git.acme.example/_services/token", Some("https://git.acme.example"));
        check("http://localhost:8930", None);
        check("https://token.actions.evil.example", None);
        check("https://token.actions.githubusercontent.com.evil.example", None);
    }
}
