//! From bytes to an [`Image`]: where to look for the build information, how addresses map to the
//! file, and what the headers say.
//!
//! Every reader here works on a [`Window`] and obeys the same rules: tables are counted against
//! [`Limits::headers`](crate::Limits) before they are read, ranges are half-open and checked
//! against the window, nothing is decompressed, and no table is trusted to be sorted or free of
//! overlaps.

mod archive;
mod elf;
mod macho;
mod pe;
mod plan9;
mod record;
pub(crate) mod signs;
mod wasm;
mod xcoff;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::facts::BinaryFacts;
use crate::source::Window;
use crate::{Error, GoSign, Limit, Limits, Packer};

/// A file format that Go programs come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Container {
    /// Executable and Linkable Format: Linux, the BSDs, Solaris, illumos.
    Elf,
    /// Mach-O: macOS, iOS.
    MachO,
    /// Several Mach-O images in one file, one for each processor.
    MachOUniversal,
    /// Portable Executable: Windows.
    Pe,
    /// A COFF object file: a member of a Windows archive.
    Coff,
    /// Extended Common Object File Format: AIX.
    Xcoff,
    /// Plan 9 a.out.
    Plan9,
    /// A WebAssembly module.
    Wasm,
    /// An `ar` archive of object files.
    Archive,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elf => "ELF file",
            Self::MachO => "Mach-O file",
            Self::MachOUniversal => "universal Mach-O file",
            Self::Pe => "PE file",
            Self::Coff => "COFF object file",
            Self::Xcoff => "XCOFF file",
            Self::Plan9 => "Plan 9 a.out file",
            Self::Wasm => "WebAssembly module",
            Self::Archive => "ar archive",
        })
    }
}

/// One executable image, ready to be searched.
pub(crate) struct Image {
    pub(crate) container: Container,
    pub(crate) segments: Vec<Segment>,
    /// Where the build information may be, best place first.
    pub(crate) regions: Vec<Segment>,
    /// Where else the runtime's copy of the module text may be: linkers for some systems put
    /// read-only data and code into one segment.
    pub(crate) mixed_regions: Vec<Segment>,
    pub(crate) facts: BinaryFacts,
    /// Set if a section shows that Go made this file.
    pub(crate) go_sign: Option<GoSign>,
    /// Set if a section shows that the file is packed.
    pub(crate) packer: Option<Packer>,
    /// The Go version, where the container itself names it.
    pub(crate) go_version: Option<String>,
    /// Where the function table (pclntab) is, or may be, best place first.
    pub(crate) function_tables: Vec<Segment>,
}

impl Image {
    fn new(container: Container) -> Self {
        Self {
            container,
            segments: Vec::new(),
            regions: Vec::new(),
            mixed_regions: Vec::new(),
            facts: BinaryFacts::default(),
            go_sign: None,
            packer: None,
            go_version: None,
            function_tables: Vec::new(),
        }
    }

    fn fill(&mut self, segments: Vec<Segment>, limits: &Limits) -> Result<(), Error> {
        Limit::Segments.hold(segments.len() as u64, limits.segments)?;
        self.segments = segments;
        Ok(())
    }

    /// Sections as the loader sees them: at the place in the file that their address is filled
    /// from, which need not be the place that the section table names. Go reads by address too.
    fn as_loaded(&self, sections: Vec<Segment>) -> Vec<Segment> {
        let loaded = |section: Segment| match self.locate(section.address) {
            Some((offset, rest)) => Segment { offset, size: section.size.min(rest), ..section },
            None => section,
        };
        sections.into_iter().map(loaded).collect()
    }

    /// Every place where framed module text may be.
    pub(crate) fn text_regions(&self) -> Vec<Segment> {
        self.regions.iter().chain(&self.mixed_regions).copied().collect()
    }

    /// Where in the file the byte at `address` is, and how many bytes follow it in its segment.
    pub(crate) fn locate(&self, address: u64) -> Option<(u64, u64)> {
        self.segments.iter().find_map(|segment| {
            let distance = address.checked_sub(segment.address)?;
            let rest = segment.size.checked_sub(distance).filter(|&rest| rest > 0)?;
            Some((segment.offset.checked_add(distance)?, rest))
        })
    }
}

/// A range of addresses that is filled from a range of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) address: u64,
    /// Offset in the image's window.
    pub(crate) offset: u64,
    /// Bytes in the file.
    pub(crate) size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

/// The images in a file: one, or one for each slice.
pub(crate) struct Images<'a> {
    pub(crate) container: Container,
    pub(crate) slices: Vec<Slice<'a>>,
}

pub(crate) struct Slice<'a> {
    pub(crate) window: Window<'a>,
    /// Name of a member of an archive.
    pub(crate) name: Option<String>,
    /// A slice that is broken keeps its reason; the others are still read.
    pub(crate) image: Result<Image, Error>,
}

/// Recognises the container by its first bytes and reads its headers.
pub(crate) fn open<'a>(window: Window<'a>) -> Result<Images<'a>, Error> {
    let start = window.bytes_up_to(0, 8)?;
    match *start.as_slice() {
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => macho::read_universal(window),
        _ if start == archive::MAGIC => archive::read(window),
        _ => {
            let image = open_image(window, start)?;
            Ok(Images {
                container: image.container,
                slices: vec![Slice { window, name: None, image: Ok(image) }],
            })
        }
    }
}

fn open_image(window: Window<'_>, start: Vec<u8>) -> Result<Image, Error> {
    match *start.as_slice() {
        [0x7f, b'E', b'L', b'F', ..] => elf::read(window),
        [b'M', b'Z', ..] => pe::read(window),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
            macho::read(window)
        }
        [0x01, 0xdf | 0xf7, ..] => xcoff::read(window),
        [0, b'a', b's', b'm', 1, 0, 0, 0] => wasm::read(window),
        _ if plan9::machine(&start).is_some() => plan9::read(window),
        _ => Err(Error::NotExecutable { start }),
    }
}

/// A member of an archive. COFF objects have no magic number and are recognised only here.
fn open_object(window: Window<'_>) -> Result<Image, Error> {
    let start = window.bytes_up_to(0, 8)?;
    match pe::is_object(window)? {
        true => pe::read_object(window),
        false => open_image(window, start),
    }
}
