//! Positioned reads of only the ranges that are needed.
//!
//! Nothing in this crate opens a file or seeks in one: the caller hands over a [`ReadAt`], and
//! every read below goes through a [`Window`], which knows where its bytes end and counts what
//! has been read against [`Limits`]. No allocation is ever sized by a number from the input
//! before that number has been held against the window's end and a limit.

use std::cell::Cell;
use std::io;

use crate::{Error, Limit, Limits};

/// A source of bytes that can be read at any position.
///
/// Implementations need no interior cursor: [`read_at`](Self::read_at) takes `&self`, so that a
/// file handle already used for hashing can be read here without disturbing it.
pub trait ReadAt {
    /// Reads at most `buffer.len()` bytes that start at `offset` and returns how many were read.
    ///
    /// Fewer bytes than asked for are allowed; zero means that `offset` is at or after the end.
    ///
    /// # Errors
    /// Whatever the source reports. [`io::ErrorKind::Interrupted`] is retried by this crate.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Length of the source in bytes. It must not change while the source is being read.
    fn len(&self) -> u64;

    /// Whether the source holds no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest =
            usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }
}

impl<const N: usize> ReadAt for [u8; N] {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buffer)
    }

    fn len(&self) -> u64 {
        N as u64
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buffer)
    }

    fn len(&self) -> u64 {
        ReadAt::len(self.as_slice())
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }

    fn len(&self) -> u64 {
        (**self).len()
    }
}

/// One source, the limits it is read under, and how much of it has been read.
pub(crate) struct Input<'a> {
    source: &'a dyn ReadAt,
    pub(crate) limits: &'a Limits,
    read: Cell<u64>,
    allowed: u64,
}

impl<'a> Input<'a> {
    pub(crate) fn new(source: &'a dyn ReadAt, limits: &'a Limits) -> Self {
        // Headers that send us over the same bytes again and again make no sense in a real file.
        let sensible = source.len().saturating_mul(4).saturating_add(1 << 20);
        Self { source, limits, read: Cell::new(0), allowed: limits.bytes_read.min(sensible) }
    }

    /// The whole source.
    pub(crate) fn window(&'a self) -> Window<'a> {
        Window { input: self, start: 0, len: self.source.len() }
    }

    fn count(&self, bytes: usize) -> Result<(), Error> {
        let read = self.read.get().saturating_add(bytes as u64);
        self.read.set(read);
        Limit::BytesRead.hold(read, self.allowed)
    }
}

/// A range of the source; offsets are relative to its start.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    input: &'a Input<'a>,
    start: u64,
    len: u64,
}

impl<'a> Window<'a> {
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Where this window starts in the source.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    pub(crate) fn limits(&self) -> &'a Limits {
        self.input.limits
    }

    /// The range `offset..offset + len`, or `None` if it does not lie inside this window.
    pub(crate) fn part(&self, offset: u64, len: u64) -> Option<Window<'a>> {
        let end = offset.checked_add(len)?;
        (end <= self.len).then(|| Window { input: self.input, start: self.start + offset, len })
    }

    /// The bytes `offset..offset + len`, or `None` if they do not lie inside this window.
    ///
    /// The caller has held `len` against a limit.
    pub(crate) fn bytes(&self, offset: u64, len: usize) -> Result<Option<Vec<u8>>, Error> {
        if self.part(offset, len as u64).is_none() {
            return Ok(None);
        }
        let mut bytes = vec![0; len];
        let filled = self.fill(offset, &mut bytes)?;
        Ok((filled == len).then_some(bytes))
    }

    /// Up to `len` bytes from `offset`: fewer only where the window ends.
    pub(crate) fn bytes_up_to(&self, offset: u64, len: usize) -> Result<Vec<u8>, Error> {
        let available = self.len.saturating_sub(offset).min(len as u64) as usize;
        let mut bytes = vec![0; available];
        let filled = self.fill(offset, &mut bytes)?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Fills `buffer` from `offset` as far as the window reaches and returns how far that was.
    pub(crate) fn fill(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        let available = self.len.saturating_sub(offset).min(buffer.len() as u64) as usize;
        self.input.count(available)?;
        let mut filled = 0;
        while filled < available {
            let at = self.start + offset + filled as u64;
            match self.input.source.read_at(at, &mut buffer[filled..available]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Io(error)),
            }
        }
        Ok(filled)
    }
}
