//! Where policy engines have failed open, each by the place where it was told.
//!
//! Other tests show the same things at length; here each has its source for a name, so that none can be
//! lost.

use chainsign_core::identity::SubjectAlternativeName;
use chainsign_policy::{Candidate, Decision, Origin, Outcome, PolicySet, TargetName};
use jiff::SignedDuration;

use crate::common::*;

const FAIL: Outcome = Outcome::Fail;
const ERROR: Outcome = Outcome::Error;

#[track_caller]
fn check(release: &Release, yaml: &str, wanted: &[(&str, Outcome, &str)]) {
    let wanted: Vec<_> =
        wanted.iter().map(|(id, outcome, reason)| ((*id).to_owned(), *outcome, *reason)).collect();
    assert_eq!(causes(&release.against(yaml)), wanted);
}

#[track_caller]
fn refused(from: &str, to: &str, wanted: &str) {
    let error = parse(&changed(from, to)).unwrap_err().to_string();
    assert!(error.contains(wanted), "{error}");
}

fn with_rule(cel: &str) -> String {
    format!("{BASELINE}rules: [{{id: asked, message: asked, cel: {cel:?}}}]\n")
}

/// regorus 0.14: `every c in input.sbom.componentsTYPO {…}` is true.
#[test]
fn regorus_every_over_a_list_that_is_not_there() {
    let field = "att.sbom.predicate.componentsTYPO";
    let yaml = with_rule(&format!("nonEmpty({field}) && {field}.all(c, c.name != 'x')"));
    check(&Release::good(), &yaml, &[("rules.asked", ERROR, "expression-error")]);
}

/// regorus 0.14: `not input.nope == "bad"` is true.
#[test]
fn regorus_not_over_a_field_that_is_not_there() {
    let yaml = with_rule("!(att.sbom.predicate.nope == 'bad')");
    check(&Release::good(), &yaml, &[("rules.asked", ERROR, "expression-error")]);
}

/// cel 0.15: `true || nosuch` compiles, and is true.
#[test]
fn cel_an_identifier_that_nobody_knows() {
    let error = parse(&with_rule("true || nosuch")).unwrap_err().to_string();
    assert!(error.contains("nosuch"), "{error}");
}

/// CEL: `all` over an empty list is true.
#[test]
fn cel_all_of_nothing() {
    let error = parse(&with_rule("att.sbom.predicate.components.all(c, c.name == 'x')"));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("nonEmpty"), "{error}");
}

