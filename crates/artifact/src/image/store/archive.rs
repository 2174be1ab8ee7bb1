//! Image archives: a tar is listed once, its blobs are then read where they lie in it.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm};
use chainsign_gosbom::ReadAt;

use crate::archive::budget::Budget;
use crate::archive::compression::Compression;
use crate::archive::content::{Positioned, Spool, Start, read_full};
use crate::archive::cursor::Cursor;
use crate::archive::names::{Name, Names, Root};
use crate::archive::tar::{self, Bounds, Content, Input, Stream};
use crate::archive::{Fault, Stop};
use crate::image::{DOCKER_MANIFEST, INDEX, ImageFault, ImageLimit, LAYOUT};
use crate::witness::{Seen, Witness};
use crate::{Change, Error, Limits, OpenArtifact};

/// A tar, and where its files are in it.
#[derive(Debug)]
pub(in crate::image) struct Archive {
    artifact: Arc<OpenArtifact>,
    tar: Tar,
    list: List,
}

/// Where the plain tar is.
#[derive(Debug)]
enum Tar {
    /// It is the artifact. Headers and documents are read through the witness; blobs need none,
    /// because documents name them by their digests.
    Artifact(Witness),
    /// The artifact is compressed: this was unpacked from the bytes with these digests.
    Unpacked(Spool, ArtifactDigests),
}

/// How the images in an archive belong to the digests of the archive.
pub(crate) enum Binding<'a> {
    /// What was read is to be compared with the bytes that are digested.
    Seen(Result<Seen, Change>),
    /// What was read was unpacked from the bytes with these digests.
    Digests(&'a ArtifactDigests),
}

/// One file in the tar.
pub(super) struct Region<'a> {
    source: &'a dyn ReadAt,
    start: u64,
    size: u64,
}

impl Archive {
    /// A tar is an image archive if it has the files of one at its top. A compressed tar, which has
    /// to be unpacked to be listed, is looked at only if its first entry is one that image archives
    /// begin with.
    ///
    /// `algorithms` are those for which [`Binding::Digests`] has digests.
    pub(super) fn open(
        artifact: Arc<OpenArtifact>,
        algorithms: &[DigestAlgorithm],
        limits: &Limits,
    ) -> Result<Option<Self>, Error> {
        let fail = |stop| match stop {
            Stop::Io(source) => Error::Read { name: artifact.name().to_owned(), source },
            Stop::Fault(fault) => Error::Archive { name: artifact.name().to_owned(), fault },
        };
        let budget = Budget::new(&limits.archive, artifact.size());
        let bounds = Bounds { limits: &limits.archive, budget: &budget };
        let tar = match Start::of(&**artifact.handle()).map_err(fail)? {
            Start::Tar => Tar::Artifact(Witness::new(Arc::clone(artifact.handle()))),
            Start::Compressed(_) => {
                if !begins_as_image(&**artifact.handle(), limits).map_err(fail)? {
                    return Ok(None);
                }
                let unpacked = unpacked(&**artifact.handle(), algorithms, bounds).map_err(fail)?;
                artifact.unchanged()?;
                let (plain, digests) = unpacked;
                Tar::Unpacked(plain, digests)
            }
            _ => return Ok(None),
        };
        let list = match List::of(tar.witnessed(), bounds, limits.image.archive_files) {
            Ok(list) => list,
            Err(Stop::Fault(Fault::NotAnArchive)) => return Ok(None),
            Err(stop) => return Err(fail(stop)),
        };
        artifact.unchanged()?;
        let archive = Archive { artifact, tar, list };
        let is_image = archive.file(LAYOUT).is_some() || archive.has_docker_manifest()?;
        if is_image && archive.list.too_many {
            let (limit, allowed) = (ImageLimit::ArchiveFiles, limits.image.archive_files);
            let fault = ImageFault::LimitReached { limit, allowed };
            return Err(Error::Image { name: archive.name().to_owned(), fault });
        }
        Ok(is_image.then_some(archive))
    }

    /// Many other archives have a `manifest.json`, but not with an array in it.
    fn has_docker_manifest(&self) -> Result<bool, Error> {
        let Some(region) = self.document(DOCKER_MANIFEST) else { return Ok(false) };
        let mut start = [0; WINDOW];
        let mut region = Positioned { source: &region, offset: 0 };
        let count = read_full(&mut region, &mut start)
            .map_err(|source| Error::Read { name: self.name().to_owned(), source })?;
        let first = start[..count].iter().find(|byte| !byte.is_ascii_whitespace());
        Ok(first.map_or(count == WINDOW, |first| *first == b'['))
    }

