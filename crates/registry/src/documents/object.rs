use std::collections::BTreeMap;

use chainsign_core::{Error as CoreError, Limits, json};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Error;

/// The fields of a document that is read once.
pub(super) struct Object<'a> {
    pub(super) kind: &'static str,
    what: &'a str,
    fields: BTreeMap<String, &'a RawValue>,
}

impl<'a> Object<'a> {
    /// Reads one object, strictly: bounded, no key twice at any depth, and none that a reader in Go,
    /// which folds case, takes for one of `known`.
    pub(super) fn parse(
        kind: &'static str,
        what: &'a str,
        bytes: &'a [u8],
        known: &[&str],
    ) -> Result<Self, Error> {
        let mut limits = Limits::default();
        // How large it may be was asked while it was read.
        limits.document_bytes = bytes.len();
        let fields: BTreeMap<String, &RawValue> =
            json::parse(kind, bytes, &limits).map_err(|source| malformed(what, source))?;
        let almost = fields.keys().find(|found| {
            known.iter().any(|known| **found != **known && folded(found) == folded(known))
        });
        if let Some(field) = almost {
            let field = field.clone();
            return Err(Error::ForeignField { what: what.to_owned(), field, kind });
        }
        Ok(Object { kind, what, fields })
    }

    /// Makes sure that fields of other kinds of document are not there, whatever their values.
    pub(super) fn has_none_of(&self, foreign: &[&str]) -> Result<(), Error> {
        match foreign.iter().find(|name| self.fields.contains_key(**name)) {
            None => Ok(()),
            Some(field) => Err(Error::ForeignField {
                what: self.what.to_owned(),
                field: (*field).to_owned(),
                kind: self.kind,
            }),
        }
    }

    /// A field, or `None` where it is not there or null.
    pub(super) fn field<T: Deserialize<'a>>(&self, name: &'static str) -> Result<Option<T>, Error> {
        let Some(&raw) = self.fields.get(name) else { return Ok(None) };
        let mut limits = Limits::default();
        limits.document_bytes = raw.get().len();
        json::parse(self.kind, raw.get().as_bytes(), &limits).map_err(|error| {
            let reason = format!("{name}: {error}");
            malformed(self.what, CoreError::Invalid { document: self.kind, reason })
        })
    }

    /// A field that must be there.
    pub(super) fn required<T: Deserialize<'a>>(&self, name: &'static str) -> Result<T, Error> {
        let missing =
            || malformed(self.what, CoreError::Missing { document: self.kind, what: name });
        self.field(name)?.ok_or_else(missing)
    }

    pub(super) fn invalid(&self, reason: String) -> Error {
        malformed(self.what, CoreError::Invalid { document: self.kind, reason })
    }
}

fn malformed(what: &str, source: CoreError) -> Error {
    Error::Malformed { what: what.to_owned(), source }
}

/// How Go compares names of fields: case folded, in which `ſ` is an `s` and the Kelvin sign a `k`.
fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}
