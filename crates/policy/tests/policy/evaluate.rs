//! What evaluations say.

use chainsign_core::identity::SubjectAlternativeName;
use chainsign_core::material::LogId;
use chainsign_policy::testing::{Fixture, FixtureSigner};
use chainsign_policy::verdict::{ExceptionState, Outcome};
use chainsign_policy::{Candidate, Origin};

use crate::common::elf::Elf;
use crate::common::*;

const FAIL: Outcome = Outcome::Fail;
const ERROR: Outcome = Outcome::Error;

#[track_caller]
fn check(release: &Release, yaml: &str, wanted: &[(&str, Outcome, &str)]) {
    let found = causes(&release.against(yaml));
    let wanted: Vec<_> =
        wanted.iter().map(|(id, outcome, reason)| ((*id).to_owned(), *outcome, *reason)).collect();
    assert_eq!(found, wanted);
}

/// A policy with one authority for each of three repositories, and this tree of them.
fn signed_by(tree: &str) -> String {
    let authority = |name: &str| {
        format!(
            "  {name}: {{keyless: {{issuer: '{ISSUER}', subject: {{pattern: 'https://github\\.com/acme/{name}/.*'}}}}}}\n"
        )
    };
    let authorities: String = ["a", "b", "c"].into_iter().map(authority).collect();
    format!(
        "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: x}}\n\
         trust: {{roots: {{r: {{file: root.json}}}}}}\nauthorities:\n{authorities}  \
         ab: {{keyless: {{issuer: '{ISSUER}', subject: {{pattern: 'https://github\\.com/acme/(a|b)/.*'}}}}}}\n\
         signatures: {{require: {tree}}}\n"
    )
}

/// A release signed by workflows of these repositories at these refs.
fn signed(signers: &[(&str, &str)]) -> Release {
    let binary = Elf::default().build();
    let one = |(repository, reference): &(&str, &str)| {
        let origin = format!("{repository}@{reference}");
        let signer = identity(workflow(&format!("acme/{repository}"), reference));
        fixture(&origin, signer, &binary, None)
    };
    let fixtures = signers.iter().map(one).collect();
    Release { binary, fixtures, now: at(NOW) }
}

#[test]
fn the_baseline_passes() {
    let verdict = Release::good().against(BASELINE);
    assert_eq!(causes(&verdict), []);
    assert_eq!(verdict.outcome(), Outcome::Pass);
}

/// cli/cli#10418 (GHSA-fgw4-v983-mgp8): a filter that left nothing was a success.
/// chainloop-dev/chainloop#3397: never verified was a success.
#[test]
fn no_evidence_is_a_failure_of_every_rule_that_needs_some() {
    let release = Release { fixtures: Vec::new(), ..Release::good() };
    check(
        &release,
        BASELINE,
        &[
            ("signatures", FAIL, "no-signature"),
            ("attestations.provenance", FAIL, "no-attestation"),
            ("attestations.sbom", FAIL, "no-attestation"),
        ],
    );
    let verdict = release.against(BASELINE);
    let rule = verdict.report().rule("go.modules").unwrap();
    assert_eq!(rule.outcome, Outcome::Fail);
    assert_eq!(rule.because.as_ref().map(|id| id.as_str()), Some("attestations.sbom"));
    let rule = verdict.report().rule("attestations.provenance.source.ref").unwrap();
    assert_eq!((rule.outcome, rule.reason.as_str()), (Outcome::Fail, "evidence-missing"));
}

/// GHSA-vjxv-45g9-9296 (CVE-2022-35929), GHSA-739f-hw6h-7wq8: any attestation was taken for the
/// wanted type.
#[test]
fn an_attestation_of_another_type_is_none_of_this_type() {
    let mut release = Release::good();
    release.fixtures.remove(2);
    check(&release, BASELINE, &[("attestations.provenance", FAIL, "other-predicate-type")]);
    let rule = release.against(BASELINE);
    let rule = rule.report().rule("attestations.provenance").unwrap();
    assert_eq!(
        rule.message,
        "found attestations of type https://cyclonedx.org/bom, wanted https://slsa.dev/provenance/v1"
    );
}

#[test]
fn every_written_rule_is_evaluated_whatever_the_evidence() {
    let policy = parse(BASELINE).unwrap();
    let ids = policy.rule_ids();
    let not_go = Release { binary: b"#!/bin/sh\n".to_vec(), ..Release::good() };
    for release in [Release::good(), Release { fixtures: Vec::new(), ..Release::good() }, not_go] {
        let verdict = release.evaluate(&policy);
        let found: Vec<_> = verdict.report().rules().map(|rule| rule.id.clone()).collect();
        assert_eq!(found, ids);
    }
}

