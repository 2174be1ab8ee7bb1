//! Module text without a build information header, found by the two 16-byte frames around it.
//!
//! The runtime keeps the framed text in the program's data (`runtime.modinfo`,
//! `cmd/go/internal/modload/build.go`), also where there is no header: in WebAssembly, and in
//! files from which the section was removed.

use std::ops::Range;

use memchr::memmem;

use super::blob::Found;
use super::{BuildInfo, BuildInfoSource, ModulesUnavailable};
use crate::container::{Image, Segment};
use crate::source::Window;
use crate::{Error, Limit};

/// Searches the image's data; the first text between two frames wins.
///
/// The Go version is not beside the text; it is what the container says, or nothing.
pub(crate) fn find(window: Window<'_>, image: &Image) -> Result<Option<Found>, Error> {
    let Some((offset, modules)) = text(window, &image.text_regions(), 0..0)? else {
        return Ok(None);
    };
    let go_version = image.go_version.as_deref();
    let build_info = BuildInfo::from_text(go_version, &modules, window.limits())?;
    Ok(Some(Found { build_info, source: BuildInfoSource::ModuleFrames, offset }))
}

/// The first text between two frames that does not start inside `except`, and where its first
/// frame starts.
pub(crate) fn text(
    window: Window<'_>,
    regions: &[Segment],
    except: Range<u64>,
) -> Result<Option<(u64, Vec<u8>)>, Error> {
    for &region in regions {
        let end = region.offset.saturating_add(region.size);
        let mut from = region.offset;
        while let Some(start) = position(window, from, end, &START)? {
            from = start + 1;
            if except.contains(&start) {
                continue;
            }
            let text = start + START.len() as u64;
            let Some(last) = position(window, text, end, &END)? else {
                break;
            };
            let len = last - text;
            Limit::ModuleText.hold(len, window.limits().module_text)?;
            return Ok(window.bytes(text, len as usize)?.map(|text| (start, text)));
        }
    }
    Ok(None)
}

/// A file that names the Go version but has no module text anywhere.
pub(crate) fn version_only(image: &Image) -> Option<Found> {
    let go_version = image.go_version.as_deref()?;
    let reason = ModulesUnavailable::Absent;
    Some(Found {
        build_info: BuildInfo::with_unreadable_modules(go_version, reason, Vec::new()),
        source: BuildInfoSource::Container,
        offset: 0,
    })
}

/// Offset in the window of the first place of `wanted` between two offsets.
fn position(
    window: Window<'_>,
    start: u64,
    end: u64,
    wanted: &[u8; 16],
) -> Result<Option<u64>, Error> {
    let end = end.min(window.len());
    let mut buffer = vec![0; CHUNK.min(end.saturating_sub(start) as usize)];
    let mut at = start;
    while at < end && end - at >= wanted.len() as u64 {
        let want = buffer.len().min((end - at) as usize);
        let got = window.fill(at, &mut buffer[..want])?;
        if let Some(place) = memmem::find(&buffer[..got], wanted) {
            return Ok(Some(at + place as u64));
        }
        if got < want || got < wanted.len() {
            break;
        }
        // The last bytes may be the first ones of a frame.
        at += (got - wanted.len() + 1) as u64;
    }
    Ok(None)
}

/// `infoStart` and `infoEnd` of `cmd/go/internal/modload/build.go`.
const START: [u8; 16] = *b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const END: [u8; 16] = *b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
const CHUNK: usize = 64 << 10;
