//! The files inside archives and packages: streamed, bounded, strict.
//!
//! An archive is read once, from its first byte to its last, and digested on the way: what was
//! found inside and what the digest names are the same bytes. Formats are told by their content,
//! never by a name. Whatever two readers could read in two ways is refused ([`Fault`]); nothing is
//! skipped in silence and nothing is ever written where a name in an archive says.

mod ar;
pub(crate) mod budget;
pub(crate) mod compression;
pub(crate) mod content;
mod cpio;
pub(crate) mod cursor;
mod fault;
mod limits;
pub(crate) mod names;
mod rpm;
pub(crate) mod tar;
pub(crate) mod unpack;
mod zip;

use std::fmt;
use std::io::Read;

use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm};
use chainsign_gosbom::{self as gosbom, GoBinary, ReadAt};
use serde::{Deserialize, Serialize};

use budget::Budget;
use compression::Compression;
use content::Start;
use cursor::Cursor;
use names::{Name, Names, Root};

use crate::Limits;

pub use fault::{ArchiveLimit, Fault, NameFault};
pub use limits::ArchiveLimits;
pub use unpack::{Unpacked, UnpackedKind};

/// What a whole archive is.
#[derive(Debug)]
#[non_exhaustive]
pub struct ArchiveFacts {
    /// The caller's name for it. Names decide nothing.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digests, of the algorithms that were asked for.
    pub digests: ArtifactDigests,
    /// What it is.
    pub format: ArchiveFormat,
}

/// A file inside an archive.
#[derive(Debug)]
#[non_exhaustive]
pub struct InnerFile {
    /// The archives inside the artifact that it is in, outermost first: empty for a file of the
    /// artifact itself.
    pub within: Vec<String>,
    /// Its path there, without `./` before it. Bytes that are not UTF-8 appear as `\xNN`.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it may do when it is run. Those of a hard link are those of its target.
    pub permissions: Permissions,
    /// What it is.
    pub content: InnerContent,
}

impl fmt::Display for InnerFile {
    /// `packages/app.deb!usr/bin/app`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for archive in &self.within {
            write!(f, "{archive}!")?;
        }
        f.write_str(&self.path)
    }
}

/// What a file may do when it is run, as far as the archive says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permissions {
    /// The mode of Unix, as tar and cpio have it. `None` where the archive does not say, or not in a
    /// way that can be read.
    pub mode: Option<u32>,
    /// Whether it has capabilities of Linux (`security.capability`).
    pub capabilities: bool,
}

impl Permissions {
    /// Whether whoever runs the file gains rights by it: those of its owner (set-user-ID), of its
    /// group (set-group-ID), or capabilities. `None` where the archive does not say.
    pub fn elevate(self) -> Option<bool> {
        match (self.capabilities, self.mode) {
            (true, _) => Some(true),
            (false, mode) => mode.map(|mode| mode & (SET_USER_ID | SET_GROUP_ID) != 0),
        }
    }
}

/// What a file inside an archive is.
#[derive(Debug)]
#[non_exhaustive]
pub enum InnerContent {
    /// At least one Go program or library.
    GoBinary {
        /// Its digests, of the algorithms that were asked for.
        digests: ArtifactDigests,
        /// What is in it.
        binary: GoBinary,
    },
    /// It looks like a program, but no Go build information was found in it.
    NotGo {
        /// Its digests, of the algorithms that were asked for.
        digests: ArtifactDigests,
        /// Why not.
        reason: gosbom::Error,
    },
    /// An archive, whose own files came before this one; or why it could not be read to its end.
    Archive(Result<ArchiveFormat, Fault>),
    /// Another name of a file that came before.
    HardLink {
        /// The path of that file.
        target: String,
    },
    /// Neither a program nor an archive. Not looked into, and not digested.
    Data,
}

/// The formats that are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ArchiveFormat {
    /// tar, plain or compressed with gzip, xz or zstd. Alpine's `.apk` packages are of this kind.
    Tar,
    /// zip
    Zip,
    /// A Debian package.
    Deb,
    /// An RPM package.
    Rpm,
}

impl fmt::Display for ArchiveFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tar => "tar archive",
            Self::Zip => "zip archive",
            Self::Deb => "Debian package",
            Self::Rpm => "RPM package",
        })
    }
}

/// Why a walk ended.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The archive is at fault.
    Fault(Fault),
    /// The artifact, or the space for what is inside, could not be read or written.
    Io(std::io::Error),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::Fault(fault)
    }
}