#[test]
fn go_rules_are_skipped_only_when_the_policy_says_so() {
    let with = |binary: &[u8]| Release {
        binary: binary.to_vec(),
        fixtures: vec![
            signature(binary),
            key_signature(binary),
            provenance(binary, &provenance_json(COMMIT)),
            sbom(binary, &sbom_json(MODULES)),
        ],
        now: at(NOW),
    };
    let script = with(b"#!/bin/sh\n");
    check(&script, BASELINE, &[]);
    let verdict = script.against(BASELINE);
    let rule = verdict.report().rule("go.modules").unwrap();
    assert_eq!((rule.outcome, rule.reason.as_str()), (Outcome::Skipped, "condition-not-met"));
    let always = changed("  when: goBinary\n", "");
    check(&script, &always, &[("go.binary", FAIL, "not-go")]);
    let verdict = script.against(&always);
    let rule = verdict.report().rule("go.static").unwrap();
    assert_eq!((rule.outcome, rule.reason.as_str()), (Outcome::Fail, "evidence-missing"));
    // What cannot be told is not skipped: packed, and hidden from the reader.
    let mut packed = Elf { modules: String::new(), ..Elf::default() }.build();
    let blob = packed.windows(14).position(|it| it == b"\xff Go buildinf:".as_slice()).unwrap();
    packed[blob..blob + 14].fill(0);
    packed.extend(b"UPX!");
    check(&with(&packed), BASELINE, &[("go.binary", ERROR, "build-info-unreadable")]);
}

#[test]
fn trees_of_signers() {
    let (a, b, c) = (("a", "refs/tags/v1"), ("b", "refs/tags/v1"), ("c", "refs/tags/v1"));
    let too_few: &[_] = &[("signatures", FAIL, "too-few-signers")];
    let other: &[_] = &[("signatures", FAIL, "other-identity")];
    check(&signed(&[a]), &signed_by("a"), &[]);
    check(&signed(&[b]), &signed_by("a"), other);
    check(&signed(&[a, b]), &signed_by("{all: [a, b]}"), &[]);
    check(&signed(&[a]), &signed_by("{all: [a, b]}"), too_few);
    check(&signed(&[c]), &signed_by("{any: [a, {all: [b, c]}]}"), too_few);
    check(&signed(&[b, c]), &signed_by("{any: [a, {all: [b, c]}]}"), &[]);
    check(&signed(&[c]), &signed_by("{any: [a, b]}"), other);
    let two = signed_by("{atLeast: {count: 2, of: [a, b, c, ab]}}");
    check(&signed(&[a, b]), &two, &[]);
    check(&signed(&[a]), &two, too_few);
    // One signer, met by two authorities, counts once; so do two refs of one workflow,
    // and two commits.
    check(&signed(&[a, ("a", "refs/tags/v2")]), &two, too_few);
    check(&signed(&[a, ("a", COMMIT)]), &two, too_few);
    // One authority, met by two signers, counts once.
    let two = signed_by("{atLeast: {count: 2, of: [ab, c]}}");
    check(&signed(&[a, b]), &two, too_few);
    check(&signed(&[b, c]), &two, &[]);
}

#[test]
fn a_signed_list_counts_where_the_policy_says_so() {
    let mut release = Release::good();
    release.fixtures[0] = signature(&release.binary).via_checksums("checksums.txt", "dist/app");
    let via = changed("signatures:\n", "signatures:\n  via: checksums\n");
    check(&release, &via, &[]);
    let verdict = release.against(&via);
    let listed = verdict.report().evidence.iter().find_map(|it| it.via.as_deref());
    assert_eq!(listed, Some("checksums.txt, which lists dist/app"));
    let lines = &verdict.report().rule("signatures").unwrap().evidence;
    let line = "app.sigstore.json (signature over checksums.txt, which lists dist/app)";
    assert!(lines.iter().any(|it| it.contains(line)), "{lines:?}");

    check(&release, BASELINE, &[("signatures", FAIL, "too-few-signers")]);
    let only = "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {name: x}\n\
        trust: {roots: {public: {file: root.json}}}\n\
        authorities: {a: {keyless: {issuer: 'https://token.actions.githubusercontent.com', subject: \
        'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.4.2'}}}\n\
        signatures: {require: a}\n";
    release.fixtures.truncate(1);
    check(&release, only, &[("signatures", FAIL, "no-signature")]);
    let hint = release.against(only).report().rule("signatures").unwrap().hint.clone();
    assert!(hint.is_some_and(|hint| hint.contains("signatures.via: checksums")));
}

#[test]
fn patterns_are_for_one_kind_of_subject() {
    let release = |subject| {
        let mut release = Release::good();
        let sbom_of = statement(&release.binary, "cyclonedx", &sbom_json(MODULES));
        release.fixtures.pop();
        release.fixtures.push(fixture("sbom", identity(subject), &release.binary, Some(sbom_of)));
        release
    };
    let text = "https://evil.example/x@acme.example";
    check(&release(SubjectAlternativeName::Email("x@acme.example".to_owned())), BASELINE, &[]);
    let refused: &[_] = &[("attestations.sbom", FAIL, "other-identity")];
    check(&release(SubjectAlternativeName::Uri(text.to_owned())), BASELINE, refused);
    check(&release(SubjectAlternativeName::OtherName(text.to_owned())), BASELINE, refused);
}

