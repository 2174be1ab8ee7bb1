//! `verify --vsa`: what was decided becomes a summary, which is signed as any predicate and then stands in
//! for the evidence, until one thing about it is changed.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use serde_json::{Value, json};
use support::{Desk, Ran, SHIPCHECK, Stage};

const COMMIT: &str = "99617f4070c9fa4928704dbc89884a8a0000ca9f";
const RELEASE: &str = "acme/app/.github/workflows/release.yml@refs/tags/v1";
const GATE: &str = "acme/gate/.github/workflows/gate.yml@refs/heads/main";
const RESOURCE: &str = "https://dl.acme.example/app";

/// What the verifier asks for.
const POLICY: &str = "\
apiVersion: chainsign.dev/v1
kind: Policy
metadata: {name: app, version: 3}
authorities:
  release:
    keyless:
      issuer: 'ISSUER'
      subject: https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1
signatures: {require: release}
attestations:
  provenance:
    predicateType: slsaprovenance1
    by: release
    slsa:
      builders: [{id: 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1', signer: release, level: 2}]
      level: 2
      source: {repository: https://github.com/acme/app, ref: refs/tags/v1}
go: {settings: {CGO_ENABLED: 0}}
";

/// The same, for those who trust the verifier.
const CONSUMER: &str = "\
acceptSummaries:
  gate:
    by: gate
    verifier: https://gate.acme.example
    resourceUri: https://dl.acme.example/app
    levels: SLSA_BUILD_LEVEL_2
    policies: 'POLICY_DIGEST'
    maxAge: 1d
    inPlaceOf: [signatures, attestations.provenance]
";

fn provenance() -> Value {
    json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": {
                "ref": "refs/tags/v1",
                "repository": "https://github.com/acme/app",
                "path": ".github/workflows/release.yml",
            }},
            "resolvedDependencies": [{
                "uri": "git+https://github.com/acme/app@refs/tags/v1", "digest": {"gitCommit": COMMIT},
            }],
        },
        "runDetails": {"builder": {"id": format!("https://github.com/{RELEASE}")}},
    })
}

/// A signed and attested program, and the verifier's policy.
fn stage() -> Stage {
    let stage = Stage::new();
    std::fs::copy(SHIPCHECK, stage.desk.path("app")).unwrap();
    stage.desk.write("provenance.json", provenance().to_string());
    stage.desk.write("policy.yaml", POLICY.replace("ISSUER", stage.sandbox.issuer()));
    let token = stage.workflow_token(RELEASE, COMMIT);
    stage.sign(&token, &["sign-blob", "app"]).exits(0);
    stage.sign(&token, &["attest", "--predicate", "provenance.json", "app"]).exits(0);
    stage
}

fn verify(desk: &Desk, more: &[&str]) -> Ran {
    let mut all = vec!["verify", "--trust-config", "trust.json", "-o", "json"];
    all.extend(more);
    desk.run(&all)
}

const VSA: [&str; 6] = [
    "--vsa",
    "vsa.json",
    "--vsa-verifier-id",
    "https://gate.acme.example",
    "--vsa-resource-uri",
    RESOURCE,
];

/// `verify --vsa` with the policy.
fn summarise(desk: &Desk, more: &[&str]) -> Ran {
    let mut all = vec!["--policy", "policy.yaml", "app"];
    all.extend(VSA);
    all.extend(more);
    verify(desk, &all)
}

fn written(desk: &Desk) -> Value {
    serde_json::from_str(&desk.read("vsa.json")).unwrap()
}

/// The rules that failed, each with its reason.
fn violations(ran: &Ran) -> Vec<(String, String)> {
    let json = ran.json();
    support::fits("verify.v1", &json);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let sections = json["targets"][0]["verdict"]["sections"].as_array().unwrap();
    let rules = sections.iter().flat_map(|section| section["rules"].as_array().unwrap());
    let failed =
        rules.filter(|rule| ["fail", "error"].contains(&rule["outcome"].as_str().unwrap()));
    failed.map(|rule| (text(&rule["id"]), text(&rule["reason"]))).collect()
}

fn sha256(bytes: impl AsRef<[u8]>) -> chainsign_core::digest::ArtifactDigest {
    chainsign_core::digest::ArtifactDigest::sha256(bytes.as_ref())
}

