//! Finding and decoding the linker's 32-byte build information header.
//!
//! Layout: `debug/buildinfo` (Go 1.27) and `cmd/link/internal/ld/data.go`. A match that does not
//! decode is passed over, so that the same 14 bytes in a program that reads build information
//! itself (syft, govulncheck, go) do not hide the real one.

use memchr::memmem;

use super::{BuildInfo, BuildInfoSource, ModulesUnavailable};
use crate::container::{ByteOrder, Image};
use crate::source::Window;
use crate::{Error, Limit};

/// Build information and where it stands.
pub(crate) struct Found {
    pub(crate) build_info: BuildInfo,
    pub(crate) source: BuildInfoSource,
    /// Offset in the image's window.
    pub(crate) offset: u64,
}

/// Searches the image's regions in order; the first header that decodes wins.
pub(crate) fn find(window: Window<'_>, image: &Image) -> Result<Option<Found>, Error> {
    for region in &image.regions {
        // The linker aligns the header by address, which need not align it in the file.
        let skip = region.address.wrapping_neg() % ALIGN as u64;
        let Some(len) = region.size.checked_sub(skip) else {
            continue;
        };
        let Some(offset) = region.offset.checked_add(skip) else {
            continue;
        };
        let end = offset.saturating_add(len).min(window.len());
        if let Some(found) = search(window, image, offset, end, region.address.wrapping_add(skip))?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn search(
    window: Window<'_>,
    image: &Image,
    start: u64,
    end: u64,
    address: u64,
) -> Result<Option<Found>, Error> {
    let mut buffer = vec![0; CHUNK.min(end.saturating_sub(start) as usize)];
    let mut at = start;
    while at < end && end - at >= HEADER as u64 {
        let want = buffer.len().min((end - at) as usize);
        let got = window.fill(at, &mut buffer[..want])?;
        for index in memmem::find_iter(&buffer[..got], MAGIC) {
            let offset = at + index as u64;
            if index % ALIGN != 0 || end - offset < HEADER as u64 {
                continue;
            }
            let address = address.wrapping_add(offset - start);
            if let Some((build_info, source)) = decode(window, image, offset, address)? {
                return Ok(Some(Found { build_info, source, offset }));
            }
        }
        if got < want {
            break;
        }
        at += got as u64;
    }
    Ok(None)
}

/// `None` if what stands there is not a usable header.
fn decode(
    window: Window<'_>,
    image: &Image,
    offset: u64,
    address: u64,
) -> Result<Option<(BuildInfo, BuildInfoSource)>, Error> {
    let Some(header) = window.bytes(offset, HEADER)? else {
        return Ok(None);
    };
    let (pointer_size, flags) = (header[14], header[15]);
    if flags & INLINE_STRINGS != 0 {
        // The strings may run past the section, but not past the segment that loads it.
        let end = match image.locate(address) {
            Some((found, rest)) if found == offset => offset.saturating_add(rest),
            _ => window.len(),
        };
        let inline = inline(window, offset + HEADER as u64, end.min(window.len()))?;
        return Ok(inline.map(|build_info| (build_info, BuildInfoSource::Header)));
    }
    let order = match flags & BIG_ENDIAN {
        0 => ByteOrder::Little,
        _ => ByteOrder::Big,
    };
    let pointers = Pointers {
        window,
        image,
        size: match pointer_size {
            4 | 8 => pointer_size.into(),
            _ => return Ok(None),
        },
        order,
    };
    let by_address = pointers.follow(&header[16..])?;
    Ok(by_address.map(|build_info| (build_info, BuildInfoSource::AddressHeader)))
}

/// Go 1.18 and later: two strings, each after its length as a varint.
fn inline(window: Window<'_>, start: u64, end: u64) -> Result<Option<BuildInfo>, Error> {
    let limits = window.limits();
    let Some((version, next)) =
        length_prefixed(window, start, end, Limit::GoVersion, limits.go_version)?
    else {
        return Ok(None);
    };
    if version.is_empty() {
        return Ok(None);
    }
    let version = super::parse::text(&version);
    let Some((framed, _)) =
        length_prefixed(window, next, end, Limit::ModuleText, limits.module_text)?
    else {
        return Ok(None);
    };
    build_info(&version, framed, window).map(Some)
}

/// The string and where it ends; `None` if length or string do not end before `end`.
fn length_prefixed(
    window: Window<'_>,
    start: u64,
    end: u64,
    limit: Limit,
    allowed: u64,
) -> Result<Option<(Vec<u8>, u64)>, Error> {
    let prefix = window.bytes_up_to(start, MAX_VARINT)?;
    let Some((len, used)) = varint(&prefix) else {
        return Ok(None);
    };
    let start = start + used as u64;
    let Some(next) = start.checked_add(len).filter(|&next| next <= end) else {
        return Ok(None);
    };
    limit.hold(len, allowed)?;
    let string = window.bytes(start, len as usize)?;
    Ok(string.map(|string| (string, next)))
}

/// Go 1.13 to 1.17: the addresses of two string headers, each an address and a length.
struct Pointers<'a> {
    window: Window<'a>,
    image: &'a Image,
    size: usize,
    order: ByteOrder,
}

impl Pointers<'_> {
    fn follow(&self, pointers: &[u8]) -> Result<Option<BuildInfo>, Error> {
        let limits = self.window.limits();
        let (version, modules) = (self.word(pointers, 0), self.word(pointers, 1));
        let Some(version) = self.string(version, Limit::GoVersion, limits.go_version)? else {
            return Ok(None);
        };
        if version.is_empty() {
            return Ok(None);
        }
        let version = super::parse::text(&version);
        match self.string(modules, Limit::ModuleText, limits.module_text)? {
            Some(framed) => build_info(&version, framed, self.window).map(Some),
            None => {
                let reason = match modules {
                    0 => ModulesUnavailable::Absent,
                    address => ModulesUnavailable::Unreachable { address },
                };
                let info = BuildInfo::with_unreadable_modules(&version, reason, Vec::new());
                Ok(Some(info))
            }
        }
    }

    /// `None` if the header or its string lies outside the file.
    fn string(&self, address: u64, limit: Limit, allowed: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(header) = self.at(address, 2 * self.size as u64)? else {
            return Ok(None);
        };
        let (data, len) = (self.word(&header, 0), self.word(&header, 1));
        if len == 0 {
            return Ok(Some(Vec::new()));
        }
        match self.image.locate(data) {
            Some((_, rest)) if len <= rest => {
                limit.hold(len, allowed)?;
                self.at(data, len)
            }
            _ => Ok(None),
        }
    }

    fn at(&self, address: u64, len: u64) -> Result<Option<Vec<u8>>, Error> {
        match self.image.locate(address) {
            Some((offset, rest)) if len <= rest => self.window.bytes(offset, len as usize),
            _ => Ok(None),
        }
    }

    fn word(&self, bytes: &[u8], index: usize) -> u64 {
        let bytes = bytes.get(index * self.size..(index + 1) * self.size);
        let bytes = bytes.unwrap_or_default();
        let fold = |word: u64, &byte: &u8| word << 8 | u64::from(byte);
        match self.order {
            ByteOrder::Little => bytes.iter().rev().fold(0, fold),
            ByteOrder::Big => bytes.iter().fold(0, fold),
        }
    }
}

