//! The services that take part in signing, and how they are asked.
//!
//! The security is in two places. `http` bounds what an answer may cost, follows no redirect, and
//! sends a credential only where the request's maker put it. Each protocol then compares the
//! answer with the request before anything is built on it: the certificate certifies our key, the
//! log's entry is ours, the timestamp is over our signature. What the answers prove is decided
//! later, by a verifier.

mod fulcio;
mod http;
mod reach;
mod rekor;
mod timestamp;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::{Service, ServiceKind, ServiceSelection};
use jiff::Timestamp;
use url::Url;

pub(crate) use http::{Body, Header, Http, Request, is_encrypted, one_line};
pub use reach::{Answered, Reached};
pub(crate) use rekor::{Proposal, ProposedContent, Verifier};

use crate::Clock;
use crate::error::{Endpoint, Error};

/// The services chosen for signing, ready to be asked. Cheap to clone: all clones share one HTTP
/// client and its connections.
#[derive(Clone)]
pub struct Services(Arc<Inner>);

struct Inner {
    selection: ServiceSelection,
    authority: Option<Remote>,
    logs: Vec<Remote>,
    timestamp_authorities: Vec<Remote>,
    http: Http,
    clock: Arc<dyn Clock>,
    options: Options,
}

/// A service and its checked address.
pub(crate) struct Remote {
    /// As it is shown.
    pub(crate) service: Service,
    pub(crate) endpoint: Endpoint,
    /// As it is asked, with user and password where it has them.
    pub(crate) url: Url,
}

/// How the services are asked.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// How long one attempt may take.
    pub timeouts: Timeouts,
    /// How often, and with what pauses, a failed attempt is repeated.
    pub retry: Retry,
    /// Whether the certificate authority may be asked without encryption.
    pub plain_http: PlainHttp,
}

/// How long one attempt at a service may take, connecting and reading included.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// Asking the environment for an identity token.
    pub token: Duration,
    /// The certificate authority.
    pub certificate: Duration,
    /// A log. Rekor v2 answers when the entry is in the tree, which may take ten seconds.
    pub log: Duration,
    /// A timestamp authority.
    pub timestamp: Duration,
}

/// Repetition of attempts that failed for a reason that may pass: no answer, status 408, 429, or
/// 500 and above.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Retry {
    /// Attempts in all; 0 counts as 1.
    pub attempts: u32,
    /// The pause after the first attempt. It doubles each time and is drawn between half and the
    /// whole of it, so that many clients do not return together.
    pub pause: Duration,
    /// The longest pause. A service that asks for a longer one (`Retry-After`) is not asked again.
    pub longest_pause: Duration,
}

/// Whether an identity token may be sent without encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// To this machine only.
    #[default]
    LoopbackOnly,
    /// Anywhere. Whoever reads the network can then sign in the user's name until the token
    /// expires.
    DangerousAnywhere,
}

impl Services {
    /// The major versions of transparency logs that can be written to, for
    /// [`SigningConfig::select`](chainsign_core::trust::SigningConfig::select).
    pub const LOG_VERSIONS: &'static [u32] = &[1, 2];

    /// Prepares the chosen services. Nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::Address`] for an address that is not an http(s) URL, for a certificate authority
    /// without encryption (see [`PlainHttp`]), and for a log of another version.
    pub fn new(
        selection: ServiceSelection,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let kind = ServiceKind::CertificateAuthority;
        let authority = selection.certificate_authority.as_ref();
        let authority = authority.map(|service| Remote::new(kind, service)).transpose()?;
        if let Some(authority) = &authority
            && options.plain_http == PlainHttp::LoopbackOnly
            && !is_encrypted(&authority.url)
        {
            return Err(authority.address("the identity token needs https, found http"));
        }
        let remotes = |kind, services: &[Service]| {
            services.iter().map(|service| Remote::new(kind, service)).collect::<Result<Vec<_>, _>>()
        };
        let logs = remotes(ServiceKind::TransparencyLog, &selection.transparency_logs)?;
        if let Some(log) =
            logs.iter().find(|log| !Self::LOG_VERSIONS.contains(&log.service.major_api_version))
        {
            let found = log.service.major_api_version;
            return Err(log.address(&format!("found interface version {found}, wanted 1 or 2")));
        }
        let timestamp_authorities =
            remotes(ServiceKind::TimestampAuthority, &selection.timestamp_authorities)?;
        let shown = |remotes: &[Remote]| remotes.iter().map(|it| it.service.clone()).collect();
        let selection = ServiceSelection {
            certificate_authority: authority.as_ref().map(|it| it.service.clone()),
            oidc_issuer: selection.oidc_issuer,
            transparency_logs: shown(&logs),
            timestamp_authorities: shown(&timestamp_authorities),
        };
        let http = Http::new(options.retry.clone(), Arc::clone(&clock));
        Ok(Services(Arc::new(Inner {
            selection,
            authority,
            logs,
            timestamp_authorities,
            http,
            clock,
            options,
        })))
    }

