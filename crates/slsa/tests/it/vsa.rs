//! Verification summaries: read, written, and held against expectations step by step.

use std::collections::BTreeMap;

use chainsign_core::Limits;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::identity::TextMatcher;
use chainsign_core::predicate::{PredicateType, VSA};
use chainsign_core::statement::{Statement, Subject};
use chainsign_slsa::vsa::{
    Expected, Outcome, Property, Signature, StepError, Summary, Track, TrackLevel, VerifiedLevels,
    read, verify,
};
use chainsign_slsa::{Error, ResourceDescriptor};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The example of the specification, with whole digests.
fn example() -> Value {
    json!({
        "verifier": {
            "id": "https://example.com/publication_verifier",
            "version": {
                "slsa-verifier-linux-amd64": "v2.3.0",
                "slsa-framework/slsa-verifier/actions/installer": "v2.3.0"
            }
        },
        "timeVerified": "1985-04-12T23:20:50.52Z",
        "resourceUri": "https://example.com/example-1.2.3.tar.gz",
        "policy": {
            "uri": "https://example.com/example_tarball.policy",
            "digest": {"sha256": "12".repeat(32)}
        },
        "inputAttestations": [{
            "uri": "https://example.com/provenances/example-1.2.3.tar.gz.intoto.jsonl",
            "digest": {"sha256": "ab".repeat(32)}
        }],
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
        "dependencyLevels": {
            "SLSA_BUILD_LEVEL_3": 5,
            "SLSA_BUILD_LEVEL_2": 7,
            "SLSA_BUILD_LEVEL_1": 1
        },
        "slsaVersion": "1.0"
    })
}

fn artifact() -> ArtifactDigests {
    ArtifactDigest::sha256(b"out/example-1.2.3.tar.gz").into()
}

fn statement(predicate: &Value) -> Statement {
    let subject = Subject::new("out/example-1.2.3.tar.gz", &artifact());
    let predicate = serde_json::value::to_raw_value(predicate).unwrap();
    let statement = Statement::new(vec![subject], Summary::predicate_type(), predicate);
    Statement::parse(&statement.to_json().unwrap(), &Limits::default()).unwrap()
}

fn property(text: &str) -> Property {
    text.parse().unwrap()
}

#[test]
fn the_specifications_example_is_read() {
    let summary = read(&statement(&example())).unwrap();
    assert_eq!(summary.verifier.as_str(), "https://example.com/publication_verifier");
    assert_eq!(summary.verifier_version["slsa-verifier-linux-amd64"], "v2.3.0");
    assert_eq!(summary.time_verified, Some("1985-04-12T23:20:50.52Z".parse().unwrap()));
    assert_eq!(summary.resource_uri, "https://example.com/example-1.2.3.tar.gz");
    let policy = "https://example.com/example_tarball.policy";
    assert_eq!(summary.policy.uri.as_deref(), Some(policy));
    assert_eq!(summary.input_attestations[0].digest.0["sha256"], "ab".repeat(32));
    let Outcome::Passed(levels) = &summary.outcome else { panic!("{:?}", summary.outcome) };
    assert_eq!(levels.level(&Track::build()), Some(TrackLevel::Number(3)));
    assert_eq!(summary.dependency_levels.unwrap()[&property("SLSA_BUILD_LEVEL_2")], 7);
    assert_eq!(summary.slsa_version.as_deref(), Some("1.0"));
}

#[test]
fn what_is_written_is_what_was_read() {
    let summary = |predicate: &Value| read(&statement(predicate)).unwrap();
    let written = |summary: &Summary| -> Value {
        serde_json::from_str(summary.to_json().unwrap().get()).unwrap()
    };
    let mut failed = example();
    failed["verificationResult"] = json!("FAILED");
    failed["verifiedLevels"] = json!(["FAILED"]);
    let mut none = example();
    none["dependencyLevels"] = json!({});
    for predicate in [example(), failed, none] {
        assert_eq!(written(&summary(&predicate)), predicate);
    }
}