#[test]
fn a_summary_says_what_was_decided_on() {
    let stage = stage();
    let desk = &stage.desk;
    summarise(desk, &["--vsa-policy-uri", "https://acme.example/policy"]).exits(0);
    let mut found = written(desk);
    let time: jiff::Timestamp = found["timeVerified"].as_str().unwrap().parse().unwrap();
    assert!(
        time.duration_since(jiff::Timestamp::now()).abs() < jiff::SignedDuration::from_mins(10)
    );
    found["timeVerified"] = json!("now");
    let policy = sha256(desk.read("policy.yaml"));
    let jsonl = desk.read("app.sigstore.jsonl");
    let documents = [desk.read("app.sigstore.json"), jsonl.trim_end().to_owned()];
    let mut inputs = documents.map(|document| sha256(document).hex());
    inputs.sort();
    let wanted = json!({
        "verifier": {
            "id": "https://gate.acme.example", "version": {"chainsign": env!("CARGO_PKG_VERSION")},
        },
        "timeVerified": "now",
        "resourceUri": RESOURCE,
        "policy": {
            "name": "app (version 3)",
            "uri": "https://acme.example/policy",
            "digest": {"sha256": policy.hex()},
        },
        "inputAttestations": inputs.map(|digest| json!({"digest": {"sha256": digest}})),
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_2"],
        "slsaVersion": "1.2",
    });
    assert_eq!(found, wanted);

    // What fails has a summary, too; the answer stays no.
    desk.write("policy.yaml", desk.read("policy.yaml").replace("CGO_ENABLED: 0", "CGO_ENABLED: 1"));
    let ran = summarise(desk, &[]).exits(1);
    assert_eq!(violations(&ran), [("go.settings.CGO_ENABLED".into(), "value-mismatch".into())]);
    let failed = written(desk);
    assert_eq!(failed["verificationResult"], "FAILED");
    assert_eq!(failed["verifiedLevels"], json!(["FAILED"]));

    // What is undecided has none, and yesterday's is not left behind.
    let expired = "version: 3, expires: 2026-01-01T00:00:00Z";
    desk.write("policy.yaml", desk.read("policy.yaml").replace("version: 3", expired));
    summarise(desk, &[]).exits(2);
    assert!(!desk.path("vsa.json").exists());
}

#[test]
fn a_signed_summary_stands_in_until_something_is_changed() {
    let stage = stage();
    let desk = &stage.desk;
    summarise(desk, &[]).exits(0);
    // Somebody else has the program, and nothing but the summary.
    std::fs::create_dir(desk.path("elsewhere")).unwrap();
    std::fs::copy(SHIPCHECK, desk.path("elsewhere/app")).unwrap();
    let sign = |workflow: &str, bundle: &str| {
        let token = stage.workflow_token(workflow, COMMIT);
        let flags =
            ["attest-blob", "--predicate", "vsa.json", "--type", "vsa", "--bundle", bundle, "app"];
        stage.sign(&token, &flags).exits(0);
    };
    sign(GATE, "vsa.sigstore.json");
    sign("acme/gate/.github/workflows/gate.yml@refs/heads/fork", "fork.sigstore.json");

    let digest = sha256(desk.read("policy.yaml")).to_string();
    let gate = "  gate:\n    keyless:\n      issuer: 'ISSUER'\n      subject: https://github.com/acme/gate/.github/workflows/gate.yml@refs/heads/main\nsignatures:";
    let consumer = desk
        .read("policy.yaml")
        .replace("signatures:", &gate.replace("ISSUER", stage.sandbox.issuer()))
        + &CONSUMER.replace("POLICY_DIGEST", &digest);
    let decide = |from: &str, to: &str, bundle: &str| {
        assert!(consumer.contains(from), "{from}");
        desk.write("consumer.yaml", consumer.replacen(from, to, 1));
        verify(desk, &["--policy", "consumer.yaml", "--bundle", bundle, "elsewhere/app"])
    };
    let accepted = decide("", "", "vsa.sigstore.json").exits(0);
    assert_eq!(violations(&accepted), []);
    let json = accepted.json().to_string();
    assert!(json.contains("accepted on the summary of https://gate.acme.example"), "{json}");

    let other = format!("sha256:{}", "0".repeat(64));
    let cases = [
        ("policy", digest.as_str(), other.as_str(), "vsa.sigstore.json", "other-policy"),
        (
            "resource",
            RESOURCE,
            "https://dl.acme.example/other",
            "vsa.sigstore.json",
            "other-resource",
        ),
        (
            "level",
            "levels: SLSA_BUILD_LEVEL_2",
            "levels: SLSA_BUILD_LEVEL_3",
            "vsa.sigstore.json",
            "level-too-low",
        ),
        (
            "verifier",
            "verifier: https://gate.",
            "verifier: https://gates.",
            "vsa.sigstore.json",
            "other-verifier",
        ),
        ("signer", "", "", "fork.sigstore.json", "other-identity"),
    ];
    let mut wrong = Vec::new();
    for (what, from, to, bundle, reason) in cases {
        let found = violations(&decide(from, to, bundle).exits(1));
        if !found.contains(&("acceptSummaries.gate".to_owned(), reason.to_owned())) {
            wrong.push(format!("{what}: {found:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    // The program itself is still looked into.
    let found =
        violations(&decide("CGO_ENABLED: 0", "CGO_ENABLED: 1", "vsa.sigstore.json").exits(1));
    assert_eq!(found, [("go.settings.CGO_ENABLED".to_owned(), "value-mismatch".to_owned())]);

    // A summary that says no is one that nobody accepts.
    desk.write("policy.yaml", desk.read("policy.yaml").replace("CGO_ENABLED: 0", "CGO_ENABLED: 1"));
    summarise(desk, &[]).exits(1);
    sign(GATE, "failed.sigstore.json");
    let found = violations(&decide("", "", "failed.sigstore.json").exits(1));
    let reason = ("acceptSummaries.gate".to_owned(), "summary-failed".to_owned());
    assert!(found.contains(&reason), "{found:?}");
}

/// A whole statement is of what was decided on, and cannot be signed for anything else.
#[test]
fn a_statement_is_about_what_was_decided_on() {
    let stage = stage();
    let desk = &stage.desk;
    summarise(desk, &[]).exits(0);
    let predicate = written(desk);
    summarise(desk, &["--vsa-form", "statement"]).exits(0);
    let mut statement = written(desk);
    statement["predicate"]["timeVerified"] = predicate["timeVerified"].clone();
    let digest = sha256(std::fs::read(desk.path("app")).unwrap()).hex();
    let wanted = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "app", "digest": {"sha256": digest}}],
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": predicate,
    });
    assert_eq!(statement, wanted);
    let token = stage.workflow_token(GATE, COMMIT);
    let attest = ["attest", "--statement", "vsa.json", "--bundle", "vsa.jsonl"];
    desk.write("other", "something else");
    let ran = stage.sign(&token, &[&attest[..], &["other"]].concat());
    assert_ne!(ran.code, 0, "{}", ran.stderr);
    assert!(!desk.path("vsa.jsonl").exists());
    stage.sign(&token, &[&attest[..], &["app"]].concat()).exits(0);
}

