//! The instances that this crate knows by itself.
//!
//! What is embedded is where trust begins: a trusted root for use without a network, and the TUF
//! root that later ones must descend from. `roots/README.md` says where each file is from.

use std::fmt;
use std::str::FromStr;

use chainsign_core::Limits;
use chainsign_core::trust::{SigningConfig, TrustedRoot};
use jiff::Timestamp;

use crate::{Error, Origin, TrustMaterial};

/// A Sigstore instance whose roots are embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Instance {
    /// Sigstore's public instance, sigstore.dev.
    PublicGood,
    /// Its staging instance, sigstage.dev: for trying out; promises nothing.
    Staging,
    /// GitHub's own instance, which signs attestations of private repositories. Only GitHub
    /// Actions can sign with it, so that it has no signing config.
    Github,
}

impl Instance {
    /// All of them.
    pub const ALL: [Instance; 3] = [Self::PublicGood, Self::Staging, Self::Github];

    /// The name in messages and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::PublicGood => "public-good",
            Self::Staging => "staging",
            Self::Github => "github",
        }
    }

    /// Where its TUF repository is.
    pub fn repository_url(self) -> &'static str {
        match self {
            Self::PublicGood => "https://tuf-repo-cdn.sigstore.dev",
            Self::Staging => "https://tuf-repo-cdn.sigstage.dev",
            Self::Github => "https://tuf-repo.github.com",
        }
    }

    /// The TUF root that its repository's metadata must descend from.
    pub fn repository_root(self) -> &'static [u8] {
        self.files().repository_root
    }

    /// When the embedded documents were the newest there were.
    pub fn as_of(self) -> Timestamp {
        EMBEDDED_AS_OF
    }

    pub(crate) fn material(self) -> Result<TrustMaterial, Error> {
        let Files { trusted_root, signing_config, .. } = self.files();
        let limits = Limits::default();
        let config = signing_config.map(|bytes| SigningConfig::parse(bytes, &limits));
        Ok(TrustMaterial {
            trusted_root: TrustedRoot::parse(trusted_root, &limits)?,
            signing_config: config.transpose()?,
            origin: Origin::Embedded(self),
        })
    }

    fn files(self) -> Files {
        match self {
            Self::PublicGood => Files {
                trusted_root: include_bytes!("../roots/public-good/trusted_root.json"),
                signing_config: Some(include_bytes!("../roots/public-good/signing_config.json")),
                repository_root: include_bytes!("../roots/public-good/root.json"),
            },
            Self::Staging => Files {
                trusted_root: include_bytes!("../roots/staging/trusted_root.json"),
                signing_config: Some(include_bytes!("../roots/staging/signing_config.json")),
                repository_root: include_bytes!("../roots/staging/root.json"),
            },
            Self::Github => Files {
                trusted_root: include_bytes!("../roots/github/trusted_root.json"),
                signing_config: None,
                repository_root: include_bytes!("../roots/github/root.json"),
            },
        }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Instance {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|instance| instance.name() == name);
        found.ok_or_else(|| Error::UnknownInstance { found: name.chars().take(80).collect() })
    }
}

/// The embedded trusted root of Sigstore's public instance.
pub fn public_good() -> TrustedRoot {
    // It is part of this crate, and a test parses it.
    #[expect(clippy::expect_used, reason = "a constant that a test parses")]
    let material = Instance::PublicGood.material().expect("the embedded root parses");
    material.trusted_root
}

struct Files {
    trusted_root: &'static [u8],
    signing_config: Option<&'static [u8]>,
    repository_root: &'static [u8],
}

/// The release of the package that they were taken from.
const EMBEDDED_AS_OF: Timestamp = Timestamp::constant(1_792_713_600, 0);

#[cfg(test)]
mod tests {
    use chainsign_core::digest::ArtifactDigest;

    use super::*;

    #[test]
    fn every_embedded_document_parses() {
        for instance in Instance::ALL {
            let material = instance.material().unwrap();
            let disabled = material.trusted_root.disabled.iter().map(|log| log.place.as_str());
            // Staging's first certificate transparency log has an RSA key in PKCS #1, of 2021.
            let wanted: &[&str] = if instance == Instance::Staging { &["ctlogs[0]"] } else { &[] };
            assert_eq!(disabled.collect::<Vec<_>>(), wanted, "{instance}");
            assert!(!material.trusted_root.certificate_authorities.is_empty(), "{instance}");
            assert!(!material.trusted_root.timestamp_authorities.is_empty(), "{instance}");
            let signs = instance != Instance::Github;
            assert_eq!(material.signing_config.is_some(), signs, "{instance}");
            assert_eq!(instance.name().parse::<Instance>().unwrap(), instance);
        }
        assert_eq!(public_good().tlogs.len(), 2);
        assert_eq!(EMBEDDED_AS_OF.to_string(), "2026-10-23T00:00:00Z");
    }

    #[test]
    fn an_unknown_instance_is_named() {
        let error = "prod".parse::<Instance>().unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"unknown instance "prod": wanted public-good, staging or github"#
        );
    }

    /// Every embedded file is listed with its digest where its source is noted.
    #[test]
    fn the_readme_beside_the_roots_tells_the_truth() {
        let readme = include_str!("../roots/README.md");
        for instance in Instance::ALL {
            let files = instance.files();
            let named = [
                ("root.json", Some(files.repository_root)),
                ("trusted_root.json", Some(files.trusted_root)),
                ("signing_config.json", files.signing_config),
            ];
            for (name, bytes) in named {
                let Some(bytes) = bytes else { continue };
                let line =
                    format!("| {instance}/{name} | {} |", ArtifactDigest::sha256(bytes).hex());
                assert!(readme.contains(&line), "wanted the line {line}");
            }
        }
    }
}
