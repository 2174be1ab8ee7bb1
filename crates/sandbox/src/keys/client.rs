use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use chainsign_core::digest::DigestAlgorithm;
use der::asn1::{ObjectIdentifier, UintRef};
use der::oid::db::{rfc5912, rfc8410};
use der::{Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// A public key that a client sent: of a kind and strength that Sigstore takes.
#[derive(Clone, Debug)]
pub(crate) struct ClientKey {
    kind: KeyKind,
    spki: Vec<u8>,
}

/// The kinds of keys that Fulcio and Rekor take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    P256,
    P384,
    P521,
    Rsa2048,
    Rsa3072,
    Rsa4096,
    Ed25519,
}

type Hash = DigestAlgorithm;

/// Why a key or signature of a client is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// It is no SubjectPublicKeyInfo.
    Malformed,
    /// It is a key that Sigstore does not take: a foreign algorithm, curve, size or exponent.
    Insecure,
    /// The signature is not by this key over this.
    Signature,
    /// The key cannot be used with this hash.
    Unsupported,
}

impl ClientKey {
    /// From the DER of a SubjectPublicKeyInfo.
    pub(crate) fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let kind = kind(spki)?;
        // Proves that the key is one, e.g. that the point is on the curve.
        let parsed = UnparsedPublicKey::new(kind.algorithm(kind.hash())?, spki).parse();
        parsed.map_err(|_| KeyError::Malformed)?;
        Ok(ClientKey { kind, spki: spki.to_vec() })
    }

    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }

    /// SubjectPublicKeyInfo, DER.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Checks a signature over a message, hashed as [`KeyKind::hash`] says.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        self.verify_hashed(message, self.kind.hash(), signature)
    }

    /// Checks a signature over a message, hashed with SHA-256 whatever the curve, but for Ed25519.
    pub(crate) fn verify_sha256(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        let hash = if self.kind == KeyKind::Ed25519 { self.kind.hash() } else { Hash::Sha256 };
        self.verify_hashed(message, hash, signature)
    }

    /// Checks a signature over a message under another hash.
    pub(crate) fn verify_hashed(
        &self,
        message: &[u8],
        hash: Hash,
        signature: &[u8],
    ) -> Result<(), KeyError> {
        let key = UnparsedPublicKey::new(self.kind.algorithm(hash)?, &self.spki);
        key.verify(message, signature).map_err(|_| KeyError::Signature)
    }

    /// Checks a signature over a digest. Ed25519 signs no digest but as Ed25519ph, which is not
    /// offered here: [`KeyError::Unsupported`].
    pub(crate) fn verify_digest(
        &self,
        hash: Hash,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), KeyError> {
        if self.kind == KeyKind::Ed25519 {
            return Err(KeyError::Unsupported);
        }
        let algorithm = match hash {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
            _ => return Err(KeyError::Unsupported),
        };
        let digest = digest::Digest::import_less_safe(digest, algorithm)
            .map_err(|_| KeyError::Unsupported)?;
        let key = UnparsedPublicKey::new(self.kind.algorithm(hash)?, &self.spki);
        key.verify_digest(&digest, signature).map_err(|_| KeyError::Signature)
    }
}

impl KeyKind {
    /// The hash that Sigstore pairs with the key (sigstore `LoadDefaultVerifier`); Ed25519 hashes
    /// on its own.
    pub(crate) fn hash(self) -> Hash {
        match self {
            Self::P256 | Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 | Self::Ed25519 => Hash::Sha512,
        }
    }

