//! The targets of `chainsign-artifact`.

#[path = "../../crates/artifact/tests/it/fuzz_targets.rs"]
pub(crate) mod fuzz_targets;
#[path = "../../crates/artifact/tests/it/make.rs"]
mod make;
#[path = "../../crates/artifact/tests/it/make_image.rs"]
mod make_image;
