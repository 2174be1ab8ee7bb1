//! Trust material from a TUF repository, with a cache.
//!
//! The security is in `sigstore-tuf`: signatures to their thresholds from the bootstrap root on,
//! versions that never go down, expiry, and the hash of every target. It runs over what is
//! downloaded and over what is cached alike, so that whoever can write the cache can at most take
//! it away. This module decides when the network is used, and when the cache may stand in for it:
//!
//! - checked less than [`Repository::FRESH`] ago: no network;
//! - else a refresh; if that fails, the cache while its metadata has not expired, and
//!   [`Freshness`] says so;
//! - without a network, the newest of cache and embedded material, whatever its age;
//! - where there is no cache, that of another client may take its place in the last two.

mod cache;
mod fetch;

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

pub use cache::Cache;

use self::cache::Folder;
use self::fetch::Found;
use crate::{Error, Instance, Origin, TrustMaterial};

/// A TUF repository that has trust material among its targets.
#[derive(Clone)]
pub struct Repository {
    url: String,
    root: Cow<'static, [u8]>,
    embedded: Option<Instance>,
    other: Option<PathBuf>,
}

/// When the network may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Never: no socket is opened.
    Offline,
    /// When the last check is [`Repository::FRESH`] ago, or there was none.
    WhenStale,
    /// In any case.
    Now,
}

/// When trust material was checked with its repository.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// The repository.
    pub url: String,
    /// When the repository last said that this is the newest it has.
    pub at: Timestamp,
    /// When what it said expires.
    pub expires: Timestamp,
    /// The version of the TUF root that it said it under.
    pub root_version: u64,
    /// Whether it said so just now.
    pub freshness: Freshness,
    /// Why the cache could not be written, where it could not: the next run asks again.
    pub cache_fault: Option<String>,
    /// The folder of another client from which this is, where it is.
    pub other: Option<PathBuf>,
}

/// Whether the repository was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Freshness {
    /// Just now.
    Refreshed,
    /// No: the cache is young enough, or nothing else was allowed.
    Cached,
    /// Just now, in vain; the cache has not expired.
    RefreshFailed {
        /// Why in vain.
        reason: String,
    },
}

impl Repository {
    /// How long the repository is not asked again.
    pub const FRESH: SignedDuration = SignedDuration::from_hours(24);

    /// The repository of an instance, with the embedded TUF root.
    pub fn of(instance: Instance) -> Self {
        Repository {
            url: instance.repository_url().to_owned(),
            root: Cow::Borrowed(instance.repository_root()),
            embedded: Some(instance),
            other: None,
        }
    }

    /// Another repository, or a mirror of one, with the TUF root that its trust begins with.
    ///
    /// # Errors
    /// [`Error::Address`] when it is not an http(s) URL; [`Error::Bootstrap`] when the root is not
    /// TUF root metadata signed by its own keys.
    pub fn custom(url: &str, root: &[u8]) -> Result<Self, Error> {
        let url = url.trim_end_matches('/').to_owned();
        fetch::check_address(&url)?;
        let repository =
            Repository { url, root: Cow::Owned(root.to_owned()), embedded: None, other: None };
        fetch::check_root(&repository)?;
        Ok(repository)
    }

