//! A TUF repository that serves the trusted root and the signing config, as the public instance
//! does: <https://theupdateframework.github.io/specification/latest/>, consistent snapshots.
//!
//! One P-256 key at a time holds all four roles. Versions only grow: with a state folder they are
//! kept, because clients cache what they saw under a URL and refuse to go back.

mod canonical;
mod metadata;
mod routes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::Error;
use crate::keys::{Curve, EcdsaKey};
use crate::misbehaviour::{Behaviour, Service};
use crate::state::{Journal, Store};
use crate::trust::{Lifetime, TrustConfig};
use metadata::{Role, Target};

pub(crate) use routes::routes;

/// The repository.
#[derive(Debug)]
pub(crate) struct Repository {
    store: Store,
    targets: Vec<Target>,
    lifetime: Lifetime,
    behaviour: Arc<Behaviour>,
    published: Mutex<Published>,
}

/// What is served now.
#[derive(Debug)]
struct Published {
    /// Signed roots, version 1 first; the newest names `key`.
    roots: Vec<Vec<u8>>,
    key: EcdsaKey,
    /// Of snapshot, targets and timestamp.
    version: usize,
    root_journal: Journal,
    /// One line for each version that was ever published.
    version_journal: Journal,
}

impl Repository {
    /// Publishes the trust config under the next version.
    pub(crate) fn open(
        store: &Store,
        config: &TrustConfig,
        lifetime: Lifetime,
        behaviour: Arc<Behaviour>,
    ) -> Result<Self, Error> {
        let (root_journal, roots) = store.journal(ROOTS)?;
        let (version_journal, versions) = store.journal("tuf-versions.log")?;
        let newest = roots.len().max(1);
        let mut published = Published {
            key: role_key(store, newest)?,
            roots,
            version: versions.len(),
            root_journal,
            version_journal,
        };
        if published.roots.is_empty() {
            let root = metadata::root(1, &[&published.key], lifetime.certificates_until())?;
            published.add_root(root)?;
        }
        published.bump()?;
        let targets = vec![
            Target::new("trusted_root.json", &config.trusted_root),
            Target::new("signing_config.v0.2.json", &config.signing_config),
        ];
        let published = Mutex::new(published);
        Ok(Repository { store: store.clone(), targets, lifetime, behaviour, published })
    }

    /// The newest root: what a client is given to start with.
    pub(crate) fn root(&self) -> Vec<u8> {
        self.published().roots.last().cloned().unwrap_or_default()
    }

    /// Replaces the key by a new one: publishes the next root, signed by both, and everything
    /// else under the next version, signed by the new one.
    pub(crate) fn rotate(&self) -> Result<(), Error> {
        let mut published = self.published();
        let next = published.roots.len() + 1;
        let key = role_key(&self.store, next)?;
        let keys = [&key, &published.key];
        let root = metadata::root(next, &keys, self.lifetime.certificates_until())?;
        published.add_root(root)?;
        published.key = key;
        published.bump()
    }

    /// The file of a path; `None` when there is none.
    fn file(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        if let Some(name) = path.strip_prefix("targets/") {
            let target = self.targets.iter().find(|target| target.path() == name);
            return Ok(target.map(|target| target.bytes.clone()));
        }
        let published = self.published();
        let Published { key, version, .. } = &*published;
        let expires = self.lifetime.certificates_until();
        let signed = |role, targets, expires| {
            metadata::sign(role, *version, targets, key, expires).map(Some)
        };
        match path.split_once('.') {
            Some(("root", "json")) => Ok(published.roots.last().cloned()),
            Some(("timestamp", "json")) => signed(Role::Timestamp, &[], self.timestamp_expiry()),
            Some((number, name)) => match (version_number(number), name) {
                (Some(number), "root.json") => Ok(published.roots.get(number - 1).cloned()),
                (Some(number), "snapshot.json") if number == *version => {
                    signed(Role::Snapshot, &[], expires)
                }
                (Some(number), "targets.json") if number == *version => {
                    signed(Role::Targets, self.targets.as_slice(), expires)
                }
                _ => Ok(None),
            },
            None => Ok(None),
        }
    }

    /// The timestamp is signed when it is asked for, so that it is fresh by the repository's clock.
    fn timestamp_expiry(&self) -> Timestamp {
        let now = self.behaviour.now(Service::Tuf);
        now.checked_add(TIMESTAMP_LIFETIME).unwrap_or(now)
    }

    fn published(&self) -> MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Published {
    fn add_root(&mut self, root: Vec<u8>) -> Result<(), Error> {
        self.root_journal.append(&root)?;
        self.roots.push(root);
        Ok(())
    }

    fn bump(&mut self) -> Result<(), Error> {
        self.version_journal.append(b"{}")?;
        self.version += 1;
        Ok(())
    }
}

/// The key of all roles under the root of this version.
fn role_key(store: &Store, root_version: usize) -> Result<EcdsaKey, Error> {
    EcdsaKey::load(store, &format!("tuf-{root_version}"), Curve::P256)
}

/// A positive number without leading zeros: file names have one spelling.
fn version_number(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number: &usize| *number > 0 && number.to_string() == text)
}

const ROOTS: &str = "tuf-roots.log";

/// Of the public instance.
const TIMESTAMP_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
