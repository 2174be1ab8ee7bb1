//! What is fuzzed of this crate, each with what must hold of any input. libFuzzer (`fuzz/`) and
//! `cargo test` run the same.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use chainsign_core::Limits;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::statement::{Statement, Subject};
use chainsign_slsa::ci::{Ci, Stated, describe};
use chainsign_slsa::subjects::{Release, ReleaseContent};
use chainsign_slsa::{BuilderId, Error, OnCommitMismatch, Predicate, generate, read};

use chainsign_slsa::vsa::{self, Outcome, Summary};
use serde_json::value::RawValue;

use crate::target::Target;

pub(crate) const TARGETS: [Target; 6] = [
    Target { name: "slsa_statement", run: statement, seeds: statement_seeds },
    Target { name: "slsa_job", run: job, seeds: job_seeds },
    Target { name: "slsa_artifacts", run: artifacts, seeds: artifacts_seeds },
    Target { name: "slsa_summary", run: summary, seeds: summary_seeds },
    Target { name: "slsa_layout", run: layouts::layout, seeds: layouts::layout_seeds },
    Target { name: "slsa_link", run: layouts::link, seeds: layouts::link_seeds },
];

/// A statement of any producer. What is understood of it is understood the same again.
fn statement(bytes: &[u8]) -> bool {
    let Ok(statement) = Statement::parse(bytes, &Limits::default()) else { return false };
    let Ok(view) = read(&statement) else { return false };
    assert_eq!(read(&statement), Ok(view));
    true
}

fn statement_seeds() -> Vec<Vec<u8>> {
    let seeds: [&[u8]; 7] = [
        include_bytes!("../../../../testdata/slsa/github-attest-v1/statement.json"),
        include_bytes!("../../../../testdata/slsa/slsa-github-generator-go-v0.2/statement.json"),
        include_bytes!("../../../../testdata/slsa/gitlab-v1/statement.json"),
        include_bytes!("../../../../testdata/slsa/cloud-build-v1/statement.json"),
        include_bytes!("../../../../testdata/slsa/tekton-v1/statement.json"),
        include_bytes!("../../../../testdata/slsa/buildkit-v1/statement.json"),
        include_bytes!("../../../../testdata/slsa/npm-v1/statement.json"),
    ];
    seeds.map(<[u8]>::to_vec).to_vec()
}

/// A job: `NAME=VALUE` lines, of which those in capitals are variables and the others claims. What
/// is described is written, and what is written says the same when it is read.
fn job(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let values: BTreeMap<&str, &str> = text.lines().filter_map(|it| it.split_once('=')).collect();
    let look = |name: &str| values.get(name).map(|value| (*value).to_owned());
    let described = Ci::ALL.map(|ci| {
        let mut stated = Stated::default();
        if !matches!(ci, Ci::Github | Ci::Gitlab) {
            stated.builder_id = Some(BuilderId("https://ci.example/builder".to_owned()));
            stated.repository = Some("https://git.example/acme/app".parse().unwrap());
        }
        let described = describe(ci, &look, Some(&look), &stated);
        described.map(|described| (ci, described.facts))
    });
    let mut asked = false;
    for (ci, facts) in described.into_iter().flatten() {
        let predicate = match generate(&facts, &[], OnCommitMismatch::Refuse) {
            Ok(predicate) => predicate,
            Err(Error::Uri { .. }) => continue,
            Err(other) => panic!("{other}"),
        };
        let subject = Subject::new("app", &ArtifactDigest::sha256(b"app").into());
        let json = predicate.to_json().unwrap();
        let statement = Statement::new(vec![subject], Predicate::predicate_type(), json);
        let statement = Statement::parse(&statement.to_json().unwrap(), &Limits::default());
        let view = read(&statement.unwrap()).unwrap();
        assert_eq!(view.source.repository, facts.source.repository);
        assert_eq!(view.builder_id, Some(facts.builder_id));
        assert_eq!(view.invocation_id, facts.invocation_id);
        assert_eq!(view.started_on, facts.started_on);
        // GitHub names the ref of the workflow, which need not be that of the source.
        if ci != Ci::Github {
            assert_eq!(view.source, facts.source);
        }
        asked |= ci != Ci::Generic;
    }
    asked
}

