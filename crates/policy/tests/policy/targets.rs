//! One file for many targets.

use chainsign_policy::{Outcome, Policy, TargetError, TargetName, Workload};

use crate::common::*;

/// The baseline for every service of a registry, with what is captured in every place that takes
/// text.
fn services() -> Policy {
    let yaml = BASELINE
        .replace(
            "mode: enforce\n",
            "mode: enforce\nmatch:\n  images:\n    include: ['ghcr.io/acme/{service}', 'registry.acme.example/{service}']\n    \
             exclude: ['ghcr.io/acme/sandbox-*']\n  files: {include: ['dist/{service}']}\n",
        )
        .replace("acme/app", "acme/{service}")
        .replace("level: release}", "level: release, '/workflow/path': '.github/workflows/release.yml'}");
    parse(&yaml).unwrap()
}

fn image(text: &str) -> TargetName {
    TargetName::Image(text.parse().unwrap())
}

#[test]
fn a_policy_is_about_what_it_matches() {
    let policy = services();
    let not_matched = |target: TargetName| match policy.for_target(&target) {
        Err(TargetError::NotMatched { policy, wanted, .. }) => {
            assert_eq!(policy, "baseline");
            assert_eq!(
                wanted,
                ["ghcr.io/acme/{service}", "registry.acme.example/{service}", "dist/{service}"]
            );
        }
        other => panic!("{other:?}"),
    };
    not_matched(image("ghcr.io/acme/sandbox-1"));
    not_matched(image("ghcr.io/evil/app"));
    not_matched(image("ghcr.io/acme/app/sub"));
    not_matched(image("acme/app"));
    not_matched(TargetName::File("app".to_owned()));
    // A glob for images is none for files.
    not_matched(TargetName::File("ghcr.io/acme/app".to_owned()));
    for target in [
        image("ghcr.io/acme/app:v1"),
        image("registry.acme.example/app"),
        TargetName::File("dist/app".to_owned()),
    ] {
        policy.for_target(&target).unwrap();
    }
}

#[test]
fn what_is_captured_decides() {
    let policy = services();
    let app = policy.for_target(&image("ghcr.io/acme/app:v1.4.2")).unwrap();
    let verdict = Release::good().evaluate(&app);
    assert_eq!(causes(&verdict), []);
    let rule = verdict.report().rule("policy.match").unwrap();
    assert_eq!(rule.message, "the image ghcr.io/acme/app is matched by ghcr.io/acme/{service}");
    assert_eq!(rule.evidence, ["service is app"]);

    let other = policy.for_target(&image("ghcr.io/acme/lib")).unwrap();
    let found: Vec<_> =
        causes(&Release::good().evaluate(&other)).into_iter().map(|it| it.0).collect();
    assert_eq!(found, ["signatures", "attestations.provenance.source.repository"]);
    // The dot of a name is no pattern.
    let dotted = policy.for_target(&image("ghcr.io/acme/a.p")).unwrap();
    assert_eq!(Release::good().evaluate(&dotted).outcome(), Outcome::Fail);
}

/// Nothing is decided for a target that nobody named.
#[test]
fn a_policy_for_some_targets_must_be_asked_about_one() {
    let verdict = Release::good().evaluate(&services());
    let rule = verdict.report().rule("policy.match").unwrap();
    assert_eq!((rule.outcome, rule.reason.as_str()), (Outcome::Error, "no-target"));
    assert_eq!(verdict.outcome(), Outcome::Error);
    // One that is for every target says the same about each.
    let policy = parse(BASELINE).unwrap();
    let bound = policy.for_target(&image("ghcr.io/evil/x")).unwrap();
    assert_eq!(Release::good().evaluate(&bound).outcome(), Outcome::Pass);
    assert_eq!(bound.identity(), policy.identity());
}

#[test]
fn workloads_are_matched_by_all_that_is_written() {
    let policy = |kubernetes: &str| {
        let scope = format!("mode: enforce\nmatch: {{{kubernetes}}}\n");
        parse(&BASELINE.replace("mode: enforce\n", &scope)).unwrap()
    };
    let mut workload = Workload::new("ghcr.io/acme/app:v1".parse().unwrap(), "prod", "Deployment");
    workload.labels.insert("tier".to_owned(), "front".to_owned());
    let workload = TargetName::Workload(workload);
    let mut wrong = Vec::new();
    for (scope, wanted) in [
        ("kubernetes: {namespaces: {include: ['*'], exclude: [kube-system]}}", true),
        ("kubernetes: {namespaces: {include: ['*'], exclude: [prod]}}", false),
        ("kubernetes: {namespaces: {include: [staging]}}", false),
        ("kubernetes: {kinds: [Pod, Deployment]}", true),
        ("kubernetes: {kinds: Pod}", false),
        ("kubernetes: {labels: {tier: front}}", true),
        ("kubernetes: {labels: {tier: back}}", false),
        ("kubernetes: {labels: {team: a}}", false),
        ("kubernetes: {kinds: Deployment, labels: {tier: back}}", false),
        ("kubernetes: {kinds: Deployment}, images: {include: ['ghcr.io/acme/*']}", true),
        ("kubernetes: {kinds: Deployment}, images: {include: ['ghcr.io/other/*']}", false),
        ("images: {include: ['ghcr.io/acme/*']}", true),
        ("files: {include: ['**']}", false),
    ] {
        if policy(scope).for_target(&workload).is_ok() != wanted {
            wrong.push(scope);
        }
    }
    assert_eq!(wrong, Vec::<&str>::new());
    // What nobody runs is not what a workload runs.
    let policy = policy("kubernetes: {kinds: Pod}, images: {include: ['ghcr.io/acme/*']}");
    let error = policy.for_target(&image("ghcr.io/acme/app")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy baseline is not about the image ghcr.io/acme/app, wanted one of ghcr.io/acme/*, \
         kubernetes"
    );
    let error = policy.for_target(&workload).unwrap_err().to_string();
    assert!(
        error.contains("the image ghcr.io/acme/app of a Deployment in the namespace prod"),
        "{error}"
    );
}
