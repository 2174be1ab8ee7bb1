//! XCOFF, 32 and 64 bit: AIX.
//! Layout: IBM, "XCOFF Object File Format" (<https://www.ibm.com/docs/en/aix/7.3?topic=formats-xcoff-object-file-format>).

use super::record::{Record, Table, malformed, until_nul};
use super::signs::build_id_in_code;
use super::{ByteOrder, Container, Image, Segment};
use crate::facts::{Arch, Kind, Linkage, Os};
use crate::source::Window;
use crate::{Error, Limit};

pub(super) fn read(window: Window<'_>) -> Result<Image, Error> {
    let header = Header::read(window)?;
    let sections = header.sections(window)?;
    let mut image = Image::new(Container::Xcoff);
    let filled = || sections.iter().filter(|section| section.place.offset != 0);
    image.segments = filled().map(|section| section.place).collect();
    image.regions = filled()
        .filter(|section| section.flags & STYP_DATA != 0)
        .map(|section| section.place)
        .collect();

    image.mixed_regions = filled()
        .filter(|section| section.flags & STYP_TEXT != 0)
        .map(|section| section.place)
        .collect();
    // Read-only data stands in the text section.
    image.function_tables = filled().map(|section| section.place).collect();
    let go_build_id = build_id_in_code(window)?;

    let is_shared = header.flags & F_SHROBJ != 0;
    let facts = &mut image.facts;
    facts.os = Some(Os::Aix);
    facts.arch = header.wide.then_some(Arch::Ppc64);
    facts.kind = match header.flags & F_EXEC {
        _ if is_shared => Some(Kind::SharedLibrary),
        0 => Some(Kind::Object),
        _ => Some(Kind::Executable),
    };
    facts.stripped = Some(header.symbols == 0);
    facts.go_build_id = go_build_id;
    facts.linkage = match sections.iter().find(|it| it.flags & STYP_LOADER != 0) {
        Some(loader) => Linkage::new(None, header.imports(window, loader)?),
        None => Linkage::Unknown,
    };
    Ok(image)
}

struct Header {
    wide: bool,
    sections: u64,
    section_table: u64,
    symbols: u32,
    flags: u16,
}

struct Section {
    flags: u32,
    place: Segment,
}

impl Header {
    fn read(window: Window<'_>) -> Result<Self, Error> {
        let bytes = window.bytes_up_to(0, 24)?;
        let record = Record::new(&bytes, ByteOrder::Big);
        let wide = record.u16(0) == MAGIC_64;
        let size = if wide { 24 } else { 20 };
        if bytes.len() < size {
            return Err(malformed(Container::Xcoff, "XCOFF header is cut off", window, 0));
        }
        Ok(Self {
            wide,
            sections: record.u16(2).into(),
            section_table: size as u64 + u64::from(record.u16(16)),
            symbols: record.u32(if wide { 20 } else { 12 }),
            flags: record.u16(18),
        })
    }

    fn sections(&self, window: Window<'_>) -> Result<Vec<Section>, Error> {
        let (at, entry) = (self.section_table, if self.wide { 72 } else { 40 });
        let table =
            Table::read(window, at, self.sections, entry, ByteOrder::Big)?.ok_or_else(|| {
                malformed(Container::Xcoff, "section table lies outside the file", window, at)
            })?;
        let section = |record: Record<'_>| match self.wide {
            true => Section {
                flags: record.u32(64),
                place: Segment {
                    address: record.u64(16),
                    size: record.u64(24),
                    offset: record.u64(32),
                },
            },
            false => Section {
                flags: record.u32(36),
                place: Segment {
                    address: record.u32(12).into(),
                    size: record.u32(16).into(),
                    offset: record.u32(20).into(),
                },
            },
        };
        Ok(table.entries().map(section).collect())
    }

    /// Import file ids of the loader section: triples of path, file and member, the first of
    /// which is the search path.
    fn imports(&self, window: Window<'_>, loader: &Section) -> Result<Vec<String>, Error> {
        let bytes = window.bytes_up_to(loader.place.offset, 56)?;
        let record = Record::new(&bytes, ByteOrder::Big);
        let (len, offset) = match self.wide {
            true => (record.u32(12), record.u64(24)),
            false => (record.u32(12), record.u32(20).into()),
        };
        Limit::NameTable.hold(len.into(), window.limits().name_table)?;
        let start = loader.place.offset.saturating_add(offset);
        let ids = window.bytes_up_to(start, len as usize)?;
        let mut strings = ids.split(|&byte| byte == 0);
        let mut names = Vec::new();
        while let (Some(path), Some(file), Some(member)) =
            (strings.next(), strings.next(), strings.next())
        {
            let text = |bytes| String::from_utf8_lossy(until_nul(bytes)).into_owned();
            names.push(match (path, member) {
                (b"", b"") => text(file),
                (b"", member) => format!("{}({})", text(file), text(member)),
                (path, b"") => format!("{}/{}", text(path), text(file)),
                (path, member) => format!("{}/{}({})", text(path), text(file), text(member)),
            });
        }
        Ok(names.into_iter().skip(1).filter(|name| !name.is_empty()).collect())
    }
}

const MAGIC_64: u16 = 0x01f7;
const F_EXEC: u16 = 0x0002;
const F_SHROBJ: u16 = 0x2000;
const STYP_TEXT: u32 = 0x0020;
const STYP_DATA: u32 = 0x0040;
const STYP_LOADER: u32 = 0x1000;
