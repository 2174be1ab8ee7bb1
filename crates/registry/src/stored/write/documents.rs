//! The documents that are written. What others wrote into them is kept as it is.

use std::collections::BTreeMap;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::predicate::PredicateType;
use chainsign_core::{Limits, json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::documents::{Document, OCI_INDEX, OCI_MANIFEST, RawDescriptor, parse, parse_referrers};
use crate::{Descriptor, Error, Item};

/// A document under a tag, which is read, changed and written.
pub(super) trait Tagged: Sized {
    /// What it is as a media type.
    const MEDIA_TYPE: &'static str;

    /// Reads what is there. What is not of this kind is refused, and not written over.
    fn read(what: &str, bytes: &[u8]) -> Result<Self, Error>;

    /// What must be there before the document is: a configuration.
    fn config(&self) -> Result<Option<Vec<u8>>, Error>;

    fn write(&self) -> Result<Vec<u8>, Error>;
}

/// A referrer that is to be written (cosign `pkg/oci/remote/write.go`, `WriteReferrer`).
pub(super) struct Referrer<'a> {
    pub(super) media_type: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) annotations: BTreeMap<String, String>,
}

impl<'a> Referrer<'a> {
    pub(super) fn of_bundle(
        media_type: &'a str,
        bytes: &'a [u8],
        predicate_type: Option<&PredicateType>,
        created: Timestamp,
    ) -> Self {
        let content = match predicate_type {
            Some(_) => "dsse-envelope",
            None => "message-signature",
        };
        // Whole seconds, as cosign has it (RFC 3339).
        let created = created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut annotations = BTreeMap::from([
            ("org.opencontainers.image.created".to_owned(), created),
            ("dev.sigstore.bundle.content".to_owned(), content.to_owned()),
        ]);
        if let Some(predicate_type) = predicate_type {
            let name = "dev.sigstore.bundle.predicateType".to_owned();
            annotations.insert(name, predicate_type.to_string());
        }
        Referrer { media_type, bytes, annotations }
    }

    pub(super) fn digest(&self) -> ArtifactDigest {
        ArtifactDigest::sha256(self.bytes)
    }

    pub(super) fn manifest(&self, subject: &Descriptor) -> Result<Vec<u8>, Error> {
        let digest = self.digest();
        let title = format!("{}-{}.sigstore.json", digest.algorithm(), digest.hex());
        let layer = Descriptor {
            media_type: self.media_type.to_owned(),
            digest,
            size: self.bytes.len() as u64,
            artifact_type: None,
            platform: None,
            annotations: [("org.opencontainers.image.title".to_owned(), title)].into(),
        };
        let config = Descriptor {
            media_type: OCI_EMPTY.to_owned(),
            digest: ArtifactDigest::sha256(EMPTY),
            size: EMPTY.len() as u64,
            artifact_type: Some(self.media_type.to_owned()),
            platform: None,
            annotations: BTreeMap::new(),
        };
        let subject = Descriptor {
            artifact_type: None,
            platform: None,
            annotations: BTreeMap::new(),
            ..subject.clone()
        };
        to_json(&WireReferrer {
            schema_version: 2,
            media_type: OCI_MANIFEST,
            artifact_type: self.media_type,
            config,
            layers: [layer],
            subject,
            annotations: &self.annotations,
        })
    }
}

/// The image under one of cosign's tags: a layer for each signature.
#[derive(Default)]
pub(super) struct LayeredManifest {
    pub(super) layers: Vec<Entry>,
    annotations: Option<Box<RawValue>>,
}

/// The index under the tag that stands in for the referrers API.
#[derive(Default)]
pub(super) struct ReferrersList {
    pub(super) manifests: Vec<Entry>,
    annotations: Option<Box<RawValue>>,
}

/// An entry of a list, as written.
pub(super) struct Entry {
    raw: Box<RawValue>,
    /// What can be read of it.
    descriptor: Option<Descriptor>,
}

impl Entry {
    fn new(descriptor: &Descriptor) -> Result<Self, Error> {
        let raw = serde_json::value::to_raw_value(descriptor).map_err(unwritable)?;
        Ok(Entry { raw, descriptor: Some(descriptor.clone()) })
    }

    /// Whether it says the same of the same blob.
    pub(super) fn is(&self, other: &Descriptor) -> bool {
        self.descriptor
            .as_ref()
            .is_some_and(|own| own.digest == other.digest && own.annotations == other.annotations)
    }

    /// Whether it is what was found. An item has the annotations of its manifest, too.
    pub(super) fn is_item(&self, item: &Item) -> bool {
        self.descriptor.as_ref().is_some_and(|own| {
            let same = |(name, text): (&String, &String)| item.annotations.get(name) == Some(text);
            own.digest == item.digest && own.annotations.iter().all(same)
        })
    }

    pub(super) fn is_digest(&self, digest: &ArtifactDigest) -> bool {
        self.descriptor.as_ref().is_some_and(|own| own.digest == *digest)
    }
}

