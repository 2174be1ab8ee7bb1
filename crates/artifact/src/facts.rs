use chainsign_core::digest::ArtifactDigests;
use chainsign_gosbom::{self as gosbom, GoBinary};
use serde::{Deserialize, Serialize};

use crate::archive::{ArchiveFormat, ArchiveLimits};
use crate::image::{ImageFacts, ImageFault, ImageFormat, ImageLimits, Other};
use crate::inside::{InnerFault, Inside};

/// What is known about one artifact. All of it comes from the same bytes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ArtifactFacts {
    /// The caller's name for it. Names decide nothing.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digests, of the algorithms that were asked for. An image in a folder is no file: this is
    /// then the digest of its manifest or index, by which registries name it.
    pub digests: ArtifactDigests,
    /// What is inside.
    pub content: Content,
}

impl ArtifactFacts {
    /// Puts facts together that were not read from a file: for tests and examples.
    pub fn new(
        name: impl Into<String>,
        size: u64,
        digests: ArtifactDigests,
        content: Content,
    ) -> Self {
        ArtifactFacts { name: name.into(), size, digests, content }
    }

    /// The digests by which evidence may name the artifact, each set alone: those of its bytes, and
    /// for one image in an archive that of its manifest or index.
    pub fn identities(&self) -> impl Iterator<Item = &ArtifactDigests> {
        let image = match &self.content {
            Content::Images(images) => Some(&images.digests),
            _ => None,
        };
        let other = image.filter(|image| image.iter().next().is_some() && **image != self.digests);
        std::iter::once(&self.digests).chain(other)
    }
}

/// What is inside an artifact.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Content {
    /// At least one Go program or library.
    GoBinary(GoBinary),
    /// No Go build information was found, with the reason: there is none
    /// ([`NotExecutable`](gosbom::Error::NotExecutable), [`NotGo`](gosbom::Error::NotGo),
    /// [`NoBuildInfo`](gosbom::Error::NoBuildInfo)), it is hidden
    /// ([`Packed`](gosbom::Error::Packed), [`Garbled`](gosbom::Error::Garbled)), or the file could
    /// not be understood. Never [`Io`](gosbom::Error::Io): what cannot be read is this crate's
    /// [`Error::Read`](crate::Error::Read).
    NotGo(gosbom::Error),
    /// An archive or package.
    Archive(ArchiveContent),
    /// A container image, or several.
    Images(ImageContent),
}

/// An archive or package, and what is inside.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ArchiveContent {
    /// What it is; `None` if it has a fault.
    pub format: Option<ArchiveFormat>,
    /// What is inside.
    pub inside: Inside,
}

impl ArchiveContent {
    /// Puts together what was not read from a file: for tests and examples.
    pub fn new(format: Option<ArchiveFormat>, inside: Inside) -> Self {
        ArchiveContent { format, inside }
    }
}

/// What is in a folder or archive of images.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageContent {
    /// How it lies on the disk; `None` if its documents have a fault.
    pub format: Option<ImageFormat>,
    /// The digest of the manifest, or of the outermost index, by which registries name the image.
    /// Empty for several images, and for `docker save` archives of before 2024, which have none.
    pub digests: ArtifactDigests,
    /// The images, one for each platform.
    pub images: Vec<ImageInside>,
    /// What an index names and is not there: images for other platforms, mostly.
    pub absent: Vec<Other>,
    /// What is wrong with the documents. There are no images then.
    pub fault: Option<InnerFault>,
}

impl ImageContent {
    /// Puts together what was not read from the disk: for tests and examples.
    pub fn new(digests: ArtifactDigests, images: Vec<ImageInside>) -> Self {
        ImageContent { format: None, digests, images, absent: Vec::new(), fault: None }
    }

    pub(crate) fn fault(fault: &ImageFault) -> Self {
        let fault = Some(InnerFault::new("", fault.kind(), fault.to_string()));
        ImageContent { fault, ..ImageContent::new(ArtifactDigests::default(), Vec::new()) }
    }
}

/// One image, and the files that a container made from it would see.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageInside {
    /// What it says about itself.
    pub facts: ImageFacts,
    /// What is inside.
    pub inside: Inside,
}

impl ImageInside {
    /// Puts together what was not read from the disk: for tests and examples.
    pub fn new(facts: ImageFacts, inside: Inside) -> Self {
        ImageInside { facts, inside }
    }
}

impl Content {
    /// The Go binary, if the artifact itself is one.
    pub fn go_binary(&self) -> Option<&GoBinary> {
        match self {
            Self::GoBinary(binary) => Some(binary),
            _ => None,
        }
    }
}

/// Bounds on what looking inside an artifact may cost. Digesting needs none: it takes one pass and
/// constant memory.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Limits {
    /// For the reader of Go binaries.
    pub go: gosbom::Limits,
    /// For archives.
    pub archive: ArchiveLimits,
    /// For container images.
    pub image: ImageLimits,
}
