//! Keys of every algorithm, freshly made.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, KeyPair, RsaKeyPair};
use chainsign_core::key::PublicKey;
use ed25519_dalek::{SigningKey, VerifyingKey};
use p384::ecdsa::signature::hazmat::PrehashSigner;
use sha2::{Digest, Sha256, Sha512};

use super::der;

pub(crate) enum Key {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    /// As cosign signed with such keys before it followed the registry.
    P384Sha256(p384::ecdsa::SigningKey),
    P521(EcdsaKeyPair),
    RsaPkcs1(RsaKeyPair),
    RsaPss(RsaKeyPair),
    Ed25519(SigningKey),
    Ed25519Ph(SigningKey),
}

impl Key {
    pub(crate) fn p256() -> Self {
        Key::P256(EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    pub(crate) fn p384() -> Self {
        Key::P384(EcdsaKeyPair::generate(&lc::ECDSA_P384_SHA384_ASN1_SIGNING).unwrap())
    }

    pub(crate) fn p384_sha256() -> Self {
        Key::P384Sha256(p384::ecdsa::SigningKey::random(
            &mut p384::elliptic_curve::rand_core::OsRng,
        ))
    }

    pub(crate) fn p521() -> Self {
        Key::P521(EcdsaKeyPair::generate(&lc::ECDSA_P521_SHA512_ASN1_SIGNING).unwrap())
    }

    pub(crate) fn rsa_pkcs1(size: KeySize) -> Self {
        Key::RsaPkcs1(rsa_of(size))
    }

    pub(crate) fn rsa_pss(size: KeySize) -> Self {
        Key::RsaPss(rsa_of(size))
    }

    pub(crate) fn ed25519() -> Self {
        Key::Ed25519(dalek())
    }

    pub(crate) fn ed25519_ph() -> Self {
        Key::Ed25519Ph(dalek())
    }

    /// The same key once more.
    pub(crate) fn again(&self) -> Self {
        let ecdsa = |key: &EcdsaKeyPair, algorithm| {
            let pkcs8 = key.to_pkcs8v1().unwrap();
            EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).unwrap()
        };
        match self {
            Key::P256(key) => Key::P256(ecdsa(key, &lc::ECDSA_P256_SHA256_ASN1_SIGNING)),
            Key::Ed25519(key) => Key::Ed25519(key.clone()),
            _ => panic!("only the keys of logs are needed twice"),
        }
    }

    /// ECDSA as DER, the others as they are.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Key::P256(key) | Key::P384(key) | Key::P521(key) => {
                key.sign(&random, message).unwrap().as_ref().to_vec()
            }
            Key::P384Sha256(key) => {
                let signature: p384::ecdsa::Signature =
                    key.sign_prehash(&Sha256::digest(message)).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
            Key::RsaPkcs1(key) => rsa(key, &lc::RSA_PKCS1_SHA256, message),
            Key::RsaPss(key) => rsa(key, &lc::RSA_PSS_SHA256, message),
            Key::Ed25519(key) => ed25519_dalek::Signer::sign(key, message).to_vec(),
            Key::Ed25519Ph(key) => {
                let prehash = Sha512::new().chain_update(message);
                key.sign_prehashed(prehash, None).unwrap().to_vec()
            }
        }
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        let der = |key: &EcdsaKeyPair| {
            let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
            der.as_ref().to_vec()
        };
        match self {
            Key::P256(key) | Key::P384(key) | Key::P521(key) => der(key),
            Key::P384Sha256(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                let curve = [der::oid("1.2.840.10045.2.1"), der::oid("1.3.132.0.34")];
                der::sequence(&[der::sequence(&curve), der::bits(point.as_bytes())])
            }
            Key::RsaPkcs1(key) | Key::RsaPss(key) => {
                let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
                der.as_ref().to_vec()
            }
            Key::Ed25519(key) | Key::Ed25519Ph(key) => ed25519_spki(&key.verifying_key()),
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_spki(self.spki())
    }

    /// The 32 bytes of an Ed25519 key.
    pub(crate) fn raw(&self) -> Vec<u8> {
        match self {
            Key::Ed25519(key) | Key::Ed25519Ph(key) => key.verifying_key().to_bytes().to_vec(),
            _ => panic!("not an Ed25519 key"),
        }
    }

