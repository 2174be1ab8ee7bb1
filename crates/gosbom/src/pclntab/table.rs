//! Finding and walking the table.

use std::collections::BTreeSet;

use super::{Files, FunctionTable, TableFormat, names};
use crate::container::{ByteOrder, Segment};
use crate::source::Window;
use crate::{Error, Limit};

/// Searches a place for the table's header; a match whose offsets do not fit is passed over.
pub(super) fn find<'a>(window: Window<'a>, place: Segment) -> Result<Option<Table<'a>>, Error> {
    let end = place.offset.saturating_add(place.size).min(window.len());
    let mut buffer = vec![0; CHUNK.min(end.saturating_sub(place.offset) as usize)];
    let mut at = place.offset;
    while at < end && end - at >= LARGEST_HEADER as u64 {
        let want = buffer.len().min((end - at) as usize);
        let got = window.fill(at, &mut buffer[..want])?;
        for (index, candidate) in buffer[..got].chunks_exact(ALIGN).enumerate() {
            if magic(candidate).is_none() {
                continue;
            }
            let start = at + (index * ALIGN) as u64;
            let Some(content) = window.part(start, end - start) else {
                continue;
            };
            if let Some(table) = Table::parse(content)? {
                return Ok(Some(table));
            }
        }
        if got < want {
            break;
        }
        at += got as u64;
    }
    Ok(None)
}

/// Format and byte order that the first four bytes stand for.
fn magic(bytes: &[u8]) -> Option<(TableFormat, ByteOrder)> {
    let (kind, order) = match *bytes.first_chunk::<4>()? {
        [kind, 0xff, 0xff, 0xff] => (kind, ByteOrder::Little),
        [0xff, 0xff, 0xff, kind] => (kind, ByteOrder::Big),
        _ => return None,
    };
    let format = match kind {
        0xfb => TableFormat::Go1_2,
        0xfa => TableFormat::Go1_16,
        0xf0 => TableFormat::Go1_18,
        0xf1 => TableFormat::Go1_20,
        _ => return None,
    };
    Some((format, order))
}

/// A table whose header holds. The window starts at the header and ends with the place.
pub(super) struct Table<'a> {
    window: Window<'a>,
    format: TableFormat,
    order: ByteOrder,
    pointer: usize,
    functions: u64,
    layout: Layout,
}

enum Layout {
    /// Function and file names are two runs of strings.
    Runs { functions: (u64, u64), files: (u64, u64) },
    /// Go 1.2: names are reached through one offset each.
    Offsets { files: u64, file_count: u64 },
}

impl<'a> Table<'a> {
    /// `None` if the offsets of the header do not fit, so that this is no table.
    fn parse(window: Window<'a>) -> Result<Option<Self>, Error> {
        let header = window.bytes_up_to(0, LARGEST_HEADER)?;
        let Some((format, order)) = magic(&header) else {
            return Ok(None);
        };
        let pointer = match header.get(4..8) {
            Some(&[0, 0, 1 | 2 | 4, size @ (4 | 8)]) => usize::from(size),
            _ => return Ok(None),
        };
        let mut table = Self {
            window,
            format,
            order,
            pointer,
            functions: 0,
            layout: Layout::Offsets { files: 0, file_count: 0 },
        };
        table.functions = table.word(&header, 8);
        let layout = match format {
            TableFormat::Go1_2 => table.offsets()?,
            _ => table.runs(&header),
        };
        let Some(layout) = layout.filter(|_| table.functions > 0) else {
            return Ok(None);
        };
        table.layout = layout;
        Limit::Functions.hold(table.functions, window.limits().functions)?;
        Ok(Some(table))
    }

