//! What a scan may have found, and what takes a finding out.

use chainsign_core::identity::SubjectAlternativeName;
use chainsign_policy::Outcome;
use chainsign_policy::testing::{Fixture, FixtureSigner};
use serde_json::{Value, json};

use crate::common::*;

const FAIL: Outcome = Outcome::Fail;
const RULES: &str = "maxSeverity: medium, scannedWithin: 7d";
const VEX: &str = "vex: {by: release, maxAge: 90d, suppress: [not_affected, fixed]}";

fn policy(rules: &str) -> String {
    let scan = format!(
        "attestations:\n  scan:\n    predicateType: [vulns, vuln]\n    by: scanner\n    select: newest\n    \
         maxAge: 30d\n    vulnerabilities: {{{rules}}}\n"
    );
    changed("attestations:\n", &scan)
}

fn scanner() -> FixtureSigner {
    identity(SubjectAlternativeName::Email("scanner@acme.example".to_owned()))
}

fn finding(id: &str, severity: &str) -> Value {
    json!({
        "id": id,
        "severity": [{"method": "nvd", "score": severity}],
        "annotations": [{"package": "pkg:golang/rsc.io/quote@v1.5.2"}],
    })
}

fn scan(findings: Value) -> Value {
    json!({"scanner": {"uri": "x", "result": findings},
           "metadata": {"scanFinishedOn": "2026-11-20T00:00:00Z"}})
}

fn release(scan: &Value) -> Release {
    let mut release = Release::good();
    let statement = statement(&release.binary, "vulns", &scan.to_string());
    release.fixtures.push(fixture("scan.json", scanner(), &release.binary, Some(statement)));
    release
}

fn vex(release: &Release, origin: &str, signer: FixtureSigner, statements: Value) -> Fixture {
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "x", "version": 1,
        "timestamp": "2026-11-20T00:00:00Z", "statements": statements,
    });
    let uri = "https://openvex.dev/ns/v0.2.0";
    let statement = statement(&release.binary, uri, &document.to_string());
    fixture(origin, signer, &release.binary, Some(statement))
}

fn about(status: &str, product: Value) -> Value {
    json!([{
        "vulnerability": {"name": "CVE-1", "aliases": ["GHSA-1"]},
        "products": [product],
        "status": status,
        "justification": "vulnerable_code_not_present",
    }])
}

#[track_caller]
fn check(release: &Release, yaml: &str, wanted: &[(&str, Outcome, &str)]) {
    let found = causes(&release.against(yaml));
    let wanted: Vec<_> =
        wanted.iter().map(|(id, outcome, reason)| ((*id).to_owned(), *outcome, *reason)).collect();
    assert_eq!(found, wanted);
}

const VULNERABLE: &[(&str, Outcome, &str)] =
    &[("attestations.scan.maxSeverity", FAIL, "vulnerable")];

#[test]
fn findings_worse_than_allowed_fail() {
    let yaml = policy(RULES);
    check(&release(&scan(json!([]))), &yaml, &[]);
    check(&release(&scan(json!([finding("CVE-1", "medium")]))), &yaml, &[]);
    check(&release(&scan(json!([finding("CVE-1", "high")]))), &yaml, VULNERABLE);
    check(&release(&scan(json!([finding("CVE-1", "high")]))), &yaml.replace("medium", "high"), &[]);
    let unknown = release(&scan(json!([finding("CVE-1", "?")])));
    check(&unknown, &yaml, VULNERABLE);
    check(&unknown, &policy(&format!("{RULES}, unknownSeverity: deny")), VULNERABLE);
    check(&unknown, &policy(&format!("{RULES}, unknownSeverity: allow")), &[]);
    let verdict = release(&scan(json!([finding("CVE-1", "high")]))).against(&yaml);
    let rule = verdict.report().rule("attestations.scan.maxSeverity").unwrap();
    assert_eq!(
        rule.message,
        "found CVE-1 (high) in pkg:golang/rsc.io/quote@v1.5.2, wanted medium or less"
    );
}

