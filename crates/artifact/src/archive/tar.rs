//! tar: POSIX.1-2017 `pax` and ustar, and GNU's long names.
//!
//! The places where readers of tar have come to different files are all refused: a size in a pax
//! record that is not believed by everyone (it is believed here, CVE-2025-62518), links with data,
//! names given twice, unknown kinds of entry, and anything behind the end.

use std::io::{self, Read};

use super::budget::Budget;
use super::content::read_full;
use super::names::{Name, Names, shown};
use super::{ArchiveFormat, ArchiveLimit, ArchiveLimits, Fault, Permissions, Stop};

/// Takes the entries of a tar, in order, whose names stay inside and name one thing each.
pub(crate) trait Visitor {
    /// Why it stops.
    type Error: From<Stop>;

    /// A regular file. What is left of its content is passed over.
    fn file(&mut self, name: &Name, content: &mut Content<'_>) -> Result<(), Self::Error>;
    /// Another name of a file that came before.
    fn hard_link(&mut self, name: &Name, target: &Name) -> Result<(), Self::Error>;
    /// A symbolic link.
    fn symbolic_link(&mut self, name: &Name, target: &[u8]) -> Result<(), Self::Error>;
    /// A device or a pipe.
    fn special(&mut self, name: &Name) -> Result<(), Self::Error>;
    /// A directory; it may come more than once.
    fn directory(&mut self, name: &Name) -> Result<(), Self::Error>;
}

/// Where a tar is read from.
pub(crate) trait Input: Read {
    /// Passes over some bytes, and says how many there were.
    fn skip(&mut self, count: u64) -> io::Result<u64>;
    /// The offset of the next byte.
    fn offset(&self) -> u64;
}

/// A tar that can only be read on.
pub(crate) struct Stream<R> {
    reader: R,
    offset: u64,
}

/// The content of one file.
pub(crate) struct Content<'a> {
    input: &'a mut dyn Input,
    size: u64,
    left: u64,
    permissions: Permissions,
}

/// What a tar may cost.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<'a> {
    pub(crate) limits: &'a ArchiveLimits,
    pub(crate) budget: &'a Budget,
}

/// Reads a tar to its last byte.
pub(crate) fn read<V: Visitor>(
    input: &mut dyn Input,
    mut names: Names,
    bounds: Bounds<'_>,
    visitor: &mut V,
) -> Result<(), V::Error> {
    let mut extension = Extension::default();
    let mut first = true;
    while let Some(header) = header(input, first, &names)? {
        first = false;
        bounds.budget.entry()?;
        match header.kind {
            b'x' => extension.pax(&body(input, header.size, bounds)?)?,
            b'g' => global(&body(input, header.size, bounds)?)?,
            b'L' => extension.long_name(body(input, header.size, bounds)?)?,
            b'K' => extension.long_link(body(input, header.size, bounds)?)?,
            _ => {
                let entry = std::mem::take(&mut extension).entry(header);
                take(input, entry, &mut names, bounds.limits, visitor)?;
            }
        }
    }
    if !extension.is_empty() {
        return Err(malformed("an extended header without an entry").into());
    }
    Ok(zeros(input)?)
}

impl<R: Read> Stream<R> {
    pub(crate) fn new(reader: R) -> Self {
        Stream { reader, offset: 0 }
    }
}

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl<R: Read> Input for Stream<R> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        io::copy(&mut Read::take(self, count), &mut io::sink())
    }

    fn offset(&self) -> u64 {
        self.offset
    }
}

