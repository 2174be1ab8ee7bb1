//! The targets and what must hold of each, from the verifier's own tests.

#[path = "../../crates/verify/tests/it/forge/mod.rs"]
mod forge;
#[path = "../../crates/verify/tests/it/targets.rs"]
mod targets;

/// Runs a target.
pub fn run(name: &str, bytes: &[u8]) {
    let target = targets::TARGETS.into_iter().find(|target| target.name == name);
    (target.expect("a target's name").run)(bytes);
}

/// The targets' names with their seeds.
pub fn seeds() -> impl Iterator<Item = (&'static str, Vec<Vec<u8>>)> {
    targets::TARGETS.into_iter().map(|target| (target.name, (target.seeds)()))
}
