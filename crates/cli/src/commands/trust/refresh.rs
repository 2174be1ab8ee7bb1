//! `trust refresh` and `initialize`: the repository is asked now.

use chainsign_core::digest::ArtifactDigest;
use chainsign_trust::{Checked, Instance, Network, Origin};
use jiff::Timestamp;

use super::{Home, NamedRepository, RepositoryRequest, UNAVAILABLE, WhichRepository, kept};
use crate::failure::Failure;

/// What a repository said just now.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// When and under which root it said so.
    pub checked: Checked,
    /// The digest of its trusted root.
    pub trusted_root: ArtifactDigest,
    /// Whether it also says what to sign with.
    pub signs: bool,
}

/// A repository to be used from now on.
#[derive(Debug)]
pub struct InitializeRequest {
    /// The repository.
    pub repository: NamedRepository,
    /// The SHA-256 digest that its TUF root must have.
    pub root_checksum: Option<ArtifactDigest>,
    /// Where it is kept.
    pub home: Option<Home>,
    /// The time of asking.
    pub now: Timestamp,
}

/// Asks a repository, whatever is cached.
///
/// # Errors
/// As [`TrustRequest::load`](super::TrustRequest::load), and `trust-unavailable` when it could not be
/// asked, even where what is cached is still valid.
pub fn refresh(request: RepositoryRequest) -> Result<Refreshed, Failure> {
    let asked = RepositoryRequest { network: Network::Now, ..request }.obtain();
    // What helps whoever wants to verify is of no use to whoever wants to ask.
    let material = asked.map_err(|failure| match failure.reason.as_str() {
        UNAVAILABLE => Failure { hints: Vec::new(), ..failure }
            .hint("check the address, the network, and that the TUF root is this repository's"),
        _ => failure,
    })?;
    let signs = material.signing_config.is_some();
    let trusted_root = material.trusted_root.digest().clone();
    match (super::warning(&material.origin), material.origin) {
        (None, Origin::Repository(checked)) => Ok(Refreshed { checked, trusted_root, signs }),
        (warning, _) => {
            let message = warning.unwrap_or_else(|| "the repository was not asked".to_owned());
            Err(Failure::undecided(UNAVAILABLE, message))
        }
    }
}

/// Asks a repository, and keeps it as the one that is used where no flag names another. Nothing is kept
/// unless it answers.
///
/// # Errors
/// As [`refresh`]; `bad-trust` for a root with another digest; `no-home` and `unwritable` where nothing
/// can be kept.
pub fn initialize(request: InitializeRequest) -> Result<Refreshed, Failure> {
    let InitializeRequest { repository, root_checksum, home, now } = request;
    let home = home.ok_or_else(|| {
        Failure::undecided("no-home", "found no home folder to keep the repository in")
            .hint("set CHAINSIGN_HOME to a folder")
    })?;
    let root = match &repository {
        NamedRepository::Instance(instance) => instance.repository_root(),
        NamedRepository::At { root, .. } => root,
    };
    let found = ArtifactDigest::sha256(root);
    if let Some(wanted) = root_checksum.filter(|wanted| *wanted != found) {
        let message = format!("the TUF root has {found}, wanted {wanted}");
        return Err(Failure::no("bad-trust", message));
    }
    let refreshed = refresh(RepositoryRequest {
        which: WhichRepository::This(repository.clone()),
        home: Some(home.clone()),
        sigstore_cache: None,
        network: Network::Now,
        now,
    })?;
    let public_good = NamedRepository::Instance(Instance::PublicGood);
    kept::write(Some(&repository).filter(|it| **it != public_good), &home)?;
    Ok(refreshed)
}
