use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use chainsign_core::{Limits, causes, json};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use rustls::Error as TlsError;
use serde::Deserialize;

use super::Call;
use crate::Retry;
use crate::error::{Asker, Error};

/// Why one attempt failed, and whether another may help.
pub(super) struct Failure {
    cause: Cause,
    pub(super) wait: Wait,
}

enum Cause {
    Network(reqwest::Error),
    Untrusted(reqwest::Error),
    Final(Box<Error>),
}

#[derive(Clone, Copy)]
pub(super) enum Wait {
    Never,
    AsUsual,
    For(Duration),
}

impl Failure {
    pub(super) fn network(error: reqwest::Error) -> Self {
        let error = error.without_url();
        match is_distrust(&error) {
            true => Failure { cause: Cause::Untrusted(error), wait: Wait::Never },
            false => Failure { cause: Cause::Network(error), wait: Wait::AsUsual },
        }
    }

    pub(super) fn error(self, what: &str, attempts: u32) -> Error {
        match self.cause {
            Cause::Network(error) => {
                let (what, source) = (what.to_owned(), Box::new(error));
                Error::Unreachable { what, attempts, source }
            }
            Cause::Untrusted(error) => {
                Error::Untrusted { what: what.to_owned(), source: Box::new(error) }
            }
            Cause::Final(error) => *error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure { cause: Cause::Final(Box::new(error)), wait: Wait::Never }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error: &dyn StdError = match &self.cause {
            Cause::Network(error) | Cause::Untrusted(error) => error,
            Cause::Final(error) => error,
        };
        write!(f, "{error}")?;
        let mut next = error.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

impl Wait {
    /// The pause after an attempt: doubled each time, and drawn from its upper half, unless a longer
    /// one is asked for. `None` for no further attempt.
    pub(super) fn pause(self, retry: &Retry, attempt: u32) -> Option<Duration> {
        let doubled = retry.pause.saturating_mul(1 << (attempt - 1).min(16));
        let mut random = [0; 1];
        // Without random numbers all pauses are equally long, which is no harm.
        let _ = aws_lc_rs::rand::fill(&mut random);
        let part = f64::from(random[0]) / 510.0 + 0.5;
        let usual = doubled.min(retry.longest_pause).mul_f64(part);
        match self {
            Wait::Never => None,
            Wait::AsUsual => Some(usual),
            Wait::For(asked) => {
                Some(asked.max(usual)).filter(|pause| *pause <= retry.longest_pause)
            }
        }
    }
}

/// Whether there is no connection because the server's certificate is not believed.
fn is_distrust(error: &reqwest::Error) -> bool {
    let distrust = |it: &TlsError| matches!(it, TlsError::InvalidCertificate(_));
    causes(error).filter_map(|it| it.downcast_ref()).any(distrust)
}

pub(super) fn address(registry: &str) -> Error {
    Error::Address { registry: registry.to_owned() }
}

/// What an answer that says no says.
pub(super) async fn status(mut response: Response, call: &Call, who: Asker) -> Failure {
    let status = response.status();
    let wait = wait(status, response.headers());
    let said = Said::read(&mut response).await;
    let (what, action, message) = (call.what.clone(), call.action, said.message);
    let error = match status {
        StatusCode::NOT_FOUND if said.code == "NAME_UNKNOWN" => Error::RepositoryUnknown { what },
        StatusCode::NOT_FOUND => Error::NotFound { what },
        StatusCode::UNAUTHORIZED => Error::Unauthorized { what, action, who, message },
        StatusCode::FORBIDDEN => Error::Forbidden { what, action, who, message },
        StatusCode::TOO_MANY_REQUESTS => {
            let retry_after = match wait {
                Wait::For(asked) => Some(asked),
                Wait::Never | Wait::AsUsual => None,
            };
            Error::Throttled { what, retry_after }
        }
        other => Error::Status { what, status: other.as_u16(), message },
    };
    Failure { cause: Cause::Final(Box::new(error)), wait }
}

/// What a service for tokens says that gives none. Above all that is not that what the token is for is
/// not there.
pub(super) async fn status_of_token(response: Response, call: &Call, who: Asker) -> Failure {
    let code = response.status().as_u16();
    let failure = status(response, call, who).await;
    match &failure.cause {
        Cause::Final(error)
            if matches!(**error, Error::NotFound { .. } | Error::RepositoryUnknown { .. }) =>
        {
            let (what, message) = (format!("the token for {}", call.what), String::new());
            Error::Status { what, status: code, message }.into()
        }
        _ => failure,
    }
}

fn wait(status: StatusCode, headers: &HeaderMap) -> Wait {
    if !matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504) {
        return Wait::Never;
    }
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    text.and_then(retry_after).map_or(Wait::AsUsual, Wait::For)
}

/// `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3).
fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = SystemTime::from(jiff::fmt::rfc2822::parse(text).ok()?.timestamp());
    Some(date.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO))
}

/// What a registry says about its error: distribution spec, "Error codes".
#[derive(Default)]
struct Said {
    code: String,
    message: String,
}

#[derive(Deserialize)]
struct Wire {
    errors: Vec<WireError>,
}

#[derive(Deserialize)]
struct WireError {
    code: String,
    message: Option<String>,
}

impl Said {
    /// The first of its errors; else the beginning of its text. Pages of proxies are no message.
    async fn read(response: &mut Response) -> Self {
        let mut body = Vec::new();
        // A broken error page still is that error.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_MESSAGE {
                return Said::default();
            }
        }
        let wire: Result<Wire, _> = json::parse("error", &body, &Limits::default());
        if let Ok(Some(first)) = wire.map(|wire| wire.errors.into_iter().next()) {
            let message = line(&first.message.unwrap_or_else(|| first.code.clone()));
            return Said { code: first.code, message };
        }
        let text = String::from_utf8_lossy(&body);
        let page = text.trim_start().starts_with('<');
        Said { code: String::new(), message: if page { String::new() } else { line(&text) } }
    }
}

/// One line, cut short.
fn line(text: &str) -> String {
    let printable = |character: char| if character.is_control() { ' ' } else { character };
    let line: String = text.trim().chars().map(printable).collect();
    match line.char_indices().nth(MESSAGE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Of an answer that says no.
const LARGEST_MESSAGE: usize = 64 << 10;

/// Of what a registry says about its error.
const MESSAGE_CHARACTERS: usize = 300;
