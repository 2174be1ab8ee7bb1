use chainsign_core::digest::ArtifactDigest;
use chainsign_core::image::ImageReference;

use crate::documents::{Document, OCI_INDEX};
use crate::{Descriptor, Manifest, Platform};

/// A manifest or an index that was read once, and is what its digest says.
///
/// Only [`Registry`](crate::Registry) makes it: whoever has one has what the reference stood for at
/// that time, and uses this digest from there on.
#[derive(Clone, Debug)]
pub struct Resolved {
    reference: ImageReference,
    descriptor: Descriptor,
    bytes: Vec<u8>,
    kind: Kind,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One image, or one artifact.
    Image(Box<Manifest>),
    /// A list of images, usually one for each platform.
    Index(Vec<Descriptor>),
}

impl Resolved {
    pub(crate) fn new(
        reference: &ImageReference,
        digest: ArtifactDigest,
        media_type: String,
        bytes: Vec<u8>,
        document: Document,
    ) -> Self {
        let artifact_type = match &document {
            Document::Manifest(manifest) => manifest.artifact_type.clone(),
            Document::Index(_) => None,
        };
        let descriptor = Descriptor {
            media_type,
            digest: digest.clone(),
            size: bytes.len() as u64,
            artifact_type,
            platform: None,
            annotations: Default::default(),
        };
        let kind = match document {
            Document::Manifest(manifest) => Kind::Image(manifest),
            Document::Index(children) => Kind::Index(children),
        };
        Resolved { reference: reference.with_digest(digest), descriptor, bytes, kind }
    }

    /// What was asked for, with its digest: the tag, if there was one, stays beside it.
    pub fn reference(&self) -> &ImageReference {
        &self.reference
    }

    /// The digest of [`bytes`](Self::bytes): the one asked for, else SHA-256.
    pub fn digest(&self) -> &ArtifactDigest {
        &self.descriptor.digest
    }

    /// Media type, digest and size.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The manifest or index, byte by byte.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it says.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The children of an index that are images: not BuildKit's attestations, which have the platform
    /// `unknown/unknown`. Empty for an image.
    pub fn children(&self) -> impl Iterator<Item = &Descriptor> {
        let children = match &self.kind {
            Kind::Image(_) => [].as_slice(),
            Kind::Index(children) => children,
        };
        let unknown = |it: &Platform| it.os == "unknown" && it.architecture == "unknown";
        children.iter().filter(move |child| !child.platform.as_ref().is_some_and(unknown))
    }

    /// Whether it is an OCI document, and not one of Docker's.
    pub fn is_oci(&self) -> bool {
        matches!(self.descriptor.media_type.as_str(), crate::documents::OCI_MANIFEST | OCI_INDEX)
    }
}
