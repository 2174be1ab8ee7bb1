//! A file with everything that a decision was made on: policies, trusted root, documents, facts.
//!
//! A tar file of one form ([`crate::tarball`]): `manifest.json`, `policy/N`, `root.json`, for each file of
//! checksums `via/V/checksums` and `via/V/evidence/N`, and for each target that could be read
//! `targets/T/facts.json` and `targets/T/evidence/N`. What verified is not in it: a replay verifies
//! again. Facts about the artifact are, because the artifact is not; and why a target could not be
//! decided on, which no replay can make a pass.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chainsign_artifact::ArtifactFacts;
use chainsign_core::image::ImageName;
use chainsign_core::trust::TrustedRoot;
use chainsign_core::{Limits, json};
use chainsign_policy::{PolicySet, TargetName, Workload};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::VerifyRequest;
use super::documents::{self, EvidenceFile};
use super::gather::{Failed, Gathered, Seen, Unread, file, image, workload};
use super::lists::List;
use super::targets::{GivenRoot, Judge, Policies, TargetOutcome};
use crate::commands::policy::Loaded;
use crate::commands::trust::Trust;
use crate::failure::{Exit, Failure};
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
    pub(super) trust: Option<&'a Trust>,
    pub(super) lists: &'a [List],
    pub(super) targets: &'a [Seen],
}

/// Writes the file, whole or not at all.
///
/// # Errors
/// `not-saved` when the documents are more than such a file holds; `unwritable`.
pub(super) fn write(
    output: Output,
    request: &VerifyRequest,
    on: &DecidedOn<'_>,
) -> Result<(), Failure> {
    let DecidedOn { policies, trust, lists, targets: seen } = on;
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        at: request.now,
        dangerous_at: request.dangerous_at,
        root: trust.map(|trust| trust.origin.clone()),
        policy: policies.files.iter().map(|(path, _)| path.clone()).collect(),
        via: lists.iter().map(|list| FilesManifest::of(&list.file.path, &list.files)).collect(),
        targets: seen.iter().map(TargetManifest::of).collect(),
    };
    let mut entries: Entries = vec![(MANIFEST.to_owned(), document(&manifest)?)];
    for (index, (_, content)) in policies.files.iter().enumerate() {
        entries.push((policy_entry(index), content.clone()));
    }
    if let Some(trust) = trust {
        entries.push((ROOT.to_owned(), trust.root.json().as_bytes().to_vec()));
    }
    for (number, list) in lists.iter().enumerate() {
        entries.push((checksums_entry(number), list.file.content.clone()));
        for (index, file) in list.files.iter().enumerate() {
            entries.push((evidence_entry(VIA, number, index), file.content.clone()));
        }
    }
    for (target, seen) in seen.iter().enumerate() {
        let Ok(gathered) = seen else { continue };
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
    let root = match &manifest.root {
        Some(_) => Some(TrustedRoot::parse(&take(ROOT)?, &limits).map_err(unreadable)?),
        None => None,
    };
    let given = root.as_ref().zip(manifest.root.clone());
    let given = given.map(|(root, origin)| GivenRoot {
        digest: root.digest().clone(),
        origin,
        warning: None,
    });
    let judge = Judge::Policies(Policies::new(&set, root.as_ref()));
    let mut lists = Vec::new();
    for (number, list) in manifest.via.iter().enumerate() {
        let content = take(&checksums_entry(number))?;
        let mut files = Vec::new();
        for (index, path) in paths(&list.evidence).into_iter().enumerate() {
            files.push(EvidenceFile { path, content: take(&evidence_entry(VIA, number, index))? });
        }
        lists.push(List::of(EvidenceFile { path: PathBuf::from(&list.name), content }, files)?);
    }
    let mut outcomes = Vec::new();
    for (index, target) in manifest.targets.iter().enumerate() {
        let (path, name) = (PathBuf::from(&target.name), target.target_name().map_err(bad)?);
        if let Some(failed) = &target.failed {
            let (looked_in, failure) = (paths(&failed.looked_in), failed.failure());
            let used_as = image(&name);
            let failed = Failed { target: path, name, used_as, looked_in, failure };
            outcomes.push(judge.failed(&failed, given.as_ref()));
            continue;
        }
        let facts = take(&facts_entry(index))?;
        let facts = facts_of(&facts).map_err(bad)?;
        let mut files = Vec::new();
        for (number, path) in paths(&target.evidence).into_iter().enumerate() {
            files.push(EvidenceFile {
                path,
                content: take(&evidence_entry(TARGETS, index, number))?,
            });
        }
        let documents = documents::parse(&files)?;
        let unread = target.unread.iter().map(UnreadManifest::unread).collect();
        let looked_in = paths(&target.looked_in);
        let facts = Arc::new(facts);
        // A registry that was asked is one of an image that was named.
        let used_as = if looked_in.is_empty() { image(&name) } else { workload(&name) };
        let gathered =
            Gathered { target: path, name, used_as, files, documents, unread, facts, looked_in };
        outcomes.extend(judge.decide(&gathered, &lists, given.as_ref(), manifest.at));
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
    /// Where the trusted root came from, in words, if one was needed.
    root: Option<String>,
    /// The policy, and then the files that it names, by the paths that it names them by.
    policy: Vec<String>,
    /// Signed files of checksums.
    via: Vec<FilesManifest>,
    targets: Vec<TargetManifest>,
}

/// A file, and the files with documents about it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FilesManifest {
    name: String,
    evidence: Vec<String>,
}

