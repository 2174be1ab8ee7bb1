//! What is fuzzed of this crate, each with what must hold of any input. libFuzzer (`fuzz/`) and
//! `cargo test` run the same.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::time::{Duration, Instant};

use chainsign_core::trust::TrustedRoot;
use chainsign_policy::testing;
use chainsign_policy::{Checksums, Outcome, Policy, PolicySet};
use serde_json::value::RawValue;

use super::common::{self, BASELINE, NOW, Release, at};
use crate::target::Target;

pub(crate) const TARGETS: [Target; 5] = [
    Target { name: "policy_document", run: document, seeds: document_seeds },
    Target { name: "policy_set", run: set, seeds: set_seeds },
    Target { name: "policy_expression", run: expression, seeds: expression_seeds },
    Target { name: "policy_predicate", run: predicate, seeds: predicate_seeds },
    Target { name: "policy_checksums", run: checksums, seeds: checksums_seeds },
];

/// A policy. One that loads has a sentence for each rule, and never passes on nothing.
fn document(bytes: &[u8]) -> bool {
    let Ok(policy) = Policy::parse(bytes, &common::file) else { return false };
    let ids: Vec<_> = policy.explain().into_iter().map(|it| it.id).collect();
    assert_eq!(ids, policy.rule_ids(), "a rule without a sentence");
    drop(policy.lints(at(NOW)));
    let evidence = policy.plan(None).evidence([]);
    let facts = common::facts(b"nothing");
    let evaluate = || testing::evaluate(&policy, &evidence, &[], &facts, at(NOW));
    let verdict = evaluate();
    assert_ne!(verdict.outcome(), Outcome::Pass, "a pass without evidence");
    let found: Vec<_> = verdict.report().rules().map(|rule| rule.id.clone()).collect();
    assert_eq!(found, ids, "a rule that was not evaluated");
    assert_eq!(evaluate(), verdict, "two evaluations of the same");
    true
}

fn document_seeds() -> Vec<Vec<u8>> {
    let release = include_str!("../../../../policies/go-release.yaml");
    let image = "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {name: x}\n\
        authorities: {a: {key: {file: key.pub}}}\nsignatures: {require: a, via: checksums}\n\
        match: {kubernetes: {namespaces: {include: ['*']}, kinds: Pod, labels: {a: b}}}\n\
        image: {when: image, user: nonRoot, platforms: [linux/amd64], shell: deny,\n  \
        environment: {forbid: ['*_TOKEN'], values: {A: {pattern: 'b+'}}}, base: {names: ['a/*']}}\n";
    [BASELINE, release, image].map(|yaml| yaml.as_bytes().to_vec()).to_vec()
}

/// A set of policies, and what it selects.
fn set(bytes: &[u8]) -> bool {
    let files = |path: &str| match path {
        "policy.yaml" => Ok(BASELINE.as_bytes().to_vec()),
        path => common::file(path),
    };
    let Ok(set) = PolicySet::parse(bytes, &files) else { return false };
    let image = "ghcr.io/acme/app".parse().unwrap();
    if let Ok(selection) = set.select(&chainsign_policy::TargetName::Image(image)) {
        let evidence = selection.plan(None).evidence([]);
        drop(selection.evaluate(&evidence, &common::facts(b"nothing"), at(NOW)));
    }
    true
}

fn set_seeds() -> Vec<Vec<u8>> {
    let set = "apiVersion: chainsign.dev/v1\nkind: PolicySet\nonNoMatch: deny\n\
        policies: [{file: policy.yaml}]\nmirrors: [{from: a.example/m, to: docker.io}]\n\
        alwaysAllow: []\n";
    vec![set.as_bytes().to_vec(), BASELINE.as_bytes().to_vec()]
}

/// An expression over a provenance and across attestations: it is compiled and evaluated in bounded
/// time, whatever it says.
fn expression(bytes: &[u8]) -> bool {
    let Ok(source) = std::str::from_utf8(bytes) else { return false };
    let quoted = serde_json::to_string(source).unwrap();
    let rule = format!("rules: [{{id: fuzz, cel: {quoted}, message: x}}]\n");
    let of_predicate =
        BASELINE.replacen("    by: builder\n", &format!("    by: builder\n    {rule}"), 1);
    let across = format!("{BASELINE}\n{rule}");
    let start = Instant::now();
    let mut accepted = false;
    for yaml in [of_predicate, across] {
        let Ok(policy) = common::parse(&yaml) else { continue };
        accepted = true;
        let release = Release::good();
        let verdict = release.evaluate(&policy);
        assert_eq!(release.evaluate(&policy), verdict, "two evaluations of the same");
    }
    assert!(start.elapsed() < BOUND, "{source:?} takes {:?}", start.elapsed());
    accepted
}

fn expression_seeds() -> Vec<Vec<u8>> {
    [
        "predicate.runDetails.builder.id == 'x' && nonEmpty(predicate.buildDefinition.resolvedDependencies)",
        "att.provenance.predicate.runDetails.metadata.invocationId.startsWith('https://')",
        "nonEmpty(att.sbom.predicate.components) && att.sbom.predicate.components.all(c, c.name != 'x')",
        "go.modules.exists(m, m.path == 'rsc.io/quote' && m.version == 'v1.5.2')",
        "now > 0 && go.settings['GOOS'].matches('^linux$')",
        "predicate.a.all(x, predicate.a.all(y, predicate.a.all(z, true)))",
    ]
    .map(|source| source.as_bytes().to_vec())
    .to_vec()
}

