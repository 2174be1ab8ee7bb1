//! What a kept key signs verifies with another implementation, and nothing else is signed.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use chainsign_core::digest::DigestAlgorithm;
use chainsign_core::key::KeyAlgorithm;
use chainsign_core::signer::{SignInput, Signer as _, SignerCredential};
use chainsign_keys::{Error, KeyKind, KeySigner, PrivateKey};
use sha2::{Digest as _, Sha512};

#[test]
fn every_algorithm_signs_digests_and_messages() {
    for kind in KeyKind::ALL {
        let pkcs8 = PrivateKey::generate(kind).unwrap().to_pkcs8().unwrap();
        for algorithm in kind.algorithms() {
            let key = PrivateKey::from_pkcs8(&pkcs8).unwrap();
            let signer = key.into_signer_with(*algorithm).unwrap();
            assert_eq!(signer.algorithm(), *algorithm);
            let message = signed(&signer, SignInput::Message(MESSAGE)).unwrap();
            verify(&signer, MESSAGE, &message).unwrap();
            verify(&signer, b"another", &message).unwrap_err();
            if let Some(prehash) = algorithm.prehash() {
                let digest = prehash.digest(MESSAGE);
                let signature = signed(&signer, SignInput::Digest(&digest)).unwrap();
                verify(&signer, MESSAGE, &signature).unwrap();
            }
        }
    }
}

#[test]
fn the_usual_algorithm_is_the_first() {
    let signer = PrivateKey::generate(KeyKind::Ed25519).unwrap().into_signer();
    assert_eq!(signer.algorithm(), KeyAlgorithm::Ed25519);
    let SignerCredential::Key(public) = signer.credential() else { panic!("{signer:?}") };
    assert_eq!(public, signer.public_key());
}

#[test]
fn what_does_not_fit_the_key_is_not_signed() {
    let key = || PrivateKey::generate(KeyKind::EcdsaP384).unwrap();
    let error = key().into_signer_with(KeyAlgorithm::EcdsaP256Sha256).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a key of the kind ecdsa-p384 cannot sign with PKIX_ECDSA_P256_SHA_256"
    );
    let digest = DigestAlgorithm::Sha256.digest(MESSAGE);
    let error = signed(&key().into_signer(), SignInput::Digest(&digest)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a key that signs with PKIX_ECDSA_P384_SHA_384 signs sha384 digests, found sha256"
    );
    let pure = PrivateKey::generate(KeyKind::Ed25519).unwrap().into_signer();
    let error = signed(&pure, SignInput::Digest(&digest)).unwrap_err();
    assert!(matches!(error, Error::MessageNeeded { algorithm: KeyAlgorithm::Ed25519 }), "{error}");
}

fn signed(signer: &KeySigner, input: SignInput<'_>) -> Result<Vec<u8>, Error> {
    let outcome = pin!(signer.sign(input)).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(outcome) = outcome else { panic!("a key in memory signs at once") };
    outcome.map_err(|error| *error.downcast().unwrap())
}

fn verify(signer: &KeySigner, message: &[u8], signature: &[u8]) -> Result<(), String> {
    let algorithm: &dyn VerificationAlgorithm = match signer.algorithm() {
        KeyAlgorithm::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
        KeyAlgorithm::EcdsaP384Sha384 => &signature::ECDSA_P384_SHA384_ASN1,
        KeyAlgorithm::EcdsaP521Sha512 => &signature::ECDSA_P521_SHA512_ASN1,
        KeyAlgorithm::Ed25519 => &signature::ED25519,
        KeyAlgorithm::Ed25519Ph => {
            let point = signer.public_key().spki().last_chunk::<32>().unwrap();
            let key = ed25519_dalek::VerifyingKey::from_bytes(point).unwrap();
            let signature = signature.try_into().unwrap();
            let hash = Sha512::new_with_prefix(message);
            let verified = key.verify_prehashed_strict(hash, None, &signature);
            return verified.map_err(|error| error.to_string());
        }
        KeyAlgorithm::RsaPss2048Sha256
        | KeyAlgorithm::RsaPss3072Sha256
        | KeyAlgorithm::RsaPss4096Sha256 => &signature::RSA_PSS_2048_8192_SHA256,
        _ => &signature::RSA_PKCS1_2048_8192_SHA256,
    };
    let key = UnparsedPublicKey::new(algorithm, signer.public_key().spki());
    key.verify(message, signature).map_err(|error| error.to_string())
}

const MESSAGE: &[u8] = b"an artifact";
