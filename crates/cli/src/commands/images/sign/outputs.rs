//! What is written to files about a signature of an image.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chainsign_core::formats::cosign::write_annotations;
use chainsign_core::material::SignedContent;

use super::say::Piece;
use super::store::json_of;
use crate::commands::sign::Fresh;
use crate::failure::Failure;
use crate::files::Output;

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
pub(super) struct PreparedOutputs {
    bundle: Option<Output>,
    signature: Option<Output>,
    payload: Option<Output>,
    certificate: Option<Output>,
}

impl PreparedOutputs {
    /// # Errors
    /// `unwritable`
    pub(super) fn prepare(outputs: &ImageOutputs) -> Result<Self, Failure> {
        let prepare = |path: &Option<PathBuf>| path.as_deref().map(Output::prepare).transpose();
        Ok(PreparedOutputs {
            bundle: prepare(&outputs.bundle)?,
            signature: prepare(&outputs.signature)?,
            payload: prepare(&outputs.payload)?,
            certificate: prepare(&outputs.certificate)?,
        })
    }

    /// Writes what was asked for and has not been written for another form.
    ///
    /// # Errors
    /// `unwritable`; `no-place-in-bundle`.
    pub(super) fn write(&mut self, piece: &Piece<'_>, fresh: &Fresh) -> Result<(), Failure> {
        let write = |output: Option<Output>, bytes: &[u8]| match output {
            Some(output) => output.write(bytes).map(drop),
            None => Ok(()),
        };
        let annotations = || -> Result<BTreeMap<String, String>, Failure> {
            write_annotations(&fresh.material).map_err(|error| {
                Failure::because("no-place-in-bundle", "cosign's old form", &error)
            })
        };
        let envelope = match &fresh.material.content {
            SignedContent::Envelope(envelope) => Some(envelope),
            _ => None,
        };
        if piece.payload.is_none() {
            write(self.bundle.take(), &fresh.bytes)?;
        }
        if let Some(output) = self.signature.take() {
            let bytes = match envelope {
                Some(envelope) => json_of(envelope)?,
                None => {
                    let signature = annotations()?.remove("dev.cosignproject.cosign/signature");
                    signature.unwrap_or_default().into_bytes()
                }
            };
            write(Some(output), &bytes)?;
        }
        let signed = envelope.map(|it| it.payload.0.as_slice()).or(piece.payload.as_deref());
        write(self.payload.take(), signed.unwrap_or_default())?;
        if let Some(output) = self.certificate.take() {
            let certificate = annotations()?.remove("dev.sigstore.cosign/certificate");
            write(Some(output), certificate.unwrap_or_default().as_bytes())?;
        }
        Ok(())
    }
}
