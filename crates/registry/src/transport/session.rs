use std::collections::HashMap;

use chainsign_core::image::ImageName;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;
use url::Url;

use super::address::{is_loopback, realm};
use super::challenge::{Challenge, choose};
use super::failure::{Failure, address};
use super::token::{self, Realm, Token};
use super::{Call, Transport};
use crate::credentials::Login;
use crate::error::{Action, Asker, Error};
use crate::{PlainHttp, Secret};

/// What is known about one registry.
#[derive(Default)]
pub(super) struct Session {
    base: OnceCell<Url>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    scheme: Scheme,
    /// By repository: files of credentials can tell them apart.
    logins: HashMap<ImageName, Login>,
    tokens: HashMap<(ImageName, Action), Token>,
}

#[derive(Default)]
enum Scheme {
    /// It has not asked yet.
    #[default]
    Unasked,
    Basic,
    Bearer(Realm),
}

/// A header for the registry, and for nobody else.
pub(super) struct Authorization {
    pub(super) header: HeaderValue,
    pub(super) who: Asker,
}

impl Session {
    /// Where the registry's API is: `https://HOST/v2/`, or `http://` where that is allowed and it does
    /// not speak TLS.
    pub(super) async fn base(&self, transport: &Transport, registry: &str) -> Result<Url, Failure> {
        if let Some(base) = self.base.get() {
            return Ok(base.clone());
        }
        let host = if registry == "docker.io" { DOCKER_HUB } else { registry };
        let url = |scheme: &str| {
            let parsed = Url::parse(&format!("{scheme}://{host}/v2/")).ok();
            parsed.filter(|url| url.path() == "/v2/").ok_or_else(|| address(registry))
        };
        let encrypted = url("https")?;
        let plain_will_do = match transport.options.plain_http {
            PlainHttp::Never => false,
            PlainHttp::OnLoopback => is_loopback(&encrypted),
            PlainHttp::DangerousAnywhere => true,
        };
        if !plain_will_do {
            return Ok(self.base.get_or_init(async || encrypted).await.clone());
        }
        let probe = self.base.get_or_try_init(async || {
            let url = url("http")?;
            match transport.probe(&encrypted).await? {
                Err(error) if error.is_connect() => match transport.probe(&url).await? {
                    // A server that speaks TLS has no such answer to what is not TLS.
                    Ok(StatusCode::OK | StatusCode::UNAUTHORIZED) => Ok(url),
                    _ => Err(Failure::network(error)),
                },
                _ => Ok(encrypted),
            }
        });
        probe.await.cloned()
    }

    /// What the registry is known to want for the call.
    pub(super) async fn authorization(
        &self,
        transport: &Transport,
        call: &Call,
        base: &Url,
    ) -> Result<Option<Authorization>, Failure> {
        let mut state = self.state.lock().await;
        state.authorization(transport, call, base).await
    }

    /// What the registry wants, after it refused `used`. `None` where there is nothing else to give.
    pub(super) async fn challenged(
        &self,
        transport: &Transport,
        call: &Call,
        base: &Url,
        challenges: Vec<HeaderValue>,
        used: Option<Authorization>,
    ) -> Result<Option<Authorization>, Failure> {
        let mut state = self.state.lock().await;
        let registry = call.at.registry();
        let challenge = choose(&challenges)
            .map_err(|reason| Error::Challenge { registry: registry.to_owned(), reason })?;
        state.scheme = match challenge {
            Challenge::Basic => Scheme::Basic,
            Challenge::Bearer { realm: text, service, scope } => {
                let url = realm(registry, base, &text)?;
                let scope = token::foreign_scope(call, scope)?;
                Scheme::Bearer(Realm { url, service, scope })
            }
        };
        let same = |token: &Token| used.as_ref().is_some_and(|used| used.header == token.header);
        state.tokens.retain(|_, token| !same(token));
        let fresh = state.authorization(transport, call, base).await?;
        Ok(fresh.filter(|fresh| used.is_none_or(|used| used.header != fresh.header)))
    }
}

impl State {
    async fn authorization(
        &mut self,
        transport: &Transport,
        call: &Call,
        base: &Url,
    ) -> Result<Option<Authorization>, Failure> {
        if matches!(self.scheme, Scheme::Unasked) {
            return Ok(None);
        }
        let login = self.login(transport, &call.at).await?;
        let registry = call.at.registry();
        match (&self.scheme, &login) {
            (_, Login::Bearer(token)) => {
                Ok(Some(Authorization { header: bearer(registry, token)?, who: Asker::Known }))
            }
            (Scheme::Basic, Login::Basic { username, password }) => Ok(Some(Authorization {
                header: basic(registry, username, password)?,
                who: Asker::Known,
            })),
            (Scheme::Unasked, _) | (Scheme::Basic, Login::Anonymous | Login::Identity(_)) => {
                Ok(None)
            }
            (Scheme::Bearer(realm), login) => {
                let who = match login {
                    Login::Anonymous => Asker::Anonymous,
                    _ => Asker::Known,
                };
                let key = (call.at.clone(), call.action);
                let now = Instant::now();
                if let Some(token) = self.tokens.get(&key).filter(|token| token.until > now) {
                    return Ok(Some(Authorization { header: token.header.clone(), who }));
                }
                let token = transport.token(call, base, realm, login).await?;
                let header = token.header.clone();
                self.tokens.insert(key, token);
                Ok(Some(Authorization { header, who }))
            }
        }
    }

    async fn login(&mut self, transport: &Transport, at: &ImageName) -> Result<Login, Error> {
        if let Some(login) = self.logins.get(at) {
            return Ok(login.clone());
        }
        let login = transport.options.credentials.login(at).await?;
        self.logins.insert(at.clone(), login.clone());
        Ok(login)
    }
}

/// RFC 7617.
pub(super) fn basic(
    registry: &str,
    username: &str,
    password: &Secret,
) -> Result<HeaderValue, Error> {
    let pair = zeroize::Zeroizing::new(format!("{username}:{}", password.expose()));
    let encoded = chainsign_core::encoding::base64_encode(pair.as_bytes());
    sensitive(registry, &format!("Basic {encoded}"))
}

/// RFC 6750.
pub(super) fn bearer(registry: &str, token: &Secret) -> Result<HeaderValue, Error> {
    sensitive(registry, &format!("Bearer {}", token.expose()))
}

fn sensitive(registry: &str, text: &str) -> Result<HeaderValue, Error> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| Error::CredentialText { registry: registry.to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where Docker Hub's registry is.
const DOCKER_HUB: &str = "registry-1.docker.io";
