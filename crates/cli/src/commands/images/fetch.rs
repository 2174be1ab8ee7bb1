//! Images read from their registries: the digest that each reference leads to, and what is stored about it.
//!
//! A reference is resolved once in a run, and only its digest is used from there on. Layers are fetched where
//! rules look into them, once it is known of which images.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chainsign_artifact::image as layout;
use chainsign_artifact::{ArtifactFacts, Content as Inside, ImageContent, Limits};
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::formats::cosign::{Layer, write_layer};
use chainsign_core::image::{ImageName, ImageReference};
use chainsign_registry::{
    Attached, Content, Descriptor, Item, Platform, Pulled, Registry, Resolved, Wanted,
};
use futures_util::future::{join_all, try_join_all};
use tempfile::TempDir;

use super::{RegistryRequest, failure};
use crate::commands::artifact;
use crate::commands::verify::documents::EvidenceFile;
use crate::commands::verify::gather::Unread;
use crate::failure::{Exit, Failure, with_causes};
use crate::{network, parallel};

/// An image to be read.
#[derive(Clone, Debug)]
pub(in crate::commands) struct ToFetch {
    pub(in crate::commands) reference: ImageReference,
    /// How much of its layers is read; `None` for nothing.
    pub(in crate::commands) inside: Option<Limits>,
}

/// Which images of an index are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Platforms {
    /// Every one: all together where the index has evidence of its own, else each by itself.
    #[default]
    All,
    /// Those for these platforms.
    Only(Vec<Platform>),
}

/// An image, read from its registry.
#[derive(Debug)]
pub(in crate::commands) struct Fetched {
    /// With its digest; a tag stays beside it.
    pub(in crate::commands) reference: ImageReference,
    /// The platform, where the reference is to one image of an index.
    pub(in crate::commands) platform: Option<String>,
    /// What is known of it. The index that leads to it is among its identities.
    pub(in crate::commands) facts: Arc<ArtifactFacts>,
    /// What is stored about it, and about the index that leads to it.
    pub(in crate::commands) files: Vec<EvidenceFile>,
    /// What is said to be stored and could not be read.
    pub(in crate::commands) unread: Vec<Unread>,
    /// Where was looked.
    pub(in crate::commands) looked_in: Vec<PathBuf>,
}

impl Platforms {
    /// Those that are named, or every one if none is.
    pub fn of(named: Vec<Platform>) -> Self {
        match named.is_empty() {
            true => Platforms::All,
            false => Platforms::Only(named),
        }
    }
}

impl Fetched {
    /// How reports name it.
    pub(in crate::commands) fn name(&self) -> String {
        match &self.platform {
            Some(platform) => format!("{} ({platform})", self.reference),
            None => self.reference.to_string(),
        }
    }
}

/// Reads every image, all at the same time. Of an index there may be several: one for each platform.
///
/// # Errors
/// As [`super::failure`] for what concerns all. What concerns one image is in its place.
pub(in crate::commands) fn fetch(
    request: &RegistryRequest,
    platforms: &Platforms,
    wanted: Wanted,
    images: &[ToFetch],
) -> Result<Vec<Result<Vec<Fetched>, Failure>>, Failure> {
    let registry = request.connect()?;
    let kept = Kept::of(request)?;
    let work = async || {
        let each = images.iter().map(|image| {
            let cache = image.inside.as_ref().map(|_| kept.path());
            found(Read { registry: &registry, request, wanted, cache }, platforms, image)
        });
        Ok(join_all(each).await)
    };
    let found = network::block_on(work)?;
    let found: Vec<_> = images.iter().zip(found).collect();
    Ok(parallel::map(&found, |(image, found)| match found {
        Ok(found) => found.iter().map(|it| it.read(image.inside.as_ref())).collect(),
        Err(failure) => Err(failure.clone()),
    }))
}

