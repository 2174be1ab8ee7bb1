//! `sign-blob`, `attest`, `attest-blob`

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::encoding::hex_decode;
use chainsign_core::image::ImageReference;
use chainsign_core::predicate::PredicateType;
use jiff::Timestamp;

use super::images::{AttestImages, NewBundleFormat};
use super::{identity, keys, target, trust};
use crate::commands::images::{Replace, Say, SignImagesRequest};
use crate::commands::sign::select::{Selected, Selection, select};
use crate::commands::sign::{
    self, About, BundleFormat, BundleOutput, Encoding, FileToSign, Named, Outputs, Predicate,
    Print, ServicesRequest, SignRequest, SignWith, SignedAlready, Wanted, What,
};
use crate::commands::verify::Place;
use crate::failure::Failure;
use crate::files::{self, beside};
use crate::flags::registry::RegistryFlags;
use crate::flags::shared::{OfflineFlag, TokenFlags, TrustFlags};
use crate::flags::sign::{
    AttestBlobFlags, AttestFlags, OutputOrFile, PredicateFlags, Run, SignBlobFlags, SigningFlags,
};
use crate::password::StandardInput;

/// `sign-blob`
///
/// # Errors
/// `bad-flag` for one output path with several files, two files with one bundle, and outputs that
/// there will not be; also when there is no identity token and no key that can be opened.
pub fn sign_blob(flags: SignBlobFlags) -> Result<SignRequest, Failure> {
    let older_signature = match flags.output {
        OutputOrFile::Signature(path) => Some(path),
        OutputOrFile::Format(_) => None,
    };
    if older_signature.is_some() && flags.output_signature.is_some() {
        let message = "found two files for the signature: --output and --output-signature";
        return Err(Failure::undecided("bad-flag", message).hint("keep --output-signature"));
    }
    let signature = flags.output_signature.or(older_signature);
    let (selected, selection) = select(&flags.files, &flags.checksums)?;
    let several = selection == Selection::Many && !flags.one_statement;
    let single = [
        ("--bundle", flags.bundle.is_some()),
        ("--output-signature", signature.is_some()),
        ("--output-certificate", flags.output_certificate.is_some()),
        ("--rfc3161-timestamp", flags.rfc3161_timestamp.is_some()),
    ];
    if let Some((flag, _)) = single.into_iter().find(|(_, given)| *given && several) {
        let message = format!("found {} files with {flag}, wanted one", selected.len());
        return Err(Failure::undecided("bad-flag", message)
            .hint("use --output-directory, or leave it out: each bundle goes beside its file"));
    }
    certificate_of_key(&flags.signing, flags.output_certificate.is_some())?;
    let input = input(flags.files.iter());
    let (format, print) = legacy(&flags.signing, signature.is_some());
    let outputs = |bundle: Option<PathBuf>, named: Named| Outputs {
        bundle: bundle.map(BundleOutput::File),
        named,
        // What nobody asked for is in the format that everybody can verify.
        format: if flags.bundle.is_some() { format } else { BundleFormat::Sigstore },
        signature: signature.clone(),
        certificate: flags.output_certificate.clone(),
        timestamp: flags.rfc3161_timestamp.clone(),
        statement: None,
        encoding: if flags.b64 { Encoding::Base64 } else { Encoding::Plain },
        print,
    };
    if flags.one_statement {
        let paths: Vec<PathBuf> = selected.into_iter().map(|file| file.path).collect();
        let what = What::Statement { json: sign::one_statement(&paths)?, about: Vec::new() };
        // clap asks for the bundle with this flag.
        let bundle = flags.bundle.clone().unwrap_or_default();
        let outputs = outputs(Some(bundle.clone()), Named::ByUser);
        let file = FileToSign { path: bundle, known: None, listed: None, outputs };
        return request(vec![file], what, flags.signing, flags.token, flags.trust, input);
    }
    let named = match (&flags.bundle, &flags.output_directory, &signature) {
        (None, None, Some(_)) => Named::ByUs,
        _ => Named::ByUser,
    };
    let (mut files, mut bundles, mut folders) = (Vec::new(), HashSet::new(), BTreeSet::new());
    for Selected { path, place, listed } in selected {
        let bundle = match (&flags.bundle, &flags.output_directory) {
            (Some(bundle), _) => Some(bundle.clone()),
            (None, Some(folder)) => {
                file_name(&path)?;
                let bundle = folder.join(beside(&place, ".sigstore.json"));
                folders.extend(bundle.parent().map(Path::to_owned));
                Some(bundle)
            }
            // cosign 2 wrote no bundle that was not asked for, and its signature verifies alone
            // when it is a key's.
            (None, None) if format == BundleFormat::Cosign && flags.signing.key.is_some() => None,
            (None, None) => Some(beside(&with_name(&path)?, ".sigstore.json")),
        };
        if let Some(bundle) = bundle.as_ref().filter(|bundle| !bundles.insert((*bundle).clone())) {
            let message = format!("two files would both be signed into {}", bundle.display());
            return Err(Failure::undecided("bad-flag", message).hint("sign them one by one"));
        }
        files.push(FileToSign { path, known: None, listed, outputs: outputs(bundle, named) });
    }
    let again = selection == Selection::One || flags.again;
    let request = request(files, What::Files, flags.signing, flags.token, flags.trust, input)?;
    Ok(SignRequest {
        folders: folders.into_iter().collect(),
        signed_already: if again { SignedAlready::SignAgain } else { SignedAlready::Leave },
        ..request
    })
}

