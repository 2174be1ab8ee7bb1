//! Text from outside, made safe to show to people.
//!
//! Names of files, subjects of certificates, messages about either: whoever writes an artifact
//! chooses them. A terminal obeys control characters, and readers believe what characters that
//! reorder or hide text make them see. Here such characters become visible.

use std::borrow::Cow;

/// The text on one line, with every [deceptive](is_deceptive) character as `\u{…}`.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_deceptive(c) {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Whether a character does something else to the reader than being seen: control characters of
/// both sets, line and paragraph separators, and the characters that reorder text or have no
/// width (Unicode's bidirectional controls, default ignorable and tag characters).
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_misleads_is_seen_and_the_rest_is_left_alone() {
        for (text, shown) in [
            ("app-1.2.tar.gz", "app-1.2.tar.gz"),
            ("Grüße 世界 العربية 🦀", "Grüße 世界 العربية 🦀"),
            (r"C:\dist\app", r"C:\dist\app"),
            ("a\nb\tc\r", r"a\nb\tc\r"),
            ("\x1b[2J\x07\x7f", r"\u{1b}[2J\u{7}\u{7f}"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("gpj.\u{202e}exe", r"gpj.\u{202e}exe"),
            ("a\u{200b}b\u{feff}\u{2066}", r"a\u{200b}b\u{feff}\u{2066}"),
            ("tag\u{e0041}", r"tag\u{e0041}"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }
}
