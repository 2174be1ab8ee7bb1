#![doc = include_str!("../README.md")]

mod error;
mod evidence;
mod plan;
mod policy;
pub mod verdict;

pub use error::{LoadError, Place};
pub use evidence::{
    Candidate, Evidence, EvidenceSet, EvidenceSummary, Origin, Refused, Unavailable,
};
pub use plan::{Attempt, Plan, Verifiers};
pub use policy::{Policy, PolicyFiles};
pub use verdict::{Decision, Mode, Outcome, Verdict};
