use std::fmt;

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::key::{KeyAlgorithm, PublicKey};
use chainsign_core::requirements::SignerRequirement;
use chainsign_core::signer::{SignFuture, SignInput, Signer, SignerCredential};
use jiff::{SignedDuration, Timestamp};
use p256::ecdsa::signature::hazmat::RandomizedPrehashSigner as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::elliptic_curve::rand_core::OsRng;
use p256::pkcs8::EncodePublicKey as _;

use crate::identity::IdentityToken;
use crate::{Error, Services};

/// A fresh P-256 key pair. The private key lives in this value only: it is never written, never
/// handed out, and wiped when dropped.
pub struct EphemeralKey {
    // Boxed, so that moving this value leaves no copy behind.
    private: Box<SigningKey>,
    public: PublicKey,
}

impl EphemeralKey {
    /// Makes a key from the operating system's random numbers.
    ///
    /// # Errors
    /// [`Error::Document`] if the public key cannot be encoded, which does not happen to a key of
    /// this curve.
    pub fn generate() -> Result<Self, Error> {
        let private = Box::new(SigningKey::random(&mut OsRng));
        let spki = private.verifying_key().to_public_key_der().map_err(|error| {
            let (what, reason) = ("public key", error.to_string());
            chainsign_core::Error::Der { what, reason }
        })?;
        Ok(EphemeralKey { private, public: PublicKey::from_spki(spki.into_vec()) })
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Has the key certified for the token's identity.
    ///
    /// On success the certificate is for this key. Whether it is under a trusted root, is in a
    /// transparency log and names that identity is for the verifier to say
    /// ([`UnverifiedBundle::release`](crate::UnverifiedBundle::release)).
    ///
    /// # Errors
    /// [`Error::NoCertificateAuthority`] and [`Error::NoProvenTime`] before anything is asked; [`Error::TokenExpired`] when the token
    /// expired since it was parsed; [`Error::Unreachable`], [`Error::Untrusted`],
    /// [`Error::Status`], [`Error::AnswerTooLarge`], [`Error::MalformedAnswer`], [`Error::DetachedSct`],
    /// [`Error::CertifiedAnotherKey`].
    pub async fn certify(
        self,
        token: &IdentityToken,
        services: &Services,
    ) -> Result<CertifiedKey, Error> {
        services.authority()?;
        if !services.prove_time() {
            return Err(Error::NoProvenTime);
        }
        let now = services.now();
        if now.duration_since(token.expires()) >= IdentityToken::SKEW {
            return Err(Error::TokenExpired { expired: token.expires(), now });
        }
        let claim = ArtifactDigest::sha256(token.subject().as_bytes());
        let proof = sign_digest(&self.private, &claim)?;
        let issued = services.certificate(token, &self.public, &proof).await?;
        // Counted from before the request: the authority's clock and ours may differ, but the
        // lifetime is the same by both.
        Ok(CertifiedKey {
            key: self,
            certificate: issued.leaf,
            expires: now.saturating_add(issued.lifetime).unwrap_or(Timestamp::MAX),
            requirement: SignerRequirement::Identity(token.expected_identities()),
        })
    }
}

impl fmt::Debug for EphemeralKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EphemeralKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// An ephemeral key with its certificate: a [`Signer`] for as many artifacts as are signed before
/// the certificate expires.
///
/// A key is certified once, and only [`EphemeralKey::certify`] makes one of these:
///
/// ```compile_fail,E0382
/// # use chainsign_keyless::{EphemeralKey, Services, identity::IdentityToken};
/// async fn certify_twice(key: EphemeralKey, token: &IdentityToken, services: &Services) {
///     let first = key.certify(token, services).await;
///     let second = key.certify(token, services).await;
/// }
/// ```
pub struct CertifiedKey {
    key: EphemeralKey,
    certificate: Vec<u8>,
    expires: Timestamp,
    requirement: SignerRequirement,
}

impl CertifiedKey {
    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// How long the certificate is still valid, by the clock of the services it was asked from.
    pub fn remaining(&self, now: Timestamp) -> SignedDuration {
        self.expires.duration_since(now)
    }

    /// Who a verifier must find: the identity of the token that the certificate was asked with.
    pub fn requirement(&self) -> &SignerRequirement {
        &self.requirement
    }
}

impl Signer for CertifiedKey {
    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::EcdsaP256Sha256
    }

    fn credential(&self) -> SignerCredential<'_> {
        SignerCredential::Certificate(&self.certificate)
    }

    fn sign<'a>(&'a self, input: SignInput<'a>) -> SignFuture<'a> {
        let signature = match input {
            SignInput::Digest(digest) => sign_digest(&self.key.private, digest),
            SignInput::Message(message) => {
                sign_digest(&self.key.private, &ArtifactDigest::sha256(message))
            }
        };
        Box::pin(std::future::ready(signature.map_err(Into::into)))
    }
}

impl fmt::Debug for CertifiedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertifiedKey")
            .field("key", &self.key)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Signs with a nonce from the key, the digest and fresh random bytes (RFC 6979 section 3.6): two
/// equal artifacts get two signatures, and so two log entries instead of a conflict.
fn sign_digest(key: &SigningKey, digest: &ArtifactDigest) -> Result<Vec<u8>, Error> {
    let (wanted, found) = (DigestAlgorithm::Sha256, digest.algorithm());
    if found != wanted {
        let signer = KeyAlgorithm::EcdsaP256Sha256;
        return Err(Error::DigestAlgorithm { signer, wanted, found });
    }
    let signature: Result<DerSignature, _> = key.sign_prehash_with_rng(&mut OsRng, digest.bytes());
    let signature = signature.map_err(|error| Error::Signer(Box::new(error)))?;
    Ok(signature.as_bytes().to_vec())
}
