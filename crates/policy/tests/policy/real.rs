//! Real bundles, verified for real: from the document to the verdict.

use std::path::{Path, PathBuf};

use chainsign_core::artifact::Artifact;
use chainsign_core::digest::ArtifactDigests;
use chainsign_core::formats::bundle;
use chainsign_core::trust::TrustedRoot;
use chainsign_core::{Limits, digest::ArtifactDigest};
use chainsign_policy::verdict::Outcome;
use chainsign_policy::{Decision, Origin, Policy, SummaryDetails, SummaryError, Verdict};

use crate::common::{at, facts};

/// The conformance suite's bundles, next to the repository. Not part of it.
fn vectors() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    if folder.is_dir() {
        return Some(folder);
    }
    #[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
    {
        eprintln!("skipped: {} is not there", folder.display());
    }
    None
}

#[expect(clippy::disallowed_methods, reason = "the test reads files")]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// What a policy says about a conformance case and the suite's artifact.
fn verdict(folder: &Path, case: &str, root: &str, yaml: &str) -> Verdict {
    let cases = folder.join("sigstore-conformance/test/assets/bundle-verify");
    let root = TrustedRoot::parse(&read(&folder.join(root)), &Limits::default()).unwrap();
    let files = |path: &str| Ok(read(&cases.join(case).join(path)));
    let policy = Policy::parse(yaml.as_bytes(), &files).unwrap();
    let plan = policy.plan(Some(&root));
    let document = read(&cases.join(case).join("bundle.sigstore.json"));
    let material = bundle::parse(&document, &Limits::default()).unwrap();
    let artifact = read(&cases.join("a.txt"));
    let digests: ArtifactDigests = ArtifactDigest::sha256(&artifact).into();
    let now = at("2026-11-21T12:00:00Z");
    let origin = Origin::new("bundle.sigstore.json");
    let candidate = plan.verifiers().check(&origin, &material, Artifact::Digests(&digests), now);
    policy.evaluate(&plan.evidence([candidate]), &facts(&artifact), now)
}

fn policy(subject: &str, rest: &str) -> String {
    format!(
        "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: x}}\nauthorities:\n  \
         a: {{keyless: {{issuer: 'https://token.actions.githubusercontent.com', subject: {subject}}}}}\n{rest}"
    )
}

fn beacon(rest: &str) -> String {
    let pattern = r"{pattern: 'https://github\.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.*'}";
    policy(pattern, rest)
}

#[track_caller]
fn denied(verdict: &Verdict, rule: &str, reason: &str) {
    assert_eq!(verdict.decision(), Decision::Deny);
    let found = verdict.report().rule(rule).unwrap();
    assert_eq!(
        (found.outcome, found.reason.as_str()),
        (Outcome::Fail, reason),
        "{}",
        found.message
    );
}

const PUBLIC: &str = "roots/public-good.json";
const SIGNATURE: &str = "signatures: {require: a}\n";

#[test]
fn a_real_signature_is_allowed_to_its_signer_only() {
    let Some(folder) = vectors() else { return };
    let case = "happy-path-v0.3";
    let good = verdict(&folder, case, PUBLIC, &beacon(SIGNATURE));
    assert_eq!(good.decision(), Decision::Allow);
    let report = good.report();
    assert_eq!(report.evidence.len(), 1);
    let checks: Vec<_> = report.evidence[0].checks.iter().map(|(id, _)| id.as_str()).collect();
    for check in ["certificate-path", "sct", "inclusion-proof", "signature", "subject"] {
        assert!(checks.contains(&check), "{checks:?}");
    }
    let other =
        policy("'https://github.com/acme/app/.github/workflows/x.yml@refs/heads/main'", SIGNATURE);
    denied(&verdict(&folder, case, PUBLIC, &other), "signatures", "other-identity");
    let entry = &report.evidence[0];
    assert!(entry.signed_at.is_some() && entry.document.is_some() && entry.root.is_some());
}

/// The same identity under another root.
#[test]
fn a_real_signature_is_refused_under_another_root() {
    let Some(folder) = vectors() else { return };
    let verdict = verdict(&folder, "happy-path-v0.3", "roots/staging.json", &beacon(SIGNATURE));
    denied(&verdict, "signatures", "evidence-refused");
    assert_eq!(verdict.report().refused[0].check, "certificate-path");
    assert_eq!(verdict.report().evidence.len(), 0);
}

#[test]
fn a_tampered_bundle_counts_as_absent_and_is_listed() {
    let Some(folder) = vectors() else { return };
    let case = "message-digest-mismatch_fail";
    let verdict = verdict(&folder, case, PUBLIC, &beacon(SIGNATURE));
    denied(&verdict, "signatures", "evidence-refused");
    let refused = &verdict.report().refused[0];
    assert_eq!(
        (refused.check.as_str(), refused.reason.as_str()),
        ("subject", "message-digest-mismatch")
    );
}

