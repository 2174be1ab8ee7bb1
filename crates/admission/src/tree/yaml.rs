//! YAML as Kubernetes reads it.
//!
//! Kubernetes reads YAML 1.1 with a parser of its own, and this is another one, of YAML 1.2. Where the two could read
//! two different documents out of one file, an image could hide. So these are errors:
//!
//! - U+0085, U+2028 and U+2029, which end a line (and a comment) in YAML 1.1 only, and NUL, which
//!   ends the file for some;
//! - keys that are there twice, merge keys after a key that they bring a second time;
//! - tags other than the core schema's: `!!binary` is decoded by Kubernetes;
//! - directives, which change what tags mean.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::{Entry, Node, Source, Value};
use crate::{Error, Limits};

/// The documents of a file, one after the other. Empty ones are left out, and counted.
pub(crate) fn read<'a, 's>(
    source: &'s Source<'a>,
    limits: &'s Limits,
) -> Result<impl Iterator<Item = Result<(usize, Rc<Node<'a>>), Error>> + use<'a, 's>, Error> {
    if let Some((at, character)) = source.text.char_indices().find(|(_, it)| DISPUTED.contains(it))
    {
        return Err(Error::Character { at: source.place(1, at), character: character.into() });
    }
    let mut options = granit_parser::options! {
        disallow_directives: true,
        block_nesting_limit: limits.depth,
        flow_nesting_limit: limits.depth,
    };
    options.set_emit_comments(false);
    let parser = Parser::new_from_str_with_options(source.text, options);
    let mut loader = Loader { parser, source, limits, document: 0, values: 0, over: false };
    Ok(std::iter::from_fn(move || loader.next()))
}

struct Loader<'a, 's> {
    parser: Parser<'a, StrInput<'a>>,
    source: &'s Source<'a>,
    limits: &'s Limits,
    document: usize,
    values: usize,
    over: bool,
}

/// A list or mapping whose end has not come yet.
struct Open<'a> {
    start: usize,
    anchor: usize,
    items: Items<'a>,
}

enum Items<'a> {
    List(Vec<Rc<Node<'a>>>),
    Map { entries: Vec<Entry<'a>>, key: Option<Key<'a>>, merged: usize },
}

enum Key<'a> {
    Name(Cow<'a, str>),
    Merge,
}

