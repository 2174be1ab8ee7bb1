//! The central directory and the end records: APPNOTE sections 4.3.12 to 4.3.16.

use std::io;

use chainsign_gosbom::ReadAt;

use super::{malformed, truncated};
use crate::archive::names::{Name, shown};
use crate::archive::{ArchiveFormat, ArchiveLimit, ArchiveLimits, Fault, NameFault, Stop};

/// The end of a zip archive.
pub(super) struct Directory {
    /// Where it begins.
    pub(super) offset: u64,
    /// Everything from there to the end of the archive.
    pub(super) bytes: Vec<u8>,
    /// By their offsets.
    pub(super) entries: Vec<Entry>,
}

impl Directory {
    pub(super) fn read(source: &dyn ReadAt, limits: &ArchiveLimits) -> Result<Self, Stop> {
        let end = End::find(source)?;
        let len = source.len();
        let allowed = limits.directory_bytes;
        let size =
            len.checked_sub(end.directory_offset).ok_or_else(|| malformed("the end record"))?;
        let fits = usize::try_from(size).ok().filter(|size| *size <= allowed);
        let size = fits.ok_or(Fault::LimitReached {
            limit: ArchiveLimit::DirectoryBytes,
            allowed: allowed as u64,
        })?;
        if end.entries > limits.entries {
            let (limit, allowed) = (ArchiveLimit::Entries, limits.entries);
            return Err(Fault::LimitReached { limit, allowed }.into());
        }
        let bytes = read_at(source, end.directory_offset, size)?;
        let listed = usize::try_from(end.directory_size).ok().and_then(|size| bytes.get(..size));
        let mut rest = listed.ok_or_else(|| malformed("the end record"))?;
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (entry, after) = Entry::parse(rest, limits)?;
            entries.push(entry);
            rest = after;
        }
        if entries.len() as u64 != end.entries {
            return Err(malformed("the number of entries"));
        }
        entries.sort_by_key(|entry| entry.offset);
        Ok(Directory { offset: end.directory_offset, bytes, entries })
    }
}

/// What the end records say.
struct End {
    entries: u64,
    directory_offset: u64,
    directory_size: u64,
}

impl End {
    /// The end record has a comment behind it, in which there could be another end record: there
    /// must be exactly one way to read it.
    fn find(source: &dyn ReadAt) -> Result<Self, Stop> {
        let len = source.len();
        let tail_len = len.min((END_BYTES + usize::from(u16::MAX)) as u64);
        let tail_at = len - tail_len;
        let tail = read_at(source, tail_at, tail_len as usize)?;
        let fits = |at: &usize| {
            let record = &tail[*at..];
            let comment =
                record.get(20..22).map(|it| usize::from(u16::from_le_bytes([it[0], it[1]])));
            record.starts_with(b"PK\x05\x06")
                && comment.map(|it| END_BYTES + it) == Some(record.len())
        };
        let mut found = (0..tail.len()).filter(fits);
        let at = found.next().ok_or_else(|| malformed("the end record, which is missing"))?;
        if found.next().is_some() {
            return Err(malformed("the end record, of which there are two"));
        }
        let record = Fields(&tail[at..]);
        let disks = [record.u16(4), record.u16(6)];
        let (here, all) = (record.u16(8), record.u16(10));
        if disks != [0, 0] || here != all {
            let feature = "several volumes".to_owned();
            return Err(Fault::Unsupported { format: ArchiveFormat::Zip, feature }.into());
        }
        let end = End {
            entries: all.into(),
            directory_size: record.u32(12).into(),
            directory_offset: record.u32(16).into(),
        };
        let record_at = tail_at + at as u64;
        let (end, end_at) = end.zip64(source, record_at)?;
        match end.directory_offset.checked_add(end.directory_size) == Some(end_at) {
            true => Ok(end),
            false => Err(malformed("the place of the directory")),
        }
    }

