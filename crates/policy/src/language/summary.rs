//! Whose verification counts in place of evidence.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Age, At, Digest, Name, OneOrMany, Opt, Text, VerifiedLevel};

/// A verifier whose SLSA verification summaries are accepted in place of evidence. It is looked at only
/// where that evidence does not do by itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AcceptedSummary {
    /// Who must have signed the summary: an authority, or several of which any will do. They speak for
    /// the verifier.
    pub(crate) by: At<OneOrMany<Name>>,
    /// The summary's `verifier.id`, exactly: who signs may not speak for any other verifier.
    pub(crate) verifier: At<String>,
    /// As what the artifact must have been verified: the summary's `resourceUri`. {name} stands for what
    /// `match` captured.
    pub(crate) resource_uri: At<Text>,
    /// What must have been verified: SLSA_BUILD_LEVEL_2, or a property or value of the verifier's own.
    /// All of them; a level implies those below it.
    pub(crate) levels: At<OneOrMany<VerifiedLevel>>,
    /// The digests of the policies by which it may have been verified. Any policy of that verifier, if
    /// left out.
    #[serde(default)]
    pub(crate) policies: Opt<At<OneOrMany<Digest>>>,
    /// How long ago it may have been verified and signed.
    #[serde(default)]
    pub(crate) max_age: Opt<Age>,
    /// What it stands in for: `signatures`, `attestations.NAME`. Rules that look into the artifact, or
    /// compare it with a document, need the artifact and the document.
    pub(crate) in_place_of: At<OneOrMany<Input>>,
}

/// Evidence that a policy asks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Input(
    #[schemars(regex(pattern = r"^(signatures|attestations\.[A-Za-z0-9][A-Za-z0-9_-]{0,62})$"))]
    pub(crate) String,
);