#[test]
fn what_cannot_be_summarised_is_refused() {
    let stage = stage();
    let desk = &stage.desk;
    std::fs::copy(SHIPCHECK, desk.path("other")).unwrap();
    let refused = |flags: &[&str], says: &str| {
        let mut all = vec!["verify", "--trust-config", "trust.json"];
        all.extend(flags);
        desk.run(&all).exits(2).says(says);
        assert!(!desk.path("vsa.json").exists(), "{says}");
    };
    let policy = ["--policy", "policy.yaml", "app"];
    let with = |more: &[&'static str]| [&policy[..], more].concat();
    refused(&with(&[&VSA[..], &["other"]].concat()), "found 2 targets with --vsa, wanted one");
    refused(&with(&VSA[..4]), "found --vsa without --vsa-resource-uri");
    refused(&with(&VSA[..2]), "--vsa-verifier-id <URI>");
    refused(&[&VSA[..], &["app"]].concat(), "--policy <FILE>");
    let not_uri =
        ["--vsa", "vsa.json", "--vsa-verifier-id", "gate", "--vsa-resource-uri", RESOURCE];
    refused(
        &with(&not_uri),
        "--vsa-verifier-id: verifier.id is not an absolute URI: found \"gate\"",
    );
    let not_uri = ["--vsa", "vsa.json", "--vsa-verifier-id", "a:b", "--vsa-resource-uri", "app"];
    refused(&with(&not_uri), "resourceUri is not an absolute URI: found \"app\"");
    let at = [&VSA[..], &["--dangerous-at", "2026-01-01T00:00:00Z"]].concat();
    refused(&with(&at), "cannot be used with");
    let input =
        ["--vsa", "policy.yaml", "--vsa-verifier-id", "a:b", "--vsa-resource-uri", RESOURCE];
    refused(&with(&input), "the summary would take the place of policy.yaml");
    assert!(desk.read("policy.yaml").starts_with("apiVersion"));
}

/// An image is the resource of its name.
#[test]
fn the_resource_of_an_image_is_its_name() {
    let stage = stage();
    let flags = [
        "--policy",
        "policy.yaml",
        "--as-image",
        "ghcr.io/acme/app:v1",
        "--vsa",
        "vsa.json",
        "--vsa-verifier-id",
        "https://gate.acme.example",
        "app",
    ];
    verify(&stage.desk, &flags).exits(0);
    assert_eq!(written(&stage.desk)["resourceUri"], "oci://ghcr.io/acme/app");
}
