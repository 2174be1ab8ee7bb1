use chainsign_artifact::archive::ArchiveLimit;

use super::*;
use crate::make::{Tar, Zip, ZipEntry, ar, cpio, gzip, rpm};

fn reached(limit: ArchiveLimit, allowed: u64) -> Fault {
    Fault::LimitReached { limit, allowed }
}

/// A megabyte of zeros for each byte of the archive, nearly.
#[test]
fn bombs_are_stopped() {
    let zeros = vec![0; 20 << 20];
    let tar = gzip(&Tar::default().file("zeros", &zeros).end());
    let mut limits = Limits::default();
    let floor = limits.archive.decompressed_floor;
    refused_within(&tar, &limits, reached(ArchiveLimit::Decompressed, floor));
    let zip = Zip::of(&[ZipEntry::deflated("zeros", &zeros)]).bytes();
    refused_within(&zip, &limits, reached(ArchiveLimit::Decompressed, floor));
    let rpm = rpm(&gzip(&cpio(&[("zeros", 0o100_644, &zeros)])));
    refused_within(&rpm, &limits, reached(ArchiveLimit::Decompressed, floor));

    limits.archive.decompressed_floor = 0;
    let allowed = 200 * tar.len() as u64;
    refused_within(&tar, &limits, reached(ArchiveLimit::Decompressed, allowed));
    // What is inside counts with what is outside.
    let nested = Tar::default().file("inner", &tar).file("again", &tar).end();
    limits.archive.decompressed_floor = 30 << 20;
    limits.archive.ratio = 0;
    refused_within(&nested, &limits, reached(ArchiveLimit::Decompressed, 30 << 20));
    limits.archive.decompressed_floor = 50 << 20;
    let (outcome, _) = walked(&open(&nested), &limits);
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[test]
fn archives_within_archives() {
    let first = Tar::default().file("text", b"x").end();
    let second = gzip(&Tar::default().file("first.tar", &first).end());
    let third = Zip::of(&[ZipEntry::stored("second.tgz", &second)]).bytes();
    let data = Tar::default().file("third.zip", &third).end();
    let fourth = ar(&[("debian-binary", b"2.0\n"), ("control.tar", b""), ("data.tar", &data)]);
    assert_eq!(
        files(&fourth),
        [
            "third.zip!second.tgz!first.tar!text: 1 bytes",
            "third.zip!second.tgz!first.tar: tar archive",
            "third.zip!second.tgz: tar archive",
            "third.zip: zip archive",
        ]
    );
    let fifth = Tar::default().file("fourth.deb", &fourth).end();
    let found = files(&fifth);
    let fault = reached(ArchiveLimit::Depth, 4);
    assert_eq!(found[0], format!("fourth.deb!third.zip!second.tgz!first.tar: fault: {fault}"));
}

/// The fault of an inner archive is its own: the outer one is read on.
#[test]
fn inner_faults_are_kept() {
    let broken = Tar::default().file("../x", b"").end();
    let tar = Tar::default()
        .file("broken.tar", &broken)
        .file("note.gz", &gzip(b"only a compressed text"))
        .file("library.a", &ar(&[("a.o", b"x")]))
        .file("after", b"x")
        .end();
    let found = files(&tar);
    assert_eq!(found[0], r#"broken.tar: fault: the name "../x" leads upwards"#);
    assert!(found[1].starts_with("note.gz: ") && found[1].ends_with(" bytes"), "{}", found[1]);
    assert!(found[2].starts_with("library.a: not a Go binary: ar archive"), "{}", found[2]);
    assert_eq!(found[3], "after: 1 bytes");
}

#[test]
fn counts_and_lengths() {
    let tar = Tar::default().directory("d").file("a", b"").link(b'2', "l", "a").end();
    let mut limits = Limits::default();
    limits.archive.entries = 3;
    assert!(walked(&open(&tar), &limits).0.is_ok());
    limits.archive.entries = 2;
    refused_within(&tar, &limits, reached(ArchiveLimit::Entries, 2));
    let three = ["a", "b", "c"].map(|name| ZipEntry::stored(name, b""));
    refused_within(&Zip::of(&three).bytes(), &limits, reached(ArchiveLimit::Entries, 2));
    let three = cpio(&["a", "b", "c"].map(|name| (name, 0o100_644, &b""[..])));
    refused_within(&rpm(&three), &limits, reached(ArchiveLimit::Entries, 2));

    let mut limits = Limits::default();
    limits.archive.path_bytes = 4;
    let path = reached(ArchiveLimit::PathBytes, 4);
    refused_within(&Tar::default().file("12345", b"").end(), &limits, path.clone());
    let long = Tar::default().entry(b'L', "l", b"12345\0").file("a", b"").end();
    refused_within(&long, &limits, path.clone());
    refused_within(&Zip::of(&[ZipEntry::stored("12345", b"")]).bytes(), &limits, path);

    let mut limits = Limits::default();
    limits.archive.header_bytes = 9;
    let headers = reached(ArchiveLimit::HeaderBytes, 9);
    let pax = Tar::default().pax(&[("comment", "x")]).file("a", b"").end();
    refused_within(&pax, &limits, headers.clone());
    refused_within(&rpm(b""), &limits, headers);

    let mut limits = Limits::default();
    limits.archive.directory_bytes = 60;
    let zip = Zip::of(&[ZipEntry::stored("a", b"")]).bytes();
    refused_within(&zip, &limits, reached(ArchiveLimit::DirectoryBytes, 60));
}

#[test]
fn windows_that_are_too_large_are_refused() {
    let mut limits = Limits::default();
    limits.archive.window_bytes = 1 << 20;
    for name in ["pax.tar.xz", "gnu.tar.zst"] {
        let bytes = std::fs::read(testdata().join("archives").join(name)).unwrap();
        let outcome = walked(&open(&bytes), &limits).0;
        let wanted = |fault: &Fault| matches!(fault, Fault::Compression { reason, .. } if reason.contains("big"));
        assert!(
            matches!(&outcome, Err(Error::Archive { fault, .. }) if wanted(fault)),
            "{outcome:?}"
        );
    }
}
