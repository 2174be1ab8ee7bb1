//! The verbs of `policy`, and `verify` with sets of policies.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use serde_json::Value;
use support::{Desk, POLICIES, Ran, SHIPCHECK, Stage};

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

/// A release of the demo's program: signed and attested by a workflow of `acme/shipcheck`.
fn release(stage: &Stage) {
    let desk = &stage.desk;
    std::fs::copy(SHIPCHECK, desk.path("shipcheck")).unwrap();
    let workflow = "acme/shipcheck/.github/workflows/release.yml@refs/tags/v1.4.2";
    let token = || stage.workflow_token(workflow, "99617f4070c9fa4928704dbc89884a8a0000ca9f");
    stage.sign(&token(), &["sign-blob", "shipcheck"]).exits(0);
    let sbom = desk.run(&["sbom", "shipcheck"]).exits(0).stdout;
    desk.write("sbom.cdx.json", sbom);
    let builder = format!("https://github.com/{workflow}");
    let provenance = desk.run(&[
        "provenance",
        "--builder-id",
        &builder,
        "--source-uri",
        "https://github.com/acme/shipcheck",
        "--source-ref",
        "refs/tags/v1.4.2",
        "--from-binary",
        "shipcheck",
    ]);
    desk.write("provenance.json", provenance.exits(0).stdout);
    for predicate in ["sbom.cdx.json", "provenance.json"] {
        stage.sign(&token(), &["attest", "--predicate", predicate, "shipcheck"]).exits(0);
    }
}

/// The walk of docs/policy.md: a policy for the demo's program from nothing, in five commands.
#[test]
fn five_commands_from_nothing_to_a_tested_policy() {
    let desk = Desk::new();
    desk.run(&["demo"]).exits(0);
    let folder = desk.path("chainsign-demo");
    let run = |command: &str| {
        let arguments: Vec<_> = command.split(' ').collect();
        desk.ran(desk.command(&arguments).current_dir(&folder))
    };
    let guide = std::fs::read_to_string(format!("{POLICIES}/../docs/policy.md")).unwrap();
    let (_, walk) = guide.split_once("<!-- walk -->").unwrap();
    let commands: Vec<_> =
        walk.lines().filter_map(|line| line.strip_prefix("$ chainsign ")).take(5).collect();
    let verbs = commands.iter().map(|it| it.split_once(" -").map_or(*it, |(verb, _)| verb));
    let verbs: Vec<_> = verbs.map(|it| it.trim_end_matches(" mine.yaml")).collect();
    let wanted =
        ["policy init", "policy check", "policy explain", "policy test mine.test.yaml", "verify"];
    assert_eq!(verbs, wanted);
    let ran: Vec<_> = commands.iter().map(|command| run(command).exits(0)).collect();
    let trusted =
        "trusted because it signed what is here: release, that is whatever matches https://";
    assert!(ran[0].stderr.contains(trusted), "{}", ran[0].stderr);
    let policy = desk.read("chainsign-demo/mine.yaml");
    for line in [
        "  name: 'shipcheck'",
        "      file: 'mine.trusted_root.json'",
        "    # Trust on first use: this is who signed. Is it who should?",
        r"        pattern: 'https://github\.com/acme/shipcheck/\.github/workflows/release\.yml@refs/tags/v[0-9].*'",
        "        sourceRepositoryURI: 'https://github.com/acme/shipcheck'",
        "        runnerEnvironment: 'github-hosted'",
        "  minVersion: \"1.26\"",
        "    \"CGO_ENABLED\": 0",
        "  static: require",
        "  records: agree",
        "  modules: {equal: sbom}",
        "  commit: {equals: provenance}",
    ] {
        assert!(policy.lines().any(|it| it == line), "{line:?} is not in:\n{policy}");
    }
    assert!(policy.contains("sourceRepositoryIdentifier: '"), "{policy}");
    assert!(policy.contains("sourceRepositoryOwnerIdentifier: '"), "{policy}");
    assert!(ran[1].stderr.is_empty(), "lints: {}", ran[1].stderr);
    assert!(ran[3].stdout.contains("shipcheck-unsigned"), "{}", ran[3].stdout);
    // The lies of the demo do not pass the drafted policy either.
    for lie in ["changed-byte", "hidden-module", "other-commit", "other-identity"] {
        run(&format!("verify --policy mine.yaml lies/{lie}/shipcheck")).exits(1);
    }
    // Nothing that is there is written over.
    run(commands[0]).exits(2).says("mine.yaml is there already");
    // To standard output, for another trusted root to be named by whoever verifies.
    let printed = run("policy init --trust-config trust.json shipcheck").exits(0).stdout;
    assert!(printed.contains("# Which Sigstore is trusted is the choice of whoever"), "{printed}");
}

