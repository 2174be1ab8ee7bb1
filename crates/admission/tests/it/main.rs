//! Manifests, Dockerfiles and admission reviews, as users and API servers write them.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests read files, and stop")]

mod dockerfile;
mod fuzz_targets;
mod manifest;
#[path = "../../../../fuzz/src/replay.rs"]
mod replay;
mod review;
#[path = "../../../../fuzz/src/target.rs"]
mod target;

#[test]
fn fuzz_targets_hold() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    replay::replay(&fuzz_targets::TARGETS, &fuzz);
}
