//! The objects of a token, and the public keys among them.

use chainsign_core::key::PublicKey;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{
    ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1,
};
use const_oid::db::rfc8410::ID_ED_25519;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::{AnyRef, BitStringRef, OctetStringRef, PrintableStringRef, UintRef};
use der::{Decode as _, Encode as _};
use pkcs8::AlgorithmIdentifierRef;
use pkcs8::spki::SubjectPublicKeyInfoRef;

use super::module::failed;
use crate::{Error, KeyKind};

/// The handles of all objects that have these attributes.
pub(super) fn find(session: &Session, wanted: &[Attribute]) -> Result<Vec<ObjectHandle>, Error> {
    session.find_objects(wanted).map_err(|error| failed("look for a key", &error))
}

/// Those of the attributes that the object has and shows.
pub(super) fn read(
    session: &Session,
    object: ObjectHandle,
    wanted: &[AttributeType],
) -> Result<Vec<Attribute>, Error> {
    session.get_attributes(object, wanted).map_err(|error| failed("read a key", &error))
}

/// `"label" (id 01)`
pub(super) fn name(session: &Session, object: ObjectHandle) -> Result<String, Error> {
    let (mut label, mut id) = (String::new(), String::new());
    for attribute in read(session, object, &[AttributeType::Label, AttributeType::Id])? {
        match attribute {
            Attribute::Label(bytes) => label = String::from_utf8_lossy(&bytes).into_owned(),
            Attribute::Id(bytes) => id = bytes.iter().map(|byte| format!("%{byte:02x}")).collect(),
            _ => {}
        }
    }
    Ok(format!("{label:?} (id={id})"))
}

/// The public key of a private one: what the token has under the same id, else under the same label;
/// else what the private key itself shows, as RSA keys do.
pub(super) fn public_key_of(
    session: &Session,
    private: ObjectHandle,
) -> Result<(KeyKind, PublicKey), Error> {
    let names = read(session, private, &[AttributeType::Id, AttributeType::Label])?;
    let is_id = |name: &&Attribute| matches!(name, Attribute::Id(id) if !id.is_empty());
    let name = names.iter().find(is_id).or(names.last());
    let mut template = vec![Attribute::Class(ObjectClass::PUBLIC_KEY)];
    template.extend(name.cloned());
    match find(session, &template)?[..] {
        [only] => public_key(session, only),
        [] => public_key(session, private),
        _ => Err(wrong("several public keys belong to it, by its id or label")),
    }
}

/// The public key that an object shows (PKCS#11 version 3.0, sections 2.1.2, 2.3.3 and 2.3.5).
pub(super) fn public_key(
    session: &Session,
    object: ObjectHandle,
) -> Result<(KeyKind, PublicKey), Error> {
    let mut shown = Shown::default();
    for attribute in read(session, object, &PUBLIC_PARTS)? {
        match attribute {
            Attribute::KeyType(kind) => shown.key_type = Some(kind),
            Attribute::EcParams(curve) => shown.curve = curve,
            Attribute::EcPoint(point) => shown.point = point,
            Attribute::Modulus(modulus) => shown.modulus = modulus,
            Attribute::PublicExponent(exponent) => shown.exponent = exponent,
            _ => {}
        }
    }
    shown.public_key()
}

