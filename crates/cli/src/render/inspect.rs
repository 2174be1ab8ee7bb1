//! `inspect`

use std::io;

use chainsign_core::Limits;
use chainsign_core::formats::simple_signing::SimpleSigning;
use chainsign_core::identity::CertificateIdentity;
use chainsign_core::material::{Credential, LogEntry, SignedContent};
use chainsign_core::statement::Statement;
use chainsign_core::trust::{
    CertificateAuthority, LogInstance, Service, SigningConfig, TrustedRoot, ValidFor,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{go_card, image_card};
use crate::commands::inspect::{Inspected, Line};
use crate::printer::{FAINT, HEADING, OutputFormat, Printer, WARNING, paint};

/// What is in a file.
///
/// # Errors
/// What writing to standard output says.
pub fn inspected(printer: &Printer, inspected: &Inspected) -> io::Result<()> {
    let card = Card::of(inspected);
    if printer.format == OutputFormat::Json {
        return printer.json(&InspectJson {
            schema: "chainsign.inspect/v1",
            kind: card.kind,
            verified: false,
            content: card.json,
        });
    }
    printer.data(paint(HEADING, card.kind))?;
    card.lines.iter().try_for_each(|line| printer.data(line))?;
    if !matches!(inspected, Inspected::GoBinary { .. }) {
        printer.note(format!(
            "{} this shows what the file says; nothing was verified",
            paint(WARNING, "note:")
        ));
    }
    Ok(())
}

/// One thing shown: as lines, and as JSON.
pub(super) struct Card {
    kind: &'static str,
    pub(super) lines: Vec<String>,
    pub(super) json: Value,
}

impl Card {
    fn of(inspected: &Inspected) -> Card {
        match inspected {
            Inspected::GoBinary { size, binary } => go_card::card(*size, binary),
            Inspected::Images(images) => image_card::card(images),
            Inspected::Signatures(signatures) => signatures_card(signatures),
            Inspected::Statement(statement) => {
                let mut card = Card::new("in-toto statement");
                card.statement(statement);
                card.json = statement_json(statement);
                card
            }
            Inspected::Certificate(der) => {
                let mut card = Card::new("certificate");
                let identity = card.certificate(der);
                card.json = json!({ "identity": identity });
                card
            }
            Inspected::TrustedRoot(root) => root_card(root),
            Inspected::SigningConfig(config) => {
                let mut card = Card::new("signing config");
                card.signing_config(config);
                card.json = serde_json::from_str(config.json()).unwrap_or_default();
                card
            }
            Inspected::TrustConfig(config) => {
                let mut card = root_card(&config.trusted_root);
                card.kind = "client trust config";
                let signing = &config.signing_config;
                card.signing_config(signing);
                card.json = json!({
                    "trustedRoot": card.json,
                    "signingConfig": serde_json::from_str::<Value>(signing.json()).unwrap_or_default(),
                });
                card
            }
        }
    }

    pub(super) fn new(kind: &'static str) -> Card {
        Card { kind, lines: Vec::new(), json: Value::Null }
    }

    pub(super) fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        self.lines.push(format!("  {name:20} {value}"));
    }

    fn statement(&mut self, statement: &Statement) {
        let predicate_type = &statement.predicate_type;
        let alias = predicate_type.alias().map_or_else(String::new, |alias| format!(" ({alias})"));
        self.line("predicate type", format!("{predicate_type}{alias}"));
        for subject in &statement.subject {
            let name = subject.name.as_deref().unwrap_or("(no name)");
            for (algorithm, value) in &subject.digest.0 {
                self.line("subject", format!("{name} {algorithm}:{value}"));
            }
        }
    }

    fn certificate(&mut self, der: &[u8]) -> Option<CertificateIdentity> {
        match chainsign_verify::claimed_identity(der) {
            Ok(identity) => {
                self.line("subject", &identity.subject);
                self.line("issuer", &identity.issuer);
                for (name, _) in chainsign_core::identity::FulcioExtensions::NAMES {
                    if let Some(Some(value)) = identity.extensions.by_name(name) {
                        self.line("extension", format!("{name} = {value}"));
                    }
                }
                Some(identity)
            }
            Err(reason) => {
                self.line("certificate", format!("without an identity: {reason}"));
                None
            }
        }
    }

    /// The services of a signing config.
    pub(super) fn signing_config(&mut self, config: &SigningConfig) {
        self.services("certificate authority", &config.certificate_authorities);
        self.services("oidc issuer", &config.oidc_issuers);
        self.services("transparency log", &config.transparency_logs);
        self.services("timestamp authority", &config.timestamp_authorities);
    }

    fn services(&mut self, name: &str, services: &[Service]) {
        for service in services {
            let version = service.major_api_version;
            let range = range(&service.valid_for);
            self.line(name, format!("{} version {version}, {range}", service.url));
        }
    }
}

