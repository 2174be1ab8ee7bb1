//! `policy init`

use jiff::Timestamp;

use super::trust;
use crate::commands::policy::InitRequest;
use crate::failure::Failure;
use crate::flags::policy::PolicyInitFlags;

/// `policy init`
///
/// # Errors
/// `unreadable` for a TUF root.
pub fn init(flags: PolicyInitFlags, now: Timestamp) -> Result<InitRequest, Failure> {
    Ok(InitRequest {
        artifacts: flags.artifacts,
        name: flags.name,
        output: flags.output_policy,
        bundles: flags.bundle,
        folders: flags.attestations,
        trust: trust::with(flags.trust, flags.offline)?,
        now,
    })
}
