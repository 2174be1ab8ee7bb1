use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chainsign_core::digest::ArtifactDigest;
use tempfile::TempDir;

use crate::{Descriptor, Error};

/// A folder of blobs by digest, which many processes can use at the same time.
///
/// - `blobs/ALGORITHM/HEX`: complete blobs. They get their names when they are complete.
/// - `used/HEX`: an empty file, whose time is that of the blob's last use. The blob's own time is left
///   alone: whoever has it in a layout takes a change of it for a change of the blob.
/// - `layouts/`: what was pulled, until it is dropped.
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Makes the folder, if it is not there.
    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        let cache = Cache { folder: folder.to_owned() };
        for name in [BLOBS, USED, LAYOUTS] {
            let folder = cache.folder.join(name);
            create_private(&folder).map_err(|source| Error::Cache { path: folder, source })?;
        }
        Ok(cache)
    }

    /// A new, empty layout.
    pub(super) fn layout(&self) -> Result<TempDir, Error> {
        let folder = self.folder.join(LAYOUTS);
        let made = tempfile::Builder::new().prefix("image-").tempdir_in(&folder);
        made.map_err(|source| Error::Cache { path: folder, source })
    }

    /// Writes a document that was read into a layout.
    pub(super) fn write(
        &self,
        layout: &TempDir,
        descriptor: &Descriptor,
        bytes: &[u8],
    ) -> Result<(), Error> {
        write_new(&blob_path(layout.path(), &descriptor.digest), bytes)
    }

    /// Copies a blob into a layout. `false` when it is not here, or not whole.
    pub(super) fn copy(&self, blob: &Descriptor, target: &Path) -> Result<bool, Error> {
        let source = blob_path(&self.folder, &blob.digest);
        match fs::metadata(&source) {
            Ok(there) if there.len() == blob.size => {}
            // Blobs get their names when they are complete: this one was damaged since.
            Ok(_) => return remove(&source).map(|()| false),
            Err(_) => return Ok(false),
        }
        self.mark(&blob.digest)?;
        make_parent(target)?;
        match fs::copy(&source, target) {
            Ok(length) if length == blob.size => Ok(true),
            // Removed by another process just now, or damaged: it is had anew.
            Ok(_) => remove(target).map(|()| false),
            Err(error) if error.kind() == ErrorKind::NotFound => remove(target).map(|()| false),
            Err(source) => Err(Error::Cache { path: target.to_owned(), source }),
        }
    }

    /// Keeps a blob that is complete in a layout, which nobody reads yet.
    pub(super) fn keep(&self, digest: &ArtifactDigest, blob: &Path) -> Result<(), Error> {
        let place = blob_path(&self.folder, digest);
        make_parent(&place)?;
        match fs::hard_link(blob, &place) {
            Ok(()) => {}
            // Another process had it at the same time.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            // Without links there are no blobs to keep: the image is there all the same.
            Err(error) => {
                tracing::debug!(%digest, "not kept: {error}");
                return Ok(());
            }
        }
        self.mark(digest)
    }

    /// Removes the blobs that were not used for the longest time, until those left have no more bytes than
    /// allowed. Those in `needed`, and those used in the last hour, stay: they may be in use.
    pub(super) fn shrink(
        &self,
        allowed: u64,
        needed: &BTreeSet<ArtifactDigest>,
    ) -> Result<(), Error> {
        let hour_ago = SystemTime::now().checked_sub(IN_USE).unwrap_or(SystemTime::UNIX_EPOCH);
        self.remove_abandoned(hour_ago);
        let mut blobs = self.blobs();
        let mut total = blobs.iter().map(|blob| blob.size).fold(0, u64::saturating_add);
        blobs.sort_by_key(|blob| blob.used);
        for blob in blobs {
            if total <= allowed {
                break;
            }
            if needed.contains(&blob.digest) || blob.used > hour_ago {
                continue;
            }
            remove(&blob_path(&self.folder, &blob.digest))?;
            remove(&self.marker(&blob.digest))?;
            total = total.saturating_sub(blob.size);
        }
        Ok(())
    }

    /// Layouts of processes that ended without removing theirs.
    fn remove_abandoned(&self, hour_ago: SystemTime) {
        let day_ago = hour_ago.checked_sub(ABANDONED).unwrap_or(SystemTime::UNIX_EPOCH);
        for entry in entries(&self.folder.join(LAYOUTS)) {
            let modified = entry.metadata().and_then(|it| it.modified());
            if modified.is_ok_and(|modified| modified < day_ago) {
                // Another process may be faster.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn blobs(&self) -> Vec<Blob> {
        let mut blobs = Vec::new();
        for algorithm in entries(&self.folder.join(BLOBS)) {
            for entry in entries(&algorithm.path()) {
                let text = format!(
                    "{}:{}",
                    algorithm.file_name().to_string_lossy(),
                    entry.file_name().to_string_lossy()
                );
                let (Ok(digest), Ok(metadata)) = (text.parse::<ArtifactDigest>(), entry.metadata())
                else {
                    continue;
                };
                let marked = fs::metadata(self.marker(&digest)).and_then(|it| it.modified());
                let used =
                    marked.or_else(|_| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                blobs.push(Blob { digest, size: metadata.len(), used });
            }
        }
        blobs
    }

    fn mark(&self, digest: &ArtifactDigest) -> Result<(), Error> {
        let path = self.marker(digest);
        let marked = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let marked = marked.and_then(|file| file.set_modified(SystemTime::now()));
        marked.map_err(|source| Error::Cache { path, source })
    }

    fn marker(&self, digest: &ArtifactDigest) -> PathBuf {
        self.folder.join(USED).join(digest.hex())
    }
}

struct Blob {
    digest: ArtifactDigest,
    size: u64,
    used: SystemTime,
}

/// Where a blob is in a layout, and in the folder.
pub(super) fn blob_path(folder: &Path, digest: &ArtifactDigest) -> PathBuf {
    folder.join(BLOBS).join(digest.algorithm().name()).join(digest.hex())
}

/// Makes a file that is not there yet, and the folder that it is in.
pub(super) fn create_new(path: &Path) -> Result<File, Error> {
    make_parent(path)?;
    let created = OpenOptions::new().create_new(true).write(true).open(path);
    created.map_err(|source| Error::Cache { path: path.to_owned(), source })
}

pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let written = create_new(path)?.write_all(bytes);
    written.map_err(|source| Error::Cache { path: path.to_owned(), source })
}

fn make_parent(path: &Path) -> Result<(), Error> {
    let Some(parent) = path.parent() else { return Ok(()) };
    fs::create_dir_all(parent).map_err(|source| Error::Cache { path: parent.to_owned(), source })
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::Cache { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// What is in a folder, as far as it can be read.
fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok)
}

/// Nobody else may write what is trusted to be what its name says.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

const BLOBS: &str = "blobs";
const USED: &str = "used";
const LAYOUTS: &str = "layouts";

/// How long what was used may be in use.
const IN_USE: Duration = Duration::from_secs(60 * 60);

/// How long after that a layout is nobody's.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);