/// Takes the module text out of its two 16-byte frames. As in Go, the frames' own bytes are not
/// compared, only that there is room for them and that the text ends with a line.
fn build_info(version: &str, framed: Vec<u8>, window: Window<'_>) -> Result<BuildInfo, Error> {
    let text = match framed.len() {
        0 => &[],
        len if len > 2 * FRAME && framed[len - FRAME - 1] == b'\n' => &framed[FRAME..len - FRAME],
        len => {
            let reason = ModulesUnavailable::Unframed { len };
            return Ok(BuildInfo::with_unreadable_modules(version, reason, framed));
        }
    };
    BuildInfo::from_text(Some(version), text, window.limits())
}

/// Go's `binary.Uvarint`: value and bytes used; `None` if cut off or above 64 bits. Encodings
/// longer than necessary are accepted.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, &byte) in bytes.iter().take(MAX_VARINT).enumerate() {
        if index == MAX_VARINT - 1 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Some((value, index + 1));
        }
    }
    None
}

const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER: usize = 32;
const ALIGN: usize = 16;
const BIG_ENDIAN: u8 = 1;
const INLINE_STRINGS: u8 = 2;
const FRAME: usize = 16;
const MAX_VARINT: usize = 10;
/// Read at once while searching. A multiple of [`ALIGN`].
const CHUNK: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_as_go_decodes_them() {
        assert_eq!(varint(&[0]), Some((0, 1)));
        assert_eq!(varint(&[0xac, 0x02]), Some((300, 2)));
        assert_eq!(varint(&[0x85, 0x80, 0x00]), Some((5, 3)));
        let mut largest = [0xff; 10];
        largest[9] = 1;
        assert_eq!(varint(&largest), Some((u64::MAX, 10)));
        assert_eq!(varint(&[0xff; 10]), None);
        assert_eq!(varint(&[0x80; 3]), None);
        assert_eq!(varint(&[]), None);
    }
}
