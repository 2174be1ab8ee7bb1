//! Files read within bounds, and written whole or not at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

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
        return read_all(what, "standard input", standard_input(what)?, 0, limit);
    }
    let file = File::open(path).map_err(|error| unreadable(what, path, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(what, path, &error))?;
    if metadata.is_dir() {
        let message = format!("cannot read the {what} {}: it is a directory", path.display());
        return Err(Failure::undecided("unreadable", message).hint("name a file"));
    }
    read_all(what, &path.display().to_string(), file, metadata.len(), limit)
}

/// Standard input, for the one that reads it: what comes after would find it at its end, and take
/// nothing for a document, or sign it.
///
/// # Errors
/// `bad-flag` when something else has read it.
pub fn standard_input(what: &str) -> Result<io::StdinLock<'static>, Failure> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        let message =
            format!("the {what} would be standard input, which is read for something else");
        return Err(Failure::undecided("bad-flag", message).hint("put one of them into a file"));
    }
    Ok(io::stdin().lock())
}

/// The first line of a small file, where it is there and can be read. At most 4 KiB of it are.
pub fn first_line(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(4 << 10).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned())
}

/// A file that will be written, whole or not at all. That it can be was found out, so that a path that
/// cannot be written costs no work. Nothing is there for it until it is written: a run that is
/// interrupted leaves nothing behind.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    /// The file itself, where the path is a link to it.
    place: PathBuf,
    readers: Readers,
}

impl Output {
    /// Prepares to write `path`, replacing what is there. A link stays one: what it leads to is
    /// replaced.
    ///
    /// # Errors
    /// `unwritable` when the path is a directory or a device, its folder is missing, or may not be
    /// written; when it is a link that anybody may have made, or one to an open file of a process.
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
        let output = Output { path: path.to_owned(), place: destination(path)?, readers };
        if let Ok(metadata) = output.place.metadata()
            && !metadata.is_file()
        {
            // A device or a pipe would be replaced by a file, even /dev/null.
            let what = if metadata.is_dir() { "a directory" } else { "not a regular file" };
            return Err(unusable(path, what));
        }
        output.neighbour().map(drop)?;
        Ok(output)
    }

    /// The path it will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the bytes and gives the file its name.
    ///
    /// # Errors
    /// `unwritable`; the path is then as it was.
    pub fn write(self, bytes: &[u8]) -> Result<PathBuf, Failure> {
        self.fill(bytes)?.finish()
    }

    /// Writes the bytes to a neighbour that has yet to get the file's name: of several files, all that
    /// a full disk can prevent is done before the first is there.
    ///
    /// # Errors
    /// `unwritable`; the path is then as it was.
    pub fn fill(self, bytes: &[u8]) -> Result<Filled, Failure> {
        let mut filled = self.begin()?;
        let written = filled.neighbour.write_all(bytes);
        let written = written.and_then(|()| match filled.readers {
            Readers::Public => Ok(()),
            // A key cannot be made again.
            Readers::Owner => filled.neighbour.as_file().sync_all(),
        });
        written.map_err(|error| unwritable(&filled.path, &error))?;
        Ok(filled)
    }

    /// Begins to write the file piece by piece.
    ///
    /// # Errors
    /// `unwritable`; the path is then as it was.
    pub fn begin(self) -> Result<Filled, Failure> {
        let neighbour = self.neighbour()?;
        let Output { path, place, readers } = self;
        Ok(Filled { path, place, readers, neighbour })
    }

    /// An empty file in the file's folder, which is gone when it is dropped.
    fn neighbour(&self) -> Result<NamedTempFile, Failure> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(NEIGHBOUR);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // The process's umask still applies.
            let mode = match self.readers {
                Readers::Public => 0o666,
                Readers::Owner => 0o600,
            };
            builder.permissions(std::fs::Permissions::from_mode(mode));
        }
        let neighbour = builder.tempfile_in(folder(&self.place));
        neighbour.map_err(|error| unwritable(&self.path, &error))
    }
}

