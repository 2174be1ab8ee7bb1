use super::{Bytes, Order, Width};

/// A Plan 9 program: magic number, text of a given size, data.
pub(crate) fn program(magic: u64, text: u64, data: &[u8]) -> Vec<u8> {
    let mut file = Bytes::new(Order::Big, Width::Bits32);
    file.u32(magic).u32(text).u32(data.len() as u64);
    let header = if magic & 0x8000 == 0 { 32 } else { 40 };
    file.pad_to(header + text).raw(data);
    file.bytes
}

pub(crate) const I386: u64 = 0x1eb;
pub(crate) const AMD64: u64 = 0x8a97;
pub(crate) const ARM: u64 = 0x647;
