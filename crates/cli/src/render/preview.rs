//! `--dry-run`

use chainsign_core::identity::{FulcioExtensions, SubjectAlternativeName};
use chainsign_keyless::identity::{Coverage, Disclosed};
use serde::Serialize;

use crate::commands::sign::SignRequest;
use crate::commands::sign::preview::{
    EntryKind, Preview, PreviewedFile, PreviewedSigner, PreviewedStatement, preview,
};
use crate::failure::{Exit, Failure};
use crate::printer::{HEADING, OutputFormat, Printer, paint};

/// Prints what signing would make public.
///
/// # Errors
/// As [`preview`].
pub(super) async fn run(request: SignRequest, printer: &Printer) -> Result<Exit, Failure> {
    let preview = preview(request).await?;
    super::printed(match printer.format {
        OutputFormat::Json => printer.json(&PreviewJson::from(&preview)),
        OutputFormat::Text => lines(&preview).iter().try_for_each(|line| printer.data(line)),
    })
}

fn lines(preview: &Preview) -> Vec<String> {
    let mut lines = vec![paint(HEADING, "dry run: nothing was sent or written")];
    let mut say = |level: usize, text: &str| lines.push(format!("{}{text}", "  ".repeat(level)));
    match &preview.signer {
        PreviewedSigner::Key(fingerprint) => say(0, &format!("signer: the key {fingerprint}")),
        PreviewedSigner::Unknown(who) => say(0, &format!("signer: {who}; not asked")),
        PreviewedSigner::Certificate(told) => {
            say(0, "signer: public in the certificate, in each bundle and in every log");
            for (name, value) in said(told) {
                say(1, &format!("{name:36} {value}"));
            }
            if told.coverage == Coverage::Partial {
                say(1, "and what else the certificate authority takes from tokens of this issuer");
            }
        }
    }
    if let Some(url) = &preview.certificate_authority {
        say(0, &format!("certificate authority {url}"));
        say(1, "gets the identity token, and puts the certificate into a public log");
    }
    for log in &preview.logs {
        let (kind, version) = log.kind.name();
        say(0, &format!("transparency log {} ({kind} {version})", log.url));
        say(1, log.kind.public());
        if let Some(sent) = log.kind.sent() {
            say(1, sent);
        }
    }
    for url in &preview.timestamp_authorities {
        say(0, &format!("timestamp authority {url}"));
        say(1, "gets the digest of each signature");
    }
    for file in &preview.files {
        say(0, &format!("file {}", file.path.display()));
        for digest in file.digests.iter() {
            say(1, &digest.to_string());
        }
        match &file.statement {
            None => say(1, "its name and its content stay here"),
            Some(PreviewedStatement { predicate_type, subjects }) => {
                say(1, &format!("statement with a predicate of type {predicate_type}"));
                say(2, "public wherever the bundle is, with every word of the predicate");
                let names = subjects.iter().map(|name| format!("{name:?}"));
                let names: Vec<_> = names.collect();
                say(2, &format!("and the names of its subjects: {}", names.join(", ")));
            }
        }
        for bundle in &file.bundles {
            say(1, &format!("bundle in {}", bundle.display()));
        }
    }
    for path in &preview.left {
        say(0, &format!("file {}: signed already, would be left", path.display()));
    }
    say(0, &format!("by the signing config of: {}", preview.origin));
    lines
}

/// What a certificate says, by the names that policies and reports have for it.
fn said(told: &Disclosed) -> Vec<(&'static str, String)> {
    let subject = told.subject.as_ref().map(SubjectAlternativeName::to_string);
    let subject = subject.unwrap_or_else(|| "as the certificate authority decides".to_owned());
    let mut said = vec![("subject", subject), ("issuer", told.issuer.to_string())];
    for (name, _) in FulcioExtensions::NAMES {
        if let Some(Some(value)) = told.extensions.by_name(name) {
            said.push((name, value.to_owned()));
        }
    }
    said
}

