//! Why there is nothing to trust.

use std::error::Error as StdError;

use jiff::Timestamp;

/// Why there is nothing to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No instance of this name is embedded.
    #[error("unknown instance {found:?}: wanted public-good, staging or github")]
    UnknownInstance {
        /// The name found.
        found: String,
    },
    /// A document is not what it has to be.
    #[error(transparent)]
    Document(#[from] chainsign_core::Error),
    /// A service cannot be described.
    #[error("{service}: {reason}")]
    Service {
        /// Its address, or its place in the trusted root.
        service: String,
        /// What was found and wanted.
        reason: String,
    },
    /// A TUF repository has an address that cannot be used.
    #[error("unusable address of a TUF repository: found {url:?}, {reason}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The TUF root that a repository's trust begins with is none, or does not sign itself.
    #[error("unusable TUF root for {url}")]
    Bootstrap {
        /// The repository.
        url: String,
        /// What is wrong.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The repository could not be refreshed, and there is no cache that is still valid.
    #[error("the TUF repository {url} could not be refreshed, and {}", cached(.cached_until))]
    Refresh {
        /// The repository.
        url: String,
        /// When the cached metadata expired; `None` without any that is authentic.
        cached_until: Option<Timestamp>,
        /// Why it could not be refreshed.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No network is allowed, and nothing is cached or embedded for the repository.
    #[error("nothing of the TUF repository {url} is cached, and no network is allowed")]
    NothingCached {
        /// The repository.
        url: String,
    },
}

impl Error {
    pub(crate) fn service(service: &str, reason: impl Into<String>) -> Self {
        Error::Service { service: service.to_owned(), reason: reason.into() }
    }
}

fn cached(until: &Option<Timestamp>) -> String {
    match until {
        Some(until) => format!("what is cached expired at {until}"),
        None => "nothing usable is cached".to_owned(),
    }
}
