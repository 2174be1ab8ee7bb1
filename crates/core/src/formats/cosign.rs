//! What cosign wrote before the Sigstore bundle: its local bundle, and the annotations of its
//! signatures and attestations in registries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::detached::{credential, pem_chain, timestamp};
use super::rekor::RekorBundle;
use crate::digest::ArtifactDigest;
use crate::dsse::Envelope;
use crate::encoding::{Base64Bytes, base64_decode, base64_encode, pem_encode};
use crate::material::{Credential, Format, SignedContent, SignedMaterial};
use crate::{Error, Limits, json};

/// Parses cosign's local bundle (cosign `pkg/cosign/fetch.go`, `LocalSignedPayload`).
///
/// Its signature is one over a file, or, where the log entry is of an attestation, a DSSE
/// envelope. A public key in the place of the certificate becomes a hint at a key, never the key
/// that verifies (GHSA-fx35-mq7g-6g98).
///
/// # Errors
/// [`Error::Json`] for unknown fields and wrong types; [`Error::Base64`] and [`Error::Pem`] for the
/// certificate; what the envelope's parser says.
pub fn parse(document: &[u8], limits: &Limits) -> Result<SignedMaterial, Error> {
    let wire: LocalBundle = json::parse(DOCUMENT, document, limits)?;
    let log_entry = wire.rekor_bundle.map(|bundle| bundle.log_entry(limits)).transpose()?;
    let of_attestation =
        log_entry.as_ref().is_some_and(|entry| matches!(entry.kind.as_str(), "dsse" | "intoto"));
    let signature = wire.base64_signature.0;
    Ok(SignedMaterial {
        format: Format::CosignBundle,
        document: Some(ArtifactDigest::sha256(document)),
        content: match of_attestation {
            true => SignedContent::Envelope(Envelope::parse(&signature, limits)?),
            false => SignedContent::Message { digest: None, signature },
        },
        credential: match wire.cert.as_deref() {
            None | Some("") => Credential::Key { hint: String::new() },
            Some(text) => credential(text.as_bytes())?,
        },
        log_entries: log_entry.into_iter().collect(),
        timestamps: Vec::new(),
        detached_scts: Vec::new(),
    })
}

/// Writes cosign's local bundle, as cosign before version 3 does: signature, certificate, and the
/// entry of Rekor v1. It has no place for timestamps, proofs and entries of Rekor v2, and a key is
/// never put in the certificate's place.
///
/// # Errors
/// [`Error::Invalid`] when there is a log entry without a signed entry timestamp, or several:
/// what proves the time would get lost. [`Error::Json`] does not happen.
pub fn write(material: &SignedMaterial) -> Result<Vec<u8>, Error> {
    let no_place = |reason: &str| Error::Invalid { document: DOCUMENT, reason: reason.to_owned() };
    let json = |error: &serde_json::Error| Error::json(DOCUMENT, error);
    let rekor_bundle = match material.log_entries.as_slice() {
        [] => None,
        [entry] => Some(RekorBundle::of(entry).ok_or_else(|| {
            no_place("found a log entry without a signed entry timestamp, wanted one of Rekor v1")
        })?),
        _ => return Err(no_place("found several log entries, wanted one")),
    };
    let base64_signature = match &material.content {
        SignedContent::Message { signature, .. } => signature.clone(),
        SignedContent::Envelope(envelope) => {
            serde_json::to_vec(envelope).map_err(|error| json(&error))?
        }
        SignedContent::SimpleSigning { .. } => {
            return Err(no_place("found cosign's signature of an image, wanted one of a file"));
        }
    };
    let cert = match &material.credential {
        Credential::Certificate { leaf, .. } => {
            Some(base64_encode(pem_encode("CERTIFICATE", leaf)))
        }
        Credential::Key { .. } => None,
    };
    let bundle =
        LocalBundle { base64_signature: Base64Bytes(base64_signature), cert, rekor_bundle };
    serde_json::to_vec(&bundle).map_err(|error| json(&error))
}

/// The annotations of a layer of cosign's signature or attestation images (cosign
/// `pkg/oci/static/signature.go`), each by the last part of its name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Annotations<'a> {
    /// `dev.cosignproject.cosign/signature`: base64; empty for attestations.
    pub signature: Option<&'a str>,
    /// `dev.sigstore.cosign/certificate`: PEM.
    pub certificate: Option<&'a str>,
    /// `dev.sigstore.cosign/chain`: PEM.
    pub chain: Option<&'a str>,
    /// `dev.sigstore.cosign/bundle`: the entry of Rekor v1 as JSON.
    pub bundle: Option<&'a str>,
    /// `dev.sigstore.cosign/rfc3161timestamp`: JSON.
    pub timestamp: Option<&'a str>,
}

