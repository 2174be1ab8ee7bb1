//! `policy`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::report::ReportFlags;
use super::shared::{OfflineFlag, OutputFlag, TrustFlags};
use crate::printer::OutputFormat;

/// `policy`
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Draft a policy from the evidence that artifacts come with
    Init(PolicyInitFlags),
    /// Check that policy files load, and say what is odd about them
    Check(PolicyCheckFlags),
    /// Say what policies ask for, in plain sentences
    Explain(PolicyExplainFlags),
    /// Run the cases of test files, and find the fields of their policies that no case tests
    Test(PolicyTestFlags),
    /// Decide again from what verify --save-evidence kept
    Replay(PolicyReplayFlags),
    /// Print the JSON Schema of policies, policy sets or test files
    Schema(PolicySchemaFlags),
}

impl PolicyCommand {
    /// How the result is printed.
    pub fn format(&self) -> OutputFormat {
        match self {
            Self::Check(flags) => flags.output.output,
            Self::Explain(flags) => flags.output.output,
            Self::Test(flags) => flags.output.output,
            Self::Replay(flags) => flags.report.format(),
            Self::Init(_) | Self::Schema(_) => OutputFormat::Text,
        }
    }
}

/// `policy init`
#[derive(Debug, Args)]
#[command(
    after_help = "Trust on first use: whoever signed what is here may sign from then on. Beside \
                        the policy go a test file and the trusted root. Nothing is written unless \
                        the artifacts pass.\n\
                        Example: chainsign policy init --output-policy policy.yaml dist/app"
)]
pub struct PolicyInitFlags {
    /// Artifacts, with their evidence beside them
    #[arg(required = true, value_name = "ARTIFACT")]
    pub artifacts: Vec<PathBuf>,
    /// Where to write it; default: standard output
    #[arg(long, value_name = "FILE")]
    pub output_policy: Option<PathBuf>,
    /// Its name; default: the first artifact's
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// More evidence: a bundle, or a file with a bundle on each line
    #[arg(long, value_name = "FILE")]
    pub bundle: Vec<PathBuf>,
    /// More evidence: every bundle in this folder
    #[arg(long, value_name = "DIR")]
    pub attestations: Vec<PathBuf>,
    #[command(flatten)]
    pub trust: TrustFlags,
    #[command(flatten)]
    pub offline: OfflineFlag,
}

/// `policy replay`
#[derive(Debug, Args)]
#[command(
    after_help = "Documents are verified again under the trusted root and the policy that are in \
                        the file, as of the time of then. What was read from the artifact is taken as \
                        it is. The report and the exit code are those of then."
)]
pub struct PolicyReplayFlags {
    /// What verify --save-evidence wrote
    #[arg(value_name = "FILE.tar")]
    pub file: PathBuf,
    #[command(flatten)]
    pub report: ReportFlags,
}

/// `policy check`
#[derive(Debug, Args)]
pub struct PolicyCheckFlags {
    /// Policies and policy sets
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub output: OutputFlag,
}

/// `policy explain`
#[derive(Debug, Args)]
pub struct PolicyExplainFlags {
    /// Policy or policy set
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub output: OutputFlag,
}

/// `policy test`
#[derive(Debug, Args)]
#[command(
    after_help = "Every case of every file is run and reported. Exit codes: 0 all came out as \
                        expected; 1 some did not; 2 a file does not load, or a case could not be \
                        run.\nExample: chainsign policy test policies/*.test.yaml"
)]
pub struct PolicyTestFlags {
    /// Test files (kind: PolicyTest)
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Change every field of the policy in turn and see whether a case notices
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub mutations: Mutations,
    #[command(flatten)]
    pub output: OutputFlag,
}

/// What is done about fields that no case tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum)]
pub enum Mutations {
    /// Do not look for them
    Off,
    /// Report them
    #[default]
    Report,
    /// Report them, and fail where there is one
    Require,
}

/// `policy schema`
#[derive(Debug, Args)]
pub struct PolicySchemaFlags {
    /// Of what
    #[arg(value_enum, default_value_t, value_name = "KIND")]
    pub kind: DocumentKind,
}

/// A kind of document of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum)]
pub enum DocumentKind {
    /// kind: Policy
    #[default]
    Policy,
    /// kind: PolicySet
    #[value(name = "policyset")]
    PolicySet,
    /// kind: PolicyTest
    #[value(name = "policytest")]
    PolicyTest,
}
