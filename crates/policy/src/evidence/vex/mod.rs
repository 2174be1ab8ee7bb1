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
    /// When this was known to be true.
    pub(crate) time: Timestamp,
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
            time: it.last_updated.or(it.timestamp).unwrap_or(cascading),
        };
        Ok(Vex { statements: document.statements.into_iter().map(read).collect() })
    }
}

impl VexStatement {
    /// Whether it is about this vulnerability in this package of this artifact.
    ///
    /// A product is the artifact by its digest, or the package by its package URL, with the same
    /// version where the product has one. One with subcomponents is about these only.
    pub(crate) fn is_about(
        &self,
        ids: &[String],
        package: Option<&Purl>,
        artifact: &[&ArtifactDigests],
    ) -> bool {
        let is_package = |component: &Component| {
            component.purls().any(|purl| {
                package.is_some_and(|package| {
                    purl.same_package(package)
                        && purl.version().is_none_or(|version| package.version() == Some(version))
                })
            })
        };
        let about = |product: &Product| match product.subcomponents.as_slice() {
            [] => {
                artifact.iter().any(|it| product.component.is(it)) || is_package(&product.component)
            }
            inside => inside.iter().any(is_package),
        };
        self.names.iter().any(|name| ids.contains(name)) && self.products.iter().any(about)
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

    fn is(&self, artifact: &ArtifactDigests) -> bool {
        let named = [
            (DigestAlgorithm::Sha256, &self.hashes.sha256),
            (DigestAlgorithm::Sha384, &self.hashes.sha384),
            (DigestAlgorithm::Sha512, &self.hashes.sha512),
        ];
        let mut known = named.into_iter().filter_map(|(algorithm, hex)| {
            let digest = ArtifactDigest::from_hex(algorithm, hex.as_deref()?).ok()?;
            artifact.get(algorithm).map(|of_artifact| *of_artifact == digest)
        });
        // One that agrees does not outweigh one that does not.
        let first = known.next();
        first == Some(true) && known.all(|same| same)
    }
}
