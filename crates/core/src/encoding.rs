//! Bytes as text, with exactly one accepted spelling each.
//!
//! Two spellings of the same bytes would let two readers disagree about what was signed,
//! so only standard, padded base64 with zero trailing bits and lower-case hexadecimal are read.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// Encodes as standard base64 with padding (RFC 4648 section 4).
pub fn base64_encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Decodes canonical standard base64. `what` names the value in the error.
///
/// # Errors
/// [`Error::Base64`] for any other spelling: another alphabet, missing padding, white space,
/// non-zero trailing bits.
pub fn base64_decode(what: &'static str, text: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|_| Error::Base64 { what })
}

/// Encodes as lower-case hexadecimal.
pub fn hex_encode(bytes: impl AsRef<[u8]>) -> String {
    Hex(bytes.as_ref()).to_string()
}

/// Bytes that are displayed as lower-case hexadecimal, without a text in memory.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; 128];
        for bytes in self.0.chunks(buffer.len() / 2) {
            let text = &mut buffer[..bytes.len() * 2];
            hex::encode_to_slice(bytes, text).map_err(|_| fmt::Error)?;
            f.write_str(std::str::from_utf8(text).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

/// Decodes lower-case hexadecimal. `what` names the value in the error.
///
/// # Errors
/// [`Error::Hex`] for an odd length, an upper-case or a foreign character.
pub fn hex_decode(what: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut bytes = vec![0; text.len() / 2];
    match hex::decode_to_slice(text, &mut bytes) {
        Ok(()) if lower => Ok(bytes),
        _ => Err(Error::Hex { what, found: text.chars().take(80).collect() }),
    }
}

/// Decodes exactly one PEM block with the given label.
///
/// # Errors
/// [`Error::Pem`] when the text is not one strict PEM block (RFC 7468), or has another label.
pub fn pem_decode(what: &'static str, wanted: &'static str, text: &[u8]) -> Result<Vec<u8>, Error> {
    let pem = |reason: String| Error::Pem { what, wanted, reason };
    // What the decoder says about text without any block is about bytes that nobody wrote.
    if !text.windows(PEM_BEGIN.len()).any(|window| window == PEM_BEGIN) {
        let found = if trim_end(text).is_empty() { "found nothing" } else { "found no PEM block" };
        return Err(pem(found.to_owned()));
    }
    let (label, bytes) =
        der::pem::decode_vec(trim_end(text)).map_err(|error| pem(error.to_string()))?;
    if label == wanted { Ok(bytes) } else { Err(pem(format!("found the label {label:?}"))) }
}

/// Encodes one PEM block with LF line ends and 64 columns (RFC 7468).
pub fn pem_encode(label: &'static str, bytes: &[u8]) -> String {
    let body = base64_encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(PEM_COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = next;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

const PEM_COLUMNS: usize = 64;

const PEM_BEGIN: &[u8] = b"-----BEGIN ";

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

/// Bytes that JSON documents carry as canonical base64.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Base64Bytes(pub Vec<u8>);

impl Serialize for Base64Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64_encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Base64Bytes;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string of canonical base64")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Base64Bytes, E> {
                STANDARD
                    .decode(text)
                    .map(Base64Bytes)
                    .map_err(|_| E::custom("found a string that is not canonical base64"))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_of_base64_is_read() {
        assert_eq!(base64_decode("x", "AQI="), Ok(vec![1, 2]));
        for other in ["AQI", "AQJ=", "AQI=\n", "-_8=", " AQI=", "AQI=="] {
            assert_eq!(base64_decode("x", other), Err(Error::Base64 { what: "x" }), "{other:?}");
        }
    }

    #[test]
    fn only_lower_case_hex_is_read() {
        assert_eq!(hex_decode("x", "00ff"), Ok(vec![0, 255]));
        for other in ["00FF", "0", "0g", " 00"] {
            let wanted = Error::Hex { what: "x", found: other.to_owned() };
            assert_eq!(hex_decode("x", other), Err(wanted));
        }
    }

    #[test]
    fn pem_round_trip_and_label() {
        let text = pem_encode("PUBLIC KEY", &[1, 2, 3]);
        assert_eq!(pem_decode("key", "PUBLIC KEY", text.as_bytes()), Ok(vec![1, 2, 3]));
        // As the library writes it that reads it, for every length of the last line.
        for length in 1..200 {
            let bytes = vec![7; length];
            let theirs = der::pem::encode_string("KEY", der::pem::LineEnding::LF, &bytes).unwrap();
            assert_eq!(pem_encode("KEY", &bytes), theirs, "{length} bytes");
        }
        let error = pem_decode("key", "CERTIFICATE", text.as_bytes());
        assert!(matches!(error, Err(Error::Pem { wanted: "CERTIFICATE", .. })), "{error:?}");
    }

    #[test]
    fn text_without_a_pem_block_is_named_as_such() {
        let cases: [(&[u8], &str); 3] = [
            (b"", "found nothing"),
            (b" \n", "found nothing"),
            (b"\xff\x00 no key", "found no PEM block"),
        ];
        for (text, reason) in cases {
            let wanted = Error::Pem { what: "key", wanted: "KEY", reason: reason.to_owned() };
            assert_eq!(pem_decode("key", "KEY", text), Err(wanted));
        }
    }
}
