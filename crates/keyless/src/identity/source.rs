use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

use super::ambient::{AmbientBuildkite, AmbientGithub, AmbientGoogle};
use super::token::TOKEN_BYTES;
use super::{IdentityToken, Login, SecretText, TokenClaims};
use crate::Clock;
use crate::error::Error;
use crate::services::{Http, Options, Services};

/// Where identity tokens come from.
///
/// A source may be asked again: long batches need a second certificate, and so a second token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TokenSource {
    /// A token that the user gave, as text.
    Given(SecretText),
    /// A file, which is read each time: tokens that are put into files are renewed there. Kubernetes'
    /// projected tokens and SPIFFE's JWT-SVIDs are such.
    File(PathBuf),
    /// The token service of a GitHub Actions job.
    Github(AmbientGithub),
    /// The agent's service of a Buildkite job.
    Buildkite(AmbientBuildkite),
    /// The metadata server of a machine, pod or job at Google.
    Google(AmbientGoogle),
    /// A person who logs in.
    Login(Login),
}

/// Where a process may find tokens. The order is that in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provider {
    /// The variable `SIGSTORE_ID_TOKEN`, which GitLab sets where a job asks for it.
    Variable,
    /// GitHub Actions.
    GithubActions,
    /// Buildkite.
    Buildkite,
    /// The variable `CIRCLE_OIDC_TOKEN_V2` of a CircleCI job. Its audience is the organization's
    /// unless the job says otherwise, and then nothing can be signed with it.
    CircleCi,
    /// The file `/var/run/sigstore/cosign/oidc-token`, cosign's place for projected tokens.
    File,
    /// The metadata server of Google's cloud.
    Google,
}

/// What a process finds around it. The caller looks; nothing is looked at in any other way.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The value of an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The first line of a small file, where it is there and can be read.
    pub line: &'a dyn Fn(&Path) -> Option<String>,
}

impl TokenSource {
    /// Finds the source that the surroundings offer: the first of [`Provider::ALL`] that is there.
    /// Empty variables count as unset. No network is used.
    ///
    /// # Errors
    /// [`Error::NoIdentityToken`], at once: nothing is asked, and no browser opened.
    /// [`Error::AmbientIncomplete`] in a CI job that may not ask for a token, or does not say for what.
    pub fn detect(surroundings: Surroundings<'_>) -> Result<Self, Error> {
        Self::detect_among(&Provider::ALL, surroundings)
    }

    /// The same, but of these providers only.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    pub fn detect_among(
        providers: &[Provider],
        surroundings: Surroundings<'_>,
    ) -> Result<Self, Error> {
        for provider in providers {
            if let Some(source) = provider.look(surroundings)? {
                return Ok(source);
            }
        }
        Err(Error::NoIdentityToken { looked_for: LOOKED_FOR })
    }

    /// Reads and checks the token that the user gave, without asking anybody. `None` where a token
    /// service would have to be asked.
    pub fn given(&self, now: Timestamp) -> Option<Result<IdentityToken, Error>> {
        match self {
            TokenSource::Given(text) => Some(IdentityToken::parse(text.expose(), now)),
            TokenSource::File(_)
            | TokenSource::Github(_)
            | TokenSource::Buildkite(_)
            | TokenSource::Google(_)
            | TokenSource::Login(_) => None,
        }
    }

    /// Gets a token, and checks it by the clock of the services.
    ///
    /// # Errors
    /// As [`IdentityToken::parse`]; when a service must be asked also [`Error::Address`],
    /// [`Error::Unreachable`], [`Error::Untrusted`], [`Error::Status`], [`Error::AnswerTooLarge`],
    /// [`Error::MalformedAnswer`]. When a person logs in also [`Error::NoIssuer`],
    /// [`Error::OtherIssuer`], [`Error::IssuerLacks`], [`Error::CannotListen`],
    /// [`Error::LoginState`], [`Error::LoginDenied`], [`Error::LoginExpired`],
    /// [`Error::LoginRefused`], [`Error::LoginCode`], [`Error::LoginTimedOut`],
    /// [`Error::TokenIssuer`], [`Error::TokenNonce`], [`Error::NoRandomness`].
    pub async fn token(&self, services: &Services) -> Result<IdentityToken, Error> {
        if let TokenSource::Login(login) = self {
            return login.token(services).await;
        }
        let timeout = services.options().timeouts.token;
        let text = self.text(services.http(), timeout, IdentityToken::AUDIENCE).await?;
        IdentityToken::parse(text.expose(), services.now())
    }

    /// Gets a token to read its claims, for saying how something was built. No signing service is
    /// needed for it.
    ///
    /// Where a token service is asked, it is asked for the audience [`TokenClaims::AUDIENCE`], so
    /// that what it gives is good for nothing else. A token that was given may have any audience.
    ///
    /// # Errors
    /// As [`TokenClaims::parse`]; when a service must be asked also as [`Self::token`];
    /// [`Error::NoIdentityToken`] where somebody would have to log in, who is no build.
    pub async fn claims(
        &self,
        options: &Options,
        clock: Arc<dyn Clock>,
    ) -> Result<TokenClaims, Error> {
        let now = clock.now();
        let http = Http::new(options.retry.clone(), clock);
        let text = self.text(&http, options.timeouts.token, TokenClaims::AUDIENCE).await?;
        TokenClaims::parse(text.expose(), now)
    }

    async fn text(
        &self,
        http: &Http,
        timeout: Duration,
        audience: &str,
    ) -> Result<SecretText, Error> {
        match self {
            TokenSource::Given(text) => Ok(text.clone()),
            TokenSource::File(path) => read(path).await,
            TokenSource::Github(github) => github.token(http, timeout, audience).await,
            TokenSource::Buildkite(buildkite) => buildkite.token(http, timeout, audience).await,
            TokenSource::Google(google) => google.token(http, timeout, audience).await,
            TokenSource::Login(_) => Err(Error::NoIdentityToken { looked_for: LOOKED_FOR }),
        }
    }
}

