//! Where an image is named, and by what.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use chainsign_core::image::ImageReference;

/// An image that a file or a review names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Use {
    /// The reference as it is read: quotes and escapes taken off, variables put in.
    pub written: String,
    /// The same, in one spelling.
    pub image: ImageReference,
    /// What the image is there for.
    pub role: Role,
    /// Where it is named.
    pub place: Place,
    /// What runs it. A Dockerfile's images have none.
    pub workload: Option<Workload>,
    /// The bytes of the source that name it, or why they cannot be changed.
    pub(crate) edit: Result<Range<usize>, Uneditable>,
}

/// What an image is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// A container, with its name.
    Container(String),
    /// A container that runs before the others, or beside them.
    InitContainer(String),
    /// A container that was put into a running pod.
    EphemeralContainer(String),
    /// A volume with an image's files.
    Volume(String),
    /// Whatever a configured path of a custom resource says.
    Configured,
    /// `FROM` of a Dockerfile.
    Base,
    /// `COPY --from` of a Dockerfile.
    CopySource,
    /// `RUN --mount=…,from=` of a Dockerfile.
    MountSource,
    /// `# syntax=` of a Dockerfile: the program that reads the rest of the file and runs the build.
    Frontend,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container(name) => write!(f, "container {name}"),
            Self::InitContainer(name) => write!(f, "init container {name}"),
            Self::EphemeralContainer(name) => write!(f, "ephemeral container {name}"),
            Self::Volume(name) => write!(f, "volume {name}"),
            Self::Configured => f.write_str("configured path"),
            Self::Base => f.write_str("FROM"),
            Self::CopySource => f.write_str("COPY --from"),
            Self::MountSource => f.write_str("RUN --mount"),
            Self::Frontend => f.write_str("syntax"),
        }
    }
}

/// The object of a cluster that runs an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Workload {
    /// The API group; empty for Kubernetes' core group.
    pub group: String,
    /// The kind: `Deployment`.
    pub kind: String,
    /// The namespace, where one is written.
    pub namespace: Option<String>,
    /// The name, or what a name is to be made from; empty where neither is written.
    pub name: String,
    /// The labels that its pods get; of a custom resource, its own.
    pub labels: BTreeMap<String, String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Place {
    /// The file, as the caller calls it.
    pub file: String,
    /// The document in the file, from 1.
    pub document: usize,
    /// The line, from 1; 0 where it is not known.
    pub line: usize,
    /// The field: `spec.containers[0].image`. Empty for a Dockerfile and for a whole document.
    pub path: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.path.is_empty() { Ok(()) } else { write!(f, " {}", self.path) }
    }
}

/// A place where an image is named, or may be, and cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unread {
    /// The place.
    pub place: Place,
    /// What runs it, where that is known.
    pub workload: Option<Workload>,
    /// What is written there, at most 200 characters of it.
    pub found: String,
    /// Why it cannot be told.
    pub reason: Reason,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match &self.reason {
            Reason::Empty => f.write_str("no image is named"),
            Reason::UnknownKind => write!(
                f,
                "{} is not a kind whose images are known, and this looks like one: {:?}",
                self.kind(),
                self.found
            ),
            reason => write!(f, "found {:?}, {reason}", self.found),
        }
    }
}

impl Unread {
    fn kind(&self) -> &str {
        self.workload.as_ref().map_or("this", |workload| workload.kind.as_str())
    }
}

/// Why it cannot be told which image a place names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing is written there.
    Empty,
    /// What is written there is replaced by something else before it is used: `auto`, which Istio
    /// replaces, or a variable of a template language.
    Placeholder,
    /// It is a number, a list or a mapping.
    NotText,
    /// It is not an image reference.
    NotAReference,
    /// The kind is not one whose images are known, and something in it looks like an image or a pod.
    UnknownKind,
    /// A variable of a Dockerfile without a value.
    NoValue {
        /// Its name.
        variable: String,
    },
    /// A form of substitution in a Dockerfile that is not understood.
    Substitution,
    /// A variable where Docker puts none in.
    VariableNotExpanded,
    /// A stage of a Dockerfile that comes later: some builders copy from that stage, others from
    /// an image of its name.
    LaterStage,
    /// The number of a stage that is not there before this place.
    NoSuchStage,
    /// A name in an `ONBUILD` of a Dockerfile: whether it is a stage is for the file that builds on the
    /// image to say.
    OnBuild,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("wanted an image"),
            Self::Placeholder => f.write_str(
                "which something replaces later, wanted the image: read what comes out of the template",
            ),
            Self::NotText => f.write_str("which is not text, wanted an image reference"),
            Self::NotAReference => {
                f.write_str("wanted an image reference such as ghcr.io/acme/app:v1")
            }
            Self::UnknownKind => {
                f.write_str("in a kind whose images are not known, wanted to be told where they are")
            }
            Self::NoValue { variable } => {
                write!(f, "in which the variable {variable} has no value, wanted one")
            }
            Self::Substitution => f.write_str(
                "wanted $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:+other} or ${NAME+other}",
            ),
            Self::VariableNotExpanded => f.write_str(
                "in which no variable is put in, wanted an image, or a stage made FROM the variable",
            ),
            Self::LaterStage => f.write_str(
                "which is a stage that comes later to some builders and an image to others, wanted an earlier stage",
            ),
            Self::OnBuild => f.write_str(
                "which is a stage or an image of whoever builds on this, wanted an image with its registry, tag or digest",
            ),
            Self::NoSuchStage => f.write_str("wanted the number of an earlier stage"),
        }
    }
}

/// Why a reference cannot be changed where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Uneditable {
    /// It is behind an alias, or an alias or merge key elsewhere refers to it.
    Shared,
    /// It is written with escapes, over several lines, or as a block.
    NotVerbatim,
    /// It is not written in a file.
    NoSource,
}

impl fmt::Display for Uneditable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared => "an alias uses it in another place as well, write it out",
            Self::NotVerbatim => {
                "it is written with escapes or over several lines, write it plainly on one"
            }
            Self::NoSource => "it is not written in a file",
        })
    }
}