#[test]
fn a_key_shows_what_its_authority_demands() {
    let key_only = |fixture: Fixture| {
        let mut release = Release::good();
        release.fixtures[1] = fixture;
        release
    };
    let binary = Release::good().binary;
    let yaml = changed("  require:\n    all:\n", "  require: offline\nx:\n");
    let yaml = yaml.split("\nx:\n").next().unwrap();
    let rest = &BASELINE[BASELINE.find("attestations:").unwrap()..];
    let yaml = format!("{yaml}\n{rest}");
    let good = || key_signature(&binary);
    check(&key_only(good()), &yaml, &[]);
    let with = |fixture| key_only(fixture);
    let refused = |reason| [("signatures", FAIL, reason)];
    check(&with(good().with_log_entries([])), &yaml, &refused("too-little-proof"));
    check(&with(good().with_times([])), &yaml, &refused("key-not-valid"));
    check(&with(good().with_times([at("2025-12-31T23:59:59Z")])), &yaml, &refused("key-not-valid"));
    // Every proven time counts, not the earliest or the best.
    let two = [at("2026-05-01T00:00:00Z"), at("2027-01-01T00:00:00Z")];
    check(&with(good().with_times(two)), &yaml, &refused("key-not-valid"));
    check(&with(good().under_root(root_digest("two"))), &yaml, &refused("other-root"));
    let other = FixtureSigner::Key(other_key());
    let other = fixture("other", other, &binary, None).under_root(root_digest("one"));
    check(&with(other), &yaml, &refused("other-key"));
    // Nothing of that is demanded of the other key.
    let mut release = with(fixture("other", FixtureSigner::Key(other_key()), &binary, None));
    let last = release.fixtures.remove(1).with_times([]).with_log_entries([]);
    release.fixtures.push(last);
    check(&release, &yaml.replace("require: offline", "require: nobody"), &[]);
}

/// A verifier that was told to demand less than the policy must not get more out of it.
#[test]
fn an_identity_shows_what_its_instance_promises() {
    let with = |change: fn(Fixture) -> Fixture| {
        let mut release = Release::good();
        let sbom = release.fixtures.pop().unwrap();
        release.fixtures.push(change(sbom));
        release
    };
    let refused: &[_] = &[("attestations.sbom", FAIL, "too-little-proof")];
    check(&with(|it| it.with_log_entries([])), BASELINE, refused);
    check(&with(|it| it.with_times([])), BASELINE, refused);
    let github = changed("instance: sigstore", "instance: github");
    let yaml = github.replace("maxAge: 30d", "maxAge: 31d");
    let all_stamped = |mut release: Release| {
        release.fixtures = release
            .fixtures
            .into_iter()
            .map(|it| it.with_times([at("2026-11-21T11:00:00Z")]))
            .collect();
        release
    };
    check(&all_stamped(Release::good()), &yaml, &[]);
    check(&all_stamped(with(|it| it.with_log_entries([]))), &yaml, &[]);
}

#[test]
fn which_of_several_attestations_counts() {
    let older = at("2026-11-19T00:00:00Z");
    let binary = Release::good().binary;
    let good = || sbom(&binary, &sbom_json(MODULES));
    let bad = || {
        let identity = identity(SubjectAlternativeName::Email("scanner@acme.example".to_owned()));
        let statement = statement(&binary, "cyclonedx", &sbom_json(&MODULES[..3]));
        fixture("bad.json", identity, &binary, Some(statement))
    };
    let with = |sboms: Vec<Fixture>| {
        let mut release = Release::good();
        release.fixtures.pop();
        release.fixtures.extend(sboms);
        release
    };
    let select = |select: &str| changed("select: any", &format!("select: {select}"));
    let both: &[_] = &[
        ("attestations.sbom.minComponents", FAIL, "too-few-components"),
        ("go.modules", FAIL, "modules-differ"),
    ];
    let old = |fixture: Fixture| fixture.with_times([older]);
    for yaml in [select("any"), select("newest"), select("all")] {
        check(&with(vec![good()]), &yaml, &[]);
        check(&with(vec![bad()]), &yaml, both);
    }
    check(&with(vec![old(good()), bad()]), &select("any"), &[]);
    check(&with(vec![good(), old(bad())]), &select("any"), &[]);
    check(&with(vec![old(good()), bad()]), &select("newest"), both);
    check(&with(vec![good(), old(bad())]), &select("newest"), &[]);
    check(&with(vec![good(), bad()]), &select("newest"), both);
    check(&with(vec![old(good()), bad()]), &select("all"), both);
    check(&with(vec![good(), old(bad())]), &select("all"), both);
    check(&with(vec![good(), old(good())]), &select("all"), &[]);
    // Anybody can have an old signature timestamped anew: the earliest time counts.
    let renewed = good().with_times([at("2026-11-01T00:00:00Z"), at("2026-11-21T11:00:00Z")]);
    check(&with(vec![renewed]), &select("any"), &[("attestations.sbom.maxAge", FAIL, "too-old")]);
}

