//! The report for code scanning: SARIF 2.1.0 (OASIS, March 2020).
//!
//! One rule for each rule of the policy, one result for each that is not met. Section numbers are
//! the specification's.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_policy::verdict::{Report, Rule};
use chainsign_policy::{Mode, Outcome};
use serde_json::{Map, Value, json};

use super::view::{Run, Target, Word, rule_word};
use crate::failure::{Exit, Failure};
use crate::plain::plain;

/// The whole log.
pub fn log(run: &Run<'_>) -> Value {
    let mut rules = Rules::default();
    let targets: Vec<_> = run.targets().collect();
    let mut results = Vec::new();
    // Several policies may be about one target; its artifact stands once (3.14.15).
    let mut artifacts: Vec<Value> = Vec::new();
    for target in &targets {
        let artifact = artifact(target);
        let known = artifacts.iter().position(|it| *it == artifact);
        let index = known.unwrap_or(artifacts.len());
        if known.is_none() {
            artifacts.push(artifact);
        }
        results.extend(target_results(index, target, &mut rules));
    }
    let policies: BTreeSet<_> =
        targets.iter().filter_map(Target::report).map(|report| &report.policy.name).collect();
    let policies: Vec<_> = policies.into_iter().map(String::as_str).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "chainsign",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.descriptors,
            } },
            // Results of another policy are not replaced by these (3.14.3).
            "automationDetails": { "id": format!("chainsign/{}/", policies.join(",")) },
            "invocations": [invocation(run)],
            "artifacts": artifacts,
            "results": results,
            "columnKind": "utf16CodeUnits",
        }],
    })
}

/// The rules that were met with, each once, in the order of meeting.
#[derive(Default)]
struct Rules {
    ids: Vec<String>,
    descriptors: Vec<Value>,
}

impl Rules {
    fn place(&mut self, id: &str, describe: impl FnOnce() -> Value) -> usize {
        if let Some(place) = self.ids.iter().position(|it| it == id) {
            return place;
        }
        self.ids.push(id.to_owned());
        self.descriptors.push(describe());
        self.ids.len() - 1
    }
}

fn invocation(run: &Run<'_>) -> Value {
    let exit = match &run.decided {
        Ok(_) => run.targets().map(|target| target.0.exit()).max().unwrap_or(Exit::Undecided),
        Err(failure) => failure.exit,
    };
    let mut invocation = json!({
        "executionSuccessful": run.decided.is_ok(),
        "exitCode": exit.code(),
    });
    let mut notes = Vec::new();
    if let Err(failure) = &run.decided {
        notes.push(notification("error", &failure.reason, &with_hints(failure)));
    }
    let weakened = run.weakened.sentences();
    notes.extend(weakened.iter().map(|it| notification("warning", "weakened", it)));
    if !notes.is_empty() {
        invocation["toolExecutionNotifications"] = notes.into();
    }
    invocation
}

fn notification(level: &str, id: &str, text: &str) -> Value {
    json!({ "level": level, "descriptor": { "id": id }, "message": { "text": text } })
}

fn artifact(target: &Target<'_>) -> Value {
    let mut artifact =
        json!({ "location": { "uri": uri(&target.0.target) }, "roles": ["analysisTarget"] });
    if let Some(report) = target.report() {
        // The names of the IANA registry (3.24.11).
        let digests = report.artifact.digests.iter();
        let hashes: Map<String, Value> = digests
            .filter_map(|digest| {
                Some((hash_name(digest.algorithm())?.to_owned(), digest.hex().into()))
            })
            .collect();
        artifact["hashes"] = hashes.into();
    }
    artifact
}

fn target_results(index: usize, target: &Target<'_>, rules: &mut Rules) -> Vec<Value> {
    if let Some(failure) = target.failure() {
        return vec![failed(index, target, failure, rules)];
    }
    let Some(report) = target.report() else { return Vec::new() };
    let mut results = Vec::new();
    for rule in report.rules() {
        let place = rules.place(rule.id.as_str(), || descriptor(target, report, rule));
        if rule.outcome >= Outcome::Fail {
            results.push(result(index, place, target, report, rule));
        }
    }
    results
}

