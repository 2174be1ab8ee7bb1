//! What is fuzzed of this crate, each with what must hold of any input. libFuzzer (`fuzz/`) and
//! `cargo test` run the same.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;

use chainsign_artifact::archive::{ArchiveFacts, ArchiveFormat, InnerContent, InnerFile};
use chainsign_artifact::image::{self, Image, Images};
use chainsign_artifact::{Error, Limits, OpenArtifact};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use serde_json::{Value, json};

use super::make::{Tar, Zip, ZipEntry, ar, cpio, gzip, rpm};
use super::make_image::{CONFIG, Files, INDEX, LAYER, LayerOf, MANIFEST, config, plain};
use crate::target::Target;

pub(crate) const TARGETS: [Target; 11] = [
    Target { name: "artifact_tar", run: tar, seeds: tar_seeds },
    Target { name: "artifact_compression", run: compression, seeds: compression_seeds },
    Target { name: "artifact_zip", run: zip, seeds: zip_seeds },
    Target { name: "artifact_deb", run: deb, seeds: deb_seeds },
    Target { name: "artifact_rpm", run: rpm_package, seeds: rpm_seeds },
    Target { name: "artifact_cpio", run: cpio_payload, seeds: cpio_seeds },
    Target { name: "artifact_image_index", run: image_index, seeds: image_index_seeds },
    Target { name: "artifact_image_manifest", run: image_manifest, seeds: image_manifest_seeds },
    Target { name: "artifact_image_config", run: image_config, seeds: image_config_seeds },
    Target { name: "artifact_image_layer", run: image_layer, seeds: image_layer_seeds },
    Target { name: "artifact_docker_manifest", run: docker_manifest, seeds: docker_seeds },
];

/// A tar. One that is accepted is read the same by another implementation.
fn tar(bytes: &[u8]) -> bool {
    let Some((ArchiveFormat::Tar, files)) = walked(bytes) else { return false };
    if bytes.get(257..262) == Some(b"ustar") {
        let ours = files.iter().filter(|file| file.within.is_empty());
        let ours = ours.filter(|file| !matches!(file.content, InnerContent::HardLink { .. }));
        let ours: BTreeMap<_, _> = ours.map(|file| (file.path.clone(), file.size)).collect();
        if let Some(theirs) = read_by_another(bytes) {
            assert_eq!(ours, theirs, "two readers, two archives");
        }
    }
    true
}

/// The regular files of a tar, with their sizes. Names that are not UTF-8 are written differently.
fn read_by_another(bytes: &[u8]) -> Option<BTreeMap<String, u64>> {
    let mut archive = tar::Archive::new(bytes);
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let kind = entry.header().entry_type();
        if kind.is_file() || kind.is_contiguous() {
            let path = String::from_utf8(entry.path_bytes().into_owned()).ok()?;
            let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
            files.insert(parts.join("/"), entry.size());
        }
    }
    Some(files)
}

fn compression(bytes: &[u8]) -> bool {
    matches!(walked(bytes), Some((ArchiveFormat::Tar, _)))
}

fn zip(bytes: &[u8]) -> bool {
    matches!(walked(bytes), Some((ArchiveFormat::Zip, _)))
}

fn deb(bytes: &[u8]) -> bool {
    matches!(walked(bytes), Some((ArchiveFormat::Deb, _)))
}

fn rpm_package(bytes: &[u8]) -> bool {
    matches!(walked(bytes), Some((ArchiveFormat::Rpm, _)))
}

/// The files of an RPM package.
fn cpio_payload(bytes: &[u8]) -> bool {
    walked(&rpm(bytes)).is_some()
}

fn open(bytes: &[u8]) -> OpenArtifact {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    OpenArtifact::from_file("input", file).unwrap()
}

/// Walks an archive twice. What is accepted is the whole input, read the same both times, in which
/// no name leads elsewhere and none is there twice.
fn walked(bytes: &[u8]) -> Option<(ArchiveFormat, Vec<InnerFile>)> {
    let artifact = open(bytes);
    let once = || -> (Result<ArchiveFacts, Error>, Vec<InnerFile>) {
        let mut files = Vec::new();
        let mut take = |file| files.push(file);
        let outcome = artifact.files([DigestAlgorithm::Sha256], &Limits::default(), &mut take);
        (outcome, files)
    };
    let ((first, files), (second, again)) = (once(), once());
    assert_eq!(format!("{first:?}"), format!("{second:?}"), "judged differently");
    assert_eq!(format!("{files:?}"), format!("{again:?}"), "read differently");
    let facts = match first {
        Ok(facts) => facts,
        Err(Error::Archive { .. }) => return None,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(facts.digests, ArtifactDigest::sha256(bytes).into());
    names_hold(&files);
    Some((facts.format, files))
}

fn names_hold<'a>(files: impl IntoIterator<Item = &'a InnerFile>) {
    let mut names = BTreeSet::new();
    for file in files {
        let parts: Vec<_> = file.path.split('/').collect();
        let is_plain = |part: &&str| !matches!(*part, "" | "." | "..");
        assert!(parts.iter().all(is_plain), "the name {:?} leads elsewhere", file.path);
        // Of an inner archive that was refused, files may have come before the fault.
        if file.within.is_empty() {
            if let InnerContent::HardLink { target } = &file.content {
                assert!(names.contains(target), "{target:?} did not come before");
            }
            assert!(names.insert(file.path.clone()), "{:?} came twice", file.path);
        }
    }
}

