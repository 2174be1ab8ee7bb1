use std::time::{Duration, Instant};

use chainsign_core::trust::{Service, ServiceKind};
use jiff::Timestamp;
use url::Url;

use super::Services;

/// What came of asking a service whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The kind of service.
    pub kind: ServiceKind,
    /// The service.
    pub service: Service,
    /// That it answered, or in words why not.
    pub outcome: Result<Answered, String>,
}

/// A service that answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// How long it took.
    pub took: Duration,
    /// Its clock, to the second, where it says; and ours at that moment.
    pub clocks: Option<(Timestamp, Timestamp)>,
}

impl Services {
    /// Asks every service at the same time whether it is there, the way in which it would be asked to
    /// sign: by the same proxies, without redirects, without credentials, each for at most `timeout`.
    /// What it answers to a plain GET says nothing and is not read. In the order certificate
    /// authority, OIDC issuer, logs, timestamp authorities.
    pub async fn reach(&self, timeout: Duration) -> Vec<Reached> {
        let selection = self.selection();
        let authority = selection.certificate_authority.iter();
        let authority = authority.map(|it| (ServiceKind::CertificateAuthority, it));
        let issuer = selection.oidc_issuer.iter().map(|it| (ServiceKind::OidcIssuer, it));
        let logs = selection.transparency_logs.iter();
        let logs = logs.map(|it| (ServiceKind::TransparencyLog, it));
        let timestamps = selection.timestamp_authorities.iter();
        let timestamps = timestamps.map(|it| (ServiceKind::TimestampAuthority, it));
        let asked: Vec<_> = authority
            .chain(issuer)
            .chain(logs)
            .chain(timestamps)
            .map(|(kind, service)| {
                let (services, url) = (self.clone(), service.url.clone());
                let task = tokio::spawn(async move { services.answers(&url, timeout).await });
                (kind, service.clone(), task)
            })
            .collect();
        let mut reached = Vec::new();
        for (kind, service, task) in asked {
            let outcome = task.await.unwrap_or_else(|error| Err(error.to_string()));
            reached.push(Reached { kind, service, outcome });
        }
        reached
    }

    async fn answers(&self, url: &str, timeout: Duration) -> Result<Answered, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let start = Instant::now();
        let headers = self.http().headers(url, timeout).await?;
        let took = start.elapsed();
        let date = headers.get("date").and_then(|date| date.to_str().ok());
        let theirs = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        Ok(Answered { took, clocks: theirs.map(|theirs| (theirs.timestamp(), self.now())) })
    }
}
