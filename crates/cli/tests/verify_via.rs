//! `verify --via`: a file that is listed in a signed file of checksums.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use chainsign_core::digest::ArtifactDigest;
use support::{Desk, EMAIL, Stage};

#[test]
fn a_file_that_a_signed_list_names_is_signed_where_that_counts() {
    let stage = Stage::new();
    stage.desk.write("app-linux", "for Linux");
    stage.desk.write("app-darwin", "for macOS");
    let digest = |bytes: &[u8]| ArtifactDigest::sha256(bytes).hex();
    let (linux, darwin) = (digest(b"for Linux"), digest(b"for macOS"));
    stage.desk.write("checksums.txt", format!("{linux}  app-linux\n{darwin}  app-darwin\n"));
    stage.sign(&stage.token(), &["sign-blob", "checksums.txt"]).exits(0);
    let policy = |via: &str| {
        format!(
            "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: via}}\n\
             authorities: {{a: {{keyless: {{issuer: '{}', subject: {EMAIL}}}}}}}\n\
             signatures: {{require: a{via}}}\n",
            stage.sandbox.issuer()
        )
    };
    stage.desk.write("policy.yaml", policy(", via: checksums"));
    stage.desk.write("direct.yaml", policy(""));
    let verify = |more: &[&str]| {
        let mut all = vec!["verify", "--trust-config", "trust.json", "--via", "checksums.txt"];
        all.extend(more);
        stage.desk.run(&all)
    };
    verify(&["--policy", "policy.yaml", "app-linux", "app-darwin"]).exits(0);
    // The list is part of what a decision was made on.
    let save = ["--policy", "policy.yaml", "-o", "json", "--save-evidence", "e.tar", "app-linux"];
    let saved = verify(&save).exits(0);
    let elsewhere = Desk::new();
    std::fs::copy(stage.desk.path("e.tar"), elsewhere.path("e.tar")).unwrap();
    let replayed = elsewhere.run(&["policy", "replay", "-o", "json", "e.tar"]).exits(0);
    assert_eq!(replayed.stdout, saved.stdout);
    // The policy does not accept lists.
    let ran = verify(&["--policy", "direct.yaml", "app-linux"]).exits(1);
    assert!(ran.stdout.contains("signatures.via: checksums"), "{}", ran.stdout);
    // Without a policy, the flag says it.
    let issuer = stage.sandbox.issuer();
    let signer = ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", issuer];
    verify(&[&signer[..], &["app-linux"]].concat()).exits(0);
    let other = ["--certificate-identity", "eve@x.invalid", "--certificate-oidc-issuer", issuer];
    verify(&[&other[..], &["app-linux"]].concat()).exits(1);

    // One of the files under the name of the other.
    stage.desk.write("app-linux", "for macOS");
    let ran = verify(&["--policy", "policy.yaml", "app-linux"]).exits(1);
    let wanted =
        format!("checksums.txt lists app-linux with sha256:{linux}, found sha256:{darwin}");
    assert!(ran.stdout.contains(&wanted), "{}", ran.stdout);
    verify(&[&signer[..], &["app-linux"]].concat()).exits(1);

    // The list was changed after it was signed, or is no list.
    stage.desk.write("checksums.txt", format!("{darwin}  app-linux\n"));
    verify(&["--policy", "policy.yaml", "app-linux"]).exits(1);
    stage.desk.write("checksums.txt", format!("# signed\n{darwin}  app-linux\n"));
    let ran = verify(&["--policy", "policy.yaml", "app-linux"]).exits(2);
    assert!(ran.stderr.contains("checksums.txt: line 1: found \"# signed\""), "{}", ran.stderr);
}
