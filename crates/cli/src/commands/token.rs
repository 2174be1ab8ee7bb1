//! Keys in tokens: `--key pkcs11:…`.

use std::fmt;
use std::path::PathBuf;

use chainsign_core::key::PublicKey;
use chainsign_keys::token::{PinEntry, Token, TokenUri};
use chainsign_keys::{Error, KeyKind, PrivateKey};

use crate::failure::Failure;
use crate::password::PinSource;

/// A key in a token, what talks to the token, and what opens it.
#[derive(Clone, Debug)]
pub struct TokenReference {
    /// Which key of which token.
    pub uri: TokenUri,
    /// The token's PKCS#11 module, a shared library.
    pub module: PathBuf,
    /// The PIN.
    pub pin: PinSource,
}

impl TokenReference {
    /// The private key. The PIN is sent to the token once, whatever it says.
    ///
    /// # Errors
    /// `not-built` in a build that loads no modules; `no-token`, `no-password`, `wrong-password`,
    /// `bad-key`.
    pub fn private_key(&self) -> Result<PrivateKey, Failure> {
        self.opened(&self.token()?)
    }

    /// The public key, as whoever has no PIN sees it.
    ///
    /// # Errors
    /// As [`private_key`](Self::private_key), but for those of the PIN.
    pub fn public_key(&self) -> Result<PublicKey, Failure> {
        let (_, public) = self.token()?.public_key().map_err(|error| failure(&error))?;
        Ok(public)
    }

    /// The public key. The PIN is asked for only where the token does not show it without.
    ///
    /// # Errors
    /// As [`private_key`](Self::private_key).
    pub fn public_key_of_owner(&self) -> Result<(KeyKind, PublicKey), Failure> {
        let token = self.token()?;
        match token.public_key() {
            Ok(found) => Ok(found),
            Err(Error::TokenKeyNotFound { .. }) => {
                let key = self.opened(&token)?;
                Ok((key.kind(), key.public_key().clone()))
            }
            Err(error) => Err(failure(&error)),
        }
    }

    fn token(&self) -> Result<Token, Failure> {
        Token::open(&self.module, &self.uri).map_err(|error| failure(&error))
    }

    fn opened(&self, token: &Token) -> Result<PrivateKey, Failure> {
        let pin = match token.pin_entry() {
            PinEntry::Given => Some(self.pin.pin(token.label())?),
            PinEntry::NotNeeded | PinEntry::OnDevice => None,
        };
        token.private_key(pin.as_ref()).map_err(|error| failure(&error))
    }
}

impl fmt::Display for TokenReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

/// A token's fault, or its key's.
pub fn failure(error: &Error) -> Failure {
    let because = |reason| Failure::undecided(reason, crate::failure::with_causes(error));
    match error {
        Error::NoTokens => because("not-built")
            .hint("a static program cannot load them: one that is built from source can")
            .hint("or sign with a key in a file"),
        Error::PinInUri => because("bad-flag")
            .hint("set COSIGN_PKCS11_PIN, or name a file: ?pin-source=file:/PATH"),
        Error::TokenUri { .. } => because("bad-flag")
            .hint("for example pkcs11:token=LABEL;object=LABEL; `p11tool --list-all` prints such URIs"),
        Error::Module { .. } => because("no-token").hint(
            "name the module that came with the token: ?module-path=/PATH, or COSIGN_PKCS11_MODULE_PATH",
        ),
        Error::SeveralTokens { .. } => because("no-token").hint("add ;serial= or ;slot-id="),
        Error::TokenNotFound { .. } => because("no-token")
            .hint("`p11tool --list-tokens` prints the URIs of those that the module sees"),
        Error::TokenFailed { .. } => because("no-token"),
        Error::WrongPin { .. } => because("wrong-password").hint("it was sent once, and is not sent again"),
        Error::PinLocked { .. } => {
            because("wrong-password").hint("unlock it with the tool that came with the token")
        }
        Error::SeveralTokenKeys { .. } => because("bad-key").hint("add ;object= or ;id="),
        Error::TokenAlgorithm { algorithm, .. } if algorithm.prehash().is_some() => {
            because("bad-key").hint(
                "a log knows a file by its digest: with a key of Ed25519 in a token sign with \
                 --tlog-upload=false, or take one of ECDSA",
            )
        }
        Error::PinForEverySignature { .. } => because("bad-key").hint(
            "keys with CKA_ALWAYS_AUTHENTICATE, as in slot 9c of a YubiKey, are not built: take another slot",
        ),
        _ => because("bad-key"),
    }
}