/// A file that is written and has yet to get its name. Dropped, it is gone.
#[derive(Debug)]
pub struct Filled {
    path: PathBuf,
    place: PathBuf,
    readers: Readers,
    neighbour: NamedTempFile,
}

impl Filled {
    /// Where to write piece by piece.
    pub fn writer(&mut self) -> &mut impl Write {
        &mut self.neighbour
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// `unwritable`; the path is then as it was.
    pub fn finish(self) -> Result<PathBuf, Failure> {
        match self.neighbour.persist(&self.place) {
            Ok(_) => Ok(self.path),
            Err(error) => Err(unwritable(&self.path, &error.error)),
        }
    }

    /// Gives the file its name, if nothing has that name.
    ///
    /// # Errors
    /// `exists`, `unwritable`; the path is then as it was.
    pub fn finish_new(self) -> Result<PathBuf, Failure> {
        match self.neighbour.persist_noclobber(&self.place) {
            Ok(_) => Ok(self.path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(exists(&self.path))
            }
            Err(error) => Err(unwritable(&self.path, &error.error)),
        }
    }
}

/// The file that is written, whatever links lead to it: the same for two paths of one file.
///
/// # Errors
/// `unwritable`, as [`Output::prepare`].
pub fn written_at(path: &Path) -> Result<PathBuf, Failure> {
    let place = destination(path)?;
    let folder = folder(&place).canonicalize().map_err(|error| unwritable(path, &error))?;
    Ok(folder.join(place.file_name().unwrap_or_default()))
}

/// Writes several files: each gets its name when all of them are written.
///
/// # Errors
/// As [`Output::prepare`] and [`Output::write`].
pub fn write_all(
    files: impl IntoIterator<Item = (impl AsRef<Path>, Vec<u8>)>,
) -> Result<(), Failure> {
    let fill = |(path, bytes): (_, Vec<u8>)| Output::prepare(AsRef::as_ref(&path))?.fill(&bytes);
    let filled: Vec<_> = files.into_iter().map(fill).collect::<Result<_, Failure>>()?;
    filled.into_iter().try_for_each(|it| it.finish().map(drop))
}

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug)]
enum Readers {
    Public,
    Owner,
}

/// Whether the path is a file that a run like this one is writing, or was when it was killed.
pub fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(NEIGHBOUR.as_bytes()))
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
    // Held until the end of this function. A file has one folder, whatever links lead to it.
    let _lock = Lock::of_folder(&destination(path)?)?;
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

/// Makes a folder, and those that it is in, where they are not there.
///
/// # Errors
/// `unwritable`.
pub fn make_folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path)
        .map_err(|error| folder_failure("unwritable", "make", path, &error))
}

/// Why a folder could not be made or read.
pub fn folder_failure(
    reason: &'static str,
    doing: &str,
    path: &Path,
    error: &io::Error,
) -> Failure {
    let what = match path.metadata() {
        Ok(metadata) if !metadata.is_dir() => "it is a file".to_owned(),
        _ => plain(error),
    };
    Failure::undecided(reason, format!("cannot {doing} the folder {}: {what}", path.display()))
        .hint("check the path: a folder is wanted")
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

/// The file that a path's links lead to, whether it is there or not.
fn destination(path: &Path) -> Result<PathBuf, Failure> {
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        let folder = folder(&place).to_owned();
        // As /dev/stdout: its name would go to another file, and who reads it would get nothing.
        if folder.canonicalize().is_ok_and(|folder| folder.starts_with("/proc")) {
            return Err(unusable(path, "an open file of a process"));
        }
        // Not a link, or not there.
        let Ok(target) = place.read_link() else { return Ok(place) };
        if is_anybodys(&folder) {
            return Err(unusable(path, "a link in a folder in which anybody may make one"));
        }
        place = folder.join(target);
    }
    Err(unusable(path, "a link that leads to links without end"))
}

