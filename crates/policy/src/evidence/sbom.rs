//! An SBOM as policies look at it.

use std::collections::BTreeSet;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_gosbom::diff::ModuleSet;
use serde::Deserialize;

/// What an SBOM lists.
#[derive(Debug)]
pub(crate) struct Sbom {
    /// Components (CycloneDX, at any depth) or packages (SPDX), without what the document
    /// describes.
    pub(crate) components: Vec<Component>,
    /// The digests of what the document describes.
    pub(crate) described: ArtifactDigests,
    /// Its Go modules, or why they cannot be read.
    pub(crate) modules: Result<ModuleSet, String>,
}

/// One component or package.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) purl: Option<String>,
    /// Licences and licence expressions; all of them apply.
    pub(crate) licences: Vec<String>,
}

impl Sbom {
    /// Reads CycloneDX or SPDX 2 in JSON. The statement that carried it bounds its size, nesting
    /// and keys.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let (components, described) = match (document.bom_format.as_deref(), &document.spdx_version)
        {
            (Some("CycloneDX"), _) => document.cyclonedx(),
            (_, Some(version)) if version.starts_with("SPDX-2.") => document.spdx(),
            _ => return Err("neither a CycloneDX nor an SPDX 2 document".to_owned()),
        };
        let modules = ModuleSet::from_sbom(json).map_err(|error| error.to_string());
        Ok(Sbom { components, described, modules })
    }
}

/// The fields of both formats that policies look at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    bom_format: Option<String>,
    metadata: Option<Metadata>,
    #[serde(default)]
    components: Vec<CdxComponent>,
    spdx_version: Option<String>,
    #[serde(default)]
    packages: Vec<SpdxPackage>,
    #[serde(default)]
    document_describes: Vec<String>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Metadata {
    component: Option<CdxComponent>,
}

#[derive(Deserialize)]
struct CdxComponent {
    #[serde(default)]
    name: String,
    version: Option<String>,
    purl: Option<String>,
    #[serde(default)]
    licenses: Vec<LicenceChoice>,
    #[serde(default)]
    hashes: Vec<CdxHash>,
    #[serde(default)]
    components: Vec<CdxComponent>,
}

#[derive(Deserialize)]
struct LicenceChoice {
    license: Option<Licence>,
    expression: Option<String>,
}

#[derive(Deserialize)]
struct Licence {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct CdxHash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    #[serde(rename = "SPDXID", default)]
    id: String,
    #[serde(default)]
    name: String,
    version_info: Option<String>,
    license_concluded: Option<String>,
    license_declared: Option<String>,
    #[serde(default)]
    external_refs: Vec<ExternalReference>,
    #[serde(default)]
    checksums: Vec<Checksum>,
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
#[serde(rename_all = "camelCase")]
struct Relationship {
    relationship_type: String,
    related_spdx_element: String,
}

impl Document {
    fn cyclonedx(self) -> (Vec<Component>, ArtifactDigests) {
        let described = self.metadata.and_then(|metadata| metadata.component);
        let hashes = described.iter().flat_map(|component| &component.hashes);
        let digests = digests(hashes.map(|hash| (hash.alg.as_str(), hash.content.as_str())));
        let mut components = Vec::new();
        let mut rest = self.components;
        // What is inside the described component is listed as well.
        rest.extend(described.into_iter().flat_map(|component| component.components));
        rest.reverse();
        while let Some(mut component) = rest.pop() {
            rest.extend(component.components.drain(..).rev());
            components.push(Component {
                licences: component.licenses.into_iter().filter_map(LicenceChoice::text).collect(),
                name: component.name,
                version: component.version,
                purl: component.purl,
            });
        }
        (components, digests)
    }