impl Provider {
    /// Every one, in the order in which they are tried: what somebody set for this goes before what is
    /// there anyway.
    pub const ALL: [Provider; 6] = [
        Self::Variable,
        Self::GithubActions,
        Self::Buildkite,
        Self::CircleCi,
        Self::File,
        Self::Google,
    ];

    fn look(self, around: Surroundings<'_>) -> Result<Option<TokenSource>, Error> {
        let variable =
            |name: &str| (around.variable)(name).filter(|value| !value.trim().is_empty());
        let given =
            |name: &str| variable(name).map(|token| TokenSource::Given(SecretText::new(token)));
        Ok(match self {
            Provider::Variable => given(GIVEN),
            Provider::GithubActions => AmbientGithub::of(&variable)?.map(TokenSource::Github),
            Provider::Buildkite => AmbientBuildkite::of(&variable)?.map(TokenSource::Buildkite),
            Provider::CircleCi => given(CIRCLE_CI),
            Provider::File => {
                let path = Path::new(TOKEN_FILE);
                (around.line)(path).map(|_| TokenSource::File(path.to_owned()))
            }
            Provider::Google => AmbientGoogle::of(&variable, around.line).map(TokenSource::Google),
        })
    }
}

/// Within bounds: no token is longer.
async fn read(path: &Path) -> Result<SecretText, Error> {
    let failed = |source| Error::TokenFile { path: path.to_owned(), source };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES));
    let most = u64::try_from(FILE_BYTES).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut bytes).await.map_err(failed)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    Ok(SecretText::new(text))
}

const GIVEN: &str = "SIGSTORE_ID_TOKEN";
/// CircleCI documentation, "Using OpenID Connect tokens in jobs".
const CIRCLE_CI: &str = "CIRCLE_OIDC_TOKEN_V2";
/// cosign `pkg/providers/filesystem`.
const TOKEN_FILE: &str = "/var/run/sigstore/cosign/oidc-token";
const LOOKED_FOR: &str = "SIGSTORE_ID_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL, \
                          BUILDKITE_AGENT_ACCESS_TOKEN, CIRCLE_OIDC_TOKEN_V2, \
                          /var/run/sigstore/cosign/oidc-token, \
                          Google's metadata server";

