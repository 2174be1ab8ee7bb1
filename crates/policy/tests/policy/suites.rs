//! Test files of policies.

use std::io;
use std::sync::Arc;

use chainsign_artifact::ArtifactFacts;
use chainsign_gosbom::Depth;
use chainsign_policy::testing::{
    CaseArtifact, CaseOutcome, FieldChange, MutationResult, SignedDocument, Suite, SuiteFiles,
};
use chainsign_policy::{LoadError, PolicyFiles};

use crate::common::*;

/// The files beside a test file: the baseline policy below `policy/`, and what its release says.
struct Files;

impl PolicyFiles for Files {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        Ok(match path {
            "policy/baseline.yaml" => BASELINE.as_bytes().to_vec(),
            "policy/broken.yaml" => BASELINE.replace("signatures:", "signature:").into_bytes(),
            "policy/scoped.yaml" => scoped().into_bytes(),
            "policy/workloads.yaml" => scoped()
                .replace("match: {", "match: {kubernetes: {namespaces: {include: [shop]}, kinds: Pod, labels: {a: b}}, ")
                .into_bytes(),
            "provenance.json" => provenance_json(COMMIT).into_bytes(),
            "sbom.json" => sbom_json(MODULES).into_bytes(),
            "text.json" => b"no JSON".to_vec(),
            other => return file(other.strip_prefix("policy/").unwrap_or("")),
        })
    }
}

impl SuiteFiles for Files {
    fn documents(&self, path: &str) -> io::Result<Vec<SignedDocument>> {
        Err(io::Error::new(io::ErrorKind::NotFound, format!("{path} is not there")))
    }

    fn facts(
        &self,
        artifact: &CaseArtifact,
        documents: &[SignedDocument],
        depth: Depth,
    ) -> io::Result<Arc<ArtifactFacts>> {
        assert!(documents.is_empty());
        assert_eq!(depth, Depth::BuildInfo);
        match artifact.path.as_str() {
            "app" if !artifact.alterations.is_empty() => {
                let [(from, to)] = artifact.alterations.as_slice() else { panic!() };
                Ok(Arc::new(facts(&elf::Elf::changed(from, to))))
            }
            "app" => Ok(Arc::new(facts(&elf::Elf::default().build()))),
            "dirty" => {
                Ok(Arc::new(facts(&elf::Elf::changed("vcs.modified=false", "vcs.modified=true"))))
            }
            other => Err(io::Error::new(io::ErrorKind::NotFound, format!("{other} is not there"))),
        }
    }
}

fn scoped() -> String {
    "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {name: scoped}\n\
     match: {images: {include: ['ghcr.io/acme/{service}']}}\n\
     authorities: {a: {keyless: {issuer: 'https://i.example', subject: 'https://i.example/acme/{service}/x'}}}\n\
     signatures: {require: a}\n"
        .to_owned()
}

const HEAD: &str = "apiVersion: chainsign.dev/v1\nkind: PolicyTest\nat: 2026-11-21T12:00:00Z\n";

const GOOD: &str = "
policy: policy/baseline.yaml
cases:
  - name: good
    artifact: app
    evidence:
      signature: {signature: {by: release, signedAt: 2026-11-21T11:00:00Z}}
      offline: {signature: {by: offline, signedAt: 2026-11-21T11:00:00Z}}
      provenance:
        attestation: {by: builder, type: slsaprovenance1, predicate: provenance.json, signedAt: 2026-11-21T11:00:00Z}
      sbom:
        attestation: {by: scanner, type: cyclonedx, predicate: sbom.json, signedAt: 2026-11-21T11:00:00Z}
    expect: pass
";

fn suite(yaml: &str) -> String {
    format!("{HEAD}{}", yaml.trim_start())
}

#[track_caller]
fn load(yaml: &str) -> Suite<'static> {
    Suite::load(yaml.as_bytes(), &Files).unwrap_or_else(|error| panic!("{error}"))
}

/// How the cases came out: `ok`, the differences, or why one was not run.
#[track_caller]
fn outcomes(cases: &str) -> Vec<(String, String)> {
    let run = load(&suite(&format!("{GOOD}{cases}"))).run();
    let of = |outcome: &CaseOutcome| match outcome {
        CaseOutcome::AsExpected(_) => "ok".to_owned(),
        CaseOutcome::Otherwise(_, differences) => differences.join("; "),
        CaseOutcome::NotRun(error) => error.to_string(),
        _ => "?".to_owned(),
    };
    run.results().iter().skip(1).map(|it| (it.name.clone(), of(&it.outcome))).collect()
}

