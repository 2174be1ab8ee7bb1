//! Reading the Go modules out of an SBOM that any tool wrote.
//!
//! Only package URLs of type `golang` count; everything else in the document is ignored, as are
//! unknown fields. Names and versions beside a package URL are not used, because tools put other
//! things there.

use std::collections::HashSet;

use serde::Deserialize;

use super::set::{Entry, Kind, ModuleSet, Name, Source};
use crate::ModuleSum;
use crate::buildinfo::known_version;
use crate::purl::{GolangPurl, Names, PurlError, STDLIB};

/// Why an SBOM could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SbomError {
    /// Not JSON, or a known field of another type than its specification gives it.
    #[error("the SBOM cannot be parsed: {0}")]
    Json(#[source] serde_json::Error),
    /// JSON, but neither CycloneDX nor SPDX 2.
    #[error("neither a CycloneDX nor an SPDX 2 document in JSON")]
    UnknownFormat,
    /// A component has a package URL that is none.
    #[error("the SBOM has a wrong package URL, {purl:?}: {reason}")]
    Purl {
        /// The text in the document.
        purl: String,
        /// What is wrong with it.
        reason: PurlError,
    },
}

impl ModuleSet {
    /// The Go modules of a CycloneDX (1.0 to 1.7) or SPDX (2.2, 2.3) document in JSON.
    ///
    /// Components at any depth count, the described one included. Where the same package URL
    /// stands several times it is one entry. A package (`?type=package`) stands for its module.
    ///
    /// # Errors
    /// [`SbomError`]. The caller bounds the length of `json`; nesting deeper than 128 levels is an
    /// error.
    pub fn from_sbom(json: &[u8]) -> Result<Self, SbomError> {
        let document: Document = serde_json::from_slice(json).map_err(SbomError::Json)?;
        let mut packages = Vec::new();
        if document.bom_format.as_deref() == Some("CycloneDX") {
            document.cyclonedx(&mut packages);
        } else if matches!(&document.spdx_version, Some(version) if version.starts_with("SPDX-2."))
        {
            document.spdx(&mut packages);
        } else {
            return Err(SbomError::UnknownFormat);
        }
        Self::from_stated(packages)
    }

    /// The Go modules among package URLs, for example those of a provenance's dependencies.
    ///
    /// # Errors
    /// [`SbomError::Purl`]: one that starts as a `golang` package URL, or as none, and is wrong.
    pub fn from_purls<'a>(purls: impl IntoIterator<Item = &'a str>) -> Result<Self, SbomError> {
        Self::from_stated(
            purls.into_iter().map(|purl| StatedPackage { purl: purl.to_owned(), sum: None }),
        )
    }

    fn from_stated(packages: impl IntoIterator<Item = StatedPackage>) -> Result<Self, SbomError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut known = HashSet::new();
        let mut of_packages = Vec::new();
        for package in packages {
            match package.entry()? {
                Some((Names::Module, entry)) => entries.push(entry),
                Some((Names::Package, entry)) => of_packages.push(entry),
                None => {}
            }
        }
        let modules: HashSet<_> = entries.iter().map(|entry| entry.name.clone()).collect();
        entries.extend(of_packages.into_iter().filter(|entry| !modules.contains(&entry.name)));
        // A document may describe a module twice, once without its sum.
        let key = |entry: &Entry| (entry.name.clone(), entry.alias.clone(), entry.sum.clone());
        entries.retain(|entry| known.insert(key(entry)));
        Ok(Self { source: Source::Sbom, entries })
    }
}

/// What both formats come down to.
struct StatedPackage {
    purl: String,
    sum: Option<ModuleSum>,
}

impl StatedPackage {
    /// `None` if it is not a Go module.
    fn entry(self) -> Result<Option<(Names, Entry)>, SbomError> {
        let purl = match GolangPurl::parse(&self.purl) {
            Ok(purl) => purl,
            Err(PurlError::OtherType(_)) => return Ok(None),
            Err(reason) => {
                let purl = self.purl;
                return Err(SbomError::Purl { purl, reason });
            }
        };
        let version = purl.version().and_then(known_version);
        let names = purl.names();
        let is_module = names == Names::Package || purl.subpath().is_none();
        let entry = match purl.path() {
            // `std` is what cyclonedx-gomod calls it.
            STDLIB | "std" if is_module => Entry::new(Kind::Stdlib, Name::new(STDLIB, version)),
            path if is_module => {
                Entry { sum: self.sum, ..Entry::new(Kind::Dependency, Name::new(path, version)) }
            }
            path => Entry {
                sum: self.sum,
                alias: Some(path.to_owned()),
                ..Entry::new(Kind::Dependency, Name::new(purl.folded_path(), version))
            },
        };
        Ok(Some((names, entry)))
    }
}