/// A target.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TargetManifest {
    name: String,
    /// The image as which it was decided on, where it was not the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    /// The workload that runs the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workload: Option<WorkloadManifest>,
    /// The files with documents about it.
    evidence: Vec<String>,
    /// Documents that a registry says it has, and that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unread: Vec<UnreadManifest>,
    /// Where else documents were looked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    looked_in: Vec<String>,
    /// Why nothing could be decided about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<FailedManifest>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UnreadManifest {
    origin: String,
    message: String,
    /// Whether it is not what it should be; else it could not be had.
    malformed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WorkloadManifest {
    namespace: String,
    kind: String,
    labels: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FailedManifest {
    /// Whether the evidence said no; else it could not be found out.
    no: bool,
    reason: String,
    message: String,
    hints: Vec<String>,
    looked_in: Vec<String>,
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
            evidence: texts(files.iter().map(|file| &file.path)),
        }
    }
}

impl TargetManifest {
    fn of(seen: &Seen) -> Self {
        let (target, name) = match seen {
            Ok(it) => (&it.target, &it.name),
            Err(it) => (&it.target, &it.name),
        };
        let (image, workload) = match name {
            TargetName::Image(image) => (Some(image), None),
            TargetName::Workload(it) => (Some(&it.image), Some(WorkloadManifest::from(it))),
            _ => (None, None),
        };
        let (evidence, failed) = match seen {
            Ok(it) => (texts(it.files.iter().map(|file| &file.path)), None),
            Err(it) => (Vec::new(), Some(FailedManifest::from(it))),
        };
        let (unread, looked_in) = match seen {
            Ok(it) => (it.unread.iter().map(UnreadManifest::from).collect(), texts(&it.looked_in)),
            Err(_) => (Vec::new(), Vec::new()),
        };
        TargetManifest {
            name: target.display().to_string(),
            image: image.map(ToString::to_string),
            workload,
            evidence,
            unread,
            looked_in,
            failed,
        }
    }

    fn target_name(&self) -> Result<TargetName, String> {
        let image = self.image.as_ref().map(|image| image.parse::<ImageName>()).transpose();
        let image = image.map_err(|error| error.to_string())?;
        match (image, &self.workload) {
            (None, None) => Ok(file(Path::new(&self.name))),
            (Some(image), None) => Ok(TargetName::Image(image)),
            (Some(image), Some(it)) => {
                let mut workload = Workload::new(image, &it.namespace, &it.kind);
                workload.labels.clone_from(&it.labels);
                Ok(TargetName::Workload(workload))
            }
            (None, Some(_)) => Err("found a workload without an image".to_owned()),
        }
    }
}

impl From<&Unread> for UnreadManifest {
    fn from(unread: &Unread) -> Self {
        let Unread { origin, message, exit } = unread.clone();
        UnreadManifest { origin, message, malformed: exit == Exit::No }
    }
}

impl UnreadManifest {
    fn unread(&self) -> Unread {
        let exit = if self.malformed { Exit::No } else { Exit::Undecided };
        Unread { origin: self.origin.clone(), message: self.message.clone(), exit }
    }
}

impl From<&Workload> for WorkloadManifest {
    fn from(workload: &Workload) -> Self {
        WorkloadManifest {
            namespace: workload.namespace.clone(),
            kind: workload.kind.clone(),
            labels: workload.labels.clone(),
        }
    }
}

impl From<&Failed> for FailedManifest {
    fn from(failed: &Failed) -> Self {
        let Failure { exit, reason, message, hints } = failed.failure.clone();
        let looked_in = texts(&failed.looked_in);
        FailedManifest { no: exit == Exit::No, reason, message, hints, looked_in }
    }
}

impl FailedManifest {
    fn failure(&self) -> Failure {
        let exit = if self.no { Exit::No } else { Exit::Undecided };
        let (reason, message) = (self.reason.clone(), self.message.clone());
        Failure { exit, reason, message, hints: self.hints.clone() }
    }
}

fn texts<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Vec<String> {
    paths.into_iter().map(|path| path.display().to_string()).collect()
}

fn paths(texts: &[String]) -> Vec<PathBuf> {
    texts.iter().map(PathBuf::from).collect()
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
