//! `sign`, `attest` of images, `verify-attestation`, `tree`, `download`, `attach`

use std::io;

use chainsign_core::image::ImageReference;
use chainsign_registry::Stored;
use serde::Serialize;

use super::FailureJson;
use super::report::json::{BundleJson, RootJson};
use crate::commands::images::{
    Download, Downloaded, Say, SignImagesRequest, SignedImage, Tree, TreeItem, VerifiedAttestation,
    sign_images,
};
use crate::commands::verify::GivenRoot;
use crate::failure::{Exit, Failure};
use crate::printer::{FAINT, GOOD, HEADING, OutputFormat, Printer, paint};

/// Signs images or attests something about them, and says where each signature is.
///
/// # Errors
/// As [`sign_images`]; for a request of one image, why it was not signed.
pub async fn sign(request: SignImagesRequest, printer: &Printer) -> Result<Exit, Failure> {
    let verb = if matches!(request.what, Say::Signed { .. }) { "signed" } else { "attested" };
    let done = sign_images(request).await?;
    if let Some(warning) = &done.warning {
        printer.warning(warning);
    }
    if let ([], [_]) = (done.signed.as_slice(), done.unsigned.as_slice()) {
        return match done.unsigned.into_iter().next() {
            Some(unsigned) => Err(unsigned.failure),
            None => Ok(Exit::Yes),
        };
    }
    for unsigned in &done.unsigned {
        let message = format!("{} is not {verb}: {}", unsigned.image, unsigned.failure.message);
        printer.failure(&Failure { message, ..unsigned.failure.clone() });
    }
    match printer.format {
        OutputFormat::Text => {
            for image in &done.signed {
                printer.note(lines(verb, image).join("\n"));
                if let Some(envelope) = &image.printed {
                    super::printed(printer.bytes(envelope))?;
                    super::printed(printer.data(""))?;
                }
            }
        }
        OutputFormat::Json => {
            let images = done.signed.iter().map(SignedImageJson::from).collect();
            let unsigned = done.unsigned.iter().map(|it| UnsignedImageJson {
                image: it.image.to_string(),
                failure: (&it.failure).into(),
            });
            let document = SignImagesJson {
                schema: "chainsign.sign-image/v1",
                images,
                unsigned: unsigned.collect(),
            };
            super::printed(printer.json(&document))?;
        }
    }
    Ok(done.unsigned.iter().map(|it| it.failure.exit).max().unwrap_or(Exit::Yes))
}

fn lines(verb: &str, image: &SignedImage) -> Vec<String> {
    let mut lines = vec![format!("{} {}", paint(GOOD, verb), image.image)];
    let line = |name: &str, text: String| format!("  {name:22} {text}");
    lines.extend(image.stored.iter().map(|stored| line("stored", place(stored))));
    if image.replaced > 0 {
        lines.push(line("replaced", format!("{} older of its type", image.replaced)));
    }
    let entry = |it: &chainsign_keyless::PublicEntry| format!("entry {} of {}", it.index, it.log);
    lines.extend(image.published.iter().map(|it| line("public", entry(it))));
    lines
}

fn place(stored: &Stored) -> String {
    format!("{}@{} ({})", stored.name, stored.manifest, stored.store)
}

/// The attestations that verify, as envelopes, one on a line.
///
/// # Errors
/// What writing to standard output says.
pub fn attestations(
    printer: &Printer,
    verified: &[VerifiedAttestation],
    given: Option<&GivenRoot>,
) -> io::Result<()> {
    if let Some(warning) = given.and_then(|given| given.warning.as_ref()) {
        printer.warning(warning);
    }
    if printer.format == OutputFormat::Json {
        return printer.json(&VerifyAttestationJson {
            schema: "chainsign.verify-attestation/v1",
            given_root: given.map(RootJson::from),
            attestations: verified.iter().map(VerifiedAttestationJson::from).collect(),
        });
    }
    for attestation in verified {
        if let Some(envelope) = attestation.bundle.envelope() {
            printer.data(serde_json::to_string(envelope)?)?;
        }
    }
    for VerifiedAttestation { image, origin, bundle } in verified {
        let mut lines = vec![format!("{} {image}", paint(GOOD, "Verified OK"))];
        lines.push(format!("  {:22} {origin}", "found in"));
        lines.extend(super::verify::evidence_lines(bundle));
        printer.note(lines.join("\n"));
    }
    Ok(())
}