#[track_caller]
fn check(cases: &str, wanted: &[(&str, &str)]) {
    let wanted: Vec<_> =
        wanted.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    assert_eq!(outcomes(cases), wanted);
}

#[test]
fn cases_come_out_as_they_say() {
    check(
        "
  - name: wrong-ref
    from: good
    change:
      provenance:
        set:
          /buildDefinition/externalParameters/workflow/ref: refs/heads/main
          /buildDefinition/resolvedDependencies/0/uri: git+https://github.com/acme/app@refs/heads/main
    expect: {fail: [attestations.provenance.source.ref]}
  - name: unknown-parameter
    from: good
    change:
      provenance: {add: {/buildDefinition/externalParameters/debug: true}}
    expect: {fail: [attestations.provenance.externalParameters]}
  - name: hidden-module
    from: good
    change: {sbom: {remove: [/components/3]}}
    expect: {fail: [attestations.sbom.minComponents, go.modules]}
  - name: no-sbom
    from: good
    without: [sbom]
    expect: {fail: [attestations.sbom]}
  - name: by-somebody-else
    from: good
    evidence:
      sbom:
        attestation:
          by: {issuer: 'https://token.actions.githubusercontent.com', subject: eve@evil.example, root: public}
          type: cyclonedx
          predicate: sbom.json
    expect: {fail: [attestations.sbom]}
  - name: dirty
    from: good
    artifact: dirty
    expect: {fail: [go.settings.vcs.modified]}
  - name: with-cgo
    from: good
    alter: {CGO_ENABLED=0: CGO_ENABLED=1}
    expect: {fail: [go.settings.CGO_ENABLED]}
  - name: not-logged
    from: good
    evidence: {offline: {signature: {by: offline, lacks: [log]}}}
    expect: {fail: [signatures]}
  - name: expired
    from: good
    at: 2027-07-01T00:00:00Z
    expect:
      error: [policy.expires, attestations.provenance.maxAge, attestations.sbom.maxAge]
",
        &[
            ("wrong-ref", "ok"),
            ("unknown-parameter", "ok"),
            ("hidden-module", "ok"),
            ("no-sbom", "ok"),
            ("by-somebody-else", "ok"),
            ("dirty", "ok"),
            ("with-cgo", "ok"),
            ("not-logged", "ok"),
            ("expired", "ok"),
        ],
    );
}

/// Every case is run, whatever becomes of the others.
#[test]
fn what_comes_out_otherwise_is_told_for_every_case() {
    check(
        "
  - {name: passes, from: good, expect: {fail: [signatures]}}
  - {name: fails, from: good, without: [sbom], expect: pass}
  - {name: other-rule, from: good, without: [sbom], expect: {fail: [signatures]}}
  - {name: no-artifact, from: good, artifact: none, expect: pass}
  - {name: nothing-there, from: good, change: {sbom: {set: {/nothing: 1}}}, expect: pass}
  - {name: real, from: good, evidence: {real: {bundle: app.json}}, expect: pass}
  - {name: nobody, from: good, evidence: {x: {signature: {by: eve}}}, expect: pass}
  - {name: no-json, from: good, evidence: {x: {attestation: {by: release, type: vuln, predicate: text.json}}}, expect: pass}
  - {name: last, from: good, expect: pass}
",
        &[
            ("passes", "found pass, wanted fail; signatures is expected as a cause, and is none"),
            (
                "fails",
                "found fail, wanted pass; fail of attestations.sbom, which is not expected: found \
                 attestations of type https://slsa.dev/provenance/v1, wanted https://spdx.dev/Document or \
                 https://cyclonedx.org/bom",
            ),
            (
                "other-rule",
                "fail of attestations.sbom, which is not expected: found attestations of type \
                 https://slsa.dev/provenance/v1, wanted https://spdx.dev/Document or \
                 https://cyclonedx.org/bom; signatures is \
                 expected as a cause, and is none",
            ),
            ("no-artifact", "line 20, column 47: cannot read \"none\": none is not there"),
            ("nothing-there", "line 21, column 54: the predicate has nothing at \"/nothing\""),
            ("real", "line 22, column 56: cannot read \"app.json\": app.json is not there"),
            (
                "nobody",
                "line 23, column 63: \"eve\" is not an authority of this policy, wanted one of builder, \
                 nobody, offline, release, scanner",
            ),
            (
                "no-json",
                "line 24, column 98: \"text.json\" is not a predicate in JSON: predicate is not valid: \
                 expected ident (line 1, column 2)",
            ),
            ("last", "ok"),
        ],
    );
}

