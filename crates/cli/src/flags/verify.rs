//! `verify-blob`, `verify-blob-attestation`, `verify`

use std::path::PathBuf;

use chainsign_registry::Platform;
use clap::Args;
use jiff::Timestamp;

use super::admission::AdmissionFlags;
use super::expect::ExpectFlags;
use super::layout::LayoutFlags;
use super::registry::RegistryFlags;
use super::report::ReportFlags;
use super::shared::{DetachedFlags, OfflineFlag, OutputFlag, SignerFlags, TrustFlags, key_value};
use super::summary::SummaryFlags;

/// `verify-blob`
#[derive(Debug, Args)]
#[command(after_help = "Example: chainsign verify-blob --bundle app.sigstore.json \
                        --certificate-identity dev@example.com \
                        --certificate-oidc-issuer https://accounts.example.com app")]
pub struct VerifyBlobFlags {
    /// File, - for standard input, or its digest as sha256:HEX
    #[arg(value_name = "FILE|sha256:HEX")]
    pub target: String,
    /// Bundle, of Sigstore's or cosign's own format; default: FILE.sigstore.json beside the file
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub detached: DetachedFlags,
    #[command(flatten)]
    pub signer: SignerFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
    #[command(flatten)]
    pub offline: OfflineFlag,
}

/// `verify-blob-attestation`
#[derive(Debug, Args)]
pub struct VerifyBlobAttestationFlags {
    /// File, - for standard input, or its digest as sha256:HEX
    #[arg(
        value_name = "FILE|sha256:HEX",
        required_unless_present = "digest",
        conflicts_with = "digest"
    )]
    pub target: Option<String>,
    /// Bundle with the attestation; default: FILE.sigstore.json beside the file
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Predicate type that it must have: an alias or a URI
    #[arg(long = "type", value_name = "TYPE", default_value = "custom")]
    pub predicate_type: String,
    /// The file's digest in hexadecimal, instead of the file, as cosign takes it
    #[arg(long, value_name = "HEX", requires = "digest_algorithm", hide = true)]
    pub digest: Option<String>,
    /// The algorithm of --digest
    #[arg(long = "digestAlg", value_name = "ALGORITHM", requires = "digest", hide = true, value_parser = ["sha256", "sha384", "sha512"])]
    pub digest_algorithm: Option<String>,
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub detached: DetachedFlags,
    #[command(flatten)]
    pub signer: SignerFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
    #[command(flatten)]
    pub offline: OfflineFlag,
}

/// `verify`
#[derive(Debug, Args)]
#[command(after_help = "Beside each FILE it finds FILE.sigstore.json, FILE.sigstore.jsonl, \
                        FILE.intoto.jsonl and sha256:HEX.jsonl.\n\
                        Example: chainsign verify --policy go-release.yaml --report html=report.html \
                        dist/app")]
pub struct VerifyFlags {
    /// What to verify: files, folders with the OCI layout of an image, or images in registries
    /// (registry.example/app@sha256:HEX; docker://app where the name says no registry, tag or digest)
    #[arg(required_unless_present_any = ["manifest", "dockerfile", "admission_review"], value_name = "TARGET")]
    pub targets: Vec<PathBuf>,
    /// Of an index decide on the image for this platform (linux/arm64), repeatable; default: all of
    /// it, which is every platform
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Vec<Platform>,
    /// What the signer must say about the signature over an image, repeatable (without --policy)
    #[arg(long, short = 'a', value_name = "KEY=VALUE", value_parser = key_value, conflicts_with = "policy")]
    pub annotations: Vec<(String, String)>,
    /// Policy, or set of policies, that decides; without it an identity, a key, --source-uri or
    /// --layout is required
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    #[command(flatten)]
    pub used_as: UsedAsFlags,
    /// More evidence: a bundle, or a file with a bundle on each line
    #[arg(long, value_name = "FILE", alias = "provenance-path")]
    pub bundle: Vec<PathBuf>,
    /// More evidence: every bundle in this folder
    #[arg(long, value_name = "DIR")]
    pub attestations: Vec<PathBuf>,
    /// Signed file of checksums (sha256sum or BSD format) that may list the target: its signature is
    /// looked for beside it, and counts where the policy says `signatures.via: checksums`
    #[arg(long, value_name = "FILE")]
    pub via: Vec<PathBuf>,
    /// Write exactly the bytes that were verified (one target only, and only when it passes)
    #[arg(long, value_name = "FILE")]
    pub copy_to: Option<PathBuf>,
    /// Keep policy, trusted root, evidence and facts in a file, for policy replay
    #[arg(long, value_name = "FILE.tar", requires = "policy")]
    pub save_evidence: Option<PathBuf>,
    /// Decide as of another time. Dangerous: what expired since then counts again
    #[arg(long, value_name = "TIME")]
    pub dangerous_at: Option<Timestamp>,
    #[command(flatten)]
    pub admission: Box<AdmissionFlags>,
    #[command(flatten)]
    pub expect: Box<ExpectFlags>,
    #[command(flatten)]
    pub layout: Box<LayoutFlags>,
    #[command(flatten)]
    pub summary: Box<SummaryFlags>,
    #[command(flatten)]
    pub report: ReportFlags,
    #[command(flatten)]
    pub signer: SignerFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
    #[command(flatten)]
    pub offline: OfflineFlag,
    #[command(flatten)]
    pub registry: Box<RegistryFlags>,
}

/// The name that a policy's `match` meets, where it is not the file's
#[derive(Debug, Args)]
pub struct UsedAsFlags {
    /// Decide on the one target as this image, which is what match.images of a policy meets. A digest
    /// in the reference must be the target's
    #[arg(long, value_name = "REFERENCE", requires = "policy")]
    pub as_image: Option<String>,
    /// Decide as for a workload of a cluster that runs the image, which is what match.kubernetes meets
    #[arg(long, value_name = "NAMESPACE/KIND", requires = "as_image")]
    pub in_workload: Option<String>,
    /// Label of that workload, repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, requires = "in_workload")]
    pub workload_label: Vec<(String, String)>,
}
