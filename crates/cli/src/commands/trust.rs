//! Which Sigstore is used: from the files that were named, or embedded.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use chainsign_core::Limits;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::{SigningConfig, TrustedRoot};
use chainsign_trust::{Instance, TrustMaterial, TrustSource};
use chainsign_verify::Verifier;

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
    /// A known instance.
    Instance(Instance),
    /// A known instance, signed for by the services of a signing config in a file.
    InstanceWith {
        /// Whose trusted root it is.
        instance: Instance,
        /// The signing config.
        signing_config: PathBuf,
    },
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
}

impl TrustRequest {
    /// Reads it.
    ///
    /// # Errors
    /// `unreadable`; `bad-trust` for a document that is not what it has to be.
    pub fn load(&self) -> Result<Trust, Failure> {
        let (material, origin) = match self {
            TrustRequest::Instance(instance) => embedded(*instance),
            TrustRequest::InstanceWith { instance, signing_config } => {
                let config = files::read("signing config", signing_config)?;
                let config = SigningConfig::parse(&config, &Limits::default());
                let config = config.map_err(|error| {
                    Failure::because("bad-trust", &signing_config.display().to_string(), &error)
                })?;
                let (mut material, origin) = embedded(*instance);
                if let Ok(material) = &mut material {
                    material.signing_config = Some(config);
                }
                (material, format!("{origin}, with {}", signing_config.display()))
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
        Ok(Trust {
            verifier: Verifier::new(&material.trusted_root),
            root: material.trusted_root,
            signing_config: material.signing_config,
            origin,
        })
    }
}

fn embedded(instance: Instance) -> (Result<TrustMaterial, chainsign_trust::Error>, String) {
    let as_of = instance.as_of().strftime("%Y-%m-%d");
    let origin = format!("embedded root of {instance}, as of {as_of}");
    (chainsign_trust::load(&TrustSource::Embedded(instance)), origin)
}

impl Trust {
    /// What this Sigstore lets a verifier demand. A root without any log promises timestamps
    /// instead, as GitHub's own instance does.
    pub fn requirements(&self, demand: &Demand) -> Requirements {
        let logs = !self.root.tlogs.is_empty() || !self.root.ctlogs.is_empty();
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
