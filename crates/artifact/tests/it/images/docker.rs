//! Archives of images, and Docker's list of what is in them.

use chainsign_artifact::archive::NameFault;
use chainsign_artifact::image::{ImageFormat, ImageLimit};
use serde_json::{Value, json};

use super::*;
use crate::make::{Tar, gzip};
use crate::make_image::{blob_path, config, digest, plain};

fn tar(name: &str) -> Vec<u8> {
    Tar::default().file(name, b"x").end()
}

fn hex(bytes: &[u8]) -> String {
    digest(bytes).replace("sha256:", "")
}

const FIRST: &str = "1111111111111111111111111111111111111111111111111111111111111111/layer.tar";
const SECOND: &str = "2222222222222222222222222222222222222222222222222222222222222222/layer.tar";

/// An archive as Docker wrote it before 2024, of two layers, the second as a link to the first.
struct Saved {
    files: Files,
    manifest: Value,
    config: String,
}

impl Saved {
    fn new() -> Self {
        let layers = plain(&[tar("a"), tar("a")]);
        let mut files = Files::default();
        let document = config(&layers).to_string();
        let config = format!("{}.json", hex(document.as_bytes()));
        files.put(&config, document.as_bytes());
        files.put(FIRST, &tar("a"));
        let manifest = json!([{
            "Config": config,
            "RepoTags": ["app:1"],
            "Layers": [FIRST, SECOND],
        }]);
        Saved { files, manifest, config }
    }

    fn tar(&self) -> Tar {
        let files = self.files.tar().link(b'2', SECOND, &format!("../{FIRST}"));
        files.file("manifest.json", self.manifest.to_string().as_bytes())
    }

    #[track_caller]
    fn refused(&self) -> ImageFault {
        fault(archive(&self.tar().end(), &Limits::default()))
    }
}

#[track_caller]
fn images(bytes: &[u8]) -> (tempfile::NamedTempFile, Images) {
    let (file, images) = archived(bytes, &Limits::default());
    (file, images.unwrap().expect("images"))
}

#[test]
fn what_docker_saved() {
    let saved = Saved::new();
    for bytes in [saved.tar().end(), gzip(&saved.tar().end())] {
        let (_file, images) = images(&bytes);
        assert_eq!(images.format(), ImageFormat::DockerArchive);
        let image = &images.all()[0];
        assert_eq!(files(image), ["1 a: 1 bytes"]);
        assert_eq!(image.facts().names, ["app:1"]);
        let layer = &image.facts().layers[0];
        assert_eq!((&layer.digest, layer.size), (&None, tar("a").len() as u64));
    }
}

#[test]
fn what_docker_saved_is_what_was_named() {
    let mut saved = Saved::new();
    let document = saved.files.0[&saved.config].clone();
    let other = [&document[..], b" "].concat();
    saved.files.put(&saved.config.clone(), &other);
    let (found, wanted) = (digest(&other).parse().unwrap(), digest(&document).parse().unwrap());
    assert_eq!(saved.refused(), ImageFault::OtherBlob { found, wanted });

    let mut saved = Saved::new();
    saved.files.put(FIRST, &tar("b"));
    let (_file, images) = images(&saved.tar().end());
    let found = fault(files_within(&images.all()[0], &Limits::default()));
    let wanted = ImageFault::OtherLayer {
        found: digest(&tar("b")).parse().unwrap(),
        wanted: digest(&tar("a")).parse().unwrap(),
    };
    assert_eq!(found, wanted);
}

