//! Bad input: a clear error, the documented exit code, and nothing written.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use support::{Desk, Stage};

#[track_caller]
fn refused(desk: &Desk, arguments: &[&str], code: i32, wanted: &str) {
    let before = desk.files();
    let ran = desk.run(arguments).exits(code);
    assert_eq!(ran.stderr.trim_end(), wanted, "chainsign {}", arguments.join(" "));
    assert_eq!(ran.stdout, "");
    assert_eq!(desk.files(), before, "something was written");
}

const IDENTITY: [&str; 4] =
    ["--certificate-identity", "dev@sandbox.invalid", "--certificate-oidc-issuer", "http://x"];

#[test]
fn files_that_cannot_be_read() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("folder")).unwrap();
    refused(
        &desk,
        &["sbom", "none"],
        2,
        "error: none does not exist\nhint: check the path; - reads standard input",
    );
    refused(
        &desk,
        &["sbom", "folder"],
        2,
        "error: found no Go binary in folder (0 other files)\n\
         hint: name a folder, archive or file with a Go program in it",
    );
    desk.write("text", "not a program\n");
    refused(
        &desk,
        &["sbom", "text"],
        2,
        "error: text: not an executable: the file starts with \"not a pr\", wanted ELF, Mach-O, PE, XCOFF, Plan 9 a.out, WebAssembly or ar\n\
         hint: name a program or library that the Go toolchain built",
    );
}

#[test]
fn a_target_that_is_not_there_is_not_unsigned() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("folder")).unwrap();
    desk.write("file", "content");
    let verify = |target: &'static str| {
        let mut arguments = vec!["verify-blob"];
        arguments.extend(IDENTITY);
        arguments.push(target);
        arguments
    };
    let missing = "error: none does not exist\nhint: check the path; - reads standard input";
    refused(&desk, &verify("none"), 2, missing);
    let folder = "error: folder is a directory, wanted a regular file\nhint: name the files in it";
    refused(&desk, &verify("folder"), 2, folder);
    let unsigned = "error: found no signature: file.sigstore.json is not there\n\
                    hint: name the bundle with --bundle";
    refused(&desk, &verify("file"), 1, unsigned);
}

#[test]
fn standard_input_is_one_input() {
    let desk = Desk::new();
    desk.write("file", "content");
    let twice = "would be standard input, which is read for something else\n\
                 hint: put one of them into a file";
    let attest = [
        "attest",
        "--key",
        "k.key",
        "--tlog-upload=false",
        "--use-signing-config=false",
        "--predicate",
        "-",
        "--type",
        "custom",
        "--bundle",
        "out.json",
        "-",
    ];
    let key = ["generate-key-pair", "--output-key-prefix", "k"];
    desk.ran(desk.command(&key).env("COSIGN_PASSWORD", "")).exits(0);
    let before = desk.files();
    let ran = desk.ran(desk.command(&attest).env("COSIGN_PASSWORD", "")).exits(2);
    assert!(ran.stderr.trim_end().ends_with(twice), "{ran:?}");
    assert_eq!(desk.files(), before, "something was written");
}

#[test]
fn a_file_where_a_folder_is_wanted() {
    let desk = Desk::new();
    desk.write("file", "content");
    let hint = "hint: check the path: a folder is wanted";
    let verify = |folder| {
        ["verify", "--key", "k.pub", "--insecure-ignore-tlog", "--attestations", folder, "file"]
    };
    let cases = [
        (&["demo", "--directory", "file"][..], "cannot use the folder file: it is a file"),
        (&verify("file"), "cannot read the folder file: it is a file"),
        (&verify("none"), "cannot read the folder none: no such file or directory"),
    ];
    desk.write("k.pub", include_str!("../../../testdata/keys/p256.pub"));
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|(arguments, wanted)| {
            let ran = desk.run(arguments);
            let wanted = format!("error: {wanted}\n{hint}");
            let right = ran.code == 2 && ran.stderr.contains(&wanted);
            (!right).then(|| format!("{arguments:?}: {ran:?}, wanted {wanted}"))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn nothing_to_sign_in_a_folder() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("folder")).unwrap();
    let key = ["generate-key-pair", "--output-key-prefix", "k"];
    desk.ran(desk.command(&key).env("COSIGN_PASSWORD", "")).exits(0);
    let mut sign = desk.command(&["sign-blob", "--key", "k.key", "folder"]);
    let ran = desk.ran(sign.env("COSIGN_PASSWORD", "")).exits(2);
    let wanted = "error: found no file to sign in \"folder\"\n\
                  hint: bundles (*.sigstore.json, *.sigstore.jsonl) are left out";
    assert_eq!(ran.stderr.trim_end(), wanted);
}