fn descriptor(target: &Target<'_>, report: &Report, rule: &Rule) -> Value {
    let id = rule.id.as_str();
    let asked = target.asked(&rule.id).unwrap_or(id);
    let policy = &report.policy;
    let help = format!("The policy {} asks: {asked}", policy.name);
    json!({
        "id": id,
        "shortDescription": { "text": asked },
        "fullDescription": { "text": help },
        "help": { "text": help },
        "defaultConfiguration": { "level": level_of(policy.mode) },
        "properties": { "tags": ["supply-chain"] },
    })
}

fn result(index: usize, place: usize, target: &Target<'_>, report: &Report, rule: &Rule) -> Value {
    let level = match rule.outcome {
        _ if rule_word(rule) == "excepted" => "note",
        // The cause is a result of its own.
        _ if rule.because.is_some() => "note",
        Outcome::Error => "error",
        _ => level_of(report.policy.mode),
    };
    let mut result = json!({
        "ruleId": rule.id.as_str(),
        "ruleIndex": place,
        "level": level,
        "message": { "text": message(rule) },
        "locations": [location(index, target)],
        "partialFingerprints": fingerprints(&report.policy.name, rule.id.as_str(), target),
        "properties": properties(rule),
    });
    if let Some(exception) = &rule.exception {
        let exceptions = &report.exceptions;
        let granted = exceptions.iter().find(|it| it.id == *exception);
        let why = granted.map_or_else(
            || exception.clone(),
            |it| {
                format!(
                    "{}: {}, approved by {}, until {}",
                    it.id, it.reason, it.approved_by, it.expires
                )
            },
        );
        result["suppressions"] =
            json!([{ "kind": "external", "status": "accepted", "justification": why }]);
    }
    result
}

/// A target on which no policy decided.
fn failed(index: usize, target: &Target<'_>, failure: &Failure, rules: &mut Rules) -> Value {
    let id = format!("target.{}", failure.reason);
    let level = "error";
    let place = rules.place(&id, || {
        json!({
            "id": id,
            "shortDescription": { "text": TARGET_ASKED },
            "fullDescription": { "text": TARGET_ASKED },
            "help": { "text": TARGET_ASKED },
            "defaultConfiguration": { "level": level },
            "properties": { "tags": ["supply-chain"] },
        })
    });
    json!({
        "ruleId": id,
        "ruleIndex": place,
        "level": level,
        "message": { "text": with_hints(failure) },
        "locations": [location(index, target)],
        "partialFingerprints": fingerprints("", &id, target),
        "properties": {
            "outcome": Word::of_exit(failure.exit).as_str(),
            "reason": failure.reason,
        },
    })
}

/// The message, then found, wanted and hint, a line each.
fn message(rule: &Rule) -> String {
    let mut text = rule.message.clone();
    let lines = [("found", &rule.found), ("wanted", &rule.wanted), ("hint", &rule.hint)];
    for (label, value) in lines {
        if let Some(value) = value {
            text.push_str(&format!("\n{label}: {value}"));
        }
    }
    literal(&text)
}

fn with_hints(failure: &Failure) -> String {
    let hints = failure.hints.iter().map(|hint| format!("\nhint: {hint}"));
    literal(&format!("{}{}", failure.message, hints.collect::<String>()))
}

