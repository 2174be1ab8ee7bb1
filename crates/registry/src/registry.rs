use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::image::{ImageName, ImageReference};
use reqwest::Method;
use tokio::task::JoinSet;

use crate::documents::{Descriptor, parse};
use crate::error::{Action, Error, Limit};
use crate::transport::{Answer, Call, Target, Transport};
use crate::{
    Attached, Item, Limits, Options, Platforms, Pulled, Resolved, Stored, ToAttach, Wanted, pull,
    stored,
};

/// Registries, as one run reaches them. It keeps connections, logins and tokens; clones share them.
#[derive(Clone)]
pub struct Registry(Arc<Shared>);

/// What was asked for so far, whatever became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// HTTP requests sent, those for tokens, redirects and further attempts included.
    pub requests: u64,
    /// Bytes of bodies received, except of tokens and errors.
    pub bytes: u64,
}

impl Registry {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::Certificate`]
    pub fn new(options: Options) -> Result<Self, Error> {
        Ok(Registry(Arc::new(Shared {
            transport: Transport::new(options)?,
            turns: Mutex::default(),
        })))
    }

    /// Reads what a reference leads to, once: its manifest or index, checked against its
    /// digest, the one that the registry states, and the one in the reference.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::RepositoryUnknown`] where the registry says so;
    /// [`Error::OtherDigest`], [`Error::OtherMediaType`], [`Error::UnknownMediaType`],
    /// [`Error::ForeignField`], [`Error::Malformed`] for what it is; and what can happen to every
    /// request: [`Error::Unauthorized`], [`Error::Forbidden`], [`Error::Throttled`],
    /// [`Error::Status`], [`Error::Unreachable`], [`Error::Untrusted`], [`Error::Deadline`],
    /// [`Error::LimitReached`], [`Error::Redirect`], and those about credentials.
    pub async fn resolve(&self, reference: &ImageReference) -> Result<Resolved, Error> {
        self.0.in_time(&reference.to_string(), self.0.resolve(reference)).await
    }

    /// Reads a child of an index, or anything else that a descriptor in the image's repository names,
    /// by its digest.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), and [`Error::OtherSize`].
    pub async fn child(&self, image: &Resolved, child: &Descriptor) -> Result<Resolved, Error> {
        let name = image.reference().name.clone();
        let reference = ImageReference::pinned(name, child.digest.clone());
        let read = async {
            let bytes = self.0.manifest_of(&reference.name, child).await?;
            let what = format!("manifest {} of {}", child.digest, reference.name);
            let (media_type, document) = parse(&what, Some(&child.media_type), &bytes)?;
            Ok(Resolved::new(&reference, child.digest.clone(), media_type, bytes, document))
        };
        self.0.in_time(&reference.to_string(), read).await
    }

    /// Finds everything that is stored about the image, in every layout, and reads what is wanted.
    ///
    /// `Ok` means that every place was asked and answered: nothing found is nothing there. What was
    /// found and could not be read is in [`Attached::unread`].
    ///
    /// # Errors
    /// What can happen to a request, as with [`resolve`](Self::resolve), for a list;
    /// [`Error::LimitReached`].
    pub async fn attached(&self, image: &Resolved, wanted: Wanted) -> Result<Attached, Error> {
        let what = format!("what is stored about {}", image.reference());
        let name = &image.reference().name;
        self.0.in_time(&what, stored::find(&self.0, name, image.digest(), wanted)).await
    }

    /// [`resolve`](Self::resolve) and [`attached`](Self::attached) in one, and at the same time where
    /// the reference has a digest: it then takes as long as three requests, and four otherwise.
    ///
    /// # Errors
    /// As those two; that of the first if both fail.
    pub async fn resolve_attached(
        &self,
        reference: &ImageReference,
        wanted: Wanted,
    ) -> Result<(Resolved, Attached), Error> {
        let Some(digest) = &reference.digest else {
            let image = self.resolve(reference).await?;
            let attached = self.attached(&image, wanted).await?;
            return Ok((image, attached));
        };
        let both = async {
            let find = stored::find(&self.0, &reference.name, digest, wanted);
            let (image, attached) = tokio::join!(self.0.resolve(reference), find);
            Ok((image?, attached?))
        };
        self.0.in_time(&reference.to_string(), both).await
    }

    /// Stores something about the image, in its own repository or the one for signatures, and lists it
    /// where the registry does not by itself. What is there already is not stored twice.
    ///
    /// # Errors
    /// What can happen to a request, as with [`resolve`](Self::resolve); [`Error::LostUpdate`]; for a
    /// tag under which there is something else, what reading it says: it is not written over.
    pub async fn attach(&self, image: &Resolved, document: &ToAttach) -> Result<Stored, Error> {
        let what = format!("storing something about {}", image.reference());
        self.0.in_time(&what, stored::attach(&self.0, image, document)).await
    }

    /// Removes what [`attached`](Self::attached) found about the image. `Ok` means that it is listed
    /// nowhere any more; what is gone already is no error.
    ///
    /// # Errors
    /// As [`attach`](Self::attach). Registries may refuse to delete ([`Error::Status`] 405).
    pub async fn remove(&self, image: &Resolved, items: &[Item]) -> Result<(), Error> {
        let what = format!("removing something about {}", image.reference());
        self.0.in_time(&what, stored::remove(&self.0, image, items)).await
    }

    /// Pulls the image, or the wanted children of the index, into a folder with an OCI layout.
    ///
    /// Each blob is had once and written while it is digested; several at the same time. They are kept
    /// in `cache`, which is made if it is not there, is for its owner only, and can be shared by processes.
    /// What a layout has is its digest's when it is downloaded; whoever reads it checks it again.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), and [`Error::OtherSize`], [`Error::NoSuchPlatform`],
    /// [`Error::Cache`].
    pub async fn pull(
        &self,
        image: &Resolved,
        platforms: &Platforms,
        cache: &Path,
    ) -> Result<Pulled, Error> {
        let what = format!("pulling {}", image.reference());
        self.0.in_time(&what, pull::pull(&self.0, image, platforms, cache)).await
    }

    /// What was asked for so far.
    pub fn traffic(&self) -> Traffic {
        self.0.transport.traffic()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("options", self.0.transport.options()).finish()
    }
}

