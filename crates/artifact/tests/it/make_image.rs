//! OCI layouts and Docker archives made by hand, well-formed and not.

use std::collections::BTreeMap;
use std::path::Path;

use chainsign_core::digest::ArtifactDigest;
use serde_json::{Value, json};

use super::make::Tar;

pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// The files of a layout or archive, by path.
#[derive(Clone, Default)]
pub(crate) struct Files(pub(crate) BTreeMap<String, Vec<u8>>);

/// A layer: what is in the blob, and what is said about it.
#[derive(Clone)]
pub(crate) struct LayerOf {
    pub(crate) blob: Vec<u8>,
    pub(crate) media_type: String,
    pub(crate) diff_id: String,
}

impl LayerOf {
    pub(crate) fn plain(tar: &[u8]) -> Self {
        Self::packed(tar, tar.to_vec(), LAYER)
    }

    pub(crate) fn packed(tar: &[u8], blob: Vec<u8>, media_type: &str) -> Self {
        LayerOf { blob, media_type: media_type.to_owned(), diff_id: digest(tar) }
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    ArtifactDigest::sha256(bytes).to_string()
}

pub(crate) fn plain(layers: &[Vec<u8>]) -> Vec<LayerOf> {
    layers.iter().map(|layer| LayerOf::plain(layer)).collect()
}

/// A configuration for linux/amd64.
pub(crate) fn config(layers: &[LayerOf]) -> Value {
    let diff_ids: Vec<_> = layers.iter().map(|layer| layer.diff_id.clone()).collect();
    json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    })
}

pub(crate) fn index(manifests: &[Value]) -> Value {
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
}

impl Files {
    /// A layout of one image.
    pub(crate) fn of_image(layers: &[LayerOf]) -> Self {
        let mut files = Files::default();
        let image = files.image(layers);
        files.layout(&index(&[image]));
        files
    }

    /// `oci-layout` and `index.json`.
    pub(crate) fn layout(&mut self, index: &Value) {
        self.put("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
        self.put("index.json", index.to_string().as_bytes());
    }

    pub(crate) fn put(&mut self, path: &str, bytes: &[u8]) {
        self.0.insert(path.to_owned(), bytes.to_vec());
    }

    /// Adds a blob, and describes it.
    pub(crate) fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        self.put(&blob_path(&digest), bytes);
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    pub(crate) fn document(&mut self, media_type: &str, document: &Value) -> Value {
        self.blob(media_type, document.to_string().as_bytes())
    }

    /// Adds an image, and describes its manifest.
    pub(crate) fn image(&mut self, layers: &[LayerOf]) -> Value {
        let manifest = self.manifest(&config(layers), layers);
        self.document(MANIFEST, &manifest)
    }

    /// A manifest, with what it names added.
    pub(crate) fn manifest(&mut self, config: &Value, layers: &[LayerOf]) -> Value {
        let config = self.document(CONFIG, config);
        let layers: Vec<_> =
            layers.iter().map(|layer| self.blob(&layer.media_type, &layer.blob)).collect();
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers})
    }

    pub(crate) fn write(&self, folder: &Path) {
        for (path, bytes) in &self.0 {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }

    pub(crate) fn tar(&self) -> Tar {
        self.0.iter().fold(Tar::default(), |tar, (path, bytes)| tar.file(path, bytes))
    }
}

pub(crate) fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}
