//! Token services of CI systems and clouds: what each is asked, and with what.
//!
//! What a job has to show is sent to that service only, and never without encryption, but to a
//! metadata server, which gives its answer to whoever reaches it from within the machine.

use std::path::Path;
use std::time::Duration;

use chainsign_core::trust::ServiceKind;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::SecretText;
use crate::error::{Endpoint, Error};
use crate::services::{Body, Header, Http, Request, is_encrypted};

/// How a GitHub Actions job asks for a token: the variables `ACTIONS_ID_TOKEN_REQUEST_URL` and
/// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`, which a job has that may write id-tokens.
#[derive(Clone, Debug)]
pub struct AmbientGithub {
    /// The URL; the audience is added to its query.
    pub request_url: String,
    /// The bearer token for that URL, and for nothing else.
    pub request_token: SecretText,
}

/// How a Buildkite job asks for a token: its agent's own interface (buildkite/agent `api/oidc.go`).
#[derive(Clone, Debug)]
pub struct AmbientBuildkite {
    /// The interface's address: `BUILDKITE_AGENT_ENDPOINT`.
    pub endpoint: String,
    /// The job: `BUILDKITE_JOB_ID`.
    pub job: String,
    /// The agent's token, for that address and nothing else: `BUILDKITE_AGENT_ACCESS_TOKEN`.
    pub access_token: SecretText,
}

/// How a machine, pod or job at Google asks for a token of its service account (Google Cloud
/// documentation, "Verify the identity of a VM").
#[derive(Clone, Debug)]
pub struct AmbientGoogle {
    /// The metadata server's host, with a port where it is not 80.
    pub host: String,
}

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

impl AmbientGithub {
    pub(super) fn of(variable: Variable<'_>) -> Result<Option<Self>, Error> {
        let incomplete = |missing| Error::AmbientIncomplete { environment: GITHUB, missing };
        match (variable(GITHUB_URL), variable(GITHUB_TOKEN)) {
            (Some(request_url), Some(token)) => {
                Ok(Some(AmbientGithub { request_url, request_token: SecretText::new(token) }))
            }
            (Some(_), None) => Err(incomplete(GITHUB_TOKEN)),
            (None, _) if variable("GITHUB_ACTIONS").as_deref() == Some("true") => {
                Err(incomplete(GITHUB_URL))
            }
            (None, _) => Ok(None),
        }
    }

    /// GitHub documentation, "OpenID Connect reference", "Methods for requesting the OIDC token".
    pub(super) async fn token(
        &self,
        http: &Http,
        timeout: Duration,
        audience: &str,
    ) -> Result<SecretText, Error> {
        let endpoint = endpoint(&self.request_url);
        let mut url = encrypted(&endpoint)?;
        url.query_pairs_mut().append_pair("audience", audience);
        let header = Some(Header::Bearer(&self.request_token));
        let body = Body::None;
        let request = Request { header, ..request(&endpoint, url, timeout, body) };
        let answer = http.send(request).await?;
        #[derive(Deserialize)]
        struct Answer {
            value: String,
        }
        let answer: Answer = answer.secret_json(&endpoint)?;
        Ok(SecretText::new(answer.value))
    }
}

impl AmbientBuildkite {
    pub(super) fn of(variable: Variable<'_>) -> Result<Option<Self>, Error> {
        let Some(token) = variable(BUILDKITE_TOKEN) else { return Ok(None) };
        let job = variable(BUILDKITE_JOB).ok_or(Error::AmbientIncomplete {
            environment: "this Buildkite job",
            missing: BUILDKITE_JOB,
        })?;
        let endpoint = variable("BUILDKITE_AGENT_ENDPOINT");
        let endpoint = endpoint.unwrap_or_else(|| "https://agent.buildkite.com/v3".to_owned());
        Ok(Some(AmbientBuildkite { endpoint, job, access_token: SecretText::new(token) }))
    }

