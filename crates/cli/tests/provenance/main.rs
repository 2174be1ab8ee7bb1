//! `provenance`: in jobs of CI systems, for subjects, and on the way to a verdict.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod jobs;
mod subjects;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod verdicts;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use support::{Desk, Stage};

const COMMIT: &str = "99617f4070c9fa4928704dbc89884a8a0000ca9f";
const OTHER: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";
const WORKFLOW: &str = "acme/shipcheck/.github/workflows/release.yml@refs/tags/v1.4.2";

/// A job of `testdata/ci`: its whole environment, and nothing of this one.
fn job(desk: &Desk, name: &str, arguments: &[&str]) -> Command {
    let path = testdata(&format!("ci/{name}/environment"));
    let mut command = desk.command(arguments);
    command.env_clear();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let (name, value) = line.split_once('=').unwrap();
        // Where tokens are to be had is the test's affair.
        if !matches!(name, "ACTIONS_ID_TOKEN_REQUEST_URL" | "SIGSTORE_ID_TOKEN") {
            command.env(name, value);
        }
    }
    command
}

fn testdata(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(path)
}

/// A job of GitHub Actions whose token service is the sandbox.
fn github_job(stage: &Stage, workflow: &str, caller: &str, arguments: &[&str]) -> Command {
    let mut command = job(&stage.desk, "github-tag", arguments);
    let url = format!(
        "{}/actions/token?github_workflow={workflow}&called_by={caller}&commit={COMMIT}",
        stage.sandbox.issuer()
    );
    command.env("ACTIONS_ID_TOKEN_REQUEST_URL", url);
    command.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner");
    command
}

/// The block of docs/provenance.md that stands behind this mark.
fn documented(mark: &str) -> (String, String) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/provenance.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once(&format!("<!-- {mark} -->\n")).unwrap();
    let (fence, rest) = rest.split_once('\n').unwrap();
    let (block, _) = rest.split_once("```\n").unwrap();
    (format!("<!-- {mark} -->\n{fence}\n{block}```\n"), block.to_owned())
}

/// Every command of docs/provenance.md is one that this binary takes.
#[test]
fn the_documented_commands_are_commands() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/provenance.md");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| line.trim_start_matches([' ', '-']));
    let commands: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("chainsign "))
        .map(|line| line.trim_end_matches([' ', '|', '&']))
        .collect();
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        let words = ["chainsign"].into_iter().chain(command.split(' '));
        let parsed = chainsign::flags::parse(&words.map(OsString::from).collect::<Vec<_>>());
        assert!(parsed.is_ok(), "{command}: {}", parsed.unwrap_err());
    }
}
