//! TLS: who is believed to be the registry, and whom the registry believes.

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chainsign_core::encoding::pem_encode;
use chainsign_registry::{
    ClientCertificate, Credentials, Error, PlainHttp, Registry, Secret, ServerCertificate, Tls,
};
use chainsign_sandbox::ReferrersApi;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use x509_cert::builder::{Builder as _, CertificateBuilder, Profile};
use x509_cert::der::asn1::{Ia5String, OctetString, UtcTime};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

use crate::front::{Answer, Front, impatient, sandbox, told};
use crate::image::Repository;

/// An authority, and certificates by it.
struct Authority {
    key: SigningKey,
    name: String,
}

struct Issued {
    certificate: Vec<u8>,
    key: SigningKey,
}

impl Authority {
    fn new(seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        Authority { key, name: format!("CN=authority {seed}") }
    }

    fn certificate(&self) -> Vec<u8> {
        self.build(Profile::Root, &self.name, &self.key, None)
    }

    fn pem(&self) -> Vec<u8> {
        pem_encode("CERTIFICATE", &self.certificate()).into_bytes()
    }

    fn issue(&self, name: GeneralName) -> Issued {
        let key = SigningKey::from_slice(&[99; 32]).unwrap();
        let profile = Profile::Leaf {
            issuer: Name::from_str(&self.name).unwrap(),
            enable_key_agreement: false,
            enable_key_encipherment: false,
        };
        Issued { certificate: self.build(profile, "CN=leaf", &key, Some(name)), key }
    }

    fn build(
        &self,
        profile: Profile,
        subject: &str,
        key: &SigningKey,
        name: Option<GeneralName>,
    ) -> Vec<u8> {
        let year = 365 * 24 * 3600;
        let at = |years: u64| UtcTime::from_unix_duration(Duration::from_secs(years * year));
        let spki = key.verifying_key().to_public_key_der().unwrap();
        let mut builder = CertificateBuilder::new(
            profile,
            SerialNumber::from(1_u32),
            Validity {
                not_before: Time::from(at(30).unwrap()),
                not_after: Time::from(at(79).unwrap()),
            },
            Name::from_str(subject).unwrap(),
            SubjectPublicKeyInfoOwned::from_der(spki.as_bytes()).unwrap(),
            &self.key,
        )
        .unwrap();
        if let Some(name) = name {
            builder.add_extension(&SubjectAltName(vec![name])).unwrap();
        }
        builder.build::<DerSignature>().unwrap().to_der().unwrap()
    }
}

impl Issued {
    fn key(&self) -> Vec<u8> {
        self.key.to_pkcs8_der().unwrap().as_bytes().to_vec()
    }

    fn client(&self) -> ClientCertificate {
        ClientCertificate {
            chain: pem_encode("CERTIFICATE", &self.certificate).into_bytes(),
            key: pem_encode("PRIVATE KEY", &self.key()).into_bytes().into(),
        }
    }
}

fn loopback() -> GeneralName {
    GeneralName::IpAddress(OctetString::new([127, 0, 0, 1]).unwrap())
}

fn named(name: &str) -> GeneralName {
    GeneralName::DnsName(Ia5String::new(name).unwrap())
}

/// An address with TLS, and how often somebody connected to it.
struct Guarded {
    host: String,
    connections: Arc<AtomicUsize>,
}

/// TLS in front of a plain address, with a certificate; with `clients`, only for those it issued.
async fn tls(before: &str, issued: &Issued, clients: Option<&Authority>) -> Guarded {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from(authority.certificate())).unwrap();
            let provider = Arc::new(default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = vec![CertificateDer::from(issued.certificate.clone())];
    let key = PrivateKeyDer::try_from(issued.key()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("127.0.0.1:{}", socket.local_addr().unwrap().port());
    let before = before.to_owned();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((connection, _)) = socket.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let (acceptor, before) = (acceptor.clone(), before.clone());
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(connection).await else { return };
                let mut inside = TcpStream::connect(before).await.unwrap();
                // Either side may hang up.
                let _ = copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    Guarded { host, connections }
}

async fn outcome(host: &str, tls: Tls) -> Result<(), Error> {
    let mut options = impatient();
    options.tls = tls;
    let registry = Registry::new(options)?;
    registry.resolve(&format!("{host}/app:v1").parse().unwrap()).await.map(drop)
}

/// A certificate that is not believed is that, at once, and nothing is sent without TLS instead.
#[track_caller]
fn is_refused(outcome: Result<(), Error>, reason: &str) {
    let error = outcome.unwrap_err();
    let text = told(&error);
    assert!(matches!(error, Error::Untrusted { .. }), "{text}");
    assert!(text.contains(reason), "{text}");
}

#[tokio::test]
async fn who_is_believed_to_be_the_registry() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let plain = Front::of(&sandbox).await;
    let (authority, other) = (Authority::new(1), Authority::new(2));
    let ours = tls(&plain.host, &authority.issue(loopback()), None).await.host;
    let elsewhere = tls(&plain.host, &authority.issue(named("registry.test")), None).await.host;
    let believes = |authority: &Authority, server: ServerCertificate| Tls {
        authorities: authority.pem(),
        client: None,
        server,
    };
    let registry_test = || ServerCertificate::ValidFor("registry.test".to_owned());
    outcome(&ours, believes(&authority, ServerCertificate::Valid)).await.unwrap();
    outcome(&elsewhere, believes(&authority, registry_test())).await.unwrap();
    let any = Tls { server: ServerCertificate::DangerousAny, ..Tls::default() };
    outcome(&elsewhere, any).await.unwrap();
    plain.heard();
    let unknown = "UnknownIssuer";
    is_refused(outcome(&ours, believes(&other, ServerCertificate::Valid)).await, unknown);
    is_refused(outcome(&elsewhere, believes(&other, registry_test())).await, unknown);
    let name = "not valid for name";
    is_refused(outcome(&elsewhere, believes(&authority, ServerCertificate::Valid)).await, name);
    is_refused(outcome(&ours, believes(&authority, registry_test())).await, name);
    assert!(plain.heard().is_empty());
}

