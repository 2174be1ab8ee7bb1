//! Module text without a build information header, found by the two 16-byte frames around it.
//!
//! The runtime keeps the framed text in the program's data (`runtime.modinfo`,
//! `cmd/go/internal/modload/build.go`), also where there is no header: in WebAssembly, and in
//! files from which the section was removed.

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
    for &region in &image.regions {
        let Some(start) = position(window, region, &START)? else {
            continue;
        };
        let text = start + START.len() as u64;
        let rest = Segment {
            address: 0,
            offset: text,
            size: (region.offset.saturating_add(region.size)).saturating_sub(text),
        };
        let Some(end) = position(window, rest, &END)? else {
            continue;
        };
        let len = end - text;
        Limit::ModuleText.hold(len, window.limits().module_text)?;
        let modules = window.bytes(text, len as usize)?.unwrap_or_default();
        let go_version = image.go_version.as_deref();
        let build_info = BuildInfo::from_text(go_version, &modules, window.limits())?;
        return Ok(Some(Found {
            build_info,
            source: BuildInfoSource::ModuleFrames,
            offset: start,
        }));
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

/// Offset in the window of the first place of `wanted` in a region.
fn position(window: Window<'_>, region: Segment, wanted: &[u8; 16]) -> Result<Option<u64>, Error> {
    let end = region.offset.saturating_add(region.size).min(window.len());
    let mut buffer = vec![0; CHUNK.min(end.saturating_sub(region.offset) as usize)];
    let mut at = region.offset;
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