#[test]
fn a_policy_is_drafted_from_what_there_is() {
    let stage = Stage::new();
    stage.desk.write("text", "no program");
    let init = ["policy", "init", "--trust-config", "trust.json", "text"];
    stage.desk.run(&init).exits(1).says("error: found no evidence about text that verified");
    stage.sign(&stage.token(), &["sign-blob", "text"]).exits(0);
    let policy = stage.desk.run(&init).exits(0).stdout;
    assert!(policy.contains("\n      subject: 'dev@sandbox.invalid'\n"), "{policy}");
    assert!(policy.contains("\nsignatures:\n  require: dev\n"), "{policy}");
    assert!(!policy.contains("\ngo:"), "{policy}");
    // Two artifacts: what both have.
    release(&stage);
    let both =
        stage.desk.run(&["policy", "init", "--trust-config", "trust.json", "text", "shipcheck"]);
    let policy = both.exits(0).stdout;
    assert!(policy.contains("\n  require: {any: [dev, release]}\n"), "{policy}");
    assert!(!policy.contains("\nattestations:") && !policy.contains("\ngo:"), "{policy}");
    // A binary of which not everything holds: it is said, and not asked for.
    let bytes = std::fs::read(SHIPCHECK).unwrap();
    let setting = b"vcs.modified=false";
    let places: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(setting)).collect();
    assert_eq!(places.len(), 2, "the linker's text and the runtime's copy");
    let mut dirty = bytes.clone();
    let mut draft = |place: usize, name: &str| {
        dirty[place..place + setting.len()].copy_from_slice(b"vcs.modified=dirty");
        stage.desk.write(name, &dirty);
        stage.sign(&stage.token(), &["sign-blob", name]).exits(0);
        stage.desk.run(&["policy", "init", "--trust-config", "trust.json", name]).exits(0)
    };
    let one = draft(places[0], "one");
    assert!(one.stdout.contains("\n#   go.records: the runtime's copy"), "{}", one.stdout);
    assert!(!one.stdout.contains("records: agree"), "{}", one.stdout);
    let both =
        draft(places[1], "both").says("not asked for: go.settings.vcs.modified: it is dirty");
    assert!(both.stdout.contains("\n  records: agree\n"), "{}", both.stdout);
    assert!(!both.stdout.contains("\"vcs.modified\":"), "{}", both.stdout);
}

/// A policy for the release, in `policy.yaml`.
fn draft(desk: &Desk) {
    let arguments = ["policy", "init", "--trust-config", "trust.json"];
    let output = ["--output-policy", "policy.yaml", "shipcheck"];
    desk.run(&[&arguments[..], &output].concat()).exits(0);
}

/// The same document, byte for byte, without the artifact and the files beside it.
#[test]
fn a_decision_is_replayed_byte_for_byte() {
    let stage = Stage::new();
    release(&stage);
    let desk = &stage.desk;
    draft(desk);
    std::fs::copy(desk.path("shipcheck"), desk.path("unsigned")).unwrap();
    let mut changed = std::fs::read(SHIPCHECK).unwrap();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    desk.write("changed", &changed);
    std::fs::copy(desk.path("shipcheck.sigstore.json"), desk.path("changed.sigstore.json"))
        .unwrap();
    let verify = |name: &str, more: &[&str], targets: &[&str]| {
        let mut arguments =
            vec!["verify", "--trust-config", "trust.json", "--save-evidence", name, "-o", "json"];
        arguments.extend(more);
        arguments.extend(targets);
        desk.run(&arguments)
    };
    let policy = ["--policy", "policy.yaml"];
    let passed = verify("passed.tar", &policy, &["shipcheck"]).exits(0);
    let denied = verify("denied.tar", &policy, &["shipcheck", "unsigned", "changed"]).exits(1);
    let later = verify(
        "later.tar",
        &["--policy", "policy.yaml", "--dangerous-at", "2035-01-01T00:00:00Z"],
        &["shipcheck"],
    );
    // The same decision gives the same file.
    let again = ["--policy", "policy.yaml", "--dangerous-at", "2035-01-01T00:00:00Z"];
    let again = verify("again.tar", &again, &["shipcheck"]);
    assert_eq!(again.stdout, later.stdout);
    let tar = |name: &str| std::fs::read(desk.path(name)).unwrap();
    assert_eq!(tar("again.tar"), tar("later.tar"));
    // A target that cannot be read is kept as that.
    let none = verify("none.tar", &policy, &["none", "shipcheck"]).exits(2);
    // What is read is not written over.
    verify("policy.yaml", &policy, &["shipcheck"]).exits(2).says("which is read");

    let elsewhere = Desk::new();
    let all = [("passed", passed), ("denied", denied), ("later", later), ("none", none)];
    for (name, ran) in all.map(|(name, ran)| (format!("{name}.tar"), ran)) {
        let name = name.as_str();
        std::fs::copy(desk.path(name), elsewhere.path(name)).unwrap();
        let replayed = elsewhere.run(&["policy", "replay", "-o", "json", name]).exits(ran.code);
        assert_eq!(replayed.stdout, ran.stdout, "{name}");
        fits("verify.v1", &replayed.json());
    }
}