/// A byte more than a token may have: what is longer is refused when it is parsed, not cut.
const FILE_BYTES: usize = TOKEN_BYTES + 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn detect(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Result<TokenSource, Error> {
        let of = |all: &[(&str, &str)], name: &str| {
            let found = all.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        TokenSource::detect(Surroundings {
            variable: &|name| of(variables, name),
            line: &|path| of(files, path.to_str().unwrap()),
        })
    }

    const GITHUB: [(&str, &str); 2] = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://t.test/?a=b"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret"),
    ];
    const BUILDKITE: [(&str, &str); 2] =
        [("BUILDKITE_AGENT_ACCESS_TOKEN", "secret"), ("BUILDKITE_JOB_ID", "0190-ab")];

    #[test]
    fn a_given_token_goes_before_the_environments_own() {
        let source = detect(&GITHUB, &[]).unwrap();
        assert!(
            matches!(&source, TokenSource::Github(g) if g.request_url == "https://t.test/?a=b" && g.request_token.expose() == "secret"),
            "{source:?}"
        );
        assert!(!format!("{source:?}").contains("secret"), "{source:?}");
        let source = detect(&[GITHUB[0], GITHUB[1], (GIVEN, "token")], &[]).unwrap();
        assert!(matches!(&source, TokenSource::Given(t) if t.expose() == "token"), "{source:?}");
        let source = detect(&[GITHUB[0], GITHUB[1], (GIVEN, " ")], &[]).unwrap();
        assert!(matches!(source, TokenSource::Github(_)), "{source:?}");
    }

    #[test]
    fn other_places_are_found_in_their_order() {
        let product = ("/sys/class/dmi/id/product_name", "Google Compute Engine");
        let source = detect(&BUILDKITE, &[(TOKEN_FILE, "t"), product]).unwrap();
        let TokenSource::Buildkite(found) = &source else { panic!("{source:?}") };
        assert_eq!(found.endpoint, "https://agent.buildkite.com/v3");
        assert_eq!((found.job.as_str(), found.access_token.expose()), ("0190-ab", "secret"));
        assert!(!format!("{source:?}").contains("secret"), "{source:?}");
        let circle = (CIRCLE_CI, "token");
        let source = detect(&[circle], &[(TOKEN_FILE, "t"), product]).unwrap();
        assert!(matches!(&source, TokenSource::Given(t) if t.expose() == "token"), "{source:?}");
        let source = detect(&[BUILDKITE[0], BUILDKITE[1], circle], &[]).unwrap();
        assert!(matches!(&source, TokenSource::Buildkite(_)), "{source:?}");
        let source = detect(&[], &[(TOKEN_FILE, "t"), product]).unwrap();
        assert!(
            matches!(&source, TokenSource::File(path) if path == Path::new(TOKEN_FILE)),
            "{source:?}"
        );
        let source = detect(&[], &[product]).unwrap();
        assert!(
            matches!(&source, TokenSource::Google(g) if g.host == "metadata.google.internal"),
            "{source:?}"
        );
        let source = detect(&[("GCE_METADATA_HOST", "localhost:1")], &[]).unwrap();
        assert!(matches!(&source, TokenSource::Google(g) if g.host == "localhost:1"), "{source:?}");
        let other = ("/sys/class/dmi/id/product_name", "Standard PC");
        assert!(matches!(detect(&[], &[other]), Err(Error::NoIdentityToken { .. })));
    }

    #[test]
    fn without_a_source_the_error_says_what_to_set() {
        let said = |variables: &[(&str, &str)]| detect(variables, &[]).unwrap_err().to_string();
        assert_eq!(
            said(&[]),
            "no identity token: found none of SIGSTORE_ID_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL, BUILDKITE_AGENT_ACCESS_TOKEN, CIRCLE_OIDC_TOKEN_V2, /var/run/sigstore/cosign/oidc-token, Google's metadata server"
        );
        assert_eq!(
            said(&[("GITHUB_ACTIONS", "true")]),
            "this GitHub Actions job gives no identity token: found no ACTIONS_ID_TOKEN_REQUEST_URL"
        );
        assert_eq!(
            said(&[("ACTIONS_ID_TOKEN_REQUEST_URL", "https://t.test")]),
            "this GitHub Actions job gives no identity token: found no ACTIONS_ID_TOKEN_REQUEST_TOKEN"
        );
        assert_eq!(
            said(&BUILDKITE[..1]),
            "this Buildkite job gives no identity token: found no BUILDKITE_JOB_ID"
        );
    }
}
