//! `doctor` says what is in the way of signing and verifying.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use support::{Desk, Stage, fits};

/// What each finding is about, and how it is.
fn states(desk: &Desk, exit: i32, flags: &[&str]) -> Vec<String> {
    let ran = desk.run(&[&["doctor", "-o", "json"], flags].concat()).exits(exit);
    let json = ran.json();
    fits("doctor.v1", &json);
    let findings = json["findings"].as_array().unwrap().iter();
    let texts = findings.map(|it| (it["about"].as_str().unwrap(), it["state"].as_str().unwrap()));
    texts.map(|(about, state)| format!("{about} {state}")).collect()
}

#[test]
fn everything_is_there() {
    let stage = Stage::new();
    let token = stage.token();
    let flags = ["--trust-config", "trust.json", "--identity-token", &token];
    let wanted = [
        "identity good",
        "trusted-root good",
        "certificate-authority good",
        "oidc-issuer good",
        "transparency-log good",
        "timestamp-authority good",
        "clock good",
    ];
    assert_eq!(states(&stage.desk, 0, &flags), wanted);
    let offline = [&flags[..], &["--offline"]].concat();
    let wanted = ["identity good", "trusted-root good", "signing-services skipped"];
    assert_eq!(states(&stage.desk, 0, &offline), wanted);
    // The token is never printed.
    let ran = stage.desk.run(&[&["doctor"][..], &flags].concat()).exits(0);
    let secret = token.rsplit('.').next().unwrap();
    assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
    assert!(ran.stdout.contains("a token for dev@sandbox.invalid, valid for "), "{}", ran.stdout);
}

/// As for signing: whatever proxy the environment names, it cannot reach this machine for us.
#[test]
fn this_machine_is_asked_without_a_proxy() {
    let stage = Stage::new();
    let token = stage.token();
    let flags = ["doctor", "--trust-config", "trust.json", "--identity-token", &token];
    let mut command = stage.desk.command(&flags);
    command.env("HTTP_PROXY", "http://127.0.0.1:9").env("http_proxy", "http://127.0.0.1:9");
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    stage.desk.ran(&mut command).exits(0);
}

#[test]
fn what_is_in_the_way_is_named() {
    let stage = Stage::new();
    let token = stage.token();
    let desk = stage.close();
    // Nobody says who signs.
    let nobody = states(&desk, 2, &["--trust-config", "trust.json", "--offline"]);
    assert_eq!(nobody[0], "identity problem");
    // The services are gone.
    let flags = ["--trust-config", "trust.json", "--identity-token", &token];
    let gone = states(&desk, 2, &flags);
    let wanted = [
        "identity good",
        "trusted-root good",
        "certificate-authority problem",
        "oidc-issuer problem",
        "transparency-log problem",
        "timestamp-authority problem",
    ];
    assert_eq!(gone, wanted);
    // Nothing says what is trusted.
    let flags = ["--tuf-mirror", "http://127.0.0.1:9", "--identity-token", &token];
    assert_eq!(states(&desk, 2, &flags), ["identity good", "trusted-root problem"]);
    // A Sigstore that only GitHub signs with is to verify with.
    let flags = ["--instance", "github", "--offline", "--identity-token", &token];
    let wanted = ["identity good", "trusted-root good", "signing-services skipped"];
    assert_eq!(states(&desk, 0, &flags), wanted);
}