/// Unset, null and empty are the same; `dependencyLevels` is the exception that the specification makes.
#[test]
fn what_is_empty_is_absent() {
    let with = |name: &str, value: Value| {
        let mut predicate = example();
        predicate[name] = value;
        read(&statement(&predicate))
    };
    let without = |name: &str| {
        let mut predicate = example();
        predicate.as_object_mut().unwrap().remove(name);
        read(&statement(&predicate))
    };
    for (name, empty) in
        [("timeVerified", json!("")), ("inputAttestations", json!([])), ("slsaVersion", json!(""))]
    {
        let wanted = without(name).unwrap();
        assert_ne!(wanted, read(&statement(&example())).unwrap(), "{name}");
        assert_eq!(with(name, Value::Null).unwrap(), wanted, "{name}");
        assert_eq!(with(name, empty).unwrap(), wanted, "{name}");
    }
    assert_eq!(without("dependencyLevels").unwrap().dependency_levels, None);
    assert_eq!(with("dependencyLevels", Value::Null).unwrap().dependency_levels, None);
    let none = with("dependencyLevels", json!({})).unwrap().dependency_levels;
    assert_eq!(none, Some(BTreeMap::new()));
    let unknown = with("https://example.com/extension", json!({"a": [1]}));
    assert_eq!(unknown, read(&statement(&example())));

    let required = [
        ("resourceUri", json!(""), "resourceUri"),
        ("verifier", json!({}), "verifier.id"),
        ("policy", json!({}), "policy.uri"),
        ("verificationResult", json!(""), "verificationResult"),
        ("verifiedLevels", json!([]), "verifiedLevels"),
    ];
    for (name, empty, what) in required {
        let wanted = Err(Error::Missing { what });
        assert_eq!(without(name), wanted, "{name}");
        assert_eq!(with(name, Value::Null), wanted, "{name}");
        assert_eq!(with(name, empty), wanted, "{name}");
    }
}

#[test]
fn nothing_else_is_accepted() {
    let check = |name: &str, value: Value, wanted: Error| {
        let mut predicate = example();
        predicate[name] = value;
        assert_eq!(read(&statement(&predicate)), Err(wanted), "{name}");
    };
    let result = |found: &str| Error::VerificationResult { found: found.to_owned() };
    check("verificationResult", json!("passed"), result("passed"));
    check("verificationResult", json!("PASSED "), result("PASSED "));
    let level = |found: &str| Error::VerifiedLevel { found: found.to_owned() };
    check("verifiedLevels", json!(["SLSA_BUILD_LEVEL_3x"]), level("SLSA_BUILD_LEVEL_3x"));
    check("verifiedLevels", json!(["SLSA_BUILD_LEVEL_3", ""]), level(""));
    check("dependencyLevels", json!({"SLSA_build": 1}), level("SLSA_build"));
    let two = |what, first: &str, second: &str| Error::Ambiguous {
        what,
        first: first.to_owned(),
        second: second.to_owned(),
    };
    let levels = json!(["SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_1"]);
    let what = "the verified level of one track";
    check("verifiedLevels", levels, two(what, "SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_1"));
    let levels = json!(["SLSA_BUILD_LEVEL_3", "FAILED"]);
    check("verifiedLevels", levels, two("the result", "PASSED", "FAILED"));
    let uri = |what, found: &str| Error::Uri { what, found: found.to_owned() };
    check("resourceUri", json!("app"), uri("resourceUri", "app"));
    check("verifier", json!({"id": "acme"}), uri("verifier.id", "acme"));
    check("policy", json!({"uri": "p"}), uri("policy.uri", "p"));
    let missing = Error::Missing { what: "inputAttestations[].digest" };
    check("inputAttestations", json!([{"uri": "https://example.com/x"}]), missing);
    let time = Error::Time { what: "timeVerified", found: "yesterday".to_owned() };
    check("timeVerified", json!("yesterday"), time);
    let limit = |what, limit| Error::LimitReached { what, limit };
    let many: Vec<_> = (0..65).map(|number| format!("ACME_{number}")).collect();
    check("verifiedLevels", json!(many), limit("verifiedLevels", 64));
    let many = vec![json!({"digest": {"sha256": "00"}}); 4097];
    check("inputAttestations", json!(many), limit("inputAttestations", 4096));
    let many: BTreeMap<_, _> = (0..257).map(|number| (format!("ACME_{number}"), 1)).collect();
    check("dependencyLevels", json!(many), limit("dependencyLevels", 256));

    let mut shape = example();
    shape["policy"] = json!([]);
    let error = read(&statement(&shape)).unwrap_err();
    assert!(matches!(&error, Error::Shape { what: "verification summary", .. }), "{error}");
    let found = PredicateType::from_alias_or_uri("cyclonedx").unwrap();
    let other = Statement { predicate_type: found.clone(), ..statement(&example()) };
    assert_eq!(read(&other), Err(Error::PredicateType { found, wanted: VSA }));
}

