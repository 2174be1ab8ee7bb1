//! `sign-blob`, `attest`, `attest-blob`: signing of files, and of statements about them, with an
//! identity or with a key.

mod done;
mod failure;
mod fresh;
mod outputs;
mod predicate;
pub mod preview;
pub mod select;
mod services;
mod work;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_keyless::identity::TokenSource;
use chainsign_keyless::{PublicEntry, ToSign};
use chainsign_keys::PrivateKey;
use chainsign_verify::VerifiedBundle;

pub(super) use failure::public_nevertheless;
pub use failure::service_failure;
pub(super) use fresh::{Fresh, release};
pub use outputs::{BundleFormat, BundleOutput, Encoding, Named, Outputs, Print};
pub use predicate::{Predicate, one_statement, predicate};
pub(super) use predicate::{signing_statement, statement};
pub(super) use services::{Form, prepare};
pub use services::{ServicesRequest, Wanted};
use work::Work;

use crate::failure::Failure;
use crate::{files, parallel};

/// Files to sign, or to attest something about.
#[derive(Debug)]
pub struct SignRequest {
    /// The files, each with what is written about it.
    pub files: Vec<FileToSign>,
    /// Folders that are made for the bundles, where they are not there.
    pub folders: Vec<PathBuf>,
    /// What is signed.
    pub what: What,
    /// The services.
    pub services: ServicesRequest,
    /// Who signs.
    pub signer: SignWith,
    /// What is done with a file that is signed already.
    pub signed_already: SignedAlready,
    /// How long it may take until a file is signed, and then until the next is; `None` for as long as
    /// it takes.
    pub timeout: Option<Duration>,
}

/// What is done with a file whose bundle is there, and verifies as the one that would be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedAlready {
    /// It is signed again, and the bundle replaced.
    SignAgain,
    /// It is left as it is: what an earlier run did is not done twice.
    Leave,
}

/// Who signs.
#[derive(Debug)]
pub enum SignWith {
    /// Somebody with an identity token, and a key for it that lives for minutes.
    Identity(TokenSource),
    /// A key that is kept.
    Key(Box<PrivateKey>),
}

/// What is signed.
#[derive(Debug)]
pub enum What {
    /// The files themselves.
    Files,
    /// A statement with this predicate about each file.
    Predicate(Predicate),
    /// This statement: it names its own subjects, and the file it was read from is none of them.
    Statement {
        /// Its JSON, signed as it is.
        json: Vec<u8>,
        /// Files that must be among its subjects.
        about: Vec<About>,
    },
}

impl What {
    fn form(&self) -> Form {
        match self {
            What::Files => Form::Digest,
            What::Predicate(_) | What::Statement { .. } => Form::Envelope,
        }
    }
}

/// A file that a statement must be about.
#[derive(Clone, Debug)]
pub struct About {
    /// The file.
    pub path: PathBuf,
    /// Where the statement's bundle is added as a line.
    pub bundle: Option<PathBuf>,
}

/// A file to sign.
#[derive(Clone, Debug)]
pub struct FileToSign {
    /// The file, or standard input for `-`.
    pub path: PathBuf,
    /// The file's SHA-256, where it is known and the file is not here to be read. For statements.
    pub known: Option<ArtifactDigest>,
    /// A digest that the file must have, because a list says so.
    pub listed: Option<ArtifactDigest>,
    /// What is written.
    pub outputs: Outputs,
}

/// A file that was signed, verified, and whose bundle is written.
#[derive(Clone, Debug)]
pub struct SignedFile {
    /// The file.
    pub path: PathBuf,
    /// Its digests.
    pub digests: ArtifactDigests,
    /// Where its bundle is, if one was asked for.
    pub bundle: Option<PathBuf>,
    /// Where its signature is alone, if it was asked for.
    pub signature: Option<PathBuf>,
    /// Whether somebody named the bundle.
    pub named: Named,
    /// What goes to standard output.
    pub printed: Option<Vec<u8>>,
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
    /// written; an output that could not be written; `timed-out`.
    pub failure: Failure,
}

/// What became of the files, in their order.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many are signed, and their bundles written.
    pub count: usize,
    /// Those of them that the progress kept.
    pub signed: Vec<SignedFile>,
    /// Those that an earlier run signed, where [`SignedAlready::Leave`] has them left.
    pub left: Vec<PathBuf>,
    /// The others.
    pub unsigned: Vec<UnsignedFile>,
    /// What kept the trusted root from being newer, or from being cached.
    pub warning: Option<String>,
}

