use std::ffi::OsString;
use std::path::Path;

use chainsign_registry::{Asker, CredentialFiles, Credentials, Error, Registry, Secret, Wanted};
use chainsign_sandbox::{ReferrersApi, Sandbox};

use crate::front::{Answer, Front, impatient, sandbox};
use crate::image::Repository;

fn with(credentials: Credentials) -> Registry {
    let mut options = impatient();
    options.credentials = credentials;
    Registry::new(options).unwrap()
}

async fn with_image() -> Sandbox {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "acme/app").image("v1").await;
    sandbox
}

fn file(folder: &Path, text: &str) -> Credentials {
    let path = folder.join("config.json");
    std::fs::write(&path, text).unwrap();
    let paths = vec![folder.join("absent.json"), path];
    Credentials::Stored(CredentialFiles { paths, helpers: Some(folder.to_owned()) })
}

/// A registry with tokens: what is sent to it, and to where the tokens are had.
struct Guarded {
    registry: Front,
    tokens: Front,
}

impl Guarded {
    async fn new(sandbox: &Sandbox, answer: &'static str) -> Self {
        let (registry, tokens) = (Front::of(sandbox).await, Front::alone().await);
        tokens.plays(move |_| Some(Answer::new(200).body(answer)));
        let challenge = format!(
            "Bearer realm=\"http://{}/token?x=1\",service=\"registry.example\",scope=\"repository:acme/app:pull\"",
            tokens.host
        );
        registry.plays(move |heard| {
            let given = heard.authorization() == Some("Bearer good");
            (!given).then(|| Answer::new(401).header("www-authenticate", challenge.clone()))
        });
        Guarded { registry, tokens }
    }
}

#[tokio::test]
async fn tokens_are_got_once_with_what_there_is() {
    let sandbox = with_image().await;
    let secret = Secret::new("secret".to_owned());
    let basic = Credentials::Basic { username: "dev".to_owned(), password: secret };
    for (credentials, wanted) in
        [(Credentials::Anonymous, None), (basic, Some("Basic ZGV2OnNlY3JldA=="))]
    {
        let guarded = Guarded::new(&sandbox, r#"{"access_token":"good","expires_in":300}"#).await;
        let registry = with(credentials);
        for _ in 0..3 {
            registry.resolve(&guarded.registry.reference("acme/app:v1")).await.unwrap();
        }
        let heard = guarded.tokens.heard();
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].authorization(), wanted);
        assert_eq!(
            heard[0].path,
            "/token?x=1&service=registry.example&scope=repository%3Aacme%2Fapp%3Apull"
        );
        // The password is not for the registry, which asks for tokens.
        let asked = guarded.registry.heard();
        assert!(asked.iter().all(|it| matches!(it.authorization(), None | Some("Bearer good"))));
    }
}

