//! Logging in, at the sandbox's issuer with a browser that follows what it is told, and at an issuer
//! that lies.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chainsign_core::Limits;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::identity::Issuer;
use chainsign_core::trust::{ClientTrustConfig, ServiceKind};
use chainsign_keyless::identity::{
    Browsing, CodeFuture, DevicePrompt, IdentityToken, Login, LoginFlow, LoginRequest, Person,
    SecretText, TokenSource,
};
use chainsign_keyless::{Error, Options, Services, Session, ToSign};
use chainsign_sandbox::Sandbox;
use jiff::Timestamp;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use crate::fake::{Answer, EMAIL, Fake, To, login_token};

/// Whether an error is the one that a case wants.
type Wanted = fn(&Error) -> bool;

/// Somebody who does what a test says with the addresses that they are shown.
struct Scripted {
    browse: Box<dyn Fn(Url) -> Browsing + Send + Sync>,
    code: Box<dyn Fn(Url) -> CodeFuture<'static> + Send + Sync>,
    asked: AtomicUsize,
    prompts: Mutex<Vec<DevicePrompt>>,
}

impl Person for Scripted {
    fn browse(&self, address: &str) -> Browsing {
        self.asked.fetch_add(1, Ordering::SeqCst);
        (self.browse)(address.parse().unwrap())
    }

    fn code<'a>(&'a self, address: &'a str) -> CodeFuture<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        (self.code)(address.parse().unwrap())
    }

    fn device(&self, prompt: &DevicePrompt) {
        self.prompts.lock().unwrap().push(prompt.clone());
    }
}

impl Scripted {
    fn nobody() -> Self {
        Scripted {
            browse: Box::new(|address| panic!("was sent to {address}")),
            code: Box::new(|address| panic!("was sent to {address}")),
            asked: AtomicUsize::new(0),
            prompts: Mutex::default(),
        }
    }

    /// A browser that does this with the address.
    fn browsing<F: Future<Output = ()> + Send + 'static>(
        browser: impl Fn(Url) -> F + Send + Sync + 'static,
    ) -> Self {
        let browse = Box::new(move |address| {
            tokio::spawn(browser(address));
            Browsing::Begun
        });
        Scripted { browse, ..Self::nobody() }
    }

    /// Somebody who brings the code that the page shows, changed.
    fn copying(change: fn(String) -> String) -> Self {
        let code = Box::new(move |address: Url| -> CodeFuture<'static> {
            Box::pin(async move {
                let page = get(&address).await.text().await.unwrap();
                let (_, code) = page.split_once("<code>").unwrap();
                Ok(SecretText::new(change(code.split_once('<').unwrap().0.to_owned())))
            })
        });
        Scripted { code, ..Self::nobody() }
    }
}

/// A Sigstore with an issuer, and somebody who logs in there.
struct Setup {
    sandbox: Sandbox,
    services: Services,
    person: Arc<Scripted>,
    login: Login,
}

impl Setup {
    async fn new(person: Scripted, request: LoginRequest) -> Self {
        let sandbox = Sandbox::start(Default::default()).await.unwrap();
        let config = ClientTrustConfig::parse(sandbox.trust_config(), &Limits::default()).unwrap();
        let selection =
            config.signing_config.select(Services::LOG_VERSIONS, Timestamp::now()).unwrap();
        let services =
            Services::new(selection, Options::default(), Arc::new(Timestamp::now)).unwrap();
        let person = Arc::new(person);
        let login = Login::new(request, Arc::clone(&person) as Arc<dyn Person>);
        Setup { sandbox, services, person, login }
    }

    async fn browser<F: Future<Output = ()> + Send + 'static>(
        browser: impl Fn(Url) -> F + Send + Sync + 'static,
    ) -> Self {
        let deadline = Duration::from_secs(90);
        let request = LoginRequest { deadline, ..LoginRequest::default() };
        Self::new(Scripted::browsing(browser), request).await
    }

    fn source(&self) -> TokenSource {
        TokenSource::Login(self.login.clone())
    }

    async fn token(&self) -> Result<IdentityToken, Error> {
        self.source().token(&self.services).await
    }
}

async fn get(address: &Url) -> reqwest::Response {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.no_proxy().build().unwrap().get(address.clone()).send().await.unwrap()
}

