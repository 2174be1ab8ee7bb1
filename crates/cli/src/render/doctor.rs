//! `doctor`

use serde::Serialize;

use crate::commands::doctor::{DoctorRequest, Finding, State, doctor};
use crate::failure::{Exit, Failure};
use crate::printer::{ERROR, FAINT, GOOD, HINT, OutputFormat, Printer, WARNING, paint};

/// Looks, and prints a line for each thing.
///
/// # Errors
/// What writing to standard output says.
pub async fn run(request: DoctorRequest, printer: &Printer) -> Result<Exit, Failure> {
    let findings = doctor(request).await;
    let worst = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Good);
    let printed = match printer.format {
        OutputFormat::Json => printer.json(&DoctorJson::from(findings.as_slice())),
        OutputFormat::Text => {
            findings.iter().flat_map(lines).try_for_each(|line| printer.data(line))
        }
    };
    super::printed(printed)?;
    Ok(if worst == State::Problem { Exit::Undecided } else { Exit::Yes })
}

fn lines(finding: &Finding) -> Vec<String> {
    let style = match finding.state {
        State::Good => GOOD,
        State::Skipped => FAINT,
        State::Warning => WARNING,
        State::Problem => ERROR,
    };
    let word = paint(style, &format!("{:8}", word(finding.state)));
    let mut lines = vec![format!("{word}{:22} {}", finding.about, finding.message)];
    let hints = finding.hints.iter();
    lines.extend(hints.map(|hint| format!("{:31}{} {hint}", "", paint(HINT, "hint:"))));
    lines
}

fn word(state: State) -> &'static str {
    match state {
        State::Good => "good",
        State::Skipped => "skipped",
        State::Warning => "warning",
        State::Problem => "problem",
    }
}

/// `chainsign.doctor/v1`
#[derive(Serialize)]
struct DoctorJson<'a> {
    schema: &'static str,
    outcome: &'static str,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    about: &'a str,
    state: &'a str,
    message: &'a str,
    hints: &'a [String],
}

impl<'a> From<&'a [Finding]> for DoctorJson<'a> {
    fn from(findings: &'a [Finding]) -> Self {
        let worst = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Good);
        DoctorJson {
            schema: "chainsign.doctor/v1",
            outcome: if worst == State::Problem { "problem" } else { "good" },
            findings: findings
                .iter()
                .map(|finding| FindingJson {
                    about: finding.about,
                    state: word(finding.state),
                    message: &finding.message,
                    hints: &finding.hints,
                })
                .collect(),
        }
    }
}
