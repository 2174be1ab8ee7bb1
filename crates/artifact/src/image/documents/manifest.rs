use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use super::descriptor::not_empty;
use super::object::Object;
use super::{Descriptor, same_media_type};
use crate::archive::compression::Compression;
use crate::image::ImageFault;

/// One image, or an artifact that is kept like one: `manifest.md`.
#[derive(Debug)]
pub(in crate::image) struct Manifest {
    pub(in crate::image) config: Descriptor,
    pub(in crate::image) layers: Vec<Descriptor>,
    pub(in crate::image) annotations: BTreeMap<String, String>,
    pub(in crate::image) artifact_type: Option<String>,
}

/// What a manifest describes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::image) enum Kind {
    /// An image, and how each of its layers is packed.
    Image(Vec<LayerPacking>),
    /// A signature, an attestation, a chart.
    Artifact,
}

/// How a layer is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::image) enum LayerPacking {
    /// As its media type says.
    Stated(Compression),
    /// As its first bytes say: Docker's media type of a plain layer is given to others as well.
    AsFound,
}

impl Manifest {
    pub(in crate::image) fn parse(
        document: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Self, ImageFault> {
        let mut object = Object::parse("image manifest", document, bytes)?;
        object.has_none_of(&["manifests", "fsLayers"])?;
        object.is_version_2()?;
        same_media_type(&mut object, media_type)?;
        let config = object.object("config")?.ok_or_else(|| object.missing("config"))?;
        let config = Descriptor::read(config)?;
        let layers = object.objects("layers")?.ok_or_else(|| object.missing("layers"))?;
        let layers = layers.into_iter().map(Descriptor::read).collect::<Result<_, _>>()?;
        let annotations = object.field("annotations")?.unwrap_or_default();
        let artifact_type = not_empty(object.field("artifactType")?);
        object.field::<IgnoredAny>("subject")?;
        object.finish()?;
        Ok(Manifest { config, layers, annotations, artifact_type })
    }

    /// What it describes, by its configuration and its layers. Both at once is refused.
    pub(in crate::image) fn kind(&self, document: &str) -> Result<Kind, ImageFault> {
        if !CONFIGURATIONS.contains(&self.config.media_type.as_str()) {
            return Ok(Kind::Artifact);
        }
        let packings: Vec<_> = self.layers.iter().map(|layer| packing(&layer.media_type)).collect();
        let other = packings.iter().position(Option::is_none);
        match other {
            None if self.layers.is_empty() && self.artifact_type.is_some() => Ok(Kind::Artifact),
            None => Ok(Kind::Image(packings.into_iter().flatten().collect())),
            Some(_) if packings.iter().all(Option::is_none) => Ok(Kind::Artifact),
            Some(other) => Err(ImageFault::Unsupported {
                document: document.to_owned(),
                feature: format!("a layer of type {:?}", self.layers[other].media_type),
            }),
        }
    }
}

/// How a layer of a file system is packed; `None` for what is no such layer.
fn packing(media_type: &str) -> Option<LayerPacking> {
    let oci = media_type
        .strip_prefix("application/vnd.oci.image.layer.")
        .map(|rest| rest.strip_prefix("nondistributable.").unwrap_or(rest));
    Some(match (oci, media_type) {
        (Some("v1.tar"), _) => LayerPacking::Stated(Compression::None),
        (Some("v1.tar+gzip"), _) => LayerPacking::Stated(Compression::Gzip),
        (Some("v1.tar+zstd"), _) => LayerPacking::Stated(Compression::Zstd),
        (
            None,
            "application/vnd.docker.image.rootfs.diff.tar.gzip"
            | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        ) => LayerPacking::Stated(Compression::Gzip),
        (None, "application/vnd.docker.image.rootfs.diff.tar.zstd") => {
            LayerPacking::Stated(Compression::Zstd)
        }
        (
            None,
            "application/vnd.docker.image.rootfs.diff.tar"
            | "application/vnd.docker.image.rootfs.foreign.diff.tar",
        ) => LayerPacking::AsFound,
        _ => return None,
    })
}

const CONFIGURATIONS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
