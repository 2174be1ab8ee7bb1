use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Oidc;
use super::flows::{
    Approval, AuthorizationRequest, DEVICE_GRANT, Device, DeviceRequest, GrantRequest, LIFETIME,
};
use super::request::{GithubWorkflow, TokenRequest};
use crate::http::blocking;
use crate::misbehaviour::Service;

/// The issuer's endpoints. Their names are Dex's, because sigstore-rust does no discovery.
pub(crate) fn routes(oidc: Arc<Oidc>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .route("/auth", get(authorize))
        .route("/token", post(token))
        .route("/device/code", post(device_code))
        .route("/device", get(device_page))
        .route("/sandbox/token", get(sandbox_token))
        .route("/actions/token", get(actions_token))
        .with_state(oidc)
}

async fn discovery(State(oidc): State<Arc<Oidc>>) -> Json<Value> {
    let url = &oidc.url;
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/auth"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "device_authorization_endpoint": format!("{url}/device/code"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code", DEVICE_GRANT],
        "scopes_supported": ["openid", "email"],
        "claims_supported": ["iss", "aud", "sub", "iat", "exp", "email", "email_verified"],
    }))
}

async fn keys(State(oidc): State<Arc<Oidc>>) -> Json<Value> {
    Json(oidc.key.key_set())
}

async fn authorize(
    State(oidc): State<Arc<Oidc>>,
    query: Result<Query<AuthorizationRequest>, QueryRejection>,
) -> Result<Response, OidcError> {
    let Query(request) = query.map_err(|error| OidcError::unreadable(&error))?;
    match oidc.logins.authorize(request, oidc.behaviour.now(Service::Oidc))? {
        Approval::Redirect(location) => {
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
        }
        // The code is base64url: it needs no escaping.
        Approval::Show(code) => Ok(page(&format!("Enter this code: <code>{code}</code>"))),
    }
}

async fn token(
    State(oidc): State<Arc<Oidc>>,
    form: Result<Form<GrantRequest>, FormRejection>,
) -> Result<Json<Value>, OidcError> {
    let Form(request) = form.map_err(|error| OidcError::unreadable(&error))?;
    let grant = oidc.logins.redeem(&request, oidc.behaviour.now(Service::Oidc))?;
    let issue = move || oidc.token(&grant.request, grant.nonce.as_deref());
    let token = blocking(issue).await??;
    // sigstore-python takes the access token for the identity token.
    Ok(Json(json!({
        "access_token": token,
        "id_token": token,
        "token_type": "bearer",
        "expires_in": 600,
    })))
}

async fn device_code(
    State(oidc): State<Arc<Oidc>>,
    form: Result<Form<DeviceRequest>, FormRejection>,
) -> Result<Json<Value>, OidcError> {
    let Form(request) = form.map_err(|error| OidcError::unreadable(&error))?;
    let Device { device_code, user_code } =
        oidc.logins.authorize_device(request, oidc.behaviour.now(Service::Oidc))?;
    let url = &oidc.url;
    Ok(Json(json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": format!("{url}/device"),
        "verification_uri_complete": format!("{url}/device?user_code={user_code}"),
        "expires_in": LIFETIME.as_secs(),
        "interval": 1,
    })))
}

async fn device_page() -> Response {
    page("The sandbox has approved the login already.")
}

#[derive(Debug, Deserialize)]
struct TokenQuery {
    email: Option<String>,
    github_workflow: Option<String>,
    commit: Option<String>,
    called_by: Option<String>,
    event: Option<String>,
    audience: Option<String>,
}

/// Any token for the asking: what `chainsign sandbox token` calls.
async fn sandbox_token(
    State(oidc): State<Arc<Oidc>>,
    query: Result<Query<TokenQuery>, QueryRejection>,
) -> Result<String, OidcError> {
    let Query(query) = query.map_err(|error| OidcError::unreadable(&error))?;
    issue(oidc, query).await
}

/// The token endpoint of a GitHub Actions runner: `ACTIONS_ID_TOKEN_REQUEST_URL` is this path
/// with the query of the workflow, `ACTIONS_ID_TOKEN_REQUEST_TOKEN` anything.
async fn actions_token(
    State(oidc): State<Arc<Oidc>>,
    headers: HeaderMap,
    query: Result<Query<TokenQuery>, QueryRejection>,
) -> Result<Json<Value>, OidcError> {
    let Query(query) = query.map_err(|error| OidcError::unreadable(&error))?;
    if crate::http::bearer(&headers).is_none() {
        return Err(OidcError {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_token",
            description: "found no bearer token".to_owned(),
        });
    }
    let token = issue(oidc, query).await?;
    Ok(Json(json!({ "count": 1, "value": token })))
}

async fn issue(oidc: Arc<Oidc>, query: TokenQuery) -> Result<String, OidcError> {
    let request = query.request()?;
    Ok(blocking(move || oidc.token(&request, None)).await??)
}

impl TokenQuery {
    fn request(&self) -> Result<TokenRequest, OidcError> {
        let invalid = |error: crate::Error| OidcError::new("invalid_request", error.to_string());
        let request = match (&self.email, &self.github_workflow) {
            (Some(address), None) => TokenRequest::email(address).map_err(invalid)?,
            (None, Some(workflow)) => {
                let commit = self.commit.as_deref().unwrap_or_default();
                let mut workflow = GithubWorkflow::new(workflow, commit).map_err(invalid)?;
                if let Some(caller) = &self.called_by {
                    workflow = workflow.called_by(caller).map_err(invalid)?;
                }
                if let Some(event) = &self.event {
                    workflow = workflow.event(event).map_err(invalid)?;
                }
                TokenRequest::github_workflow(workflow)
            }
            _ => {
                let description = "wanted either email, or github_workflow and commit";
                return Err(OidcError::new("invalid_request", description.to_owned()));
            }
        };
        Ok(match &self.audience {
            Some(audience) => request.audience(audience),
            None => request,
        })
    }
}

/// An error of RFC 6749 section 5.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OidcError {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl OidcError {
    pub(super) fn new(error: &'static str, description: String) -> Self {
        OidcError { status: StatusCode::BAD_REQUEST, error, description }
    }

    pub(super) fn server(description: String) -> Self {
        OidcError { status: StatusCode::INTERNAL_SERVER_ERROR, error: "server_error", description }
    }

    fn unreadable(rejection: &impl ToString) -> Self {
        Self::new("invalid_request", rejection.to_string())
    }
}

impl From<crate::Error> for OidcError {
    fn from(error: crate::Error) -> Self {
        Self::server(error.to_string())
    }
}

impl IntoResponse for OidcError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        (self.status, Json(body)).into_response()
    }
}

fn page(text: &str) -> Response {
    let title = "chainsign sandbox: its logins mean nothing";
    Html(format!("<!doctype html><title>{title}</title><h1>{title}</h1><p>{text}</p>\n"))
        .into_response()
}
