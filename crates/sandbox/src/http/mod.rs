//! Serving: listening, misbehaving on the way, and running services away from the reactor.

mod faults;
mod listen;

use axum::http::{HeaderMap, header};

use crate::Error;

pub(crate) use faults::misbehaving;
pub(crate) use listen::{Listeners, listen};

/// Runs a service's work, which computes and may wait for the disk, on a thread for that.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Ended)
}

/// The token of `Authorization: Bearer ...` (RFC 6750 section 2.1; the scheme in any case).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The largest request that is read: Fulcio's and Rekor's own bound.
pub(crate) const MAX_BODY: usize = 4 << 20;
