//! From requests to what a person or a program reads.

mod admission;
pub mod demo;
pub mod doctor;
pub mod facts;
pub mod go_card;
mod image_card;
pub mod images;
pub mod inspect;
pub mod keys;
pub mod policy;
mod preview;
pub mod provenance;
pub mod report;
pub mod sandbox;
pub mod sbom;
pub mod sign;
pub mod trust;
pub mod verify;

use std::io;

use jiff::Timestamp;
use serde::Serialize;

use crate::commands::images::Attachment;
use crate::commands::{self, verify as verifying};
use crate::failure::{Exit, Failure};
use crate::flags::evidence::TrustCommand;
use crate::flags::images::{AttachCommand, DownloadCommand};
use crate::flags::sandbox::SandboxCommand;
use crate::flags::{self, Command};
use crate::network::block_on;
use crate::printer::{OutputFormat, Printer};
use crate::resolve;
use crate::resolve::sign::Attest;

/// Does what the command line says, prints the outcome, and answers with the exit code.
pub fn run(command: Command) -> Exit {
    let now = Timestamp::now();
    let format = match &command {
        Command::Demo(flags) => flags.output.output,
        Command::SignBlob(flags) => flags.output.format(),
        Command::VerifyBlob(flags) => flags.output.output,
        Command::Attest(flags) => flags.output.output,
        Command::AttestBlob(flags) => flags.output.output,
        Command::VerifyBlobAttestation(flags) => flags.output.output,
        Command::Sign(flags) => flags.output.output,
        Command::VerifyAttestation(flags) => flags.output.output,
        Command::Tree(flags) => flags.output.output,
        Command::Verify(flags) => flags.report.format(),
        Command::Sbom(flags) => flags.diff_format,
        Command::Inspect(flags) => flags.output.output,
        Command::Policy(command) => command.format(),
        Command::Trust(TrustCommand::Show(flags)) => flags.output.output,
        Command::Trust(TrustCommand::Refresh(flags)) => flags.output.output,
        Command::Initialize(flags) => flags.output.output,
        Command::Doctor(flags) => flags.output.output,
        Command::Version(flags) => flags.output.output,
        Command::GenerateKeyPair(flags) => flags.output.output,
        Command::ImportKeyPair(flags) => flags.output,
        Command::PublicKey(flags) => flags.output.output,
        _ => OutputFormat::Text,
    };
    let printer = Printer { format };
    match dispatch(command, &printer, now) {
        Ok(exit) => exit,
        Err(failure) => {
            printer.failure(&failure);
            if format == OutputFormat::Json && printer.json(&FailedJson::from(&failure)).is_err() {
                return Exit::Undecided;
            }
            failure.exit
        }
    }
}

