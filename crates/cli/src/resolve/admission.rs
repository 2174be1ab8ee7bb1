//! `verify --manifest`, `--dockerfile`, `--admission-review`

use std::path::{Path, PathBuf};

use chainsign_admission::review::Webhook;
use chainsign_admission::{Options, UnknownKinds, dockerfile};

use crate::commands::admission::{FileKind, FilesRequest, Input, PinTo, ReviewRequest};
use crate::failure::Failure;
use crate::flags::admission::{AdmissionFlags, WebhookKind};

/// What is to be read.
#[derive(Debug)]
pub enum AdmissionRequest {
    /// Files of manifests and Dockerfiles.
    Files(FilesRequest),
    /// An admission review.
    Review(ReviewRequest),
}

/// What is to be read.
///
/// # Errors
/// `bad-flag` for standard input that is to be two files, and for `--pin` with several files.
pub fn admission(flags: &AdmissionFlags) -> Result<AdmissionRequest, Failure> {
    let mut options = Options::default();
    options.image_paths.clone_from(&flags.image_path);
    if flags.dangerous_leave_out_unknown_kinds {
        options.unknown_kinds = UnknownKinds::LeaveOut;
    }
    if let Some(path) = &flags.admission_review {
        let webhook = match flags.webhook {
            WebhookKind::Mutating => Webhook::Mutating,
            WebhookKind::Validating => Webhook::Validating,
        };
        let path = path.clone();
        return Ok(AdmissionRequest::Review(ReviewRequest { path, options, webhook }));
    }
    let mut build = dockerfile::Options::default();
    for (name, value) in &flags.build_arg {
        if build.build_args.insert(name.clone(), value.clone()).is_some() {
            let message = format!("--build-arg: found {name} twice, wanted it once");
            return Err(Failure::undecided("bad-flag", message));
        }
    }
    let inputs = |kind, paths: &[PathBuf]| -> Vec<Input> {
        paths.iter().map(|path| Input { kind, path: path.clone() }).collect()
    };
    let mut all = inputs(FileKind::Manifest, &flags.manifest);
    all.extend(inputs(FileKind::Dockerfile, &flags.dockerfile));
    let standard = all.iter().filter(|input| input.path == Path::new("-")).count();
    if standard > 1 {
        let message = format!("found standard input {standard} times, wanted it once");
        return Err(Failure::undecided("bad-flag", message));
    }
    if flags.pin.is_some() && all.len() > 1 {
        let message = format!("found {} files with --pin, wanted one", all.len());
        return Err(Failure::undecided("bad-flag", message).hint("run once for each file"));
    }
    Ok(AdmissionRequest::Files(FilesRequest {
        inputs: all,
        options,
        build,
        namespace: flags.namespace.clone(),
        pin: flags.pin.as_ref().map(|path| match path.to_str() {
            Some("-") => PinTo::StandardOutput,
            _ => PinTo::File(path.clone()),
        }),
    }))
}