/// Opens an archive of images twice, and reads all of them.
fn opened(files: &Files) -> Option<Images> {
    let bytes = files.tar().end();
    let once = || image::open_archive(Arc::new(open(&bytes)), &Limits::default());
    let said = |outcome: &Result<Option<Images>, Error>| match outcome {
        Ok(Some(images)) => {
            let facts: Vec<_> = images.all().iter().map(Image::facts).collect();
            format!("{facts:?} {:?}", images.others())
        }
        Ok(None) => "none".to_owned(),
        Err(error) => error.to_string(),
    };
    let (first, second) = (once(), once());
    assert_eq!(said(&first), said(&second), "opened differently");
    match first {
        Ok(images) => images.filter(|images| !images.all().is_empty()),
        Err(Error::Image { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// What a container sees, if the layers are good.
fn seen(image: &Image) -> Option<Vec<(usize, InnerFile)>> {
    let mut seen = Vec::new();
    let outcome = image.files([DigestAlgorithm::Sha256], &Limits::default(), &mut |found| {
        seen.push((found.layer.position, found.file));
    });
    match outcome {
        Ok(()) => Some(seen),
        Err(Error::Image { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Whether there is an image, and it can be read.
fn is_read(files: &Files) -> bool {
    let Some(images) = opened(files) else { return false };
    let mut read = false;
    for image in images.all() {
        let facts = image.facts();
        if let Some(manifest) = &facts.manifest {
            let path = format!("blobs/{}", manifest.to_string().replace(':', "/"));
            assert_eq!(*manifest, manifest.algorithm().digest(&files.0[&path]));
        }
        if let Some(seen) = seen(image) {
            names_hold(seen.iter().map(|(_, file)| file));
            read = true;
        }
    }
    read
}

fn small_layer() -> Vec<u8> {
    Tar::default().directory("etc").file("etc/motd", b"hello").link(b'1', "motd", "etc/motd").end()
}

/// An image of one layer, with its index.
fn small_image() -> (Files, Value) {
    let mut files = Files::default();
    let image = files.image(&plain(&[small_layer()]));
    (files, image)
}

/// `index.json`, over a good image.
fn image_index(bytes: &[u8]) -> bool {
    let (mut files, image) = small_image();
    files.layout(&json!({}));
    let inner = files.document(INDEX, &super::make_image::index(&[image]));
    assert!(inner.is_object());
    files.put("index.json", bytes);
    is_read(&files)
}

/// A manifest, of a good layer and configuration.
fn image_manifest(bytes: &[u8]) -> bool {
    let (mut files, _) = small_image();
    let manifest = files.blob(MANIFEST, bytes);
    files.layout(&super::make_image::index(&[manifest]));
    is_read(&files)
}

/// A configuration, of a good layer.
fn image_config(bytes: &[u8]) -> bool {
    let mut files = Files::default();
    let layer = files.blob(LAYER, &small_layer());
    let config = files.blob(CONFIG, bytes);
    let manifest =
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
    let manifest = files.document(MANIFEST, &manifest);
    files.layout(&super::make_image::index(&[manifest]));
    is_read(&files)
}

/// A layer, above another and below it. What is in the upper one is seen whatever is below.
fn image_layer(bytes: &[u8]) -> bool {
    let lower = Tar::default().file("a/b", b"1").file("c", b"2").directory("d/e").end();
    let upper =
        Tar::default().file("a/.wh.b", b"").file("d/.wh..wh..opq", b"").file("c", b"3").end();
    let of = |layers: &[Vec<u8>]| {
        let images = opened(&Files::of_image(&plain(layers))).unwrap();
        let seen = seen(&images.all()[0]);
        if let Some(seen) = &seen {
            names_hold(seen.iter().map(|(_, file)| file));
        }
        seen
    };
    let names = |seen: &[(usize, InnerFile)], layer: usize| -> BTreeSet<String> {
        let files = seen.iter().filter(|(position, _)| *position == layer);
        files.map(|(_, file)| file.path.clone()).collect()
    };
    let alone = of(&[bytes.to_vec()]);
    let above = of(&[lower, bytes.to_vec()]);
    let below = of(&[bytes.to_vec(), upper]);
    if let (Some(alone), Some(above)) = (&alone, &above) {
        assert_eq!(names(alone, 0), names(above, 1), "seen differently above another layer");
    }
    if let (Some(alone), Some(below)) = (&alone, &below) {
        let hidden = |path: &&String| {
            matches!(path.as_str(), "a/b" | "c")
                || path.starts_with("a/b/")
                || path.starts_with("d/")
        };
        let wanted: BTreeSet<_> =
            names(alone, 0).into_iter().filter(|path| !hidden(&path)).collect();
        let below = names(below, 0);
        // A hard link to what is hidden is seen under its own name.
        assert_eq!(below, wanted, "seen differently below another layer");
    }
    alone.is_some()
}

/// Docker's `manifest.json`, over a good configuration and layer.
fn docker_manifest(bytes: &[u8]) -> bool {
    let mut files = docker_files();
    files.put("manifest.json", bytes);
    is_read(&files)
}

fn docker_files() -> Files {
    let layer = small_layer();
    let mut files = Files::default();
    files.put("config.json", config(&plain(std::slice::from_ref(&layer))).to_string().as_bytes());
    files.put("layer.tar", &layer);
    files.put("packed.tar.gz", &gzip(&layer));
    files
}

fn tar_seeds() -> Vec<Vec<u8>> {
    let tar = Tar::default()
        .directory("a/")
        .pax(&[("path", "a/long"), ("size", "3")])
        .file("a/short", b"abc")
        .entry(b'L', "././@LongLink", b"a/gnu\0")
        .file("x", b"hello")
        .link(b'1', "hard", "a/gnu")
        .link(b'2', "soft", "a/long");
    let nested = Tar::default().file("inner.tar", &tar.clone().end()).end();
    vec![tar.end(), nested, small_layer()]
}

fn compression_seeds() -> Vec<Vec<u8>> {
    vec![
        gzip(&small_layer()),
        include_bytes!("../../../../testdata/archives/small.tar.xz").to_vec(),
        include_bytes!("../../../../testdata/archives/small.tar.zst").to_vec(),
    ]
}

fn zip_seeds() -> Vec<Vec<u8>> {
    let entries = [
        ZipEntry::stored("a/b", b"hello"),
        ZipEntry::deflated("c", &[b'x'; 300]),
        ZipEntry::deflated("d", b"described").described(),
        ZipEntry::link("e", "c"),
    ];
    let large = Zip { zip64: true, comment: b"comment".to_vec(), ..Zip::of(&entries) };
    vec![Zip::of(&entries).bytes(), large.bytes()]
}

fn deb_seeds() -> Vec<Vec<u8>> {
    let data = gzip(&small_layer());
    let control = gzip(&Tar::default().file("control", b"Package: app\n").end());
    let members = [
        ("debian-binary", b"2.0\n".as_slice()),
        ("control.tar.gz", &control),
        ("data.tar.gz", &data),
    ];
    vec![ar(&members)]
}

fn payload() -> Vec<u8> {
    cpio(&[("usr", 0o40_755, b""), ("usr/a", 0o100_755, b"hello"), ("b", 0o120_777, b"usr/a")])
}

fn rpm_seeds() -> Vec<Vec<u8>> {
    vec![rpm(&gzip(&payload()))]
}

fn cpio_seeds() -> Vec<Vec<u8>> {
    vec![payload()]
}

fn image_index_seeds() -> Vec<Vec<u8>> {
    let (mut files, mut image) = small_image();
    let inner = files.document(INDEX, &super::make_image::index(&[image.clone()]));
    image["platform"] = json!({"os": "linux", "architecture": "arm64", "variant": "v8"});
    image["annotations"] = json!({"org.opencontainers.image.ref.name": "app:1"});
    let index = super::make_image::index(&[image]);
    let nested = super::make_image::index(&[inner]);
    vec![index.to_string().into_bytes(), nested.to_string().into_bytes()]
}

fn image_manifest_seeds() -> Vec<Vec<u8>> {
    let layers = [LayerOf::plain(&small_layer())];
    let mut manifest = Files::default().manifest(&config(&layers), &layers);
    let plain = manifest.to_string().into_bytes();
    manifest["annotations"] = json!({"org.opencontainers.image.base.name": "base:1"});
    vec![plain, manifest.to_string().into_bytes()]
}

fn image_config_seeds() -> Vec<Vec<u8>> {
    let mut document = config(&plain(&[small_layer()]));
    document["history"] = json!([{"created_by": "COPY"}, {"empty_layer": true}]);
    document["config"] = json!({"User": "1:1", "Env": ["A=b"], "Entrypoint": ["/app"],
        "ExposedPorts": {"80/tcp": {}}, "Labels": {"a": "b"}, "WorkingDir": "/"});
    vec![document.to_string().into_bytes()]
}

fn image_layer_seeds() -> Vec<Vec<u8>> {
    let layer = Tar::default()
        .directory("a")
        .file("a/b", b"x")
        .file("a/.wh.z", b"")
        .file("d/.wh..wh..opq", b"")
        .file("d/f", b"y")
        .link(b'1', "g", "a/b")
        .link(b'2', "e", "a");
    vec![layer.end(), small_layer()]
}

fn docker_seeds() -> Vec<Vec<u8>> {
    let image =
        |layer: &str| json!([{"Config": "config.json", "RepoTags": ["app:1"], "Layers": [layer]}]);
    ["layer.tar", "packed.tar.gz"].map(|layer| image(layer).to_string().into_bytes()).to_vec()
}
