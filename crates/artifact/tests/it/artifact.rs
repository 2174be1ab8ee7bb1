//! One handle, its digests and facts, and everything that makes them unbelievable.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chainsign_artifact::{ArtifactFacts, Change, Content, Error, FileKind, Limits, OpenArtifact};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_gosbom as gosbom;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn demo_binary() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/demo/shipcheck")
}

fn facts(path: &Path) -> ArtifactFacts {
    let artifact = OpenArtifact::open(path).unwrap();
    artifact.facts([DigestAlgorithm::Sha256], &Limits::default()).unwrap()
}

#[test]
fn digests_are_those_of_the_bytes() {
    let folder = Folder::new();
    for size in [0, 1, 200_000, 3_000_000] {
        let bytes: Vec<u8> = (0..size).map(|at: u32| (at % 253) as u8).collect();
        let artifact = OpenArtifact::open(&folder.file("x", &bytes)).unwrap();
        assert_eq!(artifact.size(), u64::from(size));
        let wanted = [DigestAlgorithm::Sha512, DigestAlgorithm::Sha256, DigestAlgorithm::Sha256];
        let found = artifact.digests(wanted).unwrap();
        let expected =
            [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512].map(|it| it.digest(&bytes));
        assert!(found.iter().eq(&expected), "{found:?}");
        let again = artifact.facts(wanted, &Limits::default()).unwrap();
        assert_eq!(again.digests, found);
    }
}

/// The values of `testdata/demo/README.md`.
#[test]
fn a_go_binary_is_looked_into() {
    let facts = facts(&demo_binary());
    let digest = "sha256:2673a02860ea7306e31a7ca3b159f21f43f34c1674b2efc6c43199383c51da14";
    assert_eq!(facts.digests.iter().map(ToString::to_string).collect::<Vec<_>>(), [digest]);
    assert_eq!(facts.size, 4_477_090);
    let binary = facts.content.go_binary().unwrap();
    let modules = binary.slices[0].build_info.modules().unwrap();
    assert_eq!(modules.deps.len(), 16);
    assert_eq!(modules.vcs_revision(), Some("99617f4070c9fa4928704dbc89884a8a0000ca9f"));

    let artifact = OpenArtifact::open(&demo_binary()).unwrap();
    let shown = artifact.content(&Limits::default()).unwrap();
    assert_eq!(format!("{shown:?}"), format!("{:?}", facts.content));
}

#[test]
fn what_is_not_go_says_why() {
    let folder = Folder::new();
    let facts = facts(&folder.file("text", b"hello\n"));
    let Content::NotGo(reason) = &facts.content else { panic!("{facts:?}") };
    assert!(matches!(reason, gosbom::Error::NotExecutable { start } if start == b"hello\n"));
    assert!(facts.content.go_binary().is_none());
}

#[test]
fn the_name_is_the_path_or_what_is_given() {
    let folder = Folder::new();
    let path = folder.file("x", b"hello");
    assert_eq!(OpenArtifact::open(&path).unwrap().name(), path.display().to_string());
    let mut file = File::open(&path).unwrap();
    io::Seek::seek(&mut file, io::SeekFrom::End(0)).unwrap();
    let artifact = OpenArtifact::from_file("standard input", file).unwrap();
    assert_eq!(artifact.name(), "standard input");
    assert_eq!(artifact.bytes(5).unwrap(), b"hello", "from the start, not from the cursor");
}

