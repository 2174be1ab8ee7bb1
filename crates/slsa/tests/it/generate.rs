//! Provenance from facts and from what Go binaries say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chainsign_core::digest::{ArtifactDigest, DigestSet};
use chainsign_core::statement::{Statement, Subject};
use chainsign_gosbom::{self as gosbom, BuildInfo};
use chainsign_slsa::source::GitCommit;
use chainsign_slsa::{
    BuildFacts, BuildType, BuilderId, Error, OnCommitMismatch, Predicate, Provenance,
    ResourceDescriptor, StampedCommit, generate, read,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The commit in `testdata/demo/README.md`.
const COMMIT: &str = "99617f4070c9fa4928704dbc89884a8a0000ca9f";
const OTHER: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";

fn demo() -> BuildInfo {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/demo/shipcheck");
    let binary = gosbom::read(&fs::read(path).unwrap(), &gosbom::Limits::default()).unwrap();
    binary.slices[0].build_info.clone()
}

fn binary(modules: &str) -> BuildInfo {
    let limits = gosbom::Limits::default();
    BuildInfo::from_text(Some("go1.27.3"), modules.as_bytes(), &limits).unwrap()
}

fn facts() -> BuildFacts {
    let builder = BuilderId("https://ci.acme.example/builders/go/v1".to_owned());
    BuildFacts::new(builder, BuildType::go())
}

/// Everything that can be known.
fn full_facts() -> BuildFacts {
    let mut facts = facts();
    facts.builder_version = BTreeMap::from([("runner".to_owned(), "3.1.0".to_owned())]);
    facts.source.repository = Some("https://github.com/acme/shipcheck.git".parse().unwrap());
    facts.source.reference = Some("refs/tags/v1.4.2".parse().unwrap());
    facts.source.commit = Some(COMMIT.parse().unwrap());
    facts.external_parameters.insert("target".to_owned(), json!({"os": "linux", "arch": "amd64"}));
    facts.internal_parameters.insert("node".to_owned(), json!("build-7"));
    facts.dependencies.push(ResourceDescriptor {
        uri: Some("pkg:oci/golang@sha256%3Aabcd".to_owned()),
        digest: DigestSet(BTreeMap::from([("sha256".to_owned(), "ab".repeat(32))])),
        ..ResourceDescriptor::default()
    });
    facts.invocation_id = Some("https://ci.acme.example/runs/7".to_owned());
    facts.started_on = Some("2026-11-20T10:00:05Z".parse().unwrap());
    facts.finished_on = Some("2026-11-20T10:01:05Z".parse().unwrap());
    facts
}

fn statement(predicate: &Predicate) -> Statement {
    let subject = Subject::new("app", &ArtifactDigest::sha256(b"app").into());
    let (kind, json) = (Predicate::predicate_type(), predicate.to_json().unwrap());
    Statement::new(vec![subject], kind, json)
}

fn view(predicate: &Predicate) -> Provenance {
    read(&statement(predicate)).unwrap()
}

fn generated(facts: &BuildFacts, binaries: &[&BuildInfo]) -> Predicate {
    generate(facts, binaries, OnCommitMismatch::Refuse).unwrap()
}

fn json(predicate: &Predicate) -> Value {
    serde_json::from_str(predicate.to_json().unwrap().get()).unwrap()
}

#[test]
fn the_demos_provenance() {
    let demo = demo();
    let predicate = generated(&full_facts(), &[&demo]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&predicate).unwrap());
    assert_eq!(generated(&full_facts(), &[&demo]), predicate);

    let dependencies = &predicate.build_definition.resolved_dependencies;
    let source = &dependencies[0];
    let uri = "git+https://github.com/acme/shipcheck@refs/tags/v1.4.2";
    assert_eq!(source.uri.as_deref(), Some(uri));
    assert_eq!(source.digest.commit(), Some(COMMIT));
    let of_go = |it: &&ResourceDescriptor| it.uri.as_deref().unwrap().starts_with("pkg:golang/");
    assert_eq!(dependencies.iter().filter(of_go).count(), 16 + 1, "modules and stdlib");
}

