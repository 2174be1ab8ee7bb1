//! Keeping keys and logs over a restart.

use std::path::Path;

use chainsign_sandbox::{Error, Options, Sandbox};

use crate::client::{
    Log, at_fixed_time, certificate, claims, email_token, get, key, sign_message, trust_config,
};

async fn start_in(folder: &Path) -> Result<Sandbox, Error> {
    Sandbox::start(Options { state: Some(folder.to_owned()), ..at_fixed_time() }).await
}

/// The trusted root with the port, which is another one each time, taken out.
fn root(sandbox: &Sandbox) -> String {
    trust_config(sandbox)["trustedRoot"].to_string().replace(sandbox.url(), "URL")
}

#[tokio::test]
async fn keys_and_logs_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let sandbox = start_in(&state).await.unwrap();
    let (before, key_set) = (root(&sandbox), get(&sandbox, "/keys").await.json());
    sign_message(&sandbox, b"first", Log::V1).await;
    sign_message(&sandbox, b"first", Log::V2).await;
    let head = get(&sandbox, "/api/v1/log").await.json();
    let entry = get(&sandbox, "/api/v1/log/entries?logIndex=1").await.json();
    let tiles = get(&sandbox, "/tile/entries/000.p/2").await.body;
    sandbox.stop().await;

    let sandbox = start_in(&state).await.unwrap();
    assert_eq!(root(&sandbox), before);
    assert_eq!(get(&sandbox, "/keys").await.json(), key_set);
    let again = get(&sandbox, "/api/v1/log").await.json();
    for field in ["treeID", "treeSize", "rootHash"] {
        assert_eq!(again[field], head[field]);
    }
    let again = get(&sandbox, "/api/v1/log/entries?logIndex=1").await.json();
    let only = |json: &serde_json::Value| {
        let (id, entry) = crate::client::only_entry(json);
        (id, entry["body"].clone(), entry["integratedTime"].clone())
    };
    assert_eq!(only(&again), only(&entry));
    assert_eq!(get(&sandbox, "/tile/entries/000.p/2").await.body, tiles);
    // It goes on from there, with its own URL as issuer.
    sign_message(&sandbox, b"second", Log::V1).await;
    assert_eq!(get(&sandbox, "/api/v1/log").await.json()["treeSize"], 3);
    assert_eq!(claims(&email_token(&sandbox))["iss"], sandbox.url());
    sandbox.stop().await;
}

#[tokio::test]
async fn an_unfinished_record_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = start_in(folder.path()).await.unwrap();
    sign_message(&sandbox, b"first", Log::V1).await;
    let head = get(&sandbox, "/api/v1/log").await.json()["rootHash"].clone();
    sandbox.stop().await;
    let log = folder.path().join("rekor-v1.log");
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, [whole.as_slice(), &whole[..20]].concat()).unwrap();
    let sandbox = start_in(folder.path()).await.unwrap();
    assert_eq!(get(&sandbox, "/api/v1/log").await.json()["rootHash"], head);
    assert_eq!(std::fs::read(&log).unwrap(), whole);
    sign_message(&sandbox, b"second", Log::V1).await;
    sandbox.stop().await;
    let sandbox = start_in(folder.path()).await.unwrap();
    assert_eq!(get(&sandbox, "/api/v1/log").await.json()["treeSize"], 3);
    sandbox.stop().await;
}

#[tokio::test]
async fn two_sandboxes_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = start_in(folder.path()).await.unwrap();
    let error = start_in(folder.path()).await.unwrap_err();
    assert!(matches!(&error, Error::StateInUse { path } if path == folder.path()), "{error}");
    sandbox.stop().await;
    start_in(folder.path()).await.unwrap();
}

#[tokio::test]
async fn foreign_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    start_in(folder.path()).await.unwrap().stop().await;
    let replaced = |name: &str, contents: &[u8]| {
        let path = folder.path().join(name);
        let before = std::fs::read(&path).unwrap();
        std::fs::write(&path, contents).unwrap();
        (path, before)
    };
    let other_key = std::fs::read(folder.path().join("tsa.key.pem")).unwrap();
    let other_certificate = std::fs::read(folder.path().join("tsa.certificate.pem")).unwrap();
    let cases: [(&str, &[u8], &str); 6] = [
        ("created", b"yesterday", "wanted a time"),
        ("oidc.key.pem", &other_key, "wanted an RSA key"),
        ("rekor-v2.key.pem", &other_key, "wanted an Ed25519 key"),
        ("fulcio-root.key.pem", &other_key, "wanted a P-256 or P-384 key of this place's curve"),
        (
            "fulcio-root.certificate.pem",
            &other_certificate,
            "wanted a certificate for the key beside it",
        ),
        ("ct.log", b"x\n", "line 1 is no record: expected value at line 1 column 1"),
    ];
    for (name, contents, wanted) in cases {
        let (path, before) = replaced(name, contents);
        let error = start_in(folder.path()).await.unwrap_err();
        let Error::StateInvalid { path: of, reason } = &error else { panic!("{error}") };
        assert_eq!((of, reason.as_str()), (&path, wanted));
        std::fs::write(&path, before).unwrap();
    }
    start_in(folder.path()).await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = start_in(&file).await.unwrap_err();
    assert!(
        matches!(&error, Error::State { action: "create", path, .. } if *path == file),
        "{error}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let sandbox = start_in(&state).await.unwrap();
    certificate(&sandbox, &key()).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    let mut keys = 0;
    for file in std::fs::read_dir(&state).unwrap() {
        let path = file.unwrap().path();
        if path.to_str().unwrap().ends_with(".key.pem") {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            keys += 1;
        }
    }
    assert_eq!(keys, 9);
}
