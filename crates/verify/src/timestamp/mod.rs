//! RFC 3161 timestamps: who says that the signature existed, and when.
//!
//! A token is by the authority whose certificate its SignerInfo names, and by no other
//! certificate that happens to lie beside it (GHSA-xm5m-wgh2-rrg3). Where the trusted root lists
//! the authority's signer, as Sigstore's roots do, only that certificate can have signed. Each
//! authority is checked with its own chain and its own validity (TOB-SIGSTORE-11).

mod token;

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::trust::{CertificateAuthority, ValidFor};
use cms::cert::IssuerAndSerialNumber;
use cms::signed_data::SignerIdentifier;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_KP_TIME_STAMPING;
use const_oid::db::rfc5911::{ID_AA_SIGNING_CERTIFICATE, ID_AA_SIGNING_CERTIFICATE_V_2};
use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_EC_PUBLIC_KEY, ID_RSASSA_PSS,
    RSA_ENCRYPTION, SHA_256_WITH_RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION,
    SHA_512_WITH_RSA_ENCRYPTION,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{AnyRef, OctetStringRef, SequenceRef};
use der::referenced::OwnedToRef;
use der::{Encode, Sequence};
use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::Refusal;
use crate::certificate::path::{Authority, Path, PathFailure, Purpose};
use crate::certificate::x509::{Validity, X509, usages};
use crate::key::{Scheme, Signed, VerificationKey};

use token::{CONTENT_TYPE, ID_CT_TST_INFO, MESSAGE_DIGEST, Token, digest_algorithm};

/// A timestamp authority of the trusted root.
pub(crate) struct TimestampAuthority {
    authority: Authority,
    /// Its signer, where the trusted root lists it. Else any certificate that comes with a token
    /// and has a path to the authority.
    signer: Option<TokenSigner>,
}

/// A certificate that may sign timestamps, with its path.
struct TokenSigner {
    certificate: X509,
    key: VerificationKey,
    path: Path,
}

/// What a timestamp proves.
pub(crate) enum Stamped {
    /// The signature existed at the time.
    At {
        time: Timestamp,
        authority: String,
        /// SHA-256 of the certificate that signed.
        certificate: ArtifactDigest,
    },
    /// Nothing: no authority of the trusted root is named.
    ByNobodyKnown {
        /// What the token says about its signer.
        signer: String,
    },
}

impl TimestampAuthority {
    /// Prepares an authority: parses its certificates and, where its signer is listed, verifies
    /// the path from it. The path is verified at a moment at which all its certificates are
    /// valid; every token's time is compared with that range later.
    ///
    /// # Errors
    /// What was found and wanted.
    pub(crate) fn new(listed: &CertificateAuthority) -> Result<Self, String> {
        let Some((first, issuers)) = listed.certificates.split_first() else {
            return Err("found no certificate".to_owned());
        };
        let first = X509::parse(first)?;
        if first.is_ca()? {
            return Ok(TimestampAuthority {
                authority: Authority::new(listed, &listed.certificates)?,
                signer: None,
            });
        }
        let authority = Authority::new(listed, issuers)?;
        let together = authority.validity().intersect(first.validity);
        let signer = TokenSigner::new(first, &authority, &[], together.not_before);
        Ok(TimestampAuthority {
            signer: Some(signer.map_err(|failure| match failure {
                PathFailure::NotValid { .. } => {
                    "found certificates that are never valid at the same time".to_owned()
                }
                PathFailure::Invalid(reason) => reason,
            })?),
            authority,
        })
    }
}

