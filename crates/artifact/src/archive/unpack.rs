//! What unpacking a tar would leave: every entry, with the digests of every file.
//!
//! As strict as looking into one, and nothing is unpacked: names lead nowhere, because nothing is written.

use std::io::Read;

use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm, StreamDigester};
use chainsign_gosbom::ReadAt;

use super::budget::Budget;
use super::compression::Compression;
use super::cursor::Cursor;
use super::names::{Name, Names, Root};
use super::{Fault, Start, Stop, tar};
use crate::Limits;

/// An entry of a tar.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unpacked {
    /// Its path, without `./` before it. Bytes that are not UTF-8 appear as `\xNN`.
    pub path: String,
    /// What it is.
    pub kind: UnpackedKind,
}

/// What an entry of a tar is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnpackedKind {
    /// A file, with the digests that were asked for.
    File(ArtifactDigests),
    /// Another name of a file that came before.
    HardLink {
        /// The path of that file.
        target: String,
    },
    /// A symbolic link.
    SymbolicLink,
    /// A device or a pipe.
    Special,
}

/// Reads a tar, plain or compressed, to its last byte. The caller has still to make sure that the file did not
/// change.
pub(crate) fn unpack(
    source: &dyn ReadAt,
    algorithms: &[DigestAlgorithm],
    limits: &Limits,
    visit: &mut dyn FnMut(Unpacked),
) -> Result<ArtifactDigests, Stop> {
    if !matches!(Start::of(source)?, Start::Tar | Start::Compressed(_)) {
        return Err(Fault::NotAnArchive.into());
    }
    let limits = &limits.archive;
    let budget = Budget::new(limits, source.len());
    let mut cursor = Cursor::new(source, algorithms);
    let outcome = entries(&mut cursor, &budget, limits, Digesting { algorithms, visit });
    // An input that cannot be read looks like broken data to whatever was decoding it.
    if let Some(error) = cursor.failure() {
        return Err(Stop::Io(error));
    }
    outcome?;
    if cursor.position() != source.len() {
        return Err(Fault::Trailing { offset: cursor.position() }.into());
    }
    Ok(cursor.finish())
}

fn entries(
    cursor: &mut Cursor<'_>,
    budget: &Budget,
    limits: &super::ArchiveLimits,
    mut visitor: Digesting<'_>,
) -> Result<(), Stop> {
    let compression = Compression::of(cursor)?;
    let mut plain = compression.decoder(cursor, budget, limits)?;
    let bounds = tar::Bounds { limits, budget };
    tar::read(&mut tar::Stream::new(&mut plain), Names::new(Root::Folder), bounds, &mut visitor)
}

struct Digesting<'a> {
    algorithms: &'a [DigestAlgorithm],
    visit: &'a mut dyn FnMut(Unpacked),
}

impl Digesting<'_> {
    fn entry(&mut self, name: &Name, kind: UnpackedKind) -> Result<(), Stop> {
        (self.visit)(Unpacked { path: name.text(), kind });
        Ok(())
    }
}

impl tar::Visitor for Digesting<'_> {
    type Error = Stop;

    fn file(&mut self, name: &Name, content: &mut tar::Content<'_>) -> Result<(), Stop> {
        let mut digester = StreamDigester::new(self.algorithms.iter().copied());
        let mut buffer = vec![0; PART_BYTES];
        loop {
            let count = content.read(&mut buffer)?;
            match buffer.get(..count) {
                Some(part) if !part.is_empty() => digester.update(part),
                _ => break,
            }
        }
        self.entry(name, UnpackedKind::File(digester.finish()))
    }

    fn hard_link(&mut self, name: &Name, target: &Name) -> Result<(), Stop> {
        self.entry(name, UnpackedKind::HardLink { target: target.text() })
    }

    fn symbolic_link(&mut self, name: &Name, _: &[u8]) -> Result<(), Stop> {
        self.entry(name, UnpackedKind::SymbolicLink)
    }

    fn special(&mut self, name: &Name) -> Result<(), Stop> {
        self.entry(name, UnpackedKind::Special)
    }

    fn directory(&mut self, _: &Name) -> Result<(), Stop> {
        Ok(())
    }
}

const PART_BYTES: usize = 64 << 10;
