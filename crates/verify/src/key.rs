//! Public keys and the one place where a signature is verified.
//!
//! A signer's key decides which schemes may be used with it ([`KeyKind::schemes`]); nothing in a
//! signature, a bundle or a log entry does. The schemes are those of Sigstore's algorithm registry
//! (sigstore/architecture-docs `algorithm-registry.md`), and for P-384 and P-521 also SHA-256,
//! with which cosign signed before it followed the registry (sigstore-go issue 627). Logs have the
//! one scheme that the trusted root names; a timestamp names its own (RFC 5652 section 5.3).

use std::fmt;

use aws_lc_rs::signature as lc;
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::key::{KeyAlgorithm, PublicKey, rsa_modulus_bits};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{
    ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::Decode;
use der::asn1::AnyRef;
use sha2::digest::consts::U64;
use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// A parsed public key.
pub(crate) struct VerificationKey {
    public: PublicKey,
    fingerprint: ArtifactDigest,
    kind: KeyKind,
    /// The key under its first scheme, so that the common case parses it once.
    prepared: lc::ParsedPublicKey,
}

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    P256,
    P384,
    P521,
    Rsa { bits: usize },
    Ed25519,
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Ecdsa(DigestAlgorithm),
    RsaPkcs1v15(DigestAlgorithm),
    RsaPss(DigestAlgorithm),
    Ed25519,
    Ed25519Ph,
}

/// What a signature is over.
#[derive(Clone, Copy)]
pub(crate) enum Signed<'a> {
    Message(&'a [u8]),
    Digest(&'a ArtifactDigest),
}

/// The signature does not verify.
#[derive(Debug)]
pub(crate) struct Invalid;

impl VerificationKey {
    /// Parses a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7, RFC 5480, RFC 8017, RFC 8410).
    /// Elliptic-curve points are uncompressed; RSA moduli have 2048 to 4096 bits.
    ///
    /// # Errors
    /// What was found and wanted.
    pub(crate) fn parse(public: &PublicKey) -> Result<Self, String> {
        let kind = KeyKind::of(public.spki())?;
        let scheme = kind.schemes()[0];
        let algorithm = scheme.backend(kind).ok_or("found a scheme without a backend")?;
        let prepared = lc::ParsedPublicKey::new(algorithm, public.spki())
            .map_err(|error| format!("found a {kind} key that is none: {error}"))?;
        Ok(VerificationKey {
            public: public.clone(),
            fingerprint: public.fingerprint(),
            kind,
            prepared,
        })
    }

    /// Parses a key that a document says is of an algorithm, and returns the scheme to use.
    ///
    /// # Errors
    /// What was found and wanted.
    pub(crate) fn parse_as(
        public: &PublicKey,
        algorithm: KeyAlgorithm,
    ) -> Result<(Self, Scheme), String> {
        let key = Self::parse(public)?;
        let scheme = key
            .kind
            .schemes()
            .iter()
            .copied()
            .find(|scheme| scheme.name(key.kind) == algorithm.name())
            .ok_or_else(|| format!("found a {} key, wanted {algorithm}", key.kind))?;
        Ok((key, scheme))
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn fingerprint(&self) -> &ArtifactDigest {
        &self.fingerprint
    }

    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of an Ed25519 key, or the whole SubjectPublicKeyInfo of any other.
    pub(crate) fn raw(&self) -> &[u8] {
        let spki = self.public.spki();
        match self.kind {
            KeyKind::Ed25519 => &spki[spki.len().saturating_sub(ED25519_BYTES)..],
            _ => spki,
        }
    }

    /// Verifies a signature of this key under a scheme.
    pub(crate) fn verify(
        &self,
        scheme: Scheme,
        signed: Signed<'_>,
        signature: &[u8],
    ) -> Result<(), Invalid> {
        match (scheme, signed) {
            (Scheme::Ed25519Ph, _) => self.verify_ed25519ph(signed, signature),
            (_, Signed::Message(message)) => {
                if scheme == self.kind.schemes()[0] {
                    return self.prepared.verify_sig(message, signature).map_err(|_| Invalid);
                }
                self.unprepared(scheme)?.verify(message, signature).map_err(|_| Invalid)
            }
            (_, Signed::Digest(digest)) => {
                if scheme.prehash() != Some(digest.algorithm()) {
                    return Err(Invalid);
                }
                let digest = known(digest)?;
                if scheme == self.kind.schemes()[0] {
                    let verified = self.prepared.verify_digest_sig(&digest, signature);
                    return verified.map_err(|_| Invalid);
                }
                self.unprepared(scheme)?.verify_digest(&digest, signature).map_err(|_| Invalid)
            }
        }
    }

    fn unprepared(&self, scheme: Scheme) -> Result<lc::UnparsedPublicKey<&[u8]>, Invalid> {
        let algorithm = scheme.backend(self.kind).ok_or(Invalid)?;
        Ok(lc::UnparsedPublicKey::new(algorithm, self.public.spki()))
    }

    /// RFC 8032 section 5.1 with the prehash and an empty context, and without keys or points
    /// of small order.
    fn verify_ed25519ph(&self, signed: Signed<'_>, signature: &[u8]) -> Result<(), Invalid> {
        let key: &[u8; ED25519_BYTES] = self.raw().try_into().map_err(|_| Invalid)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| Invalid)?;
        let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| Invalid)?;
        let prehash = match signed {
            Signed::Message(message) => Prehash::of(message)?,
            Signed::Digest(digest) => Prehash::from_digest(digest)?,
        };
        key.verify_prehashed_strict(prehash, None, &signature).map_err(|_| Invalid)
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({}, {})", self.kind, self.fingerprint)
    }
}

