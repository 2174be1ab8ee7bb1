use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use crate::misbehaviour::{Behaviour, ErrorStatus, Service};

/// Makes a service slow, refuse, or answer too much when it is told to.
pub(crate) fn misbehaving(router: Router, service: Service, behaviour: Arc<Behaviour>) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| {
        let behaviour = Arc::clone(&behaviour);
        async move {
            if let Some(delay) = behaviour.delay(service) {
                tokio::time::sleep(delay).await;
            }
            let response = match behaviour.refusal(service) {
                Some(status) => refusal(service, status),
                None => next.run(request).await,
            };
            match behaviour.padding(service) {
                Some(padding) => padded(response, padding).await,
                None => response,
            }
        }
    }))
}

fn refusal(service: Service, status: ErrorStatus) -> Response {
    let message = "the sandbox was told to refuse";
    let code = status.code();
    let body = match service {
        Service::Oidc => {
            serde_json::json!({ "error": "server_error", "error_description": message })
        }
        // google.rpc.Code: RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, DEADLINE_EXCEEDED.
        Service::Fulcio | Service::RekorV2 => {
            let grpc = match status {
                ErrorStatus::TooManyRequests => 8,
                ErrorStatus::InternalServerError => 13,
                ErrorStatus::BadGateway | ErrorStatus::ServiceUnavailable => 14,
                ErrorStatus::GatewayTimeout => 4,
            };
            serde_json::json!({ "code": grpc, "message": message, "details": [] })
        }
        Service::Registry => {
            let code = match status {
                ErrorStatus::TooManyRequests => "TOOMANYREQUESTS",
                _ => "UNKNOWN",
            };
            serde_json::json!({ "errors": [{ "code": code, "message": message }] })
        }
        Service::CtLog | Service::RekorV1 | Service::TimestampAuthority | Service::Tuf => {
            serde_json::json!({ "code": code, "message": message })
        }
    };
    let status_code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status_code, axum::Json(body)).into_response();
    if matches!(status, ErrorStatus::TooManyRequests | ErrorStatus::ServiceUnavailable) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

async fn padded(response: Response, padding: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    let mut bytes = to_bytes(body, usize::MAX).await.map(Vec::from).unwrap_or_default();
    bytes.resize(bytes.len().saturating_add(padding), b' ');
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}
