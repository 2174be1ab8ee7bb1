//! JSON objects read field by field, as strictly as readers differ.
//!
//! Most tools for images are written in Go, whose JSON reader takes `Layers` for `layers`. A document
//! with such a field says different things to them and to us: it is refused.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use chainsign_core::{Error, Limits, json};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::image::ImageFault;

/// One object of a document. Every field is taken once; unknown ones are ignored, as the OCI
/// specification asks (`considerations.md`, "Extensibility").
pub(super) struct Object<'a> {
    /// What the document has to be.
    kind: &'static str,
    /// Which document it is.
    document: &'a str,
    fields: BTreeMap<String, &'a RawValue>,
    known: Vec<&'static str>,
}

impl<'a> Object<'a> {
    /// Reads a whole document, which is one object.
    pub(super) fn parse(
        kind: &'static str,
        document: &'a str,
        bytes: &'a [u8],
    ) -> Result<Self, ImageFault> {
        Ok(Object { kind, document, fields: whole(kind, document, bytes)?, known: Vec::new() })
    }

    /// Reads a whole document, which is an array of objects.
    pub(super) fn parse_all(
        kind: &'static str,
        document: &'a str,
        bytes: &'a [u8],
    ) -> Result<Vec<Self>, ImageFault> {
        let Few(items): Few<BTreeMap<String, &RawValue>> = whole(kind, document, bytes)?;
        let object = |fields| Object { kind, document, fields, known: Vec::new() };
        Ok(items.into_iter().map(object).collect())
    }

    /// A field; `null` is the same as none, as it is in Go.
    pub(super) fn field<T: Deserialize<'a>>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, ImageFault> {
        self.known.push(name);
        let Some(raw) = self.fields.remove(name) else { return Ok(None) };
        let value: Result<Option<T>, _> = serde_json::from_str(raw.get());
        value.map_err(|error| self.invalid(format!("{name}: {}", without_place(&error))))
    }

    /// A field that must be there.
    pub(super) fn required<T: Deserialize<'a>>(
        &mut self,
        name: &'static str,
    ) -> Result<T, ImageFault> {
        self.field(name)?.ok_or_else(|| self.missing(name))
    }

    /// A field that is an object.
    pub(super) fn object(&mut self, name: &'static str) -> Result<Option<Self>, ImageFault> {
        let fields: Option<BTreeMap<String, &RawValue>> = self.field(name)?;
        Ok(fields.map(|fields| self.within(fields)))
    }

    /// A field that is an array of objects.
    pub(super) fn objects(&mut self, name: &'static str) -> Result<Option<Vec<Self>>, ImageFault> {
        let items: Option<Few<BTreeMap<String, &RawValue>>> = self.field(name)?;
        Ok(items.map(|Few(items)| items.into_iter().map(|fields| self.within(fields)).collect()))
    }

    /// Makes sure that fields of other kinds of document are not there, whatever their values.
    pub(super) fn has_none_of(&mut self, foreign: &[&'static str]) -> Result<(), ImageFault> {
        self.known.extend(foreign);
        match foreign.iter().find(|name| self.fields.contains_key(**name)) {
            None => Ok(()),
            Some(name) => Err(ImageFault::ForeignField {
                document: self.document.to_owned(),
                field: (*name).to_owned(),
                kind: self.kind,
            }),
        }
    }

    /// Makes sure that the document is of schema version 2, the only one read here.
    pub(super) fn is_version_2(&mut self) -> Result<(), ImageFault> {
        match self.required::<u64>("schemaVersion")? {
            2 => Ok(()),
            found => Err(self.invalid(format!("found schema version {found}, wanted 2"))),
        }
    }

    /// All fields were taken: what is left is not known to anybody.
    pub(super) fn finish(self) -> Result<(), ImageFault> {
        for found in self.fields.into_keys() {
            if let Some(known) = self.known.iter().find(|known| folded(known) == folded(&found)) {
                let document = self.document.to_owned();
                return Err(ImageFault::AlmostField { document, found, known });
            }
        }
        Ok(())
    }

    pub(super) fn missing(&self, what: &'static str) -> ImageFault {
        self.fault(Error::Missing { document: self.kind, what })
    }

    pub(super) fn invalid(&self, reason: String) -> ImageFault {
        self.fault(Error::Invalid { document: self.kind, reason })
    }

    pub(super) fn fault(&self, reason: Error) -> ImageFault {
        ImageFault::Document { document: self.document.to_owned(), reason }
    }

    pub(super) fn document(&self) -> &'a str {
        self.document
    }

    fn within(&self, fields: BTreeMap<String, &'a RawValue>) -> Self {
        Object { kind: self.kind, document: self.document, fields, known: Vec::new() }
    }
}

/// An array that is not too long: an object in memory takes far more room than `{}`.
struct Few<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(array: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = Few<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an array of at most {MOST_ITEMS} items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Few<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = array.next_element()? {
                    if items.len() == MOST_ITEMS {
                        return Err(A::Error::invalid_length(MOST_ITEMS + 1, &self));
                    }
                    items.push(item);
                }
                Ok(Few(items))
            }
        }

        array.deserialize_seq(Items(PhantomData))
    }
}

fn whole<'a, T: Deserialize<'a>>(
    kind: &'static str,
    document: &str,
    bytes: &'a [u8],
) -> Result<T, ImageFault> {
    // How large it may be was asked before it was read.
    let mut limits = Limits::default();
    limits.document_bytes = bytes.len();
    json::parse(kind, bytes, &limits)
        .map_err(|reason| ImageFault::Document { document: document.to_owned(), reason })
}

/// How Go compares names of fields: case folded, in which `ſ` is an `s` and the Kelvin sign a `k`.
fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// The reason without its line and column, which count from the start of the field.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").map_or(text.clone(), |end| text[..end].to_owned())
}

/// Items of one array: ten times the manifests that are read of all indexes together.
const MOST_ITEMS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_go_takes_for_others_are_refused() {
        for found in ["Layers", "LAYERS", "layer\u{17f}"] {
            let text = format!(r#"{{"layers": [], "{found}": []}}"#);
            let mut object = Object::parse("test", "a document", text.as_bytes()).unwrap();
            assert_eq!(object.field::<Vec<u64>>("layers"), Ok(Some(Vec::new())));
            let wanted = ImageFault::AlmostField {
                document: "a document".to_owned(),
                found: found.to_owned(),
                known: "layers",
            };
            assert_eq!(object.finish(), Err(wanted));
        }
        let mut object = Object::parse("test", "a document", br#"{"layer": 1}"#).unwrap();
        assert_eq!(object.field::<Vec<u64>>("layers"), Ok(None));
        assert_eq!(object.finish(), Ok(()));
    }
}
