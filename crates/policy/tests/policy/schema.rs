//! The schema that is shipped is the schema of the types, and accepts what the loader accepts.

use std::path::Path;

use chainsign_policy::{json_schema, set_json_schema, test_json_schema};
use serde_json::Value;

use crate::common::*;

/// `UPDATE_SCHEMA=1 cargo test -p chainsign-policy schema` writes the files.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test compares files")]
fn the_shipped_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/schema");
    for (name, wanted) in [
        ("policy.v1.json", json_schema()),
        ("policyset.v1.json", set_json_schema()),
        ("policytest.v1.json", test_json_schema()),
    ] {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        let shipped = std::fs::read_to_string(&path).unwrap();
        assert_eq!(shipped, wanted, "run UPDATE_SCHEMA=1 cargo test -p chainsign-policy schema");
    }
}

#[test]
fn every_field_is_described() {
    fn walk(place: &str, schema: &Value, missing: &mut Vec<String>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{place}.{name}");
            let described = property.get("description").is_some() || property.get("$ref").is_some();
            if !described && name != "pattern" {
                missing.push(place.clone());
            }
            walk(&place, property, missing);
        }
    }
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let mut missing = Vec::new();
    walk("", &schema, &mut missing);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        walk(name, definition, &mut missing);
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// Every mapping of the language refuses unknown keys, in the schema as in the loader.
#[test]
fn every_object_is_closed() {
    fn walk(place: &str, schema: &Value) {
        let Some(object) = schema.as_object() else { return };
        if object.contains_key("properties") {
            assert_eq!(object.get("additionalProperties"), Some(&Value::Bool(false)), "{place}");
        }
        for (name, value) in object {
            let place = format!("{place}/{name}");
            walk(&place, value);
            value.as_array().into_iter().flatten().for_each(|value| walk(&place, value));
        }
    }
    walk("", &serde_json::from_str(&json_schema()).unwrap());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test reads a file")]
fn the_ready_policy_loads_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/go-release.yaml");
    let policy = parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(policy.identity().name, "go-release");
    let ids: Vec<_> = policy.rule_ids().iter().map(ToString::to_string).collect();
    assert_eq!(
        ids,
        [
            "signatures",
            "attestations.provenance",
            "attestations.provenance.builder",
            "attestations.provenance.source.repository",
            "attestations.provenance.source.ref",
            "attestations.provenance.externalParameters",
            "attestations.sbom",
            "attestations.sbom.minComponents",
            "go.binary",
            "go.minVersion",
            "go.settings.-trimpath",
            "go.settings.CGO_ENABLED",
            "go.settings.vcs.modified",
            "go.replace",
            "go.static",
            "go.commit",
            "go.modules",
        ]
    );
}
