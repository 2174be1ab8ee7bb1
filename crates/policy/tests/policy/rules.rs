//! Rules in CEL.

use chainsign_core::identity::SubjectAlternativeName;
use chainsign_policy::testing::Fixture;
use chainsign_policy::{LoadError, Outcome};

use crate::common::*;

const FAIL: Outcome = Outcome::Fail;
const ERROR: Outcome = Outcome::Error;

/// The baseline with rules across attestations.
fn across(rules: &[(&str, &str)]) -> String {
    let rule = |(id, cel): &(&str, &str)| {
        format!("  - {{id: {id}, cel: {}, message: wanted}}\n", serde_json::to_string(cel).unwrap())
    };
    let rules: String = rules.iter().map(rule).collect();
    changed("deny:\n", &format!("rules:\n{rules}deny:\n"))
}

/// The baseline with one rule over the SBOM.
fn of_sbom(cel: &str) -> String {
    let cel = serde_json::to_string(cel).unwrap();
    let rules = format!(
        "sbom: {{minComponents: 4}}\n    rules: [{{id: own, cel: {cel}, message: wanted}}]"
    );
    changed("sbom: {minComponents: 4}", &rules)
}

#[track_caller]
fn check(release: &Release, yaml: &str, wanted: &[(&str, Outcome, &str)]) {
    let found = causes(&release.against(yaml));
    let wanted: Vec<_> =
        wanted.iter().map(|(id, outcome, reason)| ((*id).to_owned(), *outcome, *reason)).collect();
    assert_eq!(found, wanted);
}

#[test]
fn an_attestations_own_rules_look_at_its_predicate() {
    let release = Release::good();
    let fail: &[_] = &[("attestations.sbom.rules.own", FAIL, "expression-false")];
    let error: &[_] = &[("attestations.sbom.rules.own", ERROR, "expression-error")];
    check(&release, &of_sbom("predicate.bomFormat == 'CycloneDX'"), &[]);
    check(&release, &of_sbom("predicate.bomFormat == 'SPDX'"), fail);
    check(&release, &of_sbom("predicate.bomFromat == 'SPDX'"), error);
    check(&release, &of_sbom("predicate.bomFormat"), error);
    check(&release, &of_sbom("!has(predicate.nope)"), &[]);
    let golang = "nonEmpty(predicate.components) && \
                  predicate.components.all(c, c.purl.startsWith('pkg:golang/'))";
    check(&release, &of_sbom(golang), &[]);
    let verdict = release.against(&of_sbom("predicate.bomFormat == 'SPDX'"));
    let rule = verdict.report().rule("attestations.sbom.rules.own").unwrap();
    assert_eq!(rule.message, "wanted: the expression is false");
    assert_eq!(rule.evidence, ["predicate.bomFormat == 'SPDX'"]);
}

#[test]
fn rules_across_attestations_join_them_with_the_binary() {
    let release = Release::good();
    let good = [
        (
            "run",
            "att.provenance.predicate.runDetails.metadata.invocationId.matches('^https://github.com/acme/app/actions/runs/[0-9]+$')",
        ),
        ("signer", "att.sbom.signer.startsWith('scanner@acme.example ')"),
        ("time", "att.provenance.signedAt <= att.sbom.signedAt && att.sbom.signedAt < now"),
        ("go", "go.version == '1.26.8' && go.settings['GOOS'] == 'linux' && go.static"),
        (
            "same",
            "nonEmpty(go.modules) && go.modules.all(m, att.sbom.predicate.components.exists(c, c.purl.contains(m.path)))",
        ),
    ];
    check(&release, &across(&good), &[]);
    check(
        &release,
        &across(&[("a", "att.sbom.predicate.version == 2")]),
        &[("rules.a", FAIL, "expression-false")],
    );
    check(
        &release,
        &across(&[("a", "att.sbom.predicate.nope == 2")]),
        &[("rules.a", ERROR, "expression-error")],
    );
    check(
        &release,
        &across(&[("a", "go.settings['-ldflags'] == ''")]),
        &[("rules.a", ERROR, "expression-error")],
    );
}

