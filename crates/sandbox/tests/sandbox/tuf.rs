//! The TUF repository: services.md section 10.

use chainsign_sandbox::{Options, Sandbox};
use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::DecodePublicKey as _;
use serde_json::{Value, json};
use sigstore_trust_root::{TrustedRoot, TufBootstrap, TufConfig};

use crate::client::{NOW, at_fixed_time, get, sha256, start, trust_config};

async fn json(sandbox: &Sandbox, path: &str) -> Value {
    let answer = get(sandbox, path).await;
    assert_eq!(answer.status, 200, "{path}");
    answer.json()
}

#[tokio::test]
async fn consistent_snapshots_lead_to_both_targets() {
    let sandbox = start().await;
    let root = json(&sandbox, "/1.root.json").await;
    assert_eq!(serde_json::to_vec(&root).unwrap().len(), sandbox.tuf_root().len());
    assert_eq!(json(&sandbox, "/root.json").await, root);
    assert_eq!(root["signed"]["consistent_snapshot"], true);
    let timestamp = json(&sandbox, "/timestamp.json").await;
    assert_eq!(timestamp["signed"]["expires"], "2026-01-09T03:04:05Z");
    assert_eq!(timestamp["signed"]["meta"], json!({ "snapshot.json": { "version": 1 } }));
    let snapshot = json(&sandbox, "/1.snapshot.json").await;
    assert_eq!(snapshot["signed"]["meta"], json!({ "targets.json": { "version": 1 } }));
    let targets = json(&sandbox, "/1.targets.json").await;
    let listed = targets["signed"]["targets"].as_object().unwrap();
    assert_eq!(listed.len(), 2);
    let config = trust_config(&sandbox);
    for (name, part) in
        [("trusted_root.json", "trustedRoot"), ("signing_config.v0.2.json", "signingConfig")]
    {
        let hash = listed[name]["hashes"]["sha256"].as_str().unwrap();
        let file = get(&sandbox, &format!("/targets/{hash}.{name}")).await;
        assert_eq!(hex::encode(sha256(&file.body)), hash);
        assert_eq!(listed[name]["length"], file.body.len());
        assert_eq!(file.json(), config[part]);
    }
    for missing in [
        "/2.root.json",
        "/0.root.json",
        "/01.root.json",
        "/snapshot.json",
        "/2.snapshot.json",
        "/1.timestamp.json",
        "/targets/trusted_root.json",
        "/anything",
    ] {
        let answer = get(&sandbox, missing).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (404, ""), "{missing}");
    }
}

#[tokio::test]
async fn metadata_is_signed_by_the_key_of_its_role() {
    let sandbox = start().await;
    let root = json(&sandbox, "/1.root.json").await;
    let keys = root["signed"]["keys"].as_object().unwrap();
    let (key_id, key) = keys.iter().next().unwrap();
    let pem = key["keyval"]["public"].as_str().unwrap();
    // The id is the hash of the key's canonical form, in which line ends stand as they are.
    let canonical = format!(
        r#"{{"keytype":"ecdsa","keyval":{{"public":"{pem}"}},"scheme":"ecdsa-sha2-nistp256"}}"#
    );
    assert_eq!((keys.len(), key_id), (1, &hex::encode(sha256(canonical.as_bytes()))));
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let wanted = json!({ "keyids": [key_id], "threshold": 1 });
        assert_eq!(root["signed"]["roles"][role], wanted);
    }
    let key = p256::ecdsa::VerifyingKey::from_public_key_pem(pem).unwrap();
    let timestamp = json(&sandbox, "/timestamp.json").await;
    let signed = r#"{"_type":"timestamp","expires":"2026-01-09T03:04:05Z","meta":{"snapshot.json":{"version":1}},"spec_version":"1.0.31","version":1}"#;
    assert_eq!(serde_json::from_str::<Value>(signed).unwrap(), timestamp["signed"]);
    let signature = &timestamp["signatures"][0];
    assert_eq!(signature["keyid"], **key_id);
    let signature = hex::decode(signature["sig"].as_str().unwrap()).unwrap();
    let signature = p256::ecdsa::DerSignature::from_bytes(&signature).unwrap();
    key.verify(signed.as_bytes(), &signature).unwrap();
}

/// sigstore-rust's TUF client, from the given first root.
async fn fetch(sandbox: &Sandbox, first_root: &[u8]) -> TrustedRoot {
    let config = TufConfig::custom(sandbox.url(), TufBootstrap::trusted(first_root));
    let now = jiff::Timestamp::from_second(NOW).unwrap();
    TrustedRoot::from_tuf_at(config.without_cache(), now).await.unwrap()
}

#[tokio::test]
async fn a_client_follows_a_rotated_root() {
    let sandbox = start().await;
    let first = sandbox.tuf_root();
    let wanted =
        TrustedRoot::from_json(&trust_config(&sandbox)["trustedRoot"].to_string()).unwrap();
    let found = fetch(&sandbox, &first).await;
    assert_eq!(serde_json::to_value(&found).unwrap(), serde_json::to_value(&wanted).unwrap());

    sandbox.rotate_tuf_root().unwrap();
    assert_ne!(sandbox.tuf_root(), first);
    let second = json(&sandbox, "/2.root.json").await;
    let signers = second["signatures"].as_array().unwrap().len();
    assert_eq!((&second["signed"]["version"], signers), (&json!(2), 2));
    assert_eq!(json(&sandbox, "/timestamp.json").await["signed"]["version"], 2);
    let found = fetch(&sandbox, &first).await;
    assert_eq!(serde_json::to_value(&found).unwrap(), serde_json::to_value(&wanted).unwrap());
    fetch(&sandbox, &sandbox.tuf_root()).await;
}

#[tokio::test]
async fn versions_grow_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { state: Some(folder.path().to_owned()), ..at_fixed_time() };
    let sandbox = Sandbox::start(options()).await.unwrap();
    let first = sandbox.tuf_root();
    sandbox.rotate_tuf_root().unwrap();
    let second = sandbox.tuf_root();
    sandbox.stop().await;
    let sandbox = Sandbox::start(options()).await.unwrap();
    assert_eq!(get(&sandbox, "/1.root.json").await.body, first);
    assert_eq!(sandbox.tuf_root(), second);
    assert_eq!(json(&sandbox, "/timestamp.json").await["signed"]["version"], 3);
    sandbox.rotate_tuf_root().unwrap();
    assert_eq!(json(&sandbox, "/3.root.json").await["signed"]["version"], 3);
    sandbox.stop().await;
}
