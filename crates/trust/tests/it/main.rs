//! Refreshing from a TUF repository of our own making, which can go away, roll back and lie.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, may panic")]

mod other;
mod refresh;
mod tuf;