/// Pulls images into layouts on the disk, which are gone when they are dropped.
///
/// # Errors
/// As [`super::failure`], for any of them.
pub(in crate::commands) fn pull(
    request: &RegistryRequest,
    images: &[ImageReference],
    platform: Option<&layout::Platform>,
) -> Result<Vec<(ImageReference, Pulled)>, Failure> {
    let registry = request.connect()?;
    let kept = Kept::of(request)?;
    let wanted = match platform.map(|it| it.to_string().parse::<Platform>()).transpose() {
        Ok(Some(platform)) => chainsign_registry::Platforms::Only(vec![platform]),
        Ok(None) => chainsign_registry::Platforms::All,
        Err(error) => return Err(Failure::because("bad-flag", "--platform", &error)),
    };
    let one = async |reference: &ImageReference| {
        let image = registry.resolve(reference).await?;
        let pulled = registry.pull(&image, &wanted, kept.path()).await?;
        Ok((image.reference().clone(), pulled))
    };
    let work = async || {
        try_join_all(images.iter().map(one))
            .await
            .map_err(|error: chainsign_registry::Error| failure(&error))
    };
    network::block_on(work)
}

/// An image whose layers, if they are wanted, are on the disk.
struct Found {
    image: Resolved,
    platform: Option<String>,
    /// The index that leads to it, with its digest.
    index: Option<ArtifactDigest>,
    stored: Vec<Arc<Stored>>,
    layout: Option<Pulled>,
}

/// Where layers are kept.
enum Kept<'a> {
    At(&'a Path),
    ForThisRun(TempDir),
}

impl<'a> Kept<'a> {
    fn of(request: &'a RegistryRequest) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::because("system", "cannot make a folder for layers", &error)
        };
        match &request.cache {
            Some(folder) => Ok(Kept::At(folder)),
            None => tempfile::tempdir().map(Kept::ForThisRun).map_err(failed),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Kept::At(folder) => folder,
            Kept::ForThisRun(folder) => folder.path(),
        }
    }
}

/// What is stored about one digest.
struct Stored {
    at: ImageName,
    attached: Attached,
}

async fn found(
    read: Read<'_>,
    platforms: &Platforms,
    image: &ToFetch,
) -> Result<Vec<Found>, Failure> {
    let both = read.registry.resolve_attached(&image.reference, read.wanted).await;
    let (root, attached) = both.map_err(|error| failure(&error))?;
    let stored = read.stored_at(&root, attached);
    let children: Vec<&Descriptor> = match platforms {
        Platforms::All => root.children().collect(),
        Platforms::Only(wanted) => root.children_for(wanted).map_err(|error| failure(&error))?,
    };
    let together = *platforms == Platforms::All && !stored.is_nothing();
    if !children.is_empty() && !together {
        return each_alone(&read, &root, children, Arc::new(stored)).await;
    }
    let layout = read.layout(&root).await?;
    let stored = vec![Arc::new(stored)];
    Ok(vec![Found { image: root, platform: None, index: None, stored, layout }])
}

/// The images of an index, each by itself: what is said of the index is said of them too.
async fn each_alone(
    read: &Read<'_>,
    root: &Resolved,
    children: Vec<&Descriptor>,
    stored: Arc<Stored>,
) -> Result<Vec<Found>, Failure> {
    let child = async |descriptor: &Descriptor| {
        let image = read.registry.child(root, descriptor).await.map_err(|error| failure(&error))?;
        let (own, layout) = tokio::try_join!(read.stored(&image), read.layout(&image))?;
        Ok(Found {
            platform: descriptor.platform.as_ref().map(ToString::to_string),
            index: Some(root.digest().clone()),
            stored: vec![Arc::clone(&stored), Arc::new(own)],
            image,
            layout,
        })
    };
    try_join_all(children.into_iter().map(child)).await
}

/// How an image is read.
struct Read<'a> {
    registry: &'a Registry,
    request: &'a RegistryRequest,
    /// What of all that is stored.
    wanted: Wanted,
    /// Where layers are kept, if they are fetched.
    cache: Option<&'a Path>,
}

impl Read<'_> {
    async fn stored(&self, image: &Resolved) -> Result<Stored, Failure> {
        let attached = self.registry.attached(image, self.wanted).await;
        Ok(self.stored_at(image, attached.map_err(|error| failure(&error))?))
    }

    fn stored_at(&self, image: &Resolved, attached: Attached) -> Stored {
        let own = self.request.options.signatures_in.clone();
        Stored { at: own.unwrap_or_else(|| image.reference().name.clone()), attached }
    }

    async fn layout(&self, image: &Resolved) -> Result<Option<Pulled>, Failure> {
        let Some(cache) = self.cache else { return Ok(None) };
        let pulled = self.registry.pull(image, &chainsign_registry::Platforms::All, cache).await;
        pulled.map(Some).map_err(|error| failure(&error))
    }
}

