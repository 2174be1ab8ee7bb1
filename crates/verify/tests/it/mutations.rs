//! Every way in which a document can be changed in one place.
//!
//! A change is named by the document, the place (a JSON pointer; `!` steps into base64 that holds
//! JSON, `~` into lines of text) and what was done there. The documents are files, so that the
//! same changes come out every time.

use chainsign_core::encoding::{base64_decode, base64_encode};
use serde_json::{Map, Value, json};

use crate::forge::log::canonical;

/// A document with one change.
pub(crate) struct Mutant {
    /// `<place> <change>`
    pub(crate) name: String,
    pub(crate) document: Vec<u8>,
}

/// Every change of a document. `donor` is a document of the same shape about something else, from
/// which values are taken.
pub(crate) fn mutants(document: &Value, donor: &Value) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    walk("", document, Some(donor), &mut |place, change, changed| {
        let name = format!("{place} {change}");
        mutants.push(Mutant { name, document: serde_json::to_vec(&changed).unwrap() });
    });
    mutants.extend(duplicate_keys(document, |_| Value::Null));
    mutants
}

/// The first key of every object once more, before itself, with a value made from its own.
pub(crate) fn duplicate_keys(document: &Value, first: impl Fn(&Value) -> Value) -> Vec<Mutant> {
    let mutant = |(place, key): (String, String)| {
        let name = format!("{place} duplicate-key");
        Mutant { name, document: duplicate(document, &place, &key, &first) }
    };
    keys("", document).into_iter().map(mutant).collect()
}

type Emit<'a> = &'a mut dyn FnMut(&str, &str, Value);

/// Emits every change of a value, each as the whole value.
fn walk(place: &str, value: &Value, donor: Option<&Value>, emit: Emit<'_>) {
    match value {
        Value::Object(object) => {
            for (key, child) in object {
                let below = format!("{place}/{key}");
                let donor = donor.and_then(|donor| donor.get(key));
                let mut without = object.clone();
                without.remove(key);
                emit(&below, "drop", Value::Object(without));
                let put = |child: Value| {
                    let mut object = object.clone();
                    object.insert(key.clone(), child);
                    Value::Object(object)
                };
                emit(&below, "null", put(Value::Null));
                if let Some(donor) = donor.filter(|donor| *donor != child) {
                    emit(&below, "swap", put(donor.clone()));
                }
                walk(&below, child, donor, &mut |place, change, child| {
                    emit(place, change, put(child));
                });
            }
            let mut more = object.clone();
            more.insert("unknown".to_owned(), json!("x"));
            emit(place, "unknown-field", Value::Object(more));
            let values: Vec<_> = object.values().cloned().collect();
            emit(place, "as-array", Value::Array(values));
        }
        Value::Array(items) => {
            emit(place, "empty", json!([]));
            for (index, child) in items.iter().enumerate() {
                let below = format!("{place}/{index}");
                let mut without = items.clone();
                without.remove(index);
                emit(&below, "drop", Value::Array(without));
                let mut twice = items.clone();
                twice.insert(index, child.clone());
                emit(&below, "twice", Value::Array(twice));
                let donor = donor.and_then(|donor| donor.get(index));
                let put = |child: Value| {
                    let mut items = items.clone();
                    items[index] = child;
                    Value::Array(items)
                };
                if let Some(donor) = donor.filter(|donor| *donor != child) {
                    emit(&below, "swap", put(donor.clone()));
                }
                walk(&below, child, donor, &mut |place, change, child| {
                    emit(place, change, put(child));
                });
            }
            if items.len() > 1 {
                let mut turned = items.clone();
                turned.reverse();
                emit(place, "reverse", Value::Array(turned));
            }
        }
        Value::String(text) => walk_text(place, text, donor, emit),
        Value::Number(number) => {
            let number = number.as_i64().unwrap();
            for (change, number) in [("plus-one", number + 1), ("negative", -1), ("zero", 0)] {
                emit(place, change, json!(number));
            }
            emit(place, "as-text", json!(number.to_string()));
        }
        Value::Bool(_) | Value::Null => {}
    }
}