fn signatures_card(signatures: &[Line]) -> Card {
    let mut card = Card::new("signature");
    let mut documents = Vec::new();
    for Line { number, signature } in signatures {
        let material = match signature {
            Ok(material) => material,
            Err(error) => {
                card.line("not readable", format!("line {number}: {error}"));
                documents.push(json!({ "line": number, "error": error.to_string() }));
                continue;
            }
        };
        card.line("format", material.format);
        let mut json = json!({ "format": material.format.to_string() });
        match &material.content {
            SignedContent::Message { digest, .. } => {
                card.line("content", "a signature over the artifact itself");
                if let Some(digest) = digest {
                    card.line("digest", digest);
                    json["digest"] = digest.to_string().into();
                }
            }
            SignedContent::SimpleSigning { payload, .. } => {
                card.line("content", "a signature over a payload that names an image");
                match SimpleSigning::parse(payload, &Limits::default()) {
                    Ok(payload) => {
                        card.line("image", &payload.digest);
                        json["digest"] = payload.digest.to_string().into();
                    }
                    Err(error) => card.line("payload", error),
                }
            }
            SignedContent::Envelope(envelope) => {
                card.line("payload type", &envelope.payload_type);
                json["payloadType"] = envelope.payload_type.clone().into();
                match Statement::parse(&envelope.payload.0, &Limits::default()) {
                    Ok(statement) => {
                        card.statement(&statement);
                        json["statement"] = statement_json(&statement);
                    }
                    Err(error) => card.line("payload", error),
                }
            }
        }
        match &material.credential {
            Credential::Certificate { leaf, .. } => {
                let identity = card.certificate(leaf);
                json["identity"] = serde_json::to_value(identity).unwrap_or_default();
            }
            Credential::Key { hint } => {
                card.line("key", format!("hint {hint:?}"));
                json["keyHint"] = hint.clone().into();
            }
        }
        for entry in &material.log_entries {
            entry_line(&mut card, entry);
        }
        let entry = |entry: &LogEntry| {
            json!({ "logId": entry.log_id.hex(), "logIndex": entry.log_index, "kind": entry.kind,
                    "version": entry.version, "integratedTime": entry.integrated_time })
        };
        json["logEntries"] = material.log_entries.iter().map(entry).collect();
        if !material.timestamps.is_empty() {
            card.line("timestamps", material.timestamps.len());
        }
        json["timestamps"] = material.timestamps.len().into();
        documents.push(json);
    }
    card.json = documents.into();
    card
}

fn entry_line(card: &mut Card, entry: &LogEntry) {
    let proofs = match (&entry.signed_entry_timestamp, &entry.inclusion_proof) {
        (Some(_), Some(_)) => "signed entry timestamp and inclusion proof",
        (Some(_), None) => "signed entry timestamp",
        (None, Some(_)) => "inclusion proof",
        (None, None) => "nothing to prove it",
    };
    let (kind, version, index) = (&entry.kind, &entry.version, entry.log_index);
    card.line("log entry", format!("{index} of {}: {kind} {version}, with {proofs}", entry.log_id));
}

fn statement_json(statement: &Statement) -> Value {
    serde_json::to_value(statement).unwrap_or_default()
}

pub(super) fn root_card(root: &TrustedRoot) -> Card {
    let mut card = Card::new("trusted root");
    card.line("digest", root.digest());
    let log = |card: &mut Card, name: &str, log: &LogInstance| {
        let (url, id, algorithm) = (&log.base_url, log.log_id, log.algorithm);
        card.line(name, format!("{url} {algorithm} {}", range(&log.valid_for)));
        card.line("", paint(FAINT, &id.hex()));
    };
    let authority = |card: &mut Card, name: &str, authority: &CertificateAuthority| {
        let (subject, uri) = (&authority.subject, &authority.uri);
        card.line(name, format!("{subject} {uri} {}", range(&authority.valid_for)));
    };
    root.tlogs.iter().for_each(|it| log(&mut card, "transparency log", it));
    root.ctlogs.iter().for_each(|it| log(&mut card, "certificate log", it));
    root.certificate_authorities
        .iter()
        .for_each(|it| authority(&mut card, "certificate authority", it));
    root.timestamp_authorities
        .iter()
        .for_each(|it| authority(&mut card, "timestamp authority", it));
    for disabled in &root.disabled {
        card.line("not usable", format!("{}: {}", disabled.place, disabled.reason));
    }
    card.json = json!({
        "digest": root.digest().to_string(),
        "disabled": root.disabled.iter().map(|d| format!("{}: {}", d.place, d.reason)).collect::<Vec<_>>(),
        "document": serde_json::from_str::<Value>(root.json()).unwrap_or_default(),
    });
    card
}

fn range(range: &ValidFor) -> String {
    match range.end {
        Some(end) => format!("from {} to {end}", range.start),
        None => format!("from {}", range.start),
    }
}

#[derive(Serialize)]
struct InspectJson {
    schema: &'static str,
    kind: &'static str,
    verified: bool,
    content: Value,
}
