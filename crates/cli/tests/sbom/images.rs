//! `sbom` and `inspect` of container images.

use chainsign_core::digest::ArtifactDigest;
use serde_json::{Value, json};

use super::support::Desk;
use super::{aggregates, applications, fixture, tar, testdata};

/// The digests of `testdata/images/oci`, as skopeo prints them.
const MANIFEST: &str = "sha256:c6796ba41f3e565801695eb426cb4120e2f21bef4443753bf7782b52c1349e6d";
const CONFIG: &str = "sha256:ac9c10e645af9018fb6abd9227d82892e5a628422bc86453e65b87bf50e4820d";

fn properties<'a>(component: &'a Value, name: &str) -> Vec<&'a str> {
    let properties = component["properties"].as_array().unwrap().iter();
    properties.filter(|it| it["name"] == name).map(|it| it["value"].as_str().unwrap()).collect()
}

/// Places of the programs: path and context.
fn places(document: &Value) -> Vec<(&str, &str)> {
    let components = document["components"].as_array().unwrap().iter();
    let programs = components.filter(|component| component["type"] == "application");
    let places = programs.flat_map(|it| it["evidence"]["occurrences"].as_array().unwrap());
    places
        .map(|it| {
            let context = it["additionalContext"].as_str().unwrap_or_default();
            (it["location"].as_str().unwrap(), context)
        })
        .collect()
}

/// An OCI layout.
struct Layout {
    desk: Desk,
    folder: String,
}

impl Layout {
    fn new(desk: Desk, folder: &str) -> Self {
        std::fs::create_dir_all(desk.path(folder).join("blobs/sha256")).unwrap();
        desk.write(&format!("{folder}/oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#);
        Layout { desk, folder: folder.to_owned() }
    }

    fn blob(&self, kind: &str, bytes: &[u8]) -> Value {
        let digest = ArtifactDigest::sha256(bytes);
        self.desk.write(&format!("{}/blobs/sha256/{}", self.folder, digest.hex()), bytes);
        let media_type = format!("application/vnd.oci.image.{kind}");
        json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len()})
    }

    fn document(&self, kind: &str, document: &Value) -> Value {
        self.blob(&format!("{kind}.v1+json"), document.to_string().as_bytes())
    }

