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
    /// Make a trusted root and a signing config from addresses and PEM files
    Create(TrustCreateFlags),
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

/// `trust create`
#[derive(Debug, Args)]
#[command(after_help = "SERVICE is a list of KEY=VALUE with commas between them: url (required), \
                        start-time, end-time, operator, api-version (2 for Rekor v2; else 1), \
                        certificate-chain (PEM; --fulcio, --tsa), public-key (PEM; --rekor, --ctfe), \
                        origin (--rekor: of its checkpoints; default: the host of the url). A log needs \
                        a start-time.\n\
                        Without an output the trust config is printed.\n\
                        Example: chainsign trust create \
                        --fulcio url=https://fulcio.example.com,certificate-chain=fulcio.pem \
                        --rekor url=https://rekor.example.com,public-key=rekor.pem,start-time=2026-01-01T00:00:00Z \
                        --oidc-provider url=https://login.example.com,start-time=2026-01-01T00:00:00Z \
                        --output-trust-config trust.json")]
pub struct TrustCreateFlags {
    /// Certificate authority, repeatable
    #[arg(long, value_name = "SERVICE")]
    pub fulcio: Vec<String>,
    /// Transparency log, repeatable
    #[arg(long, value_name = "SERVICE")]
    pub rekor: Vec<String>,
    /// Certificate transparency log, repeatable
    #[arg(long, value_name = "SERVICE")]
    pub ctfe: Vec<String>,
    /// Timestamp authority, repeatable
    #[arg(long, value_name = "SERVICE")]
    pub tsa: Vec<String>,
    /// OpenID Connect issuer, to sign with, repeatable
    #[arg(long, value_name = "SERVICE")]
    pub oidc_provider: Vec<String>,
    /// How many transparency logs sign: ANY, ALL or EXACT:N
    #[arg(long, value_name = "SELECTOR", default_value = "ANY")]
    pub rekor_config: String,
    /// How many timestamp authorities sign: ANY, ALL or EXACT:N
    #[arg(long, value_name = "SELECTOR", default_value = "ANY")]
    pub tsa_config: String,
    /// Where to write the trusted root
    #[arg(long, value_name = "FILE")]
    pub output_trusted_root: Option<PathBuf>,
    /// Where to write the signing config
    #[arg(long, value_name = "FILE")]
    pub output_signing_config: Option<PathBuf>,
    /// Where to write both in one file, for --trust-config
    #[arg(long, value_name = "FILE")]
    pub output_trust_config: Option<PathBuf>,
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
