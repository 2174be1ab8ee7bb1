use std::time::{Duration, Instant};

use chainsign_core::trust::{Service, ServiceKind};
use jiff::Timestamp;
use url::Url;

use super::{Remote, Services};

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
        let remote = |it: &Remote| (it.endpoint.kind, it.service.clone(), it.url.to_string());
        let issuer = |it: &Service| (ServiceKind::OidcIssuer, it.clone(), it.url.clone());
        let asked: Vec<_> = (self.authority().ok().into_iter().map(remote))
            .chain(self.selection().oidc_issuer.iter().map(issuer))
            .chain(self.logs().iter().map(remote))
            .chain(self.timestamp_authorities().iter().map(remote))
            .map(|(kind, service, url)| {
                let services = self.clone();
                let task = tokio::spawn(async move { services.answers(&url, timeout).await });
                (kind, service, task)
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
