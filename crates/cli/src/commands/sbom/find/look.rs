//! What one path holds: a binary, an archive, images, or nothing of the kind.

use std::collections::BTreeSet;
use std::sync::Arc;

use chainsign_artifact::archive::Fault;
use chainsign_artifact::image::{self, Image, Images, OtherKind, Platform};
use chainsign_artifact::{Content, Error, Limits, OpenArtifact};
use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm};
use chainsign_gosbom::sbom::{ImageSubject, Location, Subject};
use chainsign_gosbom::{self as gosbom, Depth, GoBinary};

use super::inner::{Contents, Inner};
use super::target::{Origin, Target, TargetKind};
use super::{FoundBinary, is_hidden, with_digests};
use crate::commands::artifact;
use crate::commands::sbom::binary::not_go;
use crate::commands::sbom::{FileHash, Progress};
use crate::failure::Failure;

/// How things are looked at.
pub(super) struct Look<'a> {
    pub(super) hash: FileHash,
    pub(super) platform: Option<&'a Platform>,
    pub(super) limits: &'a Limits,
    pub(super) progress: &'a dyn Progress,
}

/// What one path holds.
pub(super) enum Looked {
    Binary(Box<FoundBinary>),
    Archive(Subject, Contents),
    Images(FoundImages),
}

/// The container images of one layout or archive.
pub(super) struct FoundImages {
    /// The image for several platforms that they all are of, if there is nothing else.
    pub(super) index: Option<ImageSubject>,
    pub(super) images: Vec<(ImageSubject, Contents)>,
}

/// Why one path says nothing.
pub(super) struct Failed {
    pub(super) why: Why,
    pub(super) failure: Failure,
}

pub(super) enum Why {
    CannotOpen,
    NotGo,
    Unreadable,
}

impl Look<'_> {
    pub(super) fn at(&self, target: &Target) -> Result<Looked, Failed> {
        if target.kind == TargetKind::Layout {
            let images = image::open(&target.path, self.limits).map_err(|it| unreadable(&it))?;
            let images = images.ok_or_else(|| unknown("the images in it are gone"))?;
            return self.images(target, &images);
        }
        let artifact = artifact::open(&target.path)
            .map_err(|failure| Failed { why: Why::CannotOpen, failure })?;
        // A few blocks say what it is; only a Go binary or an archive is worth reading on.
        let start = artifact.content(&crate::commands::sbom::limits(Depth::BuildInfo));
        match start.map_err(|error| unreadable(&error))? {
            Content::GoBinary(binary) if self.hash == FileHash::Skip && !self.is_deep() => {
                Ok(found(target, binary, &ArtifactDigests::default()))
            }
            Content::GoBinary(_) => self.binary(target, &artifact),
            Content::NotGo(reason) => self.archive(target, Arc::new(artifact), &reason),
            _ => Err(unknown("it has a content of unknown kind")),
        }
    }

    fn binary(&self, target: &Target, artifact: &OpenArtifact) -> Result<Looked, Failed> {
        let (content, digests) = match self.hash {
            FileHash::Skip => {
                let content = artifact.content(self.limits).map_err(|it| unreadable(&it))?;
                (content, ArtifactDigests::default())
            }
            FileHash::Sha256 => {
                let facts =
                    artifact.facts(ALGORITHMS, self.limits).map_err(|it| unreadable(&it))?;
                (facts.content, facts.digests)
            }
        };
        match content {
            Content::GoBinary(binary) => Ok(found(target, binary, &digests)),
            // It was one a moment ago, or is too large to be looked into further.
            Content::NotGo(reason) => {
                Err(Failed { why: Why::Unreadable, failure: not_go(artifact.name(), &reason) })
            }
            _ => Err(unknown("it has a content of unknown kind")),
        }
    }

    fn archive(
        &self,
        target: &Target,
        artifact: Arc<OpenArtifact>,
        reason: &gosbom::Error,
    ) -> Result<Looked, Failed> {
        let images = image::open_archive(Arc::clone(&artifact), self.limits);
        if let Some(images) = images.map_err(|error| unreadable(&error))? {
            return self.images(target, &images);
        }
        self.progress.reading(artifact.size(), artifact.meter());
        let mut inner = Inner::new(within(target), None);
        let mut take = |file| inner.take(file);
        match artifact.files(self.algorithms(), self.limits, &mut take) {
            Ok(facts) => {
                let subject = with_digests(Subject::new(&target.name), &facts.digests);
                Ok(Looked::Archive(subject, inner.finish()))
            }
            Err(Error::Archive { fault: Fault::NotAnArchive, .. }) => {
                let why = if is_hidden(reason) { Why::Unreadable } else { Why::NotGo };
                Err(Failed { why, failure: not_go(artifact.name(), reason) })
            }
            Err(error) => Err(unreadable(&error)),
        }
    }

    /// All images, or those for the platform that was asked for.
    fn images(&self, target: &Target, images: &Images) -> Result<Looked, Failed> {
        let is_wanted = |image: &&Image| {
            self.platform.is_none_or(|wanted| image.facts().platform.is_for(wanted))
        };
        let chosen: Vec<_> = images.all().iter().filter(is_wanted).collect();
        if chosen.is_empty() {
            return Err(Failed { why: Why::NotGo, failure: no_image(images, self.platform) });
        }
        let layers = chosen.iter().flat_map(|image| &image.facts().layers);
        self.progress.reading(layers.map(|layer| layer.size).sum(), images.meter());
        let name = &target.name;
        let mut found = FoundImages { index: index(name, images, &chosen), images: Vec::new() };
        for image in &chosen {
            let of_several = (chosen.len() > 1).then(|| label(image));
            let mut inner = Inner::new(within(target), of_several);
            let mut take = |file| inner.take_from_layer(file);
            let outcome = image.files(self.algorithms(), self.limits, &mut take);
            outcome.map_err(|error| unreadable(&error))?;
            found.images.push((subject(name, image), inner.finish()));
        }
        Ok(Looked::Images(found))
    }

    fn is_deep(&self) -> bool {
        self.limits.go.depth != Depth::BuildInfo
    }

    fn algorithms(&self) -> impl Iterator<Item = DigestAlgorithm> {
        let wanted = self.hash == FileHash::Sha256;
        ALGORITHMS.into_iter().filter(move |_| wanted)
    }
}

