//! Certificates that were verified before.
//!
//! A cache belongs to one trusted root: it lies in the [`Verifier`](crate::Verifier) of that root,
//! so that an entry is known by (certificate, root). What it holds does not depend on any time: a
//! path, the range in which all of it is valid, and the SCTs. Each proven time is compared with
//! that range, cached or not. Only what was verified is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chainsign_core::digest::ArtifactDigest;

use super::Certified;

/// Verified certificates by SHA-256.
#[derive(Default)]
pub(crate) struct CertificateCache(Mutex<HashMap<ArtifactDigest, Arc<Certified>>>);

impl CertificateCache {
    pub(crate) fn get(&self, fingerprint: &ArtifactDigest) -> Option<Arc<Certified>> {
        self.lock().get(fingerprint).cloned()
    }

    /// Keeps a certificate. When the cache is full, everything in it is forgotten first: certificates
    /// of one release come together, and of another release never again.
    pub(crate) fn keep(&self, certified: &Arc<Certified>) {
        let mut cache = self.lock();
        if cache.len() >= CAPACITY {
            cache.clear();
        }
        cache.insert(certified.fingerprint(), Arc::clone(certified));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ArtifactDigest, Arc<Certified>>> {
        // A panic elsewhere cannot leave a map of finished values half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About 13 KiB each.
const CAPACITY: usize = 1024;
