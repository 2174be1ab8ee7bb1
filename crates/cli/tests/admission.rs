//! `verify --manifest`, `--dockerfile` and `--admission-review`, against a registry.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::encoding::base64_decode;
use chainsign_core::predicate::{COSIGN_SIGN, PredicateType};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::Stdio;
use support::image::push::{BUNDLE, INDEX, MANIFEST, Repository};
use support::{Ran, Stage};

const POLICY: &str = "\
apiVersion: chainsign.dev/v1
kind: Policy
metadata: {name: shop}
match:
  images: {include: ['HOST/acme/*', '127.0.0.1:1/acme/*']}KUBERNETES
authorities:
  release:
    keyless:
      issuer: 'ISSUER'
      subject: 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1'
signatures: {require: release}
";

/// A registry with a signed and an unsigned image, and a policy.
struct Cluster {
    stage: Stage,
    host: String,
}

impl Cluster {
    fn new(kubernetes: &str) -> Self {
        let stage = Stage::new();
        let host = stage.sandbox.url().trim_start_matches("http://").to_owned();
        let policy = POLICY.replace("ISSUER", stage.sandbox.issuer()).replace("HOST", &host);
        stage.desk.write("policy.yaml", policy.replace("KUBERNETES", kubernetes));
        let cluster = Cluster { stage, host };
        cluster.push("signed", "v1");
        cluster.push("unsigned", "v1");
        cluster.sign("signed", "signed");
        cluster
    }

    /// An image, whose manifest is left in a file of its name.
    fn push(&self, name: &str, tag: &str) {
        let repository = Repository::new(self.stage.sandbox.url(), &format!("acme/{name}"));
        self.stage.block_on(async {
            let manifest = self.image(&repository, name).await;
            repository.bytes(Some(tag), MANIFEST, manifest).await
        });
    }

    /// An index of two images, `NAME-amd64` and `NAME-arm64`. Every manifest is left in a file of its name.
    fn push_index(&self, name: &str, tag: &str) {
        let repository = Repository::new(self.stage.sandbox.url(), &format!("acme/{name}"));
        let index = self.stage.block_on(async {
            let mut children = Vec::new();
            for architecture in ["amd64", "arm64"] {
                let manifest = self.image(&repository, &format!("{name}-{architecture}")).await;
                let mut child = repository.bytes(None, MANIFEST, manifest).await;
                child["platform"] = json!({"os": "linux", "architecture": architecture});
                children.push(child);
            }
            let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children});
            let index = index.to_string().into_bytes();
            repository.bytes(Some(tag), INDEX, index.clone()).await;
            index
        });
        self.stage.desk.write(name, index);
    }

    /// The manifest of an image, also left in a file.
    async fn image(&self, repository: &Repository, name: &str) -> Vec<u8> {
        let config = json!({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}});
        let config = config.to_string();
        let config =
            repository.blob("application/vnd.oci.image.config.v1+json", config.as_bytes()).await;
        let layer =
            repository.blob("application/vnd.oci.image.layer.v1.tar", name.as_bytes()).await;
        let manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        let manifest = manifest.to_string().into_bytes();
        self.stage.desk.write(name, &manifest);
        manifest
    }

    /// Signs what is in a file as cosign 3 signs an image: a statement about its digest, in a bundle that refers to it.
    fn sign(&self, repository: &str, name: &str) {
        let workflow = "acme/app/.github/workflows/release.yml@refs/tags/v1";
        let token = self.stage.workflow_token(workflow, &"9".repeat(40));
        self.stage.desk.write("empty.json", "{}");
        let attest = ["attest", "--predicate", "empty.json", "--type", COSIGN_SIGN, name];
        self.stage.sign(&token, &attest).exits(0);
        let bytes = self.stage.desk.read(&format!("{name}.sigstore.jsonl")).trim().into();
        let document = chainsign_registry::ToAttach::Bundle {
            bytes,
            media_type: BUNDLE.to_owned(),
            predicate_type: Some(PredicateType::from_alias_or_uri(COSIGN_SIGN).unwrap()),
            created: jiff::Timestamp::UNIX_EPOCH,
        };
        self.stage.block_on(async {
            let registry = chainsign_registry::Registry::new(Default::default()).unwrap();
            let reference = format!("{}/acme/{repository}@{}", self.host, self.digest(name));
            let image = registry.resolve(&reference.parse().unwrap()).await.unwrap();
            registry.attach(&image, &document).await.unwrap();
        });
    }

    fn digest(&self, name: &str) -> ArtifactDigest {
        ArtifactDigest::sha256(&std::fs::read(self.stage.desk.path(name)).unwrap())
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let mut all = vec!["verify", "--trust-config", "trust.json", "--policy", "policy.yaml"];
        all.extend(more);
        self.stage.desk.run(&all)
    }

    /// The same, with something on standard input.
    fn verify_from(&self, input: &str, more: &[&str]) -> Ran {
        let mut all = vec!["verify", "--trust-config", "trust.json", "--policy", "policy.yaml"];
        all.extend(more);
        let mut command = self.stage.desk.command(&all);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or(-1);
        Ran { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn deployment(&self, images: &[&str]) -> String {
        let head = "# the shop\nkind: Deployment\napiVersion: apps/v1\nmetadata: {name: shop}\nspec:\n  template:\n    metadata: {labels: {tier: backend}}\n    spec:\n      containers:\n";
        let container = |(index, image): (usize, &&str)| {
            format!(
                "      - name: c{index}\n        image: '{}/acme/{image}' # {index}\n",
                self.host
            )
        };
        head.to_owned() + &images.iter().enumerate().map(container).collect::<String>()
    }

    fn pod_review(&self, operation: &str, images: &[&str]) -> String {
        let containers: Vec<_> = images
            .iter()
            .map(|image| json!({"name": "c", "image": format!("{}/acme/{image}", self.host)}))
            .collect();
        let object = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "shop", "namespace": "shop", "labels": {"tier": "backend"}},
            "spec": {"containers": containers},
        });
        let (object, old) =
            if operation == "DELETE" { (Value::Null, object) } else { (object, Value::Null) };
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "705ab4f5", "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "name": "shop", "namespace": "shop", "operation": operation, "object": object, "oldObject": old,
        }})
        .to_string()
    }
}

