//! `sandbox`

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `sandbox`
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Serve OIDC, Fulcio, a CT log, Rekor, a timestamp authority and a registry until stopped
    Start(SandboxStartFlags),
    /// Print an identity token of a sandbox that runs, or is just starting
    Token(SandboxTokenFlags),
}

/// `sandbox start`
#[derive(Debug, Args)]
#[command(after_help = "What it signs means nothing anywhere else.\n\
                        Example: chainsign sandbox start --trust-config sandbox.json")]
pub struct SandboxStartFlags {
    /// Port; 0 for any free one
    #[arg(long, value_name = "PORT", default_value_t = 8930)]
    pub port: u16,
    /// Where to write the trust config for --trust-config
    #[arg(long, value_name = "FILE", default_value = "sandbox-trust-config.json")]
    pub trust_config: PathBuf,
    /// Version of the transparency log that clients are told to use
    #[arg(long, value_enum, value_name = "VERSION", default_value = "1")]
    pub log_version: LogVersion,
    /// Keep keys and logs in this folder; default: in memory only. Images always are
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Whether its image registry lists what refers to an image
    #[arg(long, value_enum, value_name = "WHETHER", default_value = "offered")]
    pub referrers: Referrers,
}

/// Whether the registry has the referrers API.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Referrers {
    /// It does
    Offered,
    /// It does not, as with GitHub's: clients keep a list under a tag
    Absent,
}

/// Which transparency log clients are told to use.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum LogVersion {
    /// Rekor v1, which promises a time
    #[value(name = "1")]
    One,
    /// Rekor v2, of tiles
    #[value(name = "2")]
    Two,
    /// Both; each client chooses
    Both,
}

/// `sandbox token`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("who").required(true))]
pub struct SandboxTokenFlags {
    /// The sandbox's trust config
    #[arg(long, value_name = "FILE", default_value = "sandbox-trust-config.json")]
    pub trust_config: PathBuf,
    /// A token for a person
    #[arg(long, value_name = "ADDRESS", group = "who")]
    pub email: Option<String>,
    /// A token for a GitHub Actions workflow: OWNER/REPO/.github/workflows/FILE@REF
    #[arg(long, value_name = "WORKFLOW", group = "who")]
    pub github_workflow: Option<String>,
    /// With --github-workflow: the source commit
    #[arg(long, value_name = "COMMIT", conflicts_with = "email")]
    pub commit: Option<String>,
    /// With --github-workflow: it is a reusable workflow, called by this one
    #[arg(long, value_name = "WORKFLOW", conflicts_with = "email")]
    pub called_by: Option<String>,
    /// With --github-workflow: what triggered it; default: push
    #[arg(long, value_name = "EVENT", conflicts_with = "email")]
    pub event: Option<String>,
}