/// A rule must not be met by the absence of what it looks at.
#[test]
fn a_rule_without_its_evidence_is_not_met() {
    let yaml = across(&[("a", "att.sbom.predicate.version == 1"), ("b", "1 == 1")]);
    let mut release = Release::good();
    release.fixtures.pop();
    let verdict = release.against(&yaml);
    let rule = verdict.report().rule("rules.a").unwrap();
    assert_eq!((rule.outcome, rule.reason.as_str()), (Outcome::Fail, "evidence-missing"));
    assert_eq!(rule.because.as_ref().map(|id| id.as_str()), Some("attestations.sbom"));
    // Nor by evidence that was not accepted.
    let mut release = Release::good();
    release.fixtures[3] = sbom(&release.binary, &sbom_json(&MODULES[1..]));
    let verdict = release.against(&yaml);
    let rule = verdict.report().rule("rules.a").unwrap();
    assert_eq!(rule.outcome, Outcome::Fail);
    assert_eq!(
        rule.because.as_ref().map(|id| id.as_str()),
        Some("attestations.sbom.minComponents")
    );
}

/// With `select: any` one combination of evidence is enough; with the others all must do.
#[test]
fn combinations_follow_select() {
    let binary = Release::good().binary;
    let with_version = |origin: &str, version: u32| -> Fixture {
        let json = sbom_json(MODULES).replace("\"version\":1", &format!("\"version\":{version}"));
        let signer = identity(SubjectAlternativeName::Email("scanner@acme.example".to_owned()));
        let statement = statement(&binary, "cyclonedx", &json);
        fixture(origin, signer, &binary, Some(statement))
    };
    let with = |versions: &[u32]| {
        let mut release = Release::good();
        release.fixtures.pop();
        let sboms = versions.iter().map(|it| with_version(&format!("{it}.json"), *it));
        release.fixtures.extend(sboms);
        release
    };
    let yaml = across(&[("a", "att.sbom.predicate.version == 2")]);
    let fail: &[_] = &[("rules.a", FAIL, "expression-false")];
    check(&with(&[1, 2, 3]), &yaml, &[]);
    check(&with(&[1, 3]), &yaml, fail);
    let all = yaml.replace("select: any", "select: all");
    check(&with(&[1, 2]), &all, fail);
    check(&with(&[2]), &all, &[]);
    // A combination that gives no answer is worse than one that says no.
    let yaml = across(&[("a", "1 / (att.sbom.predicate.version - 1) == 5")]);
    check(&with(&[1, 3]), &yaml, &[("rules.a", ERROR, "expression-error")]);
}

#[track_caller]
fn refused(yaml: &str, wanted: &str) {
    match parse(yaml) {
        Err(LoadError::Expression { reason, .. }) => {
            assert!(reason.contains(wanted), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_could_pass_by_mistake_does_not_load() {
    let one = |cel: &str| across(&[("a", cel)]);
    refused(&one("has(att.sbom)"), "the absence of an attestation must not be asked for");
    refused(&one("has(att.sbom.predicate)"), "wanted one of predicate, signer, signedAt");
    refused(&one("size(att) > 0"), "found `att` by itself");
    refused(&one("'sbom' in att"), "found `att` by itself");
    refused(&one("att['sbom'].predicate.x == 1"), "found `att` by itself");
    refused(&one("att.sbom == att.provenance"), "by itself");
    refused(
        &one("att.sbim.predicate.x == 1"),
        "unknown attestation \"sbim\", wanted one of provenance, sbom",
    );
    refused(&one("att.sbom.statement.x == 1"), "wanted one of predicate, signer, signedAt");
    refused(&one("predicate.x == 1"), "unknown name \"predicate\"");
    refused(&of_sbom("att.sbom.predicate.x == 1"), "unknown name \"att\"");
    refused(&of_sbom("go.version == '1'"), "unknown name \"go\"");
    let without_go = across(&[("a", "go.static")]);
    let start = without_go.find("\ngo:\n").unwrap();
    let end = without_go.find("\nrules:\n").unwrap();
    let without_go = format!("{}{}", &without_go[..start], &without_go[end..]);
    let without_go =
        without_go.replace("rules: [go.minVersion, signatures]", "rules: [signatures]");
    refused(&without_go, "unknown name \"go\"");
    let twice = parse(&across(&[("a", "true"), ("a", "true")])).unwrap_err();
    assert!(matches!(&twice, LoadError::DuplicateKey { key, .. } if key == "a"), "{twice:?}");
}

#[test]
fn a_rule_can_be_excepted_by_its_id() {
    let artifact = Release::good().digests().iter().next().unwrap().to_string();
    let yaml = across(&[("a", "1 == 2")]).replace(&format!("sha256:{}", "1".repeat(64)), &artifact);
    let excepted = yaml.replace("[go.minVersion, signatures]", "[rules.a]");
    check(&Release::good(), &yaml, &[("rules.a", FAIL, "expression-false")]);
    check(&Release::good(), &excepted, &[]);
}
