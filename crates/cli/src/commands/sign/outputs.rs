//! What is written about a signature: the bundle, and what cosign writes beside or instead of it.

use std::path::{Path, PathBuf};

use chainsign_core::encoding::{base64_encode, pem_encode};
use chainsign_core::formats::cosign;
use chainsign_core::material::{Credential, SignedContent, SignedMaterial};

use crate::failure::Failure;
use crate::files::{Output, append_line, write_all, written_at};

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

/// Outputs whose places are found to be writable.
pub(super) struct Prepared(Outputs);

impl Prepared {
    /// # Errors
    /// `unwritable`; `bad-flag` for one that would take the place of another, or of a file that is read.
    pub(super) fn new(outputs: Outputs, read: &[&Path]) -> Result<Self, Failure> {
        let Outputs { bundle, signature, certificate, timestamp, statement, .. } = &outputs;
        let bundle = bundle.as_ref().map(BundleOutput::path);
        let others = [signature, certificate, timestamp, statement];
        let mut places: Vec<_> = read.iter().filter_map(|path| path.canonicalize().ok()).collect();
        for path in others.into_iter().flatten().map(PathBuf::as_path).chain(bundle) {
            Output::prepare(path)?;
            let place = written_at(path)?;
            if places.contains(&place) {
                let path = path.display();
                let message =
                    format!("{path} would take the place of what is signed, or of another output");
                return Err(Failure::undecided("bad-flag", message).hint("name a file of its own"));
            }
            places.push(place);
        }
        Ok(Prepared(outputs))
    }

    /// Writes everything, or nothing, and returns what goes to standard output. The bundle gets its
    /// name last.
    ///
    /// # Errors
    /// `unwritable`; `no-timestamp` and `no-place-in-bundle` for what cannot be written in the form that
    /// was asked for.
    pub(super) fn write(
        self,
        material: &SignedMaterial,
        bundle: &[u8],
    ) -> Result<Option<Vec<u8>>, Failure> {
        let Outputs { format, encoding, print, .. } = self.0;
        let bundle = match format {
            BundleFormat::Sigstore => bundle.to_vec(),
            BundleFormat::Cosign => cosign::write(material).map_err(|error| {
                Failure::because("no-place-in-bundle", "cosign's old format", &error)
                    .hint("leave out --new-bundle-format=false")
            })?,
        };
        let signature = signature(material, encoding)?;
        let mut files = Vec::new();
        if let Some(path) = &self.0.signature {
            files.push((path, signature.clone()));
        }
        if let (Some(path), Credential::Certificate { leaf, .. }) =
            (&self.0.certificate, &material.credential)
        {
            let pem = pem_encode("CERTIFICATE", leaf);
            let text = match (encoding, &material.content) {
                // cosign's attest-blob knows no --b64.
                (Encoding::Plain, _) | (_, SignedContent::Envelope(_)) => pem,
                (Encoding::Base64, _) => base64_encode(pem),
            };
            files.push((path, text.into_bytes()));
        }
        if let Some(path) = &self.0.timestamp {
            files.push((path, timestamp(material)?.into_bytes()));
        }
        if let (Some(path), SignedContent::Envelope(envelope)) =
            (&self.0.statement, &material.content)
        {
            files.push((path, envelope.payload.0.clone()));
        }
        if let Some(BundleOutput::File(path)) = &self.0.bundle {
            files.push((path, bundle.clone()));
        }
        write_all(files)?;
        if let Some(BundleOutput::Line(path)) = &self.0.bundle {
            append_line(path, &bundle)?;
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
