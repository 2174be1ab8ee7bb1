//! X.509 certificates: RFC 5280, as DER and in no other encoding.

use chainsign_core::key::PublicKey;
use const_oid::db::rfc5280::{ID_KP_CODE_SIGNING, ID_KP_TIME_STAMPING};
use const_oid::{AssociatedOid, ObjectIdentifier};
use der::{Decode, Encode};
use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier,
};

use crate::bounds::within_bounds;

/// A parsed certificate. Nothing about it is verified.
pub(crate) struct X509 {
    pub(crate) der: Vec<u8>,
    pub(crate) certificate: Certificate,
    pub(crate) validity: Validity,
    pub(crate) public_key: PublicKey,
}

/// The moments at which a certificate, or a whole path, is valid: both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

impl Validity {
    pub(crate) fn contains(&self, time: Timestamp) -> bool {
        self.not_before <= time && time <= self.not_after
    }

    pub(crate) fn intersect(self, other: Validity) -> Self {
        Validity {
            not_before: self.not_before.max(other.not_before),
            not_after: self.not_after.min(other.not_after),
        }
    }
}

impl X509 {
    /// Parses a certificate of version 3 whose extensions are all different.
    ///
    /// # Errors
    /// What was found and wanted.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, String> {
        within_bounds(der)?;
        let certificate = Certificate::from_der(der).map_err(|error| error.to_string())?;
        if certificate.to_der().ok().as_deref() != Some(der) {
            return Err("found another encoding than DER".to_owned());
        }
        let tbs = &certificate.tbs_certificate;
        if tbs.version != Version::V3 {
            return Err(format!("found version {:?}, wanted V3", tbs.version));
        }
        let mut oids: Vec<_> =
            tbs.extensions.iter().flatten().map(|extension| extension.extn_id).collect();
        oids.sort();
        if let Some(pair) = oids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("found the extension {} twice", pair[0]));
        }
        let spki = tbs.subject_public_key_info.to_der().map_err(|error| error.to_string())?;
        Ok(X509 {
            der: der.to_vec(),
            validity: Validity {
                not_before: timestamp(tbs.validity.not_before.to_unix_duration())?,
                not_after: timestamp(tbs.validity.not_after.to_unix_duration())?,
            },
            public_key: PublicKey::from_spki(spki),
            certificate,
        })
    }

    /// The subject as a person reads it; empty in Fulcio's certificates.
    pub(crate) fn subject(&self) -> String {
        self.certificate.tbs_certificate.subject.to_string()
    }

    /// The issuer as a person reads it.
    pub(crate) fn issuer(&self) -> String {
        self.certificate.tbs_certificate.issuer.to_string()
    }

    /// What the issuer signed, and its signature.
    ///
    /// # Errors
    /// When the signature is not of whole bytes.
    pub(crate) fn signed_part(&self) -> Result<(Vec<u8>, Vec<u8>), String> {
        let tbs = self.certificate.tbs_certificate.to_der().map_err(|error| error.to_string())?;
        let signature = self.certificate.signature.as_bytes();
        Ok((tbs, signature.ok_or("found a signature of no whole bytes")?.to_vec()))
    }

    /// The value of an extension, with its criticality.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub(crate) fn extension<'a, T: Decode<'a> + AssociatedOid>(
        &'a self,
    ) -> Result<Option<(bool, T)>, String> {
        let mut extensions = self.certificate.tbs_certificate.extensions.iter().flatten();
        let Some(extension) = extensions.find(|extension| extension.extn_id == T::OID) else {
            return Ok(None);
        };
        let value = extension.extn_value.as_bytes();
        let malformed = |error| format!("found the extension {} malformed: {error}", T::OID);
        within_bounds(value).map_err(malformed)?;
        let value = T::from_der(value).map_err(|error| malformed(error.to_string()))?;
        Ok(Some((extension.critical, value)))
    }

    /// The bytes in an extension.
    pub(crate) fn extension_value(&self, oid: ObjectIdentifier) -> Option<&[u8]> {
        let mut extensions = self.certificate.tbs_certificate.extensions.iter().flatten();
        extensions.find(|extension| extension.extn_id == oid).map(|e| e.extn_value.as_bytes())
    }

    /// RFC 5280 section 4.2.1.9.
    pub(crate) fn is_ca(&self) -> Result<bool, String> {
        Ok(self.extension::<BasicConstraints>()?.is_some_and(|(_, constraints)| constraints.ca))
    }

    /// A certificate authority that may sign certificates: RFC 5280 sections 4.2.1.3 and 4.2.1.9.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn check_may_sign_certificates(&self) -> Result<(), String> {
        if !self.is_ca()? {
            return Err(format!("found {:?} as issuer, wanted a CA certificate", self.subject()));
        }
        match self.extension::<KeyUsage>()? {
            Some((_, usage)) if !usage.key_cert_sign() => {
                let subject = self.subject();
                Err(format!("found {subject:?} as issuer, wanted the key usage keyCertSign"))
            }
            _ => Ok(()),
        }
    }

    /// A certificate whose holder may sign documents: RFC 5280 section 4.2.1.3.
    ///
    /// # Errors
    /// When it is a CA's, or for other purposes.
    pub(crate) fn check_may_sign_documents(&self) -> Result<(), String> {
        if self.is_ca()? {
            return Err("found a CA certificate, wanted that of a signer".to_owned());
        }
        match self.extension::<KeyUsage>()? {
            Some((_, usage)) if !usage.digital_signature() => {
                Err("found a key usage without digitalSignature".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// RFC 5280 section 4.2.1.12: whether it is critical, and the usages. `None` without.
    pub(crate) fn extended_key_usage(&self) -> Result<Option<(bool, ExtendedKeyUsage)>, String> {
        self.extension::<ExtendedKeyUsage>()
    }

    /// RFC 5280 section 6.1: a certificate by its own subject.
    pub(crate) fn is_self_issued(&self) -> bool {
        let tbs = &self.certificate.tbs_certificate;
        tbs.subject == tbs.issuer
    }

    /// Whether this certificate names another as its issuer: by subject, and by key identifier
    /// where both have one (RFC 5280 section 4.2.1.1).
    pub(crate) fn names_as_issuer(&self, issuer: &X509) -> bool {
        let key_ids = (self.authority_key_id(), issuer.subject_key_id());
        self.certificate.tbs_certificate.issuer == issuer.certificate.tbs_certificate.subject
            && !matches!(key_ids, (Some(wanted), Some(found)) if wanted != found)
    }

    /// RFC 5280 section 4.2.1.1; `None` also when it cannot be read, which no decision rests on.
    pub(crate) fn authority_key_id(&self) -> Option<Vec<u8>> {
        let (_, id) = self.extension::<AuthorityKeyIdentifier>().ok()??;
        Some(id.key_identifier?.as_bytes().to_vec())
    }

    /// RFC 5280 section 4.2.1.2; `None` also when it cannot be read.
    pub(crate) fn subject_key_id(&self) -> Option<Vec<u8>> {
        let (_, id) = self.extension::<SubjectKeyIdentifier>().ok()??;
        Some(id.0.as_bytes().to_vec())
    }
}

/// Extended key usages as a person reads them.
pub(crate) fn usages(usage: Option<&ExtendedKeyUsage>) -> String {
    let Some(usage) = usage else { return "no extended key usage".to_owned() };
    let name = |oid: &ObjectIdentifier| match *oid {
        ID_KP_CODE_SIGNING => "codeSigning".to_owned(),
        ID_KP_TIME_STAMPING => "timeStamping".to_owned(),
        other => other.to_string(),
    };
    usage.0.iter().take(4).map(name).collect::<Vec<_>>().join(", ")
}

/// Certificates that never expire carry 99991231235959Z (RFC 5280 section 4.1.2.5), which is a day
/// more than [`Timestamp`] can hold.
fn timestamp(since_1970: std::time::Duration) -> Result<Timestamp, String> {
    let seconds = i64::try_from(since_1970.as_secs()).map_err(|error| error.to_string())?;
    Ok(Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX))
}
