//! Tests of the verifier from outside.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests read their vectors and say what they skip"
)]

mod advisories;
mod cases;
mod conformance;
mod differential;
mod forge;
mod formats;
mod fuzz_targets;
mod inputs;
mod mutations;
mod properties;
mod refusals;
#[path = "../../../../fuzz/src/replay.rs"]
mod replay;
mod tampering;
#[path = "../../../../fuzz/src/target.rs"]
mod target;

#[test]
fn fuzz_targets_hold() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    replay::replay(&fuzz_targets::TARGETS, &fuzz);
}
