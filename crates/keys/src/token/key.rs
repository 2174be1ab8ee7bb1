//! Signing with a key in a token.

use std::sync::{Mutex, PoisonError};

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::key::KeyAlgorithm;
use cryptoki::error::{Error as Pkcs11Error, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki::types::Ulong;
use der::Encode as _;
use der::asn1::{AnyRef, UintRef};

use super::module::failed;
use crate::{Error, KeyKind};

/// A private key in a token whose owner is logged in.
pub(crate) struct TokenKey {
    /// A session does one thing at a time.
    pub(super) session: Mutex<Session>,
    pub(super) handle: ObjectHandle,
    /// What it can sign with.
    pub(super) algorithms: Vec<KeyAlgorithm>,
    /// The token's label.
    pub(super) token: String,
}

impl TokenKey {
    /// What a key of this kind can sign with in a token that has these mechanisms. The usual one is
    /// first.
    pub(super) fn algorithms(
        kind: KeyKind,
        can: impl Fn(MechanismType) -> bool,
    ) -> Vec<KeyAlgorithm> {
        let all = kind.algorithms().iter().copied();
        all.filter(|algorithm| mechanism(*algorithm).is_some_and(|m| can(m.mechanism_type())))
            .collect()
    }

    /// Whether it can sign with the algorithm.
    ///
    /// # Errors
    /// [`Error::TokenAlgorithm`].
    pub(crate) fn offers(&self, algorithm: KeyAlgorithm) -> Result<(), Error> {
        match self.algorithms.contains(&algorithm) {
            true => Ok(()),
            false => Err(Error::TokenAlgorithm { token: self.token.clone(), algorithm }),
        }
    }

    /// Signs a digest of the algorithm's own. The thread waits for the token.
    pub(crate) fn sign_digest(
        &self,
        algorithm: KeyAlgorithm,
        digest: &ArtifactDigest,
    ) -> Result<Vec<u8>, Error> {
        match algorithm {
            KeyAlgorithm::EcdsaP256Sha256
            | KeyAlgorithm::EcdsaP384Sha384
            | KeyAlgorithm::EcdsaP521Sha512 => ecdsa_der(&self.sign(algorithm, digest.bytes())?),
            KeyAlgorithm::RsaPkcs1v15_2048Sha256
            | KeyAlgorithm::RsaPkcs1v15_3072Sha256
            | KeyAlgorithm::RsaPkcs1v15_4096Sha256 => {
                self.sign(algorithm, &[&SHA256_INFO, digest.bytes()].concat())
            }
            _ => self.sign(algorithm, digest.bytes()),
        }
    }

    /// Signs what the algorithm's mechanism takes. Nothing is tried twice.
    pub(crate) fn sign(&self, algorithm: KeyAlgorithm, data: &[u8]) -> Result<Vec<u8>, Error> {
        let unknown = || Error::TokenAlgorithm { token: self.token.clone(), algorithm };
        let mechanism = mechanism(algorithm).ok_or_else(unknown)?;
        // Whoever panicked left no state of ours behind.
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.sign(&mechanism, self.handle, data).map_err(|error| match error {
            Pkcs11Error::Pkcs11(
                RvError::MechanismInvalid
                | RvError::MechanismParamInvalid
                | RvError::KeyTypeInconsistent
                | RvError::KeyFunctionNotPermitted,
                _,
            ) => unknown(),
            error => failed("sign", &error),
        })
    }
}

/// The mechanism that signs what is hashed already, or for Ed25519 the message. There is none for
/// Ed25519ph: tokens do not agree on whether to hash what they are given.
fn mechanism(algorithm: KeyAlgorithm) -> Option<Mechanism<'static>> {
    use KeyAlgorithm::{
        EcdsaP256Sha256, EcdsaP384Sha384, EcdsaP521Sha512, Ed25519, RsaPkcs1v15_2048Sha256,
        RsaPkcs1v15_3072Sha256, RsaPkcs1v15_4096Sha256, RsaPss2048Sha256, RsaPss3072Sha256,
        RsaPss4096Sha256,
    };
    match algorithm {
        EcdsaP256Sha256 | EcdsaP384Sha384 | EcdsaP521Sha512 => Some(Mechanism::Ecdsa),
        RsaPkcs1v15_2048Sha256 | RsaPkcs1v15_3072Sha256 | RsaPkcs1v15_4096Sha256 => {
            Some(Mechanism::RsaPkcs)
        }
        RsaPss2048Sha256 | RsaPss3072Sha256 | RsaPss4096Sha256 => {
            Some(Mechanism::RsaPkcsPss(PkcsPssParams {
                hash_alg: MechanismType::SHA256,
                mgf: PkcsMgfType::MGF1_SHA256,
                // As long as the digest: RFC 4055 section 3.1.
                s_len: Ulong::from(32),
            }))
        }
        Ed25519 => Some(Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure))),
        _ => None,
    }
}

/// From r and s, of the same length (PKCS#11 version 3.0 section 2.3.1), to
/// `SEQUENCE { r INTEGER, s INTEGER }` (RFC 5480 appendix A).
fn ecdsa_der(signature: &[u8]) -> Result<Vec<u8>, Error> {
    let (r, s) = signature.split_at(signature.len() / 2);
    if r.is_empty() || r.len() != s.len() {
        return Err(Error::TokenFailed {
            doing: "sign",
            reason: format!("found an ECDSA signature of {} bytes", signature.len()),
        });
    }
    let encode = || {
        let mut both = Vec::with_capacity(signature.len() + 6);
        UintRef::new(r)?.encode_to_vec(&mut both)?;
        UintRef::new(s)?.encode_to_vec(&mut both)?;
        AnyRef::new(der::Tag::Sequence, &both)?.to_der()
    };
    encode().map_err(|_: der::Error| Error::Backend { doing: "encode a signature" })
}

/// The DigestInfo of SHA-256 up to the digest: RFC 8017 section 9.2, note 1.
const SHA256_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_signatures_are_as_short_as_they_can_be() {
        // A leading zero goes, and one comes where the first bit would be a sign.
        assert_eq!(ecdsa_der(&[0, 1, 0x80, 2]).unwrap(), [0x30, 8, 2, 1, 1, 2, 3, 0, 0x80, 2]);
        for wrong in [&[][..], &[1], &[1, 2, 3]] {
            let error = ecdsa_der(wrong).unwrap_err();
            assert!(matches!(error, Error::TokenFailed { doing: "sign", .. }), "{error}");
        }
    }

    #[test]
    fn what_a_token_offers_is_what_it_has_mechanisms_for() {
        let none = TokenKey::algorithms(KeyKind::EcdsaP256, |m| m == MechanismType::RSA_PKCS);
        assert_eq!(none, []);
        let pkcs1 = TokenKey::algorithms(KeyKind::Rsa2048, |m| m == MechanismType::RSA_PKCS);
        assert_eq!(pkcs1, [KeyAlgorithm::RsaPkcs1v15_2048Sha256]);
        let ed25519 = TokenKey::algorithms(KeyKind::Ed25519, |_| true);
        assert_eq!(ed25519, [KeyAlgorithm::Ed25519]);
    }
}
