//! Certificates: what all of the sandbox's have in common.

pub(crate) mod authority;

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use der::asn1::{
    BitString, GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec, UtcTime, Utf8StringRef,
};
use der::oid::AssociatedOid;
use der::oid::db::rfc4519::{COMMON_NAME, ORGANIZATION_NAME};
use der::{Decode as _, Encode};
use jiff::Timestamp;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::{CertificateInner, TbsCertificateInner, Version};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use crate::Error;
use crate::keys::{Curve, EcdsaKey};

pub(crate) use x509_cert::certificate::{Certificate, TbsCertificate};

/// What differs between certificates.
pub(crate) struct Profile<'a> {
    pub(crate) subject: Name,
    pub(crate) subject_spki: &'a [u8],
    pub(crate) issuer: &'a Name,
    pub(crate) issuer_spki: &'a [u8],
    /// Of the issuer's key.
    pub(crate) curve: Curve,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    /// Before the key identifiers.
    pub(crate) first: Vec<Extension>,
    /// After the key identifiers.
    pub(crate) last: Vec<Extension>,
}

/// Builds what is signed: version 3, a new random serial, SKI and, unless self-signed, AKI
/// between the given extensions.
pub(crate) fn to_be_signed(profile: Profile<'_>) -> der::Result<TbsCertificate> {
    let mut extensions = profile.first;
    let subject_key = key_identifier(profile.subject_spki)?;
    extensions.push(extension(Criticality::Ignorable, &SubjectKeyIdentifier(subject_key))?);
    if profile.subject_spki != profile.issuer_spki {
        let issuer_key = Some(key_identifier(profile.issuer_spki)?);
        let identifier =
            AuthorityKeyIdentifier { key_identifier: issuer_key, ..Default::default() };
        extensions.push(extension(Criticality::Ignorable, &identifier)?);
    }
    extensions.extend(profile.last);
    Ok(TbsCertificateInner {
        version: Version::V3,
        serial_number: serial_number()?,
        signature: algorithm(profile.curve),
        issuer: profile.issuer.clone(),
        validity: Validity {
            not_before: time(profile.not_before)?,
            not_after: time(profile.not_after)?,
        },
        subject: profile.subject,
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(profile.subject_spki)?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions),
    })
}

/// Signs with the issuer's key; DER.
pub(crate) fn sign(tbs_certificate: TbsCertificate, key: &EcdsaKey) -> Result<Vec<u8>, Error> {
    let failed = Error::encoding("a certificate");
    let signature = key.sign(&tbs_certificate.to_der().map_err(failed)?)?;
    let certificate = CertificateInner {
        tbs_certificate,
        signature_algorithm: algorithm(key.curve()),
        signature: BitString::from_bytes(&signature).map_err(failed)?,
    };
    certificate.to_der().map_err(failed)
}

/// Whether a reader that does not know the extension may ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Criticality {
    Critical,
    Ignorable,
}

/// An extension of a type that knows its own identifier.
pub(crate) fn extension<T: AssociatedOid + Encode>(
    criticality: Criticality,
    value: &T,
) -> der::Result<Extension> {
    raw_extension(T::OID, criticality, value.to_der()?)
}

/// An extension whose value is these bytes.
pub(crate) fn raw_extension(
    extn_id: ObjectIdentifier,
    criticality: Criticality,
    value: impl Into<Vec<u8>>,
) -> der::Result<Extension> {
    let critical = criticality == Criticality::Critical;
    Ok(Extension { extn_id, critical, extn_value: OctetString::new(value)? })
}

/// The organization of the sandbox and a common name, of at most 64 characters (RFC 5280
/// appendix A.1).
pub(crate) fn name(common_name: &str) -> der::Result<Name> {
    fn attribute(oid: ObjectIdentifier, text: &str) -> der::Result<RelativeDistinguishedName> {
        let value = der::Any::encode_from(&Utf8StringRef::new(text)?)?;
        Ok(RelativeDistinguishedName(SetOfVec::try_from([AttributeTypeAndValue { oid, value }])?))
    }
    Ok(RdnSequence(vec![
        attribute(ORGANIZATION_NAME, ORGANIZATION)?,
        attribute(COMMON_NAME, common_name)?,
    ]))
}

/// A positive random number of 159 bits, as the public instance uses.
pub(crate) fn serial_number() -> der::Result<SerialNumber> {
    SerialNumber::new(&random_serial()?)
}

/// 20 bytes of which the first is neither zero nor above 127, so that they are one DER integer.
pub(crate) fn random_serial() -> der::Result<[u8; 20]> {
    let mut bytes = [0; 20];
    let random = SystemRandom::new();
    random.fill(&mut bytes).map_err(|_| der::ErrorKind::Failed)?;
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    Ok(bytes)
}

/// The leftmost 160 bits of the SHA-256 of the key's bits (RFC 7093 section 2, method 1).
pub(crate) fn key_identifier(spki: &[u8]) -> der::Result<OctetString> {
    let spki = SubjectPublicKeyInfoOwned::from_der(spki)?;
    OctetString::new(&sha256(spki.subject_public_key.raw_bytes())[..20])
}

/// Whole seconds; UTCTime until 2049, as RFC 5280 section 4.1.2.5 demands.
pub(crate) fn time(moment: Timestamp) -> der::Result<Time> {
    let seconds = u64::try_from(moment.as_second()).map_err(|_| der::ErrorKind::DateTime)?;
    let since_1970 = Duration::from_secs(seconds);
    Ok(match UtcTime::from_unix_duration(since_1970) {
        Ok(time) => Time::UtcTime(time),
        Err(_) => Time::GeneralTime(GeneralizedTime::from_unix_duration(since_1970)?),
    })
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

pub(crate) fn algorithm(curve: Curve) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: curve.signature_oid(), parameters: None }
}

pub(crate) const ORGANIZATION: &str = "sandbox.invalid";
