use std::collections::BTreeMap;

use chainsign_core::digest::ArtifactDigest;
use serde::de::IgnoredAny;

use super::object::Object;
use crate::image::{ImageFault, Platform};

/// What names a blob: OCI image-spec, `descriptor.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::image) struct Descriptor {
    pub(in crate::image) media_type: String,
    pub(in crate::image) digest: ArtifactDigest,
    pub(in crate::image) size: u64,
    pub(in crate::image) platform: Option<Platform>,
    pub(in crate::image) artifact_type: Option<String>,
    pub(in crate::image) annotations: BTreeMap<String, String>,
}

impl Descriptor {
    pub(super) fn read(mut object: Object<'_>) -> Result<Self, ImageFault> {
        let digest = digest(&mut object, "digest")?;
        let platform = match object.object("platform")? {
            Some(platform) => Some(read_platform(platform)?),
            None => None,
        };
        let descriptor = Descriptor {
            media_type: object.required("mediaType")?,
            digest,
            size: object.required("size")?,
            platform,
            artifact_type: object.field("artifactType")?,
            annotations: object.field("annotations")?.unwrap_or_default(),
        };
        // Where else the blob is, and a copy of it: neither is used here.
        object.field::<IgnoredAny>("urls")?;
        object.field::<IgnoredAny>("data")?;
        object.finish()?;
        Ok(descriptor)
    }

    /// What it is called: containerd's full name, else the tag.
    pub(in crate::image) fn name(&self) -> Option<&String> {
        NAMES.iter().find_map(|name| self.annotations.get(*name))
    }
}

pub(super) fn digest(
    object: &mut Object<'_>,
    name: &'static str,
) -> Result<ArtifactDigest, ImageFault> {
    let text: String = object.required(name)?;
    text.parse().map_err(|error| object.fault(error))
}

/// A platform in a descriptor. The fields of a configuration have the same names.
fn read_platform(mut object: Object<'_>) -> Result<Platform, ImageFault> {
    let platform = platform(&mut object)?;
    object.field::<IgnoredAny>("features")?;
    object.finish()?;
    Ok(platform)
}

/// The fields of a platform, in a descriptor or a configuration.
pub(super) fn platform(object: &mut Object<'_>) -> Result<Platform, ImageFault> {
    let platform = Platform {
        os: object.field("os")?.unwrap_or_default(),
        architecture: object.field("architecture")?.unwrap_or_default(),
        variant: not_empty(object.field("variant")?),
        os_version: not_empty(object.field("os.version")?),
    };
    object.field::<IgnoredAny>("os.features")?;
    Ok(platform)
}

pub(super) fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

const NAMES: [&str; 2] = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];
