//! Certificates with Fulcio's profile, and certificate transparency logs.

use jiff::Timestamp;

use super::der::{self, bits, boolean, context, integer, octets, oid, sequence, set, utf8};
use super::key::Key;
use super::{random, sha256};

pub(crate) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(crate) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
pub(crate) const SCT_LIST: &str = "1.3.6.1.4.1.11129.2.4.2";

/// A certificate before it is issued.
#[derive(Clone)]
pub(crate) struct CertificateSpec {
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) spki: Vec<u8>,
    pub(crate) extensions: Vec<Extension>,
}

#[derive(Clone)]
pub(crate) struct Extension {
    pub(crate) oid: String,
    pub(crate) critical: bool,
    pub(crate) value: Vec<u8>,
}

impl CertificateSpec {
    /// A certificate without extensions.
    pub(crate) fn new(subject: Vec<u8>, issuer: Vec<u8>, spki: Vec<u8>) -> Self {
        CertificateSpec {
            serial: random::<16>().to_vec(),
            issuer,
            subject,
            not_before: super::time("2020-01-01T00:00:00Z"),
            not_after: super::time("2040-01-01T00:00:00Z"),
            spki,
            extensions: Vec::new(),
        }
    }

    /// A CA's: BasicConstraints, KeyUsage, key identifiers.
    pub(crate) fn ca(subject: &str, issuer: &str, key: &Key, issuer_spki: &[u8]) -> Self {
        let mut spec = Self::new(name(subject), name(issuer), key.spki());
        spec.set("2.5.29.19", true, sequence(&[boolean(true)]));
        spec.set("2.5.29.15", true, vec![0x03, 0x02, 0x01, 0x06]);
        spec.key_ids(issuer_spki);
        spec
    }

    /// A signer's: KeyUsage digitalSignature, one extended key usage, key identifiers.
    pub(crate) fn end_entity(
        subject: Vec<u8>,
        issuer: &str,
        spki: Vec<u8>,
        issuer_spki: &[u8],
        usage: &str,
    ) -> Self {
        let mut spec = Self::new(subject, name(issuer), spki);
        spec.set("2.5.29.15", true, vec![0x03, 0x02, 0x07, 0x80]);
        spec.usage(usage, usage == TIME_STAMPING);
        spec.key_ids(issuer_spki);
        spec
    }

    /// Sets an extension, in place of one with the same identifier.
    pub(crate) fn set(&mut self, oid: &str, critical: bool, value: Vec<u8>) -> &mut Self {
        self.remove(oid);
        self.extensions.push(Extension { oid: oid.to_owned(), critical, value });
        self
    }

    pub(crate) fn remove(&mut self, oid: &str) -> &mut Self {
        self.extensions.retain(|extension| extension.oid != oid);
        self
    }

    pub(crate) fn usage(&mut self, usage: &str, critical: bool) -> &mut Self {
        self.set("2.5.29.37", critical, sequence(&[oid(usage)]))
    }

    /// A Fulcio extension with a DER UTF8String, as since .1.8.
    pub(crate) fn fulcio(&mut self, arc: u32, text: &str) -> &mut Self {
        self.set(&format!("1.3.6.1.4.1.57264.1.{arc}"), false, utf8(text))
    }

    /// A Fulcio extension with raw text, as up to .1.6.
    pub(crate) fn fulcio_raw(&mut self, arc: u32, text: &str) -> &mut Self {
        self.set(&format!("1.3.6.1.4.1.57264.1.{arc}"), false, text.as_bytes().to_vec())
    }

    /// One subject alternative name, critical as Fulcio's are: a general name.
    pub(crate) fn alternative_name(&mut self, general_name: Vec<u8>) -> &mut Self {
        self.set("2.5.29.17", true, sequence(&[general_name]))
    }

    fn key_ids(&mut self, issuer_spki: &[u8]) {
        let own = key_id(&self.spki);
        self.set("2.5.29.14", false, octets(own));
        self.set("2.5.29.35", false, sequence(&[der::value(0x80, key_id(issuer_spki))]));
    }

