//! Tests of a policy.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::{ApiVersion, At, Name, Opt, Predicate, Time};

/// Tests of a chainsign policy: cases, each with its evidence and what must come of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "chainsign policy test",
    extend("$id" = "https://chainsign.dev/schema/policytest.v1.json")
)]
pub(crate) struct SuiteDocument {
    /// The version of the language.
    #[serde(rename = "apiVersion")]
    #[schemars(with = "ApiVersion")]
    pub(crate) _api_version: ApiVersion,
    /// What kind of document this is.
    #[serde(rename = "kind")]
    pub(crate) _kind: SuiteKind,
    /// The policy, relative to this file.
    pub(crate) policy: At<String>,
    /// The trusted root (trusted_root.json) that the caller of the policy trusts, relative to this
    /// file. Needed for bundles when the policy names no root of its own.
    #[serde(default)]
    pub(crate) root: Opt<At<String>>,
    /// The time for which the cases are evaluated.
    pub(crate) at: Time,
    /// The cases.
    #[schemars(length(min = 1))]
    pub(crate) cases: Vec<At<Case>>,
}

/// The kind of document.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum SuiteKind {
    PolicyTest,
}

/// One case: an artifact, the evidence about it, and what must come of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Case {
    /// A name for reports and for `from`.
    pub(crate) name: Name,
    /// An earlier case: what is not written here is as it is there.
    #[serde(default)]
    pub(crate) from: Opt<At<Name>>,
    /// The artifact: a file, relative to this one. Its facts are read from it.
    #[serde(default)]
    pub(crate) artifact: Opt<At<String>>,
    /// Texts in the artifact that are replaced before anything is read from it, each by one of the
    /// same length, everywhere: "CGO_ENABLED=0": "CGO_ENABLED=1". Assumed evidence is then about
    /// what comes of it; bundles are not. As in `from`, if left out.
    #[serde(default)]
    pub(crate) alter: BTreeMap<String, String>,
    /// The name under which the artifact is used, for policies with `match`. The artifact's path
    /// as a file's name, if left out.
    #[serde(default)]
    pub(crate) target: Opt<At<Target>>,
    /// The time of this case. The file's, if left out.
    #[serde(default)]
    pub(crate) at: Opt<Time>,
    /// The evidence, by names of your own. One that `from` has too takes its place.
    #[serde(default)]
    pub(crate) evidence: BTreeMap<Name, At<CaseEvidence>>,
    /// Evidence of `from` that is not there in this case.
    #[serde(default)]
    pub(crate) without: Vec<At<Name>>,
    /// Changes of predicates, by the name of their evidence.
    #[serde(default)]
    pub(crate) change: BTreeMap<Name, At<Change>>,
    /// What must come of it.
    pub(crate) expect: Expected,
}

/// The name under which an artifact is used.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Target {
    /// An image, such as ghcr.io/acme/app:v1.
    Image(String),
    /// An image that a workload of a cluster runs.
    Workload(CaseWorkload),
    /// A file, as its user names it.
    File(String),
}

/// A workload of a cluster, and the image that it runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CaseWorkload {
    /// The image, such as ghcr.io/acme/app:v1.
    pub(crate) image: String,
    /// Its namespace.
    pub(crate) namespace: Name,
    /// Its kind: Pod, Deployment.
    pub(crate) kind: Name,
    /// Its labels.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

/// A piece of evidence: a real one that is verified, or one that nobody made.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CaseEvidence {
    /// A file with signed documents, relative to this one: a bundle, or with the ending .jsonl one
    /// on each line. They are verified as any others.
    Bundle(At<String>),
    /// A signature over the artifact that is taken for verified.
    Signature(AssumedSignature),
    /// An attestation about the artifact that is taken for verified.
    Attestation(AssumedAttestation),
}

