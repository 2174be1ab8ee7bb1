//! From `index.json` to images: OCI image-spec v1.1, `image-layout.md`.

use std::collections::HashMap;
use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;

use super::documents::{
    Config, Descriptor, DocumentKind, Index, Kind, LayerPacking, Manifest, check_layout_version,
};
use super::layers::LayerBlob;
use super::store::{Store, blob_path};
use super::{
    INDEX, ImageFacts, ImageFault, ImageLimit, ImageLimits, LAYOUT, Layer, Other, OtherKind,
    Platform,
};
use crate::Error;

/// What the documents say that is there.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) images: Vec<(ImageFacts, Vec<LayerBlob>)>,
    pub(super) others: Vec<Other>,
}

/// Reads all indexes and manifests. Every one is checked against the digest and the size that it
/// goes by; that the layers are there is seen when they are read.
pub(super) fn read(store: &Store, limits: &ImageLimits) -> Result<Listed, Error> {
    let document = |path: &str| {
        let missing = || store.fault(ImageFault::Missing { what: path.to_owned() });
        store.document(path, limits)?.ok_or_else(missing)
    };
    let fault = |fault| store.fault(fault);
    check_layout_version(LAYOUT, &document(LAYOUT)?).map_err(fault)?;
    let index = Index::parse(INDEX, INDEX_TYPE, &document(INDEX)?).map_err(fault)?;

    let mut reader = Reader { store, limits, listed: Listed::default(), known: HashMap::new() };
    let mut left = limits.manifests;
    let mut found = Vec::new();
    let mut next = |manifests: Vec<Descriptor>, within: &[ArtifactDigest]| {
        let (limit, allowed) = (ImageLimit::Manifests, limits.manifests);
        let limit = || store.fault(ImageFault::LimitReached { limit, allowed });
        left = left.checked_sub(manifests.len()).ok_or_else(limit)?;
        Ok::<_, Error>(manifests.into_iter().rev().map(|one| (one, within.to_vec())).collect())
    };
    let mut first: Vec<_> = next(index.manifests, &[])?;
    found.append(&mut first);
    while let Some((descriptor, within)) = found.pop() {
        if let Some((manifests, within)) = reader.take(descriptor, within)? {
            let mut inner: Vec<_> = next(manifests, &within)?;
            found.append(&mut inner);
        }
    }
    Ok(reader.listed)
}

/// Reads one thing after another that an index names.
struct Reader<'a> {
    store: &'a Store,
    limits: &'a ImageLimits,
    listed: Listed,
    /// The images that are known, by what is looked for: an image can have several names.
    known: HashMap<(ArtifactDigest, Option<Platform>), usize>,
}

type Inner = (Vec<Descriptor>, Vec<ArtifactDigest>);

