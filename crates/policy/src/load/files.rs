//! Reading the files that a policy names.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

use chainsign_core::key::PublicKey;
use chainsign_core::trust::TrustedRoot;
use chainsign_core::{Limits, digest::ArtifactDigest};

use crate::error::LoadError;
use crate::language::At;
use crate::policy::PolicyFiles;

/// Keeps what it reads, so that a policy can be asked about one target after the other and always
/// means the same files.
pub(super) struct Kept<'a> {
    files: &'a dyn PolicyFiles,
    kept: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl<'a> Kept<'a> {
    pub(super) fn new(files: &'a dyn PolicyFiles) -> Self {
        Kept { files, kept: RefCell::default() }
    }

    pub(super) fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.kept.into_inner()
    }
}

impl PolicyFiles for Kept<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        if let Some(known) = self.kept.borrow().get(path) {
            return Ok(known.clone());
        }
        let bytes = self.files.read(path)?;
        self.kept.borrow_mut().insert(path.to_owned(), bytes.clone());
        Ok(bytes)
    }
}

impl PolicyFiles for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

/// Reads a trusted root and holds it against its pin.
pub(crate) fn root(
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

/// Reads a file that a policy names.
pub(crate) fn read(path: &At<String>, files: &dyn PolicyFiles) -> Result<Vec<u8>, LoadError> {
    let fault = |reason: String| LoadError::File { at: path.at, path: path.value.clone(), reason };
    if path.is_empty() || path.contains("://") {
        return Err(fault("found no path of a file, wanted one; addresses are not fetched".into()));
    }
    files.read(path).map_err(|error| fault(error.to_string()))
}

/// Holds a digest against its pin.
pub(super) fn pinned(
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