#[test]
fn a_key_is_verified_under_the_root_that_it_names() {
    let Some(folder) = vectors() else { return };
    let case = "managed-key-and-trusted-root";
    let yaml = |more: &str| {
        format!(
            "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: x}}\n\
             trust: {{roots: {{r: {{file: trusted_root.json}}}}}}\n\
             authorities: {{a: {{key: {{file: key.pub{more}}}}}}}\n{SIGNATURE}"
        )
    };
    let allowed = |more: &str| verdict(&folder, case, PUBLIC, &yaml(more)).decision();
    assert_eq!(allowed(""), Decision::Allow);
    assert_eq!(allowed(", log: require"), Decision::Allow);
    assert_eq!(allowed(", notBefore: 2020-01-01T00:00:00Z"), Decision::Allow);
    let late = verdict(&folder, case, PUBLIC, &yaml(", notBefore: 2026-11-21T00:00:00Z"));
    denied(&late, "signatures", "key-not-valid");
}

#[test]
fn a_real_provenance_says_where_it_is_from() {
    let Some(folder) = vectors() else { return };
    let case = "happy-path-intoto-in-dsse-v3";
    let yaml = |repository: &str| {
        beacon(&format!(
            "attestations:\n  provenance:\n    predicateType: slsaprovenance1\n    by: a\n    slsa:\n      \
             builders: [{{id: {{pattern: 'https://github.com/.*'}}, signer: a, level: 2}}]\n      level: 2\n      \
             buildType: https://actions.github.io/buildtypes/workflow/v1\n      \
             source: {{repository: '{repository}', ref: refs/heads/main}}\n"
        ))
    };
    let good = verdict(&folder, case, PUBLIC, &yaml("https://github.com/loosebazooka/aa-test"));
    assert_eq!(
        good.decision(),
        Decision::Allow,
        "{:?}",
        good.report().violations().collect::<Vec<_>>()
    );
    let other = verdict(&folder, case, PUBLIC, &yaml("https://github.com/acme/app"));
    denied(&other, "attestations.provenance.source.repository", "value-mismatch");
}

/// What a verifier says about a real verdict, yes or no, names everything that it rests on.
#[test]
fn a_real_verdict_has_a_summary() {
    let Some(folder) = vectors() else { return };
    let yaml = beacon(
        "attestations:\n  provenance:\n    predicateType: slsaprovenance1\n    by: a\n    slsa:\n      \
         builders: [{id: {pattern: 'https://github.com/.*'}, signer: a, level: 2}]\n      level: 2\n      \
         source: {repository: 'https://github.com/loosebazooka/aa-test'}\n",
    );
    let details = SummaryDetails {
        verifier: "https://gate.acme.example".parse().unwrap(),
        verifier_version: [("chainsign".to_owned(), "0.1.0".to_owned())].into(),
        resource_uri: "https://dl.acme.example/a.txt".to_owned(),
        policy_uri: None,
    };
    let summary = |yaml: &str| {
        let verdict = verdict(&folder, "happy-path-intoto-in-dsse-v3", PUBLIC, yaml);
        let written = verdict.summary(&details).unwrap().to_json().unwrap();
        serde_json::from_str::<serde_json::Value>(written.get()).unwrap()
    };
    let document = "sigstore-conformance/test/assets/bundle-verify/happy-path-intoto-in-dsse-v3/bundle.sigstore.json";
    let document = ArtifactDigest::sha256(&read(&folder.join(document)));
    let policy = ArtifactDigest::sha256(yaml.as_bytes());
    let passed = summary(&yaml);
    let uri = passed["policy"]["uri"].as_str().unwrap();
    assert!(uri.starts_with("ni:///sha-256;"), "{uri}");
    let wanted = serde_json::json!({
        "verifier": {"id": "https://gate.acme.example", "version": {"chainsign": "0.1.0"}},
        "timeVerified": "2026-11-21T12:00:00Z",
        "resourceUri": "https://dl.acme.example/a.txt",
        "policy": {"name": "x", "uri": uri, "digest": {"sha256": policy.hex()}},
        "inputAttestations": [{"digest": {"sha256": document.hex()}}],
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_2"],
        "slsaVersion": "1.2",
    });
    assert_eq!(passed, wanted);

    let failed = summary(&yaml.replace("aa-test", "other"));
    assert_eq!(failed["verificationResult"], "FAILED");
    assert_eq!(failed["verifiedLevels"], serde_json::json!(["FAILED"]));
    let warned =
        summary(&yaml.replace("aa-test", "other").replace("metadata:", "mode: warn\nmetadata:"));
    assert_eq!(warned["verificationResult"], "FAILED");
    let without = summary(&yaml.replace("      level: 2\n", ""));
    assert_eq!(without["verifiedLevels"], serde_json::json!(["SLSA_BUILD_LEVEL_UNEVALUATED"]));
    let expired = yaml.replace("{name: x}", "{name: x, expires: 2026-01-01T00:00:00Z}");
    let undecided = verdict(&folder, "happy-path-intoto-in-dsse-v3", PUBLIC, &expired);
    assert_eq!(undecided.summary(&details), Err(SummaryError::Undecided));
}