impl EntryKind {
    fn name(self) -> (&'static str, &'static str) {
        match self {
            EntryKind::HashedRekord1 => ("hashedrekord", "0.0.1"),
            EntryKind::Dsse1 => ("dsse", "0.0.1"),
            EntryKind::HashedRekord2 => ("hashedrekord", "0.0.2"),
        }
    }

    fn public(self) -> &'static str {
        match self {
            EntryKind::HashedRekord1 => {
                "public: the file's digest, the signature, the certificate or key"
            }
            EntryKind::Dsse1 => {
                "public: the digests of envelope and statement, the signature, the certificate or key"
            }
            EntryKind::HashedRekord2 => {
                "public: the digest of what is signed, the signature, the certificate or key"
            }
        }
    }

    /// What it gets and does not publish.
    fn sent(self) -> Option<&'static str> {
        match self {
            EntryKind::Dsse1 => Some("sent to it, too: the envelope with the whole statement"),
            EntryKind::HashedRekord1 | EntryKind::HashedRekord2 => None,
        }
    }
}

/// `chainsign.dry-run/v1`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PreviewJson<'a> {
    schema: &'static str,
    signer: SignerJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_authority: Option<&'a str>,
    logs: Vec<LogJson<'a>>,
    timestamp_authorities: &'a [String],
    files: Vec<FileJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left: Vec<String>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum SignerJson<'a> {
    Certificate {
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        issuer: &'a str,
        extensions: &'a FulcioExtensions,
        complete: bool,
    },
    Key {
        fingerprint: String,
    },
    Unknown {
        who: &'a str,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogJson<'a> {
    url: &'a str,
    entry_kind: &'static str,
    entry_version: &'static str,
    /// Whether the statement is sent to it.
    gets_statement: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileJson {
    file: String,
    digests: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<StatementJson>,
    bundles: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatementJson {
    predicate_type: String,
    subject_names: Vec<String>,
}

impl<'a> From<&'a Preview> for PreviewJson<'a> {
    fn from(preview: &'a Preview) -> Self {
        let logs = preview.logs.iter().map(|log| {
            let (entry_kind, entry_version) = log.kind.name();
            let gets_statement = log.kind.sent().is_some();
            LogJson { url: &log.url, entry_kind, entry_version, gets_statement }
        });
        PreviewJson {
            schema: "chainsign.dry-run/v1",
            signer: (&preview.signer).into(),
            certificate_authority: preview.certificate_authority.as_deref(),
            logs: logs.collect(),
            timestamp_authorities: &preview.timestamp_authorities,
            files: preview.files.iter().map(FileJson::from).collect(),
            left: preview.left.iter().map(|path| path.display().to_string()).collect(),
        }
    }
}

impl<'a> From<&'a PreviewedSigner> for SignerJson<'a> {
    fn from(signer: &'a PreviewedSigner) -> Self {
        match signer {
            PreviewedSigner::Key(key) => SignerJson::Key { fingerprint: key.to_string() },
            PreviewedSigner::Unknown(who) => SignerJson::Unknown { who },
            PreviewedSigner::Certificate(told) => SignerJson::Certificate {
                subject: told.subject.as_ref().map(SubjectAlternativeName::to_string),
                issuer: &told.issuer.0,
                extensions: &told.extensions,
                complete: told.coverage == Coverage::Complete,
            },
        }
    }
}

impl From<&PreviewedFile> for FileJson {
    fn from(file: &PreviewedFile) -> Self {
        let statement = file.statement.as_ref().map(|statement| StatementJson {
            predicate_type: statement.predicate_type.to_string(),
            subject_names: statement.subjects.clone(),
        });
        FileJson {
            file: file.path.display().to_string(),
            digests: file.digests.iter().map(ToString::to_string).collect(),
            statement,
            bundles: file.bundles.iter().map(|path| path.display().to_string()).collect(),
        }
    }
}
