//! Registries over real sockets: the sandbox's, and in front of it one that lies, stalls and steals.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod credentials;
mod faults;
mod front;
mod image;
mod pull;
mod resolve;
mod steal;
mod stored;
mod tls;