fn dispatch(command: Command, printer: &Printer, now: Timestamp) -> Result<Exit, Failure> {
    match command {
        Command::Demo(flags) => block_on(|| demo::run(flags, printer, now)),
        Command::SignBlob(flags) => {
            let run = flags.signing.run();
            let request = resolve::sign::sign_blob(flags)?;
            block_on(|| sign::run(request, run, printer))
        }
        Command::Attest(flags) => {
            let run = flags.signing.run();
            match resolve::sign::attest(flags, now)? {
                Attest::Files(request) => block_on(|| sign::run(*request, run, printer)),
                Attest::Images(request) => block_on(|| images::sign(*request, printer)),
            }
        }
        Command::Sign(flags) => {
            let request = resolve::images::sign(flags)?;
            block_on(|| images::sign(request, printer))
        }
        Command::VerifyAttestation(flags) => {
            let request = resolve::images::verify_attestation(flags, now)?;
            let (verified, given) = commands::images::verify_attestation(&request)?;
            printed(images::attestations(printer, &verified, given.as_ref()))
        }
        Command::Tree(flags) => {
            let request = resolve::images::tree(flags)?;
            let tree = block_on(|| commands::images::tree(&request))?;
            printed(images::tree(printer, &tree))
        }
        Command::Download(command) => {
            let request = match command {
                DownloadCommand::Signature(flags) => {
                    resolve::images::download(flags, Attachment::Signature)?
                }
                DownloadCommand::Attestation(flags) => {
                    resolve::images::download_attestation(flags)?
                }
                DownloadCommand::Sbom(flags) => resolve::images::download(flags, Attachment::Sbom)?,
            };
            let download = block_on(|| commands::images::download(&request))?;
            printed(images::downloaded(printer, &download))
        }
        Command::Attach(command) => {
            let request = match command {
                AttachCommand::Signature(flags) => resolve::images::attach_signature(flags)?,
                AttachCommand::Attestation(flags) => resolve::images::attach_attestation(flags)?,
                AttachCommand::Sbom(flags) => resolve::images::attach_sbom(flags)?,
            };
            let (image, stored) = block_on(|| commands::images::attach(request))?;
            printed(images::attached(printer, &image, &stored))
        }
        Command::AttestBlob(flags) => {
            let run = flags.signing.run();
            let request = resolve::sign::attest_blob(flags, now)?;
            block_on(|| sign::run(request, run, printer))
        }
        Command::VerifyBlob(flags) => {
            let request = resolve::verify::verify_blob(flags, now)?;
            printed(verify::blob(printer, &verifying::verify_blob(&request)?))
        }
        Command::VerifyBlobAttestation(flags) => {
            let request = resolve::verify::verify_blob_attestation(flags, now)?;
            printed(verify::attestation(printer, &verifying::verify_blob(&request)?))
        }
        Command::Verify(flags) if flags.admission.is_any() => {
            admission::verify(flags, printer, now)
        }
        Command::Verify(flags) => report::verify(flags, printer, now),
        Command::Sbom(flags) => sbom::sbom(flags, printer),
        Command::Provenance(flags) => block_on(|| provenance::provenance(flags, printer)),
        Command::Inspect(flags) => {
            printed(inspect::inspected(printer, &commands::inspect::inspect(&flags.path)?))
        }
        Command::Policy(command) => policy::run(command, printer, now),
        Command::Trust(TrustCommand::Show(flags)) => printed(trust::show(
            printer,
            &resolve::trust::with(flags.trust, flags.offline)?.load()?,
        )),
        Command::Trust(TrustCommand::Refresh(flags)) => {
            let refreshed = commands::trust::refresh(resolve::trust::refresh(flags)?)?;
            printed(trust::refreshed(printer, &refreshed))
        }
        Command::Trust(TrustCommand::Create(flags)) => {
            let created = commands::trust::create(&resolve::services::create(flags)?)?;
            printed(trust::created(printer, &created))
        }
        Command::Doctor(flags) => {
            let request = resolve::doctor::doctor(flags, now)?;
            block_on(|| doctor::run(request, printer))
        }
        Command::Initialize(flags) => {
            let refreshed = commands::trust::initialize(resolve::trust::initialize(flags, now)?)?;
            printed(trust::refreshed(printer, &refreshed))
        }
        Command::Sandbox(SandboxCommand::Start(flags)) => {
            block_on(|| sandbox::start(flags, printer))
        }
        Command::Sandbox(SandboxCommand::Token(flags)) => {
            block_on(|| sandbox::token(flags, printer))
        }
        Command::GenerateKeyPair(flags) => {
            let request = resolve::keys::generate(flags)?;
            printed(keys::pair(printer, &commands::keys::key_pair(&request)?))
        }
        Command::ImportKeyPair(flags) => {
            let request = resolve::keys::import(flags)?;
            printed(keys::pair(printer, &commands::keys::key_pair(&request)?))
        }
        Command::PublicKey(flags) => {
            let request = resolve::keys::public_key(flags)?;
            printed(keys::public(printer, &commands::keys::public_key(&request)?))
        }
        Command::Completions(flags) => {
            let mut script = Vec::new();
            clap_complete::generate(flags.shell, &mut flags::program(), "chainsign", &mut script);
            printed(printer.bytes(&script))
        }
        Command::Man => {
            let mut page = Vec::new();
            printed(clap_mangen::Man::new(flags::program()).render(&mut page))?;
            printed(printer.bytes(&page))
        }
        Command::Version(_) => printed(facts::version(printer)),
    }
}

fn printed(written: io::Result<()>) -> Result<Exit, Failure> {
    match written {
        Ok(()) => Ok(Exit::Yes),
        Err(error) => {
            Err(Failure::because("unwritable", "cannot write to standard output", &error))
        }
    }
}

#[derive(Serialize)]
struct FailedJson {
    schema: &'static str,
    failure: FailureJson,
}

impl From<&Failure> for FailedJson {
    fn from(failure: &Failure) -> Self {
        FailedJson { schema: "chainsign.failure/v1", failure: failure.into() }
    }
}

/// A failure as JSON.
#[derive(Debug, Serialize)]
pub struct FailureJson {
    outcome: &'static str,
    reason: String,
    message: String,
    hints: Vec<String>,
}

impl From<&Failure> for FailureJson {
    fn from(failure: &Failure) -> Self {
        let outcome = if failure.exit == Exit::No { "fail" } else { "error" };
        let Failure { reason, message, hints, .. } = failure.clone();
        FailureJson { outcome, reason, message, hints }
    }
}

/// `1 rule`, `2 rules`
fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    }
}
