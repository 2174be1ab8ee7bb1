//! `verify --manifest`, `--dockerfile`, `--admission-review`

use std::path::PathBuf;

use jiff::Timestamp;

use super::printed;
use super::report::view::{Weakened, Word};
use super::report::{Reports, Standard};
use crate::commands::admission::{
    Answered, Files, FilesDecided, FilesRequest, PinTo, PlaceDecided, ReviewRead, ReviewRequest,
};
use crate::commands::verify::VerifyRequest;
use crate::failure::{Exit, Failure};
use crate::files::Output;
use crate::flags::report::ReportFormat;
use crate::flags::verify::VerifyFlags;
use crate::plain;
use crate::printer::Printer;
use crate::resolve::admission::{AdmissionRequest, admission};
use crate::resolve::registry::chosen_by_a_file;
use crate::resolve::{report, verify as resolving};

/// Verifies the images that files name, and reports that as `verify` does. A pinned file or a response takes the place of
/// the report on standard output.
///
/// # Errors
/// What kept everything from being verified; `unwritable` when something could not be written.
pub(super) fn verify(
    flags: VerifyFlags,
    printer: &Printer,
    now: Timestamp,
) -> Result<Exit, Failure> {
    let request = admission(&flags.admission)?;
    chosen_by_a_file(&flags.registry)?;
    match request {
        AdmissionRequest::Files(request) => files(&request, flags, printer, now),
        AdmissionRequest::Review(request) => review(&request, flags, printer, now),
    }
}

fn files(
    request: &FilesRequest,
    mut flags: VerifyFlags,
    printer: &Printer,
    now: Timestamp,
) -> Result<Exit, Failure> {
    let standard = match request.pin {
        Some(PinTo::StandardOutput) => Standard::Taken,
        _ => Standard::Report,
    };
    if standard == Standard::Taken {
        taken(&flags, "--pin -")?;
    }
    let inputs = request.inputs.iter().map(|it| &it.path).chain(&flags.policy).chain(&flags.bundle);
    let reporting = report::reports(&flags.report, inputs.map(PathBuf::as_path))?;
    let reports = Reports::prepare(&reporting)?;
    let output = match &request.pin {
        Some(PinTo::File(path)) => Some(Output::prepare(path)?),
        _ => None,
    };
    let dangerous_at = flags.dangerous_at;
    let read = Files::read(request);
    let demanded = read.as_ref().map_err(Clone::clone).and_then(|files| {
        flags.targets = files.references().iter().map(typed).collect();
        resolving::verify(flags, now)
    });
    let weakened = Weakened { dangerous_at, flags: weakened(&demanded) };
    let decided = read.and_then(|files| files.decide(demanded?));
    let decided = match decided {
        Ok(decided) => decided,
        Err(failure) => return reports.tell(Err(failure), weakened, standard, printer),
    };
    let exit = decided.exit();
    let FilesDecided { outcomes, places, pinned } = decided;
    let exit = reports.tell(Ok(outcomes), weakened, standard, printer)?.max(exit);
    places.iter().for_each(|place| printer.note(line(place)));
    let Some(to) = &request.pin else { return Ok(exit) };
    let Some(pinned) = pinned else {
        printer.note("nothing was pinned: not all of it passed");
        return Ok(exit);
    };
    let pinned = pinned?;
    match (to, output) {
        (PinTo::File(_), Some(output)) => drop(output.write(&pinned)?),
        _ => drop(printed(printer.bytes(&pinned))?),
    }
    Ok(exit)
}

fn review(
    request: &ReviewRequest,
    mut flags: VerifyFlags,
    printer: &Printer,
    now: Timestamp,
) -> Result<Exit, Failure> {
    taken(&flags, "--admission-review")?;
    let inputs = [&request.path].into_iter().chain(&flags.policy).chain(&flags.bundle);
    let reporting = report::reports(&flags.report, inputs.map(PathBuf::as_path))?;
    let reports = Reports::prepare(&reporting)?;
    let read = ReviewRead::read(request)?;
    let dangerous_at = flags.dangerous_at;
    flags.targets = read.references().iter().map(typed).collect();
    let demanded = resolving::verify(flags, now);
    let weakened = Weakened { dangerous_at, flags: weakened(&demanded) };
    let answered = read.answer(demanded);
    let exit = answered.exit();
    let Answered { response, decided } = answered;
    printed(printer.json(&response))?;
    // Whatever is told besides, the response is what was asked for.
    match decided {
        Ok(outcomes) if outcomes.is_empty() => {}
        decided => {
            if let Err(failure) = reports.tell(decided, weakened, Standard::Taken, printer) {
                printer.failure(&failure);
            }
        }
    }
    Ok(exit)
}

/// Something else than a report is what is printed.
fn taken(flags: &VerifyFlags, by: &str) -> Result<(), Failure> {
    if flags.report.output == ReportFormat::Tree {
        return Ok(());
    }
    let message = format!("found --output with {by}, which has standard output for itself");
    Err(Failure::undecided("bad-flag", message)
        .hint("write the report to a file: --report FORMAT=FILE"))
}

fn weakened(demanded: &Result<VerifyRequest, Failure>) -> Vec<&'static str> {
    demanded.as_ref().map(|it| it.decide.weakened()).unwrap_or_default()
}

/// An image as a target that cannot be taken for a file.
fn typed(reference: &chainsign_core::image::ImageReference) -> PathBuf {
    PathBuf::from(format!("docker://{reference}"))
}

/// A place with what it names and what became of it.
fn line(place: &PlaceDecided) -> String {
    let word = Word::of_exit(place.exit).as_str();
    let digest = place.digest.as_ref().map(|digest| format!(" is {digest}"));
    let text = format!("{}: {}{}: {word}", place.place, place.written, digest.unwrap_or_default());
    plain::plain(&text).into_owned()
}
