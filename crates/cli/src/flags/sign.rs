//! `sign-blob`, `attest`, `attest-blob`

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use jiff::SignedDuration;

use super::images::AttestImageFlags;
use super::registry::RegistryAccessFlags;
use super::shared::{LoginFlags, OutputFlag, TokenFlags, TrustFlags};

/// `sign-blob`
#[derive(Debug, Args)]
#[command(after_help = "Each file gets FILE.sigstore.json beside it unless --bundle or \
                        --output-directory says otherwise. All files share one certificate. A run \
                        that failed halfway does only the rest when it is run again.\n\
                        Example: chainsign sign-blob dist/checksums.txt")]
pub struct SignBlobFlags {
    /// Files to sign, folders with everything in them, or globs ('dist/*.tar.gz'); - for standard input
    #[arg(required_unless_present = "checksums", value_name = "FILE|DIR|GLOB")]
    pub files: Vec<PathBuf>,
    /// Sign every file that this list of checksums names (sha256sum, shasum or BSD format), each as
    /// it is listed
    #[arg(long, value_name = "FILE")]
    pub checksums: Vec<PathBuf>,
    /// Sign one statement about all files instead of each file, into --bundle
    #[arg(long, requires = "bundle", conflicts_with_all = ["output_directory", "again", "output_certificate", "rfc3161_timestamp"])]
    pub one_statement: bool,
    /// Sign files anew that an earlier run signed. Without it, and but for a single file, those whose
    /// bundle is there and verifies are left
    #[arg(long)]
    pub again: bool,
    /// Where to write the bundle (one file only)
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Folder for the bundles, each named after its file, and in its place in the folder named
    #[arg(long, value_name = "DIR", conflicts_with = "bundle")]
    pub output_directory: Option<PathBuf>,
    /// Also write the signature, base64, without a line end (one file only)
    #[arg(long, value_name = "FILE")]
    pub output_signature: Option<PathBuf>,
    /// Also write the certificate, base64 of its PEM, as cosign does (one file only)
    #[arg(long, value_name = "FILE", alias = "output-cert")]
    pub output_certificate: Option<PathBuf>,
    /// Also write the signed timestamp, in cosign's JSON (one file only)
    #[arg(long, value_name = "FILE", hide = true)]
    pub rfc3161_timestamp: Option<PathBuf>,
    /// Write signature and certificate in base64; with --b64=false the signature's bytes and the
    /// certificate's PEM
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_default_value = true)]
    pub b64: bool,
    /// How to print the result: text or json. A name with a dot or a slash in it is cosign's older
    /// spelling of --output-signature
    #[arg(
        long,
        short = 'o',
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true
    )]
    pub output: OutputOrFile,
    #[command(flatten)]
    pub signing: SigningFlags,
    #[command(flatten)]
    pub token: TokenFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
}

/// Who signs besides an identity, and which services take part.
#[derive(Debug, Args)]
pub struct SigningFlags {
    /// Say what would become public, and of whom; no service is asked, and nothing is written
    #[arg(long)]
    pub dry_run: bool,
    /// Private key to sign with instead of an identity: a file, env://VARIABLE with its PEM, or
    /// the pkcs11: URI of a key in a token
    #[arg(long, value_name = "FILE", conflicts_with = "identity_token", help_heading = "Key")]
    pub key: Option<String>,
    /// Do not ask for confirmation (chainsign never does; for scripts written for cosign)
    #[arg(long, short = 'y', num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = BoolishValueParser::new(), hide = true)]
    pub yes: bool,
    /// Make an entry in the transparency log; --tlog-upload=false makes none
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_default_value = true, help_heading = "Services")]
    pub tlog_upload: bool,
    /// Ask the timestamp authorities of the signing config; --use-signing-config=false asks none
    /// that is not named, as cosign 2 did
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_default_value = true, help_heading = "Services")]
    pub use_signing_config: bool,
    /// Bundle format: with --new-bundle-format=false cosign's older one, and the signature on
    /// standard output unless --output-signature names a file
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", value_parser = BoolishValueParser::new(), hide = true)]
    pub new_bundle_format: bool,
    /// Certificate authority (Fulcio) instead of the signing config's
    #[arg(long, value_name = "URL", help_heading = "Services")]
    pub fulcio_url: Option<String>,
    /// Transparency log (Rekor v1) instead of the signing config's
    #[arg(long, value_name = "URL", help_heading = "Services")]
    pub rekor_url: Option<String>,
    /// Timestamp authority (RFC 3161, complete path) instead of the signing config's
    #[arg(long, value_name = "URL", help_heading = "Services")]
    pub timestamp_server_url: Option<String>,
    /// How long it may take until a file is signed, and then until the next is; 0 for any time
    #[arg(
        long,
        short = 't',
        value_name = "DURATION",
        default_value = "3m",
        help_heading = "Services"
    )]
    pub timeout: SignedDuration,
    #[command(flatten)]
    pub login: LoginFlags,
}

/// Whether something is done, or only told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// It is signed.
    Sign,
    /// What signing would make public is told.
    Tell,
}

impl SigningFlags {
    /// `--dry-run`
    pub fn run(&self) -> Run {
        if self.dry_run { Run::Tell } else { Run::Sign }
    }
}

