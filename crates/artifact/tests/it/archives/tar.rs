use chainsign_artifact::archive::{ArchiveFormat, NameFault};

use super::*;
use crate::make::{Tar, TarHeader, gzip};

fn malformed(part: &'static str) -> Fault {
    Fault::Malformed { format: ArchiveFormat::Tar, part }
}

fn truncated(part: &'static str) -> Fault {
    Fault::Truncated { format: ArchiveFormat::Tar, part }
}

fn unsupported(feature: &str) -> Fault {
    Fault::Unsupported { format: ArchiveFormat::Tar, feature: feature.to_owned() }
}

fn name_fault(name: &str, fault: NameFault) -> Fault {
    Fault::Name { name: name.to_owned(), fault }
}

#[test]
fn what_is_in_it() {
    let tar = Tar::default()
        .directory("./")
        .directory("./a/")
        .file("./a/text", b"hello")
        .entry(b'\0', "old", b"")
        .entry(b'7', "contiguous", b"x")
        .link(b'1', "hard", "./a/text")
        .link(b'2', "soft", "a/text")
        .entry(b'3', "device", b"")
        .entry(b'6', "pipe", b"")
        .file("program", &go_binary())
        .file("script", b"MZ")
        .header(TarHeader::new(b'0', b"name", 1).set(345, b"prefix"))
        .body(b"x")
        .end();
    let wanted = [
        "a/text: 5 bytes",
        "old: 0 bytes",
        "contiguous: 1 bytes",
        "hard: same as a/text",
        "program: Go example.com/Toy/app/cmd/toy",
        "script: malformed PE file: DOS header is cut off at offset 0x2",
        "prefix/name: 1 bytes",
    ];
    assert_eq!(files(&tar), wanted);
    assert_eq!(files(&gzip(&tar)), wanted);
}

#[test]
fn extended_headers_win() {
    let tar = Tar::default()
        .entry(b'g', "pax_global_header", b"52 comment=2f1d5a4c5e0b7a9d3c6e8f0a1b2c3d4e5f6a7b8c\n")
        .pax(&[("path", "a/päx"), ("size", "3"), ("mtime", "1.5")])
        .header(TarHeader::new(b'0', b"old", 0))
        .body(b"abc")
        .entry(b'L', "././@LongLink", b"gnu/name\0")
        .file("old", b"xy")
        .entry(b'L', "././@LongLink", b"gnu/link\0")
        .entry(b'K', "././@LongLink", b"gnu/name\0")
        .link(b'1', "old", "nothing")
        // A binary size, as GNU writes those of 8 GiB and more.
        .header(TarHeader::new(b'0', b"big", 0).set(124, &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]))
        .body(b"zz")
        .end();
    let wanted =
        ["a/päx: 3 bytes", "gnu/name: 2 bytes", "gnu/link: same as gnu/name", "big: 2 bytes"];
    assert_eq!(files(&tar), wanted);
}

/// CVE-2025-62518: readers that take the header's size instead of the pax record's come upon the
/// entries of a nested archive as if they were the outer one's.
#[test]
fn cve_2025_62518_the_pax_size_is_believed() {
    let inner = Tar::default().file("hidden", b"x").end();
    let size = inner.len().to_string();
    let tar = Tar::default()
        .pax(&[("size", &size)])
        .header(TarHeader::new(b'0', b"inner", 0))
        .body(&inner)
        .file("after", b"y")
        .end();
    assert_eq!(files(&tar), ["inner!hidden: 1 bytes", "inner: tar archive", "after: 1 bytes"]);
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for (name, fault) in [
        ("/etc/passwd", NameFault::Absolute),
        ("../x", NameFault::Parent),
        ("a/../../x", NameFault::Parent),
        ("x/", NameFault::Slash),
        ("", NameFault::Empty),
        ("./", NameFault::Slash),
    ] {
        let wanted = name_fault(name, fault);
        refused(&Tar::default().file("good", b"").file(name, b"x").end(), wanted.clone());
        let pax = Tar::default().pax(&[("path", name)]).file("good", b"x").end();
        refused(&pax, wanted);
    }
    let nul = Tar::default().pax(&[("path", "a\0b")]).file("a", b"x").end();
    refused(&nul, name_fault("a\0b", NameFault::Nul));
    refused(&Tar::default().directory("../").end(), name_fault("../", NameFault::Parent));
}

#[test]
fn two_things_under_one_name_are_refused() {
    let twice = |name: &str| Fault::Twice { name: name.to_owned() };
    refused(&Tar::default().file("a", b"1").file("./a", b"2").end(), twice("a"));
    refused(&Tar::default().file("a/b", b"1").file("a", b"2").end(), twice("a"));
    refused(&Tar::default().directory("a/").link(b'2', "a", "b").end(), twice("a"));
    let below = Fault::NotADirectory { name: "a/b".to_owned(), parent: "a".to_owned() };
    refused(&Tar::default().link(b'2', "a", "b").file("a/b", b"").end(), below.clone());
    refused(&Tar::default().file("a", b"").directory("a/b").end(), below);
}