    pub(super) fn name(&self) -> &str {
        self.artifact.name()
    }

    pub(super) fn unchanged(&self) -> Result<(), Error> {
        self.artifact.unchanged()
    }

    pub(super) fn binding(&self) -> Binding<'_> {
        match &self.tar {
            Tar::Artifact(witness) => Binding::Seen(witness.seen()),
            Tar::Unpacked(_, digests) => Binding::Digests(digests),
        }
    }

    /// A file that no digest names, if there is one of this path.
    pub(super) fn document(&self, path: &str) -> Option<Region<'_>> {
        self.region(self.tar.witnessed(), path)
    }

    /// A file whose digest is known, if there is one of this path.
    pub(super) fn file(&self, path: &str) -> Option<Region<'_>> {
        let source: &dyn ReadAt = match &self.tar {
            Tar::Artifact(_) => &**self.artifact.handle(),
            Tar::Unpacked(plain, _) => plain,
        };
        self.region(source, path)
    }

    fn region<'a>(&'a self, source: &'a dyn ReadAt, path: &str) -> Option<Region<'a>> {
        let (start, size) = *self.list.files.get(self.resolve(path))?;
        Some(Region { source, start, size })
    }

    /// Where a path leads: Docker wrote equal layers as links.
    pub(super) fn resolve<'a>(&'a self, path: &'a str) -> &'a str {
        let mut path = path;
        for _ in 0..LINKS {
            match self.list.links.get(path) {
                Some(target) => path = target,
                None => break,
            }
        }
        path
    }
}

impl Tar {
    fn witnessed(&self) -> &dyn ReadAt {
        match self {
            Self::Artifact(witness) => witness,
            Self::Unpacked(plain, _) => plain,
        }
    }
}

impl ReadAt for Region<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(offset);
        let count = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        self.source.read_at(self.start + offset.min(self.size), &mut buffer[..count])
    }

    fn len(&self) -> u64 {
        self.size
    }
}

/// The files of a tar.
#[derive(Debug, Default)]
struct List {
    /// Start and size, in bytes.
    files: HashMap<String, (u64, u64)>,
    links: HashMap<String, String>,
    allowed: usize,
    too_many: bool,
}

impl List {
    fn of(source: &dyn ReadAt, bounds: Bounds<'_>, allowed: usize) -> Result<Self, Stop> {
        let mut list = List { allowed, ..List::default() };
        let mut input = Seeking(Positioned { source, offset: 0 });
        tar::read(&mut input, Names::new(Root::Folder), bounds, &mut list)?;
        Ok(list)
    }

    /// Many other archives have far more files, so that too many are no fault by themselves.
    fn has_room(&mut self) -> bool {
        self.too_many |= self.files.len() + self.links.len() >= self.allowed;
        !self.too_many
    }
}

impl tar::Visitor for List {
    type Error = Stop;

    fn file(&mut self, name: &Name, content: &mut Content<'_>) -> Result<(), Stop> {
        let Some(name) = name.as_str() else { return Ok(()) };
        if MARKS.contains(&name) || self.has_room() {
            self.files.insert(name.to_owned(), (content.offset(), content.size()));
        }
        Ok(())
    }

    fn hard_link(&mut self, name: &Name, target: &Name) -> Result<(), Stop> {
        if let (Some(name), Some(target), true) = (name.as_str(), target.as_str(), self.has_room())
        {
            self.links.insert(name.to_owned(), target.to_owned());
        }
        Ok(())
    }

    /// The target does not leave the archive: `..` is at its start only, and not too often.
    fn symbolic_link(&mut self, name: &Name, target: &[u8]) -> Result<(), Stop> {
        let Ok(target) = std::str::from_utf8(target) else { return Ok(()) };
        let Some(name) = name.as_str() else { return Ok(()) };
        let mut parts: Vec<&str> = name.split('/').collect();
        parts.pop();
        for part in target.split('/').filter(|part| !matches!(*part, "" | ".")) {
            match part {
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let target = parts.join("/");
        if self.has_room() {
            self.links.insert(name.to_owned(), target);
        }
        Ok(())
    }

    fn special(&mut self, _: &Name) -> Result<(), Stop> {
        Ok(())
    }

    fn directory(&mut self, _: &Name) -> Result<(), Stop> {
        Ok(())
    }
}

/// A tar in which what is not looked at is not read.
struct Seeking<'a>(Positioned<'a>);

impl Read for Seeking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Input for Seeking<'_> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let left = self.0.source.len().saturating_sub(self.0.offset);
        let count = count.min(left);
        self.0.offset += count;
        Ok(count)
    }

    fn offset(&self) -> u64 {
        self.0.offset
    }
}

