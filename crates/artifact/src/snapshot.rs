//! What the system says about a file besides its bytes.

use std::fs::{FileType, Metadata};

use crate::{Change, FileKind};

/// The identity, size and times of a file at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    identity: Identity,
    pub(crate) size: u64,
    modified: Time,
    status: Time,
}

impl Snapshot {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Snapshot {
            identity: identity(metadata),
            size: metadata.len(),
            modified: modified(metadata),
            status: status(metadata),
        }
    }

    /// How a later snapshot differs from this one: the most telling difference.
    pub(crate) fn changed_to(&self, now: &Snapshot) -> Option<Change> {
        if self.identity != now.identity {
            return Some(Change::Identity);
        }
        if self.size != now.size {
            return Some(Change::Size { opened: self.size, now: now.size });
        }
        if self.modified != now.modified {
            return Some(Change::Modified);
        }
        (self.status != now.status).then_some(Change::Status)
    }
}

/// What a path or handle leads to, if it is not a regular file.
pub(crate) fn not_a_file(kind: FileType) -> Option<FileKind> {
    if kind.is_file() {
        return None;
    }
    if kind.is_dir() {
        return Some(FileKind::Directory);
    }
    Some(special(kind))
}

#[cfg(unix)]
use unix::{Identity, Time, identity, modified, special, status};

#[cfg(unix)]
mod unix {
    use std::fs::{FileType, Metadata};
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

    use crate::FileKind;

    /// Device and inode.
    pub(super) type Identity = (u64, u64);
    /// Seconds and nanoseconds.
    pub(super) type Time = (i64, i64);

    pub(super) fn identity(metadata: &Metadata) -> Identity {
        (metadata.dev(), metadata.ino())
    }

    pub(super) fn modified(metadata: &Metadata) -> Time {
        (metadata.mtime(), metadata.mtime_nsec())
    }

    pub(super) fn status(metadata: &Metadata) -> Time {
        (metadata.ctime(), metadata.ctime_nsec())
    }

    pub(super) fn special(kind: FileType) -> FileKind {
        if kind.is_fifo() {
            FileKind::Pipe
        } else if kind.is_socket() {
            FileKind::Socket
        } else if kind.is_block_device() || kind.is_char_device() {
            FileKind::Device
        } else {
            FileKind::Other
        }
    }
}

#[cfg(not(unix))]
use portable::{Identity, Time, identity, modified, special, status};

#[cfg(not(unix))]
mod portable {
    use std::fs::{FileType, Metadata};
    use std::time::SystemTime;

    use crate::FileKind;

    /// The portable metadata has no file number; the time of creation is the nearest to one.
    pub(super) type Identity = Option<SystemTime>;
    pub(super) type Time = Option<SystemTime>;

    pub(super) fn identity(metadata: &Metadata) -> Identity {
        metadata.created().ok()
    }

    pub(super) fn modified(metadata: &Metadata) -> Time {
        metadata.modified().ok()
    }

    pub(super) fn status(_: &Metadata) -> Time {
        None
    }

    pub(super) fn special(_: FileType) -> FileKind {
        FileKind::Other
    }
}