/// A plain text message in which nothing is a link, `[text](destination)` (3.11.6), or a
/// placeholder, `{0}` (3.11.5).
fn literal(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(plain).collect();
    let text = lines.join("\n").replace("](", "] (");
    let mut literal = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(open) = rest.find('{') {
        let (before, braced) = rest.split_at(open);
        literal.push_str(before);
        let digits = braced[1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && braced[1 + digits..].starts_with('}') {
            literal.push_str(&format!("{{{}}}", &braced[..digits + 2]));
            rest = &braced[digits + 2..];
        } else {
            literal.push('{');
            rest = &braced[1..];
        }
    }
    literal + rest
}

fn properties(rule: &Rule) -> Value {
    let mut properties = Map::new();
    properties.insert("outcome".to_owned(), rule_word(rule).into());
    properties.insert("reason".to_owned(), rule.reason.as_str().into());
    let because = rule.because.as_ref().map(ToString::to_string);
    for (name, value) in [
        ("found", &rule.found),
        ("wanted", &rule.wanted),
        ("hint", &rule.hint),
        ("because", &because),
        ("exception", &rule.exception),
    ] {
        if let Some(value) = value {
            properties.insert(name.to_owned(), value.as_str().into());
        }
    }
    if !rule.evidence.is_empty() {
        properties.insert("evidence".to_owned(), rule.evidence.clone().into());
    }
    properties.into()
}

/// The artifact. Code scanning wants a line; an artifact has one first line at least.
fn location(index: usize, target: &Target<'_>) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&target.0.target), "index": index },
            "region": { "startLine": 1 },
        },
    })
}

/// What makes a result the same in the next run: policy, rule and place, not the artifact's bytes.
fn fingerprints(policy: &str, rule: &str, target: &Target<'_>) -> Value {
    let name = format!("{policy}\0{rule}\0{}", uri(&target.0.target));
    let fingerprint = ArtifactDigest::sha256(name.as_bytes()).hex();
    // GitHub compares the first of the two only.
    json!({ "primaryLocationLineHash": format!("{fingerprint}:1"), "chainsign/v1": fingerprint })
}

fn level_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "error",
        Mode::Warn => "warning",
        Mode::Audit => "note",
    }
}

fn hash_name(algorithm: DigestAlgorithm) -> Option<&'static str> {
    match algorithm {
        DigestAlgorithm::Sha256 => Some("sha-256"),
        DigestAlgorithm::Sha384 => Some("sha-384"),
        DigestAlgorithm::Sha512 => Some("sha-512"),
        _ => None,
    }
}

/// A path as a URI reference (RFC 3986): relative as it was named, or with the scheme `file`.
fn uri(path: &Path) -> String {
    let mut uri = String::new();
    let mut components = path.components().peekable();
    while let Some(component) = components.next() {
        match component {
            Component::RootDir => {
                if uri.is_empty() {
                    uri.push_str("file://");
                }
                uri.push('/');
                continue;
            }
            Component::Prefix(prefix) => {
                uri.push_str("file:///");
                encode(&prefix.as_os_str().to_string_lossy(), &mut uri);
                continue;
            }
            Component::CurDir => continue,
            Component::ParentDir => uri.push_str(".."),
            Component::Normal(name) => encode(&name.to_string_lossy(), &mut uri),
        }
        if components.peek().is_some() {
            uri.push('/');
        }
    }
    if uri.is_empty() { ".".to_owned() } else { uri }
}

fn encode(segment: &str, uri: &mut String) {
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
}

const TARGET_ASKED: &str = "The target can be read, and is decided on.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uri_references() {
        for (path, wanted) in [
            ("dist/app", "dist/app"),
            ("./dist//app", "dist/app"),
            ("../a b#c?d%.bin", "../a%20b%23c%3Fd%25.bin"),
            ("/opt/ä", "file:///opt/%C3%A4"),
            ("x:y", "x%3Ay"),
            (".", "."),
        ] {
            assert_eq!(uri(Path::new(path)), wanted);
        }
    }

    #[test]
    fn messages_hold_no_links_and_no_placeholders() {
        assert_eq!(
            literal("a [b](https://c) {0}, {a}\x1b\nb"),
            "a [b] (https://c) {{0}}, {a}\\u{1b}\nb"
        );
        assert_eq!(literal("[0-9a-f]{40} {{ {12"), "[0-9a-f]{{40}} {{ {12");
    }
}
