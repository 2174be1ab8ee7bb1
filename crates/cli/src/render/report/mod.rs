//! What `verify` decided, for whoever has to know: people in a terminal, programs, code scanning,
//! the summary of a CI run, and a page to keep beside a release.
//!
//! [`view`] says what there is to say, once; each format says it in its own way. Everything that
//! came from outside is data in all of them: no format lets a name become markup, a link or an
//! escape sequence.

pub mod chain;
pub mod html;
pub mod json;
pub mod markdown;
pub mod sarif;
pub mod tree;
pub mod view;

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

use self::json::RunJson;
use self::view::{Run, Weakened};
use super::FailedJson;
use crate::commands::policy;
use crate::commands::verify::{self as verifying, TargetOutcome, VerifyRequest};
use crate::failure::{Exit, Failure};
use crate::files::{self, Output};
use crate::flags::policy::PolicyReplayFlags;
use crate::flags::report::ReportFormat;
use crate::flags::verify::VerifyFlags;
use crate::printer::{Printer, json_text, terminal_width};
use crate::resolve::report::{FileRequest, Placement, ReportRequest};
use crate::resolve::{report, verify as resolving};

/// Verifies, and reports what was decided in every way that was asked for.
///
/// Whatever happens after the command line was understood is reported, too: a CI job that uploads
/// a report finds one.
///
/// # Errors
/// What kept everything from being verified; `unwritable` when a report could not be written.
pub fn verify(flags: VerifyFlags, printer: &Printer, now: Timestamp) -> Result<Exit, Failure> {
    let inputs = flags.targets.iter().chain(&flags.policy).chain(&flags.bundle);
    let request = report::reports(&flags.report, inputs.map(PathBuf::as_path))?;
    let reports = Reports::prepare(&request)?;
    let dangerous_at = flags.dangerous_at;
    let demanded = resolving::verify(flags, now);
    let flags = match &demanded {
        Ok(VerifyRequest { decide, registry, .. }) => {
            [decide.weakened(), registry.weakened()].concat()
        }
        Err(_) => Vec::new(),
    };
    let decided = demanded.and_then(|demanded| verifying::verify(&demanded));
    reports.tell(decided, Weakened { dangerous_at, flags }, Standard::Report, printer)
}

/// Decides again from what was kept, and reports that as [`verify`] did.
///
/// # Errors
/// What kept it from being decided; `unwritable` when a report could not be written.
pub fn replay(flags: PolicyReplayFlags, printer: &Printer) -> Result<Exit, Failure> {
    let request = report::reports(&flags.report, [flags.file.as_path()])?;
    let reports = Reports::prepare(&request)?;
    let (decided, dangerous_at) = match policy::replay(&flags.file) {
        Ok(replayed) => (Ok(replayed.outcomes), replayed.dangerous_at),
        Err(failure) => (Err(failure), None),
    };
    if decided.is_ok() {
        printer.note(format!(
            "replayed from {}: what was read from the artifacts is taken as it was kept",
            flags.file.display()
        ));
    }
    let weakened = Weakened { dangerous_at, flags: Vec::new() };
    reports.tell(decided, weakened, Standard::Report, printer)
}

/// What goes to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standard {
    /// The report.
    Report,
    /// Something else.
    Taken,
}

/// The reports that were asked for, their files ready.
pub(super) struct Reports<'a> {
    request: &'a ReportRequest,
    files: Vec<ReportOutput<'a>>,
}

impl<'a> Reports<'a> {
    pub(super) fn prepare(request: &'a ReportRequest) -> Result<Self, Failure> {
        let files = request.files.iter().map(ReportOutput::prepare);
        Ok(Reports { request, files: files.collect::<Result<_, _>>()? })
    }

    pub(super) fn tell(
        self,
        decided: Result<Vec<TargetOutcome>, Failure>,
        weakened: Weakened,
        standard: Standard,
        printer: &Printer,
    ) -> Result<Exit, Failure> {
        if self.request.printed != ReportFormat::Tree || standard == Standard::Taken {
            weakened.sentences().iter().for_each(|sentence| printer.warning(sentence));
        }
        let given = decided.iter().flatten().next().and_then(|it| it.given.as_ref());
        if let Some(warning) = given.and_then(|given| given.warning.as_ref()) {
            printer.warning(warning);
        }
        let run = Run::new(decided.as_deref(), weakened);
        let written = self.files.into_iter().try_for_each(|file| file.write(&run));
        if standard == Standard::Report {
            super::printed(print(self.request, printer, &run))?;
        }
        written?;
        let outcomes = decided?;
        Ok(outcomes.iter().map(TargetOutcome::exit).max().unwrap_or(Exit::Undecided))
    }
}

/// A report as a document.
///
/// # Errors
/// What serializing says.
pub fn document(format: ReportFormat, run: &Run<'_>) -> io::Result<String> {
    let mut text = match format {
        ReportFormat::Tree => match &run.decided {
            Ok(_) => plain_lines(tree::lines(run, None)),
            Err(failure) => plain_lines(vec![format!("error: {}", failure.message)]),
        },
        ReportFormat::Json => match &run.decided {
            Ok(_) => json_text(&RunJson::from(run))?,
            Err(failure) => json_text(&FailedJson::from(*failure))?,
        },
        ReportFormat::Sarif => json_text(&sarif::log(run))?,
        ReportFormat::Markdown => markdown::document(run),
        ReportFormat::Html => html::page(run),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// The report on standard output. A failure as a whole is told by the caller, on standard error
/// and, where that was asked for, as JSON.
fn print(request: &ReportRequest, printer: &Printer, run: &Run<'_>) -> io::Result<()> {
    match (request.printed, &run.decided) {
        (ReportFormat::Tree, Ok(_)) => {
            let lines = tree::lines(run, terminal_width());
            lines.iter().try_for_each(|line| printer.data(line))
        }
        (ReportFormat::Tree | ReportFormat::Json, Err(_)) => Ok(()),
        (format, _) => printer.bytes(document(format, run)?.as_bytes()),
    }
}

/// A file that will hold a report: known to be writable before any work is done.
struct ReportOutput<'a> {
    request: &'a FileRequest,
    output: Option<Output>,
}

impl<'a> ReportOutput<'a> {
    fn prepare(request: &'a FileRequest) -> Result<Self, Failure> {
        let output = match request.placement {
            Placement::Replace => Some(Output::prepare(&request.file.path)?),
            Placement::Append => None,
        };
        Ok(ReportOutput { request, output })
    }

    fn write(self, run: &Run<'_>) -> Result<(), Failure> {
        let text = document(self.request.file.format, run)
            .map_err(|error| Failure::because("unwritable", "cannot make the report", &error))?;
        match self.output {
            Some(output) => output.write(text.as_bytes()).map(|_| ()),
            None => files::append(&self.request.file.path, text.as_bytes()),
        }
    }
}

/// Lines without styles, for a file.
fn plain_lines(lines: Vec<String>) -> String {
    let lines = lines.iter().map(|line| anstream::adapter::strip_str(line).to_string());
    lines.collect::<Vec<_>>().join("\n")
}
