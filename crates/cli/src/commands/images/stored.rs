//! `tree`, `download`, `attach`: what is stored about an image, unverified.

use std::collections::BTreeMap;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::formats::bundle::MEDIA_TYPE_V0_3;
use chainsign_core::formats::cosign::Layer;
use chainsign_core::image::ImageReference;
use chainsign_core::material::SignedContent;
use chainsign_core::predicate::COSIGN_SIGN;
use chainsign_core::statement::Statement;
use chainsign_core::{Limits, formats};
use chainsign_registry::{Content, Item, Platform, Stored, ToAttach, Unread, Wanted};
use jiff::Timestamp;

use super::fetch::{document, origin};
use super::{RegistryRequest, failure};
use crate::failure::{Failure, with_causes};

/// An image of which everything that is stored about it is listed.
#[derive(Debug)]
pub struct TreeRequest {
    /// The image.
    pub image: ImageReference,
    /// The registry.
    pub registry: RegistryRequest,
}

/// What is stored about an image, and about the images of an index.
#[derive(Debug)]
pub struct Tree {
    /// The image itself first, then those that it names.
    pub images: Vec<TreeImage>,
}

/// One image of a [`Tree`].
#[derive(Debug)]
pub struct TreeImage {
    /// With its digest.
    pub image: ImageReference,
    /// Its platform, where an index names it.
    pub platform: Option<Platform>,
    /// What is stored about it.
    pub items: Vec<TreeItem>,
    /// What is said to be stored and could not be read, with the reason.
    pub unread: Vec<String>,
}

/// Something that is stored about an image. Nothing of it is verified.
#[derive(Debug)]
pub struct TreeItem {
    /// Where it is.
    pub store: String,
    /// The digest of its manifest.
    pub manifest: String,
    /// The digest of the document.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it is, in words.
    pub kind: String,
    /// The type of its predicate, where it is an attestation.
    pub predicate_type: Option<String>,
}

/// Lists what is stored about an image.
///
/// # Errors
/// As [`failure`].
pub async fn tree(request: &TreeRequest) -> Result<Tree, Failure> {
    let registry = request.registry.connect()?;
    let failed = |error: chainsign_registry::Error| failure(&error);
    let root = registry.resolve(&request.image).await.map_err(failed)?;
    let mut images = vec![(root.clone(), None)];
    for child in root.children() {
        let image = registry.child(&root, child).await.map_err(failed)?;
        images.push((image, child.platform.clone()));
    }
    let mut tree = Tree { images: Vec::new() };
    for (image, platform) in images {
        let attached = registry.attached(&image, Wanted::Everything).await.map_err(failed)?;
        tree.images.push(TreeImage {
            image: image.reference().clone(),
            platform,
            items: attached.items.iter().map(TreeItem::of).collect(),
            unread: attached.unread.iter().map(unread).collect(),
        });
    }
    Ok(tree)
}

fn unread(unread: &Unread) -> String {
    format!("{}: {}", unread.store, with_causes(&unread.error))
}

impl TreeItem {
    fn of(item: &Item) -> Self {
        // In such a statement cosign signs an image.
        let predicate_type = predicate_type(item).filter(|of| of != COSIGN_SIGN);
        let kind = match (&item.content, &predicate_type) {
            (Content::Bundle(_) | Content::Envelope(_), Some(_)) => "attestation",
            (Content::Bundle(_) | Content::SimpleSigning(_), _) => "signature",
            (Content::Envelope(_), _) => "attestation",
            (Content::Sbom(_), _) => "SBOM, not signed",
            _ => item.artifact_type.as_deref().unwrap_or(&item.media_type),
        };
        TreeItem {
            store: item.store.to_string(),
            manifest: item.manifest.to_string(),
            digest: item.digest.to_string(),
            size: item.size,
            kind: kind.to_owned(),
            predicate_type,
        }
    }
}

