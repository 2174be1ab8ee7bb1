//! `inspect`: what is in a file. Nothing is verified.

use std::path::Path;
use std::sync::Arc;

use chainsign_artifact::image::{self, Images};
use chainsign_artifact::{Content, OpenArtifact};
use chainsign_core::material::SignedMaterial;
use chainsign_core::statement::Statement;
use chainsign_core::trust::{ClientTrustConfig, SigningConfig, TrustedRoot};
use chainsign_core::{Error, Limits, encoding, formats};
use chainsign_gosbom::{Depth, GoBinary};

use super::{artifact, sbom};
use crate::failure::Failure;

/// What a file turned out to be.
#[derive(Debug)]
pub enum Inspected {
    /// A Go binary.
    GoBinary {
        /// Its size in bytes.
        size: u64,
        /// What it says about itself.
        binary: Box<GoBinary>,
    },
    /// Container images, of which the documents were read, not the layers.
    Images(Images),
    /// A signature with what comes with it: one, or one a line.
    Signatures(Vec<Line>),
    /// A statement without a signature.
    Statement(Statement),
    /// A certificate, DER.
    Certificate(Vec<u8>),
    /// What to trust.
    TrustedRoot(TrustedRoot),
    /// What to sign with.
    SigningConfig(SigningConfig),
    /// Both.
    TrustConfig(Box<ClientTrustConfig>),
}

/// A signature of a file with one a line; the only one of any other file.
#[derive(Debug)]
pub struct Line {
    /// Counted from 1, empty lines included.
    pub number: usize,
    /// The signature, or why the line is none.
    pub signature: Result<SignedMaterial, Error>,
}

/// Finds out by its content what the file is, or the folder, which can be an OCI layout.
///
/// # Errors
/// As [`artifact::open`]; `bad-image`; `not-recognised` with why each reader declined.
pub fn inspect(path: &Path) -> Result<Inspected, Failure> {
    if path.is_dir() {
        return match image::open(path, &sbom::limits(Depth::BuildInfo)) {
            Ok(Some(images)) => Ok(Inspected::Images(images)),
            Ok(None) => {
                let message = format!("{} is a folder without container images", path.display());
                Err(Failure::undecided("not-recognised", message).hint(KNOWN))
            }
            Err(error) => Err(artifact::failure(&error)),
        };
    }
    let artifact = artifact::open(path)?;
    match sbom::content(&artifact, Depth::SecondRecords)? {
        Content::GoBinary(binary) => {
            Ok(Inspected::GoBinary { size: artifact.size(), binary: Box::new(binary) })
        }
        Content::NotGo(chainsign_gosbom::Error::NotExecutable { .. }) => {
            let artifact = Arc::new(artifact);
            let images =
                image::open_archive(Arc::clone(&artifact), &sbom::limits(Depth::BuildInfo));
            match images.map_err(|error| artifact::failure(&error))? {
                Some(images) => Ok(Inspected::Images(images)),
                None => document(path, &bytes(&artifact)?),
            }
        }
        content => {
            let binary = sbom::go_binary(artifact.name(), &content)?;
            let message = format!("{} cannot be shown: {:?}", artifact.name(), binary.container);
            Err(Failure::undecided("not-recognised", message))
        }
    }
}

fn bytes(artifact: &OpenArtifact) -> Result<Vec<u8>, Failure> {
    artifact.bytes(Limits::default().document_bytes).map_err(|error| artifact::failure(&error))
}

fn document(path: &Path, bytes: &[u8]) -> Result<Inspected, Failure> {
    let limits = Limits::default();
    // cosign's `--output-certificate` is the base64 of PEM.
    let unwrapped = encoding::base64_decode("certificate", bytes.trim_ascii_end());
    let bytes = match &unwrapped {
        Ok(pem) if pem.starts_with(b"-----BEGIN ") => pem,
        _ => bytes,
    };
    if bytes.starts_with(b"-----BEGIN ") {
        return match encoding::pem_decode("certificate", "CERTIFICATE", bytes) {
            Ok(der) => Ok(Inspected::Certificate(der)),
            Err(error) => Err(not_recognised(path, &[error])),
        };
    }
    let mut declined = Vec::new();
    match formats::parse(bytes, &limits) {
        Ok(signature) => {
            return Ok(Inspected::Signatures(vec![Line { number: 1, signature: Ok(signature) }]));
        }
        Err(error) => declined.push(error),
    }
    macro_rules! or {
        ($parse:expr, $found:expr) => {
            match $parse(bytes, &limits) {
                Ok(parsed) => return Ok($found(parsed)),
                Err(error) => declined.push(error),
            }
        };
    }
    or!(ClientTrustConfig::parse, |config| Inspected::TrustConfig(Box::new(config)));
    or!(TrustedRoot::parse, Inspected::TrustedRoot);
    or!(SigningConfig::parse, Inspected::SigningConfig);
    or!(Statement::parse, Inspected::Statement);
    let lines = signature_lines(path, bytes, &limits)?;
    if lines.iter().any(|line| line.signature.is_ok()) {
        return Ok(Inspected::Signatures(lines));
    }
    Err(not_recognised(path, &declined))
}

fn signature_lines(path: &Path, bytes: &[u8], limits: &Limits) -> Result<Vec<Line>, Failure> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    if lines.clone().nth(LINES).is_some() {
        let message = format!("found more than {LINES} lines in {}", path.display());
        return Err(Failure::undecided("limit-reached", message));
    }
    let line = |(index, line)| Line { number: index + 1, signature: formats::parse(line, limits) };
    Ok(lines.map(line).collect())
}

fn not_recognised(path: &Path, declined: &[Error]) -> Failure {
    let mut reasons: Vec<_> = declined.iter().map(ToString::to_string).collect();
    reasons.dedup();
    let message =
        format!("{} is nothing that is known here: {}", path.display(), reasons.join("; "));
    Failure::undecided("not-recognised", message).hint(KNOWN)
}

/// As many as evidence about one artifact may have.
const LINES: usize = 1000;

const KNOWN: &str = "known are bundles, certificates, statements, trusted roots, signing configs, \
                     Go binaries, and container images as OCI layout or docker save archive";