impl KeyKind {
    fn of(spki: &[u8]) -> Result<Self, String> {
        let spki = SubjectPublicKeyInfoRef::from_der(spki)
            .map_err(|error| format!("found bytes that are no SubjectPublicKeyInfo: {error}"))?;
        let key = spki.subject_public_key.as_bytes().ok_or("found a key of no whole bytes")?;
        let parameters = spki.algorithm.parameters;
        match spki.algorithm.oid {
            ID_EC_PUBLIC_KEY => Self::of_point(parameters, key),
            RSA_ENCRYPTION if parameters == Some(AnyRef::NULL) => {
                let bits = rsa_modulus_bits(key).map_err(|error| error.to_string())?;
                if !RSA_BITS.contains(&bits) {
                    return Err(format!(
                        "found an RSA key of {bits} bits, wanted {} to {}",
                        RSA_BITS.start(),
                        RSA_BITS.end()
                    ));
                }
                Ok(Self::Rsa { bits })
            }
            ID_ED_25519 if parameters.is_none() && key.len() == ED25519_BYTES => Ok(Self::Ed25519),
            oid => Err(format!(
                "found a key of algorithm {oid}, wanted ECDSA P-256, P-384 or P-521, RSA, or Ed25519"
            )),
        }
    }

    fn of_point(parameters: Option<AnyRef<'_>>, point: &[u8]) -> Result<Self, String> {
        let curve: Option<ObjectIdentifier> = parameters.and_then(|any| any.decode_as().ok());
        let (kind, coordinate) = match curve {
            Some(SECP_256_R_1) => (Self::P256, 32),
            Some(SECP_384_R_1) => (Self::P384, 48),
            Some(SECP_521_R_1) => (Self::P521, 66),
            Some(oid) => {
                return Err(format!("found the curve {oid}, wanted P-256, P-384 or P-521"));
            }
            None => return Err("found no named curve, wanted P-256, P-384 or P-521".to_owned()),
        };
        if point.first() != Some(&UNCOMPRESSED) || point.len() != 1 + 2 * coordinate {
            return Err(format!(
                "found {} bytes, wanted an uncompressed {kind} point",
                point.len()
            ));
        }
        Ok(kind)
    }

