//! The one place that writes to the terminal: data to standard output, all else to standard error.
//!
//! What a terminal would obey never gets there from outside: of control characters, only line
//! breaks, tabs and the styles at the end of this file go through.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

use crate::failure::Failure;
use crate::plain::is_deceptive;

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one document with a `schema` version.
    Json,
}

/// Writes lines. A reader that went away ends the output quietly.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    /// How results are printed.
    pub format: OutputFormat,
}

impl Printer {
    /// A line of data.
    ///
    /// # Errors
    /// What the operating system says, e.g. a full disk. A closed pipe is no error.
    pub fn data(&self, line: impl AsRef<str>) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        quiet(writeln!(out, "{}", guarded(line.as_ref())))
    }

    /// Data byte for byte. Only what a terminal would obey is escaped, as in JSON, where standard
    /// output is one.
    ///
    /// # Errors
    /// As [`data`](Self::data).
    pub fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let text = std::str::from_utf8(bytes).ok().filter(|_| out.is_terminal());
        let text = text.map(|text| escaped(text).into_owned());
        let bytes = text.as_deref().map_or(bytes, str::as_bytes);
        quiet(out.write_all(bytes).and_then(|()| out.flush()))
    }

    /// A document as JSON.
    ///
    /// # Errors
    /// As [`data`](Self::data).
    pub fn json(&self, document: &impl serde::Serialize) -> io::Result<()> {
        self.data(json_text(document)?)
    }

    /// A line, or several, about the work, for people.
    pub fn note(&self, lines: impl AsRef<str>) {
        let text = format!("{}\n", guarded(lines.as_ref()));
        let out = anstream::stderr();
        // Where nobody is left to tell, nothing is lost.
        let _ = match out.current_choice() {
            ColorChoice::Never => {
                // In one piece: the stream would write what is between styles one by one.
                let text = anstream::adapter::strip_str(&text).to_string();
                io::stderr().lock().write_all(text.as_bytes())
            }
            _ => out.lock().write_all(text.as_bytes()),
        };
    }

    /// A warning.
    pub fn warning(&self, line: impl AsRef<str>) {
        self.note(format!("{} {}", paint(WARNING, "warning:"), line.as_ref()));
    }

    /// Advice.
    pub fn hint(&self, line: impl AsRef<str>) {
        self.note(format!("{} {}", paint(HINT, "hint:"), line.as_ref()));
    }

    /// A failure: its message, and a `hint:` line for each advice.
    pub fn failure(&self, failure: &Failure) {
        self.note(format!("{} {}", paint(ERROR, "error:"), failure.message));
        for hint in &failure.hints {
            self.hint(hint);
        }
    }
}

/// Whether a person watches standard error.
pub fn watched() -> bool {
    io::stderr().is_terminal() && std::env::var_os("CI").is_none()
}

/// Columns of the terminal that standard output is; `None` where it is none.
pub fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0))
}

/// Text in a style. The streams drop styles where there is no terminal or `NO_COLOR` is set.
pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A document as indented JSON. Characters that a terminal would obey are escaped, which changes the
/// text and not what it says.
///
/// # Errors
/// What serializing says.
pub fn json_text(document: &impl serde::Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(document)?;
    Ok(escaped(&text).into_owned())
}

/// JSON with every deceptive character escaped. Such a character is in a string: between the tokens
/// of JSON there is white space only.
fn escaped(json: &str) -> Cow<'_, str> {
    let obeyed = |c: char| is_deceptive(c) && !matches!(c, '\n' | '\r' | '\t');
    if !json.contains(obeyed) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if !obeyed(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    Cow::Owned(escaped)
}

/// The line with nothing in it that a terminal obeys but our own styles.
fn guarded(line: &str) -> Cow<'_, str> {
    let obeyed = |c: char| is_deceptive(c) && !matches!(c, '\n' | '\t');
    if !line.contains(obeyed) {
        return Cow::Borrowed(line);
    }
    let styles = STYLES.map(|style| style.render().to_string());
    let reset = anstyle::Reset.render().to_string();
    let (mut shown, mut rest) = (String::with_capacity(line.len() + 16), line);
    while let Some(c) = rest.chars().next() {
        let own = styles.iter().chain([&reset]).find(|style| rest.starts_with(style.as_str()));
        let length = own.map_or(c.len_utf8(), String::len);
        match own {
            None if obeyed(c) => shown.extend(c.escape_default()),
            _ => shown.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    Cow::Owned(shown)
}

fn quiet(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// What passed.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What failed.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// What deserves a look.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Advice.
pub const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// Headings.
pub const HEADING: Style = Style::new().bold();
/// What may be skipped.
pub const FAINT: Style = Style::new().dimmed();

const STYLES: [Style; 6] = [GOOD, ERROR, WARNING, HINT, HEADING, FAINT];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_styles_reach_the_terminal() {
        let painted = format!("{} name\n\tmore", paint(GOOD, "pass "));
        assert_eq!(guarded(&painted), painted);
        for (hostile, shown) in [
            ("\x1b[2Jgone", r"\u{1b}[2Jgone"),
            ("\x1b]0;title\x07", r"\u{1b}]0;title\u{7}"),
            ("\x1b[8mhidden", r"\u{1b}[8mhidden"),
            ("over\rwritten", r"over\rwritten"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("\u{202e}txt.exe", r"\u{202e}txt.exe"),
        ] {
            assert_eq!(guarded(hostile), shown);
        }
    }

    #[test]
    fn json_is_escaped_and_says_the_same() {
        let document = serde_json::json!({ "name": "a\u{9b}b\u{202e}c\u{e0041}\x7f\n" });
        let text = json_text(&document).unwrap();
        assert!(text.contains(r"a\u009bb\u202ec\udb40\udc41\u007f\n"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), document);
    }
}
