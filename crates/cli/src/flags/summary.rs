//! `verify --vsa`

use std::path::PathBuf;

use clap::Args;

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
