//! Container images on the disk: OCI layouts, the same inside a tar, and `docker save` archives.
//!
//! [`open`] says whether a path is one, and reads its documents. [`Image::files`] then reads the
//! files that a container would see, layer by layer, with whiteouts applied.

mod facts;
mod fault;
mod limits;

use std::fmt;
use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;

use crate::archive::InnerFile;

pub use facts::{BaseImage, BaseSource, ImageConfig, ImageFacts, Layer, Platform, PlatformError};
pub use fault::{ImageFault, ImageLimit, WhiteoutFault};
pub use limits::ImageLimits;

/// A file that a container made from an image would see.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImageFile {
    /// The layer it comes from.
    pub layer: Arc<Layer>,
    /// The file, its path from the root of the image's file system.
    pub file: InnerFile,
}

/// What an index names beside images: signatures, attestations, charts. Not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attachment {
    /// Its digest.
    pub digest: ArtifactDigest,
    /// Its media type.
    pub media_type: String,
    /// What kind of artifact it says it is.
    pub artifact_type: Option<String>,
}

/// How images lie on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImageFormat {
    /// A folder with `oci-layout`, `index.json` and `blobs`.
    OciFolder,
    /// The same in a tar, which `docker save` and `skopeo` write. Where it also has Docker's
    /// `manifest.json`, the two agree.
    OciArchive,
    /// What `docker save` wrote until 2024, and `crane`, `kaniko`, Bazel and Nix still write: a tar
    /// with `manifest.json`.
    DockerArchive,
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OciFolder => "OCI image layout",
            Self::OciArchive => "OCI image archive",
            Self::DockerArchive => "Docker image archive",
        })
    }
}
