//! ELF, 32 and 64 bit, both byte orders.
//! Layout: System V gABI, chapters 4 and 5 (<https://gabi.xinuos.com>).
//!
//! Program headers are what the loader uses, so a broken table of them is an error. The section
//! table is optional: where it is missing or broken, the file is searched through its segments.

use super::record::{Record, Table, malformed, string_at, until_nul};
use super::{ByteOrder, Container, Image, Segment};
use crate::facts::{Arch, Kind, Linkage, Os, Relro};
use crate::source::Window;
use crate::{Error, GoSign, Limit};

pub(super) fn read(window: Window<'_>) -> Result<Image, Error> {
    let header = Header::read(window)?;
    let mut image = Image::new(Container::Elf);
    let programs = header.programs(window)?;
    let sections = header.sections(window)?;

    let is_go = |section: &Section| GO_SECTIONS.contains(&section.name.as_slice());
    image.go_sign = sections.iter().any(is_go).then_some(GoSign::Section);
    image.fill(loaded(&programs).map(|program| program.segment).collect(), window.limits())?;
    image.regions = image.as_loaded(regions(&programs, &sections));
    image.function_tables = image.as_loaded(function_tables(&programs, &sections));

    let dynamic = Dynamic::read(window, &header, &image, &programs)?;
    let notes = Notes::read(window, &header, &sections, &programs)?;
    let interpreter = interpreter(window, &programs)?;
    let stack = programs.iter().find(|program| program.kind == PT_GNU_STACK);
    let facts = &mut image.facts;
    facts.arch = header.arch();
    facts.os = os(&header, &sections, &notes, interpreter.as_deref());
    facts.kind = kind(&header, interpreter.is_some(), &dynamic);
    facts.pie = Some(header.file_type == ET_DYN && facts.kind == Some(Kind::Executable));
    facts.stripped = Some(!sections.iter().any(Section::is_symbolic));
    facts.relro = Some(relro(&programs, &dynamic));
    facts.bind_now = Some(dynamic.bind_now);
    facts.executable_stack = stack.map(|stack| stack.flags & PF_X != 0);
    facts.go_build_id = notes.go_build_id;
    facts.link_id = notes.gnu_build_id;
    facts.linkage = match facts.kind {
        Some(Kind::Object) => Linkage::Unknown,
        _ => Linkage::new(interpreter, dynamic.needed),
    };
    Ok(image)
}

fn loaded(programs: &[Program]) -> impl Iterator<Item = &Program> {
    programs.iter().filter(|program| program.kind == PT_LOAD)
}

/// Sections named by Go first. Without one, what older Go releases searched: writable data. Last,
/// if the file may well be Go's, read-only data, because a linker may have merged the section.
fn regions(programs: &[Program], sections: &[Section]) -> Vec<Segment> {
    let mut regions: Vec<_> = sections
        .iter()
        .filter(|section| section.name == b".go.buildinfo" && section.kind != SHT_NOBITS)
        .map(|section| section.segment)
        .collect();
    regions.extend(data(programs, sections, Access::Writable));
    let may_be_go = sections.is_empty()
        || sections.iter().any(|section| GO_SECTIONS.contains(&section.name.as_slice()));
    if may_be_go {
        regions.extend(data(programs, sections, Access::ReadOnly));
    }
    regions
}

/// Where the linker puts the table under its own name; else anywhere in the data.
fn function_tables(programs: &[Program], sections: &[Section]) -> Vec<Segment> {
    let mut places: Vec<_> = sections
        .iter()
        .filter(|section| section.name.ends_with(b".gopclntab") && section.kind != SHT_NOBITS)
        .map(|section| section.segment)
        .collect();
    if places.is_empty() {
        places.extend(data(programs, sections, Access::ReadOnly));
        places.extend(data(programs, sections, Access::Writable));
        let code = loaded(programs).filter(|program| program.flags & PF_X != 0);
        places.extend(code.map(|program| program.segment));
    }
    places
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Writable,
    ReadOnly,
}

