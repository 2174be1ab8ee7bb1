//! A fuzz target: the same value for libFuzzer (this folder) and for `cargo test` ([`replay`],
//! which the tests of each crate include).
//!
//! [`replay`]: ../replay/index.html

/// A place where bytes come in.
pub(crate) struct Target {
    /// `<crate>_<what is read>`.
    pub(crate) name: &'static str,
    /// Whether something is accepted. Panics where what must hold of an input does not.
    pub(crate) run: fn(&[u8]) -> bool,
    /// Inputs to begin with, the first of which is accepted.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
}