#[test]
fn a_scan_has_an_age_of_its_own() {
    let at = |time: Value| {
        let mut scan = scan(json!([]));
        scan["metadata"]["scanFinishedOn"] = time;
        release(&scan)
    };
    let yaml = policy(RULES);
    let rule = |reason| [("attestations.scan.scannedWithin", FAIL, reason)];
    check(&at(json!("2026-11-14T12:00:00Z")), &yaml, &[]);
    check(&at(json!("2026-11-14T11:59:59Z")), &yaml, &rule("too-old"));
    check(&at(json!("2026-11-22T00:00:00Z")), &yaml, &rule("value-mismatch"));
    check(&at(Value::Null), &yaml, &rule("value-missing"));
}

#[test]
fn a_scan_that_cannot_be_read_is_not_a_clean_one() {
    for scan in [json!({}), json!({"scanner": {"result": null}}), json!({"scanner": {}})] {
        check(&release(&scan), &policy(RULES), &[("attestations.scan", FAIL, "unreadable")]);
    }
}

#[test]
fn vex_takes_out_what_its_authorised_signer_says() {
    let yaml = policy(&format!("{RULES}, {VEX}"));
    let bad = || release(&scan(json!([finding("CVE-1", "critical")])));
    #[track_caller]
    fn says(yaml: &str, mut release: Release, statements: Value, wanted: &[(&str, Outcome, &str)]) {
        let document = vex(&release, "vex.json", signer(), statements);
        release.fixtures.push(document);
        check(&release, yaml, wanted);
    }
    let package = || json!({"@id": "pkg:golang/rsc.io/quote@v1.5.2"});
    check(&bad(), &yaml, VULNERABLE);
    says(&yaml, bad(), about("not_affected", package()), &[]);
    says(&yaml, bad(), about("fixed", package()), &[]);
    says(&yaml, bad(), about("affected", package()), VULNERABLE);
    says(&yaml, bad(), about("under_investigation", package()), VULNERABLE);
    // Only the statuses that the policy names.
    let only_fixed = yaml.replace("[not_affected, fixed]", "[fixed]");
    says(&only_fixed, bad(), about("not_affected", package()), VULNERABLE);
    // The product: the package in any version, or in this one.
    says(&yaml, bad(), about("not_affected", json!({"@id": "pkg:golang/rsc.io/quote"})), &[]);
    let other = json!({"@id": "pkg:golang/rsc.io/quote@v1.5.3"});
    says(&yaml, bad(), about("not_affected", other), VULNERABLE);
    let identifier = json!({"identifiers": {"purl": "pkg:golang/rsc.io/quote@v1.5.2"}});
    says(&yaml, bad(), about("not_affected", identifier), &[]);
    // Or the artifact.
    let artifact = bad().digests().iter().next().unwrap().hex();
    let hashes = |hex: &str| json!({"hashes": {"sha-256": hex}});
    says(&yaml, bad(), about("not_affected", hashes(&artifact)), &[]);
    says(&yaml, bad(), about("not_affected", hashes(&"0".repeat(64))), VULNERABLE);
    // With subcomponents it is about these only.
    let mut inside = hashes(&artifact);
    inside["subcomponents"] = json!([{"@id": "pkg:golang/rsc.io/sampler"}]);
    says(&yaml, bad(), about("not_affected", inside.clone()), VULNERABLE);
    inside["subcomponents"] = json!([{"@id": "pkg:golang/rsc.io/quote"}]);
    says(&yaml, bad(), about("not_affected", inside), &[]);
    // An alias names the same vulnerability, another name none.
    let alias = release(&scan(json!([finding("GHSA-1", "critical")])));
    says(&yaml, alias, about("not_affected", package()), &[]);
    let another = release(&scan(json!([finding("CVE-2", "critical")])));
    says(&yaml, another, about("not_affected", package()), VULNERABLE);
    // OpenVEX: not_affected needs a reason.
    let mut unjustified = about("not_affected", package());
    unjustified[0].as_object_mut().unwrap().remove("justification");
    says(&yaml, bad(), unjustified, VULNERABLE);
    // The latest statement counts, of one time the one that does not take it out.
    let mut changed_mind = about("not_affected", package());
    let mut second = about("affected", package())[0].clone();
    changed_mind.as_array_mut().unwrap().push(second.clone());
    says(&yaml, bad(), changed_mind.clone(), VULNERABLE);
    second["timestamp"] = json!("2026-11-19T00:00:00Z");
    changed_mind[1] = second;
    says(&yaml, bad(), changed_mind, &[]);
    // Nobody can say today what holds tomorrow.
    let mut early = about("not_affected", package());
    early[0]["timestamp"] = json!("2026-11-22T00:00:00Z");
    says(&yaml, bad(), early, VULNERABLE);
}