    /// The schemes that a key of this kind may sign with, the usual one first.
    pub(crate) fn schemes(self) -> &'static [Scheme] {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        match self {
            Self::P256 => &[Scheme::Ecdsa(Sha256)],
            Self::P384 => &[Scheme::Ecdsa(Sha384), Scheme::Ecdsa(Sha256)],
            Self::P521 => &[Scheme::Ecdsa(Sha512), Scheme::Ecdsa(Sha256)],
            Self::Rsa { .. } => &[Scheme::RsaPkcs1v15(Sha256), Scheme::RsaPss(Sha256)],
            Self::Ed25519 => &[Scheme::Ed25519, Scheme::Ed25519Ph],
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P256 => f.write_str("ECDSA P-256"),
            Self::P384 => f.write_str("ECDSA P-384"),
            Self::P521 => f.write_str("ECDSA P-521"),
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

impl Scheme {
    /// The digest that is signed; `None` for a scheme that signs the message itself.
    pub(crate) fn prehash(self) -> Option<DigestAlgorithm> {
        match self {
            Self::Ecdsa(digest) | Self::RsaPkcs1v15(digest) | Self::RsaPss(digest) => Some(digest),
            Self::Ed25519Ph => Some(DigestAlgorithm::Sha512),
            Self::Ed25519 => None,
        }
    }

    /// The registry's name: `PublicKeyDetails` of sigstore/protobuf-specs `sigstore_common.proto`.
    pub(crate) fn name(self, key: KeyKind) -> &'static str {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        match (key, self) {
            (KeyKind::P256, Self::Ecdsa(Sha256)) => "PKIX_ECDSA_P256_SHA_256",
            (KeyKind::P384, Self::Ecdsa(Sha384)) => "PKIX_ECDSA_P384_SHA_384",
            (KeyKind::P384, Self::Ecdsa(Sha256)) => "PKIX_ECDSA_P384_SHA_256",
            (KeyKind::P521, Self::Ecdsa(Sha512)) => "PKIX_ECDSA_P521_SHA_512",
            (KeyKind::P521, Self::Ecdsa(Sha256)) => "PKIX_ECDSA_P521_SHA_256",
            (KeyKind::Rsa { bits: 2048 }, Self::RsaPkcs1v15(_)) => "PKIX_RSA_PKCS1V15_2048_SHA256",
            (KeyKind::Rsa { bits: 3072 }, Self::RsaPkcs1v15(_)) => "PKIX_RSA_PKCS1V15_3072_SHA256",
            (KeyKind::Rsa { bits: 4096 }, Self::RsaPkcs1v15(_)) => "PKIX_RSA_PKCS1V15_4096_SHA256",
            (KeyKind::Rsa { bits: 2048 }, Self::RsaPss(_)) => "PKIX_RSA_PSS_2048_SHA256",
            (KeyKind::Rsa { bits: 3072 }, Self::RsaPss(_)) => "PKIX_RSA_PSS_3072_SHA256",
            (KeyKind::Rsa { bits: 4096 }, Self::RsaPss(_)) => "PKIX_RSA_PSS_4096_SHA256",
            (KeyKind::Ed25519, Self::Ed25519) => "PKIX_ED25519",
            (KeyKind::Ed25519, Self::Ed25519Ph) => "PKIX_ED25519_PH",
            (_, Self::RsaPkcs1v15(_)) => "RSA PKCS#1 v1.5 with SHA-256",
            (_, Self::RsaPss(_)) => "RSA PSS with SHA-256",
            _ => "an unnamed scheme",
        }
    }

    /// `None` for Ed25519ph, which the library does not offer, and where key and scheme do not
    /// go together.
    fn backend(self, key: KeyKind) -> Option<&'static dyn lc::VerificationAlgorithm> {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        Some(match (key, self) {
            (KeyKind::P256, Self::Ecdsa(Sha256)) => &lc::ECDSA_P256_SHA256_ASN1,
            (KeyKind::P256, Self::Ecdsa(Sha384)) => &lc::ECDSA_P256_SHA384_ASN1,
            (KeyKind::P256, Self::Ecdsa(Sha512)) => &lc::ECDSA_P256_SHA512_ASN1,
            (KeyKind::P384, Self::Ecdsa(Sha256)) => &lc::ECDSA_P384_SHA256_ASN1,
            (KeyKind::P384, Self::Ecdsa(Sha384)) => &lc::ECDSA_P384_SHA384_ASN1,
            (KeyKind::P384, Self::Ecdsa(Sha512)) => &lc::ECDSA_P384_SHA512_ASN1,
            (KeyKind::P521, Self::Ecdsa(Sha256)) => &lc::ECDSA_P521_SHA256_ASN1,
            (KeyKind::P521, Self::Ecdsa(Sha384)) => &lc::ECDSA_P521_SHA384_ASN1,
            (KeyKind::P521, Self::Ecdsa(Sha512)) => &lc::ECDSA_P521_SHA512_ASN1,
            (KeyKind::Rsa { .. }, Self::RsaPkcs1v15(Sha256)) => &lc::RSA_PKCS1_2048_8192_SHA256,
            (KeyKind::Rsa { .. }, Self::RsaPkcs1v15(Sha384)) => &lc::RSA_PKCS1_2048_8192_SHA384,
            (KeyKind::Rsa { .. }, Self::RsaPkcs1v15(Sha512)) => &lc::RSA_PKCS1_2048_8192_SHA512,
            (KeyKind::Rsa { .. }, Self::RsaPss(Sha256)) => &lc::RSA_PSS_2048_8192_SHA256,
            (KeyKind::Rsa { .. }, Self::RsaPss(Sha384)) => &lc::RSA_PSS_2048_8192_SHA384,
            (KeyKind::Rsa { .. }, Self::RsaPss(Sha512)) => &lc::RSA_PSS_2048_8192_SHA512,
            (KeyKind::Ed25519, Self::Ed25519) => &lc::ED25519,
            _ => return None,
        })
    }
}

