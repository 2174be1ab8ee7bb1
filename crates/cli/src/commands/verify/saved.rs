//! A file with everything that a decision was made on: policies, trusted root, documents, facts.
//!
//! A tar file of one form ([`crate::tarball`]): `manifest.json`, `policy/N`, `root.json`, for each file of
//! checksums `via/V/checksums` and `via/V/evidence/N`, and for each target `targets/T/facts.json` and
//! `targets/T/evidence/N`. What verified is not in it: a replay
//! verifies again. Facts about the artifact are, because the artifact is not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chainsign_artifact::ArtifactFacts;
use chainsign_core::trust::TrustedRoot;
use chainsign_core::{Limits, json};
use chainsign_policy::PolicySet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::VerifyRequest;
use super::documents::{self, EvidenceFile};
use super::lists::List;
use super::targets::{Gathered, GivenRoot, Judge, Policies, TargetOutcome};
use crate::commands::policy::Loaded;
use crate::commands::trust::Trust;
use crate::failure::Failure;
use crate::files::Output;
use crate::tarball::{self, Entries};

/// A decision that was made again from what it was made on.
#[derive(Debug)]
pub struct Replayed {
    /// What became of each target.
    pub outcomes: Vec<TargetOutcome>,
    /// The other time for which it was decided, if it was.
    pub dangerous_at: Option<Timestamp>,
}

/// What a decision was made on.
pub(super) struct DecidedOn<'a> {
    pub(super) policies: &'a Loaded,
    pub(super) trust: &'a Trust,
    pub(super) lists: &'a [List],
    pub(super) targets: &'a [Gathered],
}

/// Writes the file, whole or not at all.
///
/// # Errors
/// `not-saved` when something could not be read, so that a replay could not come to the same;
/// `unwritable`.
pub(super) fn write(
    output: Output,
    request: &VerifyRequest,
    on: &DecidedOn<'_>,
    failed: Option<&Failure>,
) -> Result<(), Failure> {
    let DecidedOn { policies, trust, lists, targets: seen } = on;
    if let Some(failure) = failed {
        let message = format!("the evidence was not saved: {}", failure.message);
        let mut not_saved = Failure::undecided("not-saved", message);
        not_saved.hints.clone_from(&failure.hints);
        return Err(not_saved.hint("leave --save-evidence away to see what became of the others"));
    }
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        at: request.now,
        dangerous_at: request.dangerous_at,
        root: trust.origin.clone(),
        policy: policies.files.iter().map(|(path, _)| path.clone()).collect(),
        via: lists.iter().map(|list| FilesManifest::of(&list.file.path, &list.files)).collect(),
        targets: seen.iter().map(|it| FilesManifest::of(&it.target, &it.files)).collect(),
    };
    let mut entries: Entries = vec![(MANIFEST.to_owned(), document(&manifest)?)];
    for (index, (_, content)) in policies.files.iter().enumerate() {
        entries.push((policy_entry(index), content.clone()));
    }
    entries.push((ROOT.to_owned(), trust.root.json().as_bytes().to_vec()));
    for (number, list) in lists.iter().enumerate() {
        entries.push((checksums_entry(number), list.file.content.clone()));
        for (index, file) in list.files.iter().enumerate() {
            entries.push((evidence_entry(VIA, number, index), file.content.clone()));
        }
    }
    for (target, gathered) in seen.iter().enumerate() {
        let facts = Facts { schema: FACTS.to_owned(), facts: &gathered.facts };
        entries.push((facts_entry(target), document(&facts)?));
        for (index, file) in gathered.files.iter().enumerate() {
            entries.push((evidence_entry(TARGETS, target, index), file.content.clone()));
        }
    }
    let tar = tarball::write(&entries)
        .map_err(|fault| Failure::undecided("not-saved", fault.to_string()))?;
    output.write(&tar).map(|_| ())
}