/// Nothing in the file is believed: what is changed in it is found, or changes the verdict.
#[test]
fn a_changed_evidence_file_gives_no_other_pass() {
    let stage = Stage::new();
    release(&stage);
    let desk = &stage.desk;
    draft(desk);
    let arguments = ["verify", "--policy", "policy.yaml", "--save-evidence", "e.tar", "shipcheck"];
    desk.run(&arguments).exits(0);
    let tar = std::fs::read(desk.path("e.tar")).unwrap();
    let entries = chainsign::tarball::read(&tar).unwrap();
    let names: Vec<_> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "manifest.json",
            "policy/0",
            "policy/1",
            "targets/0/facts.json",
            "targets/0/evidence/0",
            "targets/0/evidence/1",
        ]
    );
    let with = |name: &str, from: &str, to: &str| {
        let mut entries = entries.clone();
        let entry = entries.iter_mut().find(|(it, _)| it == name).unwrap();
        let text = String::from_utf8(entry.1.clone()).unwrap();
        assert!(text.contains(from), "{from} is not in {name}");
        entry.1 = text.replacen(from, to, 1).into_bytes();
        chainsign::tarball::write(&entries).unwrap()
    };
    let replay = |tar: &[u8]| {
        desk.write("changed.tar", tar);
        desk.run(&["policy", "replay", "-o", "json", "changed.tar"])
    };
    replay(&tar).exits(0);
    // Facts: another digest is signed by nobody, another setting breaks the rule.
    let digest = chainsign_core::digest::ArtifactDigest::sha256(&std::fs::read(SHIPCHECK).unwrap());
    let other = format!("sha256:{}", "0".repeat(64));
    replay(&with("targets/0/facts.json", &digest.to_string(), &other)).exits(1);
    replay(&with("targets/0/facts.json", "CGO_ENABLED=0", "CGO_ENABLED=1")).exits(1);
    replay(&with("targets/0/facts.json", "\"size\"", "\"siz\"")).exits(2).says("facts");
    // Evidence: a bundle that does not verify counts as absent.
    replay(&with("targets/0/evidence/0", "\"signature\":\"", "\"signature\":\"A")).exits(1);
    // The trusted root and the policy: the policy pins the root.
    replay(&with("policy/1", "{", "{ ")).exits(2).says("policy.trusted_root.json");
    replay(&with("manifest.json", "chainsign.evidence/v1", "chainsign.evidence/v2"))
        .exits(2)
        .says("found the schema");
    // More or fewer entries, in another order, or another tar.
    let mut more = entries.clone();
    more.push(("targets/0/evidence/2".to_owned(), Vec::new()));
    replay(&chainsign::tarball::write(&more).unwrap()).exits(2).says("wanted no more");
    let fewer = &entries[..entries.len() - 1];
    replay(&chainsign::tarball::write(fewer).unwrap()).exits(2).says("found no more entries");
    let mut swapped = entries.clone();
    swapped.swap(1, 2);
    replay(&chainsign::tarball::write(&swapped).unwrap()).exits(2).says("wanted policy/0");
    replay(&tar[..tar.len() - 512]).exits(2).says("wanted one that chainsign wrote");
    replay(b"text").exits(2).says("found no header of a tar file");
}

