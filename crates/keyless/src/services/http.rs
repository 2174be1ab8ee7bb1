use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chainsign_core::{Error as CoreError, Limits, causes, json};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode};
use rustls::Error as TlsError;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::Retry;
use crate::Clock;
use crate::error::{Endpoint, Error};
use crate::identity::SecretText;

/// The one HTTP client of a [`Services`](super::Services).
///
/// It follows no redirect: a service that has moved is a new service, which its signing config
/// names. Loopback addresses and metadata servers are asked directly, whatever proxy the environment
/// names.
pub(crate) struct Http {
    direct: OnceLock<Client>,
    outside: OnceLock<Client>,
    retry: Retry,
    clock: Arc<dyn Clock>,
}

/// A request, which may be sent more than once.
pub(crate) struct Request<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) url: Url,
    /// For one attempt.
    pub(crate) timeout: Duration,
    /// The largest answer, in bytes after any decoding.
    pub(crate) limit: usize,
    pub(crate) body: Body<'a>,
    /// A header that this address needs: a credential for it, or what it is asked with.
    pub(crate) header: Option<Header<'a>>,
    /// What the body has that nobody else may see. Of an answer that quotes it, or the header's
    /// credential, only the rest gets into messages.
    pub(crate) secret: Option<&'a SecretText>,
    pub(crate) accept: &'static str,
    /// Statuses other than success that are answers too.
    pub(crate) also: &'a [StatusCode],
}

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) enum Body<'a> {
    /// Nothing: a GET.
    None,
    /// A POST.
    Bytes { content_type: &'static str, bytes: &'a [u8] },
}