#[test]
fn a_summary_cannot_be_written_without_what_it_must_have() {
    let levels = VerifiedLevels::new([property("SLSA_BUILD_LEVEL_1")]).unwrap();
    let new = |resource: &str, uri: Option<&str>| {
        let policy = ResourceDescriptor { uri: uri.map(str::to_owned), ..Default::default() };
        let verifier = "https://example.com/v".parse().unwrap();
        Summary::new(verifier, resource, policy, Outcome::Passed(levels.clone()))
    };
    let missing = |what| Err(Error::Missing { what });
    assert_eq!(new("https://example.com/r", None), missing("policy.uri"));
    let uri = Error::Uri { what: "resourceUri", found: "r".to_owned() };
    assert_eq!(new("r", Some("https://example.com/p")), Err(uri));
    let mut summary = new("https://example.com/r", Some("https://example.com/p")).unwrap();
    summary.input_attestations = vec![ResourceDescriptor::default()];
    let error = summary.to_json().unwrap_err();
    assert_eq!(error, Error::Missing { what: "inputAttestations[].digest" });
}

/// Everything that a consumer expects of the example.
struct Wants {
    signature: Signature,
    artifact: ArtifactDigests,
    verifier: TextMatcher,
    resource_uri: TextMatcher,
    levels: Vec<Property>,
}

impl Wants {
    fn of_example() -> Self {
        let exact = |text: &str| TextMatcher::Exact(text.to_owned());
        Wants {
            signature: Signature::Expected,
            artifact: artifact(),
            verifier: exact("https://example.com/publication_verifier"),
            resource_uri: exact("https://example.com/example-1.2.3.tar.gz"),
            levels: vec![property("SLSA_BUILD_LEVEL_2")],
        }
    }

    fn held_against(&self, statement: &Statement) -> Result<Summary, StepError> {
        let expected = Expected {
            artifact: &[&self.artifact],
            verifier: &self.verifier,
            resource_uri: &self.resource_uri,
            levels: &self.levels,
        };
        verify(&self.signature, statement, &expected)
    }
}

