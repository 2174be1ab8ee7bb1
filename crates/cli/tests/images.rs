//! Images in a registry: signed, attested, verified and looked into, through the real binary.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use chainsign_sandbox::ReferrersApi;
use support::image::Repository;
use support::image::push::BUNDLE;
use support::{EMAIL, POLICIES, Ran, SHIPCHECK, Stage, fits};

/// The program that comes along.
fn program() -> Vec<u8> {
    std::fs::read(SHIPCHECK).unwrap()
}

fn verify(stage: &Stage, arguments: &[&str]) -> Ran {
    stage.verify_by(EMAIL, "verify", arguments)
}

fn verify_attestation(stage: &Stage, arguments: &[&str]) -> Ran {
    stage.verify_by(EMAIL, "verify-attestation", arguments)
}

/// A policy that asks for a signature and an SBOM that tells the truth about every program inside.
fn policy(stage: &Stage, image: &str) -> String {
    let issuer = stage.sandbox.issuer();
    format!(
        "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: images, version: 1}}\n\
         match: {{images: {{include: ['{image}']}}}}\n\
         authorities:\n  dev:\n    keyless: {{issuer: '{issuer}', subject: {EMAIL}}}\n\
         signatures: {{require: dev}}\n\
         attestations:\n  sbom: {{predicateType: [cyclonedx], by: dev}}\n\
         go: {{modules: {{covers: sbom}}}}\n\
         image: {{user: nonRoot, shell: deny, elevatedFiles: deny}}\n"
    )
}

fn with_policy(stage: &Stage, arguments: &[&str]) -> Ran {
    let mut all = vec!["verify", "--trust-config", "trust.json", "--policy", "policy.yaml"];
    all.extend(arguments);
    stage.desk.run(&all)
}

#[test]
fn an_image_is_signed_and_verified_in_every_form() {
    for api in [ReferrersApi::Offered, ReferrersApi::Absent] {
        for form in ["bundle", "legacy", "both"] {
            let stage = Stage::with_registry(api);
            let repository = Repository::new(&stage, "acme/app");
            let image = repository.at(&repository.image(Some("v1"), "amd64", b"hello"));
            let tag = format!("{}:v1", repository.name);
            verify(&stage, &[&tag]).exits(1).says_on_stdout("found no signature");

            let format = format!("--format={form}");
            let signed = stage.sign(&stage.token(), &["sign", &format, "-a", "team=core", &tag]);
            signed.exits(0).says(&format!("signed {tag}@"));
            verify(&stage, &[&tag]).exits(0).says_on_stdout(digest_of(&image));
            verify(&stage, &["-a", "team=core", &image]).exits(0);
            verify(&stage, &["-a", "team=other", &image])
                .exits(1)
                .says_on_stdout("annotation-mismatch");
            let other = stage.verify_by("eve@sandbox.invalid", "verify", &[&image]).exits(1);
            other.says_on_stdout("identity-mismatch");

            // another image, in the same repository
            let other = repository.at(&repository.image(None, "amd64", b"another"));
            verify(&stage, &[&other]).exits(1).says_on_stdout("unsigned");
        }
    }
}

fn digest_of(reference: &str) -> &str {
    reference.split_once('@').unwrap().1
}

