use chainsign_artifact::archive::{ArchiveFormat, NameFault};

use super::*;
use crate::make::{Zip, ZipEntry, ZipLocal};

fn malformed(part: &'static str) -> Fault {
    Fault::Malformed { format: ArchiveFormat::Zip, part }
}

fn unsupported(feature: &str) -> Fault {
    Fault::Unsupported { format: ArchiveFormat::Zip, feature: feature.to_owned() }
}

fn disagreement(field: &'static str) -> Fault {
    Fault::Disagreement { name: "a".to_owned(), field }
}

fn one(entry: ZipEntry) -> Vec<u8> {
    Zip::of(&[ZipEntry::stored("first", b"1"), entry, ZipEntry::stored("last", b"3")]).bytes()
}

fn a() -> ZipEntry {
    ZipEntry::deflated("a", b"some text, some text")
}

fn local(change: impl FnOnce(&mut ZipLocal)) -> ZipEntry {
    let mut entry = a();
    change(&mut entry.local);
    entry
}

/// An extra field.
fn extra(id: u16, value: &[u8]) -> Vec<u8> {
    let length = value.len() as u16;
    [&id.to_le_bytes()[..], &length.to_le_bytes(), value].concat()
}

#[test]
fn what_is_in_it() {
    let entries = [
        ZipEntry::stored("d/", b""),
        ZipEntry::deflated("d/program", &go_binary()),
        ZipEntry::deflated("text", b"hello").described(),
        ZipEntry::stored("stored", b"hello").described(),
        ZipEntry { attributes: 0o100_644 << 16, ..ZipEntry::stored("unix", b"") },
        ZipEntry::link("link", "d/program"),
    ];
    let wanted = [
        "d/program: Go example.com/Toy/app/cmd/toy",
        "text: 5 bytes",
        "stored: 5 bytes",
        "unix: 0 bytes",
    ];
    let zip = Zip::of(&entries);
    assert_eq!(files(&zip.bytes()), wanted);
    assert_eq!(files(&Zip { comment: b"hello".to_vec(), ..zip.clone() }.bytes()), wanted);
    assert_eq!(files(&Zip { zip64: true, ..zip }.bytes()), wanted);
    assert_eq!(files(&Zip::default().bytes()), [""; 0]);
}

#[test]
fn sizes_may_stand_in_the_zip64_field() {
    let content = b"hello";
    let sizes = [5_u64.to_le_bytes(), 5_u64.to_le_bytes()].concat();
    let mut entry = ZipEntry::stored("a", content);
    (entry.size, entry.packed) = (u32::MAX, u32::MAX);
    entry.extra = extra(1, &sizes);
    assert_eq!(files(&one(entry.clone())), ["first: 1 bytes", "a: 5 bytes", "last: 1 bytes"]);
    entry.extra = extra(1, &sizes[..12]);
    refused(&one(entry.clone()), malformed("a zip64 field"));
    entry.extra = [extra(1, &sizes), extra(1, &sizes)].concat();
    refused(&one(entry.clone()), malformed("an extra field that is there twice"));
    entry.extra = b"\x01\0\x10".to_vec();
    refused(&one(entry), malformed("an extra field"));
}

/// The two lists must be one.
#[test]
fn two_lists_that_differ_are_refused() {
    refused(&one(local(|it| it.name = Some(b"b".to_vec()))), disagreement("name"));
    refused(&one(local(|it| it.flags = Some(0x800))), disagreement("flags"));
    refused(&one(local(|it| it.method = Some(0))), disagreement("compression method"));
    refused(&one(local(|it| it.crc = Some(0))), disagreement("checksum"));
    refused(&one(local(|it| it.size = Some(0))), disagreement("size"));
    refused(&one(local(|it| it.packed = Some(1))), disagreement("size"));
    let mut described = a().described();
    described.local.size = Some(7);
    refused(&one(described), disagreement("size"));
    let unicode = extra(0x7075, b"\x01\0\0\0\0b");
    refused(&one(ZipEntry { extra: unicode.clone(), ..a() }), disagreement("name"));
    refused(&one(local(|it| it.extra = Some(unicode))), disagreement("name"));
}

#[test]
fn data_that_is_not_what_was_said_is_refused() {
    refused(&one(ZipEntry { crc: 7, ..a() }), disagreement("checksum"));
    refused(&one(ZipEntry { size: 19, ..a() }), disagreement("size"));
    refused(&one(ZipEntry { size: 21, ..a() }), disagreement("size"));
    let mut longer = a();
    longer.data.push(0);
    longer.packed += 1;
    refused(&one(longer), disagreement("size"));
    let stored = ZipEntry { size: 3, ..ZipEntry::stored("a", b"text") };
    refused(&one(stored), disagreement("size"));
    for (at, field) in [(4, "checksum"), (8, "size"), (12, "size")] {
        let mut described = a().described();
        described.descriptor[at] ^= 1;
        refused(&one(described), disagreement(field));
    }
    let mut described = a().described();
    described.descriptor[0] = b'X';
    refused(&one(described), malformed("the signature of a data descriptor"));
}

