//! `trust`

use clap::{Args, Subcommand};

use super::shared::{OutputFlag, TrustFlags};

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
