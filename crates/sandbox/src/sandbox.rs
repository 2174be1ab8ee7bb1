use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use chainsign_core::key::KeyAlgorithm;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::ct::{self, CtLog};
use crate::fulcio::{self, Fulcio};
use crate::http::{Listeners, MAX_BODY, blocking, listen, misbehaving};
use crate::misbehaviour::{Behaviour, Service};
use crate::oidc::{self, Oidc};
use crate::registry::{self, Registry};
use crate::rekor::v1::{self, RekorV1};
use crate::rekor::v2::{self, RekorV2};
use crate::state::Store;
use crate::trust::{Deployment, Lifetime, LogKey, TrustConfig};
use crate::tsa::{self, TimestampAuthority};
use crate::tuf::{self, Repository};
use crate::x509::sha256;
use crate::{Error, Misbehaviour, Options, TokenRequest};

/// A running sandbox. It serves until [`stop`](Self::stop), or until it is dropped.
pub struct Sandbox {
    url: String,
    trust_config: Vec<u8>,
    oidc: Arc<Oidc>,
    tuf: Arc<Repository>,
    behaviour: Arc<Behaviour>,
    /// Dropping it ends the servers too.
    stopping: watch::Sender<()>,
    servers: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Listens, makes or loads the keys, and serves on tasks of the caller's tokio runtime, which
    /// needs I/O and time enabled.
    ///
    /// # Errors
    /// [`Error::NotLoopback`], [`Error::Unspecified`], [`Error::Listen`]; with a state folder
    /// [`Error::State`], [`Error::StateInvalid`], [`Error::StateInUse`]; [`Error::Crypto`],
    /// [`Error::Encoding`], [`Error::FirstEntry`], [`Error::Ended`].
    pub async fn start(options: Options) -> Result<Sandbox, Error> {
        let Listeners { sockets, host, url } = listen(options.listen, options.port).await?;
        let behaviour = Arc::new(Behaviour::new(options.clock, options.misbehaviour.clone()));
        let services = {
            let (url, behaviour) = (url.clone(), Arc::clone(&behaviour));
            blocking(move || Services::open(&options, &host, url, behaviour)).await??
        };
        let (stopping, stopped) = watch::channel(());
        let router = services.router(&behaviour);
        let serve = |socket| tokio::spawn(serve(socket, router.clone(), stopped.clone()));
        let servers = sockets.into_iter().map(serve).collect();
        let Services { oidc, tuf, trust_config, .. } = services;
        Ok(Sandbox { url, trust_config, oidc, tuf, behaviour, stopping, servers })
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

    /// The newest root of the TUF repository, which is at [`url`](Self::url) and serves
    /// `trusted_root.json` and `signing_config.v0.2.json`: what a client is given to start with.
    pub fn tuf_root(&self) -> Vec<u8> {
        self.tuf.root()
    }

    /// Replaces the TUF repository's key by a new one. Clients that know the root before follow.
    ///
    /// # Errors
    /// [`Error::Crypto`], [`Error::Encoding`]; with a state folder [`Error::State`].
    pub fn rotate_tuf_root(&self) -> Result<(), Error> {
        self.tuf.rotate()
    }

    /// Issues an identity token.
    ///
    /// # Errors
    /// [`Error::Crypto`], [`Error::Encoding`].
    pub fn token(&self, request: TokenRequest) -> Result<String, Error> {
        self.oidc.token(&request, None)
    }

    /// Replaces the ways in which the sandbox is wrong; none makes it behave again. Takes effect
    /// with the next request.
    pub fn misbehave(&self, misbehaviour: impl IntoIterator<Item = Misbehaviour>) {
        self.behaviour.replace(misbehaviour.into_iter().collect());
    }

    /// Stops listening, waits for the requests that are being answered, at most five seconds, and
    /// ends.
    pub async fn stop(self) {
        // Fails when no server is left to tell.
        let _ = self.stopping.send(());
        let deadline = Instant::now() + STOP_PATIENCE;
        for mut server in self.servers {
            if timeout_at(deadline, &mut server).await.is_err() {
                server.abort();
            }
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}

struct Services {
    oidc: Arc<Oidc>,
    fulcio: Arc<Fulcio>,
    ct: Arc<CtLog>,
    rekor_v1: Arc<RekorV1>,
    rekor_v2: Arc<RekorV2>,
    tsa: Arc<TimestampAuthority>,
    tuf: Arc<Repository>,
    registry: Arc<Registry>,
    trust_config: Vec<u8>,
}

impl Services {
    fn open(
        options: &Options,
        host: &str,
        url: String,
        behaviour: Arc<Behaviour>,
    ) -> Result<Self, Error> {
        let store = Store::open(options.state.as_deref())?;
        let lifetime = Lifetime::load(&store, options.clock.now())?;
        let behaviour = || Arc::clone(&behaviour);
        let oidc = Arc::new(Oidc::open(&store, url.clone(), behaviour())?);
        let ct = Arc::new(CtLog::open(&store, behaviour())?);
        let fulcio =
            Fulcio::open(&store, lifetime, Arc::clone(&oidc), Arc::clone(&ct), behaviour())?;
        let rekor_v1 = RekorV1::open(&store, host, behaviour())?;
        let rekor_v2 = RekorV2::open(&store, host, behaviour())?;
        let tsa = TimestampAuthority::open(&store, lifetime, behaviour())?;
        let config = TrustConfig::new(&Deployment {
            url: &url,
            lifetime,
            offered_logs: options.offered_logs,
            fulcio: fulcio.chain(),
            tsa: tsa.chain(),
            ct: LogKey {
                spki: ct.spki(),
                algorithm: KeyAlgorithm::EcdsaP256Sha256,
                id: sha256(ct.spki()),
            },
            rekor_v1: rekor_v1.log_key(),
            rekor_v2: rekor_v2.log_key(),
        })?;
        let tuf = Repository::open(&store, &config, lifetime, behaviour())?;
        Ok(Services {
            oidc,
            fulcio: Arc::new(fulcio),
            ct,
            rekor_v1: Arc::new(rekor_v1),
            rekor_v2: Arc::new(rekor_v2),
            tsa: Arc::new(tsa),
            tuf: Arc::new(tuf),
            registry: Arc::new(Registry::new(options.referrers)),
            trust_config: config.whole,
        })
    }

    /// Everything on one port: no two paths are the same.
    fn router(&self, behaviour: &Arc<Behaviour>) -> Router {
        let services = [
            (oidc::routes(Arc::clone(&self.oidc)), Service::Oidc),
            (fulcio::routes(Arc::clone(&self.fulcio)), Service::Fulcio),
            (ct::routes(Arc::clone(&self.ct)), Service::CtLog),
            (v1::routes(Arc::clone(&self.rekor_v1)), Service::RekorV1),
            (v2::routes(Arc::clone(&self.rekor_v2)), Service::RekorV2),
            (tsa::routes(Arc::clone(&self.tsa)), Service::TimestampAuthority),
            (tuf::routes(Arc::clone(&self.tuf)), Service::Tuf),
            (registry::routes(Arc::clone(&self.registry)), Service::Registry),
        ];
        let mut router = Router::new().route("/healthz", get(|| async { "ok" }));
        for (routes, service) in services {
            router = router.merge(misbehaving(routes, service, Arc::clone(behaviour)));
        }
        router.layer(DefaultBodyLimit::max(MAX_BODY))
    }
}

async fn serve(socket: TcpListener, router: Router, mut stopped: watch::Receiver<()>) {
    let signal = async move {
        // An error means that the sandbox was dropped.
        let _ = stopped.changed().await;
    };
    if let Err(error) = axum::serve(socket, router).with_graceful_shutdown(signal).await {
        tracing::error!(%error, "the sandbox stopped serving");
    }
}

/// A client that never finishes its request must not keep the sandbox.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