#[test]
fn levels_come_from_the_policy_only() {
    let too_low: &[_] = &[("attestations.provenance.level", FAIL, "level-too-low")];
    let yaml = changed(
        "signer: builder, level: 3}\n",
        "signer: builder, level: 1}\n        - {id: 'https://github.com/acme/builders/go@v3', signer: builder, level: 3}\n",
    );
    check(&Release::good(), &yaml, too_low);
    check(&Release::good(), &yaml.replace("level: 1}", "level: 2}"), too_low);
    let without = yaml.replace(", level: 1}", "}");
    check(&Release::good(), &without, too_low);
    check(&Release::good(), &without.replace("      level: 3\n", "      level: 1\n"), &[]);
}

/// Signer and builder are a pair: an authority must not speak for another's builder.
#[test]
fn a_builder_is_named_by_its_signer() {
    let yaml = changed("by: builder", "by: [builder, scanner]");
    let mut release = Release::good();
    let scanner = identity(SubjectAlternativeName::Email("scanner@acme.example".to_owned()));
    let forged = statement(&release.binary, "slsaprovenance1", &provenance_json(COMMIT));
    release.fixtures[2] = fixture("forged.json", scanner, &release.binary, Some(forged));
    check(
        &release,
        &yaml,
        &[
            ("attestations.provenance.builder", FAIL, "builder-not-trusted"),
            ("attestations.provenance.level", FAIL, "builder-not-trusted"),
        ],
    );
}

#[test]
fn unknown_parameters_pass_only_where_that_is_called_dangerous() {
    let mut release = Release::good();
    let json = provenance_json(COMMIT).replace("\"level\":", "\"debug\":\"on\",\"level\":");
    release.fixtures[2] = provenance(&release.binary, &json);
    check(
        &release,
        BASELINE,
        &[("attestations.provenance.externalParameters", FAIL, "unknown-parameter")],
    );
    let verdict = release.against(BASELINE);
    let rule = verdict.report().rule("attestations.provenance.externalParameters").unwrap();
    assert_eq!(rule.evidence, ["/debug = on"]);
    check(&release, &changed("unknown: deny", "unknown: dangerousAllow"), &[]);
    check(&release, &changed("allow: [note]", "allow: [note, /debug]"), &[]);
}

#[test]
fn an_sbom_that_covers_may_list_more() {
    let mut modules = MODULES.to_vec();
    modules.push(("pkg:golang/rsc.io/extra@v1.0.0", ""));
    let mut release = Release::good();
    release.fixtures[3] = sbom(&release.binary, &sbom_json(&modules));
    check(&release, BASELINE, &[("go.modules", FAIL, "modules-differ")]);
    let covers = changed("modules: {equal: sbom}", "modules: {covers: sbom}");
    check(&release, &covers, &[]);
    release.fixtures[3] = sbom(&release.binary, &sbom_json(&modules[1..]));
    check(&release, &covers, &[("go.modules", FAIL, "modules-differ")]);
}

#[test]
fn the_commit_is_joined_in_the_documented_order() {
    let revision = format!("build\tvcs=git\nbuild\tvcs.revision={COMMIT}\n");
    let with = |binary: Vec<u8>| Release {
        fixtures: vec![
            signature(&binary),
            key_signature(&binary),
            provenance(&binary, &provenance_json(COMMIT)),
            sbom(&binary, &sbom_json(&MODULES[1..])),
        ],
        binary,
        now: at(NOW),
    };
    #[track_caller]
    fn commit(release: &Release, outcome: Outcome, reason: &str, message: &str) {
        let verdict = release.against(BASELINE);
        let rule = verdict.report().rule("go.commit").unwrap();
        assert_eq!(
            (rule.outcome, rule.reason.as_str(), rule.message.as_str()),
            (outcome, reason, message)
        );
    }
    let main = "mod\texample.com/acme/app\tv1.4.2\t\n";
    let stamped = |version: &str, sum: &str| {
        let mut elf = Elf::default();
        let module = format!("mod\texample.com/acme/app\t{version}\t{sum}\n");
        elf.modules = elf.modules.replace(&revision, "").replace(main, &module);
        with(elf.build())
    };
    commit(
        &Release::good(),
        Outcome::Pass,
        "satisfied",
        &format!("provenance and binary name {COMMIT}, by vcs.revision"),
    );
    commit(
        &stamped("v1.4.3-0.20261120100000-99617f4070c9", ""),
        Outcome::Pass,
        "satisfied",
        &format!("provenance and binary name {COMMIT}, by the main module's pseudo-version"),
    );
    commit(
        &stamped("v1.4.3-0.20261120100000-000000000000", ""),
        Outcome::Fail,
        "commit-differs",
        &format!(
            "the provenance names the commit {COMMIT}, the binary 000000000000… by the main module's pseudo-version"
        ),
    );
    let sum = "h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=";
    commit(
        &stamped("v1.4.2", sum),
        Outcome::Pass,
        "satisfied",
        &format!(
            "provenance and binary name v1.4.2, by the main module's version v1.4.2 with its sum {sum}"
        ),
    );
    commit(
        &stamped("v1.4.1", sum),
        Outcome::Fail,
        "commit-differs",
        &format!(
            "the provenance names the tag v1.4.2, the binary the main module's version v1.4.1 with its sum {sum}"
        ),
    );
    commit(
        &stamped("v1.4.2", ""),
        Outcome::Fail,
        "not-stamped",
        "the binary names no commit: it has no stamp",
    );
}

