use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Repository;
use crate::http::blocking;

/// Metadata at the top, targets below `/targets`.
pub(crate) fn routes(repository: Arc<Repository>) -> Router {
    Router::new()
        .route("/{metadata}", get(metadata))
        .route("/targets/{target}", get(target))
        .with_state(repository)
}

async fn metadata(State(repository): State<Arc<Repository>>, Path(name): Path<String>) -> Response {
    serve(repository, name).await
}

async fn target(State(repository): State<Arc<Repository>>, Path(name): Path<String>) -> Response {
    serve(repository, format!("targets/{name}")).await
}

async fn serve(repository: Arc<Repository>, path: String) -> Response {
    match blocking(move || repository.file(&path)).await.and_then(|file| file) {
        Ok(Some(bytes)) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
