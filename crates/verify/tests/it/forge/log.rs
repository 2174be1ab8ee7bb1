//! Rekor v1 and v2: entry bodies, promises, Merkle proofs and checkpoints.

use chainsign_core::encoding::{base64_encode, hex_encode, pem_encode};
use serde_json::{Value, json};

use super::key::Key;
use super::sha256;

/// What a log stores as the signer.
pub(crate) enum Verifier<'a> {
    Certificate(&'a [u8]),
    Key(&'a [u8]),
}

impl Verifier<'_> {
    pub(crate) fn pem(&self) -> String {
        match self {
            Verifier::Certificate(der) => pem_encode("CERTIFICATE", der),
            Verifier::Key(spki) => pem_encode("PUBLIC KEY", spki),
        }
    }
}

pub(crate) fn hashedrekord_0_0_1(
    hash: (&str, &str),
    signature: &[u8],
    verifier: &Verifier<'_>,
) -> Value {
    json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": {"algorithm": hash.0, "value": hash.1}},
        "signature": {
            "content": base64_encode(signature),
            "publicKey": {"content": base64_encode(verifier.pem())},
        },
    }})
}

pub(crate) fn hashedrekord_0_0_2(
    hash: (&str, &[u8]),
    signature: &[u8],
    verifier: &Verifier<'_>,
    details: &str,
) -> Value {
    let verifier = match verifier {
        Verifier::Certificate(der) => json!({
            "keyDetails": details, "x509Certificate": {"rawBytes": base64_encode(der)}}),
        Verifier::Key(spki) => json!({
            "keyDetails": details, "publicKey": {"rawBytes": base64_encode(spki)}}),
    };
    json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": hash.0, "digest": base64_encode(hash.1)},
        "signature": {"content": base64_encode(signature), "verifier": verifier},
    }}})
}

pub(crate) fn dsse_0_0_1(payload: &[u8], signatures: &[(&[u8], &Verifier<'_>)]) -> Value {
    let signatures: Vec<_> = signatures
        .iter()
        .map(|(signature, verifier)| {
            json!({
            "signature": base64_encode(signature), "verifier": base64_encode(verifier.pem())})
        })
        .collect();
    json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": {"algorithm": "sha256", "value": hex_encode(sha256(b"as it was sent"))},
        "payloadHash": {"algorithm": "sha256", "value": hex_encode(sha256(payload))},
        "signatures": signatures,
    }})
}

pub(crate) fn intoto_0_0_2(
    payload_type: &str,
    payload: &[u8],
    signatures: &[(&[u8], &Verifier<'_>)],
) -> Value {
    let signatures: Vec<_> = signatures
        .iter()
        .map(|(signature, verifier)| {
            json!({
            "sig": base64_encode(base64_encode(signature)),
            "publicKey": base64_encode(verifier.pem())})
        })
        .collect();
    json!({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": {
        "envelope": {"payloadType": payload_type, "signatures": signatures},
        "hash": {"algorithm": "sha256", "value": hex_encode(sha256(b"as it was sent"))},
        "payloadHash": {"algorithm": "sha256", "value": hex_encode(sha256(payload))},
    }}})
}

pub(crate) fn intoto_0_0_1(envelope: &[u8], payload: &[u8], verifier: &Verifier<'_>) -> Value {
    json!({"apiVersion": "0.0.1", "kind": "intoto", "spec": {
        "content": {
            "hash": {"algorithm": "sha256", "value": hex_encode(sha256(envelope))},
            "payloadHash": {"algorithm": "sha256", "value": hex_encode(sha256(payload))},
        },
        "publicKey": base64_encode(verifier.pem()),
    }})
}

/// A transparency log.
pub(crate) struct Log {
    pub(crate) url: String,
    /// The first line of its checkpoints.
    pub(crate) origin: String,
    /// The name on its signature lines.
    pub(crate) name: String,
    pub(crate) key: Key,
    pub(crate) id: [u8; 32],
}

impl Log {
    /// Rekor v1: the id is the key's digest.
    pub(crate) fn v1(host: &str, key: Key) -> Self {
        Log {
            url: format!("https://{host}"),
            origin: format!("{host} - 1193050959916656506"),
            name: host.to_owned(),
            id: sha256(&key.spki()),
            key,
        }
    }

    /// Rekor v2: for Ed25519 the id is made from the name and the key.
    pub(crate) fn v2(host: &str, key: Key) -> Self {
        let id = match key {
            Key::Ed25519(_) => sha256(&[host.as_bytes(), b"\n\x01", &key.raw()].concat()),
            _ => sha256(&key.spki()),
        };
        Log {
            url: format!("https://{host}"),
            origin: host.to_owned(),
            name: host.to_owned(),
            id,
            key,
        }
    }

