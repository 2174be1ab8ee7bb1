//! Which services are trusted, and which are used: trusted root, signing config, and both in one
//! file. sigstore/protobuf-specs `sigstore_trustroot.proto`, as JSON.
//!
//! Unknown fields are ignored here, and an instance that cannot be read disables itself and is
//! named, so that a root which a newer tool wrote never disables everything else.

mod root;
mod services;

pub use root::{CertificateAuthority, DisabledInstance, LogInstance, TrustedRoot, ValidFor};
pub use services::{Selector, Service, ServiceKind, ServiceSelection, SigningConfig};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Error, Limits, json};

/// A trusted root and a signing config in one file: `ClientTrustConfig`.
#[derive(Clone, Debug)]
pub struct ClientTrustConfig {
    /// What to verify with.
    pub trusted_root: TrustedRoot,
    /// What to sign with.
    pub signing_config: SigningConfig,
}

impl ClientTrustConfig {
    /// Parses the file.
    ///
    /// # Errors
    /// [`Error::MediaType`]; else as [`TrustedRoot::parse`] and [`SigningConfig::parse`].
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            media_type: String,
            #[serde(borrow)]
            trusted_root: &'a RawValue,
            #[serde(borrow)]
            signing_config: &'a RawValue,
        }
        let wire: Wire<'_> = json::parse("client trust config", bytes, limits)?;
        if wire.media_type != MEDIA_TYPE {
            return Err(Error::MediaType {
                document: "client trust config",
                found: wire.media_type,
                wanted: MEDIA_TYPE,
            });
        }
        Ok(ClientTrustConfig {
            trusted_root: TrustedRoot::parse(wire.trusted_root.get().as_bytes(), limits)?,
            signing_config: SigningConfig::parse(wire.signing_config.get().as_bytes(), limits)?,
        })
    }

    /// Puts both documents, as they are, into one file.
    ///
    /// # Errors
    /// [`Error::Json`] when one of them is not JSON.
    pub fn write(trusted_root: &str, signing_config: &str) -> Result<Vec<u8>, Error> {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            media_type: &'a str,
            trusted_root: &'a RawValue,
            signing_config: &'a RawValue,
        }
        let document = "client trust config";
        let fault = |error: serde_json::Error| Error::json(document, &error);
        let wire = Wire {
            media_type: MEDIA_TYPE,
            trusted_root: serde_json::from_str(trusted_root).map_err(fault)?,
            signing_config: serde_json::from_str(signing_config).map_err(fault)?,
        };
        let mut json = serde_json::to_vec_pretty(&wire).map_err(fault)?;
        json.push(b'\n');
        Ok(json)
    }
}

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";
