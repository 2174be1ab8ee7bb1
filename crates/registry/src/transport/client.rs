use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Identity};
use url::Url;

use super::address::is_loopback;
use super::named;
use crate::{Error, ServerCertificate, Tls};

/// The HTTP clients. They follow no redirect by themselves and keep no cookies.
pub(super) struct Clients {
    tls: Tls,
    /// For loopback addresses, whatever proxy the environment names.
    direct: OnceLock<Client>,
    outside: OnceLock<Client>,
}

impl Clients {
    /// Certificates that cannot be used are found out at once; the system's are read when they are
    /// needed.
    pub(super) fn new(tls: &Tls) -> Result<Self, Error> {
        drop(configured(tls)?);
        Ok(Clients { tls: tls.clone(), direct: OnceLock::new(), outside: OnceLock::new() })
    }

    pub(super) fn of(&self, url: &Url) -> Result<&Client, Error> {
        let loopback = is_loopback(url);
        let place = if loopback { &self.direct } else { &self.outside };
        if let Some(client) = place.get() {
            return Ok(client);
        }
        let mut builder = configured(&self.tls)?;
        if loopback {
            builder = builder.no_proxy();
        }
        let client =
            builder.build().map_err(|error| fault("the certificates to believe", error))?;
        Ok(place.get_or_init(|| client))
    }
}

fn configured(tls: &Tls) -> Result<ClientBuilder, Error> {
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(SILENCE)
        .user_agent(USER_AGENT);
    if !tls.authorities.is_empty() {
        let what = "the certificates of authorities";
        let certificates = Certificate::from_pem_bundle(&tls.authorities);
        let certificates = certificates.map_err(|error| fault(what, error))?;
        if certificates.is_empty() {
            return Err(fault(what, std::io::Error::other("found no certificate, wanted PEM")));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    if let Some(client) = &tls.client {
        let mut pem = zeroize::Zeroizing::new(client.key.to_vec());
        pem.push(b'\n');
        pem.extend_from_slice(&client.chain);
        let identity = Identity::from_pem(&pem);
        builder =
            builder.identity(identity.map_err(|error| fault("the client certificate", error))?);
    }
    Ok(match &tls.server {
        ServerCertificate::Valid => builder,
        ServerCertificate::ValidFor(name) => {
            builder.tls_backend_preconfigured(named::configuration(tls, name)?)
        }
        ServerCertificate::DangerousAny => builder.tls_danger_accept_invalid_certs(true),
    })
}

pub(super) fn fault(
    what: &'static str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::Certificate { what, source: Box::new(error) }
}

const USER_AGENT: &str = concat!("chainsign/", env!("CARGO_PKG_VERSION"));

/// Far registries need a second; a silent one is not worth more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two pieces of an answer. Registries that check what was pushed think for a while.
const SILENCE: Duration = Duration::from_secs(30);
