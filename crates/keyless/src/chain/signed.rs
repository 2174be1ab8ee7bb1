use std::fmt;
use std::sync::Arc;

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::dsse::{self, Envelope, EnvelopeSignature, IN_TOTO_PAYLOAD_TYPE};
use chainsign_core::encoding::Base64Bytes;
use chainsign_core::key::{KeyAlgorithm, PublicKey};
use chainsign_core::material::{LogEntry, SignedContent};
use chainsign_core::signer::{SignInput, Signer, SignerCredential};

use super::bundle::{Logged, PublicEntry};
use super::join::join_all;
use crate::services::{Proposal, ProposedContent, Remote, Verifier};
use crate::{Error, Services};

/// Something to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToSign {
    /// An artifact, by its digest of the signer's algorithm: SHA-256 for an ephemeral key.
    Artifact(ArtifactDigest),
    /// An artifact, by its bytes: what a signer of pure Ed25519 needs, which has no digest to sign.
    /// No log takes such a signature.
    Message(Arc<[u8]>),
    /// An in-toto statement, by its exact bytes.
    Statement(Vec<u8>),
}

impl ToSign {
    /// Signs: an artifact by its digest or its bytes, a statement as the payload of a DSSE envelope.
    ///
    /// # Errors
    /// [`Error::DigestAlgorithm`] and [`Error::Unsupported`] when the signer's algorithm does not
    /// fit the content, before it is asked; [`Error::Signer`].
    pub async fn sign(self, signer: &dyn Signer) -> Result<Signed, Error> {
        let algorithm = signer.algorithm();
        let credential = match signer.credential() {
            SignerCredential::Certificate(der) => SignedBy::Certificate(der.to_vec()),
            SignerCredential::Key(key) => SignedBy::Key(key.clone()),
        };
        match self {
            ToSign::Artifact(digest) => {
                let what = "the digest of an artifact";
                let wanted =
                    algorithm.prehash().ok_or(Error::Unsupported { signer: algorithm, what })?;
                let found = digest.algorithm();
                if found != wanted {
                    return Err(Error::DigestAlgorithm { signer: algorithm, wanted, found });
                }
                let signature = ask(signer, SignInput::Digest(&digest)).await?;
                let content = SignedContent::Message { digest: Some(digest.clone()), signature };
                Ok(Signed { content, digest: Some(digest), credential, algorithm })
            }
            ToSign::Message(message) => {
                let signature = ask(signer, SignInput::Message(&message)).await?;
                // Of an algorithm with a prehash it is the very digest that was signed.
                let prehash = algorithm.prehash();
                let named = prehash.unwrap_or(DigestAlgorithm::Sha256).digest(&message);
                let content = SignedContent::Message { digest: Some(named.clone()), signature };
                let digest = prehash.map(|_| named);
                Ok(Signed { content, digest, credential, algorithm })
            }
            ToSign::Statement(payload) => {
                let encoded = dsse::pae(IN_TOTO_PAYLOAD_TYPE, &payload);
                let digest = algorithm.prehash().map(|algorithm| algorithm.digest(&encoded));
                let input = digest.as_ref().map_or(SignInput::Message(&encoded), SignInput::Digest);
                let signature = ask(signer, input).await?;
                let content = SignedContent::Envelope(Envelope {
                    payload: Base64Bytes(payload),
                    payload_type: IN_TOTO_PAYLOAD_TYPE.to_owned(),
                    signatures: vec![EnvelopeSignature {
                        sig: Base64Bytes(signature),
                        keyid: None,
                    }],
                });
                Ok(Signed { content, digest, credential, algorithm })
            }
        }
    }
}

/// A signature that only we know yet. It is made public once:
///
/// ```compile_fail,E0382
/// # use chainsign_keyless::{Services, Signed};
/// async fn log_twice(signed: Signed, services: &Services) {
///     let first = signed.log(services).await;
///     let second = signed.log(services).await;
/// }
/// ```
pub struct Signed {
    content: SignedContent,
    /// Of what was signed; none with an algorithm that signs messages.
    digest: Option<ArtifactDigest>,
    credential: SignedBy,
    algorithm: KeyAlgorithm,
}

/// The signer's credential, kept.
pub(super) enum SignedBy {
    Certificate(Vec<u8>),
    Key(PublicKey),
}

impl Signed {
    /// Makes the signature public: asks every log for an entry and every timestamp authority for a
    /// timestamp, all at the same time.
    ///
    /// When one fails, the others' answers are still awaited, so that what became public is known.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Untrusted`], [`Error::Status`], [`Error::AnswerTooLarge`],
    /// [`Error::MalformedAnswer`], [`Error::LoggedSomethingElse`], [`Error::AlreadyLogged`],
    /// [`Error::TimestampDeclined`], [`Error::TimestampOfSomethingElse`], [`Error::Unsupported`]; any of them inside
    /// [`Error::AfterPublication`] when there is an entry already.
    pub async fn log(self, services: &Services) -> Result<Logged, Error> {
        let proposal = self.proposal()?;
        let logs = services.logs();
        let entries = join_all(logs.iter().map(|log| services.log(log, &proposal)));
        let authorities = services.timestamp_authorities();
        let timestamps = join_all(
            authorities.iter().map(|authority| services.timestamp(authority, proposal.signature)),
        );
        let (entries, timestamps) = tokio::join!(entries, timestamps);
        let published = |log: &Remote, entry: &LogEntry| PublicEntry {
            log: log.service.url.clone(),
            index: entry.log_index,
        };
        let published: Vec<_> = logs
            .iter()
            .zip(&entries)
            .filter_map(|(log, entry)| Some(published(log, entry.as_ref().ok()?)))
            .collect();
        let complete = || Ok((all(entries)?, all(timestamps)?));
        match complete() {
            Ok((log_entries, timestamps)) => Ok(Logged {
                content: self.content,
                credential: self.credential,
                log_entries,
                timestamps,
                published,
            }),
            Err(error) if published.is_empty() => Err(error),
            Err(error) => Err(Error::AfterPublication { published, source: Box::new(error) }),
        }
    }

    fn proposal(&self) -> Result<Proposal<'_>, Error> {
        let (content, signature) = match &self.content {
            SignedContent::Message { signature, .. }
            | SignedContent::SimpleSigning { signature, .. } => {
                (ProposedContent::Message, signature)
            }
            SignedContent::Envelope(envelope) => {
                // `ToSign::sign` made it with one signature.
                let signature = envelope.signatures.first().map(|signature| &signature.sig.0);
                let what = "an envelope without a signature";
                let none = Error::Unsupported { signer: self.algorithm, what };
                (ProposedContent::Envelope(envelope), signature.ok_or(none)?)
            }
        };
        let verifier = match &self.credential {
            SignedBy::Certificate(der) => Verifier::Certificate(der),
            SignedBy::Key(key) => Verifier::Key(key),
        };
        let (digest, algorithm) = (self.digest.as_ref(), self.algorithm);
        Ok(Proposal { content, digest, signature, verifier, algorithm })
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("digest", &self.digest)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

async fn ask(signer: &dyn Signer, input: SignInput<'_>) -> Result<Vec<u8>, Error> {
    signer.sign(input).await.map_err(Error::Signer)
}

fn all<T>(outcomes: Vec<Result<T, Error>>) -> Result<Vec<T>, Error> {
    outcomes.into_iter().collect()
}