    /// Go 1.16 and later: the header holds the offsets of its parts, in the order of the parts.
    fn runs(&self, header: &[u8]) -> Option<Layout> {
        // Go 1.18 added the start of the code before the offsets.
        let first = match self.format {
            TableFormat::Go1_16 => 2,
            _ => 3,
        };
        let part = |index| self.word(header, 8 + (first + index) * self.pointer);
        let [names, units, files, counters, functions] = [0, 1, 2, 3, 4].map(part);
        let header_size = (8 + (first + 5) * self.pointer) as u64;
        let bounds = [header_size, names, units, files, counters, functions, self.window.len()];
        bounds
            .is_sorted()
            .then_some(Layout::Runs { functions: (names, units), files: (files, counters) })
    }

    /// Go 1.2 to 1.15: a list of (address, offset) pairs, one address more, and the offset of the
    /// file table.
    fn offsets(&self) -> Result<Option<Layout>, Error> {
        let entry = 2 * self.pointer as u64;
        let end = self
            .functions
            .checked_mul(entry)
            .and_then(|size| size.checked_add(8 + 2 * self.pointer as u64))
            .filter(|&end| end <= self.window.len());
        let Some(end) = end else {
            return Ok(None);
        };
        let Some(files) = self.u32_at(end)? else {
            return Ok(None);
        };
        let Some(file_count) = self.u32_at(files)? else {
            return Ok(None);
        };
        let size = file_count.saturating_mul(4);
        let fits = self.window.part(files, size).is_some() && file_count > 0;
        Ok(fits.then_some(Layout::Offsets { files, file_count }))
    }

    pub(super) fn read(self) -> Result<FunctionTable, Error> {
        let mut table = FunctionTable {
            format: self.format,
            offset: self.window.start(),
            functions: self.functions,
            packages: BTreeSet::new(),
            files: Files::default(),
            modules: BTreeSet::new(),
        };
        let mut collect = Collect {
            table: &mut table,
            name_bytes: 0,
            allowed: self.window.limits().function_names,
            modules_allowed: self.window.limits().modules,
        };
        match self.layout {
            Layout::Runs { functions, files } => {
                self.strings(functions, |name| collect.function(name))?;
                self.strings(files, |name| collect.file(name))?;
            }
            Layout::Offsets { files, file_count } => {
                self.functions_by_offset(|name| collect.function(name))?;
                self.files_by_offset(files, file_count, |name| collect.file(name))?;
            }
        }
        Ok(table)
    }

    /// Every string of a run of strings that end with NUL.
    fn strings(
        &self,
        (start, end): (u64, u64),
        mut each: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rest = Vec::new();
        let mut at = start;
        while at < end {
            let want = CHUNK.min((end - at) as usize);
            let chunk = self.window.bytes_up_to(at, want)?;
            if chunk.is_empty() {
                break;
            }
            at += chunk.len() as u64;
            rest.extend_from_slice(&chunk);
            let mut strings = rest.split(|&byte| byte == 0);
            // What follows the last NUL is continued in the next chunk.
            let unfinished = strings.next_back().map_or(0, <[u8]>::len);
            for string in strings {
                each(string)?;
            }
            let finished = rest.len() - unfinished;
            rest.drain(..finished);
            Limit::Line.hold(rest.len() as u64, self.window.limits().line)?;
        }
        Ok(())
    }

    /// Each pair leads to a record whose second field is the offset of the name.
    fn functions_by_offset(
        &self,
        mut each: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut pairs, mut records, mut names) =
            (Buffered::new(self), Buffered::new(self), Buffered::new(self));
        let size = self.pointer as u64;
        for index in 0..self.functions {
            let pair = 8 + size + index * 2 * size;
            let Some(record) = pairs.word(pair + size, self.pointer)? else {
                break;
            };
            let Some(name) = records.word(record.saturating_add(size), 4)? else {
                continue;
            };
            each(names.string(name)?)?;
        }
        Ok(())
    }

    /// The first entry is the count itself.
    fn files_by_offset(
        &self,
        files: u64,
        count: u64,
        mut each: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut offsets, mut names) = (Buffered::new(self), Buffered::new(self));
        for index in 1..count {
            let Some(name) = offsets.word(files + 4 * index, 4)? else {
                break;
            };
            each(names.string(name)?)?;
        }
        Ok(())
    }

    fn u32_at(&self, offset: u64) -> Result<Option<u64>, Error> {
        Buffered::new(self).word(offset, 4)
    }

    fn word(&self, bytes: &[u8], at: usize) -> u64 {
        number(bytes.get(at..at + self.pointer).unwrap_or_default(), self.order)
    }
}

