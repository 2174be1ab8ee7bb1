//! A whole Sigstore instance that signs whatever it is told, right or wrong.
//!
//! It shares no code with the verifier: DER, Merkle trees, SCTs, tokens and entries are written
//! here from their specifications, so that one mistake cannot hide another.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "fixtures")]
#![allow(dead_code, reason = "each user of this module uses a part of it")]

pub(crate) mod der;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod tsa;
pub(crate) mod x509;

use chainsign_core::encoding::{base64_encode, hex_encode};
use jiff::Timestamp;
use serde_json::{Value, json};

use key::Key;
use log::{Log, Verifier};
use tsa::Tsa;
use x509::{CODE_SIGNING, CertificateSpec, CtLog, SCT_LIST, sct_list};

pub(crate) const IDENTITY: &str = "dev@example.com";
pub(crate) const ISSUER: &str = "https://issuer.example.com";
pub(crate) const ARTIFACT: &[u8] = b"an artifact\n";
/// When certificates are issued; they are valid for ten minutes.
pub(crate) const ISSUED: &str = "2026-01-01T12:00:00Z";
/// When things are signed and logged.
pub(crate) const SIGNED: &str = "2026-01-01T12:00:05Z";
/// When things are verified.
pub(crate) const NOW: &str = "2026-01-01T12:30:00Z";
pub(crate) const V0_1: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";
pub(crate) const V0_2: &str = "application/vnd.dev.sigstore.bundle+json;version=0.2";
pub(crate) const V0_3: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
pub(crate) const IN_TOTO: &str = "application/vnd.in-toto+json";

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().try_into().unwrap()
}

/// A digest by its name in digest sets.
pub(crate) fn hash(name: &str, bytes: &[u8]) -> Vec<u8> {
    let algorithm = match name {
        "sha256" => &aws_lc_rs::digest::SHA256,
        "sha384" => &aws_lc_rs::digest::SHA384,
        _ => &aws_lc_rs::digest::SHA512,
    };
    aws_lc_rs::digest::digest(algorithm, bytes).as_ref().to_vec()
}

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    bytes[0] = bytes[0] & 0x7f | 1;
    bytes
}

/// A Sigstore instance.
pub(crate) struct Instance {
    pub(crate) host: String,
    pub(crate) root_key: Key,
    pub(crate) root: Vec<u8>,
    pub(crate) intermediate_key: Key,
    pub(crate) intermediate: Vec<u8>,
    pub(crate) ct: CtLog,
    pub rekor_v1: Log,
    pub rekor_v2: Log,
    pub(crate) tsa: Tsa,
}

impl Instance {
    pub(crate) fn new(host: &str) -> Self {
        Self::with(host, |_| {})
    }

    /// With the intermediate certificate changed before it is issued.
    pub(crate) fn with(host: &str, edit_intermediate: impl FnOnce(&mut CertificateSpec)) -> Self {
        let (root_key, intermediate_key) = (Key::p384(), Key::p384());
        let (root_name, intermediate_name) = (format!("{host} root"), format!("{host} ca"));
        let root_spki = root_key.spki();
        let root = CertificateSpec::ca(&root_name, &root_name, &root_key, &root_spki);
        let mut intermediate =
            CertificateSpec::ca(&intermediate_name, &root_name, &intermediate_key, &root_spki);
        intermediate.usage(CODE_SIGNING, false);
        edit_intermediate(&mut intermediate);
        Instance {
            root: root.sign(&root_key),
            intermediate: intermediate.sign(&root_key),
            root_key,
            intermediate_key,
            ct: CtLog { url: format!("https://ct.{host}"), key: Key::p256() },
            rekor_v1: Log::v1(&format!("rekor.{host}"), Key::p256()),
            rekor_v2: Log::v2(&format!("log2026.{host}"), Key::ed25519()),
            tsa: Tsa::new(&format!("https://tsa.{host}"), Key::p256()),
            host: host.to_owned(),
        }
    }

    pub(crate) fn intermediate_name(&self) -> String {
        format!("{} ca", self.host)
    }

    /// A certificate for [`IDENTITY`], as the authority would issue it, without an SCT.
    pub(crate) fn leaf(&self, key: &Key) -> CertificateSpec {
        let mut spec = CertificateSpec::end_entity(
            x509::name(""),
            &self.intermediate_name(),
            key.spki(),
            &self.intermediate_key.spki(),
            CODE_SIGNING,
        );
        spec.not_before = time(ISSUED);
        spec.not_after = time("2026-01-01T12:10:00Z");
        spec.alternative_name(x509::email(IDENTITY));
        spec.fulcio_raw(1, ISSUER);
        spec.fulcio(8, ISSUER);
        spec
    }

