//! Rules over container images: each on an image that meets all of them, changed in one thing.

use chainsign_artifact::image::{ImageFacts, Platform};
use chainsign_artifact::{
    ArtifactFacts, Content, FaultKind, ImageContent, ImageInside, InnerFault,
};
use chainsign_core::digest::ArtifactDigest;
use chainsign_policy::testing::{self, TestVerdict};
use chainsign_policy::{Outcome, Policy};

use crate::common::*;
use crate::mutations::{Mutation, row};

const FAIL: Outcome = Outcome::Fail;
const ERROR: Outcome = Outcome::Error;

const POLICY: &str = r"
apiVersion: chainsign.dev/v1
kind: Policy
metadata: {name: images}
authorities:
  release:
    keyless:
      issuer: https://token.actions.githubusercontent.com
      subject: https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.4.2
signatures: {require: release}
image:
  when: image
  platforms: [linux/amd64, linux/arm64]
  user: nonRoot
  entrypoint: [/app]
  command: [serve, --all]
  environment:
    forbid: ['*_TOKEN', LD_PRELOAD]
    forbidValues: [{pattern: 'ghp_.*'}]
    values: {SSL_CERT_FILE: /etc/ssl/cert.pem}
  base:
    digests: ['sha256:0000000000000000000000000000000000000000000000000000000000000000']
    names: ['gcr.io/distroless/*']
  shell: deny
  packageManager: deny
  elevatedFiles: deny
  caCertificates: require
  labels: {org.opencontainers.image.source: https://github.com/acme/app}
  annotations: {org.opencontainers.image.version: {pattern: 'v[0-9]+\.[0-9]+\.[0-9]+'}}
";

const IMAGE: &[u8] = b"an image";

/// An image that meets the policy, for a platform.
fn good(platform: &str) -> ImageInside {
    let platform: Platform = platform.parse().unwrap();
    let mut facts = ImageFacts::new(ArtifactDigest::sha256(b"configuration"), platform);
    let config = &mut facts.config;
    config.user = "65532:65532".to_owned();
    config.entrypoint = vec!["/app".to_owned()];
    config.command = vec!["serve".to_owned(), "--all".to_owned()];
    config.environment = ["PATH=/", "SSL_CERT_FILE=/etc/ssl/cert.pem"].map(str::to_owned).to_vec();
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    config.labels =
        [label("org.opencontainers.image.source", "https://github.com/acme/app")].into();
    facts.annotations = [
        label("org.opencontainers.image.version", "v1.4.2"),
        label("org.opencontainers.image.base.name", "gcr.io/distroless/static"),
        label("org.opencontainers.image.base.digest", &format!("sha256:{}", "0".repeat(64))),
    ]
    .into();
    let mut inside = chainsign_artifact::Inside::default();
    inside.ca_certificates.add("etc/ssl/cert.pem");
    ImageInside::new(facts, inside)
}

fn images(images: Vec<ImageInside>) -> Content {
    Content::Images(ImageContent::new(digests(IMAGE), images))
}

fn both() -> Vec<ImageInside> {
    vec![good("linux/amd64"), good("linux/arm64")]
}

fn evaluate(yaml: &str, content: Content) -> TestVerdict {
    let policy: Policy = parse(yaml).unwrap_or_else(|error| panic!("{error}"));
    let facts = ArtifactFacts::new("app", 10, digests(IMAGE), content);
    let root: chainsign_core::trust::TrustedRoot =
        chainsign_core::trust::TrustedRoot::parse(root("one").as_bytes(), &Default::default())
            .unwrap();
    let evidence = policy.plan(Some(&root)).evidence([]);
    testing::evaluate(&policy, &evidence, &[signature(IMAGE)], &facts, at(NOW))
}

fn outcomes(verdict: &TestVerdict) -> Vec<(String, Outcome, &'static str)> {
    causes(verdict)
}

/// Every field with a valid wrong value. See [`crate::mutations`].
pub(crate) const MUTATIONS: &[Mutation] = &[
    row(
        "Image.platforms",
        "platforms: [linux/amd64, linux/arm64]",
        "platforms: [linux/amd64]",
        &[("image.platforms", FAIL, "value-mismatch")],
    ),
    row(
        "Image.entrypoint",
        "entrypoint: [/app]",
        "entrypoint: [/other]",
        &[("image.entrypoint", FAIL, "value-mismatch")],
    ),
    row(
        "Image.command",
        "command: [serve, --all]",
        "command: [serve]",
        &[("image.command", FAIL, "value-mismatch")],
    ),
    row(
        "Environment.forbid",
        "LD_PRELOAD]",
        "'SSL_*']",
        &[("image.environment.forbid", FAIL, "forbidden")],
    ),
    row(
        "Environment.forbidValues",
        "ghp_.*",
        "/etc/.*",
        &[("image.environment.forbid", FAIL, "forbidden")],
    ),
    row(
        "Environment.values",
        "SSL_CERT_FILE: /etc/ssl/cert.pem",
        "SSL_CERT_FILE: /etc/ssl/other.pem",
        &[("image.environment.values.SSL_CERT_FILE", FAIL, "value-mismatch")],
    ),
    row(
        "Base.digests",
        "'sha256:0000000000000000000000000000000000000000000000000000000000000000'",
        "'sha256:1111111111111111111111111111111111111111111111111111111111111111'",
        &[("image.base", FAIL, "value-mismatch")],
    ),
    row(
        "Base.names",
        "'gcr.io/distroless/*'",
        "'gcr.io/other/*'",
        &[("image.base", FAIL, "value-mismatch")],
    ),
    row(
        "Image.labels",
        "image.source: https://github.com/acme/app",
        "image.source: https://github.com/acme/other",
        &[("image.labels.org.opencontainers.image.source", FAIL, "value-mismatch")],
    ),
    row(
        "Image.annotations",
        "image.version: {pattern",
        "image.revision: {pattern",
        &[("image.annotations.org.opencontainers.image.revision", FAIL, "value-missing")],
    ),
];

#[test]
fn a_valid_wrong_value_gives_that_rules_failure() {
    assert_eq!(outcomes(&evaluate(POLICY, images(both()))), []);
    let mut wrong = Vec::new();
    for mutation in MUTATIONS {
        let yaml = mutation.applied(POLICY);
        let found = outcomes(&evaluate(&yaml, images(both())));
        if found != mutation.wanted() {
            wrong.push(format!("{}: {found:?}", mutation.field));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// The second image is changed: the rule is about every platform.
#[test]
fn every_rule_looks_at_the_image() {
    type Change = fn(&mut ImageInside);
    let cases: &[(&str, Change, Outcome, &str, &str)] = &[
        (
            "image.user",
            |it| it.facts.config.user.clear(),
            FAIL,
            "runs-as-root",
            "linux/arm64: runs as nobody in particular, which is root, wanted a number that is not 0",
        ),
        (
            "image.user",
            |it| it.facts.config.user = "0:1000".to_owned(),
            FAIL,
            "runs-as-root",
            "linux/arm64: runs as 0:1000, wanted a number that is not 0",
        ),
        (
            "image.user",
            |it| it.facts.config.user = "000".to_owned(),
            FAIL,
            "runs-as-root",
            "linux/arm64: runs as 000, wanted a number that is not 0",
        ),
        (
            "image.user",
            |it| it.facts.config.user = "root".to_owned(),
            FAIL,
            "runs-as-root",
            "linux/arm64: runs as root, wanted a number that is not 0",
        ),
        (
            "image.user",
            |it| it.facts.config.user = "nonroot".to_owned(),
            ERROR,
            "not-knowable",
            "linux/arm64: runs as \"nonroot\", which is no number: who that is, is not known",
        ),
        (
            "image.user",
            |it| it.facts.config.user = "4294967296".to_owned(),
            ERROR,
            "not-knowable",
            "linux/arm64: runs as \"4294967296\", which is no number: who that is, is not known",
        ),
        (
            "image.shell",
            |it| it.inside.shells.add("bin/sh"),
            FAIL,
            "file-not-allowed",
            "linux/arm64: has a shell: bin/sh",
        ),
        (
            "image.packageManager",
            |it| it.inside.package_managers.add("sbin/apk"),
            FAIL,
            "file-not-allowed",
            "linux/arm64: has a package manager: sbin/apk",
        ),
        (
            "image.elevatedFiles",
            |it| it.inside.elevated.add("bin/su"),
            FAIL,
            "file-not-allowed",
            "linux/arm64: has a file that gives rights to whoever runs it: bin/su",
        ),
        (
            "image.elevatedFiles",
            |it| it.inside.unknown_permissions.add("bin/su"),
            ERROR,
            "not-knowable",
            "linux/arm64: what bin/su may do when it is run cannot be told",
        ),
        (
            "image.caCertificates",
            |it| it.inside.ca_certificates = Default::default(),
            FAIL,
            "file-missing",
            "linux/arm64: has no certificates of authorities where Go looks for them",
        ),
        (
            "image.base",
            |it| it.facts.annotations.retain(|name, _| !name.contains("base")),
            FAIL,
            "value-missing",
            "linux/arm64: does not say on which image it was built, wanted \
            sha256:0000000000000000000000000000000000000000000000000000000000000000 or \
            gcr.io/distroless/*",
        ),
        (
            "image.environment.forbid",
            |it| it.facts.config.environment.push("GH_TOKEN=secret".to_owned()),
            FAIL,
            "forbidden",
            "linux/arm64: sets the variable GH_TOKEN, which is forbidden",
        ),
        (
            "image.environment.values.SSL_CERT_FILE",
            |it| it.facts.config.environment.push("SSL_CERT_FILE=/other".to_owned()),
            FAIL,
            "value-mismatch",
            "linux/arm64: sets the variable SSL_CERT_FILE to several values",
        ),
    ];
    let mut wrong = Vec::new();
    for (id, change, outcome, reason, message) in cases {
        let mut both = both();
        change(&mut both[1]);
        let verdict = evaluate(POLICY, images(both));
        let found = outcomes(&verdict);
        let rule = verdict.report().rule(id).unwrap();
        if found != [((*id).to_owned(), *outcome, *reason)] || rule.message != *message {
            wrong.push(format!("{id}: {found:?}: {}", rule.message));
        }
        let secret = format!("{:?}", verdict.report()).contains("secret");
        assert!(!secret, "a value of the environment in a report");
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn image_rules_are_skipped_only_when_the_policy_says_so() {
    let archive = || {
        let inside = chainsign_artifact::Inside::default();
        Content::Archive(chainsign_artifact::ArchiveContent::new(None, inside))
    };
    let verdict = evaluate(POLICY, archive());
    assert_eq!(outcomes(&verdict), []);
    let image = verdict.report().rules().filter(|rule| rule.id.as_str().starts_with("image."));
    assert!(image.map(|rule| rule.outcome).all(|outcome| outcome == Outcome::Skipped));
    let verdict = evaluate(&POLICY.replace("  when: image\n", ""), archive());
    assert_eq!(outcomes(&verdict), [("image.layers".to_owned(), FAIL, "no-image")]);
}

#[test]
fn an_image_that_cannot_be_believed_fails_every_image_rule() {
    let mut faulty = both();
    let fault = InnerFault::new("", FaultKind::Malformed, "layer x holds another tar");
    faulty[1].inside.faults.push(fault);
    let verdict = evaluate(POLICY, images(faulty));
    assert_eq!(outcomes(&verdict), [("image.layers".to_owned(), FAIL, "content-not-believed")]);
    let image = verdict.report().rules().filter(|rule| rule.id.as_str().starts_with("image."));
    let outcomes: Vec<_> = image.map(|rule| rule.outcome).collect();
    assert_eq!(outcomes, [FAIL; 14]);
}

#[test]
fn an_image_that_was_not_looked_into_is_an_error() {
    let verdict = evaluate(POLICY, images(Vec::new()));
    let layers = ("image.layers".to_owned(), Outcome::Error, "image-incomplete");
    assert_eq!(outcomes(&verdict), [layers]);
    let image = verdict.report().rules().filter(|rule| rule.id.as_str().starts_with("image."));
    assert!(image.map(|rule| rule.outcome).all(|outcome| outcome == Outcome::Error));
}

#[test]
fn what_is_written_says_something() {
    let of = |rules: &str| {
        let start = POLICY.find("image:").unwrap();
        parse(&format!("{}image: {rules}\n", &POLICY[..start])).unwrap_err().to_string()
    };
    for (rules, wanted) in [
        ("{}", "line 11, column 8: found an empty `image`, wanted at least one key in it"),
        ("{base: {}}", "line 11, column 15: found an empty `base`, wanted at least one key in it"),
        (
            "{environment: {}}",
            "line 11, column 22: found an empty `environment`, wanted at least one key in it",
        ),
        (
            "{base: {names: ['{x}/y']}}",
            "line 11, column 24: found a capture in \"{x}/y\", wanted none here",
        ),
        (
            "{platforms: [linux]}",
            "line 11, column 21: not a platform: found \"linux\", wanted os/architecture or \
             os/architecture/variant",
        ),
        ("{user: root}", "line 11, column 15: unknown value \"root\", wanted one of nonRoot"),
    ] {
        assert_eq!(of(rules), wanted, "{rules}");
    }
}

#[test]
fn every_rule_has_a_sentence() {
    let policy = parse(POLICY).unwrap();
    let ids: Vec<_> = policy.explain().into_iter().map(|it| it.id).collect();
    assert_eq!(ids, policy.rule_ids());
    let text = |id: &str| {
        policy.explain().into_iter().find(|it| it.id.as_str() == id).map(|it| it.text).unwrap()
    };
    assert_eq!(
        text("image.environment.forbid"),
        "It sets no variable named *_TOKEN, LD_PRELOAD, and none whose value matches ghp_.*."
    );
}