/// What is stored about an image.
///
/// # Errors
/// What writing to standard output says.
pub fn tree(printer: &Printer, tree: &Tree) -> io::Result<()> {
    if printer.format == OutputFormat::Json {
        return printer.json(&TreeJson::from(tree));
    }
    for image in &tree.images {
        let platform = image.platform.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
        printer.data(paint(HEADING, &format!("{}{platform}", image.image)))?;
        if image.items.is_empty() && image.unread.is_empty() {
            printer.data("  nothing is stored about it")?;
        }
        for item in &image.items {
            let TreeItem { store, manifest, kind, predicate_type, size, .. } = item;
            let of = predicate_type.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
            printer.data(format!("  {kind}{of}"))?;
            printer.data(paint(FAINT, &format!("    {manifest}, {size} bytes, {store}")))?;
        }
        for unread in &image.unread {
            printer.data(format!("  could not be read: {unread}"))?;
        }
    }
    printer.note("nothing of this is verified");
    Ok(())
}

/// Documents as the registry has them, each on a line.
///
/// # Errors
/// What writing to standard output says.
pub fn downloaded(printer: &Printer, download: &Download) -> io::Result<()> {
    for Downloaded { origin, bytes } in &download.documents {
        printer.bytes(bytes)?;
        if !bytes.ends_with(b"\n") {
            printer.data("")?;
        }
        printer.note(format!("from {origin}, not verified"));
    }
    for unread in &download.left_out {
        printer.note(format!("left out, because it is not what it should be: {unread}"));
    }
    Ok(())
}

/// Where something was stored.
///
/// # Errors
/// What writing to standard output says.
pub fn attached(printer: &Printer, image: &ImageReference, stored: &Stored) -> io::Result<()> {
    printer.note(format!("stored about {image}\n  {}, not verified", place(stored)));
    Ok(())
}

#[derive(Serialize)]
struct SignImagesJson {
    schema: &'static str,
    images: Vec<SignedImageJson>,
    unsigned: Vec<UnsignedImageJson>,
}

#[derive(Serialize)]
struct SignedImageJson {
    image: String,
    stored: Vec<StoredJson>,
    replaced: usize,
    published: Vec<PublishedJson>,
    bundle: BundleJson,
}

#[derive(Serialize)]
struct StoredJson {
    repository: String,
    manifest: String,
    store: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublishedJson {
    log: String,
    log_index: u64,
}

#[derive(Serialize)]
struct UnsignedImageJson {
    image: String,
    failure: FailureJson,
}

impl From<&SignedImage> for SignedImageJson {
    fn from(image: &SignedImage) -> Self {
        let stored = image.stored.iter().map(|it| StoredJson {
            repository: it.name.to_string(),
            manifest: it.manifest.to_string(),
            store: it.store.to_string(),
        });
        let published = image.published.iter();
        let published =
            published.map(|it| PublishedJson { log: it.log.clone(), log_index: it.index });
        SignedImageJson {
            image: image.image.to_string(),
            stored: stored.collect(),
            replaced: image.replaced,
            published: published.collect(),
            bundle: BundleJson::from(&image.verified),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerifyAttestationJson {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_root: Option<RootJson>,
    attestations: Vec<VerifiedAttestationJson>,
}

#[derive(Serialize)]
struct VerifiedAttestationJson {
    image: String,
    origin: String,
    bundle: BundleJson,
}

impl From<&VerifiedAttestation> for VerifiedAttestationJson {
    fn from(verified: &VerifiedAttestation) -> Self {
        VerifiedAttestationJson {
            image: verified.image.clone(),
            origin: verified.origin.clone(),
            bundle: BundleJson::from(&verified.bundle),
        }
    }
}

#[derive(Serialize)]
struct TreeJson {
    schema: &'static str,
    images: Vec<TreeImageJson>,
}

#[derive(Serialize)]
struct TreeImageJson {
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    items: Vec<TreeItemJson>,
    unread: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TreeItemJson {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate_type: Option<String>,
    store: String,
    manifest: String,
    digest: String,
    size: u64,
}

impl From<&Tree> for TreeJson {
    fn from(tree: &Tree) -> Self {
        let item = |item: &TreeItem| TreeItemJson {
            kind: item.kind.clone(),
            predicate_type: item.predicate_type.clone(),
            store: item.store.clone(),
            manifest: item.manifest.clone(),
            digest: item.digest.clone(),
            size: item.size,
        };
        let images = tree.images.iter().map(|image| TreeImageJson {
            image: image.image.to_string(),
            platform: image.platform.as_ref().map(ToString::to_string),
            items: image.items.iter().map(item).collect(),
            unread: image.unread.clone(),
        });
        TreeJson { schema: "chainsign.tree/v1", images: images.collect() }
    }
}
