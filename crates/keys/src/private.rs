//! A private key, whatever file it came from.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
};
use chainsign_core::key::{PublicKey, rsa_modulus_bits};
use const_oid::db::rfc5912::{
    ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{BitStringRef, OctetStringRef};
use der::{Decode as _, Encode as _};
use ed25519_dalek::SigningKey;
use pkcs8::spki::SubjectPublicKeyInfoRef;
use pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfo};
use zeroize::Zeroizing;

#[cfg(feature = "pkcs11")]
use crate::token::TokenKey;
use crate::{Error, KeyKind};

/// A private key of one of the kinds of [`KeyKind`], with its public key.
///
/// The private part is wiped from memory when this value is dropped, leaves it only as
/// [`to_pkcs8`](Self::to_pkcs8), and is never printed. That of a [`token`](crate::token) never comes
/// into this process.
pub struct PrivateKey {
    kind: KeyKind,
    public: PublicKey,
    pub(crate) secret: Secret,
}

/// Each variant wipes itself: AWS-LC clears what it frees, `SigningKey` is `ZeroizeOnDrop`, and a
/// token keeps its own.
/// Boxed, so that moving the value leaves no copy behind.
pub(crate) enum Secret {
    Ecdsa(Box<EcdsaKeyPair>),
    Rsa(Box<rsa::KeyPair>),
    Ed25519(Box<SigningKey>),
    #[cfg(feature = "pkcs11")]
    Token(Box<TokenKey>),
}

