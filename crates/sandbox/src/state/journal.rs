use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use crate::Error;

use super::{Folder, state};

/// A file that only grows, one record a line; or nothing at all.
#[derive(Debug)]
pub(crate) struct Journal(Option<Open>);

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: File,
    /// Bytes of whole records.
    length: u64,
    /// Keeps the folder's lock.
    _folder: Arc<Folder>,
}

impl Journal {
    pub(super) fn in_memory() -> Self {
        Journal(None)
    }

    /// Opens the file and returns its records in order.
    pub(super) fn open(folder: Arc<Folder>, name: &str) -> Result<(Self, Vec<Vec<u8>>), Error> {
        let path = folder.path.join(name);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(&path).map_err(state("open", &path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(state("read", &path))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        bytes.truncate(whole);
        let mut open = Open { path, file, length: whole as u64, _folder: folder };
        open.cut().map_err(state("write", &open.path))?;
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let records = lines.map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec()).collect();
        Ok((Journal(Some(open)), records))
    }

    /// Adds one record, which must not contain a line end. On return it is on the disk; on an
    /// error the journal is as before.
    pub(crate) fn append(&mut self, record: &[u8]) -> Result<(), Error> {
        let Some(open) = &mut self.0 else { return Ok(()) };
        let line = [record, b"\n"].concat();
        match open.file.write_all(&line).and_then(|()| open.file.sync_data()) {
            Ok(()) => {
                open.length += line.len() as u64;
                Ok(())
            }
            Err(source) => {
                // If this fails too, the next start drops the unfinished line.
                let _ = open.cut();
                Err(state("write", &open.path)(source))
            }
        }
    }
}

impl Open {
    /// Drops what is not a whole record.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(|_| ())
    }
}
