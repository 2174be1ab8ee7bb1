//! `sign-blob`, `attest`, `attest-blob`

use std::io;

use chainsign_verify::VerifiedSigner;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::FailureJson;
use crate::commands::sign::{
    Keep, Named, Outcome, Progress, SignRequest, SignedFile, UnsignedFile, What, sign,
};
use crate::failure::{Exit, Failure};
use crate::flags::sign::Run;
use crate::printer::{FAINT, GOOD, OutputFormat, Printer, paint, watched};

/// Signs, or tells what that would make public. Prints a line for each file as it is done; the documents of all at the end as JSON.
/// Files that were not signed are named with their reasons, and the exit code is the worst of
/// theirs.
///
/// # Errors
/// As [`sign`]; for a request of one file, why it was not signed.
pub async fn run(request: SignRequest, run: Run, printer: &Printer) -> Result<Exit, Failure> {
    if run == Run::Tell {
        return super::preview::run(request, printer).await;
    }
    let verb = if matches!(request.what, What::Files) { "signed" } else { "attested" };
    let text = printer.format == OutputFormat::Text;
    let mut telling = Telling { printer, verb, bar: None, begun: false, unprinted: None };
    let outcome = sign(request, &mut telling).await;
    if let Some(bar) = telling.bar.take() {
        bar.finish_and_clear();
    }
    let (outcome, unprinted) = (outcome?, telling.unprinted);
    if let Some(error) = unprinted {
        super::printed(Err(error))?;
    }
    if let Some(warning) = &outcome.warning {
        printer.warning(warning);
    }
    if outcome.count == 0 && outcome.unsigned.len() == 1 {
        return outcome.only().map(|_| Exit::Yes);
    }
    tell_unsigned(verb, &outcome, printer);
    if text {
        summary(verb, &outcome).iter().for_each(|line| printer.note(line));
    } else {
        super::printed(printer.json(&SignedJson::from(&outcome)))?;
    }
    Ok(outcome.unsigned.iter().map(|it| it.failure.exit).max().unwrap_or(Exit::Yes))
}

/// Tells of each file as it is signed; of many, while a person watches, with a bar.
struct Telling<'a> {
    printer: &'a Printer,
    verb: &'static str,
    bar: Option<ProgressBar>,
    /// Whether a file is signed.
    begun: bool,
    /// What went wrong on standard output.
    unprinted: Option<io::Error>,
}

impl Progress for &mut Telling<'_> {
    fn begin(&mut self, files: usize) {
        if files > MOST_LINES && watched() {
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} files, {eta} left");
            let bar = ProgressBar::new(files as u64);
            self.bar =
                Some(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)));
        }
    }

    /// The documents of all are printed at the end as JSON; in words the first speaks for all.
    fn signed(&mut self, file: &SignedFile) -> Keep {
        match &self.bar {
            Some(bar) => bar.inc(1),
            None if self.printer.format == OutputFormat::Text => {
                lines(self.verb, file).iter().for_each(|line| self.printer.note(line));
            }
            None => {}
        }
        alone(file, self.printer);
        if let Some(bytes) = &file.printed
            && self.printer.format == OutputFormat::Text
        {
            self.unprinted = self.unprinted.take().or(self.printer.bytes(bytes).err());
        }
        let first = !std::mem::replace(&mut self.begun, true);
        match first || self.printer.format == OutputFormat::Json {
            true => Keep::Everything,
            false => Keep::Nothing,
        }
    }
}

/// What became of many files, in a line or two.
fn summary(verb: &str, outcome: &Outcome) -> Vec<String> {
    let (signed, left) = (outcome.count, outcome.left.len());
    let mut lines = Vec::new();
    if let Some(file) = outcome.signed.first().filter(|_| signed > 1) {
        lines.push(format!("{} {signed} files by {}", paint(GOOD, verb), signer(file)));
    }
    if left > 0 {
        let files = if left == 1 { "1 file was".to_owned() } else { format!("{left} files were") };
        let done = format!("{files} {verb} already, and left as they are; --again does them anew");
        lines.push(paint(FAINT, &done));
    }
    lines
}

