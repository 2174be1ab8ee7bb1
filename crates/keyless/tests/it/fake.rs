//! All services on one loopback port. Honest answers are made without any code of the crate under
//! test, and each test may change them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::str::FromStr as _;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::encoding::pem_encode;
use chainsign_core::material::SignedMaterial;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::{Service, ServiceSelection, ValidFor};
use chainsign_core::verifier::BundleVerifier;
use chainsign_keyless::identity::{SecretText, TokenSource};
use chainsign_keyless::{Clock, Options, Services, Session, UnverifiedBundle};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{EncapsulatedContentInfo, SignedData, SignerInfos};
use der::asn1::{GeneralizedTime, Int, ObjectIdentifier, SetOfVec, UtcTime};
use der::{Any, Decode as _, Encode as _, Tag};
use jiff::Timestamp;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use serde_json::{Value, json};
use x509_cert::builder::{Builder as _, CertificateBuilder, Profile};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};
use x509_tsp::{TimeStampReq, TimeStampResp, TspVersion, TstInfo};

pub(crate) const NOW: i64 = 1_795_262_400;
pub(crate) const EMAIL: &str = "dev@sandbox.invalid";
pub(crate) const ISSUER: &str = "https://issuer.test";

/// Which service a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum To {
    Fulcio,
    Rekor1,
    /// Reading an entry of Rekor v1.
    Rekor1Entry,
    Rekor2,
    Tsa,
    Github,
    Buildkite,
    Google,
    /// What it says of itself as an OIDC issuer.
    Discovery,
    Device,
    Grant,
    Elsewhere,
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) to: To,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// The address that it was sent to.
    pub(crate) fn own_url(&self) -> String {
        format!("http://{}", self.headers["host"].to_str().unwrap())
    }

    /// The fields of a form.
    pub(crate) fn form(&self) -> HashMap<String, String> {
        let pairs = std::str::from_utf8(&self.body).unwrap().split('&');
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What is answered.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
}

impl Answer {
    pub(crate) fn status(status: u16, body: &str) -> Self {
        Answer { status, headers: Vec::new(), body: body.into(), delay: Duration::ZERO }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn json(value: &Value) -> Self {
        Answer::status(200, &value.to_string())
    }

    /// The body as JSON, changed.
    pub(crate) fn changed(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut value = serde_json::from_slice(&self.body).unwrap();
        change(&mut value);
        self.body = value.to_string().into_bytes();
        self
    }
}

/// Changes an honest answer; the number counts the requests to that service from 0.
pub(crate) type Fault = dyn Fn(&Seen, usize, Answer) -> Answer + Send + Sync;

pub(crate) struct Fake {
    pub(crate) url: String,
    state: Arc<State>,
    server: tokio::task::JoinHandle<()>,
}

struct State {
    fault: Box<Fault>,
    seen: Mutex<Vec<Seen>>,
    counts: Mutex<HashMap<To, usize>>,
    running: AtomicUsize,
    most_running: AtomicUsize,
    entries: Mutex<Vec<Value>>,
    clock: AtomicI64,
}

impl Fake {
    pub(crate) async fn honest() -> Self {
        Self::start(|_, _, answer| answer).await
    }

    /// Answers the first request to a service with something else.
    pub(crate) async fn first(
        to: To,
        fault: impl Fn(Answer) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |seen, nth, answer| match (seen.to == to, nth) {
            (true, 0) => fault(answer),
            _ => answer,
        })
        .await
    }