/// Data without code: segments, or in an object file, which has none, sections.
fn data(programs: &[Program], sections: &[Section], access: Access) -> Vec<Segment> {
    let of = |writable, executable| match (writable, executable) {
        (_, true) => None,
        (true, false) => Some(Access::Writable),
        (false, false) => Some(Access::ReadOnly),
    };
    if loaded(programs).next().is_some() {
        return loaded(programs)
            .filter(|it| of(it.flags & PF_W != 0, it.flags & PF_X != 0) == Some(access))
            .map(|program| program.segment)
            .collect();
    }
    sections
        .iter()
        .filter(|it| it.kind == SHT_PROGBITS && it.flags & SHF_ALLOC != 0)
        .filter(|it| of(it.flags & SHF_WRITE != 0, it.flags & SHF_EXECINSTR != 0) == Some(access))
        .map(|section| section.segment)
        .collect()
}

struct Header {
    order: ByteOrder,
    wide: bool,
    file_type: u16,
    machine: u16,
    os_abi: u8,
    programs: TablePlace,
    sections: TablePlace,
    section_names: u64,
}

struct TablePlace {
    offset: u64,
    count: u64,
    entry: u64,
}

impl Header {
    fn read(window: Window<'_>) -> Result<Self, Error> {
        let bytes = window.bytes_up_to(0, 64)?;
        let bad = |part, offset| malformed(Container::Elf, part, window, offset);
        let wide = match bytes.get(4) {
            Some(1) => false,
            Some(2) => true,
            _ => return Err(bad("ELF class is neither 32 nor 64 bit", 4)),
        };
        let order = match bytes.get(5) {
            Some(1) => ByteOrder::Little,
            Some(2) => ByteOrder::Big,
            _ => return Err(bad("ELF data encoding is neither little nor big endian", 5)),
        };
        if bytes.len() < if wide { 64 } else { 52 } {
            return Err(bad("ELF header is cut off", bytes.len() as u64));
        }
        let record = Record::new(&bytes, order);
        let (offsets, counts) = if wide { (32, 54) } else { (28, 42) };
        let offset = |index: usize| match wide {
            true => record.u64(offsets + 8 * index),
            false => record.u32(offsets + 4 * index).into(),
        };
        let place = |index: usize, count: usize| TablePlace {
            offset: offset(index),
            entry: record.u16(count).into(),
            count: record.u16(count + 2).into(),
        };
        let mut header = Self {
            order,
            wide,
            file_type: record.u16(16),
            machine: record.u16(18),
            os_abi: bytes[7],
            programs: place(0, counts),
            sections: place(1, counts + 4),
            section_names: record.u16(counts + 8).into(),
        };
        header.extend_counts(window)?;
        Ok(header)
    }

    /// Counts that do not fit into 16 bits stand in section 0 (gABI, "ELF header", `e_shnum`).
    fn extend_counts(&mut self, window: Window<'_>) -> Result<(), Error> {
        let overflows = self.sections.count == 0
            || self.programs.count == PN_XNUM
            || self.section_names == SHN_XINDEX;
        if self.sections.offset == 0 || !overflows || self.sections.entry != self.section_size() {
            return Ok(());
        }
        let size = self.section_size() as usize;
        let Some(table) = Table::read(window, self.sections.offset, 1, size, self.order)? else {
            return Ok(());
        };
        let Some(first) = table.entries().next() else {
            return Ok(());
        };
        let (size, link, info) = match self.wide {
            true => (first.u64(32), first.u32(40), first.u32(44)),
            false => (first.u32(20).into(), first.u32(24), first.u32(28)),
        };
        if self.sections.count == 0 {
            self.sections.count = size;
        }
        if self.programs.count == PN_XNUM {
            self.programs.count = info.into();
        }
        if self.section_names == SHN_XINDEX {
            self.section_names = link.into();
        }
        Ok(())
    }

    fn section_size(&self) -> u64 {
        if self.wide { 64 } else { 40 }
    }

