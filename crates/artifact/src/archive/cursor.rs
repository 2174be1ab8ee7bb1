use std::io::{self, BufRead, Read};

use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm, StreamDigester};
use chainsign_gosbom::ReadAt;

/// Reads a source from its first byte to its last, and digests it.
pub(crate) struct Cursor<'a> {
    source: &'a dyn ReadAt,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and not yet taken.
    start: usize,
    end: usize,
    /// Where the next part will be read from.
    next: u64,
    digester: StreamDigester,
    failure: Option<io::Error>,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(source: &'a dyn ReadAt, algorithms: &[DigestAlgorithm]) -> Self {
        Cursor {
            source,
            buffer: vec![0; PART],
            start: 0,
            end: 0,
            next: 0,
            digester: StreamDigester::new(algorithms.iter().copied()),
            failure: None,
        }
    }

    /// The offset of the next byte to be taken.
    pub(crate) fn position(&self) -> u64 {
        self.next - (self.end - self.start) as u64
    }

    /// Why the source could not be read, if that is what happened.
    pub(crate) fn failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// The digests of all bytes up to [`position`](Self::position), which is where the source must
    /// end.
    pub(crate) fn finish(self) -> ArtifactDigests {
        self.digester.finish()
    }
}

impl Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Cursor<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.start == self.end {
            match self.source.read_at(self.next, &mut self.buffer) {
                Ok(count) => {
                    (self.start, self.end) = (0, count);
                    self.next += count as u64;
                    self.digester.update(&self.buffer[..count]);
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let copy = io::Error::new(error.kind(), error.to_string());
                    self.failure = Some(error);
                    return Err(copy);
                }
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

const PART: usize = 128 << 10;