/// Where the issuer sends the browser after the login.
async fn logged_in(address: &Url) -> Url {
    let answer = get(address).await;
    assert_eq!(answer.status(), 303, "{answer:?}");
    answer.headers()["location"].to_str().unwrap().parse().unwrap()
}

/// The address with another value of a parameter.
fn with(mut url: Url, name: &str, value: &str) -> Url {
    let pairs: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
    let mut query = url.query_pairs_mut();
    query.clear().extend_pairs(pairs.iter().filter(|(found, _)| found != name));
    query.append_pair(name, value).finish();
    drop(query);
    url
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(found, _)| found == name).unwrap().1.into_owned()
}

async fn follow(address: Url) {
    let page = get(&logged_in(&address).await).await;
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["cache-control"], "no-store");
    assert!(page.text().await.unwrap().contains("Go back to the terminal"));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_logs_in_once_and_signs() {
    let setup = Setup::browser(follow).await;
    let session = Session::keyless(setup.services.clone(), setup.source());
    session.expected().await.unwrap();
    session.sign(ToSign::Artifact(ArtifactDigest::sha256(b"artifact"))).await.unwrap();
    let token = setup.token().await.unwrap();
    assert_eq!(token.subject(), EMAIL);
    assert_eq!(token.issuer().0, setup.sandbox.issuer());
    assert_eq!(setup.person.asked.load(Ordering::SeqCst), 1);
    let shown = format!("{:?} {:?}", setup.login, setup.source());
    assert!(!shown.contains("eyJ"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_is_sent_where_the_protocol_says() {
    let address = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&address);
    let setup = Setup::browser(move |address| {
        *kept.lock().unwrap() = Some(address.clone());
        follow(address)
    })
    .await;
    setup.token().await.unwrap();
    let address = address.lock().unwrap().clone().unwrap();
    assert!(address.as_str().starts_with(&format!("{}/auth?", setup.sandbox.issuer())));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "sigstore"),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&address, name), value, "{name}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(parameter(&address, name).len(), 43, "{name}");
    }
    let redirect: Url = parameter(&address, "redirect_uri").parse().unwrap();
    assert_eq!((redirect.host_str(), redirect.path()), (Some("127.0.0.1"), "/auth/callback"));
}