    /// An image of plain layers.
    fn image(&self, architecture: &str, layers: &[Vec<u8>]) -> Value {
        let diff_ids: Vec<_> =
            layers.iter().map(|layer| ArtifactDigest::sha256(layer).to_string()).collect();
        let config = json!({
            "os": "linux",
            "architecture": architecture,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = self.document("config", &config);
        let layers: Vec<_> = layers.iter().map(|layer| self.blob("layer.v1.tar", layer)).collect();
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        let mut image = self.document("manifest", &manifest);
        image["platform"] = json!({"os": "linux", "architecture": architecture});
        image
    }

    fn index(&self, manifests: &[Value]) -> Value {
        self.document("index", &json!({"schemaVersion": 2, "manifests": manifests}))
    }

    fn finish(self, manifests: &[Value]) -> Desk {
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        self.desk.write(&format!("{}/index.json", self.folder), index.to_string());
        self.desk
    }
}

fn base_layer() -> Vec<u8> {
    tar(&[("bin/tool.wasm", Ok(&fixture("toy-js-wasm"))), ("etc/motd", Ok(b"hello\n"))])
}

/// Two platforms of one image: the lowest layer is the same, `app` is not.
fn two_platforms(folder: &str) -> (Desk, String, [String; 2]) {
    let layout = Layout::new(Desk::new(), folder);
    let images = [("amd64", "rich-linux-amd64"), ("arm64", "rich-darwin-arm64")].map(
        |(architecture, program)| {
            let app = tar(&[("app", Ok(&fixture(program)))]);
            layout.image(architecture, &[base_layer(), app])
        },
    );
    let digest = |of: &Value| of["digest"].as_str().unwrap().to_owned();
    let index = layout.index(&images);
    let digests = [digest(&images[0]), digest(&images[1])];
    let whole = digest(&index);
    (layout.finish(&[index]), whole, digests)
}

#[test]
fn one_image_in_three_forms() {
    let desk = Desk::new();
    for (name, has_manifest, called) in [
        ("oci", true, "1.0"),
        ("zstd.tar", true, "example.com/app:1.0"),
        ("docker.tar.gz", false, "example.com/app:1.0"),
    ] {
        let path = testdata("images").join(name);
        let path = path.to_str().unwrap();
        let ran = desk.run(&["sbom", path]).exits(0).says("1 Go binary, 2 other files");
        let document = ran.json();
        let image = &document["metadata"]["component"];
        assert_eq!(image["type"], "container");
        assert_eq!(image["name"], name);
        assert_eq!(image["version"].is_string(), has_manifest, "{name}");
        if name == "oci" {
            assert_eq!(image["version"], MANIFEST);
            assert_eq!(properties(image, "chainsign:image:digest"), [MANIFEST]);
        }
        assert_eq!(properties(image, "chainsign:image:config"), [CONFIG], "{name}");
        assert_eq!(properties(image, "chainsign:image:platform"), ["linux/amd64"]);
        assert_eq!(properties(image, "chainsign:image:name"), [called]);
        assert!(document["serialNumber"].is_string());
        // The other name of the same file was removed by a layer above, as was a whole folder.
        let layers = properties(image, "chainsign:image:layer");
        let context = format!("layer {}", layers[1]);
        assert_eq!(places(&document), [("usr/bin/same", context.as_str())], "{name}");
        assert_eq!(aggregates(&document), ["complete", "unknown"]);
        let spdx = desk.run(&["sbom", "--format", "spdx-json", path]).exits(0).json();
        let packages = spdx["packages"].as_array().unwrap();
        assert_eq!(packages[0]["primaryPackagePurpose"], "CONTAINER");
        assert_eq!(packages[0]["versionInfo"], image["version"]);
        let contains = relationships(&spdx, "CONTAINS");
        assert_eq!(contains.len(), 1);
        assert_eq!(*contains[0].0, packages[0]["SPDXID"]);
    }
}

fn relationships<'a>(spdx: &'a Value, kind: &str) -> Vec<(&'a Value, &'a Value)> {
    let all = spdx["relationships"].as_array().unwrap().iter();
    all.filter(|it| it["relationshipType"] == kind)
        .map(|it| (&it["spdxElementId"], &it["relatedSpdxElement"]))
        .collect()
}

#[test]
fn every_platform_is_listed() {
    let (desk, index, images) = two_platforms("app");
    let ran = desk.run(&["sbom", "app"]).exits(0).says("4 Go binaries, 2 other files");
    let document = ran.json();
    let root = &document["metadata"]["component"];
    assert_eq!((&root["type"], &root["name"]), (&json!("container"), &json!("app")));
    assert_eq!(root["version"], index, "one index is all there is: it names the image");
    let components = document["components"].as_array().unwrap();
    let containers: Vec<_> = components
        .iter()
        .filter(|it| it["type"] == "container")
        .map(|it| {
            let platform = properties(it, "chainsign:image:platform");
            (platform[0], it["version"].as_str().unwrap())
        })
        .collect();
    let wanted = [("linux/amd64", images[0].as_str()), ("linux/arm64", images[1].as_str())];
    for image in wanted {
        assert!(containers.contains(&image), "{containers:?}");
    }
    assert_eq!(containers.len(), 2);

    // The program of the common layer is one component, in both images.
    let found = applications(&document);
    let tool = found.iter().find(|(name, _)| *name == "example.com/Toy/app").unwrap();
    assert_eq!(tool.1, ["bin/tool.wasm"; 2]);
    assert_eq!(found.iter().filter(|(name, _)| *name == "example.com/Acme/rich").count(), 2);
    for (platform, digest) in wanted {
        let context = format!("image {digest} for {platform}, layer sha256:");
        let inside = places(&document).into_iter().filter(|(_, it)| it.starts_with(&context));
        let inside: Vec<_> = inside.map(|(path, _)| path).collect();
        assert_eq!(inside.len(), 2, "{inside:?}");
        assert!(inside.contains(&"app") && inside.contains(&"bin/tool.wasm"), "{inside:?}");
    }
    let spdx = desk.run(&["sbom", "--format", "spdx-json", "app"]).exits(0).json();
    // The index two images, each of them two programs.
    assert_eq!(relationships(&spdx, "CONTAINS").len(), 6);

    // Without digests, the same path in another image is another file.
    let document = desk.run(&["sbom", "--no-file-hash", "app"]).exits(0).json();
    assert_eq!(places(&document).len(), 4);
    let found = applications(&document);
    assert_eq!(found.iter().filter(|(name, _)| *name == "example.com/Acme/rich").count(), 2);
}

#[test]
fn one_platform_is_chosen() {
    let (desk, _, images) = two_platforms("app");
    let ran = desk.run(&["sbom", "--platform", "linux/arm64", "app"]).exits(0);
    let document = ran.json();
    let root = &document["metadata"]["component"];
    assert_eq!(root["version"], images[1]);
    assert_eq!(properties(root, "chainsign:image:platform"), ["linux/arm64"]);
    let mut paths: Vec<_> = places(&document).into_iter().map(|(path, _)| path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["app", "bin/tool.wasm"]);
    desk.run(&["sbom", "--platform", "linux/s390x", "app"])
        .exits(2)
        .says("error: app: no image for linux/s390x, found for linux/amd64, linux/arm64\nhint: ");
    desk.write("program", fixture("rich-linux-amd64"));
    desk.run(&["sbom", "--platform", "linux/amd64", "program"])
        .exits(2)
        .says("error: found no image for linux/amd64 in program");
    desk.run(&["sbom", "--platform", "linux", "app"])
        .exits(2)
        .says("not a platform: found \"linux\", wanted os/architecture");
}

/// In a folder, images are read as images: what a layer above removes is not there.
#[test]
fn images_beside_other_files() {
    let (desk, _, _) = two_platforms("dist/layouts/app");
    std::fs::copy(testdata("images/zstd.tar"), desk.path("dist/old.tar")).unwrap();
    desk.write("dist/program", fixture("rich-linux-amd64"));
    let ran = desk.run(&["sbom", "dist"]).exits(0).says("6 Go binaries, 4 other files");
    let document = ran.json();
    assert_eq!(document["metadata"]["component"]["type"], "file");
    let components = document["components"].as_array().unwrap().iter();
    let containers = components.filter(|it| it["type"] == "container");
    let mut names: Vec<_> = containers.map(|it| it["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["app", "app", "example.com/app:1.0"]);
    let mut paths: Vec<_> = places(&document).into_iter().map(|(path, _)| path).collect();
    paths.sort_unstable();
    let wanted = [
        "layouts/app!app",
        "layouts/app!app",
        "layouts/app!bin/tool.wasm",
        "layouts/app!bin/tool.wasm",
        "old.tar!usr/bin/same",
        "program",
    ];
    assert_eq!(paths, wanted);
    let ran = desk.run(&["sbom", "--platform", "linux/arm64", "dist"]).exits(0);
    assert_eq!(places(&ran.json()).len(), 3, "the program, and those of one image");
}

#[test]
fn an_image_on_standard_input() {
    let desk = Desk::new();
    let mut command = desk.command(&["sbom", "-"]);
    command.stdin(std::fs::File::open(testdata("images/zstd.tar")).unwrap());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(properties(&document["metadata"]["component"], "chainsign:image:config"), [CONFIG]);
}

#[test]
fn a_damaged_image_is_not_believed() {
    let (desk, _, images) = two_platforms("dist/app");
    desk.write("dist/program", fixture("rich-linux-amd64"));
    let manifest = format!("dist/app/blobs/sha256/{}", images[0].strip_prefix("sha256:").unwrap());
    let text = desk.read(&manifest).replace("schemaVersion", "schemaversion");
    desk.write(&manifest, text);
    desk.run(&["sbom", "dist/app"])
        .exits(2)
        .says("error: cannot look into the image dist/app")
        .says("hint: write the image anew");
    let ran = desk.run(&["sbom", "dist"]).exits(0).says("warning: app: ");
    assert_eq!(aggregates(&ran.json()), ["incomplete", "complete", "unknown"]);
    desk.run(&["inspect", "dist/app"]).exits(2).says("hint: write the image anew");
}

#[test]
fn a_layout_without_an_image() {
    let layout = Layout::new(Desk::new(), "signatures");
    let empty = layout.document(
        "manifest",
        &json!({
            "schemaVersion": 2,
            "artifactType": "application/vnd.example.signature",
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
                "digest": ArtifactDigest::sha256(b"{}").to_string()},
            "layers": [],
        }),
    );
    let desk = layout.finish(&[empty]);
    desk.run(&["sbom", "signatures"])
        .exits(2)
        .says("error: signatures: OCI image layout without an image (1 others)");
}

#[test]
fn the_card_of_an_image() {
    let desk = Desk::new();
    let path = testdata("images/oci");
    let path = path.to_str().unwrap();
    let ran = desk.run(&["inspect", path]).exits(0).says("nothing was verified");
    for line in [
        "container image",
        "  format               OCI image layout",
        "  image                linux/amd64",
        &format!("  digest               {MANIFEST}"),
        &format!("  id                   {CONFIG}"),
        "  name                 1.0",
        "  base                 example.com/base:1",
        "  user                 65532:65532",
        "  entrypoint           /usr/bin/app",
        "  environment          PATH=/usr/bin",
        "  port                 8080/tcp",
        "  label                org.opencontainers.image.source = https://example.com/app",
        "                       RUN change",
    ] {
        assert!(ran.stdout.lines().any(|found| found == line), "{line:?} in\n{}", ran.stdout);
    }
    let json = desk.run(&["inspect", "--output", "json", path]).exits(0).json();
    assert_eq!(json["kind"], "container image");
    let image = &json["content"]["images"][0];
    assert_eq!((&image["manifest"], &image["id"]), (&json!(MANIFEST), &json!(CONFIG)));
    assert_eq!(image["layers"].as_array().unwrap().len(), 3);
    assert_eq!(image["base"]["source"], "annotation");

    let (desk, index, images) = two_platforms("app");
    let card = desk.run(&["inspect", "app"]).exits(0).stdout;
    for text in [&index, &images[0], &images[1], "linux/arm64"] {
        assert!(card.contains(text), "{text} in\n{card}");
    }
    std::fs::create_dir(desk.path("empty")).unwrap();
    desk.run(&["inspect", "empty"])
        .exits(2)
        .says("error: empty is a folder without container images\nhint: known are bundles");
}
