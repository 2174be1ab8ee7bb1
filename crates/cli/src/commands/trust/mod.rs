//! Which Sigstore is used: from the files that were named, or from a TUF repository, its cache, and
//! what is embedded.

mod create;
mod kept;
mod refresh;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use chainsign_core::Limits;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::{SigningConfig, TrustedRoot};
use chainsign_trust::{
    Cache, Checked, Freshness, Instance, Network, Origin, Repository, TrustMaterial, TrustSource,
};
use chainsign_verify::Verifier;
use jiff::Timestamp;

pub use create::{CreateRequest, Created, create};
pub use refresh::{InitializeRequest, Refreshed, initialize, refresh};

use super::verify::{Demand, DemandedSigner, Timestamps, Vouching};
use crate::failure::Failure;
use crate::files;

/// Which Sigstore.
#[derive(Clone, Debug)]
pub enum TrustRequest {
    /// A trusted root and a signing config in one file.
    Config(PathBuf),
    /// One of each, in files of their own.
    Files {
        /// The trusted root.
        trusted_root: PathBuf,
        /// The signing config.
        signing_config: Option<PathBuf>,
    },
    /// What is embedded for an instance; nobody is asked.
    Embedded(Instance),
    /// What a TUF repository says, or said last.
    Repository {
        /// The repository.
        repository: RepositoryRequest,
        /// What to sign with, instead of what the repository says.
        signing_config: Option<PathBuf>,
    },
}

/// A TUF repository to be asked.
#[derive(Clone, Debug)]
pub struct RepositoryRequest {
    /// Which.
    pub which: WhichRepository,
    /// The folder of this program's own files; without one nothing is cached or kept.
    pub home: Option<Home>,
    /// Where cosign keeps what repositories say, if that is known. It is only read.
    pub sigstore_cache: Option<PathBuf>,
    /// When it may be asked.
    pub network: Network,
    /// The time of asking.
    pub now: Timestamp,
}

/// A TUF repository with a trusted root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichRepository {
    /// The one that `initialize` kept, else that of Sigstore's public instance.
    Default,
    /// This one.
    This(NamedRepository),
}

/// A TUF repository by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedRepository {
    /// The one of an instance that is known.
    Instance(Instance),
    /// One at another address.
    At {
        /// The address.
        url: String,
        /// The TUF root that its trust begins with.
        root: Vec<u8>,
    },
}

/// Whether a trusted root is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Certificates, logs or timestamps are verified.
    Root,
    /// Only keys are trusted, or roots that a policy names.
    Nothing,
}

impl Need {
    /// What somebody who is demanded needs.
    pub fn of(demand: &Demand) -> Self {
        let key = matches!(demand.signer, DemandedSigner::Key(_));
        let ignored = demand.log == Vouching::Ignore && demand.timestamps == Timestamps::AsPromised;
        if key && ignored { Need::Nothing } else { Need::Root }
    }
}

/// The folders of this program's own files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// What may be deleted at any time.
    pub cache: PathBuf,
    /// What `initialize` keeps.
    pub config: PathBuf,
}

/// A Sigstore to sign with and verify under.
pub struct Trust {
    /// What is trusted.
    pub root: TrustedRoot,
    /// The verifier made of it.
    pub verifier: Verifier,
    /// What signs, where it is known.
    pub signing_config: Option<SigningConfig>,
    /// Where it came from, for reports.
    pub origin: String,
    /// What kept it from being newer, or from being cached.
    pub warning: Option<String>,
}

impl TrustRequest {
    /// Reads it; asks its repository, where that is wanted and the cache is not fresh.
    ///
    /// # Errors
    /// `unreadable`; `bad-trust` for a document that is not what it has to be; `trust-unavailable` for a
    /// repository that cannot be refreshed, with nothing cached that is still valid.
    pub fn load(&self) -> Result<Trust, Failure> {
        let (material, origin) = match self {
            TrustRequest::Embedded(instance) => {
                (chainsign_trust::load(&TrustSource::Embedded(*instance)), instance.to_string())
            }
            TrustRequest::Repository { repository, signing_config } => {
                let trust = Trust::of(repository.obtain()?);
                let named = signing_config.as_deref().map(signing_config_in).transpose()?;
                return Ok(Trust { signing_config: named.or(trust.signing_config), ..trust });
            }
            TrustRequest::Config(path) => {
                let document = files::read("trust config", path)?;
                let source = TrustSource::TrustConfigFile(&document);
                (chainsign_trust::load(&source), path.display().to_string())
            }
            TrustRequest::Files { trusted_root, signing_config } => {
                let root = files::read("trusted root", trusted_root)?;
                let config = signing_config.as_deref();
                let config = config.map(|path| files::read("signing config", path)).transpose()?;
                let source = match &config {
                    None => TrustSource::TrustedRootFile(&root),
                    Some(config) => {
                        TrustSource::Files { trusted_root: &root, signing_config: config }
                    }
                };
                (chainsign_trust::load(&source), trusted_root.display().to_string())
            }
        };
        let material = material.map_err(|error| {
            Failure::because("bad-trust", &origin, &error)
                .hint("--trust-config takes both documents in one file, --trusted-root and --signing-config one each")
        })?;
        let named = matches!(material.origin, Origin::File).then_some(origin);
        let trust = Trust::of(material);
        Ok(Trust { origin: named.unwrap_or(trust.origin), ..trust })
    }

    /// Reads it where it is needed. A file that is named is read in any case; nobody is asked for what
    /// nothing needs.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_for(&self, need: Need) -> Result<Option<Trust>, Failure> {
        match (self, need) {
            (TrustRequest::Embedded(_) | TrustRequest::Repository { .. }, Need::Nothing) => {
                Ok(None)
            }
            _ => self.load().map(Some),
        }
    }
}