/// From a summary that meets everything, one thing is changed at a time.
#[test]
fn each_step_refuses_by_itself() {
    let good = statement(&example());
    assert_eq!(Wants::of_example().held_against(&good).unwrap(), read(&good).unwrap());

    let changed = |change: &dyn Fn(&mut Value)| {
        let mut predicate = example();
        change(&mut predicate);
        Wants::of_example().held_against(&statement(&predicate)).unwrap_err()
    };
    let wanting = |change: &dyn Fn(&mut Wants)| {
        let mut wants = Wants::of_example();
        change(&mut wants);
        wants.held_against(&good).unwrap_err()
    };
    let other_type = Statement {
        predicate_type: PredicateType::from_alias_or_uri("slsaprovenance1").unwrap(),
        ..good.clone()
    };
    let steps = [
        (1, wanting(&|it| it.signature = Signature::Other("no certificate".to_owned()))),
        (2, wanting(&|it| it.artifact = ArtifactDigest::sha256(b"other").into())),
        (3, Wants::of_example().held_against(&other_type).unwrap_err()),
        (
            4,
            changed(&|it| {
                it["verifier"]["id"] = json!("https://example.com/publication_verifier/")
            }),
        ),
        (5, changed(&|it| it["resourceUri"] = json!("https://example.com/example-1.2.4.tar.gz"))),
        (6, changed(&|it| it["verificationResult"] = json!("FAILED"))),
        (7, changed(&|it| it["verifiedLevels"] = json!(["SLSA_BUILD_LEVEL_1"]))),
        (7, changed(&|it| it["verifiedLevels"] = json!(["SLSA_SOURCE_LEVEL_3"]))),
        (7, wanting(&|it| it.levels.push(property("SLSA_BUILD_REPRODUCED")))),
    ];
    let told: Vec<_> = steps
        .iter()
        .map(|(step, error)| {
            assert_eq!(error.step(), *step, "{error}");
            format!("{step}: {error}")
        })
        .collect();
    let (own, other) =
        (ArtifactDigest::sha256(b"out/example-1.2.3.tar.gz"), ArtifactDigest::sha256(b"other"));
    let wanted = [
        "1: no certificate".to_owned(),
        format!("2: found a summary of {own}, wanted one of {other}"),
        format!("3: found a statement of type https://slsa.dev/provenance/v1, wanted {VSA}"),
        "4: found a summary by the verifier https://example.com/publication_verifier/, wanted \
         https://example.com/publication_verifier"
            .to_owned(),
        "5: found a summary of the resource https://example.com/example-1.2.4.tar.gz, wanted \
         https://example.com/example-1.2.3.tar.gz"
            .to_owned(),
        "6: found a summary that says FAILED, wanted PASSED".to_owned(),
        "7: found SLSA_BUILD_LEVEL_1, wanted SLSA_BUILD_LEVEL_2".to_owned(),
        "7: found SLSA_SOURCE_LEVEL_3, wanted SLSA_BUILD_LEVEL_2".to_owned(),
        "7: found SLSA_BUILD_LEVEL_3, wanted SLSA_BUILD_REPRODUCED".to_owned(),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn steps_are_in_the_specifications_order() {
    let mut wants = Wants::of_example();
    let mut bad = example();
    bad["verifier"]["id"] = json!("https://example.com/other");
    bad["resourceUri"] = json!("https://example.com/other");
    bad["verificationResult"] = json!("FAILED");
    let bad = statement(&bad);
    assert_eq!(wants.held_against(&bad).unwrap_err().step(), 4);
    wants.artifact = ArtifactDigest::sha256(b"other").into();
    assert_eq!(wants.held_against(&bad).unwrap_err().step(), 2);
    wants.signature = Signature::Other("nobody".to_owned());
    assert_eq!(wants.held_against(&bad).unwrap_err().step(), 1);
}

/// One subject that is the artifact is enough; one that is it by one digest and not by another is none.
#[test]
fn subjects_are_matched_by_digest() {
    let mut statement = statement(&example());
    let other = Subject::new("other", &ArtifactDigest::sha256(b"other").into());
    statement.subject.insert(0, other);
    assert!(Wants::of_example().held_against(&statement).is_ok());
    let mut wants = Wants::of_example();
    let sha512 = chainsign_core::digest::DigestAlgorithm::Sha512;
    wants.artifact.insert(sha512.digest(b"out/example-1.2.3.tar.gz")).unwrap();
    assert!(wants.held_against(&statement).is_ok());
    statement.subject[1].digest.0.insert("sha512".to_owned(), sha512.digest(b"other").hex());
    let error = wants.held_against(&statement).unwrap_err();
    assert!(error.to_string().starts_with("found a summary of 2 other artifacts"), "{error}");
}

proptest! {
    /// Whatever stands in the place of a value, reading ends with a summary or an error.
    #[test]
    fn no_value_upsets_the_reader(
        at in 0_usize..9,
        value in prop_oneof![
            Just(json!(null)), Just(json!(true)), Just(json!(-1)), Just(json!("")), Just(json!([null])),
            Just(json!({"": null})), Just(json!({"id": 1})), Just(json!({"digest": {"sha256": 1}})),
            ".*".prop_map(Value::String),
            proptest::collection::vec(".{0,20}", 0..4).prop_map(|texts| json!(texts)),
        ],
    ) {
        let mut predicate = example();
        let names: Vec<_> = predicate.as_object().unwrap().keys().cloned().collect();
        predicate[&names[at % names.len()]] = value;
        if let Ok(summary) = read(&statement(&predicate)) {
            let again = statement(&serde_json::from_str(summary.to_json().unwrap().get()).unwrap());
            prop_assert_eq!(read(&again).unwrap(), summary);
        }
    }
}
