//! `provenance`: in jobs of CI systems, for subjects, and on the way to a verdict.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use support::{Desk, Ran, SHIPCHECK, Stage};

const COMMIT: &str = "99617f4070c9fa4928704dbc89884a8a0000ca9f";
const OTHER: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";
const WORKFLOW: &str = "acme/shipcheck/.github/workflows/release.yml@refs/tags/v1.4.2";

/// A job of `testdata/ci`: its whole environment, and nothing of this one.
fn job(desk: &Desk, name: &str, arguments: &[&str]) -> Command {
    let path = testdata(&format!("ci/{name}/environment"));
    let mut command = desk.command(arguments);
    command.env_clear();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let (name, value) = line.split_once('=').unwrap();
        // Where tokens are to be had is the test's affair.
        if !matches!(name, "ACTIONS_ID_TOKEN_REQUEST_URL" | "SIGSTORE_ID_TOKEN") {
            command.env(name, value);
        }
    }
    command
}

fn testdata(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(path)
}

/// A job of GitHub Actions whose token service is the sandbox.
fn github_job(stage: &Stage, workflow: &str, caller: &str, arguments: &[&str]) -> Command {
    let mut command = job(&stage.desk, "github-tag", arguments);
    let url = format!(
        "{}/actions/token?github_workflow={workflow}&called_by={caller}&commit={COMMIT}",
        stage.sandbox.issuer()
    );
    command.env("ACTIONS_ID_TOKEN_REQUEST_URL", url);
    command.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner");
    command
}

fn policy(stage: &Stage) -> String {
    format!(
        r#"apiVersion: chainsign.dev/v1
kind: Policy
metadata: {{name: release, version: 1}}
authorities:
  release:
    keyless:
      issuer: {}
      subject: https://github.com/{WORKFLOW}
attestations:
  provenance:
    predicateType: slsaprovenance1
    by: release
    slsa:
      builders:
        - {{id: "https://github.com/{WORKFLOW}", signer: release, level: 2}}
        - {{id: "https://github.com/acme/builders/.github/workflows/go.yml@v2", signer: release, level: 3}}
      level: 2
      buildType: https://actions.github.io/buildtypes/workflow/v1
      source:
        repository: https://github.com/acme/shipcheck
        ref: refs/tags/v1.4.2
        entryPoint: .github/workflows/release.yml
      externalParameters: {{allow: [], unknown: deny}}
go:
  commit: {{equals: provenance}}
"#,
        stage.sandbox.issuer()
    )
}

/// Verifies with the policy changed, and says which rules failed, each with its reason.
fn failed_rules(stage: &Stage, change: (&str, &str)) -> Vec<String> {
    let policy = policy(stage);
    let changed = policy.replacen(change.0, change.1, 1);
    assert!(change.0.is_empty() || changed != policy, "{} is not in the policy", change.0);
    stage.desk.write("policy.yaml", changed);
    let arguments = ["--trust-config", "trust.json", "--policy", "policy.yaml", "shipcheck"];
    let arguments: Vec<_> = ["verify", "-o", "json"].into_iter().chain(arguments).collect();
    let document = stage.desk.run(&arguments).json();
    let sections = &document["targets"][0]["verdict"]["sections"];
    let sections = sections.as_array().unwrap_or_else(|| panic!("{document:#}"));
    let rules = sections.iter().flat_map(|section| section["rules"].as_array().unwrap());
    let failed = rules.filter(|rule| rule["outcome"] != "pass");
    let said = |rule: &Value| {
        let part = |key: &str| rule[key].as_str().unwrap().to_owned();
        format!("{} {}", part("id").replace("attestations.provenance", ""), part("reason"))
    };
    let mut failed: Vec<_> = failed.map(said).collect();
    failed.sort();
    failed
}

