//! What must hold between the crates: who may use whom, what must never come along, and the
//! licences of everything that does.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Who may use whom (ARCHITECTURE.md, "Crates"). The binary may use all.
const EDGES: [(&str, &[&str]); 12] = [
    ("chainsign-core", &[]),
    ("chainsign-gosbom", &[]),
    ("chainsign-artifact", &["core", "gosbom"]),
    ("chainsign-slsa", &["core", "gosbom"]),
    ("chainsign-keyless", &["core"]),
    ("chainsign-keys", &["core"]),
    ("chainsign-trust", &["core"]),
    ("chainsign-verify", &["core"]),
    ("chainsign-policy", &["core", "verify", "slsa", "gosbom", "artifact"]),
    ("chainsign-registry", &["core"]),
    ("chainsign-sandbox", &["core"]),
    ("chainsign-admission", &["core"]),
];

/// No network and no runtime below these.
const OFFLINE: [&str; 8] =
    ["core", "gosbom", "artifact", "slsa", "keys", "verify", "policy", "admission"];

/// Licences that our own allows us to ship. Each expression must offer one of them.
const LICENCES: [&str; 12] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "0BSD",
];

#[test]
fn crates_use_only_whom_they_may() {
    let metadata = metadata();
    let allowed: BTreeMap<_, _> = EDGES.into_iter().collect();
    let mut seen = BTreeSet::new();
    for package in metadata.workspace_packages() {
        if package.name == "chainsign" {
            continue;
        }
        let allowed = allowed
            .get(package.name.as_str())
            .unwrap_or_else(|| panic!("{} is not in the table of edges", package.name));
        seen.insert(package.name.to_string());
        for dependency in &package.dependencies {
            let Some(used) = dependency.name.strip_prefix("chainsign-") else { continue };
            // A test may drive the real parts; what is shipped may not.
            if dependency.kind == DependencyKind::Normal {
                assert!(allowed.contains(&used), "{} must not use {used}", package.name);
            }
        }
    }
    assert_eq!(seen.len(), EDGES.len(), "the table names a crate that is gone");
}

/// Every path of the table in ARCHITECTURE.md is there, below `crates/` or at the top.
#[test]
fn what_the_architecture_points_to_is_there() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(top.join("ARCHITECTURE.md")).unwrap();
    let (_, table) = text.split_once("## Where to find\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let paths: Vec<_> = table.split('`').skip(1).step_by(2).collect();
    assert!(paths.len() > 30, "found only {paths:?}");
    let is_there = |path: &&&str| top.join("crates").join(path).exists() || top.join(path).exists();
    let missing: Vec<_> = paths.iter().filter(|path| !is_there(path)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md points to what is not there: {missing:?}");
}

#[test]
fn nothing_below_the_deciding_crates_has_a_network_or_a_runtime() {
    for name in OFFLINE {
        let below = below(&format!("chainsign-{name}"));
        for banned in ["tokio", "reqwest", "hyper", "mio", "async-std"] {
            assert!(!below.contains_key(banned), "{banned} came along under chainsign-{name}");
        }
    }
}

#[test]
fn one_cryptographic_library_and_no_borrowed_verifier() {
    let below = below("chainsign");
    assert!(below.contains_key("aws-lc-rs"));
    for banned in ["ring", "openssl", "sigstore-verify"] {
        assert!(!below.contains_key(banned), "{banned} came along under the binary");
    }
    for package in metadata().workspace_packages() {
        for dependency in &package.dependencies {
            let oracle = dependency.name == "sigstore-verify";
            assert!(
                !oracle || dependency.kind == DependencyKind::Development,
                "{} uses sigstore-verify outside its tests",
                package.name
            );
        }
    }
}

#[test]
fn the_verifier_and_the_sandbox_share_no_checking_code() {
    assert!(!below("chainsign-sandbox").contains_key("chainsign-verify"));
    assert!(!below("chainsign-verify").contains_key("chainsign-sandbox"));
}

#[test]
fn everything_that_is_shipped_has_a_licence_that_allows_it() {
    // "A AND (B OR C)", and the older "A/B": every AND-part must offer an allowed one.
    let offered = |part: &str| {
        let part = part.replace(['(', ')'], " ");
        part.split(" OR ").flat_map(|name| name.split('/')).any(|n| LICENCES.contains(&n.trim()))
    };
    let shipped = below("chainsign");
    let faults: Vec<_> =
        shipped.iter().filter(|(_, licence)| !licence.split(" AND ").all(offered)).collect();
    assert!(faults.is_empty(), "{faults:?}");
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(MANIFEST).no_deps().exec().unwrap()
}

/// Names and licences of all packages that are built into `name` on Linux, features considered,
/// without tests and build scripts.
fn below(name: &str) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--manifest-path", MANIFEST, "--package", name, "--edges", "normal"])
        .args(["--target", "x86_64-unknown-linux-gnu", "--prefix", "none", "--format", "{p}|{l}"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let package = |line: &str| {
        let (package, licence) = line.split_once('|').unwrap();
        let licence = licence.trim_end_matches(" (*)");
        (package.split(' ').next().unwrap().to_owned(), licence.to_owned())
    };
    let packages: BTreeMap<_, _> = lines.lines().map(package).collect();
    assert!(packages.len() > 1, "nothing found below {name}");
    packages
}

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
