//! Registries that want credentials to go where they must not (GHSA-8xwf, -fxhp, -jxpm, -vh4v, -xf85 of
//! oras-go; malcontent GHSA-9m43; regclient CVE-2026-49349).

use chainsign_core::digest::ArtifactDigest;
use chainsign_registry::{
    AddressFault, Credentials, Error, Limit, Registry, Secret, ToAttach, Wanted,
};
use chainsign_sandbox::ReferrersApi;
use jiff::Timestamp;

use crate::front::{Answer, Front, image_with_bundle, impatient, sandbox};
use crate::image::{BUNDLE, INDEX, Repository};

/// dev:secret
const BASIC: &str = "Basic ZGV2OnNlY3JldA==";

fn known() -> Registry {
    let mut options = impatient();
    let password = Secret::new("secret".to_owned());
    options.credentials = Credentials::Basic { username: "dev".to_owned(), password };
    Registry::new(options).unwrap()
}

/// Asks for basic authentication wherever none is given.
fn guarded(authorization: Option<&str>) -> Option<Answer> {
    let challenge = || Answer::new(401).header("www-authenticate", "Basic realm=\"registry\"");
    (authorization != Some(BASIC)).then(challenge)
}

/// A redirect of a blob is followed, without credentials, to another host and on the same one.
#[tokio::test]
async fn redirects_get_no_credentials() {
    let (sandbox, ..) = image_with_bundle().await;
    let blob = ArtifactDigest::sha256(b"{}");
    let (front, storage) = (Front::of(&sandbox).await, Front::alone().await);
    storage.plays(|_| Some(Answer::new(200).body("{}")));
    let target = format!("http://{}/storage?X-Signature=abc", storage.host);
    front.plays(move |heard| {
        if let Some(refusal) = guarded(heard.authorization()) {
            return Some(refusal);
        }
        let there = heard.gets(&format!("/blobs/{blob}"));
        there.then(|| Answer::new(307).header("location", target.clone()))
    });
    let registry = known();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
    assert_eq!(found.items.len(), 1, "{found:?}");
    let heard = storage.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].path, "/storage?X-Signature=abc");
    assert_eq!(heard[0].authorization(), None);
    assert!(front.heard().iter().any(|heard| heard.authorization() == Some(BASIC)));
}

#[tokio::test]
async fn redirects_end() {
    let front = Front::alone().await;
    front.plays(|heard| match heard.path.as_str() {
        "/v2/" => Some(Answer::new(200)),
        _ => Some(Answer::new(302).header("location", "/again")),
    });
    let error = known().resolve(&front.reference("app")).await.unwrap_err();
    match error {
        Error::LimitReached { limit: Limit::Redirects, allowed: 5, .. } => {}
        other => panic!("{other}"),
    }
    assert_eq!(front.heard().iter().filter(|heard| heard.path == "/again").count(), 5);
}

/// Each address with why it is not gone to.
#[tokio::test]
async fn redirects_that_are_not_followed() {
    let front = Front::alone().await;
    for (target, wanted) in [
        ("ftp://127.0.0.1/", AddressFault::Malformed),
        ("http://u:p@127.0.0.1/", AddressFault::Credentials),
        ("http://", AddressFault::Malformed),
    ] {
        front.plays(move |heard| match heard.path.as_str() {
            "/v2/" => Some(Answer::new(200)),
            _ => Some(Answer::new(302).header("location", target)),
        });
        match known().resolve(&front.reference("app")).await.unwrap_err() {
            Error::Redirect { reason, .. } => assert_eq!(reason, wanted, "{target}"),
            other => panic!("{target}: {other}"),
        }
    }
}