/// What a document says that its predicate is.
fn predicate_type(item: &Item) -> Option<String> {
    let limits = Limits::default();
    let material = formats::parse(&document(item)?, &limits).ok()?;
    material.predicate_type(&limits).map(|it| it.to_string())
}

/// Documents about an image, to be written as they are.
#[derive(Debug)]
pub struct DownloadRequest {
    /// The image.
    pub image: ImageReference,
    /// The registry.
    pub registry: RegistryRequest,
    /// Which.
    pub what: Attachment,
    /// Only attestations with this predicate.
    pub predicate_type: Option<String>,
    /// The image of an index for this platform.
    pub platform: Option<Platform>,
}

/// A kind of thing that is stored about an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// Signatures.
    Signature,
    /// Attestations.
    Attestation,
    /// An SBOM that is not signed.
    Sbom,
}

/// What is stored about an image.
#[derive(Debug)]
pub struct Download {
    /// The documents that were asked for.
    pub documents: Vec<Downloaded>,
    /// What is said to be stored and is not what it should be, with the reason.
    pub left_out: Vec<String>,
}

/// A document as the registry has it.
#[derive(Debug)]
pub struct Downloaded {
    /// Where it was.
    pub origin: String,
    /// A line of JSON; an SBOM as it is.
    pub bytes: Vec<u8>,
}

/// Reads documents about an image. Nothing is verified.
///
/// # Errors
/// `nothing-stored` (exit 1) where there is none, or `malformed-evidence` where only what is left out is;
/// `evidence-unavailable` for one that could not be had; `no-such-platform`; as [`failure`].
pub async fn download(request: &DownloadRequest) -> Result<Download, Failure> {
    let registry = request.registry.connect()?;
    let failed = |error: chainsign_registry::Error| failure(&error);
    let mut image = registry.resolve(&request.image).await.map_err(failed)?;
    if let Some(platform) = &request.platform {
        let chosen = image.children_for(std::slice::from_ref(platform)).map_err(failed)?;
        if let Some(child) = chosen.first() {
            image = registry.child(&image, child).await.map_err(failed)?;
        }
    }
    let attached = registry.attached(&image, Wanted::Everything).await.map_err(failed)?;
    let unavailable = |it: &&Unread| !it.error.is_about_content();
    if let Some(unread) = attached.unread.iter().find(unavailable) {
        return Err(Failure::undecided("evidence-unavailable", self::unread(unread))
            .hint("try again; `chainsign tree` lists what can be read"));
    }
    let at = request.registry.options.signatures_in.as_ref().unwrap_or(&request.image.name);
    let left_out: Vec<_> = attached.unread.iter().map(unread).collect();
    let mut documents = Vec::new();
    for item in &attached.items {
        let of = predicate_type(item);
        let is_signature = |of: &Option<String>| of.as_deref().is_none_or(|of| of == COSIGN_SIGN);
        let bytes = match (request.what, &item.content) {
            (Attachment::Signature, Content::Bundle(_) | Content::SimpleSigning(_))
                if is_signature(&of) =>
            {
                document(item)
            }
            (Attachment::Attestation, Content::Bundle(_) | Content::Envelope(_))
                if of.is_some()
                    && !is_signature(&of)
                    && (request.predicate_type.is_none() || request.predicate_type == of) =>
            {
                document(item)
            }
            (Attachment::Sbom, Content::Sbom(bytes)) => Some(bytes.clone()),
            _ => None,
        };
        documents.extend(bytes.map(|bytes| Downloaded { origin: origin(at, item), bytes }));
    }
    if !documents.is_empty() {
        return Ok(Download { documents, left_out });
    }
    let what = match request.what {
        Attachment::Signature => "signature",
        Attachment::Attestation => "attestation",
        Attachment::Sbom => "SBOM",
    };
    let message = format!("found no {what} stored about {}", image.reference());
    Err(match left_out.is_empty() {
        true => Failure::no("nothing-stored", message),
        false => {
            let message =
                format!("{message} that can be read\n       {}", left_out.join("\n       "));
            Failure::no("malformed-evidence", message)
        }
    }
    .hint("`chainsign tree` lists all that is stored about it"))
}

