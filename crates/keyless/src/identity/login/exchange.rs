use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::code::SCOPE;
use super::discovery::{self, Description};
use super::{LoginRequest, SecretText};
use crate::error::{Endpoint, Error};
use crate::services::{Body, Header, Http, Request, one_line};

/// An issuer that described itself, and who asks it.
pub(super) struct AtIssuer<'a> {
    pub(super) endpoint: Endpoint,
    pub(super) description: Description,
    pub(super) client_id: &'a str,
    client_secret: Option<&'a SecretText>,
    http: &'a Http,
    timeout: Duration,
}

/// What the token endpoint says (RFC 6749 section 5).
pub(super) enum Granted {
    Token(SecretText),
    Refused { error: String, description: String },
}

impl<'a> AtIssuer<'a> {
    pub(super) async fn discover(
        issuer: &str,
        http: &'a Http,
        timeout: Duration,
        request: &'a LoginRequest,
    ) -> Result<Self, Error> {
        let endpoint = discovery::endpoint(issuer);
        let description = Description::ask(&endpoint, http, timeout).await?;
        let LoginRequest { client_id, client_secret, .. } = request;
        let client_secret = client_secret.as_ref();
        Ok(AtIssuer { endpoint, description, client_id, client_secret, http, timeout })
    }

    /// Asks the token endpoint for an id_token.
    pub(super) async fn grant(&self, fields: &[(&str, &str)]) -> Result<Granted, Error> {
        let url = self.description.token(&self.endpoint)?;
        let answer: GrantAnswer = self.post(url, fields).await?;
        match answer {
            GrantAnswer { id_token: Some(token), error: None, .. } => {
                Ok(Granted::Token(SecretText::new(token)))
            }
            GrantAnswer { error: Some(error), error_description, .. } => {
                let description = self.said(&error_description.unwrap_or_default());
                Ok(Granted::Refused { error: self.said(&error), description })
            }
            GrantAnswer { id_token: None, error: None, .. } => Err(Error::MalformedAnswer {
                endpoint: self.endpoint.clone(),
                reason: "found neither id_token nor error".to_owned(),
            }),
        }
    }

    /// A token for the client itself.
    pub(super) async fn own_token(&self) -> Result<SecretText, Error> {
        let fields = [("grant_type", "client_credentials"), ("scope", SCOPE)];
        match self.grant(&fields).await? {
            Granted::Token(token) => Ok(token),
            Granted::Refused { error, description } => Err(self.refused(error, description)),
        }
    }

    /// A form, sent as this client. An answer that says no is an answer.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        url: Url,
        fields: &[(&str, &str)],
    ) -> Result<T, Error> {
        let basic = self.client_secret.filter(|_| self.description.takes_basic());
        let credentials = basic.map(|secret| self.basic(secret));
        let body = self.form(fields, if basic.is_some() { None } else { self.client_secret });
        let request = Request {
            endpoint: &self.endpoint,
            url,
            timeout: self.timeout,
            limit: ANSWER_BYTES,
            body: Body::Bytes { content_type: FORM, bytes: body.as_bytes() },
            header: credentials.as_ref().map(Header::Basic),
            secret: self.client_secret,
            accept: "application/json",
            also: &REFUSALS,
        };
        self.http.send(request).await?.secret_json(&self.endpoint)
    }

    /// What the issuer says, for a message: without the client's secret, should it quote that.
    pub(super) fn said(&self, text: &str) -> String {
        match self.client_secret {
            Some(secret) => one_line(&secret.cut_out_of(text)),
            None => one_line(text),
        }
    }

    /// An error of the issuer's, as the error of ours that says it.
    pub(super) fn refused(&self, error: String, description: String) -> Error {
        let endpoint = self.endpoint.clone();
        match error.as_str() {
            "access_denied" => Error::LoginDenied { endpoint },
            "expired_token" => Error::LoginExpired { endpoint },
            _ => Error::LoginRefused { endpoint, error, description },
        }
    }

    /// In one place of memory, which is wiped.
    fn form(&self, fields: &[(&str, &str)], secret: Option<&SecretText>) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(FORM_BYTES));
        let mut form = form_urlencoded::Serializer::new(&mut *text);
        form.append_pair("client_id", self.client_id);
        if let Some(secret) = secret {
            form.append_pair("client_secret", secret.expose());
        }
        form.extend_pairs(fields).finish();
        text
    }

    /// Both parts are forms before they are base64 (RFC 6749 section 2.3.1).
    fn basic(&self, secret: &SecretText) -> SecretText {
        let encode = |text: &str| {
            Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>())
        };
        let (id, secret) = (encode(self.client_id), encode(secret.expose()));
        let pair = Zeroizing::new(format!("{}:{}", *id, *secret));
        SecretText::new(chainsign_core::encoding::base64_encode(pair.as_bytes()))
    }
}

#[derive(Deserialize)]
struct GrantAnswer {
    id_token: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Room for a form of codes and secrets of some KiB.
const FORM_BYTES: usize = 16 << 10;

/// Two tokens in a few bytes of JSON.
const ANSWER_BYTES: usize = 256 << 10;

/// RFC 6749 section 5.2 has 400 and 401; Google has 403 and 428 besides for devices.
const REFUSALS: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::PRECONDITION_REQUIRED,
];