    /// The zip64 end record, if there is one, and where the first of the end records is.
    fn zip64(self, source: &dyn ReadAt, record_at: u64) -> Result<(Self, u64), Stop> {
        let locator = match record_at.checked_sub(LOCATOR_BYTES as u64) {
            Some(at) => read_at(source, at, LOCATOR_BYTES)?,
            None => Vec::new(),
        };
        if !locator.starts_with(b"PK\x06\x07") {
            return Ok((self, record_at));
        }
        let at = Fields(&locator).u64(8);
        let record = match record_at.checked_sub((LOCATOR_BYTES + END64_BYTES) as u64) {
            Some(wanted) if wanted == at => read_at(source, at, END64_BYTES)?,
            _ => return Err(malformed("the zip64 end record")),
        };
        let fields = Fields(&record);
        if !record.starts_with(b"PK\x06\x06") || fields.u64(4) != (END64_BYTES - 12) as u64 {
            return Err(malformed("the zip64 end record"));
        }
        let end = End {
            entries: fields.u64(32),
            directory_size: fields.u64(40),
            directory_offset: fields.u64(48),
        };
        // The old record has all ones where it cannot say, else the same.
        let agrees = |old: u64, ones: u64, new: u64| old == ones || old == new;
        let agree = agrees(self.entries, u16::MAX.into(), end.entries)
            && agrees(self.directory_size, u32::MAX.into(), end.directory_size)
            && agrees(self.directory_offset, u32::MAX.into(), end.directory_offset);
        if agree { Ok((end, at)) } else { Err(malformed("the end records, which disagree")) }
    }
}

/// One entry of the directory.
pub(super) struct Entry {
    pub(super) raw_name: Vec<u8>,
    pub(super) name: Name,
    pub(super) kind: Kind,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) sizes: Sizes,
    /// Where its local header is.
    pub(super) offset: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Link,
}

impl Entry {
    fn parse<'a>(bytes: &'a [u8], limits: &ArchiveLimits) -> Result<(Self, &'a [u8]), Stop> {
        let cut = || truncated("the directory");
        let (header, rest) = bytes.split_at_checked(46).ok_or_else(cut)?;
        if !header.starts_with(b"PK\x01\x02") {
            return Err(malformed("the signature of a directory entry"));
        }
        let fields = Fields(header);
        let (raw_name, rest) = rest.split_at_checked(fields.u16(28).into()).ok_or_else(cut)?;
        let (extra, rest) = rest.split_at_checked(fields.u16(30).into()).ok_or_else(cut)?;
        let (_comment, rest) = rest.split_at_checked(fields.u16(32).into()).ok_or_else(cut)?;

        let flags = fields.u16(8);
        if flags & UNREADABLE != 0 {
            let feature = "encrypted or patched entries".to_owned();
            return Err(Fault::Unsupported { format: ArchiveFormat::Zip, feature }.into());
        }
        unicode_path(raw_name, extra)?;
        let sizes = Sizes { plain: fields.u32(24).into(), packed: fields.u32(20).into() };
        let (sizes, offset) = sizes.with_extra(extra, Some(fields.u32(42)))?;
        let kind = kind(raw_name, fields.u16(4), fields.u32(38))?;
        let entry = Entry {
            raw_name: raw_name.to_vec(),
            name: name(raw_name, kind, limits)?,
            kind,
            flags,
            method: fields.u16(10),
            crc: fields.u32(16),
            sizes,
            offset,
        };
        Ok((entry, rest))
    }

    /// Whether a data descriptor follows the data.
    pub(super) fn is_described(&self) -> bool {
        self.flags & DESCRIBED != 0
    }

    pub(super) fn disagreement(&self, field: &'static str) -> Stop {
        Fault::Disagreement { name: self.name.text(), field }.into()
    }
}

/// A file's sizes before and after compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) plain: u64,
    pub(super) packed: u64,
}

impl Sizes {
    /// Takes what the zip64 field (APPNOTE section 4.5.3) has for values that are all ones, in
    /// their order: both sizes, and in the directory the offset.
    pub(super) fn with_extra(self, extra: &[u8], offset: Option<u32>) -> Result<(Self, u64), Stop> {
        let mut values = extra_field(extra, ZIP64)?.unwrap_or_default();
        let mut take = |value: u64| {
            if value != u64::from(u32::MAX) {
                return Ok(value);
            }
            let (value, rest) =
                values.split_at_checked(8).ok_or_else(|| malformed("a zip64 field"))?;
            values = rest;
            Ok::<u64, Stop>(Fields(value).u64(0))
        };
        let plain = take(self.plain)?;
        let packed = take(self.packed)?;
        let offset = take(offset.unwrap_or_default().into())?;
        Ok((Sizes { plain, packed }, offset))
    }
}

