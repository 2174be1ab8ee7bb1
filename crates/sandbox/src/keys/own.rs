use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair};
use chainsign_core::encoding::{pem_decode, pem_encode};
use der::asn1::ObjectIdentifier;
use der::oid::db::rfc5912::{ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384};

use crate::Error;
use crate::state::{Access, Store};

/// A NIST curve, with the hash that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl Curve {
    fn algorithm(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Curve::P256 => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
            Curve::P384 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
        }
    }

    /// The signature algorithm in certificates (RFC 5758 section 3.2).
    pub(crate) fn signature_oid(self) -> ObjectIdentifier {
        match self {
            Curve::P256 => ECDSA_WITH_SHA_256,
            Curve::P384 => ECDSA_WITH_SHA_384,
        }
    }
}

/// An ECDSA key that signs with its curve's hash.
pub(crate) struct EcdsaKey {
    pair: EcdsaKeyPair,
    curve: Curve,
    spki: Vec<u8>,
}

impl EcdsaKey {
    /// The key of the state folder, or a new one.
    pub(crate) fn load(store: &Store, name: &str, curve: Curve) -> Result<Self, Error> {
        let pkcs8 = stored(store, name, || {
            let pkcs8 = EcdsaKeyPair::generate(curve.algorithm()).and_then(|key| key.to_pkcs8v1());
            pkcs8.map(|document| document.as_ref().to_vec())
        })?;
        let pair = EcdsaKeyPair::from_pkcs8(curve.algorithm(), &pkcs8)
            .map_err(|_| wrong(store, name, "a P-256 or P-384 key of this place's curve"))?;
        let spki: PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(crypto("encode a public key"))?;
        let spki = spki.as_ref().to_vec();
        Ok(EcdsaKey { pair, curve, spki })
    }

    pub(crate) fn curve(&self) -> Curve {
        self.curve
    }

    /// SubjectPublicKeyInfo, DER.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Signs the hash of the message; ASN.1 DER.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(crypto("sign"))?;
        Ok(signature.as_ref().to_vec())
    }
}

/// A pure Ed25519 key.
pub(crate) struct Ed25519Key {
    pair: Ed25519KeyPair,
    spki: Vec<u8>,
}

impl Ed25519Key {
    /// The key of the state folder, or a new one.
    pub(crate) fn load(store: &Store, name: &str) -> Result<Self, Error> {
        let pkcs8 = stored(store, name, || {
            let pkcs8 = Ed25519KeyPair::generate().and_then(|key| key.to_pkcs8v1());
            pkcs8.map(|document| document.as_ref().to_vec())
        })?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8)
            .map_err(|_| wrong(store, name, "an Ed25519 key"))?;
        let spki: PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(crypto("encode a public key"))?;
        let spki = spki.as_ref().to_vec();
        Ok(Ed25519Key { pair, spki })
    }

    /// SubjectPublicKeyInfo, DER.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The key itself: 32 bytes.
    pub(crate) fn raw(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

/// An RSA key of 2048 bits that signs PKCS#1 v1.5 with SHA-256: RS256.
pub(crate) struct RsaKey(signature::RsaKeyPair);

impl RsaKey {
    /// The key of the state folder, or a new one.
    pub(crate) fn load(store: &Store, name: &str) -> Result<Self, Error> {
        let pkcs8 = stored(store, name, || {
            let key = signature::RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048)?;
            let pkcs8: Pkcs8V1Der<'_> = key.as_der()?;
            Ok(pkcs8.as_ref().to_vec())
        })?;
        let pair = signature::RsaKeyPair::from_pkcs8(&pkcs8);
        Ok(RsaKey(pair.map_err(|_| wrong(store, name, "an RSA key"))?))
    }

    /// `RSAPublicKey` of RFC 8017, DER.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        self.0
            .sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signature)
            .map_err(crypto("sign"))?;
        Ok(signature)
    }
}

macro_rules! say_nothing_of_the_secret {
    ($($key:ident),+) => {$(
        impl fmt::Debug for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($key), "(..)"))
            }
        }
    )+};
}
say_nothing_of_the_secret!(EcdsaKey, Ed25519Key, RsaKey);

fn stored(
    store: &Store,
    name: &str,
    generate: impl FnOnce() -> Result<Vec<u8>, aws_lc_rs::error::Unspecified>,
) -> Result<Vec<u8>, Error> {
    let pem = store.load_or_make(&format!("{name}.key.pem"), Access::Secret, || {
        let pkcs8 = generate().map_err(crypto("generate a key"))?;
        Ok(pem_encode(PEM_LABEL, &pkcs8).into_bytes())
    })?;
    pem_decode("key of the sandbox", PEM_LABEL, &pem)
        .map_err(|error| store.invalid(&format!("{name}.key.pem"), error.to_string()))
}

fn wrong(store: &Store, name: &str, wanted: &str) -> Error {
    store.invalid(&format!("{name}.key.pem"), format!("wanted {wanted}"))
}

fn crypto(action: &'static str) -> impl FnOnce(aws_lc_rs::error::Unspecified) -> Error {
    move |_| Error::Crypto { action }
}

const PEM_LABEL: &str = "PRIVATE KEY";
