use super::{Bytes, Order, Width};

/// A Mach-O program with one data segment and, if named, one section in it.
#[derive(Clone, Debug)]
pub(crate) struct MachO {
    pub(crate) order: Order,
    pub(crate) width: Width,
    pub(crate) cpu: u64,
    pub(crate) section: Option<&'static str>,
    pub(crate) address: u64,
    pub(crate) content: Vec<u8>,
    pub(crate) libraries: Vec<&'static str>,
}

pub(crate) const DATA: u64 = 0x1_0000;
pub(crate) const AMD64: u64 = 0x0100_0007;
pub(crate) const ARM64: u64 = 0x0100_000c;

pub(crate) fn program(content: Vec<u8>) -> MachO {
    MachO {
        order: Order::Little,
        width: Width::Bits64,
        cpu: ARM64,
        section: Some("__go_buildinfo"),
        address: DATA,
        content,
        libraries: vec!["/usr/lib/libSystem.B.dylib"],
    }
}

impl MachO {
    pub(crate) fn build(&self) -> Vec<u8> {
        let wide = self.width == Width::Bits64;
        let (header, segment, section) = if wide { (32, 72, 80) } else { (28, 56, 68) };
        let sections = u64::from(self.section.is_some());
        let segment_size = segment + section * sections;
        let library_size = |name: &str| (24 + name.len() as u64 + 1).next_multiple_of(8);
        let libraries: u64 = self.libraries.iter().map(|name| library_size(name)).sum();
        let commands_size = segment_size + libraries;
        let start = (header + commands_size).next_multiple_of(16);
        let size = self.content.len() as u64;

        let mut file = Bytes::new(self.order, self.width);
        file.u32(if wide { 0xfeed_facf } else { 0xfeed_face });
        file.u32(self.cpu).u32(0).u32(2);
        file.u32(1 + self.libraries.len() as u64).u32(commands_size).u32(0x20_0000);
        if wide {
            file.u32(0);
        }
        file.u32(if wide { 0x19 } else { 1 }).u32(segment_size).name(b"__DATA", 16);
        file.word(self.address).word(size).word(start).word(size);
        file.u32(3).u32(3).u32(sections).u32(0);
        if let Some(name) = self.section {
            file.name(name.as_bytes(), 16).name(b"__DATA", 16);
            file.word(self.address).word(size).u32(start);
            file.pad_to(header + segment_size);
        }
        for name in &self.libraries {
            let end = file.len() + library_size(name);
            file.u32(0xc).u32(library_size(name)).u32(24).u32(0).u32(0).u32(0);
            file.raw(name.as_bytes()).pad_to(end);
        }
        file.pad_to(start).raw(&self.content);
        file.bytes
    }
}

/// A universal file of these slices.
pub(crate) fn universal(width: Width, slices: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let entry = if width == Width::Bits64 { 32 } else { 20 };
    let mut at = (8 + entry * slices.len() as u64).next_multiple_of(0x1000);
    let mut file = Bytes::new(Order::Big, width);
    file.u32(if width == Width::Bits64 { 0xcafe_babf } else { 0xcafe_babe });
    file.u32(slices.len() as u64);
    let mut offsets = Vec::new();
    for (cpu, slice) in slices {
        offsets.push(at);
        file.u32(*cpu).u32(0).word(at).word(slice.len() as u64).u32(12);
        if width == Width::Bits64 {
            file.u32(0);
        }
        at = (at + slice.len() as u64).next_multiple_of(0x1000);
    }
    for ((_, slice), offset) in slices.iter().zip(offsets) {
        file.pad_to(offset).raw(slice);
    }
    file.bytes
}