/// Whether it is a folder like /tmp, where the system, too, does not follow the links of others.
#[cfg(unix)]
fn is_anybodys(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const STICKY_AND_WRITABLE: u32 = 0o1002;
    let mode = folder.metadata().map(|metadata| metadata.permissions().mode());
    mode.is_ok_and(|mode| mode & STICKY_AND_WRITABLE == STICKY_AND_WRITABLE)
}

#[cfg(not(unix))]
fn is_anybodys(_: &Path) -> bool {
    false
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
    Failure::undecided("unwritable", message).hint(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "make room for it; nothing was written"
        }
        _ => "the folder must exist and be writable; nothing was written",
    })
}

fn unusable(path: &Path, what: &str) -> Failure {
    let message = format!("cannot write {}: it is {what}", path.display());
    Failure::undecided("unwritable", message).hint("name a file")
}

/// The operating system's words without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}

/// The largest document of any kind: what the parsers take.
const DOCUMENT_BYTES: u64 = 32 << 20;

/// How the names of files begin that have yet to get theirs.
const NEIGHBOUR: &str = ".chainsign-";

/// Linux follows as many.
const MOST_LINKS: usize = 40;

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

    /// A process that is killed drops nothing.
    #[test]
    fn nothing_is_there_of_an_output_before_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let files = || std::fs::read_dir(folder.path()).unwrap().count();
        let path = folder.path().join("file");
        std::fs::write(&path, "before").unwrap();
        let output = Output::prepare(&path).unwrap();
        assert_eq!(files(), 1);
        drop(output.fill(b"dropped").unwrap());
        assert_eq!((std::fs::read(&path).unwrap(), files()), (b"before".to_vec(), 1));
        Output::prepare(&path).unwrap().write(b"after").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), files()), (b"after".to_vec(), 1));
        let new = Output::prepare(&path).unwrap().fill(b"new").unwrap();
        assert_eq!(new.finish_new().unwrap_err().reason, "exists");
        assert_eq!((std::fs::read(&path).unwrap(), files()), (b"after".to_vec(), 1));
    }

    #[test]
    #[cfg(unix)]
    fn links_stay_and_what_they_lead_to_is_written() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("store")).unwrap();
        symlink("store/second", path("first")).unwrap();
        symlink("../new", path("store/second")).unwrap();
        for content in ["not there before", "replaced"] {
            Output::prepare(&path("first")).unwrap().write(content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(path("new")).unwrap(), content);
        }
        append_line(&path("first"), b"line").unwrap();
        assert_eq!(std::fs::read_to_string(path("new")).unwrap(), "replaced\nline\n");
        for link in ["first", "store/second"] {
            assert!(path(link).symlink_metadata().unwrap().is_symlink(), "{link}");
        }
        symlink("round", path("round")).unwrap();
        let failure = Output::prepare(&path("round")).unwrap_err();
        assert!(failure.message.ends_with("links without end"), "{failure:?}");
    }

    #[test]
    #[cfg(unix)]
    fn a_link_that_anybody_may_have_made_is_not_followed() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        symlink(&target, &link).unwrap();
        let mode = std::fs::Permissions::from_mode(0o1777);
        std::fs::set_permissions(folder.path(), mode).unwrap();
        let failure = Output::prepare(&link).unwrap_err();
        assert!(failure.message.ends_with("in which anybody may make one"), "{failure:?}");
        Output::prepare(&target).unwrap().write(b"").unwrap();
    }

    /// Root would replace /dev/stdout by a file for everybody.
    #[test]
    #[cfg(target_os = "linux")]
    fn an_open_file_of_a_process_is_not_replaced() {
        use std::os::fd::AsRawFd as _;
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let open = File::create(folder.path().join("out")).unwrap();
        let named = format!("/proc/self/fd/{}", open.as_raw_fd());
        let link = folder.path().join("stdout");
        symlink(&named, &link).unwrap();
        for path in [Path::new(&named), &link] {
            let failure = Output::prepare(path).unwrap_err();
            assert!(failure.message.ends_with("it is an open file of a process"), "{failure:?}");
        }
        assert!(link.symlink_metadata().unwrap().is_symlink());
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
