//! What was decided, as a verification summary.

use std::io;
use std::path::Path;

use chainsign_core::digest::ArtifactDigests;
use chainsign_core::statement::{Statement, Subject};
use chainsign_policy::SummaryError;
use chainsign_policy::verdict::ArtifactIdentity;
use chainsign_slsa::vsa::Summary;
use serde_json::value::RawValue;

use super::SummaryRequest;
use super::targets::{Decided, TargetOutcome};
use crate::failure::{Exit, Failure};
use crate::files::Output;
use crate::flags::summary::SummaryForm;

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
    let predicate = match verdict.summary(&request.details).and_then(|it| Ok(it.to_json()?)) {
        Ok(predicate) => predicate,
        Err(SummaryError::Undecided) => return Ok(()),
        Err(error) => return Err(Failure::because("bad-flag", "--vsa", &error)),
    };
    let mut json = match request.form {
        SummaryForm::Predicate => predicate.get().as_bytes().to_vec(),
        SummaryForm::Statement => statement(&verdict.report().artifact, predicate)
            .map_err(|error| Failure::because("no-summary", "cannot write a statement", &error))?,
    };
    json.push(b'\n');
    output.write(&json).map(drop)
}

/// A statement about the artifact, and about the image in it: evidence may name either.
fn statement(
    artifact: &ArtifactIdentity,
    predicate: Box<RawValue>,
) -> Result<Vec<u8>, chainsign_core::Error> {
    let path = Path::new(&artifact.name);
    let name = path.file_name().map_or(artifact.name.clone().into(), |it| it.to_string_lossy());
    let image = artifact.image.clone().map(ArtifactDigests::from);
    let subjects = std::iter::once(&artifact.digests).chain(&image);
    let subjects = subjects.map(|digests| Subject::new(name.clone(), digests)).collect();
    Statement::new(subjects, Summary::predicate_type(), predicate).to_json()
}

fn no_summary(message: &str) -> Failure {
    Failure::undecided("no-summary", format!("cannot write a summary: {message}"))
}
