//! Attestations of PyPI: PEP 740.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::bundle::Entry;
use crate::digest::ArtifactDigest;
use crate::dsse::{Envelope, EnvelopeSignature, IN_TOTO_PAYLOAD_TYPE};
use crate::encoding::{Base64Bytes, base64_decode};
use crate::error::at_most;
use crate::material::{Credential, Format, SignedContent, SignedMaterial};
use crate::{Error, Limits, json};

/// Parses one attestation object. Its statement and signature are those of a DSSE envelope of
/// in-toto's payload type (PEP 740, "Attestation objects").
///
/// # Errors
/// [`Error::Json`] for unknown fields and wrong types; [`Error::Invalid`] for another version than
/// 1; [`Error::Missing`] without a log entry; else as for the log entries of a bundle since 0.2.
pub fn parse(document: &[u8], limits: &Limits) -> Result<SignedMaterial, Error> {
    let wire: Attestation = json::parse(DOCUMENT, document, limits)?;
    if wire.version != 1 {
        let reason = format!("found version {}, wanted 1", wire.version);
        return Err(Error::Invalid { document: DOCUMENT, reason });
    }
    let Material { certificate, transparency_entries: entries, timestamps } =
        wire.verification_material;
    if entries.is_empty() {
        return Err(Error::Missing { document: DOCUMENT, what: "transparency entry" });
    }
    at_most("log entries of one bundle", limits.log_entries, entries.len())?;
    let timestamps = timestamps.unwrap_or_default();
    at_most("timestamps of one bundle", limits.timestamps, timestamps.len())?;
    let entries: Result<Vec<_>, _> =
        entries.into_iter().map(|entry| entry.log_entry(Format::Pep740, limits)).collect();
    let signature = EnvelopeSignature { sig: Base64Bytes(wire.envelope.signature.0), keyid: None };
    SignedMaterial {
        format: Format::Pep740,
        document: Some(ArtifactDigest::sha256(document)),
        content: SignedContent::Envelope(Envelope {
            payload: Base64Bytes(wire.envelope.statement.0),
            payload_type: IN_TOTO_PAYLOAD_TYPE.to_owned(),
            signatures: vec![signature],
        }),
        credential: Credential::Certificate { leaf: certificate.0, others: Vec::new() },
        log_entries: entries?,
        timestamps: timestamps.into_iter().map(|timestamp| timestamp.0).collect(),
        detached_scts: Vec::new(),
    }
    .without_duplicates(DOCUMENT)
}

/// The attestations of a provenance object, each as it is written. What the object says about
/// their publisher is unauthenticated and ignored.
pub(super) fn attestations<'a>(
    document: &'a [u8],
    limits: &Limits,
) -> Result<Vec<&'a RawValue>, Error> {
    let provenance: Provenance<'a> = json::parse("PyPI provenance", document, limits)?;
    if provenance.version != 1 {
        let reason = format!("found version {}, wanted 1", provenance.version);
        return Err(Error::Invalid { document: "PyPI provenance", reason });
    }
    let bundles = provenance.attestation_bundles.into_iter();
    Ok(bundles.flat_map(|bundle| bundle.attestations).collect())
}

/// Base64 with or without the line ends that Python's `base64.encodebytes` writes, after every 76
/// characters and at the end: attestations of 2024 have them.
struct PythonBase64(Vec<u8>);

impl<'de> Deserialize<'de> for PythonBase64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let lines: Vec<_> = match text.strip_suffix('\n') {
            Some(lines) => lines.split('\n').collect(),
            None => vec![&*text],
        };
        let (last, full) = lines.split_last().unwrap_or((&"", &[]));
        let well_formed = full.iter().all(|line| line.len() == 76)
            && (full.is_empty() && text.len() == last.len() || last.len() <= 76);
        if !well_formed {
            return Err(serde::de::Error::custom("found base64 with other line ends"));
        }
        let bytes = base64_decode("base64", lines.concat());
        bytes.map(PythonBase64).map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attestation {
    version: u64,
    verification_material: Material,
    envelope: Statement,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Material {
    certificate: PythonBase64,
    transparency_entries: Vec<Entry>,
    timestamps: Option<Vec<PythonBase64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    statement: PythonBase64,
    signature: PythonBase64,
}

#[derive(Deserialize)]
struct Provenance<'a> {
    version: u64,
    #[serde(borrow)]
    attestation_bundles: Vec<AttestationBundle<'a>>,
}

#[derive(Deserialize)]
struct AttestationBundle<'a> {
    #[serde(borrow)]
    attestations: Vec<&'a RawValue>,
}

const DOCUMENT: &str = "PEP 740 attestation";

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Result<Vec<u8>, String> {
        let json = serde_json::to_string(text).unwrap();
        let bytes: Result<PythonBase64, _> = serde_json::from_str(&json);
        bytes.map(|bytes| bytes.0).map_err(|error| error.to_string())
    }

    #[test]
    fn pythons_line_ends_are_read_and_no_others() {
        let line = "QUJD".repeat(19);
        let bytes = b"ABC".repeat(20);
        assert_eq!(decoded(&format!("{line}QUJD")), Ok(bytes.clone()));
        assert_eq!(decoded(&format!("{line}\nQUJD\n")), Ok(bytes));
        assert_eq!(decoded("QUJD\n"), Ok(b"ABC".to_vec()));
        for other in [format!("{line}\nQUJD"), "QU\nJD\n".to_owned(), "QUJD\r\n".to_owned()] {
            assert!(decoded(&other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn version_and_entries_are_required() {
        let attestation = |version: u8, entries: &str| {
            let text = format!(
                r#"{{"version":{version},"verification_material":{{"certificate":"AA==",
                "transparency_entries":{entries}}},"envelope":{{"statement":"","signature":""}}}}"#
            );
            parse(text.as_bytes(), &Limits::default())
        };
        let error = attestation(2, "[]").unwrap_err();
        assert_eq!(error.to_string(), "PEP 740 attestation: found version 2, wanted 1");
        let wanted = Error::Missing { document: DOCUMENT, what: "transparency entry" };
        assert_eq!(attestation(1, "[]"), Err(wanted));
    }
}