impl LayeredManifest {
    /// Adds a layer, unless it is there.
    pub(super) fn add(&mut self, layer: &Descriptor) -> Result<(), Error> {
        if !self.layers.iter().any(|there| there.is(layer)) {
            self.layers.push(Entry::new(layer)?);
        }
        Ok(())
    }
}

impl ReferrersList {
    /// Adds a referrer, unless it is there.
    pub(super) fn add(&mut self, manifest: &Descriptor) -> Result<(), Error> {
        if !self.manifests.iter().any(|there| there.is_digest(&manifest.digest)) {
            self.manifests.push(Entry::new(manifest)?);
        }
        Ok(())
    }
}

impl Tagged for LayeredManifest {
    const MEDIA_TYPE: &'static str = OCI_MANIFEST;

    fn read(what: &str, bytes: &[u8]) -> Result<Self, Error> {
        let (media_type, document) = parse(what, None, bytes)?;
        if !matches!(document, Document::Manifest(_)) {
            let wanted = OCI_MANIFEST.to_owned();
            return Err(Error::OtherMediaType { what: what.to_owned(), found: media_type, wanted });
        }
        let wire: WireLists<'_> = reread(what, bytes)?;
        Ok(LayeredManifest {
            layers: entries(&wire.layers),
            annotations: wire.annotations.map(ToOwned::to_owned),
        })
    }

    fn config(&self) -> Result<Option<Vec<u8>>, Error> {
        let digests = self.layers.iter().filter_map(|layer| layer.descriptor.as_ref());
        let diff_ids: Vec<_> = digests.map(|layer| &layer.digest).collect();
        let rootfs = WireRoot { kind: "layers", diff_ids };
        let config = WireConfig { architecture: "", os: "", config: Nothing {}, rootfs };
        to_json(&config).map(Some)
    }

    fn write(&self) -> Result<Vec<u8>, Error> {
        let config = self.config()?.unwrap_or_default();
        let config = Descriptor {
            media_type: OCI_CONFIG.to_owned(),
            digest: ArtifactDigest::sha256(&config),
            size: config.len() as u64,
            artifact_type: None,
            platform: None,
            annotations: BTreeMap::new(),
        };
        to_json(&WireLayered {
            schema_version: 2,
            media_type: OCI_MANIFEST,
            config,
            layers: self.layers.iter().map(|layer| &*layer.raw).collect(),
            annotations: self.annotations.as_deref(),
        })
    }
}

impl Tagged for ReferrersList {
    const MEDIA_TYPE: &'static str = OCI_INDEX;

    fn read(what: &str, bytes: &[u8]) -> Result<Self, Error> {
        parse_referrers(what, bytes, MOST_ENTRIES)?;
        let wire: WireLists<'_> = reread(what, bytes)?;
        Ok(ReferrersList {
            manifests: entries(&wire.manifests),
            annotations: wire.annotations.map(ToOwned::to_owned),
        })
    }

    fn config(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    fn write(&self) -> Result<Vec<u8>, Error> {
        to_json(&WireList {
            schema_version: 2,
            media_type: OCI_INDEX,
            manifests: self.manifests.iter().map(|entry| &*entry.raw).collect(),
            annotations: self.annotations.as_deref(),
        })
    }
}

fn reread<'a, T: Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Result<T, Error> {
    let mut limits = Limits::default();
    limits.document_bytes = bytes.len();
    json::parse("manifest", bytes, &limits)
        .map_err(|source| Error::Malformed { what: what.to_owned(), source })
}

fn entries(raw: &Option<Vec<&RawValue>>) -> Vec<Entry> {
    let entry = |raw: &&RawValue| {
        let descriptor: Result<RawDescriptor, _> = serde_json::from_str(raw.get());
        Entry { raw: (*raw).to_owned(), descriptor: descriptor.ok().map(Descriptor::from) }
    };
    raw.iter().flatten().map(entry).collect()
}

fn to_json(document: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(document).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> Error {
    let source = chainsign_core::Error::Invalid { document: "manifest", reason: error.to_string() };
    Error::Malformed { what: "what is to be written".to_owned(), source }
}

#[derive(Deserialize)]
struct WireLists<'a> {
    #[serde(borrow)]
    layers: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    manifests: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    annotations: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireReferrer<'a> {
    schema_version: u8,
    media_type: &'static str,
    artifact_type: &'a str,
    config: Descriptor,
    layers: [Descriptor; 1],
    subject: Descriptor,
    annotations: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireLayered<'a> {
    schema_version: u8,
    media_type: &'static str,
    config: Descriptor,
    layers: Vec<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireList<'a> {
    schema_version: u8,
    media_type: &'static str,
    manifests: Vec<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct WireConfig<'a> {
    architecture: &'static str,
    os: &'static str,
    config: Nothing,
    rootfs: WireRoot<'a>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct WireRoot<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: Vec<&'a ArtifactDigest>,
}

/// As many as fit into a manifest.
const MOST_ENTRIES: usize = 40_000;

/// Image-spec, `manifest.md`, "Guidance for an Empty Descriptor".
pub(super) const EMPTY: &[u8] = b"{}";
const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
