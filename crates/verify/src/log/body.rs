//! What a log entry says was signed, by whom, and with which signature, compared field by field
//! with what is being verified (client-spec section 4.4).
//!
//! The body is what the leaf hash and the signed entry timestamp cover, so the body as it is gets
//! parsed, strictly: unknown fields, duplicate keys and other spellings of the same bytes are
//! refused. Nothing is rebuilt from the bundle, and nothing is compared as JSON text.

use std::borrow::Cow;
use std::fmt::Display;

use chainsign_core::Limits;
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::dsse::Envelope;
use chainsign_core::encoding::{Base64Bytes, base64_decode, base64_encode};
use chainsign_core::formats::bundle::hash_name;
use chainsign_core::material::{LogEntry, SignedContent};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Refusal;
use crate::artifact::Digested;
use crate::certificate::Leaf;
use crate::key::{Scheme, VerificationKey};

/// What an entry must say.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) content: &'a SignedContent,
    /// The signature that was verified.
    pub(crate) signature: &'a [u8],
    pub(crate) signer: EntryVerifier<'a>,
    pub(crate) artifact: &'a Digested<'a>,
    /// The digest of the document, when that is the envelope as it was sent to the log.
    pub(crate) envelope_digest: Option<&'a ArtifactDigest>,
    pub(crate) limits: &'a Limits,
}

/// Who must have signed.
#[derive(Clone, Copy)]
pub(crate) enum EntryVerifier<'a> {
    Certificate(&'a Leaf),
    Key(&'a VerificationKey),
}

/// What was compared.
pub(crate) struct Bound {
    pub(crate) compared: &'static [&'static str],
    /// Reported, not compared: it is over bytes that are not at hand.
    pub(crate) envelope_hash: Option<ArtifactDigest>,
}

/// Compares an entry with what is being verified.
///
/// # Errors
/// [`Refusal::EntryKind`], [`Refusal::EntryMalformed`], [`Refusal::EntryMismatch`],
/// [`Refusal::EntryBindsNothing`], [`Refusal::DigestNeeded`].
pub(crate) fn bind(entry: &LogEntry, claim: &Claim<'_>) -> Result<Bound, Refusal> {
    let entry = EntryView { entry, claim };
    match (entry.entry.kind.as_str(), entry.entry.version.as_str(), claim.content) {
        (
            "hashedrekord",
            "0.0.1",
            SignedContent::Message { .. } | SignedContent::SimpleSigning { .. },
        ) => entry.hashedrekord_0_0_1(),
        ("hashedrekord", "0.0.2", _) => entry.hashedrekord_0_0_2(),
        ("dsse", "0.0.1", SignedContent::Envelope(envelope)) => entry.dsse_0_0_1(envelope),
        ("dsse", "0.0.2", SignedContent::Envelope(envelope)) => entry.dsse_0_0_2(envelope),
        ("intoto", "0.0.1", SignedContent::Envelope(envelope)) => entry.intoto_0_0_1(envelope),
        ("intoto", "0.0.2", SignedContent::Envelope(envelope)) => entry.intoto_0_0_2(envelope),
        (kind, version, content) => Err(Refusal::EntryKind {
            kind: kind.to_owned(),
            version: version.to_owned(),
            wanted: match content {
                SignedContent::Message { .. } | SignedContent::SimpleSigning { .. } => {
                    "hashedrekord 0.0.1 or 0.0.2"
                }
                SignedContent::Envelope(_) => {
                    "dsse 0.0.1 or 0.0.2, intoto 0.0.1 or 0.0.2, or hashedrekord 0.0.2"
                }
            },
        }),
    }
}

struct EntryView<'a> {
    entry: &'a LogEntry,
    claim: &'a Claim<'a>,
}

