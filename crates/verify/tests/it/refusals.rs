//! Every case of [`crate::cases`] is answered as it says, and refused for its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;

use chainsign_core::artifact::Artifact;
use chainsign_core::identity::IdentityMatcher;
use chainsign_core::key::PublicKey;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::TrustedRoot;
use chainsign_core::verifier::BundleVerifier;
use chainsign_core::{Limits, formats};
use chainsign_verify::{Refusal, Verifier};
use serde_json::{Value, json};

use crate::cases;
use crate::forge::log::{self, canonical};
use crate::forge::{
    ARTIFACT, IDENTITY, IN_TOTO, ISSUER, Instance, NOW, SIGNED, Signed, V0_3, time,
};
use crate::mutations::{duplicate_keys, mutants};
use crate::tampering::{corpus, corpus_case};

/// How a document is answered: `accepted`, `<check>/<reason>`, or `error: ` and the message; and
/// the message.
pub(crate) fn answer(
    document: &[u8],
    root: &[u8],
    artifact: &[u8],
    requirements: &Value,
) -> (String, String) {
    let root = TrustedRoot::parse(root, &Limits::default()).unwrap();
    let material = match formats::parse(document, &Limits::default()) {
        Ok(material) => material,
        Err(error) => return (format!("error: {error}"), error.to_string()),
    };
    let requirements = requirements_of(requirements);
    let artifact = Artifact::Bytes(artifact);
    match Verifier::new(&root).verify(&material, artifact, &requirements, time(NOW)) {
        Ok(_) => ("accepted".to_owned(), String::new()),
        Err(refusal) => (format!("{}/{}", refusal.check(), refusal.reason()), refusal.to_string()),
    }
}

pub(crate) fn requirements_of(json: &Value) -> Requirements {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let signer = || {
        let matcher = IdentityMatcher::exact(text("identity"), text("issuer"));
        SignerRequirement::Identity(vec![matcher])
    };
    let key = || PublicKey::from_pem(text("key").as_bytes()).unwrap();
    let mut requirements = match text("preset").as_str() {
        "keyless" => Requirements::keyless(signer()),
        "github" => Requirements::github(signer()),
        "logged-key" => Requirements::logged_key(key()),
        "key" => Requirements::key(key()),
        other => panic!("unknown preset {other:?}"),
    };
    for (name, place) in [
        ("transparencyLogs", &mut requirements.transparency_logs),
        ("certificateTransparencyLogs", &mut requirements.certificate_transparency_logs),
        ("timeAuthorities", &mut requirements.time_authorities),
        ("timestampAuthorities", &mut requirements.timestamp_authorities),
    ] {
        if let Some(number) = json[name].as_u64() {
            *place = NonZeroUsize::new(usize::try_from(number).unwrap());
        }
    }
    requirements
}

/// Whether an answer is the one expected: for errors a part of the message is enough.
pub(crate) fn is_expected(found: &str, expect: &str) -> bool {
    match expect.strip_prefix("error: ") {
        Some(part) => found.starts_with("error: ") && found.contains(part),
        None => found == expect,
    }
}

#[test]
fn every_case_is_answered_for_its_reason() {
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for case in cases::all_with_good().cases {
        assert!(names.insert(case.name), "{} is there twice", case.name);
        assert!(!case.why.is_empty(), "{} has no reason to be", case.name);
        let root = serde_json::to_vec(&case.root).unwrap();
        let (found, message) = answer(&case.document, &root, &case.artifact, &case.requirements);
        if !is_expected(&found, case.expect) {
            wrong.push(format!("{}: wanted {}, found {found}: {message}", case.name, case.expect));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), names.len(), wrong.join("\n"));
}

