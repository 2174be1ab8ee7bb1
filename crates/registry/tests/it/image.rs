//! Images and documents, pushed to a registry without the code under test.

use std::collections::BTreeMap;

use chainsign_core::digest::ArtifactDigest;
use reqwest::Client;
use serde_json::{Value, json};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A repository that a test writes to.
pub(crate) struct Repository {
    client: Client,
    url: String,
}

impl Repository {
    /// `url` is the registry's.
    pub(crate) fn new(url: &str, name: &str) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        Repository { client, url: format!("{url}/v2/{name}") }
    }

    pub(crate) async fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = ArtifactDigest::sha256(bytes);
        let start = self.client.post(format!("{}/blobs/uploads/", self.url)).send().await.unwrap();
        let location = start.headers()["location"].to_str().unwrap();
        let root = self.url.split("/v2/").next().unwrap();
        let put = self.client.put(format!("{root}{location}?digest={digest}"));
        let put = put.body(bytes.to_vec()).send().await.unwrap();
        assert_eq!(put.status(), 201);
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    }

    /// Puts a manifest under a tag, or under its digest, and describes it.
    pub(crate) async fn manifest(&self, tag: Option<&str>, document: &Value) -> Value {
        let media_type = document["mediaType"].as_str().unwrap();
        self.bytes(tag, media_type, document.to_string().into_bytes()).await
    }

    pub(crate) async fn bytes(&self, tag: Option<&str>, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = ArtifactDigest::sha256(&bytes);
        let size = bytes.len();
        let name = tag.map_or(digest.to_string(), ToOwned::to_owned);
        let put = self.client.put(format!("{}/manifests/{name}", self.url));
        let put = put.header("content-type", media_type).body(bytes).send().await.unwrap();
        let status = put.status();
        assert_eq!(status, 201, "{}", put.text().await.unwrap());
        json!({ "mediaType": media_type, "digest": digest, "size": size })
    }

    /// An image with one layer.
    pub(crate) async fn image(&self, tag: &str) -> Value {
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": [ArtifactDigest::sha256(tag.as_bytes())] },
        });
        let config = self
            .blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes())
            .await;
        let layer = self.blob("application/vnd.oci.image.layer.v1.tar", tag.as_bytes()).await;
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
        });
        self.manifest(Some(tag), &manifest).await
    }

    /// The manifest of an artifact about a subject, unwritten.
    pub(crate) async fn artifact(
        &self,
        artifact_type: &str,
        subject: &Value,
        layers: &[Value],
    ) -> Value {
        let config = self.blob("application/vnd.oci.empty.v1+json", b"{}").await;
        json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type,
            "config": config, "layers": layers, "subject": subject,
        })
    }

    /// A bundle as a referrer.
    pub(crate) async fn bundle(&self, subject: &Value, bytes: &[u8]) -> Value {
        let layer = self.blob(BUNDLE, bytes).await;
        let manifest = self.artifact(BUNDLE, subject, &[layer]).await;
        self.manifest(None, &manifest).await
    }
}

pub(crate) fn annotations(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// The digest in a descriptor.
pub(crate) fn digest(descriptor: &Value) -> ArtifactDigest {
    descriptor["digest"].as_str().unwrap().parse().unwrap()
}
