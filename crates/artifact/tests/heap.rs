//! Peak live heap of archives and images. (Data of xz and zstd that is larger than its archive's share
//! may need the window it asks for, at most 64 MiB.)

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    dead_code,
    reason = "a test that measures, with a part of the generators"
)]

#[path = "it/make.rs"]
mod make;
#[path = "it/make_image.rs"]
mod make_image;

#[path = "../../../fuzz/src/heap.rs"]
mod heap;

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

use std::io::Write as _;
use std::sync::Arc;

use chainsign_artifact::{Error, Limits, OpenArtifact, image};
use chainsign_core::digest::DigestAlgorithm;
use heap::HeapBound;
use make::{Tar, Zip, ZipEntry, ar, cpio, gzip, rpm};
use make_image::{Files, plain};
use serde_json::json;

#[test]
fn archives_take_little_memory() {
    let mut heap = HeapBound::default();
    for (name, archive) in archives() {
        let artifact = open(&archive);
        heap.check(name, archive.len(), || {
            let mut count = 0;
            let mut take = |_| count += 1;
            match artifact.files([DigestAlgorithm::Sha256], &Limits::default(), &mut take) {
                Ok(_) => format!("{count} files"),
                Err(error) => error.to_string(),
            }
        });
    }
    for (name, archive) in images() {
        let artifact = open(&archive);
        heap.check(name, archive.len(), || match looked_at(artifact) {
            Ok(count) => format!("{count} files"),
            Err(error) => error.to_string(),
        });
    }
    heap.assert();
}

fn open(bytes: &[u8]) -> OpenArtifact {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    OpenArtifact::from_file("input", file).unwrap()
}

fn looked_at(artifact: OpenArtifact) -> Result<usize, Error> {
    let limits = Limits::default();
    let images = image::open_archive(Arc::new(artifact), &limits)?;
    let mut count = 0;
    for image in images.iter().flat_map(|images| images.all()) {
        image.files([DigestAlgorithm::Sha256], &limits, &mut |_| count += 1)?;
    }
    Ok(count)
}

/// Archives that ask for much more than they are.
fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let names: Vec<_> = (0..5000).map(|number| format!("{number:04}")).collect();
    let many = names.iter().fold(Tar::default(), |tar, name| tar.file(name, b"")).end();
    let directories = names.iter().fold(Tar::default(), |tar, name| tar.directory(name)).end();
    let links =
        names.iter().fold(Tar::default().file("a", b""), |tar, name| tar.link(b'1', name, "a"));
    let long = "a/".repeat(2000);
    let deep = (0..200).fold(Tar::default(), |tar, it| {
        tar.pax(&[("path", &format!("{long}{it}"))]).file("x", b"")
    });
    let mut big_pax = Tar::default();
    for _ in 0..4 {
        big_pax = big_pax.pax(&[("comment", &"a".repeat(1 << 20))]).file("x", b"");
    }
    let program = [b"\x7fELF".as_slice(), &vec![0; 900 << 10]].concat();
    let programs = Tar::default().file("a", &program).file("b", &program).end();
    let one = Tar::default().file("a", &program).end();
    let twice = gzip(&Tar::default().file("b", &one).end());
    let thrice = gzip(&Tar::default().file("c", &twice).end());
    let entries: Vec<_> = names.iter().map(|name| ZipEntry::stored(name, b"")).collect();
    let mut extra = ZipEntry::stored("a", b"");
    extra.extra = [&[0xff, 0xff, 0xf0, 0xff][..], &vec![0; 0xfff0]].concat();
    let paths: Vec<_> =
        names.iter().map(|name| (name.as_str(), 0o100_644, b"".as_slice())).collect();
    let members: Vec<_> =
        [("debian-binary", b"2.0\n".as_slice()), ("control.tar", b""), ("data.tar", &many)]
            .to_vec();
    let xz = include_bytes!("../../../testdata/archives/small.tar.xz").to_vec();
    let zstd = include_bytes!("../../../testdata/archives/small.tar.zst").to_vec();
    vec![
        ("many files", many.clone()),
        ("many files, compressed", gzip(&many)),
        ("many directories", directories),
        ("many links", links.end()),
        ("long names", deep.end()),
        ("large headers", big_pax.end()),
        ("large programs", programs.clone()),
        ("large programs, compressed", gzip(&programs)),
        ("archives in archives", thrice),
        ("many files in a zip", Zip::of(&entries).bytes()),
        ("a large extra field", Zip::of(&[extra]).bytes()),
        ("zeros in a zip", Zip::of(&[ZipEntry::deflated("a", &vec![0; 8 << 20])]).bytes()),
        ("many members", ar(&members)),
        ("many files in an RPM package", rpm(&cpio(&paths))),
        ("an RPM package of zeros", rpm(&gzip(&cpio(&[("a", 0o100_644, &vec![0; 8 << 20])])))),
        ("xz", xz),
        ("zstd", zstd),
    ]
}

fn images() -> Vec<(&'static str, Vec<u8>)> {
    let names: Vec<_> = (0..3000).map(|number| format!("{number:04}")).collect();
    let layer = names.iter().fold(Tar::default(), |tar, name| tar.file(name, b"")).end();
    let image = Files::of_image(&plain(&[layer.clone(), layer]));
    let with_index = |index: String| {
        let mut files = image.clone();
        files.put("index.json", index.as_bytes());
        files.tar().end()
    };
    let times = |open: &str, item: &str, close: &str| {
        format!("{open}{}{close}", vec![item; 500_000 / item.len()].join(","))
    };
    let digest = make_image::digest(b"");
    let descriptor =
        json!({"mediaType": make_image::MANIFEST, "digest": digest, "size": 0}).to_string();
    let keys: Vec<_> = (0..60_000).map(|key| format!("\"{key}\":\"\"")).collect();
    vec![
        ("an image of many files", image.tar().end()),
        (
            "an index of empty objects",
            with_index(times(r#"{"schemaVersion":2,"manifests":["#, "{}", "]}")),
        ),
        (
            "an index of many images",
            with_index(times(r#"{"schemaVersion":2,"manifests":["#, &descriptor, "]}")),
        ),
        ("an index of many keys", with_index(format!("{{{}}}", keys.join(",")))),
        ("an index of numbers", with_index(times("[", "1", "]"))),
        ("an index of arrays", with_index(times(r#"{"a":["#, "[]", "]}"))),
        (
            "annotations",
            with_index(format!(
                r#"{{"schemaVersion":2,"manifests":[],"annotations":{{{}}}}}"#,
                keys.join(",")
            )),
        ),
    ]
}