/// `attest`
///
/// # Errors
/// `bad-flag`; also when there is no identity token, no key that can be opened, no predicate or no
/// statement.
pub fn attest(flags: AttestFlags, now: Timestamp) -> Result<Attest, Failure> {
    let places: Vec<_> =
        flags.files.iter().cloned().map(target::target).collect::<Result<_, _>>()?;
    let images: Vec<_> = places.iter().filter_map(Place::image).cloned().collect();
    if !images.is_empty() {
        if images.len() < places.len() {
            let message = "found files and images, wanted the one or the other";
            return Err(Failure::undecided("bad-flag", message).hint("attest them in two runs"));
        }
        return attest_images(flags, images, now).map(|it| Attest::Images(Box::new(it)));
    }
    if flags.image.format.is_some() || flags.image.no_upload || flags.image.replace {
        let message = "found --format, --no-upload or --replace for files, wanted images with them";
        return Err(Failure::undecided("bad-flag", message)
            .hint("an image whose name says no registry, tag or digest is written docker://NAME"));
    }
    if !flags.signing.new_bundle_format {
        let message = "found --new-bundle-format=false, which attest has no use for";
        return Err(Failure::undecided("bad-flag", message).hint("attest-blob takes it"));
    }
    let PredicateFlags { predicate: path, predicate_type, statement } = flags.predicate;
    let input = input(flags.files.iter().chain(&path).chain(&statement));
    let (files, what) = match (path, statement) {
        (_, Some(statement)) => whole_statement(statement, flags.files, flags.bundle)?,
        (Some(path), None) => {
            let files = with_lines(flags.files, flags.bundle.as_deref())?;
            (files, What::Predicate(predicate(&path, predicate_type.as_deref(), now)?))
        }
        (None, None) => return Err(nothing_to_attest()),
    };
    request(files, what, flags.signing, flags.token, flags.trust, input)
        .map(|it| Attest::Files(Box::new(it)))
}

/// What `attest` is asked for.
#[derive(Debug)]
pub enum Attest {
    /// Of files.
    Files(Box<SignRequest>),
    /// Of images.
    Images(Box<SignImagesRequest>),
}

fn attest_images(
    flags: AttestFlags,
    images: Vec<ImageReference>,
    now: Timestamp,
) -> Result<SignImagesRequest, Failure> {
    let PredicateFlags { predicate: path, predicate_type, statement } = flags.predicate;
    let input = input(path.iter().chain(&statement));
    let replace = if flags.image.replace { Replace::SameType } else { Replace::Nothing };
    let what = match (path, statement) {
        (_, Some(path)) => Say::Stated { json: files::read("statement", &path)?, replace },
        (Some(path), None) => {
            let predicate = predicate(&path, predicate_type.as_deref(), now)?;
            Say::Attested { predicate, replace }
        }
        (None, None) => return Err(nothing_to_attest()),
    };
    let registry = RegistryFlags { access: flags.registry, timeout: flags.signing.timeout };
    let format = NewBundleFormat::of(&flags.signing);
    no_dry_run(&flags.signing)?;
    let parts = signing(flags.signing, flags.token, flags.trust, input)?;
    let told =
        AttestImages { image: flags.image, bundle: flags.bundle, signing: format, registry, parts };
    super::images::attest(images, what, told)
}

