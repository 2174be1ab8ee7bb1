//! Signing with a kept key.

use std::fmt;

use aws_lc_rs::digest::{Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::key::{KeyAlgorithm, PublicKey};
use chainsign_core::signer::{SignFuture, SignInput, Signer, SignerCredential};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::digest::consts::U64;
use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};

use crate::private::Secret;
use crate::{Error, PrivateKey};

/// A kept key that signs with one of its algorithms. One in a token makes the thread wait for it, one
/// signature at a time.
///
/// ECDSA signatures have fresh nonces: two of the same digest differ. Those of Ed25519 and of RSA
/// PKCS#1 v1.5 do not.
pub struct KeySigner {
    key: PrivateKey,
    algorithm: KeyAlgorithm,
}

impl PrivateKey {
    /// Signs with its usual algorithm from now on: the first of
    /// [`KeyKind::algorithms`](crate::KeyKind::algorithms).
    pub fn into_signer(self) -> KeySigner {
        let algorithm = self.kind().algorithms()[0];
        KeySigner { key: self, algorithm }
    }

    /// Signs with one of its algorithms from now on. Logs that know an artifact by its digest take
    /// [`KeyAlgorithm::Ed25519Ph`] of an Ed25519 key, and not [`KeyAlgorithm::Ed25519`].
    ///
    /// # Errors
    /// [`Error::OtherAlgorithm`]; [`Error::TokenAlgorithm`] for one that the key's token has not, which
    /// is always so for [`KeyAlgorithm::Ed25519Ph`].
    pub fn into_signer_with(self, algorithm: KeyAlgorithm) -> Result<KeySigner, Error> {
        let kind = self.kind();
        if !kind.algorithms().contains(&algorithm) {
            return Err(Error::OtherAlgorithm { kind, algorithm });
        }
        #[cfg(feature = "pkcs11")]
        if let Secret::Token(key) = &self.secret {
            key.offers(algorithm)?;
        }
        Ok(KeySigner { key: self, algorithm })
    }
}

impl KeySigner {
    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn signature(&self, input: SignInput<'_>) -> Result<Vec<u8>, Error> {
        match (&self.key.secret, self.algorithm.prehash(), input) {
            (Secret::Ed25519(key), None, SignInput::Message(message)) => {
                Ok(key.sign(message).to_vec())
            }
            #[cfg(feature = "pkcs11")]
            (Secret::Token(key), None, SignInput::Message(message)) => {
                key.sign(self.algorithm, message)
            }
            (_, None, _) => Err(Error::MessageNeeded { algorithm: self.algorithm }),
            (secret, Some(wanted), SignInput::Message(message)) => {
                self.prehashed(secret, &wanted.digest(message))
            }
            (secret, Some(wanted), SignInput::Digest(digest)) => {
                let (algorithm, found) = (self.algorithm, digest.algorithm());
                if found != wanted {
                    return Err(Error::Digest { algorithm, wanted, found });
                }
                self.prehashed(secret, digest)
            }
        }
    }

    /// The digest is of the algorithm's own.
    fn prehashed(&self, secret: &Secret, digest: &ArtifactDigest) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::Backend { doing: "sign" };
        match secret {
            Secret::Ecdsa(pair) => {
                let signature = pair.sign_digest(&imported(digest)?).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Secret::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let digest = imported(digest)?;
                pair.sign_digest(self.padding(), &digest, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Secret::Ed25519(key) => ed25519ph(key, digest),
            #[cfg(feature = "pkcs11")]
            Secret::Token(key) => key.sign_digest(self.algorithm, digest),
        }
    }

    fn padding(&self) -> &'static dyn RsaEncoding {
        match self.algorithm {
            KeyAlgorithm::RsaPss2048Sha256
            | KeyAlgorithm::RsaPss3072Sha256
            | KeyAlgorithm::RsaPss4096Sha256 => &RSA_PSS_SHA256,
            _ => &RSA_PKCS1_SHA256,
        }
    }
}

impl Signer for KeySigner {
    fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    fn credential(&self) -> SignerCredential<'_> {
        SignerCredential::Key(self.key.public_key())
    }

    fn sign<'a>(&'a self, input: SignInput<'a>) -> SignFuture<'a> {
        Box::pin(std::future::ready(self.signature(input).map_err(Into::into)))
    }
}

impl fmt::Debug for KeySigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySigner")
            .field("key", &self.key)
            .field("algorithm", &self.algorithm)
            .finish()
    }
}

/// A digest as the library takes one.
fn imported(digest: &ArtifactDigest) -> Result<Digest, Error> {
    let failed = Error::Backend { doing: "take a digest" };
    let algorithm = match digest.algorithm() {
        DigestAlgorithm::Sha256 => &SHA256,
        DigestAlgorithm::Sha384 => &SHA384,
        DigestAlgorithm::Sha512 => &SHA512,
        _ => return Err(failed),
    };
    Digest::import_less_safe(digest.bytes(), algorithm).map_err(|_| failed)
}

/// RFC 8032 section 5.1 with the prehash and an empty context.
fn ed25519ph(key: &SigningKey, digest: &ArtifactDigest) -> Result<Vec<u8>, Error> {
    let failed = Error::Backend { doing: "sign" };
    let Ok(prehash) = digest.bytes().try_into().map(Prehash) else { return Err(failed) };
    let signature = key.sign_prehashed(prehash, None).map_err(|_| failed)?;
    Ok(signature.to_vec())
}

/// A SHA-512 that is known already, in the shape in which the Ed25519 library asks for one.
#[derive(Clone)]
struct Prehash([u8; 64]);

impl Default for Prehash {
    fn default() -> Self {
        Prehash([0; 64])
    }
}

impl HashMarker for Prehash {}

impl OutputSizeUser for Prehash {
    type OutputSize = U64;
}

impl Update for Prehash {
    fn update(&mut self, _: &[u8]) {}
}

impl FixedOutput for Prehash {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}
