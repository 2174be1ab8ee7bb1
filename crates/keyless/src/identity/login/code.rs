use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chainsign_core::digest::ArtifactDigest;
use url::Url;

use super::callback::{Callback, Parameters};
use super::exchange::{AtIssuer, Granted};
use super::{Browsing, LoopbackRedirect, Person, SecretText, unguessable};
use crate::error::Error;
use crate::services::one_line;

/// In a browser on this machine; where there is none, [`by_hand`]. The token, and the nonce that it
/// must have.
pub(super) async fn in_browser(
    at: &AtIssuer<'_>,
    redirect: &LoopbackRedirect,
    person: &dyn Person,
) -> Result<(SecretText, Option<SecretText>), Error> {
    let callback = Callback::listen(redirect).await?;
    let attempt = Attempt::new(callback.uri())?;
    let address = attempt.address(at)?;
    match person.browse(address.as_str()) {
        Browsing::Impossible => by_hand(at, person).await,
        Browsing::Begun => {
            let parameters = callback.answer().await?;
            let code = attempt.code(at, parameters)?;
            attempt.redeem(at, &code).await
        }
    }
}

/// In a browser anywhere; the person copies the code that it shows.
pub(super) async fn by_hand(
    at: &AtIssuer<'_>,
    person: &dyn Person,
) -> Result<(SecretText, Option<SecretText>), Error> {
    let attempt = Attempt::new(OUT_OF_BAND)?;
    let address = attempt.address(at)?;
    let code = person.code(address.as_str()).await.map_err(Error::LoginCode)?;
    let code = SecretText::new(code.expose().trim());
    attempt.redeem(at, &code).await
}

/// One attempt to log in: what binds its answer to it.
struct Attempt {
    redirect_uri: String,
    state: SecretText,
    nonce: SecretText,
    verifier: SecretText,
}

impl Attempt {
    fn new(redirect_uri: &str) -> Result<Self, Error> {
        Ok(Attempt {
            redirect_uri: redirect_uri.to_owned(),
            state: unguessable()?,
            nonce: unguessable()?,
            verifier: unguessable()?,
        })
    }

    /// Where the person logs in (OpenID Connect Core section 3.1.2.1, RFC 7636 section 4.3).
    fn address(&self, at: &AtIssuer<'_>) -> Result<Url, Error> {
        let mut url = at.description.authorization(&at.endpoint)?;
        let digest = ArtifactDigest::sha256(self.verifier.expose().as_bytes());
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", at.client_id)
            .append_pair("scope", SCOPE)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", self.state.expose())
            .append_pair("nonce", self.nonce.expose())
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(digest.bytes()))
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// The code that the browser brought, if it is the answer to this attempt.
    fn code(&self, at: &AtIssuer<'_>, answer: Parameters) -> Result<SecretText, Error> {
        // Before anything else of it is believed, an error neither.
        if answer.state.as_deref() != Some(self.state.expose()) {
            return Err(Error::LoginState { endpoint: at.endpoint.clone() });
        }
        // RFC 9207 section 2.4.
        if let Some(found) = answer.issuer.filter(|issuer| *issuer != at.endpoint.url) {
            let found = one_line(&found);
            return Err(Error::OtherIssuer { endpoint: at.endpoint.clone(), found });
        }
        match (answer.code, answer.error) {
            (Some(code), None) => Ok(code),
            (_, Some(error)) => {
                let description = one_line(&answer.description.unwrap_or_default());
                Err(at.refused(one_line(&error), description))
            }
            (None, None) => Err(Error::MalformedAnswer {
                endpoint: at.endpoint.clone(),
                reason: "the browser brought neither code nor error".to_owned(),
            }),
        }
    }

    async fn redeem(
        self,
        at: &AtIssuer<'_>,
        code: &SecretText,
    ) -> Result<(SecretText, Option<SecretText>), Error> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", self.verifier.expose()),
        ];
        match at.grant(&fields).await? {
            Granted::Token(token) => Ok((token, Some(self.nonce))),
            Granted::Refused { error, description } => Err(at.refused(error, description)),
        }
    }
}

/// What Dex, and before it Google, take for "show the code to the person".
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

pub(super) const SCOPE: &str = "openid email";