/// `--offline` opens no socket, also where images are named by what is read.
#[test]
fn nothing_is_asked_offline() {
    let cluster = Cluster::new("");
    cluster.stage.desk.write("deploy.yaml", cluster.deployment(&["signed:v1"]));
    let ran = cluster.verify(&["--offline", "--manifest", "deploy.yaml"]).exits(2);
    ran.says("found --offline, and an image that is in a registry");
}

#[test]
fn a_manifest_passes_if_every_image_does_and_is_pinned() {
    let cluster = Cluster::new("");
    let desk = &cluster.stage.desk;
    let text = cluster.deployment(&["signed:v1", "signed:v1"]);
    desk.write("deploy.yaml", &text);
    let ran = cluster.verify(&["--manifest", "deploy.yaml", "-o", "json"]).exits(0);
    let json = ran.json();
    support::fits("verify.v1", &json);
    // Two places, one digest, one decision.
    assert_eq!(json["targets"].as_array().unwrap().len(), 1, "{json:#}");
    let digest = cluster.digest("signed");
    let place = |n: usize, line: usize| {
        format!(
            "deploy.yaml:{line} spec.template.spec.containers[{n}].image (container c{n}): {}/acme/signed:v1 is {digest}: pass",
            cluster.host
        )
    };
    ran.says(&place(0, 11)).says(&place(1, 13));

    // Nothing but the digests is new; what is pinned passes, and is pinned no further.
    let wanted = text.replace("signed:v1'", &format!("signed:v1@{digest}'"));
    let ran = cluster.verify(&["--manifest", "deploy.yaml", "--pin", "-"]).exits(0);
    assert_eq!(ran.stdout, wanted);
    cluster.verify(&["--manifest", "deploy.yaml", "--pin", "deploy.yaml"]).exits(0);
    assert_eq!(desk.read("deploy.yaml"), wanted);
    let ran = cluster.verify_from(&wanted, &["--manifest", "-", "--pin", "-"]).exits(0);
    assert_eq!(ran.stdout, wanted);
}

