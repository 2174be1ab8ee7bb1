//! An SBOM as policies look at it.

use std::collections::{BTreeSet, HashMap};

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm, DigestMatch};
use chainsign_gosbom::diff::ModuleSet;
use jiff::Timestamp;
use serde::Deserialize;

/// What an SBOM lists.
#[derive(Debug)]
pub(crate) struct Sbom {
    /// Components (CycloneDX, at any depth) or packages (SPDX), without what the document
    /// describes.
    pub(crate) components: Vec<Component>,
    /// What the document describes.
    pub(crate) subjects: Vec<Component>,
    /// The digests of what the document describes.
    pub(crate) described: ArtifactDigests,
    /// When it was made, by its own word.
    pub(crate) created: Option<Timestamp>,
    /// Its Go modules, or why they cannot be read.
    pub(crate) modules: Result<ModuleSet, String>,
    /// The files that it names by their digests, the described one included.
    files: Vec<StatedFile>,
    /// What is made of what, by references.
    edges: HashMap<String, Vec<String>>,
    /// The package URLs, by references.
    purls: HashMap<String, String>,
}

/// A file that an SBOM names.
#[derive(Debug)]
struct StatedFile {
    reference: String,
    digests: ArtifactDigests,
}

/// One component or package.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) purl: Option<String>,
    /// SPDX allows more than one name of a package.
    pub(crate) other_purls: Vec<String>,
    /// Licences and licence expressions; all of them apply.
    pub(crate) licences: Vec<String>,
}

impl Sbom {
    /// Reads CycloneDX or SPDX 2 in JSON. The statement that carried it bounds its size, nesting
    /// and keys.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let created = document.created();
        let mut sbom = match (document.bom_format.as_deref(), &document.spdx_version) {
            (Some("CycloneDX"), _) => document.cyclonedx(),
            (_, Some(version)) if version.starts_with("SPDX-2.") => document.spdx(),
            _ => return Err("neither a CycloneDX nor an SPDX 2 document".to_owned()),
        };
        sbom.created = created;
        sbom.modules = ModuleSet::from_sbom(json).map_err(|error| error.to_string());
        Ok(sbom)
    }

    /// Whether it names a file with these digests.
    pub(crate) fn lists(&self, digests: &ArtifactDigests) -> bool {
        self.files.iter().any(|file| file.is(digests))
    }

    /// The Go modules that it says the file with these digests is made of, at any depth: wherever it
    /// names the file, as it does for each place that one is in. `None` if it does not say.
    pub(crate) fn modules_of(
        &self,
        digests: &ArtifactDigests,
    ) -> Option<Result<ModuleSet, String>> {
        let named = self.files.iter().filter(|file| file.is(digests)).map(|file| &file.reference);
        let says =
            |reference: &&String| !reference.is_empty() && self.edges.contains_key(*reference);
        let mut rest: Vec<_> = named.filter(says).map(String::as_str).collect();
        if rest.is_empty() {
            return None;
        }
        let mut seen = BTreeSet::new();
        while let Some(reference) = rest.pop() {
            if seen.insert(reference) {
                let parts = self.edges.get(reference).into_iter().flatten();
                rest.extend(parts.map(String::as_str));
            }
        }
        let purls = seen.into_iter().filter_map(|reference| self.purls.get(reference));
        Some(ModuleSet::from_purls(purls.map(String::as_str)).map_err(|error| error.to_string()))
    }

    fn empty(described: ArtifactDigests) -> Self {
        Sbom {
            components: Vec::new(),
            subjects: Vec::new(),
            described,
            created: None,
            modules: Err(String::new()),
            files: Vec::new(),
            edges: HashMap::new(),
            purls: HashMap::new(),
        }
    }

    fn file(&mut self, reference: &str, digests: ArtifactDigests) {
        if digests.iter().next().is_some() {
            self.files.push(StatedFile { reference: reference.to_owned(), digests });
        }
    }

    fn edge(&mut self, from: String, to: String) {
        self.edges.entry(from).or_default().push(to);
    }
}

impl StatedFile {
    fn is(&self, digests: &ArtifactDigests) -> bool {
        matches!(self.digests.compare(digests), DigestMatch::Match(_))
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
    #[serde(default)]
    files: Vec<SpdxFile>,
    creation_info: Option<CreationInfo>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    depends_on: Vec<String>,
}

#[derive(Deserialize)]
struct CreationInfo {
    created: Option<String>,
}

#[derive(Deserialize)]
struct SpdxFile {
    #[serde(rename = "SPDXID", default)]
    id: String,
    #[serde(default)]
    checksums: Vec<Checksum>,
}

#[derive(Deserialize)]
struct Metadata {
    timestamp: Option<String>,
    component: Option<CdxComponent>,
}

#[derive(Deserialize)]
struct CdxComponent {
    #[serde(rename = "bom-ref", default)]
    reference: String,
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
    #[serde(default)]
    spdx_element_id: String,
    relationship_type: String,
    related_spdx_element: String,
}

impl Document {
    /// What is no time counts as none.
    fn created(&self) -> Option<Timestamp> {
        let cyclonedx = self.metadata.as_ref().and_then(|metadata| metadata.timestamp.as_ref());
        let spdx = self.creation_info.as_ref().and_then(|info| info.created.as_ref());
        cyclonedx.or(spdx)?.parse().ok()
    }

