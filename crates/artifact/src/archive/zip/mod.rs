//! zip: PKWARE's APPNOTE.TXT 6.3.
//!
//! A zip archive has two lists of its files, and tools differ in which they read. Here both are
//! read and must agree, and together with the end record they must cover every byte of the archive:
//! nothing before, between or behind. The directory at the end is read first and kept; then
//! everything is read once more from the start in one pass, in which the kept directory must turn
//! up again byte for byte.

mod directory;

use std::io::{self, BufRead, Read};

use chainsign_gosbom::ReadAt;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::budget::Decoded;
use super::content::read_full;
use super::cursor::Cursor;
use super::names::{Names, Root};
use super::{ArchiveFormat, Fault, Permissions, Stop, Walker};
use directory::{Directory, Entry, Fields, Kind, Sizes, unicode_path};

impl Walker<'_> {
    /// Reads the directory at the end, then the whole archive from its start.
    pub(super) fn zip(
        &mut self,
        source: &dyn ReadAt,
        cursor: &mut Cursor<'_>,
    ) -> Result<ArchiveFormat, Stop> {
        let directory = Directory::read(source, self.limits)?;
        let mut names = Names::new(Root::Folder);
        let mut entries = directory.entries.iter().peekable();
        while let Some(entry) = entries.next() {
            self.budget.entry()?;
            if entry.offset != cursor.position() {
                let overlap = entry.offset < cursor.position();
                let hidden = Fault::Hidden { offset: cursor.position() };
                return Err(if overlap {
                    malformed("entries that overlap")
                } else {
                    hidden.into()
                });
            }
            let end = entries.peek().map_or(directory.offset, |next| next.offset);
            self.zip_entry(entry, end, cursor, &mut names)?;
        }
        if cursor.position() != directory.offset {
            return Err(Fault::Hidden { offset: cursor.position() }.into());
        }
        let mut again = vec![0; directory.bytes.len()];
        if read_full(cursor, &mut again)? != again.len() || again != directory.bytes {
            return Err(malformed("the directory, which changed while it was read"));
        }
        Ok(ArchiveFormat::Zip)
    }

    /// A local header, the data, and perhaps a data descriptor: APPNOTE sections 4.3.7 to 4.3.9.
    fn zip_entry(
        &mut self,
        entry: &Entry,
        end: u64,
        cursor: &mut Cursor<'_>,
        names: &mut Names,
    ) -> Result<(), Stop> {
        local_header(entry, cursor)?;
        let mut packed = Read::take(&mut *cursor, entry.sizes.packed);
        self.zip_data(entry, &mut packed, names)?;
        if packed.limit() > 0 {
            let at_end = packed.fill_buf()?.is_empty();
            return Err(if at_end { truncated("a file") } else { entry.disagreement("size") });
        }
        match end.checked_sub(cursor.position()) {
            None => Err(malformed("entries that overlap")),
            Some(0) if !entry.is_described() => Ok(()),
            Some(gap) if entry.is_described() => descriptor(entry, gap, cursor),
            Some(_) => Err(Fault::Hidden { offset: cursor.position() }.into()),
        }
    }

    fn zip_data(
        &mut self,
        entry: &Entry,
        packed: &mut dyn BufRead,
        names: &mut Names,
    ) -> Result<(), Stop> {
        let (mut stored, mut deflated);
        let plain: &mut dyn Read = match entry.method {
            STORED => {
                stored = packed;
                &mut stored
            }
            DEFLATED => {
                let (decoder, budget) = (DeflateDecoder::new(packed), self.budget);
                deflated = Decoded { decoder, compression: "deflate", budget };
                &mut deflated
            }
            method => {
                let feature = format!("compression method {method}");
                return Err(Fault::Unsupported { format: ArchiveFormat::Zip, feature }.into());
            }
        };
        let mut plain = Summed { plain, crc: Crc::new(), count: 0 };
        match &entry.kind {
            Kind::Directory if entry.sizes.plain != 0 => {
                return Err(malformed("a directory with data"));
            }
            Kind::Directory => names.directory(&entry.name)?,
            Kind::File => {
                names.file(&entry.name)?;
                let size = entry.sizes.plain;
                let mut content = Read::take(&mut plain, size);
                self.file(entry.name.text(), size, Permissions::default(), &mut content)?;
            }
            Kind::Link => {
                let mut target = Vec::new();
                let limit = self.limits.path_bytes as u64;
                Read::take(&mut plain, limit + 1).read_to_end(&mut target)?;
                names.symbolic_link(&entry.name, &target)?;
            }
        }
        // Every decoder is read to its end: that is where it finds its own faults.
        let more = read_full(&mut plain, &mut [0])? > 0;
        if more || plain.count != entry.sizes.plain {
            return Err(entry.disagreement("size"));
        }
        match plain.crc.sum() == entry.crc {
            true => Ok(()),
            false => Err(entry.disagreement("checksum")),
        }
    }
}

