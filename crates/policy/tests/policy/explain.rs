//! What people are told about a policy before it is used.

use chainsign_policy::Lint;

use crate::common::*;

/// A rule that nobody is told about, or a sentence about a rule that does not exist, is a defect.
#[test]
fn every_rule_has_one_sentence() {
    let all = changed("mode: enforce", "mode: enforce\nmatch: {files: {include: ['**']}}")
        .replace("sbom: {minComponents: 4}", "sbom: {createdWithin: 9d, describes: artifact, forbid: [{purl: 'pkg:npm/x', reason: y}], licences: {allow: [MIT]}}\n    rules: [{id: own, cel: 'true', message: It is so}]\n  scan:\n    predicateType: vulns\n    by: scanner\n    vulnerabilities: {maxSeverity: low, scannedWithin: 7d, vex: {by: release, maxAge: 9d, suppress: [fixed]}}")
        .replace("replace: deny", "replace: deny\n  records: agree\n  programs: [bin/app, 'lib/*']\n  listed: {sbom: sbom}\n  parameters: {of: provenance, settings: {GOOS: {external: goos}, '-tags': {internal: /a/b}}}\n  hardening: {pie: require, stripped: require, relro: full, bindNow: require, executableStack: deny}")
        .replace("signatures:\n", "signatures:\n  via: checksums\n")
        .replace("\ndeny:\n", "\nimage: {user: nonRoot, base: {names: ['a/*']}, labels: {a: b}}\nrules: [{id: a, cel: '1 == 1', message: It adds up}]\ndeny:\n");
    for yaml in [BASELINE, &all] {
        let policy = parse(yaml).unwrap();
        let explained: Vec<_> = policy.explain().into_iter().map(|it| it.id).collect();
        assert_eq!(explained, policy.rule_ids());
    }
    let policy = parse(&all).unwrap();
    let text: Vec<_> =
        policy.explain().iter().map(|it| format!("{}: {}", it.id, it.text)).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn what_is_odd_is_told() {
    let lints = |yaml: &str, now: &str| parse(yaml).unwrap().lints(at(now));
    let unused = Lint::UnusedRoot { name: "other".to_owned() };
    let id = parse(BASELINE).unwrap().explain();
    let id = id.iter().find(|it| it.id.as_str() == "attestations.sbom.maxAge").unwrap().id.clone();
    let aged = Lint::AgeOfKey { id, authority: "nobody".to_owned() };
    assert_eq!(lints(BASELINE, NOW), [unused.clone(), aged.clone()]);
    let late = lints(BASELINE, "2027-06-30T00:00:00Z");
    let expires = at("2026-12-31T00:00:00Z");
    assert_eq!(
        late,
        [
            Lint::ExpiredPolicy { expires: at("2027-06-30T00:00:00Z") },
            unused.clone(),
            aged.clone(),
            Lint::ExpiredException { id: "EX-1".to_owned(), expires },
        ]
    );
    let yaml =
        changed("by: [nobody, scanner]", "by: nobody").replace("mode: enforce", "mode: audit");
    assert_eq!(
        lints(&yaml, NOW),
        [
            Lint::NothingDenied { mode: "audit" },
            Lint::UnusedAuthority { name: "scanner".to_owned() },
            unused.clone(),
            aged.clone(),
        ]
    );
    let loose = changed(r"subject: {pattern: '.*@acme\.example'}", "dangerousAnySubject: true");
    let loose = loose.replace("unknown: deny", "unknown: dangerousAllow");
    let odd: Vec<_> = lints(&loose, NOW).iter().map(ToString::to_string).collect();
    assert_eq!(
        odd,
        [
            "no authority stands under the root other",
            "the authority scanner accepts anybody with an account at its issuer",
            "attestations.provenance lets whoever starts the build choose parameters that no rule \
             looks at",
            "attestations.sbom.maxAge asks how old what the key nobody signed is: whoever has it can have \
             it timestamped anew",
        ]
    );
    let inside = changed("replace: deny", "programs: ['**', bin/app]")
        .replace("mode: enforce", "mode: enforce\nmatch: {kubernetes: {labels: {a: b}}}");
    let odd: Vec<_> = lints(&inside, NOW).iter().map(ToString::to_string).collect();
    assert_eq!(
        odd,
        [
            "no authority stands under the root other",
            "attestations.sbom.maxAge asks how old what the key nobody signed is: whoever has it can have \
             it timestamped anew",
            "go.programs allows any program: **",
            "match.kubernetes asks for labels: whoever may change them takes a workload out",
        ]
    );
    let by_key = "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {name: a}\n\
        authorities: {k: {key: {file: key.pub}}}\nattestations:\n  \
        sbom: {predicateType: cyclonedx, by: k, maxAge: 7d}\n  \
        scan: {predicateType: vulns, by: k, vulnerabilities: {maxSeverity: low, \
        vex: {by: k, maxAge: 7d, suppress: [fixed]}}}\n";
    let odd: Vec<_> = lints(by_key, NOW).iter().map(ToString::to_string).collect();
    let asks = |id: &str| {
        format!(
            "{id} asks how old what the key k signed is: whoever has it can have it timestamped anew"
        )
    };
    let ids = ["attestations.sbom.maxAge", "attestations.scan.vulnerabilities.vex.maxAge"];
    assert_eq!(odd, ids.map(asks));
}
