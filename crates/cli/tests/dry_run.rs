//! `--dry-run` tells what would become public, and does nothing.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use chainsign_core::digest::ArtifactDigest;
use serde_json::{Value, json};
use support::{Desk, EMAIL, Stage, faults, fits};

const WORKFLOW: &str = "acme/app/.github/workflows/release.yml@refs/tags/v1";

/// A stage whose services are gone: whoever asks one fails.
fn closed() -> (Desk, String, String, String) {
    let stage = Stage::new();
    let (person, job) = (stage.token(), stage.workflow_token(WORKFLOW, &"1".repeat(40)));
    let issuer = stage.sandbox.issuer().to_owned();
    let desk = stage.close();
    desk.write("file", "content");
    desk.write("p.json", r#"{"bomFormat":"CycloneDX","secret":"in the predicate"}"#);
    (desk, person, job, issuer)
}

fn told(desk: &Desk, token: &str, arguments: &[&str]) -> Value {
    let flags = ["--dry-run", "-o", "json", "--trust-config", "trust.json"];
    let before = desk.files();
    let mut command = desk.command(&[arguments, &flags].concat());
    let ran = desk.ran(command.env("SIGSTORE_ID_TOKEN", token)).exits(0);
    assert_eq!(desk.files(), before, "something was written");
    let json = ran.json();
    fits("dry-run.v1", &json);
    json
}

#[test]
fn who_signs_and_what_is_logged_is_told_without_a_service() {
    let (desk, person, job, issuer) = closed();
    let json = told(&desk, &person, &["sign-blob", "file"]);
    let wanted = json!({
        "kind": "certificate", "subject": EMAIL, "issuer": issuer,
        "extensions": { "tokenSubject": EMAIL }, "complete": true,
    });
    assert_eq!(json["signer"], wanted);
    assert_eq!(json["certificateAuthority"], issuer);
    let log = json!({
        "url": issuer, "entryKind": "hashedrekord", "entryVersion": "0.0.1", "getsStatement": false,
    });
    assert_eq!(json["logs"], json!([log]));
    assert_eq!(json["timestampAuthorities"], json!([format!("{issuer}/api/v1/timestamp")]));
    let digest = ArtifactDigest::sha256(b"content").to_string();
    let file = json!({ "file": "file", "digests": [digest], "bundles": ["file.sigstore.json"] });
    assert_eq!(json["files"], json!([file]));

    let json = told(&desk, &job, &["attest", "--predicate", "p.json", "file"]);
    let signer = &json["signer"];
    assert_eq!(signer["subject"], format!("https://github.com/{WORKFLOW}"));
    assert_eq!(signer["extensions"]["sourceRepositoryURI"], "https://github.com/acme/app");
    assert_eq!(signer["extensions"]["sourceRepositoryDigest"], "1".repeat(40));
    assert_eq!(
        (&json["logs"][0]["entryKind"], &json["logs"][0]["getsStatement"]),
        (&json!("dsse"), &json!(true))
    );
    assert_eq!(
        json["files"][0]["statement"],
        json!({ "predicateType": "https://cyclonedx.org/bom", "subjectNames": ["file"] })
    );
    assert_eq!(json["files"][0]["bundles"], json!(["file.sigstore.jsonl"]));
    // Neither the token nor what is in the predicate is printed.
    let text = json.to_string();
    assert!(!text.contains(job.rsplit('.').next().unwrap()) && !text.contains("in the predicate"));

    for (place, value) in [
        ("/signer/kind", json!("anybody")),
        ("/logs/0/entryKind", json!("rekord")),
        ("/schema", json!("x")),
    ] {
        let mut changed = json.clone();
        *changed.pointer_mut(place).unwrap() = value;
        assert!(!faults("dry-run.v1", &changed).is_empty(), "{place}");
    }
}

#[test]
fn it_reads_well() {
    let (desk, person, _, issuer) = closed();
    let arguments = [
        "attest-blob",
        "--dry-run",
        "--trust-config",
        "trust.json",
        "--predicate",
        "p.json",
        "--bundle",
        "b.json",
        "file",
    ];
    let mut command = desk.command(&arguments);
    let ran = desk.ran(command.env("SIGSTORE_ID_TOKEN", &person)).exits(0);
    let digest = ArtifactDigest::sha256(b"content");
    let wanted = format!(
        "dry run: nothing was sent or written\n\
         signer: public in the certificate, in each bundle and in every log\n  \
           subject                              {EMAIL}\n  \
           issuer                               {issuer}\n  \
           tokenSubject                         {EMAIL}\n\
         certificate authority {issuer}\n  \
           gets the identity token, and puts the certificate into a public log\n\
         transparency log {issuer} (dsse 0.0.1)\n  \
           public: the digests of envelope and statement, the signature, the certificate or key\n  \
           sent to it, too: the envelope with the whole statement\n\
         timestamp authority {issuer}/api/v1/timestamp\n  \
           gets the digest of each signature\n\
         file file\n  \
           {digest}\n  \
           statement with a predicate of type https://cyclonedx.org/bom\n    \
             public wherever the bundle is, with every word of the predicate\n    \
             and the names of its subjects: \"file\"\n  \
           bundle in b.json\n\
         by the signing config of: trust.json\n"
    );
    assert_eq!(ran.stdout, wanted);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_key_and_an_unknown_signer_are_told_as_such() {
    let (desk, ..) = closed();
    let mut command = desk.command(&["generate-key-pair"]);
    desk.ran(command.env("COSIGN_PASSWORD", "")).exits(0);
    let mut command = desk.command(&[
        "sign-blob",
        "--key",
        "cosign.key",
        "--dry-run",
        "-o",
        "json",
        "--trust-config",
        "trust.json",
        "file",
    ]);
    let json = desk.ran(command.env("COSIGN_PASSWORD", "")).exits(0).json();
    fits("dry-run.v1", &json);
    assert_eq!(json["signer"]["kind"], "key");
    assert_eq!(json.get("certificateAuthority"), None);
    let line = ["sign-blob", "--dry-run", "-o", "json", "--trust-config", "trust.json", "file"];
    let mut faults = Vec::new();
    for (flags, variables, who) in [
        (&["--fulcio-auth-flow", "device"][..], &[][..], "whoever logs in"),
        (
            &[],
            &[
                ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://token.test/?a=b"),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret"),
            ],
            "whoever this job's token service says",
        ),
    ] {
        let mut command = desk.command(&[&line[..], flags].concat());
        let ran = desk.ran(command.envs(variables.iter().copied())).exits(0);
        let json = ran.json();
        if json["signer"] != json!({ "kind": "unknown", "who": who }) || !ran.stderr.is_empty() {
            faults.push(format!("wanted {who}: {ran:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    desk.run(&line).exits(2).says("no identity token");
}

/// The second run would do the rest only, and what it would do is told.
#[test]
fn what_is_signed_already_is_told_to_be_left() {
    let stage = Stage::new();
    std::fs::create_dir(stage.desk.path("dist")).unwrap();
    stage.desk.write("dist/a", "a");
    stage.sign(&stage.token(), &["sign-blob", "dist"]).exits(0);
    stage.desk.write("dist/b", "b");
    let token = stage.token();
    let desk = stage.close();
    let json = told(&desk, &token, &["sign-blob", "dist"]);
    assert_eq!(json["left"], json!(["dist/a"]));
    assert_eq!(json["files"].as_array().unwrap().len(), 1);
    assert_eq!(json["files"][0]["file"], "dist/b");
    // A file that is not what the list says would not be signed.
    let list = format!("{}  a\n", ArtifactDigest::sha256(b"other").hex());
    desk.write("dist/sums", list);
    let arguments = [
        "sign-blob",
        "--dry-run",
        "--trust-config",
        "trust.json",
        "--checksums",
        "dist/sums",
        "--again",
    ];
    let mut command = desk.command(&arguments);
    desk.ran(command.env("SIGSTORE_ID_TOKEN", &token)).exits(1).says("is not what the list says");
}

#[test]
fn one_statement_names_all_files() {
    let (desk, person, ..) = closed();
    desk.write("other", "other");
    let json = told(
        &desk,
        &person,
        &["sign-blob", "--one-statement", "--bundle", "all.json", "file", "other"],
    );
    assert_eq!(json["files"][0]["statement"]["subjectNames"], json!(["file", "other"]));
    assert_eq!(json["files"][0]["bundles"], json!(["all.json"]));
}
