//! What a verifier demands. Always said explicitly, never taken from what a bundle contains.

use std::num::NonZeroUsize;

use crate::identity::IdentityMatcher;
use crate::key::PublicKey;

/// What signed material must show to count as verified.
///
/// There is no default: a caller names one of the presets, which say what each Sigstore
/// instance promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// Who must have signed.
    pub signer: SignerRequirement,
    /// Distinct transparency logs that must prove an entry; `None` requires none.
    pub transparency_logs: Option<NonZeroUsize>,
    /// Distinct certificate transparency logs that must have signed for the certificate; `None`
    /// requires none. Means nothing for keys.
    pub certificate_transparency_logs: Option<NonZeroUsize>,
    /// Distinct authorities that must have proved a time: timestamp authorities, and Rekor v1
    /// logs by their signed entry timestamps. `None` requires none, which only a key may.
    pub time_authorities: Option<NonZeroUsize>,
    /// Distinct RFC 3161 timestamp authorities among them; `None` requires none.
    pub timestamp_authorities: Option<NonZeroUsize>,
}

/// Who must have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerRequirement {
    /// A certificate under the trusted root whose identity one of these matches.
    Identity(Vec<IdentityMatcher>),
    /// Any certificate under the trusted root. For callers that match the verified identity
    /// themselves, as a policy does.
    AnyIdentity,
    /// This key.
    Key(PublicKey),
}

impl Requirements {
    /// Sigstore's public instance, and private ones of the same shape: one log, one SCT, one
    /// authenticated time.
    pub fn keyless(signer: SignerRequirement) -> Self {
        let one = NonZeroUsize::MIN;
        Requirements {
            signer,
            transparency_logs: Some(one),
            certificate_transparency_logs: Some(one),
            time_authorities: Some(one),
            timestamp_authorities: None,
        }
    }

    /// GitHub's own instance for private repositories: signed timestamps instead of a log, and no
    /// certificate transparency.
    pub fn github(signer: SignerRequirement) -> Self {
        let one = NonZeroUsize::MIN;
        Requirements {
            signer,
            transparency_logs: None,
            certificate_transparency_logs: None,
            time_authorities: Some(one),
            timestamp_authorities: Some(one),
        }
    }

    /// A key, with an entry in one log.
    pub fn logged_key(key: PublicKey) -> Self {
        Requirements {
            signer: SignerRequirement::Key(key),
            transparency_logs: Some(NonZeroUsize::MIN),
            certificate_transparency_logs: None,
            time_authorities: None,
            timestamp_authorities: None,
        }
    }

    /// A key alone. Nothing then bounds when it signed.
    pub fn key(key: PublicKey) -> Self {
        Requirements { transparency_logs: None, ..Self::logged_key(key) }
    }
}
