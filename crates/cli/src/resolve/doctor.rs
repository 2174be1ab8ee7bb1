//! `doctor`

use jiff::Timestamp;

use super::{sign, trust};
use crate::commands::doctor::{AskServices, DoctorRequest};
use crate::failure::Failure;
use crate::flags::doctor::DoctorFlags;

/// `doctor`. That there is no identity is a finding, and no failure.
///
/// # Errors
/// `unreadable` for a TUF root.
pub fn doctor(flags: DoctorFlags, now: Timestamp) -> Result<DoctorRequest, Failure> {
    let services = if flags.offline.offline { AskServices::Offline } else { AskServices::Ask };
    Ok(DoctorRequest {
        tokens: sign::tokens(flags.token),
        trust: trust::with(flags.trust, flags.offline)?,
        services,
        now,
    })
}
