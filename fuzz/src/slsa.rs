//! The targets of `chainsign-slsa`.

#[path = "../../crates/slsa/tests/it/fuzz_targets.rs"]
pub(crate) mod fuzz_targets;
