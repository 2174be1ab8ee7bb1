//! Whose value counts, and which cannot be used.

use chainsign_slsa::ci::{Ci, FieldKind, Origin, Show};
use chainsign_slsa::{BuildType, BuilderId, Error};
use serde_json::{Value, json};

use super::{BUILDER, COMMIT, Job, OTHER, REPOSITORY, jobs};

#[test]
fn what_the_build_type_needs_and_nothing_says_is_named() {
    #[track_caller]
    fn check(job: &str, gone: &str, wanted: &str) {
        let mut job = Job::load(job).without(gone);
        if let Some(claims) = &mut job.claims {
            claims.remove(gone);
        }
        let error = job.described().unwrap_err();
        assert!(matches!(error, Error::NotSaid { .. }), "{error:?}");
        assert_eq!(error.to_string(), wanted, "{gone}");
    }
    let github = |gone: &str, what: &str, claim: &str| {
        let found = match claim {
            "" => format!("found no variable {gone}"),
            claim => format!("found neither the claim {claim} nor the variable {gone}"),
        };
        let wanted = format!("GitHub Actions does not say the {what}: {found}");
        check("github-no-token", gone, &wanted);
    };
    github("GITHUB_SERVER_URL", "server", "");
    github("GITHUB_REPOSITORY", "repository", "repository");
    github("GITHUB_WORKFLOW_REF", "workflow", "workflow_ref");
    github("GITHUB_REF", "ref", "ref");
    github("GITHUB_SHA", "commit", "sha");
    github("GITHUB_RUN_ID", "run", "run_id");
    github("GITHUB_RUN_ATTEMPT", "attempt", "run_attempt");
    github("GITHUB_EVENT_NAME", "event_name", "event_name");
    github("GITHUB_REPOSITORY_ID", "repository_id", "repository_id");
    github("GITHUB_REPOSITORY_OWNER_ID", "repository_owner_id", "repository_owner_id");
    github("RUNNER_ENVIRONMENT", "runner_environment", "runner_environment");
    let gitlab = |gone: &str, wanted: &str| {
        check("gitlab-no-token", gone, &format!("GitLab CI does not say the {wanted}"));
    };
    gitlab("CI_PROJECT_URL", "project: found no variable CI_PROJECT_URL");
    gitlab("CI_JOB_NAME", "job name: found no variable CI_JOB_NAME");
    gitlab("CI_JOB_ID", "job id: found neither the claim job_id nor the variable CI_JOB_ID");
    gitlab("CI_COMMIT_SHA", "commit: found neither the claim sha nor the variable CI_COMMIT_SHA");
    // Without the path of the configuration nothing says who defined the job.
    gitlab("CI_CONFIG_PATH", "builder id");
    let cloud_build = |gone: &str, wanted: &str| {
        let wanted = format!("Google Cloud Build does not say the {wanted}");
        check("cloud-build-trigger", gone, &wanted);
    };
    cloud_build("PROJECT_ID", "project: found no variable PROJECT_ID");
    cloud_build("LOCATION", "location: found no variable LOCATION");
    cloud_build("BUILD_ID", "build: found no variable BUILD_ID");
    cloud_build("TRIGGER_NAME", "builder id");
    for name in ["tekton-task", "jenkins-tag", "generic"] {
        let mut job = Job::load(name);
        job.stated.builder_id = None;
        let (ci, what) = (job.ci, "builder id");
        let wanted = Error::NotSaid { ci, what, claim: None, variable: None };
        assert_eq!(job.described(), Err(wanted));
    }
    let mut job = Job::load("cloud-build-trigger");
    job.stated.repository = None;
    let (ci, what) = (job.ci, "repository with its host");
    assert_eq!(job.described(), Err(Error::NotSaid { ci, what, claim: None, variable: None }));
}

#[test]
fn a_claim_counts_where_a_variable_says_otherwise() {
    let job = Job::load("github-disagreement");
    assert_eq!(job.json(), Job::load("github-tag").json());
    let fields = job.described().unwrap().fields;
    let overruled: Vec<_> = fields
        .iter()
        .flat_map(|field| field.overruled.iter().map(move |it| (field.kind, it)))
        .map(|(kind, it)| (kind, it.origin.to_string(), it.value.as_str()))
        .collect();
    let variable = |name: &str| format!("variable {name}");
    let wanted = [
        (FieldKind::BuilderId, variable("GITHUB_SERVER_URL"), "https://evil.example"),
        (FieldKind::Repository, variable("GITHUB_REPOSITORY"), "acme/other"),
        (FieldKind::Commit, variable("GITHUB_SHA"), OTHER),
        (FieldKind::Invocation, variable("GITHUB_RUN_ID"), "1"),
    ];
    assert_eq!(overruled, wanted);
}

