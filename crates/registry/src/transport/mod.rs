//! Requests to registries: who asks, what is tried again, what is followed.
//!
//! Credentials and tokens go to the registry they are for (scheme, host and port), and, for tokens, to
//! the realm that this registry names, within the rules of `address`. They go along no redirect, to
//! no upload location or next page elsewhere, and to no address in a manifest.

mod address;
mod challenge;
mod client;
mod download;
mod failure;
mod link;
mod named;
mod session;
mod token;
mod word;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chainsign_core::image::ImageName;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::header::{HeaderValue, LINK, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode};
use tokio::sync::Semaphore;
use url::Url;

use crate::error::{Action, Asker, Error, Limit};
use crate::{Options, Traffic};
use client::Clients;
use failure::Failure;
use session::Session;

use address::same_origin;

/// One for a [`Registry`](crate::Registry): connections, logins and tokens.
pub(crate) struct Transport {
    options: Options,
    clients: Clients,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    permits: Semaphore,
    requests: AtomicU64,
    bytes: AtomicU64,
}

/// A request, which may be sent more than once.
pub(crate) struct Call {
    pub(crate) at: ImageName,
    pub(crate) action: Action,
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) accept: &'static str,
    pub(crate) body: Option<Body>,
    /// The largest answer in bytes, and what that is the limit of.
    pub(crate) limit: (Limit, u64),
    /// What is asked for, as errors name it.
    pub(crate) what: String,
}

/// Where a request goes.
pub(crate) enum Target {
    /// Below `/v2/REPOSITORY/`.
    Path(String),
    /// Where the registry sends us. It gets no credentials unless it is the registry.
    Url(Url),
}

/// What is sent.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) content_type: String,
    pub(crate) bytes: Arc<[u8]>,
}

/// A complete answer.
pub(crate) struct Answer {
    /// Where it is from.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Transport {
    pub(crate) fn new(options: Options) -> Result<Self, Error> {
        Ok(Transport {
            clients: Clients::new(&options.tls)?,
            sessions: Mutex::default(),
            permits: Semaphore::new(options.limits.parallel.max(1)),
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            options,
        })
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn traffic(&self) -> Traffic {
        Traffic {
            requests: self.requests.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// Sends the request until it is answered, as the retry policy allows. `Ok` with a status of
    /// success.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, Error> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt_whole(call).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            self.pause_or_fail(failure, call, &mut attempt).await?;
        }
    }

    /// Waits until the next attempt, or gives the failure back as the error.
    async fn pause_or_fail(
        &self,
        failure: Failure,
        call: &Call,
        attempt: &mut u32,
    ) -> Result<(), Error> {
        let retry = &self.options.retry;
        match failure.wait.pause(retry, *attempt) {
            Some(pause) if *attempt < retry.attempts.max(1) => {
                tracing::debug!(what = call.what, attempt, ?pause, "attempt failed: {failure}");
                tokio::time::sleep(pause).await;
                *attempt += 1;
                Ok(())
            }
            _ => Err(failure.error(&call.what, *attempt)),
        }
    }

    async fn attempt_whole(&self, call: &Call) -> Result<Answer, Failure> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let mut response = self.attempt(call).await?;
        let body = self.read(&mut response, call).await?;
        let url = response.url().clone();
        let headers = std::mem::take(response.headers_mut());
        Ok(Answer { url, headers, body })
    }

    /// One attempt: with the authorization that is known, once more with the one that is then asked
    /// for, and on to where a GET is sent. `Ok` with a status of success.
    async fn attempt(&self, call: &Call) -> Result<Response, Failure> {
        let session = self.session(call.at.registry());
        let base = session.base(self, call.at.registry()).await?;
        let url = match &call.target {
            Target::Path(path) => base
                .join(&format!("{}/{path}", call.at.repository()))
                .map_err(|_| failure::address(call.at.registry()))?,
            Target::Url(url) => url.clone(),
        };
        let home = same_origin(&url, &base);
        let authorization =
            if home { session.authorization(self, call, &base).await? } else { None };
        let mut response = self.once(call, url.clone(), authorization.as_ref()).await?;
        let mut who = authorization.as_ref().map_or(Asker::Anonymous, |it| it.who);
        if home && response.status() == StatusCode::UNAUTHORIZED {
            let challenges = response.headers().get_all(WWW_AUTHENTICATE).iter().cloned().collect();
            let asked = session.challenged(self, call, &base, challenges, authorization).await?;
            if let Some(authorization) = asked {
                who = authorization.who;
                response = self.once(call, url, Some(&authorization)).await?;
            }
        }
        if call.method == Method::GET {
            response = self.follow(call, response).await?;
        }
        // Nobody is sent on to what is not there.
        let there = call.method == Method::HEAD && is_redirect(response.status());
        if response.status().is_success() || there {
            return Ok(response);
        }
        Err(failure::status(response, call, who).await)
    }

