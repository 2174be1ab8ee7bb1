//! `verify --source-uri`: slsa-verifier's flags, on provenance that is signed for real.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use chainsign_sandbox::{GithubWorkflow, TokenRequest};
use serde_json::{Value, json};
use support::{Ran, Stage};

const COMMIT: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";
const BUILDER: &str =
    "slsa-framework/slsa-github-generator/.github/workflows/builder_go_slsa3.yml@refs/tags/v2.1.0";
const CALLER: &str = "acme/app/.github/workflows/release.yml@refs/tags/v1.2.3";

/// The predicate of slsa-github-generator's builder for Go.
fn predicate() -> Value {
    let path = "../../testdata/slsa/slsa-github-generator-go-v0.2/statement.json";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let statement: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    statement["predicate"].clone()
}

/// Two programs, attested by the builder that the workflow of a tag called.
fn stage() -> Stage {
    let stage = Stage::new();
    stage.desk.write("app", "a program");
    stage.desk.write("tool", "another");
    stage.desk.write("unsigned", "a third");
    stage.desk.write("provenance.json", predicate().to_string());
    attest(&stage, BUILDER, CALLER, &["app", "tool"]);
    stage
}

fn attest(stage: &Stage, builder: &str, caller: &str, files: &[&str]) {
    let workflow = GithubWorkflow::new(builder, COMMIT).unwrap().called_by(caller).unwrap();
    let token = stage.sandbox.token(TokenRequest::github_workflow(workflow)).unwrap();
    let flags = ["attest", "--predicate", "provenance.json", "--type", "slsaprovenance02"];
    stage.sign(&token, &[&flags[..], files].concat()).exits(0);
}

fn verify(stage: &Stage, flags: &[&str]) -> Ran {
    let issuer = stage.sandbox.issuer().to_owned();
    let mut all = vec!["verify", "--trust-config", "trust.json"];
    all.extend(["--certificate-oidc-issuer", issuer.as_str()]);
    all.extend(flags);
    stage.desk.run(&all)
}

const SOURCE: [&str; 2] = ["--source-uri", "github.com/acme/app"];

#[test]
fn artifacts_that_are_as_expected_pass() {
    let stage = stage();
    let name = BUILDER.split_once('@').unwrap().0;
    let (any, at) =
        (format!("https://github.com/{name}"), format!("https://github.com/{name}@v2.1.0"));
    let cases: [&[&str]; 6] = [
        &["app", "tool"],
        &["--source-tag", "v1.2.3", "app", "tool"],
        &["--source-versioned-tag", "v1", "app"],
        &["--builder-id", &any, "app"],
        &["--builder-id", &at, "--source-tag", "v1.2.3", "app"],
        &["--provenance-path", "tool.sigstore.jsonl", "tool"],
    ];
    for flags in cases {
        verify(&stage, &[&SOURCE[..], flags].concat()).exits(0);
    }
    for spelling in ["git+https://github.com/acme/app", "https://github.com/acme/app"] {
        verify(&stage, &["--source-uri", spelling, "app"]).exits(0);
    }
}

/// Scripts and people are told who built it, and from what.
#[test]
fn how_it_was_built_is_told() {
    let stage = stage();
    let ran = verify(&stage, &[&["-o", "json"], &SOURCE[..], &["app"]].concat()).exits(0);
    let json = ran.json();
    support::fits("verify.v1", &json);
    let wanted = json!({
        "builder": format!("https://github.com/{BUILDER}"),
        "repository": "https://github.com/acme/app",
        "ref": "refs/tags/v1.2.3",
        "commit": COMMIT,
    });
    assert_eq!(json["targets"][0]["built"], wanted);
    let ran = verify(&stage, &[&SOURCE[..], &["app"]].concat()).exits(0);
    let line =
        format!("built from https://github.com/acme/app, at refs/tags/v1.2.3, commit {COMMIT}");
    let whole = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(whole.contains("Built as was asked for.") && whole.contains(&line), "{}", ran.stdout);
}

