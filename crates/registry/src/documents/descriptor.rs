use std::collections::BTreeMap;

use chainsign_core::digest::ArtifactDigest;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::Platform;

/// What names a manifest or a blob: image-spec, `descriptor.md`.
///
/// `urls` are not kept: nothing is ever fetched from where a manifest says (CVE-2026-49349).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its digest.
    pub digest: ArtifactDigest,
    /// Its size in bytes.
    pub size: u64,
    /// What the artifact is, where this names the manifest of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What it runs on, where this names a child of an index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Anything else that is said about it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Whether it names an image that an index leads to: not one of BuildKit's attestations, which have the
    /// platform `unknown/unknown`.
    pub(crate) fn is_image(&self) -> bool {
        let unknown = |it: &Platform| it.os == "unknown" && it.architecture == "unknown";
        !self.platform.as_ref().is_some_and(unknown)
    }
}

/// A descriptor as written. Whoever takes it in decides whether a fault of it is one of the whole
/// document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawDescriptor {
    media_type: String,
    digest: ArtifactDigest,
    size: u64,
    artifact_type: Option<String>,
    platform: Option<Platform>,
    annotations: Option<BTreeMap<String, String>>,
    /// The bytes themselves. What is fetched by the digest is what is used.
    #[serde(rename = "data")]
    _data: Option<IgnoredAny>,
}

impl From<RawDescriptor> for Descriptor {
    fn from(raw: RawDescriptor) -> Self {
        Descriptor {
            media_type: raw.media_type,
            digest: raw.digest,
            size: raw.size,
            artifact_type: raw.artifact_type.filter(|text| !text.is_empty()),
            platform: raw.platform,
            annotations: raw.annotations.unwrap_or_default(),
        }
    }
}
