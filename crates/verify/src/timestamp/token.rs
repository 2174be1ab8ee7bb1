//! Timestamp tokens as they are on the wire: RFC 3161 section 2.4.2, in a SignedData of RFC 5652.
//! Nothing here is verified.

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use cms::cert::CertificateChoices;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNED_DATA};
use const_oid::db::rfc5912::{ID_SHA_256, ID_SHA_384, ID_SHA_512};
use der::asn1::{AnyRef, BitStringRef, GeneralizedTime, IntRef, OctetStringRef, SetOfVec};
use der::{Decode, Encode, Sequence, Tag, Tagged};
use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::bounds::within_bounds;
use crate::certificate::x509::X509;

/// A token, read and not believed.
pub(super) struct Token {
    pub(super) signer: SignerInfo,
    /// The certificates that came with it.
    pub(super) certificates: Vec<Certificate>,
    /// The TSTInfo as it was signed.
    pub(super) content: Vec<u8>,
    pub(super) info: Info,
}

/// What a TSTInfo says.
#[derive(Debug, PartialEq)]
pub(super) struct Info {
    /// The digest of what was stamped.
    pub(super) imprint: ArtifactDigest,
    pub(super) time: Timestamp,
    /// The name that the authority gives itself.
    pub(super) authority: Option<GeneralName>,
}

impl Token {
    /// Reads a TimeStampResp, as bundles have it, or a TimeStampToken. Of what no signature covers,
    /// only one spelling is read: the versions are those of RFC 5652 sections 5.1 and 5.3, and the
    /// signer's digest algorithm is among those of the SignedData.
    ///
    /// # Errors
    /// What was found and wanted.
    pub(super) fn parse(der: &[u8]) -> Result<Self, String> {
        within_bounds(der)?;
        let token = content_info(der)?;
        if token.content_type != ID_SIGNED_DATA {
            return Err(format!("found content {}, wanted id-signedData", token.content_type));
        }
        let signed: SignedData = token.content.decode_as().map_err(|error| error.to_string())?;
        let content_type = signed.encap_content_info.econtent_type;
        if content_type != ID_CT_TST_INFO {
            return Err(format!("found signed content {content_type}, wanted id-ct-TSTInfo"));
        }
        let content = signed.encap_content_info.econtent.ok_or("found no signed content")?;
        let content: OctetStringRef<'_> = content.decode_as().map_err(|error| error.to_string())?;
        let content = content.as_bytes().to_vec();
        let certificates = signed.certificates.into_iter().flat_map(|set| set.0.into_vec());
        let certificates = certificates.filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate),
            CertificateChoices::Other(_) => None,
        });
        let certificates = certificates.collect();
        let signers: Vec<_> = signed.signer_infos.0.into();
        let found = signers.len();
        let [signer] = <[SignerInfo; 1]>::try_from(signers)
            .map_err(|_| format!("found {found} signers, wanted one"))?;
        let by_key_id = matches!(signer.sid, SignerIdentifier::SubjectKeyIdentifier(_));
        let wanted = (CmsVersion::V3, if by_key_id { CmsVersion::V3 } else { CmsVersion::V1 });
        if (signed.version, signer.version) != wanted {
            return Err(format!(
                "found the versions {:?} and {:?}, wanted {:?} and {:?}",
                signed.version, signer.version, wanted.0, wanted.1
            ));
        }
        if !signed.digest_algorithms.iter().any(|algorithm| algorithm.oid == signer.digest_alg.oid)
        {
            return Err("found a digest algorithm that is not announced".to_owned());
        }
        Ok(Token { signer, certificates, info: Info::parse(&content)?, content })
    }

    /// The certificates that came with it and can be in a path: one of an older version can be an
    /// issuer that nobody needs, and is no reason to refuse the others.
    pub(super) fn readable_certificates(&self) -> Vec<X509> {
        let der = self.certificates.iter().filter_map(|certificate| certificate.to_der().ok());
        der.filter_map(|der| X509::parse(&der).ok()).collect()
    }

    /// The signed attributes. RFC 5652 section 5.4 demands them here: the content is not plain
    /// data.
    pub(super) fn attributes(&self) -> Result<&SetOfVec<Attribute>, String> {
        self.signer.signed_attrs.as_ref().ok_or_else(|| "found no signed attributes".to_owned())
    }

    /// The one value of a signed attribute.
    ///
    /// # Errors
    /// When it is not there exactly once with exactly one value.
    pub(super) fn attribute(&self, oid: ObjectIdentifier) -> Result<AnyRef<'_>, String> {
        self.optional_attribute(oid)?.ok_or_else(|| format!("found no signed attribute {oid}"))
    }

    pub(super) fn optional_attribute(
        &self,
        oid: ObjectIdentifier,
    ) -> Result<Option<AnyRef<'_>>, String> {
        let mut found = self.attributes()?.iter().filter(|attribute| attribute.oid == oid);
        let Some(attribute) = found.next() else { return Ok(None) };
        match (found.next(), attribute.values.len(), attribute.values.get(0)) {
            (None, 1, Some(value)) => Ok(Some(value.into())),
            _ => Err(format!("found the signed attribute {oid} with more than one value")),
        }
    }
}

