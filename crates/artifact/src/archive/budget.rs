use std::cell::Cell;
use std::io::{self, Read};

use super::{ArchiveLimit, ArchiveLimits, Fault, Stop};

/// What is left of the bounds that hold for a whole artifact, nested archives included.
pub(crate) struct Budget {
    decompressed: Cell<u64>,
    decompressed_allowed: u64,
    entries: Cell<u64>,
    entries_allowed: u64,
}

impl Budget {
    pub(crate) fn new(limits: &ArchiveLimits, artifact_bytes: u64) -> Self {
        let allowed = artifact_bytes.saturating_mul(limits.ratio).max(limits.decompressed_floor);
        Budget {
            decompressed: Cell::new(allowed),
            decompressed_allowed: allowed,
            entries: Cell::new(limits.entries),
            entries_allowed: limits.entries,
        }
    }

    /// Takes one file, directory or link.
    pub(crate) fn entry(&self) -> Result<(), Stop> {
        let allowed = self.entries_allowed;
        let left = self.entries.get().checked_sub(1);
        let fault = Fault::LimitReached { limit: ArchiveLimit::Entries, allowed };
        self.entries.set(left.ok_or(fault)?);
        Ok(())
    }

    fn decompressed(&self, bytes: u64) -> Result<(), Fault> {
        let allowed = self.decompressed_allowed;
        let left = self.decompressed.get().checked_sub(bytes);
        let fault = Fault::LimitReached { limit: ArchiveLimit::Decompressed, allowed };
        self.decompressed.set(left.ok_or(fault)?);
        Ok(())
    }
}

/// Counts what a decoder yields against the budget, and names the decoder in its errors.
pub(super) struct Decoded<'a, R> {
    pub(super) decoder: R,
    pub(super) compression: &'static str,
    pub(super) budget: &'a Budget,
}

impl<R: Read> Read for Decoded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer).map_err(|error| {
            let reason = error.to_string();
            carry(Fault::Compression { compression: self.compression, reason })
        })?;
        self.budget.decompressed(count as u64).map_err(carry)?;
        Ok(count)
    }
}

/// A fault on its way through [`Read`].
fn carry(fault: Fault) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}

impl From<io::Error> for Stop {
    /// A fault that came through [`Read`], or a real failure.
    fn from(error: io::Error) -> Self {
        match error.downcast::<Fault>() {
            Ok(fault) => Stop::Fault(fault),
            Err(error) => Stop::Io(error),
        }
    }
}