/// The public parts of a key, empty where it has none.
#[derive(Default)]
struct Shown {
    key_type: Option<KeyType>,
    curve: Vec<u8>,
    point: Vec<u8>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl Shown {
    fn public_key(&self) -> Result<(KeyKind, PublicKey), Error> {
        let key_type = self.key_type;
        if key_type == Some(KeyType::RSA) {
            self.rsa()
        } else if key_type == Some(KeyType::EC) || key_type == Some(KeyType::EC_EDWARDS) {
            self.elliptic()
        } else {
            Err(wrong("it is neither RSA nor of an elliptic curve"))
        }
    }

    fn rsa(&self) -> Result<(KeyKind, PublicKey), Error> {
        if self.modulus.is_empty() || self.exponent.is_empty() {
            return Err(wrong("the token shows no modulus of it"));
        }
        let encode = || {
            let modulus = UintRef::new(&self.modulus)?;
            let bits = modulus.as_bytes().len() * 8
                - modulus.as_bytes().first().map_or(0, |first| first.leading_zeros() as usize);
            // RFC 8017 appendix A.1.1.
            let mut key = Vec::new();
            modulus.encode_to_vec(&mut key)?;
            UintRef::new(&self.exponent)?.encode_to_vec(&mut key)?;
            Ok((bits, key))
        };
        let (bits, key) = encode().map_err(unencodable)?;
        let key = AnyRef::new(der::Tag::Sequence, &key).and_then(|key| key.to_der());
        let parameters = Some(AnyRef::NULL);
        let algorithm = AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters };
        Ok((KeyKind::of_rsa(bits)?, spki(algorithm, &key.map_err(unencodable)?)?))
    }

    fn elliptic(&self) -> Result<(KeyKind, PublicKey), Error> {
        let (kind, bytes, curve) = curve(&self.curve)?;
        if self.point.is_empty() {
            return Err(wrong("the token shows no public point of it"));
        }
        let point = match OctetStringRef::from_der(&self.point) {
            Ok(point) => point.as_bytes(),
            // Some tokens leave the OCTET STRING around it out.
            Err(_) => &self.point,
        };
        let uncompressed = kind == KeyKind::Ed25519 || point.first() == Some(&4);
        if point.len() != bytes || !uncompressed {
            return Err(wrong("its public point is not of its curve, or is compressed"));
        }
        let algorithm = match &curve {
            Some(curve) => AlgorithmIdentifierRef {
                oid: ID_EC_PUBLIC_KEY,
                parameters: Some(AnyRef::from(curve)),
            },
            None => AlgorithmIdentifierRef { oid: ID_ED_25519, parameters: None },
        };
        Ok((kind, spki(algorithm, point)?))
    }
}

/// The kind of key on a curve (CKA_EC_PARAMS), the length of its points, and the curve's name, which
/// Ed25519 has none of in a public key.
fn curve(params: &[u8]) -> Result<(KeyKind, usize, Option<ObjectIdentifier>), Error> {
    if let Ok(oid) = ObjectIdentifier::from_der(params) {
        return match oid {
            SECP_256_R_1 => Ok((KeyKind::EcdsaP256, 1 + 2 * 32, Some(oid))),
            SECP_384_R_1 => Ok((KeyKind::EcdsaP384, 1 + 2 * 48, Some(oid))),
            SECP_521_R_1 => Ok((KeyKind::EcdsaP521, 1 + 2 * 66, Some(oid))),
            ID_ED_25519 => Ok((KeyKind::Ed25519, 32, None)),
            other => Err(Error::Algorithm { found: other.to_string() }),
        };
    }
    // PKCS#11 version 3.0 section 2.3.3: curveName.
    match PrintableStringRef::from_der(params) {
        Ok(name) if name.as_str() == "edwards25519" => Ok((KeyKind::Ed25519, 32, None)),
        Ok(name) => Err(Error::Algorithm { found: name.as_str().chars().take(80).collect() }),
        Err(_) => Err(wrong("its curve has no name")),
    }
}

fn spki(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<PublicKey, Error> {
    let encoded = BitStringRef::from_bytes(key).and_then(|subject_public_key| {
        SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der()
    });
    Ok(PublicKey::from_spki(encoded.map_err(unencodable)?))
}

fn unencodable(_: der::Error) -> Error {
    wrong("its public part cannot be encoded")
}

fn wrong(reason: &'static str) -> Error {
    Error::TokenKey { reason }
}

const PUBLIC_PARTS: [AttributeType; 5] = [
    AttributeType::KeyType,
    AttributeType::EcParams,
    AttributeType::EcPoint,
    AttributeType::Modulus,
    AttributeType::PublicExponent,
];
