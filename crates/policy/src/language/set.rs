//! A set of policies.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ApiVersion, At, Digest, Opt, Sha256};

/// A chainsign policy set: which policies there are, and what happens where none applies.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "chainsign policy set",
    extend("$id" = "https://chainsign.dev/schema/policyset.v1.json")
)]
pub(crate) struct SetDocument {
    /// The version of the language.
    #[serde(rename = "apiVersion")]
    pub(crate) _api_version: ApiVersion,
    /// What kind of document this is.
    #[serde(rename = "kind")]
    pub(crate) _kind: SetKind,
    /// The policies. Every one that is about a target must pass.
    #[schemars(length(min = 1))]
    pub(crate) policies: Vec<At<PolicyFile>>,
    /// What happens to a target that no policy is about.
    #[serde(default)]
    pub(crate) on_no_match: OnNoMatch,
    /// Registries that hold copies of others. Policies are asked about the original's name.
    #[serde(default)]
    pub(crate) mirrors: Vec<At<Mirror>>,
    /// Artifacts that pass whatever the policies say, by their digest. Deny lists still hold.
    #[serde(default)]
    pub(crate) always_allow: Vec<Digest>,
}

/// The kind of document.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum SetKind {
    PolicySet,
}

/// A policy in a file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PolicyFile {
    /// The policy, relative to this file.
    pub(crate) file: At<String>,
    /// SHA-256 of that file. With it this file decides alone what its policies say.
    #[serde(default)]
    pub(crate) sha256: Opt<At<Sha256>>,
}

/// What happens to a target that no policy is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum OnNoMatch {
    /// It cannot be decided, and so does not pass.
    #[default]
    Deny,
    /// It passes, and nothing was looked at.
    DangerousAllow,
}

/// A registry that holds copies of another.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Mirror {
    /// How names of copies begin: registry.acme.example/mirror/docker.io
    pub(crate) from: String,
    /// How names of the originals begin: docker.io
    pub(crate) to: String,
}