#[test]
fn modes_change_the_decision_and_nothing_else() {
    let mut release = Release::good();
    release.fixtures.pop();
    let enforced = release.against(BASELINE);
    for mode in ["warn", "audit"] {
        let verdict = release.against(&changed("mode: enforce", &format!("mode: {mode}")));
        assert_eq!(verdict.report().policy.mode.as_str(), mode);
        assert_eq!(verdict.report().sections, enforced.report().sections);
    }
}

#[test]
fn exceptions_silence_what_they_name() {
    let old = Elf { go_version: "go1.24.9", ..Elf::default() }.build();
    let modules: Vec<_> = MODULES
        .iter()
        .map(|(purl, sum)| {
            (if purl.contains("stdlib") { "pkg:golang/stdlib@1.24.9" } else { purl }, *sum)
        })
        .collect();
    let release = Release {
        fixtures: vec![
            signature(&old),
            key_signature(&old),
            provenance(&old, &provenance_json(COMMIT)),
            sbom(&old, &sbom_json(&modules)),
        ],
        binary: old,
        now: at(NOW),
    };
    let failure: &[_] = &[("go.minVersion", FAIL, "go-version-too-old")];
    check(&release, BASELINE, failure);
    let artifact = release.digests().iter().next().unwrap().to_string();
    let other = format!("sha256:{}", "1".repeat(64));
    let excepted = changed(&other, &artifact);
    check(&release, &excepted, &[]);
    let verdict = release.against(&excepted);
    let rule = verdict.report().rule("go.minVersion").unwrap();
    assert_eq!((rule.outcome, rule.effective()), (Outcome::Fail, Outcome::Pass));
    assert_eq!(rule.exception.as_deref(), Some("EX-1"));
    let state = |yaml: &str| release.against(yaml).report().exceptions[0].state.clone();
    assert!(
        matches!(state(&excepted), ExceptionState::Used(rules) if rules[0].as_str() == "go.minVersion")
    );
    assert_eq!(state(BASELINE), ExceptionState::OtherArtifact);
    // Another rule, and one whose name only begins like it.
    check(&release, &excepted.replace("[go.minVersion, signatures]", "[go.replace]"), failure);
    // A whole section.
    check(&release, &excepted.replace("[go.minVersion, signatures]", "[go]"), &[]);
    // kyverno#17473: expiry was enforced in one place of several.
    let expired =
        excepted.replace("    expires: 2026-12-31T00:00:00Z", "    expires: 2026-11-21T12:00:00Z");
    check(&release, &expired, failure);
    assert_eq!(state(&expired), ExceptionState::Expired);
    let unneeded = excepted.replace("[go.minVersion, signatures]", "[go.replace]");
    assert_eq!(state(&unneeded), ExceptionState::NotNeeded);
}

/// An exception for one rule must not make a candidate win that fails another.
#[test]
fn exceptions_are_counted_when_a_candidate_is_chosen() {
    let mut release = Release::good();
    let scanner = || identity(SubjectAlternativeName::Email("scanner@acme.example".to_owned()));
    let sbom_of = |json: String| Some(statement(&release.binary, "cyclonedx", &json));
    let few = fixture("a", scanner(), &release.binary, sbom_of(sbom_json(&MODULES[1..])));
    let old = fixture("b", scanner(), &release.binary, sbom_of(sbom_json(MODULES)))
        .with_times([at("2026-01-01T00:00:00Z")]);
    release.fixtures.pop();
    release.fixtures.extend([few, old]);
    let artifact = release.digests().iter().next().unwrap().to_string();
    let yaml = changed(&format!("sha256:{}", "1".repeat(64)), &artifact);
    let yaml = yaml.replace("[go.minVersion, signatures]", "[attestations.sbom.maxAge]");
    check(&release, &yaml, &[]);
}

#[test]
fn evidence_about_another_artifact_does_not_count() {
    let mut release = Release::good();
    release.binary = Elf::changed("v1.4.2\t\n", "v1.4.3\t\n");
    check(
        &release,
        BASELINE,
        &[
            ("signatures", FAIL, "no-signature"),
            ("attestations.provenance", FAIL, "no-attestation"),
            ("attestations.sbom", FAIL, "no-attestation"),
        ],
    );
}

#[test]
fn what_cannot_be_fetched_is_an_error_not_an_absence() {
    let policy = parse(BASELINE).unwrap();
    let mut release = Release::good();
    release.fixtures.pop();
    let unavailable = Candidate::unavailable(Origin::new("registry"), "connection refused");
    let verdict = release.evaluate_with(&policy, &policy.plan(None).evidence([unavailable]));
    assert_eq!(causes(&verdict), [("attestations.sbom".to_owned(), ERROR, "evidence-unavailable")]);
    assert_eq!(verdict.outcome(), Outcome::Error);
}

