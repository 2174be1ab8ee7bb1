//! The socket to which a browser brings the answer.
//!
//! Whatever runs on this machine, and every page in its browsers, can reach it. So it reads little,
//! does nothing for any other request than the one it waits for, and what it takes is checked
//! against the login's state.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::form_urlencoded;

use super::{LoopbackRedirect, SecretText};
use crate::error::Error;

/// A socket that waits for one answer.
pub(super) struct Callback {
    listener: TcpListener,
    expected: Expected,
    uri: String,
}

/// Parameters of an answer (RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207).
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) code: Option<SecretText>,
    pub(super) state: Option<String>,
    pub(super) error: Option<String>,
    pub(super) description: Option<String>,
    pub(super) issuer: Option<String>,
}

impl Callback {
    pub(super) async fn listen(redirect: &LoopbackRedirect) -> Result<Self, Error> {
        let address = redirect.address();
        let failed = |source| Error::CannotListen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let authority = redirect.authority(port);
        let uri = format!("http://{authority}{}", redirect.path());
        let expected = Expected { authority, path: redirect.path().to_owned() };
        Ok(Callback { listener, expected, uri })
    }

    /// Where the browser brings the answer.
    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// Waits for the answer. Browsers open connections that they do not use, and ask for icons:
    /// connections are served side by side, and other requests answered with 404.
    pub(super) async fn answer(self) -> Result<Parameters, Error> {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => {
                    // A connection that broke before it was taken up is none.
                    if let Ok((stream, _)) = accepted {
                        let expected = self.expected.clone();
                        let served = async move { serve(stream, &expected).await };
                        connections.spawn(tokio::time::timeout(CONNECTION, served));
                    }
                }
                Some(served) = connections.join_next() => {
                    if let Ok(Ok(Some(parameters))) = served {
                        return Ok(parameters);
                    }
                }
            }
        }
    }
}

#[derive(Clone)]
struct Expected {
    authority: String,
    path: String,
}

/// Reads one request and answers it. `Some` for the answer that is waited for.
async fn serve(mut stream: TcpStream, expected: &Expected) -> Option<Parameters> {
    let mut head = Vec::with_capacity(1024);
    let mut chunk = [0; 1024];
    let end = loop {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&chunk[..read]);
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if head.len() > HEAD_BYTES {
            respond(&mut stream, "431 Request Header Fields Too Large", "").await;
            return None;
        }
    };
    match expected.parameters(&head[..end]) {
        Some(parameters) => {
            respond(&mut stream, "200 OK", PAGE).await;
            Some(parameters)
        }
        None => {
            respond(&mut stream, "404 Not Found", "").await;
            None
        }
    }
}

impl Expected {
    /// The parameters of a request for the path that is waited for, by the name that the issuer
    /// knows: a name that somebody made point here is another.
    fn parameters(&self, head: &[u8]) -> Option<Parameters> {
        let head = std::str::from_utf8(head).ok()?;
        let mut lines = head.split("\r\n");
        let request: Vec<&str> = lines.next()?.split(' ').collect();
        let ["GET", target, "HTTP/1.1" | "HTTP/1.0"] = request[..] else { return None };
        let mut hosts = lines
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case("host"));
        let (Some((_, host)), None) = (hosts.next(), hosts.next()) else { return None };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != self.path || !host.trim().eq_ignore_ascii_case(&self.authority) {
            return None;
        }
        Parameters::read(query)
    }
}

impl Parameters {
    /// `None` for one that is there twice (RFC 6749 section 3.1), and for a query that is no answer.
    fn read(query: &str) -> Option<Self> {
        let mut read = Parameters::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            let before = match name.as_ref() {
                "code" => read.code.replace(SecretText::new(value)).map(|_| ()),
                "state" => read.state.replace(value).map(|_| ()),
                "error" => read.error.replace(value).map(|_| ()),
                "error_description" => read.description.replace(value).map(|_| ()),
                "iss" => read.issuer.replace(value).map(|_| ()),
                _ => None,
            };
            if before.is_some() {
                return None;
            }
        }
        (read.code.is_some() || read.error.is_some()).then_some(read)
    }
}

async fn respond(stream: &mut TcpStream, status: &str, page: &str) {
    let length = page.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{HEADERS}\r\n{page}");
    // Whoever does not stay for the answer has brought theirs.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Nothing is loaded, kept, or told to anyone: the address has the code in it.
const HEADERS: &str = "content-type: text/html; charset=utf-8\r\n\
                       cache-control: no-store\r\n\
                       content-security-policy: default-src 'none'\r\n\
                       referrer-policy: no-referrer\r\n\
                       x-content-type-options: nosniff\r\n\
                       connection: close\r\n";

const PAGE: &str = "<!doctype html>\n<html lang=\"en\"><title>chainsign</title>\n\
                    <p>chainsign has the answer. Go back to the terminal; this page can be closed.</p></html>\n";

/// Codes of a few KiB have been seen, and browsers send some headers along.
const HEAD_BYTES: usize = 32 << 10;

/// More than a browser opens.
const CONNECTIONS: usize = 32;

/// For one of them, from its first byte to the last of its answer.
const CONNECTION: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(head: &str) -> Option<Parameters> {
        let expected = Expected { authority: "127.0.0.1:7".to_owned(), path: "/cb".to_owned() };
        expected.parameters(head.as_bytes())
    }

    #[test]
    fn the_answer_is_told_from_everything_else() {
        let found = parameters(
            "GET /cb?code=a%2Fb&state=s&iss=https%3A%2F%2Fi&x=1 HTTP/1.1\r\nA: b\r\nHOST: 127.0.0.1:7",
        );
        let found = found.unwrap();
        assert_eq!(found.code.as_ref().map(SecretText::expose), Some("a/b"));
        assert_eq!(
            (found.state.as_deref(), found.issuer.as_deref()),
            (Some("s"), Some("https://i"))
        );
        let host = "\r\nHost: 127.0.0.1:7";
        let refused = parameters(&format!("GET /cb?error=e&error_description=d HTTP/1.0{host}"));
        assert_eq!(refused.unwrap().error.as_deref(), Some("e"));
        let mut taken = Vec::new();
        for head in [
            String::new(),
            "GET".to_owned(),
            "GET /cb?code=a HTTP/1.1".to_owned(),
            "GET /cb?code=a HTTP/1.1\r\nHost: evil.test:7".to_owned(),
            "GET /cb?code=a HTTP/1.1\r\nHost: localhost:7".to_owned(),
            format!("GET /cb?code=a HTTP/1.1{host}{host}"),
            format!("POST /cb?code=a HTTP/1.1{host}"),
            format!("GET /other?code=a HTTP/1.1{host}"),
            format!("GET /cb/?code=a HTTP/1.1{host}"),
            format!("GET /cb HTTP/1.1{host}"),
            format!("GET /cb?state=s HTTP/1.1{host}"),
            format!("GET /cb?code=a&code=b HTTP/1.1{host}"),
            format!("GET /cb?code=a&state=b&state=b HTTP/1.1{host}"),
            format!("GET /cb?code=a HTTP/2{host}"),
            format!("GET  /cb?code=a HTTP/1.1{host}"),
            format!("GET http://127.0.0.1:7/cb?code=a HTTP/1.1{host}"),
        ] {
            if parameters(&head).is_some() {
                taken.push(head);
            }
        }
        assert!(taken.is_empty(), "{taken:#?}");
    }
}
