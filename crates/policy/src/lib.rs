#![doc = include_str!("../README.md")]

mod error;
mod evaluate;
mod evidence;
mod explain;
mod expression;
pub mod init;
mod language;
mod licence;
mod load;
mod model;
mod plan;
mod policy;
mod purl;
mod schema;
mod set;
mod settings;
mod summary;
mod target;
pub mod testing;
pub mod verdict;
mod version;

pub use chainsign_core::checksums::{Checksums, ChecksumsError};
pub use error::{LoadError, Place};
pub use evidence::{
    Candidate, Claim, Evidence, EvidenceSet, EvidenceSummary, Origin, Refused, Unavailable,
};
pub use explain::{Explanation, Lint};
pub use plan::{Attempt, Plan, PreparedRoots, Verifiers};
pub use policy::{Policy, PolicyFiles};
pub use schema::{json_schema, set_json_schema, test_json_schema};
pub use set::{PolicySet, Selection, SetVerdict};
pub use summary::{SummaryDetails, SummaryError};
pub use target::{TargetError, TargetName, Workload};
pub use verdict::{Decision, Mode, Outcome, Verdict};
