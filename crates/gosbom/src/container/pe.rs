//! Portable Executable, 32 and 64 bit.
//! Layout: Microsoft, "PE Format" (<https://learn.microsoft.com/windows/win32/debug/pe-format>).

use super::record::{Record, Table, malformed, string_at};
use super::signs::build_id_in_code;
use super::{ByteOrder, Container, Image, Segment};
use crate::facts::{Arch, CodeSignature, Kind, Linkage, Os};
use crate::source::Window;
use crate::{Error, Packer};

pub(super) fn read(window: Window<'_>) -> Result<Image, Error> {
    let header = Header::read(window)?;
    let sections = header.file.sections(window, header.image_base)?;
    let mut image = Image::new(Container::Pe);
    image.segments = sections.iter().map(|section| section.place).collect();
    image.regions = regions(&sections);
    image.function_tables = function_tables(&sections);
    image.packer = sections.iter().any(|section| section.name == b"UPX0").then_some(Packer::Upx);

    let needed = header.imports(window, &image)?;
    let facts = &mut image.facts;
    facts.os = Some(Os::Windows);
    facts.arch = header.file.arch();
    facts.kind = Some(match header.file.characteristics & IMAGE_FILE_DLL {
        0 => Kind::Executable,
        _ => Kind::SharedLibrary,
    });
    facts.pie = Some(header.dll_characteristics & DYNAMIC_BASE != 0);
    facts.stripped = Some(header.file.is_stripped(&sections));
    facts.executable_stack = Some(header.dll_characteristics & NX_COMPAT == 0);
    facts.go_build_id = build_id_in_code(window)?;
    facts.code_signature = Some(match header.has_certificates {
        true => CodeSignature::Certificate,
        false => CodeSignature::Absent,
    });
    facts.linkage = Linkage::new(None, needed);
    Ok(image)
}

/// Whether a member of an archive starts with a COFF header: a known machine, sections, and no
/// optional header.
pub(super) fn is_object(window: Window<'_>) -> Result<bool, Error> {
    let bytes = window.bytes_up_to(0, COFF_HEADER)?;
    let header = FileHeader::new(&bytes, 0);
    Ok(bytes.len() == COFF_HEADER
        && header.arch().is_some()
        && header.optional_size == 0
        && header.sections > 0)
}

pub(super) fn read_object(window: Window<'_>) -> Result<Image, Error> {
    let bytes = window.bytes_up_to(0, COFF_HEADER)?;
    let header = FileHeader::new(&bytes, 0);
    let sections = header.sections(window, 0)?;
    let mut image = Image::new(Container::Coff);
    image.regions = regions(&sections);
    image.function_tables = function_tables(&sections);
    image.facts.os = Some(Os::Windows);
    image.facts.arch = header.arch();
    image.facts.kind = Some(Kind::Object);
    image.facts.stripped = Some(header.is_stripped(&sections));
    Ok(image)
}

/// The section that Go reads first: data with exactly the flags of Go's linker. Then writable data
/// with any flags, then read-only data.
fn regions(sections: &[Section]) -> Vec<Segment> {
    let rank = |section: &&Section| match section.flags {
        flags if flags & !ALIGNMENT == INITIALIZED_DATA | READ | WRITE => Some(0),
        flags if flags & INITIALIZED_DATA == 0 || flags & EXECUTE != 0 => None,
        flags if flags & WRITE != 0 => Some(1),
        _ => Some(2),
    };
    let ranked = |wanted| sections.iter().filter(move |it| rank(it) == Some(wanted));
    (0..3).flat_map(ranked).map(|section| section.place).collect()
}

/// All sections, data first: Go's PE linker gives the table no section of its own.
fn function_tables(sections: &[Section]) -> Vec<Segment> {
    let code = |section: &&Section| section.flags & EXECUTE != 0;
    let data = sections.iter().filter(|section| !code(section));
    let code = sections.iter().filter(code);
    data.chain(code).map(|section| section.place).collect()
}

