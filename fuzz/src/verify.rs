//! The targets of `chainsign-verify`.

#[path = "../../crates/verify/tests/it/forge/mod.rs"]
mod forge;
#[path = "../../crates/verify/tests/it/fuzz_targets.rs"]
pub(crate) mod fuzz_targets;
