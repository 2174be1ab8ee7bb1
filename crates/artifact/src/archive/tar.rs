//! tar: POSIX.1-2017 `pax` and ustar, and GNU's long names.
//!
//! The places where readers of tar have come to different files are all refused: a size in a pax
//! record that is not believed by everyone (it is believed here, CVE-2025-62518), links with data,
//! names given twice, unknown kinds of entry, and anything behind the end.

use std::io::Read;

use super::content::read_full;
use super::names::{Name, Names, shown};
use super::{ArchiveFormat, ArchiveLimit, Fault, Stop, Walker};

/// Reads a tar stream to its last byte.
pub(super) fn read(
    input: &mut dyn Read,
    mut names: Names,
    walker: &mut Walker<'_>,
) -> Result<(), Stop> {
    let mut extension = Extension::default();
    let mut first = true;
    while let Some(header) = header(input, first)? {
        first = false;
        walker.budget.entry()?;
        match header.kind {
            b'x' => extension.pax(&body(input, header.size, walker)?)?,
            b'g' => global(&body(input, header.size, walker)?)?,
            b'L' => extension.long_name(body(input, header.size, walker)?)?,
            b'K' => extension.long_link(body(input, header.size, walker)?)?,
            _ => {
                let entry = std::mem::take(&mut extension).entry(header)?;
                take(input, entry, &mut names, walker)?;
            }
        }
    }
    if !extension.is_empty() {
        return Err(malformed("an extended header without an entry"));
    }
    zeros(input)
}

/// One entry, with what the headers before it say.
struct Entry {
    name: Vec<u8>,
    link: Vec<u8>,
    size: u64,
    kind: u8,
}

fn take(
    input: &mut dyn Read,
    entry: Entry,
    names: &mut Names,
    walker: &mut Walker<'_>,
) -> Result<(), Stop> {
    let limits = walker.limits;
    let Entry { name, link, size, kind } = entry;
    if size != 0 && !matches!(kind, b'0' | b'\0' | b'7') {
        return Err(malformed("an entry with data that is not a file"));
    }
    match kind {
        b'0' | b'\0' | b'7' => {
            let name = Name::parse_file(&name, limits)?;
            names.file(&name)?;
            let mut content = Read::take(&mut *input, size);
            walker.file(name.text(), size, &mut content)?;
            if content.limit() > 0 {
                return Err(truncated("a file"));
            }
            padding(input, size)
        }
        b'1' => {
            let name = Name::parse_file(&name, limits)?;
            let target = Name::parse_file(&link, limits)?;
            names.hard_link(&name, &target)?;
            walker.hard_link(name.text(), target.text());
            Ok(())
        }
        b'2' => Ok(names.symbolic_link(&Name::parse_file(&name, limits)?, &link)?),
        b'3' | b'4' | b'6' => Ok(names.special(&Name::parse_file(&name, limits)?)?),
        b'5' => Ok(names.directory(&Name::parse(&name, limits)?)?),
        kind => {
            let feature = match kind {
                b'S' => "sparse files".to_owned(),
                kind => format!("entries of type {:?}", shown(&[kind])),
            };
            Err(Fault::Unsupported { format: ArchiveFormat::Tar, feature }.into())
        }
    }
}

/// What the headers before an entry say about it.
#[derive(Default)]
struct Extension {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    pax: bool,
}

