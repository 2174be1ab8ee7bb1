use std::fmt;
use std::str::FromStr;

use chainsign_core::key::KeyAlgorithm;

use crate::Error;

/// The kinds of keys that can be generated, read and signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it; `name` gives the spelling")]
pub enum KeyKind {
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Ed25519,
    Rsa2048,
    Rsa3072,
    Rsa4096,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [KeyKind; 7] = [
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::EcdsaP521,
        Self::Ed25519,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
    ];

    /// The name on command lines, e.g. `ecdsa-p256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
        }
    }

    /// The algorithms that a key of this kind can sign with, the usual one first.
    pub fn algorithms(self) -> &'static [KeyAlgorithm] {
        use KeyAlgorithm::{
            EcdsaP256Sha256, EcdsaP384Sha384, EcdsaP521Sha512, Ed25519, Ed25519Ph,
            RsaPkcs1v15_2048Sha256, RsaPkcs1v15_3072Sha256, RsaPkcs1v15_4096Sha256,
            RsaPss2048Sha256, RsaPss3072Sha256, RsaPss4096Sha256,
        };
        match self {
            Self::EcdsaP256 => &[EcdsaP256Sha256],
            Self::EcdsaP384 => &[EcdsaP384Sha384],
            Self::EcdsaP521 => &[EcdsaP521Sha512],
            Self::Ed25519 => &[Ed25519, Ed25519Ph],
            Self::Rsa2048 => &[RsaPkcs1v15_2048Sha256, RsaPss2048Sha256],
            Self::Rsa3072 => &[RsaPkcs1v15_3072Sha256, RsaPss3072Sha256],
            Self::Rsa4096 => &[RsaPkcs1v15_4096Sha256, RsaPss4096Sha256],
        }
    }

    /// The kind of RSA key with this many bits.
    pub(crate) fn of_rsa(bits: usize) -> Result<Self, Error> {
        match bits {
            2048 => Ok(Self::Rsa2048),
            3072 => Ok(Self::Rsa3072),
            4096 => Ok(Self::Rsa4096),
            _ => Err(Error::RsaSize { found: bits }),
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyKind {
    type Err = Error;

    /// Reads a [`name`](Self::name).
    ///
    /// # Errors
    /// [`Error::UnknownKind`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == text);
        kind.ok_or_else(|| Error::UnknownKind { found: text.chars().take(80).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_as_it_is_written() {
        for kind in KeyKind::ALL {
            assert_eq!(kind.name().parse::<KeyKind>().unwrap(), kind);
        }
        let error = "ecdsa-p224".parse::<KeyKind>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "found the key kind \"ecdsa-p224\", wanted ecdsa-p256, ecdsa-p384, ecdsa-p521, \
             ed25519, rsa-2048, rsa-3072 or rsa-4096"
        );
    }
}