    /// What was chosen. What an address has of a user and a password is left out: it is sent to the
    /// service, and shown nowhere.
    pub fn selection(&self) -> &ServiceSelection {
        &self.0.selection
    }

    /// What a bundle that these services helped to sign must show: an entry in every log, a
    /// timestamp of every authority, and for a certificate a certificate transparency log and a
    /// proven time.
    pub fn requirements(&self, signer: SignerRequirement) -> Requirements {
        let of_version_1 = |log: &&Remote| log.service.major_api_version == 1;
        let logs = NonZeroUsize::new(self.0.logs.len());
        let authorities = NonZeroUsize::new(self.0.timestamp_authorities.len());
        let times =
            self.0.logs.iter().filter(of_version_1).count() + self.0.timestamp_authorities.len();
        let certificate = !matches!(signer, SignerRequirement::Key(_));
        let at_least_one = |count: usize| NonZeroUsize::new(count.max(1));
        Requirements {
            signer,
            transparency_logs: logs,
            certificate_transparency_logs: if certificate { at_least_one(1) } else { None },
            time_authorities: if certificate {
                at_least_one(times)
            } else {
                NonZeroUsize::new(times)
            },
            timestamp_authorities: authorities,
        }
    }

    pub(crate) fn authority(&self) -> Result<&Remote, Error> {
        self.0.authority.as_ref().ok_or(Error::NoCertificateAuthority)
    }

    pub(crate) fn logs(&self) -> &[Remote] {
        &self.0.logs
    }

    pub(crate) fn timestamp_authorities(&self) -> &[Remote] {
        &self.0.timestamp_authorities
    }

    /// Whether a signature made now would have a proven time.
    pub(crate) fn prove_time(&self) -> bool {
        let version_1 = |log: &Remote| log.service.major_api_version == 1;
        !self.0.timestamp_authorities.is_empty() || self.0.logs.iter().any(version_1)
    }

    pub(crate) fn http(&self) -> &Http {
        &self.0.http
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services")
            .field("selection", &self.0.selection)
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

impl Remote {
    fn new(kind: ServiceKind, service: &Service) -> Result<Self, Error> {
        let parsed = Url::parse(&service.url);
        let shown = parsed.as_ref().map_or_else(|_| service.url.clone(), |url| shown(service, url));
        let service = Service { url: shown.clone(), ..service.clone() };
        let endpoint = Endpoint { kind, url: shown };
        let address = |reason: String| Error::Address { endpoint: endpoint.clone(), reason };
        let url = parsed.map_err(|error| address(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(address("wanted an http or https URL with a host".to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(address("wanted an URL without query and fragment".to_owned()));
        }
        Ok(Remote { service, endpoint, url })
    }

    /// The address of a path below the service's own.
    pub(crate) fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }

    fn address(&self, reason: &str) -> Error {
        Error::Address { endpoint: self.endpoint.clone(), reason: reason.to_owned() }
    }

    /// An error about this service's answer.
    pub(crate) fn malformed(&self, reason: impl fmt::Display) -> Error {
        Error::MalformedAnswer { endpoint: self.endpoint.clone(), reason: reason.to_string() }
    }
}

/// The address as it was given, without user and password.
fn shown(service: &Service, url: &Url) -> String {
    if url.username().is_empty() && url.password().is_none() {
        return service.url.clone();
    }
    let mut url = url.clone();
    // Both fail for addresses that can have neither.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.into()
}

impl Default for Timeouts {
    /// The defaults of cosign and sigstore-go.
    fn default() -> Self {
        Timeouts {
            token: Duration::from_secs(30),
            certificate: Duration::from_secs(30),
            log: Duration::from_secs(90),
            timestamp: Duration::from_secs(30),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Retry {
            attempts: 4,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
        }
    }
}