    fn cyclonedx(self) -> Sbom {
        let described = self.metadata.and_then(|metadata| metadata.component);
        let digests = described.as_ref().map(CdxComponent::digests).unwrap_or_default();
        let mut sbom = Sbom::empty(digests.clone());
        let mut rest = self.components;
        if let Some(mut described) = described {
            sbom.file(&described.reference, digests);
            let purl = described.purl.clone();
            sbom.purls.extend(purl.map(|purl| (described.reference.clone(), purl)));
            // What is inside the described component is listed as well.
            rest.append(&mut described.components);
            sbom.subjects.push(described.into());
        }
        rest.reverse();
        while let Some(mut component) = rest.pop() {
            for inner in &component.components {
                sbom.edge(component.reference.clone(), inner.reference.clone());
            }
            rest.extend(component.components.drain(..).rev());
            sbom.file(&component.reference, component.digests());
            if let Some(purl) = &component.purl {
                sbom.purls.insert(component.reference.clone(), purl.clone());
            }
            sbom.components.push(component.into());
        }
        for dependency in self.dependencies {
            for part in dependency.depends_on {
                sbom.edge(dependency.reference.clone(), part);
            }
        }
        sbom
    }

    fn spdx(self) -> Sbom {
        let mut described: BTreeSet<_> = self.document_describes.into_iter().collect();
        let mut edges = Vec::new();
        for relationship in self.relationships {
            match relationship.relationship_type.as_str() {
                "DESCRIBES" => drop(described.insert(relationship.related_spdx_element)),
                "CONTAINS" | "DEPENDS_ON" => {
                    edges.push((relationship.spdx_element_id, relationship.related_spdx_element));
                }
                _ => {}
            }
        }
        let is_root = |package: &SpdxPackage| described.contains(&package.id);
        let roots = self.packages.iter().filter(|package| is_root(package));
        let checksums = roots.flat_map(|package| &package.checksums);
        let mut sbom = Sbom::empty(digests(checksums.map(Checksum::pair)));
        edges.into_iter().for_each(|(from, to)| sbom.edge(from, to));
        for file in &self.files {
            sbom.file(&file.id, digests(file.checksums.iter().map(Checksum::pair)));
        }
        for package in self.packages {
            sbom.file(&package.id, digests(package.checksums.iter().map(Checksum::pair)));
            let is_root = is_root(&package);
            let references = package.external_refs.into_iter();
            let mut purls = references
                .filter(|reference| reference.reference_type == "purl")
                .map(|reference| reference.reference_locator);
            let purl = purls.next();
            sbom.purls.extend(purl.clone().map(|purl| (package.id, purl)));
            let stated = [package.license_concluded, package.license_declared];
            let known = |text: &String| !matches!(text.as_str(), "NOASSERTION" | "NONE" | "");
            let list = if is_root { &mut sbom.subjects } else { &mut sbom.components };
            list.push(Component {
                name: package.name,
                version: package.version_info,
                purl,
                other_purls: purls.collect(),
                // What was concluded counts before what was declared.
                licences: stated.into_iter().flatten().find(known).into_iter().collect(),
            });
        }
        sbom
    }
}

impl From<CdxComponent> for Component {
    fn from(written: CdxComponent) -> Self {
        Component {
            licences: written.licenses.into_iter().filter_map(LicenceChoice::text).collect(),
            name: written.name,
            version: written.version,
            purl: written.purl,
            other_purls: Vec::new(),
        }
    }
}

impl CdxComponent {
    fn digests(&self) -> ArtifactDigests {
        digests(self.hashes.iter().map(|hash| (hash.alg.as_str(), hash.content.as_str())))
    }
}

impl Checksum {
    fn pair(&self) -> (&str, &str) {
        (&self.algorithm, &self.checksum_value)
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
    fn a_file_that_is_named_twice_is_made_of_what_either_says() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let file = |name: &str| {
            format!(
                r#"{{"bom-ref":"{name}","name":"{name}","hashes":[{{"alg":"SHA-256","content":"{hex}"}}]}}"#
            )
        };
        let json = format!(
            r#"{{"bomFormat":"CycloneDX","components":[{},{},
                {{"bom-ref":"m","name":"m","purl":"pkg:golang/a.b/m@v1.0.0"}}],
                "dependencies":[{{"ref":"second","dependsOn":["m"]}}]}}"#,
            file("first"),
            file("second")
        );
        let sbom = Sbom::parse(json.as_bytes()).unwrap();
        let modules = sbom.modules_of(&ArtifactDigest::sha256(b"").into()).unwrap().unwrap();
        let wanted = ModuleSet::from_purls(["pkg:golang/a.b/m@v1.0.0"]).unwrap();
        assert_eq!(format!("{modules:?}"), format!("{wanted:?}"));
        assert!(sbom.modules_of(&ArtifactDigest::sha256(b"other").into()).is_none());
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
