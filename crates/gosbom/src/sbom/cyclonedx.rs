//! CycloneDX JSON, specification versions 1.4 to 1.7 (<https://cyclonedx.org/specification/overview>).
//!
//! One model serves all versions; where a version does not have a field yet, the field is left
//! out. What differs: `metadata.tools` became an object and `metadata.lifecycles` and
//! `evidence.identity` appeared in 1.5; occurrences got an offset, and `evidence.identity` became
//! a list, in 1.6.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::model::{Coverage, Model, Occurrence, Package, Role};
use super::{TOOL_NAME, TOOL_VERSION, to_json, whole_seconds};

/// A version of the CycloneDX specification that can be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SpecVersion {
    /// 1.4
    V1_4,
    /// 1.5
    V1_5,
    /// 1.6
    #[default]
    V1_6,
    /// 1.7
    V1_7,
}

impl SpecVersion {
    /// As `specVersion` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_4 => "1.4",
            Self::V1_5 => "1.5",
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
        }
    }
}

impl std::fmt::Display for SpecVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(super) fn write(model: &Model, created: Option<Timestamp>, version: SpecVersion) -> Vec<u8> {
    let bom = Bom {
        schema: format!("http://cyclonedx.org/schema/bom-{version}.schema.json"),
        bom_format: "CycloneDX",
        spec_version: version.as_str(),
        serial_number: model.uuid().map(|uuid| uuid.urn().to_string()),
        version: 1,
        metadata: Metadata {
            timestamp: created.map(whole_seconds),
            lifecycles: (version >= SpecVersion::V1_5)
                .then_some([Lifecycle { phase: "post-build" }]),
            tools: Tools::new(version),
            component: Component::new(&model.root, version),
        },
        components: model
            .packages
            .values()
            .map(|package| Component::new(package, version))
            .collect(),
        dependencies: model
            .edges
            .iter()
            .map(|(from, to)| Dependency { reference: from, depends_on: to })
            .collect(),
        compositions: compositions(model),
    };
    to_json(&bom)
}

fn compositions<'a>(model: &'a Model) -> Vec<Composition<'a>> {
    let binaries = match model.binaries {
        Coverage::Complete => Vec::new(),
        Coverage::Incomplete => vec![model.root.reference.as_str()],
    };
    let names = |references: &'a BTreeSet<String>| references.iter().map(String::as_str).collect();
    [
        Composition { aggregate: "incomplete", assemblies: binaries, dependencies: Vec::new() },
        Composition {
            aggregate: "complete",
            assemblies: Vec::new(),
            dependencies: names(&model.complete),
        },
        Composition {
            aggregate: "unknown",
            assemblies: Vec::new(),
            dependencies: names(&model.unknown),
        },
    ]
    .into_iter()
    .filter(|it| !it.assemblies.is_empty() || !it.dependencies.is_empty())
    .collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom<'a> {
    #[serde(rename = "$schema")]
    schema: String,
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
    dependencies: Vec<Dependency<'a>>,
    compositions: Vec<Composition<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycles: Option<[Lifecycle; 1]>,
    tools: Tools,
    component: Component<'a>,
}

#[derive(Serialize)]
struct Lifecycle {
    phase: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Tools {
    Components { components: [Tool; 1] },
    List([Tool; 1]),
}

#[derive(Serialize)]
struct Tool {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    name: &'static str,
    version: &'static str,
}

impl Tools {
    fn new(version: SpecVersion) -> Self {
        let tool = |kind| Tool { kind, name: TOOL_NAME, version: TOOL_VERSION };
        if version < SpecVersion::V1_5 {
            return Self::List([tool(None)]);
        }
        Self::Components { components: [tool(Some("application"))] }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licenses: Option<[LicenseChoice; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pedigree: Option<Pedigree<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
}

impl<'a> Component<'a> {
    fn new(package: &'a Package, version: SpecVersion) -> Self {
        let hash = |alg, content: &'a Option<String>| {
            let content = content.as_deref()?;
            Some(Hash { alg, content })
        };
        Self {
            kind: match package.role {
                Role::Binary => "application",
                Role::Collection => "file",
                Role::Image => "container",
                Role::Module | Role::Package => "library",
            },
            reference: Some(&package.reference),
            name: &package.name,
            version: package.version.as_deref(),
            hashes: hash("SHA-256", &package.sha256)
                .into_iter()
                .chain(hash("SHA-512", &package.sha512))
                .collect(),
            licenses: package.licence.map(|id| {
                let license = License { id };
                [LicenseChoice { license }]
            }),
            cpe: package.cpe.as_deref(),
            purl: package.purl.as_deref(),
            pedigree: package.replaces.as_deref().map(|original| Pedigree {
                ancestors: vec![Component { reference: None, ..Self::new(original, version) }],
                notes: "replaced by a replace directive of the main module",
            }),
            evidence: Evidence::new(package, version),
            properties: package
                .properties
                .iter()
                .map(|property| Property { name: &property.name, value: &property.value })
                .collect(),
            components: package.packages.values().map(|it| Self::new(it, version)).collect(),
        }
    }
}

#[derive(Serialize)]
struct Hash<'a> {
    alg: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct LicenseChoice {
    license: License,
}

#[derive(Serialize)]
struct License {
    id: &'static str,
}

#[derive(Serialize)]
struct Pedigree<'a> {
    ancestors: Vec<Component<'a>>,
    notes: &'static str,
}

#[derive(Serialize)]
struct Property<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct Evidence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Identities>,
    occurrences: Vec<OccurrenceEntry<'a>>,
}

impl<'a> Evidence<'a> {
    fn new(package: &'a Package, version: SpecVersion) -> Option<Self> {
        if version < SpecVersion::V1_5 || package.occurrences.is_empty() {
            return None;
        }
        let identity = || Identity {
            field: "purl",
            confidence: 1,
            methods: [Method {
                technique: "binary-analysis",
                confidence: 1,
                value: match package.role {
                    Role::Package => "Go function table",
                    _ => "Go build information",
                },
            }],
        };
        let identity = package.purl.is_some().then(|| match version {
            SpecVersion::V1_5 => Identities::One(identity()),
            _ => Identities::List([identity()]),
        });
        Some(Self {
            identity,
            occurrences: package
                .occurrences
                .iter()
                .map(|occurrence| OccurrenceEntry::new(occurrence, version))
                .collect(),
        })
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Identities {
    One(Identity),
    List([Identity; 1]),
}

#[derive(Serialize)]
struct Identity {
    field: &'static str,
    confidence: u8,
    methods: [Method; 1],
}

#[derive(Serialize)]
struct Method {
    technique: &'static str,
    confidence: u8,
    value: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OccurrenceEntry<'a> {
    location: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_context: Option<&'a str>,
}

impl<'a> OccurrenceEntry<'a> {
    fn new(occurrence: &'a Occurrence, version: SpecVersion) -> Self {
        let detailed = version >= SpecVersion::V1_6;
        Self {
            location: &occurrence.location,
            offset: detailed.then_some(occurrence.offset),
            additional_context: occurrence.context.as_deref().filter(|_| detailed),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    depends_on: &'a BTreeSet<String>,
}

#[derive(Serialize)]
struct Composition<'a> {
    aggregate: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assemblies: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<&'a str>,
}
