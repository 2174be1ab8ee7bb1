//! Provenance of jobs, from what their CI systems tell them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use chainsign_core::Limits;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::formats::bundle;
use chainsign_core::material::SignedContent;
use chainsign_core::statement::{Statement, Subject};
use chainsign_slsa::ci::{
    Ci, Described, FieldKind, NamedVariable, Origin, Show, Stated, describe, detect,
};
use chainsign_slsa::{
    BuildType, BuilderId, Error, OnCommitMismatch, Predicate, Provenance, generate, read,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The commit that all jobs build.
const COMMIT: &str = "99617f4070c9fa4928704dbc89884a8a0000ca9f";
const OTHER: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";
const BUILDER: &str = "https://ci.acme.example/builders/release";
const REPOSITORY: &str = "https://github.com/acme/shipcheck";

/// A job in `testdata/ci`.
#[derive(Clone, Debug)]
struct Job {
    ci: Ci,
    environment: BTreeMap<String, String>,
    claims: Option<BTreeMap<String, String>>,
    stated: Stated,
}

impl Job {
    fn load(name: &str) -> Self {
        let folder = root().join("testdata/ci").join(name);
        let environment = fs::read_to_string(folder.join("environment")).unwrap();
        let environment = environment.lines().map(|line| line.split_once('=').unwrap());
        let environment: BTreeMap<_, _> =
            environment.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let claims = fs::read(folder.join("claims.json")).ok().map(|bytes| {
            let claims: BTreeMap<String, Value> = serde_json::from_slice(&bytes).unwrap();
            let text = |value: Value| value.as_str().map_or(value.to_string(), str::to_owned);
            claims.into_iter().map(|(name, value)| (name, text(value))).collect()
        });
        let found = detect(&|name| environment.get(name).cloned()).unwrap();
        let ci = found.unwrap_or(Ci::Generic);
        let mut stated = Stated::default();
        // What these systems do not say of themselves.
        if matches!(ci, Ci::Tekton | Ci::Jenkins | Ci::Generic) {
            stated.builder_id = Some(BuilderId(BUILDER.to_owned()));
        }
        if matches!(ci, Ci::Tekton | Ci::CloudBuild | Ci::Generic) {
            stated.repository = Some(REPOSITORY.parse().unwrap());
        }
        if matches!(ci, Ci::Tekton | Ci::Generic) {
            stated.reference = Some("refs/tags/v1.4.2".parse().unwrap());
            stated.commit = Some(COMMIT.parse().unwrap());
        }
        Job { ci, environment, claims, stated }
    }

    fn described(&self) -> Result<Described, Error> {
        let environment = |name: &str| self.environment.get(name).cloned();
        let claims = self.claims.as_ref();
        let claims = claims.map(|claims| move |name: &str| claims.get(name).cloned());
        let claims = claims.as_ref().map(|claims| claims as &dyn Fn(&str) -> Option<String>);
        describe(self.ci, &environment, claims, &self.stated)
    }

    fn predicate(&self) -> Predicate {
        let facts = self.described().unwrap().facts;
        generate(&facts, &[], OnCommitMismatch::Refuse).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::to_value(self.predicate()).unwrap()
    }

    fn view(&self) -> Provenance {
        let subject = Subject::new("app", &ArtifactDigest::sha256(b"app").into());
        let predicate = self.predicate().to_json().unwrap();
        read(&Statement::new(vec![subject], Predicate::predicate_type(), predicate)).unwrap()
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    fn naming(mut self, variables: &[(&str, Show)]) -> Self {
        let named = variables.iter();
        let named =
            named.map(|(name, show)| NamedVariable { name: (*name).to_owned(), show: *show });
        self.stated.variables = named.collect();
        self
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn jobs() -> Vec<(String, Job)> {
    let folders = fs::read_dir(root().join("testdata/ci")).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), Job::load(&name))).collect()
}

#[test]
fn every_job_has_its_provenance() {
    let jobs = jobs();
    assert_eq!(jobs.len(), 18);
    for (name, job) in jobs {
        let described = job.described().unwrap();
        let predicate = job.predicate();
        let mut text = serde_json::to_string_pretty(&predicate).unwrap();
        for field in described.explain(&predicate) {
            let origins: Vec<_> = field.origins.iter().map(ToString::to_string).collect();
            text.push_str(&format!("\n{} <- {}", field.path, origins.join(", ")));
            for it in field.overruled {
                text.push_str(&format!("\n  not {}: {}", it.origin, it.value));
            }
        }
        insta::assert_snapshot!(format!("ci-{name}"), text);
    }
}

#[test]
fn what_is_written_is_read_back() {
    for (name, job) in jobs() {
        let (facts, view) = (job.described().unwrap().facts, job.view());
        assert_eq!(view.source, facts.source, "{name}");
        assert_eq!(view.source.commit.as_ref().unwrap().as_str(), COMMIT, "{name}");
        let no_ref = name == "jenkins-change";
        assert_eq!(view.source.reference.is_none(), no_ref, "{name}");
        assert_eq!(view.builder_id, Some(facts.builder_id), "{name}");
        assert_eq!(view.build_type, Some(facts.build_type), "{name}");
        assert_eq!(view.external_parameters.len(), facts_parameters(&job), "{name}");
        assert_eq!(view.invocation_id, facts.invocation_id, "{name}");
        assert_eq!(view.started_on, facts.started_on, "{name}");
        assert_eq!(view.finished_on, facts.finished_on, "{name}");
        let entry_point = !matches!(name.as_str(), "generic" | "cloud-build-inline");
        assert_eq!(view.entry_point.is_some(), entry_point, "{name}");
        assert_eq!(view.uninterpreted_parameters, [""; 0], "{name}");
        for (parameter, value) in facts.internal_parameters {
            assert_eq!(view.internal_parameters.get(&parameter), Some(&value), "{name}");
        }
    }
}

fn facts_parameters(job: &Job) -> usize {
    let own = matches!(job.ci, Ci::Tekton | Ci::Jenkins | Ci::Generic);
    job.described().unwrap().facts.external_parameters.len() + usize::from(own)
}

/// Every place in a document: JSON pointers to its leaves, without indices.
fn shape(at: &str, value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| shape(&format!("{at}/{name}"), value)).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| shape(at, item)).collect(),
        _ => BTreeSet::from([at.to_owned()]),
    }
}

