//! What the environment says to several verbs.

use jiff::Timestamp;

use crate::failure::Failure;

/// `SOURCE_DATE_EPOCH`: seconds since 1970 (reproducible-builds.org).
///
/// # Errors
/// `bad-environment` when it is set to something else.
pub fn source_date_epoch() -> Result<Option<Timestamp>, Failure> {
    let Some(value) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let seconds = value.to_str().and_then(|text| text.parse().ok());
    match seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()) {
        Some(time) => Ok(Some(time)),
        None => {
            let message = format!("SOURCE_DATE_EPOCH is {value:?}, wanted seconds since 1970");
            Err(Failure::undecided("bad-environment", message))
        }
    }
}
