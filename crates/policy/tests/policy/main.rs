//! Tests of the policy engine through its public interface.

mod common;
mod evaluate;
mod load;
mod mutations;
mod plan;
mod properties;
mod report;
mod schema;
