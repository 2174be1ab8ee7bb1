//! Responses: RFC 3161 section 2.4.2, in CMS (RFC 5652 section 5).

use std::time::Duration;

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{
    Any, GeneralizedTime, Int, ObjectIdentifier, OctetString, OctetStringRef, SetOfVec,
};
use der::oid::db::rfc5911::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNED_DATA, ID_SIGNING_TIME};
use der::oid::db::rfc5912::ID_SHA_256;
use der::{Decode as _, Encode as _, EncodeValue, Sequence, Tagged};
use jiff::Timestamp;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{Accuracy, TspVersion, TstInfo};

use super::request::{CertificateWish, POLICY, TimestampRequest};
use crate::Error;
use crate::x509::{self, Certificate, authority::Authority};

/// A granted response, DER.
pub(super) fn response(
    signer: &Authority,
    request: &TimestampRequest,
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    let info = timestamp_info(signer, request, now).map_err(failed)?;
    let certificate = Certificate::from_der(&signer.certificate).map_err(failed)?;
    let attributes = signed_attributes(signer, &certificate, &info, now).map_err(failed)?;
    // What is signed is the attributes as a SET, whatever tag they have in the structure
    // (RFC 5652 section 5.4).
    let signature = signer.key.sign(&attributes.to_der().map_err(failed)?)?;
    let response = || {
        let signed_data = signed_data(signer, &certificate, request, &info, attributes, signature)?;
        let time_stamp_token =
            ContentInfo { content_type: ID_SIGNED_DATA, content: Any::encode_from(&signed_data)? };
        Response { status: Status { status: GRANTED }, time_stamp_token }.to_der()
    };
    response().map_err(failed)
}

/// What is timestamped: `TSTInfo`, DER.
fn timestamp_info(
    signer: &Authority,
    request: &TimestampRequest,
    now: Timestamp,
) -> der::Result<Vec<u8>> {
    TstInfo {
        version: TspVersion::V1,
        policy: POLICY,
        message_imprint: request.imprint.0.clone(),
        serial_number: Int::new(&x509::random_serial()?)?,
        gen_time: GeneralizedTime::from_unix_duration(since_1970(now)?)?,
        accuracy: Some(Accuracy { seconds: Some(1), millis: None, micros: None }),
        ordering: false,
        nonce: request.nonce.clone(),
        tsa: Some(GeneralName::DirectoryName(signer.name.clone())),
        extensions: None,
    }
    .to_der()
}

fn signed_attributes(
    signer: &Authority,
    certificate: &Certificate,
    info: &[u8],
    now: Timestamp,
) -> der::Result<SetOfVec<Attribute>> {
    let signing_certificate = SigningCertificateV2 {
        certs: vec![EssCertIdV2 {
            cert_hash: OctetString::new(x509::sha256(&signer.certificate))?,
            issuer_serial: IssuerSerial {
                issuer: vec![GeneralName::DirectoryName(
                    certificate.tbs_certificate.issuer.clone(),
                )],
                serial_number: certificate.tbs_certificate.serial_number.clone(),
            },
        }],
    };
    // The set sorts itself as DER demands.
    SetOfVec::try_from(vec![
        attribute(ID_CONTENT_TYPE, &ID_CT_TST_INFO)?,
        attribute(ID_MESSAGE_DIGEST, &OctetString::new(x509::sha256(info))?)?,
        attribute(ID_SIGNING_TIME, &x509::time(now)?)?,
        attribute(SIGNING_CERTIFICATE_V2, &signing_certificate)?,
    ])
}

fn signed_data(
    signer: &Authority,
    certificate: &Certificate,
    request: &TimestampRequest,
    info: &[u8],
    attributes: SetOfVec<Attribute>,
    signature: Vec<u8>,
) -> der::Result<SignedData> {
    let sha256 = AlgorithmIdentifierOwned { oid: ID_SHA_256, parameters: None };
    let tbs = &certificate.tbs_certificate;
    let signer_info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: tbs.issuer.clone(),
            serial_number: tbs.serial_number.clone(),
        }),
        digest_alg: sha256.clone(),
        signed_attrs: Some(attributes),
        signature_algorithm: x509::algorithm(signer.key.curve()),
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let certificates = match request.certificate {
        CertificateWish::LeftOut => None,
        CertificateWish::Included => {
            let certificate = CertificateChoices::Certificate(certificate.clone());
            Some(CertificateSet(SetOfVec::try_from(vec![certificate])?))
        }
    };
    Ok(SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![sha256])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: ID_CT_TST_INFO,
            econtent: Some(Any::encode_from(&OctetStringRef::new(info)?)?),
        },
        certificates,
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer_info])?),
    })
}

fn attribute(oid: ObjectIdentifier, value: &(impl Tagged + EncodeValue)) -> der::Result<Attribute> {
    let values = SetOfVec::try_from(vec![Any::encode_from(value)?])?;
    Ok(Attribute { oid, values })
}

fn since_1970(now: Timestamp) -> der::Result<Duration> {
    let seconds = u64::try_from(now.as_second()).map_err(|_| der::ErrorKind::DateTime)?;
    Ok(Duration::from_secs(seconds))
}

pub(super) fn failed(source: der::Error) -> Error {
    Error::encoding("a timestamp")(source)
}

/// `TimeStampResp` with a token.
#[derive(Sequence)]
struct Response {
    status: Status,
    time_stamp_token: ContentInfo,
}

/// `PKIStatusInfo` with nothing but the status.
#[derive(Sequence)]
struct Status {
    status: u8,
}

/// RFC 5035 section 3.
#[derive(Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
}

/// RFC 5035 section 4, with the default hash algorithm, SHA-256.
#[derive(Sequence)]
struct EssCertIdV2 {
    cert_hash: OctetString,
    issuer_serial: IssuerSerial,
}

#[derive(Sequence)]
struct IssuerSerial {
    issuer: GeneralNames,
    serial_number: SerialNumber,
}

/// `id-ct-TSTInfo` (RFC 3161 section 2.4.2).
const ID_CT_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// `id-aa-signingCertificateV2` (RFC 5035 section 3).
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// RFC 3161 section 2.4.2, `PKIStatus`.
const GRANTED: u8 = 0;
