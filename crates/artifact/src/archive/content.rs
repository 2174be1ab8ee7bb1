//! One file inside an archive: told by its first bytes, and looked into if it is worth it.

use std::fs::File;
use std::io::{self, Read, Write};

use chainsign_core::digest::StreamDigester;
use chainsign_gosbom::{self as gosbom, ReadAt};

use super::compression::Compression;
use super::{ArchiveLimit, Fault, InnerContent, Stop, Walker};
use crate::handle::Handle;

/// What the first bytes of a file say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Program,
    /// A Debian package, or a library of object files.
    Ar,
    Tar,
    /// A compressed tar, or any other compressed file.
    Compressed(Compression),
    Zip,
    Rpm,
    Other,
}

impl Start {
    pub(crate) fn of(source: &dyn ReadAt) -> Result<Self, Stop> {
        let mut start = vec![0; START_BYTES];
        let count = read_full(&mut Positioned { source, offset: 0 }, &mut start)?;
        Ok(Self::of_bytes(start.get(..count).unwrap_or_default()))
    }

    fn of_bytes(start: &[u8]) -> Self {
        if start.get(TAR_MAGIC_AT..).is_some_and(|rest| rest.starts_with(TAR_MAGIC)) {
            return Self::Tar;
        }
        match (start, Compression::of_start(start)) {
            (_, compression) if compression != Compression::None => Self::Compressed(compression),
            ([b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..], _) => Self::Zip,
            ([0xed, 0xab, 0xee, 0xdb, ..], _) => Self::Rpm,
            _ if start.starts_with(AR_MAGIC) => Self::Ar,
            _ if is_program(start) => Self::Program,
            _ => Self::Other,
        }
    }
}

/// Reads a file to its end and says what it is.
pub(crate) fn look_into(
    walker: &mut Walker<'_>,
    path: &str,
    size: u64,
    content: &mut dyn Read,
) -> Result<InnerContent, Stop> {
    let mut start = vec![0; START_BYTES];
    let count = read_full(content, &mut start)?;
    start.truncate(count);
    let mut content = io::Cursor::new(&start).chain(content);
    match Start::of_bytes(&start) {
        Start::Other => {
            io::copy(&mut content, &mut io::sink())?;
            Ok(InnerContent::Data)
        }
        Start::Program => program(walker, size, &mut content),
        Start::Ar => {
            let spool = Spool::of(size, &mut content, |_| {})?;
            match is_debian(&spool)? {
                true => nested(walker, path, &spool),
                false => program(walker, size, &mut Positioned { source: &spool, offset: 0 }),
            }
        }
        Start::Tar | Start::Zip | Start::Rpm | Start::Compressed(_) => {
            let spool = Spool::of(size, &mut content, |_| {})?;
            nested(walker, path, &spool)
        }
    }
}

fn program(walker: &Walker<'_>, size: u64, content: &mut dyn Read) -> Result<InnerContent, Stop> {
    let mut digester = StreamDigester::new(walker.algorithms.iter().copied());
    let spool = Spool::of(size, content, |part| digester.update(part))?;
    let digests = digester.finish();
    match gosbom::read(&spool, walker.go) {
        Ok(binary) => Ok(InnerContent::GoBinary { digests, binary }),
        Err(gosbom::Error::Io(error)) => Err(Stop::Io(error)),
        Err(reason) => Ok(InnerContent::NotGo { digests, reason }),
    }
}

