//! `verify-blob`, `verify-blob-attestation`, `verify`

use std::io;

use chainsign_verify::{VerifiedBundle, VerifiedSigner};
use serde::Serialize;

use super::verdict::{self, VerdictJson};
use crate::commands::verify::{Decided, TargetOutcome, VerifiedBlob};
use crate::failure::Exit;
use crate::printer::{ERROR, FAINT, GOOD, OutputFormat, Printer, paint};

/// A verified blob: nothing on standard output as text, like cosign; the evidence as JSON.
///
/// # Errors
/// What writing to standard output says.
pub fn blob(printer: &Printer, verified: &VerifiedBlob) -> io::Result<()> {
    for flag in &verified.weakened {
        printer.warning(format!("--{flag}: verified with less than this Sigstore promises"));
    }
    match printer.format {
        OutputFormat::Json => printer.json(&BlobJson {
            schema: "chainsign.verify-blob/v1",
            outcome: "pass",
            target: verified.target.clone(),
            weakened: verified.weakened.clone(),
            bundle: BundleJson::from(&verified.bundle),
        }),
        OutputFormat::Text => {
            printer.note(format!("{} {}", paint(GOOD, "Verified OK"), verified.target));
            for line in evidence_lines(&verified.bundle) {
                printer.note(line);
            }
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

/// The decisions on all targets.
///
/// # Errors
/// What writing to standard output says.
pub fn targets(printer: &Printer, outcomes: &[TargetOutcome]) -> io::Result<()> {
    match printer.format {
        OutputFormat::Json => {
            let exit = outcomes.iter().map(TargetOutcome::exit).max().unwrap_or(Exit::Undecided);
            let targets = outcomes.iter().map(TargetJson::from).collect();
            let outcome = word(exit);
            printer.json(&TargetsJson { schema: "chainsign.verify/v1", outcome, targets })
        }
        OutputFormat::Text => outcomes.iter().try_for_each(|outcome| target(printer, outcome)),
    }
}

fn target(printer: &Printer, outcome: &TargetOutcome) -> io::Result<()> {
    let name = outcome.target.display();
    match &outcome.decided {
        Ok(Decided::Verdict(verdict)) => {
            let report = verdict.report();
            let mark = verdict::decision_mark(verdict.decision());
            let policy = &report.policy;
            let version = policy.version.map_or_else(String::new, |v| format!(" version {v}"));
            printer.data(format!("{mark} {name} by policy {}{version}", policy.name))?;
            for digest in &report.artifact.digests {
                printer.data(paint(FAINT, &format!("      {digest}")))?;
            }
            verdict::lines(verdict).iter().try_for_each(|line| printer.data(line))
        }
        Ok(Decided::Signed(origin, bundle)) => {
            printer.data(format!("{} {name} ({origin})", paint(GOOD, "pass ")))?;
            evidence_lines(bundle).iter().try_for_each(|line| printer.data(line))
        }
        Err(failure) => {
            printer
                .data(format!("{} {name}", paint(ERROR, &format!("{:5}", word(failure.exit)))))?;
            printer.failure(failure);
            Ok(())
        }
    }
}

/// A line for each check, with what it looked at.
pub fn evidence_lines(bundle: &VerifiedBundle) -> Vec<String> {
    let check = |check: &chainsign_verify::Check| format!("  {:22} {check}", check.id().as_str());
    let mut lines: Vec<_> = bundle.checks().iter().map(check).collect();
    let unused = bundle.unused().iter().map(|unused| format!("  {:22} {unused}", "not used"));
    lines.extend(unused);
    lines
}

fn word(exit: Exit) -> &'static str {
    match exit {
        Exit::Yes => "pass",
        Exit::No => "fail",
        Exit::Undecided => "error",
    }
}

#[derive(Serialize)]
struct BlobJson {
    schema: &'static str,
    outcome: &'static str,
    target: String,
    /// The flags that weakened what was demanded.
    weakened: Vec<&'static str>,
    bundle: BundleJson,
}

#[derive(Serialize)]
struct TargetsJson {
    schema: &'static str,
    outcome: &'static str,
    targets: Vec<TargetJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TargetJson {
    target: String,
    outcome: &'static str,
    looked_in: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digests: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<BundleJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<super::FailureJson>,
}

impl From<&TargetOutcome> for TargetJson {
    fn from(outcome: &TargetOutcome) -> Self {
        let mut json = TargetJson {
            target: outcome.target.display().to_string(),
            outcome: word(outcome.exit()),
            looked_in: outcome.looked_in.iter().map(|path| path.display().to_string()).collect(),
            digests: None,
            verdict: None,
            bundle: None,
            failure: None,
        };
        match &outcome.decided {
            Ok(Decided::Verdict(verdict)) => {
                let report = verdict.report();
                json.outcome = verdict::decision(verdict.decision());
                json.digests =
                    Some(report.artifact.digests.iter().map(ToString::to_string).collect());
                json.verdict = Some(report.into());
            }
            Ok(Decided::Signed(_, bundle)) => json.bundle = Some(bundle.as_ref().into()),
            Err(failure) => json.failure = Some(super::FailureJson::from(failure)),
        }
        json
    }
}

/// A verified bundle as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BundleJson {
    format: String,
    document: Option<String>,
    trusted_root: Option<String>,
    signer: SignerJson,
    digests: Vec<String>,
    predicate_type: Option<String>,
    statement: Option<Box<serde_json::value::RawValue>>,
    times: Vec<chainsign_verify::VerifiedTime>,
    log_entries: Vec<chainsign_verify::VerifiedLogEntry>,
    checks: Vec<chainsign_verify::Check>,
    unused: Vec<chainsign_verify::UnusedEvidence>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum SignerJson {
    Certificate {
        fingerprint: String,
        authority: String,
        identity: Box<chainsign_core::identity::CertificateIdentity>,
    },
    Key {
        fingerprint: String,
    },
}

impl From<&VerifiedBundle> for BundleJson {
    fn from(bundle: &VerifiedBundle) -> Self {
        let text = |digest: &chainsign_core::digest::ArtifactDigest| digest.to_string();
        let payload = bundle.payload().and_then(|payload| std::str::from_utf8(payload).ok());
        BundleJson {
            format: bundle.format().to_string(),
            document: bundle.document().map(text),
            trusted_root: bundle.root_digest().map(text),
            signer: match bundle.signer() {
                VerifiedSigner::Certificate(certificate) => SignerJson::Certificate {
                    fingerprint: certificate.fingerprint().to_string(),
                    authority: certificate.authority().to_owned(),
                    identity: Box::new(certificate.identity().clone()),
                },
                VerifiedSigner::Key(key) => {
                    SignerJson::Key { fingerprint: key.fingerprint().to_string() }
                }
            },
            digests: bundle.subject().iter().map(text).collect(),
            predicate_type: bundle.statement().map(|s| s.predicate_type.to_string()),
            statement: payload.and_then(|text| serde_json::from_str(text).ok()),
            times: bundle.times().to_vec(),
            log_entries: bundle.log_entries().to_vec(),
            checks: bundle.checks().to_vec(),
            unused: bundle.unused().to_vec(),
        }
    }
}
