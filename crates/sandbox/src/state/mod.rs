//! Keeping keys and logs over a restart, in a folder or not at all.
//!
//! Files are written whole or not at all (temporary file, flush, rename); logs grow by whole
//! lines that are flushed before the entry is answered, and a last line without its end, which
//! nobody was told of, is dropped. Private keys are readable by their owner only. A lock keeps
//! two sandboxes from growing the same logs apart.

mod journal;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use journal::Journal;

use crate::Error;

/// Where state is kept.
#[derive(Clone, Debug)]
pub(crate) struct Store(Option<Arc<Folder>>);

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Held as long as anything may write here; the system releases it when the process ends.
    _lock: File,
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its owner.
    Secret,
    /// Anyone.
    Public,
}

impl Store {
    /// Opens, makes if absent, and locks the folder; `None` keeps nothing.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Store(None)) };
        create_folder(path).map_err(state("create", path))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(state("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Store(Some(Arc::new(Folder { path: path.to_owned(), _lock: lock })))),
            Err(TryLockError::WouldBlock) => Err(Error::StateInUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(state("lock", &lock_path)(source)),
        }
    }

    /// Keeps nothing.
    pub(crate) fn none() -> Self {
        Store(None)
    }

    /// The file's bytes; when there is none, those that `make` gives, written first.
    pub(crate) fn load_or_make(
        &self,
        name: &str,
        access: Access,
        make: impl FnOnce() -> Result<Vec<u8>, Error>,
    ) -> Result<Vec<u8>, Error> {
        let Some(folder) = &self.0 else { return make() };
        let path = folder.path.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let bytes = make()?;
                write_whole(&path, access, &bytes).map_err(state("write", &path))?;
                Ok(bytes)
            }
            Err(source) => Err(state("read", &path)(source)),
        }
    }

    /// Opens a log and reads what is in it.
    pub(crate) fn journal(&self, name: &str) -> Result<(Journal, Vec<Vec<u8>>), Error> {
        match &self.0 {
            None => Ok((Journal::in_memory(), Vec::new())),
            Some(folder) => Journal::open(Arc::clone(folder), name),
        }
    }

    /// The error for a file that is not what a sandbox wrote.
    pub(crate) fn invalid(&self, name: &str, reason: String) -> Error {
        let folder = self.0.as_ref().map(|folder| folder.path.as_path());
        Error::StateInvalid { path: folder.unwrap_or(Path::new("")).join(name), reason }
    }
}

fn write_whole(path: &Path, access: Access, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = new_file(&temporary, access)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(unix)]
fn new_file(path: &Path, access: Access) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mode = match access {
        Access::Secret => 0o600,
        Access::Public => 0o644,
    };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn new_file(path: &Path, _access: Access) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn create_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

fn state(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::State { action, path, source }
}