/// The token of a TimeStampResp that grants one, or the token itself. Which of them it is, the
/// type of the first element says: a SEQUENCE (PKIStatusInfo) or an OBJECT IDENTIFIER.
fn content_info(der: &[u8]) -> Result<ContentInfo, String> {
    let outer = AnyRef::from_der(der).map_err(|error| error.to_string())?;
    if outer.tag() != Tag::Sequence {
        return Err(format!("found {}, wanted a TimeStampResp", outer.tag()));
    }
    match outer.value().first() {
        Some(0x06) => ContentInfo::from_der(der).map_err(|error| error.to_string()),
        _ => {
            let response = Response::from_der(der).map_err(|error| error.to_string())?;
            match response.status.status {
                GRANTED | GRANTED_WITH_MODS => {}
                status => return Err(format!("found the status {status}, wanted granted (0)")),
            }
            response.token.ok_or_else(|| "found a response without a token".to_owned())
        }
    }
}

impl Info {
    fn parse(der: &[u8]) -> Result<Self, String> {
        let info = TstInfo::from_der(der).map_err(|error| error.to_string())?;
        if info.version != 1 {
            return Err(format!("found TSTInfo version {}, wanted 1", info.version));
        }
        if info.extensions.iter().flatten().any(|extension| extension.critical) {
            return Err("found a critical extension in the TSTInfo".to_owned());
        }
        let algorithm = digest_algorithm(&info.message_imprint.hash_algorithm)?;
        let imprint =
            ArtifactDigest::new(algorithm, info.message_imprint.hashed_message.as_bytes());
        Ok(Info {
            imprint: imprint.map_err(|error| error.to_string())?,
            time: time(info.gen_time)?,
            authority: info.tsa,
        })
    }
}

/// A digest algorithm; its parameters are absent or NULL (RFC 5754 section 2).
pub(super) fn digest_algorithm(
    algorithm: &AlgorithmIdentifierRef<'_>,
) -> Result<DigestAlgorithm, String> {
    match algorithm.oid {
        _ if algorithm.parameters.is_some_and(|parameters| parameters != AnyRef::NULL) => {
            Err("found parameters of a digest algorithm".to_owned())
        }
        ID_SHA_256 => Ok(DigestAlgorithm::Sha256),
        ID_SHA_384 => Ok(DigestAlgorithm::Sha384),
        ID_SHA_512 => Ok(DigestAlgorithm::Sha512),
        oid => Err(format!("found the digest algorithm {oid}, wanted SHA-256, -384 or -512")),
    }
}

/// RFC 3161 section 2.4.2: `YYYYMMDDhhmmss[.s...]Z`, where a fraction does not end in zero.
fn time(value: AnyRef<'_>) -> Result<Timestamp, String> {
    let text = std::str::from_utf8(value.value()).unwrap_or_default();
    let wrong = || format!("found the time {text:?}, wanted YYYYMMDDhhmmss[.s...]Z");
    if value.tag() != Tag::GeneralizedTime {
        return Err(wrong());
    }
    let Some((seconds, fraction)) = text.split_once('.') else {
        let whole: GeneralizedTime = value.decode_as().map_err(|_| wrong())?;
        return seconds_since_1970(whole).ok_or_else(wrong);
    };
    let digits = fraction.strip_suffix('Z').ok_or_else(wrong)?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || digits.len() > 9 || !all_digits || digits.ends_with('0') {
        return Err(wrong());
    }
    let nanoseconds: i32 = format!("{digits:0<9}").parse().map_err(|_| wrong())?;
    let whole = format!("{seconds}Z");
    let whole = AnyRef::new(Tag::GeneralizedTime, whole.as_bytes())
        .and_then(|any| any.decode_as::<GeneralizedTime>())
        .map_err(|_| wrong())?;
    let whole = seconds_since_1970(whole).ok_or_else(wrong)?;
    whole.checked_add(SignedDuration::new(0, nanoseconds)).map_err(|_| wrong())
}

fn seconds_since_1970(time: GeneralizedTime) -> Option<Timestamp> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok()?;
    Timestamp::from_second(seconds).ok()
}

/// `TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken TimeStampToken OPTIONAL }`
#[derive(Sequence)]
struct Response<'a> {
    status: StatusInfo<'a>,
    #[asn1(optional = "true")]
    token: Option<ContentInfo>,
}

/// `PKIStatusInfo ::= SEQUENCE { status PKIStatus, statusString PKIFreeText OPTIONAL,
/// failInfo PKIFailureInfo OPTIONAL }`
#[derive(Sequence)]
struct StatusInfo<'a> {
    status: u8,
    #[asn1(optional = "true")]
    _text: Option<der::asn1::SequenceRef<'a>>,
    #[asn1(optional = "true")]
    _failure: Option<BitStringRef<'a>>,
}

/// RFC 3161 section 2.4.2. The time is not read as [`GeneralizedTime`], which has no fractions.
#[derive(Sequence)]
struct TstInfo<'a> {
    version: u8,
    _policy: ObjectIdentifier,
    message_imprint: MessageImprint<'a>,
    _serial_number: IntRef<'a>,
    gen_time: AnyRef<'a>,
    #[asn1(optional = "true")]
    _accuracy: Option<der::asn1::SequenceRef<'a>>,
    #[asn1(default = "Default::default")]
    _ordering: bool,
    #[asn1(optional = "true")]
    _nonce: Option<IntRef<'a>>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    tsa: Option<GeneralName>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Sequence)]
struct MessageImprint<'a> {
    hash_algorithm: AlgorithmIdentifierRef<'a>,
    hashed_message: OctetStringRef<'a>,
}

const GRANTED: u8 = 0;
const GRANTED_WITH_MODS: u8 = 1;
pub(super) const ID_CT_TST_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
pub(super) const CONTENT_TYPE: ObjectIdentifier = ID_CONTENT_TYPE;
pub(super) const MESSAGE_DIGEST: ObjectIdentifier = ID_MESSAGE_DIGEST;
