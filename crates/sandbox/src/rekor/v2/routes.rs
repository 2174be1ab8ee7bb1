use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::tiles::Tile;
use super::{RekorV2, checkpoint};
use crate::Error;
use crate::http::blocking;

/// Rekor's v2 API. What is read is served below `/api/v2` and below `/`, because clients differ.
pub(crate) fn routes(rekor: Arc<RekorV2>) -> Router {
    Router::new()
        .route("/api/v2/log/entries", post(create))
        .route("/api/v2/checkpoint", get(tree_head))
        .route("/checkpoint", get(tree_head))
        .route("/api/v2/tile/{*tile}", get(tile))
        .route("/tile/{*tile}", get(tile))
        .with_state(rekor)
}

async fn create(
    State(rekor): State<Arc<RekorV2>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    Ok((StatusCode::CREATED, Json(blocking(move || rekor.create(&body)).await??)))
}

async fn tree_head(State(rekor): State<Arc<RekorV2>>) -> Result<String, Refusal> {
    let note = blocking(move || {
        let contents = rekor.entries.contents();
        checkpoint(contents.tree(), &*rekor, &rekor.behaviour)
    });
    Ok(note.await??)
}

async fn tile(State(rekor): State<Arc<RekorV2>>, Path(path): Path<String>) -> Response {
    let tile = Tile::parse(&path).and_then(|tile| tile.read(&rekor.entries.contents()));
    match tile {
        Some(bytes) => {
            ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Why the log says no, in Rekor's words (rekor-tiles `internal/server/service.go`).
#[derive(Debug)]
pub(super) enum Refusal {
    /// The request is not the JSON it has to be.
    Malformed(String),
    /// The entry is of a kind that v2 does not log.
    Kind,
    /// The entry is wrong.
    Entry(&'static str),
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
        let (status, code, message) = match self {
            Refusal::Malformed(reason) => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT, reason),
            Refusal::Kind => {
                let message = "invalid type, must be hashedrekord".to_owned();
                (StatusCode::BAD_REQUEST, INVALID_ARGUMENT, message)
            }
            Refusal::Entry(reason) => {
                let message = format!("invalid hashedrekord request: {reason}");
                (StatusCode::BAD_REQUEST, INVALID_ARGUMENT, message)
            }
            Refusal::Failed(reason) => (StatusCode::INTERNAL_SERVER_ERROR, UNKNOWN, reason),
        };
        (status, Json(json!({ "code": code, "message": message, "details": [] }))).into_response()
    }
}

// google.rpc.Code
const UNKNOWN: u8 = 2;
const INVALID_ARGUMENT: u8 = 3;
