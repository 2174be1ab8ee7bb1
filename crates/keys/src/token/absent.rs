//! The token of a build that cannot load modules: there is none.

use std::convert::Infallible;
use std::path::Path;

use chainsign_core::key::PublicKey;

use super::{PinEntry, TokenUri};
use crate::{Error, KeyKind, Password, PrivateKey};

/// A token that is there. In this build, without the feature `pkcs11`, none ever is.
#[derive(Debug)]
pub struct Token(Infallible);

impl Token {
    /// Opens no token.
    ///
    /// # Errors
    /// [`Error::NoTokens`], always.
    pub fn open(_module: &Path, _uri: &TokenUri) -> Result<Self, Error> {
        Err(Error::NoTokens)
    }

    /// Its label.
    pub fn label(&self) -> &str {
        match self.0 {}
    }

    /// How its PIN is given.
    pub fn pin_entry(&self) -> PinEntry {
        match self.0 {}
    }

    /// The public key that the URI names.
    ///
    /// # Errors
    /// None: there is no token to ask.
    pub fn public_key(&self) -> Result<(KeyKind, PublicKey), Error> {
        match self.0 {}
    }

    /// The private key that the URI names.
    ///
    /// # Errors
    /// None: there is no token to ask.
    pub fn private_key(&self, _pin: Option<&Password>) -> Result<PrivateKey, Error> {
        match self.0 {}
    }
}
