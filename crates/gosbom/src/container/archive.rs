//! `ar` archives of object files, as `go build -buildmode=c-archive` writes them.
//! Layout: the common format of SysV/GNU (`//` long names) and BSD (`#1/` long names).

use super::record::malformed;
use super::{Container, Images, Slice};
use crate::source::Window;
use crate::{Error, Limit};

pub(super) fn read<'a>(window: Window<'a>) -> Result<Images<'a>, Error> {
    let mut slices = Vec::new();
    let mut long_names = Vec::new();
    let mut at = MAGIC.len() as u64;
    let mut count = 0;
    while at < window.len() {
        count += 1;
        Limit::Headers.hold(count, window.limits().headers)?;
        let bad = |part| malformed(Container::Archive, part, window, at);
        let header = window
            .bytes(at, HEADER)?
            .filter(|header| header.ends_with(b"`\n"))
            .ok_or_else(|| bad("archive member has no header"))?;
        let size = decimal(&header[48..58]).ok_or_else(|| bad("archive member has no size"))?;
        let content = window
            .part(at + HEADER as u64, size)
            .ok_or_else(|| bad("archive member lies outside the file"))?;
        match &header[..16] {
            name if name.starts_with(b"// ") => {
                Limit::NameTable.hold(size, window.limits().name_table)?;
                long_names = content.bytes_up_to(0, size as usize)?;
            }
            // Symbol tables: no objects.
            name if name.starts_with(b"/ ") || name.starts_with(b"/SYM64/") => {}
            name => {
                let (name, content) = member(name, content, &long_names)?
                    .ok_or_else(|| bad("archive member has a wrong name"))?;
                push_object(&mut slices, name, content)?;
            }
        }
        // Members start at even offsets.
        at = at + HEADER as u64 + size + size % 2;
    }
    Ok(Images { container: Container::Archive, slices })
}

/// Name and content of a member; `None` if a long name is not where it should be.
fn member<'a>(
    name: &[u8],
    content: Window<'a>,
    long_names: &[u8],
) -> Result<Option<(String, Window<'a>)>, Error> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned();
    if let Some(len) = name.strip_prefix(b"#1/").and_then(decimal) {
        Limit::NameTable.hold(len, content.limits().name_table)?;
        let Some(rest) = content.part(len, content.len().saturating_sub(len)) else {
            return Ok(None);
        };
        let name = content.bytes_up_to(0, len as usize)?;
        return Ok(Some((text(super::record::until_nul(&name)), rest)));
    }
    if let Some(start) = name.strip_prefix(b"/").and_then(decimal) {
        let name = usize::try_from(start).ok().and_then(|start| long_names.get(start..));
        return Ok(name.and_then(|name| {
            let name = &name[..name.len().min(LONGEST_NAME)];
            let end = name.iter().position(|&byte| byte == b'/' || byte == b'\n')?;
            Some((text(&name[..end]), content))
        }));
    }
    let end = name.iter().position(|&byte| byte == b'/');
    Ok(Some((text(&name[..end.unwrap_or(name.len())]), content)))
}

/// Anything but an object file in a format that Go writes is passed over.
fn push_object<'a>(
    slices: &mut Vec<Slice<'a>>,
    name: String,
    content: Window<'a>,
) -> Result<(), Error> {
    let image = match super::open_object(content) {
        Err(Error::NotExecutable { .. }) => return Ok(()),
        image => image,
    };
    slices.push(Slice { window: content, name: Some(name), image });
    Limit::Members.hold(slices.len() as u64, content.limits().members)
}

fn decimal(field: &[u8]) -> Option<u64> {
    let digits = field.trim_ascii_end();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

pub(super) const MAGIC: &[u8] = b"!<arch>\n";
const HEADER: usize = 60;
/// Longest name of a file on the systems where archives are made.
const LONGEST_NAME: usize = 255;
