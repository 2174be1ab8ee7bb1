//! `version`

use std::io;

use serde::Serialize;

use crate::printer::{OutputFormat, Printer};

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
