//! What is written to files about a signature of an image.

use std::path::PathBuf;

use chainsign_core::formats::cosign::write_annotations;
use chainsign_core::material::SignedContent;

use super::say::Piece;
use super::store::json_of;
use crate::commands::sign::Fresh;
use crate::failure::Failure;
use crate::files::{Output, write_all};

/// Files that are written about one signature.
#[derive(Clone, Debug, Default)]
pub struct ImageOutputs {
    /// The bundle.
    pub bundle: Option<PathBuf>,
    /// The signature of cosign's old form, base64; or the envelope.
    pub signature: Option<PathBuf>,
    /// What was signed.
    pub payload: Option<PathBuf>,
    /// The certificate, PEM.
    pub certificate: Option<PathBuf>,
}

impl ImageOutputs {
    /// Whether any is written.
    pub fn is_any(&self) -> bool {
        let ImageOutputs { bundle, signature, payload, certificate } = self;
        [bundle, signature, payload, certificate].iter().any(|path| path.is_some())
    }
}

/// The files of one signature, found to be writable.
pub(super) struct PreparedOutputs(ImageOutputs);

impl PreparedOutputs {
    /// # Errors
    /// `unwritable`
    pub(super) fn prepare(outputs: &ImageOutputs) -> Result<Self, Failure> {
        let ImageOutputs { bundle, signature, payload, certificate } = outputs;
        for path in [bundle, signature, payload, certificate].into_iter().flatten() {
            Output::prepare(path)?;
        }
        Ok(PreparedOutputs(outputs.clone()))
    }

    /// Writes what was asked for and has not been written for another form: all of it, or nothing.
    ///
    /// # Errors
    /// `unwritable`; `no-place-in-bundle`.
    pub(super) fn write(&mut self, piece: &Piece<'_>, fresh: &Fresh) -> Result<(), Failure> {
        let annotation = |name: &str| -> Result<Vec<u8>, Failure> {
            let annotations = write_annotations(&fresh.material).map_err(|error| {
                Failure::because("no-place-in-bundle", "cosign's old form", &error)
            })?;
            Ok(annotations.get(name).cloned().unwrap_or_default().into_bytes())
        };
        let envelope = match &fresh.material.content {
            SignedContent::Envelope(envelope) => Some(envelope),
            _ => None,
        };
        let mut files = Vec::new();
        if piece.payload.is_none() {
            files.extend(self.0.bundle.take().map(|path| (path, fresh.bytes.clone())));
        }
        if let Some(path) = self.0.signature.take() {
            let signature = match envelope {
                Some(envelope) => json_of(envelope)?,
                None => annotation("dev.cosignproject.cosign/signature")?,
            };
            files.push((path, signature));
        }
        let signed = envelope.map(|it| it.payload.0.as_slice()).or(piece.payload.as_deref());
        let signed = signed.unwrap_or_default();
        files.extend(self.0.payload.take().map(|path| (path, signed.to_vec())));
        if let Some(path) = self.0.certificate.take() {
            files.push((path, annotation("dev.sigstore.cosign/certificate")?));
        }
        write_all(files)
    }
}
