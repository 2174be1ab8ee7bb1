//! Fulcio v2: `POST /api/v2/signingCert` (sigstore/fulcio `fulcio.proto`).

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::encoding::{base64_encode, pem_decode};
use chainsign_core::key::PublicKey;
use der::{Decode as _, Encode as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Body, Request, Services};
use crate::error::Error;
use crate::identity::IdentityToken;

/// A certificate that certifies the key it was asked for.
pub(crate) struct Issued {
    /// DER.
    pub(crate) leaf: Vec<u8>,
    /// How long it is valid.
    pub(crate) lifetime: jiff::SignedDuration,
}

impl Services {
    /// Asks for a certificate for the key. The proof of possession is the key's signature over the
    /// token's identity claim.
    ///
    /// On success the certificate is for this key; who it names is the verifier's to check.
    pub(crate) async fn certificate(
        &self,
        token: &IdentityToken,
        key: &PublicKey,
        proof_of_possession: &[u8],
    ) -> Result<Issued, Error> {
        let authority = self.authority()?;
        let body = SigningRequest {
            credentials: Credentials { oidc_identity_token: token.secret().expose() },
            public_key_request: PublicKeyRequest {
                public_key: RequestedKey { algorithm: "ECDSA", content: key.to_pem() },
                proof_of_possession: base64_encode(proof_of_possession),
            },
        };
        let body = serde_json::to_vec(&body).map_err(|error| authority.malformed(error))?;
        let body = Zeroizing::new(body);
        let request = Request {
            endpoint: &authority.endpoint,
            url: authority.at("/api/v2/signingCert"),
            timeout: self.options().timeouts.certificate,
            limit: ANSWER_BYTES,
            body: Body::Bytes { content_type: "application/json", bytes: &body },
            accept: "application/json",
            header: None,
            secret: Some(token.secret()),
            also: &[],
        };
        let answer = self.http().send(request).await?;
        let answer: SigningAnswer = answer.json(&authority.endpoint)?;
        let chain = match (answer.embedded, answer.detached) {
            (Some(certificate), None) => certificate.chain.certificates,
            (None, Some(_)) => {
                return Err(Error::DetachedSct { endpoint: authority.endpoint.clone() });
            }
            (Some(_), Some(_)) => {
                return Err(authority.malformed("found two certificates, wanted one"));
            }
            (None, None) => {
                return Err(authority.malformed("found no signedCertificateEmbeddedSct"));
            }
        };
        let leaf = chain.first().ok_or_else(|| authority.malformed("found an empty chain"))?;
        let leaf = pem_decode("its certificate", "CERTIFICATE", leaf.as_bytes())
            .map_err(|error| authority.malformed(error))?;
        let (found, lifetime) = read(&leaf)
            .map_err(|error| authority.malformed(format!("its certificate: {error}")))?;
        if found != *key {
            return Err(Error::CertifiedAnotherKey {
                endpoint: authority.endpoint.clone(),
                found: found.fingerprint(),
                wanted: ArtifactDigest::sha256(key.spki()),
            });
        }
        Ok(Issued { leaf, lifetime })
    }
}

/// The key and the lifetime of a certificate.
fn read(certificate: &[u8]) -> Result<(PublicKey, jiff::SignedDuration), der::Error> {
    let certificate = x509_cert::Certificate::from_der(certificate)?.tbs_certificate;
    let key = PublicKey::from_spki(certificate.subject_public_key_info.to_der()?);
    let (start, end) = (certificate.validity.not_before, certificate.validity.not_after);
    let lifetime = end.to_unix_duration().saturating_sub(start.to_unix_duration());
    Ok((key, jiff::SignedDuration::try_from(lifetime).unwrap_or(jiff::SignedDuration::MAX)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SigningRequest<'a> {
    credentials: Credentials<'a>,
    public_key_request: PublicKeyRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credentials<'a> {
    oidc_identity_token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublicKeyRequest {
    public_key: RequestedKey,
    proof_of_possession: String,
}

#[derive(Serialize)]
struct RequestedKey {
    algorithm: &'static str,
    content: String,
}

#[derive(Deserialize)]
struct SigningAnswer {
    #[serde(rename = "signedCertificateEmbeddedSct")]
    embedded: Option<Certified>,
    #[serde(rename = "signedCertificateDetachedSct")]
    detached: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Certified {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

/// Three certificates of a few KiB each are usual.
const ANSWER_BYTES: usize = 256 << 10;
