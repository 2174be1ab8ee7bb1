#![doc = include_str!("../README.md")]

pub mod create;
mod embedded;
mod error;
mod material;
mod repository;

pub use embedded::{Instance, public_good};
pub use error::Error;
pub use material::{Origin, TrustMaterial, TrustSource, load};
pub use repository::{Cache, Checked, Freshness, Network, Repository};

/// What loading and refreshing returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
