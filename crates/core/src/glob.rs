//! Globs over names, with captures. One dialect, used everywhere:
//!
//! - `*` is any text without a slash, also none;
//! - `**` is any text, also none;
//! - `{name}` is a segment that starts with a letter or digit and goes on with letters, digits,
//!   `.`, `-` and `_`; the text is captured under that name;
//! - everything else is itself. The whole name must match.
//!
//! in-toto-golang GHSA-pmwq-pjrm-6p5r was one pattern in two dialects.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use regex::Regex;

/// What a glob captured, by name.
pub type Captures = BTreeMap<String, String>;

/// A compiled glob.
#[derive(Clone)]
pub struct Glob {
    text: String,
    regex: Regex,
}

impl Glob {
    /// What it captures from the name; `None` if it does not match.
    pub fn captures(&self, name: &str) -> Option<Captures> {
        let found = self.regex.captures(name)?;
        let named = self.names().filter_map(|name| Some((name, found.name(name)?.as_str())));
        Some(named.map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
    }

    /// Whether it matches the whole name.
    pub fn matches(&self, name: &str) -> bool {
        self.regex.is_match(name)
    }

    /// The names of its captures.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.regex.capture_names().flatten()
    }

    /// The text that it was parsed from.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Glob({:?})", self.text)
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for Glob {}
impl PartialOrd for Glob {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Glob {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl FromStr for Glob {
    /// In words, what was found and what was wanted.
    type Err = String;

    /// # Errors
    /// For what is none, or means something in other dialects only.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(format!("found a glob of {} bytes, wanted 1 to {LONGEST}", text.len()));
        }
        let mut pattern = "^".to_owned();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("**") {
                pattern.push_str("(?s:.*)");
                rest = after;
            } else if let Some(after) = rest.strip_prefix('*') {
                pattern.push_str("[^/]*");
                rest = after;
            } else if let Some((name, after)) = capture(rest) {
                pattern.push_str(&format!("(?P<{name}>{SEGMENT})"));
                rest = after;
            } else if matches!(next, '{' | '}' | '[' | ']' | '?' | '\\') {
                return Err(format!(
                    "found {next:?} in the glob {text:?}, wanted `*`, `**`, {{name}} or plain text"
                ));
            } else {
                pattern.push_str(&regex::escape(next.encode_utf8(&mut [0; 4])));
                rest = &rest[next.len_utf8()..];
            }
        }
        pattern.push('$');
        // Only a name that is there twice can be wrong here.
        let regex = Regex::new(&pattern)
            .map_err(|_| format!("found a capture twice in the glob {text:?}, wanted each once"))?;
        Ok(Glob { text: text.to_owned(), regex })
    }
}

/// The name of the capture that the text starts with, and what follows it; `None` if it starts with
/// none.
pub fn capture(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('{')?.split_once('}')?;
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    (starts && name.chars().all(|c| c.is_ascii_alphanumeric())).then_some((name, after))
}

/// No slash, no leading dot, nothing that means something in a URL.
const SEGMENT: &str = "[A-Za-z0-9][A-Za-z0-9._-]*";
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(glob: &str, name: &str, wanted: Option<&[(&str, &str)]>) {
        let glob: Glob = glob.parse().unwrap();
        let wanted = wanted.map(|pairs| {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        });
        assert_eq!(glob.captures(name), wanted, "{} {name}", glob.as_str());
        assert_eq!(glob.matches(name), wanted.is_some());
    }

    #[test]
    fn one_dialect() {
        check("ghcr.io/acme/*", "ghcr.io/acme/app", Some(&[]));
        check("ghcr.io/acme/*", "ghcr.io/acme/app/sub", None);
        check("ghcr.io/acme/*", "ghcr-io/acme/app", None);
        check("ghcr.io/acme/**", "ghcr.io/acme/app/sub", Some(&[]));
        check("ghcr.io/acme/*", "xghcr.io/acme/app", None);
        check("**", "", Some(&[]));
        check("a/{service}", "a/app", Some(&[("service", "app")]));
        check("a/{service}", "a/..", None);
        check("a/{service}", "a/b/c", None);
        check("a/{service}", "a/x\n", None);
        check("a/{x}/{y}", "a/b/c.d_e-f", Some(&[("x", "b"), ("y", "c.d_e-f")]));
    }

    #[test]
    fn what_other_dialects_mean_is_refused() {
        for wrong in ["[^x]", "[!x]", "a?", "{", "{a", "{A}", "{1}", "{a,b}", "a\\*", "", "{a}/{a}"]
        {
            assert!(wrong.parse::<Glob>().is_err(), "{wrong}");
        }
    }
}
