//! One file on its way: opened, digested, its outputs prepared; later verified and written.

use std::path::Path;
use std::sync::Arc;

use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::key::KeyAlgorithm;
use chainsign_keyless::{Session, ToSign, UnverifiedBundle};
use chainsign_verify::Verifier;

use super::outputs::Prepared;
use super::predicate::{first_subject, name_of, statement, subject, whole_statement};
use super::services::digest_algorithm;
use super::{About, FileToSign, Fresh, SignedFile, What, public_nevertheless, release};
use crate::commands::artifact;
use crate::failure::Failure;
use crate::files::{Output, append_line};

pub(super) struct Work {
    pub(super) file: FileToSign,
    pub(super) content: Option<ToSign>,
    digests: ArtifactDigests,
    /// The files that a statement is about, with their digests.
    about: Vec<(About, ArtifactDigests)>,
    /// The whole file, where the algorithm signs it and not its digest.
    message: Option<Arc<[u8]>>,
    outputs: Prepared,
}

/// What is signed of one file, or about it.
pub(super) struct Content {
    pub(super) content: ToSign,
    pub(super) digests: ArtifactDigests,
    pub(super) about: Vec<(About, ArtifactDigests)>,
    message: Option<Arc<[u8]>>,
}

impl Content {
    /// Reads the file. Nothing is written or tried.
    pub(super) fn read(
        file: &FileToSign,
        what: &What,
        algorithm: KeyAlgorithm,
    ) -> Result<Self, Failure> {
        let (mut message, mut about) = (None, Vec::new());
        let (digests, content) = match what {
            What::Files => {
                let opened = artifact::open(&file.path)?;
                let failure = |error| artifact::failure(&error);
                let wanted = digest_algorithm(algorithm);
                let listed = file.listed.as_ref().map(ArtifactDigest::algorithm);
                let digests = opened.digests([wanted].into_iter().chain(listed));
                let digests = digests.map_err(failure)?;
                as_listed(file, &digests)?;
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
                let statement = statement(&name_of(&file.path), &digests, predicate)?;
                (digests, ToSign::Statement(statement))
            }
            What::Statement { json, about: files } => {
                let statement = whole_statement(json)?;
                for file in files {
                    about.push((file.clone(), subject(&statement, &file.path)?));
                }
                (first_subject(&statement)?, ToSign::Statement(json.clone()))
            }
        };
        Ok(Content { content, digests, about, message })
    }
}

impl Work {
    pub(super) fn prepare(
        file: FileToSign,
        what: &What,
        algorithm: KeyAlgorithm,
    ) -> Result<Self, Failure> {
        let read: Vec<&Path> = match what {
            What::Files | What::Predicate(_) => vec![&file.path],
            What::Statement { about, .. } => about.iter().map(|about| &*about.path).collect(),
        };
        let outputs = Prepared::new(file.outputs.clone(), &read)?;
        let Content { content, digests, about, message } = Content::read(&file, what, algorithm)?;
        for (about, _) in &about {
            // To find out before signing whether it can be written.
            about.bundle.as_deref().map(Output::prepare).transpose()?;
        }
        Ok(Work { file, content: Some(content), digests, message, outputs, about })
    }

    /// Verifies the fresh bundle and writes what was asked for. Gives what was signed: the file, or
    /// each of the files that a statement is about and whose bundle it was added to.
    ///
    /// # Errors
    /// `refused-own`; `unwritable`; what a service did wrong.
    pub(super) async fn finish(
        self,
        bundle: UnverifiedBundle,
        session: &Session,
        verifier: &Verifier,
    ) -> Result<Vec<SignedFile>, Failure> {
        let artifact = match &self.message {
            Some(message) => Artifact::Bytes(message),
            None => Artifact::Digests(&self.digests),
        };
        let Fresh { bytes, material, verified, published } =
            release(bundle, artifact, session, verifier).await?;
        let unwritten = |failure| public_nevertheless(failure, &published);
        let printed = self.outputs.write(&material, &bytes).map_err(unwritten)?;
        let FileToSign { path, outputs, .. } = self.file;
        let own = SignedFile {
            path,
            digests: self.digests,
            bundle: outputs.bundle.map(|bundle| bundle.path().to_owned()),
            signature: outputs.signature,
            named: outputs.named,
            printed,
            published,
            verified,
        };
        let mut signed = Vec::new();
        for (About { path, bundle }, digests) in self.about {
            let Some(bundle) = bundle else { continue };
            append_line(&bundle, &bytes)
                .map_err(|failure| public_nevertheless(failure, &own.published))?;
            signed.push(SignedFile { path, digests, bundle: Some(bundle), ..own.clone() });
        }
        Ok(if signed.is_empty() { vec![own] } else { signed })
    }
}

/// The file is the one that a list names.
fn as_listed(file: &FileToSign, digests: &ArtifactDigests) -> Result<(), Failure> {
    let Some(listed) = &file.listed else { return Ok(()) };
    match digests.get(listed.algorithm()) {
        Some(found) if found == listed => Ok(()),
        found => {
            let found = found.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            let path = file.path.display();
            let message =
                format!("{path} is not what the list says: found {found}, wanted {listed}");
            Err(Failure::no("digest-mismatch", message)
                .hint("nothing was signed; build it again, or make the list anew"))
        }
    }
}

/// What the verifier takes as a whole message at most.
const WHOLE_MESSAGE_BYTES: usize = 128 << 20;
