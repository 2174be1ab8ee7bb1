//! Debian packages: an `ar` archive of exactly three members, deb(5).

use std::io::{BufRead, Read};

use super::content::read_full;
use super::names::Root;
use super::{ArchiveFormat, ArchiveLimit, Fault, Stop, Walker};

impl Walker<'_> {
    /// `debian-binary`, `control.tar…`, `data.tar…`. The files are those of the data; the control
    /// archive, which is never installed, is passed over.
    pub(super) fn deb(&mut self, input: &mut dyn BufRead) -> Result<ArchiveFormat, Stop> {
        let mut magic = [0; 8];
        if read_full(input, &mut magic)? != magic.len() || &magic != b"!<arch>\n" {
            return Err(Fault::NotAnArchive.into());
        }
        let version = member(input)?.ok_or_else(|| truncated("the first member"))?;
        if version.name != "debian-binary" {
            return Err(Fault::NotAnArchive.into());
        }
        if version.size > 64 {
            return Err(malformed("its version"));
        }
        let version = self.small_member(input, &version)?;
        if !version.starts_with(b"2.") || !version.ends_with(b"\n") {
            let feature = "a format version other than 2".to_owned();
            return Err(Fault::Unsupported { format: ArchiveFormat::Deb, feature }.into());
        }

        let control = member(input)?.ok_or_else(|| truncated("the control archive"))?;
        if !is_tar(&control.name, "control.tar") {
            return Err(malformed("the second member, wanted control.tar"));
        }
        skip(input, control.size)?;
        padding(input, control.size)?;

        let data = member(input)?.ok_or_else(|| truncated("the data archive"))?;
        if !is_tar(&data.name, "data.tar") {
            return Err(malformed("the third member, wanted data.tar"));
        }
        let mut content = Read::take(&mut *input, data.size);
        self.tar(&mut content, Root::Filesystem).map_err(|stop| match stop {
            Stop::Fault(Fault::NotAnArchive) => malformed("the data archive, wanted a tar"),
            stop => stop,
        })?;
        if content.limit() > 0 && !content.fill_buf()?.is_empty() {
            return Err(malformed("data after the end of the data archive"));
        }
        if content.limit() > 0 {
            return Err(truncated("the data archive"));
        }
        padding(input, data.size)?;
        if !input.fill_buf()?.is_empty() {
            return Err(malformed("a fourth member"));
        }
        Ok(ArchiveFormat::Deb)
    }

    fn small_member(&self, input: &mut dyn BufRead, member: &Member) -> Result<Vec<u8>, Stop> {
        let allowed = self.limits.header_bytes as u64;
        if member.size > allowed {
            return Err(Fault::LimitReached { limit: ArchiveLimit::HeaderBytes, allowed }.into());
        }
        let mut bytes = Vec::new();
        if Read::take(&mut *input, member.size).read_to_end(&mut bytes)? as u64 != member.size {
            return Err(truncated("a member"));
        }
        padding(input, member.size)?;
        Ok(bytes)
    }
}

struct Member {
    name: String,
    size: u64,
}

/// The next member header, or `None` at the end.
fn member(input: &mut dyn BufRead) -> Result<Option<Member>, Stop> {
    let mut header = [0; 60];
    match read_full(input, &mut header)? {
        0 => return Ok(None),
        60 if header.ends_with(b"`\n") => {}
        60 => return Err(malformed("a member header")),
        _ => return Err(truncated("a member header")),
    }
    let text = |range: std::ops::Range<usize>| {
        std::str::from_utf8(&header[range])
            .map(str::trim_end)
            .map_err(|_| malformed("a member header"))
    };
    let name = text(0..16)?;
    let name = name.strip_suffix('/').unwrap_or(name).to_owned();
    let size = text(48..58)?;
    let digits = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit());
    let size = digits.then(|| size.parse().ok()).flatten();
    Ok(Some(Member { name, size: size.ok_or_else(|| malformed("the size of a member"))? }))
}

fn is_tar(name: &str, wanted: &str) -> bool {
    let suffix = name.strip_prefix(wanted);
    suffix.is_some_and(|suffix| matches!(suffix, "" | ".gz" | ".xz" | ".zst" | ".bz2"))
}

fn skip(input: &mut dyn BufRead, size: u64) -> Result<(), Stop> {
    let skipped = std::io::copy(&mut Read::take(&mut *input, size), &mut std::io::sink())?;
    if skipped == size { Ok(()) } else { Err(truncated("a member")) }
}

/// Members begin at even offsets.
fn padding(input: &mut dyn BufRead, size: u64) -> Result<(), Stop> {
    let mut byte = [0];
    if size.is_multiple_of(2) {
        return Ok(());
    }
    match (read_full(input, &mut byte)?, byte) {
        (1, [b'\n' | 0]) => Ok(()),
        (0, _) => Err(truncated("a member")),
        _ => Err(malformed("the padding of a member")),
    }
}

fn malformed(part: &'static str) -> Stop {
    Fault::Malformed { format: ArchiveFormat::Deb, part }.into()
}

fn truncated(part: &'static str) -> Stop {
    Fault::Truncated { format: ArchiveFormat::Deb, part }.into()
}
