//! Tokens for a repository: distribution, `docs/spec/auth/token.md` and `oauth.md`.

use std::time::Duration;

use chainsign_core::{Error as CoreError, Limits, json};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use super::failure::{self, Failure};
use super::session::{basic, bearer};
use super::{Call, Transport};
use crate::Secret;
use crate::credentials::Login;
use crate::error::{Action, Asker, Error, Limit};

/// Where a registry sends us for tokens.
pub(super) struct Realm {
    pub(super) url: Url,
    pub(super) service: Option<String>,
    /// What the registry names beside what we ask for.
    pub(super) scope: Option<String>,
}

/// A token, as the header that carries it.
pub(super) struct Token {
    pub(super) header: HeaderValue,
    pub(super) until: Instant,
}

/// What a challenge's scope adds to ours: nothing, or a word of the registry's own, such as the `aws` of
/// public.ecr.aws.
///
/// What we want a token for is what we say. A registry that names another repository wants us to get
/// it a token for that.
pub(super) fn foreign_scope(call: &Call, scope: Option<String>) -> Result<Option<String>, Error> {
    let Some(found) = scope else { return Ok(None) };
    let ours = format!("repository:{}:", call.at.repository());
    let mut words = Vec::new();
    for word in found.split_ascii_whitespace() {
        match word.contains(':') {
            true if word.starts_with(&ours) => {}
            true => {
                let (registry, wanted) = (call.at.registry().to_owned(), own_scope(call));
                return Err(Error::Scope { registry, found, wanted });
            }
            false => words.push(word),
        }
    }
    Ok((!words.is_empty()).then(|| words.join(" ")))
}

fn own_scope(call: &Call) -> String {
    let actions = match call.action {
        Action::Pull => "pull",
        Action::Push => "pull,push",
        Action::Delete => "delete",
    };
    format!("repository:{}:{actions}", call.at.repository())
}

impl Transport {
    /// Gets a token for what the call is to do.
    pub(super) async fn token(
        &self,
        call: &Call,
        base: &Url,
        realm: &Realm,
        login: &Login,
    ) -> Result<Token, Failure> {
        let registry = call.at.registry();
        let mut scope = own_scope(call);
        if let Some(more) = &realm.scope {
            scope = format!("{scope} {more}");
        }
        let service = realm.service.as_deref().unwrap_or(base.host_str().unwrap_or_default());
        let client = self.clients.of(&realm.url)?;
        let (request, who) = match login {
            Login::Identity(token) => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("service", service),
                    ("client_id", "chainsign"),
                    ("scope", &scope),
                    ("refresh_token", token.expose()),
                ];
                (client.post(realm.url.clone()).form(&form), Asker::Known)
            }
            login => {
                let mut url = realm.url.clone();
                url.query_pairs_mut().append_pair("service", service).append_pair("scope", &scope);
                let request = client.get(url);
                match login {
                    Login::Basic { username, password } => {
                        let header = basic(registry, username, password)?;
                        (request.header(AUTHORIZATION, header), Asker::Known)
                    }
                    _ => (request, Asker::Anonymous),
                }
            }
        };
        self.count();
        let request = request.header(ACCEPT, "application/json");
        let mut response = request.send().await.map_err(Failure::network)?;
        if !response.status().is_success() {
            // Also for a redirect, which would take credentials along.
            return Err(failure::status_of_token(response, call, who).await);
        }
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(Failure::network)? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                let what = format!("the token for {}", call.what);
                let (limit, allowed) = (Limit::AnswerBytes, LARGEST_ANSWER as u64);
                return Err(Error::LimitReached { what, limit, allowed }.into());
            }
            body.extend_from_slice(&chunk);
        }
        // Not malformed as something that the registry has is: it says nothing of that.
        let malformed = |fault: CoreError| {
            let (registry, reason) =
                (registry.to_owned(), format!("the answer of its token service: {fault}"));
            Failure::from(Error::Challenge { registry, reason })
        };
        let wire: Wire = json::parse("token", &body, &Limits::default()).map_err(malformed)?;
        let text = [wire.token, wire.access_token].into_iter().flatten().find(|it| !it.is_empty());
        let text = text.ok_or(CoreError::Missing { document: "token", what: "token" });
        let token = text.map_err(malformed)?;
        // Renewed a little early: a token must not end on its way.
        let lifetime =
            wire.expires_in.unwrap_or(LIFETIME).clamp(LIFETIME, LONGEST_LIFETIME) - EARLY;
        let until = Instant::now() + Duration::from_secs(lifetime);
        Ok(Token { header: bearer(registry, &token)?, until })
    }
}

#[derive(Deserialize)]
struct Wire {
    token: Option<Secret>,
    access_token: Option<Secret>,
    expires_in: Option<u64>,
}

/// Real tokens are a few KiB.
const LARGEST_ANSWER: usize = 64 << 10;

/// Seconds that a token is good for unless it says otherwise, and at least (`token.md`).
const LIFETIME: u64 = 60;

/// Seconds after which a token is renewed, whatever it says.
const LONGEST_LIFETIME: u64 = 3600;

const EARLY: u64 = 10;
