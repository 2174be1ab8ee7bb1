//! `generate-key-pair`, `import-key-pair`, `public-key`

use std::io;

use serde::Serialize;

use crate::commands::keys::Described;
use crate::printer::{FAINT, GOOD, OutputFormat, Printer, paint};

/// A pair that was written.
///
/// # Errors
/// What writing says.
pub fn pair(printer: &Printer, pair: &Described) -> io::Result<()> {
    if printer.format == OutputFormat::Json {
        return printer.json(&KeyJson::from(pair));
    }
    // cosign's words: scripts look for them.
    for (what, file) in [("Private", &pair.private_file), ("Public", &pair.public_file)] {
        if let Some(file) = file {
            printer.note(format!("{what} key {} {}", paint(GOOD, "written to"), file.display()));
        }
    }
    printer.note(paint(FAINT, &format!("  {}, {}", pair.kind, pair.public.fingerprint())));
    Ok(())
}

/// A public key: PEM on standard output, unless it went to a file.
///
/// # Errors
/// What writing says.
pub fn public(printer: &Printer, key: &Described) -> io::Result<()> {
    match (printer.format, &key.public_file) {
        (OutputFormat::Json, _) => printer.json(&KeyJson::from(key)),
        (OutputFormat::Text, Some(_)) => pair(printer, key),
        (OutputFormat::Text, None) => printer.bytes(key.public.to_pem().as_bytes()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyJson {
    schema: &'static str,
    kind: &'static str,
    fingerprint: String,
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key_file: Option<String>,
}

impl From<&Described> for KeyJson {
    fn from(key: &Described) -> Self {
        let path = |path: &std::path::PathBuf| path.display().to_string();
        KeyJson {
            schema: "chainsign.key/v1",
            kind: key.kind.name(),
            fingerprint: key.public.fingerprint().to_string(),
            public_key: key.public.to_pem(),
            private_key_file: key.private_file.as_ref().map(path),
            public_key_file: key.public_file.as_ref().map(path),
        }
    }
}
