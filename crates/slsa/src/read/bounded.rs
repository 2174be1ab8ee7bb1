//! Lists and objects whose members are counted while they are read, so that what is kept stays in
//! proportion to the limit and not to the input.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::Error;

/// An array of at most `limit` items; absent and `null` are empty.
pub(crate) fn list<'a, T: Deserialize<'a>>(
    what: &'static str,
    raw: Option<&'a RawValue>,
    limit: usize,
) -> Result<Vec<T>, Error> {
    members(what, raw, List { limit, of: PhantomData })
}

/// An object of at most `limit` members; absent and `null` are empty.
pub(crate) fn map<'a, T: Deserialize<'a>>(
    what: &'static str,
    raw: Option<&'a RawValue>,
    limit: usize,
) -> Result<BTreeMap<String, T>, Error> {
    members(what, raw, Map { limit, of: PhantomData })
}

fn members<'a, T: Default, S>(
    what: &'static str,
    raw: Option<&'a RawValue>,
    seed: S,
) -> Result<T, Error>
where
    S: DeserializeSeed<'a, Value = Result<T, usize>>,
{
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else { return Ok(T::default()) };
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    match seed.deserialize(&mut deserializer) {
        Ok(Ok(members)) => Ok(members),
        Ok(Err(limit)) => Err(Error::LimitReached { what, limit }),
        Err(error) => Err(Error::shape(what, &error)),
    }
}

/// Items up to a limit, or that limit when there are more.
struct List<T> {
    limit: usize,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<T> {
    type Value = Result<Vec<T>, usize>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Result<Vec<T>, usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = seq.next_element()? {
            if found.len() == self.limit {
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                return Ok(Err(self.limit));
            }
            found.push(item);
        }
        Ok(Ok(found))
    }
}

/// Members up to a limit, or that limit when there are more.
struct Map<T> {
    limit: usize,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Map<T> {
    type Value = Result<BTreeMap<String, T>, usize>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Map<T> {
    type Value = Result<BTreeMap<String, T>, usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = BTreeMap::new();
        while let Some((name, member)) = map.next_entry()? {
            if found.len() == self.limit {
                while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
                return Ok(Err(self.limit));
            }
            found.insert(name, member);
        }
        Ok(Ok(found))
    }
}