fn published(case: &str) -> BTreeSet<String> {
    let path = root().join("testdata/slsa").join(case).join("statement.json");
    let statement: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    shape("", &statement["predicate"])
}

/// Where `testdata/slsa/README.md` says the shapes are from.
#[test]
fn shapes_are_those_that_the_vendors_publish() {
    let extra = |job: &str, case: &str| -> Vec<String> {
        let ours = shape("", &Job::load(job).json());
        ours.difference(&published(case)).cloned().collect()
    };
    let github = shape("", &Job::load("github-reusable").json());
    assert_eq!(github, published("github-attest-v1"));
    let runner = [
        "/buildDefinition/internalParameters/runnerEnvironment",
        "/buildDefinition/internalParameters/runnerId",
    ];
    assert_eq!(extra("gitlab-tag", "gitlab-v1"), runner);
    let substitutions = "/buildDefinition/internalParameters/systemSubstitutions/";
    let others = extra("cloud-build-trigger", "cloud-build-v1");
    assert!(others.iter().all(|place| place.starts_with(substitutions)), "{others:?}");
    assert_eq!(
        extra("cloud-build-inline", "cloud-build-source-apart-v1")
            .into_iter()
            .filter(|place| !place.starts_with(substitutions))
            .collect::<Vec<_>>(),
        [""; 0]
    );
}

/// The attestations of GitHub's own action in the bundles of sigstore-conformance, which are real.
#[test]
fn the_shape_is_that_of_githubs_own_attestations() {
    let assets = root().join("../shared/vectors/sigstore-conformance/test/assets/bundle-verify");
    let Ok(folders) = fs::read_dir(&assets) else {
        eprintln!("skipped: {} is not there", assets.display());
        return;
    };
    let ours = Job::load("github-tag").json();
    let build_type = &ours["buildDefinition"]["buildType"];
    let (shape_of_ours, mut real) = (shape("", &ours), 0);
    for folder in folders {
        let path = folder.unwrap().path().join("bundle.sigstore.json");
        let Ok(bytes) = fs::read(&path) else { continue };
        let Ok(material) = bundle::parse(&bytes, &Limits::default()) else { continue };
        let SignedContent::Envelope(envelope) = &material.content else { continue };
        let Ok(statement) = Statement::parse(&envelope.payload.0, &Limits::default()) else {
            continue;
        };
        let predicate: Value = serde_json::from_str(statement.predicate.get()).unwrap();
        if predicate["buildDefinition"]["buildType"] == *build_type {
            real += 1;
            assert_eq!(shape("", &predicate), shape_of_ours, "{}", path.display());
        }
    }
    assert!(real >= 1, "found no attestation of GitHub's");
}

