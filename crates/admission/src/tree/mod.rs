//! What YAML and JSON become before they are looked at: one tree, that knows which bytes each text
//! is from.
//!
//! The tree is what **Kubernetes** would read, or there is none: whatever readers of YAML disagree on is
//! refused ([`yaml`]).

mod json;
mod source;
mod yaml;

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

pub(crate) use json::{document, read as read_json};
pub(crate) use source::Source;
pub(crate) use yaml::read as read_yaml;

use crate::{Error, Limits};

/// A value, shared by all places that an alias puts it in.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: Value<'a>,
    /// Where its text is in the source, without quotes; of a list or mapping, where it starts.
    span: (u32, u32),
    /// Levels from here down, itself counted.
    depth: u16,
}

#[derive(Debug)]
pub(crate) enum Value<'a> {
    Null,
    Text(Cow<'a, str>),
    /// A number or a truth value, as written.
    Other(Cow<'a, str>),
    List(Box<[Rc<Node<'a>>]>),
    Map(Box<[Entry<'a>]>),
}

#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) value: Rc<Node<'a>>,
}

impl Clone for Entry<'_> {
    fn clone(&self) -> Self {
        Entry { key: self.key.clone(), value: Rc::clone(&self.value) }
    }
}

impl<'a> Node<'a> {
    /// A value with its levels counted.
    fn new(value: Value<'a>, span: Range<usize>, limits: &Limits) -> Result<Rc<Self>, Error> {
        let below = match &value {
            Value::List(items) => items.iter().map(|item| item.depth).max().unwrap_or(0),
            Value::Map(entries) => entries.iter().map(|it| it.value.depth).max().unwrap_or(0),
            _ => 0,
        };
        let depth = below.saturating_add(1);
        let (found, limit) = (usize::from(depth), limits.depth);
        if found > limit {
            return Err(Error::LimitReached {
                what: "nesting of mappings and lists",
                limit,
                found,
            });
        }
        // A source has fewer bytes than fit ([`Source::new`]).
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Ok(Rc::new(Node { value, span: (offset(span.start), offset(span.end)), depth }))
    }

    /// The value of a key of a mapping; nothing where it is null.
    pub(crate) fn get(&self, key: &str) -> Option<&Rc<Node<'a>>> {
        let Value::Map(entries) = &self.value else { return None };
        let entry = entries.iter().find(|entry| entry.key == key)?;
        (!matches!(entry.value.value, Value::Null)).then_some(&entry.value)
    }

    /// The value that several keys, one after the other, lead to.
    pub(crate) fn at(&self, keys: &[&str]) -> Option<&Node<'a>> {
        keys.iter().try_fold(self, |node, key| node.get(key).map(|node| &**node))
    }

    /// The text of a key of a mapping.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.value {
            Value::Text(text) => Some(text.as_ref()),
            _ => None,
        }
    }

    /// What a text, number or truth value is written as.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Other(text) => Some(text.as_ref()),
            _ => None,
        }
    }

    /// Where its text is in the source, without quotes.
    pub(crate) fn span(&self) -> Range<usize> {
        let offset = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        offset(self.span.0)..offset(self.span.1)
    }

    /// Whether it says the same, wherever and however it is written. The order of keys says nothing.
    pub(crate) fn same(&self, other: &Node<'_>) -> bool {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Text(one), Value::Text(two)) | (Value::Other(one), Value::Other(two)) => {
                one == two
            }
            (Value::List(one), Value::List(two)) => {
                one.len() == two.len() && one.iter().zip(two.iter()).all(|(one, two)| one.same(two))
            }
            (Value::Map(one), Value::Map(two)) => same_entries(one.iter(), two.iter()),
            _ => false,
        }
    }

    /// What kind of value it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Text(_) => "a text",
            Value::Other(_) => "a number or truth value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Whether two mappings say the same, as far as their entries are given.
pub(crate) fn same_entries<'n, 'a: 'n, 'b: 'n>(
    one: impl Iterator<Item = &'n Entry<'a>>,
    two: impl Iterator<Item = &'n Entry<'b>>,
) -> bool {
    let (mut one, mut two): (Vec<_>, Vec<_>) = (one.collect(), two.collect());
    one.sort_by(|a, b| a.key.cmp(&b.key));
    two.sort_by(|a, b| a.key.cmp(&b.key));
    one.len() == two.len()
        && one.iter().zip(two).all(|(a, b)| a.key == b.key && a.value.same(&b.value))
}
