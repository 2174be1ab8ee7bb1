use super::{Bytes, Order, Width};

/// An ELF file: program headers with their content, and sections that lie in one of them.
#[derive(Clone, Debug)]
pub(crate) struct Elf {
    pub(crate) order: Order,
    pub(crate) width: Width,
    pub(crate) os_abi: u8,
    pub(crate) file_type: u64,
    pub(crate) machine: u64,
    pub(crate) programs: Vec<Program>,
    pub(crate) sections: Vec<Section>,
}

#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) kind: u64,
    pub(crate) flags: u64,
    pub(crate) address: u64,
    pub(crate) content: Vec<u8>,
    /// As the header says, if not the content's length.
    pub(crate) size: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) kind: u64,
    pub(crate) flags: u64,
    /// In which program, from where, and how long.
    pub(crate) program: usize,
    pub(crate) start: u64,
    pub(crate) size: u64,
}

pub(crate) const LOAD: u64 = 1;
pub(crate) const DYNAMIC: u64 = 2;
pub(crate) const INTERP: u64 = 3;
pub(crate) const GNU_STACK: u64 = 0x6474_e551;
pub(crate) const GNU_RELRO: u64 = 0x6474_e552;
pub(crate) const READ: u64 = 4;
pub(crate) const READ_WRITE: u64 = 6;
pub(crate) const DATA: u64 = 0x50_0000;

/// A 64-bit little-endian program with one writable segment and the section that Go names.
pub(crate) fn program(blob: Vec<u8>) -> Elf {
    let size = blob.len() as u64;
    let mut elf = without_sections(Order::Little, Width::Bits64, blob);
    elf.sections.push(Section {
        name: ".go.buildinfo",
        kind: 1,
        flags: 3,
        program: 0,
        start: 0,
        size,
    });
    elf
}

pub(crate) fn without_sections(order: Order, width: Width, blob: Vec<u8>) -> Elf {
    let machine = match (order, width) {
        (Order::Little, Width::Bits64) => 62,
        (Order::Little, Width::Bits32) => 3,
        (Order::Big, Width::Bits64) => 22,
        (Order::Big, Width::Bits32) => 8,
    };
    Elf {
        order,
        width,
        os_abi: 0,
        file_type: 2,
        machine,
        programs: vec![load(READ_WRITE, DATA, blob)],
        sections: Vec::new(),
    }
}

pub(crate) fn load(flags: u64, address: u64, content: Vec<u8>) -> Program {
    other(LOAD, flags, address, content)
}

pub(crate) fn other(kind: u64, flags: u64, address: u64, content: Vec<u8>) -> Program {
    Program { kind, flags, address, content, size: None }
}

impl Elf {
    pub(crate) fn build(&self) -> Vec<u8> {
        let wide = self.width == Width::Bits64;
        let (header, program, section) = if wide { (64, 56, 64) } else { (52, 32, 40) };
        let count = self.programs.len() as u64;
        let mut at = header + program * count;
        let mut offsets = Vec::new();
        for program in &self.programs {
            at = at.next_multiple_of(16);
            offsets.push(at);
            at += program.content.len() as u64;
        }
        let names_at = at;
        let mut names = b"\0.shstrtab\0".to_vec();
        let mut name_offsets = Vec::new();
        for section in &self.sections {
            name_offsets.push(names.len() as u64);
            names.extend(section.name.as_bytes());
            names.push(0);
        }
        let has_sections = !self.sections.is_empty();
        let sections_at = (names_at + names.len() as u64).next_multiple_of(16);
        let section_count = if has_sections { self.sections.len() as u64 + 2 } else { 0 };

        let mut file = Bytes::new(self.order, self.width);
        file.raw(b"\x7fELF").raw(&[
            if wide { 2 } else { 1 },
            if self.order == Order::Big { 2 } else { 1 },
            1,
            self.os_abi,
        ]);
        file.pad_to(16);
        file.u16(self.file_type).u16(self.machine).u32(1).word(0).word(header);
        file.word(if has_sections { sections_at } else { 0 });
        file.u32(0).u16(header).u16(program).u16(count);
        file.u16(section).u16(section_count).u16(if has_sections { 1 } else { 0 });
        for (program, &offset) in self.programs.iter().zip(&offsets) {
            let size = program.size.unwrap_or(program.content.len() as u64);
            file.u32(program.kind);
            if wide {
                file.u32(program.flags);
            }
            file.word(offset).word(program.address).word(program.address).word(size).word(size);
            if !wide {
                file.u32(program.flags);
            }
            file.word(16);
        }
        for (program, &offset) in self.programs.iter().zip(&offsets) {
            file.pad_to(offset).raw(&program.content);
        }
        if !has_sections {
            return file.bytes;
        }
        file.raw(&names).pad_to(sections_at);
        let mut entry = |name, kind, flags, address, offset, size| {
            file.u32(name).u32(kind).word(flags).word(address).word(offset).word(size);
            file.u32(0).u32(0).word(1).word(0);
        };
        entry(0, 0, 0, 0, 0, 0);
        entry(1, 3, 0, 0, names_at, names.len() as u64);
        for (section, name) in self.sections.iter().zip(name_offsets) {
            let program = &self.programs[section.program];
            let address = match self.file_type {
                1 => 0,
                _ => program.address + section.start,
            };
            let offset = offsets[section.program] + section.start;
            entry(name, section.kind, section.flags, address, offset, section.size);
        }
        file.bytes
    }
}
