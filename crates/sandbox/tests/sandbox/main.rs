//! A real sandbox on real sockets, looked at from outside.
//!
//! What it signs is checked with other libraries than it signs with (p256, p384 and sha2 instead
//! of aws-lc-rs, except for RSA), and end to end with sigstore-rust's verifier.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod client;
mod ct;
mod end_to_end;
mod fulcio;
mod listen;
mod misbehaviour;
mod oidc;
mod rekor_v1;
mod rekor_v2;
mod state;
mod trust;
mod tsa;
mod tuf;
