//! One file for many targets.

use chainsign_policy::{Outcome, Policy, TargetError, TargetName};

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
