//! Patterns of file names as Python's `fnmatch` has them, which in-toto uses: `*` is anything, slashes too, `?` one
//! character, `[…]` one of a set, `[!…]` one that is not.

/// Whether the whole name matches. Takes at most as many steps as the product of the two lengths.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (parse(pattern), name.chars().collect::<Vec<_>>());
    let (mut at, mut position) = (0, 0);
    // Where to go on if what follows the last `*` does not match here.
    let mut back: Option<(usize, usize)> = None;
    loop {
        let one = match (pattern.get(at), name.get(position)) {
            (None, None) => return true,
            (Some(Part::Any), _) => {
                back = Some((at + 1, position));
                at += 1;
                continue;
            }
            (Some(part), Some(character)) => part.is(*character),
            _ => false,
        };
        if one {
            at += 1;
            position += 1;
            continue;
        }
        match back {
            Some((after, tried)) if tried < name.len() => {
                back = Some((after, tried + 1));
                at = after;
                position = tried + 1;
            }
            _ => return false,
        }
    }
}

enum Part {
    Any,
    One,
    Character(char),
    Set { ranges: Vec<(char, char)>, negated: bool },
}

impl Part {
    fn is(&self, character: char) -> bool {
        match self {
            Part::Any => false,
            Part::One => true,
            Part::Character(wanted) => *wanted == character,
            Part::Set { ranges, negated } => {
                let within = |(from, to): &(char, char)| (*from..=*to).contains(&character);
                ranges.iter().any(within) != *negated
            }
        }
    }
}

fn parse(pattern: &str) -> Vec<Part> {
    let characters: Vec<char> = pattern.chars().collect();
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(character) = characters.get(at) {
        at += 1;
        parts.push(match character {
            '*' => Part::Any,
            '?' => Part::One,
            '[' => match set(&characters, at) {
                Some((part, after)) => {
                    at = after;
                    part
                }
                // A bracket that nothing closes is itself.
                None => Part::Character('['),
            },
            other => Part::Character(*other),
        });
    }
    parts
}

/// The set that begins behind a bracket, and the place behind it. A `]` that comes first is in it.
fn set(characters: &[char], start: usize) -> Option<(Part, usize)> {
    let negated = characters.get(start) == Some(&'!');
    let first = if negated { start + 1 } else { start };
    let length = characters.get(first + 1..)?.iter().position(|it| *it == ']')?;
    let end = first + 1 + length;
    let members = characters.get(first..end)?;
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(from) = members.get(at) {
        match (members.get(at + 1), members.get(at + 2)) {
            (Some('-'), Some(to)) => {
                ranges.push((*from, *to));
                at += 3;
            }
            _ => {
                ranges.push((*from, *from));
                at += 1;
            }
        }
    }
    Some((Part::Set { ranges, negated }, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python 3.11's `fnmatch.fnmatchcase` says.
    #[test]
    fn patterns_are_those_of_fnmatch() {
        let cases = [
            ("*", "", true),
            ("*", "a/b", true),
            ("", "", true),
            ("", "a", false),
            ("demo/*", "demo/a/b.py", true),
            ("demo/*", "demo", false),
            ("*.py", "a.py", true),
            ("*.py", "a.pyc", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("?", "ä", true),
            ("[abc]", "b", true),
            ("[a-c]x", "bx", true),
            ("[a-c]", "d", false),
            ("[!a-c]", "d", true),
            ("[!a-c]", "b", false),
            ("[]]", "]", true),
            ("[!]]", "]", false),
            ("[", "[", true),
            ("[a", "[a", true),
            ("a[", "a[", true),
            ("[]", "[]", true),
            ("[-a]", "-", true),
            ("[a-]", "-", true),
            ("a.b", "axb", false),
            ("A", "a", false),
            ("***", "x", true),
        ];
        let wrong: Vec<_> =
            cases.iter().filter(|(p, name, wanted)| matches(p, name) != *wanted).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    /// The number of steps is the product of the lengths, not a power.
    #[test]
    fn no_pattern_takes_long() {
        let pattern = "*a".repeat(500) + "b";
        assert!(!matches(&pattern, &"a".repeat(2000)));
    }
}