/// Walks a whole artifact. The caller has still to make sure that it did not change.
pub(crate) fn walk(
    source: &dyn ReadAt,
    algorithms: &[DigestAlgorithm],
    limits: &Limits,
    visit: &mut dyn FnMut(InnerFile),
) -> Result<(ArchiveFormat, ArtifactDigests), Stop> {
    let budget = Budget::new(&limits.archive, source.len());
    Walker::new(limits, algorithms, &budget, visit).archive(source)
}

/// What all formats share while one artifact is walked.
pub(crate) struct Walker<'a> {
    limits: &'a ArchiveLimits,
    go: &'a gosbom::Limits,
    algorithms: &'a [DigestAlgorithm],
    budget: &'a Budget,
    visit: &'a mut dyn FnMut(InnerFile),
    within: Vec<String>,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(
        limits: &'a Limits,
        algorithms: &'a [DigestAlgorithm],
        budget: &'a Budget,
        visit: &'a mut dyn FnMut(InnerFile),
    ) -> Self {
        let Limits { archive: limits, go, .. } = limits;
        Walker { limits, go, algorithms, budget, visit, within: Vec::new() }
    }

    /// Reads an archive from its first byte to its last.
    fn archive(&mut self, source: &dyn ReadAt) -> Result<(ArchiveFormat, ArtifactDigests), Stop> {
        let start = Start::of(source)?;
        let mut cursor = Cursor::new(source, self.algorithms);
        let outcome = self.format(&start, source, &mut cursor);
        // An input that cannot be read looks like broken data to whatever was decoding it.
        if let Some(error) = cursor.failure() {
            return Err(Stop::Io(error));
        }
        let format = outcome?;
        if cursor.position() != source.len() {
            return Err(Fault::Trailing { offset: cursor.position() }.into());
        }
        Ok((format, cursor.finish()))
    }

    fn format(
        &mut self,
        start: &Start,
        source: &dyn ReadAt,
        cursor: &mut Cursor<'_>,
    ) -> Result<ArchiveFormat, Stop> {
        match start {
            Start::Tar | Start::Compressed(_) => self.tar(cursor, Root::Folder),
            Start::Zip => self.zip(source, cursor),
            Start::Ar => self.deb(cursor),
            Start::Rpm => self.rpm(cursor),
            Start::Program | Start::Other => Err(Fault::NotAnArchive.into()),
        }
    }

    /// A tar stream in whatever it is compressed with, to the end of the compressed data.
    fn tar(&mut self, input: &mut dyn std::io::BufRead, root: Root) -> Result<ArchiveFormat, Stop> {
        let compression = Compression::of(input)?;
        let mut plain = compression.decoder(input, self.budget, self.limits)?;
        let bounds = tar::Bounds { limits: self.limits, budget: self.budget };
        tar::read(&mut tar::Stream::new(&mut plain), Names::new(root), bounds, self)?;
        Ok(ArchiveFormat::Tar)
    }

    /// Takes the next file, whose bytes are `content`, and reads them to their end.
    pub(crate) fn file(
        &mut self,
        path: String,
        size: u64,
        permissions: Permissions,
        content: &mut dyn Read,
    ) -> Result<(), Stop> {
        let content = content::look_into(self, &path, size, content)?;
        self.report(path, size, permissions, content);
        Ok(())
    }

    pub(crate) fn hard_link(&mut self, path: String, target: String) {
        self.report(path, 0, Permissions::default(), InnerContent::HardLink { target });
    }

    fn report(&mut self, path: String, size: u64, permissions: Permissions, content: InnerContent) {
        let within = self.within.clone();
        (self.visit)(InnerFile { within, path, size, permissions, content });
    }
}

impl tar::Visitor for Walker<'_> {
    type Error = Stop;

    fn file(&mut self, name: &Name, content: &mut tar::Content<'_>) -> Result<(), Stop> {
        self.file(name.text(), content.size(), content.permissions(), content)
    }

    fn hard_link(&mut self, name: &Name, target: &Name) -> Result<(), Stop> {
        self.hard_link(name.text(), target.text());
        Ok(())
    }

    fn symbolic_link(&mut self, _: &Name, _: &[u8]) -> Result<(), Stop> {
        Ok(())
    }

    fn special(&mut self, _: &Name) -> Result<(), Stop> {
        Ok(())
    }

    fn directory(&mut self, _: &Name) -> Result<(), Stop> {
        Ok(())
    }
}

/// Bits of `st_mode`: POSIX.1-2017, `<sys/stat.h>`.
const SET_USER_ID: u32 = 0o4000;
const SET_GROUP_ID: u32 = 0o2000;
