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
mod images;
mod make;
