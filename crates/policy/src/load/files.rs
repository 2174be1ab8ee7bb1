//! Reading the files that a policy names.

use chainsign_core::key::PublicKey;
use chainsign_core::trust::TrustedRoot;
use chainsign_core::{Limits, digest::ArtifactDigest};

use crate::error::LoadError;
use crate::language::At;
use crate::policy::PolicyFiles;

/// Reads a trusted root and holds it against its pin.
pub(super) fn root(
    path: &At<String>,
    pin: Option<(ArtifactDigest, crate::Place)>,
    files: &dyn PolicyFiles,
) -> Result<TrustedRoot, LoadError> {
    let bytes = read(path, files)?;
    pinned(path, ArtifactDigest::sha256(&bytes), pin)?;
    TrustedRoot::parse(&bytes, &Limits::default()).map_err(|error| LoadError::FileContent {
        at: path.at,
        path: path.value.clone(),
        wanted: "a trusted root",
        error,
    })
}

/// Reads a public key and holds its fingerprint against its pin.
pub(super) fn key(
    path: &At<String>,
    pin: Option<(ArtifactDigest, crate::Place)>,
    files: &dyn PolicyFiles,
) -> Result<PublicKey, LoadError> {
    let bytes = read(path, files)?;
    let key = PublicKey::from_pem(&bytes).map_err(|error| LoadError::FileContent {
        at: path.at,
        path: path.value.clone(),
        wanted: "a public key",
        error,
    })?;
    pinned(path, key.fingerprint(), pin)?;
    Ok(key)
}

fn read(path: &At<String>, files: &dyn PolicyFiles) -> Result<Vec<u8>, LoadError> {
    let fault = |reason: String| LoadError::File { at: path.at, path: path.value.clone(), reason };
    if path.is_empty() || path.contains("://") {
        return Err(fault("found no path of a file, wanted one; addresses are not fetched".into()));
    }
    files.read(path).map_err(|error| fault(error.to_string()))
}

fn pinned(
    path: &At<String>,
    found: ArtifactDigest,
    pin: Option<(ArtifactDigest, crate::Place)>,
) -> Result<(), LoadError> {
    match pin {
        Some((wanted, at)) if wanted != found => {
            Err(LoadError::FileDigest { at, path: path.value.clone(), found, wanted })
        }
        _ => Ok(()),
    }
}
