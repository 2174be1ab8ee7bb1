//! `sign-blob`, `attest`, `attest-blob`: keyless signing of files, and of statements about them.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::encoding::{base64_encode, pem_encode};
use chainsign_core::formats;
use chainsign_core::material::{Credential, SignedContent};
use chainsign_core::predicate::{COSIGN_CUSTOM, PredicateType};
use chainsign_core::statement::{Statement, Subject};
use chainsign_core::{Limits, json};
use chainsign_keyless::identity::TokenSource;
use chainsign_keyless::{Error, Options, PublicEntry, Services, Session, ToSign, UnverifiedBundle};
use chainsign_verify::{VerifiedBundle, Verifier};
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::artifact;
use super::trust::{Trust, TrustRequest};
use super::verify::refused;
use crate::failure::{Failure, with_causes};
use crate::files::{Output, append_line};

/// Files to sign, or to attest something about.
#[derive(Debug)]
pub struct SignRequest {
    /// The files, each with where its bundle goes.
    pub files: Vec<FileToSign>,
    /// What is signed.
    pub what: What,
    /// The services.
    pub trust: TrustRequest,
    /// Who signs.
    pub tokens: TokenSource,
}

/// What is signed.
#[derive(Debug)]
pub enum What {
    /// The files themselves.
    Files,
    /// A statement with this predicate about each file.
    Predicate(Predicate),
    /// This statement: it names its own subjects, and the file it was read from is none of them.
    Statement(Vec<u8>),
}

/// A file to sign.
#[derive(Debug)]
pub struct FileToSign {
    /// The file, or standard input for `-`.
    pub path: PathBuf,
    /// Where its bundle goes.
    pub bundle: BundleOutput,
    /// Where its signature goes too, base64 without a line end.
    pub signature: Option<PathBuf>,
    /// Where its certificate goes too, PEM.
    pub certificate: Option<PathBuf>,
}

/// Where a bundle goes.
#[derive(Clone, Debug)]
pub enum BundleOutput {
    /// A file of its own.
    File(PathBuf),
    /// A line of a file.
    Line(PathBuf),
}

impl BundleOutput {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            BundleOutput::File(path) | BundleOutput::Line(path) => path,
        }
    }
}

/// A predicate, byte for byte.
#[derive(Debug)]
pub struct Predicate {
    /// Its type.
    pub predicate_type: PredicateType,
    /// Its JSON.
    pub json: Box<RawValue>,
}

/// A file that was signed, verified, and whose bundle is written.
#[derive(Debug)]
pub struct SignedFile {
    /// The file.
    pub path: PathBuf,
    /// Its digests.
    pub digests: ArtifactDigests,
    /// Where its bundle is.
    pub bundle: PathBuf,
    /// What is public now.
    pub published: Vec<PublicEntry>,
    /// The proof that it verifies.
    pub verified: VerifiedBundle,
}

/// A file that was not signed, and why. What is public of it nevertheless is in the message.
#[derive(Debug)]
pub struct UnsignedFile {
    /// The file.
    pub path: PathBuf,
    /// A service that failed; `refused-own` for a fresh bundle that does not verify, which is not
    /// written; an output that could not be written.
    pub failure: Failure,
}

/// What became of the files, in their order.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Those that are signed and whose bundles are written.
    pub signed: Vec<SignedFile>,
    /// The others.
    pub unsigned: Vec<UnsignedFile>,
}

impl Outcome {
    /// The file that was signed, of a request for one.
    ///
    /// # Errors
    /// Why it was not.
    pub fn only(self) -> Result<SignedFile, Failure> {
        match self.unsigned.into_iter().next() {
            Some(unsigned) => Err(unsigned.failure),
            None => {
                let nothing = || Failure::undecided("nothing-to-sign", "found no file to sign");
                self.signed.into_iter().next().ok_or_else(nothing)
            }
        }
    }
}