/// Info-ZIP's field with a second name (APPNOTE section 4.6.9) must have the same one.
pub(super) fn unicode_path(raw_name: &[u8], extra: &[u8]) -> Result<(), Stop> {
    match extra_field(extra, UNICODE_PATH)? {
        Some(field) if field.get(5..) != Some(raw_name) => {
            Err(Fault::Disagreement { name: shown(raw_name), field: "name" }.into())
        }
        _ => Ok(()),
    }
}

fn extra_field(mut extra: &[u8], wanted: u16) -> Result<Option<&[u8]>, Stop> {
    let mut found = None;
    while let Some((header, rest)) = extra.split_at_checked(4) {
        let (id, length) = (Fields(header).u16(0), Fields(header).u16(2));
        let bad = || malformed("an extra field");
        let (value, rest) = rest.split_at_checked(length.into()).ok_or_else(bad)?;
        if id == wanted && found.replace(value).is_some() {
            return Err(malformed("an extra field that is there twice"));
        }
        extra = rest;
    }
    // Alignment tools fill up with a few zeros.
    if extra.iter().any(|byte| *byte != 0) {
        return Err(malformed("an extra field"));
    }
    Ok(found)
}

/// A name that ends with a slash is a directory's; unix modes say what is a link.
fn kind(raw_name: &[u8], made_by: u16, attributes: u32) -> Result<Kind, Stop> {
    let directory = raw_name.ends_with(b"/");
    let mode = match made_by >> 8 {
        UNIX | DARWIN => attributes >> 16 & MODE_KIND,
        _ => 0,
    };
    match (directory, mode) {
        (true, 0 | MODE_DIRECTORY) => Ok(Kind::Directory),
        (false, 0 | MODE_FILE) => Ok(Kind::File),
        (false, MODE_LINK) => Ok(Kind::Link),
        (_, MODE_FILE | MODE_DIRECTORY | MODE_LINK) => {
            Err(Fault::Disagreement { name: shown(raw_name), field: "kind" }.into())
        }
        _ => Err(malformed("the kind of an entry")),
    }
}

fn name(raw: &[u8], kind: Kind, limits: &ArchiveLimits) -> Result<Name, Fault> {
    let fault = match raw {
        _ if raw.contains(&b'\\') => NameFault::Backslash,
        [drive, b':', ..] if drive.is_ascii_alphabetic() => NameFault::Absolute,
        _ if kind == Kind::Directory => return Name::parse(raw, limits),
        _ => return Name::parse_file(raw, limits),
    };
    Err(Fault::Name { name: shown(raw), fault })
}

fn read_at(source: &dyn ReadAt, offset: u64, length: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match source.read_at(offset + filled as u64, &mut bytes[filled..]) {
            Ok(0) => return Err(truncated("the directory")),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Stop::Io(error)),
        }
    }
    Ok(bytes)
}

/// Little-endian numbers in a record whose length is known.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.0[at], self.0[at + 1]])
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        u32::from(self.u16(at)) | u32::from(self.u16(at + 2)) << 16
    }

    pub(super) fn u64(&self, at: usize) -> u64 {
        u64::from(self.u32(at)) | u64::from(self.u32(at + 4)) << 32
    }
}

const END_BYTES: usize = 22;
const LOCATOR_BYTES: usize = 20;
const END64_BYTES: usize = 56;
/// General purpose bits 0, 5, 6 and 13: encrypted, patched, strongly encrypted, masked.
const UNREADABLE: u16 = 1 | 1 << 5 | 1 << 6 | 1 << 13;
/// General purpose bit 3.
const DESCRIBED: u16 = 1 << 3;
const ZIP64: u16 = 0x0001;
const UNICODE_PATH: u16 = 0x7075;
/// "Version made by", APPNOTE section 4.4.2.
const UNIX: u16 = 3;
const DARWIN: u16 = 19;
/// `st_mode`: the bits for the kind of file, and the kinds.
const MODE_KIND: u32 = 0o170_000;
const MODE_FILE: u32 = 0o100_000;
const MODE_DIRECTORY: u32 = 0o040_000;
const MODE_LINK: u32 = 0o120_000;
