//! Trusted roots, authorities, and trees of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::{At, Digest, Name, Opt, Sha256, Text, Time};

/// A Sigstore instance: its trusted root in a file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Root {
    /// A Sigstore trusted root (trusted_root.json), relative to this policy.
    pub(crate) file: At<String>,
    /// SHA-256 of that file. With it the policy decides alone which root it trusts.
    #[serde(default)]
    pub(crate) sha256: Opt<At<Sha256>>,
    /// What the instance promises.
    #[serde(default)]
    pub(crate) instance: Instance,
}

/// What a Sigstore instance promises for every signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Instance {
    /// A log entry, a certificate transparency log and a proven time, as Sigstore's public
    /// instance.
    #[default]
    Sigstore,
    /// A signed timestamp, and no log, as GitHub's instance for private repositories.
    Github,
}

/// Who may sign: an identity under a trusted root, or a key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Authority {
    /// An identity that an OIDC issuer vouched for and a certificate names.
    Keyless(KeylessAuthority),
    /// A public key.
    Key(KeyAuthority),
}

/// An identity: issuer and subject, under one trusted root.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeylessAuthority {
    /// The trusted root, by its name under `trust.roots`. May be left out when there is one.
    #[serde(default)]
    pub(crate) root: Opt<At<Name>>,
    /// The OIDC issuer. A pattern must fix scheme and host.
    pub(crate) issuer: At<Text>,
    /// The subject of the certificate: a workflow, an e-mail address. A pattern must fix scheme,
    /// host, owner and repository of a URI, or the domain of an e-mail address.
    #[serde(default)]
    pub(crate) subject: Opt<At<Text>>,
    /// Further Fulcio extensions that the certificate must have, such as `runnerEnvironment`.
    #[serde(default)]
    pub(crate) extensions: BTreeMap<String, At<Text>>,
    /// Accepts a subject that does not fix who may sign. Anybody with an account at the issuer
    /// can then meet this authority.
    #[serde(default)]
    pub(crate) dangerous_any_subject: bool,
}

/// A public key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyAuthority {
    /// The key in PEM (`PUBLIC KEY`), relative to this policy.
    pub(crate) file: At<String>,
    /// SHA-256 of the key's DER. With it the policy decides alone which key it trusts.
    #[serde(default)]
    pub(crate) fingerprint: Opt<At<Digest>>,
    /// The trusted root for log entries and timestamps, by its name under `trust.roots`. May be
    /// left out when there is one.
    #[serde(default)]
    pub(crate) root: Opt<At<Name>>,
    /// Whether every signature must be in a transparency log.
    #[serde(default)]
    pub(crate) log: KeyLog,
    /// The first moment at which the key may have signed. The time must be proven: by a log or a
    /// timestamp authority of the trusted root.
    #[serde(default)]
    pub(crate) not_before: Opt<Time>,
    /// The last moment at which the key may have signed, proven likewise.
    #[serde(default)]
    pub(crate) not_after: Opt<Time>,
}

/// Whether a key's signatures must be in a transparency log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyLog {
    /// They need not be.
    #[default]
    Optional,
    /// They must be.
    Require,
}

/// Who must have signed: the name of an authority, or a combination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignatureTree {
    Authority(Name),
    All(Vec<At<SignatureTree>>),
    Any(Vec<At<SignatureTree>>),
    AtLeast(AtLeast),
}

/// A number of distinct signers out of a list of authorities.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AtLeast {
    /// How many.
    pub(crate) count: NonZeroUsize,
    /// The authorities. Each counts once, and each signer counts once.
    pub(crate) of: Vec<At<Name>>,
}

impl<'de> Deserialize<'de> for SignatureTree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visit)
    }
}

struct Visit;

impl<'de> Visitor<'de> for Visit {
    type Value = SignatureTree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an authority, or one of `all`, `any` and `atLeast`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SignatureTree, E> {
        text.parse().map(SignatureTree::Authority).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SignatureTree, A::Error> {
        let written = Written::deserialize(de::value::MapAccessDeserializer::new(map))?;
        let tree = match (written.all.0, written.any.0, written.at_least.0) {
            (Some(trees), None, None) => SignatureTree::All(trees),
            (None, Some(trees), None) => SignatureTree::Any(trees),
            (None, None, Some(at_least)) => SignatureTree::AtLeast(at_least),
            _ => return Err(de::Error::custom("wanted exactly one of `all`, `any` and `atLeast`")),
        };
        if matches!(&tree, SignatureTree::All(trees) | SignatureTree::Any(trees) if trees.is_empty())
        {
            return Err(de::Error::custom("found an empty list, wanted at least one authority"));
        }
        Ok(tree)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default)]
    all: Opt<Vec<At<SignatureTree>>>,
    #[serde(default)]
    any: Opt<Vec<At<SignatureTree>>>,
    #[serde(default)]
    at_least: Opt<AtLeast>,
}

impl JsonSchema for SignatureTree {
    fn schema_name() -> Cow<'static, str> {
        "SignatureTree".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<Name>();
        let tree = generator.subschema_for::<SignatureTree>();
        let at_least = generator.subschema_for::<AtLeast>();
        let one = |key: &str, description: &str, schema: serde_json::Value| {
            serde_json::json!({
                "type": "object",
                "description": description,
                "properties": {key: schema},
                "required": [key],
                "additionalProperties": false,
            })
        };
        let trees = serde_json::json!({"type": "array", "items": tree, "minItems": 1});
        json_schema!({
            "description": "The name of an authority, or `all`, `any` or `atLeast` of several.",
            "anyOf": [
                name,
                one("all", "All of these.", trees.clone()),
                one("any", "Any of these.", trees),
                one("atLeast", "A number of distinct signers.", at_least.into()),
            ],
        })
    }
}