impl EntryView<'_> {
    /// rekor `pkg/types/hashedrekord/v0.0.1/hashedrekord_v0_0_1_schema.json`
    fn hashedrekord_0_0_1(&self) -> Result<Bound, Refusal> {
        let spec: HashedRekord001 = self.spec()?;
        self.digest("artifact digest", &spec.data.hash.digest().map_err(|e| self.malformed(e))?)?;
        self.signature(&spec.signature.content.0)?;
        self.verifier_pem(&spec.signature.public_key.content.0)?;
        Ok(Bound { compared: &["artifact digest", "signature", "verifier"], envelope_hash: None })
    }

    /// Rekor v2: rekor-tiles `api/proto/rekor/v2/hashedrekord.proto`; for envelopes rekor-v2-spec
    /// section 6.1.4: the digest is that of the pre-authentication encoding.
    fn hashedrekord_0_0_2(&self) -> Result<Bound, Refusal> {
        let HashedRekord002 { hashed_rekord_v002: spec } = self.spec()?;
        self.has_one_index_and_no_time()?;
        let digest = spec.data.digest().map_err(|e| self.malformed(e))?;
        let compared: &'static [&'static str] = match self.claim.content {
            SignedContent::Message { .. } | SignedContent::SimpleSigning { .. } => {
                self.digest("artifact digest", &digest)?;
                &["artifact digest", "signature", "verifier", "key details"]
            }
            SignedContent::Envelope(envelope) => {
                let wanted = envelope.pae_digest(digest.algorithm());
                self.equal("envelope digest", &digest, &wanted)?;
                &["envelope digest", "signature", "verifier", "key details"]
            }
        };
        self.signature(&spec.signature.content.0)?;
        self.verifier_0_0_2(&spec.signature.verifier)?;
        Ok(Bound { compared, envelope_hash: None })
    }

    /// rekor `pkg/types/dsse/v0.0.1/dsse_v0_0_1_schema.json`
    fn dsse_0_0_1(&self, envelope: &Envelope) -> Result<Bound, Refusal> {
        let spec: Dsse001 = self.spec()?;
        let envelope_hash = spec.envelope_hash.digest().map_err(|e| self.malformed(e))?;
        self.payload(envelope, &spec.payload_hash)?;
        let logged: Vec<_> = spec.signatures.iter().map(|s| s.signature.0.as_slice()).collect();
        self.same_signatures(envelope, &logged)?;
        for logged in &spec.signatures {
            if logged.signature.0 == self.claim.signature {
                self.verifier_pem(&logged.verifier.0)?;
            }
        }
        Ok(Bound {
            compared: &["payload digest", "signatures", "verifier"],
            envelope_hash: Some(envelope_hash),
        })
    }

    /// Rekor v2 until the end of 2025: rekor-tiles `api/proto/rekor/v2/dsse.proto`.
    fn dsse_0_0_2(&self, envelope: &Envelope) -> Result<Bound, Refusal> {
        let Dsse002 { dsse_v002: spec } = self.spec()?;
        self.has_one_index_and_no_time()?;
        let found = spec.payload_hash.digest().map_err(|e| self.malformed(e))?;
        let wanted = found.algorithm().digest(&envelope.payload.0);
        self.equal("payload digest", &found, &wanted)?;
        let logged: Vec<_> = spec.signatures.iter().map(|s| s.content.0.as_slice()).collect();
        self.same_signatures(envelope, &logged)?;
        for logged in &spec.signatures {
            if logged.content.0 == self.claim.signature {
                self.verifier_0_0_2(&logged.verifier)?;
            }
        }
        let compared = &["payload digest", "signatures", "verifier", "key details"];
        Ok(Bound { compared, envelope_hash: None })
    }

    /// rekor `pkg/types/intoto/v0.0.1/intoto_v0_0_1_schema.json`. The stored form has neither the
    /// signatures nor the payload type, only the hash of the envelope as it was sent; so it binds
    /// nothing unless the envelope is at hand as it was sent, which cosign's attestations in
    /// registries are.
    fn intoto_0_0_1(&self, envelope: &Envelope) -> Result<Bound, Refusal> {
        let spec: InToto001 = self.spec()?;
        let digest = spec.content.hash.digest().map_err(|e| self.malformed(e))?;
        let Some(wanted) = self.claim.envelope_digest else {
            return Err(Refusal::EntryBindsNothing { log_index: self.entry.log_index });
        };
        self.equal("envelope digest", &digest, wanted)?;
        if let Some(payload_hash) = &spec.content.payload_hash {
            self.payload(envelope, payload_hash)?;
        }
        self.verifier_pem(&spec.public_key.0)?;
        Ok(Bound {
            compared: &["envelope digest", "payload digest", "verifier"],
            envelope_hash: None,
        })
    }

    /// rekor `pkg/types/intoto/v0.0.2/intoto_v0_0_2_schema.json`. Payload and signatures are
    /// base64 of base64 there.
    fn intoto_0_0_2(&self, envelope: &Envelope) -> Result<Bound, Refusal> {
        let InToto002 { content } = self.spec()?;
        let envelope_hash = content.hash.map(|hash| hash.digest()).transpose();
        let envelope_hash = envelope_hash.map_err(|e| self.malformed(e))?;
        let logged = content.envelope;
        self.equal("payload type", &logged.payload_type, &envelope.payload_type)?;
        self.payload(envelope, &content.payload_hash)?;
        if let Some(payload) = logged.payload {
            let payload = self.twice("payload", &payload)?;
            let (found, wanted) = (sha256(&payload), sha256(&envelope.payload.0));
            self.equal("payload", &found, &wanted)?;
        }
        let signatures: Result<Vec<_>, _> =
            logged.signatures.iter().map(|logged| self.twice("signature", &logged.sig)).collect();
        let signatures = signatures?;
        let views: Vec<_> = signatures.iter().map(Vec::as_slice).collect();
        self.same_signatures(envelope, &views)?;
        for (logged, signature) in logged.signatures.iter().zip(&signatures) {
            if signature == self.claim.signature {
                self.verifier_pem(&logged.public_key.0)?;
            }
        }
        let compared = &["payload type", "payload digest", "signatures", "verifier"];
        Ok(Bound { compared, envelope_hash })
    }

    /// Rekor v2 has one index for an entry, and no time (rekor-v2-spec sections 3 and 4.2).
    fn has_one_index_and_no_time(&self) -> Result<(), Refusal> {
        if let Some(time) = self.entry.integrated_time {
            return Err(self.mismatch("integrated time", time.to_string(), "none".to_owned()));
        }
        match &self.entry.inclusion_proof {
            Some(proof) => {
                let (found, wanted) = (self.entry.log_index, proof.log_index);
                self.equal("log index", &found, &wanted)
            }
            None => Ok(()),
        }
    }

    /// The `spec` of the body, of which kind and version are those that the entry says.
    fn spec<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let body = &self.entry.canonicalized_body;
        let parsed: Result<Body<T>, _> =
            chainsign_core::json::parse_closed("log entry body", body, self.claim.limits);
        let parsed = parsed.map_err(|error| self.malformed(error.to_string()))?;
        self.equal("kind", &parsed.kind, &self.entry.kind)?;
        self.equal("version", &parsed.api_version, &self.entry.version)?;
        Ok(parsed.spec)
    }

    /// A digest of the artifact, in whatever algorithm the entry has it.
    fn digest(&self, field: &'static str, found: &ArtifactDigest) -> Result<(), Refusal> {
        self.equal(field, found, self.claim.artifact.digest(found.algorithm())?)
    }

    fn payload(&self, envelope: &Envelope, hash: &Hash) -> Result<(), Refusal> {
        let found = hash.digest().map_err(|e| self.malformed(e))?;
        let wanted = found.algorithm().digest(&envelope.payload.0);
        self.equal("payload digest", &found, &wanted)
    }

    fn signature(&self, found: &[u8]) -> Result<(), Refusal> {
        if found == self.claim.signature {
            return Ok(());
        }
        Err(self.mismatch("signature", base64_encode(found), base64_encode(self.claim.signature)))
    }

    /// The same signatures in the entry and in the envelope, in any order and equally often.
    fn same_signatures(&self, envelope: &Envelope, found: &[&[u8]]) -> Result<(), Refusal> {
        let mut found = found.to_vec();
        let mut wanted: Vec<_> = envelope.signatures.iter().map(|s| s.sig.0.as_slice()).collect();
        found.sort_unstable();
        wanted.sort_unstable();
        if found == wanted {
            return Ok(());
        }
        let text = |signatures: &[&[u8]]| {
            let signatures: Vec<_> = signatures.iter().take(4).map(base64_encode).collect();
            signatures.join(", ")
        };
        Err(self.mismatch("signatures", text(&found), text(&wanted)))
    }

    /// A verifier as PEM, of a certificate or of a key. Logs hold it as everybody writes it; only
    /// another spelling needs decoding.
    fn verifier_pem(&self, text: &[u8]) -> Result<(), Refusal> {
        if text == self.claim.signer.pem().as_bytes() {
            return Ok(());
        }
        let (kind, der) = pem(text).map_err(|reason| self.malformed(reason))?;
        self.verifier(kind, &der)
    }

    /// rekor-tiles `api/proto/rekor/v2/verifier.proto`
    fn verifier_0_0_2(&self, verifier: &Verifier002) -> Result<(), Refusal> {
        match (&verifier.x509_certificate, &verifier.public_key) {
            (Some(certificate), None) => {
                self.verifier(Found::Certificate, &certificate.raw_bytes.0)?;
            }
            (None, Some(key)) => self.verifier(Found::Key, &key.raw_bytes.0)?,
            _ => {
                let reason = "found not exactly one of x509Certificate and publicKey";
                return Err(self.malformed(reason.to_owned()));
            }
        }
        let kind = self.claim.signer.key().kind();
        let mut names = kind.schemes().iter().map(|scheme: &Scheme| scheme.name(kind));
        if names.any(|name| name == verifier.key_details) {
            return Ok(());
        }
        let wanted = kind.schemes()[0].name(kind);
        Err(self.mismatch("key details", verifier.key_details.clone(), wanted.to_owned()))
    }

    fn verifier(&self, kind: Found, found: &[u8]) -> Result<(), Refusal> {
        let (wanted_kind, wanted) = self.claim.signer.der();
        if (kind, found) == (wanted_kind, wanted) {
            return Ok(());
        }
        let text = |kind: Found, der: &[u8]| format!("{} {}", kind.name(), sha256(der));
        Err(self.mismatch("verifier", text(kind, found), text(wanted_kind, wanted)))
    }

    /// Bytes of which base64 is in base64.
    fn twice(&self, what: &'static str, outer: &Base64Bytes) -> Result<Vec<u8>, Refusal> {
        base64_decode(what, &outer.0).map_err(|error| self.malformed(error.to_string()))
    }

    fn equal<T>(&self, field: &'static str, found: &T, wanted: &T) -> Result<(), Refusal>
    where
        T: PartialEq + Display,
    {
        if found == wanted {
            return Ok(());
        }
        Err(self.mismatch(field, found.to_string(), wanted.to_string()))
    }

    fn mismatch(&self, field: &'static str, found: String, wanted: String) -> Refusal {
        Refusal::EntryMismatch { log_index: self.entry.log_index, field, found, wanted }
    }

    fn malformed(&self, reason: String) -> Refusal {
        Refusal::EntryMalformed { log_index: self.entry.log_index, reason }
    }
}

