use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::image::LAYOUT;
use crate::{Error, FileKind, OpenArtifact};

/// An OCI layout in a folder.
#[derive(Debug)]
pub(in crate::image) struct Folder {
    path: PathBuf,
    name: String,
}

impl Folder {
    /// A folder is a layout if it says so.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let layout = fs::symlink_metadata(path.join(LAYOUT)).ok()?;
        let folder = Folder { path: path.to_owned(), name: path.display().to_string() };
        (!layout.is_dir()).then_some(folder)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Opens a file, if there is one. Below the folder no link is followed.
    pub(super) fn file(&self, path: &str) -> Result<Option<OpenArtifact>, Error> {
        let mut place = self.path.clone();
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            place.push(part);
            let kind = match fs::symlink_metadata(&place) {
                Ok(metadata) => metadata.file_type(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(Error::open(&place, error)),
            };
            if kind.is_symlink() {
                let name = place.display().to_string();
                return Err(Error::NotAFile { name, found: FileKind::Link });
            }
            if parts.peek().is_some() && !kind.is_dir() {
                return Ok(None);
            }
        }
        OpenArtifact::open_itself(&place).map(Some)
    }
}
