//! Sigstore bundles: sigstore/protobuf-specs `sigstore_bundle.proto`, as JSON.
//!
//! Unknown fields are refused: the JSON mapping of protocol buffers makes that the default, and a
//! field that one reader knows and another ignores is a way to show them different things.
//! A `null` is an absent field, as in that mapping. Integers of 64 bits are read as strings or as
//! numbers and written as strings.

use serde::{Deserialize, Serialize};

use crate::digest::{ArtifactDigest, DigestAlgorithm};
use crate::dsse::Envelope;
use crate::encoding::Base64Bytes;
use crate::error::at_most;
use crate::material::{
    Credential, Format, InclusionProof, LogEntry, LogId, SignedContent, SignedMaterial,
};
use crate::{Error, Limits, json};

/// The media type that is written.
pub const MEDIA_TYPE_V0_3: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Parses a bundle of version 0.1, 0.2 or 0.3.
///
/// What the versions themselves demand, and that nothing is there twice, is checked here: 0.1 an inclusion promise with every log
/// entry, 0.2 and later an inclusion proof; 0.3 a single certificate instead of a chain.
///
/// # Errors
/// [`Error::MediaType`] for a missing or unknown media type; [`Error::Json`] for unknown fields,
/// wrong types and more than one content; [`Error::Missing`] and [`Error::Invalid`] for the rules
/// above and for byte strings of the wrong length; [`Error::LimitReached`]; [`Error::DuplicateKey`].
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<SignedMaterial, Error> {
    json::check(DOCUMENT, bytes, limits)?;
    let format = version(bytes)?;
    let wire: Bundle = json::checked(DOCUMENT, bytes)?;
    let Verification { public_key, x509_certificate_chain, certificate, .. } =
        &wire.verification_material;
    let single = format == Format::BundleV0_3;
    let credential = match (certificate, x509_certificate_chain, public_key) {
        (Some(leaf), None, None) if single => {
            Credential::Certificate { leaf: leaf.raw_bytes.0.clone(), others: Vec::new() }
        }
        (None, Some(chain), None) if !single => chain.credential(limits)?,
        (None, None, Some(key)) => Credential::Key { hint: key.hint.clone().unwrap_or_default() },
        (None, None, None) => {
            return Err(Error::Missing { document: DOCUMENT, what: "certificate or public key" });
        }
        (Some(_), None, None) => {
            return Err(invalid(
                "found a certificate, wanted an x509CertificateChain or a publicKey (before 0.3)",
            ));
        }
        (None, Some(_), None) => {
            return Err(invalid(
                "found an x509CertificateChain, wanted a single certificate or a publicKey (since 0.3)",
            ));
        }
        _ => {
            return Err(invalid(
                "found more than one of certificate, x509CertificateChain and publicKey",
            ));
        }
    };
    let content = match (wire.message_signature, wire.dsse_envelope) {
        (Some(message), None) => message.content()?,
        (None, Some(envelope)) => match envelope.signatures.len() {
            1 => SignedContent::Envelope(envelope.into()),
            found => {
                let reason =
                    format!("found {found} signatures in the envelope, wanted exactly one");
                return Err(Error::Invalid { document: DOCUMENT, reason });
            }
        },
        (None, None) => {
            return Err(Error::Missing {
                document: DOCUMENT,
                what: "messageSignature or dsseEnvelope",
            });
        }
        (Some(_), Some(_)) => {
            return Err(invalid("found both a messageSignature and a dsseEnvelope"));
        }
    };
    let entries = wire.verification_material.tlog_entries.unwrap_or_default();
    at_most("log entries of one bundle", limits.log_entries, entries.len())?;
    let entries: Result<Vec<_>, _> =
        entries.into_iter().map(|entry| entry.log_entry(format, limits)).collect();
    let timestamps = wire.verification_material.timestamp_verification_data;
    let timestamps = timestamps.and_then(|data| data.rfc3161_timestamps).unwrap_or_default();
    at_most("timestamps of one bundle", limits.timestamps, timestamps.len())?;
    SignedMaterial {
        format,
        document: Some(ArtifactDigest::sha256(bytes)),
        content,
        credential,
        log_entries: entries?,
        timestamps: timestamps.into_iter().map(|t| t.signed_timestamp.0).collect(),
        detached_scts: Vec::new(),
    }
    .without_duplicates(DOCUMENT)
}

