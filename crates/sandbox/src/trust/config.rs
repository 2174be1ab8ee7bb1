use chainsign_core::encoding::Base64Bytes;
use chainsign_core::key::KeyAlgorithm;
use chainsign_core::trust::ClientTrustConfig;
use jiff::Timestamp;
use serde::Serialize;

use super::Lifetime;
use crate::x509::ORGANIZATION;
use crate::{Error, OfferedLogs};

/// What the config says of one sandbox.
pub(crate) struct Deployment<'a> {
    pub(crate) url: &'a str,
    pub(crate) lifetime: Lifetime,
    pub(crate) offered_logs: OfferedLogs,
    /// Intermediate, root.
    pub(crate) fulcio: [&'a [u8]; 2],
    /// Signer, root.
    pub(crate) tsa: [&'a [u8]; 2],
    pub(crate) ct: LogKey<'a>,
    pub(crate) rekor_v1: LogKey<'a>,
    pub(crate) rekor_v2: LogKey<'a>,
}

/// A log's key and id.
pub(crate) struct LogKey<'a> {
    pub(crate) spki: &'a [u8],
    pub(crate) algorithm: KeyAlgorithm,
    pub(crate) id: [u8; 32],
}

/// The trust config, in its parts and whole.
#[derive(Debug)]
pub(crate) struct TrustConfig {
    pub(crate) trusted_root: String,
    pub(crate) signing_config: String,
    /// Both in one: `ClientTrustConfig`.
    pub(crate) whole: Vec<u8>,
}

impl TrustConfig {
    pub(crate) fn new(deployment: &Deployment<'_>) -> Result<Self, Error> {
        let json = Error::encoding("the trust config");
        let root = serde_json::to_string(&trusted_root(deployment)).map_err(json)?;
        let config = serde_json::to_string(&signing_config(deployment)).map_err(json)?;
        let whole = ClientTrustConfig::write(&root, &config)?;
        Ok(TrustConfig { trusted_root: root, signing_config: config, whole })
    }
}

fn trusted_root(deployment: &Deployment<'_>) -> TrustedRoot {
    let Deployment { url, lifetime, .. } = deployment;
    let valid_for = ValidFor { start: lifetime.older_services_from() };
    let log = |base_url: String, key: &LogKey<'_>| Log {
        base_url,
        hash_algorithm: "SHA2_256",
        public_key: PublicKey {
            raw_bytes: Base64Bytes(key.spki.to_vec()),
            key_details: key.algorithm.name(),
            valid_for,
        },
        // All 32 bytes, and no checkpointKeyId: sigstore-js and sigstore-rust take nothing else.
        log_id: LogId { key_id: Base64Bytes(key.id.to_vec()) },
        operator: OPERATOR,
    };
    let authority = |uri: String, common_name, chain: [&[u8]; 2]| Authority {
        subject: Subject { organization: ORGANIZATION, common_name },
        uri,
        cert_chain: Chain {
            certificates: chain
                .map(|der| Certificate { raw_bytes: Base64Bytes(der.to_vec()) })
                .into(),
        },
        valid_for,
        operator: OPERATOR,
    };
    TrustedRoot {
        // sigstore-python and sigstore-go refuse the newer spelling.
        media_type: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        tlogs: vec![
            log((*url).to_owned(), &deployment.rekor_v1),
            log((*url).to_owned(), &deployment.rekor_v2),
        ],
        certificate_authorities: vec![authority(
            (*url).to_owned(),
            "chainsign sandbox root: certificates mean nothing",
            deployment.fulcio,
        )],
        ctlogs: vec![log(format!("{url}/ct"), &deployment.ct)],
        timestamp_authorities: vec![authority(
            format!("{url}/api/v1/timestamp"),
            "chainsign sandbox TSA root: timestamps mean nothing",
            deployment.tsa,
        )],
    }
}

fn signing_config(deployment: &Deployment<'_>) -> SigningConfig {
    let Deployment { url, lifetime, .. } = deployment;
    let service = |url: String, major_api_version, start| Service {
        url,
        major_api_version,
        valid_for: ValidFor { start },
        operator: OPERATOR,
    };
    let start = lifetime.services_from();
    // v1 starts later than v2: sigstore-js takes the latest, and can log attestations in v1 only.
    let v1 = service((*url).to_owned(), 1, start);
    let v2 = service((*url).to_owned(), 2, lifetime.older_services_from());
    SigningConfig {
        media_type: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        ca_urls: vec![service((*url).to_owned(), 1, start)],
        oidc_urls: vec![service((*url).to_owned(), 1, start)],
        rekor_tlog_urls: match deployment.offered_logs {
            OfferedLogs::V1 => vec![v1],
            OfferedLogs::V2 => vec![v2],
            OfferedLogs::Both => vec![v2, v1],
        },
        tsa_urls: vec![service(format!("{url}/api/v1/timestamp"), 1, start)],
        rekor_tlog_config: Selection { selector: "ANY" },
        tsa_config: Selection { selector: "ANY" },
    }
}

// The wire form. Clients refuse any field that the message does not have.

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TrustedRoot {
    media_type: &'static str,
    tlogs: Vec<Log>,
    certificate_authorities: Vec<Authority>,
    ctlogs: Vec<Log>,
    timestamp_authorities: Vec<Authority>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    base_url: String,
    hash_algorithm: &'static str,
    public_key: PublicKey,
    log_id: LogId,
    operator: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublicKey {
    raw_bytes: Base64Bytes,
    key_details: &'static str,
    valid_for: ValidFor,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogId {
    key_id: Base64Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Authority {
    subject: Subject,
    uri: String,
    cert_chain: Chain,
    valid_for: ValidFor,
    operator: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    organization: &'static str,
    common_name: &'static str,
}

#[derive(Serialize)]
struct Chain {
    certificates: Vec<Certificate>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    raw_bytes: Base64Bytes,
}

#[derive(Clone, Copy, Serialize)]
struct ValidFor {
    start: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SigningConfig {
    media_type: &'static str,
    ca_urls: Vec<Service>,
    oidc_urls: Vec<Service>,
    rekor_tlog_urls: Vec<Service>,
    tsa_urls: Vec<Service>,
    rekor_tlog_config: Selection,
    tsa_config: Selection,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    url: String,
    major_api_version: u32,
    valid_for: ValidFor,
    operator: &'static str,
}

#[derive(Serialize)]
struct Selection {
    selector: &'static str,
}

const OPERATOR: &str = "chainsign sandbox: what it signs means nothing";
