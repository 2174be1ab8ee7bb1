//! slsa-verifier's expectations: what it accepts, and each thing that it refuses, by its own reason.

use std::path::Path;

use chainsign_core::Limits;
use chainsign_core::statement::Statement;
use chainsign_slsa::expect::{BuilderReference, Expectations, ExpectedTag, SigningWorkflow};
use chainsign_slsa::{Error, read};
use serde_json::{Value, json};

const GENERATOR: &str = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows";
const GO: &str = "builder_go_slsa3.yml@refs/tags/v2.1.0";

/// A provenance, who signed it, and what is expected of it.
#[derive(Clone)]
struct Case {
    statement: Value,
    signer: String,
    repository: &'static str,
    expected: Expectations,
}

fn case(name: &str, signer: &str) -> Case {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/slsa");
    let statement = std::fs::read(path.join(name).join("statement.json")).unwrap();
    Case {
        statement: serde_json::from_slice(&statement).unwrap(),
        signer: signer.to_owned(),
        repository: "https://github.com/acme/app",
        expected: Expectations::new("github.com/acme/app".parse().unwrap()),
    }
}

/// slsa-github-generator's builder for Go, of a push of a tag.
fn go() -> Case {
    case("slsa-github-generator-go-v0.2", &format!("{GENERATOR}/{GO}"))
}

/// The same, of a workflow that was started by hand on a branch.
fn by_hand() -> Case {
    let mut case = go();
    let text = case.statement.to_string().replace("refs/tags/v1.2.3", "refs/heads/main");
    case.statement = serde_json::from_str(&text).unwrap();
    let environment = &mut case.statement["predicate"]["invocation"]["environment"];
    environment["github_ref_type"] = json!("branch");
    environment["github_event_name"] = json!("workflow_dispatch");
    environment["github_event_payload"] = json!({"inputs": {"release": "true", "count": 1}});
    case
}

/// A builder that another one defines.
fn delegated() -> Case {
    let signer = format!("{GENERATOR}/delegator_generic_slsa3.yml@refs/tags/v2.1.0");
    let mut case = case("slsa-github-generator-delegator-v1", &signer);
    let internal = &mut case.statement["predicate"]["buildDefinition"]["internalParameters"];
    internal["GITHUB_WORKFLOW_REF"] =
        json!("acme/app/.github/workflows/release.yml@refs/heads/main");
    internal["GITHUB_EVENT_PAYLOAD"] = json!({"inputs": {"targets": "//cmd:all"}});
    case
}

/// GitHub's own, of a reusable workflow.
fn github() -> Case {
    let signer = "https://github.com/acme/builders/.github/workflows/build.yml@refs/tags/v3.0.1";
    let mut case = case("github-attest-v1", signer);
    case.statement["predicate"]["runDetails"]["builder"]["id"] = json!(signer);
    case.expected.builder =
        Some("https://github.com/acme/builders/.github/workflows/build.yml".parse().unwrap());
    case
}

impl Case {
    fn at(mut self, pointer: &str, value: Value) -> Self {
        *self.statement.pointer_mut(&format!("/predicate{pointer}")).unwrap() = value;
        self
    }

    fn signed_by(mut self, signer: impl Into<String>) -> Self {
        self.signer = signer.into();
        self
    }

    /// Signed by, and naming, this builder.
    fn built_by(self, builder: &str) -> Self {
        let pointer = match self.statement.pointer("/predicate/builder") {
            Some(_) => "/builder/id",
            None => "/runDetails/builder/id",
        };
        self.at(pointer, json!(builder)).signed_by(builder)
    }

    fn expecting(mut self, change: impl Fn(&mut Expectations)) -> Self {
        change(&mut self.expected);
        self
    }

    fn tag(self, tag: &str) -> Self {
        self.expecting(|it| it.tag = Some(ExpectedTag::Exact(tag.to_owned())))
    }

    fn version(self, version: &str) -> Self {
        self.expecting(|it| it.tag = Some(ExpectedTag::Version(version.parse().unwrap())))
    }

    fn branch(self, branch: &str) -> Self {
        self.expecting(|it| it.branch = Some(branch.to_owned()))
    }

    fn builder(self, builder: &str) -> Self {
        self.expecting(|it| it.builder = Some(builder.parse().unwrap()))
    }

    fn input(self, name: &str, value: &str) -> Self {
        self.expecting(|it| drop(it.inputs.insert(name.to_owned(), value.to_owned())))
    }

    /// `ok`, or the reason and the message.
    fn outcome(&self) -> String {
        let statement = serde_json::to_vec(&self.statement).unwrap();
        let statement = Statement::parse(&statement, &Limits::default()).unwrap();
        let provenance = read(&statement).unwrap();
        let signer = SigningWorkflow::new(&self.signer, self.repository.parse().ok());
        match self.expected.check(&signer, &provenance) {
            Ok(builder) => {
                assert_eq!(provenance.builder_id, Some(builder));
                "ok".to_owned()
            }
            Err(error) => format!("{}: {error}", error.reason()),
        }
    }
}