    /// Answers every request to a service with something else.
    pub(crate) async fn always(
        to: To,
        fault: impl Fn(Answer) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |seen, _, answer| if seen.to == to { fault(answer) } else { answer }).await
    }

    pub(crate) async fn start(
        fault: impl Fn(&Seen, usize, Answer) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            fault: Box::new(fault),
            seen: Mutex::default(),
            counts: Mutex::default(),
            running: AtomicUsize::new(0),
            most_running: AtomicUsize::new(0),
            entries: Mutex::default(),
            clock: AtomicI64::new(NOW),
        });
        let handler = Arc::clone(&state);
        let router = Router::new().fallback(move |request| {
            let state = Arc::clone(&handler);
            async move { Ok::<_, Infallible>(state.handle(request).await) }
        });
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Fake { url, state, server }
    }

    pub(crate) fn seen(&self, to: To) -> Vec<Seen> {
        let seen = self.state.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.to == to).cloned().collect()
    }

    pub(crate) fn all_seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// The most requests to Rekor that ran at the same time.
    pub(crate) fn most_running(&self) -> usize {
        self.state.most_running.load(Ordering::SeqCst)
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.state.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.state.now()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        let state = Arc::clone(&self.state);
        Arc::new(move || state.now())
    }

    /// This server for everything, with a log of the given version.
    pub(crate) fn selection(&self, log_version: u32) -> ServiceSelection {
        let service = |url: String, major_api_version| Service {
            url,
            major_api_version,
            valid_for: ValidFor { start: Timestamp::UNIX_EPOCH, end: None },
            operator: "test".to_owned(),
        };
        ServiceSelection {
            certificate_authority: Some(service(self.url.clone(), 1)),
            oidc_issuer: None,
            transparency_logs: vec![service(self.url.clone(), log_version)],
            timestamp_authorities: vec![service(format!("{}/api/v1/timestamp", self.url), 1)],
        }
    }

    pub(crate) fn options() -> Options {
        let mut options = Options::default();
        options.retry.attempts = 3;
        options.retry.pause = Duration::from_millis(2);
        options.retry.longest_pause = Duration::from_secs(5);
        options
    }

    pub(crate) fn services(&self) -> Services {
        self.services_with(1, Self::options())
    }

    pub(crate) fn services_with(&self, log_version: u32, options: Options) -> Services {
        Services::new(self.selection(log_version), options, self.clock()).unwrap()
    }

    pub(crate) fn session(&self) -> Session {
        Session::keyless(self.services(), given(&token()))
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) fn given(token: &str) -> TokenSource {
    TokenSource::Given(SecretText::new(token))
}

/// A token for [`EMAIL`] that is good for hours.
pub(crate) fn token() -> String {
    token_of(&json!({
        "iss": ISSUER, "sub": "subject", "aud": "sigstore", "exp": NOW + 36_000,
        "email": EMAIL, "email_verified": true,
    }))
}

pub(crate) fn token_of(claims: &Value) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.{}",
        part(r#"{"alg":"RS256"}"#),
        part(&claims.to_string()),
        part("signature-that-is-a-secret")
    )
}

/// services.md 2.1.
fn discovery(url: &str) -> Answer {
    Answer::json(&json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/auth"),
        "token_endpoint": format!("{url}/grant"),
        "device_authorization_endpoint": format!("{url}/device"),
        "code_challenge_methods_supported": ["plain", "S256"],
    }))
}

/// RFC 8628 section 3.2.
fn device(url: &str) -> Answer {
    Answer::json(&json!({
        "device_code": "device-secret",
        "user_code": "WDJB-MJHT",
        "verification_uri": format!("{url}/device"),
        "expires_in": 1800,
        "interval": 1,
    }))
}

/// A token of this server's own, for [`EMAIL`].
pub(crate) fn login_token(issuer: &str) -> String {
    token_of(&json!({
        "iss": issuer, "sub": "subject", "aud": "sigstore", "exp": NOW + 60,
        "email": EMAIL, "email_verified": true,
    }))
}

pub(crate) fn digest() -> ArtifactDigest {
    ArtifactDigest::sha256(b"artifact")
}

/// Takes a bundle's bytes out with a verifier that believes everything.
pub(crate) fn open(bundle: UnverifiedBundle) -> (SignedMaterial, Vec<u8>) {
    struct Credulous;
    impl BundleVerifier for Credulous {
        type Verified = SignedMaterial;
        type Refusal = std::io::Error;
        fn verify(
            &self,
            material: &SignedMaterial,
            _: Artifact<'_>,
            _: &Requirements,
            _: Timestamp,
        ) -> Result<SignedMaterial, std::io::Error> {
            Ok(material.clone())
        }
    }
    let digests = ArtifactDigests::from(digest());
    let requirements = Requirements::keyless(SignerRequirement::AnyIdentity);
    bundle.release(&Credulous, Artifact::Digests(&digests), &requirements, Timestamp::MAX).unwrap()
}

