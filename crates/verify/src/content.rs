//! What was signed: the signature over it, and which artifact it is about.

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::dsse::{Envelope, IN_TOTO_PAYLOAD_TYPE};
use chainsign_core::formats::simple_signing::SimpleSigning;
use chainsign_core::material::SignedContent;
use chainsign_core::statement::{Statement, Subject};

use crate::Refusal;
use crate::artifact::Digested;
use crate::key::{Scheme, Signed, VerificationKey};

/// The signature that is the signer's.
pub(crate) struct SignatureUsed<'a> {
    /// Its place in the envelope; 0 for a message signature.
    pub(crate) index: usize,
    pub(crate) bytes: &'a [u8],
    pub(crate) scheme: Scheme,
}

/// Which artifact the content is about.
pub(crate) struct AboutArtifact {
    pub(crate) digests: ArtifactDigests,
    /// The subject's name in the statement.
    pub(crate) name: Option<String>,
    pub(crate) said: Said,
}

/// What was signed besides the artifact's digest.
pub(crate) enum Said {
    Nothing,
    Statement(Statement),
    SimpleSigning(SimpleSigning),
}

/// Finds the signature that a key made over the content (client-spec section 4.5).
///
/// # Errors
/// [`Refusal::MessageDigestMismatch`], [`Refusal::SignatureInvalid`]; [`Refusal::DigestNeeded`],
/// [`Refusal::MessageNeeded`] and [`Refusal::MessageTooLarge`] when the artifact is not given in
/// the form that the key's algorithm signs.
pub(crate) fn verify_signature<'a>(
    content: &'a SignedContent,
    artifact: &Digested<'_>,
    key: &VerificationKey,
) -> Result<SignatureUsed<'a>, Refusal> {
    match content {
        SignedContent::Message { digest, signature } => {
            if let Some(digest) = digest {
                is_artifacts(digest, artifact)?;
            }
            verify_message(signature, artifact, key)
        }
        SignedContent::Envelope(envelope) => verify_envelope(envelope, key),
        SignedContent::SimpleSigning { payload, signature } => {
            verify_message(signature, &Digested::new(Artifact::Bytes(payload)), key)
        }
    }
}

/// The digest in the material is no authority, but it must not say something else
/// (protobuf-specs `sigstore_common.proto`, `MessageSignature`).
fn is_artifacts(found: &ArtifactDigest, artifact: &Digested<'_>) -> Result<(), Refusal> {
    let wanted = artifact.digest(found.algorithm())?;
    if found == wanted {
        return Ok(());
    }
    Err(Refusal::MessageDigestMismatch { found: found.clone(), wanted: wanted.clone() })
}

fn verify_message<'a>(
    signature: &'a [u8],
    artifact: &Digested<'_>,
    key: &VerificationKey,
) -> Result<SignatureUsed<'a>, Refusal> {
    let mut needed = None;
    for &scheme in key.kind().schemes() {
        let verified = match scheme.prehash() {
            Some(algorithm) => artifact
                .digest(algorithm)
                .map(|digest| key.verify(scheme, Signed::Digest(digest), signature)),
            None => artifact
                .whole(scheme.name(key.kind()))
                .map(|message| key.verify(scheme, Signed::Message(message), signature)),
        };
        match verified {
            Ok(Ok(())) => return Ok(SignatureUsed { index: 0, bytes: signature, scheme }),
            Ok(Err(_)) => {}
            Err(refusal) => needed = needed.or(Some(refusal)),
        }
    }
    Err(needed.unwrap_or_else(|| invalid("the artifact", key)))
}

/// DSSE protocol, "Protocol": the signature is over the pre-authentication encoding.
fn verify_envelope<'a>(
    envelope: &'a Envelope,
    key: &VerificationKey,
) -> Result<SignatureUsed<'a>, Refusal> {
    for &scheme in key.kind().schemes() {
        let (digest, message);
        let signed = match scheme.prehash() {
            Some(algorithm) => {
                digest = envelope.pae_digest(algorithm);
                Signed::Digest(&digest)
            }
            None => {
                message = envelope.pae();
                Signed::Message(&message)
            }
        };
        for (index, signature) in envelope.signatures.iter().enumerate() {
            let bytes = &signature.sig.0;
            if key.verify(scheme, signed, bytes).is_ok() {
                return Ok(SignatureUsed { index, bytes, scheme });
            }
        }
    }
    Err(invalid("the envelope", key))
}

fn invalid(content: &'static str, key: &VerificationKey) -> Refusal {
    let kind = key.kind();
    let names: Vec<_> = kind.schemes().iter().map(|scheme| scheme.name(kind)).collect();
    let key = key.fingerprint().clone();
    Refusal::SignatureInvalid { content, key, algorithms: names.join(" or ") }
}