/// Data before, between and behind what the directory names.
#[test]
fn hidden_data_is_refused() {
    let zip = Zip::of(&[ZipEntry::stored("a", b"x"), ZipEntry::stored("b", b"y")]);
    let hidden = |offset| Fault::Hidden { offset };
    let bytes = zip.bytes();
    let gap = Zip { gap: b"hidden".to_vec(), ..zip.clone() }.bytes();
    refused(&gap, hidden(64));
    let mut between = zip.clone();
    between.entries[0].data.extend(b"hidden");
    refused(&between.bytes(), hidden(32));
    // An entry that only a reader of local headers sees.
    let local_only = ZipEntry::stored("c", b"evil");
    let local_only = Zip::of(&[local_only]).bytes();
    refused(&Zip { gap: local_only[..35].to_vec(), ..zip.clone() }.bytes(), hidden(64));

    // A prefix shifts everything, so that the directory is not where it should be.
    let prefixed = [b"PK\x03\x04", &bytes[..]].concat();
    refused(&prefixed, malformed("the place of the directory"));
    refused(&[b"#!/bin/sh\n", &bytes[..]].concat(), Fault::NotAnArchive);
    let behind = [&bytes[..], b"x"].concat();
    refused(&behind, malformed("the end record, which is missing"));
}

#[test]
fn end_records_that_lie_are_refused() {
    let zip = Zip::of(&[ZipEntry::stored("a", b"x"), ZipEntry::stored("b", b"y")]);
    let off_by = |off_by| Zip { off_by, ..zip.clone() }.bytes();
    refused(&off_by([1, 0, 0]), malformed("the number of entries"));
    refused(&off_by([0, 1, 0]), malformed("the place of the directory"));
    refused(&off_by([0, 0, 1]), malformed("the place of the directory"));
    let end = Zip::default().bytes();
    let two = Zip { comment: end.clone(), ..zip.clone() }.bytes();
    refused(&two, malformed("the end record, of which there are two"));
    let mut volumes = zip.bytes();
    let at = volumes.len() - 18;
    volumes[at] = 1;
    refused(&volumes, unsupported("several volumes"));
    let mut zip64 = Zip { zip64: true, ..zip.clone() }.bytes();
    let at = zip64.len() - 22 - 12;
    zip64[at] ^= 1;
    refused(&zip64, malformed("the zip64 end record"));
    let mut zip64 = Zip { zip64: true, ..zip }.bytes();
    let at = zip64.len() - 22 + 8;
    (zip64[at], zip64[at + 2]) = (9, 9);
    refused(&zip64, malformed("the end records, which disagree"));
}

#[test]
fn overlapping_entries_are_refused() {
    let zip = Zip::of(&[ZipEntry::stored("a", b"xxxxxxxx"), ZipEntry::stored("a", b"xxxxxxxx")]);
    let mut bytes = zip.bytes();
    // The second entry of the directory leads to the first one's data: one file, many names.
    let second = bytes.len() - 22 - 47 + 42;
    bytes[second..second + 4].fill(0);
    refused(&bytes, malformed("entries that overlap"));
    let mut longer = Zip::of(&[ZipEntry::stored("a", b"x"), ZipEntry::stored("b", b"y")]);
    longer.entries[0].packed = 12;
    longer.entries[0].size = 12;
    let (outcome, _) = walked(&open(&longer.bytes()), &Limits::default());
    assert!(matches!(outcome, Err(Error::Archive { .. })), "{outcome:?}");
}

#[test]
fn names_and_kinds_are_strict() {
    let named = |name: &str| one(ZipEntry::stored(name, b"x"));
    let cases = [
        ("/a", NameFault::Absolute),
        ("C:\\a", NameFault::Backslash),
        ("c:a", NameFault::Absolute),
        ("..\\a", NameFault::Backslash),
        ("a/../b", NameFault::Parent),
        ("", NameFault::Empty),
        ("a\0b", NameFault::Nul),
    ];
    for (name, fault) in cases {
        refused(&named(name), Fault::Name { name: name.to_owned(), fault });
    }
    refused(&named("first"), Fault::Twice { name: "first".to_owned() });
    refused(&named("d/"), malformed("a directory with data"));
    let leaves = Fault::LinkLeaves { name: "l".to_owned(), target: "../x".to_owned() };
    refused(&one(ZipEntry::link("l", "../x")), leaves);
    let attributes =
        |name, mode: u32| one(ZipEntry { attributes: mode << 16, ..ZipEntry::stored(name, b"") });
    let kind = |name: &str| Fault::Disagreement { name: name.to_owned(), field: "kind" };
    refused(&attributes("d/", 0o100_644), kind("d/"));
    refused(&attributes("d", 0o040_755), kind("d"));
    refused(&attributes("d", 0o060_644), malformed("the kind of an entry"));
}

#[test]
fn what_is_not_supported_is_said() {
    refused(&one(ZipEntry { method: 93, ..a() }), unsupported("compression method 93"));
    for bit in [0, 5, 6, 13] {
        let entry = ZipEntry { flags: 1 << bit, ..a() };
        refused(&one(entry), unsupported("encrypted or patched entries"));
    }
}

#[test]
fn broken_data_is_refused() {
    let mut broken = a();
    broken.data.fill(0xff);
    let (outcome, _) = walked(&open(&one(broken)), &Limits::default());
    let wanted = |fault: &Fault| matches!(fault, Fault::Compression { compression: "deflate", .. });
    assert!(matches!(&outcome, Err(Error::Archive { fault, .. }) if wanted(fault)), "{outcome:?}");
}
