use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, FileKind};

/// The regular files below a folder, sorted by path.
///
/// Links are not followed, so nothing outside the folder is named; pipes, sockets and devices are
/// left out. Nothing is opened.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAFolder`]; [`Error::Open`] for a folder that cannot be listed;
/// [`Error::TooManyFiles`] for more than `limit` files.
pub fn regular_files(folder: &Path, limit: usize) -> Result<Vec<PathBuf>, Error> {
    let kind = fs::metadata(folder).map_err(|error| Error::open(folder, error))?.file_type();
    if !kind.is_dir() {
        let found = crate::snapshot::not_a_file(kind).unwrap_or(FileKind::Regular);
        return Err(Error::NotAFolder { path: folder.to_owned(), found });
    }
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let open = |error| Error::open(&folder, error);
        for entry in fs::read_dir(&folder).map_err(open)? {
            let entry = entry.map_err(open)?;
            let kind = entry.file_type().map_err(open)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
            if files.len() + folders.len() > limit {
                return Err(Error::TooManyFiles { path: folder, limit });
            }
        }
    }
    files.sort();
    Ok(files)
}