    fn spdx(self) -> (Vec<Component>, ArtifactDigests) {
        let relationships = self.relationships.into_iter();
        let describes = relationships.filter(|it| it.relationship_type == "DESCRIBES");
        let mut described: BTreeSet<_> = self.document_describes.into_iter().collect();
        described.extend(describes.map(|it| it.related_spdx_element));
        let (roots, packages): (Vec<_>, Vec<_>) =
            self.packages.into_iter().partition(|package| described.contains(&package.id));
        let checksums = roots.iter().flat_map(|package| &package.checksums);
        let checksums = checksums.map(|it| (it.algorithm.as_str(), it.checksum_value.as_str()));
        let digests = digests(checksums);
        let component = |package: SpdxPackage| {
            let purls = package.external_refs.into_iter();
            let mut purls = purls.filter(|reference| reference.reference_type == "purl");
            let stated = [package.license_concluded, package.license_declared];
            let known = |text: &String| !matches!(text.as_str(), "NOASSERTION" | "NONE" | "");
            Component {
                name: package.name,
                version: package.version_info,
                purl: purls.next().map(|reference| reference.reference_locator),
                // What was concluded counts before what was declared.
                licences: stated.into_iter().flatten().find(known).into_iter().collect(),
            }
        };
        (packages.into_iter().map(component).collect(), digests)
    }
}

impl LicenceChoice {
    fn text(self) -> Option<String> {
        let licence = self.license.and_then(|licence| licence.id.or(licence.name));
        self.expression.or(licence).filter(|text| !text.is_empty())
    }
}

/// The digests of acceptable algorithms; `SHA-256` and `SHA256` are both written. What does not
/// parse, or contradicts another, is left out.
fn digests<'a>(hashes: impl Iterator<Item = (&'a str, &'a str)>) -> ArtifactDigests {
    let mut digests = ArtifactDigests::default();
    for (name, hex) in hashes {
        let name = name.replace('-', "").to_ascii_lowercase();
        let algorithm = DigestAlgorithm::from_name(&name);
        let digest = algorithm.and_then(|it| ArtifactDigest::from_hex(it, hex).ok());
        if let Some(digest) = digest
            && digests.insert(digest).is_err()
        {
            return ArtifactDigests::default();
        }
    }
    digests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(json: &str) -> Result<Vec<String>, String> {
        let sbom = Sbom::parse(json.as_bytes())?;
        Ok(sbom.components.into_iter().map(|component| component.name).collect())
    }

    #[test]
    fn components_are_found_at_any_depth() {
        let json = r#"{"bomFormat":"CycloneDX",
            "metadata":{"component":{"name":"x","components":[{"name":"in"}]}},
            "components":[{"name":"a","components":[{"name":"b"},{"name":"c"}]},{"name":"d"}]}"#;
        assert_eq!(names(json).unwrap(), ["a", "b", "c", "d", "in"]);
        assert_eq!(names(r#"{"bomFormat":"CycloneDX"}"#).unwrap(), Vec::<String>::new());
        let wanted = "neither a CycloneDX nor an SPDX 2 document".to_owned();
        assert_eq!(names(r#"{"components":[{}]}"#), Err(wanted));
    }

    #[test]
    fn what_an_spdx_document_describes_is_not_one_of_its_packages() {
        let packages = r#""packages":[{"SPDXID":"r","name":"root","checksums":[{"algorithm":"SHA256",
            "checksumValue":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]},
            {"SPDXID":"a","name":"a","licenseConcluded":"NOASSERTION","licenseDeclared":"MIT"}]"#;
        for describes in [
            r#""documentDescribes":["r"]"#,
            r#""relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"r"}]"#,
        ] {
            let json = format!(r#"{{"spdxVersion":"SPDX-2.3",{describes},{packages}}}"#);
            let sbom = Sbom::parse(json.as_bytes()).unwrap();
            assert_eq!(sbom.components[0].name, "a");
            assert_eq!(sbom.components[0].licences, ["MIT"]);
            assert_eq!(sbom.described, ArtifactDigest::sha256(b"").into());
        }
    }
}