/// Another attempt would meet the same certificate.
#[tokio::test]
async fn a_certificate_that_is_not_believed_is_met_once() {
    let plain = Front::alone().await;
    let (authority, other) = (Authority::new(1), Authority::new(2));
    let ours = tls(&plain.host, &authority.issue(loopback()), None).await;
    let tls = Tls { authorities: other.pem(), ..Tls::default() };
    is_refused(outcome(&ours.host, tls).await, "UnknownIssuer");
    // With TLS, and, as it is on loopback, once to see whether it speaks http.
    assert_eq!(ours.connections.load(Ordering::SeqCst), 2);
    assert!(plain.heard().is_empty());
}

#[tokio::test]
async fn whom_the_registry_believes() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let host = sandbox.url().trim_start_matches("http://");
    let (authority, clients) = (Authority::new(1), Authority::new(2));
    let guarded = tls(host, &authority.issue(loopback()), Some(&clients)).await.host;
    let with = |client: Option<ClientCertificate>, server: ServerCertificate| Tls {
        authorities: authority.pem(),
        client,
        server,
    };
    let known = || Some(clients.issue(named("client.test")).client());
    for server in [ServerCertificate::Valid, ServerCertificate::ValidFor("127.0.0.1".to_owned())] {
        outcome(&guarded, with(known(), server.clone())).await.unwrap();
        let error = outcome(&guarded, with(None, server.clone())).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { attempts: 2, .. }), "{}", told(&error));
        let other = Some(authority.issue(named("client.test")).client());
        let error = outcome(&guarded, with(other, server)).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { attempts: 2, .. }), "{}", told(&error));
    }
}

/// With TLS and basic authentication; a realm for tokens without TLS gets nothing.
#[tokio::test]
async fn credentials_go_over_tls_only() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let (plain, tokens) = (Front::of(&sandbox).await, Front::alone().await);
    let authority = Authority::new(1);
    let host = tls(&plain.host, &authority.issue(loopback()), None).await.host;
    let mut options = impatient();
    options.tls.authorities = authority.pem();
    options.plain_http = PlainHttp::DangerousAnywhere;
    let password = Secret::new("secret".to_owned());
    options.credentials = Credentials::Basic { username: "dev".to_owned(), password };
    let reference = format!("{host}/app:v1").parse().unwrap();
    plain.plays(|heard| {
        let known = heard.authorization() == Some("Basic ZGV2OnNlY3JldA==");
        (!known).then(|| Answer::new(401).header("www-authenticate", "Basic realm=\"x\""))
    });
    Registry::new(options.clone()).unwrap().resolve(&reference).await.unwrap();

    let challenge = format!("Bearer realm=\"http://{}/token\"", tokens.host);
    plain.plays(move |_| Some(Answer::new(401).header("www-authenticate", challenge.clone())));
    let error = Registry::new(options.clone()).unwrap().resolve(&reference).await.unwrap_err();
    match error {
        Error::Realm { reason: chainsign_registry::AddressFault::NotEncrypted, .. } => {}
        other => panic!("{other}"),
    }
    let target = format!("http://{}/blob", tokens.host);
    plain.plays(move |_| Some(Answer::new(307).header("location", target.clone())));
    let error = Registry::new(options).unwrap().resolve(&reference).await.unwrap_err();
    match error {
        Error::Redirect { reason: chainsign_registry::AddressFault::NotEncrypted, .. } => {}
        other => panic!("{other}"),
    }
    assert!(tokens.heard().is_empty());
}

#[test]
fn certificates_that_are_none_are_named() {
    let none = |tls: Tls, wanted: &str| {
        let mut options = impatient();
        options.tls = tls;
        match Registry::new(options).unwrap_err() {
            Error::Certificate { what, .. } => assert_eq!(what, wanted),
            other => panic!("{other}"),
        }
    };
    let authorities = b"no certificate".to_vec();
    none(Tls { authorities, ..Tls::default() }, "the certificates of authorities");
    let client = ClientCertificate { chain: Vec::new(), key: Vec::new().into() };
    none(Tls { client: Some(client), ..Tls::default() }, "the client certificate");
    let server = ServerCertificate::ValidFor("no name".to_owned());
    none(Tls { server, ..Tls::default() }, "the name of the registry's certificate");
    // What is shown of it is not the key.
    let key = pem_encode("PRIVATE KEY", b"secret");
    let client = ClientCertificate { chain: Vec::new(), key: key.clone().into_bytes().into() };
    let shown = format!("{:?}", Tls { client: Some(client), ..Tls::default() });
    assert!(shown.contains("[redacted]") && !shown.contains("PRIVATE"), "{shown}");
}
