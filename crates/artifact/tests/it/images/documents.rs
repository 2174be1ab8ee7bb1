//! Indexes, manifests and configurations.

use chainsign_artifact::FileKind;
use chainsign_artifact::image::{ImageLimit, OtherKind, Platform};
use serde_json::{Value, json};

use super::*;
use crate::make::{Tar, Zip, gzip};
use crate::make_image::{CONFIG, INDEX, LAYER, MANIFEST, blob_path, config, digest, index, plain};

fn tar() -> Vec<u8> {
    Tar::default().file("a", b"x").end()
}

/// A layout of one image, whose manifest was changed.
fn with_manifest(change: impl FnOnce(&mut Value)) -> (Files, String) {
    let layers = plain(&[tar()]);
    let mut files = Files::default();
    let mut manifest = files.manifest(&config(&layers), &layers);
    change(&mut manifest);
    let image = files.document(MANIFEST, &manifest);
    files.layout(&index(std::slice::from_ref(&image)));
    (files, image["digest"].as_str().unwrap().to_owned())
}

fn with_index(change: impl FnOnce(&mut Value)) -> Files {
    let mut files = Files::default();
    let mut index = index(&[files.image(&plain(&[tar()]))]);
    change(&mut index);
    files.layout(&index);
    files
}

#[track_caller]
fn refused(files: &Files) -> ImageFault {
    fault(folder(files).1)
}

fn reached(limit: ImageLimit, allowed: usize) -> ImageFault {
    ImageFault::LimitReached { limit, allowed }
}

/// GHSA-qq97-vm5h-rrhg, GHSA-5j5w-g665-5m35, CVE-2021-41190: a document that is a manifest to one
/// reader and an index to another.
#[test]
fn documents_of_two_kinds_are_refused() {
    for field in ["manifests", "fsLayers"] {
        for value in [json!([]), json!(null)] {
            let (files, document) = with_manifest(|manifest| manifest[field] = value);
            let (field, kind) = (field.to_owned(), "image manifest");
            assert_eq!(refused(&files), ImageFault::ForeignField { document, field, kind });
        }
    }
    for field in ["config", "layers", "fsLayers"] {
        let files = with_index(|index| index[field] = json!([]));
        let (document, field, kind) = ("index.json".to_owned(), field.to_owned(), "image index");
        assert_eq!(refused(&files), ImageFault::ForeignField { document, field, kind });
    }
    // Go takes them for the fields without capitals.
    let (files, document) = with_manifest(|manifest| manifest["Manifests"] = json!([]));
    let wanted =
        ImageFault::AlmostField { document, found: "Manifests".to_owned(), known: "manifests" };
    assert_eq!(refused(&files), wanted);
    let (files, document) = with_manifest(|manifest| {
        manifest["config"]["Digest"] = json!("sha256:00");
    });
    let wanted = ImageFault::AlmostField { document, found: "Digest".to_owned(), known: "digest" };
    assert_eq!(refused(&files), wanted);
}

#[test]
fn media_types_that_contradict_are_refused() {
    let (files, document) = with_manifest(|manifest| manifest["mediaType"] = json!(INDEX));
    let (found, wanted) = (INDEX.to_owned(), MANIFEST.to_owned());
    assert_eq!(refused(&files), ImageFault::MediaType { document, found, wanted });
    let files = with_index(|index| index["mediaType"] = json!(MANIFEST));
    let (found, wanted) = (MANIFEST.to_owned(), INDEX.to_owned());
    let document = "index.json".to_owned();
    assert_eq!(refused(&files), ImageFault::MediaType { document, found, wanted });
    // The descriptor says index, the document is a manifest that says nothing.
    let layers = plain(&[tar()]);
    let mut files = Files::default();
    let mut manifest = files.manifest(&config(&layers), &layers);
    manifest.as_object_mut().unwrap().remove("mediaType");
    let image = files.document(INDEX, &manifest);
    files.layout(&index(std::slice::from_ref(&image)));
    let document = image["digest"].as_str().unwrap().to_owned();
    let (field, kind) = ("config".to_owned(), "image index");
    assert_eq!(refused(&files), ImageFault::ForeignField { document, field, kind });
}

