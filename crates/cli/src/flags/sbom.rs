//! `sbom`

use std::path::PathBuf;

use chainsign_artifact::image::Platform;
use clap::{Args, ValueEnum};

use super::registry::RegistryFlags;
use crate::printer::OutputFormat;

/// `sbom`
#[derive(Debug, Args)]
#[command(
    after_help = "One document about everything named. In folders, archives and images, files that \
                  are not Go are passed over; what could not be looked into is said, and the document \
                  says that it is incomplete. Nothing found is an error.\n\
                  Timestamps are left out unless SOURCE_DATE_EPOCH is set, so that the same \
                  binary always gives the same bytes.\n\
                  Exit codes of --diff: 0 the same modules; 1 others; 2 it could not be found out.\n\
                  Examples:\n  \
                  chainsign sbom dist/app | chainsign attest --predicate - dist/app\n  \
                  chainsign sbom --format spdx-json --output dist.spdx.json dist/\n  \
                  chainsign sbom --platform linux/arm64 image.tar\n  \
                  chainsign sbom --diff dist/app theirs.cdx.json"
)]
pub struct SbomFlags {
    /// Go binary, folder, archive (tar, zip), package (deb, rpm, apk) or container image (OCI
    /// layout, docker save, or in a registry: registry.example/app:v1); - for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Kind of document
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: SbomFormat,
    /// Version of its specification; default: CycloneDX 1.6, SPDX 2.3
    #[arg(long, value_name = "VERSION", value_enum)]
    pub spec_version: Option<SpecVersionFlag>,
    /// Write to this file instead of standard output
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Of container images, only those for this platform: OS/ARCH or OS/ARCH/VARIANT; default: all
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<Platform>,
    /// List the packages compiled in too, read from the function table
    #[arg(long)]
    pub packages: bool,
    /// Do not hash: fast, but nothing binds the document to the file
    #[arg(long)]
    pub no_file_hash: bool,
    /// Compare two: Go binaries, or a binary and any tool's SBOM (CycloneDX or SPDX, JSON)
    #[arg(long, conflicts_with_all = ["format", "spec_version", "packages", "no_file_hash", "platform"])]
    pub diff: bool,
    /// How --diff prints the differences
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, requires = "diff")]
    pub diff_format: OutputFormat,
    #[command(flatten)]
    pub registry: RegistryFlags,
}

/// A kind of document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the values name themselves")]
pub enum SbomFormat {
    #[default]
    #[value(name = "cyclonedx-json")]
    CycloneDxJson,
    #[value(name = "spdx-json")]
    SpdxJson,
}

/// A version of a specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the values name themselves")]
pub enum SpecVersionFlag {
    #[value(name = "1.4")]
    CycloneDx1_4,
    #[value(name = "1.5")]
    CycloneDx1_5,
    #[value(name = "1.6")]
    CycloneDx1_6,
    #[value(name = "1.7")]
    CycloneDx1_7,
    #[value(name = "2.3")]
    Spdx2_3,
}
