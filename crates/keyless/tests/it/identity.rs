//! Getting a token from the environment.

use chainsign_keyless::identity::{
    AmbientBuildkite, AmbientGithub, AmbientGoogle, SecretText, TokenSource,
};
use chainsign_keyless::{Error, Services, Session, ToSign};

use crate::fake::{Answer, EMAIL, Fake, To, digest};

fn github(url: &str) -> TokenSource {
    let request_token = SecretText::new("request-secret");
    TokenSource::Github(AmbientGithub { request_url: url.to_owned(), request_token })
}

#[tokio::test]
async fn a_github_job_asks_for_its_token() {
    let fake = Fake::honest().await;
    let source = github(&format!("{}/github?api-version=2.0", fake.url));
    let token = source.token(&fake.services()).await.unwrap();
    assert_eq!(token.subject(), EMAIL);
    let [seen] = &fake.seen(To::Github)[..] else { panic!() };
    assert_eq!(seen.path, "/github?api-version=2.0&audience=sigstore");
    assert_eq!(seen.headers["authorization"], "bearer request-secret");

    Session::keyless(fake.services(), source).sign(ToSign::Artifact(digest())).await.unwrap();
    for seen in fake.all_seen() {
        let sent = format!("{:?} {:?}", seen.headers, seen.body).contains("request-secret");
        assert_eq!(sent, seen.to == To::Github, "{seen:?}");
    }
}

fn buildkite(endpoint: &str) -> TokenSource {
    let access_token = SecretText::new("agent-secret");
    let (endpoint, job) = (endpoint.to_owned(), "0190/ab".to_owned());
    TokenSource::Buildkite(AmbientBuildkite { endpoint, job, access_token })
}

#[tokio::test]
async fn a_buildkite_job_asks_its_agents_interface() {
    let fake = Fake::honest().await;
    for endpoint in [format!("{}/v3", fake.url), format!("{}/v3/", fake.url)] {
        let token = buildkite(&endpoint).token(&fake.services()).await.unwrap();
        assert_eq!(token.subject(), EMAIL);
    }
    for seen in fake.seen(To::Buildkite) {
        // The job's name is one segment, whatever is in it.
        assert_eq!(seen.path, "/v3/jobs/0190%2Fab/oidc/tokens");
        assert_eq!(seen.headers["authorization"], "Token agent-secret");
        assert_eq!(seen.json(), serde_json::json!({ "audience": "sigstore" }));
    }
    assert_eq!(fake.all_seen().len(), 2);
    let error = buildkite("http://agent.test/v3").token(&fake.services()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Address { reason, .. } if reason == "the request's bearer token needs https"),
        "{error}"
    );
}

#[tokio::test]
async fn a_machine_at_google_asks_its_metadata_server() {
    let fake = Fake::honest().await;
    let host = fake.url.strip_prefix("http://").unwrap().to_owned();
    let source = TokenSource::Google(AmbientGoogle { host });
    assert_eq!(source.token(&fake.services()).await.unwrap().subject(), EMAIL);
    let [seen] = &fake.seen(To::Google)[..] else { panic!() };
    assert_eq!(
        seen.path,
        "/computeMetadata/v1/instance/service-accounts/default/identity?audience=sigstore&format=full"
    );
    assert_eq!(seen.headers["metadata-flavor"], "Google");
    // A machine without a service account has no token to give.
    let fake = Fake::always(To::Google, |_| Answer::status(404, "no account")).await;
    let host = fake.url.strip_prefix("http://").unwrap().to_owned();
    let source = TokenSource::Google(AmbientGoogle { host });
    let error = source.token(&fake.services()).await.unwrap_err();
    assert!(matches!(error, Error::Status { status: 404, .. }), "{error}");
}

/// Tokens in files are renewed there: each time it is what is there now.
#[tokio::test]
async fn a_token_in_a_file_is_read_each_time() {
    let fake = Fake::honest().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let source = TokenSource::File(path.clone());
    let error = source.token(&fake.services()).await.unwrap_err();
    assert!(matches!(&error, Error::TokenFile { path: found, .. } if *found == path), "{error}");
    let text = crate::fake::token();
    for (content, wanted) in [(format!("{text}\n"), true), ("none".to_owned(), false), (text, true)]
    {
        std::fs::write(&path, content).unwrap();
        let token = source.token(&fake.services()).await;
        assert_eq!(token.is_ok(), wanted, "{token:?}");
        assert!(wanted || matches!(token, Err(Error::TokenMalformed { .. })), "{token:?}");
    }
    std::fs::write(&path, [0xff]).unwrap();
    let error = source.token(&fake.services()).await.unwrap_err();
    assert!(matches!(error, Error::TokenFile { .. }), "{error}");
    // What is longer than any token is refused as a whole: its beginning is none.
    std::fs::write(&path, crate::fake::token() + &"a".repeat(1 << 20)).unwrap();
    let error = source.token(&fake.services()).await.unwrap_err();
    assert!(
        matches!(&error, Error::TokenMalformed { reason } if reason == "found 65537 bytes, wanted at most 65536"),
        "{error}"
    );
}

