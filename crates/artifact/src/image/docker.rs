//! `manifest.json`, by which Docker loads image archives.

use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;

use super::documents::{Config, DockerImage, LayerPacking};
use super::layers::LayerBlob;
use super::layout::Listed;
use super::store::{Store, digest_of_path};
use super::{DOCKER_MANIFEST, ImageFacts, ImageFault, ImageLimit, ImageLimits, Layer};
use crate::Error;

/// Reads the images of an archive that has no index. Configurations are checked against the digests
/// in their paths, layers later against their configuration.
pub(super) fn read(store: &Store, limits: &ImageLimits) -> Result<Listed, Error> {
    let mut listed = Listed::default();
    for image in images(store, limits)? {
        listed.images.push(one(store, limits, image)?);
    }
    Ok(listed)
}

/// Makes sure that each image of `manifest.json`, if there is one, is one that the index names, too.
/// Old and new versions of Docker load an archive by one or the other.
pub(super) fn agrees(
    store: &Store,
    limits: &ImageLimits,
    listed: &mut Listed,
) -> Result<(), Error> {
    if store.size(DOCKER_MANIFEST)?.is_none() {
        return Ok(());
    }
    for image in images(store, limits)? {
        let digest = |path: &str| digest_of_path(store.resolve(path));
        let id = digest(&image.config);
        let layers: Vec<_> = image.layers.iter().map(|path| digest(path)).collect();
        let mut same = listed.images.iter_mut().map(|(facts, _)| facts).filter(|facts| {
            Some(&facts.id) == id.as_ref()
                && facts.layers.iter().map(|layer| layer.digest.clone()).eq(layers.iter().cloned())
        });
        let Some(facts) = same.next() else {
            return Err(store.fault(ImageFault::Disagreement {
                left: DOCKER_MANIFEST.to_owned(),
                right: super::INDEX.to_owned(),
                about: "what images there are",
            }));
        };
        image.names.iter().for_each(|name| facts.add_name(Some(name)));
    }
    Ok(())
}

fn images(store: &Store, limits: &ImageLimits) -> Result<Vec<DockerImage>, Error> {
    let bytes = document(store, limits, DOCKER_MANIFEST)?;
    let images =
        DockerImage::parse_all(DOCKER_MANIFEST, &bytes).map_err(|fault| store.fault(fault))?;
    let reached = |limit, allowed| store.fault(ImageFault::LimitReached { limit, allowed });
    if images.len() > limits.manifests {
        return Err(reached(ImageLimit::Manifests, limits.manifests));
    }
    if images.iter().any(|image| image.layers.len() > limits.layers) {
        return Err(reached(ImageLimit::Layers, limits.layers));
    }
    Ok(images)
}

fn one(
    store: &Store,
    limits: &ImageLimits,
    image: DockerImage,
) -> Result<(ImageFacts, Vec<LayerBlob>), Error> {
    let bytes = document(store, limits, &image.config)?;
    let id = ArtifactDigest::sha256(&bytes);
    if let Some(wanted) = digest_of_config(&image.config).filter(|wanted| *wanted != id) {
        return Err(store.fault(ImageFault::OtherBlob { found: id, wanted }));
    }
    let config = Config::parse(&image.config, &bytes).map_err(|fault| store.fault(fault))?;
    if config.diff_ids.len() != image.layers.len() {
        return Err(store.fault(ImageFault::Disagreement {
            left: DOCKER_MANIFEST.to_owned(),
            right: image.config,
            about: "the number of layers",
        }));
    }
    let mut blobs = Vec::new();
    let named = config.diff_ids.into_iter().zip(config.created_by);
    for (position, (path, (diff_id, created_by))) in image.layers.into_iter().zip(named).enumerate()
    {
        let missing = || store.fault(ImageFault::Missing { what: path.clone() });
        let size = store.size(&path)?.ok_or_else(missing)?;
        let digest = digest_of_path(store.resolve(&path));
        let layer = Arc::new(Layer { position, digest, diff_id, size, created_by });
        blobs.push(LayerBlob { layer, path, packing: LayerPacking::AsFound });
    }
    let mut facts = ImageFacts {
        manifest: None,
        indexes: Vec::new(),
        id,
        names: Vec::new(),
        platform: config.facts.platform.clone(),
        annotations: Default::default(),
        config: config.facts,
        layers: blobs.iter().map(|blob| Arc::clone(&blob.layer)).collect(),
    };
    image.names.iter().for_each(|name| facts.add_name(Some(name)));
    Ok((facts, blobs))
}

fn document(store: &Store, limits: &ImageLimits, path: &str) -> Result<Vec<u8>, Error> {
    let missing = || store.fault(ImageFault::Missing { what: path.to_owned() });
    store.document(path, limits)?.ok_or_else(missing)
}

/// The digest in the path of a configuration: `HEX.json` for Docker, `sha256:HEX` for crane.
fn digest_of_config(path: &str) -> Option<ArtifactDigest> {
    let hex = path.strip_suffix(".json").or_else(|| path.strip_prefix("sha256:"));
    let named = hex.and_then(|hex| format!("sha256:{hex}").parse().ok());
    named.or_else(|| digest_of_path(path))
}