#[test]
fn what_docker_saved_is_there() {
    let missing = |what: &str| ImageFault::Missing { what: what.to_owned() };
    let mut saved = Saved::new();
    saved.manifest[0]["Layers"][1] = json!("3/layer.tar");
    assert_eq!(saved.refused(), missing("3/layer.tar"));
    saved.manifest[0]["Config"] = json!("../../etc/passwd");
    assert_eq!(saved.refused(), missing("../../etc/passwd"));
    let mut saved = Saved::new();
    saved.manifest[0]["Layers"] = json!([FIRST]);
    let wanted = ImageFault::Disagreement {
        left: "manifest.json".to_owned(),
        right: saved.config.clone(),
        about: "the number of layers",
    };
    assert_eq!(saved.refused(), wanted);
    let mut saved = Saved::new();
    saved.manifest[0]["layers"] = json!([]);
    let wanted = ImageFault::AlmostField {
        document: "manifest.json".to_owned(),
        found: "layers".to_owned(),
        known: "Layers",
    };
    assert_eq!(saved.refused(), wanted);
}

/// What Docker writes since version 25 can be loaded by either list.
#[test]
fn two_lists_must_agree() {
    let layers = plain(&[tar("a")]);
    let good = Files::of_image(&layers);
    let path = |bytes: &[u8]| blob_path(&digest(bytes));
    let config = path(config(&layers).to_string().as_bytes());
    let layer = path(&tar("a"));
    let with = |config: &str, layers: &[&str]| {
        let list = json!([{"Config": config, "RepoTags": ["app:1"], "Layers": layers}]);
        let mut files = good.clone();
        files.put("manifest.json", list.to_string().as_bytes());
        files.tar().end()
    };
    let (_file, found) = images(&with(&config, &[&layer]));
    assert_eq!(found.format(), ImageFormat::OciArchive);
    assert_eq!(found.all()[0].facts().names, ["app:1"]);
    assert_eq!(files(&found.all()[0]), ["0 a: 1 bytes"]);
    let wanted = ImageFault::Disagreement {
        left: "manifest.json".to_owned(),
        right: "index.json".to_owned(),
        about: "what images there are",
    };
    for bytes in [
        with(&layer, &[&layer]),
        with(&config, &[]),
        with(&config, &[&layer, &layer]),
        with(&config, &["other/layer.tar"]),
        with("config.json", &[&layer]),
    ] {
        assert_eq!(fault(archive(&bytes, &Limits::default())), wanted);
    }
}

#[test]
fn the_archive_itself_is_read_strictly() {
    let saved = Saved::new();
    let refused = |tar: Tar, wanted: Fault| match archive(&tar.end(), &Limits::default()) {
        Err(Error::Archive { fault, .. }) => assert_eq!(fault, wanted),
        other => panic!("{other:?}"),
    };
    let name = |name: &str, fault| Fault::Name { name: name.to_owned(), fault };
    refused(saved.tar().file("/x", b""), name("/x", NameFault::Absolute));
    refused(saved.tar().file("../x", b""), name("../x", NameFault::Parent));
    let twice = Fault::Twice { name: "manifest.json".to_owned() };
    refused(saved.tar().file("./manifest.json", b"[]"), twice);
    let leaves = Fault::LinkLeaves { name: "3/layer.tar".to_owned(), target: "../../x".to_owned() };
    refused(saved.tar().link(b'2', "3/layer.tar", "../../x"), leaves);
    let open = saved.tar().open();
    let cut = archive(&open[..open.len() - 512], &Limits::default());
    let truncated = matches!(&cut, Err(Error::Archive { fault: Fault::Truncated { .. }, .. }));
    assert!(truncated, "{cut:?}");

    let more = [gzip(&saved.tar().end()), gzip(b"x")].concat();
    let found = archive(&more, &Limits::default());
    let behind = matches!(&found, Err(Error::Archive { fault: Fault::Trailing { .. }, .. }));
    assert!(behind, "{found:?}");

    let mut limits = Limits::default();
    limits.image.archive_files = 2;
    let wanted = ImageFault::LimitReached { limit: ImageLimit::ArchiveFiles, allowed: 2 };
    assert_eq!(fault(archive(&saved.tar().end(), &limits)), wanted);
    let many = Tar::default().file("a", b"").file("b", b"").file("c", b"").file("d", b"");
    assert!(archive(&many.end(), &limits).unwrap().is_none());
}