/// A document that was made elsewhere, to be stored about an image.
#[derive(Debug)]
pub struct AttachRequest {
    /// The image.
    pub image: ImageReference,
    /// The registry.
    pub registry: RegistryRequest,
    /// What is stored.
    pub what: ToAttachFrom,
}

/// What is stored, as it was read.
#[derive(Debug)]
pub enum ToAttachFrom {
    /// A bundle.
    Bundle(Vec<u8>),
    /// cosign's payload, with the signature and what goes with it.
    SimpleSigning {
        /// What was signed.
        payload: Vec<u8>,
        /// By cosign's names of annotations.
        annotations: BTreeMap<String, String>,
    },
    /// An SBOM that is not signed, with its media type.
    Sbom(Vec<u8>, &'static str),
}

/// Stores a document about an image. It must be one, and about this image; it is not verified.
///
/// # Errors
/// `malformed-evidence` and `other-digest` (exit 1); as [`failure`].
pub async fn attach(request: AttachRequest) -> Result<(ImageReference, Stored), Failure> {
    let registry = request.registry.connect()?;
    let failed = |error: chainsign_registry::Error| failure(&error);
    let image = registry.resolve(&request.image).await.map_err(failed)?;
    let malformed = |error: chainsign_core::Error| {
        Failure::no("malformed-evidence", format!("the document to attach: {error}"))
    };
    let limits = Limits::default();
    let document = match request.what {
        ToAttachFrom::Bundle(bytes) => {
            let material = formats::bundle::parse(&bytes, &limits).map_err(malformed)?;
            let predicate_type = match &material.content {
                SignedContent::Envelope(envelope) => {
                    let statement =
                        Statement::parse(&envelope.payload.0, &limits).map_err(malformed)?;
                    let about =
                        statement.subject.iter().filter_map(|it| it.digest.acceptable().ok());
                    let named = about.flat_map(|it| it.iter().cloned().collect::<Vec<_>>());
                    is_about(image.digest(), named)?;
                    Some(statement.predicate_type)
                }
                SignedContent::Message { digest, .. } => {
                    is_about(image.digest(), digest.iter().cloned())?;
                    None
                }
                SignedContent::SimpleSigning { .. } => None,
            };
            ToAttach::Bundle {
                bytes: bytes.trim_ascii().to_vec(),
                media_type: MEDIA_TYPE_V0_3.to_owned(),
                predicate_type,
                created: Timestamp::now(),
            }
        }
        ToAttachFrom::SimpleSigning { payload, annotations } => {
            let said = formats::simple_signing::SimpleSigning::parse(&payload, &limits);
            is_about(image.digest(), [said.map_err(malformed)?.digest])?;
            let mut known = formats::cosign::Annotations::default();
            for (name, text) in &annotations {
                if let Some(place) = known.by_name(name) {
                    *place = Some(text);
                }
            }
            formats::cosign::parse_layer(Layer::SimpleSigning(&payload), &known, &limits)
                .map_err(malformed)?;
            ToAttach::SimpleSigning { payload, annotations }
        }
        ToAttachFrom::Sbom(bytes, media_type) => {
            ToAttach::Sbom { bytes, media_type: media_type.to_owned() }
        }
    };
    let stored = registry.attach(&image, &document).await.map_err(failed)?;
    Ok((image.reference().clone(), stored))
}

fn is_about(
    image: &ArtifactDigest,
    named: impl IntoIterator<Item = ArtifactDigest>,
) -> Result<(), Failure> {
    let named: Vec<_> = named.into_iter().collect();
    if named.contains(image) {
        return Ok(());
    }
    let found: Vec<_> = named.iter().map(ToString::to_string).collect();
    let message = format!("the document is about {}, wanted {image}", found.join(", "));
    Err(Failure::no("other-digest", message).hint("it belongs to another image"))
}