    pub(super) async fn token(
        &self,
        http: &Http,
        timeout: Duration,
        audience: &str,
    ) -> Result<SecretText, Error> {
        let endpoint = endpoint(&self.endpoint);
        let mut url = encrypted(&endpoint)?;
        let no_base = || Error::Address {
            endpoint: endpoint.clone(),
            reason: "wanted an https URL with a host".to_owned(),
        };
        url.path_segments_mut()
            .map_err(|()| no_base())?
            .pop_if_empty()
            .extend(["jobs", &self.job, "oidc", "tokens"]);
        let bytes = json!({ "audience": audience }).to_string();
        let body = Body::Bytes { content_type: "application/json", bytes: bytes.as_bytes() };
        let header = Some(Header::Token(&self.access_token));
        let request = Request { header, ..request(&endpoint, url, timeout, body) };
        let answer = http.send(request).await?;
        #[derive(Deserialize)]
        struct Answer {
            token: String,
        }
        let answer: Answer = answer.secret_json(&endpoint)?;
        Ok(SecretText::new(answer.token))
    }
}

impl AmbientGoogle {
    /// Where Google's own libraries look: the variable `GCE_METADATA_HOST`, else the machine's product
    /// name. Whether there is a service account, its answer says.
    pub(super) fn of(
        variable: Variable<'_>,
        line: &dyn Fn(&Path) -> Option<String>,
    ) -> Option<Self> {
        if let Some(host) = variable("GCE_METADATA_HOST") {
            return Some(AmbientGoogle { host });
        }
        let product = line(Path::new("/sys/class/dmi/id/product_name"))?;
        matches!(product.trim(), "Google" | "Google Compute Engine")
            .then(|| AmbientGoogle { host: "metadata.google.internal".to_owned() })
    }

    pub(super) async fn token(
        &self,
        http: &Http,
        timeout: Duration,
        audience: &str,
    ) -> Result<SecretText, Error> {
        let endpoint = endpoint(&format!(
            "http://{}/computeMetadata/v1/instance/service-accounts/default/identity",
            self.host
        ));
        let mut url = parsed(&endpoint)?;
        url.query_pairs_mut().append_pair("audience", audience).append_pair("format", "full");
        let header = Some(Header::MetadataFlavor);
        let body = Body::None;
        let request = Request { header, accept: "*/*", ..request(&endpoint, url, timeout, body) };
        let answer = http.send(request).await?;
        let text = String::from_utf8(answer.body).map_err(|_| Error::MalformedAnswer {
            endpoint,
            reason: "found bytes that are no text, wanted a token".to_owned(),
        })?;
        Ok(SecretText::new(text))
    }
}

fn request<'a>(endpoint: &'a Endpoint, url: Url, timeout: Duration, body: Body<'a>) -> Request<'a> {
    Request {
        endpoint,
        url,
        timeout,
        limit: ANSWER_BYTES,
        body,
        accept: "application/json",
        header: None,
        secret: None,
        also: &[],
    }
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint { kind: ServiceKind::OidcIssuer, url: url.to_owned() }
}

fn parsed(endpoint: &Endpoint) -> Result<Url, Error> {
    Url::parse(&endpoint.url)
        .map_err(|error| Error::Address { endpoint: endpoint.clone(), reason: error.to_string() })
}

fn encrypted(endpoint: &Endpoint) -> Result<Url, Error> {
    let url = parsed(endpoint)?;
    if is_encrypted(&url) {
        return Ok(url);
    }
    let reason = "the request's bearer token needs https".to_owned();
    Err(Error::Address { endpoint: endpoint.clone(), reason })
}

const GITHUB: &str = "this GitHub Actions job";
const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
const BUILDKITE_TOKEN: &str = "BUILDKITE_AGENT_ACCESS_TOKEN";
const BUILDKITE_JOB: &str = "BUILDKITE_JOB_ID";

/// A token in a few bytes of JSON.
const ANSWER_BYTES: usize = 128 << 10;
