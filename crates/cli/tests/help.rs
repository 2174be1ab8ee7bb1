//! Every `--help`, as users read it. Regenerate: `SNAPSHOTS=overwrite cargo test -p chainsign --test help`

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use support::Desk;

const VERBS: [&[&str]; 44] = [
    &[],
    &["demo"],
    &["sign-blob"],
    &["verify-blob"],
    &["sign"],
    &["attest"],
    &["attest-blob"],
    &["verify-blob-attestation"],
    &["verify-attestation"],
    &["verify"],
    &["tree"],
    &["download"],
    &["download", "signature"],
    &["download", "attestation"],
    &["download", "sbom"],
    &["attach"],
    &["attach", "signature"],
    &["attach", "attestation"],
    &["attach", "sbom"],
    &["sbom"],
    &["provenance"],
    &["inspect"],
    &["generate-key-pair"],
    &["import-key-pair"],
    &["public-key"],
    &["policy"],
    &["policy", "init"],
    &["policy", "check"],
    &["policy", "explain"],
    &["policy", "test"],
    &["policy", "replay"],
    &["policy", "schema"],
    &["trust"],
    &["trust", "show"],
    &["trust", "refresh"],
    &["trust", "create"],
    &["initialize"],
    &["doctor"],
    &["sandbox"],
    &["sandbox", "start"],
    &["sandbox", "token"],
    &["completions"],
    &["man"],
    &["version"],
];

#[test]
fn every_help_is_the_documented_one() {
    let desk = Desk::new();
    let mut found = String::new();
    for verb in VERBS {
        let mut arguments = verb.to_vec();
        arguments.push("--help");
        let ran = desk.run(&arguments).exits(0);
        assert_eq!(ran.stderr, "");
        found.push_str(&format!("$ chainsign {}\n{}\n", arguments.join(" "), ran.stdout));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/help.txt");
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(path, &found).unwrap();
    }
    let wanted = std::fs::read_to_string(path).unwrap();
    assert!(found == wanted, "--help differs from {path}; see the head of this file\n{found}");
}

#[test]
fn completions_and_the_manual_page_are_made_from_the_same_flags() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = desk.run(&["completions", shell]).exits(0);
        assert!(ran.stdout.contains("verify-blob"), "{shell}");
    }
    let page = desk.run(&["man"]).exits(0).stdout;
    assert!(page.contains(".TH chainsign 1"), "{page}");
    let version = desk.run(&["version", "--output", "json"]).exits(0).json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}

/// A verb that is typed is described alone, the help of all verbs describes each among the others.
#[test]
fn a_verb_s_help_is_the_same_alone_and_among_the_others() {
    let desk = Desk::new();
    for verb in VERBS.iter().filter(|verb| verb.len() == 1) {
        let alone = desk.run(&[verb[0], "--help"]).exits(0).stdout;
        let among = desk.run(&["help", verb[0]]).exits(0).stdout;
        assert_eq!(alone, among);
    }
}

#[test]
fn wrong_usage_is_undecided() {
    let desk = Desk::new();
    desk.run(&["sign-blob"]).exits(2).says("<FILE|DIR|GLOB>...");
    desk.run(&["verify-bolb"]).exits(2).says("verify-blob");
    let refused = desk.run(&["verify-blob", "--slot", "signature", "file"]).exits(2);
    refused.says("--slot is not taken").says("Usage: chainsign verify-blob [OPTIONS]");
}
