//! A signature in a file of its own, with whatever lies beside it: cosign's `--signature`,
//! `--certificate`, `--certificate-chain`, `--sct`, `--rfc3161-timestamp`, and an entry of Rekor.

use serde::Deserialize;

use super::rekor::{ApiEntry, RekorBundle};
use crate::digest::ArtifactDigest;
use crate::dsse::Envelope;
use crate::encoding::{Base64Bytes, base64_decode, base64_encode, pem_decode};
use crate::error::at_most;
use crate::key::PublicKey;
use crate::material::{Credential, Format, LogEntry, SignedContent, SignedMaterial};
use crate::{Error, Limits, json};

/// What lies beside an artifact, each as its file's bytes.
#[derive(Clone, Copy, Debug)]
pub struct Detached<'a> {
    /// The signature.
    pub signature: DetachedSignature<'a>,
    /// The signer's certificate: PEM, or base64 of PEM, as cosign writes it.
    pub certificate: Option<&'a [u8]>,
    /// Possible intermediates: PEM, one certificate after another.
    pub chain: Option<&'a [u8]>,
    /// An entry of Rekor v1: cosign's `rekorBundle`, or an answer of Rekor's API.
    pub log_entry: Option<&'a [u8]>,
    /// An RFC 3161 timestamp: DER, or cosign's JSON around it.
    pub timestamp: Option<&'a [u8]>,
    /// A signed certificate timestamp: Fulcio's JSON (RFC 6962 section 4.1, `add-chain`).
    pub sct: Option<&'a [u8]>,
}