/// The header before the data must say what the directory says.
fn local_header(entry: &Entry, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    let mut header = [0; LOCAL_HEADER_BYTES];
    if read_full(cursor, &mut header)? != LOCAL_HEADER_BYTES {
        return Err(truncated("a local header"));
    }
    let fields = Fields(&header);
    if !header.starts_with(b"PK\x03\x04") {
        return Err(malformed("the signature of a local header"));
    }
    let mut name = vec![0; fields.u16(26).into()];
    let mut extra = vec![0; fields.u16(28).into()];
    for part in [&mut name, &mut extra] {
        if read_full(cursor, part)? != part.len() {
            return Err(truncated("a local header"));
        }
    }
    if name != entry.raw_name {
        return Err(entry.disagreement("name"));
    }
    unicode_path(&name, &extra)?;
    if fields.u16(6) != entry.flags {
        return Err(entry.disagreement("flags"));
    }
    if fields.u16(8) != entry.method {
        return Err(entry.disagreement("compression method"));
    }
    let crc = fields.u32(14);
    let sizes = Sizes { plain: fields.u32(22).into(), packed: fields.u32(18).into() };
    let sizes = sizes.with_extra(&extra, None)?.0;
    // With a descriptor behind the data, the header may have 0 for what was not yet known.
    let agrees = |here: u64, there: u64| here == there || (entry.is_described() && here == 0);
    if !agrees(crc.into(), entry.crc.into()) {
        return Err(entry.disagreement("checksum"));
    }
    let same_sizes =
        agrees(sizes.plain, entry.sizes.plain) && agrees(sizes.packed, entry.sizes.packed);
    if same_sizes { Ok(()) } else { Err(entry.disagreement("size")) }
}

/// APPNOTE section 4.3.9: with or without a signature, with sizes of 4 or 8 bytes.
fn descriptor(entry: &Entry, gap: u64, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    let length = match gap {
        12 | 16 | 20 | 24 => gap as usize,
        _ => return Err(Fault::Hidden { offset: cursor.position() }.into()),
    };
    let mut bytes = vec![0; length];
    if read_full(cursor, &mut bytes)? != length {
        return Err(truncated("a data descriptor"));
    }
    let signed = matches!(length, 16 | 24);
    let values = match signed {
        true if !bytes.starts_with(b"PK\x07\x08") => {
            return Err(malformed("the signature of a data descriptor"));
        }
        true => &bytes[4..],
        false => &bytes,
    };
    let fields = Fields(values);
    let (packed, plain) = match values.len() {
        12 => (fields.u32(4).into(), fields.u32(8).into()),
        _ => (fields.u64(4), fields.u64(12)),
    };
    if fields.u32(0) != entry.crc {
        return Err(entry.disagreement("checksum"));
    }
    match (Sizes { plain, packed }) == entry.sizes {
        true => Ok(()),
        false => Err(entry.disagreement("size")),
    }
}

/// Counts and sums what is read through it.
struct Summed<'a> {
    plain: &'a mut dyn Read,
    crc: Crc,
    count: u64,
}

impl Read for Summed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.plain.read(buffer)?;
        self.crc.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

fn malformed(part: &'static str) -> Stop {
    Fault::Malformed { format: ArchiveFormat::Zip, part }.into()
}

fn truncated(part: &'static str) -> Stop {
    Fault::Truncated { format: ArchiveFormat::Zip, part }.into()
}

const LOCAL_HEADER_BYTES: usize = 30;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
