use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::{Error, Listen};

/// Open sockets, and how clients name them.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) sockets: Vec<TcpListener>,
    pub(crate) host: String,
    /// `http://HOST:PORT`
    pub(crate) url: String,
}

/// Listens where the options say.
pub(crate) async fn listen(listen: Listen, port: u16) -> Result<Listeners, Error> {
    let (sockets, host) = match listen {
        Listen::Localhost => (localhost(port).await?, "localhost".to_owned()),
        Listen::Address(address) if !address.is_loopback() => {
            return Err(Error::NotLoopback { address });
        }
        Listen::DangerousAddress(address) if address.is_unspecified() => {
            return Err(Error::Unspecified { address });
        }
        Listen::Address(address) | Listen::DangerousAddress(address) => {
            let host = match address {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            };
            let address = SocketAddr::new(address, port);
            (vec![bind(address).await.map_err(|source| Error::Listen { address, source })?], host)
        }
    };
    let bound = sockets.first().and_then(|socket| socket.local_addr().ok());
    let port = bound.map_or(port, |address| address.port());
    let url = format!("http://{host}:{port}");
    let host = host.trim_matches(['[', ']']).to_owned();
    Ok(Listeners { sockets, host, url })
}

/// `127.0.0.1` and `::1` with the same port: some systems resolve `localhost` to one first, some
/// to the other. A machine without IPv6 gets the first alone.
async fn localhost(port: u16) -> Result<Vec<TcpListener>, Error> {
    let attempts = if port == 0 { PORT_ATTEMPTS } else { 1 };
    let mut taken = None;
    for _ in 0..attempts {
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let v4 = bind(address).await.map_err(|source| Error::Listen { address, source })?;
        let given = v4.local_addr().map_or(port, |address| address.port());
        let address = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), given);
        match bind(address).await {
            Ok(v6) => return Ok(vec![v4, v6]),
            Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                taken = Some(Error::Listen { address, source });
            }
            Err(_) => return Ok(vec![v4]),
        }
    }
    let address = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port);
    Err(taken.unwrap_or(Error::Listen { address, source: io::ErrorKind::AddrInUse.into() }))
}

async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// How often a free port of one family may be taken in the other.
const PORT_ATTEMPTS: usize = 16;
