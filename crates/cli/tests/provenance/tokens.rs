//! Whose word counts: that of a token, or that of the environment.

use serde_json::{Value, json};

use crate::support::{self, Desk, SHIPCHECK, Stage};
use crate::{COMMIT, OTHER, WORKFLOW, documented, github_job, job, testdata};

/// What the certificate authority saw and what the provenance says are the same claims.
#[test]
fn a_reusable_workflow_is_the_builder() {
    let stage = Stage::new();
    let reusable = "acme/builders/.github/workflows/go.yml@refs/tags/v2.3.0";
    let ran = stage.desk.ran(&mut github_job(&stage, reusable, WORKFLOW, &["provenance"])).exits(0);
    let document = ran.json();
    let builder = &document["runDetails"]["builder"]["id"];
    assert_eq!(*builder, format!("https://github.com/{reusable}"));
    let workflow = &document["buildDefinition"]["externalParameters"]["workflow"];
    let wanted = json!({
        "path": ".github/workflows/release.yml",
        "ref": "refs/tags/v1.4.2",
        "repository": "https://github.com/acme/shipcheck",
    });
    assert_eq!(*workflow, wanted);
    // The sandbox makes up other numbers than the environment has: the token counts, and it is said.
    ran.says("warning: the variable GITHUB_RUN_ID says \"9170000001\": the token counts");
}

/// A token that is set in the environment, as in GitLab: it is read, not verified.
#[test]
fn a_gitlab_token_says_what_the_job_is() {
    let desk = Desk::new();
    let claims = std::fs::read_to_string(testdata("ci/gitlab-tag/claims.json")).unwrap();
    let mut claims: Value = serde_json::from_str(&claims).unwrap();
    let expires = jiff::Timestamp::now().as_second() + 600;
    claims["nbf"] = json!(expires - 1200);
    claims["exp"] = json!(expires);
    claims["sha"] = json!(OTHER);
    let encode = |json: &Value| {
        let standard = chainsign_core::encoding::base64_encode(json.to_string().as_bytes());
        standard.trim_end_matches('=').replace('+', "-").replace('/', "_")
    };
    let token =
        |claims: &Value| format!("{}.{}.eA", encode(&json!({"alg": "RS256"})), encode(claims));
    let mut command = job(&desk, "gitlab-tag", &["provenance", "--explain"]);
    let ran = desk.ran(command.env("SIGSTORE_ID_TOKEN", token(&claims))).exits(0);
    let document = ran.json();
    let builder = "https://gitlab.com/acme/tools/shipcheck//.gitlab-ci.yml@refs/tags/v1.4.2";
    assert_eq!(document["runDetails"]["builder"]["id"], builder);
    let definition = &document["buildDefinition"];
    assert_eq!(definition["resolvedDependencies"][0]["digest"]["gitCommit"], OTHER);
    assert_eq!(definition["internalParameters"]["runnerEnvironment"], "gitlab-hosted");
    let warning = format!("warning: the variable CI_COMMIT_SHA says {COMMIT:?}: the token counts");
    let ran =
        ran.says(&warning).says("claim ci_config_ref_uri").says("claims are the platform's word");
    assert!(!format!("{ran:?}").contains("SECRET-"), "{ran:?}");

    claims["exp"] = json!(expires - 1000);
    let mut command = job(&desk, "gitlab-tag", &["provenance"]);
    let ran = desk.ran(command.env("SIGSTORE_ID_TOKEN", token(&claims))).exits(2);
    ran.says("expired").says("hint: get a new token");
}

#[test]
fn a_token_service_that_gives_none_is_an_error() {
    let stage = Stage::new();
    let mut command = job(&stage.desk, "github-tag", &["provenance"]);
    command.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner-secret");
    let url = format!("{}/none", stage.sandbox.issuer());
    let ran = stage.desk.ran(command.env("ACTIONS_ID_TOKEN_REQUEST_URL", url)).exits(2);
    assert!(ran.stdout.is_empty() && !ran.stderr.contains("runner-secret"), "{ran:?}");
    ran.says("404");
}

