//! From flags to requests: what was typed becomes values of the field, or an error that says how
//! to type it. Environment variables are read here, but for cosign's forms of flags, which are flags.

pub mod admission;
pub mod doctor;
mod expect;
pub mod facts;
mod identity;
pub mod images;
pub mod keys;
pub mod policy;
pub mod provenance;
pub mod registry;
pub mod report;
pub mod sbom;
pub mod services;
pub mod sign;
mod summary;
mod target;
pub mod trust;
pub mod verify;

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use crate::failure::Failure;

/// Text that is given directly, as `@FILE`, or as `-` for standard input. One way for each, so
/// that nothing is guessed.
///
/// # Errors
/// As [`crate::files::read`]; `bad-flag` when the file is not UTF-8.
pub fn text(what: &str, given: &str) -> Result<String, Failure> {
    let path = match given.strip_prefix('@') {
        Some(path) => PathBuf::from(path),
        None if given == "-" => PathBuf::from("-"),
        None => return Ok(given.to_owned()),
    };
    String::from_utf8(crate::files::read(what, &path)?).map_err(|_| {
        Failure::undecided("bad-flag", format!("the {what} in {} is not text", path.display()))
    })
}

/// cosign's `--timeout`: 0 for none.
fn timeout(given: SignedDuration) -> Result<Option<Duration>, Failure> {
    match Duration::try_from(given) {
        Ok(Duration::ZERO) => Ok(None),
        Ok(timeout) => Ok(Some(timeout)),
        Err(_) => {
            let message = format!("found --timeout -{:#}, wanted no less than 0", given.abs());
            Err(Failure::undecided("bad-flag", message))
        }
    }
}
