//! Every field of the language decides something: from a policy and a release that pass, a valid
//! wrong value gives exactly that rule's failure.
//!
//! kyverno#12409 (GHSA-46mp-8w32-6g94) and sigstore-js GHSA-52v5-jr5w-gjxr were fields that were
//! read and never looked at. [`every_field_has_a_mutation`] fails for a field without one here.

use std::collections::BTreeSet;

use chainsign_policy::{Outcome, json_schema};
use serde_json::Value;

use crate::common::elf::Elf;
use crate::common::*;

/// A field of the language, a change to a valid wrong value, and what that gives.
pub(crate) struct Mutation {
    /// `Type.field`, as the schema names them.
    pub(crate) field: &'static str,
    from: &'static str,
    to: &'static str,
    causes: &'static [(&'static str, Outcome, &'static str)],
}

impl Mutation {
    pub(crate) fn applied(&self, policy: &str) -> String {
        assert!(policy.contains(self.from), "the policy does not contain {:?}", self.from);
        policy.replacen(self.from, self.to, 1)
    }

    pub(crate) fn wanted(&self) -> Vec<(String, Outcome, &'static str)> {
        let cause = |(id, outcome, reason): &(&str, _, _)| ((*id).to_owned(), *outcome, *reason);
        self.causes.iter().map(cause).collect()
    }
}

pub(crate) const fn row(
    field: &'static str,
    from: &'static str,
    to: &'static str,
    causes: &'static [(&'static str, Outcome, &'static str)],
) -> Mutation {
    Mutation { field, from, to, causes }
}

const FAIL: Outcome = Outcome::Fail;
const ERROR: Outcome = Outcome::Error;