/// Writes a bundle of version 0.3, on one line, ending in a line feed.
///
/// # Errors
/// [`Error::Invalid`] when the material cannot be expressed in that version: intermediates beside
/// the certificate, or an envelope with another number of signatures than one.
pub fn write(material: &SignedMaterial) -> Result<Vec<u8>, Error> {
    let mut verification = Verification::default();
    match &material.credential {
        Credential::Certificate { leaf, others } if others.is_empty() => {
            verification.certificate = Some(Certificate { raw_bytes: Base64Bytes(leaf.clone()) });
        }
        Credential::Certificate { .. } => {
            return Err(invalid("found intermediates, wanted a single certificate"));
        }
        Credential::Key { hint } => {
            verification.public_key = Some(PublicKeyHint { hint: Some(hint.clone()) });
        }
    }
    verification.tlog_entries = Some(material.log_entries.iter().map(Entry::from).collect());
    if !material.timestamps.is_empty() {
        let stamp = |der: &Vec<u8>| Timestamp { signed_timestamp: Base64Bytes(der.clone()) };
        let rfc3161_timestamps = Some(material.timestamps.iter().map(stamp).collect());
        verification.timestamp_verification_data = Some(Timestamps { rfc3161_timestamps });
    }
    let mut bundle = Bundle {
        media_type: MEDIA_TYPE_V0_3.to_owned(),
        verification_material: verification,
        message_signature: None,
        dsse_envelope: None,
    };
    match &material.content {
        SignedContent::Message { digest, signature } => {
            let message_digest = digest.as_ref().map(|digest| MessageDigest {
                algorithm: hash_name(digest.algorithm()).to_owned(),
                digest: Base64Bytes(digest.bytes().to_vec()),
            });
            let signature = Base64Bytes(signature.clone());
            bundle.message_signature = Some(MessageSignature { message_digest, signature });
        }
        SignedContent::Envelope(envelope) if envelope.signatures.len() == 1 => {
            bundle.dsse_envelope = Some(envelope.clone().into());
        }
        SignedContent::Envelope(_) => {
            return Err(invalid("wanted exactly one signature in the envelope"));
        }
        SignedContent::SimpleSigning { .. } => {
            return Err(invalid("found cosign's payload, wanted a message or an envelope"));
        }
    }
    let mut json = serde_json::to_vec(&bundle).map_err(|error| Error::json(DOCUMENT, &error))?;
    json.push(b'\n');
    Ok(json)
}

/// The name of a digest algorithm in protobuf-specs documents, e.g. `SHA2_256`.
pub fn hash_name(algorithm: DigestAlgorithm) -> &'static str {
    match algorithm {
        DigestAlgorithm::Sha256 => "SHA2_256",
        DigestAlgorithm::Sha384 => "SHA2_384",
        DigestAlgorithm::Sha512 => "SHA2_512",
    }
}

fn version(bytes: &[u8]) -> Result<Format, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        media_type: Option<String>,
    }
    let head: Head = json::checked(DOCUMENT, bytes)?;
    let found = head.media_type.unwrap_or_default();
    match found.as_str() {
        "application/vnd.dev.sigstore.bundle+json;version=0.1" => Ok(Format::BundleV0_1),
        "application/vnd.dev.sigstore.bundle+json;version=0.2" => Ok(Format::BundleV0_2),
        "application/vnd.dev.sigstore.bundle+json;version=0.3" | MEDIA_TYPE_V0_3 => {
            Ok(Format::BundleV0_3)
        }
        _ => Err(Error::MediaType {
            document: DOCUMENT,
            found,
            wanted: "application/vnd.dev.sigstore.bundle.v0.3+json, or version 0.1 or 0.2",
        }),
    }
}

impl Chain {
    fn credential(&self, limits: &Limits) -> Result<Credential, Error> {
        let certificates = self.certificates.as_deref().unwrap_or_default();
        at_most("certificates of one bundle", limits.certificates, certificates.len())?;
        let Some((leaf, others)) = certificates.split_first() else {
            return Err(Error::Missing { document: DOCUMENT, what: "certificate in its chain" });
        };
        let others = others.iter().map(|c| c.raw_bytes.0.clone()).collect();
        Ok(Credential::Certificate { leaf: leaf.raw_bytes.0.clone(), others })
    }
}

