//! Makes a test file of a Go binary: keeps the bytes that readers of build information and of the
//! function table look at, and writes zeros everywhere else, so that it compresses to a few KiB.
//!
//! `cargo run -p chainsign-gosbom --example shrink -- BINARY OUTPUT`
#![expect(clippy::disallowed_methods, reason = "a maintainer's tool that reads and writes files")]

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io;

use chainsign_gosbom::pclntab::{self, TableFormat};
use chainsign_gosbom::{Limits, ReadAt, read};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("wanted BINARY and OUTPUT".into());
    };
    let recorder = Recorder::new(std::fs::read(from)?);
    let limits = Limits::default();
    for slice in &read(&recorder, &limits)?.slices {
        recorder.keep_from(slice.build_info_offset, 4096);
        recorder.keep_module_text(slice.build_info.raw_modules());
        // A table of Go 1.15 and earlier is spread too widely to shrink.
        match pclntab::read(&recorder.bytes, slice, &limits)? {
            Some(table) if table.format > TableFormat::Go1_2 => {
                recorder.table_start.set(table.offset);
                pclntab::read(&recorder, slice, &limits)?;
            }
            _ => {}
        }
    }
    std::fs::write(to, recorder.kept.into_inner())?;
    Ok(())
}

/// Copies what is read to a file of the same length, except the large pieces of a search.
struct Recorder {
    bytes: Vec<u8>,
    kept: RefCell<Vec<u8>>,
    table_start: Cell<u64>,
}

impl Recorder {
    fn new(bytes: Vec<u8>) -> Self {
        Self { kept: RefCell::new(vec![0; bytes.len()]), bytes, table_start: Cell::new(u64::MAX) }
    }

    fn keep_from(&self, offset: u64, len: usize) {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(len).min(self.bytes.len());
        if let Some(kept) = self.bytes.get(start..end) {
            self.kept.borrow_mut()[start..end].copy_from_slice(kept);
        }
    }

    /// Every copy of the module text, with the 16 bytes before and after it.
    fn keep_module_text(&self, text: &[u8]) {
        for start in memchr::memmem::find_iter(&self.bytes, text) {
            self.keep_from(start.saturating_sub(16) as u64, text.len() + 32);
        }
    }
}

impl ReadAt for Recorder {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read_at(offset, buffer)?;
        if count <= 4096 || offset == 0 || offset >= self.table_start.get() {
            self.keep_from(offset, count);
        }
        Ok(count)
    }

    fn len(&self) -> u64 {
        ReadAt::len(&self.bytes)
    }
}