    fn programs(&self, window: Window<'_>) -> Result<Vec<Program>, Error> {
        let place = &self.programs;
        if place.count == 0 {
            return Ok(Vec::new());
        }
        let entry = if self.wide { 56 } else { 32 };
        let bad = |part| malformed(Container::Elf, part, window, place.offset);
        if place.entry != entry {
            return Err(bad("program header entries have the wrong size"));
        }
        let table = Table::read(window, place.offset, place.count, entry as usize, self.order)?
            .ok_or_else(|| bad("program header table lies outside the file"))?;
        let program = |record: Record<'_>| match self.wide {
            true => Program {
                kind: record.u32(0),
                flags: record.u32(4),
                segment: Segment {
                    offset: record.u64(8),
                    address: record.u64(16),
                    size: record.u64(32),
                },
            },
            false => Program {
                kind: record.u32(0),
                flags: record.u32(24),
                segment: Segment {
                    offset: record.u32(4).into(),
                    address: record.u32(8).into(),
                    size: record.u32(16).into(),
                },
            },
        };
        Ok(table.entries().map(program).collect())
    }

    /// Empty if there is no section table or it cannot be read: sections are optional at run time.
    fn sections(&self, window: Window<'_>) -> Result<Vec<Section>, Error> {
        let place = &self.sections;
        let entry = self.section_size();
        if place.offset == 0 || place.entry != entry {
            return Ok(Vec::new());
        }
        let table = Table::read(window, place.offset, place.count, entry as usize, self.order)?;
        let Some(table) = table else {
            return Ok(Vec::new());
        };
        let entries: Vec<_> = table.entries().map(|record| self.section(record)).collect();
        let names = match entries.get(usize::try_from(self.section_names).unwrap_or(usize::MAX)) {
            // A compressed name table (SHF_COMPRESSED) is never inflated: no linker writes one.
            Some((names, _)) if names.flags & SHF_COMPRESSED == 0 => names.segment,
            _ => return Ok(Vec::new()),
        };
        Limit::NameTable.hold(names.size, window.limits().name_table)?;
        let names = window.bytes_up_to(names.offset, names.size as usize)?;
        let named = entries.into_iter().map(|(mut section, name)| {
            let name = names.get(name as usize..).unwrap_or_default();
            section.name = until_nul(&name[..name.len().min(LONGEST_SECTION_NAME)]).to_vec();
            section
        });
        Ok(named.collect())
    }

    /// The section, and where its name starts in the name table.
    fn section(&self, record: Record<'_>) -> (Section, u32) {
        let (flags, address, offset, size) = match self.wide {
            true => (record.u64(8), record.u64(16), record.u64(24), record.u64(32)),
            false => (
                record.u32(8).into(),
                record.u32(12).into(),
                record.u32(16).into(),
                record.u32(20).into(),
            ),
        };
        let section = Section {
            name: Vec::new(),
            kind: record.u32(4),
            flags,
            segment: Segment { address, offset, size },
        };
        (section, record.u32(0))
    }

    fn arch(&self) -> Option<Arch> {
        let little = self.order == ByteOrder::Little;
        match (self.machine, self.wide, little) {
            (EM_386, false, true) => Some(Arch::I386),
            (EM_X86_64, true, true) => Some(Arch::Amd64),
            (EM_ARM, false, true) => Some(Arch::Arm),
            (EM_AARCH64, true, true) => Some(Arch::Arm64),
            (EM_LOONGARCH, true, true) => Some(Arch::Loong64),
            (EM_MIPS, false, false) => Some(Arch::Mips),
            (EM_MIPS, false, true) => Some(Arch::Mipsle),
            (EM_MIPS, true, false) => Some(Arch::Mips64),
            (EM_MIPS, true, true) => Some(Arch::Mips64le),
            (EM_PPC64, true, false) => Some(Arch::Ppc64),
            (EM_PPC64, true, true) => Some(Arch::Ppc64le),
            (EM_RISCV, true, true) => Some(Arch::Riscv64),
            (EM_S390, true, false) => Some(Arch::S390x),
            _ => None,
        }
    }
}

struct Program {
    kind: u32,
    flags: u32,
    segment: Segment,
}

struct Section {
    name: Vec<u8>,
    kind: u32,
    flags: u64,
    segment: Segment,
}

impl Section {
    fn is_symbolic(&self) -> bool {
        self.kind == SHT_SYMTAB
            || self.name.starts_with(b".debug_")
            || self.name.starts_with(b".zdebug_")
    }
}

/// What the loader is told at run time (`PT_DYNAMIC`).
#[derive(Default)]
struct Dynamic {
    needed: Vec<String>,
    bind_now: bool,
    pie: bool,
}

