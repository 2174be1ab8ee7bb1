//! What each verb does: one request in, one outcome or [`Failure`](crate::failure::Failure) out.
//!
//! Nothing here prints, and nothing here parses flags.

pub mod admission;
pub mod artifact;
pub mod doctor;
pub mod images;
pub mod inspect;
pub mod keys;
pub mod policy;
pub mod provenance;
pub mod sandbox;
pub mod sbom;
pub mod sign;
pub mod token;
pub mod trust;
pub mod verify;
