//! Keys that stay in a PKCS#11 token: a hardware module, a smart card, a YubiKey, SoftHSM.
//!
//! A [`TokenUri`] says which key of which token. [`Token::open`] loads the token's module, a shared
//! library, into this process: whoever names the module runs code here. What comes out is a
//! [`PrivateKey`](crate::PrivateKey) like any other, except that its private part never leaves the
//! token.
//!
//! A PIN is sent to a token once. One that is wrong is never sent again: tokens count, and lock.

use std::fmt;

#[cfg(feature = "pkcs11")]
mod key;
#[cfg(not(feature = "pkcs11"))]
#[path = "absent.rs"]
mod module;
#[cfg(feature = "pkcs11")]
mod module;
#[cfg(feature = "pkcs11")]
mod object;
mod uri;

#[cfg(feature = "pkcs11")]
pub(crate) use key::TokenKey;
pub use module::Token;
pub use uri::TokenUri;

/// Whether this build can load the modules of tokens. Without it, [`Token::open`] refuses every one.
pub const SUPPORTED: bool = cfg!(feature = "pkcs11");

/// How a token is told that its owner is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinEntry {
    /// It asks for no PIN.
    NotNeeded,
    /// The PIN is given to [`Token::private_key`].
    Given,
    /// The PIN is typed on the device itself.
    OnDevice,
}

/// What is left of a PIN after a wrong one, as far as the token says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinTries {
    /// It does not say.
    Unknown,
    /// At least one wrong PIN was given lately.
    Few,
    /// The next wrong PIN locks it.
    One,
    /// It is locked.
    None,
}

impl fmt::Display for PinTries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "it does not say how many tries are left",
            Self::Few => "wrong ones are being counted",
            Self::One => "one more wrong PIN locks it",
            Self::None => "it is locked now",
        })
    }
}