fn walk_text(place: &str, text: &str, donor: Option<&Value>, emit: Emit<'_>) {
    emit(place, "empty", json!(""));
    emit(place, "as-object", json!({}));
    emit(place, "as-list", json!([text]));
    if let Ok(number) = text.parse::<u64>() {
        for (change, text) in [
            ("plus-one", (number + 1).to_string()),
            ("negative", format!("-{number}")),
            ("zero", "0".to_owned()),
            ("leading-zero", format!("0{number}")),
            ("plus-sign", format!("+{number}")),
            ("exponent", format!("{number}e0")),
            ("huge", "18446744073709551615".to_owned()),
        ] {
            if change != "zero" || number != 0 {
                emit(place, change, json!(text));
            }
        }
        emit(place, "as-number", json!(number));
        return;
    }
    if text.contains('\n') {
        return walk_lines(place, text, emit);
    }
    emit(place, "append", json!(format!("{text}x")));
    emit(place, "space", json!(format!(" {text}")));
    if text.to_uppercase() != text {
        emit(place, "upper-case", json!(text.to_uppercase()));
    }
    let Ok(bytes) = base64_decode("", text) else { return };
    if bytes.len() < 3 {
        return;
    }
    let mut emit_bytes = |change: &str, bytes: &[u8]| {
        emit(place, change, json!(base64_encode(bytes)));
    };
    for (change, at) in
        [("flip-first", 0), ("flip-middle", bytes.len() / 2), ("flip-last", bytes.len() - 1)]
    {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        emit_bytes(change, &flipped);
    }
    emit_bytes("truncate", &bytes[..bytes.len() - 1]);
    emit_bytes("extend", &[bytes.as_slice(), &[0]].concat());
    emit_bytes("double", &[bytes.as_slice(), &bytes].concat());
    if text.ends_with('=') {
        emit(place, "no-padding", json!(text.trim_end_matches('=')));
    }
    let url = text.replace('+', "-").replace('/', "_");
    if url != text {
        emit(place, "url-alphabet", json!(url));
    }
    emit(place, "newline", json!(format!("{text}\n")));
    if let Ok(inner @ Value::Object(_)) = serde_json::from_slice::<Value>(&bytes) {
        let donor = donor.and_then(|donor| base64_decode("", donor.as_str()?).ok());
        let donor = donor.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        walk(&format!("{place}!"), &inner, donor.as_ref(), &mut |place, change, inner| {
            emit(place, change, json!(base64_encode(canonical(&inner))));
        });
        let spaced = serde_json::to_vec_pretty(&inner).unwrap();
        emit(&format!("{place}!"), "spaced", json!(base64_encode(spaced)));
    }
}

/// Lines of a checkpoint.
fn walk_lines(place: &str, text: &str, emit: Emit<'_>) {
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    for (index, line) in lines.iter().enumerate() {
        let below = format!("{place}~{index}");
        let with = |line: &str| {
            let mut lines = lines.clone();
            lines[index] = line;
            json!(lines.concat())
        };
        emit(&below, "drop", with(""));
        emit(&below, "twice", with(&line.repeat(2)));
        let line = line.trim_end_matches('\n');
        emit(&below, "append", with(&format!("{line}x\n")));
        emit(&below, "carriage-return", with(&format!("{line}\r\n")));
        emit(&below, "space", with(&format!(" {line}\n")));
    }
    emit(place, "no-last-newline", json!(text.trim_end_matches('\n')));
}

/// The place of every object with a key that is to be there twice.
fn keys(place: &str, value: &Value) -> Vec<(String, String)> {
    let below = |children: Vec<(String, &Value)>| {
        children.into_iter().flat_map(|(place, child)| keys(&place, child)).collect::<Vec<_>>()
    };
    match value {
        Value::Object(object) => {
            let first = object.keys().next().map(|key| (place.to_owned(), key.clone()));
            let children =
                object.iter().map(|(key, child)| (format!("{place}/{key}"), child)).collect();
            first.into_iter().chain(below(children)).collect()
        }
        Value::Array(items) => below(
            items.iter().enumerate().map(|(i, child)| (format!("{place}/{i}"), child)).collect(),
        ),
        _ => Vec::new(),
    }
}

/// Writes a document with a key of one object twice, first with what is made of its value.
fn duplicate(document: &Value, place: &str, key: &str, first: impl Fn(&Value) -> Value) -> Vec<u8> {
    const MARK: &str = "a mark that is nowhere else";
    let mut marked = document.clone();
    let object: &mut Map<_, _> = marked.pointer_mut(place).unwrap().as_object_mut().unwrap();
    let value = object[key].clone();
    object.insert(key.to_owned(), json!(MARK));
    let marked = serde_json::to_string(&marked).unwrap();
    let mark = serde_json::to_string(MARK).unwrap();
    let key = serde_json::to_string(key).unwrap();
    let twice = format!("{},{key}:{value}", first(&value));
    let document = marked.replacen(&mark, &twice, 1);
    assert_ne!(document, marked);
    document.into_bytes()
}
