//! Sign, attest and verify with the real binary against the sandbox.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::process::Stdio;

use chainsign::commands::sign::{
    BundleOutput, FileToSign, Keep, Progress, ServicesRequest, SignRequest, SignWith,
    SignedAlready, SignedFile, What, sign,
};
use chainsign::commands::trust::TrustRequest;
use chainsign_keyless::identity::{SecretText, TokenSource};
use chainsign_sandbox::{ErrorStatus, Misbehaviour, Requests, Service};
use support::{Desk, EMAIL, SHIPCHECK, Stage};

#[test]
fn a_signed_blob_verifies_and_a_changed_one_does_not() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage
        .sign(&stage.token(), &["sign-blob", "file"])
        .exits(0)
        .says("signed file in file.sigstore.json");
    let ran = stage.verify_blob(&["--output", "json", "file"]).exits(0);
    let json = ran.json();
    assert_eq!(json["schema"], "chainsign.verify-blob/v1");
    assert_eq!(json["bundle"]["signer"]["identity"]["subject"]["value"], EMAIL);
    let checks: Vec<_> = json["bundle"]["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["check"].as_str().unwrap())
        .collect();
    for check in [
        "certificate-path",
        "certificate-validity",
        "certificate-eku",
        "sct",
        "log-entry-binding",
        "signed-entry-timestamp",
        "inclusion-proof",
        "checkpoint",
        "timestamp",
        "signature",
        "subject",
        "identity",
    ] {
        assert!(checks.contains(&check), "{check} is missing from {checks:?}");
    }
    stage.desk.write("file", "Content");
    let ran = stage.verify_blob(&["--output", "json", "file"]).exits(1);
    assert_eq!(ran.json()["failure"]["outcome"], "fail");
}

#[test]
fn a_digest_is_enough_to_verify() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.sign(&stage.token(), &["sign-blob", "--bundle", "b.json", "file"]).exits(0);
    let digest = chainsign_core::digest::ArtifactDigest::sha256(b"content").to_string();
    stage.verify_blob(&["--bundle", "b.json", &digest]).exits(0);
    let other = chainsign_core::digest::ArtifactDigest::sha256(b"other").to_string();
    stage.verify_blob(&["--bundle", "b.json", &other]).exits(1);
}

#[test]
fn another_identity_and_another_issuer_are_refused() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.sign(&stage.token(), &["sign-blob", "file"]).exits(0);
    let issuer = stage.sandbox.issuer();
    for (identity, issuer) in [("eve@sandbox.invalid", issuer), (EMAIL, "http://localhost:1")] {
        let ran = stage.desk.run(&[
            "verify-blob",
            "--output",
            "json",
            "--trust-config",
            "trust.json",
            "--certificate-identity",
            identity,
            "--certificate-oidc-issuer",
            issuer,
            "file",
        ]);
        assert_eq!(ran.exits(1).json()["failure"]["reason"], "identity-mismatch");
    }
}

/// The same identity under a second sandbox's root is refused.
#[test]
fn the_same_identity_under_another_root_is_refused() {
    let stage = Stage::new();
    let other = Stage::new();
    stage.desk.write("file", "content");
    stage.sign(&stage.token(), &["sign-blob", "file"]).exits(0);
    stage.desk.write("other.json", other.sandbox.trust_config());
    let ran = stage.desk.run(&[
        "verify-blob",
        "--output",
        "json",
        "--trust-config",
        "other.json",
        "--certificate-identity",
        EMAIL,
        "--certificate-oidc-issuer",
        stage.sandbox.issuer(),
        "file",
    ]);
    assert_eq!(ran.exits(1).json()["failure"]["reason"], "issuer-not-trusted");
}

#[test]
fn an_expired_token_is_refused_before_anything_is_asked() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let request = chainsign_sandbox::TokenRequest::email(EMAIL).unwrap();
    let expired = request.lifetime(jiff::SignedDuration::from_secs(-3600));
    let token = stage.sandbox.token(expired).unwrap();
    let ran = stage
        .sign(&token, &["sign-blob", "file"])
        .exits(2)
        .says("error: the identity token expired at ")
        .says("hint: get a new token: they live for minutes");
    assert!(!ran.stderr.contains(&token), "the token was printed");
    assert_eq!(stage.desk.files(), ["file", "trust.json"]);
}