const MUTATIONS: &[Mutation] = &[
    row(
        "Metadata.expires",
        "2027-06-30T00:00:00Z",
        "2026-11-21T12:00:00Z",
        &[("policy.expires", ERROR, "policy-expired")],
    ),
    // trust and authorities
    row(
        "Root.instance",
        "instance: sigstore",
        "instance: github",
        &[
            ("signatures", FAIL, "too-few-signers"),
            ("attestations.provenance", FAIL, "too-little-proof"),
            ("attestations.sbom", FAIL, "too-little-proof"),
        ],
    ),
    row(
        "KeylessAuthority.root",
        "keyless: {root: public, issuer",
        "keyless: {root: other, issuer",
        &[("attestations.sbom", FAIL, "other-root")],
    ),
    row(
        "KeylessAuthority.issuer",
        "issuer: 'https://token.actions",
        "issuer: 'https://tokens.actions",
        &[("attestations.sbom", FAIL, "other-identity")],
    ),
    row(
        "KeylessAuthority.subject",
        r"subject: {pattern: '.*@acme\.example'}",
        r"subject: {pattern: '.*@acme\.examples'}",
        &[("attestations.sbom", FAIL, "other-identity")],
    ),
    row(
        "KeylessAuthority.extensions",
        "runnerEnvironment: github-hosted",
        "runnerEnvironment: self-hosted",
        &[("signatures", FAIL, "too-few-signers")],
    ),
    row(
        "KeyAuthority.file",
        "file: key.pub\n      fingerprint: sha256:039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81",
        "file: other-key.pub",
        &[("signatures", FAIL, "too-few-signers")],
    ),
    row(
        "KeyAuthority.root",
        "root: public\n      log: require",
        "root: other\n      log: require",
        &[("signatures", FAIL, "too-few-signers")],
    ),
    row(
        "KeyAuthority.notBefore",
        "notBefore: 2026-01-01T00:00:00Z",
        "notBefore: 2026-12-01T00:00:00Z",
        &[("signatures", FAIL, "too-few-signers")],
    ),
    row(
        "KeyAuthority.notAfter",
        "notAfter: 2026-12-31T00:00:00Z",
        "notAfter: 2026-11-01T00:00:00Z",
        &[("signatures", FAIL, "too-few-signers")],
    ),
    // signatures
    row(
        "Signatures.require",
        "any: [nobody, offline]",
        "any: [nobody]",
        &[("signatures", FAIL, "too-few-signers")],
    ),
    row("AtLeast.count", "count: 2", "count: 3", &[("signatures", FAIL, "too-few-signers")]),
    row(
        "AtLeast.of",
        "of: [release, offline, nobody]",
        "of: [release, nobody]",
        &[("signatures", FAIL, "too-few-signers")],
    ),
    // attestations
    row(
        "Attestation.predicateType",
        "predicateType: [spdxjson, cyclonedx]",
        "predicateType: [spdxjson]",
        &[("attestations.sbom", FAIL, "other-predicate-type")],
    ),
    row(
        "Attestation.by",
        "by: [nobody, scanner]",
        "by: [nobody, release]",
        &[("attestations.sbom", FAIL, "other-identity")],
    ),
    row(
        "Attestation.maxAge",
        "maxAge: 7d",
        "maxAge: 59m",
        &[("attestations.sbom.maxAge", FAIL, "too-old")],
    ),
    // SLSA
    row(
        "Builder.id",
        "id: 'https://github.com/acme/builders/go@v2'",
        "id: 'https://github.com/acme/builders/go@v3'",
        &[
            ("attestations.provenance.builder", FAIL, "value-mismatch"),
            ("attestations.provenance.level", FAIL, "builder-not-trusted"),
        ],
    ),
    row(
        "Builder.signer",
        "signer: builder",
        "signer: release",
        &[
            ("attestations.provenance.builder", FAIL, "builder-not-trusted"),
            ("attestations.provenance.level", FAIL, "builder-not-trusted"),
        ],
    ),
    row(
        "Slsa.buildType",
        "buildType: https://actions.github.io/buildtypes/workflow/v1",
        "buildType: https://actions.github.io/buildtypes/workflow/v2",
        &[("attestations.provenance.buildType", FAIL, "value-mismatch")],
    ),
    row(
        "Source.repository",
        "repository: https://github.com/acme/app",
        "repository: https://github.com/acme/app2",
        &[("attestations.provenance.source.repository", FAIL, "value-mismatch")],
    ),
    row(
        "Source.ref",
        r"'refs/tags/v[0-9]+\.[0-9]+\.[0-9]+'",
        r"'refs/heads/.*'",
        &[("attestations.provenance.source.ref", FAIL, "value-mismatch")],
    ),
    row(
        "Source.commit",
        "commit: 99617f4070c9fa4928704dbc89884a8a0000ca9f",
        "commit: 0000000000c9fa4928704dbc89884a8a0000ca9f",
        &[("attestations.provenance.source.commit", FAIL, "value-mismatch")],
    ),
    row(
        "Source.entryPoint",
        "entryPoint: .github/workflows/release.yml",
        "entryPoint: .github/workflows/test.yml",
        &[("attestations.provenance.source.entryPoint", FAIL, "value-mismatch")],
    ),
    row(
        "ExternalParameters.allow",
        "allow: [note]",
        "allow: [notes]",
        &[("attestations.provenance.externalParameters", FAIL, "unknown-parameter")],
    ),
    row(
        "ExternalParameters.values",
        "values: {level: release}",
        "values: {level: debug}",
        &[("attestations.provenance.externalParameters.level", FAIL, "value-mismatch")],
    ),
    // SBOM
    row(
        "Sbom.minComponents",
        "minComponents: 4",
        "minComponents: 5",
        &[("attestations.sbom.minComponents", FAIL, "too-few-components")],
    ),
    // Go
    row(
        "Go.minVersion",
        "minVersion: \"1.25\"",
        "minVersion: \"1.26.9\"",
        &[("go.minVersion", FAIL, "go-version-too-old")],
    ),
    row(
        "Go.settings",
        "GOOS: linux",
        "GOOS: darwin",
        &[("go.settings.GOOS", FAIL, "value-mismatch")],
    ),
    row(
        "Go.settings",
        "\"-trimpath\": true",
        "\"-trimpath\": false",
        &[("go.settings.-trimpath", FAIL, "value-mismatch")],
    ),
    row(
        "Go.settings",
        "CGO_ENABLED: 0",
        "CGO_ENABLED: 1",
        &[("go.settings.CGO_ENABLED", FAIL, "value-mismatch")],
    ),
    row(
        "Go.settings",
        "vcs.modified: false",
        "vcs.modified: true",
        &[("go.settings.vcs.modified", FAIL, "value-mismatch")],
    ),
    row(
        "Go.settings",
        "\"-race\": false",
        "\"-race\": true",
        &[("go.settings.-race", FAIL, "value-mismatch")],
    ),
    row(
        "Go.settings",
        "\"-tags\": \"\"",
        "\"-tags\": netgo",
        &[("go.settings.-tags", FAIL, "value-mismatch")],
    ),
    // deny
    row(
        "Deny.digests",
        "digests: ['sha256:0000000000000000000000000000000000000000000000000000000000000000']",
        "digests: ['THE_ARTIFACT']",
        &[("deny.digests", FAIL, "digest-denied")],
    ),
    row(
        "Deny.certificates",
        "certificates: ['sha256:0000000000000000000000000000000000000000000000000000000000000000']",
        "certificates: ['THE_CERTIFICATE']",
        &[("attestations.sbom", FAIL, "evidence-denied")],
    ),
    row(
        "Deny.keys",
        "keys: ['sha256:0000000000000000000000000000000000000000000000000000000000000000']",
        "keys: ['THE_KEY']",
        &[("attestations.sbom", FAIL, "evidence-denied")],
    ),
    row("DeniedLogEntry.index", "index: 1}", "index: 0}", EVERY_LOGGED),
    row(
        "DeniedLogEntry.logId",
        "logId: '0000000000000000000000000000000000000000000000000000000000000000', index: 1}",
        "logId: 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', index: 7}",
        &[("attestations.sbom", FAIL, "evidence-denied")],
    ),
];

