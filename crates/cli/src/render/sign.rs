//! `sign-blob`, `attest`, `attest-blob`

use chainsign_verify::VerifiedSigner;
use serde::Serialize;

use super::FailureJson;
use crate::commands::sign::{Named, Outcome, SignRequest, SignedFile, UnsignedFile, What, sign};
use crate::failure::{Exit, Failure};
use crate::printer::{FAINT, GOOD, OutputFormat, Printer, paint};

/// Signs, and prints a line for each file as it is done; the documents of all at the end as JSON.
/// Files that were not signed are named with their reasons, and the exit code is the worst of
/// theirs.
///
/// # Errors
/// As [`sign`]; for a request of one file, why it was not signed.
pub async fn run(request: SignRequest, printer: &Printer) -> Result<Exit, Failure> {
    let verb = if matches!(request.what, What::Files) { "signed" } else { "attested" };
    let text = printer.format == OutputFormat::Text;
    let mut unprinted = None;
    let outcome = sign(request, |file| {
        if text {
            lines(verb, file).iter().for_each(|line| printer.note(line));
        }
        alone(file, printer);
        if let Some(bytes) = file.printed.as_deref().filter(|_| text) {
            unprinted = unprinted.take().or(printer.bytes(bytes).err());
        }
    })
    .await?;
    if let Some(error) = unprinted {
        super::printed(Err(error))?;
    }
    if let Some(warning) = &outcome.warning {
        printer.warning(warning);
    }
    if outcome.signed.is_empty() && outcome.unsigned.len() == 1 {
        return outcome.only().map(|_| Exit::Yes);
    }
    tell_unsigned(verb, &outcome, printer);
    if !text {
        super::printed(printer.json(&SignedJson::from(&outcome)))?;
    }
    Ok(outcome.unsigned.iter().map(|it| it.failure.exit).max().unwrap_or(Exit::Yes))
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
        let (done, left) = (outcome.signed.len(), outcome.unsigned.len());
        printer.note(format!(
            "{done} of {} files {verb}; name the others again to go on",
            done + left
        ));
    }
}

/// What was done to a file, in lines.
pub fn lines(verb: &str, file: &SignedFile) -> Vec<String> {
    let into = file.bundle.as_ref().or(file.signature.as_ref());
    let into = into.map_or_else(String::new, |path| format!(" in {}", path.display()));
    let mut lines = vec![format!("{} {}{into}", paint(GOOD, verb), file.path.display())];
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
