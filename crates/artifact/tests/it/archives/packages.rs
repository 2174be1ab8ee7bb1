use chainsign_artifact::archive::{ArchiveFormat, NameFault};

use super::*;
use crate::make::{Tar, ar, cpio, gzip, rpm};

const FILE: u32 = 0o100_755;
const LINK: u32 = 0o120_777;
const FOLDER: u32 = 0o040_755;

fn malformed_deb(part: &'static str) -> Fault {
    Fault::Malformed { format: ArchiveFormat::Deb, part }
}

fn malformed_rpm(part: &'static str) -> Fault {
    Fault::Malformed { format: ArchiveFormat::Rpm, part }
}

fn unsupported_rpm(feature: &str) -> Fault {
    Fault::Unsupported { format: ArchiveFormat::Rpm, feature: feature.to_owned() }
}

fn data() -> Vec<u8> {
    let tar = Tar::default().directory("./").directory("./usr/").file("./usr/app", &go_binary());
    tar.link(b'2', "./usr/link", "/usr/app").end()
}

fn deb(members: &[(&str, &[u8])]) -> Vec<u8> {
    let first: [(&str, &[u8]); 1] = [("debian-binary", b"2.0\n")];
    ar(&[&first[..], members].concat())
}

#[test]
fn debian_packages() {
    let (plain, packed) = (data(), gzip(&data()));
    let wanted = ["usr/app: Go example.com/Toy/app/cmd/toy"];
    assert_eq!(files(&deb(&[("control.tar", b"odd"), ("data.tar", &plain)])), wanted);
    assert_eq!(files(&deb(&[("control.tar.gz", b""), ("data.tar.gz", &packed)])), wanted);
    assert_eq!(files(&deb(&[("control.tar.gz/", b""), ("data.tar.gz/", &packed)])), wanted);
}

#[test]
fn debian_packages_that_are_not_one() {
    let data = data();
    refused(&ar(&[("app.o", b"")]), Fault::NotAnArchive);
    refused(&ar(&[]), Fault::Truncated { format: ArchiveFormat::Deb, part: "the first member" });
    let part = |part| Fault::Truncated { format: ArchiveFormat::Deb, part };
    refused(&deb(&[]), part("the control archive"));
    refused(&deb(&[("control.tar", b"")]), part("the data archive"));
    let wanted = malformed_deb("the second member, wanted control.tar");
    refused(&deb(&[("data.tar", &data)]), wanted);
    let wanted = malformed_deb("the third member, wanted data.tar");
    refused(&deb(&[("control.tar", b""), ("data.tar.lzma", &data)]), wanted);
    let wanted = malformed_deb("the data archive, wanted a tar");
    refused(&deb(&[("control.tar", b""), ("data.tar", b"hello")]), wanted);
    let four = deb(&[("control.tar", b""), ("data.tar", &data), ("data.tar", &data)]);
    refused(&four, malformed_deb("a fourth member"));
    let version = ar(&[("debian-binary", b"3.0\n")]);
    let feature = "a format version other than 2".to_owned();
    refused(&version, Fault::Unsupported { format: ArchiveFormat::Deb, feature });

    let good = deb(&[("control.tar", b""), ("data.tar", &data)]);
    refused(&good[..good.len() - 1], part("the data archive"));
    refused(&good[..40], part("a member header"));
    let mut header = good.clone();
    header[66] = b'x';
    refused(&header, malformed_deb("a member header"));
    let mut size = good;
    size[56] = b'-';
    refused(&size, malformed_deb("the size of a member"));
}

#[test]
fn rpm_packages() {
    let program = go_binary();
    let payload = cpio(&[
        ("./usr", FOLDER, b""),
        ("./usr/app", FILE, &program),
        ("./usr/text", FILE, b"hello"),
        ("./usr/link", LINK, b"/etc/../x"),
        ("./dev", 0o020_644, b""),
    ]);
    let wanted = ["usr/app: Go example.com/Toy/app/cmd/toy", "usr/text: 5 bytes"];
    assert_eq!(files(&rpm(&payload)), wanted);
    assert_eq!(files(&rpm(&gzip(&payload))), wanted);
    assert_eq!(files(&rpm(&[&payload[..], &[0; 99]].concat())), wanted);
}

#[test]
fn rpm_packages_that_are_not_one() {
    let good = rpm(&cpio(&[("a", FILE, b"hello")]));
    let mut version = good.clone();
    version[4] = 2;
    refused(&version, unsupported_rpm("format version 2"));
    let mut magic = good.clone();
    magic[96] = 0;
    refused(&magic, malformed_rpm("the magic number of a header"));
    refused(&rpm(b"BZh9"), unsupported_rpm("bzip2 compression"));
    let payload = unsupported_rpm("a payload that is neither plain nor gzip, xz or zstd");
    refused(&rpm(b"\x5d\0\0"), payload.clone());
    refused(&rpm(b""), payload);
    let part = |part| Fault::Truncated { format: ArchiveFormat::Rpm, part };
    for (length, wanted) in [(100, "a header"), (120, "a header"), (135, "the signature")] {
        refused(&good[..length], part(wanted));
    }
    let cpio_at = good.len() - cpio(&[("a", FILE, b"hello")]).len();
    for (length, wanted) in [(109, "a cpio header"), (111, "a name"), (114, "a file")] {
        refused(&good[..cpio_at + length], part(wanted));
    }
    refused(&good[..good.len() - 124], part("a cpio header"));

    let payload = |entries: &[(&str, u32, &[u8])]| rpm(&cpio(entries));
    let twice = Fault::Twice { name: "a".to_owned() };
    refused(&payload(&[("a", FILE, b""), ("./a", FILE, b"")]), twice);
    let parent = Fault::Name { name: "../a".to_owned(), fault: NameFault::Parent };
    refused(&payload(&[("../a", FILE, b"")]), parent);
    let data = malformed_rpm("an entry with data that is not a file");
    refused(&payload(&[("d", FOLDER, b"x")]), data);
    refused(&payload(&[("d", 0o150_000, b"")]), malformed_rpm("the kind of an entry"));
    refused(&[&good[..], b"x"].concat(), malformed_rpm("data after the trailer"));

    let change = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[cpio_at + at] = byte;
        bytes
    };
    refused(
        &change(0, b'1'),
        unsupported_rpm("a payload that is neither plain nor gzip, xz or zstd"),
    );
    let packed = gzip(&cpio(&[("a", FILE, b"hello")])[1..]);
    refused(&rpm(&packed), malformed_rpm("the magic number of a cpio header"));
    refused(&change(5, b'X'), unsupported_rpm("files over 4 GiB"));
    refused(&change(20, b'x'), malformed_rpm("a number in a cpio header"));
    refused(&change(111, b'x'), malformed_rpm("a name without one NUL at its end"));
}