/// The location of an upload may be elsewhere; what is uploaded goes there, credentials do not.
#[tokio::test]
async fn locations_of_uploads_get_no_credentials() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let (front, storage) = (Front::of(&sandbox).await, Front::alone().await);
    storage.plays(|_| Some(Answer::new(201)));
    let target = format!("http://{}/upload?id=1", storage.host);
    front.plays(move |heard| {
        if let Some(refusal) = guarded(heard.authorization()) {
            return Some(refusal);
        }
        let starts = heard.method == "POST";
        starts.then(|| Answer::new(202).header("location", target.clone()))
    });
    let registry = known();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    let document = ToAttach::Bundle {
        bytes: b"{\"bundle\":1}".to_vec(),
        media_type: BUNDLE.to_owned(),
        predicate_type: None,
        created: Timestamp::UNIX_EPOCH,
    };
    // The storage keeps it to itself, so that the registry has no such blob.
    let error = registry.attach(&resolved, &document).await.unwrap_err();
    assert!(matches!(&error, Error::Status { status: 400, .. }), "{error}");
    let heard = storage.heard();
    assert!(heard.iter().any(|heard| heard.body.as_ref() == b"{\"bundle\":1}"));
    for heard in heard {
        assert!(heard.path.starts_with("/upload?id=1&digest=sha256%3A"), "{}", heard.path);
        assert_eq!(heard.authorization(), None);
    }
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let (front, thief) = (Front::of(&sandbox).await, Front::alone().await);
    let link = format!("<http://{}/v2/app/referrers/x>; rel=\"next\"", thief.host);
    front.plays(move |heard| {
        heard.gets_in("/referrers/").then(|| {
            Answer::new(200)
                .header("content-type", INDEX)
                .header("link", link.clone())
                .body(r#"{"schemaVersion":2,"manifests":[]}"#)
        })
    });
    let registry = known();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    let error = registry.attached(&resolved, Wanted::Signatures).await.unwrap_err();
    match error {
        Error::Redirect { reason: AddressFault::OtherHost, .. } => {}
        other => panic!("{other}"),
    }
    assert!(thief.heard().is_empty());
}

/// A layer with `urls` is had from the registry or not at all.
#[tokio::test]
async fn addresses_in_manifests_are_not_gone_to() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    let image = repository.image("v1").await;
    let thief = Front::alone().await;
    let mut layer = repository.blob(BUNDLE, b"{}").await;
    layer["urls"] = serde_json::json!([format!("http://{}/layer", thief.host)]);
    let artifact = repository.artifact(BUNDLE, &image, &[layer]).await;
    repository.manifest(None, &artifact).await;
    let front = Front::of(&sandbox).await;
    front.plays(|heard| heard.gets_in("/blobs/").then(|| Answer::new(404)));
    let registry = known();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
    assert!(matches!(found.unread[0].error, Error::NotFound { .. }), "{found:?}");
    assert!(thief.heard().is_empty());
}

/// Where a registry sends us for tokens, and what then happens to the credentials.
#[tokio::test]
async fn realms_that_get_nothing() {
    let (front, thief) = (Front::alone().await, Front::alone().await);
    let port = thief.host.rsplit(':').next().unwrap();
    let cases = [
        ("http://auth.example/token".to_owned(), AddressFault::NotEncrypted),
        (format!("http://localhost:{port}/token"), AddressFault::NotEncrypted),
        ("file:///token".to_owned(), AddressFault::Malformed),
        (format!("http://a:b@127.0.0.1:{port}/token"), AddressFault::Credentials),
    ];
    for (realm, wanted) in cases {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"x\"");
        front.plays(move |_| Some(Answer::new(401).header("www-authenticate", challenge.clone())));
        match known().resolve(&front.reference("app")).await.unwrap_err() {
            Error::Realm { reason, .. } => assert_eq!(reason, wanted, "{realm}"),
            other => panic!("{realm}: {other}"),
        }
    }
    assert!(thief.heard().is_empty());
}

#[tokio::test]
async fn a_token_for_another_repository_is_not_got() {
    let (front, tokens) = (Front::alone().await, Front::alone().await);
    let scope = "repository:victim/secret:pull";
    let challenge = format!("Bearer realm=\"http://{}/token\",scope=\"{scope}\"", tokens.host);
    front.plays(move |_| Some(Answer::new(401).header("www-authenticate", challenge.clone())));
    let error = known().resolve(&front.reference("app")).await.unwrap_err();
    match error {
        Error::Scope { found, wanted, .. } => {
            assert_eq!((found.as_str(), wanted.as_str()), (scope, "repository:app:pull"));
        }
        other => panic!("{other}"),
    }
    assert!(tokens.heard().is_empty());
}
