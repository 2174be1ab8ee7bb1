//! CycloneDX documents with the analysis of vulnerabilities (VEX):
//! <https://cyclonedx.org/docs/1.6/json/#vulnerabilities>

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Component, Hashes, Identifiers, Product, Status, Vex, VexStatement};

#[derive(Deserialize)]
struct Marks {
    #[serde(default)]
    vulnerabilities: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    serial_number: Option<String>,
    metadata: Option<Metadata>,
    #[serde(default)]
    components: Vec<Listed>,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Metadata {
    timestamp: Option<Timestamp>,
    component: Option<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "bom-ref", default)]
    reference: String,
    purl: Option<String>,
    #[serde(default)]
    hashes: Vec<Hash>,
    #[serde(default)]
    components: Vec<Listed>,
}

#[derive(Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct Vulnerability {
    id: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
    analysis: Option<Analysis>,
    updated: Option<Timestamp>,
    published: Option<Timestamp>,
    #[serde(default)]
    affects: Vec<Affected>,
}

#[derive(Deserialize)]
struct Reference {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Analysis {
    state: Option<String>,
    justification: Option<String>,
    detail: Option<String>,
    first_issued: Option<Timestamp>,
    last_updated: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: Option<String>,
    status: Option<String>,
}

/// Reads the analysed vulnerabilities of a document. One without a state, or without an id, says
/// nothing; a document without any, as most are, is not looked at further.
pub(super) fn read(json: &str) -> Result<Vex, String> {
    let error = |error: serde_json::Error| error.to_string();
    let marks: Marks = serde_json::from_str(json).map_err(error)?;
    if marks.vulnerabilities.is_empty() {
        return Ok(Vex { statements: Vec::new() });
    }
    let document: Document = serde_json::from_str(json).map_err(error)?;
    let timestamp = document.metadata.as_ref().and_then(|metadata| metadata.timestamp);
    let places = Places::of(document.serial_number, document.metadata, document.components);
    let mut statements = Vec::new();
    for vulnerability in document.vulnerabilities {
        let Some(analysis) = vulnerability.analysis else { continue };
        let Some(status) = analysis.state.as_deref().map(status) else { continue };
        let times = [
            analysis.last_updated,
            analysis.first_issued,
            vulnerability.updated,
            vulnerability.published,
            timestamp,
        ];
        let time = times.into_iter().flatten().next();
        let references = vulnerability.references.into_iter().map(|reference| reference.id);
        let names: Vec<String> = vulnerability.id.into_iter().chain(references).collect();
        let justification = analysis.justification.or(analysis.detail);
        for affected in vulnerability.affects {
            for (product, status) in places.products(&affected, status) {
                let (names, justification) = (names.clone(), justification.clone());
                let products = vec![product];
                statements.push(VexStatement { names, products, status, justification, time });
            }
        }
    }
    Ok(Vex { statements })
}

/// The impact analysis state. One that nobody knows is no good one.
fn status(state: &str) -> Status {
    match state {
        "not_affected" | "false_positive" => Status::NotAffected,
        "resolved" | "resolved_with_pedigree" => Status::Fixed,
        "in_triage" => Status::UnderInvestigation,
        _ => Status::Affected,
    }
}

/// What references of a document lead to.
struct Places {
    serial: Option<String>,
    components: HashMap<String, (Option<String>, Hashes)>,
}

impl Places {
    fn of(serial: Option<String>, metadata: Option<Metadata>, components: Vec<Listed>) -> Self {
        let mut rest = components;
        // Only of what is described, the hashes can be those of the artifact.
        let described = metadata.and_then(|metadata| metadata.component);
        let mut known = HashMap::new();
        if let Some(described) = described {
            let hashes = hashes(&described.hashes);
            known.insert(described.reference, (described.purl, hashes));
            rest.extend(described.components);
        }
        while let Some(component) = rest.pop() {
            rest.extend(component.components);
            let place = (component.purl, Hashes::default());
            known.entry(component.reference).or_insert(place);
        }
        Places { serial, components: known }
    }

    /// What a reference names: a component of this document, of another one (a BOM-Link), or a
    /// package by its package URL. With versions, each of them alone; what is affected in a range of
    /// them is affected in all, and what is not affected in a range takes out nothing.
    fn products(&self, affected: &Affected, status: Status) -> Vec<(Product, Status)> {
        let reference = self.local(&affected.reference);
        let (purl, hashes) = match self.components.get(reference) {
            Some((purl, hashes)) => (purl.clone(), hashes.clone()),
            None => (Some(reference.to_owned()), Hashes::default()),
        };
        let product = |purl, hashes| {
            let component = Component { id: None, identifiers: Identifiers { purl }, hashes };
            Product { component, subcomponents: Vec::new() }
        };
        if affected.versions.is_empty() {
            return vec![(product(purl, hashes), status)];
        }
        let package = purl.as_deref().and_then(|purl| purl.split('@').next());
        let of_version = |version: &Version| {
            // Left out, it is affected: whatever the analysis says.
            let unaffected = version.status.as_deref() == Some("unaffected");
            let status = if unaffected { status } else { Status::Affected };
            match (package, &version.version) {
                (Some(package), Some(number)) => {
                    Some((product(Some(format!("{package}@{number}")), Hashes::default()), status))
                }
                _ if unaffected => None,
                _ => Some((product(package.map(str::to_owned), hashes.clone()), status)),
            }
        };
        affected.versions.iter().filter_map(of_version).collect()
    }

    /// `urn:cdx:SERIAL/VERSION#REFERENCE` is a reference of the document with that serial number.
    fn local<'a>(&self, reference: &'a str) -> &'a str {
        let Some((document, rest)) =
            reference.strip_prefix("urn:cdx:").and_then(|rest| rest.split_once('#'))
        else {
            return reference;
        };
        let serial = document.split('/').next().unwrap_or_default();
        let own = self.serial.as_deref().and_then(|own| own.strip_prefix("urn:uuid:"));
        if own == Some(serial) || rest.starts_with("pkg:") { rest } else { "" }
    }
}

fn hashes(written: &[Hash]) -> Hashes {
    let find = |name: &str| {
        let hash = written.iter().find(|hash| hash.alg == name)?;
        Some(hash.content.clone())
    };
    Hashes { sha256: find("SHA-256"), sha384: find("SHA-384"), sha512: find("SHA-512") }
}
