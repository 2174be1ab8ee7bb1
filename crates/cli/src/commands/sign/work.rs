//! One file on its way: opened, digested, its outputs prepared; later verified and written.

use std::sync::Arc;

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm};
use chainsign_core::formats;
use chainsign_core::key::KeyAlgorithm;
use chainsign_keyless::{Session, ToSign, UnverifiedBundle};
use chainsign_verify::Verifier;
use jiff::Timestamp;

use super::outputs::Prepared;
use super::predicate::{first_subject, statement};
use super::services::digest_algorithm;
use super::{FileToSign, SignedFile, What, service_failure};
use crate::commands::artifact;
use crate::commands::verify::refused;
use crate::failure::Failure;

pub(super) struct Work {
    pub(super) file: FileToSign,
    pub(super) content: Option<ToSign>,
    digests: ArtifactDigests,
    /// The whole file, where the algorithm signs it and not its digest.
    message: Option<Arc<[u8]>>,
    outputs: Prepared,
}

impl Work {
    pub(super) fn prepare(
        file: FileToSign,
        what: &What,
        algorithm: KeyAlgorithm,
    ) -> Result<Self, Failure> {
        let outputs = Prepared::new(file.outputs.clone())?;
        let mut message = None;
        let (digests, content) = match what {
            What::Files => {
                let opened = artifact::open(&file.path)?;
                let failure = |error| artifact::failure(&error);
                let wanted = digest_algorithm(algorithm);
                let digests = opened.digests([wanted]).map_err(failure)?;
                let content = match (algorithm.prehash(), digests.get(wanted)) {
                    (Some(_), Some(digest)) => ToSign::Artifact(digest.clone()),
                    _ => {
                        let bytes = opened.bytes(WHOLE_MESSAGE_BYTES).map_err(failure)?;
                        let bytes: Arc<[u8]> = bytes.into();
                        message = Some(Arc::clone(&bytes));
                        ToSign::Message(bytes)
                    }
                };
                (digests, content)
            }
            What::Predicate(predicate) => {
                let digests = match &file.known {
                    Some(digest) => digest.clone().into(),
                    None => {
                        let digests =
                            artifact::open(&file.path)?.digests([DigestAlgorithm::Sha256]);
                        digests.map_err(|error| artifact::failure(&error))?
                    }
                };
                let statement = statement(&file.path, &digests, predicate)?;
                (digests, ToSign::Statement(statement))
            }
            What::Statement(statement) => {
                (first_subject(statement)?, ToSign::Statement(statement.clone()))
            }
        };
        Ok(Work { file, content: Some(content), digests, message, outputs })
    }

    /// Verifies the fresh bundle and writes what was asked for.
    ///
    /// # Errors
    /// `refused-own`; `unwritable`; what a service did wrong.
    pub(super) async fn finish(
        self,
        bundle: UnverifiedBundle,
        session: &Session,
        verifier: &Verifier,
    ) -> Result<SignedFile, Failure> {
        let requirements = session.requirements().await.map_err(|error| service_failure(&error))?;
        let published = bundle.published().to_vec();
        let artifact = match &self.message {
            Some(message) => Artifact::Bytes(message),
            None => Artifact::Digests(&self.digests),
        };
        let now = Timestamp::now();
        let (verified, bytes) =
            bundle.release(verifier, artifact, &requirements, now).map_err(|error| {
                let mut failure = refused(&error.refusal);
                failure.exit = crate::failure::Exit::Undecided;
                failure.reason = "refused-own".to_owned();
                failure.message = format!("the fresh signature does not verify: {error}");
                failure.hint(
                    "nothing was written; the services and the trusted root do not fit together",
                )
            })?;
        let material = formats::parse(&bytes, &Limits::default()).map_err(|error| {
            Failure::because("refused-own", "the fresh bundle cannot be read", &error)
        })?;
        let printed = self.outputs.write(&material, &bytes)?;
        let FileToSign { path, outputs, .. } = self.file;
        Ok(SignedFile {
            path,
            digests: self.digests,
            bundle: outputs.bundle.map(|bundle| bundle.path().to_owned()),
            signature: outputs.signature,
            named: outputs.named,
            printed,
            published,
            verified,
        })
    }
}

/// What the verifier takes as a whole message at most.
const WHOLE_MESSAGE_BYTES: usize = 128 << 20;
