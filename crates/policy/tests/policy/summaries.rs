//! Verification summaries in place of evidence: accepted by the seven steps, and no longer accepted when
//! one thing is changed, in the policy or in the summary.

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::trust::TrustedRoot;
use chainsign_policy::testing::{self, Fixture, FixtureSigner, TestVerdict};
use chainsign_policy::{LoadError, Origin, Outcome};
use chainsign_slsa::vsa::TrackLevel;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::*;
use crate::mutations::{Mutation, row};

const FAIL: Outcome = Outcome::Fail;

const POLICY: &str = r"
apiVersion: chainsign.dev/v1
kind: Policy
metadata: {name: summaries}
authorities:
  release:
    keyless:
      issuer: https://token.actions.githubusercontent.com
      subject: https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.4.2
  builder:
    keyless:
      issuer: https://token.actions.githubusercontent.com
      subject: https://github.com/acme/builders/.github/workflows/release.yml@refs/heads/main
  gate:
    keyless:
      issuer: https://token.actions.githubusercontent.com
      subject: https://github.com/acme/gate/.github/workflows/release.yml@refs/heads/main
signatures: {require: release}
attestations:
  provenance:
    predicateType: slsaprovenance1
    by: builder
    maxAge: 30d
    slsa:
      builders: [{id: 'https://github.com/acme/builders/go@v2', signer: builder, level: 3}]
      level: 3
      externalParameters: {allow: [level, note]}
acceptSummaries:
  gate:
    by: gate
    verifier: https://gate.acme.example
    resourceUri: https://dl.acme.example/app
    levels: [SLSA_BUILD_LEVEL_2, ACME_SCANNED]
    policies: ['sha256:4444444444444444444444444444444444444444444444444444444444444444']
    maxAge: 7d
    inPlaceOf: [signatures, attestations.provenance]
";

/// What fails with a summary that is not accepted, and nothing else there.
const UNMET: [(&str, Outcome, &str); 2] = [
    ("signatures", FAIL, "no-signature"),
    ("attestations.provenance", FAIL, "other-predicate-type"),
];

macro_rules! unmet {
    ($reason:literal) => {
        &[UNMET[0], UNMET[1], ("acceptSummaries.gate", FAIL, $reason)]
    };
}

fn predicate() -> Value {
    json!({
        "verifier": {"id": "https://gate.acme.example"},
        "timeVerified": "2026-11-21T10:00:00Z",
        "resourceUri": "https://dl.acme.example/app",
        "policy": {"uri": "https://acme.example/policy", "digest": {"sha256": "4".repeat(64)}},
        "inputAttestations": [{"digest": {"sha256": "5".repeat(64)}}],
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3", "ACME_SCANNED"],
        "slsaVersion": "1.2",
    })
}

fn binary() -> Vec<u8> {
    elf::Elf::default().build()
}

fn gate() -> FixtureSigner {
    identity(workflow("acme/gate", "refs/heads/main"))
}

fn summary_by(signer: FixtureSigner, predicate: &Value) -> Fixture {
    summary_in("gate.vsa.json", signer, predicate)
}

fn summary_in(origin: &str, signer: FixtureSigner, predicate: &Value) -> Fixture {
    let statement = statement(&binary(), "vsa", &predicate.to_string());
    fixture(origin, signer, &binary(), Some(statement))
}

fn summary(predicate: &Value) -> Fixture {
    summary_by(gate(), predicate)
}

fn evaluate(yaml: &str, fixtures: &[Fixture]) -> TestVerdict {
    let policy = parse(yaml).unwrap_or_else(|error| panic!("{error}"));
    let root = TrustedRoot::parse(root("one").as_bytes(), &Default::default()).unwrap();
    let evidence = policy.plan(Some(&root)).evidence([]);
    testing::evaluate(&policy, &evidence, fixtures, &facts(&binary()), at(NOW))
}

