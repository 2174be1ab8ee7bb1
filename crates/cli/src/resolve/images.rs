//! `sign`, `attest` of images, `verify-attestation`, `tree`, `download`, `attach`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chainsign_core::Limits;
use chainsign_core::image::ImageReference;
use chainsign_core::predicate::PredicateType;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::sign::{Signing, no_dry_run, signing};
use super::{registry, target, trust, verify};
use crate::commands::images::{
    AttachRequest, Attachment, Children, DownloadRequest, ImageOutputs, Layouts, Platforms,
    RegistryRequest, Say, SignImagesRequest, ToAttachFrom, TreeRequest, Upload,
    VerifyAttestationRequest,
};
use crate::failure::Failure;
use crate::files;
use crate::flags::images::{
    AttachAttestationFlags, AttachSbomFlags, AttachSignatureFlags, AttestImageFlags,
    DownloadAttestationFlags, DownloadFlags, SbomType, SignFlags, StoreForm, TreeFlags,
    VerifyAttestationFlags,
};
use crate::flags::registry::RegistryFlags;
use crate::flags::sign::SigningFlags;
use crate::password::StandardInput;

/// `sign`
///
/// # Errors
/// `bad-flag` for images that are none, several images with one file, an annotation that is there twice,
/// and a signature that would go nowhere.
pub fn sign(flags: SignFlags) -> Result<SignImagesRequest, Failure> {
    let images: Vec<_> =
        flags.images.iter().map(|text| target::image(text)).collect::<Result<_, _>>()?;
    let mut annotations = Map::new();
    for (key, value) in flags.annotations {
        if annotations.insert(key.clone(), Value::String(value)).is_some() {
            let message = format!("--annotations: found {key} twice, wanted it once");
            return Err(Failure::undecided("bad-flag", message));
        }
    }
    let registry = RegistryFlags { access: flags.registry, timeout: flags.signing.timeout };
    let registry = registry::registry(registry, &images.iter().collect::<Vec<_>>())?;
    let outputs = ImageOutputs {
        bundle: flags.bundle,
        signature: flags.output_signature,
        payload: flags.output_payload,
        certificate: flags.output_certificate,
    };
    let upload = if flags.store.upload { Upload::ToRegistry } else { Upload::No };
    let layouts =
        layouts(flags.store.format, NewBundleFormat::of(&flags.signing), &outputs, images.len())?;
    if upload == Upload::No && !outputs.is_any() {
        let message = "found --upload=false and no file, wanted a place for the signature";
        return Err(Failure::undecided("bad-flag", message).hint("name one with --bundle"));
    }
    let children = if flags.recursive { Children::Each } else { Children::Covered };
    if children == Children::Each && outputs.is_any() {
        let message = "found --recursive with a file for one signature";
        return Err(Failure::undecided("bad-flag", message).hint("leave one of them out"));
    }
    no_dry_run(&flags.signing)?;
    let parts = signing(flags.signing, flags.token, flags.trust, StandardInput::Free)?;
    Ok(SignImagesRequest {
        images,
        children,
        what: Say::Signed { annotations, identity: flags.sign_container_identity },
        layouts,
        upload,
        outputs,
        registry,
        services: parts.services,
        signer: parts.signer,
        timeout: parts.timeout,
    })
}

/// What `attest` is asked of images.
///
/// # Errors
/// `bad-flag`
pub(super) fn attest(
    images: Vec<ImageReference>,
    what: Say,
    flags: AttestImages,
) -> Result<SignImagesRequest, Failure> {
    let outputs = ImageOutputs { bundle: flags.bundle, ..ImageOutputs::default() };
    let upload = match (flags.image.no_upload, &outputs.bundle) {
        (false, _) => Upload::ToRegistry,
        (true, Some(_)) => Upload::No,
        (true, None) => Upload::Print,
    };
    Ok(SignImagesRequest {
        layouts: layouts(flags.image.format, flags.signing, &outputs, images.len())?,
        children: Children::Covered,
        what,
        upload,
        outputs,
        registry: registry::registry(flags.registry, &images.iter().collect::<Vec<_>>())?,
        images,
        services: flags.parts.services,
        signer: flags.parts.signer,
        timeout: flags.parts.timeout,
    })
}