impl State {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.clock.load(Ordering::SeqCst)).unwrap()
    }

    async fn handle(&self, request: Request<Body>) -> Response {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
        let path = parts.uri.to_string();
        let to = match (parts.method.as_str(), path.as_str()) {
            ("POST", "/api/v2/signingCert") => To::Fulcio,
            ("POST", "/api/v1/log/entries") => To::Rekor1,
            ("GET", path) if path.starts_with("/api/v1/log/entries/") => To::Rekor1Entry,
            ("POST", "/api/v2/log/entries") => To::Rekor2,
            ("POST", "/api/v1/timestamp") => To::Tsa,
            ("GET", path) if path.starts_with("/github") => To::Github,
            ("POST", path) if path.starts_with("/v3/jobs/") => To::Buildkite,
            ("GET", path) if path.starts_with("/computeMetadata/") => To::Google,
            ("GET", "/.well-known/openid-configuration") => To::Discovery,
            ("POST", "/device") => To::Device,
            ("POST", "/grant") => To::Grant,
            _ => To::Elsewhere,
        };
        let seen = Seen { to, path, headers: parts.headers, body };
        let nth = {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry(to).or_default();
            *count += 1;
            *count - 1
        };
        self.seen.lock().unwrap().push(seen.clone());
        let honest = match to {
            To::Fulcio => self.certificate(&seen.json()),
            To::Rekor1 => self.rekor1(&seen.json()),
            To::Rekor1Entry => self.rekor1_entry(&seen.path),
            To::Rekor2 => self.rekor2(&seen.json()),
            To::Tsa => timestamp(&seen.body),
            To::Github => Answer::json(&json!({ "count": 1, "value": token() })),
            To::Buildkite => Answer::json(&json!({ "token": token() })),
            To::Google => Answer::status(200, &token()),
            To::Discovery => discovery(&seen.own_url()),
            To::Device => device(&seen.own_url()),
            To::Grant => Answer::json(&json!({ "id_token": login_token(&seen.own_url()) })),
            To::Elsewhere => Answer::status(404, ""),
        };
        let answer = (self.fault)(&seen, nth, honest);
        let logs = matches!(to, To::Rekor1 | To::Rekor2);
        if logs {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_running.fetch_max(running, Ordering::SeqCst);
        }
        tokio::time::sleep(answer.delay).await;
        if logs {
            self.running.fetch_sub(1, Ordering::SeqCst);
        }
        let mut response = Response::new(Body::from(answer.body));
        *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
        for (name, value) in answer.headers {
            response.headers_mut().append(name, HeaderValue::from_str(&value).unwrap());
        }
        response
    }

    /// services.md 3.1: proof of possession over the e-mail address, token in the body.
    fn certificate(&self, request: &Value) -> Answer {
        assert_eq!(request["credentials"]["oidcIdentityToken"], token());
        let key = &request["publicKeyRequest"]["publicKey"];
        assert_eq!(key["algorithm"], "ECDSA");
        let pem = key["content"].as_str().unwrap();
        assert!(!pem.contains('\r') && pem.ends_with("-----END PUBLIC KEY-----\n"), "{pem:?}");
        let key = VerifyingKey::from_public_key_pem(pem).unwrap();
        let proof = request["publicKeyRequest"]["proofOfPossession"].as_str().unwrap();
        let proof = DerSignature::from_bytes(&STANDARD.decode(proof).unwrap()).unwrap();
        key.verify(EMAIL.as_bytes(), &proof).unwrap();
        certificate_for(&key)
    }

    /// services.md 5.1.
    fn rekor1(&self, request: &Value) -> Answer {
        let stored = match request["kind"].as_str().unwrap() {
            "hashedrekord" => request.clone(),
            "dsse" => {
                let proposed = &request["spec"]["proposedContent"];
                let text = proposed["envelope"].as_str().unwrap();
                let envelope: Value = serde_json::from_str(text).unwrap();
                let payload = STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
                let hash = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": ArtifactDigest::sha256(bytes).hex() });
                json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": {
                    "envelopeHash": hash(text.as_bytes()),
                    "payloadHash": hash(&payload),
                    "signatures": [{
                        "signature": envelope["signatures"][0]["sig"],
                        "verifier": proposed["verifiers"][0],
                    }],
                } })
            }
            other => panic!("{other}"),
        };
        let mut entries = self.entries.lock().unwrap();
        entries.push(stored);
        let id = format!("{:0>80x}", entries.len() - 1);
        let mut answer = entry1(&id, entries.len() - 1, entries.last().unwrap());
        answer.status = 201;
        answer.with_header("etag", id.clone())
    }

    fn rekor1_entry(&self, path: &str) -> Answer {
        let id = path.rsplit('/').next().unwrap();
        let index = usize::from_str_radix(id, 16).unwrap();
        match self.entries.lock().unwrap().get(index) {
            Some(stored) => entry1(id, index, stored),
            None => Answer::status(404, ""),
        }
    }

    /// services.md 6.1.
    fn rekor2(&self, request: &Value) -> Answer {
        let request = &request["hashedRekordRequestV002"];
        let details = request["signature"]["verifier"]["keyDetails"].as_str().unwrap();
        let algorithm = if details.ends_with("SHA_384") { "SHA2_384" } else { "SHA2_256" };
        let stored = json!({ "apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {
            "hashedRekordV002": {
                "data": { "algorithm": algorithm, "digest": request["digest"] },
                "signature": request["signature"],
            },
        } });
        let mut entries = self.entries.lock().unwrap();
        entries.push(stored.clone());
        let index = (entries.len() - 1).to_string();
        let mut answer = Answer::json(&json!({
            "logIndex": index, "logId": { "keyId": STANDARD.encode([9; 32]) },
            "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
            "integratedTime": "0", "inclusionPromise": null,
            "inclusionProof": {
                "logIndex": index, "rootHash": STANDARD.encode([1; 32]),
                "treeSize": entries.len().to_string(), "hashes": [STANDARD.encode([2; 32])],
                "checkpoint": { "envelope": "checkpoint\n" },
            },
            "canonicalizedBody": STANDARD.encode(stored.to_string()),
        }));
        answer.status = 201;
        answer
    }
}

