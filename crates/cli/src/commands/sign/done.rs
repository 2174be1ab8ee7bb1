//! What an earlier run did: files whose bundle is there, and verifies as the one that would be made.

use chainsign_core::artifact::Artifact;
use chainsign_core::requirements::Requirements;
use chainsign_core::verifier::BundleVerifier as _;
use chainsign_core::{Limits, formats};
use chainsign_keyless::Session;
use chainsign_verify::Verifier;
use jiff::Timestamp;
use std::path::PathBuf;

use super::{BundleOutput, FileToSign, service_failure};
use crate::commands::artifact;
use crate::failure::Failure;
use crate::{files, parallel};

/// The files that are to be signed, and those that are signed already: their bundle is by the same
/// signer, over what the file is now, with all that this run's services would give.
///
/// # Errors
/// What is wrong with the identity token, where there is a bundle to hold against it.
pub(super) async fn sort_out(
    files: Vec<FileToSign>,
    session: &Session,
    verifier: &Verifier,
) -> Result<(Vec<FileToSign>, Vec<PathBuf>), Failure> {
    if !files.iter().any(|file| bundle(file).is_some()) {
        return Ok((files, Vec::new()));
    }
    let requirements = session.expected().await.map_err(|error| service_failure(&error))?;
    let now = Timestamp::now();
    let done = parallel::map(&files, |file| is_signed(file, verifier, &requirements, now));
    let (mut rest, mut left) = (Vec::new(), Vec::new());
    for (file, done) in files.into_iter().zip(done) {
        if done { left.push(file.path) } else { rest.push(file) }
    }
    Ok((rest, left))
}

/// Anything that is wrong with the bundle means that there is none: then a new one is made.
fn is_signed(
    file: &FileToSign,
    verifier: &Verifier,
    requirements: &Requirements,
    now: Timestamp,
) -> bool {
    let verified = || {
        let bytes = files::read("bundle", &bundle(file)?).ok()?;
        let limits = Limits::default();
        let material = formats::parse(&bytes, &limits).ok()?;
        let digests = artifact::open(&file.path).ok()?.digests(
            material
                .digest_algorithms(&limits)
                .into_iter()
                .chain(file.listed.as_ref().map(chainsign_core::digest::ArtifactDigest::algorithm)),
        );
        let digests = digests.ok()?;
        if let Some(listed) = &file.listed
            && digests.get(listed.algorithm()) != Some(listed)
        {
            return None;
        }
        verifier.verify(&material, Artifact::Digests(&digests), requirements, now).ok()
    };
    verified().is_some()
}

fn bundle(file: &FileToSign) -> Option<PathBuf> {
    match &file.outputs.bundle {
        Some(BundleOutput::File(path)) if path.is_file() => Some(path.clone()),
        _ => None,
    }
}