/// cosign's `--new-bundle-format`.
#[derive(Clone, Copy)]
pub(super) struct NewBundleFormat(bool);

impl NewBundleFormat {
    pub(super) fn of(flags: &SigningFlags) -> Self {
        NewBundleFormat(flags.new_bundle_format)
    }
}

/// What `attest` was told besides what it says of the images.
pub(super) struct AttestImages {
    pub(super) image: AttestImageFlags,
    pub(super) bundle: Option<PathBuf>,
    pub(super) signing: NewBundleFormat,
    pub(super) registry: RegistryFlags,
    pub(super) parts: Signing,
}

/// In which forms signatures are stored.
fn layouts(
    form: Option<StoreForm>,
    signing: NewBundleFormat,
    outputs: &ImageOutputs,
    images: usize,
) -> Result<Layouts, Failure> {
    let layouts = match (form, signing.0) {
        (None, true) | (Some(StoreForm::Bundle), true) => Layouts::Bundle,
        (None, false) | (Some(StoreForm::Legacy), _) => Layouts::Legacy,
        (Some(StoreForm::Both), _) => Layouts::Both,
        (Some(StoreForm::Bundle), false) => {
            let message = "found --format=bundle together with --new-bundle-format=false";
            return Err(Failure::undecided("bad-flag", message).hint("leave one of them out"));
        }
    };
    if outputs.is_any() && images > 1 {
        let message = format!("found {images} images with a file for one signature, wanted one");
        return Err(Failure::undecided("bad-flag", message).hint("sign them one by one"));
    }
    if outputs.bundle.is_some() && layouts == Layouts::Legacy {
        let message = "found --bundle with cosign's older form, which has none";
        return Err(Failure::undecided("bad-flag", message).hint("add --format=both"));
    }
    Ok(layouts)
}

/// `verify-attestation`
///
/// # Errors
/// `bad-flag`, and as [`verify::demand`].
pub fn verify_attestation(
    flags: VerifyAttestationFlags,
    now: Timestamp,
) -> Result<VerifyAttestationRequest, Failure> {
    let images: Vec<_> =
        flags.images.iter().map(|text| target::image(text)).collect::<Result<_, _>>()?;
    let registry = registry::registry(flags.registry, &images.iter().collect::<Vec<_>>())?;
    Ok(VerifyAttestationRequest {
        registry: RegistryRequest { asking: flags.offline.into(), ..registry },
        images,
        platforms: Platforms::of(flags.platform),
        predicate_type: predicate_type("--type", &flags.predicate_type)?,
        demand: verify::demand(flags.signer)?,
        trust: trust::with(flags.trust, flags.offline)?,
        now,
    })
}

/// `tree`
///
/// # Errors
/// `bad-flag`
pub fn tree(flags: TreeFlags) -> Result<TreeRequest, Failure> {
    let image = target::image(&flags.image)?;
    Ok(TreeRequest { registry: registry::registry(flags.registry, &[&image])?, image })
}

/// `download signature`, `download sbom`
///
/// # Errors
/// `bad-flag`
pub fn download(flags: DownloadFlags, what: Attachment) -> Result<DownloadRequest, Failure> {
    let image = target::image(&flags.image)?;
    Ok(DownloadRequest {
        registry: registry::registry(flags.registry, &[&image])?,
        image,
        what,
        predicate_type: None,
        platform: flags.platform,
    })
}

/// `download attestation`
///
/// # Errors
/// `bad-flag`
pub fn download_attestation(flags: DownloadAttestationFlags) -> Result<DownloadRequest, Failure> {
    let predicate_type = flags.predicate_type.as_deref();
    let predicate_type =
        predicate_type.map(|text| predicate_type_of("--predicate-type", text)).transpose()?;
    Ok(DownloadRequest { predicate_type, ..download(flags.image, Attachment::Attestation)? })
}

