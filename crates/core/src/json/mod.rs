//! JSON read strictly: bounded, and with every key once.
//!
//! `serde_json` keeps the last of two equal keys, other readers keep the first. A signature over
//! such a document says different things to different readers, so it is refused at any depth.

mod strict;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::at_most;
use crate::{Error, Limits};
use strict::{Shape, Strict};

/// Parses one JSON document into `T` after [`check`]. A struct is read from an object only, not from
/// an array, which serde would read as well.
///
/// Whether unknown fields are refused is `T`'s choice (`#[serde(deny_unknown_fields)]`).
///
/// # Errors
/// As [`check`], and [`Error::Json`] when the document is not a `T`.
pub fn parse<'de, T: Deserialize<'de>>(
    document: &'static str,
    bytes: &'de [u8],
    limits: &Limits,
) -> Result<T, Error> {
    read(document, checked_text(document, bytes, limits)?, Shape::Open)
}

/// Parses one JSON document into a closed `T`: one that names every field at every depth, and has no maps,
/// enums and values of any type. What [`check`] looks for is then found while reading.
///
/// # Errors
/// [`Error::LimitReached`] (size); [`Error::Json`] when the document is not a `T`, has a duplicate key or
/// an unknown field, and always when `T` is not closed.
pub fn parse_closed<'de, T: Deserialize<'de>>(
    document: &'static str,
    bytes: &'de [u8],
    limits: &Limits,
) -> Result<T, Error> {
    at_most("document size in bytes", limits.document_bytes, bytes.len())?;
    read(document, utf8(document, bytes)?, Shape::Closed)
}

/// Parses a document that went through [`check`].
pub(crate) fn checked<'de, T: Deserialize<'de>>(
    document: &'static str,
    bytes: &'de [u8],
) -> Result<T, Error> {
    read(document, utf8(document, bytes)?, Shape::Open)
}

fn read<'de, T: Deserialize<'de>>(
    document: &'static str,
    text: &'de str,
    shape: Shape,
) -> Result<T, Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Strict(&mut deserializer, shape));
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| Error::json(document, &error))
}

/// Checks that the bytes are one JSON document in UTF-8, within the limits and without a
/// duplicate key in any object. Keys are compared after unescaping.
///
/// # Errors
/// [`Error::LimitReached`] (size, depth, keys of one object), [`Error::DuplicateKey`],
/// [`Error::Json`].
pub fn check(document: &'static str, bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    checked_text(document, bytes, limits).map(|_| ())
}

/// The document as text, after [`check`].
fn checked_text<'de>(
    document: &'static str,
    bytes: &'de [u8],
    limits: &Limits,
) -> Result<&'de str, Error> {
    at_most("document size in bytes", limits.document_bytes, bytes.len())?;
    let text = utf8(document, bytes)?;
    let walk = Walk { limits, found: RefCell::new(None), depth: Cell::new(0) };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let outcome = Value(&walk).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    let Err(error) = outcome else { return Ok(text) };
    Err(match walk.found.into_inner() {
        Some(Found::Duplicate(key)) => {
            Error::DuplicateKey { document, key, line: error.line(), column: error.column() }
        }
        Some(Found::Limit { what, limit, found }) => Error::LimitReached { what, limit, found },
        None if text.trim_ascii().is_empty() => Error::Json {
            document,
            reason: "it is empty".to_owned(),
            line: error.line(),
            column: error.column(),
        },
        None => Error::json(document, &error),
    })
}

/// The whole document as text, so that its strings need not be looked at one by one.
fn utf8<'de>(document: &'static str, bytes: &'de [u8]) -> Result<&'de str, Error> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let last_line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        Error::Json {
            document,
            reason: "found bytes that are not UTF-8".to_owned(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            column: 1 + last_line.len(),
        }
    })
}

struct Walk<'a> {
    limits: &'a Limits,
    found: RefCell<Option<Found>>,
    depth: Cell<usize>,
}

enum Found {
    Duplicate(String),
    Limit { what: &'static str, limit: usize, found: usize },
}

impl Walk<'_> {
    fn stop<E: serde::de::Error>(&self, found: Found) -> E {
        *self.found.borrow_mut() = Some(found);
        E::custom("stopped")
    }

