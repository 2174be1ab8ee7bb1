//! `policy check`, `policy explain`, `policy test`, `policy schema`.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use serde_json::Value;
use support::{Desk, POLICIES, Ran, SHIPCHECK};

const SCHEMAS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema");

/// Holds a document against its schema, which may refer to the others.
#[track_caller]
fn fits(schema: &str, document: &Value) {
    let mut registry = jsonschema::Registry::new();
    for entry in std::fs::read_dir(SCHEMAS).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        let id = schema["$id"].as_str().unwrap().to_owned();
        registry = registry.add(id, schema).unwrap();
    }
    let registry = registry.prepare().unwrap();
    let path = format!("{SCHEMAS}/{schema}.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::options().with_registry(&registry).build(&schema).unwrap();
    let faults: Vec<_> = validator
        .iter_errors(document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}\n{document:#}");
}

fn json(desk: &Desk, arguments: &[&str]) -> Ran {
    let mut all = arguments.to_vec();
    all.extend(["--output", "json"]);
    desk.run(&all)
}

/// Files whose names end so, below the folder of policies.
fn files(ending: &str) -> Vec<String> {
    let folders = [POLICIES.to_owned(), format!("{POLICIES}/tests")];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path().display().to_string());
    let mut paths: Vec<_> = paths.filter(|path| path.ends_with(ending)).collect();
    paths.sort();
    paths
}

