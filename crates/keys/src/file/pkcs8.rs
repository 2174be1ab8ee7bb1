//! PKCS#8 and what becomes PKCS#8: PBES2 (RFC 8018), SEC1 (RFC 5915) and PKCS#1 (RFC 8017).

use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION};
use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode as _, Encode as _, Sequence};
use pkcs8::pkcs5::pbes2::{self, Kdf};
use pkcs8::{AlgorithmIdentifierRef, EncryptedPrivateKeyInfo, PrivateKeyInfo};
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

use crate::{Error, Password, PrivateKey};

/// An encrypted key whose parameters are within bounds.
pub(super) struct SealedKey(Vec<u8>);

/// Holds the parameters against bounds, before any work is done for them.
pub(super) fn parse_sealed(der: &[u8]) -> Result<SealedKey, Error> {
    let malformed = |error| malformed(ENCRYPTED, &error);
    let Sealed { scheme, .. } = Sealed::from_der(der).map_err(malformed)?;
    let other = || Error::Scheme { found: scheme.oid.to_string(), wanted: "PBES2" };
    if scheme.oid != pbes2::PBES2_OID {
        return Err(other());
    }
    let info = EncryptedPrivateKeyInfo::from_der(der).map_err(malformed)?;
    check(info.encryption_algorithm.pbes2().ok_or_else(other)?)?;
    Ok(SealedKey(der.to_vec()))
}

impl SealedKey {
    pub(super) fn open(&self, password: &Password) -> Result<PrivateKey, Error> {
        let info = EncryptedPrivateKeyInfo::from_der(&self.0)
            .map_err(|error| malformed(ENCRYPTED, &error))?;
        // The cipher is not authenticated: a wrong password shows in the padding, or in what comes out.
        let plain = info.decrypt(password.expose()).map_err(|_| Error::WrongPassword)?;
        PrivateKey::from_pkcs8(plain.as_bytes()).map_err(|error| match error {
            Error::Malformed { .. } => Error::WrongPassword,
            other => other,
        })
    }
}

/// What OpenSSL reads and writes under `EC PRIVATE KEY`: the curve is named inside.
pub(super) fn from_sec1(der: &[u8]) -> Result<PrivateKey, Error> {
    let key = EcPrivateKey::from_der(der).map_err(|error| malformed("SEC1", &error))?;
    let curve = key.parameters.and_then(|parameters| parameters.named_curve());
    let curve = curve
        .ok_or_else(|| Error::Algorithm { found: "an elliptic curve without a name".to_owned() })?;
    wrap(AlgorithmIdentifierRef { oid: ID_EC_PUBLIC_KEY, parameters: Some((&curve).into()) }, der)
}

/// What OpenSSL reads and writes under `RSA PRIVATE KEY`.
pub(super) fn from_pkcs1(der: &[u8]) -> Result<PrivateKey, Error> {
    wrap(AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) }, der)
}

/// `EncryptedPrivateKeyInfo` (RFC 5958 section 3) with any scheme, so that one that is not known can
/// be named.
#[derive(Sequence)]
struct Sealed<'a> {
    scheme: AlgorithmIdentifierRef<'a>,
    sealed: OctetStringRef<'a>,
}

fn wrap(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<PrivateKey, Error> {
    let encoded = PrivateKeyInfo::new(algorithm, key).to_der();
    let encoded = Zeroizing::new(encoded.map_err(|error| malformed("PKCS#8", &error))?);
    PrivateKey::from_pkcs8(&encoded)
}

fn check(parameters: &pbes2::Parameters<'_>) -> Result<(), Error> {
    match &parameters.kdf {
        Kdf::Pbkdf2(it) if (1..=MOST_ITERATIONS).contains(&it.iteration_count) => Ok(()),
        Kdf::Pbkdf2(it) => Err(Error::Work {
            found: format!("{} iterations of PBKDF2", it.iteration_count),
            wanted: "1 to 10,000,000 iterations of PBKDF2",
        }),
        Kdf::Scrypt(it) => {
            let (n, r, p) = (it.cost_parameter, it.block_size, it.parallelization);
            if n <= MOST_N && r <= MOST_R && p <= MOST_P {
                return Ok(());
            }
            let wanted = "N up to 131072, r up to 8 and p up to 4";
            Err(Error::Work { found: format!("scrypt with N = {n}, r = {r}, p = {p}"), wanted })
        }
        _ => Err(Error::Scheme {
            found: "an unknown key derivation".to_owned(),
            wanted: "PBKDF2 or scrypt",
        }),
    }
}

fn malformed(format: &'static str, error: &dyn std::fmt::Display) -> Error {
    Error::Malformed { format, reason: error.to_string() }
}

const ENCRYPTED: &str = "encrypted PKCS#8 with PBES2";

/// A few seconds of work. OpenSSL writes 2,048, and OWASP asks for 600,000.
const MOST_ITERATIONS: u32 = 10_000_000;
/// 128 MiB, the most that cosign's own format takes.
const MOST_N: u64 = 1 << 17;
const MOST_R: u16 = 8;
const MOST_P: u16 = 4;