impl Reader<'_> {
    /// Takes what a descriptor names. An index is returned: what it names, and what leads there.
    fn take(
        &mut self,
        descriptor: Descriptor,
        mut within: Vec<ArtifactDigest>,
    ) -> Result<Option<Inner>, Error> {
        let kind = DocumentKind::of(&descriptor.media_type);
        if kind == DocumentKind::Other {
            let artifact_type = descriptor.artifact_type.clone();
            self.other(&descriptor, OtherKind::Artifact { artifact_type });
            return Ok(None);
        }
        let Some(bytes) = self.document(&descriptor)? else {
            self.other(&descriptor, OtherKind::Absent);
            return Ok(None);
        };
        let name = descriptor.digest.to_string();
        let fault = |fault| self.store.fault(fault);
        if kind == DocumentKind::Index {
            let index = Index::parse(&name, &descriptor.media_type, &bytes).map_err(fault)?;
            within.push(descriptor.digest);
            // `index.json` is one, too.
            let allowed = self.limits.indexes_deep;
            if within.len() >= allowed {
                let limit = ImageLimit::IndexesDeep;
                return Err(self.store.fault(ImageFault::LimitReached { limit, allowed }));
            }
            return Ok(Some((index.manifests, within)));
        }
        let manifest = Manifest::parse(&name, &descriptor.media_type, &bytes).map_err(fault)?;
        match manifest.kind(&name).map_err(fault)? {
            Kind::Artifact => {
                let artifact_type = manifest.artifact_type.clone();
                let artifact_type = artifact_type.or_else(|| descriptor.artifact_type.clone());
                self.other(&descriptor, OtherKind::Artifact { artifact_type });
            }
            Kind::Image(packings) => self.image(&descriptor, within, manifest, &packings)?,
        }
        Ok(None)
    }

    fn image(
        &mut self,
        descriptor: &Descriptor,
        indexes: Vec<ArtifactDigest>,
        manifest: Manifest,
        packings: &[LayerPacking],
    ) -> Result<(), Error> {
        let key = (descriptor.digest.clone(), descriptor.platform.clone());
        if let Some(known) = self.known.get(&key) {
            let (facts, _) = &mut self.listed.images[*known];
            facts.add_name(descriptor.name());
            return Ok(());
        }
        let allowed = self.limits.layers;
        if manifest.layers.len() > allowed {
            let limit = ImageLimit::Layers;
            return Err(self.store.fault(ImageFault::LimitReached { limit, allowed }));
        }
        let id = manifest.config.digest.clone();
        let missing = || self.store.fault(ImageFault::Missing { what: blob_path(&id) });
        let config = self.document(&manifest.config)?.ok_or_else(missing)?;
        let fault = |fault| self.store.fault(fault);
        let config = Config::parse(&id.to_string(), &config).map_err(fault)?;
        if config.diff_ids.len() != manifest.layers.len() {
            return Err(self.store.fault(ImageFault::Disagreement {
                left: format!("manifest {}", descriptor.digest),
                right: format!("configuration {id}"),
                about: "the number of layers",
            }));
        }
        let stated = manifest.layers.into_iter().zip(packings);
        let named = config.diff_ids.into_iter().zip(config.created_by);
        let blobs: Vec<_> = stated
            .zip(named)
            .enumerate()
            .map(|(position, ((layer, packing), (diff_id, created_by)))| LayerBlob {
                path: blob_path(&layer.digest),
                packing: *packing,
                layer: Arc::new(Layer {
                    position,
                    digest: Some(layer.digest),
                    diff_id,
                    size: layer.size,
                    created_by,
                }),
            })
            .collect();
        let mut facts = ImageFacts {
            manifest: Some(descriptor.digest.clone()),
            indexes,
            id,
            names: Vec::new(),
            platform: descriptor.platform.clone().unwrap_or(config.facts.platform.clone()),
            annotations: manifest.annotations,
            config: config.facts,
            layers: blobs.iter().map(|blob| Arc::clone(&blob.layer)).collect(),
        };
        facts.add_name(descriptor.name());
        self.known.insert(key, self.listed.images.len());
        self.listed.images.push((facts, blobs));
        Ok(())
    }

    fn other(&mut self, descriptor: &Descriptor, kind: OtherKind) {
        let other = Other {
            digest: descriptor.digest.clone(),
            media_type: descriptor.media_type.clone(),
            platform: descriptor.platform.clone(),
            kind,
        };
        if !self.listed.others.contains(&other) {
            self.listed.others.push(other);
        }
    }

    /// A document by its descriptor, if it is there.
    fn document(&self, descriptor: &Descriptor) -> Result<Option<Vec<u8>>, Error> {
        let path = blob_path(&descriptor.digest);
        let Some(bytes) = self.store.document(&path, self.limits)? else { return Ok(None) };
        let wanted = descriptor.digest.clone();
        let found = wanted.algorithm().digest(&bytes);
        if found != wanted {
            return Err(self.store.fault(ImageFault::OtherBlob { found, wanted }));
        }
        let (found, size) = (bytes.len() as u64, descriptor.size);
        if found != size {
            let fault = ImageFault::OtherSize { digest: wanted, found, wanted: size };
            return Err(self.store.fault(fault));
        }
        Ok(Some(bytes))
    }
}

const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