    fn enter<E: serde::de::Error>(&self) -> Result<(), E> {
        let found = self.depth.get() + 1;
        let limit = self.limits.json_depth;
        if found > limit {
            return Err(self.stop(Found::Limit { what: "nesting of JSON", limit, found }));
        }
        self.depth.set(found);
        Ok(())
    }

    fn leave(&self) {
        self.depth.set(self.depth.get() - 1);
    }
}

struct Value<'a>(&'a Walk<'a>);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.enter()?;
        let mut keys = BTreeSet::new();
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            let limit = self.0.limits.json_keys;
            if keys.len() == limit {
                let found = limit.saturating_add(1);
                return Err(self.0.stop(Found::Limit {
                    what: "keys of one JSON object",
                    limit,
                    found,
                }));
            }
            if let Some(key) = keys.replace(key) {
                return Err(self.0.stop(Found::Duplicate(key.into_owned())));
            }
            map.next_value_seed(Value(self.0))?;
        }
        self.0.leave();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.0.enter()?;
        while seq.next_element_seed(Value(self.0))?.is_some() {}
        self.0.leave();
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key that borrows from the document unless it contains an escape.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn checked(text: &str) -> Result<(), Error> {
        check("test", text.as_bytes(), &Limits::default())
    }

    #[test]
    fn ordinary_documents_pass() {
        checked(r#"{"a": [1, 2.5, -3, null, true, "x", {"a": 1}], "b": {"a": {}}}"#).unwrap();
    }

    #[test]
    fn duplicate_keys_are_refused_at_any_depth_and_after_unescaping() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"a":2}}]"#, r#"{"a":1,"\u0061":2}"#] {
            let error = checked(text).unwrap_err();
            assert!(matches!(&error, Error::DuplicateKey { key, .. } if key == "a"), "{error}");
        }
    }

    #[test]
    fn structs_are_objects_at_any_depth() {
        #[derive(Debug, Deserialize)]
        struct Outer<'a> {
            inner: Option<Vec<Inner>>,
            #[serde(borrow)]
            raw: &'a serde_json::value::RawValue,
        }
        #[derive(Debug, Deserialize)]
        struct Inner {
            a: u8,
        }
        let read = |text: &'static str| -> Result<u8, Error> {
            let outer: Outer<'_> = parse("test", text.as_bytes(), &Limits::default())?;
            assert_eq!(outer.raw.get(), "[ 1 ]");
            Ok(outer.inner.unwrap_or_default().iter().map(|inner| inner.a).sum())
        };
        assert_eq!(read(r#"{"inner":[{"a":1},{"a":2}],"raw":[ 1 ]}"#), Ok(3));
        assert_eq!(read(r#"{"inner":null,"raw":[ 1 ]}"#), Ok(0));
        for text in [r#"{"inner":[[1]],"raw":[ 1 ]}"#, r#"[[{"a":1}],[ 1 ]]"#] {
            let error = read(text).unwrap_err();
            assert!(error.to_string().contains("invalid type: sequence, expected"), "{error}");
        }
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Closed {
        a: Option<u8>,
        inner: Option<Vec<Closed>>,
    }

    fn closed<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
        parse_closed("test", text.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_closed_type_is_checked_while_it_is_read() {
        let inner = Closed { a: Some(1), inner: None };
        let outer = Closed { a: None, inner: Some(vec![inner]) };
        assert_eq!(closed(r#"{"a":null,"inner":[{"a":1}]}"#), Ok(outer));
        for (text, wanted) in [
            (r#"{"a":1,"a":1}"#, "duplicate field `a`"),
            (r#"{"inner":[{"a":null,"\u0061":2}]}"#, "duplicate field `a`"),
            (r#"{"inner":[{"b":{"a":1,"a":1}}]}"#, "unknown field `b`"),
            (r#"{"inner":[[1,null]]}"#, "invalid type: sequence, expected struct Closed"),
            (r#"{} {}"#, "trailing characters"),
        ] {
            let error = closed::<Closed>(text).unwrap_err();
            assert!(error.to_string().contains(wanted), "{text}: {error}");
        }
        let deep = r#"{"inner":["#.repeat(200);
        let error = closed::<Closed>(&deep).unwrap_err();
        assert!(error.to_string().contains("recursion limit exceeded"), "{error}");
        let limits = Limits { document_bytes: 1, ..Limits::default() };
        let wanted = Error::LimitReached { what: "document size in bytes", limit: 1, found: 2 };
        assert_eq!(parse_closed::<Closed>("test", b"{}", &limits), Err(wanted));
    }

    #[test]
    fn a_type_that_is_not_closed_is_not_read() {
        #[derive(Debug, Deserialize)]
        enum OneOf {
            One(#[expect(dead_code, reason = "only read")] u8),
        }
        #[derive(Debug, Deserialize)]
        struct NamesSome {}

        #[track_caller]
        fn refused<'de, T: Deserialize<'de> + fmt::Debug>(text: &'de str, found: &str) {
            parse::<Option<T>>("test", text.as_bytes(), &Limits::default()).unwrap().unwrap();
            let error = closed::<Option<T>>(text).unwrap_err().to_string();
            assert!(error.contains(&format!("found {found}, wanted none")), "{error}");
        }
        refused::<std::collections::BTreeMap<String, u8>>(r#"{"a":1}"#, "a map");
        refused::<serde_json::Value>(r#"{"a":1}"#, "a value of any type");
        refused::<serde::de::IgnoredAny>(r#"{"a":1}"#, "an unknown field");
        refused::<NamesSome>(r#"{"a":1}"#, "an unknown field");
        refused::<OneOf>(r#"{"One":1}"#, "an enum");
        refused::<&serde_json::value::RawValue>(r#"{"a":1}"#, "a raw value");
    }

    /// A document of the shape of [`Closed`], more or less.
    fn document() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![Just("1".to_owned()), Just("null".to_owned()), Just("x".to_owned())];
        leaf.prop_recursive(4, 24, 4, |value| {
            let key = prop_oneof![
                4 => Just("a"), 4 => Just("inner"), 1 => Just("b"), 1 => Just("\\u0061")
            ];
            let member = (key, value.clone()).prop_map(|(key, value)| format!("\"{key}\":{value}"));
            prop_oneof![
                4 => vec(member, 0..3).prop_map(|members| format!("{{{}}}", members.join(","))),
                2 => vec(value, 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn a_closed_type_reads_what_is_checked_before_it_is_read(text in document()) {
            let checked: Result<Closed, Error> = parse("test", text.as_bytes(), &Limits::default());
            prop_assert_eq!(closed(&text).ok(), checked.ok());
        }
    }

    #[test]
    fn limits_are_named() {
        let deep = "[".repeat(65) + &"]".repeat(65);
        let wanted = Error::LimitReached { what: "nesting of JSON", limit: 64, found: 65 };
        assert_eq!(checked(&deep), Err(wanted));

        let limits = Limits { json_keys: 2, document_bytes: 30, ..Limits::default() };
        let wanted = Error::LimitReached { what: "keys of one JSON object", limit: 2, found: 3 };
        assert_eq!(check("test", br#"{"a":1,"b":2,"c":3}"#, &limits), Err(wanted));
        let wanted = Error::LimitReached { what: "document size in bytes", limit: 30, found: 31 };
        assert_eq!(check("test", &[b' '; 31], &limits), Err(wanted));
    }

    #[test]
    fn what_is_not_json_says_where() {
        let error = checked("{\"a\":\n x}").unwrap_err();
        assert_eq!(error.to_string(), "test is not valid: expected value (line 2, column 2)");
        let error = checked("{} {}").unwrap_err();
        assert_eq!(error.to_string(), "test is not valid: trailing characters (line 1, column 4)");
        let error = checked(" \n").unwrap_err();
        assert_eq!(error.to_string(), "test is not valid: it is empty (line 2, column 0)");
        let error = check("test", b"{\"a\":\n \"\xff\"", &Limits::default()).unwrap_err();
        let wanted = "test is not valid: found bytes that are not UTF-8 (line 2, column 3)";
        assert_eq!(error.to_string(), wanted);
    }
}
