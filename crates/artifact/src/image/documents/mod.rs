//! The documents of images: OCI image-spec v1.1, and Docker's "Image Manifest Version 2, Schema 2".
//!
//! Each has fields by which it is told from the others, whatever its media type is said to be: a
//! document that could be read as two kinds is refused (CVE-2021-41190).

mod config;
mod descriptor;
mod docker;
mod index;
mod manifest;
mod object;

pub(super) use config::Config;
pub(super) use descriptor::Descriptor;
pub(super) use docker::DockerImage;
pub(super) use index::{Index, check_layout_version};
pub(super) use manifest::{Kind, LayerPacking, Manifest};

use super::ImageFault;
use object::Object;

/// What a media type says a blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DocumentKind {
    Index,
    Manifest,
    Other,
}

impl DocumentKind {
    pub(super) fn of(media_type: &str) -> Self {
        match media_type {
            "application/vnd.oci.image.index.v1+json"
            | "application/vnd.docker.distribution.manifest.list.v2+json" => Self::Index,
            "application/vnd.oci.image.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v2+json" => Self::Manifest,
            _ => Self::Other,
        }
    }
}

/// Makes sure that the document does not say it is something else than what names it says.
fn same_media_type(object: &mut Object<'_>, wanted: &str) -> Result<(), ImageFault> {
    match object.field::<String>("mediaType")? {
        Some(found) if found != wanted => Err(ImageFault::MediaType {
            document: object.document().to_owned(),
            found,
            wanted: wanted.to_owned(),
        }),
        _ => Ok(()),
    }
}