/// What an authority answers that certifies the key.
pub(crate) fn certificate_for(key: &VerifyingKey) -> Answer {
    let pem = pem_encode("CERTIFICATE", &certificate(key));
    let other = pem_encode("CERTIFICATE", &[0]);
    Answer::json(&json!({ "signedCertificateEmbeddedSct": { "chain": { "certificates":
        [pem.trim(), other.trim()] } } }))
}

/// A certificate of ten minutes for the key.
pub(crate) fn certificate(key: &VerifyingKey) -> Vec<u8> {
    let authority = SigningKey::from_slice(&[7; 32]).unwrap();
    let spki = key.to_public_key_der().unwrap();
    let at = |seconds: i64| {
        let since = Duration::from_secs(u64::try_from(seconds).unwrap());
        Time::from(UtcTime::from_unix_duration(since).unwrap())
    };
    let certificate = CertificateBuilder::new(
        Profile::Leaf {
            issuer: Name::from_str("CN=test").unwrap(),
            enable_key_agreement: false,
            enable_key_encipherment: false,
        },
        SerialNumber::from(1_u32),
        Validity { not_before: at(NOW), not_after: at(NOW + 600) },
        Name::default(),
        SubjectPublicKeyInfoOwned::from_der(spki.as_bytes()).unwrap(),
        &authority,
    );
    certificate.unwrap().build::<DerSignature>().unwrap().to_der().unwrap()
}

fn entry1(id: &str, index: usize, stored: &Value) -> Answer {
    Answer::json(&json!({ id: {
        "body": STANDARD.encode(stored.to_string()), "integratedTime": NOW,
        "logID": "09".repeat(32), "logIndex": index + 1000,
        "verification": {
            "inclusionProof": {
                "checkpoint": "checkpoint\n", "hashes": ["02".repeat(32)], "logIndex": index,
                "rootHash": "01".repeat(32), "treeSize": index + 1,
            },
            "signedEntryTimestamp": STANDARD.encode("set"),
        },
    } }))
}

fn timestamp(query: &[u8]) -> Answer {
    let query = TimeStampReq::from_der(query).unwrap();
    assert!(query.cert_req);
    let mut answer = Answer::status(201, "");
    answer.body = stamp(TstInfo {
        version: TspVersion::V1,
        policy: ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2"),
        message_imprint: query.message_imprint,
        serial_number: Int::new(&[1]).unwrap(),
        gen_time: GeneralizedTime::from_unix_duration(Duration::from_secs(1_795_262_400)).unwrap(),
        accuracy: None,
        ordering: false,
        nonce: query.nonce,
        tsa: None,
        extensions: None,
    });
    answer
}

/// A response around the info, granted, without any signature.
pub(crate) fn stamp(info: TstInfo) -> Vec<u8> {
    let content = Any::new(Tag::OctetString, info.to_der().unwrap()).unwrap();
    let signed = SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::new(),
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4"),
            econtent: Some(content),
        },
        certificates: None,
        crls: None,
        signer_infos: SignerInfos(SetOfVec::new()),
    };
    let token = ContentInfo {
        content_type: ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2"),
        content: Any::encode_from(&signed).unwrap(),
    };
    // TimeStampResp ::= SEQUENCE { status SEQUENCE { INTEGER 0 }, timeStampToken }
    let mut response = vec![0x30, 0x03, 0x02, 0x01, 0x00];
    response.extend(token.to_der().unwrap());
    Any::new(Tag::Sequence, response).unwrap().to_der().unwrap()
}

/// The info of a response that [`stamp`] made.
pub(crate) fn stamped(response: &[u8]) -> TstInfo {
    let token = TimeStampResp::from_der(response).unwrap().time_stamp_token.unwrap();
    let signed: SignedData = token.content.decode_as().unwrap();
    TstInfo::from_der(signed.encap_content_info.econtent.unwrap().value()).unwrap()
}

pub(crate) fn parse_bundle(bytes: &[u8]) -> SignedMaterial {
    chainsign_core::formats::bundle::parse(bytes, &chainsign_core::Limits::default()).unwrap()
}
