//! One file that has to be a Go binary.

use chainsign_artifact::{Content, OpenArtifact};
use chainsign_gosbom::{self as gosbom, Depth, GoBinary};

use crate::commands::artifact;
use crate::failure::Failure;

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

/// What is inside, without hashing: for showing, and for stamps.
///
/// # Errors
/// As [`artifact::failure`].
pub fn content(artifact: &OpenArtifact, depth: Depth) -> Result<Content, Failure> {
    artifact.content(&super::limits(depth)).map_err(|error| artifact::failure(&error))
}

pub(super) fn not_go(name: &str, reason: &gosbom::Error) -> Failure {
    let failure = Failure::undecided("not-a-go-binary", format!("{name}: {reason}"));
    match reason {
        gosbom::Error::Packed { .. } => {
            failure.hint("unpack it (upx -d), or make the SBOM before packing")
        }
        gosbom::Error::Garbled { .. } => {
            failure.hint("make the SBOM from a build without the obfuscator")
        }
        gosbom::Error::NoBuildInfo { .. } => failure
            .hint("it was built without module support, its build information was removed, or the file is cut off"),
        _ => failure.hint("name a program or library that the Go toolchain built"),
    }
}
