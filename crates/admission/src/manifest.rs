//! The images of Kubernetes manifests, and manifests with digests in them.

use std::collections::BTreeMap;

use chainsign_core::digest::ArtifactDigest;

use crate::object::{self, Context, Found};
use crate::place::{Unread, Use};
use crate::tree::{self, Source};
use crate::{Error, Limits, edit};

/// How manifests and admission reviews are read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Where custom resources have their images.
    pub image_paths: Vec<crate::ImagePath>,
    /// What becomes of kinds whose images are not known.
    pub unknown_kinds: UnknownKinds,
    /// Bounds.
    pub limits: Limits,
}

/// What becomes of a kind whose images are not known, and that has something that looks like one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownKinds {
    /// It is in [`Manifest::unread`].
    #[default]
    Report,
    /// It is left out.
    LeaveOut,
}

/// The images of a file of Kubernetes objects.
#[derive(Clone, Debug)]
pub struct Manifest {
    source: Vec<u8>,
    images: Vec<Use>,
    unread: Vec<Unread>,
}

/// Reads a manifest: YAML, of one document or several, or JSON. `file` is what it is called in places.
///
/// A file whose first character, blanks aside, is `{` or `[` is JSON, and nothing else. (Kubernetes takes the
/// former for JSON as well.) Lists of objects are looked into.
///
/// # Errors
/// [`Error::LimitReached`], [`Error::NotUtf8`]; [`Error::Json`]; for YAML [`Error::Yaml`] and what readers of it
/// disagree on: [`Error::Character`], [`Error::Tag`], [`Error::DuplicateKey`],
/// [`Error::AmbiguousMerge`]; [`Error::NotAnObject`] and [`Error::Shape`] for what Kubernetes would not take.
pub fn read(bytes: &[u8], file: &str, options: &Options) -> Result<Manifest, Error> {
    let source = Source::new(bytes, file, &options.limits)?;
    let mut found = Found::default();
    if source.text.trim_start().starts_with(['{', '[']) {
        let object = tree::read_json(&source, &options.limits)?;
        object::read(&object, &Context { source: &source, document: 1, options }, &mut found)?;
    } else {
        for document in tree::read_yaml(&source, &options.limits)? {
            let (document, object) = document?;
            object::read(&object, &Context { source: &source, document, options }, &mut found)?;
        }
    }
    let images = found.images.into_iter().map(|(image, _)| image).collect();
    Ok(Manifest { source: bytes.to_owned(), images, unread: found.unread })
}

impl Manifest {
    /// Every place that names an image, in the order of the file.
    pub fn images(&self) -> &[Use] {
        &self.images
    }

    /// Every place of which cannot be told what image it names. Unless this is empty, a decision on
    /// [`images`](Self::images) is not one on the manifest.
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// The manifest with a digest behind every reference that has none: `name:tag@sha256:…`. Every other byte is as it was.
    ///
    /// `digests` is by the references as they are [written](Use::written). A reference with a digest stays as it is.
    ///
    /// # Errors
    /// [`Error::NoDigest`] for a reference without any; [`Error::OtherDigest`] for one that has another;
    /// [`Error::NotEditable`].
    pub fn pin(&self, digests: &BTreeMap<String, ArtifactDigest>) -> Result<Vec<u8>, Error> {
        edit::pin(&self.source, &self.images, digests)
    }
}
