//! `provenance`, `version`

use std::io;

use serde::Serialize;

use crate::commands::provenance::provenance as make_provenance;
use crate::failure::{Exit, Failure};
use crate::flags::facts::ProvenanceFlags;
use crate::printer::{OutputFormat, Printer};
use crate::resolve;

/// `provenance`
///
/// # Errors
/// As [`make_provenance`].
pub fn provenance(flags: ProvenanceFlags, printer: &Printer) -> Result<Exit, Failure> {
    let request = resolve::facts::provenance(flags)?;
    super::printed(printer.bytes(&make_provenance(&request)?))
}

/// `version`
///
/// # Errors
/// What writing to standard output says.
pub fn version(printer: &Printer) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    if printer.format == OutputFormat::Json {
        return printer.json(&VersionJson { schema: "chainsign.version/v1", version });
    }
    printer.data(format!("chainsign {version}"))
}

#[derive(Serialize)]
struct VersionJson {
    schema: &'static str,
    version: &'static str,
}
