use std::collections::BTreeMap;
use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::image::ImageName;
use reqwest::Method;

use crate::registry::Shared;
use crate::transport::{Answer, Body, Call, Target};
use crate::{Action, Descriptor, Error};

/// A blob with its descriptor.
pub(super) struct Layer<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) descriptor: Descriptor,
}

pub(super) fn layer<'a>(
    media_type: &str,
    bytes: &'a [u8],
    annotations: BTreeMap<String, String>,
) -> Layer<'a> {
    let descriptor = Descriptor {
        media_type: media_type.to_owned(),
        digest: ArtifactDigest::sha256(bytes),
        size: bytes.len() as u64,
        artifact_type: None,
        platform: None,
        annotations,
    };
    Layer { bytes, descriptor }
}

/// Uploads a blob, unless it is there (distribution spec, "POST then PUT").
pub(super) async fn push(
    shared: &Shared,
    at: &ImageName,
    bytes: &[u8],
    digest: &ArtifactDigest,
) -> Result<(), Error> {
    let what = format!("document {digest} of {at}");
    let there = Call {
        method: Method::HEAD,
        target: Target::Path(format!("blobs/{digest}")),
        // For what follows, too: one token does for all.
        ..shared.call(at, Action::Push, what.clone())
    };
    match shared.transport.send(&there).await {
        Ok(_) => return Ok(()),
        Err(Error::NotFound { .. } | Error::RepositoryUnknown { .. }) => {}
        Err(error) => return Err(error),
    }
    let start = Call {
        method: Method::POST,
        target: Target::Path("blobs/uploads/".to_owned()),
        body: Some(Body { content_type: OCTETS.to_owned(), bytes: Arc::new([]) }),
        ..shared.call(at, Action::Push, what.clone())
    };
    let started = shared.transport.send(&start).await?;
    let mut url = started.location(&what)?;
    url.query_pairs_mut().append_pair("digest", &digest.to_string());
    let whole = Call {
        method: Method::PUT,
        target: Target::Url(url),
        body: Some(Body { content_type: OCTETS.to_owned(), bytes: bytes.into() }),
        ..shared.call(at, Action::Push, what)
    };
    shared.transport.send(&whole).await.map(drop)
}

/// Distribution spec, "Pushing Manifests". `name` is a tag or the digest.
pub(super) async fn put_manifest(
    shared: &Shared,
    at: &ImageName,
    name: &str,
    media_type: &str,
    bytes: &[u8],
) -> Result<Answer, Error> {
    let call = Call {
        method: Method::PUT,
        target: Target::Path(format!("manifests/{name}")),
        body: Some(Body { content_type: media_type.to_owned(), bytes: bytes.into() }),
        ..shared.call(at, Action::Push, format!("manifest {name} of {at}"))
    };
    shared.transport.send(&call).await
}

/// Distribution spec, "Deleting Manifests".
pub(super) async fn delete_manifest(
    shared: &Shared,
    at: &ImageName,
    digest: &ArtifactDigest,
) -> Result<(), Error> {
    let call = Call {
        method: Method::DELETE,
        target: Target::Path(format!("manifests/{digest}")),
        ..shared.call(at, Action::Delete, format!("manifest {digest} of {at}"))
    };
    shared.transport.send(&call).await.map(drop)
}

const OCTETS: &str = "application/octet-stream";