#[test]
fn what_is_stated_counts_before_all_else() {
    for (name, mut job) in jobs() {
        job.stated.builder_id = Some(BuilderId("https://stated.example/builder".to_owned()));
        job.stated.repository = Some("https://stated.example/acme/app".parse().unwrap());
        job.stated.reference = Some("refs/heads/stated".parse().unwrap());
        job.stated.commit = Some(OTHER.parse().unwrap());
        job.stated.invocation_id = Some("stated-run".to_owned());
        job.stated.started_on = Some("2026-01-01T00:00:00Z".parse().unwrap());
        job.stated.finished_on = Some("2026-01-01T00:01:00Z".parse().unwrap());
        job.stated.parameters = vec![("channel".to_owned(), json!("stated"))];
        let view = job.view();
        assert_eq!(view.builder_id, job.stated.builder_id, "{name}");
        assert_eq!(view.source.repository, job.stated.repository, "{name}");
        assert_eq!(view.source.reference, job.stated.reference, "{name}");
        assert_eq!(view.source.commit, job.stated.commit, "{name}");
        assert_eq!(view.invocation_id, job.stated.invocation_id, "{name}");
        assert_eq!(view.started_on, job.stated.started_on, "{name}");
        assert_eq!(view.finished_on, job.stated.finished_on, "{name}");
        assert_eq!(view.external_parameters["channel"], "stated", "{name}");
        assert_eq!(view.uninterpreted_parameters, ["/channel"], "{name}");
        // What the system reports is kept beside the stated commit.
        let reports = !matches!(job.ci, Ci::Tekton | Ci::Generic);
        let wanted = reports.then(|| json!({"reported": COMMIT, "stated": OTHER}));
        assert_eq!(view.internal_parameters.get("commitOverride").cloned(), wanted, "{name}");
        let stated = [Origin::Stated];
        for field in job.described().unwrap().fields {
            let of_stated = matches!(
                field.kind,
                FieldKind::BuilderId
                    | FieldKind::Repository
                    | FieldKind::Reference
                    | FieldKind::Commit
                    | FieldKind::Invocation
                    | FieldKind::Started
                    | FieldKind::Finished
                    | FieldKind::Parameter
            );
            assert_eq!(field.origins == stated, of_stated, "{name} {}", field.path);
        }
    }
}

#[test]
fn what_is_stated_fills_what_is_not_said() {
    let mut job = Job::load("github-no-token").without("GITHUB_SHA").without("GITHUB_REF");
    job.stated.commit = Some(COMMIT.parse().unwrap());
    job.stated.reference = Some("refs/tags/v1.4.2".parse().unwrap());
    assert_eq!(job.view().source, Job::load("github-no-token").view().source);
    let mut job = Job::load("gitlab-no-token").without("CI_CONFIG_PATH").without("CI_COMMIT_SHA");
    job.stated.commit = Some(COMMIT.parse().unwrap());
    job.stated.builder_id = Some(BuilderId(BUILDER.to_owned()));
    assert_eq!(job.view().builder_id, job.stated.builder_id);
    let mut job = Job::load("cloud-build-trigger").without("TRIGGER_NAME");
    job.stated.builder_id = Some(BuilderId(BUILDER.to_owned()));
    assert_eq!(job.view().builder_id, job.stated.builder_id);
}

#[test]
fn a_build_type_of_the_systems_own_stays() {
    let stated = BuildType("https://acme.example/build/v1".to_owned());
    for (name, mut job) in jobs() {
        let own = job.described().unwrap().facts.build_type;
        job.stated.build_type = Some(stated.clone());
        if job.ci == Ci::Generic {
            assert_eq!(job.described().unwrap().facts.build_type, stated);
            continue;
        }
        let error = job.described().unwrap_err();
        let Error::FixedBuildType { ci, wanted } = error else { panic!("{name}: {error}") };
        assert_eq!((ci, wanted), (job.ci, own.0.as_str()));
    }
}

