use jiff::Timestamp;
use serde::Deserialize;

use super::root::{ValidFor, WireRange};
use crate::error::at_most;
use crate::{Error, Limits, json};

/// Which services sign: `SigningConfig` version 0.2.
#[derive(Clone, Debug)]
pub struct SigningConfig {
    /// Certificate authorities (Fulcio).
    pub certificate_authorities: Vec<Service>,
    /// OIDC issuers.
    pub oidc_issuers: Vec<Service>,
    /// Transparency logs.
    pub transparency_logs: Vec<Service>,
    /// How many of the logs get an entry.
    pub transparency_log_selector: Selector,
    /// Timestamp authorities.
    pub timestamp_authorities: Vec<Service>,
    /// How many of the authorities sign a timestamp.
    pub timestamp_authority_selector: Selector,
    json: String,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Where it is. For a timestamp authority the complete path.
    pub url: String,
    /// The version of its interface.
    pub major_api_version: u32,
    /// When to use it.
    pub valid_for: ValidFor,
    /// Who runs it.
    pub operator: String,
}

/// How many services of a kind are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selector {
    /// Every operator's.
    All,
    /// One.
    #[default]
    Any,
    /// This many, of different operators.
    Exact(u32),
}

/// The kinds of services, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// Fulcio
    CertificateAuthority,
    /// OIDC issuer
    OidcIssuer,
    /// Rekor
    TransparencyLog,
    /// RFC 3161
    TimestampAuthority,
}

impl std::fmt::Display for ServiceKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CertificateAuthority => "certificate authority",
            Self::OidcIssuer => "identity provider",
            Self::TransparencyLog => "transparency log",
            Self::TimestampAuthority => "timestamp authority",
        })
    }
}

/// The services chosen for one signing. The default is none, which is enough for a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSelection {
    /// The certificate authority, where the config names one. A kept key needs none.
    pub certificate_authority: Option<Service>,
    /// The OIDC issuer, where the config names one.
    pub oidc_issuer: Option<Service>,
    /// The logs.
    pub transparency_logs: Vec<Service>,
    /// The timestamp authorities.
    pub timestamp_authorities: Vec<Service>,
}

impl SigningConfig {
    /// Parses a signing config of version 0.2.
    ///
    /// # Errors
    /// [`Error::MediaType`], [`Error::Json`], [`Error::DuplicateKey`], [`Error::LimitReached`];
    /// [`Error::Invalid`] for a service without a start of validity or a selector without count.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let wire: Wire = json::parse(DOCUMENT, bytes, limits)?;
        if wire.media_type != MEDIA_TYPE {
            let (found, wanted) = (wire.media_type, MEDIA_TYPE);
            return Err(Error::MediaType { document: DOCUMENT, found, wanted });
        }
        let services = |services: Vec<WireService>| {
            at_most(
                "services of one kind in a signing config",
                limits.trust_entries,
                services.len(),
            )?;
            services.into_iter().map(WireService::service).collect::<Result<Vec<_>, _>>()
        };
        Ok(SigningConfig {
            certificate_authorities: services(wire.ca_urls)?,
            oidc_issuers: services(wire.oidc_urls)?,
            transparency_logs: services(wire.rekor_tlog_urls)?,
            transparency_log_selector: wire.rekor_tlog_config.unwrap_or_default().selector()?,
            timestamp_authorities: services(wire.tsa_urls)?,
            timestamp_authority_selector: wire.tsa_config.unwrap_or_default().selector()?,
            json: String::from_utf8_lossy(bytes).into_owned(),
        })
    }

    /// The document as it was read.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Chooses the services for signing now, as sigstore/protobuf-specs describes: valid at
    /// `now`, of a supported version, the newest version and start first, one of each operator,
    /// as many as the selector says.
    ///
    /// # Errors
    /// [`Error::Invalid`] when of the services of one kind fewer are usable than the selector
    /// demands. A config that lists none of a kind asks for none.
    pub fn select(
        &self,
        supported_log_versions: &[u32],
        now: Timestamp,
    ) -> Result<ServiceSelection, Error> {
        let one = Selector::Any;
        let ca = choose(
            ServiceKind::CertificateAuthority,
            &self.certificate_authorities,
            one,
            &[1],
            now,
        )?;
        let oidc = choose(ServiceKind::OidcIssuer, &self.oidc_issuers, one, &[1], now)?;
        Ok(ServiceSelection {
            certificate_authority: ca.into_iter().next(),
            oidc_issuer: oidc.into_iter().next(),
            transparency_logs: choose(
                ServiceKind::TransparencyLog,
                &self.transparency_logs,
                self.transparency_log_selector,
                supported_log_versions,
                now,
            )?,
            timestamp_authorities: choose(
                ServiceKind::TimestampAuthority,
                &self.timestamp_authorities,
                self.timestamp_authority_selector,
                &[1],
                now,
            )?,
        })
    }
}

