//! Expressions, for what the types cannot say.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Name};

/// A rule in CEL. It passes when its value is true; anything else, an absent field too, does not.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CelRule {
    /// The last part of its rule id.
    pub(crate) id: Name,
    /// The expression. In an attestation it looks at `predicate`; in a policy at
    /// `att.NAME.predicate`, `att.NAME.signer`, `att.NAME.signedAt` and `go`. In both at `now`, in
    /// seconds since 1970. Functions beside CEL's: nonEmpty, semverCompare, samePackage, epoch.
    pub(crate) cel: At<String>,
    /// What it asks for, for reports.
    #[schemars(length(min = 1))]
    pub(crate) message: String,
}