/// The plain tar in a compressed one, to the last byte of it, and the digests of the compressed one.
fn unpacked(
    source: &dyn ReadAt,
    algorithms: &[DigestAlgorithm],
    bounds: Bounds<'_>,
) -> Result<(Spool, ArtifactDigests), Stop> {
    let mut cursor = Cursor::new(source, algorithms);
    let spooled = spooled(&mut cursor, bounds);
    if let Some(error) = cursor.failure() {
        return Err(Stop::Io(error));
    }
    let spool = spooled?;
    match cursor.position() {
        end if end == source.len() => Ok((spool, cursor.finish())),
        offset => Err(Fault::Trailing { offset }.into()),
    }
}

fn spooled(cursor: &mut Cursor<'_>, bounds: Bounds<'_>) -> Result<Spool, Stop> {
    let compression = Compression::of(cursor)?;
    let mut plain = compression.decoder(cursor, bounds.budget, bounds.limits)?;
    // How large it is, nobody knows.
    Ok(Spool::of(u64::MAX, &mut plain, |_| {})?)
}

/// Whether the first entry of a compressed tar is one that image archives begin with. What cannot
/// be read, or not so far, is none.
fn begins_as_image(source: &dyn ReadAt, limits: &Limits) -> Result<bool, Stop> {
    let budget = Budget::new(&limits.archive, source.len());
    let bounds = Bounds { limits: &limits.archive, budget: &budget };
    let mut cursor = Cursor::new(source, &[]);
    let first = first_entry(&mut cursor, bounds);
    match (cursor.failure(), first) {
        (Some(error), _) | (None, Err(Peeked::Stopped(Stop::Io(error)))) => Err(Stop::Io(error)),
        (None, Err(Peeked::First { begins_image })) => Ok(begins_image),
        (None, Ok(()) | Err(Peeked::Stopped(Stop::Fault(_)))) => Ok(false),
    }
}

fn first_entry(cursor: &mut Cursor<'_>, bounds: Bounds<'_>) -> Result<(), Peeked> {
    let compression = Compression::of(cursor)?;
    let mut plain = compression.decoder(cursor, bounds.budget, bounds.limits)?;
    tar::read(&mut Stream::new(&mut plain), Names::new(Root::Folder), bounds, &mut First)
}

/// Stops at the first entry.
struct First;

enum Peeked {
    First { begins_image: bool },
    Stopped(Stop),
}

impl From<Stop> for Peeked {
    fn from(stop: Stop) -> Self {
        Peeked::Stopped(stop)
    }
}

impl First {
    fn see(name: &Name) -> Result<(), Peeked> {
        let top = name.as_str().and_then(|name| name.split('/').next()).unwrap_or_default();
        let stem = top.split('.').next().unwrap_or_default();
        let is_hex = stem.len() >= 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
        let begins_image = is_hex || top.starts_with("sha256:") || TOPS.contains(&top);
        Err(Peeked::First { begins_image })
    }
}

impl tar::Visitor for First {
    type Error = Peeked;

    fn file(&mut self, name: &Name, _: &mut Content<'_>) -> Result<(), Peeked> {
        Self::see(name)
    }

    fn hard_link(&mut self, name: &Name, _: &Name) -> Result<(), Peeked> {
        Self::see(name)
    }

    fn symbolic_link(&mut self, name: &Name, _: &[u8]) -> Result<(), Peeked> {
        Self::see(name)
    }

    fn special(&mut self, name: &Name) -> Result<(), Peeked> {
        Self::see(name)
    }

    fn directory(&mut self, name: &Name) -> Result<(), Peeked> {
        if name.bytes().is_empty() { Ok(()) } else { Self::see(name) }
    }
}

/// What says that an archive holds images.
const MARKS: [&str; 2] = [LAYOUT, DOCKER_MANIFEST];
/// What image archives begin with, besides names that are digests. `config.json` is Jib's.
const TOPS: [&str; 6] = ["blobs", "config.json", LAYOUT, INDEX, DOCKER_MANIFEST, "repositories"];
/// White space that may stand before a JSON document.
const WINDOW: usize = 4096;
/// A link to a link to a file. Docker's are one.
const LINKS: usize = 2;
