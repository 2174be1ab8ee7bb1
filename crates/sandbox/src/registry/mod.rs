//! An OCI registry (distribution spec 1.1) in memory, so that images can be signed and verified
//! without one. It asks nobody who they are. Nothing in it survives the sandbox.

mod images;
mod routes;
mod uploads;

use std::sync::{Mutex, PoisonError};

pub(crate) use routes::routes;

use crate::ReferrersApi;
use images::Repositories;
use uploads::Uploads;

/// The registry.
#[derive(Debug)]
pub(crate) struct Registry {
    referrers: ReferrersApi,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    repositories: Repositories,
    uploads: Uploads,
    /// Of all blobs, manifests and uploads.
    bytes: usize,
}

impl Registry {
    pub(crate) fn new(referrers: ReferrersApi) -> Self {
        Registry { referrers, inner: Mutex::default() }
    }

    /// No work is done under this lock but on memory.
    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    /// Takes bytes into account, if there is room for them.
    fn has_room_for(&mut self, bytes: usize) -> bool {
        let all = self.bytes.saturating_add(bytes);
        let fits = all <= MOST_BYTES;
        if fits {
            self.bytes = all;
        }
        fits
    }
}

/// One blob, as large as the layers that people try things out with.
pub(crate) const MAX_BLOB: usize = 512 << 20;

/// In memory, all together.
const MOST_BYTES: usize = 2 << 30;

/// What registries take at most (distribution spec, "Pushing Manifests").
const MAX_MANIFEST: usize = 4 << 20;

/// Referrers on one page: few, so that clients turn pages.
const PAGE: usize = 20;
