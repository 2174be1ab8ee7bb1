//! `provenance`: what is known about a build, and what its binary says.

use std::path::PathBuf;

use chainsign_gosbom::{BuildInfo, Depth};
use chainsign_slsa::{BuildFacts, Error, OnCommitMismatch, generate};

use super::{artifact, sbom};
use crate::failure::Failure;

/// A provenance predicate to make.
#[derive(Debug)]
pub struct ProvenanceRequest {
    /// The Go binary to take the stamp from.
    pub path: Option<PathBuf>,
    /// What is known from outside.
    pub facts: BuildFacts,
    /// What to do when the binary names another commit.
    pub on_mismatch: OnCommitMismatch,
}

/// Makes an SLSA v1 predicate: JSON with a line end.
///
/// # Errors
/// As [`artifact::open`] and [`sbom::go_binary`]; `commit-mismatch` when binary and flags name two
/// commits (exit 1); `bad-flag` for what cannot be in a predicate.
pub fn provenance(request: &ProvenanceRequest) -> Result<Vec<u8>, Failure> {
    let content = match &request.path {
        None => None,
        Some(path) => {
            let artifact = artifact::open(path)?;
            Some((artifact.name().to_owned(), sbom::content(&artifact, Depth::BuildInfo)?))
        }
    };
    let binary = match &content {
        None => None,
        Some((name, content)) => Some(sbom::go_binary(name, content)?),
    };
    let infos: Vec<&BuildInfo> =
        binary.iter().flat_map(|binary| &binary.slices).map(|slice| &slice.build_info).collect();
    let predicate =
        generate(&request.facts, &infos, request.on_mismatch).map_err(|error| match error {
            Error::CommitMismatch { .. } => Failure::no("commit-mismatch", error.to_string())
                .hint("state the commit that was built, or add --override-stamp to record both"),
            error => Failure::because("bad-flag", "the provenance cannot be written", &error),
        })?;
    let json = predicate.to_json();
    let json = json.map_err(|error| {
        Failure::because("bad-flag", "the provenance cannot be written", &error)
    })?;
    Ok(format!("{json}\n").into_bytes())
}
