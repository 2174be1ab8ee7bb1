//! `--output` and `--report` of `verify`

use std::path::Path;

use crate::failure::Failure;
use crate::flags::report::{ReportFile, ReportFlags, ReportFormat};

/// Where a decision is reported.
#[derive(Debug)]
pub struct ReportRequest {
    /// The report on standard output.
    pub printed: ReportFormat,
    /// The reports in files.
    pub files: Vec<FileRequest>,
}

/// A report in a file.
#[derive(Debug)]
pub struct FileRequest {
    /// How, and where.
    pub file: ReportFile,
    /// What becomes of a file that is there.
    pub placement: Placement,
}

/// What becomes of a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// The report takes its place.
    Replace,
    /// The report comes behind what is in it.
    Append,
}

/// Where a decision is reported.
///
/// # Errors
/// `bad-flag` for two reports in one file, and for a report in the place of what is verified.
pub fn reports<'a>(
    flags: &ReportFlags,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<ReportRequest, Failure> {
    let inputs: Vec<_> = inputs.into_iter().collect();
    let summary = std::env::var_os("GITHUB_STEP_SUMMARY");
    let mut files: Vec<FileRequest> = Vec::new();
    for file in &flags.report {
        let path = file.path.display();
        if files.iter().any(|other| same(&other.file.path, &file.path)) {
            let message = format!("found two reports that go to {path}, wanted a file for each");
            return Err(Failure::undecided("bad-flag", message));
        }
        if inputs.iter().any(|input| same(input, &file.path)) {
            let message = format!("a report would take the place of {path}, which is read");
            return Err(Failure::undecided("bad-flag", message).hint("name another file"));
        }
        let is_summary = summary.as_ref().is_some_and(|it| same(Path::new(it), &file.path));
        let placement = if is_summary { Placement::Append } else { Placement::Replace };
        files.push(FileRequest { file: file.clone(), placement });
    }
    Ok(ReportRequest { printed: flags.output, files })
}

/// Whether two paths are the same file, by name or because both exist and are one.
pub(super) fn same(left: &Path, right: &Path) -> bool {
    let canonical = |path: &Path| path.canonicalize().ok();
    left == right || matches!((canonical(left), canonical(right)), (Some(l), Some(r)) if l == r)
}