#[tokio::test]
async fn identity_tokens_are_posted() {
    let sandbox = with_image().await;
    let guarded = Guarded::new(&sandbox, r#"{"token":"good"}"#).await;
    let folder = tempfile::tempdir().unwrap();
    let host = &guarded.registry.host;
    let text = format!(r#"{{"auths":{{"{host}":{{"identitytoken":"long lived"}}}}}}"#);
    let registry = with(file(folder.path(), &text));
    registry.resolve(&guarded.registry.reference("acme/app:v1")).await.unwrap();
    let heard = guarded.tokens.heard();
    assert_eq!((heard[0].method.as_str(), heard[0].path.as_str()), ("POST", "/token?x=1"));
    let wanted = "grant_type=refresh_token&service=registry.example&client_id=chainsign\
                  &scope=repository%3Aacme%2Fapp%3Apull&refresh_token=long+lived";
    assert_eq!(heard[0].body, wanted.as_bytes());
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let sandbox = with_image().await;
    let guarded = Guarded::new(&sandbox, r#"{"token":"bad"}"#).await;
    let registry = with(Credentials::Anonymous);
    let error = registry.resolve(&guarded.registry.reference("acme/app:v1")).await.unwrap_err();
    assert!(matches!(&error, Error::Unauthorized { who: Asker::Anonymous, .. }), "{error}");
    assert_eq!(guarded.tokens.heard().len(), 1);
}

/// That there is no token is not that there is no signature.
#[tokio::test]
async fn a_token_server_that_is_not_there_hides_nothing() {
    let sandbox = with_image().await;
    let guarded = Guarded::new(&sandbox, r#"{"token":"good"}"#).await;
    let reference = guarded.registry.reference("acme/app:v1");
    let image = with(Credentials::Anonymous).resolve(&reference).await.unwrap();
    let unknown = r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#;
    for body in ["", unknown] {
        guarded.tokens.plays(move |_| Some(Answer::new(404).body(body)));
        let registry = with(Credentials::Anonymous);
        let error = registry.attached(&image, Wanted::Signatures).await.unwrap_err();
        assert!(matches!(&error, Error::Status { status: 404, .. }), "{error:?}");
        assert!(!error.is_about_content());
    }
}

#[tokio::test]
async fn a_token_server_that_refuses_is_told() {
    let sandbox = with_image().await;
    let guarded = Guarded::new(&sandbox, "").await;
    guarded.tokens.plays(|_| Some(Answer::new(401)));
    let secret = Secret::new("wrong".to_owned());
    let registry = with(Credentials::Basic { username: "dev".to_owned(), password: secret });
    let error = registry.resolve(&guarded.registry.reference("acme/app:v1")).await.unwrap_err();
    assert!(matches!(&error, Error::Unauthorized { who: Asker::Known, .. }), "{error}");
    for (answer, wanted) in [
        ("{}", "the answer of its token service: token has no token"),
        (
            "<p>log in</p>",
            "the answer of its token service: token is not valid: expected value (line 1, column 1)",
        ),
    ] {
        guarded.tokens.plays(move |_| Some(Answer::new(200).body(answer)));
        let registry = with(Credentials::Anonymous);
        let error = registry.resolve(&guarded.registry.reference("acme/app:v1")).await.unwrap_err();
        assert!(!error.is_about_content());
        match error {
            Error::Challenge { reason, .. } => assert_eq!(reason, wanted),
            other => panic!("{answer}: {other}"),
        }
    }
}

/// What is in a file, and what then is sent.
#[tokio::test]
async fn files_of_docker_and_podman() {
    let sandbox = with_image().await;
    let front = Front::of(&sandbox).await;
    front.plays(|heard| {
        let known = heard.authorization().is_some();
        (!known).then(|| Answer::new(401).header("www-authenticate", "Basic realm=\"x\""))
    });
    let host = &front.host;
    let mut wrong = Vec::new();
    for (text, wanted) in [
        // base64 of "dev:secret", "a:b", "c:d"
        (format!(r#"{{"auths":{{"{host}":{{"auth":"ZGV2OnNlY3JldA=="}}}}}}"#), "ZGV2OnNlY3JldA=="),
        (format!(r#"{{"auths":{{"https://{host}/v1/":{{"auth":"YTpi"}}}}}}"#), "YTpi"),
        (format!(r#"{{"auths":{{"{host}":{{"username":"a","password":"b"}}}}}}"#), "YTpi"),
        (
            format!(
                r#"{{"auths":{{"{host}":{{"auth":"YTpi"}},"{host}/acme/app":{{"auth":"Yzpk"}}}}}}"#
            ),
            "Yzpk",
        ),
        (
            format!(
                r#"{{"auths":{{"{host}":{{"auth":"YTpi"}},"{host}/other":{{"auth":"Yzpk"}}}}}}"#
            ),
            "YTpi",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let registry = with(file(folder.path(), &text));
        let outcome = registry.resolve(&front.reference("acme/app:v1")).await;
        let sent: Vec<_> = front
            .heard()
            .iter()
            .filter_map(|it| it.authorization().map(ToOwned::to_owned))
            .collect();
        if outcome.is_err() || sent != [format!("Basic {wanted}")] {
            wrong.push(format!("{text}: sent {sent:?}, {outcome:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // None for this registry: nothing is sent, and that is told.
    let folder = tempfile::tempdir().unwrap();
    let registry = with(file(folder.path(), r#"{"auths":{"ghcr.io":{"auth":"YTpi"}}}"#));
    let error = registry.resolve(&front.reference("acme/app:v1")).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { who: Asker::Anonymous, .. }));
    assert!(front.heard().iter().all(|heard| heard.authorization().is_none()));
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_without_what_is_in_them() {
    let sandbox = with_image().await;
    let front = Front::of(&sandbox).await;
    front.plays(|_| Some(Answer::new(401).header("www-authenticate", "Basic realm=\"x\"")));
    let host = &front.host;
    for text in [
        format!(r#"{{"auths":{{"{host}":{{"auth":"c2VjcmV0"}}}}}}"#),
        format!(r#"{{"auths":{{"{host}":{{"auth":"not base64"}}}}}}"#),
        r#"{"auths":{},"auths":{}}"#.to_owned(),
        "secret".to_owned(),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let registry = with(file(folder.path(), &text));
        let error = registry.resolve(&front.reference("acme/app:v1")).await.unwrap_err();
        assert!(matches!(&error, Error::CredentialFile { .. }), "{text}: {error}");
        let shown = error.to_string();
        assert!(!shown.contains("secret") && !shown.contains("c2VjcmV0"), "{shown}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn helpers_are_asked() {
    use std::os::unix::fs::PermissionsExt as _;

    let sandbox = with_image().await;
    let front = Front::of(&sandbox).await;
    front.plays(|heard| {
        let known = heard.authorization() == Some("Basic dTpw");
        (!known).then(|| Answer::new(401).header("www-authenticate", "Basic realm=\"x\""))
    });
    let host = &front.host;
    let folder = tempfile::tempdir().unwrap();
    for (name, script) in [
        (
            "good",
            "read server; printf '{\"ServerURL\":\"%s\",\"Username\":\"u\",\"Secret\":\"p\"}' \"$server\"",
        ),
        ("empty", "echo credentials not found in native keychain; exit 1"),
        ("broken", "echo the keychain is locked; exit 1"),
        ("garbage", "echo hello"),
    ] {
        let path = folder.path().join(format!("docker-credential-{name}"));
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let good = format!(r#"{{"credHelpers":{{"{host}":"good"}},"credsStore":"broken"}}"#);
    let empty = format!(r#"{{"credsStore":"empty","auths":{{"{host}":{{"auth":"dTpw"}}}}}}"#);
    for text in [good, empty] {
        let registry = with(file(folder.path(), &text));
        registry.resolve(&front.reference("acme/app:v1")).await.unwrap();
    }
    for (helper, wanted) in [
        ("broken", "it says \"the keychain is locked\""),
        ("garbage", "answer is not valid: expected value (line 1, column 1)"),
        ("../good", "its name is not the end of a program's name"),
    ] {
        let text = format!(r#"{{"credsStore":"{helper}"}}"#);
        let registry = with(file(folder.path(), &text));
        match registry.resolve(&front.reference("acme/app:v1")).await.unwrap_err() {
            Error::CredentialHelper { reason, .. } => assert_eq!(reason, wanted),
            other => panic!("{other}"),
        }
    }
    let registry = with(file(folder.path(), r#"{"credsStore":"absent"}"#));
    let error = registry.resolve(&front.reference("acme/app:v1")).await.unwrap_err();
    assert!(matches!(&error, Error::CredentialHelper { helper, .. } if helper == "absent"));
}

#[test]
fn where_files_are_looked_for() {
    let environment = |pairs: &'static [(&str, &str)]| {
        let found = CredentialFiles::from_environment(&move |name: &str| {
            let pair = pairs.iter().find(|(known, _)| *known == name);
            pair.map(|(_, value)| OsString::from(value))
        });
        let shown = found.paths.iter().map(|path| path.display().to_string());
        shown.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(environment(&[]), "");
    assert_eq!(
        environment(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/run")]),
        "/h/.docker/config.json /run/containers/auth.json /h/.config/containers/auth.json"
    );
    assert_eq!(
        environment(&[("DOCKER_CONFIG", "/d"), ("REGISTRY_AUTH_FILE", "/a.json"), ("HOME", "")]),
        "/d/config.json /a.json"
    );
}

#[test]
fn secrets_are_not_shown() {
    let credentials = Credentials::Basic {
        username: "dev".to_owned(),
        password: Secret::new("hunter2".to_owned()),
    };
    assert_eq!(format!("{credentials:?}"), "Basic { username: \"dev\", password: [redacted] }");
}