/// `attach signature`
///
/// # Errors
/// `bad-flag`; `unreadable`.
pub fn attach_signature(flags: AttachSignatureFlags) -> Result<AttachRequest, Failure> {
    let what = match (flags.bundle, flags.payload) {
        (Some(bundle), _) => ToAttachFrom::Bundle(files::read("bundle", &bundle)?),
        (None, Some(payload)) => {
            let mut annotations = BTreeMap::new();
            let named = [
                ("dev.cosignproject.cosign/signature", "signature", &flags.signature),
                ("dev.sigstore.cosign/certificate", "certificate", &flags.certificate),
                ("dev.sigstore.cosign/chain", "certificate chain", &flags.certificate_chain),
                ("dev.sigstore.cosign/bundle", "log entry", &flags.rekor_response),
                ("dev.sigstore.cosign/rfc3161timestamp", "timestamp", &flags.tsr),
            ];
            for (name, what, path) in named {
                if let Some(path) = path {
                    annotations.insert(name.to_owned(), text(what, path)?);
                }
            }
            ToAttachFrom::SimpleSigning { payload: files::read("payload", &payload)?, annotations }
        }
        (None, None) => {
            let message = "found neither --bundle nor --payload, wanted a signature";
            return Err(Failure::undecided("bad-flag", message));
        }
    };
    let image = target::image(&flags.image)?;
    Ok(AttachRequest { registry: registry::registry(flags.registry, &[&image])?, image, what })
}

/// `attach attestation`
///
/// # Errors
/// `bad-flag`; `unreadable`.
pub fn attach_attestation(flags: AttachAttestationFlags) -> Result<AttachRequest, Failure> {
    let image = target::image(&flags.image)?;
    let what = ToAttachFrom::Bundle(files::read("bundle", &flags.bundle)?);
    Ok(AttachRequest { registry: registry::registry(flags.registry, &[&image])?, image, what })
}

/// `attach sbom`
///
/// # Errors
/// `bad-flag` for an SBOM whose kind is neither said nor recognised; `unreadable`.
pub fn attach_sbom(flags: AttachSbomFlags) -> Result<AttachRequest, Failure> {
    let image = target::image(&flags.image)?;
    let bytes = files::read("SBOM", &flags.sbom)?;
    let recognised = || {
        let recognised = PredicateType::recognise(&bytes, &Limits::default()).ok().flatten()?;
        match recognised.alias()? {
            "cyclonedx" => Some(SbomType::Cyclonedx),
            "spdxjson" | "spdx" => Some(SbomType::Spdx),
            _ => None,
        }
    };
    let media_type = match flags.sbom_type.or_else(recognised) {
        Some(SbomType::Cyclonedx) => "application/vnd.cyclonedx+json",
        Some(SbomType::Spdx) => "application/spdx+json",
        None => {
            let message = format!("{} is no SBOM that is recognised", flags.sbom.display());
            return Err(Failure::undecided("bad-flag", message)
                .hint("say what it is with --type: cyclonedx or spdx"));
        }
    };
    let what = ToAttachFrom::Sbom(bytes, media_type);
    Ok(AttachRequest { registry: registry::registry(flags.registry, &[&image])?, image, what })
}

fn predicate_type(flag: &str, text: &str) -> Result<PredicateType, Failure> {
    PredicateType::from_alias_or_uri(text)
        .map_err(|error| Failure::because("bad-flag", flag, &error))
}

fn predicate_type_of(flag: &str, text: &str) -> Result<String, Failure> {
    predicate_type(flag, text).map(|it| it.to_string())
}

fn text(what: &str, path: &Path) -> Result<String, Failure> {
    let text = String::from_utf8(files::read(what, path)?).map_err(|_| {
        Failure::undecided("bad-flag", format!("the {what} in {} is not text", path.display()))
    })?;
    Ok(text.trim_end().to_owned())
}
