//! `sign`, `verify-attestation`, `tree`, `download`, `attach`

use std::path::PathBuf;

use chainsign_registry::Platform;
use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};

use super::registry::{RegistryAccessFlags, RegistryFlags};
use super::shared::{OfflineFlag, OutputFlag, SignerFlags, TokenFlags, TrustFlags, key_value};
use super::sign::SigningFlags;

/// `sign`
#[derive(Debug, Args)]
#[command(
    after_help = "A tag is resolved once, shown, and its digest is signed: a tag can be moved, a digest \
                        cannot. For files there is sign-blob.\n\
                        Example: chainsign sign registry.example/app@sha256:HEX"
)]
pub struct SignFlags {
    /// Images to sign
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<String>,
    /// Of an index also sign each of its images
    #[arg(long, short = 'r', num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_default_value = true, hide_possible_values = true)]
    pub recursive: bool,
    /// Something to say in the signature, repeatable
    #[arg(long, short = 'a', value_name = "KEY=VALUE", value_parser = key_value)]
    pub annotations: Vec<(String, String)>,
    #[command(flatten)]
    pub store: StoreFlags,
    /// How the image is called in cosign's older form, instead of by its repository
    #[arg(long, value_name = "TEXT", hide = true)]
    pub sign_container_identity: Option<String>,
    /// Also write the bundle (one image only)
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Also write the signature: base64 in cosign's older form, else the envelope (one image only)
    #[arg(long, value_name = "FILE")]
    pub output_signature: Option<PathBuf>,
    /// Also write the certificate, PEM (one image only)
    #[arg(long, value_name = "FILE", alias = "output-cert")]
    pub output_certificate: Option<PathBuf>,
    /// Also write what was signed (one image only)
    #[arg(long, value_name = "FILE")]
    pub output_payload: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub signing: SigningFlags,
    #[command(flatten)]
    pub token: TokenFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
    #[command(flatten)]
    pub registry: RegistryAccessFlags,
}

/// In which form a signature is stored, and where
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Storage")]
pub struct StoreFlags {
    /// bundle: refers to the image, as cosign 3 stores it; legacy: cosign's tags, which every version
    /// of it reads; both. Default: bundle, or legacy with --new-bundle-format=false
    #[arg(long, value_enum, value_name = "FORM")]
    pub format: Option<StoreForm>,
    /// Store it in the registry; with --upload=false only what is written to files
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_default_value = true, hide_possible_values = true)]
    pub upload: bool,
}

/// What `attest` does with images, and not with files
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Images")]
pub struct AttestImageFlags {
    /// bundle: refers to the image, as cosign 3 stores it; legacy: cosign's tags, which every version
    /// of it reads; both. Default: bundle, or legacy with --new-bundle-format=false
    #[arg(long, value_enum, value_name = "FORM")]
    pub format: Option<StoreForm>,
    /// Store nothing in the registry: the bundle goes to --bundle, or the envelope to standard output
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_default_value = true, hide_possible_values = true)]
    pub no_upload: bool,
    /// Remove older attestations of the same type once this one is stored
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_default_value = true, hide_possible_values = true)]
    pub replace: bool,
}

/// How signatures are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StoreForm {
    /// A Sigstore bundle that refers to the image.
    Bundle,
    /// cosign's tags.
    Legacy,
    /// Both.
    Both,
}

/// `verify-attestation`
#[derive(Debug, Args)]
#[command(
    after_help = "Prints each attestation that verifies as its envelope (DSSE), one on a line.\n\
                        Policies decide with `chainsign verify --policy`."
)]
pub struct VerifyAttestationFlags {
    /// Images
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<String>,
    /// Predicate type that it must have: an alias or a URI
    #[arg(long = "type", value_name = "TYPE", default_value = "custom")]
    pub predicate_type: String,
    /// Of an index the image for this platform (linux/arm64), repeatable; default: all of it
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Vec<Platform>,
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub signer: SignerFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
    #[command(flatten)]
    pub offline: OfflineFlag,
    #[command(flatten)]
    pub registry: RegistryFlags,
}

/// `tree`
#[derive(Debug, Args)]
pub struct TreeFlags {
    /// Image
    #[arg(value_name = "IMAGE")]
    pub image: String,
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub registry: RegistryFlags,
}

/// `download`
#[derive(Debug, Subcommand)]
pub enum DownloadCommand {
    /// Print the signatures of an image, each on a line. Nothing is verified
    Signature(DownloadFlags),
    /// Print the attestations about an image, each on a line. Nothing is verified
    Attestation(DownloadAttestationFlags),
    /// Print the SBOM that is stored beside an image without a signature
    Sbom(DownloadFlags),
}

/// `download signature`, `download sbom`
#[derive(Debug, Args)]
pub struct DownloadFlags {
    /// Image
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Of an index the image for this platform (linux/arm64)
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<Platform>,
    #[command(flatten)]
    pub registry: RegistryFlags,
}

/// `download attestation`
#[derive(Debug, Args)]
pub struct DownloadAttestationFlags {
    #[command(flatten)]
    pub image: DownloadFlags,
    /// Only those with this predicate: an alias or a URI
    #[arg(long, value_name = "TYPE")]
    pub predicate_type: Option<String>,
}

/// `attach`
#[derive(Debug, Subcommand)]
pub enum AttachCommand {
    /// Store a signature that was made elsewhere beside an image: a bundle, or cosign's payload
    Signature(AttachSignatureFlags),
    /// Store an attestation that was made elsewhere beside an image: a bundle
    Attestation(AttachAttestationFlags),
    /// Store an SBOM beside an image, not signed. `chainsign attest` signs it
    Sbom(AttachSbomFlags),
}

/// `attach signature`
#[derive(Debug, Args)]
pub struct AttachSignatureFlags {
    /// Image
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Bundle
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "payload",
        required_unless_present = "payload"
    )]
    pub bundle: Option<PathBuf>,
    /// cosign's payload, that was signed
    #[arg(long, value_name = "FILE", requires = "signature")]
    pub payload: Option<PathBuf>,
    /// The signature over it, base64
    #[arg(long, value_name = "FILE", requires = "payload")]
    pub signature: Option<PathBuf>,
    /// Its certificate, PEM
    #[arg(long, value_name = "FILE", requires = "payload")]
    pub certificate: Option<PathBuf>,
    /// Intermediate certificates, PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub certificate_chain: Option<PathBuf>,
    /// Its log entry, as cosign's JSON
    #[arg(long, value_name = "FILE", requires = "payload")]
    pub rekor_response: Option<PathBuf>,
    /// Its signed timestamp, as cosign's JSON
    #[arg(long, value_name = "FILE", requires = "payload")]
    pub tsr: Option<PathBuf>,
    #[command(flatten)]
    pub registry: RegistryFlags,
}

/// `attach attestation`
#[derive(Debug, Args)]
pub struct AttachAttestationFlags {
    /// Image
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Bundle with the attestation
    #[arg(long, value_name = "FILE", alias = "attestation")]
    pub bundle: PathBuf,
    #[command(flatten)]
    pub registry: RegistryFlags,
}

/// `attach sbom`
#[derive(Debug, Args)]
pub struct AttachSbomFlags {
    /// Image
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// SBOM
    #[arg(long, value_name = "FILE")]
    pub sbom: PathBuf,
    /// Its kind; default: recognised from its content
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub sbom_type: Option<SbomType>,
    #[command(flatten)]
    pub registry: RegistryFlags,
}

/// The kind of an SBOM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SbomType {
    /// CycloneDX
    Cyclonedx,
    /// SPDX
    Spdx,
}
