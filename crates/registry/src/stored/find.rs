use std::collections::BTreeSet;
use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::image::ImageName;

use super::read::{self, Listed};
use super::{Attached, Store, Unread, Wanted};
use crate::Action;
use crate::documents::{Descriptor, OCI_INDEX, parse_referrers};
use crate::error::{Error, Limit};
use crate::registry::{Shared, together};
use crate::transport::{Call, Target};

/// Everything that is stored about a digest. The places are asked at the same time, then what
/// they name is read at the same time.
pub(crate) async fn find(
    shared: &Arc<Shared>,
    name: &ImageName,
    digest: &ArtifactDigest,
    wanted: Wanted,
) -> Result<Attached, Error> {
    let at = shared.stored_at(name);
    let about = format!("{name}@{digest}");
    let stores = stores(shared, digest, wanted);
    let asked = stores.iter().cloned().map(|store| {
        let (shared, at, digest) = (Arc::clone(shared), at.clone(), digest.clone());
        async move { ask(&shared, &at, &digest, &store).await }
    });
    let mut listed = Vec::new();
    let mut unread = Vec::new();
    for answer in together(asked).await {
        let answer = answer?;
        listed.extend(answer.listed);
        unread.extend(answer.unread);
    }
    let listed = each_once(listed);
    let allowed = shared.limits().items;
    if listed.len() + unread.len() > allowed {
        return Err(too_many(&about, allowed));
    }
    let image = read::Image { at: &at, digest, about: &about };
    let items = read::all(shared, &image, listed, wanted, &mut unread).await?;
    Ok(Attached { items, unread, looked_in: stores })
}

/// What several places have. Only what they say alike is the same: none hides what another has.
fn each_once(listed: Vec<Listed>) -> Vec<Listed> {
    let read = |it: &Listed| match it {
        Listed::Read { digest, .. } => Some(digest.clone()),
        Listed::Named { .. } => None,
    };
    // A manifest under one of cosign's tags is about the image even if it does not say so.
    let under_tags: BTreeSet<_> = listed.iter().filter_map(read).collect();
    let mut known = BTreeSet::new();
    let mut is_new = |it: &Listed| match it {
        Listed::Read { .. } => true,
        Listed::Named { descriptor: Descriptor { digest, media_type, size, .. }, .. } => {
            !under_tags.contains(digest)
                && known.insert((digest.clone(), media_type.clone(), *size))
        }
    };
    listed.into_iter().filter(|it| is_new(it)).collect()
}

/// Where is looked for what is wanted.
fn stores(shared: &Shared, digest: &ArtifactDigest, wanted: Wanted) -> Vec<Store> {
    let mut stores = vec![Store::Referrers, Store::FallbackTag(fallback_tag(digest))];
    let tag = |suffix: &str| shared.cosign_tag(digest, suffix);
    if wanted != Wanted::Attestations {
        stores.push(Store::SignatureTag(tag("sig")));
    }
    if wanted != Wanted::Signatures {
        stores.push(Store::AttestationTag(tag("att")));
    }
    if matches!(wanted, Wanted::Everything | Wanted::Listing) {
        stores.push(Store::SbomTag(tag("sbom")));
    }
    // Nothing can be under a tag that is too long to be one: cosign's of a SHA-512 are.
    stores.retain(|store| store.tag().is_none_or(|tag| tag.len() <= LONGEST_TAG));
    stores
}

#[derive(Default)]
struct Answer {
    listed: Vec<Listed>,
    unread: Vec<Unread>,
}