/// Every policy that comes along has a test file, every case of it comes out as expected, and no
/// field of the policy is there that no case tests, but those listed.
#[test]
fn the_ready_policies_are_tested() {
    let desk = Desk::new();
    let policies: Vec<_> =
        files(".yaml").into_iter().filter(|it| !it.ends_with(".test.yaml")).collect();
    let tests = files(".test.yaml");
    let names = |paths: &[String], ending: &str| -> Vec<String> {
        let name =
            |path: &String| path.rsplit('/').next().unwrap().trim_end_matches(ending).to_owned();
        paths.iter().map(name).collect()
    };
    assert_eq!(names(&policies, ".yaml"), names(&tests, ".test.yaml"));
    let mut arguments = vec!["policy", "test"];
    arguments.extend(tests.iter().map(String::as_str));
    let ran = json(&desk, &arguments);
    let document = ran.json();
    fits("policy-test.v1", &document);
    assert_eq!(ran.code, 0, "{document:#}");
    let mut untested = Vec::new();
    for file in document["files"].as_array().unwrap() {
        for mutation in file["mutations"].as_array().unwrap() {
            if mutation["result"] == "unnoticed" {
                let [field, change] =
                    ["field", "change"].map(|key| mutation[key].as_str().unwrap());
                untested
                    .push(format!("{} {field} {change}", file["policy"]["name"].as_str().unwrap()));
            }
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/untested.txt");
    let found = untested.join("\n") + "\n";
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(path).unwrap(), "fields that no case tests");
}

#[test]
fn the_ready_policies_load_and_are_explained() {
    let desk = Desk::new();
    let policies: Vec<_> =
        files(".yaml").into_iter().filter(|it| !it.ends_with(".test.yaml")).collect();
    let mut arguments = vec!["policy", "check"];
    arguments.extend(policies.iter().map(String::as_str));
    let document = json(&desk, &arguments).exits(0).json();
    fits("policy-check.v1", &document);
    for file in document["files"].as_array().unwrap() {
        assert_eq!(file["policies"][0]["lints"], Value::Array(Vec::new()), "{file:#}");
    }
    for policy in &policies {
        fits("policy-explain.v1", &json(&desk, &["policy", "explain", policy]).exits(0).json());
        desk.run(&["policy", "explain", policy]).exits(0);
    }
}

#[test]
fn every_file_is_checked_also_behind_one_that_does_not_load() {
    let desk = Desk::new();
    desk.write("bad.yaml", "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {nam: x}\n");
    desk.write("set.yaml", format!("apiVersion: chainsign.dev/v1\nkind: PolicySet\npolicies: [{{file: {POLICIES}/go-release.yaml}}]\n"));
    let ran = json(&desk, &["policy", "check", "bad.yaml", "none.yaml", "set.yaml"]).exits(2);
    let document = ran.json();
    fits("policy-check.v1", &document);
    let of = |index: usize| {
        let file = &document["files"][index];
        let reason = file["failure"]["reason"].as_str().unwrap_or("-");
        let policy = file["policies"][0]["name"].as_str().unwrap_or("-");
        format!("{} {} {reason} {policy}", file["file"], file["outcome"])
    };
    assert_eq!(
        [of(0), of(1), of(2)],
        [
            "\"bad.yaml\" \"error\" bad-policy -",
            "\"none.yaml\" \"error\" unreadable -",
            "\"set.yaml\" \"loads\" - go-release",
        ]
    );
    desk.run(&["policy", "check", "bad.yaml"])
        .exits(2)
        .says("error: bad.yaml: line 3, column 12: unknown key \"nam\"")
        .says("hint: did you mean \"name\"?");
}

/// The exit code is the worst of all files; every case of every file is in the report.
#[test]
fn cases_that_come_out_otherwise_fail_and_bad_files_are_undecided() {
    let desk = Desk::new();
    std::fs::copy(SHIPCHECK, desk.path("app")).unwrap();
    let head = format!(
        "apiVersion: chainsign.dev/v1\nkind: PolicyTest\npolicy: {POLICIES}/go-release.yaml\nat: 2026-11-21T12:00:00Z\n"
    );
    let unsigned = "expect: {fail: [signatures, attestations.provenance, attestations.sbom]}";
    let case = |name: &str, rest: &str| format!("  - {{name: {name}, artifact: app, {rest}}}\n");
    desk.write("good.yaml", format!("{head}cases:\n{}", case("unsigned", unsigned)));
    desk.write(
        "wrong.yaml",
        format!("{head}cases:\n{}{}", case("a", "expect: pass"), case("b", unsigned)),
    );
    desk.write(
        "missing.yaml",
        format!(
            "{head}cases:\n{}",
            case("x", &format!("evidence: {{b: {{bundle: b.json}}}}, {unsigned}"))
        ),
    );
    desk.write("bad.yaml", format!("{head}case: []\n"));
    desk.run(&["policy", "test", "good.yaml"]).exits(0);
    desk.run(&["policy", "test", "--mutations", "require", "good.yaml"]).exits(1);
    let ran =
        json(&desk, &["policy", "test", "--mutations", "off", "wrong.yaml", "good.yaml"]).exits(1);
    let document = ran.json();
    fits("policy-test.v1", &document);
    let outcomes = |file: usize| -> Vec<_> {
        let cases = document["files"][file]["cases"].as_array().unwrap();
        cases.iter().map(|case| case["outcome"].as_str().unwrap()).collect()
    };
    assert_eq!((outcomes(0), outcomes(1)), (vec!["fail", "pass"], vec!["pass"]));
    assert_eq!(document["files"][0]["cases"][0]["differences"][0], "found fail, wanted pass");
    assert!(document["files"][0].get("mutations").is_none());
    let ran = json(&desk, &["policy", "test", "bad.yaml", "missing.yaml", "wrong.yaml"]).exits(2);
    let document = ran.json();
    fits("policy-test.v1", &document);
    assert_eq!(document["files"][0]["failure"]["reason"], "bad-policy");
    // No root is named under which the bundle could be verified.
    let error = document["files"][1]["cases"][0]["error"].as_str().unwrap();
    assert!(error.ends_with("found a bundle and no trusted root, wanted `root`"), "{error}");
    assert_eq!(document["files"][2]["outcome"], "fail");
}

#[test]
fn schemas_are_printed_for_every_kind() {
    let desk = Desk::new();
    for (arguments, file) in [
        (vec!["policy", "schema"], "policy"),
        (vec!["policy", "schema", "policy"], "policy"),
        (vec!["policy", "schema", "policyset"], "policyset"),
        (vec!["policy", "schema", "policytest"], "policytest"),
    ] {
        let shipped = std::fs::read_to_string(format!("{POLICIES}/schema/{file}.v1.json")).unwrap();
        assert_eq!(desk.run(&arguments).exits(0).stdout, shipped);
    }
}
