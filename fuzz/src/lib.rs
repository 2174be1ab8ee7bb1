//! The targets and what must hold of each, from the tests of the crates.

#![allow(dead_code, reason = "the tests make more things than the targets need")]

mod admission;
mod artifact;
mod gosbom;
mod policy;
mod slsa;
mod target;
mod verify;

/// Runs a target.
pub fn run(name: &str, input: &[u8]) {
    let target = targets().find(|target| target.name == name);
    (target.expect("the name of a target").run)(input);
}

/// Every target's name with its seeds.
pub fn seeds() -> impl Iterator<Item = (&'static str, Vec<Vec<u8>>)> {
    targets().map(|target| (target.name, (target.seeds)()))
}

fn targets() -> impl Iterator<Item = target::Target> {
    let artifact = artifact::fuzz_targets::TARGETS.into_iter();
    let artifact = artifact.chain(admission::fuzz_targets::TARGETS);
    let rest = gosbom::fuzz_targets::TARGETS.into_iter().chain(policy::fuzz_targets::TARGETS);
    let rest = rest.chain(slsa::fuzz_targets::TARGETS).chain(verify::fuzz_targets::TARGETS);
    artifact.chain(rest)
}