impl RepositoryRequest {
    /// Asks, or takes what is cached or embedded, as its `network` says.
    ///
    /// # Errors
    /// As [`TrustRequest::load`].
    pub fn obtain(&self) -> Result<TrustMaterial, Failure> {
        let repository = self.repository()?;
        let cache = self.home.as_ref().map(|home| Cache::at(&home.cache));
        let obtain = async { repository.obtain(cache.as_ref(), self.network, self.now).await };
        on_a_thread(obtain)?.map_err(|error| unavailable(&error))
    }

    fn repository(&self) -> Result<Repository, Failure> {
        let kept = || match &self.home {
            Some(home) => kept::read(home),
            None => Ok(None),
        };
        let named = match &self.which {
            WhichRepository::This(named) => named.clone(),
            WhichRepository::Default => {
                kept()?.unwrap_or(NamedRepository::Instance(Instance::PublicGood))
            }
        };
        let repository = match named {
            NamedRepository::Instance(instance) => Repository::of(instance),
            NamedRepository::At { url, root } => Repository::custom(&url, &root)
                .map_err(|error| Failure::because("bad-trust", "the TUF repository", &error))?,
        };
        Ok(match &self.sigstore_cache {
            Some(folder) => repository.with_sigstore_cache(folder),
            None => repository,
        })
    }
}

fn signing_config_in(path: &Path) -> Result<SigningConfig, Failure> {
    let document = files::read("signing config", path)?;
    SigningConfig::parse(&document, &Limits::default())
        .map_err(|error| Failure::because("bad-trust", &path.display().to_string(), &error))
}

fn unavailable(error: &chainsign_trust::Error) -> Failure {
    use chainsign_trust::Error;
    let failure = Failure::because(UNAVAILABLE, "no trusted root", error);
    match error {
        Error::Refresh { .. } => failure.hint(
            "--offline takes the newest of the cache and what is embedded; --trusted-root takes a file",
        ),
        Error::NothingCached { .. } => {
            failure.hint("run `chainsign trust refresh` with the same flags where there is a network")
        }
        _ => Failure { reason: "bad-trust".to_owned(), ..failure },
    }
}

/// Runs what asks a repository. It may be called within a runtime and outside of one.
fn on_a_thread<T: Send>(work: impl Future<Output = T> + Send) -> Result<T, Failure> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(|runtime| runtime.block_on(work))
    };
    let outcome = std::thread::scope(|scope| scope.spawn(run).join());
    let outcome = outcome.map_err(|_| {
        Failure::undecided("system", "the thread that asks for the trusted root has ended early")
    })?;
    outcome.map_err(|error| Failure::because("system", "cannot start the network runtime", &error))
}

impl Trust {
    fn of(material: TrustMaterial) -> Self {
        Trust {
            verifier: Verifier::new(&material.trusted_root),
            origin: origin(&material.origin),
            warning: warning(&material.origin),
            root: material.trusted_root,
            signing_config: material.signing_config,
        }
    }

    /// What this Sigstore lets a verifier demand. A root without any log promises timestamps
    /// instead, as GitHub's own instance does.
    pub fn requirements(trust: Option<&Trust>, demand: &Demand) -> Requirements {
        let has_logs = |root: &TrustedRoot| !root.tlogs.is_empty() || !root.ctlogs.is_empty();
        let logs = trust.is_none_or(|trust| has_logs(&trust.root));
        let mut requirements = match &demand.signer {
            DemandedSigner::Key(key) => Requirements::logged_key(key.clone()),
            DemandedSigner::Identity(matcher) => {
                let signer = SignerRequirement::Identity(vec![matcher.clone()]);
                match logs {
                    true => Requirements::keyless(signer),
                    false => Requirements::github(signer),
                }
            }
        };
        if demand.log == Vouching::Ignore {
            requirements.transparency_logs = None;
        }
        if demand.sct == Vouching::Ignore {
            requirements.certificate_transparency_logs = None;
        }
        if demand.timestamps == Timestamps::Require {
            requirements.timestamp_authorities = Some(NonZeroUsize::MIN);
        }
        requirements
    }
}

/// Where trust material is from, in words, with its age.
fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Embedded(instance) => {
            format!("embedded root of {instance}, as of {}", instance.as_of().strftime("%Y-%m-%d"))
        }
        Origin::Repository(Checked { url, at, freshness: Freshness::Refreshed, .. }) => {
            format!("{url}, asked at {at}")
        }
        Origin::Repository(Checked { url, at, other: Some(folder), .. }) => {
            format!("cosign's cache of {url} in {}, asked at {at}", folder.display())
        }
        Origin::Repository(Checked { url, at, .. }) => format!("cache of {url}, asked at {at}"),
        other => other.to_string(),
    }
}

fn warning(origin: &Origin) -> Option<String> {
    let Origin::Repository(checked) = origin else { return None };
    match (&checked.freshness, &checked.cache_fault) {
        (Freshness::RefreshFailed { reason }, _) => Some(format!(
            "{} could not be asked ({reason}): the trusted root is from its cache, of {}, valid until {}",
            checked.url, checked.at, checked.expires
        )),
        (_, Some(fault)) => Some(format!(
            "the trusted root could not be cached, and is asked for each time: {fault}"
        )),
        _ => None,
    }
}

/// The reason when a repository cannot be asked and nothing can take its place.
const UNAVAILABLE: &str = "trust-unavailable";
