//! Authorities: a key and the certificate for it, made once and kept.

use chainsign_core::encoding::{pem_decode, pem_encode};
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use x509_cert::name::Name;

use super::{Certificate, Profile, TbsCertificate, name, sign, to_be_signed};
use crate::Error;
use crate::keys::{Curve, EcdsaKey};
use crate::state::{Access, Store};

/// A key with its certificate.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) key: EcdsaKey,
    pub(crate) name: Name,
    /// DER.
    pub(crate) certificate: Vec<u8>,
}

/// How an authority is made when the state folder has none.
pub(crate) struct Plan<'a> {
    /// Names its files.
    pub(crate) file: &'static str,
    pub(crate) common_name: &'static str,
    pub(crate) curve: Curve,
    /// `None` for a root, which signs itself.
    pub(crate) issuer: Option<&'a Authority>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) extensions: Vec<x509_cert::ext::Extension>,
}

impl Authority {
    /// The authority of the state folder, or a new one.
    ///
    /// # Errors
    /// [`Error::StateInvalid`] when a stored certificate is not for the stored key and name.
    pub(crate) fn load(store: &Store, plan: Plan<'_>) -> Result<Self, Error> {
        let failed = Error::encoding("an authority's certificate");
        let file = format!("{}.certificate.pem", plan.file);
        let key = EcdsaKey::load(store, plan.file, plan.curve)?;
        let subject = name(plan.common_name).map_err(failed)?;
        let pem = store.load_or_make(&file, Access::Public, || {
            let issuer_key = plan.issuer.map_or(&key, |issuer| &issuer.key);
            let profile = Profile {
                subject: subject.clone(),
                subject_spki: key.spki(),
                issuer: plan.issuer.map_or(&subject, |issuer| &issuer.name),
                issuer_spki: issuer_key.spki(),
                curve: issuer_key.curve(),
                not_before: plan.not_before,
                not_after: plan.not_after,
                first: plan.extensions,
                last: Vec::new(),
            };
            let certificate = sign(to_be_signed(profile).map_err(failed)?, issuer_key)?;
            Ok(pem_encode("CERTIFICATE", &certificate).into_bytes())
        })?;
        let certificate = pem_decode("certificate of the sandbox", "CERTIFICATE", &pem)
            .map_err(|error| store.invalid(&file, error.to_string()))?;
        let tbs = Certificate::from_der(&certificate)
            .map_err(|error| store.invalid(&file, error.to_string()))?
            .tbs_certificate;
        if !is_for(&tbs, &key, &subject) {
            return Err(store.invalid(&file, "wanted a certificate for the key beside it".into()));
        }
        Ok(Authority { key, name: subject, certificate })
    }
}

fn is_for(tbs: &TbsCertificate, key: &EcdsaKey, subject: &Name) -> bool {
    let same_key = tbs.subject_public_key_info.to_der().is_ok_and(|spki| spki == key.spki());
    same_key && tbs.subject == *subject
}
