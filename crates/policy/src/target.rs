//! What a policy is asked about: the name under which an artifact is to be used.

use std::collections::BTreeMap;
use std::fmt;

use chainsign_core::image::ImageName;

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

/// Why a policy says nothing about a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// A text is not an image reference.
    #[error(transparent)]
    NotAnImage(#[from] chainsign_core::Error),
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
