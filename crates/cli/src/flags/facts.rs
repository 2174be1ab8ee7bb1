//! `provenance`, `inspect`, `demo`, `version`

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::shared::{OutputFlag, key_value};

/// `provenance`
#[derive(Debug, Args)]
#[command(after_help = "What is not given and not stamped into the binary is left out, never \
                        guessed.\n\
                        Example: chainsign provenance --builder-id https://ci.example.com/release \
                        --source-uri https://github.com/acme/app --source-ref refs/tags/v1.2.3 \
                        dist/app | chainsign attest --predicate - dist/app")]
pub struct ProvenanceFlags {
    /// Go binary to take revision, settings and modules from
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Who built it (runDetails.builder.id)
    #[arg(long, value_name = "URI")]
    pub builder_id: String,
    /// How it was built (buildDefinition.buildType); default: chainsign's own for Go
    #[arg(long, value_name = "URI")]
    pub build_type: Option<String>,
    /// Source repository
    #[arg(long, value_name = "URI")]
    pub source_uri: Option<String>,
    /// Source ref, e.g. refs/tags/v1.2.3
    #[arg(long, value_name = "REF")]
    pub source_ref: Option<String>,
    /// Source commit; default: the one stamped into the binary. Another than that is refused
    #[arg(long, value_name = "COMMIT")]
    pub source_commit: Option<String>,
    /// Keep --source-commit although the binary says another, and record that it was overridden
    #[arg(long, requires = "source_commit")]
    pub override_stamp: bool,
    /// External parameter of the build, repeatable
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    pub parameters: Vec<(String, String)>,
    /// The run (runDetails.metadata.invocationId)
    #[arg(long, value_name = "URI")]
    pub invocation_id: Option<String>,
    /// When the build started
    #[arg(long, value_name = "TIME")]
    pub started_on: Option<Timestamp>,
    /// When the build finished
    #[arg(long, value_name = "TIME")]
    pub finished_on: Option<Timestamp>,
}

/// `inspect`
#[derive(Debug, Args)]
pub struct InspectFlags {
    /// Bundle, certificate, statement, trusted root, Go binary or container image
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    #[command(flatten)]
    pub output: OutputFlag,
}

/// `demo`
#[derive(Debug, Args)]
pub struct DemoFlags {
    /// Go binary to use instead of the one that comes along
    #[arg(long, value_name = "FILE")]
    pub artifact: Option<PathBuf>,
    /// Chooses where the lies are told
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Folder for the files; must not exist or be an earlier demo's
    #[arg(long, value_name = "DIR", default_value = "chainsign-demo")]
    pub directory: PathBuf,
    #[command(flatten)]
    pub output: OutputFlag,
}

/// `version`
#[derive(Debug, Args)]
pub struct VersionFlags {
    #[command(flatten)]
    pub output: OutputFlag,
}