/// Decides again from a file that `write` wrote: loads the policies, parses the trusted root and
/// every document, verifies, and evaluates for the time of then. Only the facts about the artifact
/// are taken as they are.
///
/// # Errors
/// `bad-evidence` for what is not such a file; `bad-policy`.
pub fn replay(name: &str, tar: &[u8]) -> Result<Replayed, Failure> {
    let bad = |reason: String| {
        Failure::undecided("bad-evidence", format!("{name}: {reason}"))
            .hint("a file that `chainsign verify --save-evidence` wrote is wanted")
    };
    let entries = tarball::read(tar).map_err(|fault| bad(fault.to_string()))?;
    let mut rest = entries.into_iter();
    let mut take = |wanted: &str| match rest.next() {
        Some((name, content)) if name == wanted => Ok(content),
        Some((name, _)) => Err(bad(format!("found the entry {name}, wanted {wanted}"))),
        None => Err(bad(format!("found no more entries, wanted {wanted}"))),
    };
    let limits = Limits::default();
    let unreadable = |error: chainsign_core::Error| bad(error.to_string());
    let manifest: Manifest =
        json::parse(MANIFEST, &take(MANIFEST)?, &limits).map_err(unreadable)?;
    if manifest.schema != SCHEMA {
        let found = manifest.schema;
        return Err(bad(format!("found the schema {found:?}, wanted {SCHEMA:?}")));
    }
    let Some((policy, named)) = manifest.policy.split_first() else {
        return Err(bad("found no policy, wanted one".to_owned()));
    };
    let yaml = take(&policy_entry(0))?;
    let mut files = BTreeMap::new();
    for (index, path) in named.iter().enumerate() {
        files.insert(path.clone(), take(&policy_entry(index + 1))?);
    }
    let set = PolicySet::parse(&yaml, &files)
        .map_err(|error| crate::commands::policy::bad_policy(policy.as_ref(), &error))?;
    let root = TrustedRoot::parse(&take(ROOT)?, &limits).map_err(unreadable)?;
    let given = GivenRoot { digest: root.digest().clone(), origin: manifest.root.clone() };
    let judge = Judge::Policies(Policies::new(&set, &root));
    let mut lists = Vec::new();
    for (number, list) in manifest.via.iter().enumerate() {
        let content = take(&checksums_entry(number))?;
        let mut files = Vec::new();
        for (index, path) in list.evidence.iter().enumerate() {
            let content = take(&evidence_entry(VIA, number, index))?;
            files.push(EvidenceFile { path: PathBuf::from(path), content });
        }
        lists.push(List::of(EvidenceFile { path: PathBuf::from(&list.name), content }, files)?);
    }
    let mut outcomes = Vec::new();
    for (index, target) in manifest.targets.iter().enumerate() {
        let facts = take(&facts_entry(index))?;
        let facts = facts_of(&facts).map_err(bad)?;
        let mut files = Vec::new();
        for (number, path) in target.evidence.iter().enumerate() {
            let content = take(&evidence_entry(TARGETS, index, number))?;
            files.push(EvidenceFile { path: PathBuf::from(path), content });
        }
        let documents = documents::parse(&files)?;
        let target = PathBuf::from(&target.name);
        let gathered = Gathered { target, files, documents, facts };
        outcomes.extend(judge.decide(&gathered, &lists, &given, manifest.at));
    }
    match rest.next() {
        Some((name, _)) => Err(bad(format!("found the entry {name}, wanted no more"))),
        None if outcomes.is_empty() => Err(bad("found no target, wanted one".to_owned())),
        None => Ok(Replayed { outcomes, dangerous_at: manifest.dangerous_at }),
    }
}

/// Reads facts, and requires that writing them gives the same: what this version does not know is
/// not passed over.
fn facts_of(bytes: &[u8]) -> Result<ArtifactFacts, String> {
    let stored: Facts<ArtifactFacts> =
        json::parse("facts", bytes, &Limits::default()).map_err(|error| error.to_string())?;
    if stored.schema != FACTS {
        return Err(format!("found the schema {:?}, wanted {FACTS:?}", stored.schema));
    }
    match document(&stored) {
        Ok(same) if same == bytes => Ok(stored.facts),
        _ => Err("found facts in another form, wanted them as this version writes them".to_owned()),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Manifest {
    schema: String,
    /// The time for which it was decided.
    at: Timestamp,
    /// The same, where it was given by --dangerous-at.
    dangerous_at: Option<Timestamp>,
    /// Where the trusted root came from, in words.
    root: String,
    /// The policy, and then the files that it names, by the paths that it names them by.
    policy: Vec<String>,
    /// Signed files of checksums.
    via: Vec<FilesManifest>,
    targets: Vec<FilesManifest>,
}

/// A file, and the files with documents about it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FilesManifest {
    name: String,
    evidence: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts<T> {
    schema: String,
    facts: T,
}

impl FilesManifest {
    fn of(path: &Path, files: &[EvidenceFile]) -> Self {
        FilesManifest {
            name: path.display().to_string(),
            evidence: files.iter().map(|file| file.path.display().to_string()).collect(),
        }
    }
}

fn document(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::because("not-saved", "the evidence was not saved", &error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn policy_entry(index: usize) -> String {
    format!("policy/{index}")
}

fn facts_entry(target: usize) -> String {
    format!("{TARGETS}/{target}/facts.json")
}

fn checksums_entry(number: usize) -> String {
    format!("{VIA}/{number}/checksums")
}

fn evidence_entry(of: &str, number: usize, index: usize) -> String {
    format!("{of}/{number}/evidence/{index}")
}

const SCHEMA: &str = "chainsign.evidence/v1";
const FACTS: &str = "chainsign.facts/v1";
const MANIFEST: &str = "manifest.json";
const ROOT: &str = "root.json";
const VIA: &str = "via";
const TARGETS: &str = "targets";
