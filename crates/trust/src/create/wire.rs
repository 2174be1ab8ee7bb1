//! The documents as sigstore/protobuf-specs has them, in the spelling that every client accepts.

use chainsign_core::encoding::Base64Bytes;
use chainsign_core::key::PublicKey as Key;
use chainsign_core::trust::{Selector, ValidFor};
use jiff::Timestamp;
use serde::Serialize;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::name::Name;

use super::key;
use crate::Error;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrustedRoot {
    media_type: &'static str,
    tlogs: Vec<Log>,
    certificate_authorities: Vec<Authority>,
    ctlogs: Vec<Log>,
    timestamp_authorities: Vec<Authority>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log {
    base_url: String,
    hash_algorithm: &'static str,
    public_key: PublicKey,
    log_id: LogId,
    #[serde(skip_serializing_if = "String::is_empty")]
    operator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublicKey {
    raw_bytes: Base64Bytes,
    key_details: &'static str,
    valid_for: Range,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogId {
    key_id: Base64Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authority {
    subject: Subject,
    uri: String,
    cert_chain: Chain,
    valid_for: Range,
    #[serde(skip_serializing_if = "String::is_empty")]
    operator: String,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    organization: String,
    common_name: String,
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SigningConfig {
    media_type: &'static str,
    ca_urls: Vec<Service>,
    oidc_urls: Vec<Service>,
    rekor_tlog_urls: Vec<Service>,
    rekor_tlog_config: Selection,
    tsa_urls: Vec<Service>,
    tsa_config: Selection,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    url: String,
    major_api_version: u32,
    valid_for: Range,
    #[serde(skip_serializing_if = "String::is_empty")]
    operator: String,
}

#[derive(Serialize)]
struct Selection {
    selector: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

#[derive(Serialize)]
struct Range {
    start: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Timestamp>,
}

impl TrustedRoot {
    pub(super) fn new(
        tlogs: Vec<Log>,
        certificate_authorities: Vec<Authority>,
        ctlogs: Vec<Log>,
        timestamp_authorities: Vec<Authority>,
    ) -> Self {
        // sigstore-python and sigstore-go refuse the newer spelling.
        let media_type = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
        TrustedRoot { media_type, tlogs, certificate_authorities, ctlogs, timestamp_authorities }
    }
}

impl Log {
    pub(super) fn of(log: &super::Log) -> Result<Self, Error> {
        let super::Service { url, api_version, operator, .. } = &log.service;
        let wrong = |reason: String| Error::service(url, reason);
        let key = Key::from_pem(&log.public_key).map_err(|error| wrong(error.to_string()))?;
        let algorithm = key::algorithm(&key).ok_or_else(|| {
            wrong(
                "found a key of another kind, wanted ECDSA, Ed25519 or RSA of 2048 to 4096 bits"
                    .to_owned(),
            )
        })?;
        let address = reqwest::Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        // Only checkpoints of Rekor v2 name their log with its origin.
        let origin = match (*api_version, &log.origin) {
            (1, None) => None,
            (_, Some(origin)) => Some(origin.as_str()),
            (_, None) => address.host_str(),
        };
        Ok(Log {
            log_id: LogId { key_id: Base64Bytes(key::log_id(&key, algorithm, origin)) },
            base_url: url.clone(),
            hash_algorithm: "SHA2_256",
            public_key: PublicKey {
                raw_bytes: Base64Bytes(key.spki().to_vec()),
                key_details: algorithm.name(),
                valid_for: Range::of(log.service.valid_for(None)?),
            },
            operator: operator.clone(),
        })
    }
}

impl Authority {
    pub(super) fn of(authority: &super::Authority) -> Result<Self, Error> {
        let certificates = authority.certificates()?;
        let last = certificates.last().map(|root| &root.tbs_certificate.subject);
        let chain = authority.chain()?.into_iter();
        Ok(Authority {
            subject: last.map_or_else(Subject::default, Subject::of),
            uri: authority.service.url.clone(),
            cert_chain: Chain {
                certificates: chain
                    .map(|der| Certificate { raw_bytes: Base64Bytes(der) })
                    .collect(),
            },
            valid_for: Range::of(authority.valid_for()?),
            operator: authority.service.operator.clone(),
        })
    }
}

impl Subject {
    fn of(name: &Name) -> Self {
        let mut subject = Subject::default();
        for attribute in name.0.iter().flat_map(|names| names.0.iter()) {
            let text = attribute.value.decode_as::<Utf8StringRef<'_>>().map(|it| it.to_string());
            let text = text.or_else(|_| {
                attribute.value.decode_as::<PrintableStringRef<'_>>().map(|it| it.to_string())
            });
            match (attribute.oid, text) {
                (const_oid::db::rfc4519::O, Ok(text)) => subject.organization = text,
                (const_oid::db::rfc4519::CN, Ok(text)) => subject.common_name = text,
                _ => {}
            }
        }
        subject
    }
}

impl SigningConfig {
    pub(super) fn new(
        ca_urls: Vec<Service>,
        oidc_urls: Vec<Service>,
        rekor_tlog_urls: Vec<Service>,
        logs: Selector,
        tsa_urls: Vec<Service>,
        timestamps: Selector,
    ) -> Self {
        SigningConfig {
            media_type: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            ca_urls,
            oidc_urls,
            rekor_tlog_urls,
            rekor_tlog_config: Selection::of(logs),
            tsa_urls,
            tsa_config: Selection::of(timestamps),
        }
    }
}

impl Service {
    pub(super) fn of(service: &super::Service, valid_for: ValidFor) -> Result<Self, Error> {
        let wrong = |reason: String| Error::service(&service.url, reason);
        match reqwest::Url::parse(&service.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Service {
                url: service.url.clone(),
                major_api_version: service.api_version,
                valid_for: Range::of(valid_for),
                operator: service.operator.clone(),
            }),
            Ok(url) => {
                Err(wrong(format!("found the scheme {}, wanted http or https", url.scheme())))
            }
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

impl Selection {
    fn of(selector: Selector) -> Self {
        match selector {
            Selector::All => Selection { selector: "ALL", count: None },
            Selector::Any => Selection { selector: "ANY", count: None },
            Selector::Exact(count) => Selection { selector: "EXACT", count: Some(count) },
        }
    }
}

impl Range {
    fn of(range: ValidFor) -> Self {
        Range { start: range.start, end: range.end }
    }
}
