//! What is written, when, and what never is: whole files or none, nothing in the place of another, and
//! nothing left behind by a run that ends in the middle.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::process::Stdio;

use chainsign_core::digest::ArtifactDigest;
use support::{Ran, Stage};

fn stage() -> Stage {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage
}

/// As nobody would sign: the first that reads takes it all.
#[test]
fn standard_input_is_read_for_one_thing() {
    let stage = stage();
    let flags = ["--trust-config", "trust.json", "--identity-token", "-", "--bundle", "b.json"];
    let listed = format!("{}  file\n", ArtifactDigest::sha256(b"content").hex());
    for (input, rest) in [
        (stage.token(), &["sign-blob", "-"][..]),
        ("{}".to_owned(), &["attest-blob", "--predicate=-", "--type=custom", "file"]),
        (listed, &["sign-blob", "--checksums=-", "--one-statement"]),
    ] {
        let mut command = stage.desk.command(&[&rest[..1], &flags, &rest[1..]].concat());
        command.stdin(std::fs::File::open(stage.desk.write("input", input)).unwrap());
        stage.desk.ran(&mut command).exits(2).says("standard input, which is read for something");
        assert!(!stage.desk.path("b.json").exists(), "{rest:?}");
    }
}

#[test]
fn no_output_takes_the_place_of_what_is_signed_or_of_another() {
    let stage = stage();
    std::fs::create_dir(stage.desk.path("folder")).unwrap();
    let token = stage.token();
    for outputs in [
        &["--bundle", "file"][..],
        &["--bundle", "folder/../file"],
        &["--output-signature", "./file"],
        &["--bundle", "new", "--output-signature", "./new"],
        &["--output-signature", "file.sigstore.json"],
    ] {
        let before = stage.desk.files();
        let ran = stage.sign(&token, &[&["sign-blob"], outputs, &["file"]].concat());
        ran.exits(2).says("would take the place of what is signed, or of another output");
        assert_eq!((stage.desk.read("file"), stage.desk.files()), ("content".into(), before));
    }
    // Nothing was logged: the first entry is the sandbox's own.
    let json = stage.sign(&token, &["sign-blob", "-o", "json", "file"]).exits(0).json();
    assert_eq!(json["files"][0]["logEntries"][0]["logIndex"], 1);
}

/// Killed while it waits for a log, and run again: nothing is left that the second run would sign.
#[test]
fn a_run_that_is_killed_leaves_nothing_behind() {
    let stage = stage();
    std::fs::create_dir(stage.desk.path("dist")).unwrap();
    stage.desk.write("dist/a", "a");
    let log = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", log.local_addr().unwrap());
    let (token, flags) = (stage.token(), ["sign-blob", "--trust-config", "trust.json"]);
    let sign = ["--identity-token", &token, "--rekor-url", &url, "dist"];
    let mut command = stage.desk.command(&[&flags[..], &sign].concat());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    // Everything is prepared by then, and the log never answers.
    log.accept().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let names = |folder: &str| -> Vec<_> {
        let entries = std::fs::read_dir(stage.desk.path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    assert_eq!(names("dist"), ["a"]);
    // Killed in the very moment of writing, it would leave one of these.
    stage.desk.write("dist/.chainsign-x", "half a bundle");
    let json = stage.sign(&token, &["sign-blob", "-o", "json", "dist"]).exits(0).json();
    let signed = json["files"].as_array().unwrap().iter().map(|file| file["file"].as_str());
    assert_eq!(signed.collect::<Vec<_>>(), [Some("dist/a")]);
}

/// A disk that is full after the first few hundred bytes of a file.
#[cfg(unix)]
fn on_a_full_disk(stage: &Stage, arguments: &[&str]) -> Ran {
    let program = env!("CARGO_BIN_EXE_chainsign");
    let mut command = stage.desk.command(&[]);
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", program])
        .args(arguments)
        .current_dir(command.get_current_dir().unwrap())
        .stdin(Stdio::null());
    for (name, value) in command.env("COSIGN_PASSWORD", "").get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    stage.desk.ran(&mut limited)
}

#[test]
#[cfg(unix)]
fn on_a_full_disk_nothing_is_written_and_what_is_public_is_named() {
    let stage = stage();
    let (token, flags) = (stage.token(), ["--trust-config", "trust.json", "--identity-token"]);
    let before = stage.desk.files();
    let sign = ["--bundle", "b.json", "--output-signature", "b.sig", "file"];
    let arguments = [&["sign-blob"], &flags[..], &[token.as_str()], &sign].concat();
    let public = format!("file too large; public is entry 1 of {}", stage.sandbox.url());
    on_a_full_disk(&stage, &arguments)
        .exits(2)
        .says("error: cannot write b.json: ")
        .says(&public)
        .says("hint: make room for it; nothing was written")
        .says("hint: running it again signs it anew");
    assert_eq!(stage.desk.files(), before);
    stage.sign(&token, &[&["sign-blob"], &sign[..]].concat()).exits(0);

    // The public key would fit.
    let pair = ["generate-key-pair", "--kind", "rsa-2048", "--output-key-prefix", "key"];
    on_a_full_disk(&stage, &pair).exits(2).says("error: cannot write key.key: ");
    assert!(!stage.desk.files().iter().any(|name| name.starts_with("key")));
}
