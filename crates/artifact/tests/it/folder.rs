use std::fs;
use std::path::Path;

use chainsign_artifact::{Error, FileKind, regular_files};

#[test]
fn regular_files_are_listed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("b/c")).unwrap();
    for name in ["z", "b/c/file", "a", "b/a"] {
        fs::write(path(name), "x").unwrap();
    }
    #[cfg(unix)]
    for (target, link) in [("/etc", "etc"), ("a", "link"), ("..", "b/up")] {
        std::os::unix::fs::symlink(target, path(link)).unwrap();
    }
    let found = regular_files(folder.path(), 100).unwrap();
    assert_eq!(found, ["a", "b/a", "b/c/file", "z"].map(path));
}

#[test]
fn what_cannot_be_listed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    assert_eq!(regular_files(folder.path(), 3).unwrap().len(), 3);
    let error = regular_files(folder.path(), 2).unwrap_err();
    assert!(matches!(error, Error::TooManyFiles { limit: 2, .. }), "{error}");
    let error = regular_files(&folder.path().join("a"), 9).unwrap_err();
    assert!(matches!(error, Error::NotAFolder { found: FileKind::Regular, .. }), "{error}");
    let error = regular_files(Path::new("/nothing/here"), 9).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}