/// Every field with a valid wrong value. See [`crate::mutations`].
pub(crate) const MUTATIONS: &[Mutation] = &[
    row("AcceptedSummary.by", "by: gate", "by: [release, builder]", unmet!("other-identity")),
    row(
        "AcceptedSummary.verifier",
        "verifier: https://gate.acme.example",
        "verifier: https://gate.acme.example/",
        unmet!("other-verifier"),
    ),
    row(
        "AcceptedSummary.resourceUri",
        "resourceUri: https://dl.acme.example/app",
        "resourceUri: {pattern: 'https://dl\\.acme\\.example/app2.*'}",
        unmet!("other-resource"),
    ),
    row(
        "AcceptedSummary.levels",
        "levels: [SLSA_BUILD_LEVEL_2, ACME_SCANNED]",
        "levels: [SLSA_BUILD_LEVEL_3, ACME_SCANNED, SLSA_SOURCE_LEVEL_1]",
        unmet!("level-too-low"),
    ),
    row("AcceptedSummary.policies", "sha256:44", "sha256:45", unmet!("other-policy")),
    row("AcceptedSummary.maxAge", "maxAge: 7d", "maxAge: 119m", unmet!("too-old")),
    row(
        "AcceptedSummary.inPlaceOf",
        "inPlaceOf: [signatures, attestations.provenance]",
        "inPlaceOf: signatures",
        &[UNMET[1]],
    ),
];