#[test]
fn vex_of_somebody_else_or_of_long_ago_takes_out_nothing() {
    let yaml = policy(&format!("{RULES}, {VEX}"));
    let bad = || release(&scan(json!([finding("CVE-1", "critical")])));
    let says = || about("not_affected", json!({"@id": "pkg:golang/rsc.io/quote"}));
    let mut release = bad();
    let other = vex(&release, "vex.json", scanner(), says());
    release.fixtures.push(other);
    check(&release, &yaml, VULNERABLE);
    let mut release = bad();
    let old = vex(&release, "vex.json", signer(), says());
    release.fixtures.push(old.with_times([at("2026-08-01T00:00:00Z")]));
    check(&release, &yaml, VULNERABLE);
    // Without a word about VEX in the policy, there is none.
    let mut release = bad();
    let good = vex(&release, "vex.json", signer(), says());
    release.fixtures.push(good);
    check(&release, &policy(RULES), VULNERABLE);
}

/// A vendor's document is about many products and attested to each of them: what it says about another
/// product, or about one that cannot be told from this artifact, takes nothing out here.
#[test]
fn vex_of_another_product_takes_out_nothing() {
    let yaml = policy(&format!("{RULES}, {VEX}"));
    let bad = || release(&scan(json!([finding("CVE-1", "critical")])));
    let artifact = bad().digests().iter().next().unwrap().hex();
    let other = "0".repeat(64);
    let quote = || json!([{"@id": "pkg:golang/rsc.io/quote@v1.5.2"}]);
    let mut wrong = Vec::new();
    for (product, taken_out) in [
        (json!({"hashes": {"sha-256": artifact}, "subcomponents": quote()}), true),
        (json!({"hashes": {"sha-256": other}, "subcomponents": quote()}), false),
        (
            json!({"@id": format!("pkg:oci/app@sha256%3A{artifact}"), "subcomponents": quote()}),
            true,
        ),
        (json!({"@id": format!("pkg:oci/app@sha256:{artifact}")}), true),
        (json!({"@id": format!("pkg:oci/app@sha256%3A{other}"), "subcomponents": quote()}), false),
        (json!({"@id": "pkg:oci/app", "subcomponents": quote()}), false),
        (json!({"@id": "https://acme.example/another", "subcomponents": quote()}), false),
        (json!({"subcomponents": quote()}), false),
    ] {
        let mut release = bad();
        let document = vex(&release, "vex.json", signer(), about("not_affected", product.clone()));
        release.fixtures.push(document);
        if causes(&release.against(&yaml)).is_empty() != taken_out {
            wrong.push(product);
        }
    }
    assert_eq!(wrong, Vec::<Value>::new());
}

