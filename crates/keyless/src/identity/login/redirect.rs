use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use url::{Host, Url};

use crate::error::Error;

/// Where a browser brings the answer of a login: a socket of this machine (RFC 8252 section 7.3).
///
/// The default is `http://127.0.0.1:0/auth/callback`. Port 0 is any free one. The host is the one
/// that the issuer is told: `localhost`, which some issuers insist on, is listened to at
/// `127.0.0.1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopbackRedirect {
    host: Host<String>,
    port: u16,
    path: String,
}

impl LoopbackRedirect {
    pub(super) fn address(&self) -> SocketAddr {
        let ip: IpAddr = match self.host {
            Host::Domain(_) => Ipv4Addr::LOCALHOST.into(),
            Host::Ipv4(ip) => ip.into(),
            Host::Ipv6(ip) => ip.into(),
        };
        SocketAddr::new(ip, self.port)
    }

    /// Host and port as a browser names them.
    pub(super) fn authority(&self, port: u16) -> String {
        match port {
            80 => self.host.to_string(),
            port => format!("{}:{port}", self.host),
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

impl Default for LoopbackRedirect {
    fn default() -> Self {
        let path = "/auth/callback".to_owned();
        LoopbackRedirect { host: Host::Ipv4(Ipv4Addr::LOCALHOST), port: 0, path }
    }
}

impl FromStr for LoopbackRedirect {
    type Err = Error;

    /// An `http` URL of a loopback address or of `localhost`, without user, query and fragment.
    ///
    /// # Errors
    /// [`Error::RedirectUrl`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::RedirectUrl { found: text.to_owned() };
        let url = Url::parse(text).map_err(|_| wrong())?;
        let plain = url.scheme() == "http"
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host().map(|host| host.to_owned()).ok_or_else(wrong)?;
        let loopback = match &host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        };
        if !plain || !loopback {
            return Err(wrong());
        }
        let port = url.port_or_known_default().ok_or_else(wrong)?;
        Ok(LoopbackRedirect { host, port, path: url.path().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine() {
        for (text, address, authority, path) in [
            ("http://localhost:0/auth/callback", "127.0.0.1:0", "localhost:7", "/auth/callback"),
            ("http://127.0.0.1:8000", "127.0.0.1:8000", "127.0.0.1:7", "/"),
            ("http://[::1]:1/a", "[::1]:1", "[::1]:7", "/a"),
            ("http://localhost/a", "127.0.0.1:80", "localhost:7", "/a"),
        ] {
            let redirect: LoopbackRedirect = text.parse().unwrap();
            assert_eq!(redirect.address().to_string(), address, "{text}");
            assert_eq!(redirect.authority(7), authority, "{text}");
            assert_eq!(redirect.path(), path, "{text}");
        }
        let default: LoopbackRedirect = "http://127.0.0.1:0/auth/callback".parse().unwrap();
        assert_eq!(default, LoopbackRedirect::default());
    }

    #[test]
    fn others_are_refused() {
        for text in [
            "",
            "urn:ietf:wg:oauth:2.0:oob",
            "https://localhost:1/a",
            "http://example.com/a",
            "http://localhost.example.com/a",
            "http://10.0.0.1/a",
            "http://0.0.0.0:1/a",
            "http://u@localhost/a",
            "http://localhost/a?b",
            "http://localhost/a#b",
        ] {
            let error = text.parse::<LoopbackRedirect>().unwrap_err();
            assert!(matches!(&error, Error::RedirectUrl { found } if found == text), "{error}");
        }
    }
}