/// Signs every file under one certificate and verifies each bundle before it is written. `done` is
/// told of each as soon as its bundle is written. A file that fails does not stop the others, except
/// that after a service has failed no further file is begun.
///
/// # Errors
/// Before anything is signed: what cannot be read or written, and services or a token that cannot
/// be used.
pub async fn sign(
    request: SignRequest,
    mut done: impl FnMut(&SignedFile),
) -> Result<Outcome, Failure> {
    let trust = request.trust.load()?;
    let mut work = Vec::new();
    for file in request.files {
        work.push(Work::prepare(file, &request.what)?);
    }
    let session = session(&trust, request.tokens)?;
    let contents: Vec<ToSign> = work.iter_mut().filter_map(|work| work.content.take()).collect();
    let mut batch = session.batch(contents.into_iter(), CONCURRENT);
    let mut outcome = Outcome::default();
    let mut work = work.into_iter();
    while let Some((_, bundle)) = batch.next().await {
        let Some(work) = work.next() else { break };
        let path = work.file.path.clone();
        let finished = match bundle {
            Ok(bundle) => work.finish(bundle, &session, &trust.verifier).await,
            Err(error) => Err(service_failure(&error)),
        };
        match finished {
            Ok(file) => {
                done(&file);
                outcome.signed.push(file);
            }
            Err(failure) => outcome.unsigned.push(UnsignedFile { path, failure }),
        }
    }
    // After a service has failed nothing more is asked of it.
    outcome.unsigned.extend(work.map(|work| UnsignedFile {
        path: work.file.path,
        failure: Failure::undecided("not-begun", "not begun, because a file before it failed"),
    }));
    Ok(outcome)
}

/// A predicate from a file's bytes: with the type given, else recognised.
///
/// # Errors
/// `bad-predicate` when it is not strict JSON; `unknown-predicate-type` when no type is given and
/// none is recognised.
pub fn predicate(
    bytes: Vec<u8>,
    predicate_type: Option<PredicateType>,
    now: Timestamp,
) -> Result<Predicate, Failure> {
    let bad = |error: &dyn std::error::Error| {
        Failure::because("bad-predicate", "the predicate cannot be attested", error)
    };
    let limits = Limits::default();
    if predicate_type.as_ref().is_some_and(|given| *given == COSIGN_CUSTOM) {
        return cosign_custom(bytes, now);
    }
    json::check("predicate", &bytes, &limits).map_err(|error| bad(&error))?;
    let predicate_type = match predicate_type {
        Some(given) => given,
        None => match PredicateType::recognise(&bytes, &limits).map_err(|error| bad(&error))? {
            Some(recognised) => recognised,
            None => {
                let message = "the predicate's type cannot be recognised from its content";
                return Err(Failure::undecided("unknown-predicate-type", message).hint(
                    "say it with --type: cyclonedx, spdxjson, slsaprovenance1, openvex, vuln, or a URI",
                ));
            }
        },
    };
    let text = String::from_utf8(bytes).map_err(|error| bad(&error))?;
    let json = RawValue::from_string(text).map_err(|error| bad(&error))?;
    Ok(Predicate { predicate_type, json })
}

/// cosign's wrapper for `--type custom`: the file as a string, with the time.
fn cosign_custom(bytes: Vec<u8>, now: Timestamp) -> Result<Predicate, Failure> {
    let bad = |error: &dyn std::error::Error| {
        Failure::because("bad-predicate", "the predicate cannot be attested", error)
    };
    let text = String::from_utf8(bytes).map_err(|error| bad(&error))?;
    let timestamp = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let wrapper = serde_json::json!({ "Data": text, "Timestamp": timestamp });
    let json = serde_json::value::to_raw_value(&wrapper).map_err(|error| bad(&error))?;
    let predicate_type =
        PredicateType::from_alias_or_uri(COSIGN_CUSTOM).map_err(|error| bad(&error))?;
    Ok(Predicate { predicate_type, json })
}

/// One file on its way: opened, digested, its outputs prepared.
struct Work {
    file: FileToSign,
    digests: ArtifactDigests,
    content: Option<ToSign>,
    bundle: Option<Output>,
    signature: Option<Output>,
    certificate: Option<Output>,
}

impl Work {
    fn prepare(file: FileToSign, what: &What) -> Result<Self, Failure> {
        let prepare = |path: &Option<PathBuf>| path.as_deref().map(Output::prepare).transpose();
        // For a line the file is prepared too: to find out before signing whether it can be written.
        let bundle = Output::prepare(file.bundle.path())?;
        let (signature, certificate) = (prepare(&file.signature)?, prepare(&file.certificate)?);
        let digests = match what {
            What::Statement(statement) => first_subject(statement)?,
            What::Files | What::Predicate(_) => {
                let digests = artifact::open(&file.path)?.digests([DigestAlgorithm::Sha256]);
                digests.map_err(|error| artifact::failure(&error))?
            }
        };
        let content = match what {
            What::Files => ToSign::Artifact(sha256(&digests)?),
            What::Predicate(predicate) => {
                ToSign::Statement(statement(&file.path, &digests, predicate)?)
            }
            What::Statement(statement) => ToSign::Statement(statement.clone()),
        };
        let bundle = matches!(file.bundle, BundleOutput::File(_)).then_some(bundle);
        Ok(Work { file, digests, content: Some(content), bundle, signature, certificate })
    }

