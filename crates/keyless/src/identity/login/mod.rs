//! Logging in: a person gets an identity token from the OIDC issuer of their Sigstore.
//!
//! Three flows for people: a browser whose answer comes to a socket on this machine (OpenID Connect Core
//! section 3.1 with PKCE, RFC 7636, as RFC 8252 has it for programs), a code that the person copies
//! from any browser, and a device login (RFC 8628). Programs have one of their own.
//!
//! The security is in these places. Of the issuer's own description (`discovery`) nothing is
//! believed that is about another issuer, and nobody is sent to an address without encryption.
//! State, nonce and code verifier are fresh for each login and never shown but where the protocol
//! has them, so that an answer to another login, or a token of one, is refused (`code`). The socket
//! reads little, from this machine, and takes one answer (`callback`). The token's signature is not
//! checked: it comes from the issuer itself over TLS (OpenID Connect Core section 3.1.3.7, point
//! 6), and the certificate authority checks it.

mod callback;
mod code;
mod device;
mod discovery;
mod exchange;
mod redirect;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chainsign_core::identity::Issuer;
use jiff::SignedDuration;
use tokio::sync::Mutex;

use super::{IdentityToken, SecretText};
use crate::error::Error;
use crate::services::Services;

pub use device::DevicePrompt;
pub use redirect::LoopbackRedirect;

use exchange::AtIssuer;

/// A login that gives identity tokens.
///
/// Clones share what they got: as long as a token can be used, nobody is asked again.
#[derive(Clone)]
pub struct Login {
    request: LoginRequest,
    person: Arc<dyn Person>,
    kept: Arc<Mutex<Option<IdentityToken>>>,
}

/// Where and how somebody logs in. [`LoginRequest::default()`] is a browser at the issuer of the
/// signing config, as the client `sigstore`.
#[derive(Clone, Debug)]
pub struct LoginRequest {
    /// How.
    pub flow: LoginFlow,
    /// At which issuer; `None` for that of the services.
    pub issuer: Option<Issuer>,
    /// The program that asks, as the issuer knows it. Tokens have it as their audience.
    pub client_id: String,
    /// What the program proves itself with, where the issuer wants that.
    pub client_secret: Option<SecretText>,
    /// Where the browser brings the answer.
    pub redirect: LoopbackRedirect,
    /// How long the person may take. The issuer may give them less.
    pub deadline: Duration,
}

/// How somebody logs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginFlow {
    /// In a browser on this machine; where there is none, as [`LoginFlow::Code`].
    #[default]
    Browser,
    /// In a browser anywhere, and with a code that it shows at the end and the person brings here.
    Code,
    /// In a browser anywhere, and with a code that they bring there (RFC 8628).
    Device,
    /// Nobody: a program with a secret of its own gets a token for itself (RFC 6749 section 4.4).
    ClientCredentials,
}

/// The person who logs in, as a program reaches them. Nothing is shown or asked in any other way.
///
/// What is shown comes from the issuer in parts: it is for the implementation to show it so that a
/// terminal obeys nothing in it.
pub trait Person: Send + Sync {
    /// Shows the address at which to log in, and opens it in a browser on this machine.
    fn browse(&self, address: &str) -> Browsing;

    /// Shows the address at which to log in, and asks for the code that it ends with.
    ///
    /// Dropped when the deadline passes.
    fn code<'a>(&'a self, address: &'a str) -> CodeFuture<'a>;

    /// Shows where to bring which code.
    fn device(&self, prompt: &DevicePrompt);
}

/// What came of opening a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browsing {
    /// Its answer is waited for.
    Begun,
    /// There is none here.
    Impossible,
}

/// A code, once somebody has brought it.
pub type CodeFuture<'a> = Pin<Box<dyn Future<Output = io::Result<SecretText>> + Send + 'a>>;

impl Login {
    /// A login of this person. Nobody is asked yet.
    pub fn new(request: LoginRequest, person: Arc<dyn Person>) -> Self {
        Login { request, person, kept: Arc::default() }
    }

    /// Where and how.
    pub fn request(&self) -> &LoginRequest {
        &self.request
    }

    /// The token of an earlier login that lasts for [`Self::REMAINING`] yet, else that of a new one.
    pub(super) async fn token(&self, services: &Services) -> Result<IdentityToken, Error> {
        // Held while the person is asked, so that they are asked once.
        let mut kept = self.kept.lock().await;
        let now = services.now();
        let lasts = |token: &&IdentityToken| token.expires().duration_since(now) >= Self::REMAINING;
        if let Some(token) = kept.as_ref().filter(lasts) {
            return Ok(token.clone());
        }
        let issuer = match &self.request.issuer {
            Some(issuer) => issuer.0.clone(),
            None => {
                let service = services.selection().oidc_issuer.as_ref();
                service.ok_or(Error::NoIssuer)?.url.clone()
            }
        };
        let limit = self.request.deadline;
        let token = tokio::time::timeout(limit, self.log_in(&issuer, services)).await;
        let token = token.map_err(|_| Error::LoginTimedOut { limit })??;
        Ok(kept.insert(token).clone())
    }

    async fn log_in(&self, issuer: &str, services: &Services) -> Result<IdentityToken, Error> {
        let timeout = services.options().timeouts.token;
        let at = AtIssuer::discover(issuer, services.http(), timeout, &self.request).await?;
        let person = self.person.as_ref();
        let (text, nonce) = match self.request.flow {
            LoginFlow::Browser => code::in_browser(&at, &self.request.redirect, person).await?,
            LoginFlow::Code => code::by_hand(&at, person).await?,
            LoginFlow::Device => (device::log_in(&at, person).await?, None),
            LoginFlow::ClientCredentials => (at.own_token().await?, None),
        };
        let token =
            IdentityToken::parse_for(text.expose(), &self.request.client_id, services.now())?;
        // OpenID Connect Core section 3.1.3.7, points 2 and 11.
        if token.issuer().0 != issuer {
            let (found, wanted) = (token.issuer().0, issuer.to_owned());
            return Err(Error::TokenIssuer { found, wanted });
        }
        if let Some(nonce) = nonce
            && token.nonce() != Some(nonce.expose())
        {
            return Err(Error::TokenNonce);
        }
        Ok(token)
    }

    /// What must be left of a token's life for it to be used once more: it has yet to be sent.
    pub const REMAINING: SignedDuration = SignedDuration::from_secs(5);
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("request", &self.request).finish_non_exhaustive()
    }
}

impl LoginRequest {
    /// The client that Sigstore's public instance, and most private ones, know programs as.
    pub const CLIENT: &'static str = IdentityToken::AUDIENCE;

    /// How long a person may take, unless said otherwise: some have a second factor to fetch.
    pub const DEADLINE: Duration = Duration::from_secs(300);
}

impl Default for LoginRequest {
    fn default() -> Self {
        LoginRequest {
            flow: LoginFlow::default(),
            issuer: None,
            client_id: Self::CLIENT.to_owned(),
            client_secret: None,
            redirect: LoopbackRedirect::default(),
            deadline: Self::DEADLINE,
        }
    }
}

/// A text that nobody guesses: 256 bits, in base64url (RFC 7636 section 4.1).
fn unguessable() -> Result<SecretText, Error> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(&mut *bytes).map_err(|_| Error::NoRandomness)?;
    Ok(SecretText::new(URL_SAFE_NO_PAD.encode(*bytes)))
}
