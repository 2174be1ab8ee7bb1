//! What is written about a signature: the bundle, and what cosign writes beside or instead of it.

use std::path::{Path, PathBuf};

use chainsign_core::encoding::{base64_encode, pem_encode};
use chainsign_core::formats::cosign;
use chainsign_core::material::{Credential, SignedContent, SignedMaterial};

use crate::failure::Failure;
use crate::files::{Output, append_line};

/// What is written about a signature.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// The bundle.
    pub bundle: Option<BundleOutput>,
    /// Whether somebody named the bundle.
    pub named: Named,
    /// The bundle's format.
    pub format: BundleFormat,
    /// The signature of a file, or the envelope of a statement.
    pub signature: Option<PathBuf>,
    /// The certificate. A key has none.
    pub certificate: Option<PathBuf>,
    /// The first timestamp, in cosign's JSON.
    pub timestamp: Option<PathBuf>,
    /// The statement.
    pub statement: Option<PathBuf>,
    /// How the signature of a file and the certificate are written.
    pub encoding: Encoding,
    /// What goes to standard output.
    pub print: Print,
}

/// Where a bundle goes.
#[derive(Clone, Debug)]
pub enum BundleOutput {
    /// A file of its own.
    File(PathBuf),
    /// A line of a file.
    Line(PathBuf),
}

/// Whether somebody named the file of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// It, or its folder, was asked for, or nothing else was.
    ByUser,
    /// Other outputs were asked for, and it is written as well.
    ByUs,
}

/// The format of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleFormat {
    /// Sigstore's, version 0.3.
    Sigstore,
    /// What cosign wrote before.
    Cosign,
}

/// How the signature of a file and the certificate are written: cosign's `--b64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// In base64 without a line end; of a certificate it is that of its PEM.
    Base64,
    /// The signature's bytes, and the certificate's PEM.
    Plain,
}

/// What goes to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Print {
    /// Nothing.
    Nothing,
    /// The signature, or the envelope of a statement, as cosign prints it: with a line end, unless
    /// it is the signature's bytes.
    Signature,
}

impl Outputs {
    /// A bundle of Sigstore's format, and nothing else.
    pub fn bundle(bundle: BundleOutput) -> Self {
        Outputs { bundle: Some(bundle), ..Self::none() }
    }

    /// Nothing.
    pub fn none() -> Self {
        Outputs {
            bundle: None,
            named: Named::ByUser,
            format: BundleFormat::Sigstore,
            signature: None,
            certificate: None,
            timestamp: None,
            statement: None,
            encoding: Encoding::Base64,
            print: Print::Nothing,
        }
    }
}

impl BundleOutput {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            BundleOutput::File(path) | BundleOutput::Line(path) => path,
        }
    }
}

/// Whether the file of a bundle stays open until it is written. The other outputs do: they are for a
/// single file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// It does.
    Open,
    /// That it can be written was found out, and it is opened again.
    Probed,
}

/// Outputs whose places are found to be writable.
pub(super) struct Prepared {
    outputs: Outputs,
    /// `None` for a line of a file, and for one that is opened when it is written.
    bundle: Option<Output>,
    signature: Option<Output>,
    certificate: Option<Output>,
    timestamp: Option<Output>,
    statement: Option<Output>,
}

impl Prepared {
    /// # Errors
    /// `unwritable`.
    pub(super) fn new(outputs: Outputs, hold: Hold) -> Result<Self, Failure> {
        let prepare = |path: &Option<PathBuf>| path.as_deref().map(Output::prepare).transpose();
        let bundle = outputs.bundle.as_ref().map(|bundle| Output::prepare(bundle.path()));
        // For a line the file is prepared too: to find out before signing whether it can be written.
        let bundle = bundle.transpose()?;
        let bundle = bundle.filter(|_| {
            matches!((&outputs.bundle, hold), (Some(BundleOutput::File(_)), Hold::Open))
        });
        Ok(Prepared {
            bundle,
            signature: prepare(&outputs.signature)?,
            certificate: prepare(&outputs.certificate)?,
            timestamp: prepare(&outputs.timestamp)?,
            statement: prepare(&outputs.statement)?,
            outputs,
        })
    }

