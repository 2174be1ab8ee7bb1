//! Files read within bounds, and written whole or not at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Reads a document of at most 32 MiB, or standard input for `-`.
///
/// # Errors
/// `unreadable` when it cannot be opened or read, `limit-reached` when it is larger.
pub fn read(what: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    read_within(what, path, DOCUMENT_BYTES)
}

/// [`read`] with another limit in bytes.
///
/// # Errors
/// As [`read`].
pub fn read_within(what: &str, path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        return read_all(what, "standard input", io::stdin().lock(), 0, limit);
    }
    let file = File::open(path).map_err(|error| unreadable(what, path, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(what, path, &error))?;
    if metadata.is_dir() {
        let message = format!("cannot read the {what} {}: it is a directory", path.display());
        return Err(Failure::undecided("unreadable", message).hint("name a file"));
    }
    read_all(what, &path.display().to_string(), file, metadata.len(), limit)
}

/// The first line of a small file, where it is there and can be read. At most 4 KiB of it are.
pub fn first_line(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(4 << 10).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned())
}

/// A file that will be written: its temporary neighbour exists already, so that a path that
/// cannot be written is found out before any work is done, and nothing is half-written.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    neighbour: NamedTempFile,
}

impl Output {
    /// Prepares to write `path`, replacing what is there.
    ///
    /// # Errors
    /// `unwritable` when the path is a directory or a device, its folder is missing, or may not be
    /// written.
    pub fn prepare(path: &Path) -> Result<Self, Failure> {
        Self::prepare_as(path, Readers::Public)
    }

    /// Prepares to write a file that only its owner may read, from the first byte on.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn prepare_secret(path: &Path) -> Result<Self, Failure> {
        Self::prepare_as(path, Readers::Owner)
    }

    fn prepare_as(path: &Path, readers: Readers) -> Result<Self, Failure> {
        if let Ok(metadata) = path.metadata()
            && !metadata.is_file()
        {
            // A device or a pipe would be replaced by a file, even /dev/null.
            let what = if metadata.is_dir() { "a directory" } else { "not a regular file" };
            let message = format!("cannot write {}: it is {what}", path.display());
            return Err(Failure::undecided("unwritable", message).hint("name a file"));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".chainsign-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // The process's umask still applies.
            let mode = match readers {
                Readers::Public => 0o666,
                Readers::Owner => 0o600,
            };
            builder.permissions(std::fs::Permissions::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = readers;
        let neighbour =
            builder.tempfile_in(folder(path)).map_err(|error| unwritable(path, &error))?;
        Ok(Output { path: path.to_owned(), neighbour })
    }

    /// The path it will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the bytes and gives the file its name.
    ///
    /// # Errors
    /// `unwritable`; the path is then as it was.
    pub fn write(mut self, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let written = self.neighbour.write_all(bytes).and_then(|()| self.neighbour.flush());
        written.map_err(|error| unwritable(&self.path, &error))?;
        self.finish()
    }

    /// Writes the bytes and gives the file its name, if nothing has that name.
    ///
    /// # Errors
    /// `exists`, `unwritable`; the path is then as it was.
    pub fn write_new(mut self, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let written = self.neighbour.write_all(bytes).and_then(|()| self.neighbour.flush());
        written.map_err(|error| unwritable(&self.path, &error))?;
        let Output { path, neighbour } = self;
        match neighbour.persist_noclobber(&path) {
            Ok(_) => Ok(path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&path)),
            Err(error) => Err(unwritable(&path, &error.error)),
        }
    }

    /// Gives what was written through [`Output::writer`] its name.
    ///
    /// # Errors
    /// `unwritable`; the path is then as it was.
    pub fn finish(self) -> Result<PathBuf, Failure> {
        let Output { path, neighbour } = self;
        match neighbour.persist(&path) {
            Ok(_) => Ok(path),
            Err(error) => Err(unwritable(&path, &error.error)),
        }
    }

    /// Where to write piece by piece before [`Output::finish`].
    pub fn writer(&mut self) -> &mut impl Write {
        &mut self.neighbour
    }
}

/// Who may read a file that is written.
#[derive(Clone, Copy)]
enum Readers {
    Public,
    Owner,
}