/// The example of the build type's page is one that the reader understands.
#[test]
fn the_example_in_the_documentation_is_read() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```json\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let mut statement = statement(&generated(&facts(), &[]));
    statement.predicate = serde_json::value::RawValue::from_string(example.to_owned()).unwrap();
    let view = read(&statement).unwrap();
    assert_eq!(view.source, full_facts().source);
    assert_eq!(view.uninterpreted_parameters, [""; 0]);
    assert_eq!(view.dependencies.len(), 3);
    assert_eq!(view.invocation_id, full_facts().invocation_id);
}

#[test]
fn what_is_written_is_read_back() {
    let predicate = generated(&full_facts(), &[&demo()]);
    let (facts, view) = (full_facts(), view(&predicate));
    assert_eq!(view.builder_id, Some(facts.builder_id));
    assert_eq!(view.build_type, Some(facts.build_type));
    assert_eq!(view.source, facts.source);
    assert_eq!(view.invocation_id, facts.invocation_id);
    assert_eq!((view.started_on, view.finished_on), (facts.started_on, facts.finished_on));
    assert_eq!(view.uninterpreted_parameters, ["/target"]);
    assert_eq!(view.internal_parameters["go"]["builds"][0]["settings"]["CGO_ENABLED"], "0");
    let written = predicate.build_definition.resolved_dependencies;
    assert_eq!(view.dependencies.len(), written.len());
    for (read, written) in view.dependencies.iter().zip(&written) {
        assert_eq!(
            (&read.name, &read.uri, &read.digest),
            (&written.name, &written.uri, &written.digest)
        );
    }
    let cobra = view
        .dependencies
        .iter()
        .find(|it| it.uri.as_deref() == Some("pkg:golang/github.com/spf13/cobra@v1.10.2"));
    assert_eq!(cobra.unwrap().dir_hash().unwrap().len(), 64);
}

/// The dependency that is named `source` must be of the repository and ref of the parameters.
#[test]
fn a_source_of_another_repository_gives_no_commit() {
    let predicate = json(&generated(&full_facts(), &[]));
    let read_with = |pointer: &str, value: Value| {
        let mut predicate = predicate.clone();
        *predicate.pointer_mut(pointer).unwrap() = value;
        let mut statement = statement(&generated(&facts(), &[]));
        statement.predicate = serde_json::value::to_raw_value(&predicate).unwrap();
        read(&statement).unwrap().source.commit
    };
    let dependency = "/buildDefinition/resolvedDependencies/0";
    let uri = format!("{dependency}/uri");
    let same = "git+https://github.com/acme/shipcheck@refs/tags/v1.4.2";
    assert_eq!(read_with(&uri, json!(same)), Some(COMMIT.parse().unwrap()));
    for other in ["git+https://github.com/acme/other", &same.replace("v1.4.2", "v1.4.1"), ""] {
        assert_eq!(read_with(&uri, json!(other)), None, "{other}");
    }
    assert_eq!(read_with(&format!("{dependency}/name"), json!("tool")), None);
    let parameter = "/buildDefinition/externalParameters/source/repository";
    assert_eq!(read_with(parameter, json!("https://github.com/acme/other")), None);
}

#[test]
fn what_is_unknown_is_left_out() {
    let predicate = json(&generated(&facts(), &[]));
    let wanted = json!({
        "buildDefinition": {"buildType": BuildType::GO, "externalParameters": {}},
        "runDetails": {"builder": {"id": "https://ci.acme.example/builders/go/v1"}},
    });
    assert_eq!(predicate, wanted);
}

/// in-toto/attestation `spec/v1/digest_set.md` gives this pair as its example.
#[test]
fn sums_are_written_as_dir_hashes() {
    let sum = "h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=";
    let binary =
        binary(&format!("path\ta\ndep\tgithub.com/marklodato/go-hello-world\tv0.0.1\t{sum}\n"));
    let dependencies =
        &json(&generated(&facts(), &[&binary]))["buildDefinition"]["resolvedDependencies"];
    let wanted = json!([
        {
            "uri": "pkg:golang/github.com/marklodato/go-hello-world@v0.0.1",
            "digest": {"dirHash": "2a1bb6127fb481c60f67692e22285fb306f3c6ffe62075e0ccf674d7c3adcb8f"},
        },
        {"uri": "pkg:golang/stdlib@1.27.3"},
    ]);
    assert_eq!(*dependencies, wanted);
}

#[track_caller]
fn go_dependencies(modules: &str, wanted: Value) -> Value {
    let binary = binary(modules);
    let predicate = json(&generated(&facts(), &[&binary]));
    let dependencies = predicate["buildDefinition"]["resolvedDependencies"].as_array().unwrap();
    let stdlib = json!("pkg:golang/stdlib@1.27.3");
    let others: Vec<_> = dependencies.iter().filter(|it| it["uri"] != stdlib).cloned().collect();
    assert_eq!(Value::from(others), wanted);
    predicate["buildDefinition"]["internalParameters"]["go"]["builds"][0].clone()
}

#[test]
fn replaced_and_unnamed_modules() {
    // A fork stands for the original, and says so.
    let fork = "path\ta\ndep\texample.com/Lib/v2\tv2.0.0+incompatible\n=>\texample.com/fork\tv1.9.9\th1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    go_dependencies(
        fork,
        json!([{
            "uri": "pkg:golang/example.com/fork@v1.9.9",
            "digest": {"dirHash": "00".repeat(32)},
            "annotations": {"replaces": ["pkg:golang/example.com/Lib/v2@v2.0.0%2Bincompatible"]},
        }]),
    );
    // A folder has no name outside the build machine.
    let folder = "path\ta\ndep\texample.com/lib\tv1.0.0\n=>\t../lib\t(devel)\t\n";
    let build = go_dependencies(folder, json!([]));
    assert_eq!(build["localReplacements"], json!(["pkg:golang/example.com/lib@v1.0.0"]));
    // A version that Go does not know, and a vendored module without a sum.
    let workspace = "path\ta\ndep\texample.com/alpha\t(devel)\t\ndep\texample.com/beta\tv1.0.0\n";
    go_dependencies(
        workspace,
        json!([{"uri": "pkg:golang/example.com/alpha"}, {"uri": "pkg:golang/example.com/beta@v1.0.0"}]),
    );
    // `go install module@version`: the main module was downloaded, and is the source.
    let installed =
        "path\ta.b/c/cmd/d\nmod\ta.b/c\tv1.0.0\th1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let build = go_dependencies(
        installed,
        json!([{"uri": "pkg:golang/a.b/c@v1.0.0", "digest": {"dirHash": "00".repeat(32)}}]),
    );
    assert_eq!(build["path"], "a.b/c/cmd/d");
}

#[test]
fn a_binary_without_modules_says_its_go_version() {
    let predicate = json(&generated(&facts(), &[&binary("")]));
    let definition = &predicate["buildDefinition"];
    assert_eq!(
        definition["internalParameters"],
        json!({"go": {"builds": [{"goVersion": "go1.27.3"}]}})
    );
    assert_eq!(definition["resolvedDependencies"], json!([{"uri": "pkg:golang/stdlib@1.27.3"}]));
}

fn stamped(commit: &str) -> BuildInfo {
    binary(&format!("path\ta\nbuild\tvcs=git\nbuild\tvcs.revision={commit}\n"))
}

fn stated(commit: &str) -> BuildFacts {
    let mut facts = facts();
    facts.source.commit = Some(commit.parse().unwrap());
    facts
}

#[test]
fn the_stamp_gives_the_commit() {
    let predicate = generated(&facts(), &[&stamped(COMMIT)]);
    let source = &json(&predicate)["buildDefinition"]["resolvedDependencies"][0];
    assert_eq!(*source, json!({"name": "source", "digest": {"gitCommit": COMMIT}}));
    assert_eq!(view(&predicate).source.commit.unwrap().as_str(), COMMIT);
    // Twelve digits are not a commit: they are held against the stated one, never completed.
    let pseudo = binary("path\ta\nmod\ta\tv0.0.0-20261120100000-99617f4070c9\n");
    assert_eq!(view(&generated(&facts(), &[&pseudo])).source.commit, None);
    let both = view(&generated(&stated(COMMIT), &[&pseudo]));
    assert_eq!(both.source.commit.unwrap().as_str(), COMMIT);
}

#[test]
fn a_commit_that_the_stamp_denies_is_refused() {
    let error = generate(&stated(OTHER), &[&stamped(COMMIT)], OnCommitMismatch::Refuse);
    let stamp = StampedCommit::Revision(COMMIT.parse().unwrap());
    let wanted = Error::CommitMismatch { stated: OTHER.parse().unwrap(), stamped: stamp };
    assert_eq!(error, Err(wanted.clone()));
    let text = format!("the binary was built from {COMMIT}, but the commit stated is {OTHER}");
    assert_eq!(wanted.to_string(), text);

    let pseudo = binary("path\ta\nmod\ta\tv0.0.0-20261120100000-99617f4070c9\n");
    let error = generate(&stated(OTHER), &[&pseudo], OnCommitMismatch::Refuse).unwrap_err();
    assert!(matches!(
        error,
        Error::CommitMismatch { stamped: StampedCommit::PseudoVersion { .. }, .. }
    ));
    let mercurial = binary(&format!("path\ta\nbuild\tvcs=hg\nbuild\tvcs.revision={OTHER}\n"));
    let error = generate(&stated(OTHER), &[&mercurial], OnCommitMismatch::Refuse).unwrap_err();
    assert!(matches!(error, Error::CommitMismatch { stamped: StampedCommit::Other { .. }, .. }));
}

#[test]
fn an_override_is_recorded() {
    let predicate =
        generate(&stated(OTHER), &[&stamped(COMMIT)], OnCommitMismatch::Record).unwrap();
    let definition = &json(&predicate)["buildDefinition"];
    let both = json!({"stamped": COMMIT, "stated": OTHER});
    assert_eq!(definition["internalParameters"]["commitOverride"], both);
    assert_eq!(definition["resolvedDependencies"][0]["digest"]["gitCommit"], OTHER);
    let agreed = generate(&stated(COMMIT), &[&stamped(COMMIT)], OnCommitMismatch::Record).unwrap();
    assert!(!agreed.to_json().unwrap().get().contains("commitOverride"));
}

#[test]
fn binaries_that_contradict_each_other_are_refused() {
    let binaries = [stamped(COMMIT), stamped(OTHER)];
    let error = generate(&facts(), &[&binaries[0], &binaries[1]], OnCommitMismatch::Record);
    let of = |commit: &str| StampedCommit::Revision(commit.parse().unwrap());
    assert_eq!(error, Err(Error::StampsDiffer { first: of(COMMIT), second: of(OTHER) }));

    let with_sum = |letter: &str| {
        let sum = letter.repeat(42);
        binary(&format!("path\ta\ndep\tb.c/d\tv1.0.0\th1:{sum}A=\n"))
    };
    let binaries = [with_sum("A"), with_sum("B")];
    let error = generate(&facts(), &[&binaries[0], &binaries[1]], OnCommitMismatch::Refuse);
    assert!(
        matches!(&error, Err(Error::ModuleSumsDiffer { module, .. }) if module == "pkg:golang/b.c/d@v1.0.0"),
        "{error:?}"
    );
}

#[test]
fn several_binaries_make_one_document() {
    let pseudo =
        binary("path\ta\nmod\ta\tv0.0.0-20261120100000-99617f4070c9\nbuild\tGOOS=windows\n");
    let linux = binary(&format!(
        "path\ta\ndep\tb.c/d\tv1.0.0\nbuild\tGOOS=linux\nbuild\tvcs=git\nbuild\tvcs.revision={COMMIT}\n"
    ));
    let predicate = json(&generated(&facts(), &[&pseudo, &linux, &linux]));
    let definition = &predicate["buildDefinition"];
    let builds = definition["internalParameters"]["go"]["builds"].as_array().unwrap();
    assert_eq!(builds.len(), 2, "the same build is listed once");
    assert_eq!(builds[0]["settings"]["GOOS"], "windows");
    assert_eq!(definition["resolvedDependencies"][0]["digest"]["gitCommit"], COMMIT);
}

#[test]
fn a_modified_tree_is_said() {
    let modified = |modules: &str| {
        let predicate = json(&generated(&stated(COMMIT), &[&binary(modules)]));
        predicate["buildDefinition"]["resolvedDependencies"][0]["annotations"].clone()
    };
    assert_eq!(modified("path\ta\nbuild\tvcs.modified=true\n"), json!({"vcsModified": true}));
    assert_eq!(modified("path\ta\nmod\ta\tv1.4.2+dirty\n"), json!({"vcsModified": true}));
    assert_eq!(
        modified("path\ta\nmod\ta\tv1.4.2+incompatible.dirty\n"),
        json!({"vcsModified": true})
    );
    assert_eq!(modified("path\ta\nbuild\tvcs.modified=false\n"), Value::Null);
}

/// Other build types get what they define: no parameter and no name of ours.
#[test]
fn other_build_types_keep_their_shape() {
    let mut facts = full_facts();
    facts.build_type = BuildType("https://actions.github.io/buildtypes/workflow/v1".to_owned());
    let workflow = json!({
        "ref": "refs/tags/v1.4.2",
        "repository": "https://github.com/acme/shipcheck",
        "path": ".github/workflows/release.yml",
    });
    facts.external_parameters = BTreeMap::from([("workflow".to_owned(), workflow)]);
    let predicate = generated(&facts, &[]);
    let definition = &json(&predicate)["buildDefinition"];
    assert_eq!(definition["externalParameters"].as_object().unwrap().len(), 1);
    assert_eq!(definition["resolvedDependencies"][0].get("name"), None);
    let view = view(&predicate);
    assert_eq!(view.source, facts.source);
    assert_eq!(view.entry_point.as_deref(), Some(".github/workflows/release.yml"));
    assert_eq!(view.uninterpreted_parameters, [""; 0]);
}

#[test]
fn wrong_facts_are_refused() {
    let mut wrong = facts();
    wrong.builder_id = BuilderId("our builder".to_owned());
    let error = generate(&wrong, &[], OnCommitMismatch::Refuse);
    let uri = |what, found: &str| Error::Uri { what, found: found.to_owned() };
    assert_eq!(error, Err(uri("builder id", "our builder")));

    let mut wrong = facts();
    wrong.build_type = BuildType("cyclonedx".to_owned());
    let error = generate(&wrong, &[], OnCommitMismatch::Refuse);
    assert_eq!(error, Err(uri("build type", "cyclonedx")));

    let reserved =
        |parameters, name: &str| Error::ReservedParameter { parameters, name: name.to_owned() };
    let mut wrong = facts();
    wrong.external_parameters.insert("source".to_owned(), json!("x"));
    let error = generate(&wrong, &[], OnCommitMismatch::Refuse);
    assert_eq!(error, Err(reserved("externalParameters", "source")));

    let mut wrong = facts();
    wrong.internal_parameters.insert("go".to_owned(), json!("x"));
    let error = generate(&wrong, &[&binary("")], OnCommitMismatch::Refuse);
    assert_eq!(error, Err(reserved("internalParameters", "go")));
}

prop_compose! {
    fn any_facts()(
        repository in proptest::option::of("[a-z]{1,8}\\.example/[a-zA-Z0-9_-]{1,8}(/[a-z]{1,5})?"),
        reference in proptest::option::of("refs/(heads|tags)/[a-z0-9@+-]{1,9}"),
        commit in proptest::option::of("[0-9a-f]{40}|[0-9a-f]{64}"),
        invocation_id in proptest::option::of("\\PC{1,20}"),
        seconds in proptest::option::of(0_i64..4_000_000_000),
        parameters in proptest::collection::btree_map("[a-z~/]{1,4}", "\\PC{0,9}", 0..4),
    ) -> BuildFacts {
        let mut facts = facts();
        facts.source.repository = repository.map(|it| it.parse().unwrap());
        facts.source.reference = reference.map(|it| it.parse().unwrap());
        facts.source.commit = commit.map(|it| it.parse::<GitCommit>().unwrap());
        facts.invocation_id = invocation_id;
        facts.started_on = seconds.map(|it| jiff::Timestamp::from_second(it).unwrap());
        facts.external_parameters =
            parameters.into_iter().filter(|(name, _)| name != "source").map(|(name, value)| (name, json!(value))).collect();
        facts
    }
}

proptest! {
    /// Whatever is stated is read back, and nothing else.
    #[test]
    fn statements_round_trip(facts in any_facts()) {
        let statement = statement(&generated(&facts, &[]));
        let bytes = statement.to_json().unwrap();
        let view = read(&Statement::parse(&bytes, &Default::default()).unwrap()).unwrap();
        prop_assert_eq!(view.source, facts.source);
        prop_assert_eq!(view.invocation_id, facts.invocation_id);
        prop_assert_eq!(view.started_on, facts.started_on);
        prop_assert_eq!(view.entry_point, None);
        let mut parameters = view.external_parameters;
        parameters.remove("source");
        let listed = facts.external_parameters.values().filter(|value| **value != json!("")).count();
        prop_assert_eq!(view.uninterpreted_parameters.len(), listed);
        prop_assert_eq!(parameters, facts.external_parameters);
    }
}
