//! `sbom`

use std::fmt;
use std::time::Duration;

use chainsign_artifact::Meter;
use chainsign_gosbom::diff::{Difference, Name, Source, SumMismatch, VersionMismatch};
use indicatif::style::TemplateError;
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde::Serialize;

use super::counted;
use crate::commands::sbom::diff::{Compared, DiffRequest, Side, diff};
use crate::commands::sbom::{Made, Progress, SbomRequest, sbom as make_sbom};
use crate::failure::{Exit, Failure};
use crate::files::Output;
use crate::flags::sbom::SbomFlags;
use crate::printer::{OutputFormat, Printer, watched};
use crate::resolve::sbom::{SbomTask, sbom as resolve_sbom};

/// `sbom`
///
/// # Errors
/// As [`make_sbom`] and [`diff`]; `unwritable`, before anything is read.
pub fn sbom(flags: SbomFlags, printer: &Printer) -> Result<Exit, Failure> {
    let output = flags.output.as_deref().map(Output::prepare).transpose()?;
    let (bytes, exit) = match resolve_sbom(flags)? {
        SbomTask::Make(request) => (made(&request, printer)?.document, Exit::Yes),
        SbomTask::Diff(request) => compared(&request, printer)?,
    };
    match output {
        Some(output) => output.write(&bytes).map(|_| exit),
        None => super::printed(printer.bytes(&bytes)).map(|_| exit),
    }
}

fn made(request: &SbomRequest, printer: &Printer) -> Result<Made, Failure> {
    let bar = Bar::new();
    let made = make_sbom(request, &bar);
    bar.finish();
    let made = made?;
    for unread in &made.unread {
        printer.warning(unread.to_string());
    }
    if made.binaries + made.not_go + made.unread.len() > 1 {
        let binaries = counted(made.binaries, "Go binary", "Go binaries");
        let others = counted(made.not_go, "other file", "other files");
        printer.note(format!("{binaries}, {others}"));
    }
    Ok(made)
}

fn compared(request: &DiffRequest, printer: &Printer) -> Result<(Vec<u8>, Exit), Failure> {
    let compared = diff(request)?;
    let exit = if compared.difference.is_none() { Exit::Yes } else { Exit::No };
    let bytes = match printer.format {
        OutputFormat::Text => compared.difference.to_string().into_bytes(),
        OutputFormat::Json => {
            let json = serde_json::to_vec_pretty(&DiffJson::from(&compared));
            let mut json = json.map_err(|error| {
                Failure::because("system", "the differences cannot be written", &error)
            })?;
            json.push(b'\n');
            json
        }
    };
    Ok((bytes, exit))
}

/// A line on standard error while a person watches, and work that takes long enough to be seen.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let target = match watched() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        Bar(ProgressBar::with_draw_target(None, target))
    }

    fn show(&self, style: Result<ProgressStyle, TemplateError>, of: u64) {
        if let Ok(style) = style {
            self.0.set_style(style);
        }
        self.0.set_length(of);
        self.0.enable_steady_tick(Duration::from_millis(200));
    }

    fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&self, files: usize) {
        if files > 1 {
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} files, {eta} left");
            self.show(style, files as u64);
        }
    }

    fn advance(&self) {
        if self.0.length().is_some() {
            self.0.inc(1);
        }
    }

    /// Of several files, the files are counted.
    fn reading(&self, bytes: u64, meter: &Meter) {
        if self.0.length().is_none() {
            let meter = meter.clone();
            let style = ProgressStyle::with_template("{read} of {total_bytes} read, {elapsed}");
            let read = move |_: &ProgressState, line: &mut dyn fmt::Write| {
                // Of some layers, parts are read twice.
                let _ = write!(line, "{}", HumanBytes(meter.bytes().min(bytes)));
            };
            self.show(style.map(|style| style.with_key("read", read)), bytes);
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DiffJson<'a> {
    schema: &'static str,
    outcome: &'static str,
    actual: SideJson,
    stated: SideJson,
    missing: Vec<NameJson<'a>>,
    extra: Vec<NameJson<'a>>,
    version_differs: Vec<VersionJson<'a>>,
    sum_differs: Vec<SumJson<'a>>,
    version_unknown: Vec<NameJson<'a>>,
    sum_unknown: Vec<NameJson<'a>>,
}

#[derive(Serialize)]
struct SideJson {
    path: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct NameJson<'a> {
    path: &'a str,
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct VersionJson<'a> {
    actual: NameJson<'a>,
    stated: Vec<NameJson<'a>>,
}

#[derive(Serialize)]
struct SumJson<'a> {
    module: NameJson<'a>,
    actual: &'a str,
    stated: &'a str,
}

impl<'a> From<&'a Compared> for DiffJson<'a> {
    fn from(compared: &'a Compared) -> Self {
        let Compared { actual, stated, difference } = compared;
        let Difference { missing, extra, version_differs, sum_differs, .. } = difference;
        DiffJson {
            schema: "chainsign.sbom-diff/v1",
            outcome: if difference.is_none() { "equal" } else { "different" },
            actual: actual.into(),
            stated: stated.into(),
            missing: names(missing),
            extra: names(extra),
            version_differs: version_differs.iter().map(VersionJson::from).collect(),
            sum_differs: sum_differs.iter().map(SumJson::from).collect(),
            version_unknown: names(&difference.version_unknown),
            sum_unknown: names(&difference.sum_unknown),
        }
    }
}

impl From<&Side> for SideJson {
    fn from(side: &Side) -> Self {
        let kind = match side.source {
            Source::Binary => "binary",
            _ => "sbom",
        };
        SideJson { path: side.path.display().to_string(), kind }
    }
}

fn names(names: &[Name]) -> Vec<NameJson<'_>> {
    names.iter().map(NameJson::from).collect()
}

impl<'a> From<&'a Name> for NameJson<'a> {
    fn from(name: &'a Name) -> Self {
        NameJson { path: &name.path, version: name.version.as_deref() }
    }
}

impl<'a> From<&'a VersionMismatch> for VersionJson<'a> {
    fn from(mismatch: &'a VersionMismatch) -> Self {
        VersionJson { actual: (&mismatch.actual).into(), stated: names(&mismatch.stated) }
    }
}

impl<'a> From<&'a SumMismatch> for SumJson<'a> {
    fn from(mismatch: &'a SumMismatch) -> Self {
        SumJson {
            module: (&mismatch.module).into(),
            actual: mismatch.actual.as_str(),
            stated: mismatch.stated.as_str(),
        }
    }
}