impl Stored {
    /// Whether there is no evidence, and none that could not be read.
    fn is_nothing(&self) -> bool {
        let evidence = |item: &Item| {
            matches!(
                item.content,
                Content::Bundle(_) | Content::SimpleSigning(_) | Content::Envelope(_)
            )
        };
        self.attached.unread.is_empty() && !self.attached.items.iter().any(evidence)
    }

    fn files(&self) -> impl Iterator<Item = EvidenceFile> {
        self.attached.items.iter().filter_map(|item| {
            let content = document(item)?;
            Some(EvidenceFile { path: PathBuf::from(origin(&self.at, item)), content })
        })
    }

    fn unread(&self) -> impl Iterator<Item = Unread> {
        self.attached.unread.iter().map(|unread| Unread {
            origin: match &unread.manifest {
                Some(digest) => format!("{}@{digest} ({})", self.at, unread.store),
                None => format!("{} ({})", self.at, unread.store),
            },
            message: with_causes(&unread.error),
            exit: match unread.error.is_about_content() {
                true => Exit::No,
                false => Exit::Undecided,
            },
        })
    }

    fn looked_in(&self) -> impl Iterator<Item = PathBuf> {
        let place = |store| PathBuf::from(format!("{} ({store})", self.at));
        self.attached.looked_in.iter().map(place)
    }
}

impl Found {
    /// Reads what is inside, and puts together what there is.
    fn read(&self, inside: Option<&Limits>) -> Result<Fetched, Failure> {
        let facts = match (&self.layout, inside) {
            (Some(layout), Some(limits)) => self.facts(layout.path(), limits)?,
            _ => self.facts_without_content(),
        };
        let stored = || self.stored.iter().map(Arc::as_ref);
        Ok(Fetched {
            reference: self.image.reference().clone(),
            platform: self.platform.clone(),
            facts: Arc::new(facts),
            files: stored().flat_map(Stored::files).collect(),
            unread: stored().flat_map(Stored::unread).collect(),
            looked_in: stored().flat_map(Stored::looked_in).collect(),
        })
    }

    fn facts(&self, folder: &Path, limits: &Limits) -> Result<ArtifactFacts, Failure> {
        let failed = |error| artifact::failure(&error);
        let Some(images) = layout::open(folder, limits).map_err(failed)? else {
            let message = format!("{} was not kept as it was fetched", self.image.reference());
            return Err(Failure::undecided("changed-while-read", message));
        };
        let mut facts = images.facts([DigestAlgorithm::Sha256], limits).map_err(failed)?;
        facts.name = self.image.reference().to_string();
        if let (Some(index), Inside::Images(images)) = (&self.index, &mut facts.content) {
            images.digests = index.clone().into();
        }
        Ok(facts)
    }

    /// Digests, and nothing that any rule could take for the image's content.
    fn facts_without_content(&self) -> ArtifactFacts {
        let own = ArtifactDigests::from(self.image.digest().clone());
        let named = self.index.clone().map_or_else(|| own.clone(), ArtifactDigests::from);
        let content = Inside::Images(ImageContent::new(named, Vec::new()));
        let size = self.image.bytes().len() as u64;
        ArtifactFacts::new(self.image.reference().to_string(), size, own, content)
    }
}

/// A signature or attestation as a document that can be kept; `None` for what is neither.
pub(super) fn document(item: &Item) -> Option<Vec<u8>> {
    let layer = match &item.content {
        Content::Bundle(bytes) => return Some(bytes.clone()),
        Content::SimpleSigning(payload) => Layer::SimpleSigning(payload),
        Content::Envelope(bytes) => Layer::Envelope(bytes),
        _ => return None,
    };
    let annotations = item.annotations.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    Some(write_layer(layer, annotations))
}

/// Where a document is: what a registry's user would ask for, and which store leads there.
pub(in crate::commands) fn origin(at: &ImageName, item: &Item) -> String {
    match item.layer {
        0 => format!("{at}@{} ({})", item.manifest, item.store),
        layer => format!("{at}@{} ({}, layer {})", item.manifest, item.store, layer + 1),
    }
}