/// Whatever a service does with a secret that it got or gave: it is in no message.
#[tokio::test]
async fn a_token_service_that_quotes_secrets_is_not_quoted() {
    let (mut quoted, long) = (Vec::new(), "x".repeat(280));
    let refusal = format!("{long} no job of request-secret-of-three-hundred-characters");
    let answers = [
        (400, refusal.clone()),
        (400, serde_json::json!({ "message": refusal }).to_string()),
        (200, serde_json::json!(crate::fake::token()).to_string()),
        (200, serde_json::json!({ "value": [crate::fake::token()] }).to_string()),
    ];
    for (status, body) in answers {
        let fake = Fake::always(To::Github, move |_| Answer::status(status, &body)).await;
        let request_token = SecretText::new("request-secret-of-three-hundred-characters");
        let request_url = format!("{}/github?", fake.url);
        let source = TokenSource::Github(AmbientGithub { request_url, request_token });
        let error = source.token(&fake.services()).await.unwrap_err();
        let text = format!("{error} {error:?}");
        if text.contains("request-secret") || text.contains(&crate::fake::token()[..20]) {
            quoted.push(text);
        }
    }
    assert!(quoted.is_empty(), "{quoted:#?}");
}

/// An address with a user and a password in it is asked with them, and shown without.
#[tokio::test]
async fn the_password_of_an_address_is_shown_nowhere() {
    let fake = Fake::always(To::Rekor1, |answer| answer.with_status(400)).await;
    let mut selection = fake.selection(1);
    let authority = fake.url.replace("http://", "http://user:open-sesame@");
    selection.transparency_logs[0].url = authority.clone();
    selection.timestamp_authorities[0].url = format!("{authority}/api/v1/timestamp");
    selection.certificate_authority.as_mut().unwrap().url = authority;
    let services = Services::new(selection, Fake::options(), fake.clock()).unwrap();
    let shown = format!("{services:?} {:?}", services.reach(Fake::options().timeouts.token).await);
    let session = Session::keyless(services, crate::fake::given(&crate::fake::token()));
    let error = session.sign(ToSign::Artifact(digest())).await.unwrap_err();
    let shown = format!("{shown} {error} {error:?}");
    assert!(!shown.contains("sesame"), "{shown}");
    assert!(shown.contains(&fake.url), "{shown}");
    // RFC 7617: base64 of user:open-sesame
    for seen in fake.all_seen() {
        assert_eq!(seen.headers["authorization"], "Basic dXNlcjpvcGVuLXNlc2FtZQ==", "{seen:?}");
    }
}

/// Nothing can be signed with what is asked for to be read.
#[tokio::test]
async fn a_token_to_be_read_is_for_nobody() {
    let fake = Fake::honest().await;
    let source = github(&format!("{}/github?api-version=2.0", fake.url));
    let claims = source.claims(&Fake::options(), fake.clock()).await.unwrap();
    assert_eq!(claims.text("email").as_deref(), Some(EMAIL));
    let [seen] = &fake.seen(To::Github)[..] else { panic!() };
    assert_eq!(seen.path, "/github?api-version=2.0&audience=nobody");
}

#[tokio::test]
async fn the_request_token_is_not_sent_without_encryption_or_to_where_a_redirect_points() {
    let fake =
        Fake::always(To::Github, |_| Answer::status(302, "").with_header("location", "/elsewhere"))
            .await;
    let error = github("http://token.test/?a=b").token(&fake.services()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Address { reason, .. } if reason == "the request's bearer token needs https"),
        "{error}"
    );
    let error = github(&format!("{}/github?", fake.url)).token(&fake.services()).await.unwrap_err();
    assert!(matches!(error, Error::Status { status: 302, .. }), "{error}");
    assert_eq!(fake.seen(To::Elsewhere).len(), 0);
    let text = format!("{error:?} {error}");
    assert!(!text.contains("request-secret"), "{text}");
}

#[tokio::test]
async fn the_identity_token_is_not_sent_without_encryption() {
    let fake = Fake::honest().await;
    let mut selection = fake.selection(1);
    let error = |selection, options| Services::new(selection, options, fake.clock()).unwrap_err();
    selection.certificate_authority.as_mut().unwrap().url = "http://fulcio.test".to_owned();
    assert_eq!(
        error(selection.clone(), Fake::options()).to_string(),
        "unusable address of the certificate authority at http://fulcio.test: the identity token needs https, found http"
    );
    let mut options = Fake::options();
    options.plain_http = chainsign_keyless::PlainHttp::DangerousAnywhere;
    Services::new(selection.clone(), options, fake.clock()).unwrap();

    for (url, reason) in [
        ("fulcio.test", "relative URL without a base"),
        ("file:///etc", "wanted an http or https URL with a host"),
        ("https://fulcio.test?a=b", "wanted an URL without query and fragment"),
    ] {
        selection.certificate_authority.as_mut().unwrap().url = url.to_owned();
        let error = error(selection.clone(), Fake::options());
        assert!(
            matches!(&error, Error::Address { reason: found, .. } if found == reason),
            "{error}"
        );
    }
    let mut selection = fake.selection(3);
    selection.certificate_authority.as_mut().unwrap().url = "https://fulcio.test".to_owned();
    let error = error(selection, Fake::options());
    assert!(
        matches!(&error, Error::Address { reason, .. } if reason == "found interface version 3, wanted 1 or 2"),
        "{error}"
    );
}
