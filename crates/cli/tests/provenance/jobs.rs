//! What is made of each CI system, and every way in which nothing is made.

use serde_json::json;

use crate::support::{Desk, Ran, SHIPCHECK};
use crate::{COMMIT, OTHER, job};

#[test]
fn every_system_is_detected_and_can_be_forced() {
    let desk = Desk::new();
    let builder = ["--builder-id", "https://ci.acme.example/release"];
    let source = ["--source-uri", "https://github.com/acme/shipcheck"];
    let build_type = |name: &str, more: &[&str]| {
        let arguments: Vec<_> = ["provenance"].iter().chain(more).copied().collect();
        let ran = desk.ran(&mut job(&desk, name, &arguments)).exits(0);
        ran.json()["buildDefinition"]["buildType"].as_str().unwrap().to_owned()
    };
    let own = "https://chainsign.dev/buildtypes";
    let gitlab = "https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1";
    let google = "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1";
    assert_eq!(build_type("gitlab-tag", &[]), gitlab);
    assert_eq!(build_type("cloud-build-trigger", &source), google);
    assert_eq!(build_type("tekton-task", &builder), format!("{own}/tekton/v1"));
    assert_eq!(build_type("jenkins-tag", &builder), format!("{own}/jenkins/v1"));
    assert_eq!(build_type("generic", &builder), format!("{own}/go/v1"));
    let forced = |ci| [&builder[..], &["--ci", ci]].concat();
    assert_eq!(build_type("github-tag", &forced("generic")), format!("{own}/generic/v1"));
    assert_eq!(build_type("github-tag", &forced("none")), format!("{own}/go/v1"));
    let other = ["--build-type", "https://acme.example/build/v1"];
    let other = [&forced("generic")[..], &other].concat();
    assert_eq!(build_type("github-tag", &other), "https://acme.example/build/v1");
}