#[test]
fn values_that_cannot_be_what_they_are_for() {
    #[track_caller]
    fn check(job: &str, variable: &str, value: &str, wanted: &str) {
        let error = Job::load(job).set(variable, value).described().unwrap_err();
        let origin = Origin::Variable(variable.to_owned());
        assert_eq!(error, Error::Value { origin, reason: wanted.to_owned() });
    }
    let github = "github-no-token";
    let commit = "not a git commit: found \"main\", wanted 40 or 64 lower-case hexadecimal digits";
    check(github, "GITHUB_SHA", "main", commit);
    let reference =
        "not a git ref: found \"a b\", wanted for example refs/heads/main or refs/tags/v1.2.3";
    check(github, "GITHUB_REF", "a b", reference);
    let workflow = "found \"x/y@z\", wanted acme/shipcheck/PATH@REF";
    check(github, "GITHUB_WORKFLOW_REF", "x/y@z", workflow);
    check(github, "GITHUB_RUN_ID", "1\n2", "found a control character");
    let long = "9".repeat(4097);
    check(github, "GITHUB_RUN_ID", &long, "found 4097 bytes, wanted at most 4096");
    let time = Job::load("gitlab-tag").set("CI_JOB_STARTED_AT", "yesterday").described();
    assert!(
        matches!(&time, Err(Error::Value { origin: Origin::Variable(name), .. }) if name == "CI_JOB_STARTED_AT"),
        "{time:?}"
    );
    // An address with a password is refused, and the password is not repeated.
    let password = "found a user name or password before a host";
    let address = "https://dev:hunter2@git.acme.example/app";
    check("jenkins-tag", "GIT_URL", address, password);
    check("jenkins-tag", "BUILD_URL", address, password);
    check("gitlab-no-token", "CI_PROJECT_URL", address, password);
    check(github, "GITHUB_SERVER_URL", "https://dev:hunter2@git.acme.example", password);
    let mut job = Job::load("jenkins-tag").set("GIT_URL", "https://dev:hunter2@git.acme.example/a");
    job.stated.repository = Some(REPOSITORY.parse().unwrap());
    let described = job.described().unwrap();
    assert!(!format!("{described:?}").contains("hunter2"), "{described:?}");
}

#[test]
fn variables_are_parameters_where_the_caller_names_them() {
    let check = |job: &str, parameter: &str, variables: &[(&str, Show)], wanted: Value| {
        let job = Job::load(job).naming(variables);
        let found = &job.json()["buildDefinition"]["externalParameters"][parameter];
        assert_eq!(*found, wanted);
    };
    check(
        "gitlab-tag",
        "variables",
        &[("GOFLAGS", Show::Value)],
        json!({"GOFLAGS": "-mod=readonly"}),
    );
    let masked = [("GOFLAGS", Show::Name), ("CI_JOB_TOKEN", Show::Value)];
    let wanted = json!({"CI_JOB_TOKEN": "[MASKED]", "GOFLAGS": "[MASKED]"});
    check("gitlab-tag", "variables", &masked, wanted);
    // What is masked may be anything.
    let key = Job::load("gitlab-tag").set("SIGNING_KEY", "-----BEGIN\nhunter2");
    let key = key.naming(&[("SIGNING_KEY", Show::Value)]).json();
    let found = &key["buildDefinition"]["externalParameters"]["variables"];
    assert_eq!(*found, json!({"SIGNING_KEY": "[MASKED]"}));
    let url = [("CI_REPOSITORY_URL", Show::Value)];
    check("gitlab-tag", "variables", &url, json!({"CI_REPOSITORY_URL": "[MASKED]"}));
    let channel = [("_CHANNEL", Show::Value)];
    check("cloud-build-trigger", "substitutions", &channel, json!({"_CHANNEL": "stable"}));
    for job in ["jenkins-tag", "tekton-task", "generic"] {
        let channel = [("CHANNEL", Show::Value)];
        check(job, "parameters", &channel, json!({"CHANNEL": "stable"}));
    }
    let job = Job::load("github-tag").naming(&[("GITHUB_JOB", Show::Value)]);
    assert_eq!(job.described(), Err(Error::NoVariables { ci: Ci::Github }));
    let job = Job::load("gitlab-tag").naming(&[("NONE", Show::Value)]);
    assert_eq!(job.described(), Err(Error::VariableUnset { name: "NONE".to_owned() }));
}

#[test]
fn a_parameter_does_not_replace_one_of_the_build_types() {
    for (job, name) in [("github-tag", "workflow"), ("gitlab-tag", "entryPoint")] {
        let mut job = Job::load(job);
        job.stated.parameters = vec![(name.to_owned(), json!("x"))];
        let (parameters, name) = ("externalParameters", name.to_owned());
        assert_eq!(job.described(), Err(Error::ReservedParameter { parameters, name }));
    }
}
