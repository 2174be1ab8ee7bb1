use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use chainsign_core::digest::ArtifactDigest;

use crate::archive::Fault;
use crate::image::ImageFault;

/// Why an artifact could not be opened, read, or believed to be one artifact.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is there.
    #[error("{} does not exist", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// There is something, but it has no bytes that could be read twice alike.
    #[error("{name} is {found}, wanted a regular file")]
    NotAFile {
        /// The artifact's name.
        name: String,
        /// What it is.
        found: FileKind,
    },
    /// A folder was wanted.
    #[error("{} is {found}, wanted a folder", path.display())]
    NotAFolder {
        /// The path as given.
        path: PathBuf,
        /// What it is.
        found: FileKind,
    },
    /// A folder has more files in it than the caller wants to look at.
    #[error("{} has too many files in it: wanted at most {limit}", path.display())]
    TooManyFiles {
        /// The folder that was being listed.
        path: PathBuf,
        /// The caller's limit.
        limit: usize,
    },
    /// The system refuses to open it.
    #[error("cannot open {name}: {source}")]
    Open {
        /// The artifact's name.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// The system failed to read it.
    #[error("cannot read {name}: {source}")]
    Read {
        /// The artifact's name.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// It is not what it was when it was opened.
    #[error("{name} changed while it was read: {change}")]
    Changed {
        /// The artifact's name.
        name: String,
        /// What changed.
        change: Change,
    },
    /// It is larger than what the caller can take into memory.
    #[error("{name} is too large: found {found} bytes, wanted at most {limit}")]
    TooLarge {
        /// The artifact's name.
        name: String,
        /// Its size in bytes.
        found: u64,
        /// The caller's limit in bytes.
        limit: u64,
    },
    /// It cannot be looked into.
    #[error("cannot look into {name}: {fault}")]
    Archive {
        /// The artifact's name.
        name: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// It is a container image, or several, that cannot be believed.
    #[error("cannot look into the image {name}: {fault}")]
    Image {
        /// The name of the folder or archive.
        name: String,
        /// What is wrong with it.
        fault: ImageFault,
    },
    /// Its bytes are not those that a digest names.
    #[error("{name} is not the artifact wanted: found {found}, wanted {wanted}")]
    OtherArtifact {
        /// The artifact's name.
        name: String,
        /// The digest of its bytes.
        found: ArtifactDigest,
        /// The digest wanted.
        wanted: ArtifactDigest,
    },
    /// The copy could not be written.
    #[error("cannot write the copy of {name}: {source}")]
    Write {
        /// The artifact's name.
        name: String,
        /// What the system says.
        source: io::Error,
    },
}

impl Error {
    /// What it means that a path cannot be opened.
    pub(crate) fn open(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound { path: path.to_owned() },
            _ => Error::Open { name: path.display().to_string(), source },
        }
    }
}

/// What is in the place of what was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link, where links are not followed.
    Link,
    /// A named pipe: its bytes can be read only once. Spool them into a file first.
    Pipe,
    /// A socket.
    Socket,
    /// A character or block device.
    Device,
    /// Something that the system has no name for.
    Other,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Regular => "a file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Pipe => "a pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Other => "not a file",
        })
    }
}

/// How a file differs from what it was when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The handle leads to another file (device or inode number).
    Identity,
    /// The file is longer or shorter.
    Size {
        /// Bytes when it was opened.
        opened: u64,
        /// Bytes now; while it grows, the first number that is too large.
        now: u64,
    },
    /// The file was written to (modification time).
    Modified,
    /// The file's status was changed (unix change time): it was written to, or its permissions,
    /// owner or links changed.
    Status,
    /// Reading the same place twice gave different bytes, although size and times are the same.
    Contents {
        /// The start of the block that differs, in bytes from the start of the file.
        offset: u64,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("the handle leads to another file"),
            Self::Size { opened, now } => write!(f, "it had {opened} bytes, found {now}"),
            Self::Modified => f.write_str("its modification time is another"),
            Self::Status => f.write_str("its status change time is another"),
            Self::Contents { offset } => {
                write!(f, "reading offset {offset} twice gave different bytes")
            }
        }
    }
}
