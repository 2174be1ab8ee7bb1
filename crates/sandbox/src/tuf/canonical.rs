//! What TUF signs: "canonical JSON" of <https://wiki.laptop.org/go/Canonical_JSON>. It is not RFC
//! 8785: in strings, only the quote and the backslash are escaped.

use serde_json::Value;

/// The bytes to sign. Numbers must be integers: metadata has no others.
pub(super) fn canonical(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    bytes
}

/// Metadata is made here, and four levels deep.
fn write(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            bytes.extend_from_slice(value.to_string().as_bytes());
        }
        Value::String(text) => write_string(text, bytes),
        Value::Array(items) => {
            bytes.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    bytes.push(b',');
                }
                write(item, bytes);
            }
            bytes.push(b']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|(left, _), (right, _)| left.as_bytes().cmp(right.as_bytes()));
            bytes.push(b'{');
            for (place, (key, field)) in fields.into_iter().enumerate() {
                if place > 0 {
                    bytes.push(b',');
                }
                write_string(key, bytes);
                bytes.push(b':');
                write(field, bytes);
            }
            bytes.push(b'}');
        }
    }
}

fn write_string(text: &str, bytes: &mut Vec<u8>) {
    bytes.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            bytes.push(b'\\');
        }
        bytes.push(byte);
    }
    bytes.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_line_ends_stay() {
        let value = serde_json::json!({ "b": [1, true, null, "a\n\"\\\u{e9}"], "a": {}, "B": -2 });
        let wanted = "{\"B\":-2,\"a\":{},\"b\":[1,true,null,\"a\n\\\"\\\\\u{e9}\"]}";
        assert_eq!(String::from_utf8(canonical(&value)).unwrap(), wanted);
    }
}
