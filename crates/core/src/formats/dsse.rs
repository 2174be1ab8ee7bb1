//! DSSE envelopes by themselves: a file with one envelope, or a line of an `.intoto.jsonl` file.

use serde::Deserialize;

use crate::digest::ArtifactDigest;
use crate::dsse::Envelope;
use crate::encoding::pem_decode;
use crate::material::{Credential, Format, SignedContent, SignedMaterial};
use crate::{Error, Limits, json};

/// Parses an envelope with 1 to 16 signatures.
///
/// The SLSA generators for GitHub put the signer's certificate beside the one signature, in a
/// field `cert`; it is read. Other unknown fields are ignored, as the protocol asks: they are
/// never signed. The key id of the first signature becomes the hint at a key.
///
/// # Errors
/// As [`Envelope::parse`]; [`Error::Pem`] for a certificate; [`Error::Invalid`] for a certificate
/// beside one of several signatures.
pub fn parse(document: &[u8], limits: &Limits) -> Result<SignedMaterial, Error> {
    let envelope = Envelope::parse(document, limits)?;
    let marks: Certificates = json::parse(DOCUMENT, document, limits)?;
    let credential = match marks.signatures.as_slice() {
        [Signature { cert: Some(cert) }] => Credential::Certificate {
            leaf: pem_decode("the certificate of the envelope", "CERTIFICATE", cert.as_bytes())?,
            others: Vec::new(),
        },
        signatures if signatures.iter().any(|signature| signature.cert.is_some()) => {
            return Err(Error::Invalid {
                document: DOCUMENT,
                reason: "found a certificate beside one of several signatures".to_owned(),
            });
        }
        _ => {
            let hint = envelope.signatures.first().and_then(|signature| signature.keyid.clone());
            Credential::Key { hint: hint.unwrap_or_default() }
        }
    };
    Ok(SignedMaterial {
        format: Format::Dsse,
        document: Some(ArtifactDigest::sha256(document)),
        content: SignedContent::Envelope(envelope),
        credential,
        log_entries: Vec::new(),
        timestamps: Vec::new(),
        detached_scts: Vec::new(),
    })
}

#[derive(Deserialize)]
struct Certificates {
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    cert: Option<String>,
}

const DOCUMENT: &str = "DSSE envelope";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::pem_encode;

    fn envelope(signatures: &str) -> Result<SignedMaterial, Error> {
        let text = format!(
            r#"{{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{signatures}]}}"#
        );
        parse(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn the_signer_is_a_certificate_or_a_hint() {
        let pem = pem_encode("CERTIFICATE", &[1, 2, 3]).replace('\n', "\\n");
        let with_certificate = format!(r#"{{"keyid":"k","sig":"AA==","cert":"{pem}"}}"#);
        let material = envelope(&with_certificate).unwrap();
        let wanted = Credential::Certificate { leaf: vec![1, 2, 3], others: Vec::new() };
        assert_eq!(material.credential, wanted);

        let material = envelope(r#"{"keyid":"k","sig":"AA=="},{"sig":"AQ=="}"#).unwrap();
        assert_eq!(material.credential, Credential::Key { hint: "k".to_owned() });

        let error = envelope(&format!(r#"{with_certificate},{{"sig":"AQ=="}}"#)).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
        let error = envelope(r#"{"sig":"AA==","cert":"x"}"#).unwrap_err();
        assert!(matches!(error, Error::Pem { .. }), "{error}");
    }
}