#[test]
fn links_that_leave_are_refused() {
    for target in ["/etc/passwd", "../x", "a/../../x"] {
        let fault = Fault::LinkLeaves { name: "l".to_owned(), target: target.to_owned() };
        refused(&Tar::default().link(b'2', "l", target).end(), fault);
    }
    let dangling =
        |target: &str| Fault::DanglingLink { name: "l".to_owned(), target: target.to_owned() };
    refused(&Tar::default().link(b'1', "l", "nothing").end(), dangling("nothing"));
    refused(&Tar::default().directory("d").link(b'1', "l", "d").end(), dangling("d"));
    let tar = Tar::default().link(b'2', "s", "x").link(b'1', "l", "s").end();
    refused(&tar, dangling("s"));
    let tar = Tar::default().link(b'1', "l", "../x").end();
    refused(&tar, name_fault("../x", NameFault::Parent));
}

#[test]
fn ambiguous_headers_are_refused() {
    let data = "an entry with data that is not a file";
    for kind in [b'1', b'2', b'3', b'5', b'6'] {
        refused(&Tar::default().file("a", b"").entry(kind, "b", b"x").end(), malformed(data));
    }
    let twice = malformed("one value twice in the headers of an entry");
    let path = [("path", "a"), ("path", "b")];
    refused(&Tar::default().pax(&path).file("c", b"").end(), twice.clone());
    let both = Tar::default().entry(b'L', "l", b"a\0").pax(&[("path", "b")]).file("c", b"");
    refused(&both.end(), twice);
    let pax = Tar::default().pax(&[]).pax(&[]).file("c", b"").end();
    refused(&pax, malformed("two pax headers for one entry"));
    let alone = malformed("an extended header without an entry");
    refused(&Tar::default().file("a", b"").pax(&[("path", "b")]).end(), alone.clone());
    refused(&Tar::default().file("a", b"").entry(b'L', "l", b"b\0").end(), alone);
    let global = malformed("a global header that names or measures entries");
    for record in ["9 path=a\n", "9 size=1\n", "14 linkpath=a\n"] {
        let tar = Tar::default().entry(b'g', "g", record.as_bytes()).file("a", b"").end();
        refused(&tar, global.clone());
    }
    for name in [&b"a"[..], b"", b"a\0b\0"] {
        let tar = Tar::default().entry(b'L', "l", name).file("a", b"").end();
        refused(&tar, malformed("a long name"));
    }
}

