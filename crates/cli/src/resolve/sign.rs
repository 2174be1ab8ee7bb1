//! `sign-blob`, `attest`, `attest-blob`

use std::path::PathBuf;

use chainsign_core::predicate::PredicateType;
use chainsign_keyless::identity::{SecretText, TokenSource};
use jiff::Timestamp;

use super::trust;
use crate::commands::sign::{self, BundleOutput, FileToSign, Predicate, SignRequest, What};
use crate::failure::Failure;
use crate::files::{self, beside};
use crate::flags::shared::TokenFlags;
use crate::flags::sign::{AttestBlobFlags, AttestFlags, PredicateFlags, SignBlobFlags};

/// `sign-blob`
///
/// # Errors
/// `bad-flag` for one output path with several files, and two files with one bundle; also when there is no identity token.
pub fn sign_blob(flags: SignBlobFlags) -> Result<SignRequest, Failure> {
    let several = flags.files.len() > 1;
    let single = [
        ("--bundle", flags.bundle.is_some()),
        ("--output-signature", flags.output_signature.is_some()),
        ("--output-certificate", flags.output_certificate.is_some()),
    ];
    if let Some((flag, _)) = single.into_iter().find(|(_, given)| *given && several) {
        let message = format!("found {} files with {flag}, wanted one", flags.files.len());
        return Err(Failure::undecided("bad-flag", message)
            .hint("use --output-directory, or leave it out: each bundle goes beside its file"));
    }
    let mut files: Vec<FileToSign> = Vec::new();
    for path in flags.files {
        let bundle = match (&flags.bundle, &flags.output_directory) {
            (Some(bundle), _) => bundle.clone(),
            (None, Some(folder)) => folder.join(beside(&file_name(&path)?, ".sigstore.json")),
            (None, None) => beside(&named(&path)?, ".sigstore.json"),
        };
        if files.iter().any(|other| other.bundle.path() == bundle) {
            let message = format!("two files would both be signed into {}", bundle.display());
            return Err(Failure::undecided("bad-flag", message).hint("sign them one by one"));
        }
        files.push(FileToSign {
            path,
            bundle: BundleOutput::File(bundle),
            signature: flags.output_signature.clone(),
            certificate: flags.output_certificate.clone(),
        });
    }
    Ok(SignRequest {
        files,
        what: What::Files,
        trust: trust::trust(flags.trust),
        tokens: tokens(flags.token)?,
    })
}

/// `attest`
///
/// # Errors
/// `bad-flag`; also when there is no identity token or no predicate.
pub fn attest(flags: AttestFlags, now: Timestamp) -> Result<SignRequest, Failure> {
    if flags.bundle.is_some() && flags.files.len() > 1 {
        let message = format!("found {} files with --bundle, wanted one", flags.files.len());
        return Err(Failure::undecided("bad-flag", message)
            .hint("leave it out: each bundle is added to FILE.sigstore.jsonl"));
    }
    let mut files = Vec::new();
    for path in flags.files {
        let bundle = match &flags.bundle {
            Some(bundle) => bundle.clone(),
            None => beside(&named(&path)?, ".sigstore.jsonl"),
        };
        let bundle = BundleOutput::Line(bundle);
        files.push(FileToSign { path, bundle, signature: None, certificate: None });
    }
    Ok(SignRequest {
        files,
        what: What::Predicate(predicate(flags.predicate, now)?),
        trust: trust::trust(flags.trust),
        tokens: tokens(flags.token)?,
    })
}

/// `attest-blob`
///
/// # Errors
/// When there is no identity token or no predicate.
pub fn attest_blob(flags: AttestBlobFlags, now: Timestamp) -> Result<SignRequest, Failure> {
    let bundle = BundleOutput::File(flags.bundle);
    Ok(SignRequest {
        files: vec![FileToSign { path: flags.file, bundle, signature: None, certificate: None }],
        what: What::Predicate(predicate(flags.predicate, now)?),
        trust: trust::trust(flags.trust),
        tokens: tokens(flags.token)?,
    })
}

fn predicate(flags: PredicateFlags, now: Timestamp) -> Result<Predicate, Failure> {
    let predicate_type = flags.predicate_type.as_deref().map(PredicateType::from_alias_or_uri);
    let predicate_type = predicate_type
        .transpose()
        .map_err(|error| Failure::because("bad-flag", "--type", &error))?;
    sign::predicate(files::read("predicate", &flags.predicate)?, predicate_type, now)
}

/// The token that was given, else what the environment offers. Never a prompt.
fn tokens(flags: TokenFlags) -> Result<TokenSource, Failure> {
    if let Some(given) = flags.identity_token {
        let text = super::text("identity token", &given)?;
        return Ok(TokenSource::Given(SecretText::new(text)));
    }
    TokenSource::detect(|name| std::env::var(name).ok())
        .map_err(|error| sign::service_failure(&error))
}

fn named(path: &std::path::Path) -> Result<PathBuf, Failure> {
    file_name(path).map(|_| path.to_owned())
}

fn file_name(path: &std::path::Path) -> Result<PathBuf, Failure> {
    match path.file_name() {
        Some(name) if path != std::path::Path::new("-") => Ok(PathBuf::from(name)),
        _ => Err(Failure::undecided(
            "bad-flag",
            format!("{} has no file name for its bundle", path.display()),
        )
        .hint("name the bundle with --bundle")),
    }
}