    /// Also looks into the folder in which sigstore-go, and so cosign, keeps what repositories say
    /// (`~/.sigstore/root`). It is only read, is verified like a cache of this crate's, and stands in
    /// where there is none: without a network, and when a refresh fails and it has not expired.
    pub fn with_sigstore_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.other = Some(folder.into());
        self
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Gets the repository's trusted root, and its signing config where it has one, by the rules
    /// of this module. Without a cache the repository is asked each time.
    ///
    /// Several processes may do this with one cache at the same time: one refreshes for all. A
    /// cache that cannot be written is no error but a [`Checked::cache_fault`].
    ///
    /// # Errors
    /// [`Error::Refresh`]; [`Error::NothingCached`] and [`Error::Document`] without a network.
    pub async fn obtain(
        &self,
        cache: Option<&Cache>,
        network: Network,
        now: Timestamp,
    ) -> Result<TrustMaterial, Error> {
        let folder = cache.map(|cache| cache.folder_of(&self.url));
        if network == Network::Offline {
            return self.offline(folder.as_ref(), now).await;
        }
        // Held until the end, so that one process refreshes and the others find its outcome.
        let (_lock, cached) = match &folder {
            Some(folder) => (folder.lock().await, fetch::from_cache(self, folder, now).await),
            None => (None, None),
        };
        if let Some(found) = cached.as_ref().filter(|found| found.is_fresh(now))
            && network == Network::WhenStale
        {
            return Ok(self.material(found, Freshness::Cached, None));
        }
        match fetch::refresh(self, folder.as_ref(), now).await {
            Ok((found, cache_fault)) => {
                Ok(self.material(&found, Freshness::Refreshed, cache_fault))
            }
            Err(error) => match self.or_other(cached, now).await {
                Some(found) if now < found.expires => {
                    let reason = with_causes(error.as_ref());
                    Ok(self.material(&found, Freshness::RefreshFailed { reason }, None))
                }
                cached => Err(Error::Refresh {
                    url: self.url.clone(),
                    cached_until: cached.map(|found| found.expires),
                    source: error,
                }),
            },
        }
    }

    async fn offline(
        &self,
        folder: Option<&Folder>,
        now: Timestamp,
    ) -> Result<TrustMaterial, Error> {
        let cached = match folder {
            Some(folder) => fetch::from_cache(self, folder, now).await,
            None => None,
        };
        self.newest(self.or_other(cached, now).await)
    }

    /// What is cached, else what another client has.
    async fn or_other(&self, cached: Option<Found>, now: Timestamp) -> Option<Found> {
        match (cached, &self.other) {
            (None, Some(folder)) => {
                let folder = Folder::of_sigstore_go(folder, &self.url);
                let found = fetch::from_cache(self, &folder, now).await?;
                Some(Found { other: Some(folder.path().to_owned()), ..found })
            }
            (cached, _) => cached,
        }
    }

    /// The newest of what is cached and what is embedded.
    fn newest(&self, cached: Option<Found>) -> Result<TrustMaterial, Error> {
        match (cached, self.embedded) {
            (Some(found), Some(instance)) if found.at < instance.as_of() => instance.material(),
            (Some(found), _) => Ok(self.material(&found, Freshness::Cached, None)),
            (None, Some(instance)) => instance.material(),
            (None, None) => Err(Error::NothingCached { url: self.url.clone() }),
        }
    }

    fn material(
        &self,
        found: &Found,
        freshness: Freshness,
        cache_fault: Option<String>,
    ) -> TrustMaterial {
        TrustMaterial {
            trusted_root: found.trusted_root.clone(),
            signing_config: found.signing_config.clone(),
            origin: Origin::Repository(Checked {
                url: self.url.clone(),
                at: found.at,
                expires: found.expires,
                root_version: found.root_version,
                freshness,
                cache_fault,
                other: found.other.clone(),
            }),
        }
    }
}

impl Found {
    fn is_fresh(&self, now: Timestamp) -> bool {
        // A check in the future was made by another clock: it says nothing about now.
        self.at <= now && now.duration_since(self.at) < Repository::FRESH && now < self.expires
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repository({})", self.url)
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_older_than_the_program_is_not_used_offline() {
        let repository = Repository::of(Instance::PublicGood);
        let as_of = Instance::PublicGood.as_of();
        let second = SignedDuration::from_secs(1);
        for (at, cached) in [(as_of - second, false), (as_of, true), (as_of + second, true)] {
            let found = Found {
                trusted_root: crate::public_good(),
                signing_config: None,
                at,
                expires: at,
                root_version: 1,
                other: None,
            };
            let origin = repository.newest(Some(found)).unwrap().origin;
            let from_cache = matches!(&origin, Origin::Repository(checked) if checked.at == at);
            assert_eq!(from_cache, cached, "{origin:?}");
            assert_eq!(origin == Origin::Embedded(Instance::PublicGood), !cached, "{origin:?}");
        }
    }
}
