use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};

use super::images::{Manifest, digest};
use super::{Inner, MAX_BLOB, MAX_MANIFEST, PAGE, Registry};
use crate::ReferrersApi;

/// Everything below `/v2/`: distribution spec, "Endpoints".
pub(crate) fn routes(registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/v2/", get(|| async { axum::Json(json!({})) }))
        .route("/v2/{*path}", any(serve))
        .layer(DefaultBodyLimit::max(MAX_BLOB))
        .with_state(registry)
}

/// A repository's name may have slashes, and comes first: the path is read from its end.
async fn serve(
    State(registry): State<Arc<Registry>>,
    method: Method,
    Path(path): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parts: Vec<_> = path.split('/').collect();
    let (name, of) = match parts.as_slice() {
        [name @ .., "manifests", reference] => (name, Of::Manifest(reference)),
        [name @ .., "blobs", "uploads", ""] => (name, Of::Uploads),
        [name @ .., "blobs", "uploads", upload] => (name, Of::Upload(upload)),
        [name @ .., "blobs", digest] => (name, Of::Blob(digest)),
        [name @ .., "referrers", subject] => (name, Of::Referrers(subject)),
        [name @ .., "tags", "list"] => (name, Of::Tags),
        _ => return no_route(),
    };
    let name = name.join("/");
    let head = method == Method::HEAD;
    let request = Request { registry: &registry, name: &name, query: &query, headers: &headers };
    match (method, of) {
        (Method::GET | Method::HEAD, Of::Manifest(reference)) => request.manifest(reference, head),
        (Method::PUT, Of::Manifest(reference)) => request.put_manifest(reference, body),
        (Method::DELETE, Of::Manifest(reference)) => request.delete_manifest(reference),
        (Method::GET | Method::HEAD, Of::Blob(digest)) => request.blob(digest, head),
        (Method::DELETE, Of::Blob(digest)) => request.delete_blob(digest),
        (Method::POST, Of::Uploads) => request.start_upload(),
        (Method::PATCH, Of::Upload(upload)) => request.continue_upload(upload, &body),
        (Method::PUT, Of::Upload(upload)) => request.end_upload(upload, &body),
        (Method::GET, Of::Referrers(subject)) => request.referrers(subject),
        (Method::GET, Of::Tags) => request.tags(),
        _ => fault(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "not here"),
    }
}

