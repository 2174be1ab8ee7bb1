//! The reports of `verify`, as people and programs read them.
//! Regenerate: `SNAPSHOTS=overwrite cargo test -p chainsign --test reports`

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use regex::Regex;
use serde_json::Value;
use support::{Desk, EMAIL, Ran, Stage, fits};

const FORMATS: [&str; 5] = ["tree", "json", "sarif", "markdown", "html"];

/// A desk with the demo's files.
struct Release(Desk);

impl Release {
    fn new() -> Self {
        let desk = Desk::new();
        desk.run(&["demo"]).exits(0);
        Release(desk)
    }

    /// Verifies targets of the demo's folder with one of its policies, with every report in a file.
    fn verify(&self, name: &str, policy: &str, targets: &[&str]) -> Ran {
        let mut arguments = vec!["verify", "--trust-config", "chainsign-demo/trust.json"];
        let policy = format!("chainsign-demo/{policy}");
        arguments.extend(["--policy", &policy]);
        let reports = FORMATS.map(|format| format!("{format}={name}.{format}"));
        arguments.extend(reports.iter().flat_map(|report| ["--report", report]));
        let targets: Vec<_> =
            targets.iter().map(|target| format!("chainsign-demo/{target}")).collect();
        arguments.extend(targets.iter().map(String::as_str));
        self.0.run(&arguments)
    }

    /// A policy that differs from the demo's.
    fn policy(&self, name: &str, change: impl Fn(String) -> String) {
        let policy = self.0.read("chainsign-demo/policy.yaml");
        let changed = change(policy.clone());
        assert_ne!(policy, changed);
        self.0.write(&format!("chainsign-demo/{name}"), changed);
    }
}

/// What differs from run to run, named: times, digests, ports, trees.
fn settled(text: &str) -> String {
    let mut text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    for (pattern, name) in [
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)", "TIME"),
        (r"[0-9a-f]{64}", "HEX"),
        (r"localhost:\d+", "localhost:PORT"),
        // What the policy asks for has snapshots of its own.
        (r"The policy asks: [^<]*", "The policy asks: ASKED"),
        (r#"(Description|help)": \{\s*"text": "[^"]*""#, "${1}\": { \"text\": \"ASKED\""),
        (r"localhost - \d+", "localhost - TREE"),
        (r"(style-src &#39;|style-src ')sha256-[A-Za-z0-9+/=]+", "${1}HASH"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, name).into_owned();
    }
    // The style sheet is its own source.
    let (Some(from), Some(to)) = (text.find("<style>"), text.find("</style>")) else { return text };
    text.replace_range(from + "<style>".len()..to, "…");
    text
}

fn compare(faults: &mut Vec<String>, name: &str, format: &str, found: &str) {
    let found = settled(found);
    let path = format!(
        "{}/tests/snapshots/reports/{name}.{}",
        env!("CARGO_MANIFEST_DIR"),
        match format {
            "tree" => "txt",
            "markdown" => "md",
            "sarif" => "sarif.json",
            other => other,
        }
    );
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(&path, &found).unwrap();
    }
    if std::fs::read_to_string(&path).unwrap_or_default() != found {
        faults.push(format!("{path} differs from:\n{found}"));
    }
}

