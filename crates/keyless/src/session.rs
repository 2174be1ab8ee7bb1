//! Signing several things in one go: one identity, one certificate, uploads overlapped.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::{Enumerate, Fuse, Peekable};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::signer::Signer;
use jiff::SignedDuration;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::identity::TokenSource;
use crate::{CertifiedKey, EphemeralKey, Error, Services, ToSign, UnverifiedBundle, sign};

/// Services and a signer. Cheap to clone; clones share the certificate.
///
/// The certificate is asked for when the first signature is made, and again when less than
/// [`Session::RENEWAL`] of it is left.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    services: Services,
    signer: SignerSource,
}

enum SignerSource {
    Keyless(Keyless),
    Kept { signer: Arc<dyn Signer>, requirement: SignerRequirement },
}

struct Keyless {
    tokens: TokenSource,
    key: Mutex<Option<Arc<CertifiedKey>>>,
}

impl Session {
    /// How much of a certificate's lifetime must be left for a signature that is made with it: the
    /// log and the timestamp authority have to answer before it ends.
    pub const RENEWAL: SignedDuration = SignedDuration::from_secs(60);

    /// A session that signs with ephemeral keys certified for the identity of the source's tokens.
    pub fn keyless(services: Services, tokens: TokenSource) -> Self {
        let signer = SignerSource::Keyless(Keyless { tokens, key: Mutex::new(None) });
        Session(Arc::new(Inner { services, signer }))
    }

    /// A session that signs with a signer of the caller's, such as a key in a file. `requirement`
    /// says who a verifier must find.
    pub fn with_signer(
        services: Services,
        signer: Arc<dyn Signer>,
        requirement: SignerRequirement,
    ) -> Self {
        let signer = SignerSource::Kept { signer, requirement };
        Session(Arc::new(Inner { services, signer }))
    }

    /// The services.
    pub fn services(&self) -> &Services {
        &self.0.services
    }

    /// What a verifier must demand of this session's bundles: its identity or key, and what its
    /// services give. Without a certificate yet, one is asked for.
    ///
    /// # Errors
    /// As [`TokenSource::token`] and [`EphemeralKey::certify`].
    pub async fn requirements(&self) -> Result<Requirements, Error> {
        let signer = match &self.0.signer {
            SignerSource::Kept { requirement, .. } => requirement.clone(),
            SignerSource::Keyless(keyless) => {
                // Whoever a certificate was for, the next one is for as well: an old one will do.
                let current = keyless.key.lock().await.clone();
                let key = match current {
                    Some(key) => key,
                    None => keyless.key(&self.0.services).await?,
                };
                key.requirement().clone()
            }
        };
        Ok(self.0.services.requirements(signer))
    }

    /// What a verifier would have to demand of this session's bundles, without asking for a
    /// certificate: the identities that one for the token may have, or the key.
    ///
    /// # Errors
    /// As [`TokenSource::token`].
    pub async fn expected(&self) -> Result<Requirements, Error> {
        let services = &self.0.services;
        let signer = match &self.0.signer {
            SignerSource::Kept { requirement, .. } => requirement.clone(),
            SignerSource::Keyless(keyless) => {
                let token = keyless.tokens.token(services).await?;
                SignerRequirement::Identity(token.expected_identities())
            }
        };
        Ok(services.requirements(signer))
    }

    /// Signs one thing.
    ///
    /// # Errors
    /// As [`TokenSource::token`], [`EphemeralKey::certify`] and [`sign`].
    pub async fn sign(&self, content: ToSign) -> Result<UnverifiedBundle, Error> {
        let signer = self.signer().await?;
        sign(content, signer.as_ref(), &self.0.services).await
    }

    /// Starts signing many things, at most `limit` at the same time. The contents are taken from
    /// the iterator as they are needed, so that memory does not grow with their number.
    ///
    /// Must be polled within a tokio runtime.
    pub fn batch<I: Iterator<Item = ToSign>>(&self, contents: I, limit: NonZeroUsize) -> Batch<I> {
        Batch {
            session: self.clone(),
            contents: contents.fuse().enumerate().peekable(),
            ready: false,
            limit: limit.get(),
            running: JoinSet::new(),
            finished: BTreeMap::new(),
            started: 0,
            delivered: 0,
            failed: false,
        }
    }

    /// Signs everything, at most `limit` at the same time; bundles in the order of the contents.
    ///
    /// # Errors
    /// [`Incomplete`]: after the first failure nothing more is started, what was started is
    /// awaited, and it names every item as done, failed or not started.
    pub async fn sign_all(
        &self,
        contents: Vec<ToSign>,
        limit: NonZeroUsize,
    ) -> Result<Vec<UnverifiedBundle>, Incomplete> {
        let total = contents.len();
        let mut batch = self.batch(contents.into_iter(), limit);
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        while let Some((index, outcome)) = batch.next().await {
            match outcome {
                Ok(bundle) => done.push((index, bundle)),
                Err(error) => failed.push((index, error)),
            }
        }
        if failed.is_empty() {
            return Ok(done.into_iter().map(|(_, bundle)| bundle).collect());
        }
        Err(Incomplete { done, failed, not_started: batch.started..total })
    }

