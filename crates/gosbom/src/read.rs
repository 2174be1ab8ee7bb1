use crate::buildinfo::{BuildInfo, blob};
use crate::container::{self, Container, Image, Slice};
use crate::facts::BinaryFacts;
use crate::source::{Input, ReadAt, Window};
use crate::{Error, GoSign, Limits, Packer};

/// A file that holds at least one Go program or library.
#[derive(Debug)]
#[non_exhaustive]
pub struct GoBinary {
    /// What the file is.
    pub container: Container,
    /// The Go images in the order of the file: one, except in universal files. Never empty.
    pub slices: Vec<GoSlice>,
    /// The images in which no Go was found, with the reason.
    pub other_slices: Vec<OtherSlice>,
}

/// An image of a universal file that is not Go, or that could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub struct OtherSlice {
    /// Where the image starts, in bytes from the start of the file.
    pub offset: u64,
    /// Why nothing was read from it.
    pub reason: Error,
}

/// One Go image.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GoSlice {
    /// Where the image starts, in bytes from the start of the file.
    pub offset: u64,
    /// Its length in bytes.
    pub size: u64,
    /// What the linker wrote about the build.
    pub build_info: BuildInfo,
    /// Where the build information stands, in bytes from the start of the file.
    pub build_info_offset: u64,
    /// What the headers show.
    pub facts: BinaryFacts,
}

/// Reads the build information and the facts of every Go image in `source`.
///
/// Reads headers, tables and the build information itself by positioned reads; the whole file is
/// never read, and nothing is decompressed. On success at least one image has a Go version; its
/// module list may still be absent or malformed ([`BuildInfo::modules`]).
///
/// # Errors
/// Each variant of [`Error`] says why nothing was found. In a file of several images the reason
/// of the first one is given; an unreadable source and a reached limit fail the whole file.
pub fn read(source: &dyn ReadAt, limits: &Limits) -> Result<GoBinary, Error> {
    let input = Input::new(source, limits);
    let images = container::open(input.window())?;
    let mut slices = Vec::new();
    let mut other_slices = Vec::new();
    for slice in images.slices {
        let offset = slice.window.start();
        match read_slice(slice) {
            Ok(slice) => slices.push(slice),
            Err(error @ (Error::Io(_) | Error::LimitReached { .. })) => return Err(error),
            Err(reason) => other_slices.push(OtherSlice { offset, reason }),
        }
    }
    if slices.is_empty() {
        let container = images.container;
        let first = other_slices.into_iter().next();
        return Err(first.map_or(Error::NotGo { container }, |other| other.reason));
    }
    Ok(GoBinary { container: images.container, slices, other_slices })
}

fn read_slice(slice: Slice<'_>) -> Result<GoSlice, Error> {
    let (window, image) = (slice.window, slice.image?);
    let Some(found) = blob::find(window, &image)? else {
        return Err(why_nothing(window, &image)?);
    };
    if let Some(go_version) = garbled(&found.build_info) {
        return Err(Error::Garbled { go_version });
    }
    Ok(GoSlice {
        offset: window.start(),
        size: window.len(),
        build_info: found.build_info,
        build_info_offset: window.start() + found.offset,
        facts: image.facts,
    })
}

/// garble leaves the header but writes `unknown` for the version and no modules.
fn garbled(build_info: &BuildInfo) -> Option<String> {
    let version = build_info.go_version()?.as_str();
    (version == "unknown" && build_info.modules().is_err()).then(|| version.to_owned())
}

fn why_nothing(window: Window<'_>, image: &Image) -> Result<Error, Error> {
    let container = image.container;
    let start = window.bytes_up_to(0, SIGNS_AT_START)?;
    let end = window.len().saturating_sub(SIGNS_AT_END as u64);
    let end = window.bytes_up_to(end, SIGNS_AT_END)?;
    let contains = |bytes: &[u8], sign: &[u8]| bytes.windows(sign.len()).any(|it| it == sign);
    let upx = contains(&start[..start.len().min(SIGNS_AT_END)], UPX) || contains(&end, UPX);
    if let Some(packer) = image.packer.or(upx.then_some(Packer::Upx)) {
        return Ok(Error::Packed { container, packer });
    }
    let build_id = contains(&start, GO_BUILD_ID).then_some(GoSign::BuildId);
    Ok(match image.go_sign.or(build_id) {
        Some(sign) => Error::NoBuildInfo { container, sign },
        None => Error::NotGo { container },
    })
}

/// Go writes its build id at the start of the code (`cmd/internal/buildid`), and looks for it in
/// the first 32 KiB.
const GO_BUILD_ID: &[u8] = b"\xff Go build ID: \"";
const SIGNS_AT_START: usize = 32 << 10;
/// UPX's pack header: after the program headers and at the end of the file (`src/packhead.cpp`).
const UPX: &[u8] = b"UPX!";
const SIGNS_AT_END: usize = 4096;
