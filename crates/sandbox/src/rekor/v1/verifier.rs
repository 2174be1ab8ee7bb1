//! The key or certificate that an entry names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chainsign_core::encoding::{base64_encode, pem_encode};
use der::{Decode as _, Encode as _};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::routes::Refusal;
use super::sha256_hex;
use crate::keys::{ClientKey, KeyError};
use crate::pem;

/// A verifier: a public key, or certificates of which the first one's key verifies.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) key: ClientKey,
    /// PEM written anew: LF, 64 columns, one line end at the end.
    pub(super) canonical: String,
    emails: Vec<String>,
}

impl Verifier {
    /// From base64 of PEM.
    pub(super) fn parse(content: &str) -> Result<Self, Refusal> {
        let pem = STANDARD
            .decode(content)
            .map_err(|_| Refusal::Entry("the public key is not base64".to_owned()))?;
        Self::from_pem(&pem)
    }

    fn from_pem(text: &[u8]) -> Result<Self, Refusal> {
        let unreadable = || {
            Refusal::Entry("the public key is neither a PEM key nor PEM certificates".to_owned())
        };
        let blocks = pem::blocks(text);
        let first = blocks.first().ok_or_else(unreadable)?;
        let labels = |label| blocks.iter().all(|block| block.label == label);
        let (spki, label, emails) = if labels(KEY) && blocks.len() == 1 {
            (first.bytes.clone(), KEY, Vec::new())
        } else if labels(CERTIFICATE) {
            let certificates: der::Result<Vec<_>> =
                blocks.iter().map(|block| Certificate::from_der(&block.bytes)).collect();
            let certificates = certificates.map_err(|_| unreadable())?;
            let leaf = certificates.first().ok_or_else(unreadable)?;
            let spki = leaf.tbs_certificate.subject_public_key_info.to_der();
            (spki.map_err(|_| unreadable())?, CERTIFICATE, emails(leaf))
        } else {
            return Err(unreadable());
        };
        let canonical = blocks.iter().map(|block| pem_encode(label, &block.bytes)).collect();
        let key = ClientKey::from_spki(&spki).map_err(|_| {
            Refusal::Entry("the public key is of a kind that is not logged".to_owned())
        })?;
        Ok(Verifier { key, canonical, emails })
    }

    /// Checks a signature over an envelope. With SHA-256, so that none by a key of P-384 or P-521 that
    /// uses its curve's own hash is taken: as Rekor does (`pkg/types/dsse/v0.0.1/entry.go` and
    /// `pkg/types/intoto/v0.0.2/entry.go`, `LoadVerifier(…, crypto.SHA256)`).
    pub(super) fn verify_envelope(&self, signed: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        self.key.verify_sha256(signed, signature)
    }

    /// The canonical PEM, base64.
    pub(super) fn encoded(&self) -> String {
        base64_encode(&self.canonical)
    }

    /// What an entry with this verifier can be found by: the key's own hash and e-mail addresses.
    pub(super) fn index_keys(&self) -> Vec<String> {
        let key = sha256_hex(self.canonical.as_bytes());
        std::iter::once(key).chain(self.emails.iter().map(|email| email.to_lowercase())).collect()
    }
}

fn emails(certificate: &Certificate) -> Vec<String> {
    let Ok(Some((_, names))) = certificate.tbs_certificate.get::<SubjectAltName>() else {
        return Vec::new();
    };
    let email = |name: GeneralName| match name {
        GeneralName::Rfc822Name(email) => Some(email.to_string()),
        _ => None,
    };
    names.0.into_iter().filter_map(email).collect()
}

const KEY: &str = "PUBLIC KEY";
const CERTIFICATE: &str = "CERTIFICATE";
