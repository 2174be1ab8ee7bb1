//! `policy init`

use jiff::Timestamp;

use super::trust;
use crate::commands::policy::InitRequest;
use crate::flags::policy::PolicyInitFlags;

/// `policy init`
pub fn init(flags: PolicyInitFlags, now: Timestamp) -> InitRequest {
    InitRequest {
        artifacts: flags.artifacts,
        name: flags.name,
        output: flags.output_policy,
        bundles: flags.bundle,
        folders: flags.attestations,
        trust: trust::trust(flags.trust),
        now,
    }
}