    /// Issues a certificate with an SCT of the instance's log.
    pub(crate) fn issue(&self, spec: &CertificateSpec) -> Vec<u8> {
        let spki = self.intermediate_key.spki();
        let tbs = spec.tbs(&self.intermediate_key.signature_algorithm());
        let sct = self.ct.embedded(&tbs, &spki, time(ISSUED), &[]);
        self.issue_with(spec, &[sct])
    }

    /// Issues a certificate with these SCTs.
    pub(crate) fn issue_with(&self, spec: &CertificateSpec, scts: &[Vec<u8>]) -> Vec<u8> {
        let mut spec = spec.clone();
        if !scts.is_empty() {
            spec.set(SCT_LIST, false, sct_list(scts));
        }
        spec.sign(&self.intermediate_key)
    }

    /// The trusted root.
    pub(crate) fn root(&self) -> Value {
        let start = json!({"start": "2020-01-01T00:00:00Z"});
        let certificates = |certificates: &[&Vec<u8>]| {
            let raw: Vec<_> =
                certificates.iter().map(|der| json!({"rawBytes": base64_encode(der)})).collect();
            json!({"certificates": raw})
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log_instance(&self.rekor_v1), log_instance(&self.rekor_v2)],
            "ctlogs": [{
                "baseUrl": self.ct.url, "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64_encode(self.ct.key.spki()),
                    "keyDetails": self.ct.key.details(), "validFor": start},
                "logId": {"keyId": base64_encode(self.ct.id())},
            }],
            "certificateAuthorities": [{
                "subject": {"organization": self.host, "commonName": "ca"},
                "uri": format!("https://fulcio.{}", self.host),
                "certChain": certificates(&[&self.intermediate, &self.root]),
                "validFor": start,
            }],
            "timestampAuthorities": [{
                "subject": {"organization": self.host, "commonName": "tsa"},
                "uri": self.tsa.url,
                "certChain": certificates(&[&self.tsa.leaf, &self.tsa.root]),
                "validFor": start,
            }],
        })
    }

    /// Signs [`ARTIFACT`] with a fresh P-256 key: bundle 0.3 with a Rekor v1 entry.
    pub(crate) fn sign(&self) -> Signed {
        self.sign_with(Key::p256(), ARTIFACT)
    }

    /// Signs bytes.
    pub(crate) fn sign_with(&self, key: Key, artifact: &[u8]) -> Signed {
        let leaf = self.issue(&self.leaf(&key));
        self.sign_as(key, leaf, artifact)
    }

    /// Signs bytes with a key and a certificate for it.
    pub(crate) fn sign_as(&self, key: Key, leaf: Vec<u8>, artifact: &[u8]) -> Signed {
        let signature = key.sign(artifact);
        let algorithm = key.hash_name();
        let digest = hash(algorithm, artifact);
        let content = json!({
            "messageDigest": {
                "algorithm": algorithm.replace("sha", "SHA2_"), "digest": base64_encode(&digest)},
            "signature": base64_encode(&signature),
        });
        Signed {
            logged: digest,
            algorithm,
            signature,
            content: ("messageSignature", content),
            payload: None,
            key,
            leaf,
        }
    }

    /// Signs a statement about [`ARTIFACT`].
    pub(crate) fn attest(&self) -> Signed {
        self.attest_with(Key::p256(), &statement(ARTIFACT))
    }

    /// Signs a payload of in-toto's type.
    pub(crate) fn attest_with(&self, key: Key, payload: &[u8]) -> Signed {
        let leaf = self.issue(&self.leaf(&key));
        self.attest_as(key, leaf, IN_TOTO, payload)
    }

    pub(crate) fn attest_as(&self, key: Key, leaf: Vec<u8>, kind: &str, payload: &[u8]) -> Signed {
        let pae = pae(kind, payload);
        let signature = key.sign(&pae);
        let algorithm = key.hash_name();
        let content = json!({
            "payload": base64_encode(payload), "payloadType": kind,
            "signatures": [{"sig": base64_encode(&signature)}]});
        Signed {
            logged: hash(algorithm, &pae),
            algorithm,
            signature,
            content: ("dsseEnvelope", content),
            payload: Some((kind.to_owned(), payload.to_vec())),
            key,
            leaf,
        }
    }

    /// The Rekor v1 entry of what was signed: hashedrekord, or dsse.
    pub(crate) fn entry_v1(&self, signed: &Signed) -> Value {
        self.rekor_v1.entry_v1(&signed.body_v1(), time(SIGNED).as_second(), 4)
    }

    pub(crate) fn entry_v2(&self, signed: &Signed) -> Value {
        self.rekor_v2.entry_v2(&signed.body_v2(), 4)
    }

    pub(crate) fn stamp(&self, signed: &Signed) -> Vec<u8> {
        self.tsa.stamp(&signed.signature, time(SIGNED))
    }

    /// Bundle 0.3 with a Rekor v1 entry.
    pub(crate) fn bundle(&self, signed: &Signed) -> Value {
        signed.bundle(V0_3, &[self.entry_v1(signed)], &[])
    }

    /// Bundle 0.3 with a Rekor v2 entry and a timestamp.
    pub(crate) fn bundle_v2(&self, signed: &Signed) -> Value {
        signed.bundle(V0_3, &[self.entry_v2(signed)], &[self.stamp(signed)])
    }
}

