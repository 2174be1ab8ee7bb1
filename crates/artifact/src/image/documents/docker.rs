use serde::de::IgnoredAny;

use super::object::Object;
use crate::image::ImageFault;

/// One image of `manifest.json` in an archive that Docker loads.
#[derive(Debug)]
pub(in crate::image) struct DockerImage {
    /// The path of the configuration in the archive.
    pub(in crate::image) config: String,
    /// The paths of the layers, lowest first.
    pub(in crate::image) layers: Vec<String>,
    pub(in crate::image) names: Vec<String>,
}

impl DockerImage {
    pub(in crate::image) fn parse_all(
        document: &str,
        bytes: &[u8],
    ) -> Result<Vec<Self>, ImageFault> {
        let items = Object::parse_all("list of Docker images", document, bytes)?;
        items.into_iter().map(Self::read).collect()
    }

    fn read(mut object: Object<'_>) -> Result<Self, ImageFault> {
        let image = DockerImage {
            config: object.required("Config")?,
            layers: object.field("Layers")?.unwrap_or_default(),
            names: object.field("RepoTags")?.unwrap_or_default(),
        };
        // Where a layer is to be had from, and Docker's own parent: neither is used here.
        object.field::<IgnoredAny>("LayerSources")?;
        object.field::<IgnoredAny>("Parent")?;
        object.finish()?;
        Ok(image)
    }
}
