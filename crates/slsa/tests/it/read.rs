//! Every producer's provenance in the one view, and everything that is refused.

use std::fs;
use std::path::{Path, PathBuf};

use chainsign_core::Limits as StatementLimits;
use chainsign_core::formats::bundle;
use chainsign_core::material::SignedContent;
use chainsign_core::predicate::PredicateType;
use chainsign_core::statement::{Statement, Subject};
use chainsign_slsa::{Error, Limits, Producer, Provenance, read, read_within};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn case(name: &str) -> Value {
    let path = root().join("testdata/slsa").join(name).join("statement.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn parse(statement: &Value) -> Statement {
    Statement::parse(&serde_json::to_vec(statement).unwrap(), &StatementLimits::default()).unwrap()
}

fn view(name: &str) -> Provenance {
    read(&parse(&case(name))).unwrap()
}

/// A statement with this predicate.
fn statement(version: &str, predicate: &Value) -> Statement {
    let mut statement = case("empty-v1");
    statement["predicateType"] = json!(format!("https://slsa.dev/provenance/{version}"));
    statement["predicate"] = predicate.clone();
    parse(&statement)
}

fn cases() -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(root().join("testdata/slsa"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_case_has_its_view() {
    assert_eq!(cases().len(), 18);
    for name in cases() {
        insta::assert_debug_snapshot!(name.clone(), view(&name));
    }
}

/// What the cases have in common, so that a snapshot cannot be accepted by accident.
#[test]
fn the_source_is_found_in_every_producers_place() {
    const COMMIT: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";
    #[track_caller]
    fn check(name: &str, repository: &str, reference: Option<&str>) {
        let source = view(name).source;
        assert_eq!(source.repository.unwrap().as_str(), repository, "{name}");
        assert_eq!(source.reference.as_ref().map(|it| it.as_str()), reference, "{name}");
        assert_eq!(source.commit.unwrap().as_str(), COMMIT, "{name}");
    }
    let (github, gitlab) = ("https://github.com/acme/app", "https://gitlab.com/acme/tools/app");
    let (main, tag) = (Some("refs/heads/main"), Some("refs/tags/v1.2.3"));
    check("github-attest-v1", github, tag);
    check("npm-v1", github, main);
    check("slsa-github-generator-go-v0.2", github, tag);
    check("slsa-github-generator-delegator-v1", github, main);
    check("slsa-github-generator-container-v1", github, main);
    check("gitlab-v1", gitlab, None);
    check("gitlab-runner-v1", gitlab, None);
    check("gitlab-runner-v0.2", gitlab, None);
    check("tekton-v1", github, None);
    check("tekton-v0.2", github, None);
    check("cloud-build-v1", github, main);
    check("cloud-build-source-apart-v1", github, None);
    check("buildkit-v1", github, main);
    check("buildkit-v0.2", github, tag);
    for none in ["tekton-two-inputs-v1", "buildkit-local-v1", "unknown-build-type-v1", "empty-v1"] {
        assert_eq!(view(none).source, Default::default(), "{none}");
    }
}

/// The statements in the bundles of sigstore-conformance, which are real.
#[test]
fn provenance_of_the_public_world_is_read() {
    let assets = root().join("../shared/vectors/sigstore-conformance/test/assets/bundle-verify");
    let Ok(folders) = fs::read_dir(&assets) else {
        eprintln!("skipped: {} is not there", assets.display());
        return;
    };
    let (mut github, mut other) = (0, 0);
    for folder in folders {
        let path = folder.unwrap().path().join("bundle.sigstore.json");
        let Ok(bytes) = fs::read(&path) else { continue };
        let Ok(material) = bundle::parse(&bytes, &StatementLimits::default()) else { continue };
        let SignedContent::Envelope(envelope) = &material.content else { continue };
        let payload = &envelope.payload.0;
        let Ok(statement) = Statement::parse(payload, &StatementLimits::default()) else {
            continue;
        };
        let provenance = read(&statement).unwrap();
        match provenance.producer() {
            Producer::GitHubActions => {
                github += 1;
                let source = provenance.source;
                assert!(source.repository.is_some() && source.reference.is_some(), "{path:?}");
                assert!(source.commit.is_some(), "{path:?}");
                assert!(provenance.invocation_id.unwrap().contains("/actions/runs/"), "{path:?}");
                assert_eq!(provenance.uninterpreted_parameters, [""; 0], "{path:?}");
            }
            Producer::Other => other += 1,
            producer => panic!("{producer:?} in {path:?}"),
        }
    }
    assert!(github >= 8 && other >= 1, "found {github} and {other}");
}

/// Changes one value of a case and reads it.
fn tampered(name: &str, pointer: &str, value: Value) -> Result<Provenance, Error> {
    let mut statement = case(name);
    *statement.pointer_mut(&format!("/predicate{pointer}")).expect(pointer) = value;
    read(&parse(&statement))
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    #[track_caller]
    fn check(name: &str, pointer: &str, value: Value, wanted_what: &str, wanted: &str) {
        match tampered(name, pointer, value).unwrap_err() {
            Error::Shape { what, reason, .. } => {
                assert_eq!(what, wanted_what);
                assert!(reason.contains(wanted), "{reason}");
            }
            other => panic!("{other}"),
        }
    }
    let (v1, v0_2) = ("github-attest-v1", "slsa-github-generator-go-v0.2");
    let string = "expected a string";
    check(v1, "/buildDefinition/buildType", json!(1), "provenance", string);
    check(v1, "/buildDefinition", json!([1]), "provenance", "invalid type: integer");
    check(v1, "/runDetails/builder", json!("x"), "provenance", "invalid type: string");
    check(v1, "/runDetails/builder/id", json!({}), "provenance", string);
    let map = "invalid type: sequence, expected a map";
    check(v1, "/buildDefinition/externalParameters", json!([]), "externalParameters", map);
    check(v1, "/buildDefinition/internalParameters", json!([]), "internalParameters", map);
    let descriptors = "expected an array";
    let dependencies = "/buildDefinition/resolvedDependencies";
    check(v1, dependencies, json!({}), "resolvedDependencies", descriptors);
    check(v1, &format!("{dependencies}/0"), json!(null), "resolvedDependencies", "null");
    check(v1, &format!("{dependencies}/0/uri"), json!([]), "resolvedDependencies", string);
    let digest = format!("{dependencies}/0/digest/gitCommit");
    check(v1, &digest, json!(7), "resolvedDependencies", string);
    check(v0_2, "/materials/0/digest", json!("x"), "materials", "expected a map");
    check(v0_2, "/invocation", json!("x"), "invocation", "expected a map");
    check(v0_2, "/builder/id", json!(1), "provenance", string);
    let error = tampered(v0_2, "/invocation/environment", json!([1])).unwrap_err();
    assert_eq!(error, Error::NotAnObject { what: "invocation.environment" });
}

#[test]
fn times_are_timestamps() {
    #[track_caller]
    fn check(name: &str, pointer: &str, wanted: &'static str) {
        let error = tampered(name, pointer, json!("yesterday")).unwrap_err();
        assert_eq!(error, Error::Time { what: wanted, found: "yesterday".to_owned() });
        assert!(tampered(name, pointer, json!("")).is_ok(), "empty is absent");
    }
    check("gitlab-v1", "/runDetails/metadata/startedOn", "metadata.startedOn");
    check("gitlab-v1", "/runDetails/metadata/finishedOn", "metadata.finishedOn");
    check("tekton-v0.2", "/metadata/buildStartedOn", "metadata.buildStartedOn");
    check("tekton-v0.2", "/metadata/buildFinishedOn", "metadata.buildFinishedOn");
}

#[test]
fn two_commits_for_one_source_are_refused() {
    #[track_caller]
    fn check(name: &str, pointer: &str) {
        let error = tampered(name, pointer, json!("0".repeat(40))).unwrap_err();
        let wanted = Error::Ambiguous {
            what: "the commit of the source",
            first: "0".repeat(40),
            second: "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d".to_owned(),
        };
        assert_eq!(error, wanted, "{name}");
    }
    check("slsa-github-generator-go-v0.2", "/materials/0/digest/sha1");
    check("slsa-github-generator-go-v0.2", "/invocation/configSource/digest/sha1");
    let container = "/buildDefinition/externalParameters/source/digest/sha1";
    check("slsa-github-generator-container-v1", container);
    let apart = "/buildDefinition/externalParameters/sourceToBuild/ref";
    check("cloud-build-source-apart-v1", apart);
}

#[test]
fn a_run_id_under_two_spellings_must_be_one() {
    let metadata = |first: &str, second: &str| {
        let metadata = json!({"invocationId": first, "invocationID": second});
        read(&statement("v1", &json!({"runDetails": {"metadata": metadata}})))
    };
    assert_eq!(metadata("a", "a").unwrap().invocation_id.as_deref(), Some("a"));
    assert_eq!(metadata("", "a").unwrap().invocation_id.as_deref(), Some("a"));
    let error = metadata("a", "b").unwrap_err();
    let text = r#"found two values for metadata.invocationId: "a" and "b", wanted one"#;
    assert_eq!(error.to_string(), text);
}

/// The commit counts only if it is that of the source: same repository, and not another ref.
#[test]
fn a_commit_of_something_else_is_not_the_sources() {
    let uri = "/buildDefinition/resolvedDependencies/0/uri";
    let others = [
        "git+https://github.com/acme/other@refs/tags/v1.2.3",
        "git+https://github.com/acme/app@refs/tags/v1.2.4",
        "git+https://github.com.evil.example/acme/app@refs/tags/v1.2.3",
        "git+https://github.com/acme/app/@refs/tags/v1.2.3/../x",
        "pkg:github/acme/app@v1.2.3",
    ];
    for other in others {
        let source = tampered("github-attest-v1", uri, json!(other)).unwrap().source;
        assert_eq!(source.commit, None, "{other}");
        assert!(source.repository.is_some());
    }
    for same in ["git+https://github.com/acme/app", "https://GitHub.com/acme/app.git"] {
        let source = tampered("github-attest-v1", uri, json!(same)).unwrap().source;
        assert!(source.commit.is_some(), "{same}");
    }
}

/// `#` may stand in the name of a branch, which some builders write into a URI as it is.
#[test]
fn a_branch_cannot_pass_for_the_one_that_its_name_begins_with() {
    let uri = "git+https://github.com/acme/app@refs/tags/v1.2.3#x";
    for pointer in ["/invocation/configSource/uri", "/materials/0/uri"] {
        let source = tampered("slsa-github-generator-go-v0.2", pointer, json!(uri)).unwrap().source;
        let named_so = source.reference.unwrap().as_str() == "refs/tags/v1.2.3";
        assert_eq!(named_so, pointer == "/materials/0/uri");
    }
}

/// What is not of the form that its build type describes is not taken for a source, and is listed.
#[test]
fn what_cannot_be_interpreted_stays_visible() {
    #[track_caller]
    fn check(name: &str, pointer: &str, value: Value, wanted: &[&str]) {
        let pointer = format!("/buildDefinition/externalParameters{pointer}");
        let found = tampered(name, &pointer, value).unwrap();
        assert_eq!(found.uninterpreted_parameters, wanted);
    }
    let github = "github-attest-v1";
    check(github, "/workflow/ref", json!("a b"), &["/workflow/ref"]);
    check(github, "/workflow/repository", json!("x"), &["/workflow/repository"]);
    check(github, "/workflow/repository", json!(["x"]), &["/workflow/repository"]);
    check(github, "/workflow", json!("x"), &["/workflow"]);
    let with_more = json!({"ref": "refs/heads/main", "path": "p", "repository": "h/a", "sha": "x"});
    check(github, "/workflow", with_more, &["/workflow/sha"]);
    check("cloud-build-v1", "/buildConfigSource/ref", json!(7), &["/buildConfigSource/ref"]);
    check("gitlab-v1", "/source", json!("https://u:p@gitlab.com/a"), &["/source", "/variables"]);
}

/// Whatever stands in the place of a value, reading ends with a view or with one of two errors.
#[test]
fn no_value_upsets_the_reader() {
    let replacements = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("x"),
        json!([]),
        json!([null]),
        json!({}),
        json!({"": null}),
        json!({"uri": 1}),
        json!({"a/~b": [{}]}),
    ];
    for name in cases() {
        let statement = case(&name);
        for pointer in pointers("", &statement["predicate"]) {
            for replacement in &replacements {
                match tampered(&name, &pointer, replacement.clone()) {
                    Ok(_) | Err(Error::Shape { .. } | Error::NotAnObject { .. }) => {}
                    Err(Error::Time { .. }) if pointer.ends_with("On") => {}
                    Err(other) => panic!("{name} {pointer} {replacement}: {other}"),
                }
            }
        }
    }
}

/// Pointers to every value below this one.
fn pointers(at: &str, value: &Value) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, it)| (at.to_string(), it)).collect()
        }
        Value::Object(members) => {
            let escape = |name: &String| name.replace('~', "~0").replace('/', "~1");
            members.iter().map(|(name, it)| (escape(name), it)).collect()
        }
        _ => Vec::new(),
    };
    let descend = |(name, value): (String, &Value)| pointers(&format!("{at}/{name}"), value);
    [at.to_owned()].into_iter().chain(below.into_iter().flat_map(descend)).collect()
}

