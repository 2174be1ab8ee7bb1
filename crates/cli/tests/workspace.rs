//! What must hold between the crates: who may use whom, what must never come along, and the
//! licences of everything that does.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Who may use whom (ARCHITECTURE.md, "Crates"). The binary may use all.
const EDGES: [(&str, &[&str]); 9] = [
    ("chainsign-core", &[]),
    ("chainsign-gosbom", &[]),
    ("chainsign-artifact", &["core", "gosbom"]),
    ("chainsign-slsa", &["core", "gosbom"]),
    ("chainsign-keyless", &["core"]),
    ("chainsign-trust", &["core"]),
    ("chainsign-verify", &["core"]),
    ("chainsign-policy", &["core", "verify", "slsa", "gosbom", "artifact"]),
    ("chainsign-sandbox", &["core"]),
];

/// No network and no runtime below these.
const OFFLINE: [&str; 6] = ["core", "gosbom", "artifact", "slsa", "verify", "policy"];

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

#[test]
fn nothing_below_the_deciding_crates_has_a_network_or_a_runtime() {
    let metadata = metadata();
    for name in OFFLINE {
        let below = below(&metadata, &format!("chainsign-{name}"));
        for banned in ["tokio", "reqwest", "hyper", "mio", "async-std"] {
            assert!(!below.contains(banned), "{banned} came along under chainsign-{name}");
        }
    }
}

#[test]
fn one_cryptographic_library_and_no_borrowed_verifier() {
    let metadata = metadata();
    let below = below(&metadata, "chainsign");
    for banned in ["ring", "openssl", "sigstore-verify"] {
        assert!(!below.contains(banned), "{banned} came along under the binary");
    }
    for package in metadata.workspace_packages() {
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
    let metadata = metadata();
    assert!(!below(&metadata, "chainsign-sandbox").contains("chainsign-verify"));
    assert!(!below(&metadata, "chainsign-verify").contains("chainsign-sandbox"));
}

#[test]
fn everything_that_is_shipped_has_a_licence_that_allows_it() {
    let metadata = metadata();
    let shipped = below(&metadata, "chainsign");
    let mut faults = Vec::new();
    for package in &metadata.packages {
        if !shipped.contains(package.name.as_str()) {
            continue;
        }
        let expression = package.license.as_deref().unwrap_or("none");
        // "A AND (B OR C)", and the older "A/B": every AND-part must offer an allowed one.
        let offered = |part: &str| {
            let part = part.replace(['(', ')'], " ");
            part.split(" OR ").flat_map(|name| name.split('/')).any(|n| LICENCES.contains(&n.trim()))
        };
        if !expression.split(" AND ").all(offered) {
            faults.push(format!("{} {}: {expression}", package.name, package.version));
        }
    }
    assert_eq!(faults, [""; 0]);
}

fn metadata() -> Metadata {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest).other_options(vec!["--offline".to_owned()]);
    command.exec().unwrap()
}

/// Names of all packages that are built into `name`, without its tests and build scripts.
fn below(metadata: &Metadata, name: &str) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().unwrap();
    let names: BTreeMap<&PackageId, &str> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let root = metadata.workspace_packages().into_iter().find(|package| package.name == name);
    let mut open = vec![&root.unwrap().id];
    let mut closed = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !closed.insert(id) {
            continue;
        }
        let node = resolve.nodes.iter().find(|node| node.id == *id).unwrap();
        let shipped = node.deps.iter().filter(|dependency| {
            dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
        });
        open.extend(shipped.map(|dependency| &dependency.pkg));
    }
    let names: BTreeSet<_> = closed.into_iter().map(|id| names[id].to_owned()).collect();
    assert!(names.len() > 1 || name == "chainsign-core", "nothing found below {name}");
    names
}