/// Says of a keyless signature that was asked for without its bundle that it needs it.
fn alone(file: &SignedFile, printer: &Printer) {
    let keyless = matches!(file.verified.signer(), VerifiedSigner::Certificate(_));
    let (Named::ByUs, true, Some(signature), Some(bundle)) =
        (file.named, keyless, &file.signature, &file.bundle)
    else {
        return;
    };
    printer.warning(format!(
        "{} alone cannot be verified: nothing in it says who signed, or when",
        signature.display()
    ));
    let bundle = bundle.display();
    printer.hint(format!("add --bundle={bundle} and release that file"));
}

/// What was not done, and how to do only that.
fn tell_unsigned(verb: &str, outcome: &Outcome, printer: &Printer) {
    for UnsignedFile { path, failure } in &outcome.unsigned {
        let message = format!("{} is not {verb}: {}", path.display(), failure.message);
        printer.failure(&Failure { message, ..failure.clone() });
    }
    if !outcome.unsigned.is_empty() {
        let (done, left) = (outcome.count, outcome.unsigned.len());
        printer
            .note(format!("{done} of {} files {verb}; run it again for the others", done + left));
    }
}

/// What was done to a file, in lines.
pub fn lines(verb: &str, file: &SignedFile) -> Vec<String> {
    let into = file.bundle.as_ref().or(file.signature.as_ref());
    let into = into.map_or_else(String::new, |path| format!(" in {}", path.display()));
    let subjects = file.verified.statement().map_or(1, |statement| statement.subject.len());
    let what = match file.bundle.as_ref() == Some(&file.path) {
        // One statement about all files: its own file is the bundle.
        true => format!("{subjects} files at once"),
        false => file.path.display().to_string(),
    };
    let mut lines = vec![format!("{} {what}{into}", paint(GOOD, verb))];
    lines.push(paint(FAINT, &format!("  by {}", signer(file))));
    for entry in &file.published {
        lines.push(paint(FAINT, &format!("  public as {entry}")));
    }
    lines
}

fn signer(file: &SignedFile) -> String {
    match file.verified.signer() {
        VerifiedSigner::Certificate(certificate) => {
            let identity = certificate.identity();
            format!("{} (issuer {})", identity.subject, identity.issuer)
        }
        VerifiedSigner::Key(key) => format!("the key {}", key.fingerprint()),
    }
}

#[derive(Serialize)]
struct SignedJson {
    schema: &'static str,
    files: Vec<FileJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left: Vec<String>,
    unsigned: Vec<UnsignedJson>,
}

#[derive(Serialize)]
struct UnsignedJson {
    file: String,
    failure: FailureJson,
}

impl From<&Outcome> for SignedJson {
    fn from(outcome: &Outcome) -> Self {
        let unsigned = |UnsignedFile { path, failure }: &UnsignedFile| UnsignedJson {
            file: path.display().to_string(),
            failure: failure.into(),
        };
        SignedJson {
            schema: "chainsign.sign/v1",
            files: outcome.signed.iter().map(FileJson::from).collect(),
            left: outcome.left.iter().map(|path| path.display().to_string()).collect(),
            unsigned: outcome.unsigned.iter().map(unsigned).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileJson {
    file: String,
    digests: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    signer: String,
    log_entries: Vec<EntryJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryJson {
    log: String,
    log_index: u64,
}

impl From<&SignedFile> for FileJson {
    fn from(file: &SignedFile) -> Self {
        let path = |path: &std::path::PathBuf| path.display().to_string();
        let entry = |entry: &chainsign_keyless::PublicEntry| EntryJson {
            log: entry.log.clone(),
            log_index: entry.index,
        };
        FileJson {
            file: file.path.display().to_string(),
            digests: file.digests.iter().map(ToString::to_string).collect(),
            bundle: file.bundle.as_ref().map(path),
            signature: file.signature.as_ref().map(path),
            signer: signer(file),
            log_entries: file.published.iter().map(entry).collect(),
        }
    }
}

/// Files that are told of one by one, even if a person watches.
const MOST_LINES: usize = 8;