/// No object of an entry can be read in two ways, even if the log has taken it so.
#[test]
fn an_entry_that_two_readers_read_differently_is_refused() {
    let instance = Instance::new("example.com");
    let root = serde_json::to_vec(&instance.root()).unwrap();
    let requirements = json!({"preset": "keyless", "identity": IDENTITY, "issuer": ISSUER});
    let (file, statement) = (instance.sign(), instance.attest());
    let at = time(SIGNED).as_second();
    let v1 = |body: &Value, bytes: &[u8]| instance.rekor_v1.entry_v1_as(body, bytes, at, 4);
    let v2 = |body: &Value, bytes: &[u8]| instance.rekor_v2.entry_v2_as(body, bytes, 4);
    let payload = &statement.payload.as_ref().unwrap().1;
    let verifier = statement.verifier();
    let intoto = log::intoto_0_0_2(IN_TOTO, payload, &[(&statement.signature, &verifier)]);
    type Enter<'a> = &'a dyn Fn(&Value, &[u8]) -> Value;
    let logged: [(&Signed, Value, Enter<'_>); 5] = [
        (&file, file.body_v1(), &v1),
        (&statement, statement.body_v1(), &v1),
        (&statement, intoto, &v1),
        (&file, file.body_v2(), &v2),
        (&statement, statement.body_v2(), &v2),
    ];
    let mut refused = BTreeMap::new();
    for (signed, body, entry) in logged {
        let answer = |bytes: &[u8]| {
            let stamps = [instance.stamp(signed)];
            let bundle = signed.bundle(V0_3, &[entry(&body, bytes)], &stamps);
            answer(&serde_json::to_vec(&bundle).unwrap(), &root, ARTIFACT, &requirements)
        };
        assert_eq!(answer(&canonical(&body)).0, "accepted");
        let mut mutants = mutants(&body, &body);
        mutants.retain(|mutant| !mutant.name.ends_with("duplicate-key"));
        mutants.extend(duplicate_keys(&body, Value::clone));
        for mutant in mutants {
            let (place, change) = mutant.name.rsplit_once(' ').unwrap();
            let wanted = match change {
                "duplicate-key" => "duplicate field",
                "unknown-field" => "unknown field",
                "as-array" => "invalid type: sequence",
                _ => continue,
            };
            let (found, message) = answer(&mutant.document);
            assert_eq!(found, "log-entry-binding/entry-malformed", "{place} {change}");
            assert!(message.contains(wanted), "{place} {change}: {message}");
            *refused.entry(wanted).or_insert(0) += 1;
        }
    }
    let objects: Vec<_> = refused.values().collect();
    assert_eq!(objects, [&OBJECTS; 3], "each object of the bodies in each way");
}

/// Of the five bodies.
const OBJECTS: usize = 6 + 5 + 7 + 7 + 7;

/// The same cases as files, as they were written once: answers must not drift.
#[test]
fn the_corpus_is_answered_as_it_says() {
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(corpus()).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let case = corpus_case(&folder);
        let expect = fs::read_to_string(folder.join("expect")).unwrap();
        let (found, message) =
            answer(&case.document, &case.root, &case.artifact, &case.requirements);
        assert_eq!(name.ends_with("_fail"), expect.trim() != "accepted", "{name}");
        if !is_expected(&found, expect.trim()) {
            wrong.push(format!("{name}: wanted {}, found {found}: {message}", expect.trim()));
        }
        names.insert(name.trim_end_matches("_fail").to_owned());
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), names.len(), wrong.join("\n"));
    let cases: BTreeSet<_> =
        cases::all_with_good().cases.iter().map(|case| case.name.to_owned()).collect();
    assert_eq!(names, cases, "write the corpus anew: see testdata/verify/README.md");
}

/// Every reason that the verifier can give is the expectation of some case, or is reached only in
/// ways that a document cannot show: then another test names it.
#[test]
fn every_reason_has_a_case() {
    let elsewhere = [
        // `inputs`: a verifier without a trusted root, digests instead of the artifact, and an
        // entry without promise and proof, which no bundle can have
        "no-trusted-root",
        "inclusion-proof-missing",
        "message-needed",
        "message-too-large",
        "digest-needed",
        // `formats`: cosign's payload, which no bundle can have
        "payload-malformed",
    ];
    let expected: BTreeSet<_> =
        cases::all_with_good().cases.iter().map(|case| case.expect.to_owned()).collect();
    let missing: Vec<_> = Refusal::REASONS
        .iter()
        .filter(|(_, reason)| !elsewhere.contains(reason))
        .map(|(check, reason)| format!("{check}/{reason}"))
        .filter(|reason| !expected.contains(reason))
        .collect();
    assert!(missing.is_empty(), "no case expects {missing:?}");
}
