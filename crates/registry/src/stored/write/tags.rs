use std::time::Duration;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::image::ImageName;

use super::blobs;
use super::documents::{ReferrersList, Tagged};
use crate::registry::Shared;
use crate::{Descriptor, Error};

/// Reads what is under a tag, changes it, writes it and reads it back, until it is there.
///
/// `change` gets `None` where nothing is there, and gives `None` to leave it at that. It must change
/// nothing where its work is done. Gives the digest of what is there in the end.
pub(super) async fn change<T: Tagged>(
    shared: &Shared,
    at: &ImageName,
    tag: &str,
    change: impl Fn(Option<T>) -> Result<Option<T>, Error>,
) -> Result<Option<ArtifactDigest>, Error> {
    let what = format!("tag {tag} of {at}");
    let turns = shared.turns(at, tag);
    let _turn = turns.lock().await;
    for attempt in 1..=ATTEMPTS {
        let there = match shared.manifest_of_tag(at, tag).await {
            Ok(there) => Some(there),
            // A repository is there once something was written to it.
            Err(Error::NotFound { .. } | Error::RepositoryUnknown { .. }) => None,
            Err(error) => return Err(error),
        };
        let before = there.as_ref().map(|it| T::read(&what, &it.bytes)).transpose()?;
        let same = before.as_ref().map(T::write).transpose()?;
        let Some(after) = change(before)? else { return Ok(None) };
        let bytes = after.write()?;
        if let (Some(there), true) = (there, same.as_ref() == Some(&bytes)) {
            return Ok(Some(there.digest));
        }
        if let Some(config) = after.config()? {
            let digest = ArtifactDigest::sha256(&config);
            blobs::push(shared, at, &config, &digest).await?;
        }
        blobs::put_manifest(shared, at, tag, T::MEDIA_TYPE, &bytes).await?;
        // Who read it before that is given the time to write.
        tokio::time::sleep(PAUSE * attempt).await;
    }
    Err(Error::LostUpdate { what, attempts: ATTEMPTS })
}

/// Lists a referrer under the tag that stands in for the referrers API (distribution spec, "Pushing
/// Manifests with Subject").
pub(super) async fn list(
    shared: &Shared,
    at: &ImageName,
    tag: &str,
    entry: &Descriptor,
) -> Result<(), Error> {
    let with = |before: Option<ReferrersList>| {
        let mut list = before.unwrap_or_default();
        list.add(entry)?;
        Ok(Some(list))
    };
    change(shared, at, tag, with).await.map(drop)
}

/// Takes a referrer out of that list, where there is one.
pub(super) async fn unlist(
    shared: &Shared,
    at: &ImageName,
    tag: &str,
    manifest: &ArtifactDigest,
) -> Result<(), Error> {
    let without = |before: Option<ReferrersList>| {
        let Some(mut list) = before else { return Ok(None) };
        list.manifests.retain(|entry| !entry.is_digest(manifest));
        Ok(Some(list))
    };
    change(shared, at, tag, without).await.map(drop)
}

/// The last one only reads back.
const ATTEMPTS: u32 = 6;

/// Most registries answer sooner.
const PAUSE: Duration = Duration::from_millis(50);
