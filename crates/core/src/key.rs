//! Public keys and the algorithms of Sigstore's registry.

use std::fmt;

use der::Decode as _;
use der::asn1::UintRef;

use crate::Error;
use crate::digest::{ArtifactDigest, DigestAlgorithm};
use crate::encoding::{pem_decode, pem_encode};

/// A signature algorithm together with its key type: `PublicKeyDetails` of
/// sigstore/protobuf-specs `sigstore_common.proto`, as far as clients use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it; `name` gives the registry's spelling")]
pub enum KeyAlgorithm {
    EcdsaP256Sha256,
    EcdsaP384Sha384,
    EcdsaP521Sha512,
    RsaPkcs1v15_2048Sha256,
    RsaPkcs1v15_3072Sha256,
    RsaPkcs1v15_4096Sha256,
    RsaPss2048Sha256,
    RsaPss3072Sha256,
    RsaPss4096Sha256,
    Ed25519,
    Ed25519Ph,
}

impl KeyAlgorithm {
    /// The registry's name, as trusted roots and Rekor v2 entries spell it.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(algorithm, _)| *algorithm == self).map_or("", |(_, name)| name)
    }

    /// The algorithm of a registry name. `None` for one that is not used here.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(algorithm, _)| *algorithm)
    }

    /// The digest that is signed instead of the message; `None` for pure Ed25519, which signs
    /// the message itself.
    pub fn prehash(self) -> Option<DigestAlgorithm> {
        match self {
            Self::EcdsaP256Sha256
            | Self::RsaPkcs1v15_2048Sha256
            | Self::RsaPkcs1v15_3072Sha256
            | Self::RsaPkcs1v15_4096Sha256
            | Self::RsaPss2048Sha256
            | Self::RsaPss3072Sha256
            | Self::RsaPss4096Sha256 => Some(DigestAlgorithm::Sha256),
            Self::EcdsaP384Sha384 => Some(DigestAlgorithm::Sha384),
            Self::EcdsaP521Sha512 | Self::Ed25519Ph => Some(DigestAlgorithm::Sha512),
            Self::Ed25519 => None,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A public key as DER SubjectPublicKeyInfo (RFC 5280 section 4.1). Parsed where it is used:
/// holding one says nothing about whether it is a key of a known algorithm.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    spki: Vec<u8>,
}

impl PublicKey {
    /// From the DER of a SubjectPublicKeyInfo.
    pub fn from_spki(spki: impl Into<Vec<u8>>) -> Self {
        PublicKey { spki: spki.into() }
    }

    /// From PEM with the label `PUBLIC KEY`, as cosign writes it.
    ///
    /// # Errors
    /// [`Error::Pem`].
    pub fn from_pem(text: &[u8]) -> Result<Self, Error> {
        Ok(Self::from_spki(pem_decode("public key", PEM_LABEL, text)?))
    }

    /// The DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// PEM with LF line ends.
    pub fn to_pem(&self) -> String {
        pem_encode(PEM_LABEL, &self.spki)
    }

    /// SHA-256 of the DER: the id of Rekor v1 and CT logs, and what this project calls a key's
    /// fingerprint.
    pub fn fingerprint(&self) -> ArtifactDigest {
        ArtifactDigest::sha256(&self.spki)
    }
}

/// The size of an RSA key, from the DER of an RSAPublicKey, `SEQUENCE { modulus INTEGER,
/// publicExponent INTEGER }` (RFC 8017 appendix A.1.1), in bits without leading zeros.
///
/// # Errors
/// [`Error::Invalid`] when it is another structure, or another encoding than DER.
pub fn rsa_modulus_bits(key: &[u8]) -> Result<usize, Error> {
    #[derive(der::Sequence)]
    struct RsaPublicKey<'a> {
        modulus: UintRef<'a>,
        _exponent: UintRef<'a>,
    }
    let invalid =
        |error: der::Error| Error::Invalid { document: "RSA key", reason: error.to_string() };
    let key = RsaPublicKey::from_der(key).map_err(invalid)?;
    let modulus = key.modulus.as_bytes();
    let leading_zeros = modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    Ok((modulus.len() * 8).saturating_sub(leading_zeros))
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

const PEM_LABEL: &str = "PUBLIC KEY";

/// Spelling of sigstore/protobuf-specs.
const NAMES: [(KeyAlgorithm, &str); 11] = [
    (KeyAlgorithm::EcdsaP256Sha256, "PKIX_ECDSA_P256_SHA_256"),
    (KeyAlgorithm::EcdsaP384Sha384, "PKIX_ECDSA_P384_SHA_384"),
    (KeyAlgorithm::EcdsaP521Sha512, "PKIX_ECDSA_P521_SHA_512"),
    (KeyAlgorithm::RsaPkcs1v15_2048Sha256, "PKIX_RSA_PKCS1V15_2048_SHA256"),
    (KeyAlgorithm::RsaPkcs1v15_3072Sha256, "PKIX_RSA_PKCS1V15_3072_SHA256"),
    (KeyAlgorithm::RsaPkcs1v15_4096Sha256, "PKIX_RSA_PKCS1V15_4096_SHA256"),
    (KeyAlgorithm::RsaPss2048Sha256, "PKIX_RSA_PSS_2048_SHA256"),
    (KeyAlgorithm::RsaPss3072Sha256, "PKIX_RSA_PSS_3072_SHA256"),
    (KeyAlgorithm::RsaPss4096Sha256, "PKIX_RSA_PSS_4096_SHA256"),
    (KeyAlgorithm::Ed25519, "PKIX_ED25519"),
    (KeyAlgorithm::Ed25519Ph, "PKIX_ED25519_PH"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_has_one_name() {
        for (algorithm, name) in NAMES {
            assert_eq!(algorithm.name(), name);
            assert_eq!(KeyAlgorithm::from_name(name), Some(algorithm));
        }
        assert_eq!(KeyAlgorithm::from_name("PKIX_ECDSA_P256_HMAC_SHA_256"), None);
    }

    #[test]
    fn pem_round_trip() {
        let key = PublicKey::from_spki([1, 2, 3]);
        assert_eq!(PublicKey::from_pem(key.to_pem().as_bytes()).unwrap(), key);
        let error =
            PublicKey::from_pem(b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n");
        assert!(matches!(error, Err(Error::Pem { wanted: "PUBLIC KEY", .. })), "{error:?}");
    }
}
