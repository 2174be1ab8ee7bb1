//! cosign's encrypted keys: the package `encrypted` of secure-systems-lab/go-securesystemslib.
//!
//! The PEM block holds JSON: `{"kdf":{"name":"scrypt","params":{"N","r","p"},"salt"},
//! "cipher":{"name":"nacl/secretbox","nonce"},"ciphertext"}`, bytes in base64. The plaintext is
//! PKCS#8.

use chainsign_core::encoding::Base64Bytes;
use chainsign_core::{Limits, json};
use crypto_secretbox::aead::{Aead as _, KeyInit as _};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Error, Password, PrivateKey};

/// A key whose parameters are those of the format.
pub(super) struct SealedKey {
    cost: Cost,
    salt: Vec<u8>,
    nonce: [u8; NONCE_BYTES],
    ciphertext: Vec<u8>,
}

/// Reads the JSON, and holds its parameters against the three sets that the format knows, before
/// any work is done for it.
pub(super) fn parse(body: &[u8]) -> Result<SealedKey, Error> {
    let wire: Wire = json::parse("encrypted private key", body, &Limits::default())?;
    known(&wire.kdf.name, SCRYPT)?;
    known(&wire.cipher.name, SECRETBOX)?;
    let cost = Cost::checked(&wire.kdf.params)?;
    let found = wire.kdf.salt.0.len();
    if !SALT_BYTES.contains(&found) {
        return Err(Error::Length { part: "salt", found, wanted: "16 to 64" });
    }
    let found = wire.cipher.nonce.0.len();
    let nonce = wire.cipher.nonce.0.try_into();
    Ok(SealedKey {
        cost,
        salt: wire.kdf.salt.0,
        nonce: nonce.map_err(|_| Error::Length { part: "nonce", found, wanted: "24" })?,
        ciphertext: wire.ciphertext.0,
    })
}

impl SealedKey {
    pub(super) fn open(&self, password: &Password) -> Result<PrivateKey, Error> {
        let cipher = cipher(password, &self.salt, self.cost)?;
        let plain = cipher.decrypt(&Nonce::from(self.nonce), self.ciphertext.as_slice());
        PrivateKey::from_pkcs8(&Zeroizing::new(plain.map_err(|_| Error::WrongPassword)?))
    }
}

/// Encrypts under a fresh salt and nonce; the JSON as cosign writes it.
pub(super) fn seal(pkcs8: &[u8], password: &Password) -> Result<Vec<u8>, Error> {
    let failed = |_| Error::Backend { doing: "draw random numbers" };
    let (mut salt, mut nonce) = ([0; NEW_SALT_BYTES], [0; NONCE_BYTES]);
    aws_lc_rs::rand::fill(&mut salt).map_err(failed)?;
    aws_lc_rs::rand::fill(&mut nonce).map_err(failed)?;
    let cipher = cipher(password, &salt, Cost::NEW)?;
    let ciphertext = cipher.encrypt(&Nonce::from(nonce), pkcs8);
    let ciphertext = ciphertext.map_err(|_| Error::Backend { doing: "encrypt a private key" })?;
    let wire = Wire {
        kdf: Kdf {
            name: SCRYPT.to_owned(),
            params: Cost::NEW.params(),
            salt: Base64Bytes(salt.to_vec()),
        },
        cipher: Cipher { name: SECRETBOX.to_owned(), nonce: Base64Bytes(nonce.to_vec()) },
        ciphertext: Base64Bytes(ciphertext),
    };
    serde_json::to_vec(&wire)
        .map_err(|error| Error::from(chainsign_core::Error::json("encrypted private key", &error)))
}

/// How much work the key derivation is, as the exponent of scrypt's N.
#[derive(Clone, Copy)]
struct Cost(u8);

impl Cost {
    /// What cosign writes.
    const NEW: Cost = Cost(16);

    /// go-securesystemslib `CheckParams`: 2^15 was written first, 2^17 is what OWASP asks for.
    fn checked(params: &Params) -> Result<Self, Error> {
        let known = [Cost(15), Cost::NEW, Cost(17)].into_iter().find(|it| it.params() == *params);
        known.ok_or_else(|| Error::Work {
            found: format!("scrypt with N = {}, r = {}, p = {}", params.n, params.r, params.p),
            wanted: "N = 32768, 65536 or 131072 with r = 8 and p = 1",
        })
    }

    fn params(self) -> Params {
        Params { n: 1 << self.0, r: 8, p: 1 }
    }
}

fn cipher(password: &Password, salt: &[u8], cost: Cost) -> Result<XSalsa20Poly1305, Error> {
    let failed = Error::Backend { doing: "derive a key from the password" };
    let Params { r, p, .. } = cost.params();
    let Ok(params) = scrypt::Params::new(cost.0, r, p, KEY_BYTES) else { return Err(failed) };
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    scrypt::scrypt(password.expose(), salt, &params, key.as_mut_slice()).map_err(|_| failed)?;
    let key: &Key = (&*key).into();
    Ok(XSalsa20Poly1305::new(key))
}

fn known(found: &str, wanted: &'static str) -> Result<(), Error> {
    if found == wanted {
        return Ok(());
    }
    Err(Error::Scheme { found: found.chars().take(80).collect(), wanted })
}

#[derive(Deserialize, Serialize)]
struct Wire {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: Base64Bytes,
}

#[derive(Deserialize, Serialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: Base64Bytes,
}

#[derive(Deserialize, Serialize, PartialEq)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Deserialize, Serialize)]
struct Cipher {
    name: String,
    nonce: Base64Bytes,
}

const SCRYPT: &str = "scrypt";
const SECRETBOX: &str = "nacl/secretbox";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const NEW_SALT_BYTES: usize = 32;
/// Written are 32; fewer than 16 would be no salt to speak of (NIST SP 800-132 section 5.1).
const SALT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;
