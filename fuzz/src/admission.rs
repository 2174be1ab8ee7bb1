//! The targets of `chainsign-admission`.

#[path = "../../crates/admission/tests/it/fuzz_targets.rs"]
pub(crate) mod fuzz_targets;
