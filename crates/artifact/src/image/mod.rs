//! Container images on the disk: OCI layouts, the same inside a tar, and `docker save` archives.
//!
//! [`open`] says whether a path is one, and reads its documents: index, manifests, configurations.
//! [`Image::files`] then reads the files that a container would see, with whiteouts applied.
//!
//! Everything is checked against the digest that names it: manifests, configurations and layers
//! against their descriptors, and the tar in each layer against the configuration. What two readers
//! could take for two images is refused ([`ImageFault`]): documents that pass for another kind,
//! fields that differ in case only, a `manifest.json` with images that the index does not name, names
//! that whiteouts or links make mean two things. Layers are read as strictly as any other
//! [archive](crate::archive).
//!
//! Layers are read from the topmost down, each once, and nothing is kept but a keyed hash of each
//! name: some forty bytes, whatever the size of the files.

mod docker;
mod documents;
mod facts;
mod fault;
mod layers;
mod layout;
mod limits;
mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use serde::{Deserialize, Serialize};

use crate::archive::InnerFile;
use crate::facts::{ArtifactFacts, Content, ImageContent, ImageInside};
use crate::inside::{Collector, Inside};
use crate::{Error, Limits, Meter, OpenArtifact};
use layers::LayerBlob;
use store::Store;

pub(crate) use store::Binding;

pub use facts::{BaseImage, BaseSource, ImageConfig, ImageFacts, Layer, Platform, PlatformError};
pub use fault::{ImageFault, ImageLimit, WhiteoutFault};
pub use limits::ImageLimits;

/// Opens the images in a folder or archive.
///
/// `Ok(None)` means that there are none: the path is a folder without `oci-layout`, or a file that is
/// no tar with `oci-layout` or Docker's `manifest.json` at its top. A compressed tar is unpacked into
/// a temporary file, if its first entry is one that image archives begin with.
///
/// # Errors
/// [`Error::Image`] for documents that cannot be believed; [`Error::Archive`] for an archive with a
/// [`Fault`](crate::archive::Fault); [`Error::NotAFile`] for links in a folder, which are not
/// followed; [`Error::NotFound`], [`Error::Open`], [`Error::Read`], [`Error::Changed`].
pub fn open(path: &Path, limits: &Limits) -> Result<Option<Images>, Error> {
    if path.is_dir() {
        return Store::folder(path).map(|store| read(store, limits)).transpose();
    }
    open_archive(Arc::new(OpenArtifact::open(path)?), limits)
}

/// Opens the images in an archive that is open already. `Ok(None)`: as [`open`].
///
/// # Errors
/// As [`open`].
pub fn open_archive(archive: Arc<OpenArtifact>, limits: &Limits) -> Result<Option<Images>, Error> {
    in_artifact(archive, &[], limits)
}

/// As [`open_archive`]. Of a compressed archive, digests are taken while it is unpacked.
pub(crate) fn in_artifact(
    archive: Arc<OpenArtifact>,
    algorithms: &[DigestAlgorithm],
    limits: &Limits,
) -> Result<Option<Images>, Error> {
    Store::archive(archive, algorithms, limits)?.map(|store| read(store, limits)).transpose()
}

fn read(store: Store, limits: &Limits) -> Result<Images, Error> {
    let has_index = store.size(LAYOUT)?.is_some();
    let listed = match has_index {
        true => {
            let mut listed = layout::read(&store, &limits.image)?;
            docker::agrees(&store, &limits.image, &mut listed)?;
            listed
        }
        false => docker::read(&store, &limits.image)?,
    };
    let format = match (store.is_folder(), has_index) {
        (true, _) => ImageFormat::OciFolder,
        (false, true) => ImageFormat::OciArchive,
        (false, false) => ImageFormat::DockerArchive,
    };
    let store = Arc::new(store);
    let image = |(facts, blobs)| Image { store: Arc::clone(&store), facts, blobs };
    let images: Vec<_> = listed.images.into_iter().map(image).collect();
    let (name, meter) = (store.name().to_owned(), store.meter().clone());
    Ok(Images { name, format, store, images, others: listed.others, meter })
}

