//! Flags that several verbs share.

use std::fmt;
use std::path::PathBuf;

use chainsign_keyless::identity::LoginRequest;
use chainsign_trust::Instance;
use clap::Args;
use clap::builder::BoolishValueParser;

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
    #[arg(long, value_name = "FILE", conflicts_with_all = ["trusted_root", "signing_config", "tuf_mirror"])]
    pub trust_config: Option<PathBuf>,
    /// Trusted root to verify with
    #[arg(long, value_name = "FILE", conflicts_with = "tuf_mirror")]
    pub trusted_root: Option<PathBuf>,
    /// Signing config to sign with (version 0.2) instead of the instance's
    #[arg(long, value_name = "FILE")]
    pub signing_config: Option<PathBuf>,
    /// A known instance: public-good (default), staging or github
    #[arg(long, value_name = "NAME", conflicts_with_all = ["trust_config", "trusted_root"])]
    pub instance: Option<Instance>,
    #[command(flatten)]
    pub repository: RepositoryFlags,
}

/// `--offline`
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Trust")]
pub struct OfflineFlag {
    /// Open no socket: take the newest of the TUF repository's cache and what is embedded, whatever
    /// its age
    #[arg(long)]
    pub offline: bool,
}

/// A TUF repository other than those of the known instances.
#[derive(Clone, Debug, Default, Args)]
pub struct RepositoryFlags {
    /// Address of a TUF repository with a trusted root; without --tuf-root a mirror of Sigstore's
    #[arg(long, value_name = "URL", conflicts_with = "instance")]
    pub tuf_mirror: Option<String>,
    /// TUF root (root.json) that the trust in --tuf-mirror begins with
    #[arg(long, value_name = "FILE", requires = "tuf_mirror")]
    pub tuf_root: Option<PathBuf>,
}

/// Where the identity token comes from.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Identity")]
pub struct TokenFlags {
    /// OIDC identity token: its text, @FILE, or - for standard input; default: the CI's own
    #[arg(long, value_name = "TOKEN")]
    pub identity_token: Option<SecretFlag>,
    /// Take the token from this place of the environment only
    #[arg(long, value_enum, value_name = "PLACE", hide_possible_values = true)]
    pub oidc_provider: Option<OidcProvider>,
    /// Take no token from the environment
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_default_value = true, hide_possible_values = true)]
    pub oidc_disable_ambient_providers: bool,
}

/// A secret as it was typed, or where it is. It is never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretFlag(pub String);

impl From<&str> for SecretFlag {
    fn from(text: &str) -> Self {
        SecretFlag(text.to_owned())
    }
}

impl fmt::Debug for SecretFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretFlag(redacted)")
    }
}

/// How somebody logs in, where there is no token.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Login")]
pub struct LoginFlags {
    /// How to log in where there is no token: normal (in a browser), device (with a code, in any
    /// browser), client_credentials (a program, with its secret), or token (not at all). Without it
    /// normal on a terminal, else not at all
    #[arg(long, value_enum, value_name = "FLOW", hide_possible_values = true)]
    pub fulcio_auth_flow: Option<AuthFlow>,
    /// Log in with a code that the browser shows, and that is typed here
    #[arg(long, conflicts_with = "fulcio_auth_flow")]
    pub oob: bool,
    /// OIDC issuer to log in at instead of the signing config's
    #[arg(long, value_name = "URL")]
    pub oidc_issuer: Option<String>,
    /// Name by which the issuer knows this program; tokens are for it
    #[arg(long, value_name = "ID", default_value = LoginRequest::CLIENT)]
    pub oidc_client_id: String,
    /// File with the program's secret, where the issuer wants one; - for standard input
    #[arg(long, value_name = "FILE")]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// Where the browser brings the answer: http, a loopback address or localhost, port 0 for any
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:0/auth/callback")]
    pub oidc_redirect_url: String,
}

/// How to log in, as cosign names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AuthFlow {
    /// In a browser
    Normal,
    /// With a code, in any browser
    Device,
    /// Not at all
    Token,
    /// A program, with its secret
    #[value(name = "client_credentials")]
    ClientCredentials,
}

/// A place where a process may find identity tokens, as cosign names it.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum OidcProvider {
    /// The variable SIGSTORE_ID_TOKEN
    Envvar,
    /// GitHub Actions
    GithubActions,
    /// Buildkite
    BuildkiteAgent,
    /// The variable CIRCLE_OIDC_TOKEN_V2 (cosign has no name for it)
    Circleci,
    /// The file /var/run/sigstore/cosign/oidc-token
    Filesystem,
    /// Google's metadata server
    Google,
    /// SPIFFE's workload API, which is not spoken to
    Spiffe,
}