/// github.com/actions/toolkit `packages/attest/__tests__/__snapshots__/provenance.test.ts.snap`: from
/// the claims of its test, the predicate of its test, value for value.
#[test]
fn githubs_own_test_gives_githubs_own_predicate() {
    let mut job = Job::load("github-tag").set("GITHUB_SERVER_URL", "https://github.com");
    let claims = [
        ("iss", "https://token.actions.githubusercontent.com"),
        ("event_name", "push"),
        ("job_workflow_ref", "owner/workflows/.github/workflows/publish.yml@main"),
        ("ref", "refs/heads/main"),
        ("repository", "owner/repo"),
        ("repository_id", "repo-id"),
        ("repository_owner_id", "owner-id"),
        ("run_attempt", "run-attempt"),
        ("run_id", "run-id"),
        ("runner_environment", "github-hosted"),
        ("sha", "babca52ab0c93ae16539e5923cb0d7403b9a093b"),
        ("workflow_ref", "owner/repo/.github/workflows/main.yml@main"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    job.claims = Some(claims.into_iter().map(owned).collect());
    let wanted = json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": {
                "path": ".github/workflows/main.yml",
                "ref": "main",
                "repository": "https://github.com/owner/repo",
            }},
            "internalParameters": {"github": {
                "event_name": "push",
                "repository_id": "repo-id",
                "repository_owner_id": "owner-id",
                "runner_environment": "github-hosted",
            }},
            "resolvedDependencies": [{
                "digest": {"gitCommit": "babca52ab0c93ae16539e5923cb0d7403b9a093b"},
                "uri": "git+https://github.com/owner/repo@refs/heads/main",
            }],
        },
        "runDetails": {
            "builder": {"id": "https://github.com/owner/workflows/.github/workflows/publish.yml@main"},
            "metadata": {
                "invocationId": "https://github.com/owner/repo/actions/runs/run-id/attempts/run-attempt",
            },
        },
    });
    assert_eq!(job.json(), wanted);
}

#[test]
fn only_the_listed_names_are_asked_for() {
    let mut asked: BTreeMap<Ci, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for (_, job) in jobs() {
        let asked = RefCell::new(asked.entry(job.ci).or_default());
        let environment = |name: &str| {
            asked.borrow_mut().0.insert(name.to_owned());
            job.environment.get(name).cloned()
        };
        let claims = |name: &str| {
            asked.borrow_mut().1.insert(name.to_owned());
            job.claims.as_ref()?.get(name).cloned()
        };
        describe(job.ci, &environment, Some(&claims), &job.stated).unwrap();
    }
    for ci in Ci::ALL {
        let (variables, claims) = asked.remove(&ci).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(variables, names(ci.variables()), "{ci}");
        assert_eq!(claims, names(ci.claims()), "{ci}");
    }
}

/// No name is asked for in vain: another value gives other provenance, or is refused.
#[test]
fn every_listed_name_counts() {
    let jobs = jobs();
    let outcome = |job: &Job| job.described().map(|it| format!("{:?}", it.facts));
    let mut idle = Vec::new();
    for ci in Ci::ALL {
        let of_ci: Vec<_> = jobs.iter().map(|(_, job)| job).filter(|job| job.ci == ci).collect();
        for name in ci.variables() {
            let changed = |job: &&&Job| {
                let bare = Job { claims: None, ..(**job).clone() };
                outcome(&bare.clone().set(name, "changed/value@1")) != outcome(&bare)
            };
            if !of_ci.iter().any(|job| changed(&job)) {
                idle.push(format!("{ci} {name}"));
            }
        }
        for name in ci.claims() {
            let changed = |job: &&&Job| {
                let mut other = (**job).clone();
                let Some(claims) = &mut other.claims else { return false };
                // An issuer that is GitHub's own says more than another.
                let value = if *name == "iss" { "https://a.example/_services/token" } else { "x" };
                claims.insert((*name).to_owned(), value.to_owned());
                outcome(&other) != outcome(job)
            };
            if !of_ci.iter().any(|job| changed(&job)) {
                idle.push(format!("{ci} {name}"));
            }
        }
    }
    assert_eq!(idle, [""; 0]);
}