/// A signature over the artifact that is taken for verified.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AssumedSignature {
    /// Who made it.
    pub(crate) by: At<AssumedSigner>,
    /// When. The time of the case, if left out.
    #[serde(default)]
    pub(crate) signed_at: Opt<Time>,
    /// What it does not have. It has everything that the authority asks for, if left out.
    #[serde(default)]
    pub(crate) lacks: BTreeSet<Lack>,
    /// The name of a file of checksums that was signed instead of the artifact, and lists it.
    #[serde(default)]
    pub(crate) via: Opt<String>,
}

/// An attestation about the artifact that is taken for verified.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AssumedAttestation {
    /// Who signed it.
    pub(crate) by: At<AssumedSigner>,
    /// When. The time of the case, if left out.
    #[serde(default)]
    pub(crate) signed_at: Opt<Time>,
    /// What it does not have. It has everything that the authority asks for, if left out.
    #[serde(default)]
    pub(crate) lacks: BTreeSet<Lack>,
    /// The predicate type.
    #[serde(rename = "type")]
    pub(crate) predicate_type: Predicate,
    /// A file with the predicate in JSON, relative to this file.
    pub(crate) predicate: At<String>,
}

/// Who is taken to have signed: the name of an authority of the policy, or an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AssumedSigner {
    /// Somebody who meets this authority.
    Authority(Name),
    /// This identity.
    Identity(AssumedIdentity),
}

/// An identity as a certificate says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AssumedIdentity {
    /// The OIDC issuer.
    pub(crate) issuer: String,
    /// The subject: a URI, an e-mail address, or a user name (user!domain).
    pub(crate) subject: String,
    /// Further Fulcio extensions, such as `runnerEnvironment`.
    #[serde(default)]
    pub(crate) extensions: BTreeMap<String, String>,
    /// The root of the policy under which it is certified. The only one, or the caller's, if left
    /// out.
    #[serde(default)]
    pub(crate) root: Opt<At<Name>>,
}

impl<'de> Deserialize<'de> for AssumedSigner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = AssumedSigner;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an authority, or `issuer` and `subject`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<AssumedSigner, E> {
                text.parse().map(AssumedSigner::Authority).map_err(E::custom)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AssumedSigner, A::Error> {
                let map = de::value::MapAccessDeserializer::new(map);
                AssumedIdentity::deserialize(map).map(AssumedSigner::Identity)
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl JsonSchema for AssumedSigner {
    fn schema_name() -> Cow<'static, str> {
        "AssumedSigner".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<Name>();
        let identity = generator.subschema_for::<AssumedIdentity>();
        schemars::json_schema!({
            "description": "The name of an authority of the policy: somebody who meets it. Or \
                            `issuer` and `subject` of somebody.",
            "anyOf": [name, identity],
        })
    }
}

/// Something that evidence may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Lack {
    /// It is in no transparency log.
    Log,
    /// Its log entries have no inclusion proof.
    InclusionProof,
    /// No timestamp authority proves its time; a log may.
    Timestamp,
    /// Nothing proves its time.
    Time,
}

/// What is changed in a predicate before it is looked at. JSON pointers name the places:
/// /buildDefinition/externalParameters/workflow/ref.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    /// Values that take the place of others. There must be one at each place.
    #[serde(default)]
    pub(crate) set: BTreeMap<String, Value>,
    /// Members that are added. There must be none at any of the places; at the end of a list: /-.
    #[serde(default)]
    pub(crate) add: BTreeMap<String, Value>,
    /// Values that are taken out. There must be one at each place.
    #[serde(default)]
    pub(crate) remove: Vec<String>,
}

/// What must come of a case: the outcome, and the ids of the rules that are its cause, these and no
/// others.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Expected {
    /// Every rule passes.
    Pass,
    /// The policy is not about the target.
    NotMatched,
    /// These rules fail.
    Fail(Vec<At<String>>),
    /// These rules fail or cannot be decided, and at least one cannot.
    Error(Vec<At<String>>),
}