fn check(cases: &[(&str, Case, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(what, case, wanted)| (what, case.outcome(), wanted))
        .filter(|(_, found, wanted)| found != *wanted)
        .map(|(what, found, wanted)| format!("{what}\n  found  {found}\n  wanted {wanted}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_as_expected_is_accepted() {
    let go_builder = format!("{GENERATOR}/builder_go_slsa3.yml");
    let event = "/invocation/environment/github_event_payload";
    let base = json!({"base_ref": "refs/heads/main"});
    let release = json!({"release": {"target_commitish": "main"}});
    let name = "/invocation/environment/github_event_name";
    check(&[
        ("only the source", go(), "ok"),
        ("tag", go().tag("v1.2.3"), "ok"),
        ("version", go().version("v1.2"), "ok"),
        ("builder at any version", go().builder(&go_builder), "ok"),
        ("builder at a tag", go().builder(&format!("{go_builder}@v2.1.0")), "ok"),
        ("builder at a ref", go().builder(&format!("{go_builder}@refs/tags/v2.1.0")), "ok"),
        ("branch of a pushed tag", go().at(event, base).branch("main"), "ok"),
        (
            "branch of a release",
            go().at(event, release).at(name, json!("release")).branch("main"),
            "ok",
        ),
        ("branch", by_hand().branch("main"), "ok"),
        ("input", by_hand().branch("main").input("release", "true"), "ok"),
        ("delegated", delegated().branch("main").input("targets", "//cmd:all"), "ok"),
        (
            "delegated, named",
            delegated().builder(&format!("{GENERATOR}/builder_bazel_slsa3.yml@v2.1.0")),
            "ok",
        ),
        ("GitHub's own", github(), "ok"),
        ("GitHub's own, tag", github().tag("v1.2.3"), "ok"),
    ]);
}

/// Each has its own reason.
#[test]
fn what_is_not_as_expected_is_refused() {
    let signer = format!("{GENERATOR}/{GO}");
    let other_repository = Case { repository: "https://github.com/acme/other", ..go() };
    let no_repository = Case { repository: "", ..go() };
    let other = json!("git+https://github.com/acme/other@refs/tags/v1.2.3");
    let other_ref = json!("git+https://github.com/acme/app@refs/tags/v1.2.4");
    let source = |what: &str, found: &str, wanted: &str| {
        format!("other-source: found {found} as {what}, wanted {wanted}")
    };
    let (app, no) = ("https://github.com/acme/app", "https://github.com/acme/other");
    let builders = format!("wanted a builder under {GENERATOR}/");
    check(&[
        (
            "source in the certificate",
            other_repository,
            &source("the repository of the certificate", no, app),
        ),
        (
            "no source in the certificate",
            no_repository,
            &source("the repository of the certificate", "nothing", app),
        ),
        (
            "source of the workflow",
            go().at("/invocation/configSource/uri", other.clone()),
            &source("the repository of the workflow", no, app),
        ),
        (
            "source that was built",
            go().at("/materials/0/uri", other),
            &source("the first dependency", no, app),
        ),
        (
            "ref that was built",
            go().at("/materials/0/uri", other_ref).at("/materials/0/digest", json!({})),
            &source("the ref of the first dependency", "refs/tags/v1.2.4", "refs/tags/v1.2.3"),
        ),
        (
            "no ref that was built",
            go().at("/materials/0/uri", json!("git+https://github.com/acme/app")),
            &source("the ref of the first dependency", "none", "refs/tags/v1.2.3"),
        ),
        (
            "ref of the event",
            go().tag("v1.2.3").at("/invocation/environment/github_ref", json!("refs/tags/v9")),
            &source("the ref of the event", "refs/tags/v9", "refs/tags/v1.2.3"),
        ),
        ("tag", go().tag("v1.2.4"), "other-tag: found the tag refs/tags/v1.2.3, wanted v1.2.4"),
        ("version", go().version("v1.3"), "other-tag: found the tag refs/tags/v1.2.3, wanted v1.3"),
        (
            "tag of a branch",
            by_hand().tag("v1.2.3"),
            "not-said: the provenance does not say a tag: a branch was built",
        ),
        (
            "branch",
            by_hand().branch("other"),
            "other-branch: found the branch refs/heads/main, wanted other",
        ),
        (
            "branch of a tag",
            go().branch("main"),
            "not-said: the provenance does not say the branch",
        ),
        (
            "input",
            by_hand().input("release", "false"),
            "other-input: found \"true\" as the input release, wanted \"false\"",
        ),
        (
            "input that is not there",
            by_hand().input("debug", "true"),
            "not-said: the provenance does not say the input debug",
        ),
        (
            "input that is no text",
            by_hand().input("count", "1"),
            "not-said: the provenance does not say the input count",
        ),
        (
            "input of a push",
            go().input("release", "true"),
            "not-said: the provenance does not say inputs: the event was push",
        ),
        (
            "input of GitHub's own",
            github().input("release", "true"),
            "not-said: the provenance does not say the inputs of the workflow",
        ),
        (
            "builder",
            go().builder(&format!("{GENERATOR}/generator_generic_slsa3.yml")),
            &format!(
                "untrusted-builder: found the workflow {signer}, wanted \
                 {GENERATOR}/generator_generic_slsa3.yml"
            ),
        ),
        (
            "builder at another version",
            go().builder(&format!("{GENERATOR}/builder_go_slsa3.yml@v2.0.0")),
            &format!(
                "untrusted-builder: found the workflow {signer}, wanted \
                 {GENERATOR}/builder_go_slsa3.yml@v2.0.0"
            ),
        ),
        (
            "a builder whose name begins like it",
            go().builder(&format!("{GENERATOR}/builder_go_slsa")),
            &format!(
                "untrusted-builder: found the workflow {signer}, wanted {GENERATOR}/builder_go_slsa"
            ),
        ),
        (
            "a workflow of the project's own",
            go().built_by("https://github.com/acme/app/.github/workflows/x.yml@refs/tags/v1.0.0"),
            &format!(
                "untrusted-builder: found the workflow \
                 https://github.com/acme/app/.github/workflows/x.yml@refs/tags/v1.0.0, {builders}"
            ),
        ),
        (
            "a workflow for images",
            go().built_by(&format!("{GENERATOR}/generator_container_slsa3.yml@refs/tags/v2.1.0")),
            &format!(
                "untrusted-builder: found the workflow \
                 {GENERATOR}/generator_container_slsa3.yml@refs/tags/v2.1.0, {builders}"
            ),
        ),
        (
            "another host",
            go().signed_by("https://github.com.evil.example/x@refs/tags/v1.0.0"),
            "untrusted-builder: found the signer https://github.com.evil.example/x@refs/tags/v1.0.0, \
             wanted a workflow on https://github.com at a ref",
        ),
        (
            "an e-mail address",
            go().signed_by("dev@example.com"),
            "untrusted-builder: found the signer dev@example.com, wanted a workflow on \
             https://github.com at a ref",
        ),
        (
            "another builder in the provenance",
            go().at(
                "/builder/id",
                json!(format!("{GENERATOR}/builder_go_slsa3.yml@refs/tags/v2.0.0")),
            ),
            &format!(
                "other-builder: found the builder {GENERATOR}/builder_go_slsa3.yml@refs/tags/v2.0.0, \
                 wanted {signer}"
            ),
        ),
        (
            "no builder in the provenance",
            go().at("/builder/id", json!("")),
            "not-said: the provenance does not say the builder",
        ),
        (
            "an unknown build type",
            go().at("/buildType", json!("https://example.com/build")),
            "unknown-build-type: found the build type https://example.com/build, wanted one of \
             slsa-github-generator's or GitHub's own",
        ),
        (
            "GitHub's own without a builder",
            github().built_by(&signer).expecting(|it| it.builder = None),
            "unknown-build-type: found the build type \
             https://actions.github.io/buildtypes/workflow/v1, wanted one of slsa-github-generator's or \
             GitHub's own",
        ),
        (
            "another delegated builder",
            delegated().builder(&format!("{GENERATOR}/builder_go_slsa3.yml")),
            &format!(
                "other-builder: found the builder {GENERATOR}/builder_bazel_slsa3.yml@refs/tags/v2.1.0, \
                 wanted {GENERATOR}/builder_go_slsa3.yml"
            ),
        ),
        (
            "a delegated builder of somebody else",
            delegated().at(
                "/runDetails/builder/id",
                json!("https://github.com/evil/builder/.github/workflows/x.yml@refs/tags/v1.0.0"),
            ),
            &format!(
                "other-builder: found the builder \
                 https://github.com/evil/builder/.github/workflows/x.yml@refs/tags/v1.0.0, {builders}"
            ),
        ),
        (
            "a delegated builder of another workflow",
            delegated().at(
                "/buildDefinition/internalParameters/GITHUB_WORKFLOW_REF",
                json!("acme/other/.github/workflows/x.yml@refs/heads/main"),
            ),
            &source("the repository of the workflow", no, app),
        ),
    ]);
    // Not a release of the builder: slsa-verifier IsValidBuilderTag.
    for reference in [
        "refs/heads/main",
        "refs/tags/v2.1",
        "refs/tags/v2.1.0-rc.1",
        "refs/tags/v2.1.0+b",
        "refs/tags/2.1.0",
        "refs/tags/v02.1.0",
        "v2.1.0",
    ] {
        let builder = format!("{GENERATOR}/builder_go_slsa3.yml@{reference}");
        let wanted = format!(
            "untrusted-builder: found the builder at {reference}, wanted it at a tag vX.Y.Z"
        );
        check(&[(reference, go().built_by(&builder), &wanted)]);
    }
}

#[test]
fn builders_are_named_by_uris() {
    let of = |text: &str| text.parse::<BuilderReference>().map(|it| it.to_string());
    for good in ["https://github.com/a/b", "https://github.com/a/b@v1", "https://x/y@refs/tags/v1"]
    {
        assert_eq!(of(good).as_deref(), Ok(good));
    }
    for bad in ["", "builder", "https://github.com/a@", "https://github.com/a@b@c"] {
        let wanted = Error::Uri { what: "builder id", found: bad.to_owned() };
        assert_eq!(of(bad), Err(wanted), "{bad}");
    }
}