/// Files that each get a line of their own.
fn with_lines(files: Vec<PathBuf>, bundle: Option<&Path>) -> Result<Vec<FileToSign>, Failure> {
    if bundle.is_some() && files.len() > 1 {
        let message = format!("found {} files with --bundle, wanted one", files.len());
        return Err(Failure::undecided("bad-flag", message)
            .hint("leave it out: each bundle is added to FILE.sigstore.jsonl"));
    }
    let file = |path: PathBuf| {
        let bundle = match bundle {
            Some(bundle) => bundle.to_owned(),
            None => beside(&with_name(&path)?, ".sigstore.jsonl"),
        };
        Ok(FileToSign::into_bundle(path, BundleOutput::Line(bundle)))
    };
    files.into_iter().map(file).collect()
}

/// A statement that is signed once, and its bundle added to the file named, else beside each of the
/// files.
fn whole_statement(
    path: PathBuf,
    files: Vec<PathBuf>,
    bundle: Option<PathBuf>,
) -> Result<(Vec<FileToSign>, What), Failure> {
    if files.is_empty() && bundle.is_none() {
        let message = "found neither a file nor --bundle, wanted a place for the bundle";
        return Err(Failure::undecided("bad-flag", message)
            .hint("name files that the statement is about, or a file with --bundle"));
    }
    let about = files.into_iter().map(|path| {
        let own = || Ok(beside(&with_name(&path)?, ".sigstore.jsonl"));
        let own = bundle.is_none().then(own).transpose()?;
        Ok(About { path, bundle: own })
    });
    let about = about.collect::<Result<_, Failure>>()?;
    let json = files::read("statement", &path)?;
    let outputs = Outputs { bundle: bundle.map(BundleOutput::Line), ..Outputs::none() };
    let file = FileToSign { path, known: None, listed: None, outputs };
    Ok((vec![file], What::Statement { json, about }))
}

/// `attest-blob`
///
/// # Errors
/// `bad-flag`; also when there is no identity token, no key that can be opened, no predicate or no
/// statement.
pub fn attest_blob(flags: AttestBlobFlags, now: Timestamp) -> Result<SignRequest, Failure> {
    certificate_of_key(&flags.signing, flags.output_certificate.is_some())?;
    let (format, print) = legacy(&flags.signing, flags.output_signature.is_some());
    if flags.bundle.is_none()
        && format == BundleFormat::Sigstore
        && flags.output_signature.is_none()
    {
        let message = "found no --bundle, wanted a file for the attestation";
        return Err(Failure::undecided("bad-flag", message).hint("name one with --bundle"));
    }
    let read = [&flags.file, &flags.predicate, &flags.statement];
    let input = input(read.into_iter().flatten());
    // A file beside a statement must be one of its subjects.
    let about = flags.file.clone().map(|path| About { path, bundle: None });
    let about = about.into_iter().collect();
    // A statement stands for itself in messages.
    let path = flags.file.or_else(|| flags.statement.clone()).unwrap_or_default();
    let named = if flags.bundle.is_some() { Named::ByUser } else { Named::ByUs };
    let bundle = match flags.bundle {
        Some(bundle) => Some(bundle),
        None if flags.signing.key.is_some() => None,
        // Keyless, an envelope alone cannot be verified.
        None => Some(beside(&with_name(&path)?, ".sigstore.json")),
    };
    let what = match (&flags.predicate, &flags.statement) {
        (_, Some(statement)) => {
            What::Statement { json: files::read("statement", statement)?, about }
        }
        (Some(path), None) => {
            What::Predicate(predicate(path, flags.predicate_type.as_deref(), now)?)
        }
        (None, None) => return Err(nothing_to_attest()),
    };
    let file = FileToSign {
        path,
        known: flags.hash.as_deref().map(sha256).transpose()?,
        listed: None,
        outputs: Outputs {
            bundle: bundle.map(BundleOutput::File),
            named,
            format,
            signature: flags.output_signature,
            certificate: flags.output_certificate,
            timestamp: flags.rfc3161_timestamp_bundle,
            statement: flags.output_attestation,
            encoding: Encoding::Base64,
            print,
        },
    };
    request(vec![file], what, flags.signing, flags.token, flags.trust, input)
}

fn request(
    files: Vec<FileToSign>,
    what: What,
    signing: SigningFlags,
    token: TokenFlags,
    trust: TrustFlags,
    input: StandardInput,
) -> Result<SignRequest, Failure> {
    let Signing { services, signer, timeout } = self::signing(signing, token, trust, input)?;
    Ok(SignRequest {
        files,
        folders: Vec::new(),
        what,
        services,
        signer,
        signed_already: SignedAlready::SignAgain,
        timeout,
    })
}

/// # Errors
/// `bad-flag` for `--dry-run`, which must not become a run that signs.
pub(super) fn no_dry_run(signing: &SigningFlags) -> Result<(), Failure> {
    match signing.run() {
        Run::Sign => Ok(()),
        Run::Tell => {
            let message = "found --dry-run with an image, wanted a file";
            Err(Failure::undecided("bad-flag", message)
                .hint("what becomes public of an image is told by `sign-blob --dry-run` of any file: who signs, and the logs"))
        }
    }
}

