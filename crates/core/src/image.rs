//! References to container images, read once and in one spelling.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::digest::ArtifactDigest;

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

    /// The registry: host, and port where one is named.
    pub fn registry(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(registry, _)| registry)
    }

    /// The repository in the registry.
    pub fn repository(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, repository)| repository)
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ImageName {
    type Err = Error;

    /// Reads the name in an image reference as Docker does (distribution/reference): tag and digest
    /// are left out, whatever they are.
    ///
    /// # Errors
    /// [`Error::ImageReference`]
    fn from_str(text: &str) -> Result<Self, Error> {
        split(text).and_then(|(name, ..)| normal(name)).ok_or_else(|| refused(text))
    }
}

/// An image reference: a name with a tag, a digest, both, or neither.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageReference {
    /// Registry and repository.
    pub name: ImageName,
    /// The tag. Without tag and digest, `latest` is meant.
    pub tag: Option<String>,
    /// The digest. Beside it a tag says nothing.
    pub digest: Option<ArtifactDigest>,
}

impl ImageReference {
    /// A reference to exactly this manifest or index.
    pub fn pinned(name: ImageName, digest: ArtifactDigest) -> Self {
        ImageReference { name, tag: None, digest: Some(digest) }
    }

    /// The same reference with its digest, which the tag then stands beside as a comment.
    #[must_use]
    pub fn with_digest(&self, digest: ArtifactDigest) -> Self {
        ImageReference { digest: Some(digest), ..self.clone() }
    }

    /// The tag that is to be resolved; `None` where a digest says what is meant.
    pub fn tag_to_resolve(&self) -> Option<&str> {
        match &self.digest {
            Some(_) => None,
            None => Some(self.tag.as_deref().unwrap_or(LATEST)),
        }
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl FromStr for ImageReference {
    type Err = Error;

    /// Reads an image reference as Docker does (distribution/reference).
    ///
    /// # Errors
    /// [`Error::ImageReference`] for a name or tag that is none; for the digest, as
    /// [`ArtifactDigest`] is read.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, tag, digest) = split(text).ok_or_else(|| refused(text))?;
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(refused(text));
        }
        Ok(ImageReference {
            name: normal(name).ok_or_else(|| refused(text))?,
            tag: tag.map(ToOwned::to_owned),
            digest: digest.map(str::parse).transpose()?,
        })
    }
}

fn refused(text: &str) -> Error {
    Error::ImageReference { found: text.chars().take(200).collect() }
}

type Parts<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// Name, tag and digest.
fn split(text: &str) -> Option<Parts<'_>> {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => Some((name, Some(tag), digest)),
        _ => Some((name, None, digest)),
    }
}

fn normal(name: &str) -> Option<ImageName> {
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest)) if is_registry(first) => (first, rest),
        _ => (DOCKER, name),
    };
    let registry = match registry {
        "index.docker.io" | "registry-1.docker.io" => DOCKER,
        other => other,
    };
    let library = registry == DOCKER && !repository.contains('/');
    let repository = if library { format!("library/{repository}") } else { repository.to_owned() };
    let host = registry.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    let named = repository.split('/').all(is_component) && repository.len() <= 255;
    (host && named).then(|| ImageName(format!("{}/{repository}", registry.to_ascii_lowercase())))
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

/// OCI distribution spec, "Pulling manifests": `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
fn is_tag(tag: &str) -> bool {
    let first = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(first)
        && tag.bytes().all(|b| first(b) || b == b'.' || b == b'-')
}

const DOCKER: &str = "docker.io";
const LATEST: &str = "latest";

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
                (text != "a@b/c").then_some(Error::ImageReference { found }),
                "{text}"
            );
        }
    }

    #[test]
    fn a_reference_is_written_as_it_is_meant() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for (text, written, tag_to_resolve) in [
            ("nginx".to_owned(), "docker.io/library/nginx".to_owned(), Some("latest")),
            ("app:v1".to_owned(), "docker.io/library/app:v1".to_owned(), Some("v1")),
            (format!("localhost:5000/app@{digest}"), format!("localhost:5000/app@{digest}"), None),
            (format!("ghcr.io/a/b:v1@{digest}"), format!("ghcr.io/a/b:v1@{digest}"), None),
        ] {
            let reference: ImageReference = text.parse().unwrap();
            assert_eq!(reference.to_string(), written);
            assert_eq!(reference.tag_to_resolve(), tag_to_resolve, "{text}");
            assert_eq!(reference.to_string().parse(), Ok(reference));
        }
    }

    #[test]
    fn tags_and_digests_are_read_strictly() {
        let refused = |text: &str| text.parse::<ImageReference>().unwrap_err();
        for text in ["app:", "app:-v1", "app:v 1", &format!("app:{}", "v".repeat(129))] {
            assert_eq!(refused(text), Error::ImageReference { found: text.to_owned() });
        }
        assert_eq!(
            refused("app@sha256:00"),
            Error::DigestLength {
                algorithm: crate::digest::DigestAlgorithm::Sha256,
                wanted: 32,
                found: 1
            }
        );
        let found = "md5".to_owned();
        assert_eq!(refused("app@md5:00"), Error::DigestAlgorithm { found });
    }
}
