//! What is trusted, and where it is from.

use std::fmt;

use chainsign_core::Limits;
use chainsign_core::trust::{ClientTrustConfig, SigningConfig, TrustedRoot};
use jiff::{SignedDuration, Timestamp};

use crate::{Checked, Error, Freshness, Instance};

/// What to verify with, what to sign with, and where both are from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrustMaterial {
    /// What to verify with.
    pub trusted_root: TrustedRoot,
    /// What to sign with, where the source says.
    pub signing_config: Option<SigningConfig>,
    /// Where both are from.
    pub origin: Origin,
}

/// Documents at hand, as their bytes: reading files is the caller's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TrustSource<'a> {
    /// What is embedded for an instance.
    Embedded(Instance),
    /// A trusted root, to verify with only.
    TrustedRootFile(&'a [u8]),
    /// A trusted root and a signing config.
    Files {
        /// The trusted root.
        trusted_root: &'a [u8],
        /// The signing config.
        signing_config: &'a [u8],
    },
    /// Both in one file: a client trust config.
    TrustConfigFile(&'a [u8]),
}

/// Where trust material is from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Embedded in this program.
    Embedded(Instance),
    /// A file that the user named. It is never refreshed.
    File,
    /// A TUF repository, or the cache of one.
    Repository(Checked),
}

/// Loads what is at hand. Opens no socket and no file.
///
/// # Errors
/// [`Error::Document`] when a document does not parse. A log or authority in it that cannot be
/// used is no error: it is in [`TrustedRoot::disabled`].
pub fn load(source: &TrustSource<'_>) -> Result<TrustMaterial, Error> {
    let limits = Limits::default();
    let (trusted_root, signing_config) = match *source {
        TrustSource::Embedded(instance) => return instance.material(),
        TrustSource::TrustedRootFile(bytes) => (TrustedRoot::parse(bytes, &limits)?, None),
        TrustSource::Files { trusted_root, signing_config } => {
            let signing_config = SigningConfig::parse(signing_config, &limits)?;
            (TrustedRoot::parse(trusted_root, &limits)?, Some(signing_config))
        }
        TrustSource::TrustConfigFile(bytes) => {
            let config = ClientTrustConfig::parse(bytes, &limits)?;
            (config.trusted_root, Some(config.signing_config))
        }
    };
    Ok(TrustMaterial { trusted_root, signing_config, origin: Origin::File })
}

impl Origin {
    /// How long ago this was known to be the newest there is. `None` for files, which say nothing
    /// about it.
    pub fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        match self {
            Origin::Embedded(instance) => Some(now.duration_since(instance.as_of())),
            Origin::File => None,
            Origin::Repository(checked) => Some(now.duration_since(checked.at)),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Embedded(instance) => write!(f, "embedded {instance} root"),
            Origin::File => f.write_str("file"),
            Origin::Repository(Checked { url, freshness: Freshness::Refreshed, .. }) => {
                write!(f, "{url}")
            }
            Origin::Repository(Checked { url, .. }) => write!(f, "cache of {url}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &[u8] = include_bytes!("../roots/public-good/trusted_root.json");
    const CONFIG: &[u8] = include_bytes!("../roots/public-good/signing_config.json");

    #[test]
    fn files_are_loaded_alone_together_and_in_one() {
        let root = load(&TrustSource::TrustedRootFile(ROOT)).unwrap();
        assert!(root.signing_config.is_none());
        assert_eq!(root.trusted_root.digest(), crate::public_good().digest());
        let both = TrustSource::Files { trusted_root: ROOT, signing_config: CONFIG };
        assert!(load(&both).unwrap().signing_config.is_some());
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        let config = ClientTrustConfig::write(text(ROOT), text(CONFIG)).unwrap();
        let config = load(&TrustSource::TrustConfigFile(&config)).unwrap();
        assert_eq!(config.origin, Origin::File);
        assert_eq!(config.trusted_root.tlogs.len(), 2);
        assert_eq!(config.signing_config.unwrap().certificate_authorities.len(), 1);
    }

    #[test]
    fn one_document_is_not_taken_for_another() {
        let error = load(&TrustSource::TrustedRootFile(CONFIG)).unwrap_err();
        assert!(
            matches!(
                &error,
                Error::Document(chainsign_core::Error::MediaType { document: "trusted root", .. })
            ),
            "{error}"
        );
        let error = load(&TrustSource::TrustConfigFile(ROOT)).unwrap_err();
        assert!(
            matches!(
                &error,
                Error::Document(chainsign_core::Error::Json {
                    document: "client trust config",
                    ..
                })
            ),
            "{error}"
        );
    }

    #[test]
    fn the_age_of_what_is_embedded_is_known() {
        let now: Timestamp = "2026-10-25T00:00:00Z".parse().unwrap();
        let age = Origin::Embedded(Instance::PublicGood).age(now);
        assert_eq!(age, Some(SignedDuration::from_hours(48)));
        assert_eq!(Origin::File.age(now), None);
    }
}
