//! What does not load, and why.
//!
//! [`REJECTS`] is the corpus: the baseline with one text replaced. Its snapshot holds the exact
//! error, with line and column, and the hint of each; `INSTA_UPDATE=always cargo test -p
//! chainsign-policy` writes it anew, and the difference is to be read.

use std::fmt::Write as _;

use chainsign_policy::{LoadError, Policy};

use crate::common::*;

const SUBJECT: &str = r"subject: {pattern: '.*@acme\.example'}";
const EXCEPTION: &str = "rules: [go.minVersion, signatures]";
const WAIVER: &str = "dangerousWaiveSignature: true";

const REJECTS: &[(&str, &str)] = &[
    // unknown keys and words
    ("signatures:\n", "signature:\n"),
    ("minVersion:", "minimumVersion:"),
    ("maxAge: 7d", "maxage: 7d"),
    ("repository:", "repo:"),
    ("mode: enforce", "mode: enforced"),
    ("replace: deny", "replace: allow"),
    (
        "keyless: {root: public, issuer: 'https://token",
        "keylesss: {root: public, issuer: 'https://token",
    ),
    (
        "keyless: {root: public, issuer: 'https://token",
        "key: {}, keyless: {root: public, issuer: 'https://token",
    ),
    ("{pattern: 'refs/tags", "{regexp: 'refs/tags"),
    ("    issuer: https", "    issuers: https"),
    // one spelling
    ("name: baseline", "name: baseline\n  name: x"),
    ("GOOS: linux", "GOOS: linux\n    GOOS: darwin"),
    ("mode: enforce", "mode: &a enforce"),
    ("mode: enforce", "mode: *a"),
    ("metadata:\n", "metadata:\n  <<: {name: a}\n"),
    ("mode: enforce", "mode: !x enforce"),
    ("name: baseline", "name: 12"),
    ("name: baseline", "name: a name"),
    ("dangerousAnySubject: false", "dangerousAnySubject: no"),
    ("minVersion: \"1.25\"", "minVersion: 1.30"),
    ("GOOS: linux", "GOOS: 1.5"),
    ("mode: enforce", "mode: enforce\n---\nmode: warn"),
    ("mode: enforce", "mode: [enforce]"),
    ("authorities:\n", "authorities: []\nx:\n"),
    ("release:\n    keyless", "re lease:\n    keyless"),
    // a key that is written without a value was meant to say something
    ("go:\n  when: goBinary", "go:\nwhen: goBinary"),
    ("expires: 2027-06-30T00:00:00Z", "expires:"),
    ("version: 7", "version:"),
    ("maxAge: 7d", "maxAge:"),
    ("sbom: {minComponents: 4}", "sbom:"),
    ("minVersion: \"1.25\"", "minVersion:"),
    ("replace: deny", "replace:"),
    ("modules: {equal: sbom}", "modules:"),
    ("commit: {equals: provenance}", "commit:"),
    ("by: [nobody, scanner]", "by: []"),
    ("by: [nobody, scanner]", "by:"),
    ("allow: [note]", "allow:"),
    ("values: {level: release}", "values:"),
    ("any: [nobody, offline]", "any: []"),
    ("extensions: {runnerEnvironment: github-hosted}", "extensions:"),
    ("logEntries: [", "logEntries: # ["),
    ("mode: enforce", "mode:"),
    ("select: any", "select:"),
    ("log: require", "log:"),
    // other documents
    ("kind: Policy", "kind: ClusterImagePolicy"),
    ("chainsign.dev/v1", "policy.sigstore.dev/v1beta1"),
    ("kind: Policy\n", ""),
    // captures
    ("mode: enforce", "match: {}"),
    ("mode: enforce", "match: {images: {include: []}}"),
    ("mode: enforce", "match: {images: {include: ['ghcr.io/{a}', 'ghcr.io/x/{b}']}}"),
    ("mode: enforce", "match: {images: {include: ['ghcr.io/{a}/{a}']}}"),
    ("mode: enforce", "match: {images: {include: ['ghcr.io/[a-z]']}}"),
    ("entryPoint: .github", "entryPoint: '{service}/.github' # "),
    ("https://github\\.com/acme/app/", "https://github\\.com/acme/{service}/"),
    // identities
    (SUBJECT, r"subject: {pattern: '.*@.*'}"),
    (SUBJECT, r"subject: {pattern: 'https://github\.com/acme.*'}"),
    (SUBJECT, "subject: {pattern: 'https://github.com/*'}"),
    (SUBJECT, "subject: {pattern: '.*'}"),
    (SUBJECT, "subject: {pattern: 'a)(b'}"),
    (SUBJECT, "subject: ''"),
    (SUBJECT, "dangerousAnySubject: false"),
    ("pattern: 'https://token\\.actions\\.githubusercontent\\.com/?'", "pattern: 'https://.*'"),
    ("runnerEnvironment: github-hosted", "runnerEnviroment: github-hosted"),
    // names
    ("by: builder", "by: bulder"),
    ("- release\n", "- releases\n"),
    ("of: [release, offline, nobody]", "of: [release, offline, anybody]"),
    ("signer: builder", "signer: build"),
    ("root: public\n      issuer: https", "root: publik\n      issuer: https"),
    ("root: public\n      issuer: https", "issuer: https"),
    ("root: public\n      log", "log"),
    ("modules: {equal: sbom}", "modules: {equal: sbon}"),
    ("modules: {equal: sbom}", "modules: {equal: provenance}"),
    ("modules: {equal: sbom}", "modules: {equal: sbom, covers: sbom}"),
    ("commit: {equals: provenance}", "commit: {equals: sbom}"),
    ("modules: {equal: sbom}", "listed: {sbom: provenance}"),
    ("modules: {equal: sbom}", "listed: {sbom: sbon}"),
    ("replace: deny", "parameters: {of: sbom, settings: {GOOS: {external: goos}}}"),
    ("replace: deny", "parameters: {of: provenanc, settings: {GOOS: {external: goos}}}"),
    ("replace: deny", "parameters: {of: provenance, settings: {}}"),
    ("replace: deny", "parameters: {of: provenance, settings: {GOOOS: {external: goos}}}"),
    ("replace: deny", "parameters: {of: provenance, settings: {GOOS: goos}}"),
    (WAIVER, "breakGlass: {from: 2026-12-29T23:59:59Z}"),
    (WAIVER, "breakGlass: {from: 2026-12-31T00:00:00Z}"),
    (WAIVER, "breakGlass: {}"),
    ("mode: enforce", "match: {kubernetes: {}}"),
    ("mode: enforce", "match: {kubernetes: {namespaces: {include: []}}}"),
    ("mode: enforce", "match: {kubernetes: {namespaces: {include: ['{x}']}}}"),
    ("mode: enforce", "match: {kubernetes: {kinds: []}}"),
    ("minComponents: 4", "createdWithin: 0d"),
    ("  require:\n", "  via: [checksums]\n  require:\n"),
    ("replace: deny", "programs: []"),
    ("replace: deny", "programs: ['bin/{service}']"),
    // files
    ("file: root.json", "file: rooot.json"),
    ("file: root.json", "file: https://example.com/root.json"),
    ("file: root.json", "file: ''"),
    ("file: root.json", "file: other-root.json"),
    ("file: key.pub", "file: other-key.pub"),
    ("file: other-root.json", "file: key.pub"),
    ("file: other-key.pub", "file: root.json"),
    ("fingerprint: sha256:", "fingerprint: sha512:"),
    ("sha256: '", "sha256: 'x"),
    // settings that no binary shows
    ("GOOS: linux", "\"-ldflags\": \"-s -w\""),
    ("GOOS: linux", "CGO_CFLAGS: \"-O2\""),
    ("GOOS: linux", "\"-mod\": vendor"),
    ("GOOS: linux", "\"-trimpth\": true"),
    // choices that make no sense
    ("    maxAge: 30d\n", ""),
    ("select: any\n    maxAge: 7d", "select: all"),
    ("count: 2", "count: 4"),
    ("count: 2", "count: 0"),
    ("of: [release, offline, nobody]", "of: [release, offline, release]"),
    ("any: [nobody, offline]", "any: [nobody, offline]\n        all: [release]"),
    ("level: 3\n      buildType", "level: 4\n      buildType"),
    ("signer: builder, level: 3", "signer: builder, level: 2"),
    ("signer: builder, level: 3", "signer: builder"),
    ("- {id: 'https://github.com/acme/builders/go@v2', signer: builder, level: 3}", "[]"),
    ("predicateType: slsaprovenance1", "predicateType: vuln"),
    ("predicateType: slsaprovenance1", "predicateType: slsa"),
    ("predicateType: [spdxjson, cyclonedx]", "predicateType: [spdxjson, link]"),
    ("maxAge: 7d", "maxAge: 7 days"),
    ("notAfter: 2026-12-31T00:00:00Z", "notAfter: 2025-12-31T00:00:00Z"),
    ("expires: 2027-06-30T00:00:00Z", "expires: 2027-06-30"),
    ("repository: https://github.com/acme/app", "repository: https://user@github.com/acme/app"),
    ("minComponents: 4", "minComponents: 0"),
    ("minVersion: \"1.25\"", "minVersion: \"latest\""),
    ("digests: ['sha256:00", "digests: ['sha257:00"),
    ("minComponents: 4", "licences: {allow: []}"),
    ("minComponents: 4", "forbid: [{purl: 'pkg:npm/evil@1', reason: x}]"),
    ("minComponents: 4", "forbid: [{purl: evil, reason: x}]"),
    ("minComponents: 4", "forbid: [{purl: 'pkg:npm/evil', versions: '1.0.0', reason: x}]"),
    ("minComponents: 4", "forbid: [{purl: 'pkg:npm/evil', versions: '<1:2', reason: x}]"),
    ("sbom: {minComponents: 4}", "vulnerabilities: {maxSeverity: high}"),
    ("sbom: {minComponents: 4}", "vulnerabilities: {}"),
    ("mode: enforce", "transparency: {}"),
    ("mode: enforce", "signed: {}"),
    ("replace: deny", "hardening: {}"),
    ("mode: enforce", "transparency: {logs: []}"),
    ("mode: enforce", "transparency: {minLogs: 0}"),
    // exceptions
    (WAIVER, "dangerousWaiveSignature: false"),
    (EXCEPTION, "rules: [go.minVersions]"),
    (EXCEPTION, "rules: [deny.digests]"),
    (EXCEPTION, "rules: [policy]"),
    (EXCEPTION, "rules: []"),
    ("    expires: 2026-12-31T00:00:00Z\n    reason", "    reason"),
    ("reason: a reason", "reason: ''"),
    ("    approvedBy: alice@acme.example\n", ""),
    ("digests: ['sha256:1111", "digests: [] # [\"sha256:1111"),
    (
        WAIVER,
        "dangerousWaiveSignature: true\n  - {id: EX-1, rules: [go], digests: ['sha256:1111111111111111111111111111111111111111111111111111111111111111'], expires: 2026-12-31T00:00:00Z, reason: x, approvedBy: y}",
    ),
];

