use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::{IdentityToken, SecretText, TokenClaims};
use crate::Clock;
use crate::error::{Endpoint, Error};
use crate::services::{Body, Http, Options, Request, Services, is_encrypted};

/// Where identity tokens come from.
///
/// A source may be asked again: long batches need a second certificate, and so a second token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TokenSource {
    /// A token that the user gave, as text.
    Given(SecretText),
    /// The token service of a GitHub Actions job.
    Github(AmbientGithub),
}

/// How a GitHub Actions job asks for a token: the variables `ACTIONS_ID_TOKEN_REQUEST_URL` and
/// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`, which a job has that may write id-tokens.
#[derive(Clone, Debug)]
pub struct AmbientGithub {
    /// The URL; the audience is added to its query.
    pub request_url: String,
    /// The bearer token for that URL, and for nothing else.
    pub request_token: SecretText,
}

impl TokenSource {
    /// Finds the source that the environment offers: `SIGSTORE_ID_TOKEN` where it is set, since
    /// somebody set it for this, else GitHub Actions. Empty variables count as unset. The caller
    /// gives the environment; no network is used.
    ///
    /// # Errors
    /// [`Error::NoIdentityToken`], at once: nothing is asked, and no browser opened.
    /// [`Error::AmbientIncomplete`] in a GitHub Actions job that may not ask for a token.
    pub fn detect(environment: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
        if let Some(token) = variable(GIVEN) {
            return Ok(TokenSource::Given(SecretText::new(token)));
        }
        match (variable(GITHUB_URL), variable(GITHUB_TOKEN)) {
            (Some(request_url), Some(token)) => {
                let request_token = SecretText::new(token);
                Ok(TokenSource::Github(AmbientGithub { request_url, request_token }))
            }
            (Some(_), None) => {
                Err(Error::AmbientIncomplete { environment: GITHUB, missing: GITHUB_TOKEN })
            }
            (None, _) if variable("GITHUB_ACTIONS").as_deref() == Some("true") => {
                Err(Error::AmbientIncomplete { environment: GITHUB, missing: GITHUB_URL })
            }
            (None, _) => Err(Error::NoIdentityToken { looked_for: LOOKED_FOR }),
        }
    }

    /// Reads and checks the token that the user gave, without asking anybody. `None` where a token
    /// service would have to be asked.
    pub fn given(&self, now: Timestamp) -> Option<Result<IdentityToken, Error>> {
        match self {
            TokenSource::Given(text) => Some(IdentityToken::parse(text.expose(), now)),
            TokenSource::Github(_) => None,
        }
    }

    /// Gets a token, and checks it by the clock of the services.
    ///
    /// # Errors
    /// As [`IdentityToken::parse`]; when a service must be asked also [`Error::Address`],
    /// [`Error::Unreachable`], [`Error::Status`], [`Error::AnswerTooLarge`],
    /// [`Error::MalformedAnswer`].
    pub async fn token(&self, services: &Services) -> Result<IdentityToken, Error> {
        let text = match self {
            TokenSource::Given(text) => text.clone(),
            TokenSource::Github(github) => {
                let timeout = services.options().timeouts.token;
                github.token(services.http(), timeout, IdentityToken::AUDIENCE).await?
            }
        };
        IdentityToken::parse(text.expose(), services.now())
    }

    /// Gets a token to read its claims, for saying how something was built. No signing service is
    /// needed for it.
    ///
    /// Where a token service is asked, it is asked for the audience [`TokenClaims::AUDIENCE`], so
    /// that what it gives is good for nothing else. A token that was given may have any audience.
    ///
    /// # Errors
    /// As [`TokenClaims::parse`]; when a service must be asked also as [`Self::token`].
    pub async fn claims(
        &self,
        options: &Options,
        clock: Arc<dyn Clock>,
    ) -> Result<TokenClaims, Error> {
        let now = clock.now();
        let text = match self {
            TokenSource::Given(text) => text.clone(),
            TokenSource::Github(github) => {
                let http = Http::new(options.retry.clone(), clock);
                github.token(&http, options.timeouts.token, TokenClaims::AUDIENCE).await?
            }
        };
        TokenClaims::parse(text.expose(), now)
    }
}

impl AmbientGithub {
    /// GitHub documentation, "OpenID Connect reference", "Methods for requesting the OIDC token".
    async fn token(
        &self,
        http: &Http,
        timeout: Duration,
        audience: &str,
    ) -> Result<SecretText, Error> {
        let endpoint = Endpoint {
            kind: chainsign_core::trust::ServiceKind::OidcIssuer,
            url: self.request_url.clone(),
        };
        let address = |reason: String| Error::Address { endpoint: endpoint.clone(), reason };
        let mut url = Url::parse(&self.request_url).map_err(|error| address(error.to_string()))?;
        if !is_encrypted(&url) {
            return Err(address("the request's bearer token needs https".to_owned()));
        }
        url.query_pairs_mut().append_pair("audience", audience);
        let request = Request {
            endpoint: &endpoint,
            url,
            timeout,
            limit: ANSWER_BYTES,
            body: Body::None { bearer: Some(&self.request_token) },
            accept: "application/json",
            also: None,
        };
        let answer = http.send(request).await?;
        #[derive(Deserialize)]
        struct Answer {
            value: String,
        }
        let answer: Answer = answer.json(&endpoint)?;
        Ok(SecretText::new(answer.value))
    }
}

const GIVEN: &str = "SIGSTORE_ID_TOKEN";
const GITHUB: &str = "this GitHub Actions job";
const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
const LOOKED_FOR: &str = "SIGSTORE_ID_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL";

/// A token in a few bytes of JSON.
const ANSWER_BYTES: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn detect(variables: &[(&str, &str)]) -> Result<TokenSource, Error> {
        TokenSource::detect(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_given_token_goes_before_the_environments_own() {
        let github = [(GITHUB_URL, "https://t.test/?a=b"), (GITHUB_TOKEN, "secret")];
        let source = detect(&github).unwrap();
        assert!(
            matches!(&source, TokenSource::Github(g) if g.request_url == "https://t.test/?a=b" && g.request_token.expose() == "secret"),
            "{source:?}"
        );
        assert!(!format!("{source:?}").contains("secret"), "{source:?}");
        let source = detect(&[github[0], github[1], (GIVEN, "token")]).unwrap();
        assert!(matches!(&source, TokenSource::Given(t) if t.expose() == "token"), "{source:?}");
        let source = detect(&[github[0], github[1], (GIVEN, " ")]).unwrap();
        assert!(matches!(source, TokenSource::Github(_)), "{source:?}");
    }

    #[test]
    fn without_a_source_the_error_says_what_to_set() {
        let error = detect(&[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no identity token: found none of SIGSTORE_ID_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL"
        );
        let error = detect(&[("GITHUB_ACTIONS", "true")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "this GitHub Actions job gives no identity token: found no ACTIONS_ID_TOKEN_REQUEST_URL"
        );
        let error = detect(&[(GITHUB_URL, "https://t.test")]).unwrap_err();
        assert!(matches!(error, Error::AmbientIncomplete { missing: GITHUB_TOKEN, .. }), "{error}");
    }
}