/// What is attested.
#[derive(Debug, Args)]
#[command(next_help_heading = "Predicate")]
pub struct PredicateFlags {
    /// Predicate (JSON), attested byte for byte; - for standard input
    #[arg(long, value_name = "FILE")]
    pub predicate: Option<PathBuf>,
    /// Its type: cyclonedx, spdxjson, slsaprovenance1, openvex, vuln, ... or a URI; default:
    /// recognised from its content
    #[arg(long = "type", value_name = "TYPE", conflicts_with = "statement")]
    pub predicate_type: Option<String>,
    /// In-toto statement to sign as it is, once for all its subjects, instead of a predicate; - for
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub statement: Option<PathBuf>,
}

/// `attest`
#[derive(Debug, Args)]
#[command(
    after_help = "With --statement the files must be among its subjects. It is signed once, and the \
                  bundle is added to each file's FILE.sigstore.jsonl, or to --bundle.\n\
                  Examples:\n  \
                  chainsign sbom dist/app | chainsign attest --predicate - dist/app\n  \
                  chainsign provenance --subject 'dist/*.tar.gz' | chainsign attest --statement - dist/*.tar.gz"
)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["predicate", "statement"]))]
pub struct AttestFlags {
    /// Files that it is about, or images in registries (registry.example/app@sha256:HEX;
    /// docker://app where the name says no registry, tag or digest)
    #[arg(value_name = "FILE|IMAGE", required_unless_present = "statement")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub predicate: PredicateFlags,
    /// Add the bundle to this file instead of FILE.sigstore.jsonl (with --predicate one file only); of
    /// an image, also write it here
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub signing: SigningFlags,
    #[command(flatten)]
    pub token: TokenFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
    #[command(flatten)]
    pub image: AttestImageFlags,
    #[command(flatten)]
    pub registry: RegistryAccessFlags,
}

/// `attest-blob`
#[derive(Debug, Args)]
#[command(after_help = "Example: chainsign attest-blob --predicate provenance.json \
                        --bundle app.provenance.sigstore.json dist/app")]
#[command(group = clap::ArgGroup::new("what").required(true).args(["predicate", "statement"]))]
pub struct AttestBlobFlags {
    /// File that the predicate is about
    #[arg(value_name = "FILE", required_unless_present = "statement")]
    pub file: Option<PathBuf>,
    /// Where to write the bundle; may be left out when the envelope goes to --output-signature
    #[arg(long, value_name = "FILE", required_unless_present_any = ["output_signature", "output_attestation", "new_bundle_format"])]
    pub bundle: Option<PathBuf>,
    /// Also write the signed envelope (DSSE, JSON)
    #[arg(long, value_name = "FILE")]
    pub output_signature: Option<PathBuf>,
    /// Also write the statement
    #[arg(long, value_name = "FILE")]
    pub output_attestation: Option<PathBuf>,
    /// Also write the certificate (PEM)
    #[arg(long, value_name = "FILE", alias = "output-cert")]
    pub output_certificate: Option<PathBuf>,
    /// Also write the signed timestamp, in cosign's JSON
    #[arg(long, value_name = "FILE", hide = true)]
    pub rfc3161_timestamp_bundle: Option<PathBuf>,
    /// SHA-256 of the file (hexadecimal), which then need not be here
    #[arg(long, value_name = "HEX", conflicts_with = "statement")]
    pub hash: Option<String>,
    /// Predicate (JSON), attested byte for byte; - for standard input
    #[arg(long, value_name = "FILE", help_heading = "Predicate")]
    pub predicate: Option<PathBuf>,
    /// Its type: cyclonedx, spdxjson, slsaprovenance1, openvex, vuln, ... or a URI; default:
    /// recognised from its content
    #[arg(
        long = "type",
        value_name = "TYPE",
        conflicts_with = "statement",
        help_heading = "Predicate"
    )]
    pub predicate_type: Option<String>,
    /// In-toto statement to sign as it is, instead of a predicate; - for standard input
    #[arg(long, value_name = "FILE", help_heading = "Predicate")]
    pub statement: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub signing: SigningFlags,
    #[command(flatten)]
    pub token: TokenFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
}

/// `--output` of `sign-blob`: how to print the result, or cosign 1's spelling of
/// `--output-signature`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputOrFile {
    /// How to print the result.
    Format(crate::printer::OutputFormat),
    /// Where the signature goes too.
    Signature(PathBuf),
}

impl std::str::FromStr for OutputOrFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        use crate::printer::OutputFormat;
        match text {
            "text" => Ok(OutputOrFile::Format(OutputFormat::Text)),
            "json" => Ok(OutputOrFile::Format(OutputFormat::Json)),
            file if file.contains(['.', '/']) => Ok(OutputOrFile::Signature(PathBuf::from(file))),
            _ => Err("wanted text, json, or a file with a dot or a slash in its name".to_owned()),
        }
    }
}

impl OutputOrFile {
    /// How to print the result.
    pub fn format(&self) -> crate::printer::OutputFormat {
        match self {
            OutputOrFile::Format(format) => *format,
            OutputOrFile::Signature(_) => crate::printer::OutputFormat::Text,
        }
    }
}
