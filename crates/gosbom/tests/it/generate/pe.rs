use super::{Bytes, Order, Width};

/// A PE program with any sections.
#[derive(Clone, Debug)]
pub(crate) struct Pe {
    pub(crate) width: Width,
    pub(crate) dll_characteristics: u64,
    pub(crate) sections: Vec<Section>,
}

#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) flags: u64,
    pub(crate) content: Vec<u8>,
}

pub(crate) const IMAGE_BASE: u64 = 0x40_0000;
/// Address of the first section.
pub(crate) const FIRST: u64 = IMAGE_BASE + 0x1000;
pub(crate) const WRITABLE_DATA: u64 = 0xc000_0040;
pub(crate) const READ_ONLY_DATA: u64 = 0x4000_0040;

pub(crate) fn program(content: Vec<u8>) -> Pe {
    Pe {
        width: Width::Bits64,
        dll_characteristics: 0x140,
        sections: vec![Section { name: ".data", flags: WRITABLE_DATA, content }],
    }
}

impl Pe {
    pub(crate) fn build(&self) -> Vec<u8> {
        let wide = self.width == Width::Bits64;
        let optional: u64 = if wide { 240 } else { 224 };
        let mut file = Bytes::new(Order::Little, self.width);
        file.raw(b"MZ").pad_to(0x3c).u32(0x80).pad_to(0x80).raw(b"PE\0\0");
        file.u16(if wide { 0x8664 } else { 0x14c }).u16(self.sections.len() as u64);
        file.u32(0).u32(0).u32(0).u16(optional).u16(0x22);
        let start = file.len();
        file.u16(if wide { 0x20b } else { 0x10b });
        if wide {
            file.pad_to(start + 24).u64(IMAGE_BASE);
        } else {
            file.pad_to(start + 28).u32(IMAGE_BASE);
        }
        file.pad_to(start + 70).u16(self.dll_characteristics);
        file.pad_to(start + optional);
        let mut address = FIRST - IMAGE_BASE;
        let mut offset = (file.len() + 40 * self.sections.len() as u64).next_multiple_of(0x200);
        let mut offsets = Vec::new();
        for section in &self.sections {
            let size = section.content.len() as u64;
            offsets.push(offset);
            file.name(section.name.as_bytes(), 8).u32(size).u32(address);
            file.u32(size.next_multiple_of(0x200)).u32(offset);
            file.u32(0).u32(0).u16(0).u16(0).u32(section.flags);
            address = (address + size).next_multiple_of(0x1000);
            offset = (offset + size).next_multiple_of(0x200);
        }
        for (section, offset) in self.sections.iter().zip(offsets) {
            file.pad_to(offset).raw(&section.content).align(0x200);
        }
        file.bytes
    }

    /// A COFF object file with the same sections, as in an archive.
    pub(crate) fn object(&self) -> Vec<u8> {
        let mut file = Bytes::new(Order::Little, self.width);
        file.u16(0x8664).u16(self.sections.len() as u64);
        file.u32(0).u32(0).u32(0).u16(0).u16(0);
        let mut offset = file.len() + 40 * self.sections.len() as u64;
        for section in &self.sections {
            let size = section.content.len() as u64;
            file.name(section.name.as_bytes(), 8).u32(0).u32(0).u32(size).u32(offset);
            file.u32(0).u32(0).u16(0).u16(0).u32(section.flags);
            offset += size;
        }
        for section in &self.sections {
            file.raw(&section.content);
        }
        file.bytes
    }
}
