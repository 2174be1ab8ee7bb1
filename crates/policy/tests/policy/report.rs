//! What people read. Each snapshot is one situation; the difference of a change is to be read.

use std::fmt::Write as _;

use chainsign_core::identity::SubjectAlternativeName;
use chainsign_policy::testing::TestVerdict;
use chainsign_policy::{Candidate, Origin};

use crate::common::elf::Elf;
use crate::common::*;

/// The report as text: every rule, with what it found, wanted and hints at.
fn shown(verdict: &TestVerdict) -> String {
    let report = verdict.report();
    let mut text = String::new();
    let version = report.policy.version.map_or(String::new(), |version| format!(" {version}"));
    writeln!(
        text,
        "{}: {}{version} at {}",
        verdict.outcome(),
        report.policy.name,
        report.evaluated_at
    )
    .unwrap();
    for section in &report.sections {
        writeln!(text, "{} {}", section.outcome(), section.id).unwrap();
        for rule in &section.rules {
            let because = rule.because.as_ref().map_or(String::new(), |id| format!(" <- {id}"));
            writeln!(text, "  {} {} ({}){because}", rule.outcome, rule.id, rule.reason).unwrap();
            if because.is_empty() {
                writeln!(text, "      {}", rule.message).unwrap();
                for line in &rule.evidence {
                    writeln!(text, "      - {line}").unwrap();
                }
                if let (Some(found), Some(wanted)) = (&rule.found, &rule.wanted) {
                    writeln!(text, "      found: {found}\n      wanted: {wanted}").unwrap();
                }
                if let Some(hint) = &rule.hint {
                    writeln!(text, "      hint: {hint}").unwrap();
                }
            }
        }
    }
    for evidence in &report.evidence {
        writeln!(text, "evidence {}: {}", evidence.origin, evidence.signer).unwrap();
    }
    for refused in &report.refused {
        writeln!(text, "refused {}: {}", refused.origin, refused.message).unwrap();
    }
    for exception in &report.exceptions {
        writeln!(text, "exception {}: {:?}", exception.id, exception.state).unwrap();
    }
    text
}

/// Only what failed, for situations where the rest is as in the first snapshot.
fn violations(verdict: &TestVerdict) -> String {
    let all = shown(verdict);
    let mut kept = String::new();
    let mut keep = false;
    for line in all.lines() {
        if line.starts_with("  ") && !line.starts_with("   ") {
            keep = line.starts_with("  fail") || line.starts_with("  error");
        } else if !line.starts_with(' ') {
            keep = false;
        }
        if keep {
            writeln!(kept, "{line}").unwrap();
        }
    }
    kept
}

fn with(binary: Vec<u8>) -> Release {
    Release {
        fixtures: vec![
            signature(&binary),
            key_signature(&binary),
            provenance(&binary, &provenance_json(COMMIT)),
            sbom(&binary, &sbom_json(MODULES)),
        ],
        binary,
        now: at(NOW),
    }
}

#[test]
fn an_allow_lists_the_evidence() {
    insta::assert_snapshot!(shown(&Release::good().against(BASELINE)));
}

#[test]
fn unsigned() {
    let release = Release { fixtures: Vec::new(), ..Release::good() };
    insta::assert_snapshot!(violations(&release.against(BASELINE)));
}

#[test]
fn evidence_unreachable() {
    let policy = parse(BASELINE).unwrap();
    let release = Release { fixtures: Vec::new(), ..Release::good() };
    let unavailable = Candidate::unavailable(Origin::new("ghcr.io"), "connection refused");
    let evidence = policy.plan(None).evidence([unavailable]);
    insta::assert_snapshot!(violations(&release.evaluate_with(&policy, &evidence)));
}

#[test]
fn other_identity() {
    let mut release = Release::good();
    let subject = workflow("evil/app", "refs/tags/v1.4.2");
    release.fixtures[0] = fixture("app.sigstore.json", identity(subject), &release.binary, None);
    let yaml = changed(
        "    all:\n      - release\n      - any: [nobody, offline]\n      - atLeast: {count: 2, of: [release, offline, nobody]}",
        "    release",
    );
    insta::assert_snapshot!(violations(&release.against(&yaml)));
}

#[test]
fn too_few_signers() {
    let mut release = Release::good();
    release.fixtures.remove(0);
    insta::assert_snapshot!(violations(&release.against(BASELINE)));
}

