//! Predicate types, cosign's short names for them, and recognising a predicate by its content.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Limits, json};

/// The type of a predicate: an absolute URI.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PredicateType(String);

/// SLSA provenance v1.
pub const SLSA_PROVENANCE_V1: &str = "https://slsa.dev/provenance/v1";
/// SLSA provenance v0.2.
pub const SLSA_PROVENANCE_V0_2: &str = "https://slsa.dev/provenance/v0.2";
/// A CycloneDX document.
pub const CYCLONEDX: &str = "https://cyclonedx.org/bom";
/// An SPDX document.
pub const SPDX: &str = "https://spdx.dev/Document";
/// An OpenVEX document.
pub const OPENVEX: &str = "https://openvex.dev/ns";
/// A classic in-toto link.
pub const LINK: &str = "https://in-toto.io/Link/v1";
/// cosign's vulnerability scan record.
pub const COSIGN_VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
/// cosign's wrapper for anything else.
pub const COSIGN_CUSTOM: &str = "https://cosign.sigstore.dev/attestation/v1";
/// The statement that cosign v3 signs for an image signature.
pub const COSIGN_SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
/// in-toto's vulnerability scan record.
pub const VULNS: &str = "https://in-toto.io/attestation/vulns/v0.2";
/// SLSA verification summary.
pub const VSA: &str = "https://slsa.dev/verification_summary/v1";

impl PredicateType {
    /// A predicate type from one of [`ALIASES`] or an absolute URI.
    ///
    /// # Errors
    /// [`Error::PredicateType`] for anything else.
    pub fn from_alias_or_uri(text: &str) -> Result<Self, Error> {
        if let Some((_, uri)) = ALIASES.iter().find(|(alias, _)| *alias == text) {
            return Ok(PredicateType((*uri).to_owned()));
        }
        if is_absolute_uri(text) {
            return Ok(PredicateType(text.to_owned()));
        }
        let aliases: Vec<_> = ALIASES.iter().map(|(alias, _)| *alias).collect();
        Err(Error::PredicateType {
            found: text.chars().take(80).collect(),
            aliases: aliases.join(", "),
        })
    }

    /// Recognises a predicate by marks that only its type has: CycloneDX by `bomFormat`, SPDX by
    /// `spdxVersion` (2.x) or its context (3.x), SLSA provenance by `buildDefinition` (v1) or by
    /// `builder` with `buildType` (v0.2), OpenVEX by its context, a verification summary by
    /// `verificationResult` with `verifier`. `None` when it is none of these: nothing is guessed.
    ///
    /// # Errors
    /// As [`json::check`] when the bytes are not one strict JSON document.
    pub fn recognise(predicate: &[u8], limits: &Limits) -> Result<Option<Self>, Error> {
        json::check("predicate", predicate, limits)?;
        let Ok(marks) = serde_json::from_slice::<Marks>(predicate) else { return Ok(None) };
        let context =
            |prefix: &str| marks.context.as_deref().is_some_and(|c| c.starts_with(prefix));
        let uri = if marks.bom_format.as_deref() == Some("CycloneDX") {
            CYCLONEDX
        } else if marks.spdx_version.is_some() || context("https://spdx.org/rdf/3") {
            SPDX
        } else if marks.build_definition.is_some() {
            SLSA_PROVENANCE_V1
        } else if marks.builder.is_some() && marks.build_type.is_some() {
            SLSA_PROVENANCE_V0_2
        } else if context("https://openvex.dev/ns") {
            OPENVEX
        } else if marks.verification_result.is_some() && marks.verifier.is_some() {
            VSA
        } else {
            return Ok(None);
        };
        Ok(Some(PredicateType(uri.to_owned())))
    }

    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The short name, where there is one.
    pub fn alias(&self) -> Option<&'static str> {
        ALIASES.iter().rev().find(|(_, uri)| *uri == self.0).map(|(alias, _)| *alias)
    }
}

impl fmt::Display for PredicateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for PredicateType {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for PredicateType {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// The short names that cosign takes for `--type` (cosign `pkg/cosign/attestation`), and `vsa`.
pub const ALIASES: [(&str, &str); 12] = [
    ("custom", COSIGN_CUSTOM),
    ("slsaprovenance", SLSA_PROVENANCE_V0_2),
    ("slsaprovenance02", SLSA_PROVENANCE_V0_2),
    ("slsaprovenance1", SLSA_PROVENANCE_V1),
    ("spdx", SPDX),
    ("spdxjson", SPDX),
    ("cyclonedx", CYCLONEDX),
    ("link", LINK),
    ("vuln", COSIGN_VULN),
    ("vulns", VULNS),
    ("openvex", OPENVEX),
    ("vsa", VSA),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marks {
    bom_format: Option<String>,
    spdx_version: Option<String>,
    #[serde(rename = "@context")]
    context: Option<String>,
    build_definition: Option<serde::de::IgnoredAny>,
    builder: Option<serde::de::IgnoredAny>,
    build_type: Option<String>,
    verification_result: Option<String>,
    verifier: Option<serde::de::IgnoredAny>,
}

/// RFC 3986: a scheme, a colon, and something after it; no white space or control characters.
fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_and_uris() {
        let of = |text: &str| PredicateType::from_alias_or_uri(text);
        assert_eq!(of("cyclonedx").unwrap(), CYCLONEDX);
        assert_eq!(of("https://example.com/x").unwrap(), "https://example.com/x");
        assert_eq!(of("spdx").unwrap().alias(), Some("spdxjson"));
        let error = of("cyclone").unwrap_err();
        assert!(
            error.to_string().starts_with(r#"unknown predicate type "cyclone": wanted one of"#)
        );
        assert!(matches!(of("a b:c"), Err(Error::PredicateType { .. })));
    }

    #[track_caller]
    fn recognised(text: &str, wanted: Option<&str>) {
        let found = PredicateType::recognise(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(found.as_ref().map(PredicateType::as_str), wanted);
    }

    #[test]
    fn predicates_are_recognised_by_their_own_marks() {
        recognised(r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#, Some(CYCLONEDX));
        recognised(r#"{"spdxVersion":"SPDX-2.3"}"#, Some(SPDX));
        recognised(r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}"#, Some(SPDX));
        recognised(r#"{"buildDefinition":{},"runDetails":{}}"#, Some(SLSA_PROVENANCE_V1));
        recognised(r#"{"builder":{"id":"x"},"buildType":"y"}"#, Some(SLSA_PROVENANCE_V0_2));
        recognised(r#"{"@context":"https://openvex.dev/ns/v0.2.0"}"#, Some(OPENVEX));
        recognised(r#"{"verifier":{"id":"x"},"verificationResult":"PASSED"}"#, Some(VSA));
        recognised(r#"{"builder":{"id":"x"}}"#, None);
        recognised("[]", None);
    }
}
