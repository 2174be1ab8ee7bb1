use std::fmt;

use chainsign_core::{Limits, json};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{IdentityToken, token};
use crate::Error;

/// What an identity token says, without the token.
///
/// The claims of a CI job's token describe the job. They are read, and the token's signature is not
/// checked: what is signed under a certificate for such a token has the claims that the certificate
/// authority verified in the certificate, and that is what a verifier goes by.
#[derive(Clone)]
pub struct TokenClaims(Map<String, Value>);

impl TokenClaims {
    /// The audience that a token is asked for whose claims are only read: it can sign nothing, nor
    /// log in anywhere. GitHub's own attestation action asks for it too.
    pub const AUDIENCE: &'static str = "nobody";

    /// Parses a token in compact serialization (RFC 7519) of any audience, and keeps its claims.
    ///
    /// # Errors
    /// [`Error::TokenMalformed`]; [`Error::TokenExpired`] and [`Error::TokenNotYetValid`], as for
    /// [`IdentityToken::parse`](super::IdentityToken::parse): a token of another time is of another
    /// job.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, Error> {
        let (known, payload) = token::claims(text.trim_ascii())?;
        known.valid_at(now)?;
        Self::all(&payload)
    }

    fn all(payload: &[u8]) -> Result<Self, Error> {
        let all = json::parse("its payload", payload, &Limits::default());
        all.map(Self).map_err(|error| Error::TokenMalformed { reason: error.to_string() })
    }

    /// The claims of a token that can be used.
    pub(super) fn of(token: &IdentityToken) -> Result<Self, Error> {
        Self::all(&token::claims(token.secret().expose())?.1)
    }

    /// A claim as text; `None` where it is absent, empty, or neither text, number, nor boolean.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// The issuer; not the other claims, which may name a person.
impl fmt::Debug for TokenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenClaims").field("iss", &self.0.get("iss")).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn parse(claims: &str) -> Result<TokenClaims, Error> {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let token =
            format!("{}.{}.{}\n", encode(r#"{"alg":"RS256"}"#), encode(claims), encode("x"));
        TokenClaims::parse(&token, "2026-11-20T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn claims_are_texts() {
        let claims = parse(
            r#"{"iss":"https://gitlab.com","sub":"s","aud":"any","exp":1795212000,"job_id":"7",
                "runner_id":12,"protected":true,"empty":"","none":null,"list":["x"]}"#,
        );
        let claims = claims.unwrap();
        let text = |name: &str| claims.text(name);
        assert_eq!(text("job_id").as_deref(), Some("7"));
        assert_eq!(text("runner_id").as_deref(), Some("12"));
        assert_eq!(text("protected").as_deref(), Some("true"));
        for name in ["empty", "none", "list", "unknown"] {
            assert_eq!(text(name), None, "{name}");
        }
        let shown = format!("{claims:?}");
        assert_eq!(shown, r#"TokenClaims { iss: Some(String("https://gitlab.com")), .. }"#);
    }

    #[test]
    fn a_token_of_another_time_is_refused() {
        let error = parse(r#"{"iss":"i","sub":"s","aud":"any","exp":1000000000}"#).unwrap_err();
        assert!(matches!(error, Error::TokenExpired { .. }), "{error}");
        let later = r#"{"iss":"i","sub":"s","aud":"any","exp":1999999999,"nbf":1999999990}"#;
        assert!(matches!(parse(later).unwrap_err(), Error::TokenNotYetValid { .. }));
        assert!(matches!(parse("[]").unwrap_err(), Error::TokenMalformed { .. }));
    }
}
