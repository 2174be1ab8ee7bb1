//! cpio in the `newc` form, as RPM payloads have it: cpio(5) of FreeBSD, "New ASCII Format".

use std::io::Read;

use super::content::read_full;
use super::names::{Name, Names};
use super::{ArchiveFormat, ArchiveLimit, Fault, Permissions, Stop, Walker};

/// Reads a cpio stream to its last byte.
///
/// Of files with several names all but the last have no data; each is a file of its own here.
pub(super) fn read(
    input: &mut dyn Read,
    mut names: Names,
    walker: &mut Walker<'_>,
) -> Result<(), Stop> {
    loop {
        let Header { name, mode, size } = header(input, walker)?;
        if name == TRAILER {
            return if size == 0 { zeros(input) } else { Err(malformed("the trailer")) };
        }
        walker.budget.entry()?;
        let limits = walker.limits;
        match mode & KIND {
            REGULAR => {
                let name = Name::parse_file(&name, limits)?;
                names.file(&name)?;
                let mut content = Read::take(&mut *input, size);
                let mode = u32::try_from(mode).ok();
                let permissions = Permissions { mode, ..Permissions::default() };
                walker.file(name.text(), size, permissions, &mut content)?;
                if content.limit() > 0 {
                    return Err(truncated("a file"));
                }
                padding(input, size)?;
            }
            LINK => {
                let mut target =
                    vec![0; bounded(size, limits.path_bytes, ArchiveLimit::PathBytes)?];
                if read_full(input, &mut target)? != target.len() {
                    return Err(truncated("a link"));
                }
                padding(input, size)?;
                names.symbolic_link(&Name::parse_file(&name, limits)?, &target)?;
            }
            _ if size != 0 => return Err(malformed("an entry with data that is not a file")),
            DIRECTORY => names.directory(&Name::parse(&name, limits)?)?,
            CHARACTER | BLOCK | PIPE | SOCKET => {
                names.special(&Name::parse_file(&name, limits)?)?;
            }
            _ => return Err(malformed("the kind of an entry")),
        }
    }
}

struct Header {
    name: Vec<u8>,
    mode: u64,
    size: u64,
}

fn header(input: &mut dyn Read, walker: &Walker<'_>) -> Result<Header, Stop> {
    let mut header = [0; HEADER_BYTES];
    if read_full(input, &mut header)? != HEADER_BYTES {
        return Err(truncated("a cpio header"));
    }
    if header.starts_with(STRIPPED_MAGIC) {
        let feature = "files over 4 GiB".to_owned();
        return Err(Fault::Unsupported { format: ArchiveFormat::Rpm, feature }.into());
    }
    if !header.starts_with(MAGIC) {
        return Err(malformed("the magic number of a cpio header"));
    }
    // ino, mode, uid, gid, nlink, mtime, filesize, two devices of two numbers, namesize, check
    let field = |index: usize| {
        let at = MAGIC.len() + 8 * index;
        hexadecimal(&header[at..at + 8]).ok_or_else(|| malformed("a number in a cpio header"))
    };
    let (mode, size, name_size) = (field(1)?, field(6)?, field(11)?);
    let mut name =
        vec![0; bounded(name_size, walker.limits.path_bytes + 1, ArchiveLimit::PathBytes)?];
    if read_full(input, &mut name)? != name.len() {
        return Err(truncated("a name"));
    }
    if name.pop() != Some(0) || name.contains(&0) {
        return Err(malformed("a name without one NUL at its end"));
    }
    padding(input, HEADER_BYTES as u64 + name_size)?;
    Ok(Header { name, mode, size })
}

fn bounded(found: u64, allowed: usize, limit: ArchiveLimit) -> Result<usize, Fault> {
    let fits = usize::try_from(found).ok().filter(|found| *found <= allowed);
    fits.ok_or(Fault::LimitReached { limit, allowed: allowed as u64 })
}

/// Names and data are filled up to a multiple of four bytes.
fn padding(input: &mut dyn Read, size: u64) -> Result<(), Stop> {
    let mut bytes = [0; 4];
    let rest = (size.next_multiple_of(4) - size) as usize;
    match read_full(input, &mut bytes[..rest])? == rest {
        true => Ok(()),
        false => Err(truncated("padding")),
    }
}

/// After the trailer there is nothing but zeros.
fn zeros(input: &mut dyn Read) -> Result<(), Stop> {
    let mut buffer = vec![0; 4096];
    loop {
        let count = read_full(input, &mut buffer)?;
        if buffer[..count].iter().any(|byte| *byte != 0) {
            return Err(malformed("data after the trailer"));
        }
        if count == 0 {
            return Ok(());
        }
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    digits
        .iter()
        .try_fold(0, |value, digit| Some(value << 4 | u64::from(char::from(*digit).to_digit(16)?)))
}

fn malformed(part: &'static str) -> Stop {
    Fault::Malformed { format: ArchiveFormat::Rpm, part }.into()
}

fn truncated(part: &'static str) -> Stop {
    Fault::Truncated { format: ArchiveFormat::Rpm, part }.into()
}

/// How every form that is written in text begins.
pub(super) const FAMILY: &[u8] = b"0707";
const MAGIC: &[u8] = b"070701";
/// RPM's own form for large files, whose names stand in the package header.
const STRIPPED_MAGIC: &[u8] = b"07070X";
const TRAILER: &[u8] = b"TRAILER!!!";
const HEADER_BYTES: usize = 110;
/// `st_mode`: the bits for the kind of file, and the kinds.
const KIND: u64 = 0o170_000;
const SOCKET: u64 = 0o140_000;
const LINK: u64 = 0o120_000;
const REGULAR: u64 = 0o100_000;
const BLOCK: u64 = 0o060_000;
const DIRECTORY: u64 = 0o040_000;
const CHARACTER: u64 = 0o020_000;
const PIPE: u64 = 0o010_000;