/// What a browser brings that must not become a token, and the error for each.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_to_this_login_are_refused() {
    type Trick = fn(Url) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
    let cases: [(&str, Trick, Wanted); 8] = [
        (
            "another state",
            |address| {
                Box::pin(async move {
                    get(&with(logged_in(&address).await, "state", "another")).await;
                })
            },
            |error| matches!(error, Error::LoginState { .. }),
        ),
        (
            "an error to another login",
            |address| {
                Box::pin(async move {
                    let back: Url = parameter(&address, "redirect_uri").parse().unwrap();
                    get(&with(back, "error", "access_denied")).await;
                })
            },
            |error| matches!(error, Error::LoginState { .. }),
        ),
        (
            "a token of another login",
            |address| {
                Box::pin(async move {
                    get(&logged_in(&with(address, "nonce", "another")).await).await;
                })
            },
            |error| matches!(error, Error::TokenNonce),
        ),
        (
            "a code for another verifier",
            |address| {
                Box::pin(async move {
                    get(&logged_in(&with(address, "code_challenge", &"a".repeat(43))).await).await;
                })
            },
            |error| {
                matches!(error, Error::LoginRefused { error, description, .. }
                if error == "invalid_grant" && description == "the code_verifier does not fit the code_challenge")
            },
        ),
        (
            "a code that was used",
            |address| {
                Box::pin(async move {
                    let back = logged_in(&address).await;
                    let token = address.join("/token").unwrap();
                    let form = [
                        ("grant_type", "authorization_code".to_owned()),
                        ("code", parameter(&back, "code")),
                    ];
                    let client = reqwest::Client::builder().no_proxy().build().unwrap();
                    client.post(token).form(&form).send().await.unwrap();
                    get(&back).await;
                })
            },
            |error| {
                matches!(error, Error::LoginRefused { error, description, .. }
                if error == "invalid_grant" && description == "found an unknown or used code")
            },
        ),
        (
            "no",
            |address| {
                Box::pin(async move {
                    let back: Url = parameter(&address, "redirect_uri").parse().unwrap();
                    let back = with(back, "state", &parameter(&address, "state"));
                    get(&with(back, "error", "access_denied")).await;
                })
            },
            |error| matches!(error, Error::LoginDenied { .. }),
        ),
        (
            "an error",
            |address| {
                Box::pin(async move {
                    let back: Url = parameter(&address, "redirect_uri").parse().unwrap();
                    let back = with(back, "state", &parameter(&address, "state"));
                    let back = with(back, "error_description", "go\u{1b}[2J away");
                    get(&with(back, "error", "server_error")).await;
                })
            },
            |error| {
                matches!(error, Error::LoginRefused { error, description, .. }
                if error == "server_error" && description == "go [2J away")
            },
        ),
        (
            "the answer of another issuer",
            |address| {
                Box::pin(async move {
                    get(&with(logged_in(&address).await, "iss", "https://other.test")).await;
                })
            },
            |error| matches!(error, Error::OtherIssuer { found, .. } if found == "https://other.test"),
        ),
    ];
    let mut faults = Vec::new();
    for (what, trick, wanted) in cases {
        match Setup::browser(trick).await.token().await {
            Err(error) if wanted(&error) => {}
            other => faults.push(format!("{what}: {other:?}")),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Everything that can reach the socket before the browser does.
#[tokio::test(flavor = "multi_thread")]
async fn other_requests_are_not_the_answer() {
    let answers = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&answers);
    let setup = Setup::browser(move |address| {
        let kept = Arc::clone(&kept);
        async move {
            let back: Url = parameter(&address, "redirect_uri").parse().unwrap();
            let authority = back.authority().to_owned();
            // Open and silent until the end, as browsers do it.
            let mut silent = Vec::new();
            for _ in 0..5 {
                silent.push(TcpStream::connect(&authority).await.unwrap());
            }
            let host = format!("Host: {authority}\r\n");
            let long =
                format!("GET /auth/callback?code={} HTTP/1.1\r\n{host}", "a".repeat(1 << 20));
            for (what, request) in [
                ("an icon", format!("GET /favicon.ico HTTP/1.1\r\n{host}\r\n")),
                ("another path", format!("GET /auth/callback2?code=a HTTP/1.1\r\n{host}\r\n")),
                ("no parameters", format!("GET /auth/callback HTTP/1.1\r\n{host}\r\n")),
                ("another method", format!("POST /auth/callback?code=a HTTP/1.1\r\n{host}\r\n")),
                (
                    "another name",
                    "GET /auth/callback?code=a HTTP/1.1\r\nHost: evil.test\r\n\r\n".into(),
                ),
                ("no HTTP", "\u{16}\u{3}\u{1}\r\n\r\n".to_owned()),
                ("too much", long),
            ] {
                let mut stream = TcpStream::connect(&authority).await.unwrap();
                // The other side may have had enough before the end.
                let _ = stream.write_all(request.as_bytes()).await;
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer).await;
                let line = String::from_utf8_lossy(&answer).lines().next().map(str::to_owned);
                kept.lock().unwrap().push((what, line.unwrap_or_default()));
            }
            follow(address).await;
            drop(silent);
        }
    })
    .await;
    assert_eq!(setup.token().await.unwrap().subject(), EMAIL);
    let answers = answers.lock().unwrap().clone();
    let mut faults = Vec::new();
    for (what, line) in &answers {
        // What is cut off may lose its answer, too.
        let fits = match *what {
            "too much" => line.is_empty() || line.starts_with("HTTP/1.1 431 "),
            _ => line == "HTTP/1.1 404 Not Found",
        };
        if !fits {
            faults.push((what, line));
        }
    }
    assert!(faults.is_empty() && answers.len() == 7, "{answers:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_waited_for_beyond_the_deadline() {
    let deadline = Duration::from_millis(200);
    for flow in [LoginFlow::Browser, LoginFlow::Code] {
        let mut person = Scripted::browsing(|_| std::future::ready(()));
        person.code = Box::new(|_| Box::pin(std::future::pending()));
        let request = LoginRequest { deadline, flow, ..LoginRequest::default() };
        let setup = Setup::new(person, request).await;
        let start = Instant::now();
        let error = setup.token().await.unwrap_err();
        assert!(matches!(error, Error::LoginTimedOut { limit } if limit == deadline), "{error}");
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_copied_by_hand() {
    let code = LoginRequest { flow: LoginFlow::Code, ..LoginRequest::default() };
    let setup = Setup::new(Scripted::copying(|code| format!(" {code}\n")), code.clone()).await;
    assert_eq!(setup.token().await.unwrap().subject(), EMAIL);
    // Where there is no browser, that is what is done.
    let mut person = Scripted::copying(|code| code);
    person.browse = Box::new(|_| Browsing::Impossible);
    let setup = Setup::new(person, LoginRequest::default()).await;
    assert_eq!(setup.token().await.unwrap().subject(), EMAIL);
    assert_eq!(setup.person.asked.load(Ordering::SeqCst), 2);

    let setup = Setup::new(Scripted::copying(|code| format!("{code}x")), code.clone()).await;
    let error = setup.token().await.unwrap_err();
    assert!(
        matches!(&error, Error::LoginRefused { error, .. } if error == "invalid_grant"),
        "{error}"
    );
    let mut person = Scripted::nobody();
    person.code = Box::new(|_| Box::pin(async { Err(io::Error::other("no terminal")) }));
    let setup = Setup::new(person, code).await;
    let error = setup.token().await.unwrap_err();
    assert!(matches!(&error, Error::LoginCode(source) if source.to_string() == "no terminal"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_logs_in_at_the_sandbox() {
    let request = LoginRequest { flow: LoginFlow::Device, ..LoginRequest::default() };
    let setup = Setup::new(Scripted::nobody(), request).await;
    assert_eq!(setup.token().await.unwrap().subject(), EMAIL);
    let [prompt] = &setup.person.prompts.lock().unwrap()[..] else { panic!() };
    assert_eq!(prompt.address, format!("{}/device", setup.sandbox.issuer()));
    assert_eq!(
        prompt.address_with_code.as_deref(),
        Some(&*format!("{}/device?user_code={}", setup.sandbox.issuer(), prompt.code))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_quotes_the_clients_secret_is_not_quoted() {
    const SECRET: &str = "open-sesame-please";
    let mut quoted = Vec::new();
    for (to, status) in [(To::Grant, 400), (To::Grant, 418), (To::Device, 401), (To::Device, 500)] {
        let fault = move |asked, _, answer| {
            let said =
                json!({ "error": "invalid_client", "error_description": format!("no {SECRET}") });
            if asked == to { Answer::json(&said).with_status(status) } else { answer }
        };
        let flow = if to == To::Device { LoginFlow::Device } else { LoginFlow::ClientCredentials };
        let (_, token) = log_in(flow, fault, Some(SECRET)).await;
        let error = token.unwrap_err();
        let text = format!("{error} {error:?}");
        if text.contains(SECRET) || !text.contains("no (secret)") {
            quoted.push(text);
        }
    }
    assert!(quoted.is_empty(), "{quoted:#?}");
}

/// The sandbox calls itself `localhost`: under its other name it is another issuer.
#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_calls_itself_something_else_is_refused() {
    let setup = Setup::new(Scripted::nobody(), LoginRequest::default()).await;
    let other = setup.sandbox.issuer().replace("localhost", "127.0.0.1");
    let issuer = Some(Issuer(other.clone()));
    let request = LoginRequest { issuer, ..LoginRequest::default() };
    let login = Login::new(request, Arc::new(Scripted::nobody()));
    let error = TokenSource::Login(login).token(&setup.services).await.unwrap_err();
    assert!(
        matches!(&error, Error::OtherIssuer { endpoint, found }
            if endpoint.kind == ServiceKind::OidcIssuer && endpoint.url == other && found == setup.sandbox.issuer()),
        "{error}"
    );
}

/// A device login at an issuer that does this.
async fn device(
    fault: impl Fn(To, usize, Answer) -> Answer + Send + Sync + 'static,
    secret: Option<&str>,
) -> (Fake, Result<IdentityToken, Error>) {
    log_in(LoginFlow::Device, fault, secret).await
}

async fn log_in(
    flow: LoginFlow,
    fault: impl Fn(To, usize, Answer) -> Answer + Send + Sync + 'static,
    secret: Option<&str>,
) -> (Fake, Result<IdentityToken, Error>) {
    let fake = Fake::start(move |seen, nth, answer| fault(seen.to, nth, answer)).await;
    let request = LoginRequest {
        flow,
        issuer: Some(Issuer(fake.url.clone())),
        client_secret: secret.map(SecretText::new),
        deadline: Duration::from_secs(90),
        ..LoginRequest::default()
    };
    let source = TokenSource::Login(Login::new(request, Arc::new(Scripted::nobody())));
    let token = source.token(&fake.services()).await;
    (fake, token)
}

fn refusal(error: &str) -> Answer {
    Answer::json(&json!({ "error": error, "error_description": "because" })).with_status(400)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_waits_and_slows_down() {
    let start = Instant::now();
    let (fake, token) = device(
        |to, nth, answer| match (to, nth) {
            (To::Grant, 0) => refusal("authorization_pending"),
            (To::Grant, 1) => refusal("slow_down").with_status(403),
            _ => answer,
        },
        None,
    )
    .await;
    assert_eq!(token.unwrap().subject(), EMAIL);
    // One second, one second, and after that six.
    assert!(start.elapsed() >= Duration::from_secs(8), "{:?}", start.elapsed());
    let asked = fake.seen(To::Grant);
    assert_eq!(asked.len(), 3);
    let (first, form) = (fake.seen(To::Device)[0].form(), asked[2].form());
    assert_eq!(form["grant_type"], "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code");
    assert_eq!((&*form["device_code"], &*form["client_id"]), ("device-secret", "sigstore"));
    assert_eq!((&*first["scope"], &*first["code_challenge_method"]), ("openid+email", "S256"));
    assert_eq!((first["code_challenge"].len(), form["code_verifier"].len()), (43, 43));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_gets_no_token_says_why() {
    type Fault = fn(To, Answer) -> Answer;
    let cases: [(&str, Fault, Wanted); 11] = [
        (
            "denied",
            |to, answer| if to == To::Grant { refusal("access_denied") } else { answer },
            |error| matches!(error, Error::LoginDenied { .. }),
        ),
        (
            "expired",
            |to, answer| if to == To::Grant { refusal("expired_token") } else { answer },
            |error| matches!(error, Error::LoginExpired { .. }),
        ),
        (
            "never entered",
            |to, answer| match to {
                To::Grant => refusal("authorization_pending"),
                To::Device => answer.changed(|json| json["expires_in"] = json!(2)),
                _ => answer,
            },
            |error| matches!(error, Error::LoginExpired { .. }),
        ),
        (
            "another error",
            |to, answer| {
                if to == To::Grant { refusal("invalid_client").with_status(401) } else { answer }
            },
            |error| {
                matches!(error, Error::LoginRefused { error, description, .. }
                if error == "invalid_client" && description == "because")
            },
        ),
        (
            "no login for devices",
            |to, answer| if to == To::Device { refusal("unauthorized_client") } else { answer },
            |error| matches!(error, Error::LoginRefused { error, .. } if error == "unauthorized_client"),
        ),
        (
            "neither",
            |to, answer| if to == To::Grant { Answer::json(&json!({})) } else { answer },
            |error| {
                matches!(error, Error::MalformedAnswer { reason, .. }
                if reason == "found neither id_token nor error")
            },
        ),
        (
            "no code",
            |to, answer| match to {
                To::Device => answer.changed(|json| json["user_code"] = json!(null)),
                _ => answer,
            },
            |error| matches!(error, Error::MalformedAnswer { reason, .. } if reason == "found no user_code"),
        ),
        (
            "an address that is none",
            |to, answer| match to {
                To::Device => {
                    answer.changed(|json| json["verification_uri"] = json!("file:///etc/passwd"))
                }
                _ => answer,
            },
            |error| {
                matches!(error, Error::Address { reason, .. }
                if reason == "found \"file:///etc/passwd\", wanted https")
            },
        ),
        (
            "a token of another issuer",
            |to, answer| match to {
                To::Grant => {
                    Answer::json(&json!({ "id_token": login_token("https://other.test") }))
                }
                _ => answer,
            },
            |error| matches!(error, Error::TokenIssuer { found, .. } if found == "https://other.test"),
        ),
        (
            "no description",
            |to, answer| if to == To::Discovery { Answer::status(404, "none") } else { answer },
            |error| matches!(error, Error::Status { status: 404, .. }),
        ),
        (
            "a description elsewhere",
            |to, answer| match to {
                To::Discovery => Answer::status(302, "").with_header("location", "/elsewhere"),
                _ => answer,
            },
            |error| matches!(error, Error::Status { status: 302, .. }),
        ),
    ];
    let mut faults = Vec::new();
    for (what, fault, wanted) in cases {
        match device(move |to, _, answer| fault(to, answer), None).await {
            (fake, Err(error)) if wanted(&error) && fake.seen(To::Elsewhere).is_empty() => {}
            (_, other) => faults.push(format!("{what}: {other:?}")),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_cannot_be_logged_in_at_says_what_is_missing() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(LoginFlow, Change, &str); 5] = [
        (
            LoginFlow::Browser,
            |json| json["code_challenge_methods_supported"] = json!(["plain"]),
            "found no PKCE (S256 in code_challenge_methods_supported)",
        ),
        (
            LoginFlow::Browser,
            |json| json["authorization_endpoint"] = json!(null),
            "found no authorization_endpoint",
        ),
        (
            LoginFlow::Browser,
            |json| json["authorization_endpoint"] = json!("http://issuer.test/auth"),
            "found \"http://issuer.test/auth\", wanted https",
        ),
        (
            LoginFlow::Device,
            |json| json["device_authorization_endpoint"] = json!(null),
            "found no device_authorization_endpoint",
        ),
        (
            LoginFlow::Device,
            |json| json["token_endpoint"] = json!("javascript:alert(1)"),
            "found \"javascript:alert(1)\", wanted https",
        ),
    ];
    let mut faults = Vec::new();
    for (flow, change, wanted) in cases {
        let fault = move |to, _, answer: Answer| match to {
            To::Discovery => answer.changed(change),
            _ => answer,
        };
        let (_, token) = log_in(flow, fault, None).await;
        let said = token.unwrap_err().to_string();
        if !said.ends_with(wanted) {
            faults.push(format!("found {said:?}, wanted {wanted:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// RFC 6749 section 2.3.1: in a header, encoded twice, or in the body where that is all there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_clients_secret_goes_where_the_issuer_takes_it() {
    let (fake, token) = device(|_, _, answer| answer, Some("a:b c")).await;
    token.unwrap();
    for to in [To::Device, To::Grant] {
        let seen = &fake.seen(to)[0];
        // base64 of "sigstore:a%3Ab+c"
        assert_eq!(seen.headers["authorization"], "Basic c2lnc3RvcmU6YSUzQWIrYw==");
        assert!(!seen.form().contains_key("client_secret"), "{seen:?}");
    }
    let in_body = |to, _, answer: Answer| match to {
        To::Discovery => answer.changed(|json| {
            json["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
        }),
        _ => answer,
    };
    let (fake, token) = device(in_body, Some("a:b c")).await;
    token.unwrap();
    let seen = &fake.seen(To::Grant)[0];
    assert_eq!(seen.form()["client_secret"], "a%3Ab+c");
    assert!(!seen.headers.contains_key("authorization"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_a_token_of_its_own() {
    let flow = LoginFlow::ClientCredentials;
    let (fake, token) = log_in(flow, |_, _, answer| answer, Some("secret")).await;
    assert_eq!(token.unwrap().subject(), EMAIL);
    let seen = &fake.seen(To::Grant)[0];
    assert_eq!(seen.form()["grant_type"], "client_credentials");
    assert!(seen.headers.contains_key("authorization"), "{seen:?}");
    let no = |to, _, answer| if to == To::Grant { refusal("invalid_client") } else { answer };
    let (_, token) = log_in(flow, no, Some("secret")).await;
    let error = token.unwrap_err();
    assert!(
        matches!(&error, Error::LoginRefused { error, .. } if error == "invalid_client"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn services_without_an_issuer_say_so() {
    let fake = Fake::honest().await;
    let login = Login::new(LoginRequest::default(), Arc::new(Scripted::nobody()));
    let error = TokenSource::Login(login).token(&fake.services()).await.unwrap_err();
    assert!(matches!(error, Error::NoIssuer), "{error}");
    let issuer = Some(Issuer("http://issuer.test".to_owned()));
    let request = LoginRequest { issuer, ..LoginRequest::default() };
    let login = Login::new(request, Arc::new(Scripted::nobody()));
    let error = TokenSource::Login(login).token(&fake.services()).await.unwrap_err();
    assert!(matches!(&error, Error::Address { .. }), "{error}");
    assert_eq!(fake.all_seen().len(), 0);
}
