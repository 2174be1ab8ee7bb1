//! JSON Web Tokens signed with RS256 (RFC 7519, RFC 7515, RFC 7518).

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::claims::Claims;
use crate::Error;
use crate::keys::{RsaKey, rsa_parts};

/// The key that signs tokens, with its names.
#[derive(Debug)]
pub(super) struct TokenKey {
    key: RsaKey,
    id: String,
}

impl TokenKey {
    pub(super) fn new(key: RsaKey) -> Self {
        let digest = chainsign_core::digest::ArtifactDigest::sha256(key.public_key());
        TokenKey { id: URL_SAFE_NO_PAD.encode(&digest.bytes()[..16]), key }
    }

    /// Compact serialization of a signed token.
    pub(super) fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let header = Header { alg: ALGORITHM, kid: &self.id, typ: "JWT" };
        let json = Error::encoding("a token");
        let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).map_err(json)?);
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).map_err(json)?);
        let signed = format!("{header}.{payload}");
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }

    /// The claims of a token that this key signed; `None` for any other text.
    pub(super) fn verify(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header = URL_SAFE_NO_PAD.decode(header).ok()?;
        let header: Header<'_> = serde_json::from_slice(&header).ok()?;
        if (header.alg, header.kid) != (ALGORITHM, self.id.as_str()) {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key())
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    /// The JSON Web Key Set (RFC 7517).
    pub(super) fn key_set(&self) -> serde_json::Value {
        // The library made the key, so that it is one; an empty set would verify nothing.
        let keys = match rsa_parts(self.key.public_key()) {
            Ok((modulus, exponent)) => vec![serde_json::json!({
                "kty": "RSA",
                "use": "sig",
                "alg": ALGORITHM,
                "kid": self.id,
                "n": URL_SAFE_NO_PAD.encode(modulus.as_bytes()),
                "e": URL_SAFE_NO_PAD.encode(exponent.as_bytes()),
            })],
            Err(_) => Vec::new(),
        };
        serde_json::json!({ "keys": keys })
    }
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

const ALGORITHM: &str = "RS256";
