//! Signing with keys, and every output that cosign writes, with the real binary against the sandbox.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use chainsign_core::encoding::{base64_decode, base64_encode, pem_encode};
use serde_json::Value;
use support::{Desk, EMAIL, Ran, Stage};

/// A desk with a key pair of a kind, and a sandbox.
fn stage(kind: &str) -> Stage {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let generate = ["generate-key-pair", "--kind", kind, "--output-key-prefix", "key"];
    run(&stage.desk, &generate).exits(0);
    stage
}

/// With the password of the keys, which is empty.
fn run(desk: &Desk, arguments: &[&str]) -> Ran {
    desk.ran(desk.command(arguments).env("COSIGN_PASSWORD", ""))
}

const KEY: [&str; 4] = ["--trust-config", "trust.json", "--key", "key.key"];
const VERIFY: [&str; 5] = ["verify-blob", "--trust-config", "trust.json", "--key", "key.pub"];
const NO_LOG: [&str; 2] = ["--tlog-upload=false", "--use-signing-config=false"];

#[test]
fn every_kind_of_key_signs_and_verifies_with_and_without_services() {
    let mut faults = Vec::new();
    // The sandbox's log knows no Ed25519ph.
    for (kind, logged) in [
        ("ecdsa-p256", true),
        ("ecdsa-p384", true),
        ("ecdsa-p521", true),
        ("rsa-2048", true),
        ("ed25519", false),
    ] {
        let stage = stage(kind);
        let sign = |more: &[&str]| {
            run(
                &stage.desk,
                &[&["sign-blob"], &KEY[..], more, &["--bundle", "b.json", "file"]].concat(),
            )
        };
        let verify = |more: &[&str]| {
            run(
                &stage.desk,
                &[&VERIFY[..], &["-o", "json", "--bundle", "b.json"], more, &["file"]].concat(),
            )
        };
        let mut check = |what: &str, ran: Ran, reason: Option<&str>| {
            let found = serde_json::from_str::<Value>(&ran.stdout).unwrap_or_default();
            let found = found["failure"]["reason"].as_str().map(str::to_owned);
            if found.as_deref() != reason || (ran.code == 0) != reason.is_none() {
                faults.push(format!("{kind}, {what}: {found:?} {ran:?}"));
            }
        };
        if logged {
            check("signed", sign(&[]), None);
            check("verified", verify(&[]), None);
        }
        check("signed without services", sign(&NO_LOG), None);
        check("without a log", verify(&[]), Some("too-few-logs"));
        check("without a log, as said", verify(&["--insecure-ignore-tlog"]), None);
        stage.desk.write("file", "Content");
        let wanted = Some("message-digest-mismatch");
        check("another file", verify(&["--insecure-ignore-tlog"]), wanted);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn statements_are_signed_with_keys_too() {
    for kind in ["ecdsa-p256", "rsa-2048", "ed25519"] {
        let stage = stage(kind);
        stage.desk.write("p.json", r#"{"bomFormat":"CycloneDX"}"#);
        let attest = ["attest-blob", "--predicate", "p.json", "--bundle", "b.json", "file"];
        run(&stage.desk, &[&attest[..1], &KEY[..], &attest[1..]].concat()).exits(0);
        let verify =
            ["verify-blob-attestation", "--type", "cyclonedx", "--bundle", "b.json", "file"];
        let verify = [&verify[..1], &VERIFY[1..], &verify[1..]].concat();
        let ran = run(&stage.desk, &verify).exits(0);
        assert!(ran.stdout.contains("CycloneDX"), "{ran:?}");
        run(&stage.desk, &[&["attest"], &KEY[..], &["--predicate", "p.json", "file"]].concat())
            .exits(0);
        assert_eq!(stage.desk.read("file.sigstore.jsonl").lines().count(), 1);
        stage.desk.write("file", "Content");
        run(&stage.desk, &verify).exits(1).says("the statement is about");
    }
}

/// Rekor v1 would decline the entry.
#[test]
fn statements_of_larger_curves_are_not_for_rekor_v1() {
    for (kind, algorithm) in
        [("ecdsa-p384", "PKIX_ECDSA_P384_SHA_384"), ("ecdsa-p521", "PKIX_ECDSA_P521_SHA_512")]
    {
        let stage = stage(kind);
        stage.desk.write("p.json", r#"{"bomFormat":"CycloneDX"}"#);
        let attest = ["--predicate", "p.json", "--bundle", "b.json", "file"];
        let attest = [&["attest-blob"], &KEY[..], &attest].concat();
        let message =
            format!("a key of {algorithm} cannot sign a statement for Rekor v1, which verifies");
        run(&stage.desk, &attest)
            .exits(2)
            .says(&message)
            .says("hint: take a key of ecdsa-p256, or make no entry: --tlog-upload=false");
        assert!(!stage.desk.path("b.json").exists());
        run(&stage.desk, &[&attest[..], &["--tlog-upload=false"]].concat()).exits(0);
    }
}

#[test]
fn the_bundle_hints_at_the_key_as_cosign_does() {
    let stage = stage("ecdsa-p256");
    run(&stage.desk, &[&["sign-blob"], &KEY[..], &["file"]].concat()).exits(0);
    let bundle: Value = serde_json::from_str(&stage.desk.read("file.sigstore.json")).unwrap();
    let pem = stage.desk.read("key.pub");
    let key = chainsign_core::key::PublicKey::from_pem(pem.as_bytes()).unwrap();
    let hint = base64_encode(key.fingerprint().bytes());
    assert_eq!(bundle["verificationMaterial"]["publicKey"]["hint"], hint);
    assert_eq!(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
    // With the services of the config: an entry and a timestamp.
    let material = &bundle["verificationMaterial"];
    assert_eq!(material["tlogEntries"].as_array().unwrap().len(), 1);
    let timestamps = &material["timestampVerificationData"]["rfc3161Timestamps"];
    assert_eq!(timestamps.as_array().unwrap().len(), 1);
}

#[test]
fn which_services_are_asked_is_what_the_flags_say() {
    let stage = stage("ecdsa-p256");
    let url = stage.sandbox.url();
    let tsa = format!("{url}/api/v1/timestamp");
    let none = Desk::new();
    none.write("file", "content");
    std::fs::copy(stage.desk.path("key.key"), none.path("key.key")).unwrap();
    let entries = |desk: &Desk| {
        let bundle: Value = serde_json::from_str(&desk.read("b.json")).unwrap();
        let material = &bundle["verificationMaterial"];
        let count = |value: &Value| value.as_array().map_or(0, Vec::len);
        (
            count(&material["tlogEntries"]),
            count(&material["timestampVerificationData"]["rfc3161Timestamps"]),
        )
    };
    for (flags, wanted) in [
        (&["--tlog-upload=false"][..], (0, 1)),
        (&["--use-signing-config=false"], (1, 0)),
        (&["--tlog-upload=false", "--use-signing-config=false"], (0, 0)),
        (&["--rekor-url", url, "--timestamp-server-url", &tsa], (1, 1)),
        (&["--use-signing-config=false", "--timestamp-server-url", &tsa], (1, 1)),
        (&["--tlog-upload", "--use-signing-config=true"], (1, 1)),
    ] {
        let arguments = [&["sign-blob"], &KEY[..], flags, &["--bundle", "b.json", "file"]].concat();
        run(&stage.desk, &arguments).exits(0);
        assert_eq!(entries(&stage.desk), wanted, "{flags:?}");
    }
    // Without any service no signing config is needed, and no socket.
    let offline = ["sign-blob", "--key", "key.key", "--bundle", "b.json", "file"];
    run(&none, &[&offline[..], &NO_LOG].concat()).exits(0);
    assert_eq!(entries(&none), (0, 0));
    run(
        &stage.desk,
        &[&["sign-blob"], &KEY[..], &["--tlog-upload=false", "--rekor-url", url, "file"]].concat(),
    )
    .exits(2)
    .says("found --rekor-url together with --tlog-upload=false");
}

/// facts of cosign's own code: `sign_blob.go`, `attest_blob.go`.
#[test]
fn outputs_are_byte_for_byte_those_of_cosign() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let outputs = [
        "sign-blob",
        "--bundle",
        "b.json",
        "--output-signature",
        "f.sig",
        "--output-certificate",
        "f.pem",
        "--rfc3161-timestamp",
        "f.tsr",
    ];
    let sign = |more: &[&str]| {
        stage.sign(&stage.token(), &[&outputs[..], more, &["file"]].concat()).exits(0)
    };
    let bundle = || serde_json::from_str::<Value>(&stage.desk.read("b.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pem = |bundle: &Value| {
        let der = text(&bundle["verificationMaterial"]["certificate"]["rawBytes"]);
        pem_encode("CERTIFICATE", &base64_decode("certificate", der).unwrap())
    };

    assert_eq!(sign(&[]).stdout, "");
    let found = bundle();
    let signature = text(&found["messageSignature"]["signature"]);
    assert_eq!(stage.desk.read("f.sig"), signature);
    assert_eq!(stage.desk.read("f.pem"), base64_encode(pem(&found)));
    let timestamp = &found["verificationMaterial"]["timestampVerificationData"];
    let timestamp = text(&timestamp["rfc3161Timestamps"][0]["signedTimestamp"]);
    assert_eq!(stage.desk.read("f.tsr"), format!(r#"{{"SignedRFC3161Timestamp":"{timestamp}"}}"#));

    sign(&["--b64=false"]);
    let found = bundle();
    let signature = base64_decode("s", text(&found["messageSignature"]["signature"])).unwrap();
    assert_eq!(std::fs::read(stage.desk.path("f.sig")).unwrap(), signature);
    assert_eq!(stage.desk.read("f.pem"), pem(&found));

    // cosign 1: --output; cosign 2: the signature on standard output.
    let ran = stage.sign(&stage.token(), &["sign-blob", "--output", "g.sig", "file"]).exits(0);
    assert_eq!(ran.stdout, "");
    base64_decode("s", stage.desk.read("g.sig")).unwrap();
    let ran = stage.sign(&stage.token(), &["sign-blob", "--new-bundle-format=false", "file"]);
    let printed = ran.exits(0).stdout;
    base64_decode("s", printed.strip_suffix('\n').unwrap()).unwrap();
    stage
        .sign(&stage.token(), &["sign-blob", "--output", "jsn", "file"])
        .exits(2)
        .says("wanted text, json, or a file");
}

#[test]
fn the_older_bundle_of_cosign_is_written_and_verifies() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let older = ["--new-bundle-format=false", "--bundle", "b.json"];
    let ran = stage.sign(&stage.token(), &[&["sign-blob"], &older[..], &["file"]].concat());
    let printed = ran.exits(0).stdout;
    let bundle: Value = serde_json::from_str(&stage.desk.read("b.json")).unwrap();
    let names: Vec<_> = bundle.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["base64Signature", "cert", "rekorBundle"]);
    assert_eq!(bundle["base64Signature"], printed.trim_end());
    stage.verify_blob(&["--bundle", "b.json", "file"]).exits(0);
    stage.desk.write("file", "Content");
    let ran = stage.verify_blob(&["-o", "json", "--bundle", "b.json", "file"]).exits(1);
    assert_eq!(ran.json()["failure"]["reason"], "signature-invalid");
}

#[test]
fn everything_that_attest_blob_can_write_is_written() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.desk.write("p.json", r#"{"bomFormat":"CycloneDX"}"#);
    let hash = chainsign_core::digest::ArtifactDigest::sha256(b"content").hex();
    let attest = [
        "attest-blob",
        "--predicate",
        "p.json",
        "--hash",
        &hash,
        "--bundle",
        "b.json",
        "--output-signature",
        "envelope.json",
        "--output-attestation",
        "statement.json",
        "--output-certificate",
        "c.pem",
        "--rfc3161-timestamp-bundle",
        "t.json",
        // It is not here: its hash is enough.
        "elsewhere/file",
    ];
    stage.sign(&stage.token(), &attest).exits(0);
    let bundle: Value = serde_json::from_str(&stage.desk.read("b.json")).unwrap();
    let envelope: Value = serde_json::from_str(&stage.desk.read("envelope.json")).unwrap();
    assert_eq!(envelope["payload"], bundle["dsseEnvelope"]["payload"]);
    assert_eq!(envelope["signatures"][0]["sig"], bundle["dsseEnvelope"]["signatures"][0]["sig"]);
    let payload = base64_decode("p", envelope["payload"].as_str().unwrap()).unwrap();
    assert_eq!(stage.desk.read("statement.json").into_bytes(), payload);
    assert!(stage.desk.read("c.pem").starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert!(stage.desk.read("t.json").starts_with(r#"{"SignedRFC3161Timestamp":""#));
    let verify = |file: &str| {
        stage.desk.run(&[
            "verify-blob-attestation",
            "--trust-config",
            "trust.json",
            "--type",
            "cyclonedx",
            "--certificate-identity",
            EMAIL,
            "--certificate-oidc-issuer",
            stage.sandbox.issuer(),
            "--bundle",
            "b.json",
            file,
        ])
    };
    verify("file").exits(0);
    // A statement that is there already is signed as it is.
    let statement = ["attest-blob", "--statement", "statement.json", "--bundle", "b.json"];
    stage.sign(&stage.token(), &statement).exits(0);
    verify("file").exits(0);
    let bundle: Value = serde_json::from_str(&stage.desk.read("b.json")).unwrap();
    assert_eq!(bundle["dsseEnvelope"]["payload"], envelope["payload"]);
}

/// The commonest release config: only the signature is asked for, and it cannot be verified alone.
#[test]
fn a_keyless_signature_alone_comes_with_its_bundle_and_says_so() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let ran =
        stage.sign(&stage.token(), &["sign-blob", "--yes", "--output-signature=f.sig", "file"]);
    ran.exits(0)
        .says("warning: f.sig alone cannot be verified")
        .says("hint: add --bundle=file.sigstore.json and release that file");
    assert_eq!(stage.desk.files(), ["f.sig", "file", "file.sigstore.json", "trust.json"]);
    stage.verify_blob(&["file"]).exits(0);
    let ran = stage.desk.run(&[
        "verify-blob",
        "--trust-config",
        "trust.json",
        "--signature",
        "f.sig",
        "-o",
        "json",
        "--certificate-identity",
        EMAIL,
        "--certificate-oidc-issuer",
        stage.sandbox.issuer(),
        "file",
    ]);
    let ran = ran.exits(2).says("hint: verify the bundle instead");
    assert_eq!(ran.json()["failure"]["reason"], "signature-alone");
    // A key's can.
    run(&stage.desk, &["generate-key-pair", "--output-key-prefix", "key"]).exits(0);
    let alone =
        [&["sign-blob"], &KEY[..], &NO_LOG, &["--output-signature", "k.sig", "file"]].concat();
    let ran = run(&stage.desk, &alone).exits(0);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    let verify = ["--insecure-ignore-tlog", "--signature", "k.sig", "file"];
    run(&stage.desk, &[&VERIFY[..], &verify].concat()).exits(0);
    stage.desk.write("file", "Content");
    run(&stage.desk, &[&VERIFY[..], &verify].concat()).exits(1);
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_signed() {
    let stage = stage("ecdsa-p256");
    let refused = |more: &[&str], wanted: &str| {
        run(&stage.desk, &[&["sign-blob"], &KEY[..], more, &["file"]].concat())
            .exits(2)
            .says(wanted);
    };
    refused(&["--output-certificate", "c.pem"], "a key has no certificate");
    refused(&["--identity-token", "x"], "cannot be used with");
    refused(&["--timeout=-1s"], "wanted no less than 0");
    let mut wrong = stage.desk.command(&["sign-blob", "--key", "key.key", "file"]);
    stage.desk.ran(wrong.env("COSIGN_PASSWORD", "x")).exits(2).says("the password does not open");
    let mut taken = stage.desk.command(&["sign-blob", "--key", "key.key", "--bundle", "b", "-"]);
    stage.desk.ran(&mut taken).exits(2).says("standard input is read for something else");
    let public = ["sign-blob", "--key", "key.pub", "file"];
    stage.desk.run(&public).exits(2).says("hint: this is the public key");
    let private = ["verify-blob", "--key", "key.key", "file"];
    stage.desk.write("file.sigstore.json", "{}");
    stage.desk.run(&private).exits(2).says("hint: this is the private key");
}

#[test]
fn time_runs_out() {
    let stage = Stage::new();
    stage.desk.write("a", "a");
    stage.desk.write("b", "b");
    let ran =
        stage.sign(&stage.token(), &["sign-blob", "--timeout", "1ms", "-o", "json", "a", "b"]);
    let json = ran.exits(2).json();
    let reasons: Vec<_> = json["unsigned"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["failure"]["reason"].clone())
        .collect();
    assert_eq!(reasons, ["timed-out", "timed-out"]);
    assert_eq!(stage.desk.files(), ["a", "b", "trust.json"]);
}
