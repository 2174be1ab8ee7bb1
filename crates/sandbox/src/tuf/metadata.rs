//! Signed metadata: TUF specification sections 4.2 to 4.6.

use chainsign_core::encoding::pem_encode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::canonical::canonical;
use crate::Error;
use crate::keys::EcdsaKey;
use crate::x509::sha256;

/// A role below root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Timestamp,
    Snapshot,
    Targets,
}

/// A file that is served.
#[derive(Debug)]
pub(super) struct Target {
    name: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl Target {
    pub(super) fn new(name: &'static str, text: &str) -> Self {
        Target { name, bytes: text.as_bytes().to_vec() }
    }

    /// Its name with its hash before it, as consistent snapshots have it.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", hex::encode(sha256(&self.bytes)), self.name)
    }

    fn description(&self) -> Value {
        json!({ "length": self.bytes.len(), "hashes": { "sha256": hex::encode(sha256(&self.bytes)) } })
    }
}

/// A root in which the first key holds all roles, signed by all the keys.
pub(super) fn root(
    version: usize,
    keys: &[&EcdsaKey],
    expires: Timestamp,
) -> Result<Vec<u8>, Error> {
    let Some(holder) = keys.first() else { return Ok(Vec::new()) };
    let role = json!({ "keyids": [key_id(holder)], "threshold": 1 });
    let roles =
        ["root", "timestamp", "snapshot", "targets"].map(|name| (name.to_owned(), role.clone()));
    let signed = json!({
        "_type": "root",
        "spec_version": SPEC_VERSION,
        "version": version,
        "expires": expiry(expires),
        "consistent_snapshot": true,
        "keys": Map::from_iter([(key_id(holder), key(holder))]),
        "roles": Map::from_iter(roles),
    });
    document(signed, keys)
}

/// The metadata of a role. Snapshot and targets have the version of the timestamp.
pub(super) fn sign(
    role: Role,
    version: usize,
    targets: &[Target],
    key: &EcdsaKey,
    expires: Timestamp,
) -> Result<Vec<u8>, Error> {
    let (name, field, content) = match role {
        Role::Timestamp => {
            ("timestamp", "meta", json!({ "snapshot.json": { "version": version } }))
        }
        Role::Snapshot => ("snapshot", "meta", json!({ "targets.json": { "version": version } })),
        Role::Targets => {
            let targets =
                targets.iter().map(|target| (target.name.to_owned(), target.description()));
            ("targets", "targets", Value::Object(targets.collect()))
        }
    };
    let signed = json!({
        "_type": name,
        "spec_version": SPEC_VERSION,
        "version": version,
        "expires": expiry(expires),
        field: content,
    });
    document(signed, &[key])
}

/// On one line, so that a journal can keep it.
fn document(signed: Value, keys: &[&EcdsaKey]) -> Result<Vec<u8>, Error> {
    let bytes = canonical(&signed);
    let mut signatures = Vec::new();
    for key in keys {
        signatures.push(json!({ "keyid": key_id(key), "sig": hex::encode(key.sign(&bytes)?) }));
    }
    serde_json::to_vec(&json!({ "signatures": signatures, "signed": signed }))
        .map_err(Error::encoding("TUF metadata"))
}

fn key(key: &EcdsaKey) -> Value {
    json!({
        "keytype": "ecdsa",
        "scheme": "ecdsa-sha2-nistp256",
        "keyval": { "public": pem_encode("PUBLIC KEY", key.spki()) },
    })
}

fn key_id(of: &EcdsaKey) -> String {
    hex::encode(sha256(&canonical(&key(of))))
}

/// Whole seconds, as section 4.2.1 wants.
fn expiry(moment: Timestamp) -> String {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment).to_string()
}

const SPEC_VERSION: &str = "1.0.31";