fn choose(
    kind: ServiceKind,
    services: &[Service],
    selector: Selector,
    versions: &[u32],
    now: Timestamp,
) -> Result<Vec<Service>, Error> {
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let usable = |service: &&Service| {
        versions.contains(&service.major_api_version) && service.valid_for.contains(now)
    };
    let mut usable: Vec<&Service> = services.iter().filter(usable).collect();
    usable.sort_by(|a, b| {
        (b.major_api_version, b.valid_for.start).cmp(&(a.major_api_version, a.valid_for.start))
    });
    let mut chosen: Vec<Service> = Vec::new();
    for service in usable {
        if chosen.iter().all(|other| other.operator != service.operator) {
            chosen.push(service.clone());
        }
    }
    let wanted = match selector {
        Selector::All => chosen.len().max(1),
        Selector::Any => 1,
        Selector::Exact(count) => usize::try_from(count).unwrap_or(usize::MAX),
    };
    if chosen.len() < wanted {
        let reason = format!(
            "found {} usable {kind:?} of different operators, wanted {wanted} (supported versions: {versions:?})",
            chosen.len()
        );
        return Err(Error::Invalid { document: DOCUMENT, reason });
    }
    chosen.truncate(wanted);
    Ok(chosen)
}

impl WireService {
    fn service(self) -> Result<Service, Error> {
        let valid_for = self.valid_for.ok_or_else(|| "it has no validFor".to_owned());
        let valid_for = valid_for.and_then(WireRange::range).map_err(|reason| Error::Invalid {
            document: DOCUMENT,
            reason: format!("the service {:?}: {reason}", self.url),
        })?;
        Ok(Service {
            url: self.url,
            major_api_version: self.major_api_version,
            valid_for,
            operator: self.operator.unwrap_or_default(),
        })
    }
}

impl WireSelector {
    fn selector(self) -> Result<Selector, Error> {
        match (self.selector.as_deref(), self.count) {
            (Some("ALL"), _) => Ok(Selector::All),
            (Some("ANY") | None, _) => Ok(Selector::Any),
            (Some("EXACT"), Some(count)) if count > 0 => Ok(Selector::Exact(count)),
            (found, count) => Err(Error::Invalid {
                document: DOCUMENT,
                reason: format!(
                    "found the selector {found:?} with the count {count:?}, wanted ALL, ANY, or EXACT with a count"
                ),
            }),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    media_type: String,
    #[serde(default)]
    ca_urls: Vec<WireService>,
    #[serde(default)]
    oidc_urls: Vec<WireService>,
    #[serde(default)]
    rekor_tlog_urls: Vec<WireService>,
    rekor_tlog_config: Option<WireSelector>,
    #[serde(default)]
    tsa_urls: Vec<WireService>,
    tsa_config: Option<WireSelector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireService {
    url: String,
    major_api_version: u32,
    valid_for: Option<WireRange>,
    operator: Option<String>,
}

#[derive(Default, Deserialize)]
struct WireSelector {
    selector: Option<String>,
    count: Option<u32>,
}

const DOCUMENT: &str = "signing config";
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

#[cfg(test)]
mod tests {
    use super::*;

    fn service(url: &str, version: u32, start: &str, operator: &str) -> String {
        format!(
            r#"{{"url":"{url}","majorApiVersion":{version},"validFor":{{"start":"{start}"}},"operator":"{operator}"}}"#
        )
    }

    fn config(logs: &[String], selector: &str) -> SigningConfig {
        let ca = service("http://ca", 1, "2020-01-01T00:00:00Z", "o");
        let logs = logs.join(",");
        let text = format!(
            r#"{{"mediaType":"{MEDIA_TYPE}","caUrls":[{ca}],"rekorTlogUrls":[{logs}],"rekorTlogConfig":{selector}}}"#
        );
        SigningConfig::parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    fn chosen(config: &SigningConfig, versions: &[u32]) -> Result<Vec<String>, Error> {
        let selection = config.select(versions, "2024-06-01T00:00:00Z".parse().unwrap())?;
        Ok(selection.transparency_logs.into_iter().map(|service| service.url).collect())
    }

    #[test]
    fn the_newest_usable_service_of_each_operator_is_chosen() {
        let logs = [
            service("http://a1", 1, "2021-01-01T00:00:00Z", "a"),
            service("http://a2", 2, "2023-01-01T00:00:00Z", "a"),
            service("http://a3", 2, "2030-01-01T00:00:00Z", "a"),
            service("http://b1", 1, "2022-01-01T00:00:00Z", "b"),
        ];
        let any = config(&logs, r#"{"selector":"ANY"}"#);
        assert_eq!(chosen(&any, &[1, 2]).unwrap(), ["http://a2"]);
        assert_eq!(chosen(&any, &[1]).unwrap(), ["http://b1"]);
        let all = config(&logs, r#"{"selector":"ALL"}"#);
        assert_eq!(chosen(&all, &[1, 2]).unwrap(), ["http://a2", "http://b1"]);
        let three = config(&logs, r#"{"selector":"EXACT","count":3}"#);
        let error = chosen(&three, &[1, 2]).unwrap_err();
        assert!(
            matches!(&error, Error::Invalid { reason, .. } if reason.starts_with("found 2 usable")),
            "{error}"
        );
    }

    #[test]
    fn a_config_without_logs_asks_for_none() {
        assert_eq!(chosen(&config(&[], r#"{"selector":"ANY"}"#), &[1]).unwrap(), [""; 0]);
    }
}
