//! What is stored about an image, in every layout that was ever in use.
//!
//! Three places are asked at the same time: the referrers API (distribution spec 1.1, "Listing
//! referrers"), the tag that stands in for it where a registry has none ("Referrers tag schema"), and
//! cosign's tags. That one of them has nothing is an answer; that one could not be asked is an error.
//!
//! What is found is a claim. The descriptors' and manifests' annotations say what something may be;
//! only verification says what it is.

mod find;
mod read;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use chainsign_core::digest::ArtifactDigest;

use crate::Error;

pub use write::{Stored, ToAttach};

pub(crate) use find::find;
pub(crate) use write::{attach, remove};

/// What is wanted of what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// That it is there. Of documents only the manifests are read.
    Listing,
    /// Signatures: bundles, and cosign's.
    Signatures,
    /// Attestations: bundles, and cosign's envelopes.
    Attestations,
    /// Both: all that is signed.
    Evidence,
    /// Every document, SBOMs that are not signed among them.
    Everything,
}

/// What is stored about one image.
#[derive(Debug)]
pub struct Attached {
    /// What was found, each once: by store; referrers by the digests of their manifests, what is under a tag
    /// by its place there.
    pub items: Vec<Item>,
    /// What is said to be there and could not be had, or is not what it should be. It hides nothing else;
    /// but without all [`items`](Self::items), that a signature is missing is not known: see
    /// [`Error::is_about_content`].
    pub unread: Vec<Unread>,
    /// Where was looked: all of these were reached, and answered.
    pub looked_in: Vec<Store>,
}

/// One signature, attestation, SBOM or other thing that is stored about an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it is.
    pub store: Store,
    /// The digest of the manifest that it is in.
    pub manifest: ArtifactDigest,
    /// Its place among the manifest's layers.
    pub layer: usize,
    /// The digest of the document.
    pub digest: ArtifactDigest,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    pub media_type: String,
    /// What the manifest says that it is.
    pub artifact_type: Option<String>,
    /// The annotations of the manifest, and over them those of the layer.
    pub annotations: BTreeMap<String, String>,
    /// The document.
    pub content: Content,
}

/// A document by its media type. Bytes are what the registry has, and what [`Item::digest`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// A Sigstore bundle (`application/vnd.dev.sigstore.bundle…`).
    Bundle(Vec<u8>),
    /// What cosign signed before there were bundles. The signature, and what goes with it, is in
    /// [`Item::annotations`].
    SimpleSigning(Vec<u8>),
    /// A DSSE envelope as cosign stored it before there were bundles. What goes with it is in
    /// [`Item::annotations`].
    Envelope(Vec<u8>),
    /// An SBOM that is not signed.
    Sbom(Vec<u8>),
    /// Something else, which is not fetched.
    Other,
    /// It was not wanted, and not fetched.
    NotFetched(ContentKind),
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentKind {
    /// As [`Content::Bundle`].
    Bundle,
    /// As [`Content::SimpleSigning`].
    SimpleSigning,
    /// As [`Content::Envelope`].
    Envelope,
    /// As [`Content::Sbom`].
    Sbom,
    /// As [`Content::Other`].
    Other,
}

/// Something that is said to be stored and could not be read.
#[derive(Debug)]
pub struct Unread {
    /// Where it is said to be.
    pub store: Store,
    /// The digest of its manifest, where that is known.
    pub manifest: Option<ArtifactDigest>,
    /// Why not.
    pub error: Error,
}

/// A place where something about an image is stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Store {
    /// The referrers API.
    Referrers,
    /// The tag that stands in for it.
    FallbackTag(String),
    /// cosign's tag of signatures.
    SignatureTag(String),
    /// cosign's tag of attestations.
    AttestationTag(String),
    /// cosign's tag of an SBOM.
    SbomTag(String),
}

impl Store {
    /// The tag, where it is one.
    pub fn tag(&self) -> Option<&str> {
        match self {
            Store::Referrers => None,
            Store::FallbackTag(tag)
            | Store::SignatureTag(tag)
            | Store::AttestationTag(tag)
            | Store::SbomTag(tag) => Some(tag),
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Store::Referrers => f.write_str("referrers"),
            Store::FallbackTag(tag) => write!(f, "referrers tag {tag}"),
            Store::SignatureTag(tag) | Store::AttestationTag(tag) | Store::SbomTag(tag) => {
                write!(f, "tag {tag}")
            }
        }
    }
}

impl ContentKind {
    /// By media type.
    pub(crate) fn of(media_type: &str) -> Self {
        match media_type {
            SIMPLE_SIGNING => ContentKind::SimpleSigning,
            ENVELOPE => ContentKind::Envelope,
            other if other.starts_with(BUNDLE) => ContentKind::Bundle,
            other if SBOMS.contains(&other.split(['+', ';']).next().unwrap_or_default()) => {
                ContentKind::Sbom
            }
            _ => ContentKind::Other,
        }
    }

    fn is(self, wanted: Wanted) -> bool {
        match wanted {
            Wanted::Listing => false,
            Wanted::Signatures => matches!(self, ContentKind::Bundle | ContentKind::SimpleSigning),
            Wanted::Attestations => matches!(self, ContentKind::Bundle | ContentKind::Envelope),
            Wanted::Evidence => !matches!(self, ContentKind::Sbom | ContentKind::Other),
            Wanted::Everything => self != ContentKind::Other,
        }
    }

    fn content(self, bytes: Vec<u8>) -> Content {
        match self {
            ContentKind::Bundle => Content::Bundle(bytes),
            ContentKind::SimpleSigning => Content::SimpleSigning(bytes),
            ContentKind::Envelope => Content::Envelope(bytes),
            ContentKind::Sbom => Content::Sbom(bytes),
            ContentKind::Other => Content::Other,
        }
    }
}

/// The media types of Sigstore bundles begin so, whatever their version (cosign `ociremote.Bundle`).
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
/// cosign `pkg/types/media.go`.
pub(crate) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// cosign `pkg/types/media.go`.
pub(crate) const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
/// Without `+json` and the like (cosign `pkg/types/media.go`; IANA).
const SBOMS: [&str; 6] = [
    "application/vnd.cyclonedx",
    "application/spdx",
    "text/spdx",
    "application/vnd.syft",
    "text/vnd.cyclonedx",
    "application/vnd.spdx",
];
