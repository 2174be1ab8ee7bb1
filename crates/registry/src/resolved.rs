use chainsign_core::digest::ArtifactDigest;
use chainsign_core::image::ImageReference;

use crate::documents::{Document, OCI_INDEX};
use crate::{Descriptor, Error, Manifest, Platform};

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
        children.iter().filter(|child| child.is_image())
    }

    /// Those of the [`children`](Self::children) that are for one of these platforms.
    ///
    /// # Errors
    /// [`Error::NoSuchPlatform`] for one that no child is for; for an image, for each.
    pub fn children_for(&self, platforms: &[Platform]) -> Result<Vec<&Descriptor>, Error> {
        let is = |child: &Descriptor, wanted: &Platform| {
            child.platform.as_ref().is_some_and(|platform| platform.is(wanted))
        };
        for wanted in platforms {
            if !self.children().any(|child| is(child, wanted)) {
                let found = self.children().filter_map(|child| child.platform.as_ref());
                let found: Vec<_> = found.map(ToString::to_string).collect();
                return Err(Error::NoSuchPlatform {
                    what: self.reference.to_string(),
                    wanted: wanted.to_string(),
                    found: if found.is_empty() {
                        "no platform".to_owned()
                    } else {
                        found.join(", ")
                    },
                });
            }
        }
        let any = |child: &&Descriptor| platforms.iter().any(|wanted| is(child, wanted));
        Ok(self.children().filter(any).collect())
    }

    /// Whether it is an OCI document, and not one of Docker's.
    pub fn is_oci(&self) -> bool {
        matches!(self.descriptor.media_type.as_str(), crate::documents::OCI_MANIFEST | OCI_INDEX)
    }
}
