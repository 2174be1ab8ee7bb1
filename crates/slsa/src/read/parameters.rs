//! Parameters: arbitrary JSON, bounded before it is kept.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Error;

/// Parses an object of parameters, keys sorted; absent and `null` are empty.
pub(super) fn parse(
    what: &'static str,
    raw: Option<&RawValue>,
    limit: usize,
) -> Result<BTreeMap<String, Value>, Error> {
    let Some(raw) = raw else { return Ok(BTreeMap::new()) };
    let values = Cell::new(0);
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    let counted = Count { values: &values, limit }.deserialize(&mut deserializer);
    if values.get() > limit {
        return Err(Error::LimitReached { what: "values of the parameters", limit });
    }
    let parsed = counted.and_then(|()| serde_json::from_str(raw.get()));
    let mut parameters: BTreeMap<String, Value> =
        parsed.map_err(|error| Error::shape(what, &error))?;
    // serde_json's maps keep their order or sort it, as some crate of the build asks for.
    parameters.values_mut().for_each(Value::sort_all_objects);
    Ok(parameters)
}

/// The non-empty text at a JSON pointer.
pub(super) fn text<'a>(parameters: &'a BTreeMap<String, Value>, pointer: &str) -> Option<&'a str> {
    let rest = pointer.strip_prefix('/')?;
    let (name, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    parameters.get(name)?.pointer(rest)?.as_str().filter(|text| !text.is_empty())
}

/// Pointers to all parameters but the interpreted ones, sorted. An object is listed whole, unless
/// something inside it was interpreted.
pub(super) fn uninterpreted(
    parameters: &BTreeMap<String, Value>,
    interpreted: &[&str],
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in parameters {
        collect(&format!("/{}", escape(name)), value, interpreted, &mut found);
    }
    found.sort();
    found
}

/// Goes no deeper than the interpreted pointers, which are constants.
fn collect(pointer: &str, value: &Value, interpreted: &[&str], found: &mut Vec<String>) {
    let inside = |it: &&&str| it.strip_prefix(pointer).is_some_and(|rest| rest.starts_with('/'));
    if is_empty(value) || interpreted.contains(&pointer) {
        return;
    }
    match value {
        Value::Object(members) if interpreted.iter().any(|it| inside(&it)) => {
            for (name, value) in members {
                collect(&format!("{pointer}/{}", escape(name)), value, interpreted, found);
            }
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// SLSA and in-toto: unset, null and empty mean the same.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// RFC 6901 section 3.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Counts JSON values and stops after the limit.
#[derive(Clone, Copy)]
struct Count<'a> {
    values: &'a Cell<usize>,
    limit: usize,
}

impl Count<'_> {
    fn one<E: serde::de::Error>(self) -> Result<(), E> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > self.limit { Err(E::custom("too many values")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.one()?;
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.one()?;
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.one()
    }
    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.one()
    }
    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.one()
    }
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.one()
    }
    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.one()
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.one()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str, limit: usize) -> Result<BTreeMap<String, Value>, Error> {
        parse("test", Some(&RawValue::from_string(text.to_owned()).unwrap()), limit)
    }

    #[test]
    fn values_are_counted_before_they_are_kept() {
        let text = r#"{"a": [1, {"b": null}], "c": "x"}"#;
        assert_eq!(object(text, 6).unwrap().len(), 2);
        let wanted = Error::LimitReached { what: "values of the parameters", limit: 5 };
        assert_eq!(object(text, 5), Err(wanted));
        let error = object("[1]", 9).unwrap_err();
        assert!(matches!(&error, Error::Shape { what: "test", .. }), "{error}");
        assert_eq!(parse("test", None, 0), Ok(BTreeMap::new()));
    }

    #[test]
    fn what_was_not_interpreted_is_listed() {
        let parameters = object(
            r#"{"w": {"ref": "r", "path": "p", "new": 1}, "inputs": {"a/b": 1}, "a/~": "x",
                "none": null, "empty": {}, "no": "", "list": []}"#,
            99,
        );
        let found = uninterpreted(&parameters.unwrap(), &["/w/ref", "/w/path"]);
        assert_eq!(found, ["/a~1~0", "/inputs", "/w/new"]);
    }

    #[test]
    fn texts_are_found_by_pointer() {
        let parameters = object(r#"{"a": {"b": "x", "c": ""}, "d": "y", "e": 1}"#, 99).unwrap();
        assert_eq!(text(&parameters, "/a/b"), Some("x"));
        assert_eq!(text(&parameters, "/d"), Some("y"));
        for pointer in ["/a", "/a/c", "/e", "/f", "/a/b/c", ""] {
            assert_eq!(text(&parameters, pointer), None, "{pointer}");
        }
    }
}
