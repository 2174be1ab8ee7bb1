use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;
use serde::{Deserialize, Serialize};

/// What one image says about itself. All of it comes from documents whose digests were checked;
/// that the layers are the ones named is known after [`Image::files`](super::Image::files).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageFacts {
    /// The digest of the manifest, by which registries name the image. `docker save` archives of
    /// before 2024 have no manifest.
    pub manifest: Option<ArtifactDigest>,
    /// The indexes that lead to it, outermost first, without `index.json`. A multi-platform image
    /// is named by the digest of its index.
    pub indexes: Vec<ArtifactDigest>,
    /// The digest of the configuration, which Docker calls the image's id.
    pub id: ArtifactDigest,
    /// What it is called beside its digest. Nothing vouches for a name.
    pub names: Vec<String>,
    /// What it runs on: as its index says, which is what decides who runs it; if that says nothing,
    /// as the configuration says.
    pub platform: Platform,
    /// The annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
    /// How it is run.
    pub config: ImageConfig,
    /// Its layers, lowest first.
    pub layers: Vec<Arc<Layer>>,
}

impl ImageFacts {
    /// Facts that were not read from an image: for tests and examples. The fields can be set.
    pub fn new(id: ArtifactDigest, platform: Platform) -> Self {
        ImageFacts {
            manifest: None,
            indexes: Vec::new(),
            id,
            names: Vec::new(),
            platform,
            annotations: BTreeMap::new(),
            config: ImageConfig::default(),
            layers: Vec::new(),
        }
    }

    /// The image that this one says it was built on: the annotation of the manifest, else the label.
    /// A label may have been inherited from the base image, and then names that one's base.
    pub fn base(&self) -> Option<BaseImage> {
        let sources =
            [(BaseSource::Annotation, &self.annotations), (BaseSource::Label, &self.config.labels)];
        sources.into_iter().find_map(|(source, texts)| {
            let digest = texts.get(BASE_DIGEST).and_then(|text| text.parse().ok());
            let name = texts.get(BASE_NAME).cloned();
            (digest.is_some() || name.is_some()).then_some(BaseImage { source, name, digest })
        })
    }

    pub(super) fn add_name(&mut self, name: Option<&String>) {
        if let Some(name) = name.filter(|name| !self.names.contains(name)) {
            self.names.push(name.clone());
        }
    }
}

/// The configuration of an image: OCI image-spec, `config.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageConfig {
    /// What it was built for.
    pub platform: Platform,
    /// When it was made, as written (RFC 3339).
    pub created: Option<String>,
    /// User or UID, and group if there is a colon. Empty is the same as none: root, on Linux.
    pub user: String,
    /// The program and the arguments that always come first.
    pub entrypoint: Vec<String>,
    /// The arguments, or the program, unless others are given.
    pub command: Vec<String>,
    /// `NAME=value`, in order.
    pub environment: Vec<String>,
    /// The folder it starts in; empty if none is given.
    pub working_folder: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Ports it says it listens on: `8080/tcp`.
    pub exposed_ports: Vec<String>,
    /// Folders whose contents are not the image's when it runs.
    pub volumes: Vec<String>,
}

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Layer {
    /// Its place, 0 for the lowest.
    pub position: usize,
    /// The digest of the blob. `docker save` archives of before 2024 name layers by path.
    pub digest: Option<ArtifactDigest>,
    /// The digest of the tar in it, without compression: what the configuration names.
    pub diff_id: ArtifactDigest,
    /// The size of the blob in bytes.
    pub size: u64,
    /// The command that made it, as the configuration's history has it. Nothing vouches for it.
    pub created_by: Option<String>,
}

/// What an image runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Platform {
    /// `GOOS`
    pub os: String,
    /// `GOARCH`
    pub architecture: String,
    /// The version of the processor: `v7`.
    pub variant: Option<String>,
    /// The version of the operating system, for Windows.
    pub os_version: Option<String>,
}

impl Platform {
    /// Whether an image for this platform is one for the wanted platform. What `wanted` leaves open
    /// matches anything; `arm64` and `arm64/v8` are the same.
    pub fn is_for(&self, wanted: &Platform) -> bool {
        let open = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let variant = match (self.architecture.as_str(), self.variant.as_deref()) {
            ("arm64", None) => Some("v8"),
            (_, variant) => variant,
        };
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && open(&wanted.variant, variant)
            && open(&wanted.os_version, self.os_version.as_deref())
    }
}

impl fmt::Display for Platform {
    /// `linux/arm/v7`; what is not said is `unknown`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [os, architecture] = [&self.os, &self.architecture]
            .map(|text| if text.is_empty() { "unknown" } else { text });
        write!(f, "{os}/{architecture}")?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// Parses `os/architecture` and `os/architecture/variant`, in Go's words.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let word = |word: &&str| {
            !word.is_empty()
                && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
        };
        let parts: Vec<&str> = text.split('/').collect();
        let variant = match parts.as_slice() {
            [_, _] => None,
            [_, _, variant] => Some((*variant).to_owned()),
            _ => return Err(PlatformError { found: text.to_owned() }),
        };
        if !parts.iter().all(word) {
            return Err(PlatformError { found: text.to_owned() });
        }
        let (os, architecture) = (parts[0].to_owned(), parts[1].to_owned());
        Ok(Platform { os, architecture, variant, os_version: None })
    }
}

/// A text that names no platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a platform: found {found:?}, wanted os/architecture or os/architecture/variant")]
pub struct PlatformError {
    found: String,
}

/// What an image says it was built on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BaseImage {
    /// Where it says so.
    pub source: BaseSource,
    /// The reference.
    pub name: Option<String>,
    /// The digest. What does not parse as one counts as none.
    pub digest: Option<ArtifactDigest>,
}

/// Where an image names its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaseSource {
    /// In an annotation of its manifest.
    Annotation,
    /// In a label of its configuration.
    Label,
}

// OCI image-spec v1.1, `annotations.md`.
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
const BASE_NAME: &str = "org.opencontainers.image.base.name";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_taken_from_the_annotation_first() {
        let id = ArtifactDigest::sha256(b"");
        let mut facts = ImageFacts::new(id.clone(), Platform::default());
        assert_eq!(facts.base(), None);
        facts.config.labels.insert(BASE_DIGEST.to_owned(), "not a digest".to_owned());
        assert_eq!(facts.base(), None);
        facts.config.labels.insert(BASE_DIGEST.to_owned(), id.to_string());
        let label = BaseImage { source: BaseSource::Label, name: None, digest: Some(id) };
        assert_eq!(facts.base(), Some(label));
        facts.annotations.insert(BASE_NAME.to_owned(), "base:1".to_owned());
        let name = Some("base:1".to_owned());
        let annotation = BaseImage { source: BaseSource::Annotation, name, digest: None };
        assert_eq!(facts.base(), Some(annotation));
    }
}