/// One artifact among several that is not as expected decides.
#[test]
fn each_wrong_expectation_has_its_reason() {
    let stage = stage();
    let generic = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";
    let cases: [(&[&str], &str); 8] = [
        (&["--source-uri", "github.com/acme/other"], "other-source"),
        (&[SOURCE[0], SOURCE[1], "--source-tag", "v1.2.4"], "other-tag"),
        (&[SOURCE[0], SOURCE[1], "--source-versioned-tag", "v2"], "other-tag"),
        (&[SOURCE[0], SOURCE[1], "--source-branch", "main"], "not-said"),
        (&[SOURCE[0], SOURCE[1], "--builder-id", generic], "untrusted-builder"),
        (&[SOURCE[0], SOURCE[1], "--build-workflow-input", "a=b"], "not-said"),
        (&[SOURCE[0], SOURCE[1], "unsigned"], "unsigned"),
        (&[SOURCE[0], SOURCE[1], "--bundle", "app.sigstore.jsonl", "unsigned"], "subject-mismatch"),
    ];
    let mut wrong = Vec::new();
    for (flags, reason) in cases {
        let ran = verify(&stage, &[&["-o", "json", "app"], flags].concat());
        let json = ran.json();
        support::fits("verify.v1", &json);
        let targets = json["targets"].as_array().unwrap();
        let reasons: Vec<_> =
            targets.iter().filter_map(|it| it["failure"]["reason"].as_str()).collect();
        if ran.code != 1 || reasons != [reason] {
            wrong.push(format!("{flags:?}: {} {reasons:?}", ran.code));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// There is nothing beside it, where somebody could put a bundle.
#[test]
fn standard_input_without_a_bundle_is_unsigned() {
    let stage = stage();
    let hint = |target: &str| {
        let ran = verify(&stage, &[SOURCE[0], SOURCE[1], target]).exits(1);
        let lines = ran.says_on_stdout("found no signature for ").stdout;
        lines
            .lines()
            .find_map(|line| line.trim().strip_prefix("hint: ").map(str::to_owned))
            .unwrap()
    };
    assert_eq!(hint("-"), "name evidence with --bundle or --attestations");
    assert!(hint("unsigned").starts_with("put FILE.sigstore.json beside it, or name evidence"));
}

/// The certificate decides, not what the provenance says of itself.
#[test]
fn another_workflow_cannot_pass_for_the_builder() {
    let stage = stage();
    let evil = "acme/app/.github/workflows/release.yml@refs/tags/v1.2.3";
    let elsewhere = "evil/app/.github/workflows/release.yml@refs/tags/v1.2.3";
    let old = BUILDER.replace("v2.1.0", "v2.0.0");
    let branch = BUILDER.replace("refs/tags/v2.1.0", "refs/heads/main");
    let cases = [
        (evil, CALLER, "untrusted-builder"),
        (BUILDER, elsewhere, "other-source"),
        (old.as_str(), CALLER, "other-builder"),
        (branch.as_str(), CALLER, "untrusted-builder"),
    ];
    let mut wrong = Vec::new();
    for (index, (builder, caller, reason)) in cases.into_iter().enumerate() {
        let file = format!("evil-{index}");
        stage.desk.write(&file, format!("program {index}"));
        attest(&stage, builder, caller, &[&file]);
        let ran = verify(&stage, &["-o", "json", SOURCE[0], SOURCE[1], &file]);
        let found = ran.json()["targets"][0]["failure"]["reason"].clone();
        if ran.code != 1 || found != json!(reason) {
            wrong.push(format!("{builder} {caller}: {} {found}", ran.code));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A signature over the file beside the provenance changes nothing, in no order.
#[test]
fn other_evidence_is_passed_over() {
    let stage = stage();
    let token = stage.token();
    stage.sign(&token, &["sign-blob", "app"]).exits(0);
    verify(&stage, &[&SOURCE[..], &["app"]].concat()).exits(0);
    let ran =
        verify(&stage, &[&["-o", "json"], &SOURCE[..], &["--source-tag", "v9", "app"]].concat());
    assert_eq!(ran.json()["targets"][0]["failure"]["reason"], "other-tag");
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let stage = stage();
    let cases: [(&[&str], &str); 9] = [
        (&["--source-uri", "gitlab.com/acme/app"], "wanted a repository on github.com"),
        (&["--source-uri", "github.com/acme"], "wanted a repository on github.com"),
        (
            &["--source-uri", "github.com/acme/app@main"],
            "--source-uri: not the URI of a repository",
        ),
        (&["--source-tag", "v1"], "--source-uri <URI>"),
        (
            &[SOURCE[0], SOURCE[1], "--source-versioned-tag", "1.2"],
            "--source-versioned-tag: not a version",
        ),
        (
            &[SOURCE[0], SOURCE[1], "--builder-id", "go"],
            "--builder-id: builder id is not an absolute URI",
        ),
        (
            &[SOURCE[0], SOURCE[1], "--key", "x.pub"],
            "found --source-uri together with flags that say who",
        ),
        (
            &[
                SOURCE[0],
                SOURCE[1],
                "--build-workflow-input",
                "a=b",
                "--build-workflow-input",
                "a=c",
            ],
            "found a twice, wanted it once",
        ),
        (&[SOURCE[0], SOURCE[1], "--policy", "p.yaml"], "cannot be used with"),
    ];
    for (flags, says) in cases {
        stage.desk.run(&[&["verify", "app"], flags].concat()).exits(2).says(says);
    }
}

/// Without another issuer, it is GitHub's.
#[test]
fn the_issuer_is_github() {
    let stage = stage();
    let flags =
        ["verify", "--trust-config", "trust.json", "-o", "json", SOURCE[0], SOURCE[1], "app"];
    let json = stage.desk.run(&flags).exits(1).json();
    let failure = &json["targets"][0]["failure"];
    assert_eq!(failure["reason"], "identity-mismatch");
    let message = failure["message"].as_str().unwrap();
    assert!(message.contains("https://token.actions.githubusercontent.com"), "{message}");
}
