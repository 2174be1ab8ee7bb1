//! Signed certificate timestamps and tree heads: RFC 6962 sections 3.2 to 3.5, in TLS encoding.

use der::Encode as _;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use x509_cert::ext::Extension;

use super::Precertificate;
use crate::Error;
use crate::keys::EcdsaKey;
use crate::x509::{Criticality, raw_extension};

/// The bytes that a log hashes for its tree: `MerkleTreeLeaf`.
pub(super) fn merkle_tree_leaf(
    timestamp: u64,
    precertificate: &Precertificate<'_>,
) -> Result<Vec<u8>, Error> {
    let timestamped_entry = 0;
    timestamped([VERSION_1, timestamped_entry], timestamp, precertificate)
}

/// A `SignedCertificateTimestamp` over the precertificate.
pub(super) fn signed_timestamp(
    key: &EcdsaKey,
    timestamp: u64,
    precertificate: &Precertificate<'_>,
) -> Result<Vec<u8>, Error> {
    let certificate_timestamp = 0;
    let signed = timestamped([VERSION_1, certificate_timestamp], timestamp, precertificate)?;
    let log_id = chainsign_core::digest::ArtifactDigest::sha256(key.spki());
    let mut sct = vec![VERSION_1];
    sct.extend_from_slice(log_id.bytes());
    sct.extend_from_slice(&timestamp.to_be_bytes());
    sct.extend_from_slice(&NO_EXTENSIONS);
    sct.extend(digitally_signed(key, &signed)?);
    Ok(sct)
}

/// The signature over a `TreeHeadSignature` (RFC 6962 section 3.5).
pub(super) fn tree_head_signature(
    key: &EcdsaKey,
    timestamp: u64,
    size: u64,
    root: &[u8; 32],
) -> Result<Vec<u8>, Error> {
    let tree_hash = 1;
    let mut signed = vec![VERSION_1, tree_hash];
    signed.extend_from_slice(&timestamp.to_be_bytes());
    signed.extend_from_slice(&size.to_be_bytes());
    signed.extend_from_slice(root);
    digitally_signed(key, &signed)
}

/// The certificate extension with one SCT: an OCTET STRING in the extension's own, as RFC 6962
/// section 3.3 has it.
pub(crate) fn sct_list_extension(sct: &[u8]) -> Result<Extension, Error> {
    let failed = Error::encoding("an SCT list");
    let list = opaque16(&opaque16(sct)?)?;
    let value = OctetStringRef::new(&list).and_then(|list| list.to_der()).map_err(failed)?;
    raw_extension(SCT_LIST, Criticality::Ignorable, value).map_err(failed)
}

/// What tree leaves and signatures share: version and type, time, a `precert_entry`, no extensions.
fn timestamped(
    start: [u8; 2],
    timestamp: u64,
    precertificate: &Precertificate<'_>,
) -> Result<Vec<u8>, Error> {
    let length = u32::try_from(precertificate.tbs.len()).map_err(|_| too_long())?;
    let [0, length @ ..] = length.to_be_bytes() else { return Err(too_long()) };
    let mut bytes = start.to_vec();
    bytes.extend_from_slice(&timestamp.to_be_bytes());
    bytes.extend_from_slice(&PRECERT_ENTRY);
    bytes.extend_from_slice(&precertificate.issuer_key_hash);
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(precertificate.tbs);
    bytes.extend_from_slice(&NO_EXTENSIONS);
    Ok(bytes)
}

/// `DigitallySigned` (RFC 5246 section 4.7).
fn digitally_signed(key: &EcdsaKey, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    Ok([ECDSA_WITH_SHA256.to_vec(), opaque16(&key.sign(bytes)?)?].concat())
}

/// `opaque<0..2^16-1>`
fn opaque16(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let length = u16::try_from(bytes.len()).map_err(|_| too_long())?;
    Ok([&length.to_be_bytes(), bytes].concat())
}

fn too_long() -> Error {
    Error::Encoding { what: "an SCT", reason: "a part is too long".to_owned() }
}

const VERSION_1: u8 = 0;
const PRECERT_ENTRY: [u8; 2] = [0, 1];
const NO_EXTENSIONS: [u8; 2] = [0, 0];
/// SignatureAndHashAlgorithm: sha256(4), ecdsa(3) (RFC 5246 section 7.4.1.4.1).
const ECDSA_WITH_SHA256: [u8; 2] = [4, 3];
/// RFC 6962 section 3.3.
const SCT_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