impl<'a> EntryVerifier<'a> {
    fn key(self) -> &'a VerificationKey {
        match self {
            Self::Certificate(leaf) => &leaf.key,
            Self::Key(key) => key,
        }
    }

    fn der(self) -> (Found, &'a [u8]) {
        match self {
            Self::Certificate(leaf) => (Found::Certificate, &leaf.x509.der),
            Self::Key(key) => (Found::Key, key.public().spki()),
        }
    }

    fn pem(self) -> Cow<'a, str> {
        match self {
            Self::Certificate(leaf) => Cow::Borrowed(leaf.pem()),
            Self::Key(key) => Cow::Owned(key.public().to_pem()),
        }
    }
}

/// One PEM block of a certificate or a public key, with lines of any length: Rekor v1 stores the
/// verifiers of intoto entries as they were sent, and clients have sent them on one line.
fn pem(text: &[u8]) -> Result<(Found, Vec<u8>), String> {
    let text = std::str::from_utf8(text).map_err(|_| "found a verifier that is not text")?;
    for kind in [Found::Certificate, Found::Key] {
        let label = kind.label();
        let begin = format!("-----BEGIN {label}-----");
        let end = format!("-----END {label}-----");
        let Some(rest) = text.trim_ascii().strip_prefix(&begin) else { continue };
        let body = rest.strip_suffix(&end).ok_or("found a verifier that is not one PEM block")?;
        let body: String = body.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let der = base64_decode("verifier", body).map_err(|error| error.to_string())?;
        return Ok((kind, der));
    }
    Err("found a verifier that is not PEM of CERTIFICATE or PUBLIC KEY".to_owned())
}

