//! Why there is nothing to trust.

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
}
