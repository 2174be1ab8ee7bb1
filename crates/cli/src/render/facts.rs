//! `provenance`, `policy check`, `version`

use std::io;

use jiff::Timestamp;
use serde::Serialize;

use crate::commands::policy::Checked;
use crate::commands::provenance::provenance as make_provenance;
use crate::failure::{Exit, Failure};
use crate::flags::facts::ProvenanceFlags;
use crate::printer::{GOOD, OutputFormat, Printer, paint};
use crate::resolve;

/// `provenance`
///
/// # Errors
/// As [`make_provenance`].
pub fn provenance(flags: ProvenanceFlags, printer: &Printer) -> Result<Exit, Failure> {
    let request = resolve::facts::provenance(flags)?;
    super::printed(printer.bytes(&make_provenance(&request)?))
}

/// `policy check`
///
/// # Errors
/// What writing to standard output says.
pub fn checked(printer: &Printer, checked: &[Checked], now: Timestamp) -> io::Result<()> {
    if printer.format == OutputFormat::Json {
        let policies = checked.iter().map(PolicyJson::from).collect();
        return printer.json(&CheckedJson { schema: "chainsign.policy-check/v1", policies });
    }
    for Checked { path, policy } in checked {
        let identity = policy.identity();
        let version = identity.version.map_or_else(String::new, |v| format!(" version {v}"));
        printer.data(format!(
            "{} {}: {}{version}, mode {}",
            paint(GOOD, "loads"),
            path.display(),
            identity.name,
            identity.mode.as_str()
        ))?;
        for rule in policy.explain() {
            printer.data(format!("  {:40} {}", rule.id.as_str(), rule.text))?;
        }
        for lint in policy.lints(now) {
            printer.warning(format!("{}: {lint}", path.display()));
        }
    }
    Ok(())
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

#[derive(Serialize)]
struct CheckedJson {
    schema: &'static str,
    policies: Vec<PolicyJson>,
}

#[derive(Serialize)]
struct PolicyJson {
    path: String,
    name: String,
    version: Option<u64>,
    digest: String,
    mode: &'static str,
    rules: Vec<String>,
}

impl From<&Checked> for PolicyJson {
    fn from(checked: &Checked) -> Self {
        let identity = checked.policy.identity();
        PolicyJson {
            path: checked.path.display().to_string(),
            name: identity.name.clone(),
            version: identity.version,
            digest: identity.digest.to_string(),
            mode: identity.mode.as_str(),
            rules: checked.policy.rule_ids().iter().map(ToString::to_string).collect(),
        }
    }
}
