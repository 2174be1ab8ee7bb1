//! `--output` and `--report` of `verify`

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::printer::OutputFormat;

/// How and where a decision is reported.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportFlags {
    /// How to print the report on standard output
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    pub output: ReportFormat,
    /// Write a report to a file as well; repeat it for several. A file is replaced whole or not at
    /// all; only the file that GITHUB_STEP_SUMMARY names is added to
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<ReportFile>,
}

impl ReportFlags {
    /// How what is not a report is printed.
    pub fn format(&self) -> OutputFormat {
        match self.output {
            ReportFormat::Json => OutputFormat::Json,
            _ => OutputFormat::Text,
        }
    }
}

/// How a decision is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum)]
pub enum ReportFormat {
    /// For people: every rule with its evidence
    #[default]
    #[value(alias = "text")]
    Tree,
    /// For programs: docs/schema/verify.v1.json
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For the summary of a CI run
    #[value(alias = "md")]
    Markdown,
    /// One self-contained page: the chain of trust from the artifact to the root
    Html,
}

/// A report to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    /// How.
    pub format: ReportFormat,
    /// Where.
    pub path: PathBuf,
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((format, path)) = text.split_once('=') else {
            return Err("no `=` was found, wanted FORMAT=FILE, e.g. html=report.html".to_owned());
        };
        let format = ReportFormat::from_str(format, false)
            .map_err(|_| format!("the format is {format:?}, wanted {}", names().join(", ")))?;
        match path {
            "" => Err("no file is named behind the `=`".to_owned()),
            "-" => Err("a report is a file; --output prints on standard output".to_owned()),
            path => Ok(ReportFile { format, path: path.into() }),
        }
    }
}

fn names() -> Vec<String> {
    let values = ReportFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    values.map(|value| value.get_name().to_owned()).collect()
}