#[test]
fn bundles_that_are_none() {
    let desk = Desk::new();
    desk.write("file", "content");
    let verify = |bundle: &str| {
        let mut arguments = vec!["verify-blob", "--bundle", "bundle.json"];
        arguments.extend(IDENTITY);
        arguments.push("file");
        desk.write("bundle.json", bundle);
        (arguments, desk.files())
    };
    let (arguments, _) =
        verify("{\"mediaType\": \"application/vnd.dev.sigstore.bundle.v0.3+json\",");
    refused(
        &desk,
        &arguments,
        1,
        "error: bundle.json: signature document is not valid: EOF while parsing a value (line 1, column 62)",
    );
    let (arguments, _) =
        verify("{\"mediaType\": \"application/vnd.dev.sigstore.bundle.v0.9+json\"}");
    refused(
        &desk,
        &arguments,
        1,
        "error: bundle.json: unsupported media type of sigstore bundle: found \"application/vnd.dev.sigstore.bundle.v0.9+json\", \
         wanted application/vnd.dev.sigstore.bundle.v0.3+json, or version 0.1 or 0.2",
    );
    std::fs::remove_file(desk.path("bundle.json")).unwrap();
    refused(
        &desk,
        &arguments,
        2,
        "error: cannot read the bundle bundle.json: no such file or directory\nhint: check the path; - reads standard input",
    );
}

#[test]
fn nobody_named_who_must_have_signed() {
    let desk = Desk::new();
    desk.write("file", "content");
    desk.write("file.sigstore.json", "{}");
    refused(
        &desk,
        &["verify-blob", "file"],
        2,
        "error: found neither an identity nor a key: nobody is named who must have signed\n\
         hint: add --certificate-identity and --certificate-oidc-issuer, or --key",
    );
    refused(
        &desk,
        &["verify-blob", "--certificate-identity", "x", "file"],
        2,
        "error: found an identity without an issuer: nobody is named who must have signed\n\
         hint: add --certificate-identity and --certificate-oidc-issuer, or --key",
    );
}

#[test]
fn a_pattern_that_names_nobody() {
    let desk = Desk::new();
    desk.write("file", "content");
    desk.write("file.sigstore.json", "{}");
    let issuer = ["--certificate-oidc-issuer", "https://token.actions.githubusercontent.com"];
    for pattern in [".*", "https://github\\.com/.*", ".+@.+"] {
        let mut arguments = vec!["verify-blob", "--certificate-identity-regexp", pattern];
        arguments.extend(issuer);
        arguments.push("file");
        let ran = desk.run(&arguments).exits(2).says("names nobody: it also matches ");
        assert!(
            ran.stderr.contains("hint: write scheme, host, owner and repository"),
            "{}",
            ran.stderr
        );
    }
    let identity =
        ["--certificate-identity", "dev@acme.test", "--certificate-oidc-issuer-regexp", ".*"];
    let mut arguments = vec!["verify-blob"];
    arguments.extend(identity);
    arguments.push("file");
    desk.run(&arguments).exits(2).says("also matches https://any-host.invalid");
}

#[test]
fn a_file_without_a_signature_is_a_no() {
    let desk = Desk::new();
    desk.write("file", "content");
    let mut arguments = vec!["verify-blob"];
    arguments.extend(IDENTITY);
    arguments.push("file");
    refused(
        &desk,
        &arguments,
        1,
        "error: found no signature: file.sigstore.json is not there\nhint: name the bundle with --bundle",
    );
}