/// Pass, deny, error, several targets, an exception, a policy that only warns: every format.
#[test]
fn every_report_is_the_documented_one() {
    let release = Release::new();
    release.policy("warn.yaml", |policy| policy.replace("mode: enforce", "mode: warn"));
    release.policy("excepted.yaml", |policy| {
        let digest = chainsign_core::digest::ArtifactDigest::sha256(
            &std::fs::read(support::SHIPCHECK).unwrap(),
        );
        format!(
            "{policy}\nexceptions:\n  - id: EX-7\n    rules: [go.modules]\n    digests: [\"{digest}\"]\n    \
             expires: 2100-01-01T00:00:00Z\n    reason: known, ticket SEC-1\n    approvedBy: alice@acme.example\n"
        )
    });
    release.policy("broken.yaml", |policy| policy.replace("apiVersion:", "apiVersoin:"));
    let hidden = "lies/hidden-module/shipcheck";
    let several = ["shipcheck", hidden, "lies/other-identity/shipcheck", "none"];
    let mut faults = Vec::new();
    for (name, policy, targets, code) in [
        ("pass", "policy.yaml", &several[..1], 0),
        ("fail", "policy.yaml", &several[1..2], 1),
        ("several", "policy.yaml", &several[..], 2),
        ("warn", "warn.yaml", &several[1..2], 0),
        ("excepted", "excepted.yaml", &several[1..2], 0),
        ("broken", "broken.yaml", &several[..1], 2),
    ] {
        let ran = release.verify(name, policy, targets).exits(code);
        for format in FORMATS {
            let report = release.0.read(&format!("{name}.{format}"));
            match (format, name) {
                // The JSON documents are long, and held by their schema.
                ("json", "broken") => fits("failure.v1", &serde_json::from_str(&report).unwrap()),
                ("json", _) => fits("verify.v1", &serde_json::from_str(&report).unwrap()),
                _ => compare(&mut faults, name, format, &report),
            }
        }
        if name != "broken" {
            let tree = release.0.read(&format!("{name}.tree"));
            assert_eq!(settled(&tree), settled(&ran.stdout), "{name}");
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// The page asks for nothing and runs nothing.
#[test]
fn the_page_is_self_contained() {
    let release = Release::new();
    let several = ["shipcheck", "lies/changed-byte/shipcheck"];
    release.verify("page", "policy.yaml", &several).exits(1);
    let page = release.0.read("page.html");
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = chainsign_core::encoding::base64_encode(
        chainsign_core::digest::ArtifactDigest::sha256(style.as_bytes()).bytes(),
    );
    assert!(page.contains(&format!("style-src 'sha256-{hash}'")), "another style sheet");
    assert!(!style.contains("url(") && !style.contains("@import"), "the style sheet loads");
    let tags = Regex::new(r"<([a-z0-9]+)([^>]*)>").unwrap();
    let references =
        Regex::new(r#"\s(?:href|src|action|srcset|style|on[a-z]+)="([^"]*)""#).unwrap();
    let ids: Vec<_> = Regex::new(r#" id="([^"]+)""#)
        .unwrap()
        .captures_iter(&page)
        .map(|found| found[1].to_owned())
        .collect();
    for tag in tags.captures_iter(&page) {
        assert!(!["script", "iframe", "object", "form", "img"].contains(&&tag[1]), "{}", &tag[0]);
        for reference in references.captures_iter(&tag[2]) {
            let to = &reference[1];
            let within = to.strip_prefix('#').is_some_and(|id| ids.iter().any(|it| it == id));
            assert!(within || to == "data:,", "{}", &tag[0]);
        }
    }
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id stands twice: {ids:?}");
}

/// A name that tries everything stays a name.
#[test]
#[cfg(unix)]
fn hostile_names_are_data_in_every_report() {
    const NAME: &str = "a\x1b[2J\x1b]0;t\x07|`b``\n\n## [l](x) @all #1 <details>\
                        <img src=x onerror=alert(1)>\u{202e}\u{9b}31m&\"'{0}.bin";
    let stage = Stage::new();
    stage.desk.write(NAME, "content");
    let token = stage.token();
    stage.sign(&token, &["sign-blob", NAME]).exits(0);
    stage.desk.write("p.json", r#"{"bomFormat":"CycloneDX"}"#);
    stage.sign(&token, &["attest", "--predicate", "p.json", NAME]).exits(0);
    stage.desk.write(
        "policy.yaml",
        format!(
            "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: p, version: 1}}\n\
             authorities:\n  dev:\n    keyless: {{issuer: '{}', subject: '{EMAIL}'}}\n\
             signatures: {{require: dev}}\n\
             attestations:\n  sbom:\n    predicateType: cyclonedx\n    by: dev\n    \
             sbom: {{minComponents: 1}}\n",
            stage.sandbox.issuer()
        ),
    );
    let run = |more: &[&str]| {
        let all = [&["verify", "--trust-config", "trust.json"], more, &[NAME]].concat();
        let mut command = stage.desk.command(&all);
        let output = command.env("CLICOLOR_FORCE", "1").output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let by_identity =
        ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", stage.sandbox.issuer()];
    let by_stranger =
        ["--certificate-identity", "eve@x.invalid", "--certificate-oidc-issuer", "http://x"];
    let own = Regex::new("\x1b\\[(0|1|2|31|32|33|36)m").unwrap();
    let mut faults = Vec::new();
    for format in FORMATS {
        for by in [&["--policy", "policy.yaml"][..], &by_identity, &by_stranger] {
            let (out, err) = run(&[&["-o", format], by].concat());
            assert!(out.len() > 80, "{format} {by:?}: {out}{err}");
            for text in [&out, &err] {
                let rest = own.replace_all(text, "");
                let obeyed = |c: char| c != '\n' && chainsign::plain::is_deceptive(c);
                if rest.contains(obeyed) {
                    faults.push(format!("{format}: {rest:?}"));
                }
            }
            let found = match format {
                "json" => {
                    serde_json::from_str::<Value>(&out).unwrap()["targets"][0]["target"] == NAME
                }
                "html" => out.contains("&lt;img") && !out.contains("<img"),
                "markdown" => {
                    // The longest run of backticks in the name is two.
                    let shown =
                        r"```a\u{1b}[2J\u{1b}]0;t\u{7}\u{7c}`b``\n\n## [l](x) @all #1 ".trim();
                    out.contains(shown) && !outside_of_blocks(&out).contains("\n## [l]")
                }
                "sarif" => {
                    let sarif: Value = serde_json::from_str(&out).unwrap();
                    let run = &sarif["runs"][0];
                    let uri = run["artifacts"][0]["location"]["uri"].as_str().unwrap().to_owned();
                    let texts = run["results"].as_array().unwrap().iter();
                    let mut texts = texts.map(|it| it["message"]["text"].as_str().unwrap());
                    uri.starts_with("a%1B%5B2J") && texts.all(|text| !text.contains("]("))
                }
                _ => out.contains(r"a\u{1b}[2J\u{1b}]0;t\u{7}|`b``\n\n## [l](x)"),
            };
            if !found {
                faults.push(format!("{format} {by:?}: {out}"));
            }
        }
    }
    // What else shows names.
    let signed_by = format!("{NAME}.sigstore.json");
    for arguments in [vec!["inspect", &signed_by], vec!["inspect", NAME], vec!["sbom", NAME]] {
        let mut command = stage.desk.command(&arguments);
        let output = command.env("CLICOLOR_FORCE", "1").output().unwrap();
        for bytes in [output.stdout, output.stderr] {
            let text = String::from_utf8(bytes).unwrap();
            let rest = own.replace_all(&text, "").into_owned();
            if rest.contains(|c: char| c != '\n' && chainsign::plain::is_deceptive(c)) {
                faults.push(format!("{arguments:?}: {rest:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What of a Markdown document is not in a code block.
fn outside_of_blocks(document: &str) -> String {
    let (mut outside, mut fence) = (String::new(), None::<String>);
    for line in document.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks.len() > 2 => fence = Some(ticks),
            None => outside.extend([line, "\n"]),
        }
    }
    outside
}

#[test]
fn code_scanning_sees_the_same_alert_again() {
    let release = Release::new();
    release.policy("warn.yaml", |policy| policy.replace("mode: enforce", "mode: warn"));
    release.policy("audit.yaml", |policy| policy.replace("mode: enforce", "mode: audit"));
    let target = "lies/hidden-module/shipcheck";
    let mut results = Vec::new();
    for (policy, code, level) in
        [("policy.yaml", 1, "error"), ("warn.yaml", 0, "warning"), ("audit.yaml", 0, "note")]
    {
        release.verify("alert", policy, &[target]).exits(code);
        let sarif: Value = serde_json::from_str(&release.0.read("alert.sarif")).unwrap();
        let run = sarif["runs"][0].clone();
        let result = run["results"][0].clone();
        assert_eq!(result["ruleId"], "go.modules");
        assert_eq!(result["level"], level);
        let place = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        let rule = &run["tool"]["driver"]["rules"][place];
        assert_eq!(rule["id"], "go.modules");
        let asked = "Its modules, versions and sums are those that sbom lists.";
        assert_eq!(rule["shortDescription"]["text"], asked);
        assert_eq!(rule["help"]["text"], format!("The policy go-release asks: {asked}"));
        results.push(result["partialFingerprints"].clone());
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[1], results[2]);

    // A target that stands twice is one artifact.
    release.verify("twice", "policy.yaml", &[target, target]).exits(1);
    let sarif: Value = serde_json::from_str(&release.0.read("twice.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["artifacts"].as_array().unwrap().len(), 1);
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 2);

    release.verify("other", "policy.yaml", &["lies/other-identity/shipcheck"]).exits(1);
    let sarif: Value = serde_json::from_str(&release.0.read("other.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    for result in results {
        // A consequence is said, below its cause.
        let wanted = if result["properties"]["because"].is_null() { "error" } else { "note" };
        assert_eq!(result["level"], wanted, "{result}");
    }
    assert!(results.iter().any(|result| result["level"] == "note"), "{results:?}");
}

/// A job that uploads its reports finds them, and they say that nothing was decided.
#[test]
fn reports_are_written_whatever_happens() {
    let desk = Desk::new();
    desk.write("file", "content");
    let reports = FORMATS.map(|format| format!("{format}=out.{format}"));
    let mut arguments = vec!["verify", "--policy", "none.yaml"];
    arguments.extend(reports.iter().flat_map(|report| ["--report", report]));
    arguments.push("file");
    desk.run(&arguments).exits(2).says("cannot read the policy none.yaml");
    for format in FORMATS {
        let report = desk.read(&format!("out.{format}"));
        assert!(report.contains("none.yaml"), "{format}: {report}");
    }
    let sarif: Value = serde_json::from_str(&desk.read("out.sarif")).unwrap();
    let invocation = &sarif["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["exitCode"], 2);
    assert_eq!(invocation["toolExecutionNotifications"][0]["descriptor"]["id"], "unreadable");
    let failure: Value = serde_json::from_str(&desk.read("out.json")).unwrap();
    assert_eq!(failure["schema"], "chainsign.failure/v1");
}

/// A signature over a list of checksums is not told as one over the artifact.
#[test]
fn a_list_is_a_link_of_the_chain() {
    let stage = Stage::new();
    stage.desk.write("app", "content");
    let digest = chainsign_core::digest::ArtifactDigest::sha256(b"content").hex();
    stage.desk.write("checksums.txt", format!("{digest}  app\n"));
    stage.sign(&stage.token(), &["sign-blob", "checksums.txt"]).exits(0);
    stage.desk.write(
        "policy.yaml",
        format!(
            "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: via}}\n\
             authorities: {{a: {{keyless: {{issuer: '{}', subject: {EMAIL}}}}}}}\n\
             signatures: {{require: a, via: checksums}}\n",
            stage.sandbox.issuer()
        ),
    );
    let issuer = stage.sandbox.issuer();
    let policy = ["--policy", "policy.yaml"];
    let identity = ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", issuer];
    let verify = |by: &[&str], format: &str| {
        let arguments = ["verify", "--trust-config", "trust.json", "--via", "checksums.txt"];
        stage.desk.run(&[&arguments[..], by, &["-o", format, "app"]].concat()).exits(0)
    };
    for (format, said) in [
        ("tree", "via    checksums.txt, which lists app"),
        ("html", "<p class=\"kind\">List of checksums</p>"),
        ("markdown", "- List of checksums: `checksums.txt, which lists app`"),
    ] {
        for by in [&policy[..], &identity] {
            let ran = verify(by, format);
            assert!(ran.stdout.contains(said), "{format}: {}", ran.stdout);
            assert!(!ran.stdout.to_lowercase().contains("the artifact itself"), "{}", ran.stdout);
            assert!(ran.stdout.contains(&digest), "{format}: {}", ran.stdout);
        }
    }
    for (by, place) in
        [(&policy[..], "/targets/0/verdict/evidence/0/via"), (&identity, "/targets/0/via")]
    {
        let json = verify(by, "json").json();
        fits("verify.v1", &json);
        assert_eq!(json.pointer(place).unwrap(), "checksums.txt, which lists app");
        assert_eq!(json["targets"][0]["digests"][0], format!("sha256:{digest}"));
    }
}

/// What was demanded less than usual is in every report, and on standard error where it would not
/// be seen.
#[test]
fn whatever_weakens_a_decision_is_reported() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.sign(&stage.token(), &["sign-blob", "file"]).exits(0);
    for format in FORMATS {
        let ran = stage.desk.run(&[
            "verify",
            "--trust-config",
            "trust.json",
            "--certificate-identity",
            EMAIL,
            "--certificate-oidc-issuer",
            stage.sandbox.issuer(),
            "--insecure-ignore-tlog",
            "--dangerous-at",
            "2100-01-01T00:00:00Z",
            "-o",
            format,
            "file",
        ]);
        let ran = ran.exits(0);
        for said in ["insecure-ignore-tlog", "2100-01-01T00:00:00Z"] {
            assert!(ran.stdout.contains(said), "{format}: {said} in {}", ran.stdout);
        }
        let warned = ran.stderr.contains("warning: --dangerous-at: decided as of 2100-01-01");
        assert_eq!(warned, format != "tree", "{format}: {}", ran.stderr);
        if format == "json" {
            fits("verify.v1", &ran.json());
        }
    }
}

#[test]
fn a_report_goes_where_it_is_sent_and_nowhere_else() {
    let desk = Desk::new();
    desk.write("file", "content");
    desk.write("policy.yaml", "");
    let verify = |reports: &[&str]| {
        let mut arguments = vec!["verify", "--policy", "policy.yaml"];
        arguments.extend(reports.iter().flat_map(|report| ["--report", *report]));
        arguments.push("file");
        desk.run(&arguments)
    };
    verify(&["pdf=x"])
        .exits(2)
        .says("the format is \"pdf\", wanted tree, json, sarif, markdown, html");
    verify(&["html"]).exits(2).says("wanted FORMAT=FILE");
    verify(&["html="]).exits(2).says("no file is named behind the `=`");
    verify(&["html=-"]).exits(2).says("--output prints on standard output");
    verify(&["html=a", "json=a"]).exits(2).says("found two reports that go to a");
    verify(&["html=file"]).exits(2).says("a report would take the place of file, which is read");
    verify(&["html=./policy.yaml"]).exits(2).says("would take the place of ./policy.yaml");
    verify(&["html=none/x"]).exits(2).says("cannot write none/x");
    verify(&["html=."]).exits(2).says("cannot write .: it is a directory");
    assert_eq!(desk.files(), ["file", "policy.yaml"]);
    assert_eq!(desk.read("file"), "content");
}

/// The summary of a step is shared with the step's other commands; other files are replaced.
#[test]
fn only_the_summary_of_a_step_is_added_to() {
    let desk = Desk::new();
    desk.write("file", "content");
    desk.write("summary", "# Before");
    desk.write("other", "# Before");
    let summary = desk.path("summary");
    let arguments = [
        "verify",
        "--policy",
        "none.yaml",
        "--report",
        &format!("markdown={}", summary.display()),
        "--report",
        "markdown=other",
        "file",
    ];
    for _ in 0..2 {
        let mut command = desk.command(&arguments);
        let output = command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
    }
    let heads = |name: &str| {
        let text = desk.read(name);
        text.lines().filter(|line| line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    let report = "## ❔ chainsign: undecided";
    assert_eq!(heads("summary"), ["# Before", report, report]);
    assert_eq!(heads("other"), [report]);
    assert_eq!(desk.files(), ["file", "other", "summary"]);
}
