#![doc = include_str!("../README.md")]

mod build_type;
pub mod ci;
mod error;
pub mod expect;
mod generate;
pub mod layout;
mod predicate;
mod read;
pub mod source;
mod stamp;
pub mod subjects;
pub mod vsa;

pub use build_type::{BuildType, BuilderId, Producer};
pub use error::Error;
pub use generate::{BuildFacts, OnCommitMismatch, generate};
pub use predicate::{
    BuildDefinition, BuildMetadata, Builder, Predicate, ResourceDescriptor, RunDetails,
};
pub use read::{Dependency, Limits, Provenance, ProvenanceVersion, Source, read, read_within};
pub use stamp::StampedCommit;
