//! JSON, with the place of every text that is written without escapes.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Entry, Node, Source, Value};
use crate::{Error, Limits};

/// The one value of a file.
pub(crate) fn read<'a>(source: &Source<'a>, limits: &Limits) -> Result<Rc<Node<'a>>, Error> {
    document(source.file, source.text, limits)
}

/// The one value of a text.
///
/// # Errors
/// [`Error::Json`] for what is not JSON, or has a key twice; [`Error::LimitReached`].
pub(crate) fn document<'a>(
    file: &str,
    text: &'a str,
    limits: &Limits,
) -> Result<Rc<Node<'a>>, Error> {
    let failed = |error| match error {
        chainsign_core::Error::LimitReached { what, limit, found } => {
            Error::LimitReached { what, limit, found }
        }
        error => Error::Json { file: file.to_owned(), error },
    };
    let mut bounds = chainsign_core::Limits::default();
    (bounds.document_bytes, bounds.json_depth) = (limits.bytes, limits.depth);
    chainsign_core::json::check("JSON", text.as_bytes(), &bounds).map_err(failed)?;

    let walk = Walk {
        base: text.as_ptr().addr(),
        limits,
        left: Cell::new(limits.values.saturating_add(1)),
        last: Cell::new(0),
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let node = Seed(&walk).deserialize(&mut deserializer);
    node.map_err(|error| match walk.left.get() {
        0 => over(limits),
        _ => failed(chainsign_core::Error::json("JSON", &error)),
    })
}

fn over(limits: &Limits) -> Error {
    let limit = limits.values;
    Error::LimitReached { what: "values of a document", limit, found: limit.saturating_add(1) }
}

struct Walk<'w> {
    /// Where the text is in memory: a text that is borrowed from it tells its place.
    base: usize,
    limits: &'w Limits,
    /// Values that there may be.
    left: Cell<usize>,
    /// Where the last text was that is borrowed.
    last: Cell<usize>,
}

impl Walk<'_> {
    fn node<'a, E: serde::de::Error>(
        &self,
        value: Value<'a>,
        at: usize,
        length: usize,
    ) -> Result<Rc<Node<'a>>, E> {
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        if left == 0 {
            return Err(E::custom("too many values"));
        }
        Node::new(value, at..at.saturating_add(length), self.limits).map_err(E::custom)
    }

    /// A value that does not know its place: it is after the last text that does.
    fn nowhere<'a, E: serde::de::Error>(&self, value: Value<'a>) -> Result<Rc<Node<'a>>, E> {
        self.node(value, self.last.get(), 0)
    }

    fn offset(&self, text: &str) -> usize {
        let at = text.as_ptr().addr().saturating_sub(self.base);
        self.last.set(at);
        at
    }
}

struct Seed<'s, 'w>(&'s Walk<'w>);

impl<'a> DeserializeSeed<'a> for Seed<'_, '_> {
    type Value = Rc<Node<'a>>;
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Rc<Node<'a>>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Seed<'_, '_> {
    type Value = Rc<Node<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut entries, mut at) = (Vec::new(), None);
        while let Some((key, start)) = map.next_key_seed(Key(self.0))? {
            at = at.or(start);
            let value = map.next_value_seed(Seed(self.0))?;
            entries.push(Entry { key, value });
        }
        let at = at.unwrap_or(self.0.last.get());
        self.0.node(Value::Map(entries.into()), at, 0)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Seed(self.0))? {
            items.push(item);
        }
        let at = items.first().map(|item: &Rc<Node<'_>>| item.span().start);
        let at = at.unwrap_or(self.0.last.get());
        self.0.node(Value::List(items.into()), at, 0)
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'a str) -> Result<Self::Value, E> {
        self.0.node(Value::Text(Cow::Borrowed(text)), self.0.offset(text), text.len())
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.0.nowhere(Value::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        self.0.nowhere(Value::Null)
    }
    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
        self.0.nowhere(Value::Other(Cow::Borrowed(if value { "true" } else { "false" })))
    }
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
        self.0.nowhere(Value::Other(Cow::Owned(value.to_string())))
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.0.nowhere(Value::Other(Cow::Owned(value.to_string())))
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        self.0.nowhere(Value::Other(Cow::Owned(value.to_string())))
    }
}

/// A key, and where it is written if it is written without escapes.
struct Key<'s, 'w>(&'s Walk<'w>);

impl<'a> DeserializeSeed<'a> for Key<'_, '_> {
    type Value = (Cow<'a, str>, Option<usize>);
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Key<'_, '_> {
    type Value = (Cow<'a, str>, Option<usize>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok((Cow::Borrowed(text), Some(self.0.offset(text))))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((Cow::Owned(text.to_owned()), None))
    }
}
