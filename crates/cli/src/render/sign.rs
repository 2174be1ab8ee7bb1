//! `sign-blob`, `attest`, `attest-blob`

use chainsign_verify::VerifiedSigner;
use serde::Serialize;

use crate::commands::sign::{SignRequest, SignedFile, What, sign};
use crate::failure::{Exit, Failure};
use crate::printer::{FAINT, GOOD, OutputFormat, Printer, paint};

/// Signs, and prints a line for each file as it is done; the documents of all at the end as JSON.
///
/// # Errors
/// As [`sign`].
pub async fn run(request: SignRequest, printer: &Printer) -> Result<Exit, Failure> {
    let verb = if matches!(request.what, What::Files) { "signed" } else { "attested" };
    let text = printer.format == OutputFormat::Text;
    let signed = sign(request, |file| {
        if text {
            lines(verb, file).iter().for_each(|line| printer.note(line));
        }
    })
    .await?;
    if !text {
        let files = signed.iter().map(FileJson::from).collect();
        super::printed(printer.json(&SignedJson { schema: "chainsign.sign/v1", files }))?;
    }
    Ok(Exit::Yes)
}

/// What was done to a file, in lines.
pub fn lines(verb: &str, file: &SignedFile) -> Vec<String> {
    let mut lines =
        vec![format!("{} {} in {}", paint(GOOD, verb), file.path.display(), file.bundle.display())];
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
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileJson {
    file: String,
    digests: Vec<String>,
    bundle: String,
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
        let entry = |entry: &chainsign_keyless::PublicEntry| EntryJson {
            log: entry.log.clone(),
            log_index: entry.index,
        };
        FileJson {
            file: file.path.display().to_string(),
            digests: file.digests.iter().map(ToString::to_string).collect(),
            bundle: file.bundle.display().to_string(),
            signer: signer(file),
            log_entries: file.published.iter().map(entry).collect(),
        }
    }
}
