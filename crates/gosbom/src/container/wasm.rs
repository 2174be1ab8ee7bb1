//! WebAssembly modules.
//! Layout: WebAssembly core specification, "Binary Format"; the `producers` section is that of
//! the tool conventions (<https://github.com/WebAssembly/tool-conventions>).
//!
//! Go writes no build information header into WebAssembly (golang/go#73741). The framed module
//! text is in the data section all the same, because the runtime needs it, and the toolchain
//! names its version in the `producers` section.

use super::record::malformed;
use super::{Container, Image, Segment};
use crate::facts::{Arch, Kind, Os};
use crate::source::Window;
use crate::{Error, GoSign, Limit};

pub(super) fn read(window: Window<'_>) -> Result<Image, Error> {
    let mut image = Image::new(Container::Wasm);
    image.facts.arch = Some(Arch::Wasm);
    image.facts.kind = Some(Kind::Executable);
    image.facts.stripped = Some(true);
    let mut at = 8;
    let mut count = 0;
    while at < window.len() {
        count += 1;
        Limit::Headers.hold(count, window.limits().headers)?;
        let header = window.bytes_up_to(at, 1 + MAX_VARINT)?;
        let mut cursor = Cursor { rest: &header[1..] };
        let bad = |part| malformed(Container::Wasm, part, window, at);
        let size = cursor.number().ok_or_else(|| bad("section size is cut off"))?;
        let start = at + (header.len() - cursor.rest.len()) as u64;
        let section =
            window.part(start, size).ok_or_else(|| bad("section lies outside the file"))?;
        match header[0] {
            CUSTOM => custom(&mut image, section)?,
            IMPORT => image.facts.os = os(section)?,
            DATA => image.regions.push(Segment { address: 0, offset: start, size }),
            _ => {}
        }
        at = start + size;
    }
    Ok(image)
}

fn custom(image: &mut Image, section: Window<'_>) -> Result<(), Error> {
    let bytes = section.bytes_up_to(0, LONGEST_PRODUCERS)?;
    let mut cursor = Cursor { rest: &bytes };
    match cursor.name() {
        Some(b"name") => image.facts.stripped = Some(false),
        Some(b"go:buildid" | b"go.buildid") => {
            image.go_sign = Some(GoSign::Section);
            image.facts.go_build_id = super::signs::go_build_id(cursor.rest);
        }
        Some(b"producers") => image.go_version = go_version(&mut cursor),
        _ => {}
    }
    Ok(())
}

/// The version of the producer `Go` in the field `language`.
fn go_version(cursor: &mut Cursor<'_>) -> Option<String> {
    for _ in 0..cursor.number()? {
        let field = cursor.name()?;
        for _ in 0..cursor.number()? {
            let (name, version) = (cursor.name()?, cursor.name()?);
            if field == b"language" && name == b"Go" {
                return String::from_utf8(version.to_vec()).ok();
            }
        }
    }
    None
}

/// Go imports its system calls from a module of a fixed name, first of all imports.
fn os(section: Window<'_>) -> Result<Option<Os>, Error> {
    let bytes = section.bytes_up_to(0, LONGEST_PRODUCERS)?;
    let mut cursor = Cursor { rest: &bytes };
    let module = cursor.number().and_then(|_| cursor.name());
    Ok(match module {
        Some(b"gojs" | b"go") => Some(Os::Js),
        Some(b"wasi_snapshot_preview1") => Some(Os::Wasip1),
        _ => None,
    })
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// An unsigned LEB128 of at most 32 bits.
    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for index in 0..MAX_VARINT {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return u32::try_from(value).ok().map(u64::from);
            }
        }
        None
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        let (name, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(name)
    }
}

const CUSTOM: u8 = 0;
const IMPORT: u8 = 2;
const DATA: u8 = 11;
const MAX_VARINT: usize = 5;
/// Enough of a custom or import section to see what it is; Go's `producers` has 71 bytes.
const LONGEST_PRODUCERS: usize = 4096;
