//! Certificate paths: RFC 5280 section 6.1, by rustls-webpki.
//!
//! webpki builds and checks a path at one moment. Sigstore asks for more (client-spec section
//! 4.3, the "hybrid model"): every certificate up to and including the trust anchor must be valid
//! at every proven time. So a path carries the intersection of all validities, and each proven
//! time is compared with that.

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::trust::{CertificateAuthority, ValidFor};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_KP_CODE_SIGNING, ID_KP_TIME_STAMPING};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::aws_lc_rs as algorithms;
use webpki::{EndEntityCert, KeyUsage};

use super::links::{Links, Remembering};
use super::x509::{Validity, X509};

/// A certificate authority or timestamp authority of the trusted root, its certificates parsed.
pub(crate) struct Authority {
    pub(crate) name: String,
    pub(crate) valid_for: ValidFor,
    /// Intermediates first, the trust anchor last; without the signer of a timestamp authority.
    certificates: Vec<X509>,
    intermediates: Vec<CertificateDer<'static>>,
    anchor: TrustAnchor<'static>,
    links: Links,
}

/// A path from a signer's certificate to the trust anchor of an authority.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// SHA-256 of the certificates, the signer's first, the anchor's last.
    pub(crate) certificates: Vec<ArtifactDigest>,
    /// When all of them are valid.
    pub(crate) validity: Validity,
    /// The key that signed the signer's certificate.
    pub(crate) issuer_spki: Vec<u8>,
}

/// Why there is no path.
pub(crate) enum PathFailure {
    /// A certificate is not valid at the time.
    NotValid { subject: String, validity: Validity },
    /// Anything else.
    Invalid(String),
}

impl Authority {
    /// Parses the certificates that may issue others: all of a certificate authority's; all but
    /// the first of a timestamp authority that lists its signer.
    ///
    /// # Errors
    /// What was found and wanted.
    pub(crate) fn new(
        authority: &CertificateAuthority,
        certificates: &[Vec<u8>],
    ) -> Result<Self, String> {
        let name = if authority.uri.is_empty() { &authority.subject } else { &authority.uri };
        let parsed: Result<Vec<_>, _> = certificates.iter().map(|der| X509::parse(der)).collect();
        let parsed = parsed?;
        let Some((last, above)) = certificates.split_last() else {
            return Err("found no certificate of an issuer".to_owned());
        };
        parsed.iter().try_for_each(X509::check_may_sign_certificates)?;
        let last = CertificateDer::from(last.as_slice());
        let anchor = webpki::anchor_from_trusted_cert(&last);
        let links: Result<Vec<_>, _> = parsed.iter().map(X509::signed_part).collect();
        Ok(Authority {
            links: Links::new(links?),
            name: name.clone(),
            valid_for: authority.valid_for,
            certificates: parsed,
            intermediates: above.iter().map(|der| CertificateDer::from(der.clone())).collect(),
            anchor: anchor.map_err(|error| explain(&error))?.to_owned(),
        })
    }

    /// Whether a certificate names one of this authority's certificates as its issuer.
    pub(crate) fn is_named_by(&self, certificate: &X509) -> bool {
        self.certificates.iter().any(|issuer| certificate.names_as_issuer(issuer))
    }

    /// When all of the authority's certificates are valid.
    pub(crate) fn validity(&self) -> Validity {
        let everything = Validity { not_before: Timestamp::MIN, not_after: Timestamp::MAX };
        let validities = self.certificates.iter().map(|certificate| certificate.validity);
        validities.fold(everything, Validity::intersect)
    }

