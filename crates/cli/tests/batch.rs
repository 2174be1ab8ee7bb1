//! Many files signed in one go: folders, globs, lists, and a second run that does only the rest.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::collections::BTreeSet;

use chainsign_core::digest::ArtifactDigest;
use chainsign_sandbox::{ErrorStatus, Misbehaviour, Requests, Service};
use serde_json::{Value, json};
use support::{EMAIL, Ran, Stage, fits};

/// A stage with a folder `dist` of some files, one of them in a folder of its own.
fn stage() -> Stage {
    let stage = Stage::new();
    std::fs::create_dir_all(stage.desk.path("dist/sub")).unwrap();
    for name in ["a.tar.gz", "b.tar.gz", "c.zip", "sub/a.tar.gz"] {
        stage.desk.write(&format!("dist/{name}"), name);
    }
    stage
}

fn sign(stage: &Stage, arguments: &[&str]) -> Ran {
    stage.sign(&stage.token(), &[&["sign-blob", "-o", "json"], arguments].concat())
}

/// The files that a run signed.
fn signed(json: &Value) -> Vec<&str> {
    json["files"].as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap()).collect()
}

#[test]
fn folders_and_globs_name_files_and_leave_bundles_out() {
    let stage = stage();
    let json = sign(&stage, &["dist/*.tar.gz"]).exits(0).json();
    assert_eq!(signed(&json), ["dist/a.tar.gz", "dist/b.tar.gz"]);
    fits("sign.v1", &json);
    // What is signed is left; the bundles are no files to sign.
    let json = sign(&stage, &["dist"]).exits(0).json();
    assert_eq!(signed(&json), ["dist/c.zip", "dist/sub/a.tar.gz"]);
    assert_eq!(json["left"], json!(["dist/a.tar.gz", "dist/b.tar.gz"]));
    fits("sign.v1", &json);
    stage.verify_blob(&["dist/sub/a.tar.gz"]).exits(0);
    let json = sign(&stage, &["--again", "dist/**"]).exits(0).json();
    assert_eq!(signed(&json).len(), 4);
    sign(&stage, &["none/*"]).exits(2).says("cannot list none");
    sign(&stage, &["dist/*.rpm"]).exits(2).says("no file matches \"dist/*.rpm\"");
    sign(&stage, &["dist/*.sigstore.json"]).exits(2).says("found no file to sign in");
    sign(&stage, &["--bundle", "b.json", "dist"])
        .exits(2)
        .says("found 4 files with --bundle, wanted one");
}

#[test]
fn a_single_file_is_signed_again() {
    let stage = stage();
    for _ in 0..2 {
        let json = sign(&stage, &["dist/c.zip"]).exits(0).json();
        assert_eq!(signed(&json), ["dist/c.zip"]);
    }
}

#[test]
fn bundles_in_another_folder_keep_their_places() {
    let stage = stage();
    sign(&stage, &["--output-directory", "out/bundles", "dist"]).exits(0);
    for name in ["a.tar.gz", "c.zip", "sub/a.tar.gz"] {
        let bundle = format!("out/bundles/{name}.sigstore.json");
        stage.verify_blob(&["--bundle", &bundle, &format!("dist/{name}")]).exits(0);
    }
    let twice = ["--output-directory", "flat", "dist/a.tar.gz", "dist/sub/a.tar.gz"];
    sign(&stage, &twice)
        .exits(2)
        .says("two files would both be signed into flat/a.tar.gz.sigstore.json");
}

#[test]
fn files_of_a_list_are_signed_as_they_are_listed() {
    let stage = stage();
    let line = |name: &str| format!("{}  {name}\n", ArtifactDigest::sha256(name.as_bytes()).hex());
    stage.desk.write("dist/checksums.txt", line("a.tar.gz") + &line("sub/a.tar.gz"));
    let json = sign(&stage, &["--checksums", "dist/checksums.txt"]).exits(0).json();
    assert_eq!(signed(&json), ["dist/a.tar.gz", "dist/sub/a.tar.gz"]);
    // One that was changed since is not signed, and neither is any other.
    stage.desk.write("dist/a.tar.gz", "changed");
    std::fs::remove_file(stage.desk.path("dist/sub/a.tar.gz.sigstore.json")).unwrap();
    let ran = sign(&stage, &["--checksums", "dist/checksums.txt"]).exits(1);
    assert_eq!(ran.json()["failure"]["reason"], "digest-mismatch");
    assert!(!stage.desk.path("dist/sub/a.tar.gz.sigstore.json").exists());
    stage.desk.write("dist/checksums.txt", line("../a"));
    sign(&stage, &["--checksums", "dist/checksums.txt"])
        .exits(2)
        .says("which is outside its folder");
}

