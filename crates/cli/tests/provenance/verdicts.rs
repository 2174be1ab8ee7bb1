//! From a job to a verdict: described, signed, verified.

use serde_json::Value;

use crate::support::{self, Desk, SHIPCHECK, Stage};
use crate::{WORKFLOW, documented, github_job, job};

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

/// The policies that come along take what `provenance` makes, at the level that they are for, and so
/// do slsa-verifier's flags.
#[test]
fn the_ready_policies_take_it() {
    let stage = Stage::new();
    let desk = &stage.desk;
    let reusable = "acme/builders/.github/workflows/go.yml@refs/tags/v2.3.0";
    let issuer = stage.sandbox.issuer();
    for (name, workflow) in [("slsa-build-l2", WORKFLOW), ("slsa-build-l3", reusable)] {
        std::fs::copy(SHIPCHECK, desk.path(name)).unwrap();
        let provenance = ["provenance", "--from-binary", name, "--output", "provenance.json"];
        desk.ran(&mut github_job(&stage, workflow, WORKFLOW, &provenance)).exits(0);
        let trust = ["--trust-config", "trust.json"];
        let attest = ["--predicate", "provenance.json", name];
        let attest = [&["attest"], &trust[..], &attest].concat();
        desk.ran(&mut github_job(&stage, workflow, WORKFLOW, &attest)).exits(0);
        let ready = std::fs::read_to_string(format!("{}/{name}.yaml", support::POLICIES)).unwrap();
        let ready = ready.replace("https://token.actions.githubusercontent.com", issuer);
        desk.write("ready.yaml", ready.replace("acme/app", "acme/shipcheck"));
        let verify = |policy: &str| {
            desk.run(&[&["verify"], &trust[..], &["--policy", policy, name]].concat())
        };
        verify("ready.yaml").exits(0);
        desk.write("other.yaml", desk.read("ready.yaml").replace("acme/shipcheck", "acme/app"));
        verify("other.yaml").exits(1);
    }
    let intent = |tag: &str, builder: &str| {
        desk.run(&[
            "verify",
            "--trust-config",
            "trust.json",
            "--certificate-oidc-issuer",
            issuer,
            "--source-uri",
            "github.com/acme/shipcheck",
            "--source-tag",
            tag,
            "--builder-id",
            builder,
            "slsa-build-l3",
        ])
    };
    let builder = "https://github.com/acme/builders/.github/workflows/go.yml";
    intent("v1.4.2", builder).exits(0);
    intent("v1.4.1", builder).exits(1);
    intent("v1.4.2", &builder.replace("go.yml", "other.yml")).exits(1);
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

/// The policy for GitLab in docs/provenance.md, on what a job of GitLab writes.
#[test]
fn the_documented_policy_takes_a_job_of_gitlab() {
    let desk = Desk::new();
    std::fs::copy(SHIPCHECK, desk.path("shipcheck")).unwrap();
    let provenance = ["provenance", "--from-binary", "shipcheck", "--output", "provenance.json"];
    desk.ran(&mut job(&desk, "gitlab-no-token", &provenance)).exits(0);
    let variable = ["provenance", "--variable", "GOFLAGS", "--output", "with-variable.json"];
    desk.ran(&mut job(&desk, "gitlab-no-token", &variable)).exits(0);
    let policy = documented("gitlab").1.replace("acme/app", "acme/tools/shipcheck");
    desk.write("policy.yaml", policy);
    let test = r#"apiVersion: chainsign.dev/v1
kind: PolicyTest
policy: policy.yaml
at: 2026-11-21T12:00:00Z
cases:
  - name: release
    artifact: shipcheck
    evidence:
      provenance:
        attestation: {by: release, type: slsaprovenance1, predicate: provenance.json}
    expect: pass
  - name: another-configuration
    from: release
    change: {provenance: {set: {/runDetails/builder/id: "https://gitlab.com/acme/tools/shipcheck//other.yml@refs/tags/v1.4.2"}}}
    expect: {fail: [attestations.provenance.builder, attestations.provenance.level]}
  - name: another-ref
    from: release
    change: {provenance: {set: {/buildDefinition/resolvedDependencies/0/uri: "git+https://gitlab.com/acme/tools/shipcheck@refs/heads/main"}}}
    expect: {fail: [attestations.provenance.source.ref]}
  - name: another-repository
    from: release
    change:
      provenance:
        set:
          /buildDefinition/externalParameters/source: "https://gitlab.com/acme/other"
          /buildDefinition/resolvedDependencies/0/uri: "git+https://gitlab.com/acme/other@refs/tags/v1.4.2"
    expect: {fail: [attestations.provenance.source.repository]}
  - name: another-job
    from: release
    change: {provenance: {set: {/buildDefinition/externalParameters/entryPoint: other}}}
    expect: {fail: [attestations.provenance.source.entryPoint]}
  - name: another-commit
    from: release
    change: {provenance: {set: {/buildDefinition/resolvedDependencies/0/digest/gitCommit: "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}}}
    expect: {fail: [go.commit]}
  - name: a-variable-that-nobody-expects
    artifact: shipcheck
    evidence:
      provenance:
        attestation: {by: release, type: slsaprovenance1, predicate: with-variable.json}
    expect: {fail: [attestations.provenance.externalParameters]}
"#;
    desk.write("policy.test.yaml", test);
    let ran = desk.run(&["policy", "test", "--mutations", "off", "policy.test.yaml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}
