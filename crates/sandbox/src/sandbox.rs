use crate::{Error, Misbehaviour, Options, TokenRequest};

/// A running sandbox. It serves until [`stop`](Self::stop) or until it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    url: String,
    trust_config: Vec<u8>,
}

impl Sandbox {
    /// Makes or loads the keys, listens, and serves on tasks of the caller's tokio runtime.
    ///
    /// # Errors
    /// [`Error::NotLoopback`], [`Error::Unspecified`], [`Error::Listen`]; with a state folder
    /// [`Error::State`], [`Error::StateInvalid`], [`Error::StateInUse`]; [`Error::Crypto`].
    pub async fn start(options: Options) -> Result<Sandbox, Error> {
        let _ = options;
        Err(Error::Crypto { action: "start" })
    }

    /// Where everything is served, e.g. `http://localhost:8930`: no path, no slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The issuer of its tokens: always [`url`](Self::url).
    pub fn issuer(&self) -> &str {
        &self.url
    }

    /// The Sigstore `ClientTrustConfig` (trusted root and signing config), JSON.
    pub fn trust_config(&self) -> &[u8] {
        &self.trust_config
    }

    /// Issues an identity token.
    ///
    /// # Errors
    /// [`Error::Crypto`], [`Error::Json`].
    pub fn token(&self, request: TokenRequest) -> Result<String, Error> {
        let _ = request;
        Err(Error::Crypto { action: "sign" })
    }

    /// Replaces the ways in which the sandbox is wrong; none makes it behave again. Takes effect
    /// with the next request.
    pub fn misbehave(&self, misbehaviour: impl IntoIterator<Item = Misbehaviour>) {
        let _ = misbehaviour;
    }

    /// Stops listening, waits for the requests that are being answered, and ends.
    pub async fn stop(self) {}
}