    /// The TBSCertificate, to be signed with this algorithm.
    pub(crate) fn tbs(&self, algorithm: &[u8]) -> Vec<u8> {
        let extensions: Vec<_> = self.extensions.iter().map(Extension::der).collect();
        sequence(&[
            context(0, integer(&[2])),
            integer(&self.serial),
            algorithm.to_vec(),
            self.issuer.clone(),
            sequence(&[der::utc_time(self.not_before), der::utc_time(self.not_after)]),
            self.subject.clone(),
            self.spki.clone(),
            context(3, sequence(&extensions)),
        ])
    }

    /// The certificate.
    pub(crate) fn sign(&self, issuer: &Key) -> Vec<u8> {
        let algorithm = issuer.signature_algorithm();
        let tbs = self.tbs(&algorithm);
        let signature = issuer.sign(&tbs);
        sequence(&[tbs, algorithm, bits(signature)])
    }
}

impl Extension {
    fn der(&self) -> Vec<u8> {
        let mut parts = vec![oid(&self.oid)];
        if self.critical {
            parts.push(boolean(true));
        }
        parts.push(octets(&self.value));
        sequence(&parts)
    }
}

/// `CN=...`; an empty name for an empty text.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    if common_name.is_empty() {
        return sequence(&[]);
    }
    sequence(&[set(&[sequence(&[oid("2.5.4.3"), utf8(common_name)])])])
}

pub(crate) fn email(text: &str) -> Vec<u8> {
    der::value(0x81, text)
}

pub(crate) fn uri(text: &str) -> Vec<u8> {
    der::value(0x86, text)
}

/// Fulcio's otherName for user names.
pub(crate) fn user_name(text: &str) -> Vec<u8> {
    context(0, [oid("1.3.6.1.4.1.57264.1.7"), context(0, utf8(text))].concat())
}

fn key_id(spki: &[u8]) -> Vec<u8> {
    sha256(spki)[..20].to_vec()
}

/// A certificate transparency log.
pub(crate) struct CtLog {
    pub(crate) url: String,
    pub(crate) key: Key,
}

impl CtLog {
    pub(crate) fn id(&self) -> [u8; 32] {
        sha256(&self.key.spki())
    }

    /// An SCT over a precertificate: RFC 6962 section 3.2.
    pub(crate) fn embedded(
        &self,
        tbs: &[u8],
        issuer_spki: &[u8],
        time: Timestamp,
        extensions: &[u8],
    ) -> Vec<u8> {
        let mut entry = vec![0, 1];
        entry.extend(sha256(issuer_spki));
        self.sct(&[entry, vector24(tbs)].concat(), time, extensions)
    }

    /// An SCT over a certificate.
    pub(crate) fn detached(&self, certificate: &[u8], time: Timestamp) -> Vec<u8> {
        self.sct(&[vec![0, 0], vector24(certificate)].concat(), time, &[])
    }

    fn sct(&self, entry: &[u8], time: Timestamp, extensions: &[u8]) -> Vec<u8> {
        let time = (time.as_millisecond() as u64).to_be_bytes();
        let extensions = vector16(extensions);
        let signed = [&[0, 0][..], &time, entry, &extensions].concat();
        let algorithm = match self.key {
            Key::P256(_) => [4, 3],
            Key::P384(_) => [5, 3],
            Key::RsaPkcs1(_) => [4, 1],
            _ => [8, 7],
        };
        let signature = vector16(&self.key.sign(&signed));
        [&[0][..], &self.id(), &time, &extensions, &algorithm, &signature].concat()
    }
}

/// The value of the SCT list extension.
pub(crate) fn sct_list(scts: &[Vec<u8>]) -> Vec<u8> {
    let list: Vec<_> = scts.iter().map(|sct| vector16(sct)).collect();
    octets(vector16(&list.concat()))
}

fn vector16(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

fn vector24(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat()
}