const EVERY_LOGGED: &[(&str, Outcome, &str)] = &[
    ("signatures", FAIL, "evidence-denied"),
    ("attestations.provenance", FAIL, "evidence-denied"),
];

/// Fields whose wrong value only shows on another release, or in another way; with the test that
/// shows it.
const ELSEWHERE: &[(&str, &str)] = &[
    ("Document.apiVersion", "load::other_documents_are_refused"),
    ("Document.kind", "load::other_documents_are_refused"),
    ("Document.mode", "evaluate::modes_change_the_decision_and_nothing_else"),
    ("Metadata.name", "report::an_allow_lists_the_evidence (shown, decides nothing)"),
    ("Metadata.version", "report::an_allow_lists_the_evidence (shown, decides nothing)"),
    ("Root.file", "load::files_are_read_and_pinned"),
    ("Root.sha256", "load::files_are_read_and_pinned"),
    ("KeyAuthority.fingerprint", "load::files_are_read_and_pinned"),
    ("KeyAuthority.log", "evaluate::a_key_shows_what_its_authority_demands"),
    ("KeylessAuthority.dangerousAnySubject", "load::identities_must_be_fixed"),
    ("Attestation.select", "evaluate::which_of_several_attestations_counts"),
    ("Slsa.level", "evaluate::levels_come_from_the_policy_only"),
    ("Builder.level", "evaluate::levels_come_from_the_policy_only"),
    (
        "ExternalParameters.unknown",
        "evaluate::unknown_parameters_pass_only_where_that_is_called_dangerous",
    ),
    ("Go.when", "evaluate::go_rules_are_skipped_only_when_the_policy_says_so"),
    ("Go.replace", "go_rules_look_at_the_binary"),
    ("Go.static", "go_rules_look_at_the_binary"),
    ("Go.modules", "go_rules_look_at_the_binary"),
    ("Go.commit", "go_rules_look_at_the_binary"),
    ("Image.when", "images::image_rules_are_skipped_only_when_the_policy_says_so"),
    ("Image.user", "images::every_rule_looks_at_the_image"),
    ("Image.shell", "images::every_rule_looks_at_the_image"),
    ("Image.packageManager", "images::every_rule_looks_at_the_image"),
    ("Image.elevatedFiles", "images::every_rule_looks_at_the_image"),
    ("Image.caCertificates", "images::every_rule_looks_at_the_image"),
    ("Image.environment", ""),
    ("Image.base", ""),
    ("Document.image", ""),
    ("Go.programs", "inside::another_binary_inside_the_archive"),
    ("Go.listed", "inside::an_unlisted_binary_in_the_image"),
    ("ListedJoin.sbom", "load::every_reject_has_its_error"),
    ("CommitJoin.equals", "load::every_reject_has_its_error"),
    ("ModulesJoin.equal", "load::every_reject_has_its_error"),
    ("ModulesJoin.covers", "evaluate::an_sbom_that_covers_may_list_more"),
    ("Exception.id", "evaluate::exceptions_silence_what_they_name (shown, decides nothing)"),
    ("Exception.rules", "evaluate::exceptions_silence_what_they_name"),
    ("Exception.digests", "evaluate::exceptions_silence_what_they_name"),
    ("Exception.expires", "evaluate::exceptions_silence_what_they_name"),
    ("Exception.reason", "load::every_reject_has_its_error (shown, decides nothing)"),
    ("Exception.approvedBy", "load::every_reject_has_its_error (shown, decides nothing)"),
    ("Exception.dangerousWaiveSignature", "load::every_reject_has_its_error"),
    ("Text.pattern", "every pattern above"),
    ("Signatures.via", "evaluate::a_signed_list_counts_where_the_policy_says_so"),
    ("SignatureTree.all", "evaluate::trees_of_signers"),
    ("SignatureTree.any", "evaluate::trees_of_signers"),
    ("SignatureTree.atLeast", "evaluate::trees_of_signers"),
    ("Authority.keyless", "every authority above"),
    ("Authority.key", "every authority above"),
    // Places for the fields above.
    ("CelRule.id", "rules::a_rule_can_be_excepted_by_its_id"),
    ("CelRule.cel", "rules::an_attestations_own_rules_look_at_its_predicate"),
    (
        "CelRule.message",
        "rules::an_attestations_own_rules_look_at_its_predicate (shown, decides nothing)",
    ),
    ("Document.rules", ""),
    ("Attestation.rules", ""),
    ("Hardening.pie", "go::headers_say_how_a_binary_is_protected"),
    ("Hardening.stripped", "go::headers_say_how_a_binary_is_protected"),
    ("Hardening.relro", "go::headers_say_how_a_binary_is_protected"),
    ("Hardening.bindNow", "go::headers_say_how_a_binary_is_protected"),
    ("Hardening.executableStack", "go::headers_say_how_a_binary_is_protected"),
    ("Go.records", "go::what_build_information_hides_is_found"),
    ("Go.hardening", ""),
    ("Vulnerabilities.maxSeverity", "vulnerabilities::findings_worse_than_allowed_fail"),
    ("Vulnerabilities.unknownSeverity", "vulnerabilities::findings_worse_than_allowed_fail"),
    ("Vulnerabilities.scannedWithin", "vulnerabilities::a_scan_has_an_age_of_its_own"),
    ("Vex.by", "vulnerabilities::vex_of_somebody_else_or_of_long_ago_takes_out_nothing"),
    ("Vex.maxAge", "vulnerabilities::vex_of_somebody_else_or_of_long_ago_takes_out_nothing"),
    ("Vex.suppress", "vulnerabilities::vex_takes_out_what_its_authorised_signer_says"),
    ("Vulnerabilities.vex", ""),
    ("Attestation.vulnerabilities", ""),
    ("Sbom.createdWithin", "evaluate::an_sbom_has_an_age_of_its_own"),
    ("Go.parameters", ""),
    ("ParametersJoin.of", "load::every_reject_has_its_error"),
    ("ParametersJoin.settings", "evaluate::parameters_of_the_build_are_those_that_go_recorded"),
    ("Parameter.external", "evaluate::parameters_of_the_build_are_those_that_go_recorded"),
    ("Parameter.internal", "evaluate::parameters_of_the_build_are_those_that_go_recorded"),
    ("Exception.breakGlass", ""),
    ("BreakGlass.from", "evaluate::glass_is_broken_for_a_day_at_most"),
    ("Match.kubernetes", ""),
    ("Kubernetes.namespaces", "targets::workloads_are_matched_by_all_that_is_written"),
    ("Kubernetes.kinds", "targets::workloads_are_matched_by_all_that_is_written"),
    ("Kubernetes.labels", "targets::workloads_are_matched_by_all_that_is_written"),
    ("Sbom.describes", "evaluate::an_sbom_describes_the_artifact_itself"),
    ("Forbidden.purl", "evaluate::forbidden_packages_are_found_by_name_and_version"),
    ("Forbidden.versions", "evaluate::forbidden_packages_are_found_by_name_and_version"),
    (
        "Forbidden.reason",
        "evaluate::forbidden_packages_are_found_by_name_and_version (shown, decides nothing)",
    ),
    ("Licences.allow", "evaluate::licences_are_read_as_expressions"),
    ("Licences.missing", "evaluate::licences_are_read_as_expressions"),
    ("Sbom.forbid", ""),
    ("Sbom.licences", ""),
    ("Transparency.logs", "evaluate::transparency_is_demanded_of_every_signature"),
    ("Transparency.minLogs", "evaluate::transparency_is_demanded_of_every_signature"),
    ("Transparency.inclusionProof", "evaluate::transparency_is_demanded_of_every_signature"),
    ("Transparency.timestamp", "evaluate::transparency_is_demanded_of_every_signature"),
    ("SigningTime.notBefore", "evaluate::old_signatures_can_be_made_unusable"),
    ("SigningTime.within", "evaluate::old_signatures_can_be_made_unusable"),
    ("Document.transparency", ""),
    ("Document.signed", ""),
    ("Document.match", ""),
    ("Match.images", "targets::a_policy_is_about_what_it_matches"),
    ("Match.files", "targets::a_policy_is_about_what_it_matches"),
    ("Names.include", "targets::a_policy_is_about_what_it_matches"),
    ("Names.exclude", "targets::a_policy_is_about_what_it_matches"),
    ("Document.metadata", ""),
    ("Document.trust", ""),
    ("Trust.roots", ""),
    ("Document.authorities", ""),
    ("Document.signatures", ""),
    ("Document.attestations", ""),
    ("Document.acceptSummaries", ""),
    ("Document.go", ""),
    ("Document.deny", ""),
    ("Document.exceptions", ""),
    ("Attestation.slsa", ""),
    ("Attestation.sbom", ""),
    ("Slsa.builders", ""),
    ("Slsa.source", ""),
    ("Slsa.externalParameters", ""),
    ("Deny.logEntries", ""),
];