/// Every policy of a set that is about a target has its say; the worst wins.
#[test]
fn a_set_of_policies_decides() {
    let stage = Stage::new();
    let desk = &stage.desk;
    desk.write("signed", "content");
    desk.write("unsigned", "other content");
    stage.sign(&stage.token(), &["sign-blob", "signed"]).exits(0);
    let policy = |name: &str, files: &str, subject: &str| {
        format!(
            "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: {name}}}\n\
             match: {{files: {{include: ['{files}']}}}}\nauthorities:\n  a:\n    keyless:\n      \
             issuer: '{}'\n      subject: {subject}\nsignatures: {{require: a}}\n",
            stage.sandbox.issuer()
        )
    };
    std::fs::create_dir(desk.path("policies")).unwrap();
    desk.write("policies/dev.yaml", policy("dev", "*signed", support::EMAIL));
    desk.write("policies/eve.yaml", policy("eve", "sig*", "eve@example.com"));
    let set = |rest: &str| {
        desk.write("set.yaml", format!("apiVersion: chainsign.dev/v1\nkind: PolicySet\n{rest}"));
    };
    let verify = |target: &str| {
        let ran = desk.run(&[
            "verify",
            "--trust-config",
            "trust.json",
            "--policy",
            "set.yaml",
            "-o",
            "json",
            target,
        ]);
        let document = ran.json();
        if ran.code < 2 {
            fits("verify.v1", &document);
        }
        let said: Vec<_> = document["targets"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| {
                let by = it["verdict"]["policy"]["name"].as_str().or(it["allowed"].as_str());
                let by = by.or(it["failure"]["reason"].as_str()).unwrap_or("?");
                format!("{by} {}", it["outcome"].as_str().unwrap())
            })
            .collect();
        (ran.code, said.join(", "))
    };
    let said = |code: i32, text: &str| (code, text.to_owned());
    set("policies: [{file: policies/dev.yaml}]\n");
    assert_eq!(verify("signed"), said(0, "dev pass"));
    assert_eq!(verify("unsigned"), said(1, "dev fail"));
    set("policies: [{file: policies/dev.yaml}, {file: policies/eve.yaml}]\n");
    assert_eq!(verify("signed"), said(1, "dev pass, eve fail"));
    assert_eq!(verify("unsigned"), said(1, "dev fail"));
    assert_eq!(verify("trust.json"), said(2, "not-matched error"));
    set(
        "policies: [{file: policies/dev.yaml}, {file: policies/eve.yaml}]\nonNoMatch: dangerousAllow\n",
    );
    assert_eq!(verify("trust.json"), said(0, "no-policy pass"));
    let digest = chainsign_core::digest::ArtifactDigest::sha256(b"other content");
    set(&format!("policies: [{{file: policies/dev.yaml}}]\nalwaysAllow: ['{digest}']\n"));
    assert_eq!(verify("unsigned"), said(0, "always-allowed pass"));
    // Also where no policy is about it; what is not listed is then still not decided.
    std::fs::copy(desk.path("unsigned"), desk.path("elsewhere")).unwrap();
    assert_eq!(verify("elsewhere"), said(0, "always-allowed pass"));
    assert_eq!(verify("trust.json"), said(2, "not-matched error"));
    desk.run(&[
        "verify",
        "--trust-config",
        "trust.json",
        "--policy",
        "set.yaml",
        "--save-evidence",
        "e.tar",
        "unsigned",
        "signed",
    ])
    .exits(0);
    desk.run(&["policy", "replay", "e.tar"]).exits(0).says("replayed from e.tar");
}

/// The policy that the guide shows is one.
#[test]
fn the_guides_policy_loads() {
    let desk = Desk::new();
    let guide = std::fs::read_to_string(format!("{POLICIES}/../docs/policy.md")).unwrap();
    let blocks: Vec<_> = guide.split("```yaml\n").skip(1).collect();
    let blocks = blocks.iter().map(|block| block.split_once("\n```").unwrap().0);
    let policies: Vec<_> = blocks.filter(|block| block.contains("\nkind: Policy\n")).collect();
    assert_eq!(policies.len(), 1);
    desk.write("policy.yaml", policies[0]);
    let checked = desk.run(&["policy", "check", "policy.yaml"]).exits(0);
    assert_eq!(checked.stderr, "");
}