impl Dynamic {
    fn read(
        window: Window<'_>,
        header: &Header,
        image: &Image,
        programs: &[Program],
    ) -> Result<Self, Error> {
        let mut dynamic = Self::default();
        let Some(place) = programs.iter().find(|program| program.kind == PT_DYNAMIC) else {
            return Ok(dynamic);
        };
        let entry = if header.wide { 16 } else { 8 };
        let count = place.segment.size / entry as u64;
        let table = Table::read(window, place.segment.offset, count, entry, header.order)?
            .ok_or_else(|| {
                let part = "dynamic section lies outside the file";
                malformed(Container::Elf, part, window, place.segment.offset)
            })?;
        let mut strings = None;
        let mut needed = Vec::new();
        for record in table.entries() {
            let (tag, value) = match header.wide {
                true => (record.u64(0), record.u64(8)),
                false => (record.u32(0).into(), record.u32(4).into()),
            };
            match tag {
                DT_NULL => break,
                DT_NEEDED => needed.push(value),
                DT_STRTAB => strings = image.locate(value),
                DT_BIND_NOW => dynamic.bind_now = true,
                DT_FLAGS => dynamic.bind_now |= value & DF_BIND_NOW != 0,
                DT_FLAGS_1 => {
                    dynamic.bind_now |= value & DF_1_NOW != 0;
                    dynamic.pie = value & DF_1_PIE != 0;
                }
                _ => {}
            }
        }
        let Some((strings, _)) = strings else {
            return Ok(dynamic);
        };
        for name in needed {
            let offset = strings.saturating_add(name);
            dynamic.needed.extend(string_at(window, offset, LONGEST_NAME)?);
        }
        Ok(dynamic)
    }
}

/// Build ids (gABI, "Note Section").
#[derive(Default)]
struct Notes {
    go_build_id: Option<String>,
    gnu_build_id: Option<Vec<u8>>,
    /// The kernel that the C library's start-up code is made for.
    abi: Option<u32>,
}

impl Notes {
    fn read(
        window: Window<'_>,
        header: &Header,
        sections: &[Section],
        programs: &[Program],
    ) -> Result<Self, Error> {
        let mut notes = Self::default();
        let in_sections = sections.iter().filter(|section| section.kind == SHT_NOTE);
        let in_segments = programs.iter().filter(|program| program.kind == PT_NOTE);
        let places = in_sections
            .map(|section| section.segment)
            .chain(in_segments.map(|program| program.segment));
        for place in places.take(MOST_NOTES) {
            let size = usize::try_from(place.size).unwrap_or(usize::MAX);
            let bytes = window.bytes_up_to(place.offset, size.min(LONGEST_NOTES))?;
            notes.parse(&bytes, header.order);
        }
        Ok(notes)
    }

    fn parse(&mut self, mut bytes: &[u8], order: ByteOrder) {
        while bytes.len() > 12 {
            let head = Record::new(bytes, order);
            let (name_len, len) = (head.u32(0) as usize, head.u32(4) as usize);
            let padded = |len: usize| len.checked_next_multiple_of(4);
            let split = |bytes: &'_ [u8], len: usize| -> Option<(usize, usize)> {
                let end = padded(len)?;
                (len <= bytes.len()).then_some((len, end.min(bytes.len())))
            };
            let rest = &bytes[12..];
            let Some((name_end, start)) = split(rest, name_len) else {
                return;
            };
            let (name, rest) = (&rest[..name_end], &rest[start..]);
            let Some((end, next)) = split(rest, len) else {
                return;
            };
            match (name, head.u32(8)) {
                (b"Go\0\0", NT_GO_BUILD_ID) => {
                    self.go_build_id = super::signs::build_id_text(&rest[..end]);
                }
                (b"GNU\0", NT_GNU_ABI_TAG) if end >= 4 => {
                    self.abi = Some(Record::new(rest, order).u32(0));
                }
                (b"GNU\0", NT_GNU_BUILD_ID) => self.gnu_build_id = Some(rest[..end].to_vec()),
                _ => {}
            }
            bytes = &rest[next..];
        }
    }
}

fn relro(programs: &[Program], dynamic: &Dynamic) -> Relro {
    let has_segment = programs.iter().any(|program| program.kind == PT_GNU_RELRO);
    match (has_segment, dynamic.bind_now) {
        (false, _) => Relro::Absent,
        (true, false) => Relro::Partial,
        (true, true) => Relro::Full,
    }
}

fn interpreter(window: Window<'_>, programs: &[Program]) -> Result<Option<String>, Error> {
    let Some(program) = programs.iter().find(|program| program.kind == PT_INTERP) else {
        return Ok(None);
    };
    let size = usize::try_from(program.segment.size).unwrap_or(usize::MAX);
    string_at(window, program.segment.offset, size.min(LONGEST_NAME))
}

