use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chainsign_core::encoding::pem_encode;
use serde_json::json;

use super::TimestampAuthority;
use super::request::TimestampRequest;
use crate::Error;
use crate::http::blocking;

/// The API of sigstore/timestamp-authority.
pub(crate) fn routes(authority: Arc<TimestampAuthority>) -> Router {
    Router::new()
        .route("/api/v1/timestamp", post(timestamp))
        .route("/api/v1/timestamp/certchain", get(chain))
        .with_state(authority)
}

async fn timestamp(
    State(authority): State<Arc<TimestampAuthority>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    let request = match media_type.trim() {
        "application/timestamp-query" => TimestampRequest::from_der(&body)?,
        "application/json" => TimestampRequest::from_json(&body)?,
        found => return Err(Refusal::MediaType(found.to_owned())),
    };
    let response = blocking(move || authority.timestamp(request)).await??;
    Ok(([(header::CONTENT_TYPE, "application/timestamp-reply")], response).into_response())
}

async fn chain(State(authority): State<Arc<TimestampAuthority>>) -> Response {
    let pem = authority.chain().map(|der| pem_encode("CERTIFICATE", der)).concat();
    ([(header::CONTENT_TYPE, "application/pem-certificate-chain")], pem).into_response()
}

/// Why no timestamp is given, in timestamp-authority's words (`pkg/api/error.go`).
#[derive(Debug)]
pub(super) enum Refusal {
    /// The request is none, or asks for what is not offered.
    Bad(String),
    /// The hash is not SHA-256, SHA-384 or SHA-512.
    WeakHash,
    /// The digest has not its hash's length.
    DigestLength,
    /// The policy is another one than the authority's.
    Policy,
    /// The media type is not one of the two.
    MediaType(String),
    /// The sandbox failed.
    Failed(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Failed(error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Refusal::Bad(message) => (StatusCode::BAD_REQUEST, message),
            Refusal::WeakHash => {
                let message = "Weak hash algorithm in timestamp request";
                (StatusCode::BAD_REQUEST, message.to_owned())
            }
            Refusal::DigestLength => {
                let message = "Message digest has incorrect length for specified algorithm";
                (StatusCode::BAD_REQUEST, message.to_owned())
            }
            Refusal::Policy => {
                let message = "unaccepted policy: requested TSA policy is not supported by the TSA";
                (StatusCode::BAD_REQUEST, message.to_owned())
            }
            Refusal::MediaType(found) => {
                let message = format!("unsupported media type: found {found:?}");
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
            }
            Refusal::Failed(reason) => {
                tracing::error!(%reason, "no timestamp");
                let message = "Error generating timestamp response";
                (StatusCode::INTERNAL_SERVER_ERROR, message.to_owned())
            }
        };
        (status, Json(json!({ "code": status.as_u16(), "message": message }))).into_response()
    }
}