impl PrivateKey {
    /// Makes a key from the operating system's random numbers. RSA keys take up to seconds.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn generate(kind: KeyKind) -> Result<Self, Error> {
        let failed = |_| Error::Backend { doing: "generate a key" };
        match kind {
            KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => {
                Self::ecdsa(kind, EcdsaKeyPair::generate(ecdsa(kind)).map_err(failed)?)
            }
            KeyKind::Ed25519 => {
                let mut seed = Zeroizing::new([0; ED25519_BYTES]);
                aws_lc_rs::rand::fill(seed.as_mut_slice()).map_err(failed)?;
                Self::ed25519(Box::new(SigningKey::from_bytes(&seed)))
            }
            KeyKind::Rsa2048 => Self::rsa(generate_rsa(rsa::KeySize::Rsa2048)?),
            KeyKind::Rsa3072 => Self::rsa(generate_rsa(rsa::KeySize::Rsa3072)?),
            KeyKind::Rsa4096 => Self::rsa(generate_rsa(rsa::KeySize::Rsa4096)?),
        }
    }

    /// Reads unencrypted PKCS#8 (RFC 5208, RFC 5958), DER.
    ///
    /// On success private and public part belong together, and an RSA key has one of the sizes of
    /// [`KeyKind`].
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Algorithm`], [`Error::RsaSize`], [`Error::Rejected`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let info = PrivateKeyInfo::try_from(der).map_err(|error| malformed(&error))?;
        let rejected = |kind: &'static str, error: aws_lc_rs::error::KeyRejected| Error::Rejected {
            kind,
            reason: error.to_string(),
        };
        match info.algorithm.oid {
            ID_EC_PUBLIC_KEY => {
                let curve = info.algorithm.parameters_oid().map_err(|_| Error::Algorithm {
                    found: "an elliptic curve without a name".to_owned(),
                })?;
                let kind = match curve {
                    SECP_256_R_1 => KeyKind::EcdsaP256,
                    SECP_384_R_1 => KeyKind::EcdsaP384,
                    SECP_521_R_1 => KeyKind::EcdsaP521,
                    other => return Err(Error::Algorithm { found: other.to_string() }),
                };
                let pair = EcdsaKeyPair::from_pkcs8(ecdsa(kind), der);
                Self::ecdsa(kind, pair.map_err(|error| rejected(kind.name(), error))?)
            }
            RSA_ENCRYPTION => {
                Self::rsa(rsa::KeyPair::from_pkcs8(der).map_err(|error| rejected("rsa", error))?)
            }
            ID_ED_25519 => Self::ed25519_of(&info),
            other => Err(Error::Algorithm { found: other.to_string() }),
        }
    }

    /// As PKCS#8 version 1 (RFC 5208), DER, which every tool reads. Wiped when dropped.
    ///
    /// # Errors
    /// [`Error::Backend`] without memory; [`Error::StaysInToken`].
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let failed = Error::Backend { doing: "encode a private key" };
        match &self.secret {
            Secret::Ecdsa(pair) => {
                let document = pair.to_pkcs8v1().map_err(|_| failed)?;
                Ok(Zeroizing::new(document.as_ref().to_vec()))
            }
            Secret::Rsa(pair) => {
                let document: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed)?;
                Ok(Zeroizing::new(document.as_ref().to_vec()))
            }
            Secret::Ed25519(key) => {
                // RFC 8410 section 7: the seed is an OCTET STRING within the OCTET STRING.
                let seed = Zeroizing::new(key.to_bytes());
                let inner = OctetStringRef::new(seed.as_slice()).and_then(|seed| seed.to_der());
                let inner = Zeroizing::new(inner.map_err(|error| malformed(&error))?);
                let info = PrivateKeyInfo::new(ED25519_ALGORITHM, &inner);
                Ok(Zeroizing::new(info.to_der().map_err(|error| malformed(&error))?))
            }
            #[cfg(feature = "pkcs11")]
            Secret::Token(_) => Err(Error::StaysInToken),
        }
    }

    /// What it is.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    #[cfg(feature = "pkcs11")]
    pub(crate) fn in_token(kind: KeyKind, public: PublicKey, key: TokenKey) -> Self {
        PrivateKey { kind, public, secret: Secret::Token(Box::new(key)) }
    }

    fn ecdsa(kind: KeyKind, pair: EcdsaKeyPair) -> Result<Self, Error> {
        let public = spki(pair.public_key())?;
        Ok(PrivateKey { kind, public, secret: Secret::Ecdsa(Box::new(pair)) })
    }

    fn rsa(pair: rsa::KeyPair) -> Result<Self, Error> {
        let bits =
            rsa_modulus_bits(pair.public_key().as_ref()).map_err(|error| malformed(&error))?;
        let kind = KeyKind::of_rsa(bits)?;
        let public = spki(pair.public_key())?;
        Ok(PrivateKey { kind, public, secret: Secret::Rsa(Box::new(pair)) })
    }

    /// RFC 8410 section 7.
    fn ed25519_of(info: &PrivateKeyInfo<'_>) -> Result<Self, Error> {
        let kind = KeyKind::Ed25519.name();
        let rejected = |reason: String| Error::Rejected { kind, reason };
        let seed = OctetStringRef::from_der(info.private_key).map_err(|error| malformed(&error))?;
        let found = seed.as_bytes().len();
        let seed = <&[u8; ED25519_BYTES]>::try_from(seed.as_bytes())
            .map_err(|_| rejected(format!("found {found} bytes, wanted {ED25519_BYTES}")))?;
        let key = Box::new(SigningKey::from_bytes(seed));
        match info.public_key {
            Some(public) if public != key.verifying_key().as_bytes() => {
                Err(rejected("its public key belongs to another".to_owned()))
            }
            _ => Self::ed25519(key),
        }
    }

    fn ed25519(key: Box<SigningKey>) -> Result<Self, Error> {
        let point = key.verifying_key().to_bytes();
        let encoded = BitStringRef::from_bytes(&point).and_then(|subject_public_key| {
            SubjectPublicKeyInfoRef { algorithm: ED25519_ALGORITHM, subject_public_key }.to_der()
        });
        let public = PublicKey::from_spki(encoded.map_err(|error| malformed(&error))?);
        Ok(PrivateKey { kind: KeyKind::Ed25519, public, secret: Secret::Ed25519(key) })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("kind", &self.kind)
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

fn ecdsa(kind: KeyKind) -> &'static EcdsaSigningAlgorithm {
    match kind {
        KeyKind::EcdsaP384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        KeyKind::EcdsaP521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        // Asked for the three curves only.
        _ => &ECDSA_P256_SHA256_ASN1_SIGNING,
    }
}

fn generate_rsa(size: rsa::KeySize) -> Result<rsa::KeyPair, Error> {
    rsa::KeyPair::generate(size).map_err(|_| Error::Backend { doing: "generate a key" })
}

fn spki(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Result<PublicKey, Error> {
    let der = key.as_der().map_err(|_| Error::Backend { doing: "encode a public key" })?;
    Ok(PublicKey::from_spki(der.as_ref()))
}

fn malformed(error: &dyn fmt::Display) -> Error {
    Error::Malformed { format: "PKCS#8", reason: error.to_string() }
}

const ED25519_BYTES: usize = 32;

/// RFC 8410 section 3: no parameters.
const ED25519_ALGORITHM: AlgorithmIdentifierRef<'static> =
    AlgorithmIdentifierRef { oid: ID_ED_25519, parameters: None };
