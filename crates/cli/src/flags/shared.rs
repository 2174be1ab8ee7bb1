//! Flags that several verbs share.

use std::path::PathBuf;

use chainsign_trust::Instance;
use clap::Args;

use crate::printer::OutputFormat;

/// `--output`
#[derive(Clone, Debug, Args)]
pub struct OutputFlag {
    /// How to print the result on standard output
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}

/// Which Sigstore.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Trust")]
pub struct TrustFlags {
    /// Trusted root and signing config in one file (Sigstore ClientTrustConfig)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["trusted_root", "signing_config"])]
    pub trust_config: Option<PathBuf>,
    /// Trusted root to verify with
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// Signing config to sign with (version 0.2); needs --trusted-root
    #[arg(long, value_name = "FILE", requires = "trusted_root")]
    pub signing_config: Option<PathBuf>,
    /// A known instance: public-good (default), staging or github
    #[arg(long, value_name = "NAME", conflicts_with_all = ["trust_config", "trusted_root"])]
    pub instance: Option<Instance>,
}

/// Where the identity token comes from.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Identity")]
pub struct TokenFlags {
    /// OIDC identity token: its text, @FILE, or - for standard input; default: the CI's own
    #[arg(long, value_name = "TOKEN")]
    pub identity_token: Option<String>,
}

/// Who must have signed.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Signer")]
pub struct SignerFlags {
    /// Subject of the certificate: an e-mail address or a URI, exactly
    #[arg(long, value_name = "IDENTITY", alias = "cert-identity")]
    pub certificate_identity: Option<String>,
    /// Subject as a regular expression that must match all of it (cosign matches a part)
    #[arg(long, value_name = "REGEXP", conflicts_with = "certificate_identity")]
    pub certificate_identity_regexp: Option<String>,
    /// OIDC issuer of the certificate, exactly
    #[arg(long, value_name = "URL", alias = "cert-oidc-issuer")]
    pub certificate_oidc_issuer: Option<String>,
    /// OIDC issuer as a regular expression that must match all of it
    #[arg(long, value_name = "REGEXP", conflicts_with = "certificate_oidc_issuer")]
    pub certificate_oidc_issuer_regexp: Option<String>,
    /// Public key (PEM) instead of an identity
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "certificate_identity", "certificate_identity_regexp",
        "certificate_oidc_issuer", "certificate_oidc_issuer_regexp",
    ])]
    pub key: Option<PathBuf>,
    /// With --key: do not require an entry in a transparency log
    #[arg(long, requires = "key")]
    pub insecure_ignore_tlog: bool,
}
