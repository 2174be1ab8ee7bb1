use std::collections::BTreeMap;

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::x509::sha256;

/// What is in the registry, by repository.
pub(super) type Repositories = BTreeMap<String, Repository>;

#[derive(Debug, Default)]
pub(super) struct Repository {
    pub(super) blobs: BTreeMap<String, Bytes>,
    pub(super) manifests: BTreeMap<String, Manifest>,
    /// Tag to digest.
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub(super) struct Manifest {
    pub(super) media_type: String,
    pub(super) bytes: Bytes,
    document: Value,
}

impl Repository {
    /// A manifest by its digest or tag, with its digest.
    pub(super) fn manifest(&self, reference: &str) -> Option<(&String, &Manifest)> {
        let digest = self.tags.get(reference).map_or(reference, String::as_str);
        self.manifests.get_key_value(digest)
    }

    /// Digests that the manifest names and that are not here. Subjects may be missing (distribution
    /// spec, "Pushing Manifests with Subject").
    pub(super) fn missing(&self, manifest: &Manifest) -> Vec<String> {
        let document = &manifest.document;
        let digest = |descriptor: &Value| descriptor["digest"].as_str().map(ToOwned::to_owned);
        let list = |name: &str| document[name].as_array().into_iter().flatten();
        let blobs = std::iter::once(&document["config"]).chain(list("layers")).filter_map(digest);
        let blobs = blobs.filter(|digest| !self.blobs.contains_key(digest));
        let children = list("manifests").filter_map(digest);
        let children = children.filter(|digest| !self.manifests.contains_key(digest));
        blobs.chain(children).collect()
    }

    /// The descriptors of what refers to a digest (distribution spec, "Listing Referrers").
    pub(super) fn referrers(&self, subject: &str, artifact_type: Option<&str>) -> Vec<Value> {
        let of_subject = |(_, it): &(&String, &Manifest)| it.subject() == Some(subject);
        let descriptor = |(digest, it): (&String, &Manifest)| it.descriptor(digest);
        let wanted = |it: &Value| artifact_type.is_none_or(|wanted| it["artifactType"] == wanted);
        self.manifests.iter().filter(of_subject).map(descriptor).filter(wanted).collect()
    }
}

impl Manifest {
    /// `Err` says what is wrong with it.
    pub(super) fn parse(media_type: &str, bytes: Bytes) -> Result<Self, String> {
        let document: Value =
            serde_json::from_slice(&bytes).map_err(|error| format!("not JSON: {error}"))?;
        match document["mediaType"].as_str() {
            Some(own) if own != media_type => {
                Err(format!("found media type {own:?}, wanted {media_type:?}"))
            }
            _ => Ok(Manifest { media_type: media_type.to_owned(), bytes, document }),
        }
    }

    pub(super) fn digest(&self) -> String {
        digest(&self.bytes)
    }

    pub(super) fn subject(&self) -> Option<&str> {
        self.document["subject"]["digest"].as_str()
    }

    fn descriptor(&self, digest: &str) -> Value {
        let given = self.document["artifactType"].as_str().filter(|text| !text.is_empty());
        let artifact_type = given.or(self.document["config"]["mediaType"].as_str());
        let mut descriptor = json!({
            "mediaType": self.media_type,
            "digest": digest,
            "size": self.bytes.len(),
        });
        if let Some(artifact_type) = artifact_type {
            descriptor["artifactType"] = artifact_type.into();
        }
        if self.document["annotations"].is_object() {
            descriptor["annotations"] = self.document["annotations"].clone();
        }
        descriptor
    }
}

/// `sha256:` and the digest.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(sha256(bytes)))
}