/// Who must have signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Signer")]
pub struct SignerFlags {
    /// Subject of the certificate: an e-mail address or a URI, exactly
    #[arg(long, value_name = "IDENTITY", alias = "cert-identity")]
    pub certificate_identity: Option<String>,
    /// Subject as a regular expression that must match all of it (cosign matches a part) and name
    /// somebody: `.*` is refused
    #[arg(long, value_name = "REGEXP", conflicts_with = "certificate_identity")]
    pub certificate_identity_regexp: Option<String>,
    /// OIDC issuer of the certificate, exactly
    #[arg(long, value_name = "URL", alias = "cert-oidc-issuer")]
    pub certificate_oidc_issuer: Option<String>,
    /// OIDC issuer as a regular expression that must match all of it
    #[arg(long, value_name = "REGEXP", conflicts_with = "certificate_oidc_issuer")]
    pub certificate_oidc_issuer_regexp: Option<String>,
    /// Public key (PEM) instead of an identity: a file, env://VARIABLE with the PEM, or a pkcs11:
    /// URI
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "certificate_identity", "certificate_identity_regexp",
        "certificate_oidc_issuer", "certificate_oidc_issuer_regexp",
    ])]
    pub key: Option<String>,
    /// What triggered the workflow, as the certificate says
    #[arg(long, value_name = "TEXT", help_heading = "GitHub workflow")]
    pub certificate_github_workflow_trigger: Option<String>,
    /// The workflow's commit, as the certificate says
    #[arg(long, value_name = "COMMIT", help_heading = "GitHub workflow")]
    pub certificate_github_workflow_sha: Option<String>,
    /// The workflow's name, as the certificate says
    #[arg(long, value_name = "TEXT", help_heading = "GitHub workflow")]
    pub certificate_github_workflow_name: Option<String>,
    /// The workflow's repository (OWNER/REPO), as the certificate says
    #[arg(long, value_name = "REPO", help_heading = "GitHub workflow")]
    pub certificate_github_workflow_repository: Option<String>,
    /// The workflow's ref, as the certificate says
    #[arg(long, value_name = "REF", help_heading = "GitHub workflow")]
    pub certificate_github_workflow_ref: Option<String>,
    /// Require a signed timestamp (RFC 3161)
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_default_value = true, hide_possible_values = true)]
    pub use_signed_timestamps: bool,
    /// Do not require an entry in a transparency log. Weaker, and said in the report
    #[arg(long, alias = "private-infrastructure", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_default_value = true, hide_possible_values = true)]
    pub insecure_ignore_tlog: bool,
    /// Do not require a certificate transparency log to have seen the certificate. Weaker, and
    /// said in the report
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_default_value = true, hide_possible_values = true)]
    pub insecure_ignore_sct: bool,
}

/// A signature that is in files of its own.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Detached signature")]
pub struct DetachedFlags {
    /// Signature instead of a bundle: a file, or the signature itself in base64
    #[arg(long, value_name = "FILE|BASE64", conflicts_with = "bundle")]
    pub signature: Option<String>,
    /// Its certificate, PEM or base64 of PEM
    #[arg(long, value_name = "FILE", requires = "signature", alias = "cert")]
    pub certificate: Option<PathBuf>,
    /// Intermediate certificates, PEM
    #[arg(long, value_name = "FILE", requires = "certificate", alias = "cert-chain")]
    pub certificate_chain: Option<PathBuf>,
    /// Signed certificate timestamp, JSON as Fulcio gives it
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub sct: Option<PathBuf>,
    /// Signed timestamp, DER or cosign's JSON
    #[arg(long, value_name = "FILE", requires = "signature")]
    pub rfc3161_timestamp: Option<PathBuf>,
    /// Log entry: cosign's rekorBundle, or an answer of Rekor's API
    #[arg(long, value_name = "FILE", requires = "signature")]
    pub rekor_entry: Option<PathBuf>,
    /// Bundle format: with --new-bundle-format=false cosign's older one only
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", value_parser = BoolishValueParser::new(), hide = true)]
    pub new_bundle_format: bool,
}

/// `KEY=VALUE`; the value may be empty and may have further equals signs.
pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("wanted KEY=VALUE".to_owned()),
    }
}