    /// Builds a path from a signer's certificate, using `others` as possible intermediates, at a
    /// moment. Every certificate of it is for `purpose`, or says no purpose.
    ///
    /// The work is bounded by webpki: at most 100 signatures, 200,000 steps and 6 intermediates.
    pub(crate) fn path(
        &self,
        signer: &X509,
        others: &[X509],
        purpose: Purpose,
        time: Timestamp,
    ) -> Result<Path, PathFailure> {
        let der = CertificateDer::from(signer.der.as_slice());
        let end_entity =
            EndEntityCert::try_from(&der).map_err(|error| PathFailure::Invalid(explain(&error)))?;
        let mut intermediates = self.intermediates.clone();
        intermediates.extend(others.iter().map(|other| CertificateDer::from(other.der.clone())));
        let seconds = u64::try_from(time.as_second()).unwrap_or(0);
        let algorithms: Vec<_> = SIGNATURE_ALGORITHMS
            .iter()
            .map(|algorithm| Remembering { algorithm: *algorithm, links: &self.links })
            .collect();
        let algorithms: Vec<_> =
            algorithms.iter().map(|a| a as &dyn SignatureVerificationAlgorithm).collect();
        let path = end_entity
            .verify_for_usage(
                &algorithms,
                std::slice::from_ref(&self.anchor),
                &intermediates,
                UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
                KeyUsage::required_if_present(purpose.oid()),
                None,
                None,
            )
            .map_err(|error| self.failure(&error, signer, others, time))?;

        let mut certificates = vec![signer];
        for intermediate in path.intermediate_certificates() {
            let mut known = self.certificates.iter().chain(others);
            let der = intermediate.der();
            let known = known.find(|certificate| certificate.der == der.as_ref());
            certificates.push(known.ok_or_else(|| {
                PathFailure::Invalid("found an intermediate that nobody offered".to_owned())
            })?);
        }
        certificates.extend(self.certificates.last());
        for issuer in &certificates[1..] {
            issuer.check_may_sign_certificates().map_err(PathFailure::Invalid)?;
        }
        let validity = certificates.iter().map(|certificate| certificate.validity);
        Ok(Path {
            certificates: certificates.iter().map(|c| ArtifactDigest::sha256(&c.der)).collect(),
            validity: validity.reduce(Validity::intersect).unwrap_or(signer.validity),
            issuer_spki: certificates[1].public_key.spki().to_vec(),
        })
    }

    /// The first certificate that is not valid at a moment.
    pub(crate) fn not_valid<'a>(
        &'a self,
        signer: &'a X509,
        others: &'a [X509],
        time: Timestamp,
    ) -> Option<&'a X509> {
        let mut certificates = std::iter::once(signer).chain(&self.certificates).chain(others);
        certificates.find(|certificate| !certificate.validity.contains(time))
    }

    fn failure(
        &self,
        error: &webpki::Error,
        signer: &X509,
        others: &[X509],
        time: Timestamp,
    ) -> PathFailure {
        if matches!(
            error,
            webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }
        ) && let Some(certificate) = self.not_valid(signer, others, time)
        {
            return PathFailure::NotValid {
                subject: certificate.subject(),
                validity: certificate.validity,
            };
        }
        PathFailure::Invalid(explain(error))
    }
}

/// What certificates of a path are for (RFC 5280 section 4.2.1.12).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    CodeSigning,
    TimeStamping,
}

impl Purpose {
    /// The value of the object identifier, without tag and length, as webpki wants it.
    fn oid(self) -> &'static [u8] {
        match self {
            Self::CodeSigning => CODE_SIGNING.as_bytes(),
            Self::TimeStamping => TIME_STAMPING.as_bytes(),
        }
    }
}

fn explain(error: &webpki::Error) -> String {
    use webpki::Error;
    match error {
        Error::UnknownIssuer => "found no certificate of the issuer that it names".to_owned(),
        Error::InvalidSignatureForPublicKey => {
            "found a signature that is not its issuer's".to_owned()
        }
        Error::CaUsedAsEndEntity => "found a CA certificate, wanted that of a signer".to_owned(),
        Error::EndEntityUsedAsCa => "found an issuer that is not a CA".to_owned(),
        Error::PathLenConstraintViolated => "found more intermediates than allowed".to_owned(),
        Error::NameConstraintViolation => "found a name that an issuer may not certify".to_owned(),
        Error::UnsupportedCriticalExtension => "found an unknown critical extension".to_owned(),
        Error::RequiredEkuNotFoundContext(_) => "found another extended key usage".to_owned(),
        other => format!("{other:?}"),
    }
}

static CODE_SIGNING: ObjectIdentifier = ID_KP_CODE_SIGNING;
static TIME_STAMPING: ObjectIdentifier = ID_KP_TIME_STAMPING;

/// Every algorithm of the library for keys that [`crate::key`] accepts too.
const SIGNATURE_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P256_SHA512,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ECDSA_P384_SHA512,
    algorithms::ECDSA_P521_SHA256,
    algorithms::ECDSA_P521_SHA384,
    algorithms::ECDSA_P521_SHA512,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];
