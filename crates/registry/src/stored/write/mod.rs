//! Storing things about an image: as referrers, which is what cosign 3 does, and in cosign's tags.
//!
//! A tag has no compare-and-swap. In one process, writers of a tag take turns. What others may write
//! too is read back a little later, and written again when it is not there any more. What then remains
//! is a writer elsewhere that takes longer than that from its reading to its writing.

mod blobs;
mod documents;
mod tags;

use std::collections::BTreeMap;
use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::image::ImageName;
use chainsign_core::predicate::PredicateType;
use jiff::Timestamp;

use super::find::fallback_tag;
use super::{ENVELOPE, Item, SIMPLE_SIGNING, Store};
use crate::documents::OCI_MANIFEST;
use crate::registry::Shared;
use crate::{Descriptor, Error, Resolved};
use documents::{LayeredManifest, Referrer};

/// Something to store about an image.
#[derive(Clone, Debug)]
pub enum ToAttach {
    /// A Sigstore bundle: becomes a referrer, as cosign 3 writes it (cosign `WriteReferrer`).
    Bundle {
        /// The bundle, JSON.
        bytes: Vec<u8>,
        /// Its media type: `application/vnd.dev.sigstore.bundle.v0.3+json`.
        media_type: String,
        /// What its statement says, for those that choose by it. `None` for a bundle with a message
        /// signature.
        predicate_type: Option<PredicateType>,
        /// The time that is put beside it.
        created: Timestamp,
    },
    /// What cosign signed before there were bundles: goes to the tag of signatures.
    SimpleSigning {
        /// The payload.
        payload: Vec<u8>,
        /// The signature and what goes with it.
        annotations: BTreeMap<String, String>,
    },
    /// A DSSE envelope as cosign stored it before there were bundles: goes to the tag of attestations.
    Envelope {
        /// The envelope, JSON.
        bytes: Vec<u8>,
        /// What goes with it; `predicateType` among it.
        annotations: BTreeMap<String, String>,
    },
    /// An SBOM that is not signed: goes to the tag of SBOMs, in the place of the one that is there.
    Sbom {
        /// The SBOM.
        bytes: Vec<u8>,
        /// Its media type: `application/vnd.cyclonedx+json`.
        media_type: String,
    },
}

/// Where something was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The repository.
    pub name: ImageName,
    /// Where in it: [`Store::Referrers`] if the registry lists it by itself.
    pub store: Store,
    /// The digest of the manifest that it is in.
    pub manifest: ArtifactDigest,
}

/// Stores one thing about an image.
pub(crate) async fn attach(
    shared: &Arc<Shared>,
    image: &Resolved,
    document: &ToAttach,
) -> Result<Stored, Error> {
    let at = shared.stored_at(&image.reference().name);
    let digest = image.digest();
    let (store, layer) = match document {
        ToAttach::Bundle { bytes, media_type, predicate_type, created } => {
            let referrer =
                Referrer::of_bundle(media_type, bytes, predicate_type.as_ref(), *created);
            return refer(shared, &at, image, referrer).await;
        }
        ToAttach::SimpleSigning { payload, annotations } => {
            let store = Store::SignatureTag(shared.cosign_tag(digest, "sig"));
            (store, blobs::layer(SIMPLE_SIGNING, payload, annotations.clone()))
        }
        ToAttach::Envelope { bytes, annotations } => {
            let store = Store::AttestationTag(shared.cosign_tag(digest, "att"));
            (store, blobs::layer(ENVELOPE, bytes, annotations.clone()))
        }
        ToAttach::Sbom { bytes, media_type } => {
            let store = Store::SbomTag(shared.cosign_tag(digest, "sbom"));
            (store, blobs::layer(media_type, bytes, BTreeMap::new()))
        }
    };
    let tag = store.tag().unwrap_or_default();
    blobs::push(shared, &at, layer.bytes, &layer.descriptor.digest).await?;
    let entry = layer.descriptor;
    let manifest = tags::change(shared, &at, tag, |before: Option<LayeredManifest>| {
        let mut manifest = before.unwrap_or_default();
        if matches!(document, ToAttach::Sbom { .. }) {
            manifest.layers.retain(|layer| layer.is(&entry));
        }
        manifest.add(&entry)?;
        Ok(Some(manifest))
    });
    let manifest = manifest.await?.unwrap_or_else(|| digest.clone());
    Ok(Stored { name: at, store, manifest })
}

/// Removes what was found: it is not listed any more when this is `Ok`. A tag whose last layer goes stays,
/// without layers.
pub(crate) async fn remove(
    shared: &Arc<Shared>,
    image: &Resolved,
    items: &[Item],
) -> Result<(), Error> {
    let at = shared.stored_at(&image.reference().name);
    let fallback = fallback_tag(image.digest());
    for item in items {
        match &item.store {
            Store::Referrers | Store::FallbackTag(_) => {
                tags::unlist(shared, &at, &fallback, &item.manifest).await?;
                match blobs::delete_manifest(shared, &at, &item.manifest).await {
                    // Gone already.
                    Ok(()) | Err(Error::NotFound { .. }) => {}
                    // Nobody finds it any more, in a registry that deletes nothing.
                    Err(error) if item.store != Store::Referrers => {
                        tracing::debug!(manifest = %item.manifest, "left behind: {error}");
                    }
                    Err(error) => return Err(error),
                }
            }
            Store::SignatureTag(tag) | Store::AttestationTag(tag) | Store::SbomTag(tag) => {
                let without = |before: Option<LayeredManifest>| {
                    let Some(mut manifest) = before else { return Ok(None) };
                    manifest.layers.retain(|layer| !layer.is_item(item));
                    Ok(Some(manifest))
                };
                tags::change(shared, &at, tag, without).await?;
            }
        }
    }
    Ok(())
}

/// Writes a referrer, and lists it where the registry does not.
async fn refer(
    shared: &Arc<Shared>,
    at: &ImageName,
    image: &Resolved,
    referrer: Referrer<'_>,
) -> Result<Stored, Error> {
    let subject = image.descriptor();
    let manifest = referrer.manifest(subject)?;
    let digest = ArtifactDigest::sha256(&manifest);
    let config = ArtifactDigest::sha256(documents::EMPTY);
    let (layer, of_layer) = (referrer.bytes, referrer.digest());
    let (config, layer) = tokio::join!(
        blobs::push(shared, at, documents::EMPTY, &config),
        blobs::push(shared, at, layer, &of_layer),
    );
    config.and(layer)?;
    let name = digest.to_string();
    let answer = blobs::put_manifest(shared, at, &name, OCI_MANIFEST, &manifest).await?;
    let listed = answer.header("oci-subject") == Some(&subject.digest.to_string());
    let (name, manifest_digest) = (at.clone(), digest.clone());
    if listed {
        return Ok(Stored { name, store: Store::Referrers, manifest: digest });
    }
    let entry = Descriptor {
        media_type: OCI_MANIFEST.to_owned(),
        digest,
        size: manifest.len() as u64,
        artifact_type: Some(referrer.media_type.to_owned()),
        platform: None,
        annotations: referrer.annotations.clone(),
    };
    let tag = fallback_tag(&subject.digest);
    tags::list(shared, at, &tag, &entry).await?;
    Ok(Stored { name, store: Store::FallbackTag(tag), manifest: manifest_digest })
}
