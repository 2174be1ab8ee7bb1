//! Images, pushed to the sandbox's registry without the code under test.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test fails where it stands")]

use chainsign_core::digest::ArtifactDigest;
use reqwest::Client;
use serde_json::{Value, json};

use super::Stage;

/// A repository in the sandbox's registry.
pub struct Repository<'a> {
    stage: &'a Stage,
    client: Client,
    /// Host, port and name: what references begin with.
    pub name: String,
}

impl<'a> Repository<'a> {
    pub fn new(stage: &'a Stage, name: &str) -> Self {
        let host = stage.sandbox.issuer().trim_start_matches("http://");
        let client = Client::builder().no_proxy().build().unwrap();
        Repository { stage, client, name: format!("{host}/{name}") }
    }

    fn url(&self) -> String {
        let (host, name) = self.name.split_once('/').unwrap();
        format!("http://{host}/v2/{name}")
    }

    pub fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = ArtifactDigest::sha256(bytes);
        self.stage.block_on(async {
            let start = self.client.post(format!("{}/blobs/uploads/", self.url()));
            let start = start.send().await.unwrap();
            let location = start.headers()["location"].to_str().unwrap().to_owned();
            let root = self.stage.sandbox.issuer();
            let put = self.client.put(format!("{root}{location}?digest={digest}"));
            assert_eq!(put.body(bytes.to_vec()).send().await.unwrap().status(), 201);
        });
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    }

    pub fn manifest(&self, tag: Option<&str>, document: &Value) -> Value {
        let media_type = document["mediaType"].as_str().unwrap();
        let bytes = document.to_string().into_bytes();
        let (digest, size) = (ArtifactDigest::sha256(&bytes), bytes.len());
        let name = tag.map_or(digest.to_string(), ToOwned::to_owned);
        self.stage.block_on(async {
            let put = self.client.put(format!("{}/manifests/{name}", self.url()));
            let put = put.header("content-type", media_type).body(bytes).send().await.unwrap();
            assert_eq!(put.status(), 201);
        });
        json!({ "mediaType": media_type, "digest": digest, "size": size })
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
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config, "layers": [layer],
        });
        let mut image = self.manifest(tag, &manifest);
        image["platform"] = json!({ "os": "linux", "architecture": architecture });
        image
    }

    /// An index of images.
    pub fn index(&self, tag: &str, images: &[Value]) -> Value {
        let index = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": images,
        });
        self.manifest(Some(tag), &index)
    }

    /// A reference to what was pushed.
    pub fn at(&self, pushed: &Value) -> String {
        format!("{}@{}", self.name, pushed["digest"].as_str().unwrap())
    }
}
