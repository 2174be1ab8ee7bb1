//! Keys of owners and functionaries.

use std::fmt;

use aws_lc_rs::signature::{self as lc, UnparsedPublicKey, VerificationAlgorithm};
use chainsign_core::Limits;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::encoding::hex_decode;
use chainsign_core::json;
use chainsign_core::key::PublicKey;
use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

use super::LayoutError;

/// A public key with the one scheme in which it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutKey {
    scheme: Scheme,
    /// A SubjectPublicKeyInfo, but for Ed25519 the 32 bytes of the key: one form for each key.
    bytes: Vec<u8>,
}

/// The schemes of securesystemslib that are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Ed25519,
    RsaPssSha256,
    RsaPkcs1Sha256,
    EcdsaP256Sha256,
    EcdsaP384Sha384,
    /// One that is not: such a key has signed nothing.
    Other,
}

impl LayoutKey {
    /// Reads a key file: PEM (`PUBLIC KEY`), or the JSON that older versions of in-toto write for Ed25519.
    ///
    /// A PEM file does not say in which scheme an RSA key signs: it is RSASSA-PSS with SHA-256, which is in-toto's own
    /// choice.
    ///
    /// # Errors
    /// [`LayoutError::Key`] for anything else, and for a kind of key that is not verified.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, LayoutError> {
        let wrong = |reason: String| LayoutError::Key { key: name.to_owned(), reason };
        let key = match bytes.trim_ascii_start().starts_with(b"{") {
            true => {
                let written: Written = json::parse("key", bytes, &Limits::default())
                    .map_err(|error| wrong(error.to_string()))?;
                Self::of(written).map_err(wrong)?
            }
            false => {
                let key = PublicKey::from_pem(bytes).map_err(|error| wrong(error.to_string()))?;
                LayoutKey::of_spki(Scheme::of_spki(key.spki()), key.spki())
            }
        };
        match key.scheme {
            Scheme::Other => {
                Err(wrong("wanted RSA, Ed25519, or ECDSA on P-256 or P-384".to_owned()))
            }
            _ => Ok(key),
        }
    }

    /// SHA-256 of the key: the same whatever it is called.
    pub fn fingerprint(&self) -> ArtifactDigest {
        ArtifactDigest::sha256(&self.bytes)
    }

    /// Whether it made this signature over this message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self.scheme {
            Scheme::Ed25519 => &lc::ED25519,
            Scheme::RsaPssSha256 => &lc::RSA_PSS_2048_8192_SHA256,
            Scheme::RsaPkcs1Sha256 => &lc::RSA_PKCS1_2048_8192_SHA256,
            Scheme::EcdsaP256Sha256 => &lc::ECDSA_P256_SHA256_ASN1,
            Scheme::EcdsaP384Sha384 => &lc::ECDSA_P384_SHA384_ASN1,
            Scheme::Other => return false,
        };
        UnparsedPublicKey::new(algorithm, &self.bytes).verify(message, signature).is_ok()
    }

    fn of(written: Written) -> Result<Self, String> {
        let scheme = match written.scheme.as_str() {
            "ed25519" => Scheme::Ed25519,
            "rsassa-pss-sha256" => Scheme::RsaPssSha256,
            "rsa-pkcs1v15-sha256" => Scheme::RsaPkcs1Sha256,
            "ecdsa-sha2-nistp256" => Scheme::EcdsaP256Sha256,
            "ecdsa-sha2-nistp384" => Scheme::EcdsaP384Sha384,
            _ => Scheme::Other,
        };
        let public = written.keyval.public;
        let text = |error: chainsign_core::Error| error.to_string();
        match scheme {
            Scheme::Other => Ok(LayoutKey { scheme, bytes: public.into_bytes() }),
            Scheme::Ed25519 if !public.starts_with("-----") => {
                Ok(LayoutKey { scheme, bytes: hex_decode("key", &public).map_err(text)? })
            }
            _ => {
                let key = PublicKey::from_pem(public.as_bytes()).map_err(text)?;
                Ok(LayoutKey::of_spki(scheme, key.spki()))
            }
        }
    }

    fn of_spki(scheme: Scheme, spki: &[u8]) -> Self {
        let raw = spki.strip_prefix(ED25519_HEAD).filter(|_| scheme == Scheme::Ed25519);
        LayoutKey { scheme, bytes: raw.unwrap_or(spki).to_vec() }
    }
}

impl Scheme {
    fn of_spki(spki: &[u8]) -> Self {
        let holds = |oid: &[u8]| {
            spki.get(..HEAD.min(spki.len()))
                .is_some_and(|head| head.windows(oid.len()).any(|window| window == oid))
        };
        let known = OIDS.iter().find(|(oid, _)| holds(oid));
        known.map_or(Scheme::Other, |(_, scheme)| *scheme)
    }
}

impl fmt::Display for LayoutKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key {}", self.fingerprint())
    }
}

/// A key that cannot be read is none, and disables only itself: it has signed nothing.
impl<'de> Deserialize<'de> for LayoutKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let written = Written::deserialize(&value).ok();
        Ok(written.and_then(|written| LayoutKey::of(written).ok()).unwrap_or_else(|| LayoutKey {
            scheme: Scheme::Other,
            bytes: value.to_string().into_bytes(),
        }))
    }
}

/// securesystemslib's form.
#[derive(Deserialize)]
struct Written {
    scheme: String,
    keyval: KeyValue,
}

#[derive(Deserialize)]
struct KeyValue {
    public: String,
}

/// A SubjectPublicKeyInfo of Ed25519 up to the key (RFC 8410 section 4).
const ED25519_HEAD: &[u8] =
    &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The algorithm stands at the beginning of a SubjectPublicKeyInfo (RFC 5280 section 4.1).
const HEAD: usize = 32;
/// rsaEncryption (RFC 8017), id-Ed25519 (RFC 8410), secp256r1 and secp384r1 (RFC 5480), as DER.
const OIDS: [(&[u8], Scheme); 4] = [
    (&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01], Scheme::RsaPssSha256),
    (&[0x06, 0x03, 0x2b, 0x65, 0x70], Scheme::Ed25519),
    (&[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], Scheme::EcdsaP256Sha256),
    (&[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22], Scheme::EcdsaP384Sha384),
];
