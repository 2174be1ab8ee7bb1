use chainsign_core::digest::ArtifactDigest;

use crate::place::{Place, Uneditable};

/// Why a manifest, a Dockerfile or an admission review could not be read, or not be pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A bound of [`Limits`](crate::Limits) was reached.
    #[error("{what}: found {found}, wanted at most {limit}")]
    LimitReached {
        /// What was counted or measured.
        what: &'static str,
        /// The bound.
        limit: usize,
        /// What was found: the number, or the first number over the bound.
        found: usize,
    },
    /// The file is not UTF-8.
    #[error("{file}: not UTF-8 (byte {at})")]
    NotUtf8 {
        /// The file's name.
        file: String,
        /// The first byte that is not.
        at: usize,
    },
    /// The text is not JSON, or has a key twice in one object.
    #[error("{file}: {error}")]
    Json {
        /// The file's name.
        file: String,
        /// What is wrong, and where.
        error: chainsign_core::Error,
    },
    /// The text is not YAML.
    #[error("{at}: not acceptable YAML: {reason}")]
    Yaml {
        /// Where.
        at: Place,
        /// What was found and what was wanted.
        reason: String,
    },
    /// A character that some readers of YAML take for the end of a line, and others do not: what one
    /// sees in a comment, another sees as a key.
    #[error(
        "{at}: found the character U+{character:04X}, on which readers of YAML disagree, wanted none"
    )]
    Character {
        /// Where.
        at: Place,
        /// The character's code point.
        character: u32,
    },
    /// A YAML tag that makes something else of a value: `!!binary` is base64 to Kubernetes.
    #[error("{at}: found the tag {tag}, wanted none or one of YAML's core schema")]
    Tag {
        /// Where.
        at: Place,
        /// The tag.
        tag: String,
    },
    /// A mapping has the same key twice.
    #[error("{at}: the key {key:?} is there twice")]
    DuplicateKey {
        /// Where the mapping starts.
        at: Place,
        /// The key.
        key: String,
    },
    /// A merge key (`<<`) stands after a key that it merges in again. Readers of YAML disagree on which
    /// of the two counts.
    #[error(
        "{at}: the merge key (<<) brings the key {key:?} a second time, after it was written: put the merge key first"
    )]
    AmbiguousMerge {
        /// Where the mapping starts.
        at: Place,
        /// The key.
        key: String,
    },
    /// A document is not an object of Kubernetes.
    #[error("{at}: found {found}, wanted a Kubernetes object with apiVersion and kind")]
    NotAnObject {
        /// Where.
        at: Place,
        /// What it is.
        found: String,
    },
    /// A field of a known kind does not have the shape that Kubernetes gives it.
    #[error("{at}: {path} is {found}, wanted {wanted}")]
    Shape {
        /// Where.
        at: Place,
        /// The field.
        path: String,
        /// What it is.
        found: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// A text does not name the images of a custom resource.
    #[error(
        "{found:?} does not say where a kind has its images: {reason}, wanted GROUP/KIND=PATH such as argoproj.io/Rollout=spec.template.spec"
    )]
    ImagePath {
        /// The text, at most 200 characters of it.
        found: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The text is not a Dockerfile.
    #[error("{at}: not a Dockerfile: {reason}")]
    Dockerfile {
        /// Where.
        at: Place,
        /// What was found and what was wanted.
        reason: String,
    },
    /// No digest was given for an image that has to be pinned.
    #[error("{at}: no digest is known for {reference}")]
    NoDigest {
        /// Where.
        at: Place,
        /// The reference as written.
        reference: String,
    },
    /// An image has a digest already, and is to get another.
    #[error("{at}: {reference} is to be pinned to {wanted}, which is another digest")]
    OtherDigest {
        /// Where.
        at: Place,
        /// The reference as written, with its digest.
        reference: String,
        /// The digest it was to get.
        wanted: ArtifactDigest,
    },
    /// A reference is not written in a way that can be changed without changing something else.
    #[error("{at}: {reference} cannot be pinned in place: {reason}")]
    NotEditable {
        /// Where.
        at: Place,
        /// The reference as it is read.
        reference: String,
        /// Why.
        reason: Uneditable,
    },
    /// The document is not an admission review of the version that is understood.
    #[error("not an admission review: found {found}, wanted {wanted}")]
    Review {
        /// What it says it is.
        found: String,
        /// What is understood.
        wanted: &'static str,
    },
    /// The object of a review is not there, though something is to be made or changed.
    #[error("the review of a {operation} has no object")]
    NoObject {
        /// What is to be done.
        operation: String,
    },
    /// The object of a review is of another kind than the review says.
    #[error("the object of the review is of the kind {found}, wanted {wanted}")]
    OtherKind {
        /// Version and kind of the object.
        found: String,
        /// What the review says.
        wanted: String,
    },
}
