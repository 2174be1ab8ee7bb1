use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use super::object::Object;
use super::{Descriptor, same_media_type};
use crate::image::ImageFault;

/// A list of images and other indexes: `image-index.md`, and Docker's manifest list.
#[derive(Debug)]
pub(in crate::image) struct Index {
    pub(in crate::image) manifests: Vec<Descriptor>,
}

impl Index {
    pub(in crate::image) fn parse(
        document: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Self, ImageFault> {
        let mut object = Object::parse("image index", document, bytes)?;
        object.has_none_of(&["config", "layers", "fsLayers"])?;
        object.is_version_2()?;
        same_media_type(&mut object, media_type)?;
        let manifests = object.objects("manifests")?.ok_or_else(|| object.missing("manifests"))?;
        let manifests = manifests.into_iter().map(Descriptor::read).collect::<Result<_, _>>()?;
        object.field::<BTreeMap<String, String>>("annotations")?;
        for ignored in ["artifactType", "subject"] {
            object.field::<IgnoredAny>(ignored)?;
        }
        object.finish()?;
        Ok(Index { manifests })
    }
}

/// Reads `oci-layout`: `image-layout.md`.
pub(in crate::image) fn check_layout_version(
    document: &str,
    bytes: &[u8],
) -> Result<(), ImageFault> {
    let mut object = Object::parse("image layout", document, bytes)?;
    let found: String = object.required("imageLayoutVersion")?;
    object.finish()?;
    match found.as_str() {
        "1.0.0" => Ok(()),
        _ => Err(ImageFault::Unsupported {
            document: document.to_owned(),
            feature: format!("the layout version {found:?}"),
        }),
    }
}
