//! `sign-blob`, `attest`, `attest-blob`

use std::path::PathBuf;

use clap::Args;

use super::shared::{OutputFlag, TokenFlags, TrustFlags};

/// `sign-blob`
#[derive(Debug, Args)]
#[command(after_help = "Each file gets FILE.sigstore.json beside it unless --bundle or \
                        --output-directory says otherwise. All files share one certificate.\n\
                        Example: chainsign sign-blob dist/checksums.txt")]
pub struct SignBlobFlags {
    /// Files to sign; - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where to write the bundle (one file only)
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Folder for the bundles, each named after its file
    #[arg(long, value_name = "DIR", conflicts_with = "bundle")]
    pub output_directory: Option<PathBuf>,
    /// Also write the signature, base64, without a line end (one file only)
    #[arg(long, value_name = "FILE")]
    pub output_signature: Option<PathBuf>,
    /// Also write the certificate, PEM (one file only)
    #[arg(long, value_name = "FILE", alias = "output-cert")]
    pub output_certificate: Option<PathBuf>,
    /// Do not ask anything (chainsign never does; for scripts written for cosign)
    #[arg(long, short = 'y', hide = true)]
    pub yes: bool,
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub token: TokenFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
}

/// What is attested.
#[derive(Debug, Args)]
#[command(next_help_heading = "Predicate")]
pub struct PredicateFlags {
    /// Predicate (JSON), attested byte for byte; - for standard input
    #[arg(long, value_name = "FILE")]
    pub predicate: PathBuf,
    /// Its type: cyclonedx, spdxjson, slsaprovenance1, openvex, vuln, ... or a URI; default:
    /// recognised from its content
    #[arg(long = "type", value_name = "TYPE")]
    pub predicate_type: Option<String>,
}

/// `attest`
#[derive(Debug, Args)]
#[command(
    after_help = "Example: chainsign sbom dist/app | chainsign attest --predicate - dist/app"
)]
pub struct AttestFlags {
    /// Files that the predicate is about
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub predicate: PredicateFlags,
    /// Add the bundle to this file instead of FILE.sigstore.jsonl (one file only)
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Do not ask anything (chainsign never does; for scripts written for cosign)
    #[arg(long, short = 'y', hide = true)]
    pub yes: bool,
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub token: TokenFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
}

/// `attest-blob`
#[derive(Debug, Args)]
#[command(after_help = "Example: chainsign attest-blob --predicate provenance.json \
                        --bundle app.provenance.sigstore.json dist/app")]
pub struct AttestBlobFlags {
    /// File that the predicate is about
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub predicate: PredicateFlags,
    /// Where to write the bundle
    #[arg(long, value_name = "FILE")]
    pub bundle: PathBuf,
    /// Do not ask anything (chainsign never does; for scripts written for cosign)
    #[arg(long, short = 'y', hide = true)]
    pub yes: bool,
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub token: TokenFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
}
