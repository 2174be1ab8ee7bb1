//! Common confusions, recognised so that a refusal can name them. Nothing here decides anything.

use std::fmt;

use serde::Serialize;

/// What the caller, or the signer, has probably confused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "confusion", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Confusion {
    /// The signature is of another instance of Sigstore than the trusted root.
    OtherInstance {
        /// The instance.
        instance: Instance,
    },
    /// The right workflow, signed at another ref.
    OtherRef {
        /// The ref found.
        found: String,
        /// The ref wanted.
        wanted: String,
    },
    /// The subjects differ only in the case of letters.
    Case,
    /// The subjects or issuers differ only in a slash at the end.
    TrailingSlash,
    /// The subject is the one wanted, vouched for by another issuer.
    OtherIssuer,
    /// The issuer is the one wanted, and what was given as subject is the issuer or the reverse.
    Swapped,
}

/// The known instances of Sigstore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Instance {
    /// The public instance, sigstore.dev.
    PublicGood,
    /// The staging instance, sigstage.dev.
    Staging,
    /// GitHub's own instance for private repositories.
    GitHub,
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicGood => "Sigstore's public instance",
            Self::Staging => "Sigstore's staging instance",
            Self::GitHub => "GitHub's instance for private repositories",
        })
    }
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherInstance { instance } => {
                write!(f, "it was signed with {instance}, which this trusted root is not for")
            }
            Self::OtherRef { found, wanted } => {
                write!(f, "the right workflow at another ref: {found} instead of {wanted}")
            }
            Self::Case => f.write_str("they differ only in the case of letters"),
            Self::TrailingSlash => f.write_str("they differ only in a slash at the end"),
            Self::OtherIssuer => f.write_str("the subject is right, the issuer is not"),
            Self::Swapped => f.write_str("subject and issuer seem to be swapped"),
        }
    }
}