#[test]
fn every_way_not_to_make_provenance_has_its_reason() {
    let desk = Desk::new();
    let mut wrong = Vec::new();
    let mut check = |name: &str,
                     arguments: &[&str],
                     extra: Option<(&str, &str)>,
                     code,
                     says: &str,
                     hint: &str| {
        let arguments: Vec<_> = ["provenance"].iter().chain(arguments).copied().collect();
        let mut command = job(&desk, name, &arguments);
        command.envs(extra);
        let ran: Ran = desk.ran(&mut command);
        if ran.code != code || !ran.stderr.contains(says) || !ran.stderr.contains(hint) {
            wrong.push(format!("{arguments:?}: {} {}", ran.code, ran.stderr));
        }
        assert_eq!(ran.stdout, "");
    };
    let jenkins = Some(("JENKINS_URL", "https://ci.acme.example/"));
    check(
        "github-tag",
        &[],
        jenkins,
        2,
        "found GitHub Actions and Jenkins at once",
        "--ci github or --ci jenkins",
    );
    check(
        "generic",
        &[],
        None,
        2,
        "what was stated does not say the builder id",
        "name it: --builder-id",
    );
    check(
        "tekton-task",
        &[],
        None,
        2,
        "Tekton does not say the builder id",
        "name it: --builder-id",
    );
    check(
        "cloud-build-trigger",
        &[],
        None,
        2,
        "repository with its host",
        "state it: --source-uri",
    );
    let unset = Some(("GITHUB_RUN_ID", ""));
    check(
        "github-tag",
        &[],
        unset,
        2,
        "found neither the claim run_id nor the variable GITHUB_RUN_ID",
        "is this a job of GitHub Actions?",
    );
    let sha = Some(("GITHUB_SHA", "main"));
    check(
        "github-tag",
        &[],
        sha,
        2,
        "the variable GITHUB_SHA cannot be used: not a git commit",
        "",
    );
    check(
        "github-tag",
        &["--build-type", "https://a.example/b"],
        None,
        2,
        "GitHub Actions has the build type",
        "--ci generic",
    );
    check(
        "github-tag",
        &["--variable", "GITHUB_JOB"],
        None,
        2,
        "no place for variables",
        "--parameter",
    );
    check("gitlab-tag", &["--variable", "NONE"], None, 2, "the variable NONE is not set", "");
    check(
        "gitlab-tag",
        &["--variable", "CI", "--masked-variable", "CI"],
        None,
        2,
        "found the variable CI twice",
        "",
    );
    check(
        "gitlab-tag",
        &["--parameter", "a=1", "--parameter", "a=2"],
        None,
        2,
        "found the parameter \"a\" twice",
        "",
    );
    check(
        "gitlab-tag",
        &["--parameter", "source=1"],
        None,
        2,
        "externalParameters must not have \"source\"",
        "",
    );
    check(
        "gitlab-tag",
        &["--identity-token", "x"],
        None,
        2,
        "found 1 parts between dots",
        "a file is given as @FILE",
    );
    check(
        "jenkins-tag",
        &["--builder-id", "https://x.example/y", "--identity-token", "x"],
        None,
        2,
        "GitHub or GitLab only",
        "--ci github",
    );
    check("jenkins-tag", &["--builder-id", "x"], None, 2, "builder id is not an absolute URI", "");
    check("gitlab-tag", &["--source-ref", "a b"], None, 2, "--source-ref: not a git ref", "");
    check("gitlab-tag", &["--from-binary", "/none"], None, 2, "/none", "check the path");
    let other = Some(("CI_COMMIT_SHA", OTHER));
    check(
        "gitlab-tag",
        &["--from-binary", SHIPCHECK],
        other,
        1,
        &format!("the binary was built from {COMMIT}, but the commit stated is {OTHER}"),
        "--source-commit names the commit",
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// For builds of a merge commit, as for pull requests.
#[test]
fn a_stated_commit_counts_and_is_recorded() {
    let desk = Desk::new();
    let arguments = ["provenance", "--source-commit", COMMIT, "--from-binary", SHIPCHECK];
    let mut command = job(&desk, "gitlab-tag", &arguments);
    let ran = desk.ran(command.env("CI_COMMIT_SHA", OTHER)).exits(0);
    let definition = &ran.json()["buildDefinition"];
    let recorded = &definition["internalParameters"]["commitOverride"];
    assert_eq!(*recorded, json!({"reported": OTHER, "stated": COMMIT}));
    assert_eq!(definition["resolvedDependencies"][0]["digest"]["gitCommit"], COMMIT);
    ran.says(&format!("warning: the CI system says commit {OTHER}: --source-commit counts"));

    let arguments = ["provenance", "--source-commit", OTHER, "--from-binary", SHIPCHECK];
    let ran = desk.ran(&mut job(&desk, "gitlab-tag", &arguments)).exits(0);
    let definition = &ran.json()["buildDefinition"];
    let recorded = &definition["internalParameters"]["commitOverride"];
    assert_eq!(*recorded, json!({"reported": COMMIT, "stamped": COMMIT, "stated": OTHER}));
    ran.says(&format!("warning: the binary says commit {COMMIT}: --source-commit counts"));
}

#[test]
fn named_variables_are_parameters_and_secrets_are_masked() {
    let desk = Desk::new();
    let arguments = [
        "provenance",
        "--variable",
        "GOFLAGS",
        "--variable",
        "CI_JOB_TOKEN",
        "--masked-variable",
        "CI_JOB_STAGE",
    ];
    let ran = desk.ran(&mut job(&desk, "gitlab-tag", &arguments)).exits(0);
    let variables = &ran.json()["buildDefinition"]["externalParameters"]["variables"];
    let wanted =
        json!({"CI_JOB_STAGE": "[MASKED]", "CI_JOB_TOKEN": "[MASKED]", "GOFLAGS": "-mod=readonly"});
    assert_eq!(*variables, wanted);
}
