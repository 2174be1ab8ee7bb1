//! Where source code comes from: repositories, refs and commits, and how they are compared.
//!
//! Tools spell the same repository in many ways. [`Repository`] has one spelling, and two are equal
//! only if that is the same: nothing is matched by prefix or substring.

mod commit;
mod reference;
mod repository;

pub use commit::GitCommit;
pub use reference::{GitRef, RefMatcher, VersionPrefix};
pub use repository::{Repository, SourceUri};
