//! Public keys of logs, as trusted roots describe them.

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::key::{KeyAlgorithm, PublicKey, rsa_modulus_bits};
use der::Decode as _;
use der::asn1::ObjectIdentifier;
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// The one algorithm with which Sigstore's logs use a key (sigstore/protobuf-specs
/// `PublicKeyDetails`); `None` for a key that no client knows.
pub(super) fn algorithm(key: &PublicKey) -> Option<KeyAlgorithm> {
    let spki = SubjectPublicKeyInfoRef::from_der(key.spki()).ok()?;
    match (spki.algorithm.oid, spki.algorithm.parameters_oid().ok()) {
        (EC, Some(P256)) => Some(KeyAlgorithm::EcdsaP256Sha256),
        (EC, Some(P384)) => Some(KeyAlgorithm::EcdsaP384Sha384),
        (EC, Some(P521)) => Some(KeyAlgorithm::EcdsaP521Sha512),
        (ED25519, _) => Some(KeyAlgorithm::Ed25519),
        (RSA, _) => match rsa_modulus_bits(spki.subject_public_key.as_bytes()?).ok()? {
            2048 => Some(KeyAlgorithm::RsaPkcs1v15_2048Sha256),
            3072 => Some(KeyAlgorithm::RsaPkcs1v15_3072Sha256),
            4096 => Some(KeyAlgorithm::RsaPkcs1v15_4096Sha256),
            _ => None,
        },
        _ => None,
    }
}

/// By which a log's signatures name it: SHA-256 of the key, and for checkpoints by Ed25519 and RSA keys
/// the note's formula over its origin, of which all 32 bytes are used (C2SP `signed-note`).
pub(super) fn log_id(key: &PublicKey, algorithm: KeyAlgorithm, origin: Option<&str>) -> Vec<u8> {
    let spki = key.spki();
    let hashed = match (algorithm, origin) {
        (KeyAlgorithm::Ed25519, Some(origin)) => {
            let raw = spki.get(spki.len().saturating_sub(ED25519_BYTES)..).unwrap_or_default();
            [origin.as_bytes(), b"\n\x01", raw].concat()
        }
        (
            KeyAlgorithm::RsaPkcs1v15_2048Sha256
            | KeyAlgorithm::RsaPkcs1v15_3072Sha256
            | KeyAlgorithm::RsaPkcs1v15_4096Sha256,
            Some(origin),
        ) => [origin.as_bytes(), b"\n\xffPKIX-RSA-PKCS#1v1.5", spki].concat(),
        _ => spki.to_vec(),
    };
    ArtifactDigest::sha256(&hashed).bytes().to_vec()
}

// RFC 5480, RFC 8410, RFC 8017.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519_BYTES: usize = 32;