/// How a signature is written. It is never guessed.
#[derive(Clone, Copy, Debug)]
pub enum DetachedSignature<'a> {
    /// Base64, with white space around it: what cosign writes.
    Base64(&'a [u8]),
    /// The bytes: what cosign writes with `--b64=false`.
    Raw(&'a [u8]),
    /// A DSSE envelope as JSON: what cosign's `attest-blob` writes.
    Envelope(&'a [u8]),
}

/// Puts together what lies beside an artifact.
///
/// A public key in the certificate's place becomes a hint at a key, never the key that verifies.
///
/// # Errors
/// [`Error::Base64`], [`Error::Pem`], [`Error::Json`], [`Error::LimitReached`], each naming the part;
/// [`Error::Invalid`] for an SCT of another version than 1.
pub fn parse(detached: &Detached<'_>, limits: &Limits) -> Result<SignedMaterial, Error> {
    let (content, document) = match detached.signature {
        DetachedSignature::Base64(text) => {
            let signature = base64_decode("signature", text.trim_ascii())?;
            (SignedContent::Message { digest: None, signature }, None)
        }
        DetachedSignature::Raw(bytes) => {
            (SignedContent::Message { digest: None, signature: bytes.to_vec() }, None)
        }
        DetachedSignature::Envelope(json) => {
            let envelope = Envelope::parse(json, limits)?;
            (SignedContent::Envelope(envelope), Some(ArtifactDigest::sha256(json)))
        }
    };
    let mut credential = match detached.certificate {
        Some(text) => credential(text.trim_ascii())?,
        None => Credential::Key { hint: String::new() },
    };
    if let (Credential::Certificate { others, .. }, Some(chain)) = (&mut credential, detached.chain)
    {
        *others = pem_chain(chain, limits)?;
    }
    let log_entry = detached.log_entry.map(|json| log_entry(json, limits)).transpose()?;
    let timestamp = detached.timestamp.map(|bytes| timestamp(bytes, limits)).transpose()?;
    let sct = detached.sct.map(|json| sct(json, limits)).transpose()?;
    Ok(SignedMaterial {
        format: Format::Detached,
        document,
        content,
        credential,
        log_entries: log_entry.into_iter().collect(),
        timestamps: timestamp.into_iter().collect(),
        detached_scts: sct.into_iter().collect(),
    })
}

/// A certificate, or a public key in its place, as PEM, base64 of PEM, or base64 of a
/// certificate's DER: PEM is known by its first line, DER by its first byte.
pub(super) fn credential(text: &[u8]) -> Result<Credential, Error> {
    const WHAT: &str = "certificate";
    let decoded;
    let pem = if text.starts_with(PEM) {
        text
    } else {
        decoded = base64_decode(WHAT, text)?;
        if !decoded.starts_with(PEM) {
            return Ok(Credential::Certificate { leaf: decoded, others: Vec::new() });
        }
        &decoded
    };
    if pem.starts_with(b"-----BEGIN PUBLIC KEY-----") {
        let key = PublicKey::from_pem(pem)?;
        return Ok(Credential::Key { hint: base64_encode(key.fingerprint().bytes()) });
    }
    let leaf = pem_decode(WHAT, "CERTIFICATE", pem)?;
    Ok(Credential::Certificate { leaf, others: Vec::new() })
}

/// Certificates in PEM, one after another. cosign writes the root as well; it is kept here and
/// counts for nothing in a verifier.
pub(super) fn pem_chain(text: &[u8], limits: &Limits) -> Result<Vec<Vec<u8>>, Error> {
    const END: &str = "-----END CERTIFICATE-----";
    let what = "certificate chain";
    let text = std::str::from_utf8(text).map_err(|error| Error::Pem {
        what,
        wanted: "CERTIFICATE",
        reason: error.to_string(),
    })?;
    let blocks: Vec<_> =
        text.split_inclusive(END).map(str::trim).filter(|block| !block.is_empty()).collect();
    at_most("certificates of one bundle", limits.certificates, blocks.len())?;
    blocks.iter().map(|block| pem_decode(what, "CERTIFICATE", block.as_bytes())).collect()
}

/// cosign's `rekorBundle`, or an answer of Rekor's API: an object with one entry.
fn log_entry(document: &[u8], limits: &Limits) -> Result<LogEntry, Error> {
    const DOCUMENT: &str = "log entry";
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Marks {
        signed_entry_timestamp: Option<serde::de::IgnoredAny>,
    }
    json::check(DOCUMENT, document, limits)?;
    let marks: Marks = json::checked(DOCUMENT, document)?;
    if marks.signed_entry_timestamp.is_some() {
        let bundle: RekorBundle = json::checked(DOCUMENT, document)?;
        return bundle.log_entry(limits);
    }
    let entries: std::collections::BTreeMap<String, ApiEntry> = json::checked(DOCUMENT, document)?;
    let found = entries.len();
    match entries.into_values().next() {
        Some(entry) if found == 1 => entry.log_entry(limits),
        _ => {
            let reason = format!("found {found} entries, wanted one");
            Err(Error::Invalid { document: DOCUMENT, reason })
        }
    }
}

/// DER begins with a SEQUENCE, cosign's JSON (`pkg/cosign/bundle/tsa.go`) with a brace.
pub(super) fn timestamp(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Cosign {
        #[serde(rename = "SignedRFC3161Timestamp")]
        timestamp: Base64Bytes,
    }
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(bytes.to_vec());
    }
    let wire: Cosign = json::parse("timestamp", bytes, limits)?;
    Ok(wire.timestamp.0)
}

/// From the JSON of `add-chain` to the encoding of RFC 6962 section 3.2.
fn sct(document: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    const DOCUMENT: &str = "signed certificate timestamp";
    #[derive(Deserialize)]
    struct AddChain {
        sct_version: u8,
        id: Base64Bytes,
        timestamp: u64,
        extensions: Base64Bytes,
        signature: Base64Bytes,
    }
    let wire: AddChain = json::parse(DOCUMENT, document, limits)?;
    let invalid = |reason: String| Error::Invalid { document: DOCUMENT, reason };
    if wire.sct_version != 0 {
        return Err(invalid(format!("found version {}, wanted 0", wire.sct_version)));
    }
    if wire.id.0.len() != 32 {
        return Err(invalid(format!("found a log id of {} bytes, wanted 32", wire.id.0.len())));
    }
    let extensions = wire.extensions.0;
    let length = u16::try_from(extensions.len())
        .map_err(|_| invalid(format!("found {} bytes of extensions", extensions.len())))?;
    let mut encoded = vec![wire.sct_version];
    encoded.extend(wire.id.0);
    encoded.extend(wire.timestamp.to_be_bytes());
    encoded.extend(length.to_be_bytes());
    encoded.extend(extensions);
    encoded.extend(wire.signature.0);
    Ok(encoded)
}

const PEM: &[u8] = b"-----BEGIN ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::pem_encode;

    const NOTHING: Detached<'_> = Detached {
        signature: DetachedSignature::Base64(b"AQID\n"),
        certificate: None,
        chain: None,
        log_entry: None,
        timestamp: None,
        sct: None,
    };

    fn credential_of(text: &str) -> Credential {
        let detached = Detached { certificate: Some(text.as_bytes()), ..NOTHING };
        parse(&detached, &Limits::default()).unwrap().credential
    }

    #[test]
    fn a_certificate_is_read_in_each_form_that_cosign_writes() {
        let pem = pem_encode("CERTIFICATE", &[0x30, 0]);
        let wanted = Credential::Certificate { leaf: vec![0x30, 0], others: Vec::new() };
        assert_eq!(credential_of(&pem), wanted);
        assert_eq!(credential_of(&base64_encode(&pem)), wanted);
        assert_eq!(credential_of(&base64_encode([0x30, 0])), wanted);
    }

    #[test]
    fn a_public_key_in_the_certificates_place_is_only_a_hint() {
        let key = PublicKey::from_spki([1, 2, 3]);
        let hint = base64_encode(key.fingerprint().bytes());
        let wanted = Credential::Key { hint };
        assert_eq!(credential_of(&key.to_pem()), wanted);
        assert_eq!(credential_of(&base64_encode(key.to_pem())), wanted);
    }

    #[test]
    fn signatures_are_read_as_they_are_said_to_be_written() {
        let limits = Limits::default();
        let material = parse(&NOTHING, &limits).unwrap();
        let wanted = SignedContent::Message { digest: None, signature: vec![1, 2, 3] };
        assert_eq!(material.content, wanted);
        let raw = Detached { signature: DetachedSignature::Raw(b"AQID\n"), ..NOTHING };
        let wanted = SignedContent::Message { digest: None, signature: b"AQID\n".to_vec() };
        assert_eq!(parse(&raw, &limits).unwrap().content, wanted);
        let wrong = Detached { signature: DetachedSignature::Base64(b"AQI"), ..NOTHING };
        assert_eq!(parse(&wrong, &limits), Err(Error::Base64 { what: "signature" }));
    }

    #[test]
    fn chains_scts_and_timestamps() {
        let limits = Limits::default();
        let pem = pem_encode("CERTIFICATE", &[0x30, 0]);
        let chain = format!("{pem}{}", pem_encode("CERTIFICATE", &[0x30, 1]));
        let sct = format!(
            r#"{{"sct_version":0,"id":"{}","timestamp":258,"extensions":"","signature":"BAMAAQk="}}"#,
            base64_encode([7; 32])
        );
        let detached = Detached {
            certificate: Some(pem.as_bytes()),
            chain: Some(chain.as_bytes()),
            timestamp: Some(br#"{"SignedRFC3161Timestamp":"MAA="}"#),
            sct: Some(sct.as_bytes()),
            ..NOTHING
        };
        let material = parse(&detached, &limits).unwrap();
        let others = vec![vec![0x30, 0], vec![0x30, 1]];
        assert_eq!(material.credential, Credential::Certificate { leaf: vec![0x30, 0], others });
        assert_eq!(material.timestamps, [vec![0x30, 0]]);
        let [sct] = material.detached_scts.try_into().unwrap();
        assert_eq!(sct.len(), 1 + 32 + 8 + 2 + 5);
        assert_eq!(sct[33..], [0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 4, 3, 0, 1, 9]);

        let der = Detached { timestamp: Some(&[0x30, 0]), ..NOTHING };
        assert_eq!(parse(&der, &limits).unwrap().timestamps, [vec![0x30, 0]]);
        let version = br#"{"sct_version":1,"id":"","timestamp":0,"extensions":"","signature":""}"#;
        let error = parse(&Detached { sct: Some(version), ..NOTHING }, &limits).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }

    #[test]
    fn an_entry_is_cosigns_or_the_apis() {
        let limits = Limits::default();
        let id = "ab".repeat(32);
        let body = base64_encode(r#"{"kind":"hashedrekord","apiVersion":"0.0.1"}"#);
        let payload = format!(r#""body":"{body}","integratedTime":5,"logIndex":7,"logID":"{id}""#);
        let cosign = format!(r#"{{"SignedEntryTimestamp":"AQ==","Payload":{{{payload}}}}}"#);
        let proof = format!(
            r#"{{"logIndex":1,"rootHash":"{id}","treeSize":2,"hashes":["{id}"],"checkpoint":"c"}}"#
        );
        let api = format!(
            r#"{{"uuid":{{{payload},"verification":{{"signedEntryTimestamp":"AQ==","inclusionProof":{proof}}}}}}}"#
        );
        let entry = |json: &str| {
            let detached = Detached { log_entry: Some(json.as_bytes()), ..NOTHING };
            parse(&detached, &limits).map(|material| material.log_entries)
        };
        let [cosign] = entry(&cosign).unwrap().try_into().unwrap();
        let [api] = entry(&api).unwrap().try_into().unwrap();
        assert_eq!((cosign.kind.as_str(), cosign.version.as_str()), ("hashedrekord", "0.0.1"));
        assert_eq!(cosign.integrated_time, Some(5));
        assert_eq!(cosign.inclusion_proof, None);
        assert_eq!(api.inclusion_proof.as_ref().unwrap().hashes, [[0xab; 32]]);
        assert_eq!(LogEntry { inclusion_proof: None, ..api }, cosign);
        let error = entry("{}").unwrap_err();
        assert_eq!(error.to_string(), "log entry: found 0 entries, wanted one");
    }
}