/// What is in a folder or archive of images.
#[derive(Debug)]
pub struct Images {
    name: String,
    format: ImageFormat,
    store: Arc<Store>,
    images: Vec<Image>,
    others: Vec<Other>,
    meter: Meter,
}

impl Images {
    /// The path it was opened by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the images lie on the disk.
    pub fn format(&self) -> ImageFormat {
        self.format
    }

    /// All images, in the order in which the indexes name them: one for each platform.
    pub fn all(&self) -> &[Image] {
        &self.images
    }

    /// The images for a platform.
    pub fn for_platform(&self, wanted: &Platform) -> impl Iterator<Item = &Image> {
        self.images.iter().filter(move |image| image.facts.platform.is_for(wanted))
    }

    /// Counts what is read of documents and layers, as they are stored.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// What the indexes name besides: artifacts that are no images, and what is not there.
    pub fn others(&self) -> &[Other] {
        &self.others
    }

    /// The digest by which registries name what is here: that of the outermost index, or of the
    /// manifest where no index leads to it.
    ///
    /// `None` for `docker save` archives of before 2024, which have no manifest.
    ///
    /// # Errors
    /// [`ImageFault::NotOne`] when there are several images, or none.
    pub fn digest(&self) -> Result<Option<ArtifactDigest>, ImageFault> {
        let root = |image: &Image| {
            let facts = image.facts();
            facts.indexes.first().or(facts.manifest.as_ref()).cloned()
        };
        let mut roots: Vec<_> = self.images.iter().map(root).collect();
        // Images without a manifest have no index that would hold them together.
        let found = match roots.iter().all(Option::is_none) {
            true => roots.len(),
            false => {
                roots.sort();
                roots.dedup();
                roots.len()
            }
        };
        match roots.pop() {
            Some(root) if found == 1 => Ok(root),
            _ => Err(ImageFault::NotOne { found }),
        }
    }

    /// What is known about one image, all of whose platforms are one artifact: its layers are read.
    /// For layouts in a folder; what is known about an archive is
    /// [`OpenArtifact::facts`](crate::OpenArtifact::facts).
    ///
    /// # Errors
    /// [`Error::Image`] with [`ImageFault::NotOne`] when there are several images, or none; and when
    /// there is no digest. [`Error::Read`], [`Error::Changed`], [`Error::NotAFile`], [`Error::Open`].
    /// An image that cannot be believed is no error here: see [`Inside::faults`](crate::Inside).
    pub fn facts(
        &self,
        algorithms: impl IntoIterator<Item = DigestAlgorithm>,
        limits: &Limits,
    ) -> Result<ArtifactFacts, Error> {
        let fault = |fault| Error::Image { name: self.name.clone(), fault };
        let digest = self.digest().map_err(fault)?;
        let missing = || fault(ImageFault::Missing { what: "a manifest".to_owned() });
        let digests = ArtifactDigests::from(digest.ok_or_else(missing)?);
        let algorithms: Vec<_> = algorithms.into_iter().collect();
        let content = Content::Images(self.content(&algorithms, limits)?);
        Ok(ArtifactFacts::new(self.name.clone(), self.layer_bytes(), digests, content))
    }

    /// Reads the layers of all images.
    pub(crate) fn content(
        &self,
        algorithms: &[DigestAlgorithm],
        limits: &Limits,
    ) -> Result<ImageContent, Error> {
        let digest = self.digest().ok().flatten();
        let digests = digest.map_or_else(ArtifactDigests::default, ArtifactDigests::from);
        let mut images = Vec::new();
        for image in &self.images {
            images.push(ImageInside::new(image.facts.clone(), image.inside(algorithms, limits)?));
        }
        let absent = |other: &&Other| other.kind == OtherKind::Absent;
        Ok(ImageContent {
            format: Some(self.format),
            absent: self.others.iter().filter(absent).cloned().collect(),
            ..ImageContent::new(digests, images)
        })
    }

