//! Logins that approve themselves: authorization code with PKCE (RFC 6749 section 4.1, RFC 7636)
//! and device (RFC 8628).

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::OidcError;
use super::request::TokenRequest;

/// Query of the authorization endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AuthorizationRequest {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: String,
    code_challenge_method: String,
    /// OpenID Connect Core section 3.1.2.1: here, the e-mail address to log in with.
    login_hint: Option<String>,
}

/// Form of the device authorization endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DeviceRequest {
    client_id: String,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    login_hint: Option<String>,
}

/// Form of the token endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GrantRequest {
    grant_type: String,
    code: String,
    device_code: String,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
}

/// What the authorization endpoint answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Approval {
    /// Send the browser there.
    Redirect(String),
    /// Show the code, for the user to copy.
    Show(String),
}

/// What the device authorization endpoint answers.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) device_code: String,
    /// For the user to compare; the sandbox asks no user.
    pub(super) user_code: String,
}

/// What a login grants.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) request: TokenRequest,
    pub(super) nonce: Option<String>,
}

/// Logins that were approved and not yet turned into a token.
#[derive(Debug, Default)]
pub(super) struct Logins(Mutex<VecDeque<Login>>);

#[derive(Debug)]
struct Login {
    code: String,
    kind: GrantKind,
    redirect_uri: Option<String>,
    challenge: Option<String>,
    expires: Timestamp,
    grant: Grant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GrantKind {
    AuthorizationCode,
    DeviceCode,
}

impl Logins {
    /// Approves an authorization request.
    pub(super) fn authorize(
        &self,
        request: AuthorizationRequest,
        now: Timestamp,
    ) -> Result<Approval, OidcError> {
        if request.response_type != "code" {
            let found = &request.response_type;
            return Err(invalid(format!("found the response_type {found:?}, wanted \"code\"")));
        }
        let challenge =
            challenge(Some(request.code_challenge), Some(request.code_challenge_method))?;
        let out_of_band = request.redirect_uri == OUT_OF_BAND;
        if !out_of_band && !is_loopback(&request.redirect_uri) {
            let found = &request.redirect_uri;
            return Err(invalid(format!(
                "found the redirect_uri {found:?}, wanted a loopback one"
            )));
        }
        let grant = grant(&request.client_id, request.login_hint, request.nonce)?;
        let code = random_code()?;
        self.add(Login {
            code: code.clone(),
            kind: GrantKind::AuthorizationCode,
            redirect_uri: Some(request.redirect_uri.clone()),
            challenge,
            expires: expiry(now),
            grant,
        });
        if out_of_band {
            return Ok(Approval::Show(code));
        }
        let separator = if request.redirect_uri.contains('?') { '&' } else { '?' };
        let mut location = format!("{}{separator}code={code}", request.redirect_uri);
        if let Some(state) = request.state {
            let state = utf8_percent_encode(&state, NON_ALPHANUMERIC);
            location = format!("{location}&state={state}");
        }
        Ok(Approval::Redirect(location))
    }

    /// Approves a device request.
    pub(super) fn authorize_device(
        &self,
        request: DeviceRequest,
        now: Timestamp,
    ) -> Result<Device, OidcError> {
        let challenge = match request.code_challenge {
            None => None,
            some => challenge(some, request.code_challenge_method)?,
        };
        let grant = grant(&request.client_id, request.login_hint, request.nonce)?;
        let code = random_code()?;
        self.add(Login {
            code: code.clone(),
            kind: GrantKind::DeviceCode,
            redirect_uri: None,
            challenge,
            expires: expiry(now),
            grant,
        });
        Ok(Device { device_code: code, user_code: random_code()?[..8].to_owned() })
    }

    /// Turns a code into what it grants. A code works once, right or wrong.
    pub(super) fn redeem(
        &self,
        request: &GrantRequest,
        now: Timestamp,
    ) -> Result<Grant, OidcError> {
        let (kind, code) = match request.grant_type.as_str() {
            "authorization_code" => (GrantKind::AuthorizationCode, &request.code),
            DEVICE_GRANT => (GrantKind::DeviceCode, &request.device_code),
            found => {
                return Err(OidcError::new(
                    "unsupported_grant_type",
                    format!("found the grant_type {found:?}"),
                ));
            }
        };
        let login = self.take(kind, code);
        let login = login.ok_or_else(|| refused("found an unknown or used code"))?;
        if login.expires <= now {
            let error = match kind {
                GrantKind::AuthorizationCode => "invalid_grant",
                GrantKind::DeviceCode => "expired_token",
            };
            return Err(OidcError::new(error, "the code has expired".to_owned()));
        }
        if login.redirect_uri.is_some() && login.redirect_uri != request.redirect_uri {
            return Err(refused("found another redirect_uri than at the authorization endpoint"));
        }
        if let Some(challenge) = &login.challenge {
            let verifier = request.code_verifier.as_deref().unwrap_or_default();
            let digest = chainsign_core::digest::ArtifactDigest::sha256(verifier.as_bytes());
            if URL_SAFE_NO_PAD.encode(digest.bytes()) != *challenge {
                return Err(refused("the code_verifier does not fit the code_challenge"));
            }
        }
        Ok(login.grant)
    }

    fn add(&self, login: Login) {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if logins.len() == MAX_LOGINS {
            logins.pop_front();
        }
        logins.push_back(login);
    }

    fn take(&self, kind: GrantKind, code: &str) -> Option<Login> {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = logins.iter().position(|login| login.kind == kind && login.code == code)?;
        logins.remove(place)
    }
}

fn grant(
    client_id: &str,
    login_hint: Option<String>,
    nonce: Option<String>,
) -> Result<Grant, OidcError> {
    if client_id.is_empty() {
        return Err(invalid("found no client_id".to_owned()));
    }
    let address = login_hint.as_deref().unwrap_or(DEFAULT_EMAIL);
    let request = TokenRequest::email(address).map_err(|error| invalid(error.to_string()))?;
    Ok(Grant { request: request.audience(client_id), nonce })
}

fn challenge(
    challenge: Option<String>,
    method: Option<String>,
) -> Result<Option<String>, OidcError> {
    match (challenge, method.as_deref()) {
        (Some(challenge), Some("S256")) if !challenge.is_empty() => Ok(Some(challenge)),
        (_, found) => Err(invalid(format!(
            "found the code_challenge_method {found:?}, wanted a code_challenge with \"S256\""
        ))),
    }
}

fn is_loopback(redirect_uri: &str) -> bool {
    let Ok(uri) = redirect_uri.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    uri.scheme_str() == Some("http") && (loopback || host == "localhost")
}

fn random_code() -> Result<String, OidcError> {
    let mut bytes = [0; 24];
    let random = SystemRandom::new();
    random.fill(&mut bytes).map_err(|_| OidcError::server("no random numbers".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn expiry(now: Timestamp) -> Timestamp {
    now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX)
}

fn invalid(description: String) -> OidcError {
    OidcError::new("invalid_request", description)
}

fn refused(description: &str) -> OidcError {
    OidcError::new("invalid_grant", description.to_owned())
}

pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub(super) const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// Who logs in when the client does not say.
pub(super) const DEFAULT_EMAIL: &str = "dev@sandbox.invalid";

const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Bounds the memory of logins that are never finished: the oldest is forgotten.
const MAX_LOGINS: usize = 1024;
