//! The targets of `chainsign-gosbom`.

#[path = "../../crates/gosbom/tests/it/fuzz_targets.rs"]
pub(crate) mod fuzz_targets;
#[path = "../../crates/gosbom/tests/it/generate/mod.rs"]
mod generate;
#[path = "../../crates/gosbom/tests/it/watched.rs"]
mod watched;