/// The walk of docs/provenance.md, "Try it without a CI system".
#[test]
fn a_token_of_the_sandbox_describes_a_job() {
    let stage = Stage::new();
    let reusable = "acme/builders/.github/workflows/go.yml@refs/tags/v2.3.0";
    let arguments = ["sandbox", "token", "--trust-config", "trust.json", "--commit", COMMIT];
    let run =
        ["--github-workflow", reusable, "--called-by", WORKFLOW, "--event", "workflow_dispatch"];
    let token = stage.desk.run(&[&arguments[..], &run].concat()).exits(0).stdout;
    let forced = ["provenance", "--ci", "github", "--explain", "--identity-token", token.trim()];
    let mut command = stage.desk.command(&forced);
    let ran = stage.desk.ran(command.env_clear().env("GITHUB_SERVER_URL", "https://github.com"));
    let document = ran.exits(0).json();
    let definition = &document["buildDefinition"];
    assert_eq!(definition["internalParameters"]["github"]["event_name"], "workflow_dispatch");
    assert_eq!(definition["resolvedDependencies"][0]["digest"]["gitCommit"], COMMIT);
    let builder = &document["runDetails"]["builder"]["id"];
    assert_eq!(*builder, format!("https://github.com/{reusable}"));

    let email = ["--email", support::EMAIL, "--event", "push"];
    let command = [&["sandbox", "token", "--trust-config", "trust.json"], &email[..]].concat();
    stage.desk.run(&command).exits(2).says("'--event <EVENT>'");
}

#[test]
fn without_a_token_the_environment_has_to_do() {
    let desk = Desk::new();
    let explain = ["provenance", "--explain", "--from-binary", SHIPCHECK];
    let ran = desk.ran(&mut job(&desk, "github-tag", &explain)).exits(0);
    let builder = format!("https://github.com/{WORKFLOW}");
    assert_eq!(ran.json()["runDetails"]["builder"]["id"], builder);
    let line = |field: &str| {
        let found = ran.stderr.lines().find(|line| line.starts_with(field)).unwrap();
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let wanted = format!("builder.id $GITHUB_SERVER_URL, $GITHUB_WORKFLOW_REF {builder}");
    assert_eq!(line("builder.id "), wanted);
    let commit = "resolvedDependencies[0].digest.gitCommit";
    assert_eq!(line(commit), format!("{commit} $GITHUB_SHA {COMMIT}"));
    let go = "internalParameters.go.builds";
    assert_eq!(line(go), format!("{go} binary 1 build of Go"));
    ran.says("no identity token: all of this is what the job's steps let through");
    let stated = ["--ci", "none", "--builder-id", "https://ci.acme.example/release"];
    let ran = desk.ran(&mut job(&desk, "github-tag", &[&explain[..], &stated].concat())).exits(0);
    let first: Vec<_> = ran.stderr.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(first, ["buildType", "fixed", "https://chainsign.dev/buildtypes/go/v1"]);
    let all = format!("{}{}", desk.ran(&mut job(&desk, "github-tag", &explain)).stdout, "");
    assert!(!all.contains("SECRET-"), "{all}");
}

/// Written anew with `SNAPSHOTS=overwrite`.
#[test]
fn the_documented_explanation_is_that_of_a_job() {
    let desk = Desk::new();
    let ran = desk.ran(&mut job(&desk, "github-tag", &["provenance", "--explain"])).exits(0);
    let (whole, found) = documented("explain");
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/provenance.md");
        let text = std::fs::read_to_string(path).unwrap();
        let block = format!("<!-- explain -->\n```text\n{}```\n", ran.stderr);
        std::fs::write(path, text.replacen(&whole, &block, 1)).unwrap();
        return;
    }
    assert_eq!(found, ran.stderr, "run this test with SNAPSHOTS=overwrite");
}
