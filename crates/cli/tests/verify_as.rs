//! `verify --as-image`: a target that is decided on under the name of an image, or of the workload
//! that runs it.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use support::{Desk, Stage};

/// One file for every service of an organisation: each must be signed by its own repository.
const SERVICES: &str = "\
apiVersion: chainsign.dev/v1
kind: Policy
metadata: {name: services}
match:
  images: {include: ['ghcr.io/acme/{service}'], exclude: ['ghcr.io/acme/legacy']}KUBERNETES
authorities:
  release:
    keyless:
      issuer: 'ISSUER'
      subject: 'https://github.com/acme/{service}/.github/workflows/release.yml@refs/tags/v1'
signatures: {require: release}
";

const COMMIT: &str = "99617f4070c9fa4928704dbc89884a8a0000ca9f";

/// A signed image archive, and the policy.
fn stage(kubernetes: &str) -> Stage {
    let stage = Stage::new();
    let issuer = stage.sandbox.issuer();
    let policy = SERVICES.replace("ISSUER", issuer).replace("KUBERNETES", kubernetes);
    stage.desk.write("policy.yaml", policy);
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/images/docker.tar.gz");
    std::fs::copy(image, stage.desk.path("image.tar.gz")).unwrap();
    let workflow = "acme/orders/.github/workflows/release.yml@refs/tags/v1";
    let token = stage.workflow_token(workflow, COMMIT);
    stage.sign(&token, &["sign-blob", "image.tar.gz"]).exits(0);
    stage
}

/// `verify` of the archive: its exit code, and each rule or failure that did not pass.
fn verify(desk: &Desk, more: &[&str]) -> (i32, Vec<String>) {
    let mut all = vec!["verify", "--trust-config", "trust.json", "--policy", "policy.yaml"];
    all.extend(["-o", "json", "image.tar.gz"]);
    all.extend(more);
    let ran = desk.run(&all);
    if ran.stdout.is_empty() {
        return (ran.code, vec![ran.stderr]);
    }
    let json = ran.json();
    if let Some(message) = json["failure"]["message"].as_str() {
        return (ran.code, vec![message.to_owned()]);
    }
    support::fits("verify.v1", &json);
    let mut said = Vec::new();
    for target in json["targets"].as_array().into_iter().flatten() {
        said.extend(target["failure"]["reason"].as_str().map(str::to_owned));
        let sections = target["verdict"]["sections"].as_array().into_iter().flatten();
        for rule in sections.flat_map(|it| it["rules"].as_array().unwrap()) {
            if rule["outcome"] != "pass" {
                said.push(rule["id"].as_str().unwrap().to_owned());
            }
        }
    }
    (ran.code, said)
}

#[test]
fn an_image_meets_the_policies_about_images() {
    let stage = stage("");
    let desk = &stage.desk;
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--as-image", "ghcr.io/acme/orders:v1"], 0, ""),
        // What its name captures stands in the identity.
        (&["--as-image", "ghcr.io/acme/billing:v1"], 1, "signatures"),
        (&["--as-image", "ghcr.io/acme/legacy"], 2, "not-matched"),
        (&["--as-image", "docker.io/acme/orders"], 2, "not-matched"),
        // As a file it is no image.
        (&[], 2, "not-matched"),
        // Without workloads in the policy it does not matter who runs it.
        (&["--as-image", "ghcr.io/acme/orders", "--in-workload", "shop/Pod"], 0, ""),
    ];
    for (flags, exit, wanted) in cases {
        let (code, said) = verify(desk, flags);
        assert_eq!((code, said.join(" ").as_str()), (exit, wanted), "{flags:?}");
    }
    let ran = desk.run(&[
        "verify",
        "--trust-config",
        "trust.json",
        "--policy",
        "policy.yaml",
        "--as-image",
        "ghcr.io/acme/orders:v1",
        "image.tar.gz",
    ]);
    assert!(ran.stdout.contains("image.tar.gz as the image ghcr.io/acme/orders"), "{}", ran.stdout);
}