#[test]
fn each_way_to_fail_has_its_exit_code_and_reason() {
    let cluster = Cluster::new("");
    let desk = &cluster.stage.desk;
    let pod = |image: &str| {
        format!(
            "kind: Pod\napiVersion: v1\nspec: {{containers: [{{name: a, image: '{image}'}}]}}\n"
        )
    };
    let host = &cluster.host;
    let rollout = "kind: Rollout\napiVersion: argoproj.io/v1alpha1\nspec: {template: {spec: {containers: [{name: a, image: HOST/acme/signed:v1}]}}}\n".replace("HOST", host);
    let path = ["--image-path", "argoproj.io/Rollout=spec.template.spec"];
    let leave_out = ["--dangerous-leave-out-unknown-kinds"];
    let with_pod = pod(&format!("{host}/acme/signed:v1")) + "---\n" + &rollout;
    let none: [&str; 0] = [];
    let cases: [(&str, String, &[&str], i32, &str); 14] = [
        ("passes", cluster.deployment(&["signed:v1"]), &none, 0, ""),
        ("unsigned", cluster.deployment(&["signed:v1", "unsigned:v1"]), &none, 1, "signatures"),
        ("no such tag", cluster.deployment(&["signed:v2"]), &none, 2, "image-not-found"),
        (
            "worst wins",
            cluster.deployment(&["unsigned:v1", "signed:v2"]),
            &none,
            2,
            "signatures image-not-found",
        ),
        ("no registry", pod("127.0.0.1:1/acme/app:v1"), &none, 2, "registry-unreachable"),
        ("others' tags", pod("127.0.0.1:1/else/app:v1"), &none, 2, "not-matched"),
        (
            "other images",
            pod(
                "localhost:1/else/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            &none,
            2,
            "not-matched",
        ),
        ("placeholder", pod("{{ .Values.image }}"), &none, 2, "unknown-image"),
        ("unknown kind", rollout.clone(), &none, 2, "unknown-image"),
        ("configured kind", rollout.clone(), &path, 0, ""),
        ("left out", with_pod, &leave_out, 0, ""),
        ("nothing left", rollout, &leave_out, 2, "no-image"),
        ("no manifest", "kind: Pod\nkind: Pod\n".to_owned(), &none, 2, "bad-manifest"),
        ("no object", "- a\n".to_owned(), &none, 2, "bad-manifest"),
    ];
    let mut faults = Vec::new();
    for (name, text, flags, exit, wanted) in cases {
        desk.write("m.yaml", text);
        let ran = cluster.verify(&[&["--manifest", "m.yaml", "-o", "json"], flags].concat());
        let json = ran.json();
        let mut said: Vec<_> =
            json["failure"]["reason"].as_str().map(str::to_owned).into_iter().collect();
        for target in json["targets"].as_array().into_iter().flatten() {
            said.extend(target["failure"]["reason"].as_str().map(str::to_owned));
            let sections = target["verdict"]["sections"].as_array().into_iter().flatten();
            let rules = sections.flat_map(|it| it["rules"].as_array().unwrap());
            said.extend(
                rules
                    .filter(|it| it["outcome"] != "pass")
                    .map(|it| it["id"].as_str().unwrap().to_owned()),
            );
        }
        said.sort_by_key(|it| it != "signatures");
        if (ran.code, said.join(" ").as_str()) != (exit, wanted) {
            faults.push(format!(
                "{name}: found {} {said:?}, wanted {exit} {wanted}\n{}",
                ran.code, ran.stderr
            ));
        }
        let ran = cluster.verify(&[&["--manifest", "m.yaml", "--pin", "-"], flags].concat());
        if ran.stdout.is_empty() != (exit != 0) {
            faults.push(format!("{name}: pinned {:?}", ran.stdout));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is said of a kind that is not known is what makes it known.
#[test]
fn the_advice_for_an_unknown_kind_is_the_flag_that_it_wants() {
    let cluster = Cluster::new("");
    let image = format!("{}/acme/signed:v1", cluster.host);
    let rollout = format!(
        "kind: Rollout\napiVersion: argoproj.io/v1alpha1\nspec: {{template: {{spec: {{containers: [{{name: a, image: '{image}'}}]}}}}}}\n"
    );
    let task =
        format!("kind: Task\napiVersion: tekton.dev/v1\nspec: {{steps: [{{image: '{image}'}}]}}\n");
    for (text, path) in [
        (rollout, "argoproj.io/Rollout=spec.template.spec"),
        (task, "tekton.dev/Task=spec.steps[*].image"),
    ] {
        let ran = cluster.verify_from(&text, &["--manifest", "-"]).exits(2);
        assert!(ran.stdout.contains(&format!("--image-path {path}\n")), "{}", ran.stdout);
        assert!(ran.stdout.contains("standard input:3 spec."), "{}", ran.stdout);
        cluster.verify_from(&text, &["--manifest", "-", "--image-path", path]).exits(0);
    }
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let cluster = Cluster::new("");
    let desk = &cluster.stage.desk;
    desk.write("m.yaml", cluster.deployment(&["signed:v1"]));
    desk.write("review.json", cluster.pod_review("CREATE", &["signed:v1"]));
    let typed = "found credentials for whatever registry a file names";
    let cases: [(&[&str], &str); 9] = [
        (&["--manifest", "-", "--dockerfile", "-"], "found standard input 2 times, wanted it once"),
        (
            &["--manifest", "m.yaml", "--manifest", "m.yaml", "--pin", "x"],
            "found 2 files with --pin, wanted one",
        ),
        (&["--manifest", "m.yaml", "--pin", "-", "-o", "json"], "found --output with --pin -"),
        (
            &["--admission-review", "review.json", "-o", "json"],
            "found --output with --admission-review",
        ),
        (&["--admission-review", "review.json", "--registry-token", "t"], typed),
        (&["--manifest", "m.yaml", "--registry-username", "u", "--registry-password", "p"], typed),
        (&["--manifest", "m.yaml", "app"], "cannot be used with"),
        (&["--manifest", "m.yaml", "--image-path", "Rollout"], "it has no ="),
        (
            &["--dockerfile", "D", "--build-arg", "A=1", "--build-arg", "A=2"],
            "--build-arg: found A twice, wanted it once",
        ),
    ];
    for (flags, wanted) in cases {
        cluster.verify(flags).exits(2).says(wanted);
    }
}

#[test]
fn a_dockerfile_passes_if_every_image_does() {
    let cluster = Cluster::new("");
    let desk = &cluster.stage.desk;
    let text = format!(
        "ARG TAG\nFROM {}/acme/signed:$TAG AS build\nFROM build\nCOPY --from=build a b\n",
        cluster.host
    );
    desk.write("Dockerfile", &text);
    let ran = cluster.verify(&["--dockerfile", "Dockerfile"]).exits(2);
    assert!(
        ran.stdout.contains("Dockerfile:2") && ran.stdout.contains("--build-arg TAG=VALUE"),
        "{}",
        ran.stdout
    );
    let ran =
        cluster.verify(&["--dockerfile", "Dockerfile", "--build-arg", "TAG=v1", "--pin", "-"]);
    let digest = cluster.digest("signed");
    assert_eq!(ran.exits(0).stdout, text.replace("$TAG", &format!("$TAG@{digest}")));
    desk.write("Dockerfile", text.replace("signed", "unsigned"));
    cluster.verify(&["--dockerfile", "Dockerfile", "--build-arg", "TAG=v1"]).exits(1);
    desk.write("Dockerfile", "FRUM x\n");
    cluster.verify(&["--dockerfile", "Dockerfile"]).exits(2).says("unknown instruction 'FRUM'");
}

#[test]
fn an_admission_review_is_answered() {
    let cluster = Cluster::new("");
    let digest = cluster.digest("signed");
    let host = &cluster.host;
    let ask = |review: &str, flags: &[&str], exit: i32| {
        let ran = cluster
            .verify_from(review, &[&["--admission-review", "-"], flags].concat())
            .exits(exit);
        let json = ran.json();
        assert_eq!(
            (&json["apiVersion"], &json["response"]["uid"]),
            (&"admission.k8s.io/v1".into(), &"705ab4f5".into())
        );
        json["response"].clone()
    };
    let allowed = ask(&cluster.pod_review("CREATE", &["signed:v1"]), &[], 0);
    assert_eq!((&allowed["allowed"], &allowed["patchType"]), (&true.into(), &"JSONPatch".into()));
    let patch = base64_decode("patch", allowed["patch"].as_str().unwrap());
    let patch: Value = serde_json::from_slice(&patch.unwrap()).unwrap();
    let value = format!("{host}/acme/signed:v1@{digest}");
    assert_eq!(
        patch,
        json!([{"op": "replace", "path": "/spec/containers/0/image", "value": value}])
    );
    assert_eq!(allowed["auditAnnotations"]["policy"], "shop");

    let validating =
        ask(&cluster.pod_review("CREATE", &["signed:v1"]), &["--webhook", "validating"], 0);
    assert_eq!((validating.get("patch"), validating["allowed"].as_bool()), (None, Some(true)));
    let warning =
        format!("{host}/acme/signed:v1 is a tag: what is pulled need not be what was verified");
    assert_eq!(validating["warnings"], json!([warning]));

    let denied = ask(&cluster.pod_review("CREATE", &["signed:v1", "unsigned:v1"]), &[], 1);
    assert_eq!((&denied["allowed"], &denied["status"]["code"]), (&false.into(), &403.into()));
    let message = denied["status"]["message"].as_str().unwrap();
    let wanted = format!(
        "denied: {host}/acme/unsigned:v1 (container c, spec.containers[1].image): policy shop: signatures: "
    );
    assert!(message.starts_with(&wanted), "{message}");

    let undecided = ask(&cluster.pod_review("CREATE", &["signed:v7"]), &[], 2);
    assert_eq!((&undecided["allowed"], &undecided["status"]["code"]), (&false.into(), &500.into()));
    let message = undecided["status"]["message"].as_str().unwrap();
    assert!(message.starts_with("could not be found out: "), "{message}");

    // A policy that only warns allows, and says so; it cannot make up for what is not known.
    let enforce = cluster.stage.desk.read("policy.yaml");
    let warn = enforce.replace("metadata: {name: shop}", "metadata: {name: shop}\nmode: warn");
    cluster.stage.desk.write("policy.yaml", warn);
    let warned = ask(&cluster.pod_review("CREATE", &["unsigned:v1"]), &[], 0);
    let warning = warned["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with(&format!("{host}/acme/unsigned:v1: policy shop: signatures: ")),
        "{warning}"
    );
    assert_eq!(warned["auditAnnotations"]["verdict"], "warned");
    assert_eq!(ask(&cluster.pod_review("CREATE", &["signed:v7"]), &[], 2)["allowed"], false);

    // A policy that cannot be used is a refusal too; what starts nothing is not looked at.
    cluster.stage.desk.write("policy.yaml", "kind: Policy\n");
    let unusable = ask(&cluster.pod_review("CREATE", &["signed:v1"]), &[], 2);
    assert_eq!((&unusable["allowed"], &unusable["status"]["code"]), (&false.into(), &500.into()));
    let deleted = ask(&cluster.pod_review("DELETE", &["unsigned:v1"]), &[], 0);
    assert_eq!(deleted["auditAnnotations"]["reason"], "a deletion starts nothing");

    // What has no UID has no answer.
    for review in
        ["{}", "", "{\"apiVersion\":\"admission.k8s.io/v1beta1\",\"kind\":\"AdmissionReview\"}"]
    {
        let ran = cluster.verify_from(review, &["--admission-review", "-"]).exits(2);
        assert_eq!(ran.stdout, "");
    }
}

/// An index is signed, or each of its images is; its own digest is what is pinned.
#[test]
fn an_index_passes_as_a_whole_or_with_each_of_its_images() {
    let cluster = Cluster::new("");
    cluster.push_index("whole", "v1");
    cluster.sign("whole", "whole");
    cluster.push_index("each", "v1");
    cluster.sign("each", "each-amd64");
    let pin = |name: &str| {
        let text = cluster.deployment(&[&format!("{name}:v1")]);
        cluster.stage.desk.write("m.yaml", &text);
        let wanted = text.replace(":v1'", &format!(":v1@{}'", cluster.digest(name)));
        let ran = cluster.verify(&["--manifest", "m.yaml", "-o", "json"]);
        let targets = ran.json()["targets"].as_array().unwrap().len();
        let pinned = cluster.verify(&["--manifest", "m.yaml", "--pin", "-"]);
        assert_eq!(ran.code, pinned.code);
        (targets, ran.code, pinned.stdout == wanted, pinned.stdout.is_empty())
    };
    assert_eq!(pin("whole"), (1, 0, true, false));
    // One of its images is not signed.
    assert_eq!(pin("each"), (2, 1, false, true));
    cluster.sign("each", "each-arm64");
    assert_eq!(pin("each"), (2, 0, true, false));
    let review = cluster.pod_review("CREATE", &["each:v1"]);
    let ran = cluster.verify_from(&review, &["--admission-review", "-"]).exits(0);
    let wanted = format!("each:v1={}", cluster.digest("each"));
    assert!(ran.stdout.contains(&wanted), "{}", ran.stdout);
}

/// Without a policy, the signer that is asked for decides.
#[test]
fn an_identity_decides_as_well() {
    let cluster = Cluster::new("");
    let desk = &cluster.stage.desk;
    desk.write("deploy.yaml", cluster.deployment(&["signed:v1"]));
    let verify = |identity: &str, more: &[&str]| {
        let issuer = cluster.stage.sandbox.issuer();
        let trust = ["verify", "--trust-config", "trust.json", "--manifest", "deploy.yaml"];
        let signer = ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer];
        desk.run(&[&trust[..], &signer, more].concat())
    };
    let release = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1";
    let pinned = verify(release, &["--pin", "-"]).exits(0).stdout;
    assert!(pinned.contains(&format!("signed:v1@{}", cluster.digest("signed"))), "{pinned}");
    verify("https://github.com/acme/app/.github/workflows/other.yml@refs/tags/v1", &[]).exits(1);
    let layout = ["--layout", "l", "--layout-keys", "k", "--links", "."];
    let trust = ["verify", "--trust-config", "trust.json", "--manifest", "deploy.yaml"];
    desk.run(&[&trust[..], &layout].concat()).exits(2).says("found --layout for the images");
}

#[test]
fn policies_are_chosen_by_namespace_kind_and_labels() {
    let kubernetes = "\n  kubernetes: {namespaces: {include: ['shop']}, kinds: [Deployment, Pod], labels: {tier: backend}}";
    let cluster = Cluster::new(kubernetes);
    let desk = &cluster.stage.desk;
    let text = cluster.deployment(&["signed:v1"]);
    let cases: [(String, &[&str], i32); 5] = [
        (text.clone(), &["--namespace", "shop"], 0),
        (text.clone(), &[], 2),
        (text.replace("{name: shop}", "{name: shop, namespace: shop}"), &[], 0),
        (
            text.replace("{name: shop}", "{name: shop, namespace: other}"),
            &["--namespace", "shop"],
            2,
        ),
        (text.replace("backend", "frontend"), &["--namespace", "shop"], 2),
    ];
    for (text, flags, exit) in cases {
        desk.write("m.yaml", text);
        let ran = cluster.verify(&[&["--manifest", "m.yaml"], flags].concat()).exits(exit);
        assert_eq!(ran.stdout.contains("is not about"), exit == 2, "{}", ran.stdout);
    }
    let review = cluster.pod_review("CREATE", &["signed:v1"]);
    cluster.verify_from(&review, &["--admission-review", "-"]).exits(0);
    let elsewhere = review.replace("\"namespace\":\"shop\"", "\"namespace\":\"test\"");
    cluster.verify_from(&elsewhere, &["--admission-review", "-"]).exits(2);
}
