//! Requests: RFC 3161 section 2.4.1 as DER, and sigstore/timestamp-authority's own JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use der::Decode as _;
use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::oid::db::rfc5912::{ID_SHA_256, ID_SHA_384, ID_SHA_512};
use serde::Deserialize;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{MessageImprint, TimeStampReq};

use super::routes::Refusal;

/// What is asked for.
#[derive(Debug)]
pub(super) struct TimestampRequest {
    pub(super) imprint: Imprint,
    /// Answered with the same bytes.
    pub(super) nonce: Option<Int>,
    pub(super) certificate: CertificateWish,
}

/// The hash of the message, in the client's own encoding.
#[derive(Debug)]
pub(super) struct Imprint(pub(super) MessageImprint);

/// Whether the answer carries the signer's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CertificateWish {
    Included,
    LeftOut,
}

impl TimestampRequest {
    /// From `application/timestamp-query`.
    pub(super) fn from_der(bytes: &[u8]) -> Result<Self, Refusal> {
        let request = TimeStampReq::from_der(bytes)
            .map_err(|error| Refusal::Bad(format!("Error parsing timestamp request: {error}")))?;
        let hash = hash_of(request.message_imprint.hash_algorithm.oid)?;
        check_length(hash, request.message_imprint.hashed_message.as_bytes())?;
        check_policy(request.req_policy)?;
        if let Some(extension) = request.extensions.iter().flatten().next() {
            return Err(Refusal::Bad(format!("unaccepted extension: {}", extension.extn_id)));
        }
        Ok(TimestampRequest {
            imprint: Imprint(request.message_imprint),
            nonce: request.nonce,
            certificate: CertificateWish::new(request.cert_req),
        })
    }

    /// From `application/json`.
    pub(super) fn from_json(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_JSON {
            return Err(Refusal::Bad(format!("found a request of more than {MAX_JSON} bytes")));
        }
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|error| Refusal::Bad(format!("Error parsing timestamp request: {error}")))?;
        let hash = DigestAlgorithm::from_name(&wire.hash_algorithm.to_lowercase())
            .ok_or(Refusal::WeakHash)?;
        let digest = STANDARD
            .decode(&wire.artifact_hash)
            .map_err(|_| Refusal::Bad("the artifactHash is not base64".to_owned()))?;
        check_length(hash, &digest)?;
        let policy = wire.tsa_policy_oid.filter(|text| !text.is_empty());
        let policy = policy.map(|text| ObjectIdentifier::new(&text)).transpose();
        check_policy(policy.map_err(|_| Refusal::Policy)?)?;
        let bad = |error: der::Error| Refusal::Bad(error.to_string());
        Ok(TimestampRequest {
            imprint: Imprint::new(hash, digest).map_err(bad)?,
            nonce: wire.nonce.map(integer).transpose().map_err(bad)?,
            certificate: CertificateWish::new(wire.certificates),
        })
    }
}

impl Imprint {
    fn new(hash: DigestAlgorithm, digest: Vec<u8>) -> der::Result<Self> {
        let oid = match hash {
            DigestAlgorithm::Sha384 => ID_SHA_384,
            DigestAlgorithm::Sha512 => ID_SHA_512,
            _ => ID_SHA_256,
        };
        Ok(Imprint(MessageImprint {
            hash_algorithm: AlgorithmIdentifierOwned { oid, parameters: None },
            hashed_message: OctetString::new(digest)?,
        }))
    }

    /// Another hash in the same place.
    pub(super) fn of_another_message(&self) -> der::Result<Self> {
        let Imprint(imprint) = self;
        let other: Vec<u8> = imprint.hashed_message.as_bytes().iter().map(|byte| !byte).collect();
        let hashed_message = OctetString::new(other)?;
        Ok(Imprint(MessageImprint { hashed_message, ..imprint.clone() }))
    }
}

impl CertificateWish {
    fn new(wanted: bool) -> Self {
        if wanted { CertificateWish::Included } else { CertificateWish::LeftOut }
    }
}

fn hash_of(oid: ObjectIdentifier) -> Result<DigestAlgorithm, Refusal> {
    match oid {
        ID_SHA_256 => Ok(DigestAlgorithm::Sha256),
        ID_SHA_384 => Ok(DigestAlgorithm::Sha384),
        ID_SHA_512 => Ok(DigestAlgorithm::Sha512),
        _ => Err(Refusal::WeakHash),
    }
}

fn check_length(hash: DigestAlgorithm, digest: &[u8]) -> Result<(), Refusal> {
    ArtifactDigest::new(hash, digest).map(|_| ()).map_err(|_| Refusal::DigestLength)
}

fn check_policy(policy: Option<ObjectIdentifier>) -> Result<(), Refusal> {
    match policy {
        Some(policy) if policy != POLICY => Err(Refusal::Policy),
        _ => Ok(()),
    }
}

/// A non-negative INTEGER of the fewest bytes.
fn integer(number: u64) -> der::Result<Int> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(7);
    let mut bytes = bytes[zeros..].to_vec();
    if bytes[0] > 0x7f {
        bytes.insert(0, 0);
    }
    Int::new(&bytes)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    artifact_hash: String,
    hash_algorithm: String,
    #[serde(default)]
    certificates: bool,
    nonce: Option<u64>,
    #[serde(rename = "tsaPolicyOID")]
    tsa_policy_oid: Option<String>,
}

/// timestamp-authority's own policy, and the only one it accepts unless told otherwise.
pub(super) const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");

/// timestamp-authority `pkg/api/timestamp.go`.
const MAX_JSON: usize = 1024;
