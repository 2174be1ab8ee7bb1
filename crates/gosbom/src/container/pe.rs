//! Portable Executable, 32 and 64 bit.
//! Layout: Microsoft, "PE Format" (<https://learn.microsoft.com/windows/win32/debug/pe-format>).

use super::record::{Record, Table, malformed, string_at};
use super::{ByteOrder, Container, Image, Segment};
use crate::facts::{Arch, Kind, Linkage, Os};
use crate::source::Window;
use crate::{Error, Packer};

pub(super) fn read(window: Window<'_>) -> Result<Image, Error> {
    let header = Header::read(window)?;
    let sections = header.sections(window)?;
    let mut image = Image::new(Container::Pe);
    image.segments = sections.iter().map(|section| section.place).collect();
    image.regions = regions(&sections);
    image.packer = sections.iter().any(|section| section.name == b"UPX0").then_some(Packer::Upx);

    let needed = header.imports(window, &image)?;
    let facts = &mut image.facts;
    facts.os = Some(Os::Windows);
    facts.arch = header.arch();
    facts.kind = Some(match header.characteristics & IMAGE_FILE_DLL {
        0 => Kind::Executable,
        _ => Kind::SharedLibrary,
    });
    facts.pie = Some(header.dll_characteristics & DYNAMIC_BASE != 0);
    facts.stripped = Some(header.symbols == 0 && !sections.iter().any(Section::is_debug));
    facts.linkage = Linkage::new(None, needed);
    Ok(image)
}

/// Writable initialised data first, whatever other flags it has; then read-only data.
fn regions(sections: &[Section]) -> Vec<Segment> {
    let data =
        |section: &&Section| section.flags & (INITIALIZED_DATA | EXECUTE) == INITIALIZED_DATA;
    let writable = |section: &&Section| section.flags & WRITE != 0;
    let data = || sections.iter().filter(data);
    let mut regions: Vec<_> = data().filter(writable).map(|it| it.place).collect();
    regions.extend(data().filter(|it| !writable(it)).map(|it| it.place));
    regions
}

struct Header {
    machine: u16,
    section_count: u16,
    section_table: u64,
    symbols: u32,
    characteristics: u16,
    dll_characteristics: u16,
    image_base: u64,
    import_table: u32,
}

impl Header {
    fn read(window: Window<'_>) -> Result<Self, Error> {
        let bad = |part, at| malformed(Container::Pe, part, window, at);
        let dos = window.bytes_up_to(0, 64)?;
        if dos.len() < 64 {
            return Err(bad("DOS header is cut off", dos.len() as u64));
        }
        let start = u64::from(Record::new(&dos, ByteOrder::Little).u32(0x3c));
        let file = window
            .bytes(start, 24)?
            .filter(|bytes| bytes.starts_with(b"PE\0\0"))
            .ok_or_else(|| bad("no PE signature", start))?;
        let file = Record::new(&file, ByteOrder::Little);
        let optional_size = file.u16(20);
        let optional_start = start + 24;
        let optional = window
            .bytes(optional_start, optional_size.into())?
            .ok_or_else(|| bad("optional header lies outside the file", optional_start))?;
        let optional = Record::new(&optional, ByteOrder::Little);
        let (image_base, directories) = match optional.u16(0) {
            PE32 if optional_size >= 96 => (optional.u32(28).into(), 96),
            PE32_PLUS if optional_size >= 112 => (optional.u64(24), 112),
            _ => return Err(bad("optional header is neither PE32 nor PE32+", optional_start)),
        };
        Ok(Self {
            machine: file.u16(4),
            section_count: file.u16(6),
            section_table: optional_start + u64::from(optional_size),
            symbols: file.u32(16),
            characteristics: file.u16(22),
            dll_characteristics: optional.u16(70),
            image_base,
            import_table: optional.u32(directories + 8),
        })
    }

    fn sections(&self, window: Window<'_>) -> Result<Vec<Section>, Error> {
        let (at, count) = (self.section_table, self.section_count.into());
        let table = Table::read(window, at, count, 40, ByteOrder::Little)?.ok_or_else(|| {
            malformed(Container::Pe, "section table lies outside the file", window, at)
        })?;
        let section = |record: Record<'_>| {
            let (virtual_size, raw_size) = (record.u32(8), record.u32(16));
            Section {
                name: record.name(0, 8).to_vec(),
                flags: record.u32(36),
                place: Segment {
                    address: self.image_base.wrapping_add(record.u32(12).into()),
                    offset: record.u32(20).into(),
                    // The file pads the section up; memory may extend it with zeros.
                    size: match virtual_size {
                        0 => raw_size,
                        _ => raw_size.min(virtual_size),
                    }
                    .into(),
                },
            }
        };
        Ok(table.entries().map(section).collect())
    }

    /// Names of the libraries in the import directory, which ends with an empty entry.
    fn imports(&self, window: Window<'_>, image: &Image) -> Result<Vec<String>, Error> {
        let place = |address: u32| image.locate(self.image_base.wrapping_add(address.into()));
        let mut names = Vec::new();
        if self.import_table == 0 {
            return Ok(names);
        }
        let Some((start, len)) = place(self.import_table) else {
            return Ok(names);
        };
        let most = (len / 20).min(MOST_IMPORTS);
        let Some(table) = Table::read(window, start, most, 20, ByteOrder::Little)? else {
            return Ok(names);
        };
        for name in table.entries().map(|record| record.u32(12)).take_while(|&name| name != 0) {
            if let Some((offset, _)) = place(name) {
                names.extend(string_at(window, offset, LONGEST_NAME)?);
            }
        }
        Ok(names)
    }

    fn arch(&self) -> Option<Arch> {
        match self.machine {
            0x014c => Some(Arch::I386),
            0x8664 => Some(Arch::Amd64),
            0x01c0 | 0x01c4 => Some(Arch::Arm),
            0xaa64 => Some(Arch::Arm64),
            _ => None,
        }
    }
}

struct Section {
    name: Vec<u8>,
    flags: u32,
    place: Segment,
}

impl Section {
    /// DWARF names are longer than eight bytes and stand in the string table as `/offset`.
    fn is_debug(&self) -> bool {
        self.name.starts_with(b".debug") || self.name.starts_with(b"/")
    }
}

const PE32: u16 = 0x10b;
const PE32_PLUS: u16 = 0x20b;
const IMAGE_FILE_DLL: u16 = 0x2000;
const DYNAMIC_BASE: u16 = 0x40;
const INITIALIZED_DATA: u32 = 0x40;
const EXECUTE: u32 = 0x2000_0000;
const WRITE: u32 = 0x8000_0000;
/// Libraries a program imports directly; Go programs import fewer than ten.
const MOST_IMPORTS: u64 = 1024;
/// Longest library name worth reading: Windows' `MAX_PATH`.
const LONGEST_NAME: usize = 260;
