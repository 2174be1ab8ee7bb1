//! `trust show`, `trust refresh`, `trust create`, `initialize`

use std::io;

use serde_json::json;

use super::inspect::{Card, root_card};
use crate::commands::trust::{Created, Refreshed, Trust};
use crate::printer::{GOOD, HEADING, OutputFormat, Printer, paint};

/// The trusted root that would be used, and the services that would be signed with.
///
/// # Errors
/// What writing to standard output says.
pub fn show(printer: &Printer, trust: &Trust) -> io::Result<()> {
    if let Some(warning) = &trust.warning {
        printer.warning(warning);
    }
    let mut card = root_card(&trust.root);
    if let Some(config) = &trust.signing_config {
        card.lines.push(paint(HEADING, "signing config"));
        card.signing_config(config);
    }
    if printer.format == OutputFormat::Json {
        return printer.json(&json!({
            "schema": "chainsign.trust/v1",
            "origin": trust.origin,
            "trustedRoot": card.json,
        }));
    }
    printer.data(format!("{} {}", paint(HEADING, "trusted root"), trust.origin))?;
    card.lines.iter().try_for_each(|line| printer.data(line))
}

/// What was made from addresses and PEM files.
///
/// # Errors
/// What writing to standard output says.
pub fn created(printer: &Printer, created: &Created) -> io::Result<()> {
    match created {
        Created::TrustConfig(document) => printer.bytes(document),
        Created::Written(paths) => {
            for path in paths {
                printer.note(format!("{} {}", paint(GOOD, "written"), path.display()));
            }
            Ok(())
        }
    }
}

/// What a repository said just now.
///
/// # Errors
/// What writing to standard output says.
pub fn refreshed(printer: &Printer, refreshed: &Refreshed) -> io::Result<()> {
    let Refreshed { checked, trusted_root, signs } = refreshed;
    if printer.format == OutputFormat::Json {
        return printer.json(&json!({
            "schema": "chainsign.trust-refresh/v1",
            "repository": checked.url,
            "askedAt": checked.at.to_string(),
            "expires": checked.expires.to_string(),
            "rootVersion": checked.root_version,
            "trustedRoot": trusted_root.to_string(),
            "signingConfig": signs,
        }));
    }
    let mut card = Card::new("repository");
    card.line("asked at", checked.at);
    card.line("valid until", checked.expires);
    card.line("TUF root version", checked.root_version);
    card.line("trusted root", trusted_root);
    card.line("signing config", if *signs { "yes" } else { "none: it is to verify with only" });
    printer.data(format!("{} {}", paint(GOOD, "refreshed"), checked.url))?;
    card.lines.iter().try_for_each(|line| printer.data(line))
}
