//! A TUF repository on loopback: one ECDSA key for all roles, consistent snapshots.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::Router;
use axum::http::{StatusCode, Uri};
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::encoding::{hex_encode, pem_encode};
use chainsign_trust::{Cache, Network, Repository, TrustMaterial};
use jiff::Timestamp;
use serde_json::{Value, json};

/// When the repository is made. Its timestamp role lasts a week, the others a year.
pub(crate) const START: &str = "2026-11-21T12:00:00Z";

pub(crate) fn hours(hours: i64) -> Timestamp {
    let start: Timestamp = START.parse().unwrap();
    start + jiff::SignedDuration::from_hours(hours)
}

pub(crate) struct Tuf {
    pub(crate) url: String,
    key: Arc<Key>,
    files: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<String>>>,
    server: Option<tokio::task::JoinHandle<()>>,
}

/// A version of everything that the repository says.
#[derive(Clone)]
pub(crate) struct Edition {
    /// Of timestamp, snapshot and targets.
    pub(crate) version: u64,
    /// When timestamp expires.
    pub(crate) expires: Timestamp,
    /// The trusted root's bytes.
    pub(crate) trusted_root: Vec<u8>,
    pub(crate) signing_config: Option<Vec<u8>>,
}

impl Edition {
    pub(crate) fn first() -> Self {
        let trusted_root = include_bytes!("../../roots/public-good/trusted_root.json").to_vec();
        let signing_config = include_bytes!("../../roots/public-good/signing_config.json").to_vec();
        let signing_config = Some(signing_config);
        Edition { version: 1, expires: hours(7 * 24), trusted_root, signing_config }
    }

    /// The next version, with another trusted root, a week from `now`.
    pub(crate) fn second(now: Timestamp) -> Self {
        let trusted_root = include_bytes!("../../roots/staging/trusted_root.json").to_vec();
        let expires = now + jiff::SignedDuration::from_hours(7 * 24);
        Edition { version: 2, expires, trusted_root, ..Edition::first() }
    }
}

impl Tuf {
    pub(crate) async fn start() -> Self {
        let files: Arc<Mutex<HashMap<String, Vec<u8>>>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (served, noted) = (Arc::clone(&files), Arc::clone(&asked));
        let router = Router::new().fallback(move |uri: Uri| {
            let name = uri.path().trim_start_matches('/').to_owned();
            noted.lock().unwrap().push(name.clone());
            let found = served.lock().unwrap().get(&name).cloned();
            async move { found.ok_or(StatusCode::NOT_FOUND) }
        });
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let key = Arc::new(Key::new());
        let tuf = Tuf { url, key, files, asked, server: Some(server) };
        tuf.put("1.root.json", tuf.root(1, &[&tuf.key], &tuf.key));
        tuf.publish(&Edition::first());
        tuf
    }

    /// The repository, as a user who was given its first root sees it.
    pub(crate) fn repository(&self) -> Repository {
        let root = self.files.lock().unwrap()["1.root.json"].clone();
        Repository::custom(&self.url, &root).unwrap()
    }

    pub(crate) async fn obtain(
        &self,
        cache: &Cache,
        network: Network,
        now: Timestamp,
    ) -> chainsign_trust::Result<TrustMaterial> {
        self.repository().obtain(Some(cache), network, now).await
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    pub(crate) fn put(&self, name: &str, bytes: Vec<u8>) {
        self.files.lock().unwrap().insert(name.to_owned(), bytes);
    }

    /// Serves one file under the name of another.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        let mut files = self.files.lock().unwrap();
        let bytes = files[from].clone();
        files.insert(to.to_owned(), bytes);
    }

    /// Serves other bytes for every file whose name ends so.
    pub(crate) fn replace(&self, end: &str, bytes: &[u8]) {
        let mut files = self.files.lock().unwrap();
        let named = files.iter_mut().filter(|(name, _)| name.ends_with(end));
        named.for_each(|(_, served)| *served = bytes.to_vec());
    }

    /// Serves the timestamp with its signature twice.
    pub(crate) fn repeat_signature(&self) {
        self.edit_signatures(|signatures| signatures.push(signatures[0].clone()));
    }

