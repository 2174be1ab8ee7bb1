//! `policy`, `trust`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::{OutputFlag, TrustFlags};

/// `policy`
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check that policy files load, and say what they demand
    Check(PolicyCheckFlags),
    /// Print the JSON Schema of policy files
    Schema,
}

/// `policy check`
#[derive(Debug, Args)]
pub struct PolicyCheckFlags {
    /// Policy files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub output: OutputFlag,
}

/// `trust`
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Show the trusted root that would be used
    Show(TrustShowFlags),
}

/// `trust show`
#[derive(Debug, Args)]
pub struct TrustShowFlags {
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub trust: TrustFlags,
}