pub(crate) fn log_instance(log: &Log) -> Value {
    json!({
        "baseUrl": log.url, "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": base64_encode(log.key.spki()), "keyDetails": log.key.details(),
            "validFor": {"start": "2020-01-01T00:00:00Z"}},
        "logId": {"keyId": base64_encode(log.id)},
    })
}

/// Something signed, before it is put in a bundle.
pub(crate) struct Signed {
    pub(crate) key: Key,
    pub(crate) leaf: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) algorithm: &'static str,
    /// The digest that a hashedrekord entry has.
    pub(crate) logged: Vec<u8>,
    pub(crate) content: (&'static str, Value),
    /// Payload type and payload of an envelope.
    pub(crate) payload: Option<(String, Vec<u8>)>,
}

impl Signed {
    pub(crate) fn verifier(&self) -> Verifier<'_> {
        Verifier::Certificate(&self.leaf)
    }

    pub(crate) fn body_v1(&self) -> Value {
        self.body_v1_by(&self.verifier())
    }

    pub(crate) fn body_v1_by(&self, verifier: &Verifier<'_>) -> Value {
        match &self.payload {
            None => {
                let hash = hex_encode(&self.logged);
                log::hashedrekord_0_0_1((self.algorithm, &hash), &self.signature, verifier)
            }
            Some((_, payload)) => log::dsse_0_0_1(payload, &[(&self.signature, verifier)]),
        }
    }

    pub(crate) fn body_v2(&self) -> Value {
        self.body_v2_by(&self.verifier())
    }

    pub(crate) fn body_v2_by(&self, verifier: &Verifier<'_>) -> Value {
        let algorithm = self.algorithm.replace("sha", "SHA2_");
        log::hashedrekord_0_0_2(
            (&algorithm, &self.logged),
            &self.signature,
            verifier,
            self.key.details(),
        )
    }

    /// A bundle of a media type.
    pub(crate) fn bundle(
        &self,
        media_type: &str,
        entries: &[Value],
        timestamps: &[Vec<u8>],
    ) -> Value {
        let raw = json!({"rawBytes": base64_encode(&self.leaf)});
        let mut material = match media_type {
            V0_3 => json!({"certificate": raw}),
            _ => json!({"x509CertificateChain": {"certificates": [raw]}}),
        };
        self.complete(media_type, &mut material, entries, timestamps)
    }

    /// A bundle 0.3 with a hint at a key.
    pub(crate) fn key_bundle(&self, entries: &[Value], timestamps: &[Vec<u8>]) -> Value {
        let mut material = json!({"publicKey": {"hint": "a key"}});
        self.complete(V0_3, &mut material, entries, timestamps)
    }

    fn complete(
        &self,
        media_type: &str,
        material: &mut Value,
        entries: &[Value],
        timestamps: &[Vec<u8>],
    ) -> Value {
        material["tlogEntries"] = json!(entries);
        if !timestamps.is_empty() {
            let stamps: Vec<_> = timestamps
                .iter()
                .map(|der| json!({"signedTimestamp": base64_encode(der)}))
                .collect();
            material["timestampVerificationData"] = json!({"rfc3161Timestamps": stamps});
        }
        json!({
            "mediaType": media_type,
            "verificationMaterial": material,
            self.content.0: self.content.1,
        })
    }
}

/// A statement about an artifact.
pub(crate) fn statement(artifact: &[u8]) -> Vec<u8> {
    statement_about(&json!([{
        "name": "artifact", "digest": {"sha256": hex_encode(sha256(artifact))}}]))
}

pub(crate) fn statement_about(subject: &Value) -> Vec<u8> {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1", "subject": subject,
        "predicateType": "https://example.com/predicate", "predicate": {"a": 1}});
    serde_json::to_vec(&statement).unwrap()
}

/// DSSE protocol, "Signature Definition".
pub(crate) fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}
