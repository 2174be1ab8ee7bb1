//! Where the documents and blobs of images are: files of a folder, or regions of one archive.

mod archive;
mod folder;

use std::path::Path;

use chainsign_core::digest::ArtifactDigest;
use chainsign_gosbom::ReadAt;

use super::{ImageFault, ImageLimit, ImageLimits};
use crate::archive::content::{Positioned, read_full};
use crate::{Error, Limits};
use archive::Archive;
use folder::Folder;

/// Files by their path in a layout or archive. They are opened where they are, never by a link that
/// leaves.
#[derive(Debug)]
pub(super) enum Store {
    Folder(Folder),
    Archive(Archive),
}

impl Store {
    /// Opens what may hold images: a folder with an `oci-layout` in it, or a tar.
    pub(super) fn open(path: &Path, limits: &Limits) -> Result<Option<Self>, Error> {
        if path.is_dir() {
            return Ok(Folder::open(path).map(Store::Folder));
        }
        Ok(Archive::open(path, limits)?.map(Store::Archive))
    }

    /// The path of the folder or archive.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Folder(folder) => folder.name(),
            Self::Archive(archive) => archive.name(),
        }
    }

    /// The size of a file in bytes, if there is one of this path.
    pub(super) fn size(&self, path: &str) -> Result<Option<u64>, Error> {
        match self {
            Self::Folder(folder) => Ok(folder.file(path)?.map(|file| file.size())),
            Self::Archive(archive) => Ok(archive.file(path).map(|file| file.len())),
        }
    }

    /// Hands the bytes of a file to `read`, and makes sure that they did not change meanwhile.
    ///
    /// `Ok(None)` means that there is none of this path.
    pub(super) fn read<T>(
        &self,
        path: &str,
        read: impl FnOnce(&dyn ReadAt) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match self {
            Self::Folder(folder) => {
                let Some(file) = folder.file(path)? else { return Ok(None) };
                let outcome = read(file.handle());
                believed(outcome, file.unchanged()).map(Some)
            }
            Self::Archive(archive) => {
                let Some(file) = archive.file(path) else { return Ok(None) };
                let outcome = read(&file);
                believed(outcome, archive.unchanged()).map(Some)
            }
        }
    }

    /// Where a path leads.
    pub(super) fn resolve<'a>(&'a self, path: &'a str) -> &'a str {
        match self {
            Self::Folder(_) => path,
            Self::Archive(archive) => archive.resolve(path),
        }
    }

    /// A small file in memory.
    pub(super) fn document(
        &self,
        path: &str,
        limits: &ImageLimits,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.read(path, |source| {
            let allowed = limits.document_bytes;
            if source.len() > allowed as u64 {
                let limit = ImageLimit::DocumentBytes;
                return Err(self.fault(ImageFault::LimitReached { limit, allowed }));
            }
            // Not more than `allowed`, which is a `usize`.
            let mut bytes = vec![0; source.len() as usize];
            let mut positioned = Positioned { source, offset: 0 };
            let count = read_full(&mut positioned, &mut bytes).map_err(|source| self.io(source))?;
            bytes.truncate(count);
            Ok(bytes)
        })
    }

    pub(super) fn fault(&self, fault: ImageFault) -> Error {
        Error::Image { name: self.name().to_owned(), fault }
    }

    pub(super) fn io(&self, source: std::io::Error) -> Error {
        Error::Read { name: self.name().to_owned(), source }
    }
}

/// That a file changed explains any fault in it.
fn believed<T>(outcome: Result<T, Error>, unchanged: Result<(), Error>) -> Result<T, Error> {
    match outcome {
        Err(error @ Error::Read { .. }) => Err(error),
        outcome => unchanged.and(outcome),
    }
}

/// Where a blob is: `image-layout.md`, "Blobs".
pub(super) fn blob_path(digest: &ArtifactDigest) -> String {
    format!("{BLOBS}/{}/{}", digest.algorithm(), digest.hex())
}

/// The digest in the path of a blob.
pub(super) fn digest_of_path(path: &str) -> Option<ArtifactDigest> {
    let (algorithm, hex) = path.strip_prefix(BLOBS)?.strip_prefix('/')?.split_once('/')?;
    format!("{algorithm}:{hex}").parse().ok()
}

const BLOBS: &str = "blobs";