impl<'a> Loader<'a, '_> {
    fn next(&mut self) -> Option<Result<(usize, Rc<Node<'a>>), Error>> {
        while !self.over {
            match self.one() {
                Ok(Some(node)) if matches!(node.value, Value::Null) => {}
                Ok(Some(node)) => return Some(Ok((self.document, node))),
                Ok(None) => self.over = true,
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    /// The next document; nothing at the end of the file.
    fn one(&mut self) -> Result<Option<Rc<Node<'a>>>, Error> {
        let mut open: Vec<Open<'a>> = Vec::new();
        let mut anchors: BTreeMap<usize, Rc<Node<'a>>> = BTreeMap::new();
        let mut root = None;
        while let Some(event) = self.parser.next_event() {
            let (event, span) = event.map_err(|error| self.scan_error(&error))?;
            let range = span.byte_range().unwrap_or(0..0);
            let (anchor, node) = match event {
                Event::DocumentStart(..) => {
                    self.document += 1;
                    self.at_most("documents of a file", self.limits.documents, self.document)?;
                    continue;
                }
                Event::DocumentEnd => return Ok(root),
                Event::StreamEnd => return Ok(None),
                Event::SequenceStart(_, anchor, tag) => {
                    self.tag(tag.as_deref(), &["seq"], &span)?;
                    let items = Items::List(Vec::new());
                    open.push(Open { start: range.start, anchor, items });
                    continue;
                }
                Event::MappingStart(_, anchor, tag) => {
                    self.tag(tag.as_deref(), &["map"], &span)?;
                    let items = Items::Map { entries: Vec::new(), key: None, merged: 0 };
                    open.push(Open { start: range.start, anchor, items });
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some(done) = open.pop() else { continue };
                    (done.anchor, self.close(done)?)
                }
                Event::Scalar(text, style, anchor, tag) => {
                    self.tag(tag.as_deref(), &SCALARS, &span)?;
                    // A key is kept in its mapping, and no node.
                    if let Some(Open { items: Items::Map { key: key @ None, .. }, .. }) =
                        open.last_mut()
                    {
                        if anchor != 0 {
                            return Err(self.yaml(&span, "found an anchor on a key, wanted none"));
                        }
                        let merge = style == ScalarStyle::Plain && tag.is_none() && text == "<<";
                        *key = Some(if merge { Key::Merge } else { Key::Name(text) });
                        continue;
                    }
                    let value = scalar(text, style, tag.as_deref());
                    (anchor, Node::new(value, unquoted(range, style), self.limits)?)
                }
                Event::Alias(id) => {
                    let node = anchors.get(&id).map(Rc::clone);
                    let node = node.ok_or_else(|| {
                        self.yaml(&span, "found an alias inside of what it stands for, wanted none")
                    })?;
                    (0, node)
                }
                _ => continue,
            };
            self.values += 1;
            self.at_most("values of a file", self.limits.values, self.values)?;
            if anchor != 0 {
                anchors.insert(anchor, Rc::clone(&node));
            }
            match open.last_mut() {
                Some(parent) => self.put(&mut parent.items, node, &span)?,
                None => root = Some(node),
            }
        }
        Ok(None)
    }

    /// Puts a value into the list or mapping that it is in.
    fn put(&mut self, items: &mut Items<'a>, node: Rc<Node<'a>>, span: &Span) -> Result<(), Error> {
        let (entries, key, merged) = match items {
            Items::List(items) => {
                items.push(node);
                return Ok(());
            }
            Items::Map { entries, key, merged } => (entries, key, merged),
        };
        match key.take() {
            None => Err(self.yaml(span, "found a list, mapping or alias as a key, wanted a text")),
            Some(Key::Name(key)) => {
                entries.push(Entry { key, value: node });
                Ok(())
            }
            Some(Key::Merge) => {
                if *merged != 0 {
                    let (at, key) = (self.place(span), MERGE.to_owned());
                    return Err(Error::DuplicateKey { at, key });
                }
                let brought = self.merged(&node, span)?;
                let written: HashSet<&str> = entries.iter().map(|it| it.key.as_ref()).collect();
                if let Some(twice) = brought.iter().find(|it| written.contains(it.key.as_ref())) {
                    let (at, key) = (self.place(span), twice.key.as_ref().to_owned());
                    return Err(Error::AmbiguousMerge { at, key });
                }
                // What was merged stands first, so that it is known what may be written over.
                *merged = brought.len();
                entries.splice(0..0, brought);
                Ok(())
            }
        }
    }

    /// The entries that a merge key brings: of a mapping, or of several, the first of which counts.
    fn merged(&mut self, node: &Node<'a>, span: &Span) -> Result<Vec<Entry<'a>>, Error> {
        let wrong = "found a merge key (<<) without a mapping, wanted one or a list of them";
        let maps: Vec<&Node<'a>> = match &node.value {
            Value::Map(_) => vec![node],
            Value::List(items) => items.iter().map(|item| &**item).collect(),
            _ => return Err(self.yaml(span, wrong)),
        };
        let (mut brought, mut names) = (Vec::new(), HashSet::new());
        for map in maps {
            let Value::Map(entries) = &map.value else { return Err(self.yaml(span, wrong)) };
            self.values += entries.len();
            self.at_most("values of a file", self.limits.values, self.values)?;
            for entry in entries {
                if names.insert(entry.key.clone()) {
                    brought.push(entry.clone());
                }
            }
        }
        Ok(brought)
    }

    /// The list or mapping whose end has come.
    fn close(&self, done: Open<'a>) -> Result<Rc<Node<'a>>, Error> {
        let at = done.start..done.start;
        let (entries, merged) = match done.items {
            Items::List(items) => return Node::new(Value::List(items.into()), at, self.limits),
            Items::Map { entries, merged, .. } => (entries, merged),
        };
        let mut kept = entries;
        let written = kept.split_off(merged);
        let mut names = HashSet::with_capacity(written.len());
        if let Some(twice) = written.iter().find(|entry| !names.insert(entry.key.as_ref())) {
            let at = self.source.place(self.document, twice.value.span().start);
            return Err(Error::DuplicateKey { at, key: twice.key.as_ref().to_owned() });
        }
        kept.retain(|entry| !names.contains(entry.key.as_ref()));
        drop(names);
        kept.extend(written);
        Node::new(Value::Map(kept.into()), at, self.limits)
    }

    fn tag(&self, tag: Option<&Tag>, wanted: &[&str], span: &Span) -> Result<(), Error> {
        match tag {
            Some(tag) if !tag.core_suffix().is_some_and(|it| wanted.contains(&it)) => {
                Err(Error::Tag { at: self.place(span), tag: tag.original() })
            }
            _ => Ok(()),
        }
    }

    fn at_most(&self, what: &'static str, limit: usize, found: usize) -> Result<(), Error> {
        if found > limit { Err(Error::LimitReached { what, limit, found }) } else { Ok(()) }
    }

    fn yaml(&self, span: &Span, reason: &str) -> Error {
        Error::Yaml { at: self.place(span), reason: reason.to_owned() }
    }

    fn scan_error(&self, error: &ScanError) -> Error {
        let mut at = self.source.place(self.document.max(1), 0);
        at.line = error.marker().line();
        Error::Yaml { at, reason: error.info() }
    }

    fn place(&self, span: &Span) -> crate::Place {
        let at = span.byte_range().map_or(0, |range| range.start);
        self.source.place(self.document, at)
    }
}

fn scalar<'a>(text: Cow<'a, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value<'a> {
    match tag.and_then(Tag::core_suffix) {
        Some("str") => Value::Text(text),
        Some(_) => Value::Other(text),
        None if style != ScalarStyle::Plain => Value::Text(text),
        None if NULLS.contains(&text.as_ref()) => Value::Null,
        None if is_truth(&text) || is_number(&text) => Value::Other(text),
        None => Value::Text(text),
    }
}

/// A truth value to YAML 1.1.
fn is_truth(text: &str) -> bool {
    TRUTHS.iter().any(|truth| text.eq_ignore_ascii_case(truth))
}

/// A number to any reader: with `_` in it, in another base, in base 60.
fn is_number(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let bare = digits.trim_start_matches(['+', '-']);
    let based = ["0x", "0o", "0b"].iter().find_map(|base| bare.strip_prefix(base));
    let sixties =
        bare.contains(':') && bare.bytes().all(|b| b.is_ascii_digit() || b":.".contains(&b));
    bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && (digits.parse::<f64>().is_ok()
            || sixties
            || based.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()))
            || [".inf", ".nan"].iter().any(|word| bare.eq_ignore_ascii_case(word)))
}

/// Where the text is, without quotes.
fn unquoted(range: Range<usize>, style: ScalarStyle) -> Range<usize> {
    match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted if range.len() >= 2 => {
            range.start + 1..range.end - 1
        }
        _ => range,
    }
}

/// Ends of lines to YAML 1.1 only, and the end of the file to some.
const DISPUTED: [char; 4] = ['\0', '\u{85}', '\u{2028}', '\u{2029}'];
const MERGE: &str = "<<";
const SCALARS: [&str; 5] = ["str", "null", "bool", "int", "float"];
const NULLS: [&str; 5] = ["", "~", "null", "Null", "NULL"];
const TRUTHS: [&str; 8] = ["y", "yes", "n", "no", "true", "false", "on", "off"];
