//! A text that a pattern matches, for evidence that meets an authority which is given by one.

use chainsign_core::identity::{Pattern, TextMatcher};
use regex_syntax::hir::{Class, Hir, HirKind};

/// A short text that matches; `None` when none was found, as for patterns with look-around.
pub(super) fn sample(matcher: &TextMatcher) -> Option<String> {
    let pattern = match matcher {
        TextMatcher::Exact(text) => return Some(text.clone()),
        TextMatcher::Pattern(pattern) => pattern,
    };
    [1, 0].into_iter().find_map(|least| of_pattern(pattern, least))
}

/// With every unbounded repetition at least this often.
fn of_pattern(pattern: &Pattern, least: u32) -> Option<String> {
    let tree = regex_syntax::parse(pattern.as_str()).ok()?;
    let mut writer = Writer { text: String::new(), steps: 0, least };
    writer.write(&tree)?;
    pattern.matches(&writer.text).then_some(writer.text)
}

struct Writer {
    text: String,
    steps: usize,
    least: u32,
}

impl Writer {
    /// Recursion is bounded by the nesting that `regex_syntax` allows (250), work by [`STEPS`].
    fn write(&mut self, tree: &Hir) -> Option<()> {
        self.steps += 1;
        if self.steps > STEPS {
            return None;
        }
        match tree.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.push_str(std::str::from_utf8(&literal.0).ok()?),
            HirKind::Class(class) => self.text.push(member(class)?),
            HirKind::Repetition(repetition) => {
                let least = if repetition.max.is_none() { self.least } else { 0 };
                for _ in 0..repetition.min.max(least) {
                    self.write(&repetition.sub)?;
                }
            }
            HirKind::Capture(capture) => self.write(&capture.sub)?,
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.write(part))?,
            HirKind::Alternation(choices) => self.write(choices.first()?)?,
        }
        Some(())
    }
}

/// A plain character of the class, if it has one.
fn member(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => class
            .iter()
            .filter(|range| range.end().is_ascii())
            .map(|range| (range.start().into(), range.end().into()))
            .collect(),
    };
    let within = |c: &char| ranges.iter().any(|(start, end)| start <= c && c <= end);
    PLAIN.into_iter().find(within).or_else(|| ranges.first().map(|(start, _)| *start))
}

const PLAIN: [char; 5] = ['1', 'a', 'A', '-', '.'];
/// A subject has some hundred characters.
const STEPS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pattern_matches_is_found() {
        for (pattern, wanted) in [
            (
                r"https://github\.com/acme/app/x\.yml@refs/tags/v[0-9].*",
                Some("https://github.com/acme/app/x.yml@refs/tags/v11"),
            ),
            (r"refs/tags/v[0-9]+\.[0-9]+\.[0-9]+", Some("refs/tags/v1.1.1")),
            (r".*@acme\.example", Some("1@acme.example")),
            (r"https://accounts\.example/?", Some("https://accounts.example/")),
            (r"(a|b)c?[^1]{2}", Some("acaa")),
            (r"(?:(?:a{99}){99}){2}", None),
            (r"a\bb", None),
        ] {
            let matcher = TextMatcher::Pattern(pattern.parse().unwrap());
            let found = sample(&matcher);
            // Optional parts may be there or not.
            if pattern.contains('?') && !pattern.contains("(?:") {
                assert!(found.is_some_and(|found| matcher.matches(&found)), "{pattern}");
            } else {
                assert_eq!(found.as_deref(), wanted, "{pattern}");
            }
        }
    }
}