#[test]
fn one_statement_is_about_all_of_them() {
    let stage = stage();
    let one = ["--one-statement", "--bundle", "all.json", "dist/*"];
    sign(&stage, &one).exits(0);
    let verify = |file: &str| stage.verify_blob(&["--bundle", "all.json", file]);
    for file in ["dist/a.tar.gz", "dist/b.tar.gz", "dist/c.zip"] {
        verify(file).exits(0);
    }
    verify("dist/sub/a.tar.gz").exits(1).says("the statement is about");
    sign(&stage, &["--one-statement", "--bundle", "all.json", "dist"])
        .exits(2)
        .says("found two files of the name \"a.tar.gz\", wanted names that differ");
    sign(&stage, &["--one-statement", "dist"]).exits(2).says("--bundle");
    let text = stage.sign(&stage.token(), &[&["sign-blob"], &one[..]].concat());
    text.exits(0).says("3 files at once in all.json");
}

/// After a failure halfway the same command does the rest, and only that.
#[test]
fn a_second_run_does_only_the_rest() {
    let stage = Stage::new();
    std::fs::create_dir(stage.desk.path("dist")).unwrap();
    let names: BTreeSet<_> = (10..60).map(|number| format!("dist/file-{number}")).collect();
    for name in &names {
        stage.desk.write(name, name);
    }
    stage.misbehave(Misbehaviour::Status {
        service: Service::RekorV1,
        code: ErrorStatus::ServiceUnavailable,
        requests: Requests::First(FAILING),
    });
    let json = sign(&stage, &["dist"]).exits(2).json();
    let first: BTreeSet<String> = signed(&json).into_iter().map(str::to_owned).collect();
    assert!(!first.is_empty() && first.len() < names.len(), "{json:#}");
    fits("sign.v1", &json);
    stage.sandbox.misbehave([]);
    let json = sign(&stage, &["dist"]).exits(0).json();
    let second: BTreeSet<String> = signed(&json).into_iter().map(str::to_owned).collect();
    assert_eq!(json["left"].as_array().unwrap().len(), first.len());
    assert!(first.is_disjoint(&second));
    assert_eq!(&first | &second, names);
    // Another signer's bundles, and those of what the file was before, are none.
    stage.desk.write("dist/file-10", "changed");
    let json = sign(&stage, &["dist"]).exits(0).json();
    assert_eq!(signed(&json), ["dist/file-10"]);
    let other = chainsign_sandbox::TokenRequest::email("other@sandbox.invalid").unwrap();
    let token = stage.sandbox.token(other).unwrap();
    let json = stage.sign(&token, &["sign-blob", "-o", "json", "dist"]).exits(0).json();
    assert_eq!(signed(&json).len(), names.len());
    assert!(!json.to_string().contains(EMAIL), "{json:#}");
}

/// The token is wanted before anything is signed, to tell what is signed already.
#[test]
fn a_token_service_that_never_answers_is_waited_for_no_longer_than_allowed() {
    let stage = stage();
    sign(&stage, &["dist"]).exits(0);
    let service = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/?a=b", service.local_addr().unwrap());
    let sign =
        ["sign-blob", "--trust-config", "trust.json", "--timeout", "1s", "-o", "json", "dist"];
    let mut command = stage.desk.command(&sign);
    command.env("ACTIONS_ID_TOKEN_REQUEST_URL", url).env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t");
    let start = std::time::Instant::now();
    let json = stage.desk.ran(&mut command).exits(2).json();
    assert_eq!(json["failure"]["reason"], "timed-out", "{json:#}");
    // Four attempts of 30 seconds each.
    assert!(start.elapsed() < std::time::Duration::from_secs(100), "{:?}", start.elapsed());
}

/// More files than a process may have open.
#[test]
fn a_thousand_files_are_signed() {
    let stage = Stage::new();
    std::fs::create_dir(stage.desk.path("many")).unwrap();
    for number in 0..1100 {
        stage.desk.write(&format!("many/{number}"), number.to_string());
    }
    stage
        .desk
        .ran(
            stage
                .desk
                .command(&["generate-key-pair", "--output-key-prefix", "key"])
                .env("COSIGN_PASSWORD", ""),
        )
        .exits(0);
    let sign = [
        "sign-blob",
        "--key",
        "key.key",
        "--tlog-upload=false",
        "--use-signing-config=false",
        "-o",
        "json",
        "many",
    ];
    let mut command = stage.desk.command(&sign);
    let json = stage.desk.ran(command.env("COSIGN_PASSWORD", "")).exits(0).json();
    assert_eq!(signed(&json).len(), 1100);
}

/// Eight are under way at once, each is tried four times, and three of them are lucky.
const FAILING: std::num::NonZeroU32 = std::num::NonZeroU32::new(29).unwrap();
