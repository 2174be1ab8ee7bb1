use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chainsign_core::encoding::base64_encode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::CtLog;
use crate::Error;
use crate::http::blocking;

/// What an auditor of SCTs asks: RFC 6962 sections 4.3 to 4.5. Submission and entries are not
/// served.
pub(crate) fn routes(log: Arc<CtLog>) -> Router {
    Router::new()
        .route("/ct/ct/v1/get-sth", get(tree_head))
        .route("/ct/ct/v1/get-sth-consistency", get(consistency))
        .route("/ct/ct/v1/get-proof-by-hash", get(proof_by_hash))
        .with_state(log)
}

async fn tree_head(State(log): State<Arc<CtLog>>) -> Result<Json<Value>, Refusal> {
    let head = blocking(move || log.tree_head()).await??;
    Ok(Json(json!({
        "tree_size": head.size,
        "timestamp": head.timestamp,
        "sha256_root_hash": base64_encode(head.root),
        "tree_head_signature": base64_encode(head.signature),
    })))
}

#[derive(Deserialize)]
struct Consistency {
    first: usize,
    second: usize,
}

async fn consistency(
    State(log): State<Arc<CtLog>>,
    query: Result<Query<Consistency>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(Consistency { first, second }) =
        query.map_err(|error| Refusal::Bad(error.body_text()))?;
    let contents = log.entries.contents();
    let proof = contents.tree().consistency_proof(first, second).ok_or_else(|| {
        let size = contents.tree().size();
        Refusal::Bad(format!("found the sizes {first} and {second}, wanted 1 to {size}"))
    })?;
    let proof: Vec<_> = proof.iter().map(base64_encode).collect();
    Ok(Json(json!({ "consistency": proof })))
}

#[derive(Deserialize)]
struct ProofByHash {
    hash: String,
    tree_size: usize,
}

async fn proof_by_hash(
    State(log): State<Arc<CtLog>>,
    query: Result<Query<ProofByHash>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(ProofByHash { hash, tree_size }) =
        query.map_err(|error| Refusal::Bad(error.body_text()))?;
    let leaf = STANDARD.decode(&hash).ok().and_then(|bytes| bytes.try_into().ok());
    let leaf = leaf.ok_or_else(|| Refusal::Bad("wanted base64 of 32 bytes".to_owned()))?;
    let contents = log.entries.contents();
    let index = contents.index_of(&leaf).ok_or(Refusal::NotFound)?;
    let path = contents.tree().inclusion_proof(index, tree_size).ok_or_else(|| {
        let size = contents.tree().size();
        Refusal::Bad(format!("found the size {tree_size}, wanted {} to {size}", index + 1))
    })?;
    let path: Vec<_> = path.iter().map(base64_encode).collect();
    Ok(Json(json!({ "leaf_index": index, "audit_path": path })))
}

#[derive(Debug)]
enum Refusal {
    Bad(String),
    NotFound,
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Failed(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Bad(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
            Refusal::NotFound => StatusCode::NOT_FOUND.into_response(),
            Refusal::Failed(error) => {
                (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
            }
        }
    }
}
