//! A source that watches its reader.

use std::cell::Cell;
use std::io;

use chainsign_gosbom::ReadAt;

/// Counts what is read, and fails on a read that a bounded reader has no reason for.
pub(crate) struct Watched<'a> {
    bytes: &'a [u8],
    pub(crate) read: Cell<u64>,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, read: Cell::new(0) }
    }
}

impl ReadAt for Watched<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(buffer.len() <= self.bytes.len(), "a buffer larger than the file");
        assert!(offset + buffer.len() as u64 <= self.bytes.len() as u64, "a read past the end");
        self.read.set(self.read.get() + buffer.len() as u64);
        self.bytes.read_at(offset, buffer)
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}
