//! `verify --layout`

use std::path::PathBuf;

use clap::Args;

/// How an artifact must have been made, as a classic in-toto layout says
#[derive(Debug, Args)]
#[command(next_help_heading = "in-toto layout")]
pub struct LayoutFlags {
    /// Layout that says who must have done which step. Nothing in it is run: an inspection must be the
    /// unpacking of the target, which chainsign knows how to do
    #[arg(
        long,
        value_name = "FILE",
        requires = "layout_keys",
        requires = "links",
        conflicts_with_all = ["policy", "source_uri", "bundle", "attestations", "via", "copy_to", "dangerous_at"]
    )]
    pub layout: Option<PathBuf>,
    /// Public key of an owner of the layout, repeatable: every one must have signed it
    #[arg(long, value_name = "FILE", requires = "layout")]
    pub layout_keys: Vec<PathBuf>,
    /// Folder with the links: its files that end in .link
    #[arg(long, value_name = "DIR", requires = "layout")]
    pub links: Option<PathBuf>,
}
