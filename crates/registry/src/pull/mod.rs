//! Images as files: an OCI layout (image-spec, `image-layout.md`) with all that an image is made of.
//!
//! Blobs are kept by digest in a folder that many processes can share. What is not in it is
//! downloaded into the layout and linked into the folder before anybody reads it; what is in it is
//! copied, by reference on file systems that can. A blob that is in a layout is touched by nobody, so
//! that whoever reads it can see that nobody changed it.

mod cache;
mod plan;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chainsign_core::image::ImageName;
use serde::Serialize;
use tempfile::TempDir;

use crate::documents::OCI_INDEX;
use crate::error::{Error, Limit};
use crate::registry::{Shared, together};
use crate::transport::{Call, Target};
use crate::{Action, Descriptor, Platform, Resolved};
use cache::Cache;
use plan::Plan;

/// Which children of an index are pulled. An image that is no index is pulled whatever it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platforms {
    /// Every one.
    All,
    /// Those for these platforms.
    Only(Vec<Platform>),
}

/// A pulled image: a folder with an OCI layout, which is removed when this is dropped.
#[derive(Debug)]
pub struct Pulled {
    folder: TempDir,
    images: Vec<Descriptor>,
}

impl Pulled {
    /// The folder. Its `index.json` names what was resolved, which may be an index; children that were
    /// not wanted are not there.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The manifests of the images that are there: what was resolved, or children of it.
    pub fn images(&self) -> &[Descriptor] {
        &self.images
    }
}

/// Pulls an image into a layout. `folder` is where blobs are kept.
pub(crate) async fn pull(
    shared: &Arc<Shared>,
    image: &Resolved,
    platforms: &Platforms,
    folder: &Path,
) -> Result<Pulled, Error> {
    let cache = Arc::new(Cache::open(folder)?);
    let layout = cache.layout()?;
    let at = &image.reference().name;
    let Plan { documents, images, blobs } = plan::make(shared, image, platforms).await?;
    for (descriptor, bytes) in &documents {
        cache.write(&layout, descriptor, bytes)?;
    }
    let downloads = blobs.iter().cloned().map(|blob| {
        let (shared, cache, at) = (Arc::clone(shared), Arc::clone(&cache), at.clone());
        let layout = layout.path().to_owned();
        async move { fetch(&shared, &cache, &layout, &at, &blob).await }
    });
    for downloaded in together(downloads).await {
        downloaded?;
    }
    let allowed = shared.limits().cache_bytes;
    let blobs = blobs.into_iter().map(|blob| blob.digest).collect();
    on_disk(move || cache.shrink(allowed, &blobs)).await?;
    let index = index_json(image);
    cache::write_new(&layout.path().join("index.json"), &index)?;
    cache::write_new(&layout.path().join("oci-layout"), LAYOUT)?;
    Ok(Pulled { folder: layout, images })
}

/// Puts one blob into the layout, from the folder of blobs or from the registry.
async fn fetch(
    shared: &Shared,
    cache: &Arc<Cache>,
    layout: &Path,
    at: &ImageName,
    blob: &Descriptor,
) -> Result<(), Error> {
    let what = format!("blob {} of {at}", blob.digest);
    let allowed = shared.limits().layer_bytes;
    if blob.size > allowed {
        return Err(Error::LimitReached { what, limit: Limit::LayerBytes, allowed });
    }
    let target = cache::blob_path(layout, &blob.digest);
    let (known, place, wanted) = (Arc::clone(cache), target.clone(), blob.clone());
    if on_disk(move || known.copy(&wanted, &place)).await? {
        return Ok(());
    }
    let call = Call {
        target: Target::Path(format!("blobs/{}", blob.digest)),
        ..shared.call(at, Action::Pull, what)
    };
    let file = cache::create_new(&target)?;
    shared.transport.download(&call, blob, &target, file).await?;
    let (known, wanted) = (Arc::clone(cache), blob.digest.clone());
    on_disk(move || known.keep(&wanted, &target)).await
}

/// Runs what waits for a disk where it keeps nobody else waiting.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn index_json(image: &Resolved) -> Vec<u8> {
    let mut descriptor = image.descriptor().clone();
    if let Some(tag) = &image.reference().tag {
        let name = format!("{}:{tag}", image.reference().name);
        descriptor.annotations = BTreeMap::from([(NAME.to_owned(), name)]);
    }
    let index = WireIndex { schema_version: 2, media_type: OCI_INDEX, manifests: [descriptor] };
    // Texts and numbers only: there is nothing in it that cannot be written.
    serde_json::to_vec(&index).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireIndex {
    schema_version: u8,
    media_type: &'static str,
    manifests: [Descriptor; 1],
}

/// What containerd calls an image in a layout.
const NAME: &str = "io.containerd.image.name";

const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