#[test]
fn a_valid_wrong_value_gives_that_rules_failure() {
    for mutation in MUTATIONS {
        let release = Release::good();
        let summary = chainsign_policy::testing::evaluate(
            &parse(BASELINE).unwrap(),
            &parse(BASELINE).unwrap().plan(None).evidence([]),
            &release.fixtures,
            &release.facts(),
            release.now,
        );
        assert_eq!(summary.outcome(), Outcome::Pass);
        let artifact = release.digests().iter().next().unwrap().to_string();
        let to = mutation
            .to
            .replace("THE_ARTIFACT", &artifact)
            .replace("THE_CERTIFICATE", &stand_in("certificate", "sbom.cdx.json"))
            .replace("THE_KEY", &stand_in("key", "sbom.cdx.json"));
        let mut release = release;
        if mutation.field == "DeniedLogEntry.logId" {
            let sbom = release.fixtures.pop().unwrap();
            let log = chainsign_core::material::LogId([0xff; 32]);
            release.fixtures.push(sbom.with_log_entries([(log, 7)]));
        }
        if mutation.field == "DeniedLogEntry.index" {
            let sbom = release.fixtures.pop().unwrap();
            let log = chainsign_core::material::LogId([0xff; 32]);
            release.fixtures.push(sbom.with_log_entries([(log, 7)]));
        }
        let verdict = release.against(&changed(mutation.from, &to));
        assert_eq!(causes(&verdict), mutation.wanted(), "{}: {}", mutation.field, mutation.to);
    }
}

