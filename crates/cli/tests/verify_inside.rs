//! `verify --policy` looks into archives, image archives and image layouts.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::path::Path;

use support::Desk;

const POLICY: &str = "\
apiVersion: chainsign.dev/v1
kind: Policy
metadata: {name: inside}
authorities:
  release: {keyless: {issuer: 'https://issuer.example', subject: dev@acme.example}}
signatures: {require: release}
go: {replace: deny}
";

#[test]
fn archives_and_images_are_looked_into() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let desk = Desk::new();
    desk.write("policy.yaml", POLICY);
    let mut found = Vec::new();
    for target in ["archives/gnu.tar.gz", "archives/app.deb", "images/oci", "images/docker.tar.gz"]
    {
        let target = testdata.join(target);
        let arguments = [
            "verify",
            "--offline",
            "--policy",
            "policy.yaml",
            "-o",
            "json",
            target.to_str().unwrap(),
        ];
        let json = desk.run(&arguments).exits(1).json();
        let rules = find(&json, "go.binary").expect("the rule");
        found.push((rules["outcome"].to_string(), rules["message"].to_string()));
    }
    let wanted = ["archive", "archive", "image", "image"].map(|place| {
        let message = format!("\"1 Go program in the {place}, all with build information\"");
        ("\"pass\"".to_owned(), message)
    });
    assert_eq!(found, wanted);
}

#[test]
fn a_folder_that_is_no_image_is_no_target() {
    let desk = Desk::new();
    desk.write("policy.yaml", POLICY);
    std::fs::create_dir(desk.path("folder")).unwrap();
    let ran = desk.run(&["verify", "--offline", "--policy", "policy.yaml", "folder"]).exits(2);
    assert!(ran.stdout.contains("is a directory") || ran.stderr.contains("is a directory"));
}

/// The object with this id, wherever it is.
fn find<'a>(json: &'a serde_json::Value, id: &str) -> Option<&'a serde_json::Value> {
    if json["id"] == id {
        return Some(json);
    }
    match json {
        serde_json::Value::Array(items) => items.iter().find_map(|item| find(item, id)),
        serde_json::Value::Object(fields) => fields.values().find_map(|field| find(field, id)),
        _ => None,
    }
}
