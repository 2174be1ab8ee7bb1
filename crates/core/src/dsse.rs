//! DSSE envelopes: <https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md>

use serde::{Deserialize, Serialize};

use crate::digest::{ArtifactDigest, DigestAlgorithm};
use crate::encoding::Base64Bytes;
use crate::error::at_most;
use crate::{Error, Limits, json};

/// The payload type of in-toto statements.
pub const IN_TOTO_PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A DSSE envelope: signed bytes, their type, and signatures over both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The bytes that were signed, exactly.
    pub payload: Base64Bytes,
    /// What the bytes are. Signed together with them.
    pub payload_type: String,
    /// The signatures. A Sigstore bundle has exactly one.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an [`Envelope`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// The signature over [`Envelope::pae`].
    pub sig: Base64Bytes,
    /// A hint which key signed. Unauthenticated: nothing may be decided by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyid: Option<String>,
}

impl Envelope {
    /// Parses an envelope as a JSON document of its own. Unknown fields are ignored, as the
    /// protocol asks; they are never signed.
    ///
    /// # Errors
    /// As [`json::parse`]; [`Error::LimitReached`] for too many signatures; [`Error::Missing`]
    /// without any.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let envelope: Envelope = json::parse("DSSE envelope", bytes, limits)?;
        envelope.within(limits)
    }

    pub(crate) fn within(self, limits: &Limits) -> Result<Self, Error> {
        if self.signatures.is_empty() {
            return Err(Error::Missing { document: "DSSE envelope", what: "signature" });
        }
        let found = self.signatures.len();
        at_most("signatures of one envelope", limits.envelope_signatures, found)?;
        Ok(self)
    }

    /// The bytes that the signatures cover.
    pub fn pae(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload.0)
    }

    /// The digest of [`pae`](Self::pae), without making those bytes.
    pub fn pae_digest(&self, algorithm: DigestAlgorithm) -> ArtifactDigest {
        algorithm.digest_parts(&[
            pae_head(&self.payload_type, self.payload.0.len()).as_bytes(),
            &self.payload.0,
        ])
    }
}

/// The pre-authentication encoding `DSSEv1 LEN(type) type LEN(payload) payload` (DSSE protocol,
/// "Signature Definition").
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = pae_head(payload_type, payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

fn pae_head(payload_type: &str, payload_length: usize) -> String {
    format!("DSSEv1 {} {payload_type} {payload_length} ", payload_type.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pae_of_the_protocols_own_example() {
        // DSSE protocol.md, "Test Vectors"
        let encoded = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        let envelope = Envelope {
            payload: Base64Bytes(b"hello world".to_vec()),
            payload_type: "http://example.com/HelloWorld".to_owned(),
            signatures: Vec::new(),
        };
        assert_eq!(envelope.pae_digest(DigestAlgorithm::Sha256), ArtifactDigest::sha256(&encoded));
    }

    #[test]
    fn envelopes_without_or_with_too_many_signatures_are_refused() {
        let limits = Limits::default();
        let none = br#"{"payload":"","payloadType":"x","signatures":[]}"#;
        let wanted = Error::Missing { document: "DSSE envelope", what: "signature" };
        assert_eq!(Envelope::parse(none, &limits), Err(wanted));
        let many = vec![r#"{"sig":"AA=="}"#; 17].join(",");
        let many = format!(r#"{{"payload":"","payloadType":"x","signatures":[{many}]}}"#);
        let (what, limit, found) = ("signatures of one envelope", 16, 17);
        let wanted = Error::LimitReached { what, limit, found };
        assert_eq!(Envelope::parse(many.as_bytes(), &limits), Err(wanted));
    }
}
