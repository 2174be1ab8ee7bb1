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

use crate::target::Target;

pub(crate) const TARGETS: [Target; 3] = [
    Target { name: "slsa_statement", run: statement, seeds: statement_seeds },
    Target { name: "slsa_job", run: job, seeds: job_seeds },
    Target { name: "slsa_artifacts", run: artifacts, seeds: artifacts_seeds },
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
