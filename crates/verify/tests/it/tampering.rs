//! Every change of every good document is refused, for a reason that is written down, or is
//! written down as one that changes nothing that is signed or believed.
//!
//! `tampering.txt` has the answer to each change. It is written by
//! `CHAINSIGN_WRITE=1 cargo test -p chainsign-verify --test it tampering` and read by people:
//! what is new in it must be right. `tampering-neutral.txt` has a reason for every change that is
//! accepted; one that is not accepted any more must leave it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::forge::{IDENTITY, ISSUER};
use crate::mutations::{Mutant, mutants};
use crate::refusals::answer;

/// A good document of the corpus, with another from which values are taken.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) document: Value,
    pub(crate) root: Vec<u8>,
    pub(crate) artifact: Vec<u8>,
    pub(crate) requirements: Value,
    donor: Value,
}

const SUBJECTS: [(&str, &str); 11] = [
    ("file-in-rekor-v1", "file-in-both-logs"),
    ("file-in-rekor-v2", "file-in-both-logs"),
    ("statement-in-rekor-v1", "entry-dsse-of-everything-else_fail"),
    ("statement-in-rekor-v2", "statement-in-rekor-v1"),
    ("file-in-both-logs", "file-in-rekor-v1"),
    ("file-in-bundle-0.1", "file-in-rekor-v1"),
    ("file-in-bundle-0.2", "file-in-rekor-v1"),
    ("file-in-cosign-bundle", "cosign-bundle-of-another-entry_fail"),
    ("statement-on-pypi", "statement-in-rekor-v1"),
    ("file-by-key", "file-in-rekor-v1"),
    ("statement-in-envelope", "statement-in-rekor-v1"),
];

pub(crate) fn subjects() -> Vec<Subject> {
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    let subject = |(name, donor): (&'static str, &'static str)| {
        let CorpusCase { document, root, artifact, requirements } =
            corpus_case(&corpus().join(name));
        let donor = json(&corpus_case(&corpus().join(donor)).document);
        Subject { name, document: json(&document), root, artifact, requirements, donor }
    };
    SUBJECTS.into_iter().map(subject).collect()
}

/// A case of the corpus as its files have it.
pub(crate) struct CorpusCase {
    pub(crate) document: Vec<u8>,
    pub(crate) root: Vec<u8>,
    pub(crate) artifact: Vec<u8>,
    pub(crate) requirements: Value,
}

pub(crate) fn corpus_case(folder: &Path) -> CorpusCase {
    let read = |file: &str| match folder.join(file) {
        own if own.exists() => fs::read(own).unwrap(),
        _ => fs::read(corpus().join(file)).unwrap(),
    };
    CorpusCase {
        document: read("bundle.json"),
        root: read("trusted_root.json"),
        artifact: read("artifact"),
        requirements: match folder.join("requirements.json").exists() {
            true => serde_json::from_slice(&read("requirements.json")).unwrap(),
            false => json!({"preset": "keyless", "identity": IDENTITY, "issuer": ISSUER}),
        },
    }
}

impl Subject {
    pub(crate) fn mutants(&self) -> Vec<Mutant> {
        mutants(&self.document, &self.donor)
    }
}

pub(crate) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/verify")
}

/// `<document> <place> <change>: <rest>` a line, blank lines and comments left out.
pub(crate) fn table(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, rest) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
            (name.to_owned(), rest.to_owned())
        })
        .collect()
}

#[test]
fn every_change_is_answered_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut found = BTreeMap::new();
    for subject in subjects() {
        let Subject { root, artifact, requirements, .. } = &subject;
        let good = serde_json::to_vec(&subject.document).unwrap();
        assert_eq!(answer(&good, root, artifact, requirements).0, "accepted", "{}", subject.name);
        for mutant in subject.mutants() {
            let (answer, _) = answer(&mutant.document, root, artifact, requirements);
            // what a parser says in full is in the corpus; here its kind is enough
            let answer = match answer.starts_with("error: ") {
                true => "error".to_owned(),
                false => answer,
            };
            let name = format!("{} {}", subject.name, mutant.name);
            assert!(found.insert(name.clone(), answer).is_none(), "{name} is there twice");
        }
    }
    let neutral = table(&fs::read_to_string(folder.join("tampering-neutral.txt")).unwrap());
    let accepted: Vec<_> = found.iter().filter(|(_, answer)| *answer == "accepted").collect();
    let unexplained: Vec<_> = accepted
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !neutral.contains_key(*name))
        .collect();
    let gone: Vec<_> =
        neutral.keys().filter(|name| found.get(*name).is_none_or(|a| a != "accepted")).collect();
    let path = folder.join("tampering.txt");
    if std::env::var_os("CHAINSIGN_WRITE").is_some() {
        let mut text = "# Written by the test `tampering`; see there.\n".to_owned();
        found.iter().for_each(|(name, answer)| writeln!(text, "{name}: {answer}").unwrap());
        fs::write(&path, text).unwrap();
    }
    let wanted = table(&fs::read_to_string(&path).unwrap());
    let mut wrong = Vec::new();
    for (name, answer) in &found {
        if wanted.get(name) != Some(answer) {
            wrong.push(format!("{name}: wanted {:?}, found {answer}", wanted.get(name)));
        }
    }
    wrong.extend(wanted.keys().filter(|name| !found.contains_key(*name)).cloned());
    assert!(unexplained.is_empty(), "accepted without a reason:\n{unexplained:#?}");
    assert!(gone.is_empty(), "explained and not accepted:\n{gone:#?}");
    assert!(wrong.is_empty(), "{} of {} changed:\n{}", wrong.len(), found.len(), wrong.join("\n"));
}