impl Content<'_> {
    /// The size of the whole file in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// What the file may do when it is run.
    pub(crate) fn permissions(&self) -> Permissions {
        self.permissions
    }

    /// The offset of the next byte in the tar.
    pub(crate) fn offset(&self) -> u64 {
        self.input.offset()
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = Read::take(&mut *self.input, self.left).read(buffer)?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// One entry, with what the headers before it say.
struct Entry {
    name: Vec<u8>,
    link: Vec<u8>,
    size: u64,
    kind: u8,
    permissions: Permissions,
}

fn take<V: Visitor>(
    input: &mut dyn Input,
    entry: Entry,
    names: &mut Names,
    limits: &ArchiveLimits,
    visitor: &mut V,
) -> Result<(), V::Error> {
    let Entry { name, link, size, kind, permissions } = entry;
    if size != 0 && !matches!(kind, b'0' | b'\0' | b'7') {
        return Err(malformed("an entry with data that is not a file").into());
    }
    let name = names.below_root(&name);
    let file = || Name::parse_file(name, limits).map_err(Stop::from);
    match kind {
        b'0' | b'\0' | b'7' => {
            let name = file()?;
            names.file(&name).map_err(Stop::from)?;
            let mut content = Content { input, size, left: size, permissions };
            visitor.file(&name, &mut content)?;
            let left = content.left;
            if input.skip(left).map_err(Stop::from)? != left {
                return Err(truncated("a file").into());
            }
            match padding(input, size) {
                // What comes next is the end.
                Err(Stop::Fault(_)) if !names.need_end() => Ok(()),
                outcome => Ok(outcome?),
            }
        }
        b'1' => {
            let name = file()?;
            let target = Name::parse_file(names.below_root(&link), limits).map_err(Stop::from)?;
            names.hard_link(&name, &target).map_err(Stop::from)?;
            visitor.hard_link(&name, &target)
        }
        b'2' => {
            let name = file()?;
            names.symbolic_link(&name, &link).map_err(Stop::from)?;
            visitor.symbolic_link(&name, &link)
        }
        b'3' | b'4' | b'6' => {
            let name = file()?;
            names.special(&name).map_err(Stop::from)?;
            visitor.special(&name)
        }
        b'5' => {
            let name = Name::parse(name, limits).map_err(Stop::from)?;
            names.directory(&name).map_err(Stop::from)?;
            visitor.directory(&name)
        }
        kind => {
            let feature = match kind {
                b'S' => "sparse files".to_owned(),
                kind => format!("entries of type {:?}", shown(&[kind])),
            };
            Err(Stop::from(Fault::Unsupported { format: ArchiveFormat::Tar, feature }).into())
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
    capabilities: bool,
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
                key if CAPABILITIES.contains(&key) => self.capabilities = true,
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

    fn entry(self, header: Header) -> Entry {
        Entry {
            name: self.name.unwrap_or(header.name),
            link: self.link.unwrap_or(header.link),
            size: self.size.unwrap_or(header.size),
            kind: header.kind,
            permissions: Permissions { mode: header.mode, capabilities: self.capabilities },
        }
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
    mode: Option<u32>,
}

/// The next header, or `None` at the block of zeros that ends the archive.
fn header(input: &mut dyn Input, first: bool, names: &Names) -> Result<Option<Header>, Stop> {
    let mut block = [0; BLOCK];
    match read_full(input, &mut block)? {
        BLOCK => {}
        0 if !names.need_end() => return Ok(None),
        _ if first => return Err(Fault::NotAnArchive.into()),
        _ => return Err(truncated("a header")),
    }
    if block.iter().all(|byte| *byte == 0) {
        let is_none = first && names.need_end();
        return if is_none { Err(Fault::NotAnArchive.into()) } else { Ok(None) };
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
    let mode = octal(&block[100..108]).and_then(|mode| u32::try_from(mode).ok());
    Ok(Some(Header { name, link: field(&block[157..257]).to_vec(), size, kind: block[156], mode }))
}

/// The body of an extended header.
fn body(input: &mut dyn Input, size: u64, bounds: Bounds<'_>) -> Result<Vec<u8>, Stop> {
    let allowed = bounds.limits.header_bytes as u64;
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
fn padding(input: &mut dyn Input, size: u64) -> Result<(), Stop> {
    let rest = size.next_multiple_of(BLOCK as u64) - size;
    match input.skip(rest)? == rest {
        true => Ok(()),
        false => Err(truncated("the padding of a file")),
    }
}

/// After the end there is nothing but zeros.
fn zeros(input: &mut dyn Input) -> Result<(), Stop> {
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
/// How GNU tar and libarchive write the extended attribute of Linux with a file's capabilities.
const CAPABILITIES: [&[u8]; 2] =
    [b"SCHILY.xattr.security.capability", b"LIBARCHIVE.xattr.security.capability"];
