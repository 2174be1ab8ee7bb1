//! `sandbox start`, `sandbox token`

use std::io;

use chainsign_sandbox::Sandbox;

use chainsign_sandbox::{OfferedLogs, ReferrersApi};

use crate::commands::sandbox::{self, Identity, StartRequest, TokenRequest};
use crate::failure::{Exit, Failure};
use crate::flags::sandbox::{LogVersion, Referrers, SandboxStartFlags, SandboxTokenFlags};
use crate::printer::{HEADING, Printer, WARNING, paint};

/// Starts a sandbox, says how to use it, and serves until it is interrupted.
///
/// # Errors
/// As [`sandbox::start`].
pub async fn start(flags: SandboxStartFlags, printer: &Printer) -> Result<Exit, Failure> {
    let SandboxStartFlags { port, trust_config, state, log_version, referrers } = flags;
    let logs = match log_version {
        LogVersion::One => OfferedLogs::V1,
        LogVersion::Two => OfferedLogs::V2,
        LogVersion::Both => OfferedLogs::Both,
    };
    let referrers = match referrers {
        Referrers::Offered => ReferrersApi::Offered,
        Referrers::Absent => ReferrersApi::Absent,
    };
    let shown = trust_config.display().to_string();
    let request = StartRequest { port, trust_config, logs, state, referrers };
    let sandbox = sandbox::start(request).await?;
    super::printed(announce(printer, &sandbox, &shown))?;
    let interrupted = tokio::signal::ctrl_c().await;
    sandbox.stop().await;
    interrupted
        .map_err(|error| Failure::because("system", "cannot wait for an interrupt", &error))?;
    Ok(Exit::Yes)
}

/// Prints a token.
///
/// # Errors
/// As [`sandbox::token`].
pub async fn token(flags: SandboxTokenFlags, printer: &Printer) -> Result<Exit, Failure> {
    let SandboxTokenFlags { trust_config, email, github_workflow, commit, called_by, event } =
        flags;
    let identity = match (email, github_workflow) {
        (Some(email), _) => Identity::Email(email),
        (None, Some(workflow)) => {
            let commit = commit.unwrap_or_else(|| "0".repeat(40));
            Identity::Workflow { workflow, commit, called_by, event }
        }
        (None, None) => {
            let message = "found neither --email nor --github-workflow";
            return Err(Failure::undecided("bad-flag", message));
        }
    };
    let token = sandbox::token(&TokenRequest { trust_config, identity }).await?;
    super::printed(printer.data(token))
}

fn announce(printer: &Printer, sandbox: &Sandbox, trust_config: &str) -> io::Result<()> {
    let url = sandbox.url();
    printer.data(format!("{} {url}", paint(HEADING, "sandbox")))?;
    printer.data(format!("  trust config  {trust_config}"))?;
    printer.data(format!("  registry      {}", url.trim_start_matches("http://")))?;
    printer.note(format!(
        "{} its certificates mean nothing: whoever can reach it gets any identity",
        paint(WARNING, "note:")
    ));
    printer.note("Sign a file with it, in another terminal:");
    printer.note(format!(
        "  chainsign sign-blob --trust-config {trust_config} \\\n    --identity-token \"$(chainsign sandbox token --trust-config {trust_config} --email dev@sandbox.invalid)\" FILE"
    ));
    printer.note("Verify it:");
    printer.note(format!(
        "  chainsign verify-blob --trust-config {trust_config} --certificate-identity dev@sandbox.invalid \\\n    --certificate-oidc-issuer {url} FILE"
    ));
    printer.note("Stop it with Ctrl-C.");
    Ok(())
}