fn sha256(bytes: &[u8]) -> ArtifactDigest {
    ArtifactDigest::sha256(bytes)
}

/// What an entry gives as verifier.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Certificate,
    Key,
}

impl Found {
    fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Key => "key",
        }
    }

    /// Of PEM (RFC 7468).
    fn label(self) -> &'static str {
        match self {
            Self::Certificate => "CERTIFICATE",
            Self::Key => "PUBLIC KEY",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body<T> {
    api_version: String,
    kind: String,
    spec: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hash {
    algorithm: String,
    value: String,
}

impl Hash {
    fn digest(&self) -> Result<ArtifactDigest, String> {
        let algorithm = DigestAlgorithm::from_name(&self.algorithm);
        let algorithm =
            algorithm.ok_or_else(|| format!("found the hash algorithm {:?}", self.algorithm))?;
        ArtifactDigest::from_hex(algorithm, &self.value).map_err(|error| error.to_string())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekord001 {
    data: HashedData001,
    signature: HashedSignature001,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedData001 {
    hash: Hash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HashedSignature001 {
    content: Base64Bytes,
    public_key: HashedKey001,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedKey001 {
    content: Base64Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekord002 {
    #[serde(rename = "hashedRekordV002")]
    hashed_rekord_v002: Hashed002,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashed002 {
    data: HashOutput,
    signature: Signature002,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashOutput {
    algorithm: String,
    digest: Base64Bytes,
}

impl HashOutput {
    fn digest(&self) -> Result<ArtifactDigest, String> {
        let named = |algorithm: &DigestAlgorithm| hash_name(*algorithm) == self.algorithm;
        let algorithm = DigestAlgorithm::ALL.into_iter().find(named);
        let algorithm =
            algorithm.ok_or_else(|| format!("found the hash algorithm {:?}", self.algorithm))?;
        ArtifactDigest::new(algorithm, &self.digest.0).map_err(|error| error.to_string())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature002 {
    content: Base64Bytes,
    verifier: Verifier002,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Verifier002 {
    key_details: String,
    x509_certificate: Option<RawBytes>,
    public_key: Option<RawBytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawBytes {
    raw_bytes: Base64Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Dsse001 {
    envelope_hash: Hash,
    payload_hash: Hash,
    signatures: Vec<DsseSignature001>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DsseSignature001 {
    signature: Base64Bytes,
    verifier: Base64Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dsse002 {
    #[serde(rename = "dsseV002")]
    dsse_v002: DsseEntry002,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DsseEntry002 {
    payload_hash: HashOutput,
    signatures: Vec<Signature002>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InToto001 {
    content: InTotoContent001,
    public_key: Base64Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InTotoContent001 {
    hash: Hash,
    payload_hash: Option<Hash>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InToto002 {
    content: InTotoContent002,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InTotoContent002 {
    envelope: InTotoEnvelope002,
    hash: Option<Hash>,
    payload_hash: Hash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InTotoEnvelope002 {
    payload: Option<Base64Bytes>,
    payload_type: String,
    signatures: Vec<InTotoSignature002>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InTotoSignature002 {
    #[serde(rename = "keyid")]
    _key_id: Option<String>,
    sig: Base64Bytes,
    public_key: Base64Bytes,
}
