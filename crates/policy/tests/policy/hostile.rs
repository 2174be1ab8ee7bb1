//! What whoever hands evidence over may add, leave out or write anew, without anybody's key.

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