/// What all clones of a [`Registry`] share, and the requests that several of its parts make.
pub(crate) struct Shared {
    pub(crate) transport: Transport,
    /// Of those who write the same tag.
    turns: Mutex<HashMap<String, Turns>>,
}

type Turns = Arc<tokio::sync::Mutex<()>>;

/// A manifest that was read, and is what its digest says.
pub(crate) struct ReadManifest {
    pub(crate) digest: ArtifactDigest,
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
}

impl Shared {
    pub(crate) fn limits(&self) -> &Limits {
        &self.transport.options().limits
    }

    /// Where what is about the image is stored.
    pub(crate) fn stored_at(&self, image: &ImageName) -> ImageName {
        let own = &self.transport.options().signatures_in;
        own.clone().unwrap_or_else(|| image.clone())
    }

    /// Whether signatures have a repository of their own.
    pub(crate) fn has_own_store(&self) -> bool {
        self.transport.options().signatures_in.is_some()
    }

    /// cosign's tags (cosign `pkg/oci/remote/remote.go`).
    pub(crate) fn cosign_tag(&self, digest: &ArtifactDigest, suffix: &str) -> String {
        let prefix = self.transport.options().tag_prefix.as_deref().unwrap_or_default();
        format!("{prefix}{}-{}.{suffix}", digest.algorithm(), digest.hex())
    }

    /// What writers of a tag wait for.
    pub(crate) fn turns(&self, at: &ImageName, tag: &str) -> Turns {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody waits for one that only this map has.
        turns.retain(|_, one| Arc::strong_count(one) > 1);
        Arc::clone(turns.entry(format!("{at}:{tag}")).or_default())
    }

