//! Requests for certificates, and proof that the requester has the key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode as _, Encode as _, Sequence};
use serde::Deserialize;
use x509_cert::request::CertReqInfo;
use x509_cert::spki::AlgorithmIdentifierRef;

use super::identity::Identity;
use super::routes::Refusal;
use crate::keys::{ClientKey, KeyError, hash_of_signature};
use crate::pem;

/// A parsed request.
pub(super) struct CertificateRequest {
    /// The token, if the body has one.
    pub(super) token: Option<String>,
    pub(super) key: RequestedKey,
}

/// The key to certify.
pub(super) enum RequestedKey {
    /// A key, and a signature over the token's identity.
    WithProof { key: ClientKey, signature: Vec<u8> },
    /// PKCS#10, DER. Only its key and its signature count.
    Pkcs10(Vec<u8>),
}

impl CertificateRequest {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let wire: Wire =
            serde_json::from_slice(body).map_err(|error| Refusal::Malformed(error.to_string()))?;
        let token = wire.credentials.and_then(|credentials| credentials.oidc_identity_token);
        let token = token.filter(|token| !token.is_empty());
        let key = match (wire.public_key_request, wire.certificate_signing_request) {
            (Some(request), None) => RequestedKey::parse(request)?,
            (None, Some(request)) => {
                let pem = STANDARD.decode(request).map_err(|_| Refusal::CertificateRequest)?;
                let block = pem::blocks(&pem).into_iter().next();
                let block = block.filter(|block| CSR_LABELS.contains(&block.label.as_str()));
                RequestedKey::Pkcs10(block.ok_or(Refusal::CertificateRequest)?.bytes)
            }
            _ => return Err(Refusal::PublicKey),
        };
        Ok(CertificateRequest { token, key })
    }
}

impl RequestedKey {
    fn parse(request: WireKeyRequest) -> Result<Self, Refusal> {
        let content = request.public_key.unwrap_or_default().content;
        let spki = match pem::blocks(content.as_bytes()).into_iter().next() {
            Some(block) if block.label == "PUBLIC KEY" => block.bytes,
            _ => return Err(Refusal::PublicKey),
        };
        let signature = STANDARD
            .decode(request.proof_of_possession)
            .map_err(|error| Refusal::Malformed(format!("proofOfPossession: {error}")))?;
        Ok(RequestedKey::WithProof { key: client_key(&spki)?, signature })
    }

    /// The key, once the requester has proven to have it.
    pub(super) fn proven(&self, identity: &Identity) -> Result<ClientKey, Refusal> {
        match self {
            RequestedKey::WithProof { key, signature } => {
                key.verify(identity.challenge.as_bytes(), signature).map_err(|_| Refusal::Proof)?;
                Ok(key.clone())
            }
            RequestedKey::Pkcs10(der) => certificate_request_key(der),
        }
    }
}

fn certificate_request_key(der: &[u8]) -> Result<ClientKey, Refusal> {
    let unreadable = |_| Refusal::CertificateRequest;
    let request = Pkcs10::from_der(der).map_err(unreadable)?;
    let signed = request.info.to_der().map_err(unreadable)?;
    let info = CertReqInfo::from_der(&signed).map_err(unreadable)?;
    let key = client_key(&info.public_key.to_der().map_err(unreadable)?)?;
    let signature = request.signature.as_bytes().ok_or(Refusal::CertificateRequest)?;
    let hash = hash_of_signature(request.algorithm.oid).ok_or(Refusal::Proof)?;
    key.verify_hashed(&signed, hash, signature).map_err(|_| Refusal::Proof)?;
    Ok(key)
}

fn client_key(spki: &[u8]) -> Result<ClientKey, Refusal> {
    ClientKey::from_spki(spki).map_err(|error| match error {
        KeyError::Insecure => Refusal::InsecureKey,
        _ => Refusal::PublicKey,
    })
}

/// `CertificationRequest` (RFC 2986 section 4.2) with the signed part as it was sent.
#[derive(Sequence)]
struct Pkcs10<'a> {
    info: AnyRef<'a>,
    algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

// fulcio `fulcio.proto` as JSON. Unknown fields are ignored, both spellings of names are read.

#[derive(Deserialize)]
struct Wire {
    credentials: Option<WireCredentials>,
    #[serde(alias = "publicKeyRequest")]
    public_key_request: Option<WireKeyRequest>,
    #[serde(alias = "certificateSigningRequest")]
    certificate_signing_request: Option<String>,
}

#[derive(Deserialize)]
struct WireCredentials {
    #[serde(alias = "oidcIdentityToken")]
    oidc_identity_token: Option<String>,
}

#[derive(Deserialize)]
struct WireKeyRequest {
    #[serde(alias = "publicKey")]
    public_key: Option<WireKey>,
    #[serde(alias = "proofOfPossession", default)]
    proof_of_possession: String,
}

#[derive(Default, Deserialize)]
struct WireKey {
    #[serde(default)]
    content: String,
}

const CSR_LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
