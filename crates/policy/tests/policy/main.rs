//! Tests of the policy engine through its public interface.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod evaluate;
mod explain;
mod fail_open;
mod fuzz_targets;
mod go;
mod hostile;
mod images;
mod inside;
mod lies;
mod load;
mod mutations;
mod plan;
mod properties;
mod real;
mod reference;
#[path = "../../../../fuzz/src/replay.rs"]
#[expect(clippy::disallowed_methods, reason = "inputs are files")]
mod replay;
mod report;
mod rules;
mod schema;
mod sets;
mod suites;
mod summaries;
#[path = "../../../../fuzz/src/target.rs"]
mod target;
mod targets;
mod vulnerabilities;

#[test]
fn fuzz_targets_hold() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    replay::replay(&fuzz_targets::TARGETS, &fuzz);
}