#[test]
fn what_was_refused_explains_what_is_missing() {
    let policy = parse(BASELINE).unwrap();
    let mut release = Release::good();
    release.fixtures.pop();
    let error = chainsign_core::Error::Missing { document: "bundle", what: "signature" };
    let refused = Candidate::malformed(Origin::new("sbom.json"), &error);
    // An SBOM by somebody else says more than a document that cannot be read.
    let verdict = release.evaluate_with(&policy, &policy.plan(None).evidence([refused]));
    assert_eq!(causes(&verdict), [("attestations.sbom".to_owned(), FAIL, "evidence-refused")]);
    let rule = verdict.report().rule("attestations.sbom").unwrap();
    assert_eq!(
        rule.message,
        "an attestation of type https://spdx.dev/Document or https://cyclonedx.org/bom by nobody or \
         scanner was not found: sbom.json was refused (format): bundle has no signature"
    );
}

#[test]
fn an_authority_without_a_root_cannot_be_decided() {
    let yaml = "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {name: x}\n\
        authorities: {a: {keyless: {issuer: 'https://i', subject: x}}}\nsignatures: {require: a}\n";
    check(&Release::good(), yaml, &[("signatures", ERROR, "no-trusted-root")]);
}

#[test]
fn a_denied_log_entry_is_that_entry_of_that_log() {
    let mut release = Release::good();
    let sbom = release.fixtures.pop().unwrap();
    let entries = [(LogId([7; 32]), 5), (LogId([8; 32]), 6)];
    release.fixtures.push(sbom.with_log_entries(entries));
    let yaml = |id: u8, index: u64| {
        let denied = format!("logId: '{}', index: {index}}}", format!("{id:02x}").repeat(32));
        let zero = "0".repeat(64);
        changed(&format!("logId: '{zero}', index: 1}}"), &denied)
    };
    check(&release, &yaml(7, 6), &[]);
    check(&release, &yaml(8, 6), &[("attestations.sbom", FAIL, "evidence-denied")]);
}

#[test]
fn transparency_is_demanded_of_every_signature() {
    let with = |rules: &str| {
        changed("signatures:\n", &format!("transparency: {{{rules}}}\nsignatures:\n"))
    };
    let every: &[_] = &[
        ("signatures", FAIL, "too-little-proof"),
        ("attestations.provenance", FAIL, "too-little-proof"),
        ("attestations.sbom", FAIL, "too-little-proof"),
    ];
    let zero = "0".repeat(64);
    check(&Release::good(), &with(&format!("logs: ['{zero}']")), &[]);
    check(&Release::good(), &with(&format!("logs: ['{}']", "1".repeat(64))), every);
    check(&Release::good(), &with("minLogs: 1"), &[]);
    check(&Release::good(), &with("minLogs: 2"), every);
    check(&Release::good(), &with("inclusionProof: require"), &[]);
    check(&Release::good(), &with("timestamp: require"), every);
    let all = |change: fn(Fixture) -> Fixture| {
        let mut release = Release::good();
        release.fixtures = release.fixtures.into_iter().map(change).collect();
        release
    };
    let promised = all(Fixture::without_inclusion_proofs);
    check(&promised, BASELINE, &[]);
    check(&promised, &with("inclusionProof: require"), every);
    // GHSA-9vcr-p3rj-q5q6: entries were counted, not logs.
    let twice = all(|it| it.with_log_entries([(LogId([0; 32]), 3), (LogId([0; 32]), 2)]));
    check(&twice, &with("minLogs: 2"), every);
    let two = all(|it| it.with_log_entries([(LogId([0; 32]), 2), (LogId([9; 32]), 2)]));
    check(&two, &with("minLogs: 2"), &[]);
    check(&two, &with(&format!("minLogs: 2, logs: ['{zero}']")), every);
    check(&all(|it| it.with_times([at("2026-11-21T11:00:00Z")])), &with("timestamp: require"), &[]);
}

#[test]
fn old_signatures_can_be_made_unusable() {
    let with =
        |rules: &str| changed("signatures:\n", &format!("signed: {{{rules}}}\nsignatures:\n"));
    let every: &[_] = &[
        ("signatures", FAIL, "too-old"),
        ("attestations.provenance", FAIL, "too-old"),
        ("attestations.sbom", FAIL, "too-old"),
    ];
    check(&Release::good(), &with("notBefore: 2026-11-21T11:00:00Z"), &[]);
    check(&Release::good(), &with("notBefore: 2026-11-21T11:00:01Z"), every);
    check(&Release::good(), &with("within: 1h"), &[]);
    check(&Release::good(), &with("within: 59m"), every);
}

/// The baseline with other SBOM rules, on an SBOM with these components.
#[track_caller]
fn check_sbom(rules: &str, components: serde_json::Value, wanted: &[(&str, Outcome, &str)]) {
    let yaml = changed("sbom: {minComponents: 4}", &format!("sbom: {{{rules}}}"));
    let mut release = Release::good();
    let mut json: serde_json::Value = serde_json::from_str(&sbom_json(MODULES)).unwrap();
    json["components"].as_array_mut().unwrap().extend(components.as_array().unwrap().clone());
    let artifact = release.digests().iter().next().unwrap().hex();
    json["metadata"]["component"] = serde_json::json!({
        "name": "app", "hashes": [{"alg": "SHA-256", "content": artifact}],
    });
    release.fixtures[3] = sbom(&release.binary, &json.to_string());
    check(&release, &yaml, wanted);
}

