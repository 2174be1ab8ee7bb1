//! VEX documents: what somebody says about how vulnerabilities affect products. OpenVEX
//! (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>) and CycloneDX.

mod cyclonedx;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::predicate::CYCLONEDX;
use chainsign_core::statement::Statement;
use jiff::Timestamp;
use serde::Deserialize;

use crate::purl::Purl;

/// What a document says.
#[derive(Debug)]
pub(crate) struct Vex {
    pub(crate) statements: Vec<VexStatement>,
}

/// One statement: a vulnerability, products, and what they have to do with each other.
#[derive(Debug)]
pub(crate) struct VexStatement {
    names: Vec<String>,
    products: Vec<Product>,
    pub(crate) status: Status,
    /// Why it is not affected.
    pub(crate) justification: Option<String>,
    /// When this was known to be true; `None` where the document does not say.
    pub(crate) time: Option<Timestamp>,
}

/// What a statement has to do with a vulnerability in a package of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// Nothing.
    Nothing,
    /// It names the package in a product that may be this artifact or another one.
    Perhaps,
    /// It is about it.
    This,
}

/// What a vulnerability means for a product.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    NotAffected,
    Fixed,
    Affected,
    UnderInvestigation,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Fixed => "fixed",
            Self::Affected => "affected",
            Self::UnderInvestigation => "under_investigation",
        }
    }
}

impl Vex {
    /// Reads the document in a statement.
    pub(crate) fn read(statement: &Statement) -> Result<Self, String> {
        if statement.predicate_type.as_str() == CYCLONEDX {
            return cyclonedx::read(statement.predicate.get());
        }
        let document: Document =
            serde_json::from_str(statement.predicate.get()).map_err(|error| error.to_string())?;
        let cascading = document.last_updated.unwrap_or(document.timestamp);
        let read = |it: Written| VexStatement {
            names: std::iter::once(it.vulnerability.name).chain(it.vulnerability.aliases).collect(),
            products: it.products,
            status: it.status,
            justification: it.justification.or(it.impact_statement),
            time: Some(it.last_updated.or(it.timestamp).unwrap_or(cascading)),
        };
        Ok(Vex { statements: document.statements.into_iter().map(read).collect() })
    }
}

impl VexStatement {
    /// Whether it is about this vulnerability in this package of this artifact.
    ///
    /// A product is the artifact by its digest, or the package by its package URL, with the same
    /// version where the product has one. One with subcomponents is about these only, and only in the
    /// product: where that is named by no digest, nobody can tell which one it is.
    pub(crate) fn about(
        &self,
        ids: &[String],
        package: Option<&Purl>,
        artifact: &[&ArtifactDigests],
    ) -> About {
        if !self.names.iter().any(|name| ids.contains(name)) {
            return About::Nothing;
        }
        let is_package = |component: &Component| {
            component.purls().any(|purl| {
                package.is_some_and(|package| {
                    purl.same_package(package)
                        && purl.version().is_none_or(|version| package.version() == Some(version))
                })
            })
        };
        let about = |product: &Product| {
            let is_artifact = product.component.is_one_of(artifact);
            match product.subcomponents.as_slice() {
                [] if is_artifact == Some(true) || is_package(&product.component) => About::This,
                [] => About::Nothing,
                inside if !inside.iter().any(is_package) => About::Nothing,
                _ => match is_artifact {
                    Some(true) => About::This,
                    Some(false) => About::Nothing,
                    None => About::Perhaps,
                },
            }
        };
        self.products.iter().map(about).max().unwrap_or(About::Nothing)
    }
}

#[derive(Deserialize)]
struct Document {
    timestamp: Timestamp,
    last_updated: Option<Timestamp>,
    statements: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    vulnerability: Vulnerability,
    #[serde(default)]
    products: Vec<Product>,
    status: Status,
    justification: Option<String>,
    impact_statement: Option<String>,
    timestamp: Option<Timestamp>,
    last_updated: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Vulnerability {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Product {
    #[serde(flatten)]
    component: Component,
    #[serde(default)]
    subcomponents: Vec<Component>,
}

#[derive(Debug, Deserialize)]
struct Component {
    #[serde(rename = "@id")]
    id: Option<String>,
    #[serde(default)]
    identifiers: Identifiers,
    #[serde(default)]
    hashes: Hashes,
}

#[derive(Debug, Default, Deserialize)]
struct Identifiers {
    purl: Option<String>,
}

/// IANA's names of hash functions.
#[derive(Clone, Debug, Default, Deserialize)]
struct Hashes {
    #[serde(rename = "sha-256")]
    sha256: Option<String>,
    #[serde(rename = "sha-384")]
    sha384: Option<String>,
    #[serde(rename = "sha-512")]
    sha512: Option<String>,
}

impl Component {
    fn purls(&self) -> impl Iterator<Item = Purl> {
        let texts = [self.id.as_deref(), self.identifiers.purl.as_deref()];
        texts.into_iter().flatten().filter_map(|text| text.parse().ok())
    }

    /// Whether it is one of these by its digests; `None` where it has none that can be compared.
    fn is_one_of(&self, artifact: &[&ArtifactDigests]) -> Option<bool> {
        let answers = artifact.iter().filter_map(|digests| self.is(digests));
        answers.max()
    }

    fn is(&self, artifact: &ArtifactDigests) -> Option<bool> {
        let hashes = [
            (DigestAlgorithm::Sha256, &self.hashes.sha256),
            (DigestAlgorithm::Sha384, &self.hashes.sha384),
            (DigestAlgorithm::Sha512, &self.hashes.sha512),
        ];
        let hashes = hashes.into_iter().filter_map(|(algorithm, hex)| {
            ArtifactDigest::from_hex(algorithm, hex.as_deref()?).ok()
        });
        // Of an image, `pkg:oci/app@sha256:…`, the version is the digest.
        let versions = self.purls().filter_map(|purl| purl.version()?.parse().ok());
        let known = hashes.chain(versions).filter_map(|digest: ArtifactDigest| {
            artifact.get(digest.algorithm()).map(|of_artifact| *of_artifact == digest)
        });
        // One that agrees does not outweigh one that does not.
        known.min()
    }
}