/// Three commands in a job of GitHub Actions, and what is wanted of them.
#[test]
fn a_release_of_a_github_job_is_what_its_policy_expects() {
    let stage = Stage::new();
    let desk = &stage.desk;
    std::fs::copy(SHIPCHECK, desk.path("shipcheck")).unwrap();
    let provenance = ["provenance", "--from-binary", "shipcheck", "--output", "provenance.json"];
    desk.ran(&mut github_job(&stage, WORKFLOW, WORKFLOW, &provenance)).exits(0);
    let attest =
        ["attest", "--trust-config", "trust.json", "--predicate", "provenance.json", "shipcheck"];
    desk.ran(&mut github_job(&stage, WORKFLOW, WORKFLOW, &attest)).exits(0);

    // What is signed is what was written, to the byte.
    let identity = format!("https://github.com/{WORKFLOW}");
    let verify =
        ["verify-blob-attestation", "--trust-config", "trust.json", "--type", "slsaprovenance1"];
    let signer =
        ["--certificate-identity", &identity, "--certificate-oidc-issuer", stage.sandbox.issuer()];
    let bundle = ["--bundle", "shipcheck.sigstore.jsonl", "shipcheck"];
    let statement = desk.run(&[&verify[..], &signer, &bundle].concat()).exits(0).stdout;
    assert!(statement.contains(desk.read("provenance.json").trim_end()), "{statement}");

    let none: [&str; 0] = [];
    assert_eq!(failed_rules(&stage, ("", "")), none);
    let repository = "repository: https://github.com/acme/";
    let entry_point = "entryPoint: .github/workflows/";
    let changes = [
        ("id: \"https://github.com/acme/shipcheck", "id: \"https://github.com/evil/shipcheck"),
        ("      level: 2", "      level: 3"),
        ("buildtypes/workflow/v1", "buildtypes/workflow/v2"),
        (&format!("{repository}shipcheck"), &format!("{repository}other")),
        ("ref: refs/tags/v1.4.2", "ref: refs/tags/v1.4.1"),
        (&format!("{entry_point}release.yml"), &format!("{entry_point}other.yml")),
        // Another workflow signed nothing that counts.
        ("subject: https://github.com/acme/shipcheck", "subject: https://github.com/acme/other"),
    ];
    let failed = changes.map(|change| failed_rules(&stage, change).join(", "));
    let wanted = [
        ".builder value-mismatch, .level builder-not-trusted",
        ".level level-too-low",
        ".buildType value-mismatch",
        ".source.repository value-mismatch",
        ".source.ref value-mismatch",
        ".source.entryPoint value-mismatch",
    ];
    assert_eq!(failed[..6], wanted);
    assert!(failed[6].starts_with(" other-identity, "), "{}", failed[6]);
}

/// What the certificate authority saw and what the provenance says are the same claims.
#[test]
fn a_reusable_workflow_is_the_builder() {
    let stage = Stage::new();
    let reusable = "acme/builders/.github/workflows/go.yml@refs/tags/v2.3.0";
    let ran = stage.desk.ran(&mut github_job(&stage, reusable, WORKFLOW, &["provenance"])).exits(0);
    let document = ran.json();
    let builder = &document["runDetails"]["builder"]["id"];
    assert_eq!(*builder, format!("https://github.com/{reusable}"));
    let workflow = &document["buildDefinition"]["externalParameters"]["workflow"];
    let wanted = json!({
        "path": ".github/workflows/release.yml",
        "ref": "refs/tags/v1.4.2",
        "repository": "https://github.com/acme/shipcheck",
    });
    assert_eq!(*workflow, wanted);
    // The sandbox makes up other numbers than the environment has: the token counts, and it is said.
    ran.says("warning: the variable GITHUB_RUN_ID says \"9170000001\": the token counts");
}

/// The walk of docs/provenance.md, "Try it without a CI system".
#[test]
fn a_token_of_the_sandbox_describes_a_job() {
    let stage = Stage::new();
    let reusable = "acme/builders/.github/workflows/go.yml@refs/tags/v2.3.0";
    let arguments = ["sandbox", "token", "--trust-config", "trust.json", "--commit", COMMIT];
    let run =
        ["--github-workflow", reusable, "--called-by", WORKFLOW, "--event", "workflow_dispatch"];
    let token = stage.desk.run(&[&arguments[..], &run].concat()).exits(0).stdout;
    let forced = ["provenance", "--ci", "github", "--explain", "--identity-token", token.trim()];
    let mut command = stage.desk.command(&forced);
    let ran = stage.desk.ran(command.env_clear().env("GITHUB_SERVER_URL", "https://github.com"));
    let document = ran.exits(0).json();
    let definition = &document["buildDefinition"];
    assert_eq!(definition["internalParameters"]["github"]["event_name"], "workflow_dispatch");
    assert_eq!(definition["resolvedDependencies"][0]["digest"]["gitCommit"], COMMIT);
    let builder = &document["runDetails"]["builder"]["id"];
    assert_eq!(*builder, format!("https://github.com/{reusable}"));

    let email = ["--email", support::EMAIL, "--event", "push"];
    let command = [&["sandbox", "token", "--trust-config", "trust.json"], &email[..]].concat();
    stage.desk.run(&command).exits(2).says("'--event <EVENT>'");
}