    pub(crate) async fn in_time<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let after = self.transport.options().timeout;
        let late = || Error::Deadline { what: what.to_owned(), after };
        tokio::time::timeout(after, work).await.unwrap_or_else(|_| Err(late()))
    }

    /// A GET, of which the caller says what.
    pub(crate) fn call(&self, at: &ImageName, action: Action, what: String) -> Call {
        Call {
            at: at.clone(),
            action,
            method: Method::GET,
            target: Target::Path(String::new()),
            accept: "*/*",
            body: None,
            limit: (Limit::AnswerBytes, LARGEST_ANSWER),
            what,
        }
    }

    async fn resolve(&self, reference: &ImageReference) -> Result<Resolved, Error> {
        let at = &reference.name;
        let read = match (&reference.digest, reference.tag_to_resolve()) {
            (Some(digest), _) => self.manifest(at, &digest.to_string(), Some(digest)).await?,
            (None, tag) => self.manifest_of_tag(at, tag.unwrap_or_default()).await?,
        };
        let what = format!("manifest {} of {at}", read.digest);
        let (media_type, document) = parse(&what, Some(&read.media_type), &read.bytes)?;
        Ok(Resolved::new(reference, read.digest, media_type, read.bytes, document))
    }

    pub(crate) async fn manifest_of_tag(
        &self,
        at: &ImageName,
        tag: &str,
    ) -> Result<ReadManifest, Error> {
        self.manifest(at, tag, None).await
    }

    /// The bytes of a manifest that a descriptor names, which are as many as it says.
    pub(crate) async fn manifest_of(
        &self,
        at: &ImageName,
        descriptor: &Descriptor,
    ) -> Result<Vec<u8>, Error> {
        let digest = &descriptor.digest;
        let read = self.manifest(at, &digest.to_string(), Some(digest)).await?;
        let (found, wanted) = (read.bytes.len() as u64, descriptor.size);
        if found != wanted {
            let what = format!("manifest {digest} of {at}");
            return Err(Error::OtherSize { what, found, wanted });
        }
        if !read.media_type.is_empty() && read.media_type != descriptor.media_type {
            let what = format!("manifest {digest} of {at}");
            let (found, wanted) = (read.media_type, descriptor.media_type.clone());
            return Err(Error::OtherMediaType { what, found, wanted });
        }
        Ok(read.bytes)
    }

    /// Distribution spec, "Pulling manifests".
    async fn manifest(
        &self,
        at: &ImageName,
        name: &str,
        wanted: Option<&ArtifactDigest>,
    ) -> Result<ReadManifest, Error> {
        let what = format!("manifest {name} of {at}");
        let call = Call {
            target: Target::Path(format!("manifests/{name}")),
            accept: MANIFESTS,
            limit: (Limit::ManifestBytes, self.limits().manifest_bytes),
            ..self.call(at, Action::Pull, what.clone())
        };
        let answer = self.transport.send(&call).await?;
        let stated = stated_digest(&what, &answer)?;
        let digest = match (wanted, &stated) {
            (Some(wanted), _) => wanted.algorithm().digest(&answer.body),
            (None, _) => ArtifactDigest::sha256(&answer.body),
        };
        for wanted in wanted.into_iter().chain(&stated) {
            let found = wanted.algorithm().digest(&answer.body);
            if found != *wanted {
                return Err(Error::OtherDigest { what, found, wanted: wanted.clone() });
            }
        }
        let media_type = answer.content_type().unwrap_or_default().to_owned();
        Ok(ReadManifest { digest, media_type, bytes: answer.body })
    }

    /// A document of a size that its descriptor says: distribution spec, "Pulling blobs".
    pub(crate) async fn document(
        &self,
        at: &ImageName,
        digest: &ArtifactDigest,
        size: u64,
    ) -> Result<Vec<u8>, Error> {
        let what = format!("document {digest} of {at}");
        let allowed = self.limits().document_bytes;
        if size > allowed {
            return Err(Error::LimitReached { what, limit: Limit::DocumentBytes, allowed });
        }
        let call = Call {
            target: Target::Path(format!("blobs/{digest}")),
            limit: (Limit::DocumentBytes, size),
            ..self.call(at, Action::Pull, what.clone())
        };
        let answer = match self.transport.send(&call).await {
            Err(Error::LimitReached { limit: Limit::DocumentBytes, .. }) => {
                let found = size.saturating_add(1);
                return Err(Error::OtherSize { what, found, wanted: size });
            }
            other => other?,
        };
        let found = answer.body.len() as u64;
        if found != size {
            return Err(Error::OtherSize { what, found, wanted: size });
        }
        let found = digest.algorithm().digest(&answer.body);
        if found != *digest {
            return Err(Error::OtherDigest { what, found, wanted: digest.clone() });
        }
        Ok(answer.body)
    }
}

/// Runs all at the same time, as far as the limit of requests lets them, and gives their results in
/// order. All end when this is dropped.
pub(crate) async fn together<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut running = JoinSet::new();
    for (place, task) in tasks.into_iter().enumerate() {
        running.spawn(async move { (place, task.await) });
    }
    let mut done = Vec::with_capacity(running.len());
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(result) => done.push(result),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What the registry says that the digest is (distribution spec, `Docker-Content-Digest`).
fn stated_digest(what: &str, answer: &Answer) -> Result<Option<ArtifactDigest>, Error> {
    let Some(text) = answer.header("docker-content-digest") else { return Ok(None) };
    let malformed = |source| Error::Malformed { what: what.to_owned(), source };
    text.parse().map(Some).map_err(malformed)
}

/// What is read of answers that have nothing to say.
const LARGEST_ANSWER: u64 = 64 << 10;

const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json";
