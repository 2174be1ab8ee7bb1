//! Fixed-layout header entries: bounded table reads and field access by offset.

use super::{ByteOrder, Container};
use crate::source::Window;
use crate::{Error, Limit};

/// Bytes of one header or table entry, with the byte order of its file.
///
/// Reading a field beyond the end gives zero: every caller reads entries of the fixed size that
/// its format has, so this cannot happen, and a panic could.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

impl<'a> Record<'a> {
    pub(super) fn new(bytes: &'a [u8], order: ByteOrder) -> Self {
        Self { bytes, order }
    }

    pub(super) fn u16(&self, at: usize) -> u16 {
        match self.order {
            ByteOrder::Little => u16::from_le_bytes(self.array(at)),
            ByteOrder::Big => u16::from_be_bytes(self.array(at)),
        }
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        match self.order {
            ByteOrder::Little => u32::from_le_bytes(self.array(at)),
            ByteOrder::Big => u32::from_be_bytes(self.array(at)),
        }
    }

    pub(super) fn u64(&self, at: usize) -> u64 {
        match self.order {
            ByteOrder::Little => u64::from_le_bytes(self.array(at)),
            ByteOrder::Big => u64::from_be_bytes(self.array(at)),
        }
    }

    /// The bytes of a name field up to its first NUL.
    pub(super) fn name(&self, at: usize, len: usize) -> &'a [u8] {
        until_nul(self.bytes.get(at..at + len).unwrap_or_default())
    }

    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let field = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        field.copied().unwrap_or([0; N])
    }
}

/// A table of entries of one size, read whole after its count was held against the limit.
pub(super) struct Table {
    bytes: Vec<u8>,
    entry: usize,
    order: ByteOrder,
}

impl Table {
    /// `None` if the table does not lie inside the window.
    pub(super) fn read(
        window: Window<'_>,
        offset: u64,
        count: u64,
        entry: usize,
        order: ByteOrder,
    ) -> Result<Option<Self>, Error> {
        Limit::Headers.hold(count, window.limits().headers)?;
        let len = count.saturating_mul(entry as u64);
        if window.part(offset, len).is_none() {
            return Ok(None);
        }
        let bytes = window.bytes(offset, len as usize)?;
        Ok(bytes.map(|bytes| Self { bytes, entry, order }))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Record<'_>> {
        self.bytes.chunks_exact(self.entry).map(|bytes| Record::new(bytes, self.order))
    }
}

/// A string that ends with NUL, at most `longest` bytes; `None` if it has no end there.
pub(super) fn string_at(
    window: Window<'_>,
    offset: u64,
    longest: usize,
) -> Result<Option<String>, Error> {
    let bytes = window.bytes_up_to(offset, longest)?;
    let string = until_nul(&bytes);
    Ok((string.len() < bytes.len()).then(|| String::from_utf8_lossy(string).into_owned()))
}

pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte == 0);
    &bytes[..end.unwrap_or(bytes.len())]
}

/// The error for a structure that does not hold, `offset` counted in the window.
pub(super) fn malformed(
    container: Container,
    part: &'static str,
    window: Window<'_>,
    offset: u64,
) -> Error {
    Error::Malformed { container, part, offset: window.start().saturating_add(offset) }
}