#[test]
fn without_a_token_the_environment_has_to_do() {
    let desk = Desk::new();
    let explain = ["provenance", "--explain", "--from-binary", SHIPCHECK];
    let ran = desk.ran(&mut job(&desk, "github-tag", &explain)).exits(0);
    let builder = format!("https://github.com/{WORKFLOW}");
    assert_eq!(ran.json()["runDetails"]["builder"]["id"], builder);
    let line = |field: &str| {
        let found = ran.stderr.lines().find(|line| line.starts_with(field)).unwrap();
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let wanted = format!("builder.id $GITHUB_SERVER_URL, $GITHUB_WORKFLOW_REF {builder}");
    assert_eq!(line("builder.id "), wanted);
    let commit = "resolvedDependencies[0].digest.gitCommit";
    assert_eq!(line(commit), format!("{commit} $GITHUB_SHA {COMMIT}"));
    let go = "internalParameters.go.builds";
    assert_eq!(line(go), format!("{go} binary 1 build of Go"));
    ran.says("no identity token: all of this is what the job's steps let through");
    let all = format!("{}{}", desk.ran(&mut job(&desk, "github-tag", &explain)).stdout, "");
    assert!(!all.contains("SECRET-"), "{all}");
}

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
        "the caller does not say the builder id",
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

/// Many files, one signature: the same line beside each of them.
#[test]
fn a_statement_is_signed_once_for_all_its_subjects() {
    let stage = Stage::new();
    let desk = &stage.desk;
    for file in ["a.tar.gz", "b.tar.gz", "other"] {
        desk.write(file, file);
    }
    let make = ["provenance", "--subject", "*.tar.gz", "--output", "statement.json"];
    desk.ran(&mut github_job(&stage, WORKFLOW, WORKFLOW, &make)).exits(0);
    let attest = |arguments: &[&str]| {
        let all = [&["attest", "--trust-config", "trust.json"], arguments].concat();
        desk.ran(&mut github_job(&stage, WORKFLOW, WORKFLOW, &all))
    };
    let ran = attest(&["--statement", "statement.json", "a.tar.gz", "b.tar.gz"]).exits(0);
    ran.says("attested a.tar.gz in a.tar.gz.sigstore.jsonl")
        .says("attested b.tar.gz in b.tar.gz.sigstore.jsonl");
    assert_eq!(desk.read("a.tar.gz.sigstore.jsonl"), desk.read("b.tar.gz.sigstore.jsonl"));
    let statement = attest(&["--statement", "statement.json", "--bundle", "all.jsonl"]);
    statement.exits(0).says("attested statement.json in all.jsonl");

    let policy = policy(&stage).replace("go:\n  commit: {equals: provenance}\n", "");
    desk.write("policy.yaml", policy);
    let verify = ["verify", "--trust-config", "trust.json", "--policy", "policy.yaml"];
    desk.run(&[&verify[..], &["a.tar.gz", "b.tar.gz"]].concat()).exits(0);
    desk.run(&[&verify[..], &["--bundle", "all.jsonl", "b.tar.gz"]].concat()).exits(0);
    desk.run(&[&verify[..], &["--bundle", "all.jsonl", "other"]].concat()).exits(1);

    let ran = attest(&["--statement", "statement.json", "a.tar.gz", "other"]).exits(1);
    ran.says("the statement is not about other (sha256:").says("hint: make the statement anew");
    assert!(!desk.files().contains(&"other.sigstore.jsonl".to_owned()));
    let blob = ["attest-blob", "--trust-config", "trust.json", "--statement", "statement.json"];
    let blob = [&blob[..], &["--bundle", "blob.json", "other"]].concat();
    let ran = desk.ran(&mut github_job(&stage, WORKFLOW, WORKFLOW, &blob)).exits(1);
    ran.says("the statement is not about other (sha256:");
    let ran = attest(&["--statement", "statement.json"]).exits(2);
    ran.says("found neither a file nor --bundle");
    let ran = attest(&["--predicate", "statement.json", "a.tar.gz"]).exits(2);
    ran.says("found a whole in-toto statement, wanted a predicate").says("--statement instead");
    attest(&["a.tar.gz"]).exits(2).says("--predicate <FILE>|--statement <FILE>");
}

/// Every command of docs/provenance.md is one that this binary takes.
#[test]
fn the_documented_commands_are_commands() {
    use clap::Parser as _;

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/provenance.md");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| line.trim_start_matches([' ', '-']));
    let commands: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("chainsign "))
        .map(|line| line.trim_end_matches([' ', '|', '&']))
        .collect();
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        let words = ["chainsign"].into_iter().chain(command.split(' '));
        let parsed = chainsign::flags::Cli::try_parse_from(words);
        assert!(parsed.is_ok(), "{command}: {}", parsed.unwrap_err());
    }
}

