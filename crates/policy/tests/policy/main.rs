//! Tests of the policy engine through its public interface.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod evaluate;
mod explain;
mod go;
mod images;
mod inside;
mod load;
mod mutations;
mod plan;
mod properties;
mod real;
mod reference;
mod report;
mod rules;
mod schema;
mod sets;
mod suites;
mod targets;
mod vulnerabilities;
