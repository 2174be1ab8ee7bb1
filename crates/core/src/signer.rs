//! Signing, whoever holds the key.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;

use crate::digest::ArtifactDigest;
use crate::key::{KeyAlgorithm, PublicKey};

/// Something that signs: a certified ephemeral key, a key in a file, a token, a service.
///
/// Contract: a signature returned is one of [`algorithm`](Self::algorithm) by the key of
/// [`credential`](Self::credential) over exactly what was given. Implementations may be used from
/// several tasks at once, do not retry on their own, and drop a signature that was not asked for.
pub trait Signer: Send + Sync {
    /// The algorithm.
    fn algorithm(&self) -> KeyAlgorithm;

    /// What a verifier will be shown.
    fn credential(&self) -> SignerCredential<'_>;

    /// Signs. An algorithm with a prehash takes a digest of that algorithm; pure Ed25519 takes
    /// the message.
    fn sign<'a>(&'a self, input: SignInput<'a>) -> SignFuture<'a>;
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub enum SignInput<'a> {
    /// The digest of the message.
    Digest(&'a ArtifactDigest),
    /// The message.
    Message(&'a [u8]),
}

/// What shows who signed.
#[derive(Clone, Copy, Debug)]
pub enum SignerCredential<'a> {
    /// A certificate, DER.
    Certificate(&'a [u8]),
    /// A key without a certificate.
    Key(&'a PublicKey),
}

/// The outcome of [`Signer::sign`]: the signature's bytes (ECDSA as DER), or the holder's error.
pub type SignFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<u8>, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;
