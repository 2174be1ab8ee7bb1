use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::image::ImageName;

use super::{Content, ContentKind, Item, Store, Unread, Wanted};
use crate::Manifest;
use crate::documents::{Descriptor, Document, parse};
use crate::error::{Error, Limit, Subject};
use crate::registry::{Shared, together};

/// The image that is asked about.
pub(super) struct Image<'a> {
    /// Where what is about it is stored.
    pub(super) at: &'a ImageName,
    pub(super) digest: &'a ArtifactDigest,
    /// As errors name it.
    pub(super) about: &'a str,
}

/// What a place says that there is.
pub(super) enum Listed {
    /// A manifest that is to be read yet.
    Named { store: Store, descriptor: Descriptor },
    /// The manifest itself, of one of cosign's tags.
    Read { store: Store, digest: ArtifactDigest, media_type: String, bytes: Vec<u8> },
}

/// Reads manifests, then documents. What cannot be read goes to `unread`.
///
/// # Errors
/// [`Error::LimitReached`] for more, or more bytes, than are read of one image.
pub(super) async fn all(
    shared: &Arc<Shared>,
    image: &Image<'_>,
    listed: Vec<Listed>,
    wanted: Wanted,
    unread: &mut Vec<Unread>,
) -> Result<Vec<Item>, Error> {
    let manifests = listed.into_iter().map(|one| {
        let (shared, at, subject) = (Arc::clone(shared), image.at.clone(), image.digest.clone());
        async move { items(&shared, &at, &subject, one).await }
    });
    let mut items = Vec::new();
    for read in together(manifests).await {
        match read {
            Ok(read) => items.extend(read),
            Err(one) => unread.push(one),
        }
    }
    within(shared, image.about, &items, wanted)?;
    let documents = items.into_iter().map(|item| {
        let (shared, at) = (Arc::clone(shared), image.at.clone());
        async move { with_content(&shared, &at, item, wanted).await }
    });
    let mut read = Vec::new();
    for document in together(documents).await {
        match document {
            Ok(item) => read.push(item),
            Err(one) => unread.push(one),
        }
    }
    Ok(read)
}

/// The items in one manifest, without their documents.
async fn items(
    shared: &Shared,
    at: &ImageName,
    subject: &ArtifactDigest,
    listed: Listed,
) -> Result<Vec<Item>, Unread> {
    let (store, digest, media_type, bytes) = match listed {
        Listed::Read { store, digest, media_type, bytes } => (store, digest, media_type, bytes),
        Listed::Named { store, descriptor } => {
            let read = shared.manifest_of(at, &descriptor).await;
            let bytes = read.map_err(|error| Unread {
                store: store.clone(),
                manifest: Some(descriptor.digest.clone()),
                error,
            })?;
            (store, descriptor.digest, descriptor.media_type, bytes)
        }
    };
    let what = format!("manifest {digest} of {at}");
    let parsed = parse(&what, Some(&media_type), &bytes).and_then(|(media_type, document)| {
        let Document::Manifest(manifest) = document else {
            return Err(Error::UnknownMediaType { what: what.clone(), found: media_type });
        };
        about(&what, &store, &manifest, subject)?;
        Ok(manifest)
    });
    match parsed {
        Ok(manifest) => Ok(layers(&store, &digest, *manifest)),
        Err(error) => Err(Unread { store, manifest: Some(digest), error }),
    }
}

/// A referrer names what it refers to. cosign's tags do it by the tag.
fn about(
    what: &str,
    store: &Store,
    manifest: &Manifest,
    wanted: &ArtifactDigest,
) -> Result<(), Error> {
    let found = match (&manifest.subject, store) {
        (Some(subject), _) if subject.digest == *wanted => return Ok(()),
        (None, Store::SignatureTag(_) | Store::AttestationTag(_) | Store::SbomTag(_)) => {
            return Ok(());
        }
        (Some(subject), _) => Subject::Digest(subject.digest.clone()),
        (None, _) => Subject::None,
    };
    Err(Error::OtherSubject { what: what.to_owned(), found, wanted: wanted.clone() })
}

fn layers(store: &Store, digest: &ArtifactDigest, manifest: Manifest) -> Vec<Item> {
    let config = manifest.config.media_type;
    let artifact_type = manifest.artifact_type.unwrap_or(config);
    let items = manifest.layers.into_iter().enumerate().map(|(layer, descriptor)| {
        let mut annotations = manifest.annotations.clone();
        annotations.extend(descriptor.annotations);
        Item {
            store: store.clone(),
            manifest: digest.clone(),
            layer,
            content: Content::NotFetched(ContentKind::of(&descriptor.media_type)),
            digest: descriptor.digest,
            size: descriptor.size,
            media_type: descriptor.media_type,
            artifact_type: Some(artifact_type.clone()),
            annotations,
        }
    });
    items.collect()
}

/// Keeps what is going to be read, and held in memory, within the limits.
fn within(shared: &Shared, about: &str, items: &[Item], wanted: Wanted) -> Result<(), Error> {
    let limits = shared.limits();
    let fault = |limit, allowed| {
        let what = format!("what is stored about {about}");
        Err(Error::LimitReached { what, limit, allowed })
    };
    if items.len() > limits.items {
        return fault(Limit::Items, limits.items as u64);
    }
    // One that is too large by itself is not fetched.
    let is_fetched = |item: &&Item| kind(item).is(wanted) && item.size <= limits.document_bytes;
    let fetched = items.iter().filter(is_fetched);
    let total = fetched.map(|item| item.size).fold(0, u64::saturating_add);
    if total > limits.documents_bytes {
        return fault(Limit::DocumentsBytes, limits.documents_bytes);
    }
    Ok(())
}

async fn with_content(
    shared: &Shared,
    at: &ImageName,
    item: Item,
    wanted: Wanted,
) -> Result<Item, Unread> {
    let kind = kind(&item);
    if kind == ContentKind::Other {
        return Ok(Item { content: Content::Other, ..item });
    }
    if !kind.is(wanted) {
        return Ok(item);
    }
    match shared.document(at, &item.digest, item.size).await {
        Ok(bytes) => Ok(Item { content: kind.content(bytes), ..item }),
        Err(error) => Err(Unread { store: item.store, manifest: Some(item.manifest), error }),
    }
}

fn kind(item: &Item) -> ContentKind {
    ContentKind::of(&item.media_type)
}
