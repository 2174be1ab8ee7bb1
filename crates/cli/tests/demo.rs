//! The demo, and its commands by hand.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use support::{Desk, SHIPCHECK};

#[test]
fn every_lie_is_refused_for_its_reason() {
    let desk = Desk::new();
    for seed in ["1", "2", "99"] {
        let shown = desk.run(&["demo", "--seed", seed, "--output", "json"]).exits(0).json();
        assert_eq!(shown["schema"], "chainsign.demo/v1");
        let lies = shown["lies"].as_array().unwrap();
        let found: Vec<_> = lies
            .iter()
            .map(|lie| ["lie", "rule", "reason"].map(|key| lie[key].as_str().unwrap()))
            .collect();
        assert_eq!(
            found,
            [
                ["changed-byte", "signatures", "evidence-refused"],
                ["hidden-module", "go.modules", "modules-differ"],
                ["other-commit", "go.commit", "commit-differs"],
                ["other-identity", "signatures", "other-identity"],
            ]
        );
        let sections: Vec<_> = shown["verdict"]["sections"]
            .as_array()
            .unwrap()
            .iter()
            .map(|section| [section["id"].as_str().unwrap(), section["outcome"].as_str().unwrap()])
            .collect();
        assert_eq!(
            sections,
            [
                ["signatures", "pass"],
                ["attestations.provenance", "pass"],
                ["attestations.sbom", "pass"],
                ["go", "pass"],
            ]
        );
    }
}

#[test]
#[cfg(unix)]
fn the_commands_it_prints_repeat_every_step() {
    let desk = Desk::new();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_chainsign"));
    let shown = desk.run(&["demo", "--output", "json"]).exits(0).json();
    let path =
        format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let repeat = || {
        std::process::Command::new("sh")
            .arg("chainsign-demo/repeat.sh")
            .current_dir(desk.path(""))
            .env("PATH", &path)
            .output()
            .unwrap()
    };
    let ran = repeat();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}\n{}", text(&ran.stdout), text(&ran.stderr));
    // The same rules, by hand.
    for lie in shown["lies"].as_array().unwrap() {
        let reason = lie["reason"].as_str().unwrap();
        assert!(
            text(&ran.stdout).contains(&format!("({reason})")),
            "{reason} in {}",
            text(&ran.stdout)
        );
    }
}

#[test]
fn the_policy_differs_only_in_root_and_authority() {
    let desk = Desk::new();
    desk.run(&["demo"]).exits(0);
    let shipped =
        std::fs::read_to_string(format!("{}/go-release.yaml", support::POLICIES)).unwrap();
    let written = desk.read("chainsign-demo/policy.yaml");
    assert_eq!(shipped.lines().count(), written.lines().count());
    let changed: Vec<_> = shipped
        .lines()
        .zip(written.lines())
        .filter(|(before, after)| before != after)
        .map(|(before, _)| before.trim_start_matches('#').trim().split(':').next().unwrap())
        .collect();
    assert_eq!(
        changed,
        [
            "trust",
            "roots",
            "sigstore",
            "file",
            "sha256",
            "issuer",
            "pattern",
            "pattern",
            "repository",
        ]
    );
}

#[test]
fn a_folder_with_other_things_is_left_alone() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("mine")).unwrap();
    desk.write("mine/file", "precious");
    desk.run(&["demo", "--directory", "mine"])
        .exits(2)
        .says("error: mine has other things in it than a demo's")
        .says("hint: name another folder: --directory DIR");
    assert_eq!(desk.read("mine/file"), "precious");
    // Its own folder it empties.
    desk.run(&["demo", "--directory", "own"]).exits(0);
    desk.write("own/rest", "");
    desk.run(&["demo", "--directory", "own"]).exits(0);
    assert!(!desk.path("own/rest").exists());
}

#[test]
fn another_binary_tells_the_same_story() {
    let desk = Desk::new();
    std::fs::copy(SHIPCHECK, desk.path("renamed")).unwrap();
    let shown = desk.run(&["demo", "--artifact", "renamed", "--output", "json"]).exits(0).json();
    assert_eq!(shown["lies"].as_array().unwrap().len(), 4);
    desk.write("text", "not a program");
    desk.run(&["demo", "--artifact", "text"]).exits(2).says("text is nothing that is known here");
}