/// An archive in an archive. Its faults are its own: the outer one is read on.
fn nested(walker: &mut Walker<'_>, path: &str, spool: &Spool) -> Result<InnerContent, Stop> {
    let depth = walker.limits.depth;
    if walker.within.len() + 1 >= depth {
        let (limit, allowed) = (ArchiveLimit::Depth, depth as u64);
        return Ok(InnerContent::Archive(Err(Fault::LimitReached { limit, allowed })));
    }
    walker.within.push(path.to_owned());
    let outcome = walker.archive(spool);
    walker.within.pop();
    match outcome {
        Ok((format, _)) => Ok(InnerContent::Archive(Ok(format))),
        // A single compressed file, such as a manual page.
        Err(Stop::Fault(Fault::NotAnArchive)) => Ok(InnerContent::Data),
        // These two bound the whole artifact.
        Err(Stop::Fault(
            fault @ Fault::LimitReached {
                limit: ArchiveLimit::Decompressed | ArchiveLimit::Entries,
                ..
            },
        )) => Err(fault.into()),
        Err(Stop::Fault(fault)) => Ok(InnerContent::Archive(Err(fault))),
        Err(stop) => Err(stop),
    }
}

fn is_debian(spool: &Spool) -> Result<bool, Stop> {
    let mut name = [0; AR_NAME_BYTES];
    let offset = AR_MAGIC.len() as u64;
    let count = read_full(&mut Positioned { source: spool, offset }, &mut name)?;
    Ok(count == AR_NAME_BYTES && name.starts_with(b"debian-binary"))
}

/// The bytes of one file inside an archive, where they can be read at any position: small ones in
/// memory, others in a temporary file without a name.
#[derive(Debug)]
pub(crate) enum Spool {
    Memory(Vec<u8>),
    File(Handle),
}

impl Spool {
    /// Takes all of the content, of which `size` says how much to expect.
    pub(crate) fn of(
        size: u64,
        content: &mut dyn Read,
        mut take: impl FnMut(&[u8]),
    ) -> io::Result<Self> {
        let mut buffer = vec![0; PART_BYTES];
        let mut memory = Vec::new();
        let mut file = if size > MEMORY_BYTES { Some(tempfile::tempfile()?) } else { None };
        let mut len = 0;
        loop {
            let count = content.read(&mut buffer)?;
            let part = &buffer[..count];
            if part.is_empty() {
                break;
            }
            take(part);
            len += part.len() as u64;
            match &mut file {
                Some(file) => file.write_all(part)?,
                None => memory.extend_from_slice(part),
            }
        }
        Ok(file.map_or(Spool::Memory(memory), |file: File| Spool::File(Handle::new(file, len))))
    }
}

impl ReadAt for Spool {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read_at(offset, buffer),
            Self::File(handle) => handle.read_at(offset, buffer),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => ReadAt::len(bytes),
            Self::File(handle) => handle.len(),
        }
    }
}

/// Reads on from an offset.
pub(crate) struct Positioned<'a> {
    pub(crate) source: &'a dyn ReadAt,
    pub(crate) offset: u64,
}

impl Read for Positioned<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(self.offset, buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// Fills the buffer as far as there is something to read.
pub(crate) fn read_full(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The magic numbers of the formats that `chainsign-gosbom` reads.
fn is_program(start: &[u8]) -> bool {
    matches!(
        start,
        [0x7f, b'E', b'L', b'F', ..]
            | [b'M', b'Z', ..]
            | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
            | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
            | [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..]
            | [0x01, 0xdf | 0xf7, ..]
            | [0, b'a', b's', b'm', ..]
            // Plan 9 a.out of 386, amd64 and arm
            | [0, 0, 0x01, 0xeb, ..]
            | [0, 0, 0x8a, 0x97, ..]
            | [0, 0, 0x06, 0x47, ..]
    )
}

const AR_MAGIC: &[u8] = b"!<arch>\n";
const AR_NAME_BYTES: usize = 16;
/// `ustar`, followed by a NUL (POSIX) or a space (GNU).
const TAR_MAGIC: &[u8] = b"ustar";
const TAR_MAGIC_AT: usize = 257;
/// As far as the magic number of tar.
const START_BYTES: usize = 512;
const PART_BYTES: usize = 64 << 10;
const MEMORY_BYTES: u64 = 64 << 10;
