//! `policy check`, `policy explain`, `policy test`, and loading policies for `verify`.

mod test;

use std::io;
use std::path::{Path, PathBuf};

use chainsign_policy::{LoadError, Policy, PolicyFiles, PolicySet};

pub use test::{Ran, TestRequest, Tested, Untested, test};

use crate::failure::Failure;
use crate::files;

/// Loads a policy, or a set of policies. The files it names are looked for relative to its folder.
///
/// # Errors
/// `unreadable`; `bad-policy` with the place in the file and what to write instead.
pub fn load(path: &Path) -> Result<PolicySet, Failure> {
    let yaml = files::read("policy", path)?;
    PolicySet::parse(&yaml, &Beside::of(path)).map_err(|error| bad_policy(path, &error))
}

/// Loads a policy.
///
/// # Errors
/// As [`load`], and `bad-policy` for a set.
pub fn load_one(path: &Path) -> Result<Policy, Failure> {
    let yaml = files::read("policy", path)?;
    Policy::parse(&yaml, &Beside::of(path)).map_err(|error| bad_policy(path, &error))
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
    let load = |path: &PathBuf| Checked { path: path.clone(), policies: load(path) };
    paths.iter().map(load).collect()
}

fn bad_policy(path: &Path, error: &LoadError) -> Failure {
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