/// A header of one request.
#[derive(Clone, Copy)]
pub(crate) enum Header<'a> {
    /// `authorization: bearer …` (RFC 6750).
    Bearer(&'a SecretText),
    /// `authorization: Token …`, as Buildkite has it.
    Token(&'a SecretText),
    /// `authorization: Basic …` (RFC 7617), of name and password in base64.
    Basic(&'a SecretText),
    /// `metadata-flavor: Google`, which no request carries that a page made somebody send.
    MetadataFlavor,
}

/// A complete answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(retry: Retry, clock: Arc<dyn Clock>) -> Self {
        Http { direct: OnceLock::new(), outside: OnceLock::new(), retry, clock }
    }

    /// Sends the request until it is answered, as the retry policy allows.
    ///
    /// `Ok` with a status of success, or one of the request's `also`.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Answer, Error> {
        let attempts = self.retry.attempts.max(1);
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(&request).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = match failure.wait {
                Wait::Never => None,
                Wait::AsUsual => Some(self.pause(attempt)),
                Wait::For(asked) => Some(asked.max(self.pause(attempt))),
            };
            let pause = pause.filter(|pause| *pause <= self.retry.longest_pause);
            match pause {
                Some(pause) if attempt < attempts => {
                    tracing::debug!(
                        endpoint = %request.endpoint, attempt, ?pause,
                        "attempt failed: {}", Chain(&failure.cause)
                    );
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(failure.cause.error(&request, attempt)),
            }
            attempt += 1;
        }
    }

    async fn attempt(&self, request: &Request<'_>) -> Result<Answer, Failure> {
        // A token that comes without encryption takes no way around.
        let way = match request.header {
            Some(Header::MetadataFlavor) => Way::Direct,
            _ => Way::to(&request.url),
        };
        let client = self.client(way)?;
        let method = match request.body {
            Body::None => Method::GET,
            Body::Bytes { .. } => Method::POST,
        };
        let mut builder = client
            .request(method, request.url.clone())
            .timeout(request.timeout)
            .header(ACCEPT, request.accept);
        builder = match request.body {
            Body::None => builder,
            Body::Bytes { content_type, bytes } => {
                builder.header(CONTENT_TYPE, content_type).body(bytes.to_vec())
            }
        };
        builder = match request.header {
            None => builder,
            Some(Header::Bearer(token)) => builder.header(AUTHORIZATION, secret("bearer", token)?),
            Some(Header::Token(token)) => builder.header(AUTHORIZATION, secret("Token", token)?),
            Some(Header::Basic(pair)) => builder.header(AUTHORIZATION, secret("Basic", pair)?),
            Some(Header::MetadataFlavor) => builder.header("metadata-flavor", "Google"),
        };
        let mut response = builder.send().await.map_err(Failure::network)?;
        let status = response.status();
        let wait = self.wait(status, response.headers());
        let body = match bounded(&mut response, request.limit).await? {
            Ok(body) => body,
            // An error page of any size still is that error.
            Err(TooLarge) if !status.is_success() => Vec::new(),
            Err(TooLarge) => return Err(Failure { cause: Cause::TooLarge, wait: Wait::Never }),
        };
        if status.is_success() || request.also.contains(&status) {
            let headers = response.headers().clone();
            return Ok(Answer { status, headers, body });
        }
        let retry_after = match wait {
            Wait::For(asked) if asked > self.retry.longest_pause => Some(asked),
            _ => None,
        };
        let message = message(&body, request);
        Err(Failure { cause: Cause::Status { status, message, retry_after }, wait })
    }

    /// The headers of the answer to one GET, whatever its status; the body is not read.
    pub(crate) async fn headers(&self, url: Url, timeout: Duration) -> Result<HeaderMap, String> {
        let client =
            self.client(Way::to(&url)).map_err(|failure| Chain(&failure.cause).to_string())?;
        let answer = client.get(url).timeout(timeout).send().await;
        answer.map(|it| it.headers().clone()).map_err(|error| Chain(&error).to_string())
    }

    /// The client for the way: TLS configuration and proxies are read only when they are needed.
    fn client(&self, way: Way) -> Result<&Client, Failure> {
        let place = match way {
            Way::Direct => &self.direct,
            Way::AsConfigured => &self.outside,
        };
        if let Some(client) = place.get() {
            return Ok(client);
        }
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(USER_AGENT);
        if way == Way::Direct {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| Failure { cause: Cause::Network(error), wait: Wait::Never })?;
        Ok(place.get_or_init(|| client))
    }

    /// The pause after an attempt: doubled each time, and drawn from its upper half.
    fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.retry.pause.saturating_mul(1 << (attempt - 1).min(16));
        let mut random = [0; 1];
        // Without random numbers all pauses are equally long, which is no harm.
        let _ = aws_lc_rs::rand::fill(&mut random);
        let part = f64::from(random[0]) / 510.0 + 0.5;
        doubled.min(self.retry.longest_pause).mul_f64(part)
    }

    fn wait(&self, status: StatusCode, headers: &HeaderMap) -> Wait {
        let may_pass = matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::INTERNAL_SERVER_ERROR
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        );
        match headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()) {
            _ if !may_pass => Wait::Never,
            Some(text) => self.retry_after(text).map_or(Wait::AsUsual, Wait::For),
            None => Wait::AsUsual,
        }
    }

    /// `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3).
    fn retry_after(&self, text: &str) -> Option<Duration> {
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        let pause = date.duration_since(self.clock.now());
        Some(Duration::try_from(pause).unwrap_or(Duration::ZERO))
    }
}

impl Request<'_> {
    /// A text of the answer without the secrets that were sent.
    fn without_secrets(&self, text: &str) -> String {
        let header = self.header.and_then(|header| match header {
            Header::Bearer(secret) | Header::Token(secret) | Header::Basic(secret) => Some(secret),
            Header::MetadataFlavor => None,
        });
        let secrets = self.secret.into_iter().chain(header);
        secrets.fold(text.to_owned(), |text, secret| secret.cut_out_of(&text))
    }
}

impl Answer {
    /// The body as JSON, strictly read: bounded, no key twice. Unknown members are ignored.
    pub(crate) fn json<T: DeserializeOwned>(&self, endpoint: &Endpoint) -> Result<T, Error> {
        json::parse("its JSON", &self.body, &Limits::default()).map_err(|error| {
            Error::MalformedAnswer { endpoint: endpoint.clone(), reason: error.to_string() }
        })
    }

    /// The same, of an answer that has a secret in it: no error quotes a value of it.
    pub(crate) fn secret_json<T: DeserializeOwned>(&self, endpoint: &Endpoint) -> Result<T, Error> {
        json::parse("its JSON", &self.body, &Limits::default()).map_err(|error| {
            let reason = match &error {
                // serde's `invalid type: string "...", expected ...`. Which member is missing is no secret.
                CoreError::Json { reason, line, column, .. }
                    if reason.contains(['"', '`']) && !reason.starts_with("missing field ") =>
                {
                    format!("its JSON has something else at line {line}, column {column}")
                }
                _ => error.to_string(),
            };
            Error::MalformedAnswer { endpoint: endpoint.clone(), reason }
        })
    }
}