#[test]
fn other_statements_are_refused() {
    let found = PredicateType::from_alias_or_uri("cyclonedx").unwrap();
    let subject =
        Subject { name: None, digest: Default::default(), annotations: Default::default() };
    let predicate = serde_json::value::to_raw_value(&json!({})).unwrap();
    let statement = Statement::new(vec![subject], found.clone(), predicate);
    let wanted = "https://slsa.dev/provenance/v1 or https://slsa.dev/provenance/v0.2";
    assert_eq!(read(&statement), Err(Error::PredicateType { found, wanted }));
}

#[test]
fn limits_are_kept() {
    let many = |count: usize| {
        let dependencies = vec![json!({"uri": "a:b"}); count];
        statement("v1", &json!({"buildDefinition": {"resolvedDependencies": dependencies}}))
    };
    let mut limits = Limits::default();
    limits.dependencies = 3;
    limits.parameter_values = 4;
    assert_eq!(read_within(&many(3), &limits).unwrap().dependencies.len(), 3);
    let wanted = Error::LimitReached { what: "resolvedDependencies", limit: 3 };
    assert_eq!(read_within(&many(4), &limits), Err(wanted));
    assert_eq!(read(&many(20_000)).unwrap().dependencies.len(), 20_000);
    let wanted = Error::LimitReached { what: "resolvedDependencies", limit: 20_000 };
    assert_eq!(read(&many(20_001)), Err(wanted.clone()));
    assert_eq!(
        wanted.to_string(),
        "resolvedDependencies: found more than 20000, wanted at most that"
    );

    let wanted = Error::LimitReached { what: "values of the parameters", limit: 4 };
    for parameters in ["externalParameters", "internalParameters"] {
        let of = |value: Value| statement("v1", &json!({"buildDefinition": {parameters: value}}));
        assert!(read_within(&of(json!({"a": [1, 2]})), &limits).is_ok());
        let found = read_within(&of(json!({"a": [1, 2], "b": 3})), &limits);
        assert_eq!(found, Err(wanted.clone()));
    }
    let invocation = statement("v0.2", &json!({"invocation": {"parameters": [1, 2, 3, 4]}}));
    assert_eq!(read_within(&invocation, &limits), Err(wanted));
}
