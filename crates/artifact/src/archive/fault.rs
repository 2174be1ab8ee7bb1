use std::fmt;

use super::ArchiveFormat;

/// What is wrong with an archive.
///
/// Most of these are ways in which two readers come to different files: which is why they are
/// refused, although one of the readers may be happy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It is none of the formats that are looked into.
    #[error("not an archive that can be looked into: wanted tar, zip, deb or rpm")]
    NotAnArchive,
    /// It ends too early.
    #[error("the {format} ends in the middle of {part}")]
    Truncated {
        /// What it is.
        format: ArchiveFormat,
        /// What is incomplete.
        part: &'static str,
    },
    /// A structure is not as the format has it.
    #[error("malformed {format}: {part}")]
    Malformed {
        /// What it is.
        format: ArchiveFormat,
        /// What does not hold.
        part: &'static str,
    },
    /// A feature of the format that is not read here.
    #[error("the {format} has {feature}, which is not supported")]
    Unsupported {
        /// What it is.
        format: ArchiveFormat,
        /// The feature.
        feature: String,
    },
    /// Compressed data is broken.
    #[error("broken {compression} data: {reason}")]
    Compression {
        /// How it is compressed.
        compression: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// There are bytes after the end.
    #[error("data after the end of the archive, at offset {offset}")]
    Trailing {
        /// Where it starts, in bytes from the start of what holds the archive.
        offset: u64,
    },
    /// There are bytes that the archive's directory does not name.
    #[error("data that the archive's directory does not name, at offset {offset}")]
    Hidden {
        /// Where it starts, in bytes from the start of the archive.
        offset: u64,
    },
    /// Two records of one entry say different things.
    #[error("two values for the {field} of {name:?}")]
    Disagreement {
        /// The entry.
        name: String,
        /// What they disagree about.
        field: &'static str,
    },
    /// An entry has a name that could lead elsewhere.
    #[error("the name {name:?} {fault}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// Two files have one name.
    #[error("two files with the name {name:?}")]
    Twice {
        /// The name.
        name: String,
    },
    /// A file lies below something that is not a directory.
    #[error("{name:?} lies below {parent:?}, which is not a directory")]
    NotADirectory {
        /// The file.
        name: String,
        /// What it lies below.
        parent: String,
    },
    /// A link leads out of the archive.
    #[error("the link {name:?} leads out of the archive: {target:?}")]
    LinkLeaves {
        /// The link.
        name: String,
        /// Where it leads.
        target: String,
    },
    /// A hard link leads to no file that came before it.
    #[error("the hard link {name:?} leads to {target:?}, which is no file before it")]
    DanglingLink {
        /// The link.
        name: String,
        /// Where it leads.
        target: String,
    },
    /// A bound of [`ArchiveLimits`](super::ArchiveLimits) was reached.
    #[error("limit reached: {limit}, allowed are {allowed}")]
    LimitReached {
        /// Which bound.
        limit: ArchiveLimit,
        /// What is allowed.
        allowed: u64,
    },
}

/// What is wrong with a name in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameFault {
    /// It names nothing.
    Empty,
    /// It begins at the root of the file system, or with a drive.
    Absolute,
    /// It leads upwards.
    Parent,
    /// It has a NUL byte, where some readers stop.
    Nul,
    /// It has a backslash, which some readers take for a separator.
    Backslash,
    /// It ends with a slash, as only directories do.
    Slash,
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::Absolute => "is absolute",
            Self::Parent => "leads upwards",
            Self::Nul => "has a NUL byte",
            Self::Backslash => "has a backslash",
            Self::Slash => "is that of a directory, wanted a file",
        })
    }
}

/// The bound that an archive reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveLimit {
    /// Decompressed bytes: `ratio` and `decompressed_floor`.
    Decompressed,
    /// `depth`
    Depth,
    /// `entries`
    Entries,
    /// `programs`
    Programs,
    /// `path_bytes`
    PathBytes,
    /// `header_bytes`
    HeaderBytes,
    /// `directory_bytes`
    DirectoryBytes,
    /// `window_bytes`
    WindowBytes,
}

impl fmt::Display for ArchiveLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decompressed => "decompressed bytes",
            Self::Depth => "archives within archives",
            Self::Entries => "entries",
            Self::Programs => "Go programs",
            Self::PathBytes => "bytes of a path",
            Self::HeaderBytes => "bytes of headers",
            Self::DirectoryBytes => "bytes of the central directory",
            Self::WindowBytes => "bytes of a decompressor's window",
        })
    }
}
