//! From text as written to what it matches: captures filled in, patterns compiled.

use chainsign_core::identity::{Pattern, TextMatcher};

use crate::error::{LoadError, Place};
use crate::language::{At, Text};
use chainsign_core::glob::{Captures, capture};

/// Fills captures in and compiles patterns.
///
/// A captured text has no slash and nothing that means something in a URL, and is escaped in
/// patterns, so that it stands for itself.
///
/// # Errors
/// [`LoadError::UnknownName`] for a `{name}` that `match` does not capture; [`LoadError::Value`]
/// for a pattern that is none.
pub(super) fn resolve(written: &At<Text>, captures: &Captures) -> Result<TextMatcher, LoadError> {
    let is_pattern = matches!(written.value, Text::Pattern(_));
    let text = fill(written.as_str(), is_pattern, captures, written.at)?;
    if !is_pattern {
        return Ok(TextMatcher::Exact(text));
    }
    let pattern: Pattern = text.parse().map_err(|error: chainsign_core::Error| {
        // The last line says what is wrong, those before draw it.
        let all = error.to_string();
        let reason = all.lines().last().unwrap_or_default().trim_start_matches("error: ");
        LoadError::Value { at: written.at, reason: format!("found the pattern {text:?}: {reason}") }
    })?;
    Ok(TextMatcher::Pattern(pattern))
}

fn fill(text: &str, is_pattern: bool, captures: &Captures, at: Place) -> Result<String, LoadError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, brace) = rest.split_at(start);
        filled.push_str(before);
        // `\p{greek}` and `\x{41}` are regular expressions of their own.
        let escape = is_pattern && CLASSES.iter().any(|class| before.ends_with(class));
        let Some((name, after)) = capture(brace).filter(|_| !escape) else {
            filled.push('{');
            rest = &brace[1..];
            continue;
        };
        let Some(captured) = captures.get(name) else {
            return Err(LoadError::UnknownName {
                at,
                kind: "a capture",
                name: name.to_owned(),
                wanted: captures.keys().cloned().collect(),
            });
        };
        match is_pattern {
            true => filled.push_str(&regex::escape(captured)),
            false => filled.push_str(captured),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

const CLASSES: [&str; 5] = ["\\p", "\\P", "\\x", "\\u", "\\U"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: Text, wanted: Result<&str, &str>) {
        let captures = Captures::from([("service".to_owned(), "a.b".to_owned())]);
        let written = At { value: text, at: Place::default() };
        let found = resolve(&written, &captures).map(|it| it.to_string());
        let found = found.map_err(|error| error.to_string());
        assert_eq!(found, wanted.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn captures_stand_for_themselves() {
        let exact = |text: &str| Text::Exact(text.to_owned());
        let pattern = |text: &str| Text::Pattern(text.to_owned());
        check(exact("x/{service}/y"), Ok("x/a.b/y"));
        check(pattern("x/{service}/y{2}"), Ok(r"pattern x/a\.b/y{2}"));
        check(pattern(r"\p{greek}\x{41}"), Ok(r"pattern \p{greek}\x{41}"));
        check(exact("{2} { {A}"), Ok("{2} { {A}"));
        let wanted =
            "line 0, column 0: \"other\" is not a capture of this policy, wanted one of service";
        check(exact("{other}"), Err(wanted));
    }
}