/// The digest that stands for a fixture's certificate or key.
fn stand_in(what: &str, origin: &str) -> String {
    chainsign_core::digest::ArtifactDigest::sha256(format!("{what} {origin}").as_bytes())
        .to_string()
}

#[test]
fn go_rules_look_at_the_binary() {
    #[track_caller]
    fn check(binary: Vec<u8>, wanted: &[(&str, Outcome, &str)]) {
        let release = Release {
            fixtures: vec![
                signature(&binary),
                key_signature(&binary),
                provenance(&binary, &provenance_json(COMMIT)),
                sbom(&binary, &sbom_json(MODULES)),
            ],
            binary,
            now: at(NOW),
        };
        let found = causes(&release.against(BASELINE));
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(id, outcome, reason)| ((*id).to_owned(), *outcome, *reason))
            .collect();
        assert_eq!(found, wanted);
    }

    check(
        Elf::changed("vcs.modified=false", "vcs.modified=true"),
        &[("go.settings.vcs.modified", FAIL, "value-mismatch")],
    );
    check(
        Elf::changed("build\t-trimpath=true\n", ""),
        &[("go.settings.-trimpath", FAIL, "value-mismatch")],
    );
    check(
        Elf::changed("build\tCGO_ENABLED=0\n", ""),
        &[("go.settings.CGO_ENABLED", FAIL, "not-recorded")],
    );
    check(
        Elf::changed("build\tvcs.modified=false\n", ""),
        &[("go.settings.vcs.modified", FAIL, "not-stamped")],
    );
    check(
        Elf { go_version: "go1.24.9", ..Elf::default() }.build(),
        &[("go.minVersion", FAIL, "go-version-too-old"), ("go.modules", FAIL, "modules-differ")],
    );
    check(
        Elf { go_version: "devel go1.28-abc", ..Elf::default() }.build(),
        &[("go.minVersion", ERROR, "go-version-unknown")],
    );
    check(
        Elf { interpreter: Some("/lib64/ld-linux-x86-64.so.2"), ..Elf::default() }.build(),
        &[("go.static", FAIL, "not-static")],
    );
    let sum = "h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=";
    let quote = format!("dep\trsc.io/quote\tv1.5.2\t{sum}\n");
    let replaced = format!("dep\trsc.io/quote\tv1.5.2\n=>\texample.com/fork\tv1.5.3\t{sum}\n");
    check(Elf::changed(&quote, &replaced), &[("go.replace", FAIL, "module-replaced")]);
    for other in [
        "",
        "dep\trsc.io/quote\tv1.5.3\th1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=\n",
        "dep\trsc.io/quote\tv1.5.2\th1:AAAAysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=\n",
        "dep\trsc.io/quotes\tv1.5.2\th1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=\n",
    ] {
        check(Elf::changed(&quote, other), &[("go.modules", FAIL, "modules-differ")]);
    }
    let other = "build\tvcs.revision=0000000000c9fa4928704dbc89884a8a0000ca9f\n";
    check(
        Elf::changed(&format!("build\tvcs.revision={COMMIT}\n"), other),
        &[("go.commit", FAIL, "commit-differs")],
    );
    check(
        Elf::changed(&format!("build\tvcs.revision={COMMIT}\n"), ""),
        &[("go.commit", FAIL, "not-stamped")],
    );
    check(
        Elf::changed("mod\texample.com/acme/app\tv1.4.2\t\n", "mod\texample.com/acme/app\n"),
        &[
            ("go.settings.-race", ERROR, "build-info-unreadable"),
            ("go.settings.-tags", ERROR, "build-info-unreadable"),
            ("go.settings.-trimpath", ERROR, "build-info-unreadable"),
            ("go.settings.CGO_ENABLED", ERROR, "build-info-unreadable"),
            ("go.settings.GOOS", ERROR, "build-info-unreadable"),
            ("go.settings.vcs.modified", ERROR, "build-info-unreadable"),
            ("go.replace", ERROR, "build-info-unreadable"),
            ("go.commit", ERROR, "build-info-unreadable"),
            ("go.modules", ERROR, "build-info-unreadable"),
        ],
    );
}

