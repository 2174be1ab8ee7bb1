//! Plan 9 a.out.
//! Layout: Plan 9 manual, a.out(6); addresses as `debug/plan9obj` and the linker compute them.
//!
//! The data section follows the text in the file without padding and starts on a page in memory.
//! The linker aligns the build information by address, so searching by file offset, as Go 1.24 to
//! 1.27 do, misses it whenever the text's size is not a multiple of 16 (golang/go#80193).

use super::record::{Record, malformed};
use super::signs::build_id_in_code;
use super::{ByteOrder, Container, Image, Segment};
use crate::Error;
use crate::facts::{Arch, Kind, Linkage, Os};
use crate::source::Window;

/// The architecture and page size that a magic number stands for.
pub(super) fn machine(start: &[u8]) -> Option<(Arch, u64)> {
    match start.first_chunk()? {
        [0, 0, 0x01, 0xeb] => Some((Arch::I386, 0x1000)),
        [0, 0, 0x8a, 0x97] => Some((Arch::Amd64, 0x20_0000)),
        [0, 0, 0x06, 0x47] => Some((Arch::Arm, 0x1000)),
        _ => None,
    }
}

pub(super) fn read(window: Window<'_>) -> Result<Image, Error> {
    let bytes = window.bytes_up_to(0, 32)?;
    let bad = |part, at| malformed(Container::Plan9, part, window, at);
    let (arch, page) = machine(&bytes).ok_or_else(|| bad("unknown a.out magic number", 0))?;
    if bytes.len() < 32 {
        return Err(bad("a.out header is cut off", bytes.len() as u64));
    }
    let record = Record::new(&bytes, ByteOrder::Big);
    let (text, data, symbols) = (record.u32(4), record.u32(8), record.u32(16));
    let header_size = match record.u32(0) & EXPANDED_HEADER {
        0 => 32,
        _ => 40,
    };
    let text = Segment { address: page + header_size, offset: header_size, size: text.into() };
    let data = Segment {
        address: (text.address + text.size).next_multiple_of(page),
        offset: text.offset + text.size,
        size: data.into(),
    };
    if window.part(data.offset, data.size).is_none() {
        return Err(bad("data section lies outside the file", 8));
    }
    let mut image = Image::new(Container::Plan9);
    image.segments = vec![text, data];
    image.regions = vec![data];
    image.mixed_regions = vec![text];
    // Read-only data stands in the text section.
    image.function_tables = vec![text, data];
    let go_build_id = build_id_in_code(window)?;
    let facts = &mut image.facts;
    facts.os = Some(Os::Plan9);
    facts.arch = Some(arch);
    facts.kind = Some(Kind::Executable);
    facts.pie = Some(false);
    facts.stripped = Some(symbols == 0);
    facts.linkage = Linkage::Static;
    facts.go_build_id = go_build_id;
    Ok(image)
}

/// `HDR_MAGIC`: eight more bytes, a 64-bit entry point.
const EXPANDED_HEADER: u32 = 0x8000;