/// The fields of both formats that say anything about modules.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    bom_format: Option<String>,
    metadata: Option<Metadata>,
    #[serde(default)]
    components: Vec<Component>,
    spdx_version: Option<String>,
    creation_info: Option<CreationInfo>,
    #[serde(default)]
    packages: Vec<SpdxPackage>,
}

#[derive(Deserialize)]
struct Metadata {
    component: Option<Component>,
    tools: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Component {
    purl: Option<String>,
    #[serde(default)]
    hashes: Vec<Hash>,
    #[serde(default)]
    properties: Vec<Property>,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct Property {
    name: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct CreationInfo {
    #[serde(default)]
    creators: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    #[serde(default)]
    external_refs: Vec<ExternalReference>,
    #[serde(default)]
    checksums: Vec<Checksum>,
    #[serde(default)]
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalReference {
    reference_type: String,
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: String,
    checksum_value: String,
}

#[derive(Deserialize)]
struct Annotation {
    comment: String,
}

impl Document {
    fn cyclonedx(self, packages: &mut Vec<StatedPackage>) {
        let metadata = self.metadata;
        let tools = metadata.as_ref().and_then(|metadata| metadata.tools.as_ref());
        // It writes the bytes of h1 as the SHA-256 of the component.
        let hash_is_sum = tools.is_some_and(|tools| names_tool(tools, "cyclonedx-gomod"));
        let mut rest = self.components;
        rest.extend(metadata.and_then(|metadata| metadata.component));
        rest.reverse();
        while let Some(mut component) = rest.pop() {
            rest.extend(component.components.drain(..).rev());
            let sum = component.sum(hash_is_sum);
            if let Some(purl) = component.purl {
                packages.push(StatedPackage { purl, sum });
            }
        }
    }

    fn spdx(self, packages: &mut Vec<StatedPackage>) {
        let creators = self.creation_info.map(|info| info.creators).unwrap_or_default();
        // It writes the bytes of h1 as the SHA256 checksum of the package.
        let checksum_is_sum = creators.iter().any(|it| it.starts_with("Tool: syft"));
        for package in self.packages {
            let sum = package.sum(checksum_is_sum);
            let purls = package.external_refs.into_iter();
            let purls = purls.filter(|reference| reference.reference_type == "purl");
            packages.extend(purls.map(|reference| StatedPackage {
                purl: reference.reference_locator,
                sum: sum.clone(),
            }));
        }
    }
}

impl Component {
    fn sum(&self, hash_is_sum: bool) -> Option<ModuleSum> {
        let property = self.properties.iter().find(|property| {
            matches!(property.name.as_deref(), Some(name) if SUM_PROPERTIES.contains(&name))
        });
        if let Some(value) = property.and_then(|property| property.value.as_deref()) {
            return Some(ModuleSum::new(value));
        }
        let hash = self.hashes.iter().find(|hash| hash.alg == "SHA-256")?;
        hash_is_sum.then(|| sum_of_hex(&hash.content)).flatten()
    }
}

impl SpdxPackage {
    fn sum(&self, checksum_is_sum: bool) -> Option<ModuleSum> {
        let comments = self.annotations.iter().map(|annotation| annotation.comment.as_str());
        let mut noted = comments.filter_map(|comment| {
            let (name, value) = comment.split_once('=')?;
            SUM_PROPERTIES.contains(&name).then(|| ModuleSum::new(value))
        });
        if let Some(sum) = noted.next() {
            return Some(sum);
        }
        let checksum = self.checksums.iter().find(|it| it.algorithm == "SHA256")?;
        checksum_is_sum.then(|| sum_of_hex(&checksum.checksum_value)).flatten()
    }
}

fn sum_of_hex(hex: &str) -> Option<ModuleSum> {
    let digest = hex::decode(hex).ok()?.try_into().ok()?;
    Some(ModuleSum::from_h1(&digest))
}

/// `metadata.tools` is a list of tools, or since 1.5 an object with a list of components.
fn names_tool(tools: &serde_json::Value, name: &str) -> bool {
    let list = tools.get("components").unwrap_or(tools);
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().any(|tool| tool.get("name").and_then(|it| it.as_str()) == Some(name))
}

/// Where chainsign and syft put the sum.
const SUM_PROPERTIES: [&str; 2] = ["chainsign:go:sum", "syft:metadata:h1Digest"];
