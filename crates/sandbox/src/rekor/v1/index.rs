//! Finding entries by what they are about: rekor `pkg/indexstorage`.

use serde::Deserialize;

use super::routes::Refusal;
use super::verifier::Verifier;

/// A query: rekor `openapi.yaml`, `SearchIndex`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchIndex {
    hash: Option<String>,
    email: Option<String>,
    public_key: Option<PublicKey>,
    operator: Option<Operator>,
}

#[derive(Debug, Deserialize)]
struct PublicKey {
    format: String,
    content: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operator {
    And,
    #[default]
    Or,
}

/// The keys that a query asks for, and whether all of them are wanted.
#[derive(Debug)]
pub(super) struct Search {
    keys: Vec<String>,
    operator: Operator,
}

impl Search {
    pub(super) fn new(query: SearchIndex) -> Result<Self, Refusal> {
        let mut keys = Vec::new();
        if let Some(hash) = query.hash {
            let plain = hash.len() == 64 && !hash.contains(':');
            keys.push(if plain { format!("sha256:{hash}") } else { hash }.to_lowercase());
        }
        if let Some(email) = query.email {
            keys.push(email.to_lowercase());
        }
        if let Some(PublicKey { format, content }) = query.public_key {
            if format != "x509" {
                return Err(Refusal::Bad(format!(
                    "found the public key format {format:?}, the sandbox reads \"x509\""
                )));
            }
            let verifier = Verifier::parse(&content.unwrap_or_default())?;
            keys.extend(verifier.index_keys().into_iter().take(1));
        }
        if keys.is_empty() {
            return Err(Refusal::Bad("wanted a hash, an email or a publicKey".to_owned()));
        }
        Ok(Search { keys, operator: query.operator.unwrap_or_default() })
    }

    /// Whether an entry with these keys is asked for.
    pub(super) fn matches(&self, entry: &[String]) -> bool {
        match self.operator {
            Operator::And => self.keys.iter().all(|key| entry.contains(key)),
            Operator::Or => self.keys.iter().any(|key| entry.contains(key)),
        }
    }
}

/// The digests of the artifacts that an in-toto payload is about, as `sha256:HEX`.
pub(super) fn subject_keys(payload_type: &str, payload: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Statement {
        #[serde(default)]
        subject: Vec<Subject>,
    }
    #[derive(Deserialize)]
    struct Subject {
        #[serde(default)]
        digest: std::collections::BTreeMap<String, String>,
    }
    if payload_type != "application/vnd.in-toto+json" {
        return Vec::new();
    }
    let Ok(statement) = serde_json::from_slice::<Statement>(payload) else { return Vec::new() };
    let digests = statement.subject.into_iter().flat_map(|subject| subject.digest);
    digests.map(|(algorithm, value)| format!("{algorithm}:{value}")).collect()
}

/// Ids in both of Rekor's forms: a leaf hash alone, or with the tree id before it.
pub(super) fn leaf_hash_of_id(id: &str, tree_id: u64) -> Result<[u8; 32], Refusal> {
    let wrong = || {
        Refusal::Bad(format!(
            "found the entry id {:?}, wanted 64 or 80 hexadecimal digits",
            id.chars().take(100).collect::<String>()
        ))
    };
    let hash = match id.len() {
        64 => id,
        80 if id.is_char_boundary(16) => {
            let (tree, hash) = id.split_at(16);
            let tree = u64::from_str_radix(tree, 16).map_err(|_| wrong())?;
            if tree != tree_id {
                return Err(Refusal::NotFound);
            }
            hash
        }
        _ => return Err(wrong()),
    };
    hex::decode(hash).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)
}