/// A predicate of every type that is read: signed nonsense meets no rule, and breaks nothing.
fn predicate(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(raw) = RawValue::from_string(text.to_owned()) else { return false };
    let policy = common::parse(PREDICATES).unwrap();
    let mut release = Release::good();
    for kind in ["slsaprovenance1", "cyclonedx", "spdxjson", "vulns", "vuln", "openvex", "vsa"] {
        let statement = common::statement(&release.binary, kind, raw.get());
        let scanner = common::signer();
        release.fixtures.push(common::fixture(kind, scanner, &release.binary, Some(statement)));
    }
    let root = common::root("one");
    let root = TrustedRoot::parse(root.as_bytes(), &chainsign_core::Limits::default()).unwrap();
    let evidence = policy.plan(Some(&root)).evidence([]);
    let verdict = release.evaluate_with(&policy, &evidence);
    assert_eq!(release.evaluate_with(&policy, &evidence), verdict, "two evaluations of the same");
    true
}

fn predicate_seeds() -> Vec<Vec<u8>> {
    let vex = r#"{"timestamp":"2026-11-20T00:00:00Z","statements":[{"vulnerability":{"name":"CVE-1"},
        "products":[{"@id":"pkg:golang/a@v1"}],"status":"fixed"}]}"#;
    let cyclonedx = r#"{"bomFormat":"CycloneDX","metadata":{"timestamp":"2026-11-20T00:00:00Z"},
        "components":[{"bom-ref":"a","name":"a","purl":"pkg:golang/a@v1"}],
        "dependencies":[{"ref":"a","dependsOn":["a"]}],
        "vulnerabilities":[{"id":"CVE-1","analysis":{"state":"resolved"},"affects":[{"ref":"a",
        "versions":[{"version":"v1","status":"unaffected"}]}]}]}"#;
    let scan = r#"{"scanner":{"result":[{"id":"CVE-1","severity":[{"method":"nvd","score":"high"}],
        "annotations":[{"package":"pkg:golang/a@v1"}]}]},"metadata":{"scanFinishedOn":"2026-11-20T00:00:00Z"}}"#;
    let summary = r#"{"verifier":{"id":"https://gate.example"},"resourceUri":"https://dl.example/app",
        "policy":{"uri":"https://gate.example/policy"},"verificationResult":"PASSED",
        "verifiedLevels":["SLSA_BUILD_LEVEL_3"],"timeVerified":"2026-11-21T00:00:00Z"}"#;
    let all = [
        summary.to_owned(),
        common::provenance_json(common::COMMIT),
        common::sbom_json(common::MODULES),
        vex.to_owned(),
        cyclonedx.to_owned(),
        scan.to_owned(),
    ];
    all.map(String::into_bytes).to_vec()
}

/// A file of checksums. One that is accepted lists only what it can be asked for.
fn checksums(bytes: &[u8]) -> bool {
    let Ok(file) = Checksums::parse("checksums.txt", bytes) else { return false };
    assert!(file.algorithms().next().is_some(), "a list of nothing");
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(!text.contains('\r') && !text.contains('\0'), "a name with a control character");
    drop(file.lists("app", &common::digests(b"app")));
    true
}

fn checksums_seeds() -> Vec<Vec<u8>> {
    let digest = "1".repeat(64);
    let gnu = format!("{digest}  app.tar.gz\n{digest} *dist/app\n");
    let bsd = format!("SHA256 (app) = {digest}\nSHA512 (b) = {digest}{digest}\n");
    vec![gnu.into_bytes(), bsd.into_bytes()]
}

const PREDICATES: &str = "\
apiVersion: chainsign.dev/v1
kind: Policy
metadata: {name: predicates}
authorities:
  a:
    keyless:
      issuer: https://token.actions.githubusercontent.com
      subject: https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.4.2
attestations:
  provenance:
    predicateType: slsaprovenance1
    by: a
    slsa: {builders: [{id: x, signer: a}], source: {repository: 'https://github.com/acme/app'}}
  sbom:
    predicateType: [cyclonedx, spdxjson]
    by: a
    sbom: {describes: artifact, createdWithin: 7d, licences: {allow: [MIT]}, forbid: [{purl: 'pkg:npm/evil', versions: '<1', reason: x}]}
  scan:
    predicateType: [vulns, vuln]
    by: a
    vulnerabilities: {maxSeverity: low, scannedWithin: 7d, vex: {by: a, maxAge: 7d, suppress: [fixed, not_affected]}}
acceptSummaries:
  gate: {by: a, verifier: 'https://gate.example', resourceUri: 'https://dl.example/app', levels: SLSA_BUILD_LEVEL_1, maxAge: 7d, inPlaceOf: attestations.scan}
go: {modules: {equal: sbom}, listed: {sbom: sbom}, commit: {equals: provenance}, parameters: {of: provenance, settings: {GOOS: {external: goos}}}}
";

/// Two evaluations and two of another policy: a thousand times what honest ones take.
const BOUND: Duration = Duration::from_secs(20);
