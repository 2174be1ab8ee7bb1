//! The shapes of the vendors' own provenance.

use std::collections::BTreeSet;
use std::fs;

use chainsign_core::Limits;
use chainsign_core::formats::bundle;
use chainsign_core::material::SignedContent;
use chainsign_core::statement::Statement;
use serde_json::{Value, json};

use super::{Job, root};

/// Where `testdata/slsa/README.md` says the shapes are from.
#[test]
fn shapes_are_those_that_the_vendors_publish() {
    let extra = |job: &str, case: &str| -> Vec<String> {
        let ours = shape("", &Job::load(job).json());
        ours.difference(&published(case)).cloned().collect()
    };
    let github = shape("", &Job::load("github-reusable").json());
    assert_eq!(github, published("github-attest-v1"));
    let runner = [
        "/buildDefinition/internalParameters/runnerEnvironment",
        "/buildDefinition/internalParameters/runnerId",
    ];
    assert_eq!(extra("gitlab-tag", "gitlab-v1"), runner);
    let substitutions = "/buildDefinition/internalParameters/systemSubstitutions/";
    let others = extra("cloud-build-trigger", "cloud-build-v1");
    assert!(others.iter().all(|place| place.starts_with(substitutions)), "{others:?}");
    assert_eq!(
        extra("cloud-build-inline", "cloud-build-source-apart-v1")
            .into_iter()
            .filter(|place| !place.starts_with(substitutions))
            .collect::<Vec<_>>(),
        [""; 0]
    );
}

/// The attestations of GitHub's own action in the bundles of sigstore-conformance, which are real.
#[test]
fn the_shape_is_that_of_githubs_own_attestations() {
    let assets = root().join("../shared/vectors/sigstore-conformance/test/assets/bundle-verify");
    let Ok(folders) = fs::read_dir(&assets) else {
        eprintln!("skipped: {} is not there", assets.display());
        return;
    };
    let ours = Job::load("github-tag").json();
    let build_type = &ours["buildDefinition"]["buildType"];
    let (shape_of_ours, mut real) = (shape("", &ours), 0);
    for folder in folders {
        let path = folder.unwrap().path().join("bundle.sigstore.json");
        let Ok(bytes) = fs::read(&path) else { continue };
        let Ok(material) = bundle::parse(&bytes, &Limits::default()) else { continue };
        let SignedContent::Envelope(envelope) = &material.content else { continue };
        let Ok(statement) = Statement::parse(&envelope.payload.0, &Limits::default()) else {
            continue;
        };
        let predicate: Value = serde_json::from_str(statement.predicate.get()).unwrap();
        if predicate["buildDefinition"]["buildType"] == *build_type {
            real += 1;
            assert_eq!(shape("", &predicate), shape_of_ours, "{}", path.display());
        }
    }
    assert!(real >= 1, "found no attestation of GitHub's");
}

/// github.com/actions/toolkit `packages/attest/__tests__/__snapshots__/provenance.test.ts.snap`: from
/// the claims of its test, the predicate of its test, value for value.
#[test]
fn githubs_own_test_gives_githubs_own_predicate() {
    let mut job = Job::load("github-tag").set("GITHUB_SERVER_URL", "https://github.com");
    let claims = [
        ("iss", "https://token.actions.githubusercontent.com"),
        ("event_name", "push"),
        ("job_workflow_ref", "owner/workflows/.github/workflows/publish.yml@main"),
        ("ref", "refs/heads/main"),
        ("repository", "owner/repo"),
        ("repository_id", "repo-id"),
        ("repository_owner_id", "owner-id"),
        ("run_attempt", "run-attempt"),
        ("run_id", "run-id"),
        ("runner_environment", "github-hosted"),
        ("sha", "babca52ab0c93ae16539e5923cb0d7403b9a093b"),
        ("workflow_ref", "owner/repo/.github/workflows/main.yml@main"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    job.claims = Some(claims.into_iter().map(owned).collect());
    let wanted = json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": {
                "path": ".github/workflows/main.yml",
                "ref": "main",
                "repository": "https://github.com/owner/repo",
            }},
            "internalParameters": {"github": {
                "event_name": "push",
                "repository_id": "repo-id",
                "repository_owner_id": "owner-id",
                "runner_environment": "github-hosted",
            }},
            "resolvedDependencies": [{
                "digest": {"gitCommit": "babca52ab0c93ae16539e5923cb0d7403b9a093b"},
                "uri": "git+https://github.com/owner/repo@refs/heads/main",
            }],
        },
        "runDetails": {
            "builder": {"id": "https://github.com/owner/workflows/.github/workflows/publish.yml@main"},
            "metadata": {
                "invocationId": "https://github.com/owner/repo/actions/runs/run-id/attempts/run-attempt",
            },
        },
    });
    assert_eq!(job.json(), wanted);
}

fn published(case: &str) -> BTreeSet<String> {
    let path = root().join("testdata/slsa").join(case).join("statement.json");
    let statement: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    shape("", &statement["predicate"])
}

/// Every place in a document: JSON pointers to its leaves, without indices.
fn shape(at: &str, value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| shape(&format!("{at}/{name}"), value)).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| shape(at, item)).collect(),
        _ => BTreeSet::from([at.to_owned()]),
    }
}
