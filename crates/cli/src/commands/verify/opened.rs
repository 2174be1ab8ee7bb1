//! A target: opened once, so that digests and facts are of the same bytes.

use std::path::Path;

use chainsign_artifact::image::{self, Images};
use chainsign_artifact::{ArtifactFacts, Limits, OpenArtifact};
use chainsign_core::digest::DigestAlgorithm;

use crate::commands::artifact;
use crate::failure::Failure;
use crate::files::Output;

/// A target that is open: a file, or an image layout in a folder.
pub(in crate::commands) enum Opened {
    File(OpenArtifact),
    Layout(Images),
}

impl Opened {
    /// Opens it once.
    ///
    /// # Errors
    /// As [`artifact::open`], and what is wrong with an image layout.
    pub(in crate::commands) fn open(target: &Path, limits: &Limits) -> Result<Self, Failure> {
        if target.is_dir()
            && let Some(images) =
                image::open(target, limits).map_err(|error| artifact::failure(&error))?
        {
            return Ok(Opened::Layout(images));
        }
        artifact::open(target).map(Opened::File)
    }

    /// Digests of these algorithms, and what is inside, of the same bytes.
    ///
    /// # Errors
    /// As [`artifact::failure`] has them.
    pub(in crate::commands) fn facts(
        &self,
        algorithms: Vec<DigestAlgorithm>,
        limits: &Limits,
    ) -> Result<ArtifactFacts, Failure> {
        let facts = match self {
            Opened::File(artifact) => artifact.facts(algorithms, limits),
            Opened::Layout(images) => images.facts(algorithms, limits),
        };
        facts.map_err(|error| artifact::failure(&error))
    }

    /// Writes exactly the bytes that the facts are about.
    ///
    /// # Errors
    /// `not-a-file` for a folder; `unwritable`; `changed-while-read`.
    pub(super) fn copy(&self, facts: &ArtifactFacts, path: &Path) -> Result<(), Failure> {
        match self {
            Opened::File(artifact) => copy(artifact, facts, path),
            Opened::Layout(images) => {
                let message = format!("{} is a folder, which has no bytes to copy", images.name());
                let failure = Failure::undecided("not-a-file", message);
                Err(failure.hint("put the image into an archive, and verify that"))
            }
        }
    }
}

fn copy(artifact: &OpenArtifact, facts: &ArtifactFacts, path: &Path) -> Result<(), Failure> {
    let Some(digest) = facts.digests.get(DigestAlgorithm::Sha256) else { return Ok(()) };
    let mut output = Output::prepare(path)?.begin()?;
    artifact.copy_to(digest, output.writer()).map_err(|error| artifact::failure(&error))?;
    output.finish().map(|_| ())
}
