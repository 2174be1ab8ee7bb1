//! The OIDC issuer: discovery, keys, logins that approve themselves, and tokens for the asking.
//!
//! It authenticates nobody. Its tokens name its own URL as their issuer, so that they are worth
//! nothing to anyone who does not trust this very sandbox.

pub(crate) mod claims;
mod flows;
mod jwt;
pub(crate) mod request;
mod routes;

use std::sync::Arc;

use crate::Error;
use crate::keys::RsaKey;
use crate::misbehaviour::{Behaviour, Service};
use crate::state::Store;
use claims::Claims;
use request::{AUDIENCE, TokenRequest};

use routes::OidcError;

pub(crate) use routes::routes;

/// The issuer.
#[derive(Debug)]
pub(crate) struct Oidc {
    url: String,
    key: jwt::TokenKey,
    logins: flows::Logins,
    behaviour: Arc<Behaviour>,
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// It is no token that this issuer signed.
    NotOurs,
    /// It names another issuer: the sandbox had another URL when it signed it.
    Issuer(String),
    /// It is for another audience.
    Audience(String),
    /// It has expired, or is not valid yet.
    Time,
}

impl Oidc {
    pub(crate) fn open(
        store: &Store,
        url: String,
        behaviour: Arc<Behaviour>,
    ) -> Result<Self, Error> {
        let key = jwt::TokenKey::new(RsaKey::load(store, "oidc")?);
        Ok(Oidc { url, key, logins: flows::Logins::default(), behaviour })
    }

    /// The issuer.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Issues a token.
    pub(crate) fn token(
        &self,
        request: &TokenRequest,
        nonce: Option<&str>,
    ) -> Result<String, Error> {
        let now = self.behaviour.now(Service::Oidc);
        self.key.sign(&Claims::new(request, nonce, &self.url, now))
    }

    /// The claims of a token, as Fulcio checks it: signature, issuer, audience, expiry without
    /// leeway, start with five minutes of leeway (go-oidc `verify.go`).
    pub(crate) fn authenticate(&self, token: &str) -> Result<Claims, TokenError> {
        let claims = self.key.verify(token).ok_or(TokenError::NotOurs)?;
        if claims.iss != self.url {
            return Err(TokenError::Issuer(claims.iss));
        }
        if claims.aud != AUDIENCE {
            return Err(TokenError::Audience(claims.aud));
        }
        let now = self.behaviour.now(Service::Fulcio).as_second();
        if claims.exp <= now || now.saturating_add(NOT_BEFORE_LEEWAY) < claims.nbf {
            return Err(TokenError::Time);
        }
        Ok(claims)
    }
}

const NOT_BEFORE_LEEWAY: i64 = 5 * 60;
