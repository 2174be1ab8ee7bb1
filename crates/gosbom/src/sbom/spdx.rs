//! SPDX 2.3 JSON (<https://spdx.github.io/spdx-spec/v2.3/>).
//!
//! What SPDX has no field for (build settings, sums, replacements) stands in annotations of the
//! form `name=value`, with the same names as the CycloneDX properties. A module's sum is never a
//! package checksum: it is not the hash of any file.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::model::{Coverage, Model, Package, Property, Role};
use super::{TOOL_NAME, TOOL_VERSION, to_json, whole_seconds};

pub(super) fn write(model: &Model, created: Option<Timestamp>) -> Vec<u8> {
    // Required by SPDX; without a time given, the start of time counting.
    let created = whole_seconds(created.unwrap_or(Timestamp::UNIX_EPOCH));
    let tool = format!("Tool: {TOOL_NAME}-{TOOL_VERSION}");
    let identifiers = Identifiers::new(model);
    let package = |package| SpdxPackage::new(package, &identifiers, &created, &tool);
    to_json(&Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        identifier: DOCUMENT,
        name: &model.root.name,
        document_namespace: namespace(model),
        creation_info: CreationInfo { created: created.clone(), creators: [tool.clone()] },
        packages: every_package(model).map(package).collect(),
        relationships: relationships(model, &identifiers),
    })
}

fn every_package(model: &Model) -> impl Iterator<Item = &Package> {
    std::iter::once(&model.root).chain(model.packages.values()).flat_map(Package::with_packages)
}

/// Unique for what the document says: made of the file's digest, or of everything it names.
fn namespace(model: &Model) -> String {
    let uuid = model.uuid().unwrap_or_else(|| {
        let names: Vec<_> = model.packages.keys().map(String::as_str).collect();
        Uuid::new_v5(&Uuid::NAMESPACE_URL, names.join("\n").as_bytes())
    });
    format!("https://chainsign.dev/spdx/{uuid}")
}

fn relationships<'a>(model: &'a Model, identifiers: &'a Identifiers<'a>) -> Vec<Relationship<'a>> {
    let relationship = |from, kind, to| Relationship { from, kind, to };
    let root = identifiers.of(&model.root.reference);
    let mut relationships = vec![relationship(DOCUMENT, "DESCRIBES", root)];
    for (from, targets) in &model.edges {
        let contains = matches!(model.role(from), Role::Collection | Role::Image);
        let kind = if contains { "CONTAINS" } else { "DEPENDS_ON" };
        let from = identifiers.of(from);
        let edge = |to: &'a String| relationship(from, kind, identifiers.of(to));
        relationships.extend(targets.iter().map(edge));
    }
    for package in std::iter::once(&model.root).chain(model.packages.values()) {
        let module = identifiers.of(&package.reference);
        let contains =
            |it: &'a Package| relationship(module, "CONTAINS", identifiers.of(&it.reference));
        relationships.extend(package.packages.values().map(contains));
    }
    if model.binaries == Coverage::Incomplete {
        relationships.push(relationship(root, "CONTAINS", "NOASSERTION"));
    }
    for from in &model.unknown {
        relationships.push(relationship(identifiers.of(from), "DEPENDS_ON", "NOASSERTION"));
    }
    relationships
}

/// SPDX identifiers of all packages: letters, digits, `.` and `-` only, each once.
struct Identifiers<'a>(BTreeMap<&'a str, String>);

impl<'a> Identifiers<'a> {
    fn new(model: &'a Model) -> Self {
        let mut taken = BTreeSet::new();
        let mut identifiers = BTreeMap::new();
        for Package { reference, .. } in every_package(model) {
            let plain = reference.strip_prefix("pkg:golang/").unwrap_or(reference);
            let plain: String = plain
                .chars()
                .map(|letter| match letter {
                    'a'..='z' | 'A'..='Z' | '0'..='9' | '.' => letter,
                    _ => '-',
                })
                .collect();
            let mut identifier = format!("SPDXRef-{plain}");
            let mut count = 1;
            while !taken.insert(identifier.clone()) {
                count += 1;
                identifier = format!("SPDXRef-{plain}-{count}");
            }
            identifiers.insert(reference.as_str(), identifier);
        }
        Self(identifiers)
    }

