//! `sbom`: what a Go binary says is in it.

use std::path::{Path, PathBuf};

use chainsign_artifact::{Content, Limits, OpenArtifact};
use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm};
use chainsign_gosbom::sbom::{Sbom, SpecVersion, Subject};
use chainsign_gosbom::{self as gosbom, GoBinary};
use jiff::Timestamp;

use super::artifact;
use crate::failure::Failure;

/// An SBOM to make.
#[derive(Debug)]
pub struct SbomRequest {
    /// The Go binary.
    pub path: PathBuf,
    /// The time the document states; `None` states none.
    pub created: Option<Timestamp>,
}

/// Makes a CycloneDX 1.6 document about the binary.
///
/// # Errors
/// As [`artifact::open`]; `not-a-go-binary` with the reason why nothing was found.
pub fn sbom(request: &SbomRequest) -> Result<Vec<u8>, Failure> {
    let artifact = artifact::open(&request.path)?;
    let facts = artifact
        .facts([DigestAlgorithm::Sha256, DigestAlgorithm::Sha512], &Limits::default())
        .map_err(|error| artifact::failure(&error))?;
    let binary = go_binary(artifact.name(), &facts.content)?;
    let subject = subject(&request.path, &facts.digests);
    let mut sbom = Sbom::of_binary(binary, &subject);
    if let Some(created) = request.created {
        sbom = sbom.created(created);
    }
    Ok(sbom.to_cyclonedx_json(SpecVersion::V1_6))
}

/// The Go binary in an artifact.
///
/// # Errors
/// `not-a-go-binary`, with advice on what hides one.
pub fn go_binary<'a>(name: &str, content: &'a Content) -> Result<&'a GoBinary, Failure> {
    match content {
        Content::GoBinary(binary) => Ok(binary),
        Content::NotGo(reason) => Err(not_go(name, reason)),
        _ => Err(Failure::undecided("not-a-go-binary", format!("{name} is not a Go binary"))),
    }
}

/// The same without hashing: for showing, and for stamps.
///
/// # Errors
/// As [`go_binary`].
pub fn content(artifact: &OpenArtifact) -> Result<Content, Failure> {
    artifact.content(&Limits::default()).map_err(|error| artifact::failure(&error))
}

fn subject(path: &Path, digests: &ArtifactDigests) -> Subject {
    let name =
        path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let bytes = |algorithm| digests.get(algorithm).map(|digest| digest.bytes());
    let mut subject = Subject::new(name.clone()).found_at(name);
    subject.sha256 = bytes(DigestAlgorithm::Sha256).and_then(|bytes| bytes.try_into().ok());
    subject.sha512 = bytes(DigestAlgorithm::Sha512).and_then(|bytes| bytes.try_into().ok());
    subject
}

fn not_go(name: &str, reason: &gosbom::Error) -> Failure {
    let failure = Failure::undecided("not-a-go-binary", format!("{name}: {reason}"));
    match reason {
        gosbom::Error::Packed { .. } => {
            failure.hint("unpack it (upx -d), or make the SBOM before packing")
        }
        gosbom::Error::Garbled { .. } => {
            failure.hint("make the SBOM from a build without the obfuscator")
        }
        gosbom::Error::NoBuildInfo { .. } => failure
            .hint("it was built without module support, or its build information was removed"),
        _ => failure.hint("name a program or library that the Go toolchain built"),
    }
}