#[test]
fn what_is_not_there_or_not_a_file_is_refused() {
    let folder = Folder::new();
    let path = folder.path("nothing");
    let error = OpenArtifact::open(&path).unwrap_err();
    assert!(matches!(&error, Error::NotFound { path: found } if *found == path), "{error}");
    assert_eq!(error.to_string(), format!("{} does not exist", path.display()));

    let error = OpenArtifact::open(folder.0.path()).unwrap_err();
    assert!(matches!(error, Error::NotAFile { found: FileKind::Directory, .. }), "{error}");
    let wanted = format!("{} is a directory, wanted a regular file", folder.0.path().display());
    assert_eq!(error.to_string(), wanted);

    let below = folder.file("x", b"").join("y");
    let error = OpenArtifact::open(&below).unwrap_err();
    assert!(matches!(error, Error::Open { .. }), "{error}");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    #[test]
    fn pipes_sockets_and_devices_are_not_opened() {
        let folder = Folder::new();
        #[track_caller]
        fn check(path: &Path, kind: FileKind) {
            let error = OpenArtifact::open(path).unwrap_err();
            assert!(matches!(error, Error::NotAFile { found, .. } if found == kind), "{error}");
        }
        let pipe = folder.path("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        check(&pipe, FileKind::Pipe);
        let socket = folder.path("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        check(&socket, FileKind::Socket);
        check(Path::new("/dev/null"), FileKind::Device);

        let handle = File::open(folder.0.path()).unwrap();
        let error = OpenArtifact::from_file("x", handle).unwrap_err();
        assert!(matches!(error, Error::NotAFile { found: FileKind::Directory, .. }), "{error}");
    }

    #[test]
    fn an_unreadable_file_is_refused() {
        let folder = Folder::new();
        let path = folder.file("secret", b"x");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        if File::open(&path).is_ok() {
            eprintln!("skipped: this user may read every file");
            return;
        }
        let error = OpenArtifact::open(&path).unwrap_err();
        let denied = |source: &io::Error| source.kind() == io::ErrorKind::PermissionDenied;
        assert!(matches!(&error, Error::Open { source, .. } if denied(source)), "{error}");
    }

    #[test]
    fn a_status_change_is_a_change() {
        let folder = Folder::new();
        let path = folder.file("x", b"x");
        let artifact = OpenArtifact::open(&path).unwrap();
        let before = fs::metadata(&path).unwrap();
        let ticked = |now: fs::Metadata| {
            (now.ctime(), now.ctime_nsec()) != (before.ctime(), before.ctime_nsec())
        };
        while !ticked(fs::metadata(&path).unwrap()) {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        refused(&artifact, Change::Status);
    }

    /// The handle keeps the file that was opened. The link count of that file has changed, which is
    /// reported; the other file is never seen.
    #[test]
    fn a_file_put_in_its_place_is_never_read() {
        let folder = Folder::new();
        let path = folder.file("x", b"good");
        let artifact = OpenArtifact::open(&path).unwrap();
        fs::rename(folder.file("y", b"evil"), &path).unwrap();
        match artifact.bytes(99) {
            Ok(bytes) => assert_eq!(bytes, b"good"),
            Err(Error::Changed { change: Change::Status, .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

/// Every way of reading refuses the file.
#[track_caller]
fn refused(artifact: &OpenArtifact, wanted: Change) {
    let digest = ArtifactDigest::sha256(b"");
    let outcomes = [
        artifact.digests([DigestAlgorithm::Sha256]).err(),
        artifact.facts([DigestAlgorithm::Sha256], &Limits::default()).err(),
        artifact.content(&Limits::default()).err(),
        artifact.bytes(99).err(),
        artifact.copy_to(&digest, &mut io::sink()).err(),
    ];
    for (index, outcome) in outcomes.into_iter().enumerate() {
        let Some(Error::Changed { change, .. }) = outcome else { panic!("{index}: {outcome:?}") };
        let same = match (change, wanted) {
            // What a pass over the bytes finds first, and what the system says, may differ.
            (Change::Size { opened, .. }, Change::Size { opened: wanted, .. }) => opened == wanted,
            (found, wanted) => found == wanted,
        };
        assert!(same, "{index}: found {change:?}, wanted {wanted:?}");
    }
}

#[test]
fn a_file_that_grows_or_shrinks_is_refused() {
    let folder = Folder::new();
    let path = folder.file("x", b"hello");
    let artifact = OpenArtifact::open(&path).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"!").unwrap();
    refused(&artifact, Change::Size { opened: 5, now: 6 });
    let error = artifact.digests([DigestAlgorithm::Sha256]).unwrap_err();
    let wanted = "changed while it was read: it had 5 bytes, found 6";
    assert!(error.to_string().ends_with(wanted), "{error}");
    file.set_len(4).unwrap();
    refused(&artifact, Change::Size { opened: 5, now: 4 });
}

#[test]
fn a_file_that_is_written_to_is_refused() {
    let folder = Folder::new();
    let path = folder.file("x", b"hello");
    let artifact = OpenArtifact::open(&path).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    file.set_modified(before + Duration::from_secs(1)).unwrap();
    refused(&artifact, Change::Modified);
}

#[test]
fn a_copy_has_the_verified_bytes() {
    let folder = Folder::new();
    let bytes: Vec<u8> = (0..2_500_000).map(|at: u32| (at % 241) as u8).collect();
    let artifact = OpenArtifact::open(&folder.file("x", &bytes)).unwrap();
    for algorithm in DigestAlgorithm::ALL {
        let mut copy = Vec::new();
        artifact.copy_to(&algorithm.digest(&bytes), &mut copy).unwrap();
        assert!(copy == bytes);
    }
}

#[test]
fn a_copy_of_another_artifact_is_refused() {
    let folder = Folder::new();
    let artifact = OpenArtifact::open(&folder.file("x", b"found")).unwrap();
    let (found, wanted) = (ArtifactDigest::sha256(b"found"), ArtifactDigest::sha256(b"wanted"));
    let error = artifact.copy_to(&wanted, &mut Vec::new()).unwrap_err();
    let text =
        format!("{} is not the artifact wanted: found {found}, wanted {wanted}", artifact.name());
    assert_eq!(error.to_string(), text);
    assert!(matches!(error, Error::OtherArtifact { .. }));
}

#[test]
fn a_copy_that_cannot_be_written_is_an_error() {
    let folder = Folder::new();
    let artifact = OpenArtifact::open(&folder.file("x", &[7; 100])).unwrap();
    let mut small = [0; 99];
    let error = artifact
        .copy_to(&ArtifactDigest::sha256(&[7; 100]), &mut small.as_mut_slice())
        .unwrap_err();
    let full = |source: &io::Error| source.kind() == io::ErrorKind::WriteZero;
    assert!(matches!(&error, Error::Write { source, .. } if full(source)), "{error}");
}

#[test]
fn what_is_too_large_for_memory_is_refused() {
    let folder = Folder::new();
    let artifact = OpenArtifact::open(&folder.file("x", b"hello")).unwrap();
    assert_eq!(artifact.bytes(5).unwrap(), b"hello");
    let error = artifact.bytes(4).unwrap_err();
    assert!(matches!(error, Error::TooLarge { found: 5, limit: 4, .. }), "{error}");
    let text = format!("{} is too large: found 5 bytes, wanted at most 4", artifact.name());
    assert_eq!(error.to_string(), text);
}
