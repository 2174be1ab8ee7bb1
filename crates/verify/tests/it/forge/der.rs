//! DER, written without a library, so that it can be written wrong.

/// A value of a tag.
pub(crate) fn value(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut der = vec![tag];
    match content.len() {
        length @ 0..=0x7f => der.push(length as u8),
        length @ 0x80..=0xff => der.extend([0x81, length as u8]),
        length @ 0x100..=0xffff => der.extend([0x82, (length >> 8) as u8, length as u8]),
        length => der.extend([0x83, (length >> 16) as u8, (length >> 8) as u8, length as u8]),
    }
    der.extend(content);
    der
}

pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    value(0x30, parts.concat())
}

/// A SET OF, sorted as DER wants it.
pub(crate) fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort();
    value(0x31, parts.concat())
}

/// `[n] EXPLICIT`, or `[n] IMPLICIT` of a constructed value's content.
pub(crate) fn context(number: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    value(0xa0 | number, content)
}

pub(crate) fn oid(text: &str) -> Vec<u8> {
    let oid: const_oid::ObjectIdentifier = text.parse().unwrap();
    value(0x06, oid.as_bytes())
}

/// A positive INTEGER of big-endian bytes.
pub(crate) fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    let bytes = &bytes[start..];
    match bytes.first() {
        Some(0x80..) => value(0x02, [&[0], bytes].concat()),
        _ => value(0x02, bytes),
    }
}

pub(crate) fn octets(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    value(0x04, bytes)
}

pub(crate) fn bits(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    value(0x03, [&[0], bytes.as_ref()].concat())
}

pub(crate) fn boolean(truth: bool) -> Vec<u8> {
    value(0x01, [if truth { 0xff } else { 0 }])
}

pub(crate) fn null() -> Vec<u8> {
    value(0x05, [])
}

pub(crate) fn utf8(text: &str) -> Vec<u8> {
    value(0x0c, text)
}

/// `YYYYMMDDhhmmssZ`
pub(crate) fn generalized_time(time: jiff::Timestamp) -> Vec<u8> {
    value(0x18, time.strftime("%Y%m%d%H%M%SZ").to_string())
}

/// `YYMMDDhhmmssZ`
pub(crate) fn utc_time(time: jiff::Timestamp) -> Vec<u8> {
    value(0x17, time.strftime("%y%m%d%H%M%SZ").to_string())
}
