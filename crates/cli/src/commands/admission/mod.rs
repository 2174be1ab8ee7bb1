//! `verify --manifest`, `--dockerfile`, `--admission-review`: the images that files name.
//!
//! Every tag is resolved once in a run. What is verified is the digest that it led to, and that digest is what is reported, pinned
//! and patched in: nothing is asked of a tag a second time.

mod decide;
mod files;
mod review;

use std::path::PathBuf;

use chainsign_admission::review::Webhook;
use chainsign_admission::{Error, Options, Reason, Unread, dockerfile};

pub use files::{Files, FilesDecided, PlaceDecided};
pub use review::{Answered, ReviewRead};

use crate::failure::Failure;

/// Files whose images are verified.
#[derive(Debug)]
pub struct FilesRequest {
    /// The files.
    pub inputs: Vec<Input>,
    /// How manifests are read.
    pub options: Options,
    /// How Dockerfiles are read.
    pub build: dockerfile::Options,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// Where the file goes with its digests.
    pub pin: Option<PinTo>,
}

/// A file, or standard input for `-`.
#[derive(Clone, Debug)]
pub struct Input {
    /// What it is.
    pub kind: FileKind,
    /// Where.
    pub path: PathBuf,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Objects of Kubernetes.
    Manifest,
    /// A Dockerfile.
    Dockerfile,
}

/// Where a file goes with its digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinTo {
    /// Standard output.
    StandardOutput,
    /// A file.
    File(PathBuf),
}

/// An admission review that is decided on.
#[derive(Debug)]
pub struct ReviewRequest {
    /// Where it is; `-` for standard input.
    pub path: PathBuf,
    /// How its object is read.
    pub options: Options,
    /// For which kind of webhook it is answered.
    pub webhook: Webhook,
}

/// Why a file could not be read or pinned. None of it says anything about an image.
fn failure(file: &str, error: &Error) -> Failure {
    let message = match error {
        // The only one that does not name the file itself.
        Error::LimitReached { .. } => format!("{file}: {error}"),
        _ => error.to_string(),
    };
    let (reason, hint) = match error {
        Error::LimitReached { .. } => ("limit-reached", "split the file"),
        Error::NoDigest { .. } | Error::OtherDigest { .. } | Error::NotEditable { .. } => (
            "cannot-pin",
            "write the reference plainly in its place, or the digest behind it yourself",
        ),
        Error::Dockerfile { .. } => ("bad-dockerfile", "nothing in the file was verified"),
        Error::Review { .. } => (
            "bad-review",
            "register the webhook with admissionReviewVersions: [v1], and hand the request on as it came",
        ),
        _ => ("bad-manifest", "nothing in the file was verified"),
    };
    Failure::undecided(reason, message).hint(hint)
}

/// Why it is not known which image a place names.
fn unread(unread: &Unread) -> Failure {
    let failure = Failure::undecided("unknown-image", unread.to_string());
    match &unread.reason {
        Reason::UnknownKind => failure
            .hint(format!("say where the kind has its images: --image-path {}", image_path(unread)))
            .hint("or leave such kinds out: --dangerous-leave-out-unknown-kinds"),
        Reason::NoValue { variable } => failure
            .hint(format!("give the value that the build gets: --build-arg {variable}=VALUE")),
        Reason::Placeholder => failure.hint("render the template first, and verify what comes out"),
        _ => failure,
    }
}

/// The path that would say where a kind has what was found: of a list of containers, the pod spec around it.
fn image_path(unread: &Unread) -> String {
    // An object in a list has a path of its own.
    let Some(kind) = unread.workload.as_ref().filter(|_| !unread.place.path.starts_with("items["))
    else {
        return "GROUP/KIND=PATH".to_owned();
    };
    let path = &unread.place.path;
    let around = CONTAINERS.iter().find_map(|key| path.strip_suffix(key)).unwrap_or(path);
    let (mut every, mut left) = (String::new(), around);
    while let Some((before, after)) = left.split_once('[') {
        let (index, rest) = after.split_once(']').unwrap_or((after, ""));
        let index = if index.bytes().all(|byte| byte.is_ascii_digit()) { "*" } else { index };
        every += &format!("{before}[{index}]");
        left = rest;
    }
    let separator = if kind.group.is_empty() { "" } else { "/" };
    format!("{}{separator}{}={every}{left}", kind.group, kind.kind)
}

const CONTAINERS: [&str; 3] = [".containers", ".initContainers", ".ephemeralContainers"];
