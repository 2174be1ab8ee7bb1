//! What stands between the registry and its client: it hears every request, answers those that a test
//! has an answer for, and passes the others on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use axum::response::Response;
use chainsign_core::image::ImageReference;
use chainsign_registry::{Error, Options, Registry, Retry};
use chainsign_sandbox::{ReferrersApi, Sandbox};
use serde_json::Value;

use crate::image::Repository;

/// A request, as it was heard.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Heard {
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.headers.get("authorization").map(|value| value.to_str().unwrap())
    }

    /// Whether it is a GET of something whose path ends so.
    pub(crate) fn gets(&self, end: &str) -> bool {
        self.method == Method::GET && self.path.split('?').next().unwrap().ends_with(end)
    }

    /// Whether it is a GET of something in whose path this is.
    pub(crate) fn gets_in(&self, part: &str) -> bool {
        self.method == Method::GET && self.path.contains(part)
    }
}

/// What a test answers in the registry's place.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Self {
        let (headers, body) = (Vec::new(), Vec::new());
        Answer { status, headers, body, delay: Duration::ZERO }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

type Script = Box<dyn FnMut(&Heard) -> Option<Answer> + Send>;

/// The registry's place in the network, and what was heard there.
pub(crate) struct Front {
    /// `localhost:PORT`
    pub(crate) host: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    script: Arc<Mutex<Script>>,
}

impl Front {
    /// Stands before the sandbox.
    pub(crate) async fn of(sandbox: &Sandbox) -> Self {
        Self::before(Some(sandbox.url().to_owned())).await
    }

    /// Stands alone: what the test has no answer for is not found.
    pub(crate) async fn alone() -> Self {
        Self::before(None).await
    }

    async fn before(behind: Option<String>) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(|_| None)));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let (hearing, playing) = (Arc::clone(&heard), Arc::clone(&script));
        let serve = move |request: Request<Body>| {
            let (hearing, playing) = (Arc::clone(&hearing), Arc::clone(&playing));
            let (behind, client) = (behind.clone(), client.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
                let path = parts.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
                let one = Heard { method: parts.method, path, headers: parts.headers, body };
                hearing.lock().unwrap().push(one.clone());
                let answer = (playing.lock().unwrap())(&one);
                match (answer, behind) {
                    (Some(answer), _) => play(answer).await,
                    (None, Some(behind)) => pass_on(&client, &behind, one).await,
                    (None, None) => {
                        response(StatusCode::NOT_FOUND, HeaderMap::new(), Body::empty())
                    }
                }
            }
        };
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("127.0.0.1:{}", socket.local_addr().unwrap().port());
        tokio::spawn(async move {
            axum::serve(socket, Router::new().fallback(serve)).await.unwrap();
        });
        Front { host, heard, script }
    }

    /// Answers what `script` has an answer for.
    pub(crate) fn plays(&self, script: impl FnMut(&Heard) -> Option<Answer> + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// What was heard since the last time.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    pub(crate) fn reference(&self, rest: &str) -> ImageReference {
        format!("{}/{rest}", self.host).parse().unwrap()
    }
}

async fn play(answer: Answer) -> Response {
    tokio::time::sleep(answer.delay).await;
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers {
        headers.append(name, value.parse().unwrap());
    }
    let status = StatusCode::from_u16(answer.status).unwrap();
    response(status, headers, Body::from(answer.body))
}

async fn pass_on(client: &reqwest::Client, behind: &str, request: Heard) -> Response {
    let uri: Uri = request.path.parse().unwrap();
    let url = format!("{behind}{}", uri.path_and_query().unwrap());
    let mut headers = request.headers;
    headers.remove("host");
    let sent = client.request(request.method, url).headers(headers).body(request.body);
    let answer = sent.send().await.unwrap();
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove("transfer-encoding");
    response(status, headers, Body::from(answer.bytes().await.unwrap()))
}

fn response(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A registry whose answers, but for the first, are these bytes, after which it hangs up.
pub(crate) async fn raw(answer: &'static str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("127.0.0.1:{}", socket.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = socket.accept().await {
            let mut request = vec![0; 4096];
            let length = connection.read(&mut request).await.unwrap_or(0);
            let probe = request[..length].starts_with(b"GET /v2/ ");
            let bytes = if probe { "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n" } else { answer };
            // Whoever spoke TLS has gone already.
            let _ = connection.write_all(bytes.as_bytes()).await;
        }
    });
    host
}

pub(crate) async fn sandbox(referrers: ReferrersApi) -> Sandbox {
    let options = chainsign_sandbox::Options { referrers, ..Default::default() };
    Sandbox::start(options).await.unwrap()
}

/// `app:v1`, an image with a bundle of two bytes, at a registry with the referrers API.
pub(crate) async fn image_with_bundle() -> (Sandbox, Repository, Value) {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    let image = repository.image("v1").await;
    repository.bundle(&image, b"{}").await;
    (sandbox, repository, image)
}

/// Two attempts without pause, and ten seconds for all.
pub(crate) fn impatient() -> Options {
    let retry = Retry {
        attempts: 2,
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(2),
    };
    Options { retry, timeout: Duration::from_secs(10), ..Options::default() }
}

pub(crate) fn registry() -> Registry {
    Registry::new(impatient()).unwrap()
}

/// An error with what caused it, on one line.
pub(crate) fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
