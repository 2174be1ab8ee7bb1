//! `sbom`: what Go binaries say is in them.

mod binary;
pub mod diff;
mod find;

use std::path::{Path, PathBuf};

use chainsign_artifact::image::Platform;
use chainsign_artifact::{Limits, Meter};
use chainsign_core::image::ImageReference;
use chainsign_gosbom::sbom::{Sbom, SpecVersion, Subject};
use chainsign_gosbom::{Depth, GoSlice};
use jiff::Timestamp;

pub use binary::{content, go_binary};
pub use find::{Unread, UnreadKind};

use super::images::{self, RegistryRequest};
use crate::failure::Failure;
use find::{Found, FoundBinary, Root};

/// An SBOM to make.
#[derive(Debug)]
pub struct SbomRequest {
    /// Go binaries, archives, packages, container images, folders; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// Images in registries, after the paths.
    pub images: Vec<ImageReference>,
    /// How their registries are reached.
    pub registry: RegistryRequest,
    /// Which of the container images; `None` is all.
    pub platform: Option<Platform>,
    /// How the document is written.
    pub document: DocumentFormat,
    /// The time the document states; `None` states none.
    pub created: Option<Timestamp>,
    /// Modules, or the packages of their function tables too.
    pub depth: Depth,
    /// Whether files are hashed.
    pub hash: FileHash,
}

impl SbomRequest {
    /// CycloneDX 1.6 about one path, with the hash of the file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        SbomRequest {
            paths: vec![path.into()],
            images: Vec::new(),
            registry: RegistryRequest::default(),
            platform: None,
            document: DocumentFormat::CycloneDx(SpecVersion::V1_6),
            created: None,
            depth: Depth::BuildInfo,
            hash: FileHash::Sha256,
        }
    }
}

/// A document that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentFormat {
    /// CycloneDX in JSON.
    CycloneDx(SpecVersion),
    /// SPDX 2.3 in JSON.
    Spdx,
}

/// Whether the SBOM names the file by its digest. Without it nothing binds the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileHash {
    /// By its SHA-256: one pass over the file.
    Sha256,
    /// By its path only: a few blocks are read, whatever the file's size.
    Skip,
}

/// An SBOM, and what its making left out.
#[derive(Debug)]
pub struct Made {
    /// The bytes to print, sign or attest.
    pub document: Vec<u8>,
    /// Go binaries that it names, each place counted.
    pub binaries: usize,
    /// Other files that were looked at.
    pub not_go: usize,
    /// Files that were named and are not Go, or that could not be looked into to their end. With
    /// one of the latter the document says that it is incomplete.
    pub unread: Vec<Unread>,
}

/// Told how far the work is. Called from several threads.
pub trait Progress: Sync {
    /// So many files will be looked at.
    fn begin(&self, files: usize);
    /// One more is done.
    fn advance(&self);
    /// An archive or image of so many bytes will be read, which the meter counts.
    fn reading(&self, bytes: u64, meter: &Meter);
}

/// Nobody watches.
impl Progress for () {
    fn begin(&self, _: usize) {}
    fn advance(&self) {}
    fn reading(&self, _: u64, _: &Meter) {}
}

/// Makes one document about all paths: about the binary, if it is one; else about the collection,
/// with a component for each binary in it. The files of a folder are looked at on all processors;
/// the document does not depend on who was first.
///
/// # Errors
/// As [`artifact::open`](super::artifact::open) for a path; `not-a-go-binary` when a single file is
/// none, with the reason; `bad-archive` and `bad-image` for a single archive that cannot be read to
/// its end; `no-image` for a single layout without one; `no-such-platform`; `no-go-binary` when
/// nothing was found in all of them; as [`images::failure`].
pub fn sbom(request: &SbomRequest, progress: &dyn Progress) -> Result<Made, Failure> {
    let limits = limits(request.depth);
    let pulled = match request.images.as_slice() {
        [] => Vec::new(),
        all => images::pull(&request.registry, all, request.platform.as_ref())?,
    };
    let paths = request.paths.iter().map(|path| Source { path: path.clone(), called: None });
    let images = pulled.iter().map(|(reference, pulled)| Source {
        path: pulled.path().to_owned(),
        // The digest is the component's version.
        called: Some(ImageReference { digest: None, ..reference.clone() }.to_string()),
    });
    let sources: Vec<_> = paths.chain(images).collect();
    let found = find::find(request, &sources, &limits, progress)?;
    let sbom = document(&sources, &found);
    let sbom = match request.created {
        Some(created) => sbom.created(created),
        None => sbom,
    };
    Ok(Made {
        document: match request.document {
            DocumentFormat::CycloneDx(version) => sbom.to_cyclonedx_json(version),
            DocumentFormat::Spdx => sbom.to_spdx_json(),
        },
        binaries: found.all_binaries().map(|binary| binary.subject.locations.len()).sum(),
        not_go: found.not_go,
        unread: found.unread,
    })
}

/// Bounds on what looking may cost, to this depth.
pub fn limits(depth: Depth) -> Limits {
    let mut limits = Limits::default();
    limits.go.depth = depth;
    limits
}

/// What is looked into: a path, or where an image was pulled to.
struct Source {
    path: PathBuf,
    /// How the image is called.
    called: Option<String>,
}

impl Source {
    fn written(&self) -> String {
        self.called.clone().unwrap_or_else(|| self.path.display().to_string())
    }
}

fn document(sources: &[Source], found: &Found) -> Sbom {
    let binaries = parts(&found.binaries);
    let sbom = match (&found.root, found.binaries.as_slice()) {
        (Root::Binary, [binary]) => return Sbom::of_slices(&binary.slices, &binary.subject),
        (Root::Archive(archive), _) => Sbom::of_binaries(archive, binaries),
        (Root::Image(image), _) => Sbom::of_image(image, binaries),
        _ => Sbom::of_binaries(&Subject::new(collection_name(sources)), binaries),
    };
    let sbom = found
        .images
        .iter()
        .fold(sbom, |sbom, image| sbom.with_image(&image.subject, parts(&image.binaries)));
    match found.is_complete() {
        true => sbom,
        false => sbom.incomplete(),
    }
}

fn parts(binaries: &[FoundBinary]) -> impl Iterator<Item = (&[GoSlice], &Subject)> {
    binaries.iter().map(|binary| (binary.slices.as_slice(), &binary.subject))
}

/// The folder's name, or the first path's and how many more.
fn collection_name(sources: &[Source]) -> String {
    let name = |source: &Source| {
        if let Some(called) = &source.called {
            return called.clone();
        }
        let path: &Path = &source.path;
        let last = path.file_name().map(ToOwned::to_owned);
        // `.` and `..` have no name of their own.
        let last = last.or_else(|| path.canonicalize().ok()?.file_name().map(ToOwned::to_owned));
        last.map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
    };
    match sources {
        [] => String::new(),
        [source] => name(source),
        [first, rest @ ..] => format!("{} and {} more", name(first), rest.len()),
    }
}
