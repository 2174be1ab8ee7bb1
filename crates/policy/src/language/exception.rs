//! What is never accepted, and what is accepted for a time.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Digest, LogIdHex, Name, Opt, Time};

/// What is never accepted. Evaluated first; no exception silences it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Deny {
    /// Artifacts, by their digest.
    #[serde(default)]
    pub(crate) digests: Vec<Digest>,
    /// Certificates, by the SHA-256 of their DER. What they signed counts as absent.
    #[serde(default)]
    pub(crate) certificates: Vec<Digest>,
    /// Keys, by the SHA-256 of their DER, also inside certificates. What they signed counts as
    /// absent.
    #[serde(default)]
    pub(crate) keys: Vec<Digest>,
    /// Entries of transparency logs. What they prove counts as absent. Whoever has a signature can have
    /// it logged again: to take back what somebody signed, list the certificate or the key.
    #[serde(default)]
    pub(crate) log_entries: Vec<DeniedLogEntry>,
}

/// An entry of a transparency log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeniedLogEntry {
    /// The log's id in hexadecimal.
    pub(crate) log_id: LogIdHex,
    /// The index over all shards of the log. An entry of Rekor v1 without a signed entry timestamp, for
    /// whose index nobody vouches, may be any, and counts as this one.
    pub(crate) index: u64,
}

/// Rules that are not enforced for some artifacts for some time. Every report counts them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Exception {
    /// A name for reports.
    pub(crate) id: Name,
    /// The ids of the rules. An id covers the rules below it.
    #[schemars(length(min = 1))]
    pub(crate) rules: Vec<At<String>>,
    /// The artifacts, by their digest.
    #[schemars(length(min = 1))]
    pub(crate) digests: Vec<Digest>,
    /// From this time on it is ignored.
    pub(crate) expires: Time,
    /// Why.
    #[schemars(length(min = 1))]
    pub(crate) reason: String,
    /// Who granted it.
    #[schemars(length(min = 1))]
    pub(crate) approved_by: String,
    /// Makes it one for an emergency: it lasts at most 24 hours. Every report tells it.
    #[serde(default)]
    pub(crate) break_glass: Opt<BreakGlass>,
    /// Allows it to silence a rule that asks who signed.
    #[serde(default)]
    pub(crate) dangerous_waive_signature: bool,
}

/// An emergency.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BreakGlass {
    /// When it begins. The exception is ignored before, and must expire within 24 hours of it.
    pub(crate) from: Time,
}