#[test]
fn broken_documents_are_named() {
    let text = |files: &Files| refused(files).to_string();
    let (files, document) = with_manifest(|manifest| manifest["schemaVersion"] = json!(1));
    let wanted = format!("{document}: image manifest: found schema version 1, wanted 2");
    assert_eq!(text(&files), wanted);
    let (files, document) = with_manifest(|manifest| drop(manifest["layers"].take()));
    assert_eq!(text(&files), format!("{document}: image manifest has no layers"));
    let (files, document) = with_manifest(|manifest| manifest["config"]["size"] = json!(-1));
    let wanted =
        format!("{document}: image manifest: size: invalid value: integer `-1`, expected u64");
    assert_eq!(text(&files), wanted);
    let (files, document) = with_manifest(|manifest| {
        manifest["config"]["digest"] = json!("sha256:../../etc/passwd");
    });
    let found = text(&files);
    let wanted = format!("{document}: digest is not lower-case hexadecimal");
    assert!(found.starts_with(&wanted), "{found}");
    let mut files = with_index(|_| {});
    files.put("index.json", br#"{"schemaVersion":2,"manifests":[],"manifests":[]}"#);
    let wanted = "index.json: image index has the key \"manifests\" twice in one object";
    assert!(text(&files).starts_with(wanted), "{}", text(&files));
    files.put("index.json", b"[]");
    let wanted = "index.json: image index is not valid: invalid type: sequence, expected a map";
    assert!(text(&files).starts_with(wanted), "{}", text(&files));
}

#[test]
fn what_a_layout_must_have() {
    let mut files = with_index(|_| {});
    files.0.remove("index.json");
    assert_eq!(refused(&files), ImageFault::Missing { what: "index.json".to_owned() });
    let mut files = with_index(|_| {});
    files.put("oci-layout", br#"{"imageLayoutVersion":"2.0.0"}"#);
    let (document, feature) = ("oci-layout".to_owned(), "the layout version \"2.0.0\"".to_owned());
    assert_eq!(refused(&files), ImageFault::Unsupported { document, feature });

    let (mut files, _) = with_manifest(|_| {});
    let config = config(&plain(&[tar()])).to_string();
    let path = blob_path(&digest(config.as_bytes()));
    files.0.remove(&path);
    assert_eq!(refused(&files), ImageFault::Missing { what: path });
}

#[test]
fn documents_are_the_ones_that_were_named() {
    let (mut files, document) = with_manifest(|_| {});
    let path = blob_path(&document);
    let mut bytes = files.0[&path].clone();
    bytes.push(b' ');
    files.put(&path, &bytes);
    let (found, wanted) = (digest(&bytes).parse().unwrap(), document.parse().unwrap());
    assert_eq!(refused(&files), ImageFault::OtherBlob { found, wanted });

    let files = with_index(|index| index["manifests"][0]["size"] = json!(7));
    let ImageFault::OtherSize { wanted: 7, .. } = refused(&files) else { panic!() };
}

#[test]
fn configuration_and_manifest_have_as_many_layers() {
    let layers = plain(&[tar()]);
    let mut files = Files::default();
    let mut config = config(&layers);
    config["rootfs"]["diff_ids"] = json!([]);
    let manifest = files.manifest(&config, &layers);
    let image = files.document(MANIFEST, &manifest);
    files.layout(&index(std::slice::from_ref(&image)));
    let wanted = ImageFault::Disagreement {
        left: format!("manifest {}", image["digest"].as_str().unwrap()),
        right: format!("configuration {}", digest(config.to_string().as_bytes())),
        about: "the number of layers",
    };
    assert_eq!(refused(&files), wanted);
}

/// No document can have its own digest in it: one that seems to is another than its name says.
#[test]
fn an_index_that_names_itself_is_another_blob() {
    let name = digest(b"an index");
    let itself = json!({"mediaType": INDEX, "digest": name, "size": 0});
    let mut files = Files::default();
    files.layout(&index(std::slice::from_ref(&itself)));
    let bytes = index(&[itself]).to_string();
    files.put(&blob_path(&name), bytes.as_bytes());
    let (found, wanted) = (digest(bytes.as_bytes()).parse().unwrap(), name.parse().unwrap());
    assert_eq!(refused(&files), ImageFault::OtherBlob { found, wanted });
}

#[test]
fn indexes_are_neither_deep_nor_wide_without_end() {
    let nested = |depth: usize| {
        let mut files = Files::default();
        let mut inner = files.image(&plain(&[tar()]));
        for _ in 1..depth {
            inner = files.document(INDEX, &index(&[inner]));
        }
        files.layout(&index(&[inner]));
        files
    };
    let (_folder, images) = folder(&nested(4));
    assert_eq!(images.unwrap().all()[0].facts().indexes.len(), 3);
    assert_eq!(refused(&nested(5)), reached(ImageLimit::IndexesDeep, 4));

    // Each index names the next a hundred times.
    let mut files = Files::default();
    let mut inner = files.image(&plain(&[tar()]));
    for _ in 0..2 {
        inner = files.document(INDEX, &index(&vec![inner; 100]));
    }
    files.layout(&index(&vec![inner; 100]));
    assert_eq!(refused(&files), reached(ImageLimit::Manifests, 1000));

    let mut limits = Limits::default();
    limits.image.layers = 2;
    let files = Files::of_image(&plain(&[tar(), tar(), tar()]));
    assert_eq!(fault(folder_within(&files, &limits).1), reached(ImageLimit::Layers, 2));
    limits.image.document_bytes = 20;
    let found = fault(folder_within(&files, &limits).1);
    assert_eq!(found, reached(ImageLimit::DocumentBytes, 20));
}

#[test]
fn every_platform_or_a_chosen_one() {
    let mut files = Files::default();
    let platforms = [
        json!({"os": "linux", "architecture": "amd64"}),
        json!({"os": "linux", "architecture": "arm64", "variant": "v8"}),
        json!({"os": "linux", "architecture": "arm", "variant": "v7"}),
        json!({"os": "windows", "architecture": "amd64", "os.version": "10.0.20348"}),
    ];
    let mut named = Vec::new();
    for (number, platform) in platforms.iter().enumerate() {
        let layers = plain(&[Tar::default().file(&number.to_string(), b"").end()]);
        let mut image = files.image(&layers);
        image["platform"] = platform.clone();
        named.push(image);
    }
    let inner = index(&named);
    let mut inner = files.document(INDEX, &inner);
    inner["annotations"] = json!({"org.opencontainers.image.ref.name": "1.0"});
    files.layout(&index(&[inner]));
    let (_folder, images) = folder(&files);
    let images = images.unwrap();
    let all: Vec<_> = images.all().iter().map(|image| image.facts().platform.to_string()).collect();
    assert_eq!(all, ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "windows/amd64"]);
    for (wanted, found) in [
        ("linux/amd64", vec!["0"]),
        ("linux/arm64", vec!["1"]),
        ("linux/arm64/v8", vec!["1"]),
        ("linux/arm", vec!["2"]),
        ("linux/arm/v6", vec![]),
        ("windows/amd64", vec!["3"]),
        ("linux/s390x", vec![]),
    ] {
        let wanted: Platform = wanted.parse().unwrap();
        let chosen: Vec<_> = images.for_platform(&wanted).flat_map(files_of).collect();
        let found: Vec<_> = found.iter().map(|name| format!("0 {name}: 0 bytes")).collect();
        assert_eq!(chosen, found, "{wanted}");
    }
    for text in ["linux", "linux/", "/amd64", "a/b/c/d", "linux/AMD64", ""] {
        let error = text.parse::<Platform>().unwrap_err();
        let wanted = format!(
            "not a platform: found {text:?}, wanted os/architecture or os/architecture/variant"
        );
        assert_eq!(error.to_string(), wanted);
    }
}

fn files_of(image: &Image) -> Vec<String> {
    files(image)
}

#[test]
fn one_image_can_have_several_names() {
    let mut files = Files::default();
    let image = files.image(&plain(&[tar()]));
    let named = |key: &str, name: &str| {
        let mut image = image.clone();
        image["annotations"] = json!({key: name});
        image
    };
    let tag = "org.opencontainers.image.ref.name";
    let full = "io.containerd.image.name";
    files.layout(&index(&[named(tag, "1.0"), named(full, "example.com/a:1"), named(tag, "1.0")]));
    let (_folder, images) = folder(&files);
    let images = images.unwrap();
    assert_eq!(images.all().len(), 1);
    assert_eq!(images.all()[0].facts().names, ["1.0", "example.com/a:1"]);
}

/// What cosign, buildx and ORAS put beside an image, and the platforms that were not fetched.
#[test]
fn what_is_no_image_is_listed() {
    let mut files = Files::default();
    let image = files.image(&plain(&[tar()]));
    let mut document = |config: &str, layer: &str, artifact_type: Option<&str>| {
        let (config, layer) = (files.blob(config, b"{}"), files.blob(layer, b"{}"));
        let mut manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
        if let Some(artifact_type) = artifact_type {
            manifest["artifactType"] = json!(artifact_type);
        }
        files.document(MANIFEST, &manifest)
    };
    let signature = document(CONFIG, "application/vnd.dev.cosign.simplesigning.v1+json", None);
    let mut attestation = document(CONFIG, "application/vnd.in-toto+json", None);
    attestation["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    let chart =
        document("application/vnd.oci.empty.v1+json", "text/plain", Some("application/x-thing"));
    let absent = json!({"mediaType": MANIFEST, "digest": digest(b"absent"), "size": 9,
        "platform": {"os": "linux", "architecture": "s390x"}});
    let strange = json!({"mediaType": "text/plain", "digest": digest(b"x"), "size": 1});
    files.layout(&index(&[image, signature, attestation, chart, absent, strange]));
    let (_folder, images) = folder(&files);
    let images = images.unwrap();
    assert_eq!(images.all().len(), 1);
    let kinds: Vec<_> = images.others().iter().map(|other| other.kind.clone()).collect();
    let artifact = |kind: Option<&str>| OtherKind::Artifact { artifact_type: kind.map(Into::into) };
    let wanted = [
        artifact(None),
        artifact(None),
        artifact(Some("application/x-thing")),
        OtherKind::Absent,
        artifact(None),
    ];
    assert_eq!(kinds, wanted);
    let absent = &images.others()[3];
    assert_eq!(absent.platform.as_ref().unwrap().to_string(), "linux/s390x");
}

#[test]
fn layers_that_are_no_file_system_are_refused_among_others() {
    let layers =
        [LayerOf::plain(&tar()), LayerOf::packed(&tar(), tar(), &format!("{LAYER}+encrypted"))];
    let mut files = Files::default();
    let image = files.image(&layers);
    files.layout(&index(std::slice::from_ref(&image)));
    let document = image["digest"].as_str().unwrap().to_owned();
    let feature = format!("a layer of type {:?}", format!("{LAYER}+encrypted"));
    assert_eq!(refused(&files), ImageFault::Unsupported { document, feature });
}

#[test]
fn links_in_a_layout_are_not_followed() {
    use std::os::unix::fs::symlink;
    let files = with_index(|_| {});
    let outside = tempfile::tempdir().unwrap();
    files.write(outside.path());
    for linked in ["oci-layout", "index.json", "blobs", "blobs/sha256"] {
        let folder = tempfile::tempdir().unwrap();
        files.write(folder.path());
        let place = folder.path().join(linked);
        if place.is_dir() {
            std::fs::remove_dir_all(&place).unwrap();
        } else {
            std::fs::remove_file(&place).unwrap();
        }
        symlink(outside.path().join(linked), &place).unwrap();
        let outcome = opened(folder.path(), &Limits::default());
        assert!(
            matches!(
                &outcome,
                Err(Error::NotAFile { name, found: FileKind::Link }) if Path::new(name) == place
            ),
            "{linked}: {outcome:?}"
        );
    }
}

#[test]
fn what_holds_no_images() {
    let limits = Limits::default();
    let folder = tempfile::tempdir().unwrap();
    assert!(image::open(folder.path(), &limits).unwrap().is_none());
    std::fs::create_dir(folder.path().join("oci-layout")).unwrap();
    assert!(image::open(folder.path(), &limits).unwrap().is_none());
    let web = Tar::default().file("manifest.json", br#" {"name": "extension"}"#).end();
    let deep = Tar::default().file("x/oci-layout", b"").file("x/manifest.json", b"[]").end();
    let zip = Zip::of(&[]).bytes();
    let cases = [
        tar(),
        gzip(&tar()),
        web.clone(),
        gzip(&web),
        deep,
        zip,
        gzip(b"x"),
        b"x".to_vec(),
        vec![],
    ];
    for bytes in cases {
        assert!(archive(&bytes, &limits).unwrap().is_none());
    }
    let missing = image::open(&folder.path().join("nothing"), &limits);
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
}
