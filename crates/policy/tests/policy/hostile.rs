//! What whoever hands evidence over may add, leave out or write anew, without anybody's key.

use chainsign_core::material::LogId;
use chainsign_policy::Outcome;
use chainsign_policy::testing::Fixture;
use serde_json::json;

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

/// A forbidden package is one by each of its names, and also where the document says that it describes it.
#[test]
fn a_forbidden_package_has_no_place_to_hide_in() {
    let forbid = "minComponents: 1, forbid: [{purl: 'pkg:npm/evil', reason: GHSA-x}]";
    let yaml = changed("sbom: {minComponents: 4}", &format!("sbom: {{{forbid}}}"));
    let reference = |purl: &str| json!({"referenceType": "purl", "referenceLocator": purl});
    let package = |id: &str, purls: &[&str]| {
        let purls: Vec<_> = purls.iter().map(|purl| reference(purl)).collect();
        json!({"SPDXID": id, "name": id, "externalRefs": purls})
    };
    let spdx = |packages: &[serde_json::Value], describes: &[&str]| json!({"spdxVersion": "SPDX-2.3", "packages": packages, "documentDescribes": describes});
    let evil = "pkg:npm/evil@1.0.0";
    let other = package("other", &["pkg:npm/other@1.0.0"]);
    let mut wrong = Vec::new();
    for (name, document, wanted) in [
        ("nothing", spdx(std::slice::from_ref(&other), &[]), Outcome::Pass),
        ("its second name", spdx(&[package("p", &["pkg:npm/p@1", evil])], &[]), Outcome::Fail),
        ("described", spdx(&[other, package("evil", &[evil])], &["evil"]), Outcome::Fail),
        (
            "described by CycloneDX",
            json!({"bomFormat": "CycloneDX", "components": [{"name": "x"}],
                "metadata": {"component": {"name": "x", "purl": evil}}}),
            Outcome::Fail,
        ),
    ] {
        let mut release = Release::good();
        let document = sbom(&release.binary, &document.to_string());
        *release.fixtures.last_mut().unwrap() = document;
        let verdict = release.against(&yaml);
        let found = verdict.report().rule("attestations.sbom.forbid").unwrap().outcome;
        if found != wanted {
            wrong.push((name, found));
        }
    }
    assert_eq!(wrong, []);
}
