//! Artifacts opened, digested and looked into, as other crates do it.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests make files, say what they skip, and stop"
)]

mod archives;
mod artifact;
mod facts;
mod folder;
mod fuzz_targets;
mod images;
mod make;
mod make_image;
#[path = "../../../../fuzz/src/replay.rs"]
mod replay;
mod stored;
#[path = "../../../../fuzz/src/target.rs"]
mod target;

#[test]
fn fuzz_targets_hold() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    replay::replay(&fuzz_targets::TARGETS, &fuzz);
}
