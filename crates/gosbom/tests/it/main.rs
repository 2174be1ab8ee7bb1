//! Tests of the crate from outside: real files, generated files, broken files.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests fail loudly")]

mod containers;
mod diff;
mod fuzz_targets;
mod generate;
mod malformed;
mod oracle;
mod packages;
mod random;
mod real;
#[path = "../../../../fuzz/src/replay.rs"]
mod replay;
mod sbom;
mod second_record;
#[path = "../../../../fuzz/src/target.rs"]
mod target;
mod watched;

#[test]
fn fuzz_targets_hold() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    replay::replay(&fuzz_targets::TARGETS, &fuzz);
}