/// The blob of a layer of cosign's images, by its media type.
#[derive(Clone, Copy, Debug)]
pub enum Layer<'a> {
    /// `application/vnd.dev.cosign.simplesigning.v1+json`: what was signed is this blob, which names
    /// the image.
    SimpleSigning(&'a [u8]),
    /// `application/vnd.dsse.envelope.v1+json`: the blob is the envelope.
    Envelope(&'a [u8]),
}

impl<'a> Annotations<'a> {
    /// The annotation with a name, where it is one of these.
    pub fn by_name(&mut self, name: &str) -> Option<&mut Option<&'a str>> {
        match name {
            "dev.cosignproject.cosign/signature" => Some(&mut self.signature),
            "dev.sigstore.cosign/certificate" => Some(&mut self.certificate),
            "dev.sigstore.cosign/chain" => Some(&mut self.chain),
            "dev.sigstore.cosign/bundle" => Some(&mut self.bundle),
            "dev.sigstore.cosign/rfc3161timestamp" => Some(&mut self.timestamp),
            _ => None,
        }
    }
}

impl<'a> Layer<'a> {
    /// The blob of a layer with a media type; `None` for what is not cosign's.
    pub fn of(media_type: &str, blob: &'a [u8]) -> Option<Self> {
        match media_type {
            SIMPLE_SIGNING => Some(Layer::SimpleSigning(blob)),
            ENVELOPE => Some(Layer::Envelope(blob)),
            _ => None,
        }
    }

    fn media_type(&self) -> &'static str {
        match self {
            Layer::SimpleSigning(_) => SIMPLE_SIGNING,
            Layer::Envelope(_) => ENVELOPE,
        }
    }

    fn blob(&self) -> &'a [u8] {
        match self {
            Layer::SimpleSigning(blob) | Layer::Envelope(blob) => blob,
        }
    }
}

/// Writes a layer with its annotations as one JSON document, which [`formats::parse`](super::parse)
/// reads: for a layer that is kept outside a registry.
pub fn write_layer<'a>(
    layer: Layer<'_>,
    annotations: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<u8> {
    let annotations: BTreeMap<_, _> = annotations.into_iter().collect();
    let blob = base64_encode(layer.blob());
    serde_json::json!({
        "cosignLayer": layer.media_type(), "annotations": annotations, "blob": blob,
    })
    .to_string()
    .into_bytes()
}

/// Writes what stands beside a layer of cosign's: signature, certificate, log entry and timestamp, each as
/// cosign before version 3 does (cosign `pkg/oci/static/signature.go`).
///
/// # Errors
/// [`Error::Invalid`] for what has no place there: a log entry without a signed entry timestamp, several
/// of them, or several timestamps. [`Error::Json`] does not happen.
pub fn write_annotations(material: &SignedMaterial) -> Result<BTreeMap<String, String>, Error> {
    let no_place = |reason: &str| Error::Invalid { document: KEPT, reason: reason.to_owned() };
    let signature = match &material.content {
        SignedContent::Message { signature, .. }
        | SignedContent::SimpleSigning { signature, .. } => base64_encode(signature),
        // It is in the envelope.
        SignedContent::Envelope(_) => String::new(),
    };
    let mut annotations = BTreeMap::new();
    let mut add = |name: &str, text: String| annotations.insert(name.to_owned(), text);
    add("dev.cosignproject.cosign/signature", signature);
    if let Credential::Certificate { leaf, others } = &material.credential {
        add("dev.sigstore.cosign/certificate", pem_encode("CERTIFICATE", leaf));
        if !others.is_empty() {
            let chain = others.iter().map(|der| pem_encode("CERTIFICATE", der)).collect();
            add("dev.sigstore.cosign/chain", chain);
        }
    }
    match material.log_entries.as_slice() {
        [] => {}
        [entry] => {
            let bundle = RekorBundle::of(entry).ok_or_else(|| {
                no_place(
                    "found a log entry without a signed entry timestamp, wanted one of Rekor v1",
                )
            })?;
            let json = serde_json::to_string(&bundle).map_err(|error| Error::json(KEPT, &error))?;
            add("dev.sigstore.cosign/bundle", json);
        }
        _ => return Err(no_place("found several log entries, wanted one")),
    }
    match material.timestamps.as_slice() {
        [] => {}
        [timestamp] => {
            let json = serde_json::json!({ "SignedRFC3161Timestamp": base64_encode(timestamp) });
            add("dev.sigstore.cosign/rfc3161timestamp", json.to_string());
        }
        _ => return Err(no_place("found several timestamps, wanted one")),
    }
    Ok(annotations)
}

