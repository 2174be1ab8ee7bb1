//! Verification summaries: what a verifier found out, signed, so that others need not find it out
//! again.
//!
//! <https://slsa.dev/spec/v1.2/verification_summary>. A [`Summary`] is written by whoever verified an
//! artifact against a policy, and read by whoever trusts that verifier. What a summary says counts only
//! after [`verify`], which is the specification's seven steps in its order, one error for each.
//!
//! Security lives in three habits. A passed summary has levels and a failed one has none
//! ([`Outcome`]), so that nobody reads a level out of a failure. Levels are compared within their
//! track, the higher implying the lower, and everything else exactly ([`VerifiedLevels::show`]). And a
//! verifier counts only for the signer who may speak for it: [`Expected`] is one such pair.

mod level;
mod read;
mod summary;
mod verify;

pub use level::{Property, Track, TrackLevel, VerifiedLevels};
pub use read::read;
pub use summary::{Outcome, Summary, VerifierId};
pub use verify::{Expected, Signature, StepError, verify};