/// A digest as the library takes one.
fn known(digest: &ArtifactDigest) -> Result<aws_lc_rs::digest::Digest, Invalid> {
    let algorithm = match digest.algorithm() {
        DigestAlgorithm::Sha256 => &aws_lc_rs::digest::SHA256,
        DigestAlgorithm::Sha384 => &aws_lc_rs::digest::SHA384,
        DigestAlgorithm::Sha512 => &aws_lc_rs::digest::SHA512,
        _ => return Err(Invalid),
    };
    aws_lc_rs::digest::Digest::import_less_safe(digest.bytes(), algorithm).map_err(|_| Invalid)
}

/// A SHA-512 that is known already, in the shape in which the Ed25519 library asks for one.
#[derive(Clone)]
struct Prehash([u8; 64]);

impl Prehash {
    fn of(message: &[u8]) -> Result<Self, Invalid> {
        Self::from_digest(&DigestAlgorithm::Sha512.digest(message))
    }

    fn from_digest(digest: &ArtifactDigest) -> Result<Self, Invalid> {
        digest.bytes().try_into().map(Prehash).map_err(|_| Invalid)
    }
}

impl Default for Prehash {
    fn default() -> Self {
        Prehash([0; 64])
    }
}

impl HashMarker for Prehash {}

impl OutputSizeUser for Prehash {
    type OutputSize = U64;
}

impl Update for Prehash {
    fn update(&mut self, _: &[u8]) {}
}

impl FixedOutput for Prehash {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}

const ED25519_BYTES: usize = 32;
/// SEC 1 section 2.3.3.
const UNCOMPRESSED: u8 = 4;
/// The registry's RSA keys have 2048, 3072 or 4096 bits; sizes between are verified as well.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
