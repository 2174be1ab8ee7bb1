//! Where metadata and targets are kept: a folder of files for each repository, in the layout that
//! other clients use, so that a person can look at it.
//!
//! Nothing read from here is believed before it is verified again. Files are replaced by renaming,
//! one process at a time, and only when a whole refresh has succeeded.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::Timestamp;
use sigstore_tuf::MetadataStore;

/// A folder for what repositories said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A cache in the folder, which is made when it is needed.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Cache { folder: folder.into() }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of one repository.
    pub(super) fn folder_of(&self, url: &str) -> Folder {
        Folder { path: self.folder.join(folder_name(url)), layout: Layout::Own }
    }
}

/// The folder of one repository.
#[derive(Clone)]
pub(super) struct Folder {
    path: PathBuf,
    layout: Layout,
}

/// Whose layout a folder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// This crate's: with the chain of roots, and the time of the last check.
    Own,
    /// That of sigstore-go, and so of cosign: with the last root, and nothing else. Only read.
    SigstoreGo,
}

impl Folder {
    /// Where sigstore-go keeps what a repository says, below its own folder
    /// (`pkg/tuf/client.go`, `URLToPath`).
    pub(super) fn of_sigstore_go(folder: &Path, url: &str) -> Self {
        let name = url.strip_prefix("https://").unwrap_or(url).replace('/', "-");
        Folder { path: folder.join(name), layout: Layout::SigstoreGo }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn read(&self, name: &str) -> std::io::Result<Option<Vec<u8>>> {
        // The one root that is there may be the next of a chain, which its version tells.
        let name = match self.layout {
            Layout::SigstoreGo if name.starts_with("root_history/") => "root.json",
            _ => name,
        };
        read(&self.path.join(name))
    }

    /// Waits until no other process refreshes. `None` where files cannot be locked or written: then
    /// nothing can be written either.
    pub(super) async fn lock(&self) -> Option<File> {
        let folder = self.path.clone();
        let lock = move || -> std::io::Result<File> {
            std::fs::create_dir_all(&folder)?;
            let path = folder.join(LOCK);
            let file = File::options().create(true).truncate(false).write(true).open(path)?;
            file.lock()?;
            Ok(file)
        };
        let locked = tokio::task::spawn_blocking(lock).await.ok()?;
        locked
            .inspect_err(
                |error| tracing::debug!(folder = %self.path.display(), %error, "not locked"),
            )
            .ok()
    }

    /// When the repository was last checked.
    pub(super) fn checked(&self) -> Option<Timestamp> {
        if self.layout == Layout::SigstoreGo {
            // As sigstore-go itself has it.
            let modified = std::fs::metadata(self.path.join("timestamp.json")).ok()?.modified();
            return Timestamp::try_from(modified.ok()?).ok();
        }
        let text = self.read(CHECKED).ok()??;
        std::str::from_utf8(&text).ok()?.trim().parse().ok()
    }

    /// Writes what a refresh found. The time goes last: without it nothing is used.
    pub(super) fn write(&self, staged: &Staged, checked: Timestamp) -> std::io::Result<()> {
        let written = staged.written.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for (name, bytes) in written.iter().filter(|(name, _)| !is_versioned(name)) {
            replace(&self.path.join(name), bytes)?;
        }
        replace(&self.path.join(CHECKED), format!("{checked}\n").as_bytes())
    }
}

/// The folder as `sigstore-tuf` sees it: reads go through, what it writes waits here.
pub(super) struct Staged {
    folder: Folder,
    written: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Staged {
    pub(super) fn over(folder: Folder) -> Self {
        Staged { folder, written: Mutex::default() }
    }
}

impl MetadataStore for Staged {
    fn load(&self, name: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        let written = self.written.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match written.get(name) {
            Some(bytes) => Ok(Some(bytes.clone())),
            None => {
                let read = self.folder.read(safe(name)?);
                read.map_err(|error| fault("reading the cache", error))
            }
        }
    }

    fn store(&self, name: &str, bytes: &[u8]) -> sigstore_tuf::Result<()> {
        safe(name)?;
        let mut written = self.written.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        written.insert(name.to_owned(), bytes.to_owned());
        Ok(())
    }
}

/// Names come from metadata that is signed, but a path is never made of anything but plain parts.
fn safe(name: &str) -> sigstore_tuf::Result<&str> {
    let plain = |part: &str| {
        let first = part.bytes().next();
        first.is_some_and(|byte| byte != b'.') && !part.contains(['\\', ':', '\0'])
    };
    match name.split('/').all(plain) {
        true => Ok(name),
        false => {
            let error = std::io::Error::other(format!("found the name {name:?}"));
            Err(fault("naming a file of the cache", error))
        }
    }
}

fn fault(context: &str, source: std::io::Error) -> sigstore_tuf::Error {
    sigstore_tuf::Error::Io { context: context.to_owned(), source }
}

/// Reads a file, if it is there, and no more of it than any honest one has.
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(std::io::Error::other(format!("found more than {FILE_BYTES} bytes")));
    }
    Ok(Some(bytes))
}

/// Replaces a file: readers find the old or the new one, whole.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().ok_or_else(|| std::io::Error::other("found no folder"))?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}

/// `sigstore-tuf` also stores each snapshot under its version. The unversioned copy is what it
/// reads, and the others would pile up.
fn is_versioned(name: &str) -> bool {
    name.split_once('.').is_some_and(|(version, _)| version.bytes().all(|b| b.is_ascii_digit()))
}

/// The repository's URL with everything escaped that a file name cannot have.
fn folder_name(url: &str) -> String {
    let mut name = String::with_capacity(url.len() + 16);
    for byte in url.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                name.push(char::from(byte));
            }
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

const LOCK: &str = ".lock";

/// The time of the last check.
const CHECKED: &str = "checked";

/// `sigstore-tuf`'s own largest bound, for targets metadata.
const FILE_BYTES: u64 = 5_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_metadata_never_leaves_the_folder() {
        for name in ["root.json", "root_history/2.root.json", "targets/trusted_root.json"] {
            assert_eq!(safe(name).unwrap(), name);
        }
        for name in ["../x", "/x", "a/../x", "a//x", ".lock", "", "a\\..\\x", "C:x", "a\0"] {
            let error = safe(name).unwrap_err();
            assert!(matches!(error, sigstore_tuf::Error::Io { .. }), "{name:?} {error}");
        }
    }

    #[test]
    fn every_repository_has_a_folder_of_its_own() {
        assert_eq!(
            folder_name("https://tuf-repo-cdn.sigstore.dev"),
            "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
        );
        assert_ne!(folder_name("http://a/b"), folder_name("http://a%2Fb"));
    }

    #[test]
    fn the_folders_of_sigstore_go_are_found() {
        for (url, wanted) in [
            ("https://tuf-repo-cdn.sigstore.dev", "root/tuf-repo-cdn.sigstore.dev"),
            ("https://example.com/a/b", "root/example.com-a-b"),
            ("http://localhost:1", "root/http:--localhost:1"),
        ] {
            let folder = Folder::of_sigstore_go(Path::new("root"), url);
            assert_eq!(folder.path(), Path::new(wanted), "{url}");
        }
    }

    #[test]
    fn versioned_names_are_told_from_others() {
        assert!(is_versioned("12.snapshot.json"));
        for name in ["snapshot.json", "root_history/2.root.json", "targets/2.json", "registry.json"]
        {
            assert!(!is_versioned(name), "{name}");
        }
    }
}
