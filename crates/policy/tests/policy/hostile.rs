//! What whoever hands evidence over may add, leave out or write anew, without anybody's key.

use chainsign_core::material::LogId;
use chainsign_policy::testing::Fixture;

use crate::common::*;

/// Two layers of cosign's have one payload, and so one document, and may come with other timestamps. The
/// one that proves less does not stand before the other, in whatever order they come.
#[test]
fn a_copy_that_proves_less_does_not_hide_the_other() {
    let yaml = changed("authorities:\n", "transparency: {timestamp: require}\nauthorities:\n");
    let stamped = |it: Fixture| it.with_times([at("2026-11-21T11:00:00Z")]);
    let good = || {
        let good = Release::good();
        let fixtures = good.fixtures.into_iter().map(stamped).collect();
        Release { fixtures, ..good }
    };
    assert_eq!(causes(&good().against(&yaml)), []);
    let copies: [fn(&[u8]) -> Fixture; 3] = [
        signature,
        |binary| signature(binary).with_times([]),
        |binary| signature(binary).with_times([at("2026-11-21T11:00:00Z")]).with_log_entries([]),
    ];
    let mut hidden = Vec::new();
    for (number, copy) in copies.iter().enumerate() {
        for place in [0, 1] {
            let mut release = good();
            let copy = copy(&release.binary);
            release.fixtures.insert(place, copy);
            hidden
                .extend(causes(&release.against(&yaml)).into_iter().map(|it| (number, place, it)));
        }
    }
    assert_eq!(hidden, []);
}

/// Without Rekor v1's signed entry timestamp anybody can write another index beside an entry.
#[test]
fn an_index_that_nobody_vouches_for_does_not_lead_past_the_deny_list() {
    let (log, other) = (LogId([0; 32]), LogId([1; 32]));
    let entries = |entry: (LogId, u64), edit: fn(Fixture) -> Fixture| {
        let good = Release::good();
        let with = |it: Fixture| edit(it.with_log_entries([entry]));
        Release { fixtures: good.fixtures.into_iter().map(with).collect(), ..good }
    };
    let denied = |release: &Release| {
        let message =
            &release.against(BASELINE).report().rule("deny.logEntries").unwrap().message.clone();
        !message.starts_with("no evidence")
    };
    let vouched: fn(Fixture) -> Fixture = |it| it;
    assert!(denied(&entries((log, 1), vouched)));
    assert!(!denied(&entries((log, 2), vouched)));
    assert!(denied(&entries((log, 2), Fixture::without_proven_indexes)));
    assert!(!denied(&entries((other, 1), Fixture::without_proven_indexes)));
}