/// What an authorised signer says and nobody here understands might be that it is affected after all.
#[test]
fn vex_that_cannot_be_understood_is_not_passed_over() {
    let yaml = policy(&format!("{RULES}, {VEX}"));
    let package = || json!({"@id": "pkg:golang/rsc.io/quote@v1.5.2"});
    let older = || {
        let mut older = about("not_affected", package());
        older[0]["timestamp"] = json!("2026-11-01T00:00:00Z");
        older
    };
    let mut taken_out = Vec::new();
    let mut check = |name: &str, second: &dyn Fn(&Release) -> Fixture| {
        let mut release = release(&scan(json!([finding("CVE-1", "critical")])));
        let first = vex(&release, "first.json", signer(), older());
        let second = second(&release);
        release.fixtures.extend([first, second]);
        if causes(&release.against(&yaml)).is_empty() {
            taken_out.push(name.to_owned());
        }
    };
    check("a status of tomorrow", &|release| {
        vex(release, "second.json", signer(), about("exploited", package()))
    });
    check("affected, by a clock that is ahead", &|release| {
        let mut early = about("affected", package());
        early[0]["timestamp"] = json!("2026-11-22T00:00:00Z");
        vex(release, "second.json", signer(), early)
    });
    check("affected, of a product that may be this one", &|release| {
        let product = json!({"@id": "pkg:oci/app", "subcomponents": [package()]});
        vex(release, "second.json", signer(), about("affected", product))
    });
    let cyclonedx = |release: &Release, timestamp: Value, analysis: Value, affects: Value| {
        let document = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"timestamp": timestamp},
            "vulnerabilities": [{"id": "CVE-1", "analysis": analysis, "affects": affects}],
        });
        let statement = statement(&release.binary, "cyclonedx", &document.to_string());
        fixture("second.cdx.json", signer(), &release.binary, Some(statement))
    };
    let (exploitable, now) = (json!({"state": "exploitable"}), json!("2026-11-20T00:00:00Z"));
    let quote = json!([{"ref": "pkg:golang/rsc.io/quote@v1.5.2"}]);
    check("exploitable, at no time", &|release| {
        cyclonedx(release, Value::Null, exploitable.clone(), quote.clone())
    });
    check("exploitable, at a time that is none", &|release| {
        cyclonedx(release, json!("yesterday"), exploitable.clone(), quote.clone())
    });
    check("a state of tomorrow", &|release| {
        cyclonedx(release, now.clone(), json!({"state": "exploited"}), quote.clone())
    });
    check("exploitable in a range of versions", &|release| {
        let range = json!([{"ref": "pkg:golang/rsc.io/quote@v1.5.2",
            "versions": [{"range": "vers:golang/<v2", "status": "affected"}]}]);
        cyclonedx(release, now.clone(), exploitable.clone(), range)
    });
    // Somebody else's words, and an SBOM without any, change nothing.
    let mut others = release(&scan(json!([finding("CVE-1", "critical")])));
    let documents = [
        vex(&others, "first.json", signer(), older()),
        vex(&others, "second.json", scanner(), about("exploited", package())),
        fixture("sbom.cdx.json", signer(), &others.binary, {
            let sbom = json!({"bomFormat": "CycloneDX", "metadata": {"timestamp": "yesterday"}});
            Some(statement(&others.binary, "cyclonedx", &sbom.to_string()))
        }),
    ];
    others.fixtures.extend(documents);
    assert_eq!(taken_out, Vec::<String>::new());
    assert_eq!(causes(&others.against(&yaml)), []);
}

/// A severity that is not understood may be worse than the one beside it.
#[test]
fn a_severity_beside_one_that_is_not_understood_is_not_known() {
    let with = |scores: Value| {
        let mut finding = finding("CVE-1", "low");
        finding["severity"] = scores;
        release(&scan(json!([finding])))
    };
    let low = || json!({"method": "nvd", "score": "low"});
    let vector =
        json!({"method": "cvss_v3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"});
    let epss = json!({"method": "epss", "score": "0.9"});
    let allow = policy(&format!("{RULES}, unknownSeverity: allow"));
    check(&with(json!([low(), vector])), &policy(RULES), VULNERABLE);
    check(&with(json!([low(), vector])), &allow, &[]);
    check(&with(json!([{"method": "nvd", "score": "high"}, vector])), &allow, VULNERABLE);
    check(&with(json!([low(), epss])), &policy(RULES), &[]);
}