#[test]
fn malformed_headers_are_refused() {
    let checksum = malformed("the checksum of a header");
    let header = |change: fn(&mut [u8; 512])| {
        let mut header = TarHeader::new(b'0', b"a", 0).summed();
        change(&mut header);
        Tar::default().file("first", b"").raw(&header).end()
    };
    refused(&header(|header| header[0] = b'b'), checksum.clone());
    refused(&header(|header| header[148..156].fill(b'9')), checksum);
    let magic = "a header without the magic number";
    refused(&header(|header| header[257] = b'U'), malformed(magic));
    let size = |size: &[u8]| {
        let header = TarHeader::new(b'0', b"a", 0).set(124, size);
        Tar::default().header(header).end()
    };
    let wanted = malformed("the size of an entry");
    for text in [&b"00000000008\0"[..], b"-0000000001\0", b"1 1\0", b"\x80\x01", b"\xff"] {
        refused(&size(text), wanted.clone());
    }
    let huge = [0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    refused(&size(&huge), wanted);
    for records in [&b"x"[..], b"5 a=b\n", b"99 a=b\n", b"6 a=b ", b"6 abc\n", b"6 =bc\n", b"0 "] {
        let tar = Tar::default().entry(b'x', "x", records).file("a", b"").end();
        refused(&tar, malformed("a pax record"));
    }
    for size in ["-1", "1.0", "", "9223372036854775808"] {
        let tar = Tar::default().pax(&[("size", size)]).file("a", b"").end();
        refused(&tar, malformed("a pax size"));
    }
}

#[test]
fn what_is_not_supported_is_said() {
    refused(&Tar::default().entry(b'S', "s", b"").end(), unsupported("sparse files"));
    let sparse = Tar::default().pax(&[("GNU.sparse.major", "1")]).file("a", b"").end();
    refused(&sparse, unsupported("sparse files"));
    let volume = Tar::default().entry(b'V', "v", b"").end();
    refused(&volume, unsupported(r#"entries of type "V""#));
}

#[test]
fn the_end_is_the_end() {
    let good = Tar::default().file("a", b"x");
    let end = good.clone().end();
    assert_eq!(files(&[&end[..], &[0; 9000]].concat()), ["a: 1 bytes"]);
    refused(&[&end[..], b"\0\0x"].concat(), Fault::Trailing { offset: 514 });
    let again = [end.clone(), end.clone()].concat();
    refused(&again, Fault::Trailing { offset: 512 });

    let open = good.open();
    refused(&open, truncated("a header"));
    refused(&open[..open.len() - 1], truncated("the padding of a file"));
    refused(&open[..512], truncated("a file"));
    let long = Tar::default().entry(b'L', "l", &[b'a'; 600]).open();
    refused(&long[..700], truncated("an extended header"));
    for bytes in [&b""[..], b"hello", &[0; 1024], &open[..511]] {
        refused(bytes, Fault::NotAnArchive);
    }
}

#[test]
fn behind_compressed_data_there_is_nothing() {
    let tar = gzip(&Tar::default().file("a", b"x").end());
    // Zeros, another magic number, the start of a second member.
    for rest in [&b"\0\0\0\0"[..], b"PK\x03\x04", b"\x1f\x8b"] {
        let (outcome, _) = walked(&open(&[&tar[..], rest].concat()), &Limits::default());
        let compression =
            |fault: &Fault| matches!(fault, Fault::Compression { compression: "gzip", .. });
        assert!(
            matches!(&outcome, Err(Error::Archive { fault, .. }) if compression(fault)),
            "{outcome:?}"
        );
    }
    // A second member is read on, and is behind the end of the archive.
    let second = gzip(b"x");
    refused(&[tar.clone(), second].concat(), Fault::Trailing { offset: 512 });
    let two =
        [gzip(&Tar::default().file("a", b"x").open()), gzip(&Tar::default().file("b", b"").end())];
    assert_eq!(files(&two.concat()), ["a: 1 bytes", "b: 0 bytes"]);
}

/// The entries of a tar, each with a word for what it is.
fn unpacked(bytes: &[u8]) -> Result<Vec<String>, Error> {
    use chainsign_artifact::archive::UnpackedKind;
    let mut entries = Vec::new();
    let digests =
        open(bytes).unpacked([DigestAlgorithm::Sha256], &Limits::default(), &mut |it| {
            let kind = match it.kind {
                UnpackedKind::File(digests) => {
                    digests.iter().next().map_or_else(String::new, ToString::to_string)
                }
                UnpackedKind::HardLink { target } => format!("same as {target}"),
                other => format!("{other:?}"),
            };
            entries.push(format!("{}: {kind}", it.path));
        })?;
    assert_eq!(digests, ArtifactDigest::sha256(bytes).into());
    Ok(entries)
}

/// Every entry is told, also those that looking inside passes over, and every file digested.
#[test]
fn what_unpacking_would_leave() {
    let tar = Tar::default()
        .directory("./")
        .file("./a/text", b"hello")
        .file("empty", b"")
        .link(b'1', "hard", "./a/text")
        .link(b'2', "soft", "a/text")
        .entry(b'6', "pipe", b"")
        .file("inner.tar", &Tar::default().file("x", b"y").end())
        .end();
    let inner = Tar::default().file("x", b"y").end();
    let wanted = [
        format!("a/text: {}", ArtifactDigest::sha256(b"hello")),
        format!("empty: {}", ArtifactDigest::sha256(b"")),
        "hard: same as a/text".to_owned(),
        "soft: SymbolicLink".to_owned(),
        "pipe: Special".to_owned(),
        format!("inner.tar: {}", ArtifactDigest::sha256(&inner)),
    ];
    assert_eq!(unpacked(&tar).unwrap(), wanted);
    assert_eq!(unpacked(&gzip(&tar)).unwrap(), wanted);
}

/// It is as strict as looking inside.
#[test]
fn what_cannot_be_believed_is_not_unpacked() {
    let outside = Tar::default().file("../x", b"").end();
    let twice = Tar::default().file("x", b"1").file("x", b"2").end();
    let trailing = [gzip(&Tar::default().file("x", b"").end()), b"more".to_vec()].concat();
    for (what, bytes) in [
        ("outside", outside),
        ("twice", twice),
        ("trailing", trailing),
        ("none", b"no tar".to_vec()),
    ] {
        let (mine, theirs) = (unpacked(&bytes), walked(&open(&bytes), &Limits::default()).0);
        match (mine, theirs) {
            (Err(Error::Archive { fault, .. }), Err(Error::Archive { fault: wanted, .. })) => {
                assert_eq!(fault, wanted, "{what}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
}
