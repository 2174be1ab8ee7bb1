//! What must be proven about every signature that counts.

use std::num::NonZeroU8;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Age, LogIdHex, Opt, Time};

/// What transparency logs and timestamp authorities must prove about every signature that counts.
/// One that shows less counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Transparency {
    /// The logs that count, by their ids in hexadecimal. All logs of the trusted root, if left
    /// out.
    #[serde(default)]
    pub(crate) logs: Opt<Vec<LogIdHex>>,
    /// In how many different logs a signature must be.
    #[serde(default)]
    pub(crate) min_logs: Opt<NonZeroU8>,
    /// Whether an entry needs an inclusion proof with a checkpoint. A signed entry timestamp alone
    /// is a log's promise.
    #[serde(default)]
    pub(crate) inclusion_proof: Opt<Required>,
    /// Whether an RFC 3161 timestamp authority must have proven a time.
    #[serde(default)]
    pub(crate) timestamp: Opt<Required>,
}

/// Something that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Required {
    Require,
}

/// When every signature that counts must have been made, by its earliest proven time. Of signatures by
/// keys only the latest moment is certain: whoever has an old one can have it timestamped anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SigningTime {
    /// The first moment. Move it forward to make old releases unusable.
    #[serde(default)]
    pub(crate) not_before: Opt<Time>,
    /// How long ago it may be.
    #[serde(default)]
    pub(crate) within: Opt<Age>,
}