/// CycloneDX documents with an analysis take findings out as OpenVEX does, and only then.
#[test]
fn cyclonedx_vex_takes_out_what_its_authorised_signer_says() {
    let yaml = policy(&format!("{RULES}, {VEX}"));
    let serial = "3e671687-395b-41f5-a30f-a58921a69b79";
    let with = |signer: FixtureSigner, analysis: Value, affects: Value| {
        let mut release = release(&scan(json!([finding("CVE-1", "critical")])));
        let artifact = release.digests().iter().next().unwrap().hex();
        let document = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "serialNumber": format!("urn:uuid:{serial}"),
            "metadata": {
                "timestamp": "2026-11-20T00:00:00Z",
                "component": {"bom-ref": "app", "name": "app",
                    "hashes": [{"alg": "SHA-256", "content": artifact}]},
            },
            "components": [{"name": "m", "components": [
                {"bom-ref": "quote", "name": "q", "purl": "pkg:golang/rsc.io/quote@v1.5.2"},
                {"bom-ref": "other", "name": "o", "purl": "pkg:golang/rsc.io/other@v1.5.2"},
            ]}],
            "vulnerabilities": [{
                "id": "GHSA-1", "references": [{"id": "CVE-1"}], "analysis": analysis,
                "affects": affects,
            }],
        });
        let statement = statement(&release.binary, "cyclonedx", &document.to_string());
        release.fixtures.push(fixture("vex.cdx.json", signer, &release.binary, Some(statement)));
        causes(&release.against(&yaml)).is_empty()
    };
    let not_affected = || json!({"state": "not_affected", "justification": "code_not_present"});
    let fixed = || json!({"state": "resolved"});
    let link = format!("urn:cdx:{serial}/1#quote");
    let version = |version: &str, status: &str| json!([{"ref": "quote", "versions": [{"version": version, "status": status}]}]);
    let mut wrong = Vec::new();
    for (name, signer, analysis, affects, taken_out) in [
        ("by reference", signer(), not_affected(), json!([{"ref": "quote"}]), true),
        ("by purl", signer(), fixed(), json!([{"ref": "pkg:golang/rsc.io/quote@v1.5.2"}]), true),
        ("by link", signer(), fixed(), json!([{"ref": link}]), true),
        ("the artifact", signer(), fixed(), json!([{"ref": "app"}]), true),
        ("its version", signer(), fixed(), version("v1.5.2", "unaffected"), true),
        ("another version", signer(), fixed(), version("v1.5.3", "unaffected"), false),
        ("affected", signer(), fixed(), version("v1.5.2", "affected"), false),
        ("another package", signer(), fixed(), json!([{"ref": "other"}]), false),
        ("nothing", signer(), fixed(), json!([]), false),
        ("a link elsewhere", signer(), fixed(), json!([{"ref": "urn:cdx:x/1#quote"}]), false),
        ("no reason", signer(), json!({"state": "not_affected"}), json!([{"ref": "quote"}]), false),
        ("in triage", signer(), json!({"state": "in_triage"}), json!([{"ref": "quote"}]), false),
        (
            "exploitable",
            signer(),
            json!({"state": "exploitable"}),
            json!([{"ref": "quote"}]),
            false,
        ),
        ("no word", signer(), json!({"state": "fine"}), json!([{"ref": "quote"}]), false),
        ("no analysis", signer(), Value::Null, json!([{"ref": "quote"}]), false),
        ("somebody else", scanner(), fixed(), json!([{"ref": "quote"}]), false),
    ] {
        if with(signer, analysis, affects) != taken_out {
            wrong.push(name);
        }
    }
    assert_eq!(wrong, Vec::<&str>::new());
}