    /// The signed entry timestamp of Rekor v1.
    pub(crate) fn promise(&self, body: &[u8], time: i64, index: u64) -> Vec<u8> {
        let (body, id) = (base64_encode(body), hex_encode(self.id));
        let signed = format!(
            r#"{{"body":"{body}","integratedTime":{time},"logID":"{id}","logIndex":{index}}}"#
        );
        self.key.sign(signed.as_bytes())
    }

    /// A signed checkpoint.
    pub(crate) fn checkpoint(&self, size: u64, root: &[u8; 32]) -> String {
        let text = format!("{}\n{size}\n{}\n", self.origin, base64_encode(root));
        format!("{text}\n{}", self.signature_line(&text))
    }

    pub(crate) fn signature_line(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes());
        let line = base64_encode([&self.id[..4], &signature].concat());
        format!("\u{2014} {} {line}\n", self.name)
    }

    /// A proof that a tree, whose other leaves are arbitrary, has the body as its leaf `index`.
    pub(crate) fn proof(&self, body: &[u8], index: u64, size: u64) -> Value {
        let mut leaves: Vec<[u8; 32]> =
            (0..size).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect();
        leaves[index as usize] = leaf_hash(body);
        let root = root(&leaves);
        let hashes: Vec<_> = path(index as usize, &leaves).iter().map(base64_encode).collect();
        json!({
            "logIndex": index.to_string(),
            "rootHash": base64_encode(root),
            "treeSize": size.to_string(),
            "hashes": hashes,
            "checkpoint": {"envelope": self.checkpoint(size, &root)},
        })
    }

    /// A `TransparencyLogEntry` with promise and proof, as Rekor v1 has it.
    pub(crate) fn entry_v1(&self, body: &Value, time: i64, index: u64) -> Value {
        self.entry_v1_as(body, &canonical(body), time, index)
    }

    /// The same, of a body that the log has taken in another spelling.
    pub(crate) fn entry_v1_as(&self, body: &Value, bytes: &[u8], time: i64, index: u64) -> Value {
        json!({
            "logIndex": (index + 1000).to_string(),
            "logId": {"keyId": base64_encode(self.id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "integratedTime": time.to_string(),
            "inclusionPromise": {
                "signedEntryTimestamp": base64_encode(self.promise(bytes, time, index + 1000))},
            "inclusionProof": self.proof(bytes, index, index + 3),
            "canonicalizedBody": base64_encode(bytes),
        })
    }

    /// A `TransparencyLogEntry` of Rekor v2: no promise, no time.
    pub(crate) fn entry_v2(&self, body: &Value, index: u64) -> Value {
        self.entry_v2_as(body, &canonical(body), index)
    }

    /// The same, of a body that the log has taken in another spelling.
    pub(crate) fn entry_v2_as(&self, body: &Value, bytes: &[u8], index: u64) -> Value {
        json!({
            "logIndex": index.to_string(),
            "logId": {"keyId": base64_encode(self.id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "inclusionProof": self.proof(bytes, index, index + 3),
            "canonicalizedBody": base64_encode(bytes),
        })
    }
}

/// RFC 8785, which for these bodies is sorted keys without white space.
pub(crate) fn canonical(value: &Value) -> Vec<u8> {
    fn write(value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::Object(object) => {
                let mut members: Vec<_> = object.iter().collect();
                members.sort_by(|left, right| left.0.cmp(right.0));
                out.push(b'{');
                for (index, (key, value)) in members.into_iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    out.extend(serde_json::to_vec(key).unwrap());
                    out.push(b':');
                    write(value, out);
                }
                out.push(b'}');
            }
            Value::Array(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write(item, out);
                }
                out.push(b']');
            }
            scalar => out.extend(serde_json::to_vec(scalar).unwrap()),
        }
    }
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

pub(crate) fn leaf_hash(entry: &[u8]) -> [u8; 32] {
    sha256(&[&[0], entry].concat())
}

fn node(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    sha256(&[&[1][..], &left, &right].concat())
}

/// RFC 6962 section 2.1.
pub(crate) fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node(root(left), root(right))
        }
    }
}

/// RFC 6962 section 2.1.1.
pub(crate) fn path(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut below, sibling) = match index < left.len() {
        true => (path(index, left), root(right)),
        false => (path(index - left.len(), right), root(left)),
    };
    below.push(sibling);
    below
}