/// What a misbehaving Sigstore gives is refused before it is written, and its log index is said.
#[test]
fn a_fresh_signature_that_does_not_verify_is_not_written() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.misbehave(Misbehaviour::SctByUnknownLog);
    let ran = stage.sign(&stage.token(), &["sign-blob", "-o", "json", "file"]).exits(2);
    assert_eq!(ran.json()["failure"]["reason"], "refused-own");
    assert!(ran.stderr.contains("entry 1 of http://localhost:"), "{}", ran.stderr);
    assert_eq!(stage.desk.files(), ["file", "trust.json"]);
}

/// The folder goes away while its file is on the way.
struct TakeFolder(std::path::PathBuf);

impl Progress for TakeFolder {
    fn signed(&mut self, _: &SignedFile) -> Keep {
        let _ = std::fs::remove_dir_all(&self.0);
        Keep::Everything
    }
}

/// Every file that fails is named with its reason, and those that do not fail are signed.
#[test]
fn a_file_that_fails_does_not_stop_the_others() {
    let stage = Stage::new();
    for file in ["a", "c"] {
        stage.desk.write(file, file);
    }
    std::fs::create_dir(stage.desk.path("folder")).unwrap();
    stage.desk.write("folder/b", "b");
    let to_sign = |name: &str| {
        let bundle = stage.desk.path(&format!("{name}.sigstore.json"));
        FileToSign::into_bundle(stage.desk.path(name), BundleOutput::File(bundle))
    };
    let request = SignRequest {
        files: ["a", "folder/b", "c"].map(to_sign).into(),
        what: What::Files,
        services: ServicesRequest::configured(TrustRequest::Config(stage.desk.path("trust.json"))),
        signer: SignWith::Identity(TokenSource::Given(SecretText::new(stage.token()))),
        folders: Vec::new(),
        signed_already: SignedAlready::SignAgain,
        timeout: None,
    };
    let outcome = stage.block_on(sign(request, TakeFolder(stage.desk.path("folder")))).unwrap();
    let signed: Vec<_> = outcome.signed.iter().map(|file| file.path.clone()).collect();
    assert_eq!(signed, ["a", "c"].map(|name| stage.desk.path(name)));
    let unsigned: Vec<_> =
        outcome.unsigned.iter().map(|it| (it.path.clone(), it.failure.reason.as_str())).collect();
    assert_eq!(unsigned, [(stage.desk.path("folder/b"), "unwritable")]);
    assert_eq!(stage.desk.files(), ["a", "a.sigstore.json", "c", "c.sigstore.json", "trust.json"]);
}

#[test]
fn all_files_that_fail_are_named() {
    let stage = Stage::new();
    stage.desk.write("a", "a");
    stage.desk.write("b", "b");
    stage.misbehave(Misbehaviour::SctByUnknownLog);
    let ran = stage
        .sign(&stage.token(), &["sign-blob", "-o", "json", "a", "b"])
        .exits(2)
        .says("error: a is not signed: the fresh signature does not verify: ")
        .says("error: b is not signed: the fresh signature does not verify: ")
        .says("0 of 2 files signed; run it again for the others");
    let json = ran.json();
    assert_eq!(json["files"], serde_json::json!([]));
    let unsigned = |index: usize| {
        let unsigned = &json["unsigned"][index];
        (unsigned["file"].as_str().unwrap(), unsigned["failure"]["reason"].as_str().unwrap())
    };
    assert_eq!([unsigned(0), unsigned(1)], [("a", "refused-own"), ("b", "refused-own")]);
    assert_eq!(stage.desk.files(), ["a", "b", "trust.json"]);
}