    async fn finish(
        self,
        bundle: UnverifiedBundle,
        session: &Session,
        verifier: &Verifier,
    ) -> Result<SignedFile, Failure> {
        let requirements = session.requirements().await.map_err(|error| service_failure(&error))?;
        let published = bundle.published().to_vec();
        let artifact = Artifact::Digests(&self.digests);
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
        if let (Some(output), SignedContent::Message { signature, .. }) =
            (self.signature, &material.content)
        {
            output.write(base64_encode(signature).as_bytes())?;
        }
        if let (Some(output), Credential::Certificate { leaf, .. }) =
            (self.certificate, &material.credential)
        {
            output.write(pem_encode("CERTIFICATE", leaf).as_bytes())?;
        }
        match self.bundle {
            Some(output) => output.write(&bytes).map(|_| ())?,
            None => append_line(self.file.bundle.path(), &bytes)?,
        }
        Ok(SignedFile {
            path: self.file.path,
            digests: self.digests,
            bundle: self.file.bundle.path().to_owned(),
            published,
            verified,
        })
    }
}

fn session(trust: &Trust, tokens: TokenSource) -> Result<Session, Failure> {
    let Some(config) = &trust.signing_config else {
        let message =
            format!("found no signing config ({}), wanted the services to sign with", trust.origin);
        return Err(Failure::undecided("no-signing-config", message)
            .hint("name one with --signing-config or --trust-config; `chainsign sandbox start` writes one to try"));
    };
    let bad = |error: &dyn std::error::Error| {
        Failure::because("bad-trust", &format!("the signing config ({})", trust.origin), error)
    };
    let selection =
        config.select(Services::LOG_VERSIONS, Timestamp::now()).map_err(|error| bad(&error))?;
    let services = Services::new(selection, Options::default(), Arc::new(Timestamp::now));
    Ok(Session::keyless(services.map_err(|error| service_failure(&error))?, tokens))
}

/// What a service, or the token for it, did wrong.
pub fn service_failure(error: &Error) -> Failure {
    let (reason, hint) = match error {
        Error::NoIdentityToken { .. } => (
            "no-identity-token",
            "give one with --identity-token, or set SIGSTORE_ID_TOKEN; in GitHub Actions add `permissions: id-token: write`",
        ),
        Error::AmbientIncomplete { .. } => {
            ("no-identity-token", "add `permissions: id-token: write` to the job")
        }
        Error::TokenExpired { .. } => {
            ("bad-identity-token", "get a new token: they live for minutes")
        }
        Error::TokenAudience { .. } => {
            ("bad-identity-token", "ask for a token with the audience sigstore")
        }
        Error::TokenMalformed { .. } => {
            ("bad-identity-token", "a token has three parts between dots; a file is given as @FILE")
        }
        Error::TokenNotYetValid { .. } | Error::TokenEmailUnverified { .. } => {
            ("bad-identity-token", "ask the issuer for another token")
        }
        Error::Unreachable { .. } => {
            ("unreachable", "is it running, and is the address in the signing config right?")
        }
        Error::AfterPublication { source, .. } => {
            return Failure { message: with_causes(error), ..service_failure(source) };
        }
        _ => return Failure::undecided("service", with_causes(error)),
    };
    Failure::undecided(reason, with_causes(error)).hint(hint)
}

fn statement(
    path: &Path,
    digests: &ArtifactDigests,
    predicate: &Predicate,
) -> Result<Vec<u8>, Failure> {
    let name = path.file_name().map_or_else(|| "-".into(), |name| name.to_string_lossy());
    let subject = Subject::new(name, digests);
    let statement =
        Statement::new(vec![subject], predicate.predicate_type.clone(), predicate.json.clone());
    statement.to_json().map_err(|error| {
        Failure::because("bad-predicate", "the statement cannot be written", &error)
    })
}

/// What a fresh signature over a statement is verified for: the first of its subjects.
fn first_subject(statement: &[u8]) -> Result<ArtifactDigests, Failure> {
    let digests = Statement::parse(statement, &Limits::default()).and_then(|statement| {
        statement
            .subject
            .first()
            .map(|subject| subject.digest.acceptable())
            .unwrap_or_else(|| Ok(ArtifactDigests::default()))
    });
    digests.map_err(|error| {
        Failure::because("bad-predicate", "the statement cannot be signed", &error)
    })
}

fn sha256(digests: &ArtifactDigests) -> Result<ArtifactDigest, Failure> {
    digests
        .get(DigestAlgorithm::Sha256)
        .cloned()
        .ok_or_else(|| Failure::undecided("unreadable", "the file was not digested with sha256"))
}

/// Uploads at the same time: enough to hide a log's latency, few enough to be a polite client.
const CONCURRENT: NonZeroUsize = NonZeroUsize::new(8).unwrap();