#[test]
fn no_recorded_secret_gets_out() {
    for (name, job) in jobs() {
        let described = job.described().unwrap();
        let text = format!("{}{described:?}", job.json());
        assert!(!text.contains("SECRET-"), "{name}: {text}");
        let secrets = job.environment.values().filter(|value| value.contains("SECRET-")).count();
        assert!(secrets >= 1, "{name} has no secret to keep");
    }
}

proptest! {
    /// Whatever the environment and the token have beside the listed names.
    #[test]
    fn no_unlisted_value_gets_out(index in 0usize..18, secret in "[a-zA-Z0-9]{12,40}") {
        let (_, job) = jobs().swap_remove(index);
        let secret = format!("hidden-{secret}");
        let listed = |names: &[&str], name: &str| names.contains(&name);
        let environment = |name: &str| match listed(job.ci.variables(), name) {
            true => job.environment.get(name).cloned(),
            false => Some(secret.clone()),
        };
        let claims = |name: &str| match listed(job.ci.claims(), name) {
            true => job.claims.as_ref()?.get(name).cloned(),
            false => Some(secret.clone()),
        };
        let described = describe(job.ci, &environment, Some(&claims), &job.stated).unwrap();
        let predicate = generate(&described.facts, &[], OnCommitMismatch::Refuse).unwrap();
        let text = format!("{}{described:?}", predicate.to_json().unwrap());
        prop_assert!(!text.contains(&secret), "{}", text);
    }
}

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

/// The table of docs/provenance.md: for each kind of value and each system, what said it in one of
/// the jobs. Written anew with `SNAPSHOTS=overwrite`.
#[test]
fn the_documented_table_is_what_the_code_does() {
    let mut cells: BTreeMap<(FieldKind, Ci), BTreeSet<Origin>> = BTreeMap::new();
    let mut build_types = BTreeMap::new();
    for (_, job) in jobs() {
        let described = job.described().unwrap();
        build_types.insert(job.ci, described.facts.build_type.0);
        for field in described.fields {
            let said =
                field.origins.into_iter().chain(field.overruled.into_iter().map(|it| it.origin));
            cells.entry((field.kind, job.ci)).or_default().extend(said);
        }
    }
    let systems = [Ci::Github, Ci::Gitlab, Ci::CloudBuild, Ci::Tekton, Ci::Jenkins];
    let kinds = [
        (FieldKind::BuildType, "`buildType`"),
        (FieldKind::BuilderId, "`builder.id`"),
        (FieldKind::BuilderVersion, "`builder.version`"),
        (FieldKind::Repository, "source repository"),
        (FieldKind::Reference, "source ref"),
        (FieldKind::Commit, "source commit"),
        (FieldKind::EntryPoint, "entry point"),
        (FieldKind::Internal, "`internalParameters`"),
        (FieldKind::Invocation, "`invocationId`"),
        (FieldKind::Started, "`startedOn`"),
    ];
    let known: BTreeSet<_> = cells.keys().map(|(kind, _)| *kind).collect();
    assert_eq!(known, kinds.iter().map(|(kind, _)| *kind).collect());
    let cell = |kind: FieldKind, ci: Ci| -> String {
        if kind == FieldKind::BuildType {
            return format!("`{}`", build_types[&ci].trim_start_matches("https://"));
        }
        let origins = cells.get(&(kind, ci)).cloned().unwrap_or_default();
        let origin = |origin: &Origin| match origin {
            Origin::Claim(name) => format!("*{name}*"),
            Origin::Variable(name) => format!("`{name}`"),
            Origin::Stated => "stated".to_owned(),
            other => panic!("{other}"),
        };
        let origins: Vec<_> = origins.iter().map(origin).collect();
        if origins.is_empty() { "–".to_owned() } else { origins.join(", ") }
    };
    let mut table = "| | GitHub Actions | GitLab | Cloud Build | Tekton | Jenkins |\n".to_owned();
    table.push_str("|---|---|---|---|---|---|\n");
    for (kind, label) in kinds {
        let row: Vec<_> = systems.into_iter().map(|ci| cell(kind, ci)).collect();
        table.push_str(&format!("| {label} | {} |\n", row.join(" | ")));
    }
    let path = root().join("docs/provenance.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- fields -->\n").unwrap();
    let (found, after) = rest.split_once("<!-- /fields -->").unwrap();
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(&path, format!("{before}<!-- fields -->\n{table}<!-- /fields -->{after}"))
            .unwrap();
        return;
    }
    assert_eq!(found, table, "run this test with SNAPSHOTS=overwrite");
}