impl TokenSigner {
    /// RFC 3161 section 2.3: the certificate is for timestamping, says so in a critical extension,
    /// and is for nothing else.
    fn new(
        certificate: X509,
        authority: &Authority,
        others: &[X509],
        time: Timestamp,
    ) -> Result<Self, PathFailure> {
        certificate.check_may_sign_documents().map_err(PathFailure::Invalid)?;
        match certificate.extended_key_usage().map_err(PathFailure::Invalid)? {
            Some((true, usage)) if usage.0 == [ID_KP_TIME_STAMPING] => {}
            found => {
                let critical = if found.as_ref().is_some_and(|(critical, _)| *critical) {
                    "critical"
                } else {
                    "not critical"
                };
                return Err(PathFailure::Invalid(format!(
                    "found a certificate for {} ({critical}), wanted timeStamping alone (critical)",
                    usages(found.map(|(_, usage)| usage).as_ref()),
                )));
            }
        }
        let path = authority.path(&certificate, others, Purpose::TimeStamping, time)?;
        let key = VerificationKey::parse(&certificate.public_key).map_err(PathFailure::Invalid)?;
        Ok(TokenSigner { certificate, key, path })
    }
}

/// Verifies a timestamp over a signature (client-spec section 4.2.1, RFC 3161 section 2.4.2, RFC
/// 5652 section 5.4, RFC 5816).
///
/// # Errors
/// [`Refusal::TimestampMalformed`], [`Refusal::TimestampImprint`]; [`Refusal::TimestampInvalid`]
/// and [`Refusal::TimestampOutsideValidity`] when it names an authority of the trusted root and is
/// not that authority's; [`Refusal::TimestampInFuture`].
pub(crate) fn stamped(
    index: usize,
    der: &[u8],
    signature: &[u8],
    authorities: &[TimestampAuthority],
    now: Timestamp,
) -> Result<Stamped, Refusal> {
    let malformed = |reason| Refusal::TimestampMalformed { index, reason };
    let token = Token::parse(der).map_err(malformed)?;
    let essence = Essence::of(&token).map_err(malformed)?;
    let named: Vec<_> = authorities.iter().filter(|a| a.is_named_by(&token, &essence)).collect();
    if named.is_empty() {
        return Ok(Stamped::ByNobodyKnown { signer: named_signer(&token) });
    }
    imprint_is_of(index, &token, signature)?;
    let mut failures = Vec::new();
    for authority in named {
        match authority.verify(index, &token, &essence, now) {
            Ok(stamped) => return Ok(stamped),
            Err(failure) => failures.push(failure),
        }
    }
    Err(Refusal::of_candidates(failures, malformed("found no authority".to_owned())))
}

/// RFC 3161 section 2.4.2, `messageImprint`.
fn imprint_is_of(index: usize, token: &Token, signature: &[u8]) -> Result<(), Refusal> {
    let found = token.info.imprint.clone();
    let wanted = found.algorithm().digest(signature);
    if found == wanted {
        return Ok(());
    }
    Err(Refusal::TimestampImprint { index, found, wanted })
}

impl TimestampAuthority {
    /// Whether the token claims to be this authority's: by the certificate that its SignerInfo
    /// names or that its signed attributes name, so that changing one of them cannot turn a
    /// token of ours into one of a stranger.
    fn is_named_by(&self, token: &Token, essence: &Essence) -> bool {
        match &self.signer {
            Some(signer) => {
                identifies(&token.signer.sid, &signer.certificate)
                    || essence.ess.iter().any(|ess| ess.identifies(&signer.certificate))
            }
            None => self.signer_within(token).is_some(),
        }
    }

    /// The certificate in the token that its SignerInfo names and this authority issued, and the
    /// others.
    fn signer_within(&self, token: &Token) -> Option<(X509, Vec<X509>)> {
        let mut certificates = token.readable_certificates();
        let signer = certificates.iter().position(|certificate| {
            identifies(&token.signer.sid, certificate)
                && (self.authority.is_named_by(certificate)
                    || certificates.iter().any(|issuer| {
                        certificate.names_as_issuer(issuer) && self.authority.is_named_by(issuer)
                    }))
        })?;
        Some((certificates.swap_remove(signer), certificates))
    }