/// Files, globs, checksum files, GoReleaser's list and digests, in one statement.
#[test]
fn subjects_of_every_kind_make_one_statement() {
    let desk = Desk::new();
    for folder in ["dist", "dist/app_linux", "dist/app_darwin"] {
        std::fs::create_dir(desk.path(folder)).unwrap();
    }
    for file in ["b.tar.gz", "a.tar.gz", "a.txt", "app_linux/app", "app_darwin/app"] {
        desk.write(&format!("dist/{file}"), file);
    }
    let digest =
        |content: &str| chainsign_core::digest::ArtifactDigest::sha256(content.as_bytes()).hex();
    let zip = digest("zip");
    desk.write("sums", format!("{zip}  app.zip\n"));
    let artifacts = json!([
        {"name": "metadata.json", "path": "dist/metadata.json", "type": "Metadata"},
        {"name": "app", "path": "dist/app_linux/app", "type": "Binary"},
        {"name": "app", "path": "dist/app_darwin/app", "type": "Binary"},
        {"name": "notes", "path": "dist/a.txt", "type": "File", "extra": {"Checksum": format!("sha256:{}", digest("a.txt"))}},
    ]);
    desk.write("dist/artifacts.json", artifacts.to_string());
    let image = format!("ghcr.io/acme/app@sha256:{zip}");
    let arguments = [
        "provenance",
        "--subject",
        "dist/*.tar.gz",
        "--subject-checksums",
        "sums",
        "--subject-artifacts",
        "dist/artifacts.json",
        "--subject-digest",
        &image,
    ];
    let ran = desk.ran(&mut job(&desk, "github-tag", &arguments)).exits(0);
    let statement = ran.json();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    assert_eq!(
        statement["predicate"]["runDetails"]["builder"]["id"],
        format!("https://github.com/{WORKFLOW}")
    );
    let subjects: Vec<_> = statement["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| {
            (subject["name"].as_str().unwrap(), subject["digest"]["sha256"].as_str().unwrap())
        })
        .collect();
    // One digest may have two names.
    let wanted = [
        ("a.tar.gz", digest("a.tar.gz")),
        ("app.zip", zip.clone()),
        ("b.tar.gz", digest("b.tar.gz")),
        ("dist/app_darwin/app", digest("app_darwin/app")),
        ("dist/app_linux/app", digest("app_linux/app")),
        ("ghcr.io/acme/app", zip.clone()),
        ("notes", digest("a.txt")),
    ];
    assert_eq!(subjects, wanted.each_ref().map(|(name, digest)| (*name, digest.as_str())));
    ran.says("not subjects: 1 Metadata");

    let all =
        ["provenance", "--subject", "dist/**.gz", "--subject", "dist/a.txt", "--output", "s.json"];
    assert_eq!(desk.ran(&mut job(&desk, "github-tag", &all)).exits(0).stdout, "");
    let statement: Value = serde_json::from_str(&desk.read("s.json")).unwrap();
    assert_eq!(statement["subject"].as_array().unwrap().len(), 3);

    let mut wrong = Vec::new();
    let mut check = |arguments: &[&str], code, says: &str| {
        let arguments: Vec<_> = ["provenance"].iter().chain(arguments).copied().collect();
        let ran = desk.ran(&mut job(&desk, "github-tag", &arguments));
        if ran.code != code || !ran.stderr.contains(says) || !ran.stdout.is_empty() {
            wrong.push(format!("{arguments:?}: {} {}{}", ran.code, ran.stdout, ran.stderr));
        }
    };
    let twice = ["--subject", "dist/a.txt", "--subject", "dist/*.txt"];
    check(&twice, 2, "two subjects are named \"a.txt\"");
    check(&["--subject", "dist/**/app"], 2, "two subjects are named \"app\"");
    check(&["--subject", "dist/*.zip"], 2, "no file matches \"dist/*.zip\"");
    check(&["--subject", "dist/[ab]*"], 2, "found '[' in the glob");
    check(&["--subject", "dist"], 2, "directory");
    check(&["--subject", "-"], 2, "- has no file name");
    check(&["--subject", "none"], 2, "none");
    check(&["--subject-digest", "app@sha256:00"], 2, "lower-case hexadecimal");
    check(&["--subject-checksums", "dist/a.txt"], 2, "line 1: found \"a.txt\", wanted");
    check(&["--subject-artifacts", "sums"], 2, "GoReleaser's list of artifacts cannot be used");
    desk.write("none.json", "[]");
    check(&["--subject-artifacts", "none.json"], 2, "the lists name no subject");
    let lines: String = (0..1025).map(|number| format!("{zip}  {number}\n")).collect();
    desk.write("many", lines);
    check(&["--subject-checksums", "many"], 2, "found more than 1024 subjects for one statement");
    desk.write("dist/a.txt", "changed after goreleaser");
    check(
        &["--subject-artifacts", "dist/artifacts.json"],
        1,
        "dist/a.txt is not what GoReleaser made",
    );
    #[cfg(unix)]
    {
        desk.write("a*", "");
        check(&["--subject", "a*"], 2, "is a file and a glob at once");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