    /// Writes everything, the bundle last, and returns what goes to standard output.
    ///
    /// # Errors
    /// `unwritable`; before anything is written `no-timestamp` and `no-place-in-bundle` for what cannot be written in the form
    /// that was asked for.
    pub(super) fn write(
        self,
        material: &SignedMaterial,
        bundle: &[u8],
    ) -> Result<Option<Vec<u8>>, Failure> {
        let Outputs { format, encoding, print, .. } = self.outputs;
        let bundle = match format {
            BundleFormat::Sigstore => bundle.to_vec(),
            BundleFormat::Cosign => cosign::write(material).map_err(|error| {
                Failure::because("no-place-in-bundle", "cosign's old format", &error)
                    .hint("leave out --new-bundle-format=false")
            })?,
        };
        let signature = signature(material, encoding)?;
        let timestamp = self.timestamp.map(|output| Ok((output, timestamp(material)?)));
        let timestamp = timestamp.transpose()?;
        // Nothing but the file system can fail from here on.
        if let Some(output) = self.signature {
            output.write(&signature)?;
        }
        if let (Some(output), Credential::Certificate { leaf, .. }) =
            (self.certificate, &material.credential)
        {
            let pem = pem_encode("CERTIFICATE", leaf);
            let text = match (encoding, &material.content) {
                // cosign's attest-blob knows no --b64.
                (Encoding::Plain, _) | (_, SignedContent::Envelope(_)) => pem,
                (Encoding::Base64, _) => base64_encode(pem),
            };
            output.write(text.as_bytes())?;
        }
        if let Some((output, timestamp)) = timestamp {
            output.write(timestamp.as_bytes())?;
        }
        if let (Some(output), SignedContent::Envelope(envelope)) =
            (self.statement, &material.content)
        {
            output.write(&envelope.payload.0)?;
        }
        match (self.bundle, self.outputs.bundle) {
            (Some(output), _) => output.write(&bundle).map(|_| ())?,
            (None, Some(BundleOutput::Line(path))) => append_line(&path, &bundle)?,
            (None, Some(BundleOutput::File(path))) => {
                Output::prepare(&path)?.write(&bundle).map(|_| ())?;
            }
            (None, None) => {}
        }
        Ok(match (print, encoding, &material.content) {
            (Print::Nothing, _, _) => None,
            (Print::Signature, Encoding::Plain, SignedContent::Message { .. }) => Some(signature),
            (Print::Signature, _, _) => Some([signature, b"\n".to_vec()].concat()),
        })
    }
}

/// cosign's `--output-signature`: the signature of a file, or the envelope of a statement.
fn signature(material: &SignedMaterial, encoding: Encoding) -> Result<Vec<u8>, Failure> {
    Ok(match (&material.content, encoding) {
        (
            SignedContent::Message { signature, .. }
            | SignedContent::SimpleSigning { signature, .. },
            encoding,
        ) => match encoding {
            Encoding::Base64 => base64_encode(signature).into_bytes(),
            Encoding::Plain => signature.clone(),
        },
        (SignedContent::Envelope(envelope), _) => {
            serde_json::to_vec(envelope).map_err(|error| {
                Failure::because("unwritable", "the envelope cannot be written", &error)
            })?
        }
    })
}

/// cosign's `--rfc3161-timestamp`.
fn timestamp(material: &SignedMaterial) -> Result<String, Failure> {
    let Some(timestamp) = material.timestamps.first() else {
        let message = "found no timestamp to write: no authority was asked";
        return Err(Failure::undecided("no-timestamp", message)
            .hint("name one with --timestamp-server-url, or in the signing config"));
    };
    let json = serde_json::json!({ "SignedRFC3161Timestamp": base64_encode(timestamp) });
    Ok(json.to_string())
}
