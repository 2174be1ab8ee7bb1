use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Why a sandbox did not start, or did not give a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address can be reached by other machines.
    #[error(
        "the sandbox gives anyone any identity: found the address {address}, wanted a loopback address"
    )]
    NotLoopback {
        /// The address.
        address: IpAddr,
    },
    /// The address is no address that a client could be told.
    #[error("found the unspecified address {address}, wanted one that clients can connect to")]
    Unspecified {
        /// The address.
        address: IpAddr,
    },
    /// The port cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address and port.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file of the state folder cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    State {
        /// What was tried: `read`, `write`, ...
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file of the state folder is not what a sandbox wrote.
    #[error("{} is not what a sandbox wrote: {reason}", path.display())]
    StateInvalid {
        /// The file.
        path: PathBuf,
        /// What was found and what was wanted.
        reason: String,
    },
    /// Another sandbox runs on the state folder.
    #[error("another sandbox uses {}", path.display())]
    StateInUse {
        /// The folder.
        path: PathBuf,
    },
    /// A token was asked for something that is no identity.
    #[error("{what}: found {found:?}, wanted {wanted}")]
    Identity {
        /// Which value.
        what: &'static str,
        /// The text found, at most 200 characters of it.
        found: String,
        /// What is wanted.
        wanted: &'static str,
    },
    /// The cryptographic library refused to make or use a key.
    #[error("cannot {action}: the cryptographic library failed")]
    Crypto {
        /// What was tried.
        action: &'static str,
    },
    /// A structure could not be encoded.
    #[error("cannot encode {what}: {reason}")]
    Encoding {
        /// Which structure or document.
        what: &'static str,
        /// The encoder's words.
        reason: String,
    },
    /// A log refused the entry with which the sandbox starts it.
    #[error("a log refused its first entry: {reason}")]
    FirstEntry {
        /// The log's words.
        reason: String,
    },
    /// The work did not finish: the runtime is shutting down, or it panicked.
    #[error("the sandbox failed while it answered")]
    Ended,
    /// The trust config could not be put together.
    #[error(transparent)]
    Core(#[from] chainsign_core::Error),
}

impl Error {
    /// The error of an encoder.
    pub(crate) fn encoding<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> Error + Copy {
        move |error| Error::Encoding { what, reason: error.to_string() }
    }
}