#[test]
fn an_attestation_does_not_make_an_image_signed() {
    let stage = Stage::new();
    let repository = Repository::new(&stage, "acme/app");
    let image = repository.at(&repository.image(None, "amd64", b"hello"));
    stage.desk.write("p.json", r#"{"a":1}"#);
    let attest = ["attest", "--predicate", "p.json", "--type", "https://example.com/p", &image];
    stage.sign(&stage.token(), &attest).exits(0);
    let refused = verify(&stage, &[&image]).exits(1);
    refused.says_on_stdout("wrong-type");

    let of_type = ["--type", "https://example.com/p", &image];
    let verified = verify_attestation(&stage, &of_type).exits(0);
    let envelope = verified.json();
    assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
    let of_type = ["-o", "json", "--type", "https://example.com/p", &image];
    let document = verify_attestation(&stage, &of_type).exits(0).json();
    fits("verify-attestation.v1", &document);
    let other = verify_attestation(&stage, &["--type", "cyclonedx", &image]);
    other.exits(1).says("found no attestation of type https://cyclonedx.org/bom");
}

#[test]
fn the_same_attestation_can_take_the_place_of_the_older_ones() {
    for api in [ReferrersApi::Offered, ReferrersApi::Absent] {
        let stage = Stage::with_registry(api);
        let repository = Repository::new(&stage, "acme/app");
        let image = repository.at(&repository.image(None, "amd64", b"hello"));
        let attest = |more: &[&str], content: &str| {
            stage.desk.write("p.json", content);
            let mut all =
                vec!["attest", "--predicate", "p.json", "--type", "https://example.com/p"];
            all.extend(more);
            all.push(&image);
            stage.sign(&stage.token(), &all).exits(0)
        };
        let found = || {
            let verified = verify_attestation(&stage, &["--type", "https://example.com/p", &image]);
            verified.exits(0).stdout.lines().count()
        };
        attest(&[], "{\"a\":1}");
        attest(&[], "{\"a\":2}");
        assert_eq!(found(), 2);
        attest(&["--replace"], "{\"a\":3}").says("2 older of its type");
        assert_eq!(found(), 1);
    }
}

/// Attested equals actual, in a registry: what the SBOM leaves out of the program in the image is found.
#[test]
fn a_policy_looks_into_the_images_of_an_index() {
    let stage = Stage::new();
    let repository = Repository::new(&stage, "acme/app");
    let images = ["amd64", "arm64"].map(|it| repository.image(None, it, &program()));
    let index = repository.at(&repository.index("v1", &images));
    let tag = format!("{}:v1", repository.name);
    stage.desk.write("policy.yaml", policy(&stage, &repository.name));
    std::fs::copy(SHIPCHECK, stage.desk.path("app")).unwrap();

    stage.sign(&stage.token(), &["sign", &tag]).exits(0);
    let sbom = stage.desk.run(&["sbom", "app"]).exits(0).stdout;
    stage.desk.write("sbom.json", &sbom);
    stage.sign(&stage.token(), &["attest", "--predicate", "sbom.json", &tag]).exits(0);
    let passed = with_policy(&stage, &[&tag]).exits(0);
    assert!(passed.stdout.contains(digest_of(&index)), "{}", passed.stdout);
    assert!(passed.stdout.contains("2 Go programs in the image"), "{}", passed.stdout);
    // one of its images, covered by what is said of the index
    with_policy(&stage, &["--platform", "linux/arm64", &tag]).exits(0);
    let other = with_policy(&stage, &["--platform", "linux/s390x", &tag]).exits(2);
    other.says_on_stdout("no-such-platform");

    // The SBOM loses a module.
    let mut document: serde_json::Value = serde_json::from_str(&sbom).unwrap();
    document["components"].as_array_mut().unwrap().pop();
    stage.desk.write("sbom.json", document.to_string());
    let attest = ["attest", "--replace", "--predicate", "sbom.json", &tag];
    stage.sign(&stage.token(), &attest).exits(0);
    let refused = with_policy(&stage, &[&tag]).exits(1);
    refused.says_on_stdout("modules-differ");

    // Kept, it is decided on again without a registry.
    with_policy(&stage, &["--save-evidence", "kept.tar", &tag]).exits(1);
    let desk = stage.close();
    let replayed = desk.run(&["policy", "replay", "kept.tar"]).exits(1);
    replayed.says_on_stdout("modules-differ");
}

#[test]
fn the_sbom_of_an_image_is_that_of_what_it_is_made_of() {
    let stage = Stage::new();
    let repository = Repository::new(&stage, "acme/app");
    let images = ["amd64", "arm64"].map(|it| repository.image(None, it, &program()));
    let index = repository.at(&repository.index("v1", &images));
    let sbom = stage.desk.run(&["sbom", &index]).exits(0).json();
    let component = &sbom["metadata"]["component"];
    assert_eq!(component["type"], "container");
    assert_eq!(component["name"], repository.name);
    assert_eq!(component["version"], digest_of(&index));
    let names = |sbom: &serde_json::Value| sbom["components"].as_array().unwrap().len();
    let one = stage.desk.run(&["sbom", "--platform", "linux/arm64", &index]).exits(0).json();
    assert!(names(&one) > 10 && names(&one) <= names(&sbom), "{}", names(&one));
    stage.desk.run(&["sbom", "--no-file-hash", &index]).exits(2).says("named by its digest");
    let missing = format!("{}:v9", repository.name);
    stage.desk.run(&["sbom", &missing]).exits(2).says("is not there");
}

#[test]
fn an_index_without_evidence_is_decided_image_by_image() {
    let stage = Stage::new();
    let repository = Repository::new(&stage, "acme/app");
    let images = ["amd64", "arm64"].map(|it| repository.image(None, it, it.as_bytes()));
    let index = repository.at(&repository.index("v1", &images));
    let [amd64, arm64] = images.map(|image| repository.at(&image));
    stage.sign(&stage.token(), &["sign", &amd64]).exits(0);
    let one = verify(&stage, &[&index]).exits(1);
    assert!(
        one.stdout.contains("linux/arm64") && one.stdout.contains("unsigned"),
        "{}",
        one.stdout
    );
    stage.sign(&stage.token(), &["sign", &arm64]).exits(0);
    let both = verify(&stage, &[&index]).exits(0);
    both.says_on_stdout("2 targets: 2 pass");
}

/// By itself an image of a signed index is not signed; as one of its images it is.
#[test]
fn an_image_is_covered_by_its_signed_index() {
    let stage = Stage::new();
    let repository = Repository::new(&stage, "acme/app");
    let images = ["amd64", "arm64"].map(|it| repository.image(None, it, it.as_bytes()));
    let index = repository.at(&repository.index("v1", &images));
    let [_, arm64] = images.map(|image| repository.at(&image));
    for format in ["bundle", "legacy"] {
        stage.sign(&stage.token(), &["sign", "--format", format, &index]).exits(0);
        let one = verify(&stage, &["--platform", "linux/arm64", &index]).exits(0);
        one.says_on_stdout(digest_of(&arm64));
    }
    verify(&stage, &[&arm64]).exits(1).says_on_stdout("unsigned");
    let other = ["--platform", "linux/arm64", &index];
    let other = stage.verify_by("eve@sandbox.invalid", "verify", &other).exits(1);
    other.says_on_stdout("identity-mismatch");
    stage
        .desk
        .run(&["sbom", "--platform", "linux/s390x", &index])
        .exits(2)
        .says("wanted one for linux/s390x");
}

#[test]
fn an_index_and_its_images_are_signed_in_one_run() {
    let stage = Stage::new();
    let repository = Repository::new(&stage, "acme/app");
    let images = ["amd64", "arm64"].map(|it| repository.image(None, it, it.as_bytes()));
    let index = repository.at(&repository.index("v1", &images));
    let ran = stage.sign(&stage.token(), &["sign", "-r", "-o", "json", &index]).exits(0);
    let document = ran.json();
    fits("sign-image.v1", &document);
    assert_eq!(document["images"].as_array().unwrap().len(), 3);
    for image in images.iter().map(|image| repository.at(image)).chain([index.clone()]) {
        verify(&stage, &[&image]).exits(0);
    }
    let tree = stage.desk.run(&["tree", "-o", "json", &index]).exits(0).json();
    fits("tree.v1", &tree);
    let kinds: Vec<_> =
        tree["images"].as_array().unwrap().iter().map(|it| &it["items"][0]["kind"]).collect();
    assert_eq!(kinds, ["signature"; 3]);
}

#[test]
fn what_is_stored_is_downloaded_and_attached_elsewhere() {
    let stage = Stage::new();
    let repository = Repository::new(&stage, "acme/app");
    let image = repository.image(Some("v1"), "amd64", b"hello");
    let here = repository.at(&image);
    stage.sign(&stage.token(), &["sign", &here]).exits(0);
    let bundle = stage.desk.run(&["download", "signature", &here]).exits(0).stdout;
    stage.desk.write("bundle.json", &bundle);
    stage.desk.run(&["download", "attestation", &here]).exits(1).says("found no attestation");
    // somebody adds one that is not as long as it says
    let inner = support::image::push::Repository::new(stage.sandbox.url(), "acme/app");
    stage.block_on(async {
        let mut layer = inner.blob(BUNDLE, b"{}").await;
        layer["size"] = 3.into();
        let artifact = inner.artifact(BUNDLE, &image, &[layer]).await;
        inner.manifest(None, &artifact).await
    });
    let ran = stage.desk.run(&["download", "signature", &here]).exits(0);
    assert_eq!(ran.says("found 2 bytes, wanted 3").stdout, bundle);
    let ran = stage.desk.run(&["download", "attestation", &here]).exits(1);
    ran.says("found 2 bytes, wanted 3");

    // the same image in another repository
    let mirror = Repository::new(&stage, "mirror/app");
    let there = mirror.at(&mirror.image(None, "amd64", b"hello"));
    verify(&stage, &[&there]).exits(1);
    stage.desk.run(&["attach", "signature", "--bundle", "bundle.json", &there]).exits(0);
    verify(&stage, &[&there]).exits(0);
    // and not to another image
    let other = mirror.at(&mirror.image(None, "amd64", b"another"));
    stage
        .desk
        .run(&["attach", "signature", "--bundle", "bundle.json", &other])
        .exits(1)
        .says("the document is about");
    stage.desk.write("sbom.json", r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#);
    stage.desk.run(&["attach", "sbom", "--sbom", "sbom.json", &there]).exits(0);
    let sbom = stage.desk.run(&["download", "sbom", &there]).exits(0);
    assert_eq!(sbom.json()["specVersion"], "1.6");
}

/// A registry that does not answer has not said that an image is unsigned.
#[test]
fn what_could_not_be_asked_is_not_unsigned() {
    let stage = Stage::new();
    let repository = Repository::new(&stage, "acme/app");
    let image = repository.at(&repository.image(Some("v1"), "amd64", b"hello"));
    stage.sign(&stage.token(), &["sign", &image]).exits(0);
    let missing = format!("{}:v9", repository.name);
    let ran = verify(&stage, &[&missing]).exits(2);
    ran.says_on_stdout("image-not-found");
    let digest = format!("sha256:{}", "7".repeat(64));
    let ran = verify(&stage, &[&format!("{}@{digest}", repository.name)]).exits(2);
    ran.says_on_stdout("image-not-found");
    let desk = stage.close();
    let ran = desk.run(&[
        "verify",
        "--trust-config",
        "trust.json",
        "--certificate-identity",
        EMAIL,
        "--certificate-oidc-issuer",
        "http://localhost:1",
        &image,
    ]);
    let ran = ran.exits(2);
    ran.says_on_stdout("registry-unreachable");
}

/// A registry that takes the connection and says nothing is waited for as long as the flag says.
#[test]
fn a_silent_registry_is_not_waited_for_for_ever() {
    let stage = Stage::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("{}/acme/app@sha256:{}", silent.local_addr().unwrap(), "7".repeat(64));
    let ran = verify(&stage, &["--timeout", "300ms", &image]).exits(2);
    ran.says_on_stdout("timed-out").says_on_stdout("give it longer with --timeout");
    stage.desk.run(&["tree", "-t", "300ms", &image]).exits(2).says("give it longer with --timeout");
    let ran = stage.desk.run(&["tree", "--timeout=-1s", &image]).exits(2);
    ran.says("found --timeout -1s, wanted no less than 0");
}

/// Credentials that are typed are for one registry, wherever signatures are kept.
#[test]
fn typed_credentials_go_to_one_registry() {
    let stage = Stage::new();
    let typed = ["tree", "--registry-username", "u", "--registry-password", "p", "localhost:1/app"];
    let mut command = stage.desk.command(&typed);
    command.env("COSIGN_REPOSITORY", "other.example/signatures");
    let ran = stage.desk.ran(&mut command).exits(2);
    ran.says("found credentials for one registry, and images or signatures of localhost:1 and other.example");
}

/// `--offline` opens no socket, and an image is read from its registry.
#[test]
fn images_are_not_asked_for_offline() {
    let stage = Stage::new();
    let image = format!("{}/acme/app:v1", stage.sandbox.issuer().trim_start_matches("http://"));
    verify(&stage, &["--offline", &image]).exits(2).says("found --offline, and");
    verify_attestation(&stage, &["--offline", &image]).exits(2).says("found --offline, and");
}

#[test]
fn images_and_files_are_told_apart() {
    let stage = Stage::new();
    let desk = &stage.desk;
    desk.write("app:v1", "a file");
    let flags = ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", "https://a.example"];
    let with = |target: &'static str| {
        let mut all = vec!["verify", "--trust-config", "trust.json"];
        all.extend(flags);
        all.push(target);
        desk.run(&all)
    };
    with("app:v1").exits(2).says("write ./app:v1 for the file, docker://app:v1 for the image");
    let file = with("./app:v1").exits(1);
    file.says_on_stdout("unsigned");
    desk.write("p.json", "{\"bomFormat\":\"CycloneDX\"}");
    stage
        .sign(&stage.token(), &["attest", "--predicate", "p.json", "./app:v1", "localhost:1/app"])
        .exits(2)
        .says("found files and images, wanted the one or the other");
    stage
        .sign(&stage.token(), &["attest", "--replace", "--predicate", "p.json", "./app:v1"])
        .exits(2)
        .says("for files, wanted images with them");
    stage
        .sign(&stage.token(), &["sign", "NOT AN IMAGE"])
        .exits(2)
        .says("wanted an image reference");
    stage
        .sign(&stage.token(), &["sign", "--upload=false", "localhost:1/app"])
        .exits(2)
        .says("found --upload=false and no file");
}

/// The ready policy for production, with the sandbox in GitHub's place: on an image that has all that it asks for, on
/// the same with an SBOM that leaves a module out, and both from a manifest and an admission review.
#[test]
fn the_policy_for_production() {
    let stage = Stage::new();
    let desk = &stage.desk;
    let policy = std::fs::read_to_string(format!("{POLICIES}/container-production.yaml")).unwrap();
    let github = "https://token.actions.githubusercontent.com";
    desk.write("policy.yaml", policy.replace(github, stage.sandbox.issuer()));
    let repository = Repository::new(&stage, "acme/app");
    let images = ["amd64", "arm64"].map(|it| repository.image(None, it, &program()));
    let index = repository.at(&repository.index("v1.2.3", &images));
    let commit = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";
    let workflow = |workflow: &str| stage.workflow_token(workflow, commit);
    let release = || workflow("acme/app/.github/workflows/release.yml@refs/tags/v1.2.3");
    let scanner = || workflow("acme/scans/.github/workflows/nightly.yml@refs/heads/main");
    let attest = |token: &str, kind: &str, predicate: &str| {
        let ran = ["attest", "--replace", "--type", kind, "--predicate", predicate, &index];
        stage.sign(token, &ran).exits(0);
    };

    stage.sign(&release(), &["sign", &index]).exits(0);
    let sbom = desk.run(&["sbom", &index]).exits(0).stdout;
    desk.write("sbom.json", &sbom);
    attest(&release(), "cyclonedx", "sbom.json");
    attest(&release(), "slsaprovenance1", &format!("{POLICIES}/tests/predicates/github.json"));
    let scan = std::fs::read_to_string(format!("{POLICIES}/tests/image/scan.json")).unwrap();
    let mut scan: serde_json::Value = serde_json::from_str(&scan).unwrap();
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    scan["metadata"] = serde_json::json!({ "scanStartedOn": now, "scanFinishedOn": now });
    desk.write("scan.json", scan.to_string());
    attest(&scanner(), "vulns", "scan.json");

    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: shop, namespace: shop}}\n\
         spec:\n  containers:\n  - name: app\n    image: {}:v1.2.3\n",
        repository.name
    );
    desk.write("pod.yaml", &pod);
    let object: serde_json::Value = serde_json::json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "shop", "namespace": "shop" },
        "spec": { "containers": [{ "name": "app", "image": format!("{}:v1.2.3", repository.name) }] },
    });
    let review = serde_json::json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": { "group": "", "version": "v1", "kind": "Pod" },
            "resource": { "group": "", "version": "v1", "resource": "pods" },
            "name": "shop", "namespace": "shop", "operation": "CREATE",
            "userInfo": { "username": "admin" }, "object": object, "oldObject": null,
            "dryRun": false,
        },
    });
    desk.write("review.json", review.to_string());
    let decide = |more: &[&str]| with_policy(&stage, more);
    let allowed = |ran: &Ran| ran.json()["response"]["allowed"].as_bool().unwrap();

    decide(&[&index]).exits(0).says_on_stdout("2 Go programs in the image");
    decide(&["--manifest", "pod.yaml"]).exits(0).says(digest_of(&index));
    assert!(allowed(&decide(&["--admission-review", "review.json"]).exits(0)));

    let mut less: serde_json::Value = serde_json::from_str(&sbom).unwrap();
    less["components"].as_array_mut().unwrap().pop();
    desk.write("less.json", less.to_string());
    attest(&release(), "cyclonedx", "less.json");
    decide(&[&index]).exits(1).says_on_stdout("go.modules (modules-differ)");
    decide(&["--manifest", "pod.yaml"]).exits(1).says_on_stdout("go.modules (modules-differ)");
    let refused = decide(&["--admission-review", "review.json"]);
    assert!(!allowed(&refused), "{}", refused.stdout);
    let status = &refused.json()["response"]["status"];
    assert_eq!(status["code"], 403, "{status:#}");
    assert!(status["message"].as_str().unwrap().contains("modules"), "{status:#}");
}
