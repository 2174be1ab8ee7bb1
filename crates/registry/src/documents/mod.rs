//! Manifests, indexes and descriptors, read strictly: OCI image-spec v1.1, and Docker's image
//! manifest version 2, schema 2.

mod descriptor;
mod manifest;
mod object;
mod platform;

pub use descriptor::Descriptor;
pub use manifest::Manifest;
pub use platform::{NotAPlatform, Platform};

pub(crate) use descriptor::RawDescriptor;
pub(crate) use manifest::{Document, parse, parse_referrers};

/// OCI's image manifest.
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI's image index.
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's image manifest.
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's index.
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
