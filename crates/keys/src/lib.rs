#![doc = include_str!("../README.md")]

mod error;
pub mod file;
mod kind;
mod password;
mod private;
mod signer;
pub mod token;

pub use error::Error;
pub use kind::KeyKind;
pub use password::Password;
pub use private::PrivateKey;
pub use signer::KeySigner;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