/// What a path names in a repository.
enum Of<'a> {
    Manifest(&'a str),
    Blob(&'a str),
    Uploads,
    Upload(&'a str),
    Referrers(&'a str),
    Tags,
}

struct Request<'a> {
    registry: &'a Registry,
    name: &'a str,
    query: &'a HashMap<String, String>,
    headers: &'a HeaderMap,
}

impl Request<'_> {
    fn manifest(&self, reference: &str, head: bool) -> Response {
        self.registry.with(|inner| {
            let Some(repository) = inner.repositories.get(self.name) else { return no_name() };
            let Some((digest, manifest)) = repository.manifest(reference) else {
                return fault(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "no such manifest");
            };
            content(digest, &manifest.media_type, &manifest.bytes, head)
        })
    }

    fn put_manifest(&self, reference: &str, body: Bytes) -> Response {
        let media_type = self.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        if body.len() > MAX_MANIFEST {
            return fault(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", "manifest too large");
        }
        let manifest = match Manifest::parse(media_type.unwrap_or_default(), body) {
            Ok(manifest) => manifest,
            Err(reason) => return fault(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", &reason),
        };
        let digest = manifest.digest();
        if reference.contains(':') && reference != digest {
            return fault(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "not the digest of this");
        }
        self.registry.with(|inner| {
            if !inner.has_room_for(manifest.bytes.len()) {
                return full();
            }
            let repository = inner.repositories.entry(self.name.to_owned()).or_default();
            let missing = repository.missing(&manifest);
            if let Some(missing) = missing.first() {
                let reason = format!("{missing} was not uploaded");
                return fault(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", &reason);
            }
            let subject = manifest.subject().map(ToOwned::to_owned);
            repository.manifests.insert(digest.clone(), manifest);
            if !reference.contains(':') {
                repository.tags.insert(reference.to_owned(), digest.clone());
            }
            let mut response = self.created("manifests", &digest);
            if let (ReferrersApi::Offered, Some(subject)) = (self.registry.referrers, subject) {
                add(&mut response, "oci-subject", &subject);
            }
            response
        })
    }

    fn delete_manifest(&self, reference: &str) -> Response {
        self.registry.with(|inner| {
            let Some(repository) = inner.repositories.get_mut(self.name) else { return no_name() };
            let there = if reference.contains(':') {
                repository.tags.retain(|_, digest| digest != reference);
                repository.manifests.remove(reference).is_some()
            } else {
                repository.tags.remove(reference).is_some()
            };
            if there {
                return StatusCode::ACCEPTED.into_response();
            }
            fault(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "no such manifest")
        })
    }

    fn blob(&self, digest: &str, head: bool) -> Response {
        self.registry.with(|inner| {
            let Some(repository) = inner.repositories.get(self.name) else { return no_name() };
            match repository.blobs.get(digest) {
                Some(blob) => content(digest, OCTETS, blob, head),
                None => fault(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "no such blob"),
            }
        })
    }

    fn delete_blob(&self, digest: &str) -> Response {
        self.registry.with(|inner| {
            let Some(repository) = inner.repositories.get_mut(self.name) else { return no_name() };
            match repository.blobs.remove(digest) {
                Some(blob) => {
                    inner.bytes = inner.bytes.saturating_sub(blob.len());
                    StatusCode::ACCEPTED.into_response()
                }
                None => fault(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "no such blob"),
            }
        })
    }

    /// Mounting from another repository is answered like any other upload, as the specification
    /// allows.
    fn start_upload(&self) -> Response {
        match self.registry.with(|inner| inner.uploads.start()) {
            Some(upload) => self.accepted(&upload, 0),
            None => full(),
        }
    }

    fn continue_upload(&self, upload: &str, body: &[u8]) -> Response {
        let received = self.registry.with(|inner| inner.receive(upload, body));
        match received {
            Ok(length) => self.accepted(upload, length),
            Err(refused) => refused.into_response(),
        }
    }

    fn end_upload(&self, upload: &str, body: &[u8]) -> Response {
        let wanted = self.query.get("digest").map_or("", String::as_str);
        self.registry.with(|inner| {
            if let Err(refused) = inner.receive(upload, body) {
                return refused.into_response();
            }
            let bytes = Bytes::from(inner.uploads.end(upload).unwrap_or_default());
            if digest(&bytes) != wanted {
                inner.bytes = inner.bytes.saturating_sub(bytes.len());
                return fault(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "not the digest of this");
            }
            let repository = inner.repositories.entry(self.name.to_owned()).or_default();
            repository.blobs.insert(wanted.to_owned(), bytes);
            self.created("blobs", wanted)
        })
    }

    fn referrers(&self, subject: &str) -> Response {
        if self.registry.referrers == ReferrersApi::Absent {
            return no_route();
        }
        let artifact_type = self.query.get("artifactType").map(String::as_str);
        // Nothing refers to what is not there, and no error either (distribution spec).
        let all = self.registry.with(|inner| {
            let repository = inner.repositories.get(self.name);
            repository.map(|it| it.referrers(subject, artifact_type)).unwrap_or_default()
        });
        let last = self.query.get("last").and_then(|text| text.parse().ok()).unwrap_or(0);
        let page: Vec<Value> = all.iter().skip(last).take(PAGE).cloned().collect();
        let next = last.saturating_add(page.len());
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": page });
        let mut response = ([(header::CONTENT_TYPE, INDEX)], index.to_string()).into_response();
        if artifact_type.is_some() {
            add(&mut response, "oci-filters-applied", "artifactType");
        }
        if next < all.len() {
            let filter = artifact_type.map(|it| format!("&artifactType={it}")).unwrap_or_default();
            let link = format!(
                "</v2/{}/referrers/{subject}?last={next}{filter}>; rel=\"next\"",
                self.name
            );
            add(&mut response, "link", &link);
        }
        response
    }

    fn tags(&self) -> Response {
        self.registry.with(|inner| {
            let Some(repository) = inner.repositories.get(self.name) else { return no_name() };
            let tags: Vec<_> = repository.tags.keys().collect();
            axum::Json(json!({ "name": self.name, "tags": tags })).into_response()
        })
    }

    fn created(&self, kind: &str, digest: &str) -> Response {
        let mut response = StatusCode::CREATED.into_response();
        add(&mut response, "location", &format!("/v2/{}/{kind}/{digest}", self.name));
        add(&mut response, "docker-content-digest", digest);
        response
    }

    fn accepted(&self, upload: &str, length: usize) -> Response {
        let mut response = StatusCode::ACCEPTED.into_response();
        add(&mut response, "location", &format!("/v2/{}/blobs/uploads/{upload}", self.name));
        add(&mut response, "range", &format!("0-{}", length.saturating_sub(1)));
        add(&mut response, "docker-upload-uuid", upload);
        response
    }
}

impl Inner {
    /// Takes the next bytes of an upload, and says how many there are.
    fn receive(&mut self, upload: &str, body: &[u8]) -> Result<usize, Refused> {
        let so_far = self.uploads.get(upload).ok_or(Refused::NoSuchUpload)?.len();
        if so_far.saturating_add(body.len()) > MAX_BLOB || !self.has_room_for(body.len()) {
            return Err(Refused::Full);
        }
        let bytes = self.uploads.get(upload).ok_or(Refused::NoSuchUpload)?;
        bytes.extend_from_slice(body);
        Ok(bytes.len())
    }
}

/// Why bytes are not taken.
enum Refused {
    NoSuchUpload,
    Full,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Refused::NoSuchUpload => {
                fault(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "no such upload")
            }
            Refused::Full => full(),
        }
    }
}

fn content(digest: &str, media_type: &str, bytes: &Bytes, head: bool) -> Response {
    let length = bytes.len().to_string();
    let body = if head { Bytes::new() } else { bytes.clone() };
    let mut response = body.into_response();
    add(&mut response, "content-type", media_type);
    add(&mut response, "content-length", &length);
    add(&mut response, "docker-content-digest", digest);
    response
}

/// Distribution spec, "Error Codes".
fn fault(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "errors": [{ "code": code, "message": message }] });
    (status, axum::Json(body)).into_response()
}

fn no_name() -> Response {
    fault(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "no such repository")
}

fn full() -> Response {
    fault(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", "the sandbox keeps no more in memory")
}

/// What registries in Go say that have no such route.
fn no_route() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

fn add(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(name, value);
    }
}

const OCTETS: &str = "application/octet-stream";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