#[test]
fn every_reject_has_its_error() {
    let mut text = String::new();
    for (from, to) in REJECTS {
        let error = match parse(&changed(from, to)) {
            Err(error) => error,
            Ok(_) => panic!("it loads: {to:?} for {from:?}"),
        };
        writeln!(text, "{from:?} => {to:?}\n    {error}").unwrap();
        if let Some(hint) = error.hint() {
            writeln!(text, "    hint: {hint}").unwrap();
        }
        if !matches!(error, LoadError::OtherDocument { .. }) {
            let place = error.place().unwrap();
            assert!(place.line > 0 && place.column > 0, "{error}");
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn other_documents_are_refused() {
    let text = |bytes: &[u8]| Policy::parse(bytes, &file).unwrap_err().to_string();
    assert_eq!(text(b"\xff"), "the policy is not UTF-8 (byte 0)");
    let large = vec![b' '; (1 << 20) + 1];
    assert_eq!(text(&large), "the policy has 1048577 bytes, wanted at most 1048576");
    assert_eq!(text(b""), "line 1, column 1: the key \"apiVersion\" is missing");
}

#[test]
fn somebody_must_be_asked() {
    let yaml = "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {name: x}\n";
    assert_eq!(parse(yaml).unwrap_err(), LoadError::NoAuthority);
    let authorities = "authorities: {a: {key: {file: key.pub}}}";
    let yaml = format!("{yaml}{authorities}\ngo: {{replace: deny}}\n");
    assert_eq!(parse(&yaml).unwrap_err(), LoadError::NoIdentityRule);
}

/// What is called dangerous is allowed.
#[test]
fn identities_must_be_fixed() {
    let dangerous = format!("{SUBJECT}, dangerousAnySubject: true").replace(r"acme\.example", ".*");
    for to in [dangerous.as_str(), "dangerousAnySubject: true"] {
        let verdict = Release::good().against(&changed(SUBJECT, to));
        assert_eq!(causes(&verdict), []);
    }
}

#[test]
fn files_are_read_and_pinned() {
    let error = parse(&changed("file: root.json", "file: other-root.json")).unwrap_err();
    assert!(
        matches!(&error, LoadError::FileDigest { found, wanted, .. }
            if *found == root_digest("two") && *wanted == root_digest("one")),
        "{error:?}"
    );
    let error = parse(&changed("file: key.pub", "file: other-key.pub")).unwrap_err();
    assert!(
        matches!(&error, LoadError::FileDigest { found, wanted, .. }
            if *found == other_key().fingerprint() && *wanted == key().fingerprint()),
        "{error:?}"
    );
}

#[test]
fn what_some_binaries_show_can_be_asked_of_them() {
    parse(&changed("\"-trimpath\": true", "\"-ldflags\": \"-s -w\"")).unwrap();
    parse(&changed("\"-trimpath\": true", "\"-trimpath\": false\n    CGO_CFLAGS: \"-O2\""))
        .unwrap();
}

#[test]
fn exceptions_can_name_whole_sections() {
    let rules = "rules: [attestations.provenance.source, go]";
    parse(&changed(EXCEPTION, rules)).unwrap();
}

#[test]
fn hostile_policies_end_in_errors() {
    let header = "apiVersion: chainsign.dev/v1\nkind: Policy\n";
    let deep = format!("{header}metadata: {}x{}", "[".repeat(1000), "]".repeat(1000));
    let wide = format!("{header}x: [{}]", "1,".repeat(100_000));
    let open = "{".repeat(100_000);
    for yaml in [deep.as_str(), &wide, &open, "\t", "a: b: c", "- a", "x"] {
        let error = parse(yaml).unwrap_err();
        let refused = matches!(
            error,
            LoadError::Yaml { .. } | LoadError::Value { .. } | LoadError::MissingKey { .. }
        );
        assert!(refused, "{error:?}");
    }
}