/// The Go linker marks FreeBSD, NetBSD and OpenBSD by OS ABI and notes; the interpreter tells
/// Android and Linux. Statically linked Linux and DragonFly programs carry no mark at all, and
/// Solaris and illumos carry the same.
fn os(
    header: &Header,
    sections: &[Section],
    notes: &Notes,
    interpreter: Option<&str>,
) -> Option<Os> {
    let has = |name: &[u8]| sections.iter().any(|section| section.name == name);
    match header.os_abi {
        2 => return Some(Os::Netbsd),
        9 => return Some(Os::Freebsd),
        12 => return Some(Os::Openbsd),
        _ => {}
    }
    if has(b".note.netbsd.ident") {
        return Some(Os::Netbsd);
    }
    if has(b".note.openbsd.ident") {
        return Some(Os::Openbsd);
    }
    match notes.abi {
        Some(0) => return Some(Os::Linux),
        Some(3) => return Some(Os::Freebsd),
        _ => {}
    }
    match interpreter {
        Some("/system/bin/linker" | "/system/bin/linker64") => Some(Os::Android),
        Some("/usr/libexec/ld-elf.so.2") => Some(Os::Dragonfly),
        Some(path) if path.contains("/ld-linux") || path.contains("/ld-musl") => Some(Os::Linux),
        _ => None,
    }
}

fn kind(header: &Header, has_interpreter: bool, dynamic: &Dynamic) -> Option<Kind> {
    match header.file_type {
        ET_EXEC => Some(Kind::Executable),
        ET_REL => Some(Kind::Object),
        // A static PIE has no interpreter and is marked by a flag.
        ET_DYN if has_interpreter || dynamic.pie => Some(Kind::Executable),
        ET_DYN => Some(Kind::SharedLibrary),
        _ => None,
    }
}

/// Sections that only the Go linker writes (`cmd/link/internal/ld/elf.go`).
const GO_SECTIONS: [&[u8]; 7] = [
    b".go.buildinfo",
    b".gopclntab",
    b".data.rel.ro.gopclntab",
    b".gosymtab",
    b".go.fipsinfo",
    b".note.go.buildid",
    b".typelink",
];

/// Places of notes that are looked at, and bytes of each; Go's notes have about 100 bytes.
const MOST_NOTES: usize = 64;
const LONGEST_NOTES: usize = 4096;

/// Longer than any name that is looked for. Without it, sections could share one long name, and
/// each would have a copy of it.
const LONGEST_SECTION_NAME: usize = 64;

/// Longest path of an interpreter or library: Linux' `PATH_MAX`.
const LONGEST_NAME: usize = 4096;

const ET_REL: u16 = 1;
const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
const EM_386: u16 = 3;
const EM_MIPS: u16 = 8;
const EM_PPC64: u16 = 21;
const EM_S390: u16 = 22;
const EM_ARM: u16 = 40;
const EM_X86_64: u16 = 62;
const EM_AARCH64: u16 = 183;
const EM_RISCV: u16 = 243;
const EM_LOONGARCH: u16 = 258;
const PN_XNUM: u64 = 0xffff;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const PT_NOTE: u32 = 4;
const PT_GNU_STACK: u32 = 0x6474_e551;
const PT_GNU_RELRO: u32 = 0x6474_e552;
const PF_X: u32 = 1;
const PF_W: u32 = 2;
const SHN_XINDEX: u64 = 0xffff;
const SHT_PROGBITS: u32 = 1;
const SHT_SYMTAB: u32 = 2;
const SHT_NOTE: u32 = 7;
const SHT_NOBITS: u32 = 8;
const SHF_WRITE: u64 = 1;
const SHF_ALLOC: u64 = 2;
const SHF_EXECINSTR: u64 = 4;
const SHF_COMPRESSED: u64 = 0x800;
const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_BIND_NOW: u64 = 24;
const DT_FLAGS: u64 = 30;
const DF_BIND_NOW: u64 = 8;
const DF_1_NOW: u64 = 1;
const NT_GO_BUILD_ID: u32 = 4;
const NT_GNU_ABI_TAG: u32 = 1;
const NT_GNU_BUILD_ID: u32 = 3;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DF_1_PIE: u64 = 0x0800_0000;
