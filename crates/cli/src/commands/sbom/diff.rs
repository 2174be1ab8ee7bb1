//! `sbom --diff`: does an SBOM say what is in a binary, or do two binaries have the same modules?

use std::path::{Path, PathBuf};

use chainsign_artifact::Content;
use chainsign_core::Limits;
use chainsign_gosbom::diff::{Difference, Mode, ModuleSet, SbomError, Source, compare};
use chainsign_gosbom::{self as gosbom, Depth};

use super::binary::{content, not_go};
use crate::commands::artifact;
use crate::failure::Failure;

/// Two lists to hold against each other, each a Go binary or an SBOM.
#[derive(Debug)]
pub struct DiffRequest {
    /// The one.
    pub first: PathBuf,
    /// The other.
    pub second: PathBuf,
}

/// How two lists differ.
#[derive(Debug)]
pub struct Compared {
    /// What is: the binary, or of two alike the first.
    pub actual: Side,
    /// What is said about it.
    pub stated: Side,
    /// The difference, in these words.
    pub difference: Difference,
}

/// One of the two files.
#[derive(Debug)]
pub struct Side {
    /// As it was named.
    pub path: PathBuf,
    /// What its content is.
    pub source: Source,
}

/// Compares two files by the same rules as a policy's `attestations.sbom`, wanting them equal.
///
/// # Errors
/// As [`artifact::open`]; `not-a-go-binary`; `modules-unavailable` for a binary whose module list
/// cannot be read; `bad-sbom` for what is neither a binary nor an SBOM.
pub fn diff(request: &DiffRequest) -> Result<Compared, Failure> {
    let first = (request.first.clone(), modules(&request.first)?);
    let second = (request.second.clone(), modules(&request.second)?);
    let in_order = first.1.source() == Source::Binary || second.1.source() == Source::Sbom;
    let (actual, stated) = if in_order { (first, second) } else { (second, first) };
    let difference = compare(&actual.1, &stated.1, Mode::Equal);
    let side = |(path, modules): (PathBuf, ModuleSet)| Side { path, source: modules.source() };
    Ok(Compared { actual: side(actual), stated: side(stated), difference })
}

/// The modules of a file, told by its content.
fn modules(path: &Path) -> Result<ModuleSet, Failure> {
    let artifact = artifact::open(path)?;
    let name = artifact.name();
    match content(&artifact, Depth::BuildInfo)? {
        Content::GoBinary(binary) => ModuleSet::of_slices(&binary.slices).map_err(|reason| {
            let message = format!("{name}: {reason}");
            Failure::undecided("modules-unavailable", message)
                .hint("its modules cannot be compared with anything")
        }),
        Content::NotGo(gosbom::Error::NotExecutable { .. }) => {
            let json = artifact.bytes(Limits::default().document_bytes);
            let json = json.map_err(|error| artifact::failure(&error))?;
            ModuleSet::from_sbom(&json).map_err(|error| bad_sbom(name, &error))
        }
        Content::NotGo(reason) => Err(not_go(name, &reason)),
        _ => Err(Failure::undecided("not-a-go-binary", format!("{name} is not a Go binary"))),
    }
}

fn bad_sbom(name: &str, error: &SbomError) -> Failure {
    Failure::because("bad-sbom", name, error)
        .hint("compared are Go binaries, and CycloneDX and SPDX 2 documents in JSON")
}
