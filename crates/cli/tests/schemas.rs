//! The documents of `--output json` are what `docs/schema/` says.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use serde_json::Value;
use support::{Desk, SHIPCHECK, Stage, faults, fits};

#[test]
fn signatures_and_attestations_that_verify() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.desk.write("p.json", r#"{"bomFormat":"CycloneDX"}"#);
    stage.sign(&stage.token(), &["sign-blob", "file"]).exits(0);
    let signature = stage.verify_blob(&["-o", "json", "file"]).exits(0).json();
    fits("verify-blob.v1", &signature);
    let token =
        stage.workflow_token("a/b/.github/workflows/c.yml@refs/heads/main", &"1".repeat(40));
    stage
        .sign(&token, &["attest-blob", "--predicate", "p.json", "--bundle", "b.json", "file"])
        .exits(0);
    let attestation = stage.desk.run(&[
        "verify-blob-attestation",
        "-o",
        "json",
        "--trust-config",
        "trust.json",
        "--bundle",
        "b.json",
        "--type",
        "cyclonedx",
        "--certificate-identity-regexp",
        "https://github\\.com/a/b/.*",
        "--certificate-oidc-issuer",
        stage.sandbox.issuer(),
        "--insecure-ignore-sct",
        "file",
    ]);
    fits("verify-blob.v1", &attestation.exits(0).json());

    // The schema says no to a document that differs in any of these.
    for (place, value) in [
        ("/outcome", Value::from("fail")),
        ("/bundle/checks/0/check", Value::from("trust-me")),
        ("/bundle/times/0/time", Value::from("yesterday")),
        ("/bundle/digests/0", Value::from("sha256:00")),
        ("/bundle/signer", Value::Null),
    ] {
        let mut changed = signature.clone();
        *changed.pointer_mut(place).unwrap() = value;
        assert!(!faults("verify-blob.v1", &changed).is_empty(), "{place}");
    }
}

#[test]
fn files_that_are_signed_and_files_that_are_not() {
    let stage = Stage::new();
    stage.desk.write("a", "a");
    stage.desk.write("b", "b");
    let sign = || stage.sign(&stage.token(), &["sign-blob", "--again", "-o", "json", "a", "b"]);
    let signed = sign().exits(0).json();
    fits("sign.v1", &signed);
    stage.misbehave(chainsign_sandbox::Misbehaviour::SctByUnknownLog);
    fits("sign.v1", &sign().exits(2).json());
    for place in ["/files/0/digests", "/files/0/logEntries/0/logIndex", "/unsigned"] {
        let mut changed = signed.clone();
        *changed.pointer_mut(place).unwrap() = Value::Null;
        assert!(!faults("sign.v1", &changed).is_empty(), "{place}");
    }
}

#[test]
fn what_is_in_a_file() {
    let stage = Stage::new();
    let desk = &stage.desk;
    desk.write("file", "content");
    stage.sign(&stage.token(), &["sign-blob", "--output-certificate", "c.pem", "file"]).exits(0);
    desk.write("p.json", r#"{"bomFormat":"CycloneDX"}"#);
    stage.sign(&stage.token(), &["attest", "--predicate", "p.json", "file"]).exits(0);
    let trust: Value = serde_json::from_str(&desk.read("trust.json")).unwrap();
    desk.write("root.json", trust["trustedRoot"].to_string());
    desk.write("config.json", trust["signingConfig"].to_string());
    let statement = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}],"predicateType":"https://x.example/p","predicate":{}}"#;
    desk.write("statement.json", statement);
    // A line that is none does not hide the others.
    let lines = desk.read("file.sigstore.jsonl");
    desk.write("lines.jsonl", format!("\n{{}}\n{lines}"));
    let mut kinds = Vec::new();
    for name in [
        SHIPCHECK,
        "file.sigstore.json",
        "lines.jsonl",
        "c.pem",
        "trust.json",
        "root.json",
        "config.json",
        "statement.json",
    ] {
        let shown = desk.run(&["inspect", "-o", "json", name]).exits(0).json();
        fits("inspect.v1", &shown);
        kinds.push(shown["kind"].as_str().unwrap().to_owned());
        if name == "lines.jsonl" {
            assert_eq!(shown["content"][0]["line"], 2);
            assert_eq!(
                shown["content"][1]["statement"]["predicateType"],
                "https://cyclonedx.org/bom"
            );
        }
        let mut changed = shown.clone();
        changed["content"] = Value::from(0);
        assert!(!faults("inspect.v1", &changed).is_empty(), "{name}");
    }
    kinds.sort();
    assert_eq!(
        kinds,
        [
            "Go binary",
            "certificate",
            "client trust config",
            "in-toto statement",
            "signature",
            "signature",
            "signing config",
            "trusted root",
        ]
    );
    desk.write("many.jsonl", "{}\n".repeat(1001));
    desk.run(&["inspect", "many.jsonl"])
        .exits(2)
        .says("error: found more than 1000 lines in many.jsonl");
}

#[test]
fn what_is_refused_and_what_cannot_be_found_out() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.sign(&stage.token(), &["sign-blob", "file"]).exits(0);
    stage.desk.write("file", "other");
    let failure = stage.verify_blob(&["-o", "json", "file"]).exits(1).json();
    fits("failure.v1", &failure);
    assert_eq!(failure["failure"]["outcome"], "fail");
    let failure = stage.verify_blob(&["-o", "json", "none"]).exits(2).json();
    fits("failure.v1", &failure);
    assert_eq!(failure["failure"]["reason"], "no-such-file");
    let failure = stage.verify_blob(&["-o", "json", "--bundle", "none", "file"]).exits(2).json();
    fits("failure.v1", &failure);
    assert_eq!(failure["failure"]["outcome"], "error");
}

#[test]
fn verdicts_of_a_policy_and_without_one() {
    let desk = Desk::new();
    desk.run(&["demo"]).exits(0);
    for (target, code) in [
        ("shipcheck", 0),
        ("lies/changed-byte/shipcheck", 1),
        ("lies/hidden-module/shipcheck", 1),
        ("lies/other-identity/shipcheck", 1),
        ("none", 2),
    ] {
        let target = format!("chainsign-demo/{target}");
        let ran = desk.run(&[
            "verify",
            "-o",
            "json",
            "--trust-config",
            "chainsign-demo/trust.json",
            "--policy",
            "chainsign-demo/policy.yaml",
            &target,
        ]);
        fits("verify.v1", &ran.exits(code).json());
    }
    let ran = desk.run(&[
        "verify",
        "-o",
        "json",
        "--trust-config",
        "chainsign-demo/trust.json",
        "--certificate-identity-regexp",
        "https://github\\.com/acme/shipcheck/.*",
        "--certificate-oidc-issuer-regexp",
        "http://localhost:[0-9]+",
        "chainsign-demo/shipcheck",
    ]);
    fits("verify.v1", &ran.exits(0).json());
}

/// The documents about images are held to their schemas where they are made: `tests/images.rs`. Here only
/// that the schemas say no.
#[test]
fn schemas_of_images_refuse_what_is_not_theirs() {
    for name in ["sign-image.v1", "verify-attestation.v1", "tree.v1"] {
        let other = serde_json::json!({ "schema": format!("chainsign.{}/v2", name) });
        assert!(!faults(name, &other).is_empty(), "{name}");
    }
}
