//! The targets of `chainsign-policy`.

#[path = "../../crates/policy/tests/policy/common/mod.rs"]
#[allow(dead_code, reason = "the targets use a part of it")]
mod common;
#[path = "../../crates/policy/tests/policy/fuzz_targets.rs"]
pub(crate) mod fuzz_targets;