#[test]
fn wrong_ref_and_other_repository() {
    let mut release = Release::good();
    let json = provenance_json(COMMIT)
        .replace("refs/tags/v1.4.2", "refs/heads/main")
        .replace("github.com/acme/app", "github.com/evil/app");
    release.fixtures[2] = provenance(&release.binary, &json);
    insta::assert_snapshot!(violations(&release.against(BASELINE)));
}

#[test]
fn other_builder_and_unknown_parameter() {
    let mut release = Release::good();
    let json = provenance_json(COMMIT)
        .replace("acme/builders/go@v2", "evil/builders/go@v2")
        .replace("\"level\":", "\"debug\":\"on\",\"level\":");
    release.fixtures[2] = provenance(&release.binary, &json);
    insta::assert_snapshot!(violations(&release.against(BASELINE)));
}

#[test]
fn unreadable_provenance_and_sbom() {
    let mut release = Release::good();
    release.fixtures[2] = provenance(&release.binary, r#"{"buildDefinition":[]}"#);
    release.fixtures[3] = sbom(&release.binary, r#"{"bomFormat":"CycloneDX","components":7}"#);
    insta::assert_snapshot!(violations(&release.against(BASELINE)));
}

#[test]
fn level_too_low() {
    let yaml = changed(
        "signer: builder, level: 3}\n",
        "signer: builder, level: 1}\n        - {id: x, signer: builder, level: 3}\n",
    );
    insta::assert_snapshot!(violations(&Release::good().against(&yaml)));
}

#[test]
fn missing_sbom() {
    let mut release = Release::good();
    release.fixtures.pop();
    insta::assert_snapshot!(violations(&release.against(BASELINE)));
}

#[test]
fn modules_differ() {
    let mut release = Release::good();
    let modules = [
        ("pkg:golang/example.com/acme/app@v1.4.2", ""),
        ("pkg:golang/stdlib@1.26.7", ""),
        ("pkg:golang/rsc.io/quote@v1.5.2", "h1:AAAAysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y="),
        ("pkg:golang/rsc.io/extra@v1.0.0", ""),
    ];
    release.fixtures[3] = sbom(&release.binary, &sbom_json(&modules));
    insta::assert_snapshot!(violations(&release.against(BASELINE)));
}

#[test]
fn other_commit() {
    let revision = "vcs.revision=0000000000c9fa4928704dbc89884a8a0000ca9f";
    let binary = Elf::changed(&format!("vcs.revision={COMMIT}"), revision);
    insta::assert_snapshot!(violations(&with(binary).against(BASELINE)));
}

#[test]
fn dirty_unstamped_dynamic_replaced() {
    let mut elf = Elf { interpreter: Some("/lib64/ld-linux-x86-64.so.2"), ..Elf::default() };
    elf.modules = elf
        .modules
        .replace("vcs.modified=false", "vcs.modified=true")
        .replace("build\tvcs=git\n", "")
        .replace(&format!("build\tvcs.revision={COMMIT}\n"), "")
        .replace(
            "dep\trsc.io/sampler\tv1.3.0\t",
            "dep\trsc.io/sampler\tv1.3.0\n=>\texample.com/fork\tv1.3.1\t",
        );
    insta::assert_snapshot!(violations(&with(elf.build()).against(BASELINE)));
}

#[test]
fn not_go() {
    let yaml = changed("  when: goBinary\n", "");
    insta::assert_snapshot!(violations(&with(b"#!/bin/sh\n".to_vec()).against(&yaml)));
}

#[test]
fn too_old_and_expired() {
    let mut release = Release::good();
    release.now = at("2027-07-01T00:00:00Z");
    insta::assert_snapshot!(violations(&release.against(BASELINE)));
}

#[test]
fn denied() {
    let artifact = Release::good().digests().iter().next().unwrap().to_string();
    let zero = format!("'sha256:{}'", "0".repeat(64));
    let yaml = BASELINE.replacen(&zero, &format!("'{artifact}'"), 1);
    insta::assert_snapshot!(violations(&Release::good().against(&yaml)));
}

#[test]
fn an_email_where_a_workflow_is_wanted() {
    let mut release = Release::good();
    let subject = SubjectAlternativeName::Email("alice@acme.example".to_owned());
    let json = provenance_json(COMMIT);
    let statement = statement(&release.binary, "slsaprovenance1", &json);
    release.fixtures[2] =
        fixture("provenance.json", identity(subject), &release.binary, Some(statement));
    insta::assert_snapshot!(violations(&release.against(BASELINE)));
}
