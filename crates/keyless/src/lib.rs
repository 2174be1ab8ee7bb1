#![doc = include_str!("../README.md")]

mod chain;
mod clock;
mod error;
pub mod identity;
mod services;
mod session;

pub use chain::{
    CertifiedKey, EphemeralKey, Logged, PublicEntry, Refused, Released, Signed, ToSign,
    UnverifiedBundle, sign,
};
pub use clock::Clock;
pub use error::{Endpoint, Error};
pub use services::{Answered, Options, PlainHttp, Reached, Retry, Services, Timeouts};
pub use session::{Batch, Incomplete, Session};

/// What signing returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
