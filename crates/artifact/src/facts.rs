use chainsign_core::digest::ArtifactDigests;
use chainsign_gosbom::{self as gosbom, GoBinary};

use crate::archive::ArchiveLimits;
use crate::image::ImageLimits;

/// What is known about one artifact. All of it comes from the same bytes.
#[derive(Debug)]
#[non_exhaustive]
pub struct ArtifactFacts {
    /// The caller's name for it. Names decide nothing.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digests, of the algorithms that were asked for.
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
}

/// What is inside an artifact.
#[derive(Debug)]
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
}

impl Content {
    /// The Go binary, if it is one.
    pub fn go_binary(&self) -> Option<&GoBinary> {
        match self {
            Self::GoBinary(binary) => Some(binary),
            Self::NotGo(_) => None,
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
