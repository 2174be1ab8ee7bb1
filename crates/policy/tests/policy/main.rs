//! Tests of the policy engine through its public interface.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod evaluate;
mod load;
mod mutations;
mod plan;
mod properties;
mod report;
mod schema;