/// Whether what is sent to this address cannot be read on the way.
pub(crate) fn is_encrypted(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// How an address is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By no proxy.
    Direct,
    /// By the proxies of the environment.
    AsConfigured,
}

impl Way {
    fn to(url: &Url) -> Self {
        if is_loopback(url) { Way::Direct } else { Way::AsConfigured }
    }
}

/// Why one attempt failed, and whether another may help.
struct Failure {
    cause: Cause,
    wait: Wait,
}

#[derive(Clone, Copy)]
enum Wait {
    Never,
    AsUsual,
    For(Duration),
}

#[derive(Debug)]
enum Cause {
    Network(reqwest::Error),
    Untrusted(reqwest::Error),
    Header,
    TooLarge,
    Status { status: StatusCode, message: String, retry_after: Option<Duration> },
}

impl Failure {
    fn network(error: reqwest::Error) -> Self {
        let error = error.without_url();
        match is_distrust(&error) {
            true => Failure { cause: Cause::Untrusted(error), wait: Wait::Never },
            false => Failure { cause: Cause::Network(error), wait: Wait::AsUsual },
        }
    }
}

impl Cause {
    fn error(self, request: &Request<'_>, attempts: u32) -> Error {
        let endpoint = request.endpoint.clone();
        match self {
            Cause::Network(error) => {
                Error::Unreachable { endpoint, attempts, source: Box::new(error) }
            }
            Cause::Untrusted(error) => Error::Untrusted { endpoint, source: Box::new(error) },
            Cause::Header => {
                let reason = "the bearer token for it has characters that no header may have";
                Error::Address { endpoint, reason: reason.to_owned() }
            }
            Cause::TooLarge => Error::AnswerTooLarge { endpoint, limit: request.limit },
            Cause::Status { status, message, retry_after } => {
                Error::Status { endpoint, status: status.as_u16(), message, retry_after }
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Network(error) | Cause::Untrusted(error) => error.fmt(f),
            Cause::Header => f.write_str("unusable bearer token"),
            Cause::TooLarge => f.write_str("answer too large"),
            Cause::Status { status, message, .. } => write!(f, "status {status} {message}"),
        }
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Cause::Network(error) | Cause::Untrusted(error) => error.source(),
            _ => None,
        }
    }
}

/// Whether there is no connection because the server's certificate is not believed.
fn is_distrust(error: &reqwest::Error) -> bool {
    let distrust = |it: &TlsError| matches!(it, TlsError::InvalidCertificate(_));
    causes(error).filter_map(|it| it.downcast_ref()).any(distrust)
}

/// An error with its causes on one line.
struct Chain<'a>(&'a dyn StdError);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

struct TooLarge;

/// Reads a body as it arrives, and no further than the limit: `Content-Length` is not believed,
/// and what is counted are the bytes after decoding.
async fn bounded(
    response: &mut Response,
    limit: usize,
) -> Result<Result<Vec<u8>, TooLarge>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Failure::network)? {
        if body.len() + chunk.len() > limit {
            return Ok(Err(TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Ok(body))
}

fn secret(scheme: &str, token: &SecretText) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {}", token.expose()))
        .map_err(|_| Failure { cause: Cause::Header, wait: Wait::Never })?;
    value.set_sensitive(true);
    Ok(value)
}

/// What somebody else says, for a message: one line, cut short.
pub(crate) fn one_line(text: &str) -> String {
    let printable = |character: char| if character.is_control() { ' ' } else { character };
    let line: String = text.trim().chars().take(MESSAGE_CHARACTERS + 1).map(printable).collect();
    match line.char_indices().nth(MESSAGE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What an error answer says: the `message` of its JSON, else its text; one line, cut short.
fn message(body: &[u8], request: &Request<'_>) -> String {
    #[derive(serde::Deserialize)]
    struct Gateway {
        message: String,
    }
    let said = match serde_json::from_slice::<Gateway>(body) {
        Ok(gateway) => gateway.message,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    // Before it is cut: half a secret would not be found.
    one_line(&request.without_secrets(&said))
}

const USER_AGENT: &str = concat!("chainsign/", env!("CARGO_PKG_VERSION"));

/// Far services need a second; a silent one is not worth more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Of what a service says about its error.
const MESSAGE_CHARACTERS: usize = 300;
