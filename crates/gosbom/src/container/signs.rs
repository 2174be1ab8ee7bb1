//! Traces of Go and of packers in files without build information.

use memchr::memmem;

use super::{Container, Image};
use crate::source::Window;
use crate::{Error, GoSign, Packer};

/// Says why a well-formed image gave no build information.
pub(crate) fn why_nothing(window: Window<'_>, image: &Image) -> Result<Error, Error> {
    let container = image.container;
    if let Some(packer) = packer(window, image)? {
        return Ok(Error::Packed { container, packer });
    }
    let build_id = image.facts.go_build_id.is_some().then_some(GoSign::BuildId);
    Ok(match image.go_sign.or(build_id) {
        Some(sign) => Error::NoBuildInfo { container, sign },
        None => Error::NotGo { container },
    })
}

/// UPX names its sections in PE, and writes its pack header after the program headers and at the
/// end of the file elsewhere (`src/packhead.cpp`).
fn packer(window: Window<'_>, image: &Image) -> Result<Option<Packer>, Error> {
    if image.packer.is_some() || image.container == Container::Wasm {
        return Ok(image.packer);
    }
    let start = window.bytes_up_to(0, UPX_SEARCH)?;
    let end = window.len().saturating_sub(UPX_SEARCH as u64);
    let end = window.bytes_up_to(end, UPX_SEARCH)?;
    let marked = [start, end].iter().any(|bytes| memmem::find(bytes, UPX).is_some());
    Ok(marked.then_some(Packer::Upx))
}

/// The Go build id at the start of the code (`cmd/internal/buildid`, which looks for it in the
/// first 32 KiB too).
pub(super) fn build_id_in_code(window: Window<'_>) -> Result<Option<String>, Error> {
    Ok(go_build_id(&window.bytes_up_to(0, BUILD_ID_SEARCH)?))
}

/// What stands between the quotes of `\xff Go build ID: "…"\n \xff`.
pub(super) fn go_build_id(bytes: &[u8]) -> Option<String> {
    let start = memmem::find(bytes, GO_BUILD_ID)? + GO_BUILD_ID.len();
    let rest = &bytes[start..];
    let end = memmem::find(rest, GO_BUILD_ID_END)?;
    build_id_text(&rest[..end])
}

/// A build id is ASCII without control characters; anything else is none.
pub(super) fn build_id_text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_id = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_id.then(|| text.to_owned())
}

const GO_BUILD_ID: &[u8] = b"\xff Go build ID: \"";
const GO_BUILD_ID_END: &[u8] = b"\"\n \xff";
const BUILD_ID_SEARCH: usize = 32 << 10;
const UPX: &[u8] = b"UPX!";
const UPX_SEARCH: usize = 4096;
