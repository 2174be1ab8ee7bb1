//! RFC 3161 timestamp authorities.

use aws_lc_rs::digest;
use jiff::Timestamp;

use super::der::{self, context, integer, octets, oid, sequence, set};
use super::key::Key;
use super::random;
use super::x509::{CertificateSpec, TIME_STAMPING, name};

pub(crate) struct Tsa {
    pub(crate) url: String,
    pub(crate) root_key: Key,
    pub(crate) root: Vec<u8>,
    pub(crate) key: Key,
    pub(crate) leaf_spec: CertificateSpec,
    pub(crate) leaf: Vec<u8>,
}

impl Tsa {
    pub(crate) fn new(url: &str, key: Key) -> Self {
        Self::with(url, key, |_| {})
    }

    /// With the signer's certificate changed before it is issued.
    pub(crate) fn with(url: &str, key: Key, edit: impl FnOnce(&mut CertificateSpec)) -> Self {
        let root_key = Key::p384();
        let root_name = format!("{url} root");
        let root = CertificateSpec::ca(&root_name, &root_name, &root_key, &root_key.spki());
        let subject = name(&format!("{url} signer"));
        let mut leaf_spec = CertificateSpec::end_entity(
            subject,
            &root_name,
            key.spki(),
            &root_key.spki(),
            TIME_STAMPING,
        );
        edit(&mut leaf_spec);
        Tsa {
            url: url.to_owned(),
            root: root.sign(&root_key),
            leaf: leaf_spec.sign(&root_key),
            root_key,
            key,
            leaf_spec,
        }
    }

    /// A response over a signature.
    pub(crate) fn stamp(&self, signature: &[u8], time: Timestamp) -> Vec<u8> {
        self.token(signature, time).response(self)
    }

    pub(crate) fn token(&self, signature: &[u8], time: Timestamp) -> TokenSpec {
        let issuer_and_serial =
            sequence(&[self.leaf_spec.issuer.clone(), integer(&self.leaf_spec.serial)]);
        TokenSpec {
            status: 0,
            content_type: TST_INFO.to_owned(),
            imprint: signature.to_vec(),
            time: der::generalized_time(time),
            tsa: Some(self.leaf_spec.subject.clone()),
            tst_extensions: None,
            attribute_content_type: Some(TST_INFO.to_owned()),
            ess: Some(Ess::V2(self.leaf.clone())),
            signer: issuer_and_serial,
            certificates: vec![self.leaf.clone()],
            signers: 1,
        }
    }

    pub(crate) fn certificates(&self) -> Vec<Vec<u8>> {
        vec![self.leaf.clone(), self.root.clone()]
    }
}

/// Which attribute names the signer's certificate.
pub(crate) enum Ess {
    V1(Vec<u8>),
    V2(Vec<u8>),
}

/// A token before it is signed.
pub(crate) struct TokenSpec {
    pub(crate) status: u8,
    pub(crate) content_type: String,
    /// What the imprint is of.
    pub(crate) imprint: Vec<u8>,
    pub(crate) time: Vec<u8>,
    pub(crate) tsa: Option<Vec<u8>>,
    pub(crate) tst_extensions: Option<Vec<u8>>,
    pub(crate) attribute_content_type: Option<String>,
    pub(crate) ess: Option<Ess>,
    pub(crate) signer: Vec<u8>,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) signers: usize,
}

impl TokenSpec {
    pub(crate) fn response(&self, tsa: &Tsa) -> Vec<u8> {
        sequence(&[sequence(&[integer(&[self.status])]), self.sign(tsa)])
    }

    pub(crate) fn sign(&self, tsa: &Tsa) -> Vec<u8> {
        self.sign_info(tsa, &self.info())
    }

    /// The TSTInfo.
    pub(crate) fn info(&self) -> Vec<u8> {
        let mut info = vec![
            integer(&[1]),
            oid("1.3.6.1.4.1.57264.2"),
            sequence(&[sequence(&[oid(SHA256)]), octets(super::sha256(&self.imprint))]),
            integer(&random::<8>()),
            self.time.clone(),
            sequence(&[integer(&[1])]),
        ];
        info.extend(self.tsa.as_ref().map(|name| context(0, context(4, name))));
        info.extend(self.tst_extensions.as_ref().map(|extensions| context(1, extensions)));
        sequence(&info)
    }

    /// The token of any TSTInfo.
    pub(crate) fn sign_info(&self, tsa: &Tsa, info: &[u8]) -> Vec<u8> {
        let sha256 = sequence(&[oid(SHA256)]);
        let attribute = |kind: &str, value: Vec<u8>| sequence(&[oid(kind), set(&[value])]);
        let mut attributes = vec![attribute("1.2.840.113549.1.9.4", octets(super::sha256(info)))];
        attributes.extend(
            self.attribute_content_type
                .as_ref()
                .map(|kind| attribute("1.2.840.113549.1.9.3", oid(kind))),
        );
        attributes.extend(self.ess.as_ref().map(|ess| match ess {
            Ess::V1(certificate) => {
                let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate);
                let id = sequence(&[octets(hash)]);
                attribute("1.2.840.113549.1.9.16.2.12", sequence(&[sequence(&[id])]))
            }
            Ess::V2(certificate) => {
                let id = sequence(&[octets(super::sha256(certificate))]);
                attribute("1.2.840.113549.1.9.16.2.47", sequence(&[sequence(&[id])]))
            }
        }));
        let attributes = set(&attributes);
        let signature = tsa.key.sign(&attributes);
        let mut implicit = attributes;
        implicit[0] = 0xa0;
        // RFC 5652 section 5.3: 3 where the signer is named by a key identifier
        let version = if self.signer.first() == Some(&0x80) { 3 } else { 1 };
        let signer = sequence(&[
            integer(&[version]),
            self.signer.clone(),
            sha256.clone(),
            implicit,
            tsa.key.signature_algorithm(),
            octets(signature),
        ]);
        let mut signed = vec![
            integer(&[3]),
            set(&[sha256]),
            sequence(&[oid(&self.content_type), context(0, octets(info))]),
        ];
        if !self.certificates.is_empty() {
            let mut certificates = self.certificates.clone();
            certificates.sort();
            signed.push(context(0, certificates.concat()));
        }
        signed.push(set(&vec![signer; self.signers]));
        sequence(&[oid("1.2.840.113549.1.7.2"), context(0, sequence(&signed))])
    }
}

pub(crate) const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
