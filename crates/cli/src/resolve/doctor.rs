//! `doctor`

use jiff::Timestamp;

use super::{identity, trust};
use crate::commands::doctor::{AskServices, DoctorRequest};
use crate::failure::Failure;
use crate::flags::doctor::DoctorFlags;
use crate::flags::shared::LoginFlags;
use crate::password::StandardInput;

/// `doctor`. That there is no identity is a finding, and no failure.
///
/// # Errors
/// `unreadable` for a TUF root.
pub fn doctor(flags: DoctorFlags, now: Timestamp) -> Result<DoctorRequest, Failure> {
    let services = if flags.offline.offline { AskServices::Offline } else { AskServices::Ask };
    Ok(DoctorRequest {
        tokens: identity::tokens(flags.token, LoginFlags::default(), StandardInput::Free),
        trust: trust::with(flags.trust, flags.offline)?,
        services,
        now,
    })
}
