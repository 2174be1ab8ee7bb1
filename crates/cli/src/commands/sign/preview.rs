//! `--dry-run`: what signing would make public. Nothing is sent, written, or asked.

use std::path::PathBuf;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::predicate::PredicateType;
use chainsign_core::requirements::SignerRequirement;
use chainsign_core::trust::Service;
use chainsign_keyless::Session;
use chainsign_keyless::ToSign;
use chainsign_keyless::identity::{Disclosed, TokenSource};

use super::predicate::whole_statement;
use super::services::Form;
use super::work::Content;
use super::{SignRequest, SignWith, SignedAlready, done, service_failure, services};
use crate::failure::Failure;
use crate::parallel;

/// What signing would make public.
#[derive(Debug)]
pub struct Preview {
    /// Who would sign.
    pub signer: PreviewedSigner,
    /// Who would certify them; the certificate is public in its certificate transparency log.
    pub certificate_authority: Option<String>,
    /// The logs with an entry for each signature.
    pub logs: Vec<PreviewedLog>,
    /// The timestamp authorities, which get the digest of each signature.
    pub timestamp_authorities: Vec<String>,
    /// What would be signed, in the order of the request.
    pub files: Vec<PreviewedFile>,
    /// What an earlier run signed, and this one would leave.
    pub left: Vec<PathBuf>,
    /// Which Sigstore it is, for people.
    pub origin: String,
}

/// Who would sign.
#[derive(Debug)]
pub enum PreviewedSigner {
    /// What the certificate would say.
    Certificate(Box<Disclosed>),
    /// Somebody, but nobody knows before they are asked, and how they would be.
    Unknown(&'static str),
    /// A key with this fingerprint.
    Key(ArtifactDigest),
}

/// A log, and what it would have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedLog {
    /// Where it is.
    pub url: String,
    /// The kind of its entries.
    pub kind: EntryKind,
}

/// The kinds of entries. Each shows a signature, and the certificate or key that it verifies with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Rekor v1, of a file: its digest.
    HashedRekord1,
    /// Rekor v1, of a statement: the digests of envelope and statement. Both are sent to it.
    Dsse1,
    /// Rekor v2: the digest of what was signed, the file or the envelope's encoding.
    HashedRekord2,
}

/// Something that would be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedFile {
    /// The file.
    pub path: PathBuf,
    /// Its digests; of a statement those of its first subject.
    pub digests: ArtifactDigests,
    /// The statement about it that would be in the bundle.
    pub statement: Option<PreviewedStatement>,
    /// Where bundles would be written.
    pub bundles: Vec<PathBuf>,
}

/// A statement, which is public wherever its bundle is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedStatement {
    /// What kind of predicate it has.
    pub predicate_type: PredicateType,
    /// The names of its subjects, as far as they have any.
    pub subjects: Vec<String>,
}

/// Finds out what signing would make public.
///
/// # Errors
/// As [`sign`](super::sign) before anything is signed, but for outputs, which are not tried.
pub async fn preview(request: SignRequest) -> Result<Preview, Failure> {
    let trust = request.services.trust.load()?;
    let form = request.what.form();
    let tokens = match &request.signer {
        SignWith::Identity(tokens) => Some(tokens.clone()),
        SignWith::Key(_) => None,
    };
    let signing = services::prepare(&request.services, &trust, request.signer, form)?;
    let session = &signing.session;
    let signer = signer(session, tokens.as_ref()).await?;
    let (files, left) = match (request.signed_already, &signer) {
        (SignedAlready::SignAgain, _) | (_, PreviewedSigner::Unknown(_)) => {
            (request.files, Vec::new())
        }
        _ => done::sort_out(request.files, session, &trust.verifier).await?,
    };
    let read = parallel::map(&files, |file| Content::read(file, &request.what, signing.algorithm));
    let files = files.iter().zip(read).map(|(file, content)| {
        let Content { digests, content, about, .. } = content?;
        let statement = match &content {
            ToSign::Statement(json) => {
                let statement = whole_statement(json)?;
                let subjects = statement.subject.into_iter().filter_map(|it| it.name).collect();
                let predicate_type = statement.predicate_type;
                Some(PreviewedStatement { predicate_type, subjects })
            }
            _ => None,
        };
        let own = file.outputs.bundle.as_ref().map(|bundle| bundle.path().to_owned());
        let others = about.into_iter().filter_map(|(about, _)| about.bundle);
        let bundles = own.into_iter().chain(others).collect();
        Ok(PreviewedFile { path: file.path.clone(), digests, statement, bundles })
    });
    let files = files.collect::<Result<_, Failure>>()?;
    let selection = session.services().selection();
    let urls = |services: &[Service]| services.iter().map(|it| it.url.clone()).collect();
    let keyless = tokens.is_some();
    let authority = selection.certificate_authority.as_ref().filter(|_| keyless);
    let logs = selection.transparency_logs.iter();
    Ok(Preview {
        signer,
        certificate_authority: authority.map(|service| service.url.clone()),
        logs: logs
            .map(|log| PreviewedLog { url: log.url.clone(), kind: kind(log, form) })
            .collect(),
        timestamp_authorities: urls(&selection.timestamp_authorities),
        files,
        left,
        origin: trust.origin,
    })
}

async fn signer(
    session: &Session,
    tokens: Option<&TokenSource>,
) -> Result<PreviewedSigner, Failure> {
    let failure = |error| service_failure(&error);
    match tokens {
        None => match session.expected().await.map_err(failure)?.signer {
            SignerRequirement::Key(key) => Ok(PreviewedSigner::Key(key.fingerprint())),
            _ => Ok(PreviewedSigner::Unknown("whoever has the key")),
        },
        // These are here already; nobody is asked.
        Some(source @ (TokenSource::Given(_) | TokenSource::File(_))) => {
            let token = source.token(session.services()).await.map_err(failure)?;
            let disclosed = token.disclosed().map_err(failure)?;
            Ok(PreviewedSigner::Certificate(Box::new(disclosed)))
        }
        Some(TokenSource::Login(_)) => Ok(PreviewedSigner::Unknown("whoever logs in")),
        Some(_) => Ok(PreviewedSigner::Unknown("whoever this job's token service says")),
    }
}

fn kind(log: &Service, form: Form) -> EntryKind {
    match (log.major_api_version, form) {
        (1, Form::Digest) => EntryKind::HashedRekord1,
        (1, Form::Envelope) => EntryKind::Dsse1,
        _ => EntryKind::HashedRekord2,
    }
}