#[test]
fn files_that_were_not_begun_are_named_too() {
    let stage = Stage::new();
    let names: Vec<_> = (10..30).map(|number| format!("file-{number}")).collect();
    for name in &names {
        stage.desk.write(name, name);
    }
    stage.misbehave(Misbehaviour::Status {
        service: Service::Fulcio,
        code: ErrorStatus::InternalServerError,
        requests: Requests::All,
    });
    let mut arguments = vec!["sign-blob", "-o", "json"];
    arguments.extend(names.iter().map(String::as_str));
    let json = stage.sign(&stage.token(), &arguments).exits(2).json();
    let unsigned = json["unsigned"].as_array().unwrap();
    let named: Vec<_> = unsigned.iter().map(|it| it["file"].as_str().unwrap()).collect();
    assert_eq!(named, names);
    assert_eq!(unsigned[0]["failure"]["reason"], "service");
    assert!(unsigned[1..].iter().all(|it| it["failure"]["reason"] == "not-begun"), "{unsigned:?}");
}

#[test]
fn every_output_that_was_asked_for_is_written() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage
        .sign(
            &stage.token(),
            &[
                "sign-blob",
                "--bundle",
                "b.json",
                "--output-signature",
                "file.sig",
                "--output-certificate",
                "file.pem",
                "file",
            ],
        )
        .exits(0);
    assert_eq!(stage.desk.files(), ["b.json", "file", "file.pem", "file.sig", "trust.json"]);
    let bundle: serde_json::Value = serde_json::from_str(&stage.desk.read("b.json")).unwrap();
    assert_eq!(bundle["messageSignature"]["signature"], stage.desk.read("file.sig"));
    let certificate = chainsign_core::encoding::base64_decode("pem", stage.desk.read("file.pem"));
    assert!(certificate.unwrap().starts_with(b"-----BEGIN CERTIFICATE-----\n"));
}

#[test]
fn a_signature_in_files_of_its_own_verifies_with_its_certificate_and_log_entry() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let outputs = ["--output-signature", "file.sig", "--output-certificate", "file.pem", "file"];
    let mut arguments = vec!["sign-blob"];
    arguments.extend(outputs);
    stage.sign(&stage.token(), &arguments).exits(0);
    // What a release of before the bundle has beside the file: cosign's names for the log entry.
    let bundle: serde_json::Value =
        serde_json::from_str(&stage.desk.read("file.sigstore.json")).unwrap();
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    let number = |value: &serde_json::Value| value.as_str().unwrap().parse::<u64>().unwrap();
    let log_id =
        chainsign_core::encoding::base64_decode("id", entry["logId"]["keyId"].as_str().unwrap());
    let rekor = serde_json::json!({
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": number(&entry["integratedTime"]),
            "logIndex": number(&entry["logIndex"]),
            "logID": chainsign_core::encoding::hex_encode(log_id.unwrap()),
        },
    });
    stage.desk.write("rekor.json", rekor.to_string());
    let detached =
        ["--signature", "file.sig", "--certificate", "file.pem", "--rekor-entry", "rekor.json"];
    let verify = |more: &[&str]| stage.verify_blob(&[&detached[..], more, &["file"]].concat());
    verify(&[]).exits(0);
    // Without the log entry nothing proves a time.
    let ran = stage.verify_blob(&[
        "-o",
        "json",
        "--signature",
        "file.sig",
        "--certificate",
        "file.pem",
        "file",
    ]);
    assert_eq!(ran.exits(1).json()["failure"]["reason"], "too-few-times");
    stage.desk.write("file", "Content");
    assert_eq!(verify(&["-o", "json"]).exits(1).json()["failure"]["reason"], "signature-invalid");
}

#[test]
fn a_weaker_demand_is_said_and_a_claim_of_the_certificate_is_compared() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let workflow = "acme/app/.github/workflows/release.yml@refs/tags/v1.0.0";
    let token = stage.workflow_token(workflow, &"1".repeat(40));
    stage.sign(&token, &["sign-blob", "file"]).exits(0);
    let identity = format!("https://github.com/{workflow}");
    let verify = |more: &[&str]| {
        let who = [
            "verify-blob",
            "-o",
            "json",
            "--trust-config",
            "trust.json",
            "--certificate-identity",
            &identity,
            "--certificate-oidc-issuer",
            stage.sandbox.issuer(),
        ];
        stage.desk.run(&[&who[..], more, &["file"]].concat())
    };
    assert_eq!(verify(&[]).exits(0).json()["weakened"], serde_json::json!([]));
    let ran = verify(&["--insecure-ignore-tlog"]).exits(0).says("warning: --insecure-ignore-tlog");
    assert_eq!(ran.json()["weakened"], serde_json::json!(["insecure-ignore-tlog"]));
    verify(&["--certificate-github-workflow-ref", "refs/tags/v1.0.0", "--use-signed-timestamps"])
        .exits(0);
    let ran = verify(&["--certificate-github-workflow-ref", "refs/tags/v1.0.1"]).exits(1);
    assert_eq!(ran.json()["failure"]["reason"], "extension-mismatch");
}

