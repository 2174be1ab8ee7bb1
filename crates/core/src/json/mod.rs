//! JSON read strictly: bounded, and with every key once.
//!
//! `serde_json` keeps the last of two equal keys, other readers keep the first. A signature over
//! such a document says different things to different readers, so it is refused at any depth.

mod strict;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::at_most;
use crate::{Error, Limits};
use strict::Strict;

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
    check(document, bytes, limits)?;
    checked(document, bytes)
}

/// Parses a document that went through [`check`].
pub(crate) fn checked<'de, T: Deserialize<'de>>(
    document: &'static str,
    bytes: &'de [u8],
) -> Result<T, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = T::deserialize(Strict(&mut deserializer));
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
    at_most("document size in bytes", limits.document_bytes, bytes.len())?;
    let walk = Walk { limits, found: RefCell::new(None), depth: Cell::new(0) };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let outcome = Value(&walk).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    let Err(error) = outcome else { return Ok(()) };
    Err(match walk.found.into_inner() {
        Some(Found::Duplicate(key)) => {
            Error::DuplicateKey { document, key, line: error.line(), column: error.column() }
        }
        Some(Found::Limit { what, limit, found }) => Error::LimitReached { what, limit, found },
        None if bytes.trim_ascii().is_empty() => Error::Json {
            document,
            reason: "it is empty".to_owned(),
            line: error.line(),
            column: error.column(),
        },
        None => Error::json(document, &error),
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
        let mut keys = HashSet::new();
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
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
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
        let error = check("test", b"\"\xff\"", &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::Json { .. }), "{error}");
    }
}
