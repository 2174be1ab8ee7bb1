//! What a policy is asked about: the name under which an artifact is to be used.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::error::LoadError;

/// The name under which an artifact is to be used: what `match` looks at.
///
/// A name decides which policies apply, never whether they are met: rules look at digests.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetName {
    /// An image.
    Image(ImageName),
    /// An image that a workload of a cluster runs.
    Workload(Workload),
    /// A file, as its user names it.
    File(String),
}

/// An image, and the workload of a cluster that runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Workload {
    /// The image.
    pub image: ImageName,
    /// The namespace of the workload.
    pub namespace: String,
    /// Its kind: `Pod`, `Deployment`.
    pub kind: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Workload {
    /// A workload without labels, which can be set.
    pub fn new(image: ImageName, namespace: impl Into<String>, kind: impl Into<String>) -> Self {
        let (namespace, kind) = (namespace.into(), kind.into());
        Workload { image, namespace, kind, labels: BTreeMap::new() }
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(image) => write!(f, "the image {image}"),
            Self::Workload(Workload { image, namespace, kind, .. }) => {
                write!(f, "the image {image} of a {kind} in the namespace {namespace}")
            }
            Self::File(name) => write!(f, "the file {name}"),
        }
    }
}

/// Registry and repository of an image, in full and in one spelling, without tag and digest.
///
/// `nginx`, `library/nginx`, `docker.io/nginx` and `index.docker.io/library/nginx:1` are all
/// `docker.io/library/nginx`: two spellings of one image must not meet two policies
/// (kubescape/cel-admission-library#90).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageName(String);

impl ImageName {
    /// The one spelling: `docker.io/library/nginx`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a policy says nothing about a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// A text is not an image reference.
    #[error("found {found:?}, wanted an image reference such as ghcr.io/acme/app:v1")]
    NotAnImage {
        /// The text, at most 200 characters of it.
        found: String,
    },
    /// The policy is about other targets.
    #[error("the policy {policy} is not about {target}, wanted one of {}", .wanted.join(", "))]
    NotMatched {
        /// The policy's name.
        policy: String,
        /// The target.
        target: String,
        /// The globs of its targets.
        wanted: Vec<String>,
    },
    /// With what was captured from the target's name, the policy cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl FromStr for ImageName {
    type Err = TargetError;

    /// Reads an image reference as Docker does (distribution/reference): tag and digest are left
    /// out.
    fn from_str(text: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError::NotAnImage { found: text.chars().take(200).collect() };
        let name = text.split_once('@').map_or(text, |(name, _)| name);
        let name = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => name,
            _ => name,
        };
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if is_registry(first) => (first, rest),
            _ => (DOCKER, name),
        };
        let registry = match registry {
            "index.docker.io" | "registry-1.docker.io" => DOCKER,
            other => other,
        };
        let library = registry == DOCKER && !repository.contains('/');
        let repository =
            if library { format!("library/{repository}") } else { repository.to_owned() };
        let host = registry.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
        if !host || !repository.split('/').all(is_component) || repository.len() > 255 {
            return Err(wrong());
        }
        Ok(ImageName(format!("{}/{repository}", registry.to_ascii_lowercase())))
    }
}

/// A first component is a registry if it cannot be a repository.
fn is_registry(first: &str) -> bool {
    first.contains(['.', ':'])
        || first == "localhost"
        || first.bytes().any(|b| b.is_ascii_uppercase())
}

/// OCI distribution spec, "Pulling manifests": `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_component(component: &str) -> bool {
    let end = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    end(component.bytes().next())
        && end(component.bytes().last())
        && component.bytes().all(inner)
        && !component.contains("..")
}

const DOCKER: &str = "docker.io";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_image_has_one_name() {
        let name = |text: &str| text.parse::<ImageName>().unwrap().0;
        for text in [
            "nginx",
            "nginx:1.27",
            "library/nginx",
            "docker.io/nginx",
            "index.docker.io/library/nginx:1@sha256:00",
        ] {
            assert_eq!(name(text), "docker.io/library/nginx", "{text}");
        }
        assert_eq!(name("ghcr.io/acme/app:v1"), "ghcr.io/acme/app");
        assert_eq!(name("localhost:5000/app@sha256:00"), "localhost:5000/app");
        assert_eq!(name("GHCR.io/acme/app"), "ghcr.io/acme/app");
        assert_eq!(name("acme/app"), "docker.io/acme/app");
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in [
            "",
            "a b",
            "ghcr.io/",
            "ghcr.io/Acme/app",
            "ghcr.io/../app",
            "ghcr.io//app",
            "-a",
            "a@b/c",
            "ev il/x",
        ] {
            let found = text.to_owned();
            assert_eq!(
                text.parse::<ImageName>().map(|it| it.0).err(),
                (text != "a@b/c").then_some(TargetError::NotAnImage { found }),
                "{text}"
            );
        }
    }
}