/// The COFF file header, which object files start with.
struct FileHeader {
    machine: u16,
    sections: u16,
    section_table: u64,
    symbols: u32,
    optional_size: u16,
    characteristics: u16,
}

impl FileHeader {
    /// `start` is where the header stands in its window.
    fn new(bytes: &[u8], start: u64) -> Self {
        let record = Record::new(bytes, ByteOrder::Little);
        let optional_size = record.u16(16);
        Self {
            machine: record.u16(0),
            sections: record.u16(2),
            section_table: start + COFF_HEADER as u64 + u64::from(optional_size),
            symbols: record.u32(12),
            optional_size,
            characteristics: record.u16(18),
        }
    }

    fn sections(&self, window: Window<'_>, image_base: u64) -> Result<Vec<Section>, Error> {
        let (at, count) = (self.section_table, self.sections.into());
        let table = Table::read(window, at, count, 40, ByteOrder::Little)?.ok_or_else(|| {
            malformed(Container::Pe, "section table lies outside the file", window, at)
        })?;
        let section = |record: Record<'_>| {
            let (virtual_size, raw_size) = (record.u32(8), record.u32(16));
            Section {
                name: record.name(0, 8).to_vec(),
                flags: record.u32(36),
                place: Segment {
                    address: image_base.wrapping_add(record.u32(12).into()),
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

    fn arch(&self) -> Option<Arch> {
        match self.machine {
            0x014c => Some(Arch::I386),
            0x8664 => Some(Arch::Amd64),
            0x01c0 | 0x01c4 => Some(Arch::Arm),
            0xaa64 => Some(Arch::Arm64),
            _ => None,
        }
    }

    fn is_stripped(&self, sections: &[Section]) -> bool {
        self.symbols == 0 && !sections.iter().any(Section::is_debug)
    }
}

struct Header {
    file: FileHeader,
    dll_characteristics: u16,
    image_base: u64,
    import_table: u32,
    has_certificates: bool,
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
            .bytes(start, SIGNATURE.len() + COFF_HEADER)?
            .filter(|bytes| bytes.starts_with(SIGNATURE))
            .ok_or_else(|| bad("no PE signature", start))?;
        let start = start + SIGNATURE.len() as u64;
        let file = FileHeader::new(&file[SIGNATURE.len()..], start);
        let size = file.optional_size;
        let start = start + COFF_HEADER as u64;
        let optional = window
            .bytes(start, size.into())?
            .ok_or_else(|| bad("optional header lies outside the file", start))?;
        let optional = Record::new(&optional, ByteOrder::Little);
        let (image_base, directories) = match optional.u16(0) {
            PE32 if size >= 96 => (optional.u32(28).into(), 96),
            PE32_PLUS if size >= 112 => (optional.u64(24), 112),
            _ => return Err(bad("optional header is neither PE32 nor PE32+", start)),
        };
        Ok(Self {
            file,
            dll_characteristics: optional.u16(70),
            image_base,
            // Entries 1 and 4 of the data directories; a table of fewer entries reads as zero.
            import_table: optional.u32(directories + 8),
            has_certificates: optional.u32(directories + 4 * 8 + 4) > 0,
        })
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

const SIGNATURE: &[u8] = b"PE\0\0";
const COFF_HEADER: usize = 20;
const PE32: u16 = 0x10b;
const PE32_PLUS: u16 = 0x20b;
const IMAGE_FILE_DLL: u16 = 0x2000;
const DYNAMIC_BASE: u16 = 0x40;
const NX_COMPAT: u16 = 0x100;
const INITIALIZED_DATA: u32 = 0x40;
/// The alignment bits that Go's reader leaves out of account (`debug/buildinfo`).
const ALIGNMENT: u32 = 0x60_0000;
const READ: u32 = 0x4000_0000;
const EXECUTE: u32 = 0x2000_0000;
const WRITE: u32 = 0x8000_0000;
/// Libraries a program imports directly; Go programs import fewer than ten.
const MOST_IMPORTS: u64 = 1024;
/// Longest library name worth reading: Windows' `MAX_PATH`.
const LONGEST_NAME: usize = 260;
