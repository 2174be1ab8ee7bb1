//! `policy check`, `policy schema`, and loading a policy for `verify`.

use std::io;
use std::path::{Path, PathBuf};

use chainsign_policy::{LoadError, Policy};

use crate::failure::Failure;
use crate::files;

/// Loads a policy file. The files it names are looked for relative to its folder.
///
/// # Errors
/// `unreadable`; `bad-policy` with the place in the file and what to write instead.
pub fn load(path: &Path) -> Result<Policy, Failure> {
    let yaml = files::read("policy", path)?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let read = |named: &str| {
        let named = folder.join(named);
        files::read("file named by the policy", &named)
            .map_err(|failure| io::Error::other(failure.message))
    };
    Policy::parse(&yaml, &read).map_err(|error| bad_policy(path, &error))
}

/// A policy that loads.
#[derive(Debug)]
pub struct Checked {
    /// Its file.
    pub path: PathBuf,
    /// The policy.
    pub policy: Policy,
}

/// Loads every file.
///
/// # Errors
/// The first that does not load.
pub fn check(paths: &[PathBuf]) -> Result<Vec<Checked>, Failure> {
    let load = |path: &PathBuf| Ok(Checked { path: path.clone(), policy: load(path)? });
    paths.iter().map(load).collect()
}

fn bad_policy(path: &Path, error: &LoadError) -> Failure {
    let message = format!("{}: {error}", path.display());
    let failure = Failure::undecided("bad-policy", message);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
