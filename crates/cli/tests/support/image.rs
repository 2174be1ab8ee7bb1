//! Images in the sandbox's registry, for tests that are not asynchronous.

#[path = "../../../registry/tests/it/image.rs"]
pub mod push;

use chainsign_core::digest::ArtifactDigest;
use serde_json::{Value, json};

use self::push::{INDEX, MANIFEST};
use super::Stage;

/// A repository in the sandbox's registry.
pub struct Repository<'a> {
    stage: &'a Stage,
    inner: push::Repository,
    /// Host, port and name: what references begin with.
    pub name: String,
}

impl<'a> Repository<'a> {
    pub fn new(stage: &'a Stage, name: &str) -> Self {
        let url = stage.sandbox.url();
        let inner = push::Repository::new(url, name);
        let host = url.trim_start_matches("http://");
        Repository { stage, inner, name: format!("{host}/{name}") }
    }

    fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        self.stage.block_on(self.inner.blob(media_type, bytes))
    }

    fn manifest(&self, tag: Option<&str>, document: &Value) -> Value {
        self.stage.block_on(self.inner.manifest(tag, document))
    }

    /// An image with one program in it.
    pub fn image(&self, tag: Option<&str>, architecture: &str, program: &[u8]) -> Value {
        let mut layer = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(program.len() as u64);
        header.set_mode(0o755);
        layer.append_data(&mut header, "app", program).unwrap();
        let layer = layer.into_inner().unwrap();
        let config = json!({
            "architecture": architecture, "os": "linux",
            "config": { "User": "65532", "Entrypoint": ["/app"] },
            "rootfs": { "type": "layers", "diff_ids": [ArtifactDigest::sha256(&layer)] },
        });
        let config = config.to_string();
        let config = self.blob("application/vnd.oci.image.config.v1+json", config.as_bytes());
        let layer = self.blob("application/vnd.oci.image.layer.v1.tar", &layer);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
        });
        let mut image = self.manifest(tag, &manifest);
        image["platform"] = json!({ "os": "linux", "architecture": architecture });
        image
    }

    /// An index of images.
    pub fn index(&self, tag: &str, images: &[Value]) -> Value {
        let index = json!({
            "schemaVersion": 2, "mediaType": INDEX, "manifests": images,
        });
        self.manifest(Some(tag), &index)
    }

    /// A reference to what was pushed.
    pub fn at(&self, pushed: &Value) -> String {
        format!("{}@{}", self.name, pushed["digest"].as_str().unwrap())
    }
}
