//! How registries are reached: cosign's flags.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use jiff::SignedDuration;

use super::shared::SecretFlag;

/// How registries are reached, and how long they may take
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(next_help_heading = "Registry")]
pub struct RegistryFlags {
    #[command(flatten)]
    pub access: RegistryAccessFlags,
    /// How long each step may take: to find an image, to read what is stored about it, to pull its
    /// layers; 0 for any time
    #[arg(long, short = 't', value_name = "DURATION", default_value = "3m")]
    pub timeout: SignedDuration,
}

/// How registries are reached: where signing says how long it may take
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Registry")]
pub struct RegistryAccessFlags {
    /// User name for the registry; default: what docker login, podman login or a credential helper keeps
    #[arg(long, value_name = "NAME", requires = "registry_password")]
    pub registry_username: Option<String>,
    /// Password for the registry: its text, @FILE, or - for standard input
    #[arg(long, value_name = "PASSWORD", requires = "registry_username")]
    pub registry_password: Option<SecretFlag>,
    /// Bearer token for the registry: its text, @FILE, or - for standard input
    #[arg(long, value_name = "TOKEN", conflicts_with = "registry_username")]
    pub registry_token: Option<SecretFlag>,
    /// Certificates (PEM) of authorities to believe for registries, besides the system's
    #[arg(long, value_name = "FILE")]
    pub registry_cacert: Option<PathBuf>,
    /// Certificate (PEM) to show to the registry
    #[arg(long, value_name = "FILE", requires = "registry_client_key")]
    pub registry_client_cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "registry_client_cert")]
    pub registry_client_key: Option<PathBuf>,
    /// Name that the registry's certificate must be for, where it is not the registry's own
    #[arg(long, value_name = "NAME", conflicts_with = "allow_insecure_registry")]
    pub registry_server_name: Option<String>,
    /// Speak http without TLS with a registry that has no TLS; at loopback addresses that is done anyway
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_default_value = true, hide_possible_values = true)]
    pub allow_http_registry: bool,
    /// Believe any certificate of the registry. Who sits between can hide signatures, and read
    /// credentials
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_default_value = true, hide_possible_values = true)]
    pub allow_insecure_registry: bool,
    /// What stands before the names of cosign's tags (sha256-HEX.sig)
    #[arg(long, value_name = "PREFIX", hide = true)]
    pub attachment_tag_prefix: Option<String>,
}