#[test]
fn a_rule_that_the_policy_does_not_have_is_told() {
    let found = outcomes("\n  - {name: x, from: good, expect: {fail: [signature]}}\n");
    let wanted = "line 17, column 43: \"signature\" is not a rule of this policy, wanted one of \
                  policy.expires, deny.digests,";
    assert!(found[0].1.starts_with(wanted), "{found:?}");
}

#[test]
fn captures_and_targets() {
    let run = load(&suite(
        "
policy: policy/scoped.yaml
cases:
  - name: about-it
    artifact: app
    target: {image: 'ghcr.io/acme/cart:v1'}
    evidence: {signature: {signature: {by: a}}}
    expect: pass
  - name: of-another-service
    from: about-it
    evidence: {signature: {signature: {by: {issuer: 'https://i.example', subject: 'https://i.example/acme/pay/x'}}}}
    expect: {fail: [signatures]}
  - name: about-others
    from: about-it
    target: {image: ghcr.io/other/cart}
    expect: notMatched
",
    ))
    .run();
    assert!(run.as_expected(), "{:#?}", run.results());
}

#[test]
fn workloads_are_targets() {
    let run = load(&suite(
        "
policy: policy/workloads.yaml
cases:
  - name: about-it
    artifact: app
    target: {workload: {image: ghcr.io/acme/cart, namespace: shop, kind: Pod, labels: {a: b}}}
    evidence: {signature: {signature: {by: a}}}
    expect: pass
  - name: elsewhere
    from: about-it
    target: {workload: {image: ghcr.io/acme/cart, namespace: test, kind: Pod, labels: {a: b}}}
    expect: notMatched
  - name: without-its-label
    from: about-it
    target: {workload: {image: ghcr.io/acme/cart, namespace: shop, kind: Pod}}
    expect: notMatched
  - name: run-by-nobody
    from: about-it
    target: {image: ghcr.io/acme/cart}
    expect: notMatched
",
    ))
    .run();
    assert!(run.as_expected(), "{:#?}", run.results());
}

#[test]
fn what_is_wrong_with_a_test_file_is_told() {
    let text = |yaml: &str| {
        Suite::load(suite(yaml).as_bytes(), &Files).err().map(|error| error.to_string())
    };
    let good = "policy: policy/baseline.yaml\n";
    for (yaml, wanted) in [
        (
            format!("{good}cases: []\n"),
            "the test file has no case, wanted at least one under `cases`",
        ),
        (
            format!(
                "{good}cases: [{{name: a, artifact: app, expect: pass}}, {{name: a, artifact: app, expect: pass}}]\n"
            ),
            "line 5, column 49: the key \"a\" is there twice",
        ),
        (
            format!("{good}cases: [{{name: a, expect: pass}}]\n"),
            "line 5, column 9: the key \"artifact\" is missing",
        ),
        (
            format!("{good}cases: [{{name: a, from: b, expect: pass}}]\n"),
            "line 5, column 25: found \"b\", wanted the name of an earlier case",
        ),
        (
            format!("{good}cases: [{{name: a, artifact: app, expect: passes}}]\n"),
            "line 5, column 42: unknown value \"passes\", wanted one of pass, notMatched, fail, error",
        ),
        (
            format!(
                "{good}cases: [{{name: a, artifact: app, change: {{x: {{}}}}, expect: pass}}]\n"
            ),
            "line 5, column 46: found \"x\", wanted the name of evidence of this case",
        ),
        (
            format!(
                "{good}cases: [{{name: a, artifact: app, alter: {{abc: de}}, expect: pass}}]\n"
            ),
            "line 5, column 9: found 2 bytes for \"abc\", wanted 3, and at least one",
        ),
        (
            "policy: policy/broken.yaml\ncases: []\n".to_owned(),
            "in policy/broken.yaml: line 41, column 1: unknown key \"signature\", wanted one of apiVersion, \
             kind, metadata, mode, match, trust, authorities, transparency, signed, signatures, \
             attestations, acceptSummaries, go, image, rules, deny, exceptions",
        ),
        (
            "policy: none.yaml\ncases: []\n".to_owned(),
            "line 4, column 9: cannot read \"none.yaml\": no such file",
        ),
    ] {
        assert_eq!(text(&yaml).as_deref(), Some(wanted), "{yaml}");
    }
    let other = Suite::load(BASELINE.as_bytes(), &Files).err();
    let found = "Policy".to_owned();
    assert_eq!(other, Some(LoadError::OtherDocument { key: "kind", found, wanted: "PolicyTest" }));
}

