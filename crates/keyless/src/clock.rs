//! Where the time comes from: the caller.

use jiff::Timestamp;

/// Tells the time. The binary passes the system's clock, tests a fixed or skewed one.
///
/// The clock decides when a token is too old to be used and when a certificate is renewed. It
/// never decides whether a signature is valid: authenticated times do.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}