impl Extension {
    fn pax(&mut self, records: &[u8]) -> Result<(), Stop> {
        if std::mem::replace(&mut self.pax, true) {
            return Err(malformed("two pax headers for one entry"));
        }
        for record in Records(records) {
            let (key, value) = record?;
            match key {
                b"path" => set(&mut self.name, value.to_vec())?,
                b"linkpath" => set(&mut self.link, value.to_vec())?,
                b"size" => {
                    let size = decimal(value).ok_or_else(|| malformed("a pax size"))?;
                    set(&mut self.size, size)?;
                }
                key if key.starts_with(b"GNU.sparse.") => {
                    let feature = "sparse files".to_owned();
                    return Err(Fault::Unsupported { format: ArchiveFormat::Tar, feature }.into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn long_name(&mut self, body: Vec<u8>) -> Result<(), Stop> {
        set(&mut self.name, terminated(body)?)
    }

    fn long_link(&mut self, body: Vec<u8>) -> Result<(), Stop> {
        set(&mut self.link, terminated(body)?)
    }

    fn entry(self, header: Header) -> Result<Entry, Stop> {
        Ok(Entry {
            name: self.name.unwrap_or(header.name),
            link: self.link.unwrap_or(header.link),
            size: self.size.unwrap_or(header.size),
            kind: header.kind,
        })
    }

    fn is_empty(&self) -> bool {
        self.name.is_none() && self.link.is_none() && !self.pax
    }
}

/// Sets what must not be set already.
fn set<T>(place: &mut Option<T>, value: T) -> Result<(), Stop> {
    match place.replace(value) {
        Some(_) => Err(malformed("one value twice in the headers of an entry")),
        None => Ok(()),
    }
}

/// A global header may say nothing about names and sizes, which readers apply differently.
fn global(records: &[u8]) -> Result<(), Stop> {
    for record in Records(records) {
        let (key, _) = record?;
        if matches!(key, b"path" | b"linkpath" | b"size") || key.starts_with(b"GNU.") {
            return Err(malformed("a global header that names or measures entries"));
        }
    }
    Ok(())
}

/// `"%d %s=%s\n"`: POSIX.1-2017 pax, "pax Extended Header".
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let record = self.record();
        if record.is_none() {
            self.0 = &[];
        }
        Some(record.ok_or_else(|| malformed("a pax record")))
    }
}

impl<'a> Records<'a> {
    fn record(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let space = self.0.iter().position(|byte| *byte == b' ')?;
        let length = usize::try_from(decimal(&self.0[..space])?).ok()?;
        let (record, rest) = self.0.split_at_checked(length)?;
        let text = record.get(space + 1..)?.strip_suffix(b"\n")?;
        let equals = text.iter().position(|byte| *byte == b'=')?;
        self.0 = rest;
        let (key, value) = (&text[..equals], &text[equals + 1..]);
        (!key.is_empty() && !key.contains(&0)).then_some((key, value))
    }
}

struct Header {
    name: Vec<u8>,
    link: Vec<u8>,
    size: u64,
    kind: u8,
}

/// The next header, or `None` at the block of zeros that ends the archive.
fn header(input: &mut dyn Read, first: bool) -> Result<Option<Header>, Stop> {
    let mut block = [0; BLOCK];
    match read_full(input, &mut block)? {
        BLOCK => {}
        _ if first => return Err(Fault::NotAnArchive.into()),
        _ => return Err(truncated("a header")),
    }
    if block.iter().all(|byte| *byte == 0) {
        return if first { Err(Fault::NotAnArchive.into()) } else { Ok(None) };
    }
    let magic = &block[257..265];
    let posix = match magic {
        b"ustar\x0000" => true,
        b"ustar  \0" => false,
        _ if first => return Err(Fault::NotAnArchive.into()),
        _ => return Err(malformed("a header without the magic number")),
    };
    let sum = octal(&block[148..156]).ok_or_else(|| malformed("the checksum of a header"))?;
    let spaces = 8 * u64::from(b' ');
    let counted =
        block[..148].iter().chain(&block[156..]).map(|byte| u64::from(*byte)).sum::<u64>();
    if sum != counted + spaces {
        return Err(malformed("the checksum of a header"));
    }
    let mut name = field(&block[..100]).to_vec();
    let prefix = field(&block[345..500]);
    if posix && !prefix.is_empty() {
        name = [prefix, b"/", &name].concat();
    }
    let size = number(&block[124..136]).ok_or_else(|| malformed("the size of an entry"))?;
    Ok(Some(Header { name, link: field(&block[157..257]).to_vec(), size, kind: block[156] }))
}

/// The body of an extended header.
fn body(input: &mut dyn Read, size: u64, walker: &Walker<'_>) -> Result<Vec<u8>, Stop> {
    let allowed = walker.limits.header_bytes as u64;
    if size > allowed {
        return Err(Fault::LimitReached { limit: ArchiveLimit::HeaderBytes, allowed }.into());
    }
    let mut bytes = Vec::new();
    if Read::take(&mut *input, size).read_to_end(&mut bytes)? as u64 != size {
        return Err(truncated("an extended header"));
    }
    padding(input, size)?;
    Ok(bytes)
}

/// What fills the last block of some data, which means nothing.
fn padding(input: &mut dyn Read, size: u64) -> Result<(), Stop> {
    let mut block = [0; BLOCK];
    let rest = (size.next_multiple_of(BLOCK as u64) - size) as usize;
    match read_full(input, &mut block[..rest])? == rest {
        true => Ok(()),
        false => Err(truncated("the padding of a file")),
    }
}

/// After the end there is nothing but zeros.
fn zeros(input: &mut dyn Read) -> Result<(), Stop> {
    let mut buffer = vec![0; 16 * BLOCK];
    let mut offset = 0;
    loop {
        let count = read_full(input, &mut buffer)?;
        if let Some(at) = buffer[..count].iter().position(|byte| *byte != 0) {
            return Err(Fault::Trailing { offset: offset + at as u64 }.into());
        }
        if count == 0 {
            return Ok(());
        }
        offset += count as u64;
    }
}

/// Up to the first NUL.
fn field(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A GNU long name ends with one NUL.
fn terminated(mut body: Vec<u8>) -> Result<Vec<u8>, Stop> {
    match body.pop() {
        Some(0) if !body.contains(&0) => Ok(body),
        _ => Err(malformed("a long name")),
    }
}

/// Octal digits, or GNU's binary numbers for what does not fit.
fn number(field: &[u8]) -> Option<u64> {
    match field.split_first()? {
        (0x80, rest) => {
            let (high, low) = rest.split_at_checked(rest.len().checked_sub(8)?)?;
            let value = u64::from_be_bytes(low.try_into().ok()?);
            (high.iter().all(|byte| *byte == 0) && value <= i64::MAX as u64).then_some(value)
        }
        _ => octal(field),
    }
}

/// Octal digits, with spaces before and spaces or NULs behind them. Nothing but those is 0.
fn octal(field: &[u8]) -> Option<u64> {
    let start = field.iter().position(|byte| *byte != b' ').unwrap_or(field.len());
    let text = &field[start..];
    let end = text.iter().position(|byte| matches!(byte, b' ' | 0)).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if !rest.iter().all(|byte| matches!(byte, b' ' | 0)) {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

fn decimal(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let value: u64 = digits.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()?;
    (value <= i64::MAX as u64).then_some(value)
}

fn malformed(part: &'static str) -> Stop {
    Fault::Malformed { format: ArchiveFormat::Tar, part }.into()
}

fn truncated(part: &'static str) -> Stop {
    Fault::Truncated { format: ArchiveFormat::Tar, part }.into()
}

const BLOCK: usize = 512;