impl FileToSign {
    /// A file whose signature goes into a bundle, and nowhere else.
    pub fn into_bundle(path: PathBuf, bundle: BundleOutput) -> Self {
        FileToSign { path, known: None, listed: None, outputs: Outputs::bundle(bundle) }
    }
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

/// What a run that signs tells while it goes on.
pub trait Progress {
    /// So many files are to be signed.
    fn begin(&mut self, files: usize) {
        let _ = files;
    }

    /// A file is signed, and its bundle written. What is not kept takes no memory while the others are
    /// signed.
    fn signed(&mut self, file: &SignedFile) -> Keep;
}

/// Whether what is known about a signed file is kept for the [`Outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is, with all its evidence.
    Everything,
    /// It is only counted.
    Nothing,
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn signed(&mut self, _: &SignedFile) -> Keep {
        Keep::Everything
    }
}

/// Signs every file, under one certificate or with one key, and verifies each bundle before it is
/// written. `progress` is told of each as soon as its bundle is written. A file that fails does not stop
/// the others, except that after a service has failed no further file is begun.
///
/// # Errors
/// Before anything is signed: what cannot be read or written, and services, a token or a key that
/// cannot be used.
pub async fn sign(request: SignRequest, mut progress: impl Progress) -> Result<Outcome, Failure> {
    let trust = request.services.trust.load()?;
    let asks = matches!(&request.signer, SignWith::Identity(TokenSource::Login(_)));
    let form = request.what.form();
    let signing = services::prepare(&request.services, &trust, request.signer, form)?;
    let (files, left) = match request.signed_already {
        SignedAlready::SignAgain => (request.files, Vec::new()),
        SignedAlready::Leave => {
            // A person takes the time that they take.
            let limit = request.timeout.filter(|_| !asks);
            let sorted = done::sort_out(request.files, &signing.session, &trust.verifier);
            within(limit, sorted).await.unwrap_or_else(|| Err(timed_out()))?
        }
    };
    for folder in &request.folders {
        files::make_folder(folder)?;
    }
    let prepared =
        parallel::map(&files, |file| Work::prepare(file.clone(), &request.what, signing.algorithm));
    let mut work = prepared.into_iter().collect::<Result<Vec<_>, _>>()?;
    if asks && !work.is_empty() {
        // Not within --timeout either.
        signing.session.expected().await.map_err(|error| service_failure(&error))?;
    }
    progress.begin(work.len());
    let contents: Vec<ToSign> = work.iter_mut().filter_map(|work| work.content.take()).collect();
    let mut batch = signing.session.batch(contents.into_iter(), CONCURRENT);
    let mut outcome = Outcome { left, warning: trust.warning.clone(), ..Outcome::default() };
    let mut work = work.into_iter();
    let rest = loop {
        // Anew for each, so that many files may take longer than one.
        let bundle = match within(request.timeout, batch.next()).await {
            None => break timed_out_signing(),
            Some(None) => {
                let message = "not begun, because a file before it failed";
                break Failure::undecided("not-begun", message);
            }
            Some(Some((_, bundle))) => bundle,
        };
        let Some(work) = work.next() else { continue };
        let path = work.file.path.clone();
        let finished = match bundle {
            Ok(bundle) => work.finish(bundle, &signing.session, &trust.verifier).await,
            Err(error) => Err(service_failure(&error)),
        };
        match finished {
            Ok(files) => {
                outcome.count += files.len();
                let kept = files.into_iter().filter(|it| progress.signed(it) == Keep::Everything);
                outcome.signed.extend(kept);
            }
            Err(failure) => outcome.unsigned.push(UnsignedFile { path, failure }),
        }
    };
    outcome
        .unsigned
        .extend(work.map(|work| UnsignedFile { path: work.file.path, failure: rest.clone() }));
    Ok(outcome)
}

/// What comes within the time, if there is a limit.
pub(super) async fn within<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.ok(),
        None => Some(work.await),
    }
}

fn timed_out() -> Failure {
    Failure::undecided("timed-out", "not signed within --timeout")
}

/// When logs may have been asked.
pub(super) fn timed_out_signing() -> Failure {
    timed_out().hint("a log that was asked may have an entry of it all the same")
}

/// Uploads at the same time: enough to hide a log's latency, few enough to be a polite client.
pub(super) const CONCURRENT: NonZeroUsize = NonZeroUsize::new(8).unwrap();
