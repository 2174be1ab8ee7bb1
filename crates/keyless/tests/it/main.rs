//! Signing against a server of our own making that can lie, break and be slow at every step.
//! Nothing here verifies proofs; that is for the tests against the sandbox.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, may panic")]

mod batch;
mod fake;
mod faults;
mod identity;
mod kept;
mod login;
mod sandbox;
mod signing;
mod steps;
