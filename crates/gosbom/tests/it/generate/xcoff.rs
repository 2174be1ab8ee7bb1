use super::{Bytes, Order, Width};

pub(crate) const DATA: u64 = 0x1000_0000;

/// An AIX program with one data section.
pub(crate) fn program(width: Width, content: &[u8]) -> Vec<u8> {
    let wide = width == Width::Bits64;
    let mut file = Bytes::new(Order::Big, width);
    file.u16(if wide { 0x1f7 } else { 0x1df }).u16(1).u32(0).word(0);
    match wide {
        true => file.u16(0).u16(2).u32(0),
        false => file.u32(0).u16(0).u16(2),
    };
    let start = file.len() + if wide { 72 } else { 40 };
    let start = start.next_multiple_of(16);
    file.name(b".data", 8).word(DATA).word(DATA).word(content.len() as u64).word(start);
    file.word(0).word(0);
    match wide {
        true => file.u32(0).u32(0).u32(0x40).u32(0),
        false => file.u16(0).u16(0).u32(0x40),
    };
    file.pad_to(start).raw(content);
    file.bytes
}