    /// The signer for a signature made now.
    async fn signer(&self) -> Result<Arc<dyn Signer>, Error> {
        match &self.0.signer {
            SignerSource::Kept { signer, .. } => Ok(Arc::clone(signer)),
            SignerSource::Keyless(keyless) => Ok(keyless.key(&self.0.services).await?),
        }
    }
}

impl Keyless {
    /// A key whose certificate lasts for a signature: the one there is, or a new one.
    async fn key(&self, services: &Services) -> Result<Arc<CertifiedKey>, Error> {
        // Held while a certificate is asked for, so that it is asked for once.
        let mut current = self.key.lock().await;
        let lasts = |key: &&Arc<CertifiedKey>| key.remaining(services.now()) >= Session::RENEWAL;
        if let Some(key) = current.as_ref().filter(lasts) {
            return Ok(Arc::clone(key));
        }
        let token = self.tokens.token(services).await?;
        let key = EphemeralKey::generate()?.certify(&token, services).await?;
        Ok(Arc::clone(current.insert(Arc::new(key))))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("services", &self.0.services).finish_non_exhaustive()
    }
}

/// Many things being signed: gives their bundles in the order of the contents, as soon as they are
/// there. Dropping it stops what is running; entries may have been made by then.
pub struct Batch<I: Iterator<Item = ToSign>> {
    session: Session,
    contents: Peekable<Enumerate<Fuse<I>>>,
    /// Whether there was a signer.
    ready: bool,
    limit: usize,
    running: JoinSet<(usize, Outcome)>,
    finished: BTreeMap<usize, Outcome>,
    started: usize,
    delivered: usize,
    failed: bool,
}

type Outcome = Result<UnverifiedBundle, Error>;

impl<I: Iterator<Item = ToSign>> Batch<I> {
    /// The next outcome with the index of its content; `None` at the end.
    ///
    /// After an error nothing more is started; the outcomes of what was started still follow.
    /// Cancel safe: an outcome that was not returned is returned by the next call.
    pub async fn next(&mut self) -> Option<(usize, Outcome)> {
        if !self.ready && self.contents.peek().is_some() {
            // Before many tasks ask for it one after the other: its failure is one failure.
            match self.session.signer().await {
                Ok(_) => self.ready = true,
                Err(error) => return self.refuse(error),
            }
        }
        loop {
            self.start();
            if let Some(outcome) = self.finished.remove(&self.delivered) {
                self.failed |= outcome.is_err();
                let index = self.delivered;
                self.delivered += 1;
                return Some((index, outcome));
            }
            match self.running.join_next().await? {
                Ok((index, outcome)) => {
                    self.failed |= outcome.is_err();
                    self.finished.insert(index, outcome);
                }
                // Tasks are never aborted before the set is dropped, so this one panicked.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
    }

    /// How many of the contents were started: after the end, those from this index on were not.
    pub fn started(&self) -> usize {
        self.started
    }

    /// The next content fails, and nothing more is started.
    fn refuse(&mut self, error: Error) -> Option<(usize, Outcome)> {
        let (index, _) = self.contents.next()?;
        (self.ready, self.failed) = (true, true);
        (self.started, self.delivered) = (index + 1, index + 1);
        Some((index, Err(error)))
    }

    /// Starts as many as may run. A slow one holds up the delivery of those after it, so that
    /// finished ones are bounded too.
    fn start(&mut self) {
        while !self.failed
            && self.running.len() < self.limit
            && self.started - self.delivered < self.limit.saturating_mul(AHEAD)
        {
            let Some((index, content)) = self.contents.next() else { return };
            let session = self.session.clone();
            self.running.spawn(async move { (index, session.sign(content).await) });
            self.started += 1;
        }
    }
}

impl<I: Iterator<Item = ToSign>> fmt::Debug for Batch<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("started", &self.started)
            .field("delivered", &self.delivered)
            .finish_non_exhaustive()
    }
}

/// Some of many things could not be signed.
#[derive(Debug)]
pub struct Incomplete {
    /// What was signed, with its index, in order.
    pub done: Vec<(usize, UnverifiedBundle)>,
    /// What failed, with its index, in order. Never empty.
    pub failed: Vec<(usize, Error)>,
    /// What was not started.
    pub not_started: Range<usize>,
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, failed, not_started) =
            (self.done.len(), self.failed.len(), self.not_started.len());
        write!(f, "{done} signed, {failed} failed, {not_started} not started")?;
        match self.failed.first() {
            Some((index, error)) => write!(f, "; number {}: {error}", index + 1),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Incomplete {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.failed.first().and_then(|(_, error)| error.source())
    }
}

/// Finished outcomes that may wait for an earlier one, as a multiple of those running.
const AHEAD: usize = 4;