#[test]
fn several_files_share_one_certificate() {
    let stage = Stage::new();
    let names: Vec<String> = (0..20).map(|number| format!("file{number}")).collect();
    let mut arguments = vec!["sign-blob"];
    for name in &names {
        stage.desk.write(name, name);
        arguments.push(name);
    }
    stage.sign(&stage.token(), &arguments).exits(0);
    let certificate = |name: &str| {
        let bundle = stage.desk.read(&format!("{name}.sigstore.json"));
        let bundle: serde_json::Value = serde_json::from_str(&bundle).unwrap();
        bundle["verificationMaterial"]["certificate"]["rawBytes"].as_str().unwrap().to_owned()
    };
    for name in &names {
        stage.verify_blob(&[name]).exits(0);
        assert_eq!(certificate(name), certificate("file0"));
    }
}

#[test]
fn attestations_are_added_one_a_line_and_verified_by_type() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage
        .desk
        .write("sbom.json", r#"{"bomFormat":"CycloneDX",  "specVersion":"1.6","x-unknown":[1]}"#);
    stage.sign(&stage.token(), &["attest", "--predicate", "sbom.json", "file"]).exits(0);
    stage.sign(&stage.token(), &["attest", "--predicate", "sbom.json", "file"]).exits(0);
    let lines = stage.desk.read("file.sigstore.jsonl");
    assert_eq!(lines.lines().count(), 2);
    let first = lines.lines().next().unwrap();
    stage.desk.write("one.json", first);
    let identity =
        ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", stage.sandbox.issuer()];
    let verify = |kind: &str| {
        let mut all = vec![
            "verify-blob-attestation",
            "--trust-config",
            "trust.json",
            "--bundle",
            "one.json",
            "--type",
            kind,
        ];
        all.extend(identity);
        all.push("file");
        stage.desk.run(&all)
    };
    let ran = verify("cyclonedx").exits(0);
    // The predicate is attested byte for byte.
    assert!(
        ran.stdout.contains(
            r#""predicate":{"bomFormat":"CycloneDX",  "specVersion":"1.6","x-unknown":[1]}"#
        ),
        "{}",
        ran.stdout
    );
    verify("slsaprovenance1")
        .exits(1)
        .says("wanted an attestation of type https://slsa.dev/provenance/v1");
}

#[test]
fn a_predicate_of_no_known_type_needs_one() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.desk.write("p.json", r#"{"a":1}"#);
    stage
        .sign(&stage.token(), &["attest", "--predicate", "p.json", "file"])
        .exits(2)
        .says("the predicate's type cannot be recognised")
        .says("hint: say it with --type");
    stage
        .sign(
            &stage.token(),
            &["attest", "--predicate", "p.json", "--type", "https://example.com/p", "file"],
        )
        .exits(0);
}

