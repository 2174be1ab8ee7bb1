//! Provenance written and read, as other crates do it.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests read files, say what they skip, and stop"
)]

mod ci;
mod expect;
mod generate;
mod read;
mod vsa;
