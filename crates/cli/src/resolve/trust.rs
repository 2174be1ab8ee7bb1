//! Which Sigstore the flags mean.

use std::path::PathBuf;

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_trust::{Instance, Network};
use etcetera::BaseStrategy as _;
use jiff::Timestamp;

use crate::commands::trust::{
    Home, InitializeRequest, NamedRepository, RepositoryRequest, TrustRequest, WhichRepository,
};
use crate::failure::Failure;
use crate::files;
use crate::flags::evidence::{InitializeFlags, TrustRefreshFlags};
use crate::flags::shared::{OfflineFlag, RepositoryFlags, TrustFlags};

/// `--trust-config`, `--trusted-root`, `--signing-config`, `--instance`, `--tuf-mirror`
///
/// # Errors
/// `unreadable` for a TUF root.
pub fn trust(flags: TrustFlags) -> Result<TrustRequest, Failure> {
    with(flags, OfflineFlag::default())
}

/// The same with `--offline`
///
/// # Errors
/// As [`trust`].
pub fn with(flags: TrustFlags, offline: OfflineFlag) -> Result<TrustRequest, Failure> {
    let TrustFlags { trust_config, trusted_root, signing_config, instance, repository } = flags;
    let network = if offline.offline { Network::Offline } else { Network::WhenStale };
    Ok(match (trust_config, trusted_root) {
        (Some(path), _) => TrustRequest::Config(path),
        (None, Some(trusted_root)) => TrustRequest::Files { trusted_root, signing_config },
        (None, None) => TrustRequest::Repository {
            repository: asked(instance, repository, network)?,
            signing_config,
        },
    })
}

/// `trust refresh`
///
/// # Errors
/// `unreadable` for a TUF root.
pub fn refresh(flags: TrustRefreshFlags) -> Result<RepositoryRequest, Failure> {
    asked(flags.instance, flags.repository, Network::Now)
}

/// `initialize`
///
/// # Errors
/// `unreadable` for a TUF root; `bad-flag` for a checksum that is none.
pub fn initialize(flags: InitializeFlags, now: Timestamp) -> Result<InitializeRequest, Failure> {
    let instance = if flags.staging { Instance::Staging } else { Instance::PublicGood };
    let root_checksum = flags.root_checksum.map(|hex| {
        ArtifactDigest::from_hex(DigestAlgorithm::Sha256, &hex)
            .map_err(|error| Failure::because("bad-flag", "--root-checksum", &error))
    });
    Ok(InitializeRequest {
        repository: match (flags.mirror, flags.root) {
            (None, None) => NamedRepository::Instance(instance),
            (mirror, root) => NamedRepository::At {
                url: mirror.unwrap_or_else(|| instance.repository_url().to_owned()),
                root: tuf_root(root, instance)?,
            },
        },
        root_checksum: root_checksum.transpose()?,
        home: home(),
        now,
    })
}

fn asked(
    instance: Option<Instance>,
    repository: RepositoryFlags,
    network: Network,
) -> Result<RepositoryRequest, Failure> {
    let RepositoryFlags { tuf_mirror, tuf_root: root } = repository;
    let named = match (tuf_mirror, instance) {
        (Some(url), _) => {
            Some(NamedRepository::At { url, root: tuf_root(root, Instance::PublicGood)? })
        }
        (None, instance) => instance.map(NamedRepository::Instance),
    };
    Ok(RepositoryRequest {
        which: named.map_or(WhichRepository::Default, WhichRepository::This),
        home: home(),
        sigstore_cache: sigstore_cache(),
        network,
        // The repository's metadata expires by the real time, whatever time a decision is about.
        now: Timestamp::now(),
    })
}

/// The named root, else that of the instance, of which the repository is then a mirror.
fn tuf_root(path: Option<PathBuf>, instance: Instance) -> Result<Vec<u8>, Failure> {
    match path {
        Some(path) => files::read("TUF root", &path),
        None => Ok(instance.repository_root().to_owned()),
    }
}

/// `CHAINSIGN_HOME`, else the system's folders for caches and configuration.
pub(super) fn home() -> Option<Home> {
    if let Some(folder) = std::env::var_os("CHAINSIGN_HOME").filter(|it| !it.is_empty()) {
        let folder = PathBuf::from(folder);
        return Some(Home { cache: folder.join("cache"), config: folder });
    }
    let folders = etcetera::choose_base_strategy().ok()?;
    let (cache, config) = (folders.cache_dir().join(OWN), folders.config_dir().join(OWN));
    Some(Home { cache: cache.join("tuf"), config })
}

/// `TUF_ROOT`, else `~/.sigstore/root`: where cosign has its cache.
pub(super) fn sigstore_cache() -> Option<PathBuf> {
    match std::env::var_os("TUF_ROOT").filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(etcetera::home_dir().ok()?.join(".sigstore/root")),
    }
}

/// The folder of this program in the system's folders.
const OWN: &str = "chainsign";