fn job_seeds() -> Vec<Vec<u8>> {
    let seeds: [&[u8]; 6] = [
        include_bytes!("../../../../testdata/ci/github-no-token/environment"),
        include_bytes!("../../../../testdata/ci/gitlab-no-token/environment"),
        include_bytes!("../../../../testdata/ci/cloud-build-trigger/environment"),
        include_bytes!("../../../../testdata/ci/tekton-pipeline/environment"),
        include_bytes!("../../../../testdata/ci/jenkins-multibranch/environment"),
        b"iss=https://token.actions.githubusercontent.com\nrepository=acme/app\nref=refs/heads/main\n\
          sha=99617f4070c9fa4928704dbc89884a8a0000ca9f\nworkflow_ref=acme/app/w.yml@refs/heads/main\n\
          job_workflow_ref=acme/b/w.yml@v1\nrun_id=1\nrun_attempt=1\nevent_name=push\n\
          repository_id=1\nrepository_owner_id=2\nrunner_environment=github-hosted\n",
    ];
    seeds.map(<[u8]>::to_vec).to_vec()
}

/// GoReleaser's list. Nothing is there twice, and everything has a name and a place.
fn artifacts(bytes: &[u8]) -> bool {
    let Ok(release) = Release::parse(bytes) else { return false };
    for (index, artifact) in release.artifacts.iter().enumerate() {
        assert!(!artifact.name.is_empty());
        assert!(!release.artifacts[..index].contains(artifact));
        if let ReleaseContent::File { path, .. } = &artifact.content {
            assert!(!path.is_empty());
        }
    }
    true
}

fn artifacts_seeds() -> Vec<Vec<u8>> {
    let digest = format!("sha256:{}", "1".repeat(64));
    let list = serde_json::json!([
        {"name": "app", "path": "dist/app_linux_amd64_v1/app", "goos": "linux", "type": "Binary"},
        {"name": "a.tar.gz", "path": "./dist/a.tar.gz", "type": "Archive", "extra": {"Checksum": digest}},
        {"name": "ghcr.io/acme/app:v1", "type": "Docker Manifest", "extra": {"Digest": digest}},
        {"name": "checksums.txt", "path": "dist/checksums.txt", "type": "Checksum", "extra": {"ID": 7}},
    ]);
    vec![list.to_string().into_bytes(), b"[]".to_vec()]
}

/// A verification summary. What is read is written, and read the same again; one that failed has no level.
fn summary(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(predicate) = RawValue::from_string(text.to_owned()) else { return false };
    let Some(read) = summary_of(predicate) else { return false };
    let again = summary_of(read.to_json().unwrap());
    assert_eq!(again.as_ref(), Some(&read), "a summary changes when it is written");
    if let Outcome::Passed(levels) = &read.outcome {
        assert!(
            levels.iter().all(|level| levels.show(&level)),
            "a level that does not show itself"
        );
    }
    true
}

fn summary_of(predicate: Box<RawValue>) -> Option<Summary> {
    let subject = Subject::new("app", &ArtifactDigest::sha256(b"app").into());
    let statement = Statement::new(vec![subject], Summary::predicate_type(), predicate);
    let statement = Statement::parse(&statement.to_json().ok()?, &Limits::default()).ok()?;
    vsa::read(&statement).ok()
}

fn summary_seeds() -> Vec<Vec<u8>> {
    let digest = serde_json::json!({"sha256": "1".repeat(64)});
    let passed = serde_json::json!({
        "verifier": {"id": "https://gate.acme.example", "version": {"chainsign": "0.1.0"}},
        "timeVerified": "2026-11-21T12:00:00Z",
        "resourceUri": "https://dl.acme.example/app",
        "policy": {"name": "app", "uri": "https://acme.example/policy", "digest": digest},
        "inputAttestations": [{"uri": "https://acme.example/a", "digest": digest, "mediaType": "x/y"}],
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_UNEVALUATED", "SLSA_BUILD_REPRODUCED", "ACME"],
        "dependencyLevels": {"SLSA_BUILD_LEVEL_2": 3, "ACME": 1},
        "slsaVersion": "1.2",
    });
    let mut failed = passed.clone();
    failed["verificationResult"] = "FAILED".into();
    failed["verifiedLevels"] = serde_json::json!(["FAILED"]);
    [passed, failed].map(|seed| seed.to_string().into_bytes()).to_vec()
}