    /// Serves the timestamp with its signature under an id of nobody.
    pub(crate) fn rename_signature(&self) {
        self.edit_signatures(|signatures| signatures[0]["keyid"] = json!("0".repeat(64)));
    }

    fn edit_signatures(&self, edit: impl FnOnce(&mut Vec<Value>)) {
        let mut files = self.files.lock().unwrap();
        let served = files.get_mut("timestamp.json").unwrap();
        let mut timestamp: Value = serde_json::from_slice(served).unwrap();
        edit(timestamp["signatures"].as_array_mut().unwrap());
        *served = timestamp.to_string().into_bytes();
    }

    /// No more answers: connections are refused.
    pub(crate) async fn stop(&mut self) {
        let server = self.server.take().unwrap();
        server.abort();
        let _ = server.await;
    }

    pub(crate) fn publish(&self, edition: &Edition) {
        let mut targets = serde_json::Map::new();
        let named = [
            ("trusted_root.json", Some(&edition.trusted_root)),
            ("signing_config.v0.2.json", edition.signing_config.as_ref()),
        ];
        for (name, bytes) in named {
            let Some(bytes) = bytes else { continue };
            let digest = ArtifactDigest::sha256(bytes).hex();
            targets.insert(
                name.to_owned(),
                json!({ "length": bytes.len(), "hashes": { "sha256": digest } }),
            );
            self.put(&format!("targets/{digest}.{name}"), bytes.clone());
        }
        let version = edition.version;
        let year = hours(365 * 24);
        let targets = self.sign(role("targets", version, year, json!({ "targets": targets })));
        let meta = json!({ "meta": { "targets.json": { "version": version } } });
        let snapshot = self.sign(role("snapshot", version, year, meta));
        let meta = json!({ "meta": { "snapshot.json": { "version": version } } });
        let timestamp = self.sign(role("timestamp", version, edition.expires, meta));
        self.put(&format!("{version}.targets.json"), targets);
        self.put(&format!("{version}.snapshot.json"), snapshot);
        self.put("timestamp.json", timestamp);
    }

    /// Root metadata that names one key for everything, signed by some.
    pub(crate) fn root(&self, version: u64, signers: &[&Key], named: &Key) -> Vec<u8> {
        let keys = json!({ &named.id: {
            "keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256",
            "keyval": { "public": named.pem },
        } });
        let role_keys = json!({ "keyids": [named.id], "threshold": 1 });
        let roles: Value = ["root", "timestamp", "snapshot", "targets"]
            .into_iter()
            .map(|name| (name.to_owned(), role_keys.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let rest = json!({ "consistent_snapshot": true, "keys": keys, "roles": roles });
        let signed = role("root", version, hours(365 * 24), rest);
        envelope(&signed, signers)
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    fn sign(&self, signed: Value) -> Vec<u8> {
        envelope(&signed, &[&self.key])
    }
}

impl Drop for Tuf {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}

pub(crate) struct Key {
    pair: EcdsaKeyPair,
    id: String,
    pem: String,
}

impl Key {
    pub(crate) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        // SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480 section 2).
        let prefix = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ];
        let spki = [&prefix, point].concat();
        Key { id: ArtifactDigest::sha256(&spki).hex(), pem: pem_encode("PUBLIC KEY", &spki), pair }
    }
}

fn role(name: &str, version: u64, expires: Timestamp, rest: Value) -> Value {
    let mut role = json!({
        "_type": name, "spec_version": "1.0.31", "version": version,
        "expires": expires.to_string(),
    });
    for (name, value) in rest.as_object().unwrap() {
        role[name] = value.clone();
    }
    role
}

fn envelope(signed: &Value, signers: &[&Key]) -> Vec<u8> {
    let bytes = sigstore_tuf::canonical_json::to_canonical_bytes(signed).unwrap();
    let signatures: Vec<Value> = signers
        .iter()
        .map(|key| {
            let signature = key.pair.sign(&SystemRandom::new(), &bytes).unwrap();
            json!({ "keyid": key.id, "sig": hex_encode(signature) })
        })
        .collect();
    json!({ "signed": signed, "signatures": signatures }).to_string().into_bytes()
}
