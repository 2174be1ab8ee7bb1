//! Writes to `testdata/verify` the cases of the tests that are not there, as files, so that other
//! clients can be run over them. Keys are made afresh each time: a case beside older ones brings
//! its own trusted root. What is there stays, since tests name places in it; to write everything
//! anew, remove the folder.
//!
//! `cargo run -p chainsign-verify --example corpus`

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a tool that writes fixtures")]

#[path = "../tests/it/cases/mod.rs"]
mod cases;
#[path = "../tests/it/forge/mod.rs"]
mod forge;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/verify");
    let common = cases::all_with_good();
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap() + "\n";
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("README.md"), README).unwrap();
    fs::write(folder.join("artifact"), forge::ARTIFACT).unwrap();
    let root = folder.join("trusted_root.json");
    if !root.exists() {
        fs::write(&root, pretty(&common.root)).unwrap();
    }
    let root: Value = serde_json::from_slice(&fs::read(root).unwrap()).unwrap();
    let keyless =
        json!({"preset": "keyless", "identity": forge::IDENTITY, "issuer": forge::ISSUER});
    for case in common.cases {
        let suffix = if case.expect == "accepted" { "" } else { "_fail" };
        let folder = folder.join(format!("{}{suffix}", case.name));
        if folder.exists() {
            continue;
        }
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("README"), format!("{}\n", case.why)).unwrap();
        fs::write(folder.join("expect"), format!("{}\n", case.expect)).unwrap();
        fs::write(folder.join("bundle.json"), &case.document).unwrap();
        if case.root != root {
            fs::write(folder.join("trusted_root.json"), pretty(&case.root)).unwrap();
        }
        if case.artifact != forge::ARTIFACT {
            fs::write(folder.join("artifact"), &case.artifact).unwrap();
        }
        if case.requirements != keyless {
            fs::write(folder.join("requirements.json"), pretty(&case.requirements)).unwrap();
        }
    }
}

const README: &str = "# Signatures that a verifier must accept or refuse

Each folder is one case: `bundle.json`, what it is about in `README`, and in `expect` the answer:
`accepted`; `<check>/<reason>` of the verifier; or `error: ` and a part of the parser's message.
Folders whose name ends in `_fail` must be refused. One thing is wrong in each of them, and what
signatures cover is signed over that fault, so a client that refuses for another reason has not
looked at it.

Where a folder has no `artifact`, `trusted_root.json` or `requirements.json` of its own, the ones
beside this file are meant, and: keyless, `dev@example.com`, `https://issuer.example.com`, one log,
one SCT, one proven time. Everything is verified at 2026-01-01T12:30:00Z.

Written by `cargo run -p chainsign-verify --example corpus`, with keys made afresh.
";
