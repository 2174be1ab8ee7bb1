//! The documents that carry signatures, each parsed into one [`SignedMaterial`].
//!
//! A document is known by marks that only its format has, never by trying one parser after
//! another: what looks like a bundle and is malformed is a malformed bundle.

pub mod bundle;
pub mod cosign;
pub mod detached;
pub mod dsse;
pub mod pep740;
mod rekor;
pub mod simple_signing;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::at_most;
use crate::material::SignedMaterial;
use crate::{Error, Limits, json};

/// Parses a document of any format that is known by its own marks.
///
/// # Errors
/// [`Error::UnknownFormat`] when it has the marks of none; else what the format's parser says.
pub fn parse(document: &[u8], limits: &Limits) -> Result<SignedMaterial, Error> {
    json::check("signature document", document, limits)?;
    let marks: Marks<'_> = serde_json::from_slice(document).map_err(|error| {
        Error::UnknownFormat { found: format!("JSON that is not an object ({error})") }
    })?;
    let found = match marks {
        Marks { media_type: Some(_), .. } | Marks { verification_material: Some(_), .. } => {
            return bundle::parse(document, limits);
        }
        Marks { base64_signature: Some(_), .. } => return cosign::parse(document, limits),
        Marks { cosign_layer: Some(_), .. } => return cosign::parse_kept_layer(document, limits),
        Marks { pep740_material: Some(_), .. } => return pep740::parse(document, limits),
        Marks { payload_type: Some(_), .. } => return dsse::parse(document, limits),
        Marks { attestation_bundles: Some(_), .. } | Marks { attestations: Some(_), .. } => {
            "a document of many attestations, wanted one signature"
        }
        _ => {
            "JSON without a mediaType, verificationMaterial, base64Signature, payloadType or \
             verification_material"
        }
    };
    Err(Error::UnknownFormat { found: found.to_owned() })
}

/// Parses a document that may carry many signatures: JSON lines of any formats, the provenance
/// object of PyPI (PEP 740), GitHub's answer about attestations, or one signature as [`parse`].
/// Each signature is parsed by itself: one that is malformed does not hide the others.
///
/// # Errors
/// [`Error::LimitReached`] for the size of the whole document and the number of signatures;
/// [`Error::Json`] and [`Error::DuplicateKey`] for the object around many attestations.
pub fn parse_many(
    document: &[u8],
    limits: &Limits,
) -> Result<Vec<Result<SignedMaterial, Error>>, Error> {
    at_most("document size in bytes", limits.document_bytes, document.len())?;
    let lines: Vec<_> = document
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .collect();
    let many_lines = lines.len() > 1 && lines.iter().all(|line| line.starts_with(b"{"));
    if many_lines && serde_json::from_slice::<&RawValue>(lines[0]).is_ok() {
        at_most(MATERIALS, limits.materials, lines.len())?;
        return Ok(lines.into_iter().map(|line| parse(line, limits)).collect());
    }
    let marks = serde_json::from_slice::<Marks<'_>>(document).unwrap_or_default();
    let inner = match marks {
        Marks { attestation_bundles: Some(_), .. } => pep740::attestations(document, limits)?,
        Marks { attestations: Some(_), .. } => {
            let answer: GitHub<'_> = json::parse("GitHub's attestations", document, limits)?;
            answer.attestations.into_iter().map(|attestation| attestation.bundle).collect()
        }
        _ => return Ok(vec![parse(document, limits)]),
    };
    at_most(MATERIALS, limits.materials, inner.len())?;
    Ok(inner.into_iter().map(|json| parse(json.get().as_bytes(), limits)).collect())
}

#[derive(Default, Deserialize)]
struct Marks<'a> {
    #[serde(borrow, rename = "mediaType")]
    media_type: Option<&'a RawValue>,
    #[serde(borrow, rename = "verificationMaterial")]
    verification_material: Option<&'a RawValue>,
    #[serde(borrow, rename = "base64Signature")]
    base64_signature: Option<&'a RawValue>,
    #[serde(borrow, rename = "cosignLayer")]
    cosign_layer: Option<&'a RawValue>,
    #[serde(borrow, rename = "payloadType")]
    payload_type: Option<&'a RawValue>,
    #[serde(borrow, rename = "verification_material")]
    pep740_material: Option<&'a RawValue>,
    #[serde(borrow)]
    attestation_bundles: Option<&'a RawValue>,
    #[serde(borrow)]
    attestations: Option<&'a RawValue>,
}

/// `GET /repos/{owner}/{repo}/attestations/{subject_digest}` of GitHub's API.
#[derive(Deserialize)]
struct GitHub<'a> {
    #[serde(borrow)]
    attestations: Vec<GitHubAttestation<'a>>,
}

#[derive(Deserialize)]
struct GitHubAttestation<'a> {
    #[serde(borrow)]
    bundle: &'a RawValue,
}

const MATERIALS: &str = "signatures in one document";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::Format;

    const ENVELOPE: &str = r#"{"payload":"","payloadType":"x","signatures":[{"sig":"AA=="}]}"#;

    fn many(document: &str) -> Vec<Result<Format, Error>> {
        let many = parse_many(document.as_bytes(), &Limits::default()).unwrap();
        many.into_iter().map(|material| material.map(|material| material.format)).collect()
    }

    #[test]
    fn documents_are_known_by_their_marks() {
        let limits = Limits::default();
        let error = parse(b"{}", &limits).unwrap_err();
        assert!(error.to_string().starts_with("not a known signature format: JSON without"));
        let error = parse(b"[]", &limits).unwrap_err();
        assert!(matches!(error, Error::UnknownFormat { .. }), "{error}");
        let error = parse(br#"{"mediaType":7,"base64Signature":""}"#, &limits).unwrap_err();
        assert!(matches!(error, Error::Json { document: "sigstore bundle", .. }), "{error}");
        let error = parse(br#"{"attestations":[]}"#, &limits).unwrap_err();
        assert!(error.to_string().ends_with("wanted one signature"), "{error}");
        assert_eq!(parse(ENVELOPE.as_bytes(), &limits).unwrap().format, Format::Dsse);
    }

    #[test]
    fn one_malformed_signature_does_not_hide_the_others() {
        let lines = format!("{ENVELOPE}\n\n{{\"mediaType\":\"x\"}}\n{ENVELOPE}\n");
        let found = many(&lines);
        assert_eq!(found.len(), 3);
        assert_eq!((&found[0], &found[2]), (&Ok(Format::Dsse), &Ok(Format::Dsse)));
        assert!(matches!(found[1], Err(Error::MediaType { .. })), "{found:?}");
        assert_eq!(many(ENVELOPE), [Ok(Format::Dsse)]);
        let pretty = ENVELOPE.replace(',', ",\n");
        assert_eq!(many(&pretty), [Ok(Format::Dsse)]);
        let answer = format!(r#"{{"attestations":[{{"bundle":{ENVELOPE},"repository_id":1}}]}}"#);
        assert_eq!(many(&answer), [Ok(Format::Dsse)]);
    }

    #[test]
    fn the_number_of_signatures_is_bounded() {
        let limits = Limits { materials: 2, ..Limits::default() };
        let lines = format!("{ENVELOPE}\n").repeat(3);
        let wanted = Error::LimitReached { what: "signatures in one document", limit: 2, found: 3 };
        assert_eq!(parse_many(lines.as_bytes(), &limits), Err(wanted));
    }
}
