//! What tools write: `testdata/images/build.sh`.

use chainsign_artifact::image::{BaseSource, ImageFormat};

use super::*;

fn fixture(name: &str) -> Images {
    opened(&testdata().join("images").join(name), &Limits::default()).unwrap()
}

/// What `umoci unpack` leaves of it.
const SEEN: [&str; 3] =
    ["2 opt/tools/README: 10 bytes", "1 etc/app.conf: 13 bytes", "1 usr/bin/same: Go"];
const ID: &str = "sha256:ac9c10e645af9018fb6abd9227d82892e5a628422bc86453e65b87bf50e4820d";

#[test]
fn one_image_in_three_forms() {
    for (name, format, called) in [
        ("oci", ImageFormat::OciFolder, "1.0"),
        ("zstd.tar", ImageFormat::OciArchive, "example.com/app:1.0"),
        ("docker.tar.gz", ImageFormat::DockerArchive, "example.com/app:1.0"),
    ] {
        let images = fixture(name);
        assert_eq!(images.format(), format);
        let [image] = images.all() else { panic!("{name}: {:?}", images.all()) };
        let facts = image.facts();
        assert_eq!(facts.id.to_string(), ID, "{name}");
        assert_eq!(facts.names, [called]);
        assert_eq!(facts.platform.to_string(), "linux/amd64");
        assert_eq!(facts.manifest.is_some(), format != ImageFormat::DockerArchive);
        assert_eq!(files(image), SEEN, "{name}");
        assert!(images.others().is_empty());
    }
}

/// As `skopeo inspect` and `skopeo inspect --config` print it.
#[test]
fn what_an_image_says() {
    let images = fixture("oci");
    let facts = images.all()[0].facts();
    let digest = "sha256:c6796ba41f3e565801695eb426cb4120e2f21bef4443753bf7782b52c1349e6d";
    assert_eq!(facts.manifest.as_ref().unwrap().to_string(), digest);
    let config = &facts.config;
    assert_eq!(config.user, "65532:65532");
    assert_eq!(config.entrypoint, ["/usr/bin/app"]);
    assert_eq!(config.command, ["--serve"]);
    assert_eq!(config.environment, ["PATH=/usr/bin"]);
    assert_eq!(config.working_folder, "/srv");
    assert_eq!(config.exposed_ports, ["8080/tcp"]);
    assert_eq!(config.volumes, ["/data"]);
    assert_eq!(config.created.as_deref(), Some("2026-11-20T10:00:00Z"));
    assert_eq!(config.labels["org.opencontainers.image.source"], "https://example.com/app");
    let base = facts.base().unwrap();
    assert_eq!((base.source, base.digest), (BaseSource::Annotation, None));
    assert_eq!(base.name.as_deref(), Some("example.com/base:1"));
    let made: Vec<_> = facts.layers.iter().map(|layer| layer.created_by.as_deref()).collect();
    assert_eq!(made, [Some("COPY base /"), Some("RUN change"), Some("COPY tools")]);
}

#[test]
fn crane_appends() {
    let images = fixture("crane.tar");
    assert_eq!(images.format(), ImageFormat::DockerArchive);
    let image = &images.all()[0];
    assert_eq!(image.facts().names, ["example.com/app:2.0"]);
    assert_eq!(image.facts().platform.to_string(), "unknown/unknown");
    let wanted = [
        "0 etc/app.conf: 11 bytes",
        "0 opt/old/old.wasm: Go",
        "0 opt/tools/tool.wasm: Go",
        "0 usr/bin/app: Go",
        "0 usr/bin/same: same as usr/bin/app",
    ];
    assert_eq!(files(image), wanted);
}

/// Whichever byte of a blob is changed, the image is refused.
#[test]
fn damage_is_found() {
    let source = testdata().join("images/oci");
    let blobs = source.join("blobs/sha256");
    for entry in std::fs::read_dir(&blobs).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let bytes = std::fs::read(blobs.join(&name)).unwrap();
        for at in (0..bytes.len()).step_by(bytes.len() / 4 + 1) {
            let folder = tempfile::tempdir().unwrap();
            let mut files = Files::default();
            for path in ["oci-layout", "index.json"] {
                files.put(path, &std::fs::read(source.join(path)).unwrap());
            }
            for other in std::fs::read_dir(&blobs).unwrap() {
                let other = other.unwrap();
                let path = format!("blobs/sha256/{}", other.file_name().into_string().unwrap());
                files.put(&path, &std::fs::read(other.path()).unwrap());
            }
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            files.put(&format!("blobs/sha256/{name}"), &damaged);
            files.write(folder.path());
            let outcome = opened(folder.path(), &Limits::default())
                .and_then(|images| files_within(&images.all()[0], &Limits::default()));
            let found = fault(outcome);
            assert!(matches!(found, ImageFault::OtherBlob { .. }), "{name} at {at}: {found}");
        }
    }
}