    fn verify(
        &self,
        index: usize,
        token: &Token,
        essence: &Essence,
        now: Timestamp,
    ) -> Result<Stamped, Refusal> {
        let name = &self.authority.name;
        let invalid = |reason| Refusal::TimestampInvalid { index, authority: name.clone(), reason };
        let time = token.info.time;
        let embedded;
        let signer = match &self.signer {
            Some(signer) => signer,
            None => {
                embedded = self.signer_of(index, token)?;
                &embedded
            }
        };
        if !identifies(&token.signer.sid, &signer.certificate) {
            return Err(invalid(format!("found a token signed by {}", named_signer(token))));
        }
        if token.certificates.iter().any(|found| is_forged(found, &signer.certificate)) {
            return Err(invalid("found another certificate with the signer's name".to_owned()));
        }
        signed_attributes_hold(token, essence, &signer.certificate).map_err(invalid)?;
        signature_holds(token, &signer.key).map_err(invalid)?;
        self.is_valid_at(index, time, signer.path.validity)?;
        if time > now {
            return Err(Refusal::TimestampInFuture { index, time, now });
        }
        Ok(Stamped::At {
            time,
            authority: name.clone(),
            certificate: ArtifactDigest::sha256(&signer.certificate.der),
        })
    }

    /// The signer that came with the token, with its path verified at the token's time.
    fn signer_of(&self, index: usize, token: &Token) -> Result<TokenSigner, Refusal> {
        let authority = self.authority.name.clone();
        let time = token.info.time;
        let Some((certificate, others)) = self.signer_within(token) else {
            let reason = "found no certificate of the signer".to_owned();
            return Err(Refusal::TimestampInvalid { index, authority, reason });
        };
        TokenSigner::new(certificate, &self.authority, &others, time).map_err(|failure| {
            match failure {
                PathFailure::Invalid(reason) => {
                    Refusal::TimestampInvalid { index, authority, reason }
                }
                PathFailure::NotValid { validity, .. } => {
                    outside(index, authority, CERTIFICATES, time, validity)
                }
            }
        })
    }

    /// Certificates and authority were valid when the token was made.
    fn is_valid_at(
        &self,
        index: usize,
        time: Timestamp,
        certificates: Validity,
    ) -> Result<(), Refusal> {
        let authority = self.authority.name.clone();
        if !certificates.contains(time) {
            return Err(outside(index, authority, CERTIFICATES, time, certificates));
        }
        let valid_for = self.authority.valid_for;
        if !valid_for.contains(time) {
            let what = "the trusted root's range";
            return Err(Refusal::TimestampOutsideValidity {
                index,
                authority,
                what,
                time,
                valid_for,
            });
        }
        Ok(())
    }
}

fn outside(
    index: usize,
    authority: String,
    what: &'static str,
    time: Timestamp,
    Validity { not_before, not_after }: Validity,
) -> Refusal {
    let valid_for = ValidFor { start: not_before, end: Some(not_after) };
    Refusal::TimestampOutsideValidity { index, authority, what, time, valid_for }
}

/// RFC 5652 section 11, RFC 5816 section 2.2.1: the signed attributes are about this content and
/// name this certificate.
fn signed_attributes_hold(token: &Token, essence: &Essence, signer: &X509) -> Result<(), String> {
    let content_type: ObjectIdentifier =
        token.attribute(CONTENT_TYPE)?.decode_as().map_err(|error| error.to_string())?;
    if content_type != ID_CT_TST_INFO {
        return Err(format!("found the content type {content_type}, wanted id-ct-TSTInfo"));
    }
    let found = token.attribute(MESSAGE_DIGEST)?;
    let found: OctetStringRef<'_> = found.decode_as().map_err(|error| error.to_string())?;
    let wanted = essence.digest.digest(&token.content);
    if found.as_bytes() != wanted.bytes() {
        return Err(format!("found another message digest than {wanted}"));
    }
    if essence.ess.is_empty() {
        return Err("found no signingCertificate attribute".to_owned());
    }
    if !essence.ess.iter().all(|ess| ess.identifies(signer)) {
        return Err("found a signingCertificate attribute that names another".to_owned());
    }
    match &token.info.authority {
        Some(GeneralName::DirectoryName(name))
            if *name != signer.certificate.tbs_certificate.subject =>
        {
            Err(format!("found a TSTInfo of {name}, wanted {}", signer.subject()))
        }
        _ => Ok(()),
    }
}

