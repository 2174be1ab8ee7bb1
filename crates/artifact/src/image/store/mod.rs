//! Where the documents and blobs of images are: files of a folder, or regions of one archive.

mod archive;
mod folder;

use std::io;
use std::path::Path;
use std::sync::Arc;

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_gosbom::ReadAt;

use super::{ImageFault, ImageLimit, ImageLimits};
use crate::archive::content::{Positioned, read_full};
use crate::{Error, Limits, Meter, OpenArtifact};
pub(crate) use archive::Binding;
use archive::{Archive, Region};
use folder::Folder;

/// Files by their path in a layout or archive. They are opened where they are, never by a link that
/// leaves.
#[derive(Debug)]
pub(super) struct Store {
    place: Place,
    meter: Meter,
}

#[derive(Debug)]
enum Place {
    Folder(Folder),
    Archive(Box<Archive>),
}

impl Store {
    /// A folder with an `oci-layout` in it.
    pub(super) fn folder(path: &Path) -> Option<Self> {
        Some(Self::at(Place::Folder(Folder::open(path)?)))
    }

    /// A tar with images in it. Of a compressed one the digests are taken on the way.
    pub(super) fn archive(
        artifact: Arc<OpenArtifact>,
        algorithms: &[DigestAlgorithm],
        limits: &Limits,
    ) -> Result<Option<Self>, Error> {
        let archive = Archive::open(artifact, algorithms, limits)?;
        Ok(archive.map(|archive| Self::at(Place::Archive(Box::new(archive)))))
    }

    fn at(place: Place) -> Self {
        Store { place, meter: Meter::default() }
    }

    /// How what was read belongs to the digests of the archive; `None` for a folder.
    pub(super) fn binding(&self) -> Option<Binding<'_>> {
        match &self.place {
            Place::Folder(_) => None,
            Place::Archive(archive) => Some(archive.binding()),
        }
    }

    pub(super) fn is_folder(&self) -> bool {
        matches!(self.place, Place::Folder(_))
    }

    /// The path of the folder or archive.
    pub(super) fn name(&self) -> &str {
        match &self.place {
            Place::Folder(folder) => folder.name(),
            Place::Archive(archive) => archive.name(),
        }
    }

    /// Counts what [`read`](Self::read) reads.
    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The size of a file in bytes, if there is one of this path.
    pub(super) fn size(&self, path: &str) -> Result<Option<u64>, Error> {
        match &self.place {
            Place::Folder(folder) => Ok(folder.file(path)?.map(|file| file.size())),
            Place::Archive(archive) => Ok(archive.file(path).map(|file| file.len())),
        }
    }

    /// Hands the bytes of a blob to `read`, which checks them against their digest, and makes sure
    /// that they did not change meanwhile.
    ///
    /// `Ok(None)` means that there is none of this path.
    pub(super) fn blob<T>(
        &self,
        path: &str,
        read: impl FnOnce(&dyn ReadAt) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let read = |source: &dyn ReadAt| read(&Metered { source, meter: &self.meter });
        match &self.place {
            Place::Folder(folder) => in_folder(folder, path, read),
            Place::Archive(archive) => in_archive(archive, archive.file(path), read),
        }
    }

    /// Where a path leads.
    pub(super) fn resolve<'a>(&'a self, path: &'a str) -> &'a str {
        match &self.place {
            Place::Folder(_) => path,
            Place::Archive(archive) => archive.resolve(path),
        }
    }

    /// A small file in memory.
    pub(super) fn document(
        &self,
        path: &str,
        limits: &ImageLimits,
    ) -> Result<Option<Vec<u8>>, Error> {
        let read = |source: &dyn ReadAt| {
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
        };
        let read = |source: &dyn ReadAt| read(&Metered { source, meter: &self.meter });
        match &self.place {
            Place::Folder(folder) => in_folder(folder, path, read),
            Place::Archive(archive) => in_archive(archive, archive.document(path), read),
        }
    }

    pub(super) fn fault(&self, fault: ImageFault) -> Error {
        Error::Image { name: self.name().to_owned(), fault }
    }

    pub(super) fn io(&self, source: io::Error) -> Error {
        Error::Read { name: self.name().to_owned(), source }
    }
}

/// A source, of which what is read is counted.
struct Metered<'a> {
    source: &'a dyn ReadAt,
    meter: &'a Meter,
}

impl ReadAt for Metered<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(offset, buffer)?;
        self.meter.add(count);
        Ok(count)
    }

    fn len(&self) -> u64 {
        self.source.len()
    }
}

fn in_folder<T>(
    folder: &Folder,
    path: &str,
    read: impl FnOnce(&dyn ReadAt) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let Some(file) = folder.file(path)? else { return Ok(None) };
    let outcome = read(&**file.handle());
    believed(outcome, file.unchanged()).map(Some)
}

fn in_archive<T>(
    archive: &Archive,
    region: Option<Region<'_>>,
    read: impl FnOnce(&dyn ReadAt) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let Some(region) = region else { return Ok(None) };
    let outcome = read(&region);
    believed(outcome, archive.unchanged()).map(Some)
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
