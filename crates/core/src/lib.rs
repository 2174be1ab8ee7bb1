#![doc = include_str!("../README.md")]

pub mod artifact;
pub mod checksums;
pub mod digest;
pub mod dsse;
pub mod encoding;
mod error;
pub mod formats;
pub mod glob;
pub mod identity;
pub mod image;
pub mod json;
pub mod key;
mod limits;
pub mod material;
pub mod predicate;
pub mod requirements;
pub mod signer;
pub mod statement;
pub mod trust;
pub mod verifier;

pub use error::{Error, causes};
pub use limits::Limits;

/// What parsing and constructing the nouns of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