/// RFC 5652 section 5.4: the signature is over the DER of the attributes as a SET OF.
fn signature_holds(token: &Token, key: &VerificationKey) -> Result<(), String> {
    let attributes = token.attributes()?.to_der().map_err(|error| error.to_string())?;
    let algorithm = token.signer.signature_algorithm.owned_to_ref();
    let digest = digest_algorithm(&token.signer.digest_alg.owned_to_ref())?;
    let scheme = scheme(&algorithm, digest)?;
    key.verify(scheme, Signed::Message(&attributes), token.signer.signature.as_bytes())
        .map_err(|_| "found a signature that is not its own".to_owned())
}

/// RFC 5754 section 3, RFC 5758 section 3.2, RFC 8419 section 3. An algorithm that names no digest takes the one of the
/// SignerInfo. The parameters of RSASSA-PSS are not read: the library verifies with that digest for the
/// mask as well and with a salt as long as it (RFC 4056 section 3), or not at all.
fn scheme(
    algorithm: &AlgorithmIdentifierRef<'_>,
    digest: DigestAlgorithm,
) -> Result<Scheme, String> {
    let parameters = match algorithm.oid {
        RSA_ENCRYPTION
        | SHA_256_WITH_RSA_ENCRYPTION
        | SHA_384_WITH_RSA_ENCRYPTION
        | SHA_512_WITH_RSA_ENCRYPTION => {
            algorithm.parameters.filter(|found| *found != AnyRef::NULL)
        }
        ID_RSASSA_PSS | ID_EC_PUBLIC_KEY => None,
        _ => algorithm.parameters,
    };
    if parameters.is_some() {
        return Err(format!("found parameters of the signature algorithm {}", algorithm.oid));
    }
    match algorithm.oid {
        ECDSA_WITH_SHA_256 => Ok(Scheme::Ecdsa(DigestAlgorithm::Sha256)),
        ECDSA_WITH_SHA_384 => Ok(Scheme::Ecdsa(DigestAlgorithm::Sha384)),
        ECDSA_WITH_SHA_512 => Ok(Scheme::Ecdsa(DigestAlgorithm::Sha512)),
        ID_EC_PUBLIC_KEY => Ok(Scheme::Ecdsa(digest)),
        RSA_ENCRYPTION => Ok(Scheme::RsaPkcs1v15(digest)),
        SHA_256_WITH_RSA_ENCRYPTION => Ok(Scheme::RsaPkcs1v15(DigestAlgorithm::Sha256)),
        SHA_384_WITH_RSA_ENCRYPTION => Ok(Scheme::RsaPkcs1v15(DigestAlgorithm::Sha384)),
        SHA_512_WITH_RSA_ENCRYPTION => Ok(Scheme::RsaPkcs1v15(DigestAlgorithm::Sha512)),
        ID_RSASSA_PSS => Ok(Scheme::RsaPss(digest)),
        ID_ED_25519 => Ok(Scheme::Ed25519),
        oid => Err(format!("found the signature algorithm {oid}, wanted ECDSA, RSA or Ed25519")),
    }
}

/// Whether a certificate that came with a token claims to be the signer's and is another.
fn is_forged(found: &Certificate, signer: &X509) -> bool {
    let (tbs, signers) = (&found.tbs_certificate, &signer.certificate.tbs_certificate);
    let same_name = tbs.subject == signers.subject;
    let same_serial = tbs.issuer == signers.issuer && tbs.serial_number == signers.serial_number;
    (same_name || same_serial) && *found != signer.certificate
}

/// RFC 5652 section 5.3, `SignerIdentifier`.
fn identifies(sid: &SignerIdentifier, certificate: &X509) -> bool {
    match sid {
        SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer,
            serial_number,
        }) => {
            let tbs = &certificate.certificate.tbs_certificate;
            *issuer == tbs.issuer && *serial_number == tbs.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            certificate.subject_key_id().as_deref() == Some(id.0.as_bytes())
        }
    }
}

