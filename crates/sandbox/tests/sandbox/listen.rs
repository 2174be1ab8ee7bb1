//! Where a sandbox listens.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};

use chainsign_sandbox::{Error, Listen, Options, Sandbox};

use crate::client::{at_fixed_time, get, trust_config};

async fn refusal(listen: Listen) -> Error {
    Sandbox::start(Options { listen, ..at_fixed_time() }).await.unwrap_err()
}

#[tokio::test]
async fn localhost_is_both_families_on_one_port() {
    let sandbox = Sandbox::start(at_fixed_time()).await.unwrap();
    let port: u16 = sandbox.url().strip_prefix("http://localhost:").unwrap().parse().unwrap();
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let machine_has_ipv6 = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    assert_eq!(TcpStream::connect((Ipv6Addr::LOCALHOST, port)).is_ok(), machine_has_ipv6);
    sandbox.stop().await;
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}

#[tokio::test]
async fn a_loopback_address_is_named_in_the_urls() {
    let listen = Listen::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let sandbox = Sandbox::start(Options { listen, ..at_fixed_time() }).await.unwrap();
    assert!(sandbox.url().starts_with("http://127.0.0.1:"), "{}", sandbox.url());
    assert_eq!(trust_config(&sandbox)["trustedRoot"]["tlogs"][0]["baseUrl"], sandbox.url());
    let checkpoint = get(&sandbox, "/checkpoint").await;
    assert_eq!(checkpoint.text().lines().next(), Some("127.0.0.1"));
}

#[tokio::test]
async fn other_machines_are_kept_out_unless_told() {
    for address in [
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    ] {
        let error = refusal(Listen::Address(address)).await;
        assert!(matches!(error, Error::NotLoopback { address: of } if of == address), "{error}");
    }
    let address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let error = refusal(Listen::DangerousAddress(address)).await;
    assert!(matches!(error, Error::Unspecified { address: of } if of == address), "{error}");
    // Nobody has this address (RFC 5737): the system refuses it, not the sandbox.
    let error = refusal(Listen::DangerousAddress(Ipv4Addr::new(192, 0, 2, 1).into())).await;
    assert!(matches!(error, Error::Listen { .. }), "{error}");
    let listen = Listen::DangerousAddress(IpAddr::V4(Ipv4Addr::LOCALHOST));
    Sandbox::start(Options { listen, ..at_fixed_time() }).await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    let error = Sandbox::start(Options { port, ..at_fixed_time() }).await.unwrap_err();
    let Error::Listen { address, source } = error else { panic!("{error}") };
    assert_eq!(address, (Ipv4Addr::LOCALHOST, port).into());
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn an_unfinished_request_does_not_keep_the_sandbox() {
    use tokio::io::AsyncWriteExt as _;
    let sandbox = Sandbox::start(at_fixed_time()).await.unwrap();
    let address = sandbox.url().strip_prefix("http://").unwrap();
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    connection.write_all(b"POST /token HTTP/1.1\r\nContent-Length: 9\r\n\r\n").await.unwrap();
    // The sandbox has read it once it answers another request.
    assert_eq!(get(&sandbox, "/healthz").await.status, 200);
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(20), sandbox.stop());
    stopped.await.unwrap();
}

#[tokio::test]
async fn dropping_a_sandbox_stops_it() {
    let sandbox = Sandbox::start(at_fixed_time()).await.unwrap();
    let port: u16 = sandbox.url().strip_prefix("http://localhost:").unwrap().parse().unwrap();
    assert_eq!(get(&sandbox, "/healthz").await.text(), "ok");
    drop(sandbox);
    for _ in 0..1000 {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it still listens");
}