impl MessageSignature {
    fn content(self) -> Result<SignedContent, Error> {
        // cosign writes an empty message digest with a signature of pure Ed25519.
        let digest = self.message_digest.filter(|digest| *digest != MessageDigest::default());
        let digest = digest.map(|digest| {
            let algorithm = DigestAlgorithm::ALL
                .into_iter()
                .find(|algorithm| hash_name(*algorithm) == digest.algorithm)
                .ok_or(Error::DigestAlgorithm { found: digest.algorithm })?;
            ArtifactDigest::new(algorithm, &digest.digest.0)
        });
        Ok(SignedContent::Message { digest: digest.transpose()?, signature: self.signature.0 })
    }
}

impl Entry {
    pub(super) fn log_entry(self, format: Format, limits: &Limits) -> Result<LogEntry, Error> {
        let promise = self.inclusion_promise.map(|promise| promise.signed_entry_timestamp);
        match format {
            Format::BundleV0_1 if promise.is_none() => {
                return Err(Error::Missing {
                    document: DOCUMENT,
                    what: "inclusionPromise (wanted in 0.1)",
                });
            }
            Format::BundleV0_2 | Format::BundleV0_3 | Format::Pep740
                if self.inclusion_proof.is_none() =>
            {
                return Err(Error::Missing {
                    document: DOCUMENT,
                    what: "inclusionProof (wanted since 0.2)",
                });
            }
            _ => {}
        }
        Ok(LogEntry {
            log_index: self.log_index.0,
            log_id: LogId(array("logId.keyId", &self.log_id.key_id.0)?),
            kind: self.kind_version.kind,
            version: self.kind_version.version,
            integrated_time: match self.integrated_time.map(|time| time.0) {
                None | Some(0) => None,
                Some(time) => Some(
                    i64::try_from(time)
                        .map_err(|_| invalid("found an integratedTime beyond 63 bits"))?,
                ),
            },
            signed_entry_timestamp: promise.map(|set| set.0),
            inclusion_proof: self.inclusion_proof.map(|proof| proof.proof(limits)).transpose()?,
            canonicalized_body: self.canonicalized_body.0,
        })
    }
}

impl Proof {
    fn proof(self, limits: &Limits) -> Result<InclusionProof, Error> {
        let hashes = self.hashes.unwrap_or_default();
        at_most("hashes of one inclusion proof", limits.inclusion_proof_hashes, hashes.len())?;
        let hashes: Result<Vec<_>, _> =
            hashes.iter().map(|hash| array("inclusionProof.hashes", &hash.0)).collect();
        Ok(InclusionProof {
            log_index: self.log_index.0,
            root_hash: array("inclusionProof.rootHash", &self.root_hash.0)?,
            tree_size: self.tree_size.0,
            hashes: hashes?,
            checkpoint: self.checkpoint.map(|checkpoint| checkpoint.envelope),
        })
    }
}

impl From<&LogEntry> for Entry {
    fn from(entry: &LogEntry) -> Self {
        let promise = entry.signed_entry_timestamp.as_ref();
        Entry {
            log_index: Int64(entry.log_index),
            log_id: KeyId { key_id: Base64Bytes(entry.log_id.0.to_vec()) },
            kind_version: KindVersion { kind: entry.kind.clone(), version: entry.version.clone() },
            // A time before 1970 cannot be read from any format here.
            integrated_time: Some(Int64(entry.integrated_time.map_or(0, i64::unsigned_abs))),
            inclusion_promise: promise
                .map(|set| Promise { signed_entry_timestamp: Base64Bytes(set.clone()) }),
            inclusion_proof: entry.inclusion_proof.as_ref().map(|proof| Proof {
                log_index: Int64(proof.log_index),
                root_hash: Base64Bytes(proof.root_hash.to_vec()),
                tree_size: Int64(proof.tree_size),
                hashes: Some(proof.hashes.iter().map(|hash| Base64Bytes(hash.to_vec())).collect()),
                checkpoint: proof.checkpoint.clone().map(|envelope| Checkpoint { envelope }),
            }),
            canonicalized_body: Base64Bytes(entry.canonicalized_body.clone()),
        }
    }
}

impl From<Envelope> for WireEnvelope {
    fn from(envelope: Envelope) -> Self {
        let signature =
            |s: crate::dsse::EnvelopeSignature| WireSignature { sig: s.sig, keyid: s.keyid };
        WireEnvelope {
            payload: envelope.payload,
            payload_type: envelope.payload_type,
            signatures: envelope.signatures.into_iter().map(signature).collect(),
        }
    }
}