    /// Edges name only packages of the model.
    fn of(&self, reference: &str) -> &str {
        self.0.get(reference).map_or(DOCUMENT, String::as_str)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    identifier: &'static str,
    name: &'a str,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<SpdxPackage<'a>>,
    relationships: Vec<Relationship<'a>>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: [String; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage<'a> {
    name: &'a str,
    #[serde(rename = "SPDXID")]
    identifier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_file_name: Option<&'a str>,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum<'a>>,
    license_concluded: &'static str,
    license_declared: &'static str,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalReference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation<'a>>,
}

impl<'a> SpdxPackage<'a> {
    fn new(
        package: &'a Package,
        identifiers: &'a Identifiers<'a>,
        created: &'a str,
        tool: &'a str,
    ) -> Self {
        let checksum = |algorithm, value: &'a Option<String>| {
            value.as_deref().map(|checksum_value| Checksum { algorithm, checksum_value })
        };
        let external = |reference_category, reference_type, value: &'a Option<String>| {
            let reference_locator = value.as_deref()?;
            Some(ExternalReference { reference_category, reference_type, reference_locator })
        };
        let annotation = |comment| Annotation {
            annotation_date: created,
            annotation_type: "OTHER",
            annotator: tool,
            comment,
        };
        let comment = |it: &Property| format!("{}={}", it.name, it.value);
        let replaces = package.replaces.as_deref().and_then(|original| original.purl.as_deref());
        let replaces = replaces.map(|purl| format!("chainsign:go:replaces={purl}"));
        let comments = package.properties.iter().map(comment).chain(replaces);
        let licence = package.licence.unwrap_or("NOASSERTION");
        let first = package.occurrences.first().map(|it| it.location.as_str());
        Self {
            name: &package.name,
            identifier: identifiers.of(&package.reference),
            version_info: package.version.as_deref(),
            package_file_name: first.filter(|_| package.role == Role::Binary),
            download_location: "NOASSERTION",
            files_analyzed: false,
            checksums: checksum("SHA256", &package.sha256)
                .into_iter()
                .chain(checksum("SHA512", &package.sha512))
                .collect(),
            license_concluded: licence,
            license_declared: licence,
            copyright_text: "NOASSERTION",
            source_info: source_info(package),
            primary_package_purpose: match package.role {
                Role::Binary => "APPLICATION",
                Role::Collection => "OTHER",
                Role::Image => "CONTAINER",
                Role::Module | Role::Package => "LIBRARY",
            },
            external_refs: external("PACKAGE-MANAGER", "purl", &package.purl)
                .into_iter()
                .chain(external("SECURITY", "cpe23Type", &package.cpe))
                .collect(),
            annotations: comments.map(annotation).collect(),
        }
    }
}

fn source_info(package: &Package) -> Option<String> {
    let place = |it: &super::model::Occurrence| {
        let context = it.context.as_ref().map(|context| format!(" ({context})"));
        format!("{} at offset {}{}", it.location, it.offset, context.unwrap_or_default())
    };
    let places: Vec<_> = package.occurrences.iter().map(place).collect();
    (!places.is_empty()).then(|| {
        let record = match package.role {
            Role::Package => "function table",
            _ => "build information",
        };
        format!("read from the Go {record} of {}", places.join(", "))
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum<'a> {
    algorithm: &'static str,
    checksum_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalReference<'a> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation<'a> {
    annotation_date: &'a str,
    annotation_type: &'static str,
    annotator: &'a str,
    comment: String,
}

#[derive(Serialize)]
struct Relationship<'a> {
    #[serde(rename = "spdxElementId")]
    from: &'a str,
    #[serde(rename = "relationshipType")]
    kind: &'static str,
    #[serde(rename = "relatedSpdxElement")]
    to: &'a str,
}

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