    /// How what was read belongs to the digests of the archive; `None` for a folder.
    pub(crate) fn binding(&self) -> Option<Binding<'_>> {
        self.store.binding()
    }

    /// The bytes of all layers as they are stored, each counted once.
    fn layer_bytes(&self) -> u64 {
        let blobs = self.images.iter().flat_map(|image| &image.blobs);
        let sizes: BTreeMap<_, _> = blobs.map(|blob| (&blob.path, blob.layer.size)).collect();
        sizes.values().fold(0, |sum, size| sum.saturating_add(*size))
    }
}

/// One image, for one platform.
#[derive(Debug)]
pub struct Image {
    store: Arc<Store>,
    facts: ImageFacts,
    blobs: Vec<LayerBlob>,
}

impl Image {
    /// What it says about itself.
    pub fn facts(&self) -> &ImageFacts {
        &self.facts
    }

    /// Reads all layers and hands the files that a container would see to `visit`: those of the
    /// topmost layer first, each layer's in the order in which they are in it. Programs are read, and
    /// digested with `algorithms`, as those in [archives](crate::OpenArtifact::files) are.
    ///
    /// On success every layer was the one that the manifest and the configuration name. What was
    /// visited before an error is of an image that cannot be believed.
    ///
    /// # Errors
    /// [`Error::Image`]; [`Error::Read`], also when there is no room for temporary files;
    /// [`Error::Changed`]; for folders also [`Error::NotAFile`] and [`Error::Open`].
    pub fn files(
        &self,
        algorithms: impl IntoIterator<Item = DigestAlgorithm>,
        limits: &Limits,
        visit: &mut dyn FnMut(ImageFile),
    ) -> Result<(), Error> {
        let algorithms: Vec<_> = algorithms.into_iter().collect();
        layers::files(&self.store, &self.blobs, &algorithms, limits, visit)
    }

    fn inside(&self, algorithms: &[DigestAlgorithm], limits: &Limits) -> Result<Inside, Error> {
        let mut collector = Collector::new(&limits.archive);
        let mut visit = |found: ImageFile| collector.take(found.file, Some(&found.layer));
        match layers::files(&self.store, &self.blobs, algorithms, limits, &mut visit) {
            Ok(()) => Ok(collector.finish()),
            Err(Error::Image { fault, .. }) => Ok(Inside::fault(fault.kind(), fault)),
            Err(error) => Err(error),
        }
    }
}

/// A file that a container made from an image would see.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImageFile {
    /// The layer it comes from.
    pub layer: Arc<Layer>,
    /// The file, its path from the root of the image's file system.
    pub file: InnerFile,
}

/// What an index names that is not looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Other {
    /// Its digest.
    pub digest: ArtifactDigest,
    /// Its media type.
    pub media_type: String,
    /// What it is for, if the index says so.
    pub platform: Option<Platform>,
    /// Why it is not looked into.
    pub kind: OtherKind,
}

/// Why something that an index names is not looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum OtherKind {
    /// It is no image: a signature, an attestation, a chart.
    Artifact {
        /// What kind of artifact it says it is.
        artifact_type: Option<String>,
    },
    /// It is not there: tools write the whole index of an image of which they have one platform.
    Absent,
}

/// How images lie on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ImageFormat {
    /// A folder with `oci-layout`, `index.json` and `blobs`.
    OciFolder,
    /// The same in a tar, which `docker save` and `skopeo` write. Where it also has Docker's
    /// `manifest.json`, the two agree.
    OciArchive,
    /// What `docker save` wrote until 2024, and `crane`, `kaniko`, Bazel and Nix still write: a tar
    /// with `manifest.json`.
    DockerArchive,
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OciFolder => "OCI image layout",
            Self::OciArchive => "OCI image archive",
            Self::DockerArchive => "Docker image archive",
        })
    }
}

// Images can be read by several threads at once.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Images>();
};

const LAYOUT: &str = "oci-layout";
const INDEX: &str = "index.json";
const DOCKER_MANIFEST: &str = "manifest.json";
