use std::collections::BTreeSet;
use std::sync::Arc;

use super::Platforms;
use crate::documents::{Document, parse};
use crate::error::{Error, Limit};
use crate::registry::{Shared, together};
use crate::{Descriptor, Kind, Manifest, Resolved};

/// What a layout is made of.
#[derive(Default)]
pub(super) struct Plan {
    /// Indexes and manifests, which were read.
    pub(super) documents: Vec<(Descriptor, Vec<u8>)>,
    /// The manifests among them.
    pub(super) images: Vec<Descriptor>,
    /// Configurations and layers, each once, which are to be had.
    pub(super) blobs: Vec<Descriptor>,
}

/// Reads the manifests that are wanted, those of one index at the same time.
pub(super) async fn make(
    shared: &Arc<Shared>,
    image: &Resolved,
    platforms: &Platforms,
) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    let mut known = BTreeSet::new();
    let own = image.descriptor().clone();
    plan.documents.push((own.clone(), image.bytes().to_vec()));
    let mut level = match image.kind() {
        Kind::Image(manifest) => {
            plan.take(own, manifest, &mut known);
            Vec::new()
        }
        Kind::Index(_) => match platforms {
            Platforms::All => image.children().cloned().collect(),
            Platforms::Only(wanted) => image.children_for(wanted)?.into_iter().cloned().collect(),
        },
    };
    let limits = shared.limits();
    let what = format!("the images in {}", image.reference());
    let mut left = limits.items;
    for _ in 0..MOST_DEEP {
        if level.is_empty() {
            return Ok(plan);
        }
        let fault = || Error::LimitReached {
            what: what.clone(),
            limit: Limit::Items,
            allowed: limits.items as u64,
        };
        level.retain(|child| known.insert(child.digest.clone()));
        left = left.checked_sub(level.len()).ok_or_else(fault)?;
        let read = level.into_iter().map(|child| {
            let (shared, at) = (Arc::clone(shared), image.reference().name.clone());
            async move {
                let bytes = shared.manifest_of(&at, &child).await?;
                let what = format!("manifest {} of {at}", child.digest);
                let (_, document) = parse(&what, Some(&child.media_type), &bytes)?;
                Ok::<_, Error>((child, bytes, document))
            }
        });
        level = Vec::new();
        for read in together(read).await {
            let (child, bytes, document) = read?;
            match document {
                Document::Manifest(manifest) => plan.take(child.clone(), &manifest, &mut known),
                Document::Index(children) => {
                    level.extend(children.into_iter().filter(Descriptor::is_image));
                }
            }
            plan.documents.push((child, bytes));
        }
    }
    if level.is_empty() {
        return Ok(plan);
    }
    Err(Error::LimitReached { what, limit: Limit::IndexesDeep, allowed: MOST_DEEP })
}

impl Plan {
    fn take(
        &mut self,
        descriptor: Descriptor,
        manifest: &Manifest,
        known: &mut BTreeSet<chainsign_core::digest::ArtifactDigest>,
    ) {
        self.images.push(descriptor);
        let blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
        self.blobs.extend(blobs.filter(|blob| known.insert(blob.digest.clone())).cloned());
    }
}

/// Indexes in indexes: two are usual.
const MOST_DEEP: u64 = 3;
