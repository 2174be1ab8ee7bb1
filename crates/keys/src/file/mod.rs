//! Key files: PEM read, PEM written.
//!
//! What costs work to open is held against bounds first: whoever gives us a key file must not
//! decide how much memory and time we spend on it.

mod pem;
mod pkcs8;
mod sigstore;

use std::fmt;

use chainsign_core::encoding::pem_encode;
use zeroize::Zeroizing;

use crate::{Error, Password, PrivateKey};

/// A private key as it was read from a file.
#[derive(Debug)]
pub enum KeyFile {
    /// It was not encrypted.
    Plain(PrivateKey),
    /// It needs a password.
    Encrypted(EncryptedKey),
}

/// An encrypted private key whose cost to open is within bounds.
pub struct EncryptedKey(Encrypted);

enum Encrypted {
    Sigstore(sigstore::SealedKey),
    Pkcs8(pkcs8::SealedKey),
}

impl KeyFile {
    /// The largest text that is read, in bytes. A key of RSA 4096 takes 3,300.
    pub const MOST_BYTES: usize = 64 << 10;

    /// Reads one private key in PEM. Known labels: `ENCRYPTED SIGSTORE PRIVATE KEY` and
    /// `ENCRYPTED COSIGN PRIVATE KEY` (cosign's format), `ENCRYPTED PRIVATE KEY` (PKCS#8 with
    /// PBES2), `PRIVATE KEY` (PKCS#8), `EC PRIVATE KEY` (SEC1), `RSA PRIVATE KEY` (PKCS#1). Text
    /// around the block is ignored, and so are the blocks `EC PARAMETERS` and `CERTIFICATE`.
    ///
    /// On success an encrypted key asks for no more work than cosign or OpenSSL make it, and a
    /// plain one is what [`PrivateKey::from_pkcs8`] says.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::NotPem`], [`Error::Label`], [`Error::SeveralKeys`],
    /// [`Error::TraditionalEncryption`]; [`Error::Document`], [`Error::Scheme`], [`Error::Work`],
    /// [`Error::Length`] for encrypted keys; as [`PrivateKey::from_pkcs8`] for others.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        if text.len() > Self::MOST_BYTES {
            return Err(Error::TooLarge { found: text.len(), limit: Self::MOST_BYTES });
        }
        let block = pem::private_key(text)?;
        let body = block.body.as_slice();
        match block.label.as_str() {
            SIGSTORE | COSIGN => Self::sealed(Encrypted::Sigstore(sigstore::parse(body)?)),
            ENCRYPTED_PKCS8 => Self::sealed(Encrypted::Pkcs8(pkcs8::parse_sealed(body)?)),
            PKCS8 => Ok(KeyFile::Plain(PrivateKey::from_pkcs8(body)?)),
            SEC1 => Ok(KeyFile::Plain(pkcs8::from_sec1(body)?)),
            PKCS1 => Ok(KeyFile::Plain(pkcs8::from_pkcs1(body)?)),
            other => Err(Error::Label { found: other.chars().take(80).collect(), wanted: LABELS }),
        }
    }

    fn sealed(key: Encrypted) -> Result<Self, Error> {
        Ok(KeyFile::Encrypted(EncryptedKey(key)))
    }
}

impl EncryptedKey {
    /// Decrypts. Takes some 100 ms and 64 MiB, by the design of the format.
    ///
    /// # Errors
    /// [`Error::WrongPassword`]; as [`PrivateKey::from_pkcs8`] when what comes out is no key.
    pub fn decrypt(&self, password: &Password) -> Result<PrivateKey, Error> {
        match &self.0 {
            Encrypted::Sigstore(sealed) => sealed.open(password),
            Encrypted::Pkcs8(sealed) => sealed.open(password),
        }
    }
}

impl fmt::Debug for EncryptedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptedKey")
    }
}

impl PrivateKey {
    /// Encrypts the key as cosign does (`ENCRYPTED SIGSTORE PRIVATE KEY`): scrypt with N = 2^16,
    /// r = 8, p = 1, and NaCl's secretbox. Salt and nonce are fresh. An empty password is legal,
    /// and protects nothing.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn to_encrypted_pem(&self, password: &Password) -> Result<String, Error> {
        Ok(pem_encode(SIGSTORE, &sigstore::seal(&self.to_pkcs8()?, password)?))
    }

    /// The key, unencrypted, as PKCS#8 PEM. Whoever has the text has the key.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn to_plain_pem(&self) -> Result<Zeroizing<String>, Error> {
        Ok(Zeroizing::new(pem_encode(PKCS8, &self.to_pkcs8()?)))
    }
}

/// go-securesystemslib's format under the label that cosign writes since 2.0.
const SIGSTORE: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
/// The label that cosign wrote before.
const COSIGN: &str = "ENCRYPTED COSIGN PRIVATE KEY";
/// RFC 7468 section 11.
const ENCRYPTED_PKCS8: &str = "ENCRYPTED PRIVATE KEY";
/// RFC 7468 section 10.
const PKCS8: &str = "PRIVATE KEY";
/// RFC 5915 section 4.
const SEC1: &str = "EC PRIVATE KEY";
/// OpenSSL's name for RFC 8017 appendix A.1.2.
const PKCS1: &str = "RSA PRIVATE KEY";

const LABELS: &str = "ENCRYPTED SIGSTORE PRIVATE KEY, ENCRYPTED COSIGN PRIVATE KEY, \
                      ENCRYPTED PRIVATE KEY, PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY";
