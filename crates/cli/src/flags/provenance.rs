//! `provenance`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::shared::{TokenFlags, key_value};

/// `provenance`
#[derive(Debug, Args)]
#[command(
    after_help = "In a job of a CI system most is known: from the claims of the job's identity token where \
                  there is one, else from the environment. Nothing else of the environment is looked at. \
                  What is not known is left out, never guessed; --explain says where each value is from.\n\
                  Without --subject the predicate is printed, with it a whole statement.\n\
                  Examples:\n  \
                  chainsign provenance --from-binary dist/app | chainsign attest --predicate - dist/app\n  \
                  chainsign provenance --subject 'dist/*.tar.gz' --output provenance.json --explain\n  \
                  chainsign provenance --ci none --builder-id https://ci.example.com/release \
                  --source-uri https://github.com/acme/app --source-ref refs/tags/v1.2.3 --from-binary dist/app"
)]
pub struct ProvenanceFlags {
    /// Go binary to take commit, settings and modules from, repeatable; - for standard input
    #[arg(long = "from-binary", value_name = "FILE")]
    pub binaries: Vec<PathBuf>,
    /// Write to this file instead of standard output
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Say on standard error where each value is from
    #[arg(long)]
    pub explain: bool,
    #[command(flatten)]
    pub subjects: SubjectFlags,
    #[command(flatten)]
    pub build: BuildFlags,
    #[command(flatten)]
    pub token: TokenFlags,
}

/// What the provenance is about.
#[derive(Debug, Args)]
#[command(next_help_heading = "Subjects")]
pub struct SubjectFlags {
    /// File, or glob: `*` is any text within one folder, `**` any text; named by its file name
    #[arg(long = "subject", value_name = "FILE|GLOB")]
    pub patterns: Vec<String>,
    /// Checksum file (sha256sum, shasum, BSD), each of whose lines is a subject
    #[arg(long = "subject-checksums", value_name = "FILE")]
    pub checksums: Vec<PathBuf>,
    /// GoReleaser's dist/artifacts.json: the files and images that it built
    #[arg(long = "subject-artifacts", value_name = "FILE")]
    pub artifacts: Vec<PathBuf>,
    /// Name and digest, as of an image: ghcr.io/acme/app@sha256:HEX
    #[arg(long = "subject-digest", value_name = "NAME@ALG:HEX")]
    pub digests: Vec<String>,
}

/// What is stated about the build.
#[derive(Debug, Args)]
#[command(next_help_heading = "Build")]
pub struct BuildFlags {
    /// CI system that this job is of; default: detected. With none and generic nothing is asked, and
    /// the build type is chainsign's own for Go, or for any build
    #[arg(long, value_name = "CI", value_enum)]
    pub ci: Option<CiFlag>,
    /// Who built it (runDetails.builder.id); default: the workflow that the CI system names
    #[arg(long, value_name = "URI")]
    pub builder_id: Option<String>,
    /// How it was built (buildDefinition.buildType), with --ci none or generic
    #[arg(long, value_name = "URI")]
    pub build_type: Option<String>,
    /// Source repository
    #[arg(long, value_name = "URI")]
    pub source_uri: Option<String>,
    /// Source ref, e.g. refs/tags/v1.2.3
    #[arg(long, value_name = "REF")]
    pub source_ref: Option<String>,
    /// Source commit, whatever CI system and binary say; where they say otherwise it is recorded
    #[arg(long, value_name = "COMMIT")]
    pub source_commit: Option<String>,
    /// External parameter of the build, repeatable
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    pub parameters: Vec<(String, String)>,
    /// Variable of the environment that is an external parameter, repeatable. Its value is masked
    /// if name or value look like a secret
    #[arg(long = "variable", value_name = "NAME")]
    pub variables: Vec<String>,
    /// The same, always masked
    #[arg(long = "masked-variable", value_name = "NAME")]
    pub masked_variables: Vec<String>,
    /// The run (runDetails.metadata.invocationId)
    #[arg(long, value_name = "URI")]
    pub invocation_id: Option<String>,
    /// When the build started
    #[arg(long, value_name = "TIME")]
    pub started_on: Option<Timestamp>,
    /// When the build finished
    #[arg(long, value_name = "TIME")]
    pub finished_on: Option<Timestamp>,
}

/// A CI system. `none` is a Go build of which only what is stated and stamped is known; `generic` any
/// build of which only what is stated is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the values name themselves")]
pub enum CiFlag {
    None,
    Github,
    Gitlab,
    CloudBuild,
    Tekton,
    Jenkins,
    Generic,
}