impl From<WireEnvelope> for Envelope {
    fn from(wire: WireEnvelope) -> Self {
        let signature =
            |s: WireSignature| crate::dsse::EnvelopeSignature { sig: s.sig, keyid: s.keyid };
        Envelope {
            payload: wire.payload,
            payload_type: wire.payload_type,
            signatures: wire.signatures.into_iter().map(signature).collect(),
        }
    }
}

fn array(what: &'static str, bytes: &[u8]) -> Result<[u8; 32], Error> {
    bytes.try_into().map_err(|_| Error::Invalid {
        document: DOCUMENT,
        reason: format!("{what} has {} bytes, wanted 32", bytes.len()),
    })
}

fn invalid(reason: &str) -> Error {
    Error::Invalid { document: DOCUMENT, reason: reason.to_owned() }
}

const DOCUMENT: &str = "sigstore bundle";

// The wire form. Field names and order as protobuf-specs has them.

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Bundle {
    media_type: String,
    verification_material: Verification,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_signature: Option<MessageSignature>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dsse_envelope: Option<WireEnvelope>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Verification {
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<PublicKeyHint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x509_certificate_chain: Option<Chain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Certificate>,
    tlog_entries: Option<Vec<Entry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<Timestamps>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKeyHint {
    hint: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chain {
    certificates: Option<Vec<Certificate>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Certificate {
    raw_bytes: Base64Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Timestamps {
    rfc3161_timestamps: Option<Vec<Timestamp>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Timestamp {
    signed_timestamp: Base64Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MessageSignature {
    #[serde(skip_serializing_if = "Option::is_none")]
    message_digest: Option<MessageDigest>,
    signature: Base64Bytes,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MessageDigest {
    algorithm: String,
    digest: Base64Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireEnvelope {
    payload: Base64Bytes,
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    sig: Base64Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
}

/// `TransparencyLogEntry` of `sigstore_rekor.proto`. PEP 740 has it too.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Entry {
    #[serde(default)]
    log_index: Int64,
    log_id: KeyId,
    kind_version: KindVersion,
    integrated_time: Option<Int64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inclusion_promise: Option<Promise>,
    inclusion_proof: Option<Proof>,
    canonicalized_body: Base64Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeyId {
    key_id: Base64Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindVersion {
    kind: String,
    version: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Promise {
    signed_entry_timestamp: Base64Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Proof {
    #[serde(default)]
    log_index: Int64,
    root_hash: Base64Bytes,
    tree_size: Int64,
    hashes: Option<Vec<Base64Bytes>>,
    checkpoint: Option<Checkpoint>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkpoint {
    envelope: String,
}

/// A 64-bit integer that is never negative in these documents: a string in JSON.
#[derive(Clone, Copy, Default)]
struct Int64(u64);

impl Serialize for Int64 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl serde::de::Visitor<'_> for Number {
            type Value = Int64;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a whole number from 0 to 2^63-1, as a string or a number")
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Int64, E> {
                match i64::try_from(number) {
                    Ok(_) => Ok(Int64(number)),
                    Err(_) => Err(E::invalid_value(serde::de::Unexpected::Unsigned(number), &self)),
                }
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Int64, E> {
                let plain = text.bytes().all(|byte| byte.is_ascii_digit())
                    && (text == "0" || !text.starts_with('0'));
                match text.parse() {
                    Ok(number) if plain => self.visit_u64(number),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::base64_encode;

    /// A bundle of cosign 3.1.3, signed with an Ed25519 key and without a log: the message digest is
    /// there and empty.
    #[test]
    fn an_empty_message_digest_says_nothing_and_half_of_one_is_refused() {
        let bundle = |digest: &str| {
            let signature = base64_encode([0; 64]);
            let text = format!(
                r#"{{"mediaType":"{MEDIA_TYPE_V0_3}","verificationMaterial":{{"publicKey":{{"hint":"aGludA=="}}}},"messageSignature":{{"messageDigest":{{{digest}}},"signature":"{signature}"}}}}"#
            );
            parse(text.as_bytes(), &Limits::default()).map(|material| material.content)
        };
        let signature = vec![0; 64];
        assert_eq!(bundle(""), Ok(SignedContent::Message { digest: None, signature }));
        let found = String::new();
        assert_eq!(bundle(r#""digest":"AA==""#), Err(Error::DigestAlgorithm { found }));
        let short = bundle(r#""algorithm":"SHA2_256""#);
        assert!(matches!(short, Err(Error::DigestLength { found: 0, .. })), "{short:?}");
    }
}