/// The failure of a file that is there and must not be replaced.
pub fn exists(path: &Path) -> Failure {
    Failure::undecided("exists", format!("{} is there already", path.display()))
        .hint("choose another name, or replace it with --yes")
}

/// Adds a line to a file of lines, as [`append`] does.
///
/// # Errors
/// As [`append`].
pub fn append_line(path: &Path, line: &[u8]) -> Result<(), Failure> {
    append(path, &[line.trim_ascii_end(), b"\n"].concat())
}

/// Adds text to a file, on a line of its own: under a lock, to a copy that then takes the file's
/// name.
///
/// # Errors
/// `unreadable`, `limit-reached`, `unwritable`; the file is then as it was.
pub fn append(path: &Path, text: &[u8]) -> Result<(), Failure> {
    // Held until the end of this function.
    let _lock = Lock::of_folder(path)?;
    let mut bytes = match path.exists() {
        true => read("lines", path)?,
        false => Vec::new(),
    };
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(text);
    Output::prepare(path)?.write(&bytes).map(|_| ())
}

/// The path with a suffix added to its file name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A lock among the processes that add lines to files of one folder.
struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    fn of_folder(path: &Path) -> Result<Self, Failure> {
        // The folder itself can be locked on Unix. Elsewhere a file beside the lines is needed.
        let file = File::open(folder(path)).or_else(|_| File::create(beside(path, ".lock")));
        let file = file.map_err(|error| unwritable(path, &error))?;
        file.lock().map_err(|error| unwritable(path, &error))?;
        Ok(Lock(file))
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `expected` bytes are read at once; what there is counts.
fn read_all(
    what: &str,
    from: &str,
    reader: impl Read,
    expected: u64,
    limit: u64,
) -> Result<Vec<u8>, Failure> {
    let room = usize::try_from(expected.min(limit) + 1).unwrap_or(0);
    let mut bytes = Vec::with_capacity(room);
    let read = reader.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(what, Path::new(from), &error))?;
    if bytes.len() as u64 > limit {
        let message = format!("the {what} {from} is larger than {limit} bytes");
        return Err(Failure::undecided("limit-reached", message));
    }
    Ok(bytes)
}

fn unreadable(what: &str, path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::undecided(
        "unreadable",
        format!("cannot read the {what} {}: {}", path.display(), plain(error)),
    );
    match error.kind() {
        io::ErrorKind::NotFound => failure.hint("check the path; - reads standard input"),
        _ => failure,
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot write {}: {}", path.display(), plain(error));
    Failure::undecided("unwritable", message)
        .hint("the folder must exist and be writable; nothing was written")
}

/// The operating system's words without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}

/// The largest document of any kind: what the parsers take.
const DOCUMENT_BYTES: u64 = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_cannot_be_written_is_found_out_first() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/such/file");
        let failure = Output::prepare(&missing).unwrap_err();
        assert_eq!(failure.reason, "unwritable");
        assert!(
            failure.message.ends_with("no/such/file: no such file or directory"),
            "{failure:?}"
        );
        let failure = Output::prepare(folder.path()).unwrap_err();
        assert!(failure.message.ends_with("it is a directory"), "{failure:?}");
    }

    #[test]
    #[cfg(unix)]
    fn a_device_is_not_replaced_by_a_file() {
        let failure = Output::prepare(Path::new("/dev/null")).unwrap_err();
        assert_eq!(failure.message, "cannot write /dev/null: it is not a regular file");
    }

    #[test]
    fn nothing_is_left_of_an_output_that_was_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "before").unwrap();
        drop(Output::prepare(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
        Output::prepare(&path).unwrap().write(b"after").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"after");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn lines_of_many_writers_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        std::thread::scope(|scope| {
            for number in 0..16 {
                let path = &path;
                scope.spawn(move || append_line(path, format!("{number}\n").as_bytes()).unwrap());
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        let mut numbers: Vec<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..16).collect::<Vec<_>>());
    }

    #[test]
    fn a_directory_is_no_document() {
        let folder = tempfile::tempdir().unwrap();
        let failure = read("bundle", folder.path()).unwrap_err();
        assert!(failure.message.ends_with("it is a directory"), "{failure:?}");
        let failure = read("bundle", &folder.path().join("none")).unwrap_err();
        assert!(failure.message.ends_with("none: no such file or directory"), "{failure:?}");
    }
}
