//! `verify --vsa`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What is written of a verification summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SummaryForm {
    /// The predicate alone.
    Predicate,
    /// An in-toto statement about what was decided on.
    Statement,
}

/// A verification summary of the decision
#[derive(Debug, Args)]
#[command(next_help_heading = "Verification summary")]
pub struct SummaryFlags {
    /// Write what was decided about the one target as a SLSA verification summary, PASSED or FAILED; nothing
    /// when it is undecided. Sign it with: chainsign attest --predicate FILE --type vsa TARGET
    #[arg(
        long,
        value_name = "FILE",
        requires = "policy",
        requires = "vsa_verifier_id",
        conflicts_with = "dangerous_at"
    )]
    pub vsa: Option<PathBuf>,
    /// What to write: the predicate, or a whole statement about the digest that was decided on, which
    /// attest --statement signs and of no other file
    #[arg(long, value_name = "FORM", default_value = "predicate", requires = "vsa")]
    pub vsa_form: SummaryForm,
    /// Who verifies: the URI that consumers accept together with whoever signs the summary
    #[arg(long, value_name = "URI", requires = "vsa")]
    pub vsa_verifier_id: Option<String>,
    /// As what the target is verified: the URI from which it is fetched; default: oci://NAME of --as-image
    #[arg(long, value_name = "URI", requires = "vsa")]
    pub vsa_resource_uri: Option<String>,
    /// Where the policy is; default: its digest as a URI
    #[arg(long, value_name = "URI", requires = "vsa")]
    pub vsa_policy_uri: Option<String>,
}
