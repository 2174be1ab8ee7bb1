//! `policy init`, `policy check`, `policy explain`, `policy test`, and loading policies for `verify`.

mod init;
mod test;

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use chainsign_policy::{LoadError, PolicyFiles, PolicySet};

pub use init::{InitRequest, Initialised, init};
pub use test::{Ran, TestRequest, Tested, Untested, test};

use super::verify::{self, Replayed};
use crate::failure::Failure;
use crate::files;

/// A policy or a set of policies, with the files that they were made of.
#[derive(Debug)]
pub struct Loaded {
    /// The policies.
    pub set: PolicySet,
    /// What was read, each file once: the file itself first, then those that it names, by the names
    /// that it has for them.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Loads a policy, or a set of policies. The files it names are looked for relative to its folder.
///
/// # Errors
/// `unreadable`; `bad-policy` with the place in the file and what to write instead.
pub fn load(path: &Path) -> Result<Loaded, Failure> {
    let yaml = files::read("policy", path)?;
    let recorder = Recorder { beside: Beside::of(path), read: RefCell::default() };
    let set = PolicySet::parse(&yaml, &recorder).map_err(|error| bad_policy(path, &error))?;
    let mut files = vec![(path.display().to_string(), yaml)];
    files.extend(recorder.read.into_inner());
    Ok(Loaded { set, files })
}

/// Keeps what it reads.
struct Recorder {
    beside: Beside,
    read: RefCell<Vec<(String, Vec<u8>)>>,
}

impl PolicyFiles for Recorder {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        if let Some((_, known)) = self.read.borrow().iter().find(|(name, _)| name == path) {
            return Ok(known.clone());
        }
        let content = self.beside.read(path)?;
        self.read.borrow_mut().push((path.to_owned(), content.clone()));
        Ok(content)
    }
}

/// Reads files that are named relative to the folder of a file.
pub(super) struct Beside {
    pub(super) folder: PathBuf,
}

impl Beside {
    pub(super) fn of(path: &Path) -> Self {
        Beside { folder: path.parent().map(Path::to_owned).unwrap_or_default() }
    }
}

impl PolicyFiles for Beside {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        files::read("file named by the policy", &self.folder.join(path))
            .map_err(|failure| io::Error::other(failure.message))
    }
}

/// Decides again from a file that `verify --save-evidence` wrote.
///
/// # Errors
/// `unreadable`; as [`verify::replay`] has them.
pub fn replay(path: &Path) -> Result<Replayed, Failure> {
    let tar = files::read_within("saved evidence", path, SAVED_BYTES)?;
    verify::replay(&path.display().to_string(), &tar)
}

/// What became of a policy file.
#[derive(Debug)]
pub struct Checked {
    /// The file.
    pub path: PathBuf,
    /// The policies in it, or why it does not load.
    pub policies: Result<PolicySet, Failure>,
}

/// Loads every file, also those behind one that does not load.
pub fn check(paths: &[PathBuf]) -> Vec<Checked> {
    let load =
        |path: &PathBuf| Checked { path: path.clone(), policies: load(path).map(|it| it.set) };
    paths.iter().map(load).collect()
}

pub(super) fn bad_policy(path: &Path, error: &LoadError) -> Failure {
    let message = format!("{}: {error}", path.display());
    let failure = Failure::undecided("bad-policy", message);
    match (error, error.hint()) {
        (_, Some(hint)) => failure.hint(hint),
        (LoadError::OtherDocument { key: "kind", found, .. }, None) if found == "PolicyTest" => {
            failure.hint("run it: chainsign policy test FILE")
        }
        _ => failure,
    }
}

/// Evidence is at most 64 MiB for each target.
const SAVED_BYTES: u64 = 1 << 30;
