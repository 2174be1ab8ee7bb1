use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chainsign_core::encoding::pem_encode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::RekorV1;
use super::entry::ProposedEntry;
use super::index::{Search, SearchIndex};
use super::proof::EntryAnswer;
use crate::Error;
use crate::http::blocking;
use crate::merkle::leaf_hash;
use crate::rekor::checkpoint;

/// Rekor's v1 API (rekor `openapi.yaml`).
pub(crate) fn routes(rekor: Arc<RekorV1>) -> Router {
    Router::new()
        .route("/api/v1/log/entries", post(create).get(by_index))
        .route("/api/v1/log/entries/{id}", get(by_id))
        .route("/api/v1/log/entries/retrieve", post(retrieve))
        // sigstore-python's spelling.
        .route("/api/v1/log/entries/retrieve/", post(retrieve))
        .route("/api/v1/index/retrieve", post(search))
        .route("/api/v1/log", get(log))
        .route("/api/v1/log/proof", get(proof))
        .route("/api/v1/log/publicKey", get(public_key))
        .with_state(rekor)
}

async fn create(State(rekor): State<Arc<RekorV1>>, body: Bytes) -> Result<Response, Refusal> {
    let answer = blocking(move || rekor.create(&body)).await??;
    // sigstore-go looks the entry up by the ETag as it is: without quotes.
    let id = answer.id.clone();
    let location = location(&id);
    let headers = [(header::ETAG, id), (header::LOCATION, location)];
    Ok((StatusCode::CREATED, headers, Json(object(answer))).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByIndex {
    log_index: usize,
}

async fn by_index(
    State(rekor): State<Arc<RekorV1>>,
    query: Result<Query<ByIndex>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(ByIndex { log_index }) = query.map_err(|error| Refusal::Bad(error.body_text()))?;
    let answer = blocking(move || rekor.at(log_index)).await??;
    Ok(Json(object(answer)))
}

async fn by_id(
    State(rekor): State<Arc<RekorV1>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let answer = blocking(move || rekor.with_id(&id)).await??;
    Ok(Json(object(answer)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Retrieve {
    #[serde(rename = "entryUUIDs")]
    entry_ids: Vec<String>,
    log_indexes: Vec<usize>,
    entries: Vec<ProposedEntry>,
}

async fn retrieve(
    State(rekor): State<Arc<RekorV1>>,
    body: Bytes,
) -> Result<Json<Vec<Value>>, Refusal> {
    let query: Retrieve = parsed(&body)?;
    let asked = query.entry_ids.len() + query.log_indexes.len() + query.entries.len();
    if asked == 0 || asked > MAX_RETRIEVED {
        return Err(Refusal::Unprocessable(format!(
            "found {asked} entries asked for, wanted 1 to {MAX_RETRIEVED}"
        )));
    }
    let answers = blocking(move || {
        let by_id = query.entry_ids.iter().map(|id| rekor.with_id(id));
        let by_index = query.log_indexes.iter().map(|index| rekor.at(*index));
        let by_content = query.entries.into_iter().map(|entry| rekor.same_as(entry));
        let answers = by_id.chain(by_index).chain(by_content);
        answers.filter(|answer| !matches!(answer, Err(Refusal::NotFound))).collect()
    });
    let answers: Result<Vec<EntryAnswer>, Refusal> = answers.await?;
    Ok(Json(answers?.into_iter().map(object).collect()))
}

async fn search(
    State(rekor): State<Arc<RekorV1>>,
    body: Bytes,
) -> Result<Json<Vec<String>>, Refusal> {
    let search = Search::new(parsed::<SearchIndex>(&body)?)?;
    Ok(Json(blocking(move || rekor.search(&search)).await?))
}

async fn log(State(rekor): State<Arc<RekorV1>>) -> Result<Json<Value>, Refusal> {
    let log = blocking(move || {
        let contents = rekor.entries.contents();
        let (size, root) = contents.tree().head();
        Ok::<_, Error>(json!({
            "inactiveShards": [],
            "rootHash": hex::encode(root),
            "signedTreeHead": checkpoint(contents.tree(), &*rekor, &rekor.behaviour)?,
            "treeID": rekor.tree_id().to_string(),
            "treeSize": size,
        }))
    });
    Ok(Json(log.await??))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    #[serde(default = "first_size")]
    first_size: usize,
    last_size: usize,
}

fn first_size() -> usize {
    1
}

async fn proof(
    State(rekor): State<Arc<RekorV1>>,
    query: Result<Query<Proof>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(Proof { first_size, last_size }) =
        query.map_err(|error| Refusal::Bad(error.body_text()))?;
    if first_size >= last_size {
        return Err(Refusal::Bad(format!(
            "firstSize({first_size}) must be less than lastSize({last_size})"
        )));
    }
    let contents = rekor.entries.contents();
    let tree = contents.tree();
    let proof = tree.consistency_proof(first_size, last_size).zip(tree.root(last_size));
    let (hashes, root) = proof.ok_or_else(|| {
        Refusal::Bad(format!(
            "found the sizes {first_size} and {last_size}, wanted 1 to {}",
            tree.size()
        ))
    })?;
    let hashes: Vec<_> = hashes.iter().map(hex::encode).collect();
    Ok(Json(json!({ "hashes": hashes, "rootHash": hex::encode(root) })))
}

async fn public_key(State(rekor): State<Arc<RekorV1>>) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/x-pem-file")];
    (content_type, pem_encode("PUBLIC KEY", rekor.key.spki())).into_response()
}

impl RekorV1 {
    fn at(&self, index: usize) -> Result<EntryAnswer, Refusal> {
        let contents = self.entries.contents();
        if index >= contents.records().len() {
            return Err(Refusal::NotFound);
        }
        Ok(self.answer(&contents, index)?)
    }

    fn with_id(&self, id: &str) -> Result<EntryAnswer, Refusal> {
        let leaf = super::index::leaf_hash_of_id(id, self.tree_id())?;
        let index = self.entries.contents().index_of(&leaf);
        self.at(index.ok_or(Refusal::NotFound)?)
    }

    fn same_as(&self, entry: ProposedEntry) -> Result<EntryAnswer, Refusal> {
        let leaf = leaf_hash(&entry.canonicalize()?.body);
        let index = self.entries.contents().index_of(&leaf);
        self.at(index.ok_or(Refusal::NotFound)?)
    }

    fn search(&self, search: &Search) -> Vec<String> {
        let contents = self.entries.contents();
        let found = contents.records().iter().zip(contents.tree().leaves());
        found
            .filter(|(record, _)| search.matches(&record.keys))
            .map(|(_, leaf)| self.entry_id(leaf))
            .collect()
    }
}

/// Why the log says no, in Rekor's words (rekor `pkg/api/error.go`).
#[derive(Debug)]
pub(super) enum Refusal {
    /// The request makes no sense.
    Bad(String),
    /// The entry is of no kind that is logged, or a signature is wrong.
    Entry(String),
    /// The request is not of the API's schema.
    Unprocessable(String),
    /// The same entry is logged already, under this id.
    Duplicate(String),
    /// There is no such entry.
    NotFound,
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
        let answer = |status: StatusCode, code: u16, message: String| {
            (status, Json(json!({ "code": code, "message": message }))).into_response()
        };
        match self {
            Refusal::Bad(message) => answer(StatusCode::BAD_REQUEST, 400, message),
            Refusal::Entry(reason) => {
                let message = format!("error processing entry: {reason}");
                answer(StatusCode::BAD_REQUEST, 400, message)
            }
            Refusal::Unprocessable(message) => {
                answer(StatusCode::UNPROCESSABLE_ENTITY, REQUIRED, message)
            }
            Refusal::Duplicate(id) => {
                let message = format!(
                    "an equivalent entry already exists in the transparency log with UUID {id}"
                );
                let mut response = answer(StatusCode::CONFLICT, 409, message);
                if let Ok(location) = location(&id).parse() {
                    response.headers_mut().insert(header::LOCATION, location);
                }
                response
            }
            Refusal::NotFound => StatusCode::NOT_FOUND.into_response(),
            Refusal::Failed(message) => answer(StatusCode::INTERNAL_SERVER_ERROR, 500, message),
        }
    }
}

fn location(id: &str) -> String {
    format!("/api/v1/log/entries/{id}")
}

fn object(answer: EntryAnswer) -> Value {
    Value::Object(Map::from_iter([(answer.id, answer.json)]))
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Unprocessable(error.to_string()))
}

/// Of all forms together (rekor `openapi.yaml`, `SearchLogQuery`).
const MAX_RETRIEVED: usize = 10;

/// go-openapi's code for a value that is missing or of the wrong form.
const REQUIRED: u16 = 602;
