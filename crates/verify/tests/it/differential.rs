//! Every document is also shown to sigstore-verify, the Sigstore project's own Rust verifier,
//! which shares no code with this one.
//!
//! `differential.txt` has a line for each document on which the two disagree: who accepts it, and
//! the clause by which the other is wrong or stricter. A disagreement without a line fails, and so
//! does a line without a disagreement. No patterns.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sigstore_trust_root::TrustedRoot;
use sigstore_types::{Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

use crate::forge::{IDENTITY, ISSUER};
use crate::refusals::answer;
use crate::tampering::{corpus, corpus_case, subjects, table};

#[test]
fn disagreements_with_sigstore_verify_are_explained() {
    let mut found = BTreeMap::new();
    let mut compare =
        |name: String, document: &[u8], root: &[u8], artifact: &[u8], wanted: &Value| {
            let (ours, _) = answer(document, root, artifact, wanted);
            let ours = ours == "accepted";
            let theirs = oracle(document, root, artifact, wanted, (IDENTITY, ISSUER));
            found.extend(disagreement(ours, theirs).map(|who| (name, who)));
        };
    for subject in subjects() {
        // other formats than the bundle are not theirs
        if subject.document.get("verificationMaterial").is_none() {
            continue;
        }
        for mutant in subject.mutants() {
            compare(
                format!("{} {}", subject.name, mutant.name),
                &mutant.document,
                &subject.root,
                &subject.artifact,
                &subject.requirements,
            );
        }
    }
    for entry in fs::read_dir(corpus()).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() {
            let case = corpus_case(&folder);
            let name = folder.file_name().unwrap().to_str().unwrap();
            let format = serde_json::from_slice::<Value>(&case.document);
            let is_other = format.is_ok_and(|json| {
                json.get("base64Signature").is_some()
                    || json.get("verification_material").is_some()
                    || json.get("payloadType").is_some()
            });
            // they have no thresholds
            let has_threshold =
                case.requirements.as_object().unwrap().values().any(Value::is_number);
            if !is_other && !has_threshold {
                let name = format!("corpus {name}");
                compare(name, &case.document, &case.root, &case.artifact, &case.requirements);
            }
        }
    }
    explain(&found);
}

#[test]
fn there_are_no_disagreements_on_the_conformance_suite() {
    let Some(cases) = crate::conformance::cases() else { return };
    let mut found = BTreeMap::new();
    for case in cases {
        let key = case.key.as_deref().map(|pem| String::from_utf8_lossy(pem).into_owned());
        let wanted = json!({"key": key});
        let signer = (&*case.identity, &*case.issuer);
        let theirs = oracle(&case.bundle, &case.root, &case.artifact, &wanted, signer);
        if let Some(who) = disagreement(case.is_accepted(), theirs) {
            found.insert(case.name, who);
        }
    }
    assert!(found.is_empty(), "disagreements: {found:#?}");
}

fn disagreement(ours: bool, theirs: bool) -> Option<&'static str> {
    (ours != theirs).then_some(if ours { "only we accept" } else { "only they accept" })
}

/// Each disagreement has its line in a table, and each line its disagreement.
fn explain(found: &BTreeMap<String, &str>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/differential.txt");
    let explained = table(&fs::read_to_string(&path).unwrap());
    let mut wrong = Vec::new();
    for (name, who) in found {
        match explained.get(name) {
            Some(line) if line.starts_with(who) && line.len() > who.len() + 2 => {}
            line => wrong.push(format!("{name}: {who}, found the line {line:?}")),
        }
    }
    wrong.extend(
        explained.keys().filter(|name| !found.contains_key(*name)).map(|n| format!("{n}: agreed")),
    );
    if std::env::var_os("CHAINSIGN_WRITE").is_some() {
        let mut text = String::new();
        for (name, who) in found {
            let line = explained.get(name).filter(|line| line.starts_with(who));
            let line = line.map_or_else(|| format!("{who}: "), String::clone);
            writeln!(text, "{name}: {line}").unwrap();
        }
        fs::write(&path, text).unwrap();
    }
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether sigstore-verify accepts a bundle. A panic of theirs is a refusal.
fn oracle(
    document: &[u8],
    root: &[u8],
    artifact: &[u8],
    wanted: &Value,
    (identity, issuer): (&str, &str),
) -> bool {
    let attempt = || {
        let root = TrustedRoot::from_json(std::str::from_utf8(root).ok()?).ok()?;
        let verifier = Verifier::new(&root).ok()?;
        let bundle = Bundle::from_json(std::str::from_utf8(document).ok()?).ok()?;
        if let Some(pem) = wanted["key"].as_str() {
            let policy = PublicKeyVerificationPolicy::new(DerPublicKey::from_pem(pem).ok()?);
            return verifier.verify(artifact, &bundle, &policy).ok();
        }
        let policy = VerificationPolicy::new(identity, issuer);
        verifier.verify(artifact, &bundle, &policy).ok()
    };
    std::panic::catch_unwind(attempt).is_ok_and(|verified| verified.is_some())
}
