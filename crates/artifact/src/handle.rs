//! Positioned reads of an open file: no cursor, so that hashing and looking inside do not disturb
//! each other.

use std::fs::File;
use std::io;

use chainsign_gosbom::ReadAt;

use crate::Meter;

/// A file and the length it had when it was opened.
#[derive(Debug)]
pub(crate) struct Handle {
    file: Positioned,
    len: u64,
    meter: Meter,
}

impl Handle {
    pub(crate) fn new(file: File, len: u64) -> Self {
        Handle { file: Positioned::new(file), len, meter: Meter::default() }
    }

    pub(crate) fn metadata(&self) -> io::Result<std::fs::Metadata> {
        self.file.metadata()
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Fills the buffer from `offset` as far as the file reaches, also beyond the length it had.
    pub(crate) fn fill(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_at(offset.saturating_add(filled as u64), rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

impl ReadAt for Handle {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(offset, buffer)?;
        self.meter.add(count);
        Ok(count)
    }

    fn len(&self) -> u64 {
        self.len
    }
}

#[cfg(any(unix, windows))]
use system::Positioned;

#[cfg(any(unix, windows))]
mod system {
    use std::fs::{File, Metadata};
    use std::io;

    #[derive(Debug)]
    pub(super) struct Positioned(File);

    impl Positioned {
        pub(super) fn new(file: File) -> Self {
            Positioned(file)
        }

        pub(super) fn metadata(&self) -> io::Result<Metadata> {
            self.0.metadata()
        }

        pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            #[cfg(unix)]
            return std::os::unix::fs::FileExt::read_at(&self.0, buffer, offset);
            #[cfg(windows)]
            return std::os::windows::fs::FileExt::seek_read(&self.0, buffer, offset);
        }
    }
}

#[cfg(not(any(unix, windows)))]
use seeking::Positioned;

/// Systems without positioned reads: seek, then read, one at a time.
#[cfg(any(test, not(any(unix, windows))))]
mod seeking {
    use std::fs::{File, Metadata};
    use std::io::{self, Read as _, Seek as _, SeekFrom};
    use std::sync::{Mutex, PoisonError};

    #[derive(Debug)]
    pub(super) struct Positioned(Mutex<File>);

    impl Positioned {
        pub(super) fn new(file: File) -> Self {
            Positioned(Mutex::new(file))
        }

        #[cfg_attr(test, expect(dead_code, reason = "the tests read only"))]
        pub(super) fn metadata(&self) -> io::Result<Metadata> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).metadata()
        }

        pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(offset))?;
            file.read(buffer)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn both_ways_of_reading_at_a_position_agree() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let seeking = seeking::Positioned::new(file.try_clone().unwrap());
        let handle = Handle::new(file, 10);
        for (offset, wanted) in [(0, "0123"), (7, "789"), (10, ""), (1 << 40, "")] {
            let (mut left, mut right) = ([0; 4], [0; 4]);
            let left_count = handle.fill(offset, &mut left).unwrap();
            let right_count = seeking.read_at(offset, &mut right).unwrap();
            assert_eq!(&left[..left_count], wanted.as_bytes());
            assert_eq!(&right[..right_count], wanted.as_bytes());
        }
    }
}