/// Whom a token names as its signer, for a person to read.
fn named_signer(token: &Token) -> String {
    match &token.signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            format!("{} of {}", hexadecimal(&id.serial_number), id.issuer)
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            chainsign_core::encoding::hex_encode(id.0.as_bytes())
        }
    }
}

/// What of a token decides by whom it is.
struct Essence {
    digest: DigestAlgorithm,
    ess: Vec<EssCertificate>,
}

/// The certificate that the signed attributes name: RFC 2634 section 5.4.1 with SHA-1, RFC 5035
/// section 3 with any digest. With SHA-1 it only has to tell apart a certificate that the trusted
/// root has, or that has a path to it, from others.
enum EssCertificate {
    Sha1(Vec<u8>),
    Digest(ArtifactDigest),
}

impl Essence {
    fn of(token: &Token) -> Result<Self, String> {
        let mut ess = Vec::new();
        if let Some(value) = token.optional_attribute(ID_AA_SIGNING_CERTIFICATE)? {
            ess.push(EssCertificate::v1(value)?);
        }
        if let Some(value) = token.optional_attribute(ID_AA_SIGNING_CERTIFICATE_V_2)? {
            ess.push(EssCertificate::v2(value)?);
        }
        let digest = digest_algorithm(&token.signer.digest_alg.owned_to_ref())?;
        Ok(Essence { digest, ess })
    }
}

impl EssCertificate {
    fn v1(value: AnyRef<'_>) -> Result<Self, String> {
        let ess: SigningCertificate<'_> = value.decode_as().map_err(|error| error.to_string())?;
        let first = ess.certificates.first().ok_or("found an empty signingCertificate")?;
        Ok(EssCertificate::Sha1(first.hash.as_bytes().to_vec()))
    }

    fn v2(value: AnyRef<'_>) -> Result<Self, String> {
        let ess: SigningCertificateV2<'_> = value.decode_as().map_err(|error| error.to_string())?;
        let first = ess.certificates.first().ok_or("found an empty signingCertificateV2")?;
        let algorithm =
            first.algorithm.as_ref().map_or(Ok(DigestAlgorithm::Sha256), digest_algorithm)?;
        let digest = ArtifactDigest::new(algorithm, first.hash.as_bytes());
        Ok(EssCertificate::Digest(digest.map_err(|error| error.to_string())?))
    }

    fn identifies(&self, certificate: &X509) -> bool {
        match self {
            Self::Sha1(hash) => {
                let algorithm = &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
                aws_lc_rs::digest::digest(algorithm, &certificate.der).as_ref() == hash.as_slice()
            }
            Self::Digest(digest) => digest.algorithm().digest(&certificate.der) == *digest,
        }
    }
}

fn hexadecimal(serial: &SerialNumber) -> String {
    chainsign_core::encoding::hex_encode(serial.as_bytes())
}

/// RFC 2634 section 5.4: the first certificate is the signer's.
#[derive(Sequence)]
struct SigningCertificate<'a> {
    certificates: Vec<EssCertId<'a>>,
    #[asn1(optional = "true")]
    _policies: Option<SequenceRef<'a>>,
}

#[derive(Sequence)]
struct EssCertId<'a> {
    hash: OctetStringRef<'a>,
    #[asn1(optional = "true")]
    _issuer_serial: Option<SequenceRef<'a>>,
}

/// RFC 5035 section 3.
#[derive(Sequence)]
struct SigningCertificateV2<'a> {
    certificates: Vec<EssCertIdV2<'a>>,
    #[asn1(optional = "true")]
    _policies: Option<SequenceRef<'a>>,
}

/// The digest is SHA-256 where none is named.
#[derive(Sequence)]
struct EssCertIdV2<'a> {
    #[asn1(optional = "true")]
    algorithm: Option<AlgorithmIdentifierRef<'a>>,
    hash: OctetStringRef<'a>,
    #[asn1(optional = "true")]
    _issuer_serial: Option<SequenceRef<'a>>,
}

const CERTIFICATES: &str = "a certificate";
