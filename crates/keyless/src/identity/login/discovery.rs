use std::time::Duration;

use chainsign_core::trust::ServiceKind;
use serde::Deserialize;
use url::Url;

use crate::error::{Endpoint, Error};
use crate::services::{Body, Http, Request, is_encrypted};

/// What an issuer says about itself (OpenID Connect Discovery section 3), as far as logging in
/// needs it.
#[derive(Debug, Deserialize)]
pub(super) struct Description {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    /// RFC 8628 section 4.
    device_authorization_endpoint: Option<String>,
    /// RFC 8414 section 2: without it there is no PKCE.
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default = "basic")]
    token_endpoint_auth_methods_supported: Vec<String>,
}

impl Description {
    /// Asks the issuer. Redirects are not followed.
    ///
    /// On success it is about this very issuer.
    pub(super) async fn ask(
        endpoint: &Endpoint,
        http: &Http,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let base = endpoint.url.trim_end_matches('/');
        let url = address(endpoint, &format!("{base}/.well-known/openid-configuration"))?;
        let request = Request {
            endpoint,
            url,
            timeout,
            limit: ANSWER_BYTES,
            body: Body::None,
            header: None,
            secret: None,
            accept: "application/json",
            also: &[],
        };
        let found: Description = http.send(request).await?.json(endpoint)?;
        // Section 4.3: the very text, or somebody else's endpoints would be used in its name.
        if found.issuer != endpoint.url {
            return Err(Error::OtherIssuer { endpoint: endpoint.clone(), found: found.issuer });
        }
        Ok(found)
    }

    /// Where people log in; only with PKCE.
    pub(super) fn authorization(&self, endpoint: &Endpoint) -> Result<Url, Error> {
        if !self.code_challenge_methods_supported.iter().any(|method| method == "S256") {
            let wanted = "PKCE (S256 in code_challenge_methods_supported)";
            return Err(Error::IssuerLacks { endpoint: endpoint.clone(), wanted });
        }
        named(endpoint, self.authorization_endpoint.as_deref(), "authorization_endpoint")
    }

    pub(super) fn token(&self, endpoint: &Endpoint) -> Result<Url, Error> {
        named(endpoint, self.token_endpoint.as_deref(), "token_endpoint")
    }

    pub(super) fn device(&self, endpoint: &Endpoint) -> Result<Url, Error> {
        let found = self.device_authorization_endpoint.as_deref();
        named(endpoint, found, "device_authorization_endpoint")
    }

    /// Whether the client's secret goes into a header, as every issuer of clients with secrets must
    /// allow (RFC 6749 section 2.3.1), or into the body, where that is all that it takes.
    pub(super) fn takes_basic(&self) -> bool {
        self.token_endpoint_auth_methods_supported.iter().any(|method| method == BASIC)
    }
}

/// An address that may be asked, or be shown to a person: encrypted, or of this machine.
pub(super) fn address(endpoint: &Endpoint, text: &str) -> Result<Url, Error> {
    let unusable = |reason: String| Error::Address { endpoint: endpoint.clone(), reason };
    let url = Url::parse(text).map_err(|error| unusable(format!("{text:?}: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !is_encrypted(&url) {
        return Err(unusable(format!("found {text:?}, wanted https")));
    }
    Ok(url)
}

fn named(endpoint: &Endpoint, found: Option<&str>, wanted: &'static str) -> Result<Url, Error> {
    let lacks = || Error::IssuerLacks { endpoint: endpoint.clone(), wanted };
    address(endpoint, found.ok_or_else(lacks)?)
}

pub(super) fn endpoint(issuer: &str) -> Endpoint {
    Endpoint { kind: ServiceKind::OidcIssuer, url: issuer.to_owned() }
}

/// What it means not to say (RFC 8414 section 2).
fn basic() -> Vec<String> {
    vec![BASIC.to_owned()]
}

const BASIC: &str = "client_secret_basic";

/// Large issuers describe themselves in some 5 KiB.
const ANSWER_BYTES: usize = 256 << 10;
