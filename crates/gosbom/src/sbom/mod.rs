//! The software bill of materials of Go binaries.
//!
//! [`Sbom`] gathers what the build information says into one list of packages and edges; the
//! writers turn that list into CycloneDX or SPDX. Nothing is guessed: a version that the binary
//! does not record is left out, licences are stated only where they are known (the standard
//! library's), and what cannot be known from a binary (which dependency needs which) is declared
//! unknown. The same input gives the same bytes: no clock, no random serial number.
//!
//! Slices that were read with [`Depth::SecondRecords`](crate::Depth) also list their packages, below
//! the modules they belong to: in CycloneDX as nested components, in SPDX as packages that the
//! module contains, in both with the package URL of the module, `?type=package` and the subpath, as
//! cyclonedx-gomod writes them. What the function table shows and the module list does not name is
//! a property of the binary (`chainsign:go:unlistedPackage`, `chainsign:go:unlistedModule`).

mod cyclonedx;
mod image;
mod model;
mod packages;
mod spdx;
mod version;

use jiff::Timestamp;

pub use cyclonedx::SpecVersion;
pub use image::ImageSubject;

use crate::{GoBinary, GoSlice};
use model::{Coverage, Model};

/// The file that an SBOM is about, as the caller knows it.
///
/// This crate does not hash: the caller has read the file anyway and passes the digests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subject {
    /// Name of the file, used where the binary names no main module.
    pub name: String,
    /// SHA-256 of the whole file.
    pub sha256: Option<[u8; 32]>,
    /// SHA-512 of the whole file.
    pub sha512: Option<[u8; 64]>,
    /// Where the file was found; `name` if empty.
    pub locations: Vec<Location>,
}

/// One place where a file was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// Path, relative to the folder, archive or image that was searched.
    pub path: String,
    /// The layer of the container image, as its digest.
    pub layer: Option<String>,
    /// The container image, where there are several.
    pub image: Option<String>,
}

impl Location {
    /// A path, outside container images.
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), layer: None, image: None }
    }

    /// In this layer of a container image.
    #[must_use]
    pub fn in_layer(self, layer: impl Into<String>) -> Self {
        Self { layer: Some(layer.into()), ..self }
    }

    /// In this container image, of several.
    #[must_use]
    pub fn in_image(self, image: impl Into<String>) -> Self {
        Self { image: Some(image.into()), ..self }
    }
}

impl Subject {
    /// A file of this name, without digests.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds the SHA-256 of the file.
    #[must_use]
    pub fn with_sha256(mut self, digest: [u8; 32]) -> Self {
        self.sha256 = Some(digest);
        self
    }

    /// Adds the SHA-512 of the file.
    #[must_use]
    pub fn with_sha512(mut self, digest: [u8; 64]) -> Self {
        self.sha512 = Some(digest);
        self
    }

    /// Adds a path where the file was found.
    #[must_use]
    pub fn found_at(self, path: impl Into<String>) -> Self {
        self.found(Location::new(path))
    }

    /// Adds a place where the file was found.
    #[must_use]
    pub fn found(mut self, location: Location) -> Self {
        self.locations.push(location);
        self
    }
}

/// A bill of materials, ready to be written.
#[derive(Clone, Debug)]
pub struct Sbom {
    model: Model,
    created: Option<Timestamp>,
}

impl Sbom {
    /// The SBOM of one binary: its main module is what the document describes.
    ///
    /// Every slice of a universal binary contributes its modules. A slice whose module list
    /// cannot be read contributes its Go version, and the document says that the list is unknown.
    pub fn of_binary(binary: &GoBinary, subject: &Subject) -> Self {
        Self::of_slices(&binary.slices, subject)
    }

    /// As [`of_binary`](Self::of_binary), from slices that the caller kept.
    pub fn of_slices(slices: &[GoSlice], subject: &Subject) -> Self {
        Self { model: Model::of_binary(slices, subject), created: None }
    }

    /// The SBOM of a folder or archive with any number of binaries in it: the document describes
    /// `root`, and has a component for each binary and each module.
    pub fn of_binaries<'a>(
        root: &Subject,
        binaries: impl IntoIterator<Item = (&'a [GoSlice], &'a Subject)>,
    ) -> Self {
        Self { model: Model::of_binaries(root.into(), binaries), created: None }
    }

    /// The SBOM of a container image: the document describes `image`.
    pub fn of_image<'a>(
        image: &ImageSubject,
        binaries: impl IntoIterator<Item = (&'a [GoSlice], &'a Subject)>,
    ) -> Self {
        Self { model: Model::of_binaries(image.into(), binaries), created: None }
    }

    /// Adds a container image, with its binaries, as a component of what the document describes.
    #[must_use]
    pub fn with_image<'a>(
        mut self,
        image: &ImageSubject,
        binaries: impl IntoIterator<Item = (&'a [GoSlice], &'a Subject)>,
    ) -> Self {
        self.model.add_image(image.into(), binaries);
        self
    }

    /// States that some of the files could not be looked into, so that there may be more binaries.
    #[must_use]
    pub fn incomplete(mut self) -> Self {
        self.model.binaries = Coverage::Incomplete;
        self
    }

    /// States when the document was made, in whole seconds: now, or `SOURCE_DATE_EPOCH`.
    ///
    /// Without it the document carries no time (SPDX, which requires one, then has 1970-01-01).
    #[must_use]
    pub fn created(mut self, created: Timestamp) -> Self {
        self.created = Some(created);
        self
    }

    /// CycloneDX JSON, indented, with a final line end.
    ///
    /// The serial number is a UUIDv5 of the SHA-256 of what the document describes, or of the digest
    /// of the image; without one there is none.
    pub fn to_cyclonedx_json(&self, version: SpecVersion) -> Vec<u8> {
        cyclonedx::write(&self.model, self.created, version)
    }

    /// SPDX 2.3 JSON, indented, with a final line end.
    ///
    /// The namespace is made of the same UUIDv5 as in [CycloneDX](Self::to_cyclonedx_json), or,
    /// without a digest, of one of the packages it names.
    pub fn to_spdx_json(&self) -> Vec<u8> {
        spdx::write(&self.model, self.created)
    }
}

fn to_json(document: &impl serde::Serialize) -> Vec<u8> {
    // Writing these types to memory cannot fail: every map key is a string.
    let mut json = serde_json::to_vec_pretty(document).unwrap_or_default();
    json.push(b'\n');
    json
}

fn whole_seconds(time: Timestamp) -> String {
    // A timestamp's own seconds are in range.
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

/// What the documents say they were made by.
const TOOL_NAME: &str = "chainsign";
const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");