fn number(bytes: &[u8], order: ByteOrder) -> u64 {
    let fold = |word: u64, &byte: &u8| word << 8 | u64::from(byte);
    match order {
        ByteOrder::Little => bytes.iter().rev().fold(0, fold),
        ByteOrder::Big => bytes.iter().fold(0, fold),
    }
}

/// A small piece of the table around the last access: neighbours are mostly asked for next.
struct Buffered<'t, 'a> {
    table: &'t Table<'a>,
    start: u64,
    bytes: Vec<u8>,
}

impl<'t, 'a> Buffered<'t, 'a> {
    fn new(table: &'t Table<'a>) -> Self {
        Self { table, start: 0, bytes: Vec::new() }
    }

    /// `None` outside the table.
    fn word(&mut self, offset: u64, size: usize) -> Result<Option<u64>, Error> {
        let order = self.table.order;
        let bytes = self.at(offset, size)?.get(..size);
        Ok(bytes.map(|bytes| number(bytes, order)))
    }

    /// The bytes up to the next NUL; without one in [`LONGEST_NAME`] bytes, nothing.
    fn string(&mut self, offset: u64) -> Result<&[u8], Error> {
        let has_end = |bytes: &[u8]| bytes.contains(&0);
        let buffered = !self.bytes.is_empty() && has_end(self.at(offset, 1)?);
        let bytes = match buffered {
            true => self.at(offset, 1)?,
            false => self.at(offset, LONGEST_NAME)?,
        };
        let end = bytes.iter().position(|&byte| byte == 0);
        Ok(&bytes[..end.unwrap_or(0)])
    }

    /// The buffered bytes from `offset`, at least `len` of them where the table has them.
    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8], Error> {
        let buffered = offset
            .checked_sub(self.start)
            .and_then(|skip| usize::try_from(skip).ok())
            .filter(|skip| skip.checked_add(len).is_some_and(|end| end <= self.bytes.len()));
        let skip = match buffered {
            Some(skip) => skip,
            None => {
                self.bytes = self.table.window.bytes_up_to(offset, len.max(BUFFER))?;
                self.start = offset;
                0
            }
        };
        Ok(&self.bytes[skip..])
    }
}

/// Sorts names into the result, and counts their bytes.
struct Collect<'t> {
    table: &'t mut FunctionTable,
    name_bytes: u64,
    allowed: u64,
    modules_allowed: u64,
}

impl Collect<'_> {
    fn function(&mut self, name: &[u8]) -> Result<(), Error> {
        let Some(package) = names::package(name, self.table.format) else {
            return Ok(());
        };
        if !self.table.packages.contains(&package) {
            self.count(package.len())?;
            self.table.packages.insert(package);
        }
        Ok(())
    }

    fn file(&mut self, name: &[u8]) -> Result<(), Error> {
        if name.is_empty() {
            return Ok(());
        }
        self.count(name.len())?;
        let name = String::from_utf8_lossy(name);
        self.table.modules.extend(names::module(&name));
        Limit::Modules.hold(self.table.modules.len() as u64, self.modules_allowed)?;
        self.table.files.push(&name);
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), Error> {
        self.name_bytes += bytes as u64;
        Limit::FunctionNames.hold(self.name_bytes, self.allowed)
    }
}

const CHUNK: usize = 64 << 10;
const BUFFER: usize = 4 << 10;
const LONGEST_NAME: usize = 64 << 10;
/// The linker aligns the table by at least this.
const ALIGN: usize = 4;
/// Eight bytes and eight words.
const LARGEST_HEADER: usize = 72;