#[test]
fn a_valid_wrong_value_gives_that_rules_failure() {
    assert_eq!(causes(&evaluate(POLICY, &[summary(&predicate())])), []);
    let mut wrong = Vec::new();
    for mutation in MUTATIONS {
        let found = causes(&evaluate(&mutation.applied(POLICY), &[summary(&predicate())]));
        if found != mutation.wanted() {
            wrong.push(format!("{}: {found:?}", mutation.field));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// The report says on whose word the evidence was not looked for.
#[test]
fn what_was_accepted_is_told() {
    let verdict = evaluate(POLICY, &[summary(&predicate())]);
    assert_eq!(verdict.outcome(), Outcome::Pass);
    let report = verdict.report();
    let rule = |id: &str| report.rule(id).unwrap();
    for id in ["signatures", "attestations.provenance", "attestations.provenance.level"] {
        let rule = rule(id);
        assert_eq!((rule.outcome, rule.reason.as_str()), (Outcome::Pass, "on-summary"), "{id}");
        assert_eq!(rule.message, "accepted on the summary of https://gate.acme.example");
        assert!(rule.evidence[0].starts_with("without it: "), "{:?}", rule.evidence);
        assert_eq!(rule.relies_on, [0], "{id}");
    }
    let accepted = rule("acceptSummaries.gate");
    assert_eq!(
        accepted.message,
        "the summary of https://gate.acme.example stands in for signatures, attestations.provenance"
    );
    let evidence = accepted.evidence[1..].join("\n");
    let wanted = format!(
        "resource https://dl.acme.example/app\nSLSA_BUILD_LEVEL_3, ACME_SCANNED\n\
         policy https://acme.example/policy\npolicy digest sha256:{}\nverified 2026-11-21T10:00:00Z",
        "4".repeat(64)
    );
    assert_eq!(evidence, wanted);
    assert!(accepted.evidence[0].starts_with("gate.vsa.json (vsa) by "), "{:?}", accepted.evidence);
    assert_eq!(report.build_level, TrackLevel::Number(3));
}

/// From a summary that is accepted, one thing is changed at a time.
#[test]
fn a_changed_summary_is_not_accepted() {
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut predicate = predicate();
        change(&mut predicate);
        vec![summary(&predicate)]
    };
    let other_artifact = {
        let statement = statement(b"other", "vsa", &predicate().to_string());
        fixture("gate.vsa.json", gate(), b"other", Some(statement))
    };
    let about_other = {
        // Its verifier took it for one about the artifact, which its statement does not say.
        let statement = statement(b"other", "vsa", &predicate().to_string());
        fixture("gate.vsa.json", gate(), &binary(), Some(statement))
    };
    let other_branch = identity(workflow("acme/gate", "refs/heads/fork"));
    let cases: Vec<(&str, Vec<Fixture>, &str)> = vec![
        ("signer", vec![summary_by(other_branch, &predicate())], "other-identity"),
        ("root", vec![summary(&predicate()).under_root(root_digest("two"))], "other-root"),
        ("artifact", vec![other_artifact], "no-attestation"),
        ("subject", vec![about_other], "unreadable"),
        (
            "verifier",
            changed(&|it| it["verifier"]["id"] = json!("https://gate.evil.example")),
            "other-verifier",
        ),
        (
            "resource",
            changed(&|it| it["resourceUri"] = json!("https://dl.acme.example/app2")),
            "other-resource",
        ),
        ("result", changed(&|it| it["verificationResult"] = json!("FAILED")), "summary-failed"),
        (
            "level",
            changed(&|it| it["verifiedLevels"] = json!(["SLSA_BUILD_LEVEL_1", "ACME_SCANNED"])),
            "level-too-low",
        ),
        (
            "property",
            changed(&|it| it["verifiedLevels"] = json!(["SLSA_BUILD_LEVEL_3"])),
            "level-too-low",
        ),
        (
            "policy digest",
            changed(&|it| it["policy"]["digest"]["sha256"] = json!("0".repeat(64))),
            "other-policy",
        ),
        (
            "no policy digest",
            changed(&|it| it["policy"] = json!({"uri": "https://acme.example/policy"})),
            "other-policy",
        ),
        (
            "verified long ago",
            changed(&|it| it["timeVerified"] = json!("2026-11-14T11:59:59Z")),
            "too-old",
        ),
        (
            "signed long ago",
            vec![summary(&predicate()).with_times([at("2026-11-14T11:59:59Z")])],
            "too-old",
        ),
        ("shape", changed(&|it| it["policy"] = json!("x")), "unreadable"),
        (
            "two levels",
            changed(&|it| {
                it["verifiedLevels"] = json!(["SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_2"])
            }),
            "unreadable",
        ),
        ("nothing", vec![], "no-attestation"),
    ];
    let mut wrong = Vec::new();
    for (what, fixtures, reason) in cases {
        let found = causes(&evaluate(POLICY, &fixtures));
        let gate = found.iter().find(|(id, ..)| id == "acceptSummaries.gate");
        let unmet = found.iter().any(|(id, ..)| id == "signatures");
        if gate.map(|(_, outcome, reason)| (*outcome, *reason)) != Some((FAIL, reason)) || !unmet {
            wrong.push(format!("{what}: {found:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A time that nobody proves is none.
#[test]
fn an_age_is_proven() {
    let policy = POLICY.replace("  gate:\n    keyless:\n      issuer: https://token.actions.githubusercontent.com\n      subject: https://github.com/acme/gate/.github/workflows/release.yml@refs/heads/main\n", "  gate: {key: {file: key.pub}}\n");
    assert_ne!(policy, POLICY);
    let by_key = || summary_by(FixtureSigner::Key(key()), &predicate());
    assert_eq!(evaluate(&policy, &[by_key()]).outcome(), Outcome::Pass);
    let found = causes(&evaluate(&policy, &[by_key().with_times([])]));
    assert_eq!(found[2], ("acceptSummaries.gate".to_owned(), FAIL, "time-not-proven"));
}

/// Whoever may sign says more than whoever may not, and the summary that came furthest is told.
#[test]
fn the_best_of_several_counts() {
    let mut failed = predicate();
    failed["verificationResult"] = json!("FAILED");
    let mut elsewhere = predicate();
    elsewhere["resourceUri"] = json!("https://dl.acme.example/other");
    let stranger = identity(workflow("evil/gate", "refs/heads/main"));
    let mut all = vec![
        summary_in("1", stranger, &predicate()),
        summary_in("2", gate(), &elsewhere),
        summary_in("3", gate(), &failed),
    ];
    let found = causes(&evaluate(POLICY, &all));
    assert_eq!(found[2], ("acceptSummaries.gate".to_owned(), FAIL, "summary-failed"));
    all.push(summary_in("4", gate(), &predicate()));
    assert_eq!(evaluate(POLICY, &all).outcome(), Outcome::Pass);
}

/// Of several verifiers one is enough, whichever comes first in the policy.
#[test]
fn one_of_several_verifiers_is_enough() {
    let other = |name: &str, id: &str| {
        let gate = POLICY.split_once("  gate:\n    by").unwrap().1;
        format!("  {name}:\n    by{}", gate.replace("https://gate.acme.example", id))
    };
    for name in ["alpha", "zulu"] {
        let policy = format!("{POLICY}{}", other(name, "https://other.acme.example"));
        let verdict = evaluate(&policy, &[summary(&predicate())]);
        assert_eq!(verdict.outcome(), Outcome::Pass, "{name}");
        let rule = verdict.report().rule(&format!("acceptSummaries.{name}")).unwrap();
        assert_eq!((rule.outcome, rule.reason.as_str()), (Outcome::Skipped, "condition-not-met"));
        let neither = causes(&evaluate(&policy, &[]));
        assert_eq!(neither.len(), 4, "{neither:?}");
    }
}

/// What an exception covers needs no summary.
#[test]
fn excepted_evidence_needs_no_summary() {
    let digest = ArtifactDigest::sha256(&binary());
    let policy = format!(
        "{POLICY}exceptions: [{{id: E, rules: [signatures], digests: ['{digest}'], expires: \
         2026-12-31T00:00:00Z, reason: r, approvedBy: a, dangerousWaiveSignature: true}}]\n"
    );
    let provenance = || provenance(&binary(), &provenance_json(COMMIT));
    assert_eq!(causes(&evaluate(&policy, &[provenance()])), []);
    assert_eq!(causes(&evaluate(POLICY, &[provenance()])).len(), 2);
}

/// What is there counts by itself; a summary, good or bad, then makes no difference.
#[test]
fn a_summary_is_looked_at_only_where_it_is_needed() {
    let mut failed = predicate();
    failed["verificationResult"] = json!("FAILED");
    for more in [vec![], vec![summary(&failed)], vec![summary(&predicate())]] {
        let mut fixtures =
            vec![signature(&binary()), provenance(&binary(), &provenance_json(COMMIT))];
        fixtures.extend(more);
        let verdict = evaluate(POLICY, &fixtures);
        assert_eq!(verdict.outcome(), Outcome::Pass);
        let rule = verdict.report().rule("acceptSummaries.gate").unwrap();
        assert_eq!((rule.outcome, rule.reason.as_str()), (Outcome::Skipped, "condition-not-met"));
        assert_eq!(
            rule.message,
            "no summary is needed in place of signatures, attestations.provenance"
        );
        assert_eq!(verdict.report().build_level, TrackLevel::Number(3));
    }
}

/// Deleting evidence that says the wrong thing must not be what makes a summary count.
#[test]
fn it_stands_in_for_evidence_that_says_something_else() {
    let wrong = provenance(&binary(), &provenance_json(COMMIT).replace("go@v2", "go@v1"));
    let alone = causes(&evaluate(POLICY, &[signature(&binary()), wrong]));
    let builder = ("attestations.provenance.builder".to_owned(), FAIL, "value-mismatch");
    assert_eq!(alone[0], builder);
    let wrong = provenance(&binary(), &provenance_json(COMMIT).replace("go@v2", "go@v1"));
    let verdict = evaluate(POLICY, &[signature(&binary()), wrong, summary(&predicate())]);
    assert_eq!(verdict.outcome(), Outcome::Pass);
    let rule = verdict.report().rule(&builder.0).unwrap();
    assert_eq!(rule.reason.as_str(), "on-summary");
    assert!(rule.evidence[0].contains("found the builder"), "{:?}", rule.evidence);
    let signature = verdict.report().rule("signatures").unwrap();
    assert_eq!(signature.reason.as_str(), "satisfied");
}

/// The binary is opened whatever anybody says about it.
#[test]
fn rules_about_the_artifact_are_still_evaluated() {
    let stricter = format!("{POLICY}go: {{minVersion: '1.99', settings: {{CGO_ENABLED: '1'}}}}\n");
    let found = causes(&evaluate(&stricter, &[summary(&predicate())]));
    let wanted = [
        ("go.minVersion".to_owned(), FAIL, "go-version-too-old"),
        ("go.settings.CGO_ENABLED".to_owned(), FAIL, "value-mismatch"),
    ];
    assert_eq!(found, wanted);
    let digest = ArtifactDigest::sha256(&binary());
    let denied = format!("{POLICY}deny: {{digests: ['{digest}']}}\n");
    let found = causes(&evaluate(&denied, &[summary(&predicate())]));
    assert_eq!(found, [("deny.digests".to_owned(), FAIL, "digest-denied")]);
}

#[test]
fn a_denied_signer_speaks_for_nobody() {
    let certificate = ArtifactDigest::sha256(b"certificate gate.vsa.json");
    let policy = format!("{POLICY}deny: {{certificates: ['{certificate}']}}\n");
    let found = causes(&evaluate(&policy, &[summary(&predicate())]));
    assert!(
        found.contains(&("acceptSummaries.gate".to_owned(), FAIL, "evidence-denied")),
        "{found:?}"
    );
}

/// An exception for the summary's rule does not make the summary count.
#[test]
fn an_exception_accepts_no_summary() {
    let digest = ArtifactDigest::sha256(&binary());
    let exception = format!(
        "{POLICY}exceptions: [{{id: E, rules: [acceptSummaries.gate], digests: ['{digest}'], expires: \
         2026-12-31T00:00:00Z, reason: r, approvedBy: a, dangerousWaiveSignature: true}}]\n"
    );
    let mut failed = predicate();
    failed["verificationResult"] = json!("FAILED");
    assert_eq!(
        causes(&evaluate(&exception, &[summary(&failed)]))[..2],
        UNMET.map(|(id, outcome, reason)| (id.to_owned(), outcome, reason))
    );
    let error = parse(&exception.replace(", dangerousWaiveSignature: true", "")).unwrap_err();
    assert!(matches!(error, LoadError::Exception { .. }), "{error}");
}

#[test]
fn the_resource_may_be_that_of_the_target() {
    let policy = POLICY
        .replace(
            "metadata: {name: summaries}",
            "metadata: {name: summaries}\nmatch: {files: {include: ['dist/{service}']}}",
        )
        .replace("https://dl.acme.example/app", "'https://dl.acme.example/{service}'");
    let policy = parse(&policy).unwrap();
    let root = TrustedRoot::parse(root("one").as_bytes(), &Default::default()).unwrap();
    let evaluate = |name: &str| {
        let policy =
            policy.for_target(&chainsign_policy::TargetName::File(name.to_owned())).unwrap();
        let evidence = policy.plan(Some(&root)).evidence([]);
        let fixtures = [summary(&predicate())];
        causes(&testing::evaluate(&policy, &evidence, &fixtures, &facts(&binary()), at(NOW)))
    };
    assert_eq!(evaluate("dist/app"), []);
    assert_eq!(evaluate("dist/other")[2].2, "other-resource");
}

/// Evidence that could not be looked at is not known to be missing; a summary of it is enough all the same.
#[test]
fn unavailable_evidence_is_what_summaries_are_for() {
    let policy = parse(POLICY).unwrap();
    let root = TrustedRoot::parse(root("one").as_bytes(), &Default::default()).unwrap();
    let unavailable = || {
        chainsign_policy::Candidate::unavailable(Origin::new("https://example.com"), "no answer")
    };
    let evidence = policy.plan(Some(&root)).evidence([unavailable()]);
    let of = |fixtures: &[Fixture]| {
        testing::evaluate(&policy, &evidence, fixtures, &facts(&binary()), at(NOW))
    };
    assert_eq!(of(&[summary(&predicate())]).outcome(), Outcome::Pass);
    let verdict = of(&[]);
    let rule = verdict.report().rule("acceptSummaries.gate").unwrap();
    assert_eq!((rule.outcome, rule.reason.as_str()), (Outcome::Error, "evidence-unavailable"));
}

#[test]
fn what_does_not_load() {
    let check = |from: &str, to: &str, wanted: &str| {
        assert!(POLICY.contains(from), "{from}");
        let error = parse(&POLICY.replacen(from, to, 1)).map(drop).unwrap_err().to_string();
        (!error.contains(wanted)).then(|| format!("{to}: {error}"))
    };
    let in_place = "inPlaceOf: [signatures, attestations.provenance]";
    let end = "inPlaceOf: [signatures, attestations.provenance]\n";
    let rule = format!(
        "{end}rules: [{{id: r, cel: \"att.provenance.predicate.x == 'y'\", message: m}}]\n"
    );
    let with = |go: &str| format!("{end}{go}\n");
    let wrong: Vec<String> = [
        check(in_place, "inPlaceOf: [attestations.sbom]", "\"attestations.sbom\" is not evidence of this policy"),
        check(in_place, "inPlaceOf: [provenance]", "\"provenance\" is not evidence of this policy, wanted one of signatures, attestations.provenance"),
        check(in_place, "inPlaceOf: [signatures, signatures]", "found signatures twice"),
        check(in_place, "inPlaceOf: []", "found an empty list"),
        check("    inPlaceOf: [signatures, attestations.provenance]\n", "", "the key \"inPlaceOf\" is missing"),
        check("    levels: [SLSA_BUILD_LEVEL_2, ACME_SCANNED]\n", "", "the key \"levels\" is missing"),
        check("levels: [SLSA_BUILD_LEVEL_2, ACME_SCANNED]", "levels: FAILED", "not a verified level: found \"FAILED\""),
        check("levels: [SLSA_BUILD_LEVEL_2, ACME_SCANNED]", "levels: SLSA_BUILD_3x", "not a verified level"),
        check("verifier: https://gate.acme.example", "verifier: gate", "verifier.id is not an absolute URI: found \"gate\""),
        check("verifier: https://gate.acme.example", "verifier: {pattern: '.*'}", "string"),
        check("resourceUri: https://dl.acme.example/app", "resourceUri: {pattern: 'https://.*'}", "which also matches https://any-host.invalid/any"),
        check("by: gate", "by: nobody", "\"nobody\" is not an authority of this policy"),
        check(end, &rule, "which a rule in `rules` compares with something else"),
        check(end, &with("go: {commit: {equals: provenance}}"), "which go.commit compares with something else"),
        check(end, &with("go: {parameters: {of: provenance, settings: {GOOS: {external: goos}}}}"), "which go.parameters compares"),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn it_is_explained() {
    let policy = parse(POLICY).unwrap();
    let explained = policy.explain();
    let ids: Vec<_> = explained.iter().map(|it| it.id.clone()).collect();
    assert_eq!(ids, policy.rule_ids());
    let text = &explained.iter().find(|it| it.id.as_str() == "acceptSummaries.gate").unwrap().text;
    let wanted = format!(
        "Where signatures or attestations.provenance is not met, a summary stands in for it that gate signed \
         for the verifier https://gate.acme.example, and in which it verified by the policy sha256:{} that the \
         artifact is the resource that is https://dl.acme.example/app and has SLSA_BUILD_LEVEL_2 and \
         ACME_SCANNED, at most 7d ago.",
        "4".repeat(64)
    );
    assert_eq!(*text, wanted);
    assert_eq!(policy.lints(at(NOW)), []);
}

/// One piece of evidence: of every kind, good or wrong in one of several ways.
fn piece(kind: u8, fault: u8, index: usize) -> Fixture {
    let signer = |repository: &str, branch: &str| match fault {
        1 => identity(workflow("evil/app", branch)),
        _ => identity(workflow(repository, branch)),
    };
    let origin = format!("{index} {kind} {fault}");
    let (signer, statement) = match kind {
        0 => (signer("acme/app", "refs/tags/v1.4.2"), None),
        1 => {
            let builder = if fault == 2 { "go@v1" } else { "go@v2" };
            let json = provenance_json(COMMIT).replace("go@v2", builder);
            (signer("acme/builders", "refs/heads/main"), Some(("slsaprovenance1", json)))
        }
        _ => {
            let mut predicate = predicate();
            match fault {
                2 => predicate["verificationResult"] = json!("FAILED"),
                3 => predicate["resourceUri"] = json!("https://dl.acme.example/other"),
                _ => {}
            }
            (signer("acme/gate", "refs/heads/main"), Some(("vsa", predicate.to_string())))
        }
    };
    let statement = statement.map(|(kind, json)| crate::common::statement(&binary(), kind, &json));
    fixture(&origin, signer, &binary(), statement)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// attestation/spec/v1 README, "monotonic principle".
    #[test]
    fn removing_evidence_never_turns_a_failure_into_a_pass(
        pieces in prop::collection::vec((0..3_u8, 0..4_u8, any::<bool>()), 0..7),
    ) {
        let of = |all: bool| {
            let pieces = pieces.iter().enumerate().filter(|(_, (_, _, kept))| all || *kept);
            let fixtures: Vec<_> = pieces.map(|(index, (kind, fault, _))| piece(*kind, *fault, index)).collect();
            evaluate(POLICY, &fixtures).outcome()
        };
        if of(false) == Outcome::Pass {
            prop_assert_eq!(of(true), Outcome::Pass);
        }
    }
}
