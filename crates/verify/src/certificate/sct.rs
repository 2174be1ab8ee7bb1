//! Signed certificate timestamps: RFC 6962 sections 3.2 and 3.3.

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::material::LogId;
use const_oid::ObjectIdentifier;
use der::asn1::OctetStringRef;
use der::{Decode, Encode};
use jiff::Timestamp;

use super::x509::X509;

/// An SCT that nobody has been asked about yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sct<'a> {
    pub(crate) log_id: LogId,
    /// Milliseconds since 1970.
    milliseconds: u64,
    extensions: &'a [u8],
    /// Hash and signature algorithm.
    pub(crate) algorithm: [u8; 2],
    pub(crate) signature: &'a [u8],
}

/// What the log signed: the certificate before the SCTs were put in, or the certificate as it is.
pub(crate) enum LoggedCertificate<'a> {
    /// A TBSCertificate without its SCTs, and the hash of its issuer's key.
    Precertificate { issuer_key_hash: ArtifactDigest, tbs: Vec<u8> },
    /// The certificate, of which the SCT came beside it.
    Certificate { der: &'a [u8] },
}

/// The SCTs in a certificate. Empty when there are none.
///
/// # Errors
/// What was found and wanted.
pub(crate) fn embedded(certificate: &X509) -> Result<Vec<Sct<'_>>, String> {
    let Some(value) = certificate.extension_value(SCT_LIST) else { return Ok(Vec::new()) };
    let list = OctetStringRef::from_der(value).map_err(|error| error.to_string())?;
    let mut reader = Reader(list.as_bytes());
    let mut list = Reader(reader.vector::<2>()?);
    reader.end()?;
    let mut scts = Vec::new();
    while !list.0.is_empty() {
        if scts.len() == MAX_SCTS {
            return Err(format!("found more than {MAX_SCTS} SCTs"));
        }
        scts.push(Sct::parse(list.vector::<2>()?)?);
    }
    if scts.is_empty() {
        return Err("found an empty list, wanted at least one SCT".to_owned());
    }
    Ok(scts)
}

impl LoggedCertificate<'_> {
    /// What an embedded SCT is over: the certificate with the list of SCTs taken out, issued by
    /// the holder of a key (RFC 6962 section 3.2, `PreCert`).
    ///
    /// # Errors
    /// What was found and wanted.
    pub(crate) fn precertificate(certificate: &X509, issuer_spki: &[u8]) -> Result<Self, String> {
        let mut tbs = certificate.certificate.tbs_certificate.clone();
        if let Some(extensions) = &mut tbs.extensions {
            extensions.retain(|extension| extension.extn_id != SCT_LIST);
        }
        let tbs = tbs.to_der().map_err(|error| error.to_string())?;
        let issuer_key_hash = ArtifactDigest::sha256(issuer_spki);
        Ok(LoggedCertificate::Precertificate { issuer_key_hash, tbs })
    }
}

impl<'a> Sct<'a> {
    /// Reads one SCT (RFC 6962 section 3.2).
    ///
    /// # Errors
    /// What was found and wanted.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let mut reader = Reader(bytes);
        let [version] = reader.array()?;
        if version != V1 {
            return Err(format!("found SCT version {version}, wanted {V1}"));
        }
        let log_id = LogId(reader.array()?);
        let milliseconds = u64::from_be_bytes(reader.array()?);
        let extensions = reader.vector::<2>()?;
        let algorithm = reader.array()?;
        let signature = reader.vector::<2>()?;
        reader.end()?;
        Ok(Sct { log_id, milliseconds, extensions, algorithm, signature })
    }

    /// When the log saw the certificate.
    ///
    /// # Errors
    /// When no calendar has the time.
    pub(crate) fn time(&self) -> Result<Timestamp, String> {
        let milliseconds = i64::try_from(self.milliseconds).map_err(|error| error.to_string())?;
        Timestamp::from_millisecond(milliseconds).map_err(|error| error.to_string())
    }

    /// The bytes that the log signed (RFC 6962 section 3.2, `digitally-signed struct`).
    pub(crate) fn signed_bytes(&self, certificate: &LoggedCertificate<'_>) -> Vec<u8> {
        let mut bytes = vec![V1, CERTIFICATE_TIMESTAMP];
        bytes.extend(self.milliseconds.to_be_bytes());
        let entry = match certificate {
            LoggedCertificate::Precertificate { issuer_key_hash, tbs } => {
                bytes.extend(PRECERT_ENTRY);
                bytes.extend(issuer_key_hash.bytes());
                tbs.as_slice()
            }
            LoggedCertificate::Certificate { der } => {
                bytes.extend(X509_ENTRY);
                der
            }
        };
        // DER of a certificate is far below 2^24 bytes: documents are at most 2^25 bytes of JSON,
        // and a longer one only makes bytes that no log has signed.
        let length = u32::try_from(entry.len()).unwrap_or(u32::MAX).to_be_bytes();
        bytes.extend(&length[1..]);
        bytes.extend(entry);
        // Read from a field with two bytes of length.
        let length = u16::try_from(self.extensions.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(self.extensions);
        bytes
    }
}

/// Reads the presentation language of TLS (RFC 5246 section 4).
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (array, rest) = self.0.split_first_chunk().ok_or("found a truncated SCT")?;
        self.0 = rest;
        Ok(*array)
    }

    /// A vector with `N` bytes of length before it.
    fn vector<const N: usize>(&mut self) -> Result<&'a [u8], String> {
        let length = self.array::<N>()?;
        let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let (vector, rest) = self.0.split_at_checked(length).ok_or("found a truncated SCT")?;
        self.0 = rest;
        Ok(vector)
    }

    fn end(self) -> Result<(), String> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(format!("found {} bytes after the end", self.0.len()))
    }
}

const SCT_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
const V1: u8 = 0;
const CERTIFICATE_TIMESTAMP: u8 = 0;
const X509_ENTRY: [u8; 2] = [0, 0];
const PRECERT_ENTRY: [u8; 2] = [0, 1];
/// Certificates carry one or two; what is beyond is an attempt to cause work.
const MAX_SCTS: usize = 32;
