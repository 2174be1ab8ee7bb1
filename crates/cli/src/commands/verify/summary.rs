//! What was decided, as a verification summary.

use std::io;

use chainsign_policy::SummaryError;
use chainsign_slsa::vsa::Summary;

use super::SummaryRequest;
use super::targets::{Decided, TargetOutcome};
use crate::failure::{Exit, Failure};
use crate::files::Output;

/// Prepares to write a summary, and takes away what is there: where nothing is decided nothing is written,
/// and nobody must sign yesterday's.
///
/// # Errors
/// `unwritable`
pub(super) fn prepare(request: &SummaryRequest) -> Result<Output, Failure> {
    let output = Output::prepare(&request.path)?;
    match std::fs::remove_file(&request.path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let what = format!("cannot replace {}", request.path.display());
            Err(Failure::because("unwritable", &what, &error))
        }
        _ => Ok(output),
    }
}

/// Writes the summary of the one decision; nothing where none was made, which the outcome then says.
///
/// # Errors
/// `bad-flag` for a URI that is none; `no-summary` when there is a decision without a verdict, or several;
/// `unwritable`.
pub(super) fn write(
    output: Output,
    request: &SummaryRequest,
    outcomes: &[TargetOutcome],
) -> Result<(), Failure> {
    if outcomes.iter().all(|outcome| outcome.exit() == Exit::Undecided) {
        return Ok(());
    }
    let verdict = match outcomes {
        [TargetOutcome { decided: Ok(Decided::Verdict(verdict)), .. }] => verdict,
        [_] => {
            let message = "a set of policies let the target pass without a verdict";
            return Err(no_summary(message));
        }
        several => {
            let message = format!("{} policies decided, wanted one", several.len());
            return Err(no_summary(&message)
                .hint("a summary is of one policy: call verify with each policy alone"));
        }
    };
    let json = match verdict.summary(&request.details).and_then(|it| Ok(Summary::to_json(&it)?)) {
        Ok(json) => json,
        Err(SummaryError::Undecided) => return Ok(()),
        Err(error) => return Err(Failure::because("bad-flag", "--vsa", &error)),
    };
    output.write(format!("{}\n", json.get()).as_bytes()).map(drop)
}

fn no_summary(message: &str) -> Failure {
    Failure::undecided("no-summary", format!("cannot write a summary: {message}"))
}