#[test]
fn a_workload_meets_the_policies_about_workloads() {
    let kubernetes = "\n  kubernetes: {namespaces: {include: ['shop-*']}, kinds: [Deployment, Pod], \
                      labels: {tier: backend}}";
    let stage = stage(kubernetes);
    let image = ["--as-image", "ghcr.io/acme/orders"];
    let backend = ["--workload-label", "tier=backend"];
    let cases: [(&str, &[&str], i32, &str); 5] = [
        ("shop-eu/Deployment", &backend, 0, ""),
        ("shop-eu/CronJob", &backend, 2, "not-matched"),
        ("test/Deployment", &backend, 2, "not-matched"),
        ("shop-eu/Deployment", &["--workload-label", "tier=web"], 2, "not-matched"),
        ("shop-eu/Deployment", &[], 2, "not-matched"),
    ];
    for (workload, labels, exit, wanted) in cases {
        let flags = [&image[..], &["--in-workload", workload], labels].concat();
        let (code, said) = verify(&stage.desk, &flags);
        assert_eq!((code, said.join(" ").as_str()), (exit, wanted), "{workload} {labels:?}");
    }
    assert_eq!(verify(&stage.desk, &image), (2, vec!["not-matched".to_owned()]));
}

#[test]
fn a_reference_with_a_digest_is_to_that_image() {
    let stage = stage("");
    let desk = &stage.desk;
    let own = chainsign_core::digest::ArtifactDigest::sha256(
        &std::fs::read(desk.path("image.tar.gz")).unwrap(),
    );
    let with = |digest: &str| {
        let reference = format!("ghcr.io/acme/orders@{digest}");
        verify(desk, &["--as-image", &reference])
    };
    assert_eq!(with(&own.to_string()), (0, vec![]));
    let other = format!("sha256:{}", "0".repeat(64));
    assert_eq!(with(&other), (1, vec!["other-digest".to_owned()]));
}

#[test]
fn the_name_is_kept_for_replays() {
    let stage = stage("\n  kubernetes: {kinds: [Pod], labels: {tier: backend}}");
    let desk = &stage.desk;
    let flags = ["--trust-config", "trust.json", "--policy", "policy.yaml", "-o", "json"];
    let name = ["--as-image", "ghcr.io/acme/orders", "--in-workload", "shop/Pod"];
    let label = ["--workload-label", "tier=backend", "--save-evidence", "e.tar", "image.tar.gz"];
    let saved = desk.run(&[&["verify"], &flags[..], &name, &label].concat()).exits(0);
    let elsewhere = Desk::new();
    std::fs::copy(desk.path("e.tar"), elsewhere.path("e.tar")).unwrap();
    let replayed = elsewhere.run(&["policy", "replay", "-o", "json", "e.tar"]).exits(0);
    assert_eq!(replayed.stdout, saved.stdout);
    let used_as = &replayed.json()["targets"][0]["usedAs"];
    assert_eq!(used_as["workload"]["labels"]["tier"], "backend");
}

#[test]
fn names_that_cannot_be_are_refused() {
    let stage = stage("");
    let desk = &stage.desk;
    let orders = ["--as-image", "ghcr.io/acme/orders"];
    let cases: [(&[&str], &str); 5] = [
        (&["--as-image", "ghcr.io/ACME/orders"], "wanted an image reference"),
        (&["--as-image", "ghcr.io/acme/orders@sha256:12"], "--as-image: "),
        (&["--as-image", "ghcr.io/acme/orders", "--in-workload", "shop"], "wanted NAMESPACE/KIND"),
        (&["--as-image", "ghcr.io/acme/orders", "trust.json"], "found 2 targets with --as-image"),
        (&["--in-workload", "shop/Pod"], "--as-image <REFERENCE>"),
    ];
    for (flags, wanted) in cases {
        let (code, said) = verify(desk, flags);
        assert!(code == 2 && said[0].contains(wanted), "{flags:?}: {code} {said:?}");
    }
    let twice = ["--in-workload", "a/Pod", "--workload-label", "a=b", "--workload-label", "a=c"];
    let (code, said) = verify(desk, &[&orders[..], &twice].concat());
    assert!(code == 2 && said[0].contains("found a twice, wanted it once"), "{code} {said:?}");
}
