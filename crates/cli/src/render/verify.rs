//! `verify-blob`, `verify-blob-attestation`

use std::io;

use chainsign_verify::VerifiedBundle;
use serde::Serialize;

use super::report::json::{BundleJson, RootJson};
use crate::commands::verify::VerifiedBlob;
use crate::printer::{GOOD, OutputFormat, Printer, paint};

/// A verified blob: nothing on standard output as text, like cosign; the evidence as JSON.
///
/// # Errors
/// What writing to standard output says.
pub fn blob(printer: &Printer, verified: &VerifiedBlob) -> io::Result<()> {
    for flag in &verified.weakened {
        printer.warning(format!("--{flag}: verified with less than this Sigstore promises"));
    }
    let given = verified.given.as_ref();
    if let Some(warning) = given.and_then(|given| given.warning.as_ref()) {
        printer.warning(warning);
    }
    match printer.format {
        OutputFormat::Json => printer.json(&BlobJson {
            schema: "chainsign.verify-blob/v1",
            outcome: "pass",
            target: verified.target.clone(),
            given_root: given.map(RootJson::from),
            weakened: verified.weakened.clone(),
            bundle: BundleJson::from(&verified.bundle),
        }),
        OutputFormat::Text => {
            let mut lines = vec![format!("{} {}", paint(GOOD, "Verified OK"), verified.target)];
            lines.extend(evidence_lines(&verified.bundle));
            lines.extend(given.map(|it| format!("  {:22} {}", "trusted-root", it.origin)));
            printer.note(lines.join("\n"));
            Ok(())
        }
    }
}

/// A verified attestation: its statement on standard output, as it was signed.
///
/// # Errors
/// What writing to standard output says.
pub fn attestation(printer: &Printer, verified: &VerifiedBlob) -> io::Result<()> {
    if let (OutputFormat::Text, Some(payload)) = (printer.format, verified.bundle.payload()) {
        printer.bytes(payload)?;
        printer.data("")?;
    }
    blob(printer, verified)
}

/// A line for each check, with what it looked at.
pub fn evidence_lines(bundle: &VerifiedBundle) -> Vec<String> {
    let check = |check: &chainsign_verify::Check| format!("  {:22} {check}", check.id().as_str());
    let mut lines: Vec<_> = bundle.checks().iter().map(check).collect();
    let unused = bundle.unused().iter().map(|unused| format!("  {:22} {unused}", "not used"));
    lines.extend(unused);
    lines
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlobJson {
    schema: &'static str,
    outcome: &'static str,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_root: Option<RootJson>,
    /// The flags that weakened what was demanded.
    weakened: Vec<&'static str>,
    bundle: BundleJson,
}