#[test]
fn forbidden_packages_are_found_by_name_and_version() {
    let component = |purl: &str| serde_json::json!([{"name": "x", "purl": purl}]);
    let forbid = "forbid: [{purl: 'pkg:npm/evil', versions: '<1.4.2', reason: GHSA-x}]";
    let found: &[_] = &[("attestations.sbom.forbid", FAIL, "forbidden")];
    let unknown: &[_] = &[("attestations.sbom.forbid", ERROR, "not-knowable")];
    check_sbom(forbid, component("pkg:npm/evil@1.4.2"), &[]);
    check_sbom(forbid, component("pkg:npm/evil@1.4.1"), found);
    check_sbom(forbid, component("pkg:npm/evil@1.4.2-rc.1"), found);
    check_sbom(forbid, component("pkg:npm/EVIL@1.4.1?x=y#z"), found);
    check_sbom(forbid, component("pkg:npm/other@1.4.1"), &[]);
    check_sbom(forbid, component("pkg:pypi/evil@1.4.1"), &[]);
    // What cannot be compared might be forbidden.
    check_sbom(forbid, component("pkg:npm/evil"), unknown);
    check_sbom(forbid, component("pkg:npm/evil@latest"), unknown);
    check_sbom(
        forbid,
        component("npm/evil@1"),
        &[("attestations.sbom.forbid", ERROR, "not-knowable"), ("go.modules", FAIL, "unreadable")],
    );
    let every = "forbid: [{purl: 'pkg:golang/rsc.io/quote', reason: gone}]";
    check_sbom(every, serde_json::json!([]), found);
}

#[test]
fn licences_are_read_as_expressions() {
    let component =
        |licences: serde_json::Value| serde_json::json!([{"name": "x", "licenses": licences}]);
    let rules = "licences: {allow: [MIT, Apache-2.0], missing: allow}";
    let refused: &[_] = &[("attestations.sbom.licences", FAIL, "licence-not-allowed")];
    check_sbom(rules, component(serde_json::json!([{"license": {"id": "MIT"}}])), &[]);
    check_sbom(rules, component(serde_json::json!([{"license": {"id": "GPL-3.0-only"}}])), refused);
    check_sbom(rules, component(serde_json::json!([{"expression": "GPL-3.0-only OR MIT"}])), &[]);
    check_sbom(
        rules,
        component(serde_json::json!([{"expression": "GPL-3.0-only AND MIT"}])),
        refused,
    );
    let both = serde_json::json!([{"license": {"id": "MIT"}}, {"license": {"name": "Ours"}}]);
    check_sbom(rules, component(both), refused);
    // Components of the good SBOM state none.
    check_sbom(
        "licences: {allow: [MIT], missing: deny}",
        serde_json::json!([]),
        &[("attestations.sbom.licences", FAIL, "value-missing")],
    );
    check_sbom(
        "licences: {allow: [MIT]}",
        serde_json::json!([]),
        &[("attestations.sbom.licences", FAIL, "value-missing")],
    );
}

