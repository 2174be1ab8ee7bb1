use std::fmt;

use chainsign_core::digest::ArtifactDigest;

use crate::archive::Fault;
use crate::inside::{self, FaultKind};

/// What is wrong with a container image.
///
/// Most of these are ways in which two readers come to different images or files: which is why they
/// are refused, although one of the readers may be happy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageFault {
    /// A document or a blob is not there.
    #[error("{what} is missing")]
    Missing {
        /// Which.
        what: String,
    },
    /// The bytes of a blob are not those that its digest names.
    #[error("the blob {wanted} has another digest: found {found}")]
    OtherBlob {
        /// The digest of its bytes.
        found: ArtifactDigest,
        /// The digest it goes by.
        wanted: ArtifactDigest,
    },
    /// A blob has not the size that is stated with its digest.
    #[error("the blob {digest} has another size: found {found} bytes, wanted {wanted}")]
    OtherSize {
        /// The blob.
        digest: ArtifactDigest,
        /// Its size in bytes.
        found: u64,
        /// The size stated.
        wanted: u64,
    },
    /// A document cannot be read.
    #[error("{document}: {reason}")]
    Document {
        /// Which document.
        document: String,
        /// What is wrong with it.
        reason: chainsign_core::Error,
    },
    /// A document has a field that a document of its kind has not: it would pass for another kind.
    #[error("{document} has the field {field:?}, which {kind} does not have")]
    ForeignField {
        /// Which document.
        document: String,
        /// The field.
        field: String,
        /// What the document has to be.
        kind: &'static str,
    },
    /// A document has a field that differs from a known one in upper and lower case only, which
    /// readers written in Go take for the known one.
    #[error("{document} has the field {found:?}, which some readers take for {known:?}")]
    AlmostField {
        /// Which document.
        document: String,
        /// The field.
        found: String,
        /// The field it is taken for.
        known: &'static str,
    },
    /// A document says it is something else than what names it says.
    #[error("{document} says it is {found:?}, wanted {wanted:?}")]
    MediaType {
        /// Which document.
        document: String,
        /// The media type in it.
        found: String,
        /// The media type wanted.
        wanted: String,
    },
    /// Something is of a kind that is not read here.
    #[error("{document} has {feature}, which is not supported")]
    Unsupported {
        /// Which document.
        document: String,
        /// What is not supported.
        feature: String,
    },
    /// Two documents say different things about one image.
    #[error("{left} and {right} disagree about {about}")]
    Disagreement {
        /// One document.
        left: String,
        /// The other.
        right: String,
        /// What they disagree about.
        about: &'static str,
    },
    /// A layer cannot be read.
    #[error("layer {layer}: {fault}")]
    Layer {
        /// The layer's `diff_id`.
        layer: ArtifactDigest,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A layer is packed otherwise than its media type says.
    #[error(
        "layer {layer} is packed otherwise than its media type says: found {found}, wanted {wanted}"
    )]
    Packing {
        /// The layer's `diff_id`.
        layer: ArtifactDigest,
        /// How it is packed.
        found: &'static str,
        /// What its media type says.
        wanted: &'static str,
    },
    /// The tar in a layer is not the one that the configuration names.
    #[error("layer {wanted} holds another tar: found {found}")]
    OtherLayer {
        /// The digest of the tar in it.
        found: ArtifactDigest,
        /// The `diff_id`.
        wanted: ArtifactDigest,
    },
    /// A whiteout is not as the format has it.
    #[error("layer {layer}: the whiteout {name:?} {fault}")]
    Whiteout {
        /// The layer's `diff_id`.
        layer: ArtifactDigest,
        /// The name.
        name: String,
        /// What is wrong with it.
        fault: WhiteoutFault,
    },
    /// A layer puts a file below a name without saying that it is a directory, and in a layer under
    /// it the name is a link or a file. Some readers follow the link, others replace it.
    #[error(
        "layer {upper} has files below {name:?}, which it does not make a directory, and which is none in layer {lower}"
    )]
    BelowLink {
        /// The name.
        name: String,
        /// The `diff_id` of the layer with the files.
        upper: ArtifactDigest,
        /// The `diff_id` of the layer with the link or file.
        lower: ArtifactDigest,
    },
    /// There is not exactly one image, or one index of the platforms of one.
    #[error("found {found} images, wanted one")]
    NotOne {
        /// How many there are.
        found: usize,
    },
    /// A bound of [`ImageLimits`](super::ImageLimits) was reached.
    #[error("limit reached: {limit}, allowed are {allowed}")]
    LimitReached {
        /// Which bound.
        limit: ImageLimit,
        /// What is allowed.
        allowed: usize,
    },
}

impl ImageFault {
    pub(crate) fn kind(&self) -> FaultKind {
        match self {
            Self::LimitReached { .. } => FaultKind::Limit,
            Self::Layer { fault, .. } => inside::kind(fault),
            _ => FaultKind::Malformed,
        }
    }
}

/// What is wrong with a whiteout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhiteoutFault {
    /// It is a directory, a link or a device, or something lies below it.
    NotAFile,
    /// It is a file with something in it.
    NotEmpty,
    /// It names nothing, a directory's own entry, or another whiteout.
    Target,
    /// The layer has what it removes, too. Some readers remove that as well.
    Beside,
}

impl fmt::Display for WhiteoutFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAFile => "is not a file",
            Self::NotEmpty => "is not empty",
            Self::Target => "removes no name that a file can have",
            Self::Beside => "is beside what it removes",
        })
    }
}

/// The bound that an image reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageLimit {
    /// `document_bytes`
    DocumentBytes,
    /// `indexes_deep`
    IndexesDeep,
    /// `manifests`
    Manifests,
    /// `layers`
    Layers,
    /// `archive_files`
    ArchiveFiles,
}

impl fmt::Display for ImageLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DocumentBytes => "bytes of a document",
            Self::IndexesDeep => "indexes within indexes",
            Self::Manifests => "manifests",
            Self::Layers => "layers",
            Self::ArchiveFiles => "files of an image archive",
        })
    }
}
