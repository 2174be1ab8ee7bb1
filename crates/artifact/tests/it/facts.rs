//! What one call says about archives and images: digests, and what is inside.

use std::path::{Path, PathBuf};

use chainsign_artifact::archive::ArchiveFormat;
use chainsign_artifact::image::{self, ImageFault, ImageFormat};
use chainsign_artifact::{
    ArchiveContent, ArtifactFacts, Content, Error, ImageContent, Inside, Limits, OpenArtifact,
};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};

use crate::make::{Tar, TarHeader};
use crate::make_image::{self as images, Files};

const SHA256: [DigestAlgorithm; 1] = [DigestAlgorithm::Sha256];

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(path)
}

#[track_caller]
fn facts_within(path: &Path, limits: &Limits) -> ArtifactFacts {
    let artifact = OpenArtifact::open(path).unwrap();
    let facts = artifact.facts(SHA256, limits).unwrap();
    assert_eq!(facts.digests, ArtifactDigest::sha256(&std::fs::read(path).unwrap()).into());
    assert_eq!(facts.size, artifact.size());
    facts
}

#[track_caller]
fn facts(path: &Path) -> ArtifactFacts {
    facts_within(path, &Limits::default())
}

#[track_caller]
fn facts_of(bytes: &[u8]) -> ArtifactFacts {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    facts(file.path())
}

#[track_caller]
fn archive(facts: &ArtifactFacts) -> &ArchiveContent {
    match &facts.content {
        Content::Archive(archive) => archive,
        other => panic!("found {other:?}, wanted an archive"),
    }
}

#[track_caller]
fn images(facts: &ArtifactFacts) -> &ImageContent {
    match &facts.content {
        Content::Images(images) => images,
        other => panic!("found {other:?}, wanted images"),
    }
}

fn programs(inside: &Inside) -> Vec<String> {
    let described = |program: &chainsign_artifact::Program| {
        let layer = program.layer.as_ref().map(|layer| format!("{} ", layer.position));
        let what = match &program.content {
            Ok(binary) => format!("{} slices", binary.slices.len()),
            Err(reason) => reason.to_string(),
        };
        let others = program.other_paths.iter().map(|path| format!(" = {path}"));
        let others: String = others.collect();
        format!("{}{}{others}: {what}", layer.unwrap_or_default(), program.path)
    };
    inside.programs.iter().map(described).collect()
}