/// Which artifact the content is about: the signed digest, or the subject of the statement that
/// has the artifact's digests (in-toto statement v1, "subject").
///
/// # Errors
/// [`Refusal::PayloadType`], [`Refusal::StatementMalformed`], [`Refusal::PayloadMalformed`],
/// [`Refusal::SubjectMismatch`], [`Refusal::SubjectDisagrees`], [`Refusal::DigestNeeded`].
pub(crate) fn about_artifact(
    content: &SignedContent,
    artifact: &Digested<'_>,
    scheme: Scheme,
    limits: &Limits,
) -> Result<AboutArtifact, Refusal> {
    match content {
        SignedContent::Message { digest, .. } => {
            let signed = digest.as_ref().map(ArtifactDigest::algorithm);
            let algorithm = scheme.prehash().or(signed).unwrap_or(DigestAlgorithm::Sha256);
            let digests = artifact.digest(algorithm)?.clone().into();
            Ok(AboutArtifact { digests, name: None, said: Said::Nothing })
        }
        SignedContent::Envelope(envelope) => {
            if envelope.payload_type != IN_TOTO_PAYLOAD_TYPE {
                let found = envelope.payload_type.clone();
                return Err(Refusal::PayloadType { found, wanted: IN_TOTO_PAYLOAD_TYPE });
            }
            let statement = Statement::parse(&envelope.payload.0, limits)
                .map_err(|error| Refusal::StatementMalformed { error })?;
            subject_of(statement, &artifact.artifact)
        }
        SignedContent::SimpleSigning { payload, .. } => {
            let payload = SimpleSigning::parse(payload, limits)
                .map_err(|error| Refusal::PayloadMalformed { error })?;
            let wanted = artifact.digest(payload.digest.algorithm())?.clone();
            if payload.digest != wanted {
                let found = vec![payload.digest.to_string()];
                return Err(Refusal::SubjectMismatch { found, wanted: wanted.into() });
            }
            let said = Said::SimpleSigning(payload);
            Ok(AboutArtifact { digests: wanted.into(), name: None, said })
        }
    }
}

fn subject_of(statement: Statement, artifact: &Artifact<'_>) -> Result<AboutArtifact, Refusal> {
    let malformed = |error| Refusal::StatementMalformed { error };
    let subjects = statement.subject.iter();
    let subjects: Result<Vec<_>, _> =
        subjects.map(|subject| Ok((subject, subject.digest.acceptable()?))).collect();
    let subjects = subjects.map_err(malformed)?;
    let artifact = digests_for(artifact, &subjects);
    let (mut comparable, mut about) = (false, None);
    // All of them: which subject stands first must not decide whether two contradict each other.
    for (subject, digests) in &subjects {
        let shared = |digest: &&ArtifactDigest| artifact.get(digest.algorithm()).is_some();
        let agrees = |digest: &&ArtifactDigest| artifact.get(digest.algorithm()) == Some(digest);
        let (agree, disagree): (Vec<_>, Vec<_>) = digests.iter().filter(shared).partition(agrees);
        comparable |= !(agree.is_empty() && disagree.is_empty());
        if agree.is_empty() {
            continue;
        }
        let name = subject.name.clone();
        if let Some(found) = disagree.first()
            && let Some(wanted) = artifact.get(found.algorithm())
        {
            return Err(Refusal::SubjectDisagrees {
                name: name.unwrap_or_default(),
                found: (*found).clone(),
                wanted: wanted.clone(),
            });
        }
        if about.is_none() {
            let mut matched = ArtifactDigests::default();
            for digest in agree {
                matched.insert(digest.clone()).map_err(malformed)?;
            }
            about = Some((matched, name));
        }
    }
    if let Some((digests, name)) = about {
        return Ok(AboutArtifact { digests, name, said: Said::Statement(statement) });
    }
    let mut algorithms =
        subjects.iter().flat_map(|(_, digests)| digests.iter().map(ArtifactDigest::algorithm));
    match algorithms.next() {
        Some(algorithm) if !comparable => Err(Refusal::DigestNeeded { algorithm, found: artifact }),
        _ => Err(Refusal::SubjectMismatch {
            found: subjects.iter().take(4).map(|(subject, _)| describe(subject)).collect(),
            wanted: artifact,
        }),
    }
}

/// The artifact's digests in the algorithms that the subjects use: as given, or of its bytes.
fn digests_for(
    artifact: &Artifact<'_>,
    subjects: &[(&Subject, ArtifactDigests)],
) -> ArtifactDigests {
    let used = |algorithm: &DigestAlgorithm| {
        subjects.iter().any(|(_, digests)| digests.get(*algorithm).is_some())
    };
    match artifact {
        Artifact::Digests(digests) => (*digests).clone(),
        Artifact::Bytes(bytes) => {
            let algorithms = DigestAlgorithm::ALL.into_iter().filter(used);
            let mut digester = chainsign_core::digest::StreamDigester::new(algorithms);
            digester.update(bytes);
            digester.finish()
        }
    }
}

fn describe(subject: &Subject) -> String {
    let digests: Vec<_> =
        subject.digest.0.iter().map(|(algorithm, text)| format!("{algorithm}:{text}")).collect();
    let digests = digests.join(", ");
    // cosign names no image.
    match subject.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => format!("{name:?} ({digests})"),
        None => digests,
    }
}
