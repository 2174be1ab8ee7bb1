//! Words of a Dockerfile: quotes, escapes and variables, as far as references need them.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use super::Options;
use crate::place::Reason;

/// The variables of `FROM`.
pub(super) struct Variables<'o> {
    given: &'o BTreeMap<String, String>,
    /// Each `ARG` so far: its value, or why it has none.
    declared: BTreeMap<String, Result<String, Reason>>,
    escape: char,
}

impl<'o> Variables<'o> {
    pub(super) fn new(options: &'o Options, escape: char) -> Self {
        Variables { given: &options.build_args, declared: BTreeMap::new(), escape }
    }

    pub(super) fn escape(&self) -> char {
        self.escape
    }

    /// Takes the words of an `ARG`: `NAME` or `NAME=default`.
    pub(super) fn declare(&mut self, words: &str) -> Result<(), &'static str> {
        for word in self.words(words) {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name, Some(default)),
                None => (word, None),
            };
            if !is_name(name) {
                return Err("found an ARG without a name, wanted NAME or NAME=default");
            }
            let value = match (self.given.get(name), default) {
                (Some(given), _) => Ok(given.clone()),
                (None, Some(default)) => self.expand(default),
                (None, None) => Err(Reason::NoValue { variable: name.to_owned() }),
            };
            self.declared.insert(name.to_owned(), value);
        }
        Ok(())
    }

    /// A word with quotes and escapes taken off, and variables put in.
    pub(super) fn expand(&self, word: &str) -> Result<String, Reason> {
        let (mut text, mut chars) = (String::new(), word.chars().peekable());
        let mut quoted = false;
        while let Some(c) = chars.next() {
            match c {
                '"' => quoted = !quoted,
                '\'' if !quoted => loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => text.push(c),
                        None => return Err(Reason::Substitution),
                    }
                },
                '$' => text += &self.variable(&mut chars)?,
                c if c == self.escape => text.push(chars.next().ok_or(Reason::Substitution)?),
                c => text.push(c),
            }
        }
        if quoted { Err(Reason::Substitution) } else { Ok(text) }
    }

    /// What stands behind a `$`.
    fn variable(&self, chars: &mut Peekable<Chars<'_>>) -> Result<String, Reason> {
        if chars.peek() != Some(&'{') {
            let name = name(chars);
            return if is_name(&name) {
                self.value(&name)?.ok_or(Reason::NoValue { variable: name })
            } else {
                Err(Reason::Substitution)
            };
        }
        chars.next();
        let name = name(chars);
        if !is_name(&name) {
            return Err(Reason::Substitution);
        }
        let mut rest = String::new();
        loop {
            match chars.next() {
                Some('}') => break,
                // A word in a word is more than references need.
                None | Some('$' | '{' | '"' | '\'') => return Err(Reason::Substitution),
                Some(c) if c == self.escape => return Err(Reason::Substitution),
                Some(c) => rest.push(c),
            }
        }
        let value = self.value(&name)?;
        let filled = value.as_ref().is_some_and(|value| !value.is_empty());
        let or = |other: &str, keep: bool| {
            if keep { value.clone().unwrap_or_default() } else { other.to_owned() }
        };
        if rest.is_empty() {
            value.ok_or(Reason::NoValue { variable: name })
        } else if let Some(other) = rest.strip_prefix(":-") {
            Ok(or(other, filled))
        } else if let Some(other) = rest.strip_prefix('-') {
            Ok(or(other, value.is_some()))
        } else if let Some(other) = rest.strip_prefix(":+") {
            Ok(if filled { other.to_owned() } else { String::new() })
        } else if let Some(other) = rest.strip_prefix('+') {
            Ok(if value.is_some() { other.to_owned() } else { String::new() })
        } else {
            Err(Reason::Substitution)
        }
    }

    /// The value of a variable; nothing where it has none.
    ///
    /// # Errors
    /// The variable has a value when the file is built, and it is not known here.
    fn value(&self, name: &str) -> Result<Option<String>, Reason> {
        match self.declared.get(name) {
            Some(Ok(value)) => Ok(Some(value.clone())),
            Some(Err(Reason::NoValue { variable })) if variable == name => self.builders(name),
            Some(Err(reason)) => Err(reason.clone()),
            None => self.builders(name),
        }
    }

    /// What the builder sets without an `ARG`.
    fn builders(&self, name: &str) -> Result<Option<String>, Reason> {
        if !PLATFORM.contains(&name) {
            return Ok(None);
        }
        let given = self.given.get(name).cloned();
        given.map(Some).ok_or_else(|| Reason::NoValue { variable: name.to_owned() })
    }

    /// Words, separated by blanks that are neither quoted nor escaped.
    fn words<'w>(&self, text: &'w str) -> Vec<&'w str> {
        let (mut words, mut start, mut quote, mut escaped) = (Vec::new(), None, None, false);
        for (at, c) in text.char_indices() {
            let blank = c.is_ascii_whitespace() && quote.is_none() && !escaped;
            match (blank, start) {
                (true, Some(from)) => {
                    words.extend(text.get(from..at));
                    start = None;
                }
                (false, None) => start = Some(at),
                _ => {}
            }
            if escaped {
                escaped = false;
            } else if c == self.escape && quote != Some('\'') {
                escaped = true;
            } else if quote == Some(c) {
                quote = None;
            } else if quote.is_none() && (c == '"' || c == '\'') {
                quote = Some(c);
            }
        }
        words.extend(start.and_then(|from| text.get(from..)));
        words
    }
}

fn name(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut name = String::new();
    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
        name.push(c);
    }
    name
}

fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.chars().all(inner) && !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Dockerfile reference, "Automatic platform ARGs in the global scope".
const PLATFORM: [&str; 9] = [
    "BUILDARCH",
    "BUILDOS",
    "BUILDPLATFORM",
    "BUILDVARIANT",
    "TARGETARCH",
    "TARGETOS",
    "TARGETPLATFORM",
    "TARGETSTAGE",
    "TARGETVARIANT",
];