#[test]
fn every_field_has_a_mutation() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let mut fields = BTreeSet::new();
    collect("Document", &schema, &mut fields);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        collect(name, definition, &mut fields);
    }
    let covered: BTreeSet<_> = MUTATIONS
        .iter()
        .chain(crate::images::MUTATIONS)
        .chain(crate::summaries::MUTATIONS)
        .map(|mutation| mutation.field)
        .chain(ELSEWHERE.iter().map(|(field, _)| *field))
        .map(str::to_owned)
        .collect();
    let without: Vec<_> = fields.difference(&covered).collect();
    assert!(without.is_empty(), "fields without a mutation test: {without:?}");
    let gone: Vec<_> = covered.difference(&fields).collect();
    assert!(gone.is_empty(), "fields that the language does not have: {gone:?}");
}

/// A test that was renamed shows nothing any more.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test reads the tests")]
fn every_test_that_is_named_exists() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy");
    let mut missing = Vec::new();
    for (field, named) in ELSEWHERE {
        let test = named.split(' ').next().unwrap_or_default();
        if test.is_empty() || named.starts_with("every ") {
            continue;
        }
        let (module, test) = test.rsplit_once("::").unwrap_or(("mutations", test));
        let source = std::fs::read_to_string(folder.join(format!("{module}.rs")));
        if !source.is_ok_and(|source| source.contains(&format!("fn {test}("))) {
            missing.push(format!("{field}: {named}"));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// The properties of a type, also those of its alternatives.
fn collect(name: &str, schema: &Value, fields: &mut BTreeSet<String>) {
    let properties = schema["properties"].as_object().into_iter().flatten();
    fields.extend(properties.map(|(field, _)| format!("{name}.{field}")));
    for alternatives in ["anyOf", "oneOf"] {
        for schema in schema[alternatives].as_array().into_iter().flatten() {
            collect(name, schema, fields);
        }
    }
}