    /// `PublicKeyDetails` of protobuf-specs.
    pub(crate) fn details(&self) -> &'static str {
        match self {
            Key::P256(_) => "PKIX_ECDSA_P256_SHA_256",
            Key::P384(_) => "PKIX_ECDSA_P384_SHA_384",
            Key::P384Sha256(_) => "PKIX_ECDSA_P384_SHA_256",
            Key::P521(_) => "PKIX_ECDSA_P521_SHA_512",
            Key::RsaPkcs1(key) => match key.public_modulus_len() {
                256 => "PKIX_RSA_PKCS1V15_2048_SHA256",
                384 => "PKIX_RSA_PKCS1V15_3072_SHA256",
                _ => "PKIX_RSA_PKCS1V15_4096_SHA256",
            },
            Key::RsaPss(key) => match key.public_modulus_len() {
                256 => "PKIX_RSA_PSS_2048_SHA256",
                384 => "PKIX_RSA_PSS_3072_SHA256",
                _ => "PKIX_RSA_PSS_4096_SHA256",
            },
            Key::Ed25519(_) => "PKIX_ED25519",
            Key::Ed25519Ph(_) => "PKIX_ED25519_PH",
        }
    }

    /// The digest that names the artifact in log entries by this key: `sha256`, `sha384`, `sha512`.
    pub(crate) fn hash_name(&self) -> &'static str {
        match self {
            Key::P384(_) => "sha384",
            Key::P521(_) | Key::Ed25519Ph(_) => "sha512",
            _ => "sha256",
        }
    }

    /// The AlgorithmIdentifier of a signature by this key, as X.509 and CMS write it.
    pub(crate) fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Key::P256(_) | Key::P384Sha256(_) => der::sequence(&[der::oid("1.2.840.10045.4.3.2")]),
            Key::P384(_) => der::sequence(&[der::oid("1.2.840.10045.4.3.3")]),
            Key::P521(_) => der::sequence(&[der::oid("1.2.840.10045.4.3.4")]),
            Key::RsaPkcs1(_) => der::sequence(&[der::oid("1.2.840.113549.1.1.11"), der::null()]),
            Key::RsaPss(_) => {
                // RFC 4055 section 3.1, with SHA-256 and a salt of 32 bytes
                let sha256 = der::sequence(&[der::oid("2.16.840.1.101.3.4.2.1"), der::null()]);
                let mask = der::sequence(&[der::oid("1.2.840.113549.1.1.8"), sha256.clone()]);
                let parameters = der::sequence(&[
                    der::context(0, &sha256),
                    der::context(1, &mask),
                    der::context(2, der::integer(&[32])),
                ]);
                der::sequence(&[der::oid("1.2.840.113549.1.1.10"), parameters])
            }
            Key::Ed25519(_) | Key::Ed25519Ph(_) => der::sequence(&[der::oid("1.3.101.112")]),
        }
    }
}

/// One key of each size: making one takes seconds.
fn rsa_of(size: KeySize) -> RsaKeyPair {
    static KEYS: [OnceLock<Vec<u8>>; 3] = [const { OnceLock::new() }; 3];
    let place = match size {
        KeySize::Rsa2048 => &KEYS[0],
        KeySize::Rsa3072 => &KEYS[1],
        _ => &KEYS[2],
    };
    let pkcs8 = place.get_or_init(|| {
        let key = RsaKeyPair::generate(size).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = key.as_der().unwrap();
        pkcs8.as_ref().to_vec()
    });
    RsaKeyPair::from_pkcs8(pkcs8).unwrap()
}

fn rsa(key: &RsaKeyPair, padding: &'static dyn lc::RsaEncoding, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}

fn dalek() -> SigningKey {
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).unwrap();
    SigningKey::from_bytes(&seed)
}

fn ed25519_spki(key: &VerifyingKey) -> Vec<u8> {
    let algorithm = der::sequence(&[der::oid("1.3.101.112")]);
    der::sequence(&[algorithm, der::bits(key.as_bytes())])
}