/// What one place has. `Ok` with nothing only where the registry says that there is nothing.
async fn ask(
    shared: &Shared,
    at: &ImageName,
    digest: &ArtifactDigest,
    store: &Store,
) -> Result<Answer, Error> {
    let found = match store.tag() {
        None => referrers(shared, at, digest).await,
        Some(tag) => shared.manifest_of_tag(at, tag).await.and_then(|manifest| {
            if !matches!(store, Store::FallbackTag(_)) {
                let (store, media_type) = (store.clone(), manifest.media_type.clone());
                let (digest, bytes) = (manifest.digest, manifest.bytes);
                let listed = vec![Listed::Read { store, digest, media_type, bytes }];
                return Ok(Answer { listed, unread: Vec::new() });
            }
            let what = format!("tag {tag} of {at}");
            if manifest.media_type != OCI_INDEX {
                let (found, wanted) = (manifest.media_type, OCI_INDEX.to_owned());
                return Err(Error::OtherMediaType { what, found, wanted });
            }
            let mut answer = Answer::default();
            answer.take(&what, store, &manifest.bytes, shared.limits().items)?;
            Ok(answer)
        }),
    };
    match found {
        // Without such a route, a registry has no such API (distribution spec, "Unavailable Referrers
        // API"); without such a tag, nothing was stored there.
        Err(Error::NotFound { .. }) => Ok(Answer::default()),
        // What registries without it say, too (go-containerregistry takes the same for that).
        Err(Error::Status { status: 400 | 405 | 406 | 501, .. }) if *store == Store::Referrers => {
            Ok(Answer::default())
        }
        // A repository for signatures that nobody has written to yet.
        Err(Error::RepositoryUnknown { .. }) if shared.has_own_store() => Ok(Answer::default()),
        other => other,
    }
}

/// All pages of the referrers API.
async fn referrers(
    shared: &Shared,
    at: &ImageName,
    digest: &ArtifactDigest,
) -> Result<Answer, Error> {
    let what = format!("the referrers of {digest} in {at}");
    let limits = shared.limits();
    let mut answer = Answer::default();
    let mut target = Target::Path(format!("referrers/{digest}"));
    for _ in 0..limits.pages {
        let call = Call {
            limit: (Limit::ManifestBytes, limits.manifest_bytes),
            accept: OCI_INDEX,
            target,
            ..shared.call(at, Action::Pull, what.clone())
        };
        let page = shared.transport.send(&call).await?;
        match page.content_type() {
            Some(OCI_INDEX) => {}
            other => {
                let found = other.unwrap_or_default().to_owned();
                return Err(Error::OtherMediaType { what, found, wanted: OCI_INDEX.to_owned() });
            }
        }
        answer.take(&what, &Store::Referrers, &page.body, limits.items)?;
        if answer.listed.len() + answer.unread.len() > limits.items {
            let (limit, allowed) = (Limit::Items, limits.items as u64);
            return Err(Error::LimitReached { what, limit, allowed });
        }
        match page.next_page(&what)? {
            Some(url) => target = Target::Url(url),
            None => {
                // Registries give them in any order, and some in another one each time.
                answer.listed.sort_by(|left, right| left.digest().cmp(right.digest()));
                return Ok(answer);
            }
        }
    }
    Err(Error::LimitReached { what, limit: Limit::Pages, allowed: limits.pages as u64 })
}

impl Answer {
    fn take(&mut self, what: &str, store: &Store, bytes: &[u8], most: usize) -> Result<(), Error> {
        for entry in parse_referrers(what, bytes, most)?.manifests {
            match entry {
                Ok(descriptor) => {
                    self.listed.push(Listed::Named { store: store.clone(), descriptor });
                }
                Err(error) => {
                    self.unread.push(Unread { store: store.clone(), manifest: None, error });
                }
            }
        }
        Ok(())
    }
}

impl Listed {
    fn digest(&self) -> &ArtifactDigest {
        match self {
            Listed::Named { descriptor: Descriptor { digest, .. }, .. }
            | Listed::Read { digest, .. } => digest,
        }
    }
}

/// Distribution spec, "Referrers tag schema": the algorithm, a hyphen and at most 64 characters of the
/// digest.
pub(crate) fn fallback_tag(digest: &ArtifactDigest) -> String {
    let hex = digest.hex();
    let end = hex.len().min(64);
    format!("{}-{}", digest.algorithm(), &hex[..end])
}

fn too_many(about: &str, allowed: usize) -> Error {
    let what = format!("what is stored about {about}");
    Error::LimitReached { what, limit: Limit::Items, allowed: allowed as u64 }
}

/// Distribution spec, "Pulling manifests".
const LONGEST_TAG: usize = 128;
