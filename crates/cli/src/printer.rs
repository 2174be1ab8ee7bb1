//! The one place that writes to the terminal: data to standard output, all else to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};

use crate::failure::Failure;

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
        quiet(writeln!(out, "{}", line.as_ref()))
    }

    /// Data byte for byte.
    ///
    /// # Errors
    /// As [`data`](Self::data).
    pub fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        quiet(out.write_all(bytes).and_then(|()| out.flush()))
    }

    /// A document as JSON.
    ///
    /// # Errors
    /// As [`data`](Self::data).
    pub fn json(&self, document: &impl serde::Serialize) -> io::Result<()> {
        self.data(serde_json::to_string_pretty(document)?)
    }

    /// A line about the work, for people.
    pub fn note(&self, line: impl AsRef<str>) {
        // Nobody left to tell.
        let _ = writeln!(anstream::stderr().lock(), "{}", line.as_ref());
    }

    /// A warning.
    pub fn warning(&self, line: impl AsRef<str>) {
        self.note(format!("{} {}", paint(WARNING, "warning:"), line.as_ref()));
    }

    /// A failure: its message, and a `hint:` line for each advice.
    pub fn failure(&self, failure: &Failure) {
        self.note(format!("{} {}", paint(ERROR, "error:"), failure.message));
        for hint in &failure.hints {
            self.note(format!("{} {hint}", paint(HINT, "hint:")));
        }
    }
}

/// Whether a person watches standard error.
pub fn watched() -> bool {
    io::stderr().is_terminal() && std::env::var_os("CI").is_none()
}

/// Text in a style. The streams drop styles where there is no terminal or `NO_COLOR` is set.
pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
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