    /// Follows redirects, without credentials wherever they lead.
    async fn follow(&self, call: &Call, mut response: Response) -> Result<Response, Failure> {
        for _ in 0..MOST_REDIRECTS {
            if !is_redirect(response.status()) {
                return Ok(response);
            }
            let url = location(call, &response)?;
            response = self.once(call, url, None).await?;
        }
        if is_redirect(response.status()) {
            let (what, limit) = (call.what.clone(), Limit::Redirects);
            return Err(Error::LimitReached { what, limit, allowed: MOST_REDIRECTS }.into());
        }
        Ok(response)
    }

    /// Sends one request.
    async fn once(
        &self,
        call: &Call,
        url: Url,
        authorization: Option<&session::Authorization>,
    ) -> Result<Response, Failure> {
        let client = self.clients.of(&url)?;
        let mut builder = client
            .request(call.method.clone(), url)
            .header(ACCEPT, call.accept)
            // Digests are over what is stored, and nothing here is worth packing.
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(authorization) = authorization {
            builder = builder.header(AUTHORIZATION, authorization.header.clone());
        }
        if let Some(body) = &call.body {
            builder = builder.header(CONTENT_TYPE, &body.content_type).body(body.bytes.to_vec());
        }
        self.count();
        builder.send().await.map_err(Failure::network)
    }

    /// Asks whether anybody speaks HTTP at an address. Nothing is told.
    async fn probe(&self, url: &Url) -> Result<Result<StatusCode, reqwest::Error>, Error> {
        let request = self.clients.of(url)?.get(url.clone()).timeout(PROBE);
        self.count();
        Ok(request.send().await.map(|answer| answer.status()))
    }

    /// Reads a body as it arrives, and no further than the limit: `Content-Length` is not believed.
    async fn read(&self, response: &mut Response, call: &Call) -> Result<Vec<u8>, Failure> {
        let (limit, allowed) = call.limit;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Failure::network)? {
            self.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if (body.len() + chunk.len()) as u64 > allowed {
                return Err(Error::LimitReached { what: call.what.clone(), limit, allowed }.into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn count(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn session(&self, registry: &str) -> Arc<Session> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sessions.entry(registry.to_owned()).or_default())
    }
}

impl Answer {
    /// A header, where it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The media type in `Content-Type`, without its parameters.
    pub(crate) fn content_type(&self) -> Option<&str> {
        let value = self.header(CONTENT_TYPE.as_str())?;
        Some(value.split(';').next().unwrap_or_default().trim()).filter(|text| !text.is_empty())
    }

    /// Where the next page of a list is, if there is one: at the host of this one (distribution spec, "Listing
    /// Referrers").
    pub(crate) fn next_page(&self, what: &str) -> Result<Option<Url>, Error> {
        let target = link::next(self.headers.get_all(LINK).iter())
            .map_err(|link::Malformed(found)| address::no_link(what, found))?;
        target.map(|target| address::next(what, &self.url, target)).transpose()
    }

    /// Where an upload goes on. Any host may be named; credentials do not go to another one.
    pub(crate) fn location(&self, what: &str) -> Result<Url, Error> {
        address::redirect(what, &self.url, self.header(LOCATION.as_str()))
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn location(call: &Call, response: &Response) -> Result<Url, Error> {
    let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    address::redirect(&call.what, response.url(), target)
}

/// For the question whether a registry speaks TLS.
const PROBE: Duration = Duration::from_secs(10);

/// Registries send to their storage, and storage to the nearest one.
const MOST_REDIRECTS: u64 = 5;
