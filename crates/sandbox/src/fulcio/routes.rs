use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chainsign_core::encoding::pem_encode;
use serde_json::{Value, json};

use super::Fulcio;
use crate::Error;
use crate::http::{bearer, blocking};
use crate::oidc::request::AUDIENCE;

/// Fulcio's v2 API (fulcio `fulcio.proto`).
pub(crate) fn routes(fulcio: Arc<Fulcio>) -> Router {
    Router::new()
        .route("/api/v2/signingCert", post(signing_certificate))
        .route("/api/v2/trustBundle", get(trust_bundle))
        .route("/api/v2/configuration", get(configuration))
        .with_state(fulcio)
}

async fn signing_certificate(
    State(fulcio): State<Arc<Fulcio>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let service = Arc::clone(&fulcio);
    let leaf = blocking(move || service.certify(&body, bearer(&headers))).await??;
    let [intermediate, root] = fulcio.chain();
    let certificates = [&leaf, intermediate, root].map(|der| pem(der).trim().to_owned());
    Ok(Json(json!({
        "signedCertificateEmbeddedSct": { "chain": { "certificates": certificates } },
    })))
}

async fn trust_bundle(State(fulcio): State<Arc<Fulcio>>) -> Json<Value> {
    Json(json!({ "chains": [{ "certificates": fulcio.chain().map(pem) }] }))
}

async fn configuration(State(fulcio): State<Arc<Fulcio>>) -> Json<Value> {
    let issuer = |challenge, kind| {
        json!({
            "issuerUrl": fulcio.oidc.url(),
            "audience": AUDIENCE,
            "challengeClaim": challenge,
            "spiffeTrustDomain": "",
            "issuerType": kind,
            "subjectDomain": "",
            "skipEmailVerification": false,
        })
    };
    Json(json!({ "issuers": [issuer("email", "email"), issuer("sub", "github-workflow")] }))
}

fn pem(der: &[u8]) -> String {
    pem_encode("CERTIFICATE", der)
}

/// Why no certificate is issued, in Fulcio's words (fulcio `pkg/server/error.go`).
#[derive(Debug)]
pub(super) enum Refusal {
    /// The request is not the JSON it has to be.
    Malformed(String),
    /// The token is missing, foreign, expired, or of no identity.
    Token,
    /// There is no key, or it is none.
    PublicKey,
    /// The key is of a kind that is not taken.
    InsecureKey,
    /// The requester did not prove to have the key.
    Proof,
    /// The certificate request is none.
    CertificateRequest,
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
        let message = match &self {
            Refusal::Malformed(reason) => reason,
            Refusal::Token => "There was an error processing the identity token",
            Refusal::PublicKey => "The public key supplied in the request could not be parsed",
            Refusal::InsecureKey => "The public key supplied in the request is insecure",
            Refusal::Proof => "The signature supplied in the request could not be verified",
            Refusal::CertificateRequest => "The certificate signing request could not be parsed",
            Refusal::Failed(reason) => reason,
        };
        let (status, code) = match &self {
            Refusal::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL),
            _ => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT),
        };
        (status, Json(json!({ "code": code, "message": message, "details": [] }))).into_response()
    }
}

// google.rpc.Code
const INVALID_ARGUMENT: u8 = 3;
const INTERNAL: u8 = 13;