/// Who signs, with which services.
pub(super) struct Signing {
    pub(super) services: ServicesRequest,
    pub(super) signer: SignWith,
    pub(super) timeout: Option<Duration>,
}

/// Who signs, with which services.
///
/// # Errors
/// `bad-flag`; also when there is no identity token and no key that can be opened.
pub(super) fn signing(
    signing: SigningFlags,
    token: TokenFlags,
    trust: TrustFlags,
    input: StandardInput,
) -> Result<Signing, Failure> {
    let wanted = |used: bool, url: Option<String>| match (used, url) {
        (true, Some(url)) => Wanted::At(url),
        (true, None) => Wanted::AsConfigured,
        (false, _) => Wanted::None,
    };
    if !signing.tlog_upload && signing.rekor_url.is_some() {
        let message = "found --rekor-url together with --tlog-upload=false";
        return Err(Failure::undecided("bad-flag", message).hint("leave one of them out"));
    }
    let timestamps = signing.use_signing_config || signing.timestamp_server_url.is_some();
    let dry = signing.run() == Run::Tell;
    // A key that signs alone needs no service, and nobody is asked for a root.
    let nothing_asked = signing.key.is_some() && !signing.tlog_upload && !timestamps;
    let services = ServicesRequest {
        trust: trust::with(trust, OfflineFlag { offline: nothing_asked || dry })?,
        certificate_authority: signing.fulcio_url,
        logs: wanted(signing.tlog_upload, signing.rekor_url),
        timestamps: wanted(timestamps, signing.timestamp_server_url),
    };
    let signer = match signing.key {
        Some(key) => SignWith::Key(Box::new(keys::private(&key, input)?)),
        None => SignWith::Identity(identity::tokens(token, signing.login, input)?),
    };
    Ok(Signing { services, signer, timeout: super::timeout(signing.timeout)? })
}

/// What `--new-bundle-format=false` means for the bundle, and for standard output.
fn legacy(signing: &SigningFlags, signature_in_file: bool) -> (BundleFormat, Print) {
    match (signing.new_bundle_format, signature_in_file) {
        (true, _) => (BundleFormat::Sigstore, Print::Nothing),
        (false, true) => (BundleFormat::Cosign, Print::Nothing),
        (false, false) => (BundleFormat::Cosign, Print::Signature),
    }
}

fn certificate_of_key(signing: &SigningFlags, certificate: bool) -> Result<(), Failure> {
    if signing.key.is_none() || !certificate {
        return Ok(());
    }
    let message = "found --output-certificate with --key: a key has no certificate";
    Err(Failure::undecided("bad-flag", message)
        .hint("leave it out; `chainsign public-key` prints the public key"))
}

fn predicate(
    path: &Path,
    predicate_type: Option<&str>,
    now: Timestamp,
) -> Result<Predicate, Failure> {
    let predicate_type = predicate_type.map(PredicateType::from_alias_or_uri);
    let predicate_type = predicate_type
        .transpose()
        .map_err(|error| Failure::because("bad-flag", "--type", &error))?;
    sign::predicate(files::read("predicate", path)?, predicate_type, now)
}

fn nothing_to_attest() -> Failure {
    Failure::undecided("bad-flag", "found neither --predicate nor --statement")
}

/// cosign's `--hash`.
fn sha256(hex: &str) -> Result<ArtifactDigest, Failure> {
    let digest = hex_decode("--hash", hex)
        .and_then(|bytes| ArtifactDigest::new(DigestAlgorithm::Sha256, &bytes));
    digest.map_err(|error| Failure::because("bad-flag", "--hash", &error))
}

/// Whether one of the files is standard input.
fn input<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> StandardInput {
    let mut paths = paths.map(PathBuf::as_path);
    if paths.any(|path| path == Path::new("-")) {
        StandardInput::Taken
    } else {
        StandardInput::Free
    }
}

fn with_name(path: &Path) -> Result<PathBuf, Failure> {
    file_name(path).map(|_| path.to_owned())
}

fn file_name(path: &Path) -> Result<PathBuf, Failure> {
    match path.file_name() {
        Some(name) if path != Path::new("-") => Ok(PathBuf::from(name)),
        _ => Err(Failure::undecided(
            "bad-flag",
            format!("{} has no file name for its bundle", path.display()),
        )
        .hint("name the bundle with --bundle")),
    }
}
