//! Provenance written and read, as other crates do it.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests read files, say what they skip, and stop"
)]

mod ci;
mod expect;
mod fuzz_targets;
mod generate;
mod layout;
mod read;
#[path = "../../../../fuzz/src/replay.rs"]
mod replay;
#[path = "../../../../fuzz/src/target.rs"]
mod target;
mod vsa;

#[test]
fn fuzz_targets_hold() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    replay::replay(&fuzz_targets::TARGETS, &fuzz);
}