/// The fields that no case of these notices, and a few that are noticed and by what.
#[test]
fn untested_fields_are_found() {
    let run = load(&suite(&format!(
        "{GOOD}
  - {{name: unsigned, from: good, without: [signature], expect: {{fail: [signatures]}}}}
  - {{name: old, from: good, at: 2026-11-29T12:00:00Z, expect: {{fail: [attestations.sbom.maxAge]}}}}
"
    )))
    .run();
    assert!(run.as_expected());
    let mutations = run.mutations();
    let untested: Vec<_> = mutations
        .iter()
        .filter(|it| it.is_untested() && it.change == FieldChange::WrongValue)
        .map(|it| it.field.as_str())
        .collect();
    // What the policy has and these cases do not need, and what only a case that fails would show.
    assert_eq!(
        untested,
        [
            "authorities.offline.key.log",
            "authorities.nobody.key.root",
            "signatures.require.all[1].any[0]",
            "signatures.require.all[2].atLeast.of[2]",
            "attestations.provenance.select",
            "attestations.provenance.slsa.level",
            "attestations.provenance.slsa.externalParameters.unknown",
            "attestations.sbom.predicateType[0]",
            "attestations.sbom.by[0]",
            "attestations.sbom.select",
            "deny.logEntries[0].logId",
            "exceptions[0].rules[0]",
            "exceptions[0].rules[1]",
            "exceptions[0].expires",
        ]
    );
    // One word that the place takes, a name that nothing else fits, or a level that others bound.
    let no_wrong_value: Vec<_> = mutations
        .iter()
        .filter(|it| it.result == MutationResult::NoWrongValue)
        .map(|it| it.field.as_str())
        .collect();
    assert_eq!(
        no_wrong_value,
        [
            "attestations.provenance.slsa.builders[0].level",
            "go.when",
            "go.replace",
            "go.static",
            "go.modules.equal",
            "go.commit.equals",
        ]
    );
    let found = |field: &str, change: FieldChange| {
        let found = mutations.iter().find(|it| it.field == field && it.change == change);
        match found.map(|it| &it.result) {
            Some(MutationResult::Noticed { value, case, difference }) => {
                let value = value.as_deref().unwrap_or("-");
                format!("{value} {case}: {difference}")
            }
            Some(MutationResult::Refused { error }) => error.to_string(),
            other => format!("{other:?}"),
        }
    };
    let wrong = |field: &str| found(field, FieldChange::WrongValue);
    let found = [
        wrong("go.settings.GOOS"),
        wrong("deny.digests[0]"),
        wrong("authorities.release.keyless.subject.pattern"),
        wrong("authorities.scanner.keyless.issuer"),
        wrong("attestations.provenance.slsa.source.commit"),
        wrong("trust.roots.public.sha256"),
        // The rule is gone: the case that is to fail passes. No case fails for want of a commit.
        found("attestations.sbom.maxAge", FieldChange::TakenOut),
        found("go.commit", FieldChange::TakenOut),
    ];
    let artifact = digests(&elf::Elf::default().build()).iter().next().unwrap().to_string();
    let one = root_digest("one");
    let wanted = [
        "wrong good: fail of go.settings.GOOS (value-mismatch)".to_owned(),
        format!("{artifact} good: fail of deny.digests (digest-denied)"),
        r"https://nobody\.invalid/nobody/nothing/.* good: fail of signatures (too-few-signers)"
            .to_owned(),
        format!("{ISSUER}-wrong good: fail of attestations.sbom (other-identity)"),
        format!(
            "{COMMIT}-wrong good: fail of attestations.provenance.source.commit (value-mismatch)"
        ),
        format!("line 1, column 199: \"root.json\" has {one}, wanted sha256:{}", "f".repeat(64)),
        "- old: found pass, wanted fail".to_owned(),
        "Some(Unnoticed { tried: [] })".to_owned(),
    ];
    assert_eq!(found, wanted);
}