#[test]
fn sbom_and_provenance_say_what_the_binary_says() {
    let desk = Desk::new();
    let sbom = desk.run(&["sbom", SHIPCHECK]).exits(0).json();
    assert_eq!(sbom["specVersion"], "1.6");
    assert_eq!(
        sbom["metadata"]["component"]["purl"],
        "pkg:golang/example.com/acme/shipcheck@v1.4.2"
    );
    let purls: Vec<_> = sbom["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["purl"].as_str().unwrap())
        .collect();
    assert!(purls.contains(&"pkg:golang/github.com/BurntSushi/toml@v1.6.0"), "{purls:?}");
    assert_eq!(purls.len(), 17, "16 modules and the standard library");

    let arguments = [
        "provenance",
        "--builder-id",
        "https://example.com/ci",
        "--source-uri",
        "https://github.com/acme/shipcheck",
        "--source-ref",
        "refs/tags/v1.4.2",
        "--from-binary",
        SHIPCHECK,
    ];
    let provenance = desk.run(&arguments).exits(0).json();
    let source = &provenance["buildDefinition"]["resolvedDependencies"][0];
    assert_eq!(source["uri"], "git+https://github.com/acme/shipcheck@refs/tags/v1.4.2");
    assert_eq!(source["digest"]["gitCommit"], "99617f4070c9fa4928704dbc89884a8a0000ca9f");
}

#[test]
fn inspect_shows_everything_and_verifies_nothing() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.sign(&stage.token(), &["sign-blob", "--output-certificate", "c.pem", "file"]).exits(0);
    let ran =
        stage.desk.run(&["inspect", "file.sigstore.json"]).exits(0).says("nothing was verified");
    assert!(ran.stdout.contains(EMAIL), "{}", ran.stdout);
    let ran = stage.desk.run(&["inspect", "c.pem"]).exits(0);
    assert!(ran.stdout.contains(EMAIL), "{}", ran.stdout);
    let ran = stage.desk.run(&["inspect", "-o", "json", "trust.json"]).exits(0);
    assert_eq!(ran.json()["kind"], "client trust config");
    let ran = stage.desk.run(&["inspect", SHIPCHECK]).exits(0);
    assert!(ran.stdout.contains("example.com/acme/shipcheck v1.4.2"), "{}", ran.stdout);
    stage.desk.run(&["inspect", "file"]).exits(2).says("is nothing that is known here");
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped check is said")]
fn a_gibibyte_takes_sixteen_mebibytes() {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: peak memory is read from /proc");
        return;
    }
    let stage = Stage::new();
    let file = std::fs::File::create(stage.desk.path("large")).unwrap();
    file.set_len(1 << 30).unwrap();
    let token = stage.token();
    let sign = ["sign-blob", "--trust-config", "trust.json", "--identity-token", &token, "large"];
    let verify = [
        "verify-blob",
        "--trust-config",
        "trust.json",
        "--certificate-identity",
        EMAIL,
        "--certificate-oidc-issuer",
        stage.sandbox.issuer(),
        "large",
    ];
    for arguments in [&sign[..], &verify[..]] {
        let mut child =
            stage.desk.command(arguments).stderr(std::process::Stdio::null()).spawn().unwrap();
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            peak = peak.max(own_memory_kib(child.id()).unwrap_or_default());
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert!(child.wait().unwrap().success());
        assert!(peak > 512, "the peak was not seen: {peak} KiB");
        assert!(peak <= 16 * 1024, "{} took {peak} KiB", arguments[0]);
    }
}

fn own_memory_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    // Heap and stacks. The pages of the program's own file do not grow with its input, and the
    // test's build of it is many times larger than the released one.
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_policy_about_other_files_and_one_that_captures() {
    let desk = Desk::new();
    desk.run(&["demo"]).exits(0);
    let policy = desk.read("chainsign-demo/policy.yaml");
    let about = |files: &str| {
        let text = policy.replacen(
            "mode: enforce",
            &format!("mode: enforce\nmatch:\n  files:\n    include: [{files}]"),
            1,
        );
        assert_ne!(text, policy);
        desk.write("chainsign-demo/about.yaml", text);
        desk.run(&[
            "verify",
            "-o",
            "json",
            "--policy",
            "chainsign-demo/about.yaml",
            "chainsign-demo/shipcheck",
        ])
    };
    about("'chainsign-demo/*'").exits(0);
    let ran = about("'dist/*'").exits(2);
    assert_eq!(ran.json()["targets"][0]["failure"]["reason"], "not-matched");
    desk.run(&["policy", "check", "chainsign-demo/about.yaml"]).exits(0);
}

#[test]
fn a_token_is_had_of_a_sandbox_that_is_only_starting() {
    let desk = Desk::new();
    let token = desk
        .command(&["sandbox", "token", "--trust-config", "sandbox.json", "--email", EMAIL])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = ["sandbox", "start", "--port", "0", "--trust-config", "sandbox.json"];
    let mut sandbox =
        desk.command(&start).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let given = token.wait_with_output().unwrap();
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
    assert!(given.status.success(), "{given:?}");
    assert_eq!(given.stdout.iter().filter(|byte| **byte == b'.').count(), 2, "no JWT");
}
