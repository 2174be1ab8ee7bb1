//! `inspect`, `demo`, `completions`, `man`, `version`

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::shared::OutputFlag;

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

/// `completions`
#[derive(Debug, Args)]
pub struct CompletionsFlags {
    /// The shell
    pub shell: Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct ManFlags {}

/// `version`
#[derive(Debug, Args)]
pub struct VersionFlags {
    #[command(flatten)]
    pub output: OutputFlag,
}
