//! Signed documents: in-toto's own form, where the signature is over a canonical form of the content, and
//! DSSE envelopes, where it is over the bytes.

use std::fmt::Write as _;

use chainsign_core::Limits;
use chainsign_core::dsse::{Envelope, IN_TOTO_PAYLOAD_TYPE};
use chainsign_core::encoding::hex_decode;
use chainsign_core::json;
use serde::Deserialize;
use serde_json::Value;

use super::model::{Layout, Link};
use super::{Document, LayoutError, LayoutKey};

/// A document with its signatures, none of them verified.
pub(super) struct Signed {
    pub(super) content: Content,
    /// What was signed.
    message: Vec<u8>,
    signatures: Vec<Signature>,
}

/// What is in a document.
pub(super) enum Content {
    Layout(Layout),
    Link(Link),
}

struct Signature {
    /// A hint which key signed.
    key_id: Option<String>,
    bytes: Vec<u8>,
}

impl Signed {
    pub(super) fn parse(document: Document<'_>) -> Result<Self, LayoutError> {
        let malformed = |reason: String| {
            let document = document.name.to_owned();
            LayoutError::Malformed { document, reason }
        };
        let limits = Limits::default();
        let core = |error: chainsign_core::Error| match error {
            chainsign_core::Error::LimitReached { what, limit, .. } => {
                LayoutError::LimitReached { what, limit }
            }
            error => malformed(error.to_string()),
        };
        let value: Value =
            json::parse("in-toto document", document.bytes, &limits).map_err(core)?;
        let (content, message, signatures) = match value.get("payload") {
            Some(_) => {
                let envelope = Envelope::parse(document.bytes, &limits).map_err(core)?;
                if envelope.payload_type != IN_TOTO_PAYLOAD_TYPE {
                    let found = &envelope.payload_type;
                    let reason =
                        format!("found the payload type {found}, wanted {IN_TOTO_PAYLOAD_TYPE}");
                    return Err(malformed(reason));
                }
                let content = json::parse("in-toto document", &envelope.payload.0, &limits);
                let message = envelope.pae();
                let signatures = envelope.signatures.into_iter().map(|it| Signature {
                    key_id: it.keyid.filter(|id| !id.is_empty()),
                    bytes: it.sig.0,
                });
                (content.map_err(core)?, message, signatures.collect())
            }
            None => {
                let block: Metablock =
                    json::parse("in-toto document", document.bytes, &limits).map_err(core)?;
                let mut message = String::new();
                canonical(&block.signed, &mut message).map_err(malformed)?;
                (block.signed, message.into_bytes(), signatures(block.signatures).map_err(core)?)
            }
        };
        if signatures.len() > limits.envelope_signatures {
            let (what, limit) = ("signatures of one document", limits.envelope_signatures);
            return Err(LayoutError::LimitReached { what, limit });
        }
        let content = Content::of(content).map_err(malformed)?;
        Ok(Signed { content, message, signatures })
    }

    /// Whether a signature is by this key. One that says that it is by another is not tried where the key
    /// has an id.
    pub(super) fn is_signed_by(&self, key: &LayoutKey, id: Option<&str>) -> bool {
        let may_be = |signature: &&Signature| match (id, &signature.key_id) {
            (Some(id), Some(stated)) => id == stated,
            _ => true,
        };
        let mut signatures = self.signatures.iter().filter(may_be);
        signatures.any(|signature| key.verifies(&self.message, &signature.bytes))
    }

    /// The step that a link is of.
    pub(super) fn step(&self) -> Option<&str> {
        match &self.content {
            Content::Link(link) => Some(&link.name),
            Content::Layout(_) => None,
        }
    }

    /// Whether it may be the record of a step. A layout has no name, so that it may be that of any.
    pub(super) fn is_about(&self, step: &str) -> bool {
        self.step().is_none_or(|name| name == step)
    }
}

impl Content {
    fn of(value: Value) -> Result<Self, String> {
        let text = |error: serde_json::Error| error.to_string();
        match value.get("_type").and_then(Value::as_str) {
            Some("layout") => Layout::deserialize(value).map(Content::Layout).map_err(text),
            Some("link") => Link::deserialize(value).map(Content::Link).map_err(text),
            Some(other) => Err(format!("found the type {other:?}, wanted layout or link")),
            None => Err("found no type, wanted layout or link".to_owned()),
        }
    }
}

#[derive(Deserialize)]
struct Metablock {
    signatures: Vec<BlockSignature>,
    signed: Value,
}

#[derive(Deserialize)]
struct BlockSignature {
    keyid: String,
    sig: String,
}

fn signatures(written: Vec<BlockSignature>) -> Result<Vec<Signature>, chainsign_core::Error> {
    let signature = |it: BlockSignature| {
        Ok(Signature { key_id: Some(it.keyid), bytes: hex_decode("signature", &it.sig)? })
    };
    written.into_iter().map(signature).collect()
}

/// OLPC's canonical JSON, as securesystemslib writes it: no white space, keys in the order of their code points, and of
/// all characters only `"` and `\` escaped.
///
/// Recursion is bounded by the nesting that the JSON reader allows.
fn canonical(value: &Value, out: &mut String) -> Result<(), String> {
    match value {
        Value::Null | Value::Bool(_) => {
            // Writing to a String cannot fail.
            let _ = write!(out, "{value}");
        }
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            let _ = write!(out, "{number}");
        }
        Value::Number(number) => {
            return Err(format!("found the number {number}, wanted a whole one"));
        }
        Value::String(text) => quoted(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonical(item, out)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort();
            out.push('{');
            for (index, name) in names.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                quoted(name, out);
                out.push(':');
                canonical(&members[name], out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form that securesystemslib gives, by its own function.
    #[test]
    fn canonical_json_is_that_of_securesystemslib() {
        let value: Result<Value, _> = serde_json::from_str(
            r#"{"b": [1, -2, true, null], "a": "x\"\\\n\té", "ä": {}, "B": [], "": 18446744073709551615}"#,
        );
        let value = value.unwrap();
        let mut text = String::new();
        canonical(&value, &mut text).unwrap();
        let wanted = "{\"\":18446744073709551615,\"B\":[],\"a\":\"x\\\"\\\\\n\té\",\"b\":[1,-2,true,null],\"ä\":{}}";
        assert_eq!(text, wanted);
        let error = canonical(&serde_json::json!(1.5), &mut text).unwrap_err();
        assert_eq!(error, "found the number 1.5, wanted a whole one");
    }
}