/// Parses a document that [`write_layer`] wrote.
pub(super) fn parse_kept_layer(document: &[u8], limits: &Limits) -> Result<SignedMaterial, Error> {
    let kept: KeptLayer = json::parse(KEPT, document, limits)?;
    let layer = Layer::of(&kept.cosign_layer, &kept.blob.0).ok_or_else(|| Error::MediaType {
        document: KEPT,
        found: kept.cosign_layer.chars().take(80).collect(),
        wanted: "a layer of cosign's signatures or attestations",
    })?;
    let mut annotations = Annotations::default();
    for (name, value) in &kept.annotations {
        if let Some(place) = annotations.by_name(name) {
            *place = Some(value);
        }
    }
    parse_layer(layer, &annotations, limits)
}

/// Parses one layer of cosign's signature or attestation images.
///
/// # Errors
/// [`Error::Missing`] for a simple signing layer without a signature; [`Error::Base64`],
/// [`Error::Pem`], [`Error::Json`] for the annotations; what the envelope's parser says.
pub fn parse_layer(
    layer: Layer<'_>,
    annotations: &Annotations<'_>,
    limits: &Limits,
) -> Result<SignedMaterial, Error> {
    let (blob, content) = match layer {
        Layer::SimpleSigning(blob) => {
            let signature = annotations.signature.ok_or(Error::Missing {
                document: "cosign signature",
                what: "annotation dev.cosignproject.cosign/signature",
            })?;
            let signature = base64_decode("signature", signature)?;
            (blob, SignedContent::SimpleSigning { payload: blob.to_vec(), signature })
        }
        Layer::Envelope(blob) => (blob, SignedContent::Envelope(Envelope::parse(blob, limits)?)),
    };
    let mut credential = match annotations.certificate {
        None | Some("") => Credential::Key { hint: String::new() },
        Some(pem) => credential(pem.as_bytes())?,
    };
    if let (Credential::Certificate { others, .. }, Some(chain)) =
        (&mut credential, annotations.chain)
    {
        *others = pem_chain(chain.as_bytes(), limits)?;
    }
    let entry = annotations.bundle.map(|bundle| {
        let bundle: RekorBundle = json::parse("cosign log entry", bundle.as_bytes(), limits)?;
        bundle.log_entry(limits)
    });
    let timestamp = annotations.timestamp.map(|json| timestamp(json.as_bytes(), limits));
    Ok(SignedMaterial {
        format: Format::CosignAnnotations,
        document: Some(ArtifactDigest::sha256(blob)),
        content,
        credential,
        log_entries: entry.transpose()?.into_iter().collect(),
        timestamps: timestamp.transpose()?.into_iter().collect(),
        detached_scts: Vec::new(),
    })
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LocalBundle {
    base64_signature: Base64Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    cert: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rekor_bundle: Option<RekorBundle>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeptLayer {
    cosign_layer: String,
    annotations: BTreeMap<String, String>,
    blob: Base64Bytes,
}

const DOCUMENT: &str = "cosign bundle";
const KEPT: &str = "layer of cosign's";
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::hex_encode;

    /// What is written is what is read; what has no place in the format is refused, not left out.
    #[test]
    fn a_local_bundle_survives_being_written() {
        let limits = Limits::default();
        let body = base64_encode(r#"{"kind":"hashedrekord","apiVersion":"0.0.1"}"#);
        let id = hex_encode([7; 32]);
        let cert = base64_encode(pem_encode("CERTIFICATE", &[0x30, 0]));
        let text = format!(
            r#"{{"base64Signature":"AQI=","cert":"{cert}","rekorBundle":{{"SignedEntryTimestamp":"AQ==","Payload":{{"body":"{body}","integratedTime":5,"logIndex":7,"logID":"{id}"}}}}}}"#
        );
        let material = parse(text.as_bytes(), &limits).unwrap();
        assert_eq!(String::from_utf8(write(&material).unwrap()).unwrap(), text);

        let key = Credential::Key { hint: "of a key".to_owned() };
        let by_key =
            SignedMaterial { credential: key, log_entries: Vec::new(), ..material.clone() };
        assert_eq!(write(&by_key).unwrap(), br#"{"base64Signature":"AQI="}"#);

        let mut version_2 = material;
        version_2.log_entries[0].signed_entry_timestamp = None;
        let error = write(&version_2).unwrap_err();
        assert!(
            matches!(&error, Error::Invalid { reason, .. } if reason.starts_with("found a log entry without")),
            "{error}"
        );
    }
}
