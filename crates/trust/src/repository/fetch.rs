//! Running the TUF client over the network or over the cache.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chainsign_core::Limits;
use chainsign_core::trust::{SigningConfig, TrustedRoot};
use jiff::Timestamp;
use sigstore_tuf::{HttpRepository, StoreRepository, TrustedMetadataSet, Updater};

use super::Repository;
use super::cache::{Folder, Staged};
use crate::Error;

/// What a repository, or its cache, has.
pub(super) struct Found {
    pub(super) trusted_root: TrustedRoot,
    pub(super) signing_config: Option<SigningConfig>,
    /// When the repository said so.
    pub(super) at: Timestamp,
    /// When the first of the metadata that says so expires.
    pub(super) expires: Timestamp,
    pub(super) root_version: u64,
    /// The folder of another client from which this is.
    pub(super) other: Option<PathBuf>,
}

type Cause = Box<dyn StdError + Send + Sync>;

/// Asks the repository, and writes what it says to the folder. A folder that cannot be written is
/// the second part of the outcome.
pub(super) async fn refresh(
    repository: &Repository,
    folder: Option<&Folder>,
    now: Timestamp,
) -> Result<(Found, Option<String>), Cause> {
    let http = HttpRepository::new(&repository.url)?.with_http_client(client(&repository.url)?);
    let mut updater = Updater::new(http, &repository.root)?;
    let staged = folder.map(|folder| Arc::new(Staged::over(folder.clone())));
    if let Some(staged) = &staged {
        updater = updater.with_store(Arc::clone(staged));
    }
    let found = tokio::time::timeout(DEADLINE, run(&mut updater, now)).await??;
    let cache_fault = match (folder, staged) {
        (Some(folder), Some(staged)) => folder.write(&staged, now).err(),
        _ => None,
    };
    Ok((found, cache_fault.map(|error| error.to_string())))
}

/// What the repository said last. It is verified as of then, so that it may have expired since;
/// `None` when it is not there, or not authentic.
pub(super) async fn from_cache(
    repository: &Repository,
    folder: &Folder,
    now: Timestamp,
) -> Option<Found> {
    let at = folder.checked()?;
    let staged = Arc::new(Staged::over(folder.clone()));
    let outcome = async {
        let store = StoreRepository::new(Arc::clone(&staged));
        let mut updater = Updater::new(store, &repository.root)?.with_store(staged);
        run(&mut updater, at.min(now)).await
    };
    let found = outcome.await.inspect_err(|error| tracing::debug!(%error, "cache not used"));
    found.ok().map(|found| Found { at, ..found })
}

/// TUF's client workflow (specification section 5), then the targets.
async fn run(updater: &mut Updater, now: Timestamp) -> Result<Found, Cause> {
    let limits = Limits::default();
    updater.refresh(now).await?;
    let trusted_root = updater.get_target(TRUSTED_ROOT, now).await?;
    let signing_config = match updater.get_target(SIGNING_CONFIG, now).await {
        Ok(bytes) => Some(SigningConfig::parse(&bytes, &limits)?),
        Err(sigstore_tuf::Error::TargetNotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let trusted = updater.trusted();
    let (root, timestamp) = (trusted.root(), trusted.timestamp());
    let (snapshot, targets) = (trusted.snapshot(), trusted.targets_role("targets"));
    let expires = [
        Some(root.expires),
        timestamp.map(|role| role.expires),
        snapshot.map(|role| role.expires),
        targets.map(|role| role.expires),
    ];
    Ok(Found {
        trusted_root: TrustedRoot::parse(&trusted_root, &limits)?,
        signing_config,
        at: now,
        expires: expires.into_iter().flatten().min().unwrap_or(root.expires),
        root_version: root.version,
        other: None,
    })
}

/// Whether the address is one that a repository can have.
pub(super) fn check_address(url: &str) -> Result<(), Error> {
    let address =
        |reason: &str| Err(Error::Address { url: url.to_owned(), reason: reason.to_owned() });
    match reqwest::Url::parse(url) {
        Ok(parsed) if !matches!(parsed.scheme(), "http" | "https") => {
            address("wanted an http or https URL")
        }
        Ok(_) => Ok(()),
        Err(error) => address(&error.to_string()),
    }
}

/// Whether the repository's root is one that signs itself.
pub(super) fn check_root(repository: &Repository) -> Result<(), Error> {
    let root = TrustedMetadataSet::from_root(&repository.root);
    root.map(|_| ())
        .map_err(|error| Error::Bootstrap { url: repository.url.clone(), source: Box::new(error) })
}

fn client(url: &str) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(reqwest::redirect::Policy::limited(REDIRECTS))
        .user_agent(USER_AGENT);
    if is_loopback(url) {
        // Whatever proxy the environment names, it cannot reach this machine for us.
        builder = builder.no_proxy();
    }
    builder.build()
}

fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The names of sigstore/root-signing.
const TRUSTED_ROOT: &str = "trusted_root.json";
const SIGNING_CONFIG: &str = "signing_config.v0.2.json";

const USER_AGENT: &str = concat!("chainsign/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// For a whole refresh: half a dozen small files, and a root for each rotation since the release.
const DEADLINE: Duration = Duration::from_secs(120);
/// Mirrors move; what they serve is signed.
const REDIRECTS: usize = 3;
