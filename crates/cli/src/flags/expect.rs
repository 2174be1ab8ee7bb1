//! `verify --source-uri`

use clap::Args;

use super::shared::key_value;

/// What a build on GitHub Actions is expected to be, as slsa-verifier verify-artifact takes it
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Provenance, as slsa-verifier")]
pub struct ExpectFlags {
    /// Repository that must have been built, such as github.com/acme/app; needs SLSA provenance, and no
    /// identity
    #[arg(long, value_name = "URI", conflicts_with = "policy")]
    pub source_uri: Option<String>,
    /// Tag that must have been built
    #[arg(long, value_name = "TAG", requires = "source_uri")]
    pub source_tag: Option<String>,
    /// Version that must have been built: a tag of vX, vX.Y or vX.Y.Z
    #[arg(long, value_name = "VERSION", requires = "source_uri", conflicts_with = "source_tag")]
    pub source_versioned_tag: Option<String>,
    /// Branch that must have been built, or for a tag the branch that GitHub's event names
    #[arg(long, value_name = "BRANCH", requires = "source_uri")]
    pub source_branch: Option<String>,
    /// Builder: a workflow, with or without @VERSION; default: the builders of slsa-github-generator
    #[arg(long, value_name = "URI", requires = "source_uri")]
    pub builder_id: Option<String>,
    /// Input with which the workflow must have been started by hand, repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, requires = "source_uri")]
    pub build_workflow_input: Vec<(String, String)>,
}