/// Layouts and links, signed here, so that what is behind the signatures is reached.
mod layouts {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestSet};
    use chainsign_core::dsse::{IN_TOTO_PAYLOAD_TYPE, pae};
    use chainsign_core::encoding::{base64_encode, hex_encode};
    use chainsign_slsa::layout::{
        Document, Files, Inspected, Inspector, LayoutError, LayoutKey, VerifiedLayout, verify,
    };
    use serde_json::{Value, json};

    /// The content of a layout. Whatever it says, the artifact is a product of its last step.
    pub(super) fn layout(bytes: &[u8]) -> bool {
        let links: Vec<_> =
            ["clone", "package"].map(|step| signed(link_of(step).as_bytes())).into();
        let outcome = decide(bytes, &links);
        assert_eq!(decide(bytes, &links), outcome, "two decisions on the same");
        if let Ok(verified) = &outcome {
            assert_eq!(verified.product, "app.tar.gz");
            assert!(verified.steps.iter().all(|step| !step.signers.is_empty()));
        }
        outcome.is_ok()
    }

    /// The content of a link. One that names another step, or other files, is of no use.
    pub(super) fn link(bytes: &[u8]) -> bool {
        drop(LayoutKey::parse("key", bytes));
        let links = [signed(link_of("clone").as_bytes()), signed(bytes)];
        let outcome = decide(the_layout().to_string().as_bytes(), &links);
        let alone = decide(the_layout().to_string().as_bytes(), &[links[1].clone()]);
        assert!(alone.is_err(), "one link for two steps");
        outcome.is_ok()
    }

    pub(super) fn layout_seeds() -> Vec<Vec<u8>> {
        let mut rules = the_layout();
        rules["steps"][1]["expected_products"] = json!([
            ["CREATE", "*.gz"],
            ["MODIFY", "[a-c]?"],
            ["DELETE", "x"],
            ["REQUIRE", "app.tar.gz"],
            ["MATCH", "*", "IN", "src", "WITH", "MATERIALS", "IN", "dst", "FROM", "clone"],
            ["DISALLOW", "[!a]*"],
        ]);
        [the_layout(), rules].map(|seed| seed.to_string().into_bytes()).to_vec()
    }

    pub(super) fn link_seeds() -> Vec<Vec<u8>> {
        vec![link_of("package").into_bytes(), link_of("clone").into_bytes(), key().into_bytes()]
    }

    fn decide(layout: &[u8], links: &[String]) -> Result<VerifiedLayout, LayoutError> {
        let owner = LayoutKey::parse("owner", key().as_bytes()).unwrap();
        let layout = signed(layout);
        let layout = Document { name: "layout", bytes: layout.as_bytes() };
        let links: Vec<_> =
            links.iter().map(|it| Document { name: "link", bytes: it.as_bytes() }).collect();
        let artifact: ArtifactDigests = ArtifactDigest::sha256(b"app").into();
        verify(
            layout,
            &[owner],
            &links,
            &artifact,
            &Unpacked,
            "2026-11-21T12:00:00Z".parse().unwrap(),
        )
    }

    struct Unpacked;

    impl Inspector for Unpacked {
        fn inspect(&self, command: &[String]) -> Option<Result<Inspected, String>> {
            let materials = files(&["app.tar.gz"]);
            let products = files(&["app.tar.gz", "src/main.go"]);
            (command == ["tar"]).then_some(Ok(Inspected { materials, products }))
        }
    }

    fn files(names: &[&str]) -> Files {
        let digest = DigestSet::from(&ArtifactDigests::from(ArtifactDigest::sha256(b"app")));
        names.iter().map(|name| ((*name).to_owned(), digest.clone())).collect()
    }

    fn the_layout() -> Value {
        let step = |name: &str, rules: Value| {
            json!({
                "_type": "step", "name": name, "expected_materials": [], "expected_products": rules,
                "pubkeys": ["a"], "expected_command": ["make"], "threshold": 1,
            })
        };
        let key: Value = serde_json::from_str(&key()).unwrap();
        json!({
            "_type": "layout",
            "expires": "2046-01-01T00:00:00Z",
            "readme": "",
            "keys": {"a": key},
            "steps": [
                step("clone", json!([["CREATE", "src/*"], ["DISALLOW", "*"]])),
                step("package", json!([["CREATE", "app.tar.gz"], ["DISALLOW", "*"]])),
            ],
            "inspect": [{
                "_type": "inspection", "name": "look", "run": ["tar"],
                "expected_materials": [["MATCH", "*", "WITH", "PRODUCTS", "FROM", "package"], ["DISALLOW", "*"]],
                "expected_products": [
                    ["MATCH", "main.go", "IN", "src", "WITH", "PRODUCTS", "IN", "src", "FROM", "clone"],
                    ["ALLOW", "app.tar.gz"], ["DISALLOW", "*"],
                ],
            }],
        })
    }

    fn link_of(step: &str) -> String {
        let product = if step == "clone" { "src/main.go" } else { "app.tar.gz" };
        json!({
            "_type": "link", "name": step, "materials": {}, "products": files(&[product]),
            "byproducts": {"return-value": 0}, "command": ["make"], "environment": {},
        })
        .to_string()
    }

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
    }

    fn key() -> String {
        let public = hex_encode(pair().public_key());
        json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}}).to_string()
    }

    fn signed(payload: &[u8]) -> String {
        let signature = pair().sign(&pae(IN_TOTO_PAYLOAD_TYPE, payload));
        json!({
            "payload": base64_encode(payload),
            "payloadType": IN_TOTO_PAYLOAD_TYPE,
            "signatures": [{"sig": base64_encode(signature)}],
        })
        .to_string()
    }
}