fn found(target: &Target, binary: GoBinary, digests: &ArtifactDigests) -> Looked {
    let place = Location::new(&target.location);
    let found = FoundBinary::new(binary, digests, &target.name, place);
    Looked::Binary(Box::new(found))
}

/// How places inside begin: not at all inside the only path named.
fn within(target: &Target) -> Option<&str> {
    match target.origin {
        Origin::Only => None,
        Origin::Named | Origin::Listed => Some(target.location.as_str()),
    }
}

/// What the SBOM says of an image in a file of this name.
fn subject(name: &str, image: &Image) -> ImageSubject {
    let facts = image.facts();
    let mut subject = ImageSubject::new(name);
    subject.digest = facts.manifest.as_ref().map(ToString::to_string);
    subject.config = Some(facts.id.to_string());
    subject.platform = Some(facts.platform.to_string());
    subject.names.clone_from(&facts.names);
    subject.layers = facts.layers.iter().map(|layer| layer.diff_id.to_string()).collect();
    subject
}

/// The image for several platforms, if all of it is there and was looked at, and nothing else.
fn index(name: &str, images: &Images, chosen: &[&Image]) -> Option<ImageSubject> {
    let index = chosen.first()?.facts().indexes.first()?;
    let is_its = |image: &Image| image.facts().indexes.first() == Some(index);
    let all_looked_at = chosen.len() == images.all().len() && images.all().iter().all(is_its);
    let is_whole = !images.others().iter().any(|other| other.kind == OtherKind::Absent);
    let mut subject = ImageSubject::new(name);
    subject.digest = Some(index.to_string());
    (all_looked_at && is_whole).then_some(subject)
}

/// What tells an image from others beside it.
fn label(image: &Image) -> String {
    let facts = image.facts();
    format!("{} for {}", facts.manifest.as_ref().unwrap_or(&facts.id), facts.platform)
}

fn no_image(images: &Images, wanted: Option<&Platform>) -> Failure {
    let found: BTreeSet<_> =
        images.all().iter().map(|image| image.facts().platform.to_string()).collect();
    let found: Vec<_> = found.into_iter().collect();
    match wanted.filter(|_| !found.is_empty()) {
        Some(wanted) => {
            let (name, found) = (images.name(), found.join(", "));
            let message = format!("{name}: no image for {wanted}, found for {found}");
            Failure::undecided("no-such-platform", message)
                .hint("leave --platform out to look at all of them")
        }
        None => {
            let (name, others) = (images.name(), images.others().len());
            let message = format!("{name}: {} without an image ({others} others)", images.format());
            Failure::undecided("no-image", message)
        }
    }
}

fn unknown(message: &str) -> Failed {
    Failed { why: Why::Unreadable, failure: Failure::undecided("not-a-go-binary", message) }
}

fn unreadable(error: &Error) -> Failed {
    Failed { why: Why::Unreadable, failure: artifact::failure(error) }
}

/// What an SBOM names a file by.
const ALGORITHMS: [DigestAlgorithm; 1] = [DigestAlgorithm::Sha256];