#[test]
fn what_is_a_digest_and_a_file_is_not_guessed() {
    let desk = Desk::new();
    let digest = format!("sha256:{}", "0".repeat(64));
    desk.write(&digest, "content");
    let mut arguments = vec!["verify-blob", "--bundle", "b"];
    arguments.extend(IDENTITY);
    arguments.push(&digest);
    refused(
        &desk,
        &arguments,
        2,
        &format!(
            "error: {digest} is a digest, and also a file here\nhint: write ./{digest} for the file"
        ),
    );
}

#[test]
fn no_token_fails_at_once_and_says_what_to_set() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    refused(
        &stage.desk,
        &["sign-blob", "--trust-config", "trust.json", "file"],
        2,
        "error: no identity token: found none of SIGSTORE_ID_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL, \
         BUILDKITE_AGENT_ACCESS_TOKEN, CIRCLE_OIDC_TOKEN_V2, /var/run/sigstore/cosign/oidc-token, Google's metadata server\n\
         hint: give one with --identity-token, or set SIGSTORE_ID_TOKEN; in GitHub Actions add `permissions: id-token: write`\n\
         hint: in GitLab add an `id_tokens:` entry with `aud: sigstore`; in CircleCI set SIGSTORE_ID_TOKEN to $(circleci run oidc get --claims '{\"aud\":\"sigstore\"}')\n\
         hint: nobody is asked to log in where there is no terminal; --fulcio-auth-flow device shows an address and a code, and waits",
    );
    refused(
        &stage.desk,
        &["sign-blob", "--trust-config", "trust.json", "--identity-token", "abc", "file"],
        2,
        "error: the identity token is malformed: found 1 parts between dots, wanted 3\n\
         hint: a token has three parts between dots; a file is given as @FILE",
    );
}

#[test]
fn outputs_that_cannot_be_written_are_found_before_anything_is_signed() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let token = stage.token();
    let ran = stage.sign(&token, &["sign-blob", "--bundle", "none/b.json", "file"]).exits(2);
    assert_eq!(
        ran.stderr.trim_end(),
        "error: cannot write none/b.json: no such file or directory\n\
         hint: the folder must exist and be writable; nothing was written"
    );
    // Nothing was logged: the next signature has the first index after the sandbox's own entry.
    let ran = stage.sign(&token, &["sign-blob", "--output", "json", "file"]).exits(0);
    assert_eq!(ran.json()["files"][0]["logEntries"][0]["logIndex"], 1);
}

#[test]
fn a_sandbox_that_does_not_run() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let (token, url) = (stage.token(), stage.sandbox.url().to_owned());
    let desk = stage.close();
    let ran = desk
        .run(&["sign-blob", "--trust-config", "trust.json", "--identity-token", &token, "file"])
        .exits(2)
        .says("hint: is it running, and is the address in the signing config right?");
    assert!(ran.stderr.contains(&url), "{}", ran.stderr);
    desk.run(&["sandbox", "token", "--trust-config", "trust.json", "--email", support::EMAIL])
        .exits(2)
        .says(&format!("error: no sandbox answers at {url}"))
        .says("hint: start it: chainsign sandbox start");
    assert_eq!(desk.files(), ["file", "trust.json"]);
}

#[test]
fn a_policy_with_a_misspelt_key() {
    let desk = Desk::new();
    let policy = std::fs::read_to_string(format!("{}/go-release.yaml", support::POLICIES)).unwrap();
    let misspelt = policy.replacen("\nsignatures:", "\nsignatuers:", 1);
    assert_ne!(policy, misspelt);
    desk.write("policy.yaml", misspelt);
    desk.write("file", "content");
    let ran = desk.run(&["verify", "--policy", "policy.yaml", "file"]).exits(2);
    assert!(ran.stderr.contains("unknown key \"signatuers\""), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    desk.run(&["policy", "check", "policy.yaml"]).exits(2).says("unknown key \"signatuers\"");
}
