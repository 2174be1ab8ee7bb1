//! What holds for any evidence.

use chainsign_core::identity::SubjectAlternativeName;
use chainsign_policy::testing::{Fixture, TestVerdict};
use chainsign_policy::{Outcome, Policy};
use proptest::prelude::*;

use crate::common::*;

/// One piece of evidence to choose from: good or wrong in one of several ways.
#[derive(Clone, Copy, Debug)]
struct Piece {
    kind: u8,
    fault: u8,
    age: u8,
}

impl Piece {
    fn fixture(self, index: usize, binary: &[u8]) -> Fixture {
        let subject = match self.fault {
            1 => workflow("evil/app", "refs/tags/v1.4.2"),
            _ => match self.kind {
                0 => workflow("acme/app", "refs/tags/v1.4.2"),
                1 => workflow("acme/builders", "refs/heads/main"),
                _ => SubjectAlternativeName::Email("scanner@acme.example".to_owned()),
            },
        };
        let commit =
            if self.fault == 2 { "0000000000c9fa4928704dbc89884a8a0000ca9f" } else { COMMIT };
        let modules = if self.fault == 2 { &MODULES[1..] } else { MODULES };
        let statement = match self.kind {
            0 => None,
            1 => {
                let built = if self.fault == 2 { "darwin" } else { "linux" };
                let json = provenance_json(commit)
                    .replace(r#"{"free":"text"}"#, &format!(r#"{{"goos":"{built}"}}"#));
                assert!(json.contains("goos"));
                Some(statement(binary, "slsaprovenance1", &json))
            }
            _ => Some(statement(binary, "cyclonedx", &sbom_json(modules))),
        };
        let origin = format!("{index} {self:?}");
        let signed = at("2026-11-21T11:00:00Z") - jiff::SignedDuration::from_hours(self.age.into());
        let root = if self.fault == 3 { "two" } else { "one" };
        let fixture = fixture(&origin, identity(subject), binary, statement)
            .with_times([signed])
            .under_root(root_digest(root));
        match (self.kind, self.age) {
            (0, 1) => fixture.via_checksums("checksums.txt", "app"),
            _ => fixture,
        }
    }
}

fn piece() -> impl Strategy<Value = Piece> {
    (0..3_u8, 0..4_u8, 0..3_u8).prop_map(|(kind, fault, age)| Piece { kind, fault, age })
}

/// The baseline without a key's signature, and with one way to select.
fn policy(select: &str) -> Policy {
    let yaml = changed(
        "    all:\n      - release\n      - any: [nobody, offline]\n      - atLeast: {count: 2, of: [release, offline, nobody]}",
        "    release",
    );
    let yaml = yaml.replace("select: newest", "select: any");
    // Evidence about a signed list counts as well, and so do the joins of one program.
    let yaml = yaml.replace("signatures:\n", "signatures:\n  via: checksums\n").replace(
        "  commit: {equals: provenance}\n",
        "  commit: {equals: provenance}\n  parameters: {of: provenance, settings: {GOOS: {external: /note/goos}}}\n",
    );
    parse(&yaml.replace("select: any", &format!("select: {select}"))).unwrap()
}

fn evaluate(policy: &Policy, binary: &[u8], pieces: &[(usize, Piece)]) -> TestVerdict {
    let fixtures = pieces.iter().map(|(index, piece)| piece.fixture(*index, binary)).collect();
    Release { binary: binary.to_vec(), fixtures, now: at(NOW) }.evaluate(policy)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// attestation/spec/v1 README, "monotonic principle".
    #[test]
    fn removing_evidence_never_turns_a_failure_into_a_pass(
        pieces in prop::collection::vec(piece(), 0..9),
        kept in prop::collection::vec(any::<bool>(), 9),
    ) {
        let policy = policy("any");
        let binary = Release::good().binary;
        let all: Vec<_> = pieces.into_iter().enumerate().collect();
        let mut some = all.clone();
        some.retain(|(index, _)| kept[*index]);
        if evaluate(&policy, &binary, &some).outcome() == Outcome::Pass {
            prop_assert_eq!(evaluate(&policy, &binary, &all).outcome(), Outcome::Pass);
        }
    }

    #[test]
    fn order_and_repetition_change_nothing(
        pieces in prop::collection::vec(piece(), 0..6),
        select in prop::sample::select(vec!["any", "newest", "all"]),
    ) {
        let policy = policy(select);
        let binary = Release::good().binary;
        let all: Vec<_> = pieces.into_iter().enumerate().collect();
        let wanted = evaluate(&policy, &binary, &all);
        prop_assert_eq!(&evaluate(&policy, &binary, &all), &wanted);
        let mut reversed: Vec<_> = all.iter().rev().copied().collect();
        reversed.extend(all.clone());
        prop_assert_eq!(&evaluate(&policy, &binary, &reversed), &wanted);
    }

    /// Nothing a policy file may contain makes loading panic, hang or lie about its place.
    #[test]
    fn any_change_to_a_policy_loads_or_has_an_error(at in 0..BASELINE.len(), with in "[ -~\n]{0,3}") {
        prop_assume!(BASELINE.is_char_boundary(at));
        let yaml = format!("{}{with}{}", &BASELINE[..at], &BASELINE[at..]);
        if let Err(error) = parse(&yaml) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn there_is_evidence_that_passes() {
    let binary = Release::good().binary;
    let good = [0, 1, 2].map(|kind| (usize::from(kind), Piece { kind, fault: 0, age: 0 }));
    assert_eq!(evaluate(&policy("any"), &binary, &good).outcome(), Outcome::Pass);
}