#[test]
fn an_sbom_has_an_age_of_its_own() {
    let yaml = changed("sbom: {minComponents: 4}", "sbom: {createdWithin: 7d}");
    let made = |json: &str| {
        let mut release = Release::good();
        let json = sbom_json(MODULES).replacen('{', &format!("{{{json}"), 1);
        release.fixtures[3] = sbom(&release.binary, &json);
        release
    };
    let at = |time: &str| made(&format!(r#""metadata":{{"timestamp":"{time}"}},"#));
    let rule = |reason| [("attestations.sbom.createdWithin", FAIL, reason)];
    check(&at("2026-11-14T12:00:00Z"), &yaml, &[]);
    check(&at("2026-11-14T11:59:59Z"), &yaml, &rule("too-old"));
    check(&at("2026-11-22T00:00:00Z"), &yaml, &rule("value-mismatch"));
    check(&at("yesterday"), &yaml, &rule("value-missing"));
    check(&made(""), &yaml, &rule("value-missing"));
    // SPDX says it elsewhere.
    let spdx = changed("predicateType: [spdxjson, cyclonedx]", "predicateType: [spdxjson]")
        .replace("sbom: {minComponents: 4}", "sbom: {createdWithin: 7d}")
        .replace("  modules: {equal: sbom}\n", "");
    let mut release = Release::good();
    let json = r#"{"spdxVersion":"SPDX-2.3","creationInfo":{"created":"2026-11-01T00:00:00Z"},
        "packages":[{"SPDXID":"a","name":"a"}]}"#;
    let statement = statement(&release.binary, "spdxjson", json);
    let scanner = identity(SubjectAlternativeName::Email("scanner@acme.example".to_owned()));
    release.fixtures[3] = fixture("sbom", scanner, &release.binary, Some(statement));
    check(&release, &spdx, &rule("too-old"));
}

/// "Attested equals actual" for the parameters of a build: what the provenance says was asked for is
/// what Go recorded.
#[test]
fn parameters_of_the_build_are_those_that_go_recorded() {
    let built = |external: &str, internal: &str| {
        let mut json: serde_json::Value = serde_json::from_str(&provenance_json(COMMIT)).unwrap();
        let definition = &mut json["buildDefinition"];
        definition["externalParameters"]["note"] = serde_json::from_str(external).unwrap();
        definition["internalParameters"] = serde_json::from_str(internal).unwrap();
        let mut release = Release::good();
        release.fixtures[2] = provenance(&release.binary, &json.to_string());
        release
    };
    let yaml = changed(
        "replace: deny",
        "parameters: {of: provenance, settings: {GOOS: {external: /note/goos}, \
         '-trimpath': {external: /note/trim}, CGO_ENABLED: {internal: cgo}, \
         '-tags': {internal: tags}}}",
    );
    let good = r#"{"goos":"linux","trim":true}"#;
    check(&built(good, r#"{"cgo":0,"tags":""}"#), &yaml, &[]);
    for (external, internal, wanted) in [
        (
            r#"{"goos":"darwin","trim":true}"#,
            r#"{"cgo":0,"tags":""}"#,
            ("go.parameters.GOOS", FAIL, "value-mismatch"),
        ),
        (
            r#"{"goos":"linux","trim":false}"#,
            r#"{"cgo":0,"tags":""}"#,
            ("go.parameters.-trimpath", FAIL, "value-mismatch"),
        ),
        (
            r#"{"goos":"linux"}"#,
            r#"{"cgo":0,"tags":""}"#,
            ("go.parameters.-trimpath", FAIL, "value-missing"),
        ),
        (good, r#"{"cgo":1,"tags":""}"#, ("go.parameters.CGO_ENABLED", FAIL, "value-mismatch")),
        (good, r#"{"cgo":0,"tags":"netgo"}"#, ("go.parameters.-tags", FAIL, "value-mismatch")),
        (good, r#"{"cgo":0}"#, ("go.parameters.-tags", FAIL, "value-missing")),
    ] {
        check(&built(external, internal), &yaml, &[wanted]);
    }
    let mut release = built(good, r#"{"cgo":0,"tags":""}"#);
    release.fixtures.remove(2);
    let verdict = release.against(&yaml);
    let rule = verdict.report().rule("go.parameters.GOOS").unwrap();
    assert_eq!((rule.outcome, rule.because.is_some()), (FAIL, true));
}

#[test]
fn glass_is_broken_for_a_day_at_most() {
    let mut release = Release::good();
    release.fixtures.pop();
    let artifact = release.digests().iter().next().unwrap().to_string();
    let of = |from: &str, expires: &str| {
        changed(&format!("sha256:{}", "1".repeat(64)), &artifact)
            .replace("rules: [go.minVersion, signatures]", "rules: [attestations.sbom, go.modules]")
            .replace("    expires: 2026-12-31T00:00:00Z", &format!("    expires: {expires}"))
            .replace(
                "    dangerousWaive",
                &format!("    breakGlass: {{from: {from}}}\n    dangerousWaive"),
            )
    };
    let missing: &[_] = &[("attestations.sbom", FAIL, "other-predicate-type")];
    let (before, after) = ("2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z");
    check(&release, &of(before, after), &[]);
    let report = release.against(&of(before, after));
    assert_eq!(report.report().exceptions[0].break_glass, Some(at(before)));
    check(&release, &of("2026-11-21T12:00:01Z", after), missing);
    let state = release.against(&of("2026-11-21T12:00:01Z", after));
    assert_eq!(state.report().exceptions[0].state, ExceptionState::NotYet);
    check(&release, &of("2026-11-20T12:00:00Z", before), missing);
    let lints = parse(&of(before, after)).unwrap().lints(at(NOW));
    let lints: Vec<_> = lints.iter().map(ToString::to_string).collect();
    let lint = "the exception EX-1 is for an emergency, until 2026-11-22T12:00:00Z".to_owned();
    assert!(lints.contains(&lint), "{lints:?}");
}

#[test]
fn an_sbom_describes_the_artifact_itself() {
    check_sbom("describes: artifact", serde_json::json!([]), &[]);
    let yaml = changed("sbom: {minComponents: 4}", "sbom: {describes: artifact}");
    let described = |hash: &str| {
        let mut release = Release::good();
        let metadata = format!(r#"{{"metadata":{{"component":{{"name":"x","hashes":[{hash}]}}}},"#);
        let json = sbom_json(MODULES).replacen('{', &metadata, 1);
        release.fixtures[3] = sbom(&release.binary, &json);
        release
    };
    let missing: &[_] = &[("attestations.sbom.describes", FAIL, "value-missing")];
    check(&described(""), &yaml, missing);
    check(&described(r#"{"alg":"MD5","content":"00"}"#), &yaml, missing);
    let other = format!(r#"{{"alg":"SHA-256","content":"{}"}}"#, "0".repeat(64));
    check(&described(&other), &yaml, &[("attestations.sbom.describes", FAIL, "value-mismatch")]);
}
