//! `trust`, `initialize`

use std::path::PathBuf;

use chainsign_trust::Instance;
use clap::{Args, Subcommand};

use super::shared::{OfflineFlag, OutputFlag, RepositoryFlags, TrustFlags};

/// `trust`
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Show the trusted root that would be used
    Show(TrustShowFlags),
    /// Ask the TUF repository for the newest trusted root now, and cache it
    Refresh(TrustRefreshFlags),
}

/// `trust show`
#[derive(Debug, Args)]
pub struct TrustShowFlags {
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub trust: TrustFlags,
    #[command(flatten)]
    pub offline: OfflineFlag,
}

/// `trust refresh`
#[derive(Debug, Args)]
pub struct TrustRefreshFlags {
    /// A known instance: public-good (default), staging or github
    #[arg(long, value_name = "NAME")]
    pub instance: Option<Instance>,
    #[command(flatten)]
    pub repository: RepositoryFlags,
    #[command(flatten)]
    pub output: OutputFlag,
}

/// `initialize`
#[derive(Debug, Args)]
#[command(after_help = "Without flags, Sigstore's public instance is used again.\n\
                        Example: chainsign initialize --mirror https://tuf.example.com --root root.json")]
pub struct InitializeFlags {
    /// Address of the TUF repository; default: that of Sigstore's public instance
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// TUF root (root.json) that its trust begins with; default: that of Sigstore's public instance
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// SHA-256 digest that the root must have
    #[arg(long, value_name = "HEX", requires = "root")]
    pub root_checksum: Option<String>,
    /// Use Sigstore's staging instance
    #[arg(long, conflicts_with_all = ["mirror", "root"])]
    pub staging: bool,
    #[command(flatten)]
    pub output: OutputFlag,
}