fn faults(inside: &Inside) -> Vec<String> {
    inside.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn the_programs_in_archives_of_every_kind() {
    use ArchiveFormat::{Deb, Tar, Zip};
    let mut wrong = Vec::new();
    for (name, format) in [
        ("app.zip", Zip),
        ("app.deb", Deb),
        ("app.apk", Tar),
        ("gnu.tar.gz", Tar),
        ("gnu.tar.zst", Tar),
        ("pax.tar.xz", Tar),
    ] {
        let facts = facts(&testdata("archives").join(name));
        let found = archive(&facts);
        let inside = &found.inside;
        let good = found.format == Some(format) && inside.faults.is_empty();
        let paths: Vec<_> = inside.programs.iter().map(|it| it.path.as_str()).collect();
        let named = inside.programs.iter().all(|it| it.digests.iter().count() == 1);
        if !good || !named || paths.is_empty() {
            wrong.push(format!("{name}: {:?} {paths:?} {:?}", found.format, inside.faults));
        }
        assert_eq!(facts.identities().count(), 1);
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// What was found before a fault is not told: there may be anything behind it.
#[test]
fn an_archive_with_a_fault_has_nothing_but_the_fault() {
    let go = crate::images::go_program();
    let tar = Tar::default().file("app", &go).file("../app", b"x").end();
    let facts = facts_of(&tar);
    let found = archive(&facts);
    assert_eq!(found.format, None);
    assert_eq!(programs(&found.inside), Vec::<String>::new());
    assert_eq!(faults(&found.inside), [r#"the name "../app" leads upwards"#]);
}

#[test]
fn a_fault_of_an_inner_archive_is_told_with_its_place() {
    let inner = Tar::default().file("/app", b"x").end();
    let go = crate::images::go_program();
    let tar = Tar::default().file("app", &go).file("more.tar", &inner).end();
    let facts = facts_of(&tar);
    let found = archive(&facts);
    assert_eq!(programs(&found.inside), ["app: 1 slices"]);
    assert_eq!(faults(&found.inside), [r#"more.tar: the name "/app" is absolute"#]);
}

#[test]
fn hard_links_are_further_names_of_a_program() {
    let go = crate::images::go_program();
    let inner = Tar::default().file("app", &go).link(b'1', "tool", "app").end();
    let tar = Tar::default().file("app", b"other").file("a.tar", &inner).end();
    assert_eq!(programs(&archive(&facts_of(&tar)).inside), ["a.tar!app = a.tar!tool: 1 slices"]);
}

#[test]
fn more_programs_than_allowed_are_a_fault() {
    let go = crate::images::go_program();
    let tar = Tar::default().file("a", &go).file("b", &go).file("c", &go).end();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), tar).unwrap();
    let mut limits = Limits::default();
    limits.archive.programs = 1;
    let facts = facts_within(file.path(), &limits);
    let inside = &archive(&facts).inside;
    assert_eq!(programs(inside), ["a: 1 slices"]);
    assert_eq!(faults(inside), ["limit reached: Go programs, allowed are 1"]);
}

/// Compressed files, libraries of object files, text.
#[test]
fn what_is_no_archive_is_not_go() {
    use std::io::Write as _;
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(b"a manual page").unwrap();
    let gz = gz.finish().unwrap();
    let library = b"!<arch>\nx.o/            0           0     0     100644  4         `\nabcd";
    for bytes in [&gz[..], library, b"hello", b""] {
        let facts = facts_of(bytes);
        assert!(matches!(facts.content, Content::NotGo(_)), "{:?}", facts.content);
    }
}

#[test]
fn what_a_file_may_do_is_noted() {
    let with = |name: &str, mode: &[u8; 8]| TarHeader::new(b'0', name.as_bytes(), 0).set(100, mode);
    let layer = Tar::default()
        .header(with("bin/busybox", b"0000755\0"))
        .header(with("usr/share/bash", b"0000644\0"))
        .link(b'1', "bin/sh", "bin/busybox")
        .header(with("sbin/apk", b"0000755\0"))
        .header(with("usr/bin/sudo", b"0004755\0"))
        .header(with("usr/bin/wall", b"0002755\0"))
        .header(with("usr/bin/odd", b"zzzzzzz\0"))
        .pax(&[("SCHILY.xattr.security.capability", "\x01")])
        .header(with("usr/bin/ping", b"0000755\0"))
        .file("etc/ssl/cert.pem", b"x")
        .header(with("etc/ssl/certs/empty.pem", b"0000644\0"))
        .end();
    let (_folder, opened) = crate::images::image_of(&images::plain(&[layer]));
    let facts = opened.facts(SHA256, &Limits::default()).unwrap();
    let inside = &self::images(&facts).images[0].inside;
    assert_eq!(inside.shells.first, ["bin/busybox", "bin/sh"]);
    assert_eq!(inside.package_managers.first, ["sbin/apk"]);
    assert_eq!(inside.elevated.first, ["usr/bin/sudo", "usr/bin/wall", "usr/bin/ping"]);
    assert_eq!(inside.unknown_permissions.first, ["usr/bin/odd"]);
    assert_eq!(inside.ca_certificates.first, ["etc/ssl/cert.pem"]);
    assert_eq!(inside.files, 10);
}

#[test]
fn an_image_is_named_by_its_manifest() {
    let manifest: ArtifactDigest =
        "sha256:c6796ba41f3e565801695eb426cb4120e2f21bef4443753bf7782b52c1349e6d".parse().unwrap();
    let folder = image::open(&testdata("images/oci"), &Limits::default()).unwrap().unwrap();
    let facts = folder.facts(SHA256, &Limits::default()).unwrap();
    assert_eq!(facts.digests, manifest.into());
    assert_eq!(facts.identities().count(), 1);
    assert_eq!(programs(&images(&facts).images[0].inside), ["1 usr/bin/same: 1 slices"]);

    let facts = self::facts(&testdata("images/zstd.tar"));
    assert_eq!(images(&facts).format, Some(ImageFormat::OciArchive));
    let names: Vec<_> = facts.identities().collect();
    let packed = image::open(&testdata("images/zstd.tar"), &Limits::default()).unwrap().unwrap();
    let manifest = packed.digest().unwrap().unwrap();
    assert!(matches!(names[..], [_, image] if image.iter().eq([&manifest])), "{names:?}");
    assert_eq!(programs(&images(&facts).images[0].inside), ["1 usr/bin/same: 1 slices"]);

    // It has no manifest.
    let facts = self::facts(&testdata("images/docker.tar.gz"));
    assert_eq!(images(&facts).format, Some(ImageFormat::DockerArchive));
    assert_eq!(facts.identities().count(), 1);
    assert_eq!(programs(&images(&facts).images[0].inside), ["1 usr/bin/same: 1 slices"]);
}

#[test]
fn an_image_for_several_platforms_is_named_by_its_index() {
    let layer = Tar::default().file("a", b"x").end();
    let mut files = Files::default();
    let mut of = |os: &str| {
        let layers = images::plain(std::slice::from_ref(&layer));
        let mut config = images::config(&layers);
        config["os"] = os.into();
        let manifest = files.manifest(&config, &layers);
        files.document(images::MANIFEST, &manifest)
    };
    let manifests = [of("linux"), of("freebsd")];
    let absent = serde_json::json!({
        "mediaType": images::MANIFEST, "digest": format!("sha256:{}", "0".repeat(64)), "size": 1,
        "platform": {"os": "windows", "architecture": "amd64"},
    });
    let [first, second] = manifests.clone();
    let index = files.document(images::INDEX, &images::index(&[first, second, absent]));
    let digest: ArtifactDigest = index["digest"].as_str().unwrap().parse().unwrap();
    files.layout(&images::index(&[index]));
    let (_folder, opened) = crate::images::folder(&files);
    let facts = opened.unwrap().facts(SHA256, &Limits::default()).unwrap();
    assert_eq!(facts.digests, digest.into());
    let found = self::images(&facts);
    let platforms: Vec<_> = found.images.iter().map(|it| it.facts.platform.to_string()).collect();
    assert_eq!(platforms, ["linux/amd64", "freebsd/amd64"]);
    let absent: Vec<_> = found.absent.iter().map(|it| it.platform.clone()).collect();
    assert_eq!(absent, ["windows/amd64".parse().ok()]);

    // Several images that nothing holds together are not one artifact in a folder, and one in a
    // file, which has a name of its own.
    files.layout(&images::index(&manifests));
    let (_folder, opened) = crate::images::folder(&files);
    match opened.unwrap().facts(SHA256, &Limits::default()) {
        Err(Error::Image { fault: ImageFault::NotOne { found: 2 }, .. }) => {}
        other => panic!("{other:?}"),
    }
    let facts = facts_of(&files.tar().end());
    assert_eq!(facts.identities().count(), 1);
    assert_eq!(self::images(&facts).images.len(), 2);
}

#[test]
fn an_image_that_cannot_be_believed_has_a_fault() {
    let layer = Tar::default().file("a", b"x").end();
    let other = Tar::default().file("b", b"x").end();
    let mut layers = images::plain(&[layer]);
    layers[0].diff_id = images::digest(&other);
    let mut files = Files::of_image(&layers);
    let (_folder, opened) = crate::images::folder(&files);
    let facts = opened.unwrap().facts(SHA256, &Limits::default()).unwrap();
    let found = faults(&self::images(&facts).images[0].inside);
    assert!(found[0].contains("holds another tar: found sha256:"), "{found:?}");

    files.put("index.json", b"[]");
    let facts = facts_of(&files.tar().end());
    let fault = self::images(&facts).fault.as_ref();
    assert!(fault.is_some_and(|fault| fault.reason.contains("index.json")), "{fault:?}");
}