/// cli/cli#10418: the filter by type left nothing, and that was a success. chainloop#3397 and
/// in-toto/go-witness#819 are of the kind.
#[test]
fn cli_10418_no_attestation_of_the_type() {
    let mut release = Release::good();
    release.fixtures.pop();
    check(&release, BASELINE, &[("attestations.sbom", FAIL, "other-predicate-type")]);
    release.fixtures.clear();
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

/// sigstore/policy-controller#1971: attestations from a second place went round the verifier. AMPEL
/// #108: unsigned ones were taken. What does not verify can only be listed.
#[test]
fn policy_controller_1971_an_unsigned_attestation_by_a_second_path() {
    let policy = parse(BASELINE).unwrap();
    let mut release = Release::good();
    release.fixtures.pop();
    let error = chainsign_core::Error::Missing { document: "bundle", what: "signature" };
    let unsigned = Candidate::malformed(Origin::new("referrer"), &error);
    let verdict = release.evaluate_with(&policy, &policy.plan(None).evidence([unsigned]));
    assert_eq!(causes(&verdict), [("attestations.sbom".to_owned(), FAIL, "evidence-refused")]);
    assert_eq!(verdict.report().refused.len(), 1);
}

/// kyverno#12409 (GHSA-46mp-8w32-6g94): fields were read and never looked at. Each of ours has its
/// mutation ([`crate::mutations`]); one that nobody evaluates does not load.
#[test]
fn kyverno_12409_a_field_that_is_ignored() {
    refused(
        "subject: {pattern:",
        "subjectRegExp: x, subject: {pattern:",
        "unknown key \"subjectRegExp\"",
    );
}

/// kyverno/policies#1530: `images` of an exception was ignored, which exempted every image.
#[test]
fn kyverno_policies_1530_an_exception_for_more_than_it_says() {
    let digests =
        "digests: ['sha256:1111111111111111111111111111111111111111111111111111111111111111']";
    refused(digests, "images: ['ghcr.io/acme/*']", "unknown key \"images\"");
    refused(&format!("    {digests}\n"), "", "the key \"digests\" is missing");
    let mut release = Release::good();
    release.fixtures.remove(0);
    check(&release, BASELINE, &[("signatures", FAIL, "too-few-signers")]);
}

/// kyverno#17125: attestations without attestors were verified with less.
#[test]
fn kyverno_17125_an_attestation_by_nobody() {
    refused("    by: builder\n", "", "the key \"by\" is missing");
}

/// kyverno#16213 (GHSA-2r43-6962-xcw5): what was verified was remembered by tag. Evidence is held
/// against the digest of what is evaluated, each time.
#[test]
fn kyverno_16213_evidence_about_what_the_tag_was() {
    let mut release = Release::good();
    release.binary.push(0);
    let verdict = release.against(BASELINE);
    assert!(causes(&verdict).contains(&("signatures".to_owned(), FAIL, "no-signature")));
}

/// kyverno#17473: exceptions expired on one path of several; AMPEL before #103 ignored a policy's
/// expiry.
#[test]
fn kyverno_17473_expiry_on_one_path_only() {
    let release = Release::good();
    let policy = parse(BASELINE).unwrap();
    let late = at("2027-06-30T00:00:00Z");
    let evidence = policy.plan(None).evidence([]);
    let verdict = policy.evaluate(&evidence, &release.facts(), late);
    assert_eq!(verdict.decision(), Decision::Undecided);
    assert_eq!(verdict.report().rule("policy.expires").unwrap().outcome, ERROR);
    let set = PolicySet::parse(BASELINE.as_bytes(), &file).unwrap();
    let selection = set.select(&TargetName::File("app".to_owned())).unwrap();
    let evidence = selection.plan(None).evidence([]);
    let verdict = selection.evaluate(&evidence, &release.facts(), late);
    assert_eq!(verdict.decision(), Decision::Undecided);
}

/// stackrox#11516: a wildcard in place of the identity skipped it. wirelog#1287, fluxcd/website#1712,
/// kubewarden/docs#746: patterns that strangers meet.
#[test]
fn stackrox_11516_anybody_as_the_identity() {
    for pattern in ["'.*'", "'https://github\\.com/acme.*'", "'https://github.com/*'"] {
        refused(
            r"{pattern: '.*@acme\.example'}",
            &format!("{{pattern: {pattern}}}"),
            "does not fix",
        );
    }
    refused(r"subject: {pattern: '.*@acme\.example'}", "dangerousAnySubject: false", "any subject");
}

/// kubescape/cel-admission-library#90: `nginx` went past a rule about `docker.io`.
#[test]
fn kubescape_90_one_image_by_two_names() {
    let yaml = changed(
        "mode: enforce\n",
        "mode: enforce\nmatch: {images: {include: ['docker.io/library/*']}}\n",
    );
    let policy = parse(&yaml).unwrap();
    for name in ["nginx", "library/nginx", "index.docker.io/library/nginx:1"] {
        let target = TargetName::Image(name.parse().unwrap());
        assert!(policy.for_target(&target).is_ok(), "{name}");
    }
}

/// Ratify: a threshold of 0, or none, means all; others take it for none.
#[test]
fn ratify_a_threshold_of_zero() {
    refused("count: 2", "count: 0", "a whole number above 0");
}

/// The attestation-verifier prototype: `allowIfNoClaim` opens a rule where the claim is missing.
#[test]
fn attestation_verifier_allow_if_no_claim() {
    refused(
        "level: 3\n      buildType",
        "allowIfNoClaim: true\n      level: 3\n      buildType",
        "allowIfNoClaim",
    );
}

/// policy-controller: an older attestation that passes hides a newer one that does not.
#[test]
fn policy_controller_an_older_attestation_hides_a_newer_one() {
    let mut release = Release::good();
    let scanner = identity(SubjectAlternativeName::Email("scanner@acme.example".to_owned()));
    let empty = statement(&release.binary, "cyclonedx", &sbom_json(&[]));
    let empty = fixture("newer.cdx.json", scanner, &release.binary, Some(empty));
    release.fixtures[3] = sbom(&release.binary, &sbom_json(MODULES))
        .with_times([at(NOW) - SignedDuration::from_hours(48)]);
    release.fixtures.push(empty);
    let newest = changed("select: any", "select: newest");
    check(
        &release,
        &newest,
        &[
            ("attestations.sbom.minComponents", FAIL, "too-few-components"),
            ("go.modules", FAIL, "modules-differ"),
        ],
    );
}

/// policy-controller warns of a policy that does not load, or has the name of another, and goes on.
#[test]
fn policy_controller_a_policy_that_does_not_load_is_skipped() {
    let set = "apiVersion: chainsign.dev/v1\nkind: PolicySet\npolicies: [{file: a.yaml}, {file: b.yaml}]\n";
    let with = |second: &'static str| {
        move |path: &str| match path {
            "a.yaml" => Ok(BASELINE.as_bytes().to_vec()),
            "b.yaml" => Ok(second.as_bytes().to_vec()),
            path => file(path),
        }
    };
    let broken = PolicySet::parse(set.as_bytes(), &with("kind: Policy\n")).unwrap_err();
    assert!(broken.to_string().contains("in b.yaml"), "{broken}");
    let twice = PolicySet::parse(set.as_bytes(), &with(BASELINE)).unwrap_err();
    assert!(twice.to_string().contains("\"baseline\" is there twice"), "{twice}");
}

/// in-toto layouts: what no rule consumes is allowed, unless the list ends with `DISALLOW *`.
#[test]
fn in_toto_what_no_rule_names_is_allowed() {
    // As `inside::another_binary_inside_the_archive` shows, `programs` names all there may be; an
    // empty list is no list.
    refused("replace: deny", "programs: []", "found an empty list");
}

/// Rules that vanish with the facts that they are about.
#[test]
fn rules_that_vanish_when_their_facts_are_missing() {
    let policy = parse(&changed("  when: goBinary\n", "")).unwrap();
    let mut release = Release::good();
    release.binary = b"no program".to_vec();
    let verdict = release.evaluate(&policy);
    let ids: Vec<_> = verdict.report().rules().map(|rule| rule.id.clone()).collect();
    assert_eq!(ids, policy.rule_ids());
    let go = verdict.report().rules().filter(|rule| rule.id.as_str().starts_with("go."));
    assert!(go.map(|rule| rule.outcome).all(|outcome| outcome >= FAIL));
}