    fn algorithm(self, hash: Hash) -> Result<&'static dyn VerificationAlgorithm, KeyError> {
        Ok(match (self, hash) {
            (Self::P256, Hash::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Self::P256, Hash::Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Self::P256, Hash::Sha512) => &signature::ECDSA_P256_SHA512_ASN1,
            (Self::P384, Hash::Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Self::P384, Hash::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (Self::P384, Hash::Sha512) => &signature::ECDSA_P384_SHA512_ASN1,
            (Self::P521, Hash::Sha256) => &signature::ECDSA_P521_SHA256_ASN1,
            (Self::P521, Hash::Sha384) => &signature::ECDSA_P521_SHA384_ASN1,
            (Self::P521, Hash::Sha512) => &signature::ECDSA_P521_SHA512_ASN1,
            (Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096, Hash::Sha256) => {
                &signature::RSA_PKCS1_2048_8192_SHA256
            }
            (Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096, Hash::Sha384) => {
                &signature::RSA_PKCS1_2048_8192_SHA384
            }
            (Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096, Hash::Sha512) => {
                &signature::RSA_PKCS1_2048_8192_SHA512
            }
            (Self::Ed25519, Hash::Sha512) => &signature::ED25519,
            _ => return Err(KeyError::Unsupported),
        })
    }
}

fn kind(spki: &[u8]) -> Result<KeyKind, KeyError> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| KeyError::Malformed)?;
    let curve = || spki.algorithm.parameters_oid().map_err(|_| KeyError::Insecure);
    match spki.algorithm.oid {
        rfc5912::ID_EC_PUBLIC_KEY => match curve()? {
            rfc5912::SECP_256_R_1 => Ok(KeyKind::P256),
            rfc5912::SECP_384_R_1 => Ok(KeyKind::P384),
            rfc5912::SECP_521_R_1 => Ok(KeyKind::P521),
            _ => Err(KeyError::Insecure),
        },
        rfc5912::RSA_ENCRYPTION => {
            let bits = spki.subject_public_key.as_bytes().ok_or(KeyError::Malformed)?;
            rsa_kind(bits).map_err(|_| KeyError::Malformed)?.ok_or(KeyError::Insecure)
        }
        rfc8410::ID_ED_25519 => Ok(KeyKind::Ed25519),
        _ => Err(KeyError::Insecure),
    }
}

/// The kind of an `RSAPublicKey` (RFC 8017 appendix A.1.1); `None` for one that is not taken.
fn rsa_kind(public_key: &[u8]) -> der::Result<Option<KeyKind>> {
    let (modulus, exponent) = rsa_parts(public_key)?;
    let odd = modulus.as_bytes().last().is_some_and(|byte| byte % 2 == 1);
    let high = modulus.as_bytes().first().is_some_and(|byte| byte >> 7 == 1);
    if exponent.as_bytes() != [1, 0, 1] || !odd || !high {
        return Ok(None);
    }
    Ok(match modulus.as_bytes().len() {
        256 => Some(KeyKind::Rsa2048),
        384 => Some(KeyKind::Rsa3072),
        512 => Some(KeyKind::Rsa4096),
        _ => None,
    })
}

/// Modulus and exponent of an `RSAPublicKey`.
pub(crate) fn rsa_parts(public_key: &[u8]) -> der::Result<(UintRef<'_>, UintRef<'_>)> {
    let mut reader = SliceReader::new(public_key)?;
    let parts =
        reader.sequence(|sequence| Ok((UintRef::decode(sequence)?, UintRef::decode(sequence)?)))?;
    reader.finish(parts)
}

/// The hash of a signature algorithm, as certificate requests name it.
pub(crate) fn hash_of_signature(oid: ObjectIdentifier) -> Option<Hash> {
    match oid {
        rfc5912::ECDSA_WITH_SHA_256 | rfc5912::SHA_256_WITH_RSA_ENCRYPTION => Some(Hash::Sha256),
        rfc5912::ECDSA_WITH_SHA_384 | rfc5912::SHA_384_WITH_RSA_ENCRYPTION => Some(Hash::Sha384),
        rfc5912::ECDSA_WITH_SHA_512
        | rfc5912::SHA_512_WITH_RSA_ENCRYPTION
        | rfc8410::ID_ED_25519 => Some(Hash::Sha512),
        _ => None,
    }
}
