//! Tests of the verifier from outside.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests read their vectors and say what they skip"
)]

mod advisories;
mod cases;
mod conformance;
mod differential;
mod forge;
mod formats;
mod fuzz;
mod inputs;
mod mutations;
mod properties;
mod refusals;
mod tampering;
mod targets;
